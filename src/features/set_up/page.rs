//! `/set-up` and what follows: a new authenticator, ten backup codes, and the way back in.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{Check, Finish, Key, New, NewCodes, Register, Whose, codes, show, what_is_new};
use crate::domain::sign_in::{Grace, Left};
use crate::features::recovery::fate::{Help, about_link};
use crate::features::session::api::ApiError;
use crate::features::session::calm::{apart, calm, failed, help_desk, on_the_way, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{
    Banner, CalmShell, CodeField, CopyButton, Glyph, Icon, Look, PrintButton, Qr, SubmitButton, TextField, Tone, minute,
};
use crate::words::lost::lost;
use crate::words::{locale, td_string};

type Outcome = Signal<Option<Result<Check, ApiError>>>;

/// The key for an authenticator app, and its first code.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| show());
    let action = ServerAction::<Register>::new();
    let outcome = outcome(action, left_by::<Check>("set_up").map(|left| left.outcome));
    let help = Help::of_page();
    let query = use_query_map();
    let page = move |shown: Option<(Whose, Option<Key>)>| match shown {
        Some((whose, Some(key))) => add_authenticator(whose, key, (action, outcome), help),
        Some((whose, None)) => {
            let tried = outcome.get_untracked() == Some(Ok(Check::Unconfirmed));
            to_confirm(whose, tried || query.read_untracked().get("tried").is_some())
        }
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.title)/> {calm(shown, page)} }
}

/// The words, until the help desk has confirmed that it sees the same. The page goes on when it is loaded again.
fn to_confirm(whose: Whose, tried: bool) -> AnyView {
    let Whose { customer, help_desk: desk, purpose, call_back, .. } = whose;
    let reach = match desk.clone() {
        Some(desk) => td_string!(locale(), set_up.words.call, help_desk = apart(&desk)),
        None => td_string!(locale(), set_up.words.call_nobody).to_owned(),
    };
    let tried = tried.then(|| {
        let fact = td_string!(locale(), set_up.words.not_yet);
        view! { <Banner tone=Tone::Warn fact>{td_string!(locale(), set_up.words.not_yet_lead)}</Banner> }
    });
    view! {
        <CalmShell customer steps=steps(purpose, 2) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), set_up.words.title)}</h1>
            {tried}
            <p class="lead">{td_string!(locale(), set_up.words.lead)}</p>
            <p class="three-words" role="group" aria-label=td_string!(locale(), set_up.words.label)>{call_back.map(|(words, _)| words)}</p>
            <p>{reach}</p>
            <a class="button primary wide" href="/set-up?tried=1" rel="external">{td_string!(locale(), common.go_on)}</a>
            <p class="note">{td_string!(locale(), set_up.words.waits)}</p>
        </CalmShell>
    }
    .into_any()
}

/// That the help desk saw the same words.
fn confirmed(call_back: Option<(String, bool)>) -> Option<AnyView> {
    let (words, _) = call_back.filter(|(_, confirmed)| *confirmed)?;
    let fact = td_string!(locale(), set_up.words.confirmed, words = words);
    Some(view! { <Banner tone=Tone::Ok fact icon=Glyph::Check/> }.into_any())
}

fn add_authenticator(
    whose: Whose,
    key: Key,
    (action, outcome): (ServerAction<Register>, Outcome),
    help: Help,
) -> AnyView {
    let Whose { customer, help_desk: desk, address, purpose, grace, call_back, fate } = whose;
    let error = wrong(outcome, td_string!(locale(), common.not_six), td_string!(locale(), set_up.code_wrong));
    let no_grace = move || {
        (outcome.get() == Some(Ok(Check::NoGrace))).then(|| {
            let fact = td_string!(locale(), set_up.no_grace);
            view! { <Banner tone=Tone::Warn fact>{td_string!(locale(), set_up.no_grace_lead)}</Banner> }
        })
    };
    view! {
        <CalmShell customer steps=steps(purpose, 2) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), set_up.heading)}</h1>
            {no_grace}
            {confirmed(call_back)}
            <p class="lead">{td_string!(locale(), set_up.lead)}</p>
            {add_key(key, &address)}
            <section>
                <h2>{td_string!(locale(), set_up.prove)}</h2>
                {refusal(move || refused(outcome.get()?))}
                <ActionForm action attr:class="form">
                    <CodeField name="code" label=td_string!(locale(), set_up.code) error/>
                    <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                        {td_string!(locale(), common.go_on)}
                    </SubmitButton>
                </ActionForm>
            </section>
            {grace.map(later)}
            {about_link(fate, help, td_string!(locale(), recovery.fate.set_up))}
        </CalmShell>
    }
    .into_any()
}

