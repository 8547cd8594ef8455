//! `/tokens/{id}`: one token, what became of it, and what can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{HappenedRow, TokenPage as Page, show_token};
use super::outcome::ActOutcome;
use super::words::{model, refusal_words, refused, state, whole_kind};
use crate::domain::ids::TokenId;
use crate::domain::time::Time as Moment;
use crate::domain::token::{TokenAct, TokenState};
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Empty, Glyph, Icon, Look, Section, SheetHead, SubmitButton, TextField, Time, Toast, Tone};

/// One token.
#[component]
pub fn TokenPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let none = TokenId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(move || id.get(), move |id| show_token(id.parse().unwrap_or(none)));
    let left = left_by::<ActOutcome>("token");
    console(Section::Tokens, page, move |page, _, now| match page {
        None => nothing_here(),
        Some(page) => sheet(page, left.as_ref(), now),
    })
}

fn nothing_here() -> AnyView {
    view! {
        <Title text="No such token"/>
        <SheetHead title="No such token" crumb=("/tokens", "Hardware tokens")/>
        <div class="content">
            <Empty icon=Glyph::Token title="This token is not here" actions=|| view! { <a class="button" href="/tokens">"All tokens"</a> }>
                "The address may be mistyped, or the token is not one of your customers’."
            </Empty>
        </div>
    }
    .into_any()
}

fn sheet(page: Page, left: Option<&Left<ActOutcome>>, now: Moment) -> AnyView {
    let token = page.token.clone();
    let title = format!("Token {}", token.serial);
    let below = {
        let (model, customer) = (model(&token), token.customer_name.clone());
        move || view! { {(!model.is_empty()).then(|| format!("{model} · "))}<bdi>{customer}</bdi> }.into_any()
    };
    let holder = token.holder.clone().map(|(user, name)| {
        view! { <div><dt>"Holder"</dt><dd><a href=format!("/users/{user}")><bdi>{name}</bdi></a></dd></div> }
    });
    let story = page.happened.iter().map(|happened| happened_item(happened, now)).collect_view();
    let (banner, toast) = said(left.map(|left| left.outcome));
    let two = (page.two_codes && token.state != TokenState::Active).then(|| {
        view! { <div><dt>"Next activation"</dt><dd>"Two codes in a row: it was in other hands"</dd></div> }
    });
    let acts = acts(&page, left);
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/tokens", "Hardware tokens") below=below/>
        <div class="content columns">
            <div>
                {banner}
                <div class="head"><h2>"Token"</h2></div>
                <dl class="facts">
                    <div><dt>"State"</dt><dd>{state(token.state)}" since "<Time at=token.since now/></dd></div>
                    {holder}
                    <div><dt>"Kind"</dt><dd>{whole_kind(token.profile)}</dd></div>
                    {two}
                    <div><dt>"Added"</dt><dd><Time at=page.added_at now/></dd></div>
                </dl>
                <div class="head"><h2>"History"</h2></div>
                <ol class="story">{story}</ol>
            </div>
            <aside>{acts}</aside>
        </div>
        {toast}
    }
    .into_any()
}

fn said(outcome: Option<ActOutcome>) -> (Option<AnyView>, Option<AnyView>) {
    let toast = |words: &'static str| (None, Some(view! { <Toast>{words}</Toast> }.into_any()));
    match outcome {
        Some(ActOutcome::Done(TokenAct::Assign)) => toast("Assigned. They were told by mail how to activate it."),
        Some(ActOutcome::Done(TokenAct::Return)) => toast("Back in the stock."),
        Some(ActOutcome::Done(TokenAct::Lose)) => toast("Marked as lost."),
        Some(ActOutcome::Changed) => {
            let words = "Somebody else did something with it meanwhile. This page shows how it is now.";
            let fact = "That cannot be done with this token any more.";
            (Some(view! { <Banner tone=Tone::Warn fact alert=true>{words}</Banner> }.into_any()), None)
        }
        Some(ActOutcome::Refused(refusal)) => (Some(refused(refusal)), None),
        _ => (None, None),
    }
}

