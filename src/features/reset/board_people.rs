//! The people of a confirmed reset, fifty a page, and what can be done about the links of those who are ticked.

use leptos::prelude::*;

use super::board_api::{BoardPage, BoardRow};
use super::result_page::{SELECT, SelectForm};
use crate::domain::board::{Act, Stage};
use crate::domain::ids::ResetId;
use crate::domain::time::Time as Moment;
use crate::features::users::list_parts::{number, refusal_words};
use crate::ui::{
    Badge, BulkBar, Checkbox, CustomerName, Empty, Glyph, Icon, Pager, Person, SelectAll, Time, Tone, moment, rows,
    today,
};

const LINKS: &str = "/api/reset/links";

/// The address of those at some stages, or of everybody, from the one after `after` on.
pub fn address(id: ResetId, stages: &[Stage], after: Option<&str>) -> String {
    let state = (!stages.is_empty()).then(|| format!("state={}", Stage::write(stages)));
    let parts: Vec<String> = state.into_iter().chain(after.map(|after| format!("after={after}"))).collect();
    if parts.is_empty() { format!("/resets/{id}") } else { format!("/resets/{id}?{}", parts.join("&")) }
}

/// The people whom the address asks for.
pub fn people_of(page: BoardPage, now: Moment) -> AnyView {
    let state = Stage::write(&page.stages);
    let of: i64 = page
        .counts
        .iter()
        .filter(|(stage, _)| page.stages.is_empty() || page.stages.contains(stage))
        .map(|(_, count)| count)
        .sum();
    let shown = page.rows.len();
    let id = page.id;
    let next = page.next.as_ref().map(|next| address(id, &page.stages, Some(next)));
    let previous = page.later.then(|| address(id, &page.stages, None));
    let everybody = address(id, &[], None);
    let text = if page.later {
        format!("{shown} more of {}", number(of))
    } else if shown == 0 {
        "Nobody".to_owned()
    } else {
        format!("1–{shown} of {}", number(of))
    };
    let today = today(now);
    let acts = page.manages && page.completed_at.is_some();
    let not_back: i64 =
        page.counts.iter().filter(|(stage, _)| Stage::NOT_BACK.contains(stage)).map(|(_, count)| count).sum();
    let anew = (acts && not_back > 0).then(|| {
        let words = if not_back == 1 { "1 is not back".to_owned() } else { format!("{} are not back", number(not_back)) };
        view! {
            <a class="button" href=address(id, &Stage::NOT_BACK, None)>{words}</a>
            <SelectForm id=id.to_string() state=Stage::write(&Stage::NOT_BACK)>"Select them for a new reset"</SelectForm>
        }
    });
    let chip = (!page.stages.is_empty()).then(|| {
        let words: Vec<&str> = page.stages.iter().map(|stage| stage.label()).collect();
        view! {
            <a class="chip set" href=everybody.clone()>
                "State "<b>{words.join(", ")}</b><Icon of=Glyph::Close/><span class="hidden-text">"Show everyone"</span>
            </a>
        }
    });
    let head = view! { <div class="toolbar"><h2>"People"</h2>{chip}{anew}<p class="count">{text.clone()}</p></div> };
    if shown == 0 {
        return view! {
            {head}
            <div class="content">
                <Empty icon=Glyph::Users title="Nobody is here" actions=move || view! { <a class="button" href=everybody>"Show everyone"</a> }>
                    "Those who were have moved on."
                </Empty>
            </div>
        }
        .into_any();
    }
    let rows = rows(
        page.rows,
        move |row| (row.clone(), today.clone()),
        move |one| {
            let value = one.user.to_string();
            row(one, value, None, acts, now)
        },
    );
    view! {
        {head}
        <form class="list" method="post" action=LINKS>
            <input type="hidden" name="id" value=page.id.to_string()/>
            <input type="hidden" name="state" value=state/>
            {table(rows, acts)}
            <Pager text previous next/>
            {acts.then(|| bar(of, SELECT))}
        </form>
    }
    .into_any()
}

/// The table around some rows.
pub fn table(rows: AnyView, acts: bool) -> AnyView {
    view! {
        <table class="table users board" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    {acts.then(|| view! { <th class="tick" role="columnheader"><SelectAll label="Select all on this page"/></th> })}
                    <th class="name" role="columnheader">"Name"</th>
                    <th class="customer" role="columnheader">"Customer"</th>
                    <th class="state" role="columnheader">"State"</th>
                    <th class="mid" role="columnheader">"What happened"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
    .into_any()
}

/// What can be done with those who are ticked, or with all who match; `select` is where a new plan is made of them.
pub fn bar(of: i64, select: &'static str) -> AnyView {
    let all = move || {
        view! {
            <label class="check all">
                <input type="checkbox" name="all" value="true" autocomplete="off"/>
                <span>{format!("Select all {} that match", number(of))}</span>
            </label>
        }
        .into_any()
    };
    let act = |act: Act, words: &'static str| {
        view! { <button class="button" type="submit" name="act" value=act.as_str()>{words}</button> }
    };
    view! {
        <BulkBar more=all>
            {act(Act::SendAgain, "Send again")}
            {act(Act::Extend, "Extend")}
            {act(Act::Revoke, "Revoke")}
            <button class="button" type="submit" formaction=select>"Reset anew"</button>
        </BulkBar>
    }
    .into_any()
}