/// The way past the set-up, as long as there is one. A plain form: what WebAssembly holds in memory goes with the page.
fn later(grace: Grace) -> AnyView {
    let until = minute(grace.until);
    let words = match grace.counted() {
        Left::Days(1) => td_string!(locale(), set_up.later.day, moment = until),
        Left::Days(days) => td_string!(locale(), set_up.later.days, days = days, moment = until),
        Left::Hours(1) => td_string!(locale(), set_up.later.hour, moment = until),
        Left::Hours(hours) => td_string!(locale(), set_up.later.hours, hours = hours, moment = until),
        Left::Minutes(1) => td_string!(locale(), set_up.later.minute, moment = until),
        Left::Minutes(minutes) => td_string!(locale(), set_up.later.minutes, minutes = minutes, moment = until),
    };
    view! {
        <hr/>
        <section>
            <h2>{td_string!(locale(), set_up.later.title)}</h2>
            <p class="lead">{words}</p>
            <form method="post" action="/api/set_up/postpone">
                <SubmitButton wide=true>{td_string!(locale(), set_up.later.button)}</SubmitButton>
            </form>
        </section>
    }
    .into_any()
}

/// The key in every form in which an app takes it.
pub fn add_key(key: Key, address: &str) -> AnyView {
    let label = td_string!(locale(), set_up.qr, address = address);
    let qr = (key.qr_size > 0).then_some(Drawing { size: key.qr_size, path: key.qr_path });
    view! {
        <section>
            <h2>{td_string!(locale(), set_up.add)}</h2>
            {qr.as_ref().map(|qr| view! {
                <div class="scan">
                    <p>{td_string!(locale(), set_up.scan)}</p>
                    <Qr svg=qr.svg() label=label.clone()/>
                </div>
            })}
            <a class="button wide" href=key.uri rel="external">
                <Icon of=Glyph::Device/>{td_string!(locale(), set_up.open)}
            </a>
            {qr.as_ref().map(|qr| view! {
                <details class="fold scan-other">
                    <summary>{td_string!(locale(), set_up.scan_other)}</summary>
                    <Qr svg=qr.same_svg() label/>
                </details>
            })}
            <div class="typed-key">
                <h3 id="key">{td_string!(locale(), set_up.key)}</h3>
                <div class="key-row">
                    <code class="key" aria-labelledby="key">{key.text.clone()}</code>
                    <CopyButton
                        text=key.text.replace(' ', "")
                        label=td_string!(locale(), common.copy)
                        done=td_string!(locale(), common.copied)
                    />
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// A QR code that stands in two places of a page, of which a screen shows one: small screens keep it folded.
struct Drawing {
    size: usize,
    path: String,
}

impl Drawing {
    fn svg(&self) -> String {
        self.around(&format!("<path id=\"modules\" d=\"{}\"/>", self.path))
    }

    /// Refers to the modules of the other one.
    fn same_svg(&self) -> String {
        self.around("<use href=\"#modules\"/>")
    }

    fn around(&self, modules: &str) -> String {
        let size = self.size;
        format!("<svg viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">{modules}</svg>")
    }
}

/// What is said at the field.
fn wrong(outcome: Outcome, malformed: &'static str, wrong: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || match outcome.get() {
        Some(Ok(Check::Malformed)) => Some(malformed.to_owned()),
        Some(Ok(Check::Wrong)) => Some(wrong.to_owned()),
        _ => None,
    })
}

/// What is said above the form.
fn refused(outcome: Result<Check, ApiError>) -> Option<(String, String)> {
    outcome.err().map(failed)
}

/// The ten codes, of which one is to be typed back.
#[component]
pub fn CodesPage() -> impl IntoView {
    let new = Resource::new(|| (), |()| codes());
    let action = ServerAction::<Finish>::new();
    let outcome = outcome(action, left_by::<Check>("codes").map(|left| left.outcome));
    let page = move |new: Option<NewCodes>| match new {
        Some(NewCodes { whose, codes: Some(codes), .. }) => keep_codes(whose, codes, action, outcome),
        Some(NewCodes { whose, codes: None, .. }) => codes_gone(whose, action, outcome),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.codes.title)/> {calm(new, page)} }
}

