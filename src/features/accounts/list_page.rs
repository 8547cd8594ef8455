//! `/users/invite/file`: a list goes in. `/users/invite/file/{id}`: what would become of each line, and then what became.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{Choice, choices};
use super::invite_page::{customer_field, nobody_to_invite, refusal_banner};
use super::list_api::{ConfirmListOutcome, LineRow, ListPage, UploadOutcome, show_list};
use crate::domain::authority::Role;
use crate::domain::ids::{CustomerId, InviteListId};
use crate::domain::invitation::MOST_PEOPLE;
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{
    Badge, Banner, Empty, Glyph, Icon, Look, Section, SheetHead, StatTile, StatTiles, SubmitButton, TextArea, Tone,
    clock,
};

/// The page that takes a list.
#[component]
pub fn InviteFilePage() -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.read().get("customer").and_then(|id| id.parse::<CustomerId>().ok()));
    let page = Resource::new(|| (), |()| choices());
    let left = left_by::<UploadOutcome>("invite_file").map(|left| left.outcome);
    view! {
        <Title text="Invite a list"/>
        {console(Section::Users, page, move |choices, me, _| {
            let body = if choices.is_empty() { nobody_to_invite(&me) } else { upload(choices, chosen.get(), left) };
            view! {
                <SheetHead title="Invite a list" crumb=("/users", "Users")/>
                {body}
            }
            .into_any()
        })}
    }
}

fn upload(choices: Vec<Choice>, chosen: Option<CustomerId>, left: Option<UploadOutcome>) -> AnyView {
    view! {
        <div class="content">
            <div class="decision">
                {left.map(refused)}
                <form class="form" method="post" action="/api/accounts/file" enctype="multipart/form-data">
                    {customer_field(choices, chosen)}
                    <div class="field">
                        <label for="file">"A file"</label>
                        <input class="input" id="file" type="file" name="file" accept=".csv,text/csv,text/plain" aria-describedby="file-help"/>
                        <p class="hint" id="file-help">
                            {format!("CSV in UTF-8 or UTF-16, at most 1 MB and {MOST_PEOPLE} people. “Download users” of Microsoft Entra or Google Workspace works as it is.")}
                        </p>
                    </div>
                    <TextArea
                        name="text"
                        label="Or paste it here"
                        rows=6
                        hint="The first line names the columns: name,address or name,address,role. A role is member, auditor, admin or owner."
                    />
                    <p class="note">"Nobody is invited yet: the next page shows what would become of each line."</p>
                    <div class="actions">
                        <SubmitButton look=Look::Primary>"Look at it first"</SubmitButton>
                        <a class="button quiet" href="/users/invite">"Invite one person"</a>
                    </div>
                </form>
            </div>
        </div>
    }
    .into_any()
}

fn refused(outcome: UploadOutcome) -> AnyView {
    let (fact, rest) = match outcome {
        UploadOutcome::TooLarge => ("The file is larger than 1 MB.".to_owned(), "Split it."),
        UploadOutcome::TooMany => (format!("The list holds more than {MOST_PEOPLE} people."), "Split it."),
        UploadOutcome::Empty => ("Nobody is in it.".to_owned(), "Choose a file, or paste the list."),
        UploadOutcome::Encoding => (
            "The file is neither UTF-8 nor UTF-16.".to_owned(),
            "Save it as “CSV UTF-8”; names would suffer otherwise.",
        ),
        UploadOutcome::Columns => (
            "The first line names no columns that we know.".to_owned(),
            "It needs name and address, or the columns of Microsoft Entra or Google Workspace.",
        ),
        UploadOutcome::TwoColumns => ("A column is there twice.".to_owned(), "Take one of the two away."),
        UploadOutcome::OpenQuote(line) => {
            (format!("A quotation mark is opened on line {line} and never closed."), "Close it, or take it away.")
        }
        UploadOutcome::NoCustomer => ("No customer was chosen.".to_owned(), "Choose one, then send the list again."),
        UploadOutcome::Refused(refusal) => return refusal_banner(refusal),
    };
    view! { <Banner tone=Tone::Danger fact alert=true>{rest}" Nobody was invited."</Banner> }.into_any()
}

/// The page of one list.
#[component]
pub fn InviteListPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("list").unwrap_or_default());
    let none = InviteListId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(move || id.get(), move |id| show_list(id.parse().unwrap_or(none)));
    let left = left_by::<ConfirmListOutcome>("invite_list").map(|left| left.outcome);
    console(Section::Users, page, move |page, _, _| match page {
        None => nothing_here(),
        Some(page) if page.confirmed_at.is_some() => report(page),
        Some(page) => preview(page, left),
    })
}

fn nothing_here() -> AnyView {
    view! {
        <Title text="No such list"/>
        <SheetHead title="No such list" crumb=("/users", "Users")/>
        <div class="content">
            <Empty icon=Glyph::Document title="This list is not here" actions=|| view! { <a class="button" href="/users/invite/file">"Read it again"</a> }>
                "A list waits for 30 minutes, for the one who read it. Nobody was invited by it."
            </Empty>
        </div>
    }
    .into_any()
}

fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn preview(page: ListPage, left: Option<ConfirmListOutcome>) -> AnyView {
    let going = page.lines.iter().filter(|line| line.untaken.is_none()).count();
    let (all, untaken) = (page.lines.len(), page.lines.len() - going);
    let code_error = match left {
        Some(ConfirmListOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let refused = match left {
        Some(ConfirmListOutcome::Refused(refusal)) => Some(refusal_banner(refusal)),
        _ => None,
    };
    let download = (untaken > 0).then(|| download(page.id));
    let confirmation = if going == 0 {
        view! {
            <p>"Nobody on this list would be invited."</p>
            <div class="actions"><a class="button" href="/users/invite/file">"Read another list"</a></div>
        }
        .into_any()
    } else {
        let each = if going == 1 {
            " gets an account and a mail with a link."
        } else {
            " get an account each, and a mail with a link."
        };
        view! {
            <form class="form" method="post" action="/api/accounts/confirm_list">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <StepUp hint="It counts for this list only." error=code_error/>
                <p><b>{people(going)}</b>{each}</p>
                <SubmitButton look=Look::Primary wide=true>{format!("Invite {}", people(going))}</SubmitButton>
                <a class="button quiet wide" href="/users/invite/file">"Read another list"</a>
            </form>
        }
        .into_any()
    };
    let title = format!("Invite to {}", page.customer);
    let rows = table(page.lines);
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users")/>
        <div class="content columns">
            <div>
                <StatTiles>
                    <StatTile number=all.to_string() label="lines"/>
                    <StatTile number=going.to_string() label="will be invited"/>
                    <StatTile number=untaken.to_string() label="will not"/>
                </StatTiles>
                {refused}
                <div class="head"><h2>"Line by line"</h2>{download}</div>
                {rows}
            </div>
            <aside>
                <section class="card">
                    <header class="card-head"><h2>"Confirm"</h2></header>
                    <div class="card-body">{confirmation}</div>
                </section>
                <p class="note">{format!("You can confirm until {}. Nobody is invited before.", clock(page.confirm_until))}</p>
            </aside>
        </div>
    }
    .into_any()
}

fn download(id: InviteListId) -> AnyView {
    view! {
        <a class="button" href=format!("/users/invite/file/{id}/untaken.csv") download="not-invited.csv" rel="external">
            <Icon of=Glyph::Download/>"Download who is not invited"
        </a>
    }
    .into_any()
}

fn report(page: ListPage) -> AnyView {
    let invited = page.lines.iter().filter(|line| line.user.is_some()).count();
    let untaken = page.lines.iter().filter(|line| line.untaken.is_some()).count();
    let (all, open) = (page.lines.len(), page.lines.len() - invited - untaken);
    let running = page.completed_at.is_none().then(|| {
        view! {
            <Banner fact="The invitations are being written." icon=Glyph::Mail>
                {format!("{} to go. You may close this page; ", people(open))}<a href="">"look again"</a>"."
            </Banner>
        }
    });
    let download = (untaken > 0).then(|| download(page.id));
    let title = format!("{} invited to {}", people(invited), page.customer);
    let rows = table(page.lines);
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users")>
            <a class="button" href="/users">"All users"</a>
        </SheetHead>
        <div class="content">
            {running}
            <StatTiles>
                <StatTile number=all.to_string() label="lines"/>
                <StatTile number=invited.to_string() label="invited"/>
                <StatTile number=untaken.to_string() label="not invited"/>
            </StatTiles>
            <div class="head"><h2>"Line by line"</h2>{download}</div>
            {rows}
        </div>
    }
    .into_any()
}

fn table(lines: Vec<LineRow>) -> AnyView {
    view! {
        <div class="card scroll">
            <table class="table">
                <thead><tr><th class="num">"Line"</th><th class="main">"Who"</th><th>"Role"</th><th>"What becomes of it"</th></tr></thead>
                <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(line: LineRow) -> AnyView {
    let role = line.role.map(|role| match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    });
    let becomes = match (line.untaken, line.user, line.same_as) {
        (None, Some(user), _) => view! { <a href=format!("/users/{user}")>"Invited"</a> }.into_any(),
        (None, None, _) => "Will be invited".into_any(),
        (Some(why), _, Some(first)) => {
            view! { <Badge tone=Tone::Warn>{why.label()}</Badge>{format!(" as on line {first}")} }.into_any()
        }
        (Some(why), _, None) => view! { <Badge tone=Tone::Warn>{why.label()}</Badge> }.into_any(),
    };
    let name = line.name.map(|name| view! { <bdi>{name}</bdi>" " });
    view! {
        <tr>
            <td class="num">{line.number}</td>
            <td><span class="cut" dir="auto" title=line.who.clone()>{name}{line.who.clone()}</span></td>
            <td>{role}</td>
            <td>{becomes}</td>
        </tr>
    }
    .into_any()
}