fn happened_item(happened: &HappenedRow, now: Moment) -> AnyView {
    let sign = match happened.act {
        TokenAct::Add => Glyph::Plus,
        TokenAct::Assign => Glyph::Users,
        TokenAct::Activate => Glyph::Check,
        TokenAct::Deactivate | TokenAct::Return => Glyph::Layers,
        TokenAct::Lose => Glyph::Warning,
    };
    let whom = happened.user.clone().map(|(user, name)| {
        let word = if happened.act == TokenAct::Assign { " to " } else { ", of " };
        let shown = !matches!(happened.act, TokenAct::Activate);
        shown.then(|| view! { {word}<a href=format!("/users/{user}")><bdi>{name}</bdi></a> })
    });
    let by = happened.by.clone().map(|by| view! { <p>"by "<bdi>{by}</bdi></p> });
    view! {
        <li>
            <Icon of=sign/>
            <div><b>{happened.act.label()}</b>{whom}{by}</div>
            <Time at=happened.at now/>
        </li>
    }
    .into_any()
}

fn acts(page: &Page, left: Option<&Left<ActOutcome>>) -> AnyView {
    if let Some(refusal) = page.refusal {
        return view! { <p class="note">{refusal_words(refusal)}" You can look at this token, and change nothing."</p> }.into_any();
    }
    let id = page.token.id.to_string();
    let may = |act: TokenAct| page.acts.contains(&act);
    let assign = may(TokenAct::Assign).then(|| assign(id.clone(), left));
    let deactivate = page.method.zip(page.token.holder.clone()).map(|(method, (user, name))| {
        view! {
            <section class="card">
                <header class="card-head"><h2>"Deactivate"</h2></header>
                <div class="card-body form">
                    <p><bdi>{name}</bdi>" no longer signs in with it, and it is returned to stock."</p>
                    <a class="button wide" href=format!("/users/{user}/methods/{method}/remove")>"Deactivate this token"</a>
                </div>
            </section>
        }
    });
    let take_back = may(TokenAct::Return).then(|| {
        let words = if page.token.state == TokenState::Lost {
            (
                "Found again",
                "It goes back into the stock. Whoever gets it next shows two codes in a row.",
                "Return it to stock",
            )
        } else {
            ("Return to stock", "It was not activated yet, so nobody loses anything.", "Return it to stock")
        };
        put_away("/api/tokens/return", id.clone(), words)
    });
    let lose = may(TokenAct::Lose).then(|| {
        let words = ("Lost", "Nobody is given it any more, until it is found.", "Mark it as lost");
        put_away("/api/tokens/lose", id.clone(), words)
    });
    view! { {assign}{deactivate}{take_back}{lose} }.into_any()
}

fn put_away(
    action: &'static str,
    id: String,
    (title, means, button): (&'static str, &'static str, &'static str),
) -> AnyView {
    view! {
        <section class="card">
            <header class="card-head"><h2>{title}</h2></header>
            <form class="card-body form" method="post" action=action>
                <input type="hidden" name="id" value=id/>
                <p>{means}</p>
                <SubmitButton wide=true>{button}</SubmitButton>
            </form>
        </section>
    }
    .into_any()
}

fn assign(id: String, left: Option<&Left<ActOutcome>>) -> AnyView {
    let outcome = left.map(|left| left.outcome);
    let typed = left.filter(|left| !matches!(left.outcome, ActOutcome::Done(_))).map(|left| left.typed("address"));
    let address = match outcome {
        Some(ActOutcome::NoAddress) => Some("That is not a mail address."),
        Some(ActOutcome::Nobody) => Some("Nobody at this customer has this address."),
        Some(ActOutcome::NotAllowed) => Some("The policy of this customer allows no hardware tokens."),
        _ => None,
    };
    let code = match outcome {
        Some(ActOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    view! {
        <section class="card">
            <header class="card-head"><h2>"Assign"</h2></header>
            <form class="card-body form" method="post" action="/api/tokens/assign">
                <input type="hidden" name="id" value=id/>
                <TextField
                    name="address"
                    label="To whom"
                    value=typed.unwrap_or_default()
                    hint="Their address at this customer. It opens nothing before they activate it."
                    error=address.map(str::to_owned)
                    inputmode="email"
                    autocomplete="off"
                    required=true
                />
                <StepUp hint="It counts for this token only." error=code/>
                <SubmitButton look=Look::Primary wide=true>"Assign this token"</SubmitButton>
            </form>
        </section>
    }
    .into_any()
}