fn keep_codes(whose: Whose, codes: Vec<String>, action: ServerAction<Finish>, outcome: Outcome) -> AnyView {
    let Whose { customer, help_desk: desk, purpose, .. } = whose;
    view! {
        <CalmShell customer steps=steps(purpose, 3) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), set_up.codes.title)}</h1>
            <p class="lead">{td_string!(locale(), set_up.codes.lead)}</p>
            {codes_to_keep(&codes, "/set-up/codes")}
            {type_back(action, outcome, td_string!(locale(), set_up.codes.back), Some(td_string!(locale(), set_up.codes.back_hint)))}
        </CalmShell>
    }
    .into_any()
}

/// New codes with the ways to take them along; their page is at `path`, and so are the file and the print sheet.
pub fn codes_to_keep(codes: &[String], path: &'static str) -> AnyView {
    view! {
        <section>
            {list(codes)}
            <div class="actions even">
                <CopyButton
                    text=codes.join("\n")
                    label=td_string!(locale(), common.copy)
                    done=td_string!(locale(), common.copied)
                />
                <a class="button" href=format!("{path}.txt") download="rekey-backup-codes.txt">
                    <Icon of=Glyph::Download/>{td_string!(locale(), set_up.codes.download)}
                </a>
                <a class="button" href=format!("{path}/print")>
                    <Icon of=Glyph::Print/>{td_string!(locale(), set_up.codes.print)}
                </a>
            </div>
        </section>
    }
    .into_any()
}

fn list(codes: &[String]) -> AnyView {
    let code = |code: &String| view! { <li><code>{code.clone()}</code></li> };
    view! {
        <ol class="codes" aria-label=td_string!(locale(), set_up.codes.label)>{codes.iter().map(code).collect_view()}</ol>
    }
    .into_any()
}

fn type_back(
    action: ServerAction<Finish>,
    outcome: Outcome,
    label: &'static str,
    hint: Option<&'static str>,
) -> AnyView {
    let error =
        wrong(outcome, td_string!(locale(), common.not_a_backup_code), td_string!(locale(), set_up.codes.wrong));
    view! {
        {refusal(move || refused(outcome.get()?))}
        <ActionForm action attr:class="form">
            <TextField
                name="code"
                label
                hint=hint.map(str::to_owned)
                error
                mono=true
                autocomplete="off"
                required=true
            />
            <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                {td_string!(locale(), set_up.codes.finish)}
            </SubmitButton>
        </ActionForm>
    }
    .into_any()
}

/// The codes were made, but this browser does not hold them.
fn codes_gone(whose: Whose, action: ServerAction<Finish>, outcome: Outcome) -> AnyView {
    let Whose { customer, help_desk: desk, purpose, .. } = whose;
    view! {
        <CalmShell customer steps=steps(purpose, 3) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), set_up.gone.title)}</h1>
            <p class="lead">{td_string!(locale(), set_up.gone.lead)}</p>
            <p>{td_string!(locale(), set_up.gone.have)}</p>
            {type_back(action, outcome, td_string!(locale(), set_up.gone.label), None)}
            <hr/>
            <section>
                <h2>{td_string!(locale(), set_up.gone.lost)}</h2>
                <p class="lead">{td_string!(locale(), set_up.gone.lost_lead)}</p>
                <a class="button wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
            </section>
        </CalmShell>
    }
    .into_any()
}