/// Somebody with a box to tick, which stands for `value`; and with the way to their reset, where this is not its page.
pub fn row(row: BoardRow, value: String, reset: Option<ResetId>, acts: bool, now: Moment) -> AnyView {
    let id = row.user.to_string();
    let reset = reset.map(|id| view! { " · "<a href=format!("/resets/{id}")>"Reset"</a> });
    let tick = acts.then(|| {
        let refused = row.refusal.map(|refusal| refusal_words(refusal).to_owned());
        view! {
            <td class="tick" role="cell">
                <Checkbox name="users[]" value=value.clone() label=format!("Select {}", row.name) hidden=true refused/>
            </td>
        }
    });
    // Nothing is wrong with it, but it is what somebody else's return would look like.
    let network = row.new_network.then(|| view! { " "<Badge tone=Tone::Warn>"New network"</Badge> });
    view! {
        <tr role="row">
            {tick}
            <td class="name" role="cell">
                <Person name=row.name.clone() href=format!("/users/{id}") under=row.address.clone()/>
            </td>
            <td class="customer" role="cell"><CustomerName name=row.customer.clone()/></td>
            <td class="state" role="cell">{badge(row.stage)}{network}</td>
            <td class="mid" role="cell">{happened(&row, now)}{reset}</td>
        </tr>
    }
    .into_any()
}

fn badge(stage: Stage) -> AnyView {
    let (tone, icon) = match stage {
        Stage::Pending | Stage::Skipped | Stage::Queued | Stage::Superseded | Stage::Revoked => (Tone::Plain, None),
        Stage::Sent => (Tone::Accent, Some(Glyph::Mail)),
        Stage::Opened | Stage::Proved => (Tone::Accent, None),
        Stage::Back | Stage::BackAtSignIn => (Tone::Ok, None),
        Stage::Failed | Stage::Bounced | Stage::Expired | Stage::Exhausted | Stage::AddressChanged => {
            (Tone::Warn, None)
        }
        Stage::AsksForHelp => (Tone::Warn, Some(Glyph::Users)),
        Stage::Disowned => (Tone::Danger, Some(Glyph::Warning)),
    };
    match icon {
        Some(icon) => view! { <Badge tone icon>{stage.label()}</Badge> }.into_any(),
        None => view! { <Badge tone>{stage.label()}</Badge> }.into_any(),
    }
}

fn happened(row: &BoardRow, now: Moment) -> AnyView {
    let at = |words: &'static str| match row.at {
        Some(at) => view! { {words}" "<Time at now/> }.into_any(),
        None => words.into_any(),
    };
    let until = match (row.stage, row.until) {
        (Stage::Sent | Stage::Opened | Stage::Proved, Some(until)) => {
            Some(format!(", works until {}", moment(until, now)))
        }
        _ => None,
    };
    let words = match row.stage {
        Stage::Pending => "Not begun: everything still works".into_any(),
        Stage::Failed => row.failure.map(crate::domain::plan::Failure::label).into_any(),
        Stage::Skipped => row.skip.map(crate::domain::plan::Skip::label).into_any(),
        Stage::Queued => match &row.mail_error {
            Some(said) => format!("Put off by the mail server, and tried again: {said}").into_any(),
            None => "The mail is on its way".into_any(),
        },
        Stage::Sent => at("Mail taken"),
        Stage::Bounced => row.mail_error.clone().into_any(),
        Stage::Opened => at("Opened the link"),
        Stage::Proved => at("Gave the password"),
        Stage::Back | Stage::BackAtSignIn => at("Set up again"),
        Stage::Expired => at("The link ran out"),
        Stage::Exhausted => "Send it again once you know who guessed".into_any(),
        Stage::Superseded => at("Reset once more"),
        Stage::Revoked => at("Taken back"),
        Stage::AddressChanged => at("The link died with the old address"),
        Stage::AsksForHelp => at("Cannot go on; asked"),
        Stage::Disowned => at("Frozen until reset anew; said so"),
    };
    view! { {words}{until} }.into_any()
}
