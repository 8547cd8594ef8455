//! Who in a plan has changed since it was frozen: over the plan, wherever somebody decides about it.

use leptos::prelude::*;

use super::page::people;
use super::review_api::{ChangedRow, PAGE, ResetPage};
use crate::domain::authority::Role;
use crate::domain::method::MethodKind;
use crate::domain::plan::{Change, Item, Verdict};
use crate::ui::{Banner, Pager, SubmitButton, Tone};

/// Where a plan of the same people is made.
const AGAIN: &str = "/api/reset/again";

/// All of them; nothing where nobody has.
pub fn changed(page: &ResetPage) -> Option<AnyView> {
    let fact = match page.changed {
        0 => return None,
        1 => "1 person has changed since this plan was frozen.".to_owned(),
        changed => format!("{} have changed since this plan was frozen.", people(changed)),
    };
    let id = page.id.to_string();
    let again = page.is_mine.then_some(move || {
        view! {
            <form method="post" action=AGAIN>
                <input type="hidden" name="id" value=id/>
                <SubmitButton>"Make a new plan of the same people"</SubmitButton>
            </form>
        }
        .into_any()
    });
    let (before, shown) = (page.changes_before, page.changes_before + page.changes.len());
    let place = |at: usize| format!("/resets/{}?changed={at}", page.id);
    let previous = (before > 0).then(|| place(before.saturating_sub(PAGE)));
    let next = (shown < page.changed).then(|| place(shown));
    let text = format!("{}–{shown} of {}", before + 1, page.changed);
    let pages = (previous.is_some() || next.is_some()).then(|| view! { <Pager text previous next/> });
    let rest = "Whoever cannot be reset any more keeps everything; the others lose what they have by then.";
    let banner = match again {
        Some(actions) => view! { <Banner tone=Tone::Warn fact actions>{rest}</Banner> }.into_any(),
        None => view! { <Banner tone=Tone::Warn fact>{rest}</Banner> }.into_any(),
    };
    Some(
        view! {
            {banner}
            <div class="card">
                <table class="table">
                    <thead><tr><th>"Who has changed"</th><th>"As planned"</th><th>"Now"</th></tr></thead>
                    <tbody>{page.changes.iter().map(row).collect_view()}</tbody>
                </table>
                {pages}
            </div>
        }
        .into_any(),
    )
}

fn row(row: &ChangedRow) -> AnyView {
    let name = row.name.clone();
    let (planned, now) = told(&row.change);
    view! {
        <tr>
            <td><a class="cut" dir="auto" title=name.clone() href=format!("/users/{}", row.user)>{name.clone()}</a></td>
            <td>{planned}</td>
            <td>{now}</td>
        </tr>
    }
    .into_any()
}

/// How somebody was planned and how they are, in what differs.
fn told(change: &Change) -> (String, String) {
    let tell = |item: &Item| {
        let mut said = Vec::new();
        if change.is_of_verdict() {
            said.push(match item.verdict {
                Verdict::Reset => "Reset".to_owned(),
                Verdict::Skip(skip) => format!("Skipped: {}", skip.label().to_lowercase()),
            });
        }
        if change.is_of_role() {
            said.extend(item.role.map(|role| match role {
                Role::Owner => "Owner".to_owned(),
                Role::Admin => "Admin".to_owned(),
                Role::Auditor => "Auditor".to_owned(),
                Role::Member => "Member".to_owned(),
            }));
        }
        said.extend(change.kinds().into_iter().map(|kind| counted(kind, item.holdings.of(kind))));
        said.join(" · ")
    };
    (tell(&change.planned), tell(&change.now))
}

/// "1 authenticator app", "No passkeys and security keys".
fn counted(kind: MethodKind, count: i64) -> String {
    match count {
        0 => format!("No {}", kind.label().to_lowercase()),
        1 => format!("1 {}", kind.label().to_lowercase()),
        count => format!("{count} {}", kind.labels().to_lowercase()),
    }
}