/// The codes as a sheet of paper.
#[component]
pub fn PrintPage() -> impl IntoView {
    let new = Resource::new(|| (), |()| codes());
    let page = |new: Option<NewCodes>| match new {
        Some(NewCodes { whose, codes: Some(codes), now }) => {
            sheet(whose.customer, whose.address, whose.help_desk, &codes, now, "/set-up/codes")
        }
        // Nothing to print: the page of the codes says why.
        Some(_) => view! { <leptos_router::components::Redirect path="/set-up/codes"/> }.into_any(),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.sheet.title)/> {calm(new, page)} }
}

/// New codes on a sheet of paper; their page is at `path`.
pub fn sheet(
    customer: String,
    address: String,
    help_desk: Option<String>,
    codes: &[String],
    now: crate::domain::time::Time,
    path: &'static str,
) -> AnyView {
    let number = help_desk.map(|number| td_string!(locale(), set_up.sheet.number, number = number));
    view! {
        <main class="print-sheet" id="main">
            <div class="actions">
                <a class="button" href=path>{td_string!(locale(), set_up.sheet.back)}</a>
                <PrintButton label=td_string!(locale(), set_up.sheet.print)/>
                <p class="note">{td_string!(locale(), set_up.sheet.print_hint)}</p>
            </div>
            <header>
                <div><h1>{td_string!(locale(), set_up.sheet.title)}</h1><p><bdi>{customer}</bdi></p></div>
                <p>{td_string!(locale(), set_up.sheet.made, moment = minute(now))}<br/>{address}</p>
            </header>
            <p>{td_string!(locale(), set_up.sheet.use_each)}</p>
            {list(codes)}
            <h2>{td_string!(locale(), set_up.sheet.how)}</h2>
            <p>{td_string!(locale(), set_up.sheet.how_lead)}</p>
            <h2>{td_string!(locale(), set_up.sheet.lost)}</h2>
            <p>{td_string!(locale(), set_up.sheet.lost_lead)}" "{number}</p>
        </main>
    }
    .into_any()
}

/// What is new after a reset.
#[component]
pub fn DonePage() -> impl IntoView {
    let new = Resource::new(|| (), |()| what_is_new());
    let page = |new: Option<New>| match new {
        Some(new) => done(new),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.done.title)/> {calm(new, page)} }
}

fn done(new: New) -> AnyView {
    let New { customer, help_desk: desk, added_at, reset_at, lost: what, next } = new;
    let reset = td_string!(locale(), set_up.done.reset, moment = minute(reset_at));
    let lost = lost(locale(), &what).map_or(reset.clone(), |lost| format!("{reset} {lost}"));
    let (on, label) = match next {
        Some(next) => (next, td_string!(locale(), common.go_on)),
        None => ("/sign-in".to_owned(), td_string!(locale(), common.sign_in)),
    };
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <p class="done"><Icon of=Glyph::Check/></p>
            <h1>{td_string!(locale(), set_up.done.title)}</h1>
            <p class="lead">{td_string!(locale(), set_up.done.lead)}</p>
            <ul class="points">
                <li><Icon of=Glyph::Device/>{td_string!(locale(), set_up.done.authenticator, moment = minute(added_at))}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), set_up.done.codes)}</li>
                <li>
                    <Icon of=Glyph::SignOut/>
                    <div><p>{td_string!(locale(), set_up.done.old)}</p><p class="note">{lost}</p></div>
                </li>
            </ul>
            <a class="button primary wide" href=on>{label}</a>
            <p class="note">{td_string!(locale(), set_up.done.mailed)}</p>
        </CalmShell>
    }
    .into_any()
}
