//! `/users/{id}/methods`: what somebody signs in with, and where they are signed in.

use leptos::prelude::*;

use super::devices::{Reader, devices_section};
use super::page::{codes_card, method_row, methods_table, session_place};
use super::parts::called;
use super::rows::{CodesRow, MethodRow, SessionRow};
use super::story_list::story;
use super::user_api::UserPage as Details;
use super::user_page::{codes_words, link_banner};
use crate::domain::time::Time as Moment;
use crate::features::users::api::UserRow;
use crate::features::users::list_parts::END_SESSIONS;
use crate::ui::{Banner, Empty, Glyph, SubmitButton, Time, Tone};

pub(super) fn methods(details: Details, now: Moment) -> AnyView {
    let Details { user, methods, codes, sessions, devices, link, happened, .. } = details;
    let may = user.refusal.is_none();
    let reader = if may { Reader::Manager(user.id) } else { Reader::Other };
    let count = methods.len();
    let card = if methods.is_empty() {
        view! {
            <div class="card">
                <Empty icon=Glyph::Device title="No authentication methods">"There is nothing to remove."</Empty>
            </div>
        }
        .into_any()
    } else {
        methods_table(methods.into_iter().map(|method| removable(&user, method, may, now)).collect())
    };
    let left = codes.made_at.is_some().then(|| codes_words(&codes));
    let open = sessions.len();
    let sessions_card = (open > 0).then(|| sessions_table(sessions, now));
    let all = format!("/users/{}/activity", user.id);
    view! {
        <div class="content columns">
            <div>
                {link.map(|link| link_banner(user.id, link, now))}
                <div class="head"><h2>"Methods"</h2><p class="note">{count}</p></div>
                {card}
                <div class="head"><h2>"Backup codes"</h2>{left.map(|left| view! { <p class="note">{left}</p> })}</div>
                {few(&user, &codes)}
                {codes_card(&codes, now)}
                <div class="head">
                    <h2>"Sessions"</h2>
                    <p class="note">{if open == 0 { "none open".to_owned() } else { format!("{open} open") }}</p>
                    {(may && open > 0).then(|| view! {
                        <form method="post" action=END_SESSIONS>
                            <input type="hidden" name="id" value=user.id.to_string()/>
                            <SubmitButton>"End all sessions"</SubmitButton>
                        </form>
                    })}
                </div>
                {sessions_card}
                {devices.map(|devices| devices_section(devices, reader, now))}
            </div>
            <aside>
                <div class="head"><h2>"Activity"</h2></div>
                {story(happened, now, false)}
                <p><a href=all>"All activity"</a></p>
            </aside>
        </div>
    }
    .into_any()
}

fn removable(user: &UserRow, method: MethodRow, may: bool, now: Moment) -> AnyView {
    let href = format!("/users/{}/methods/{}/remove", user.id, method.id);
    let remove = may.then(|| {
        view! { <a class="action" href=href>"Remove"<span class="hidden-text">" "{called(&method)}</span></a> }
    });
    method_row(&method, now, remove.into_any())
}

fn few(user: &UserRow, codes: &CodesRow) -> Option<AnyView> {
    let left = codes.left();
    let low = codes.made_at.is_some() && i64::try_from(left).unwrap_or(i64::MAX) <= user.codes_low;
    low.then(|| {
        let fact = match left {
            0 => "No code is left.".to_owned(),
            1 => "Only 1 code is left.".to_owned(),
            left => format!("Only {left} codes are left."),
        };
        let name = user.name.clone();
        view! { <Banner tone=Tone::Warn fact=fact>"Only "<bdi>{name}</bdi>" can make new ones, at My security."</Banner> }
            .into_any()
    })
}

fn sessions_table(sessions: Vec<SessionRow>, now: Moment) -> AnyView {
    let row = move |session: SessionRow| {
        view! {
            <tr>
                <td>{session_place(&session)}</td>
                <td class="wide"><Time at=session.created_at now/></td>
                <td><Time at=session.last_seen_at now/></td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card">
            <table class="table own">
                <thead><tr><th class="main">"Browser"</th><th class="wide">"Since"</th><th>"Last used"</th></tr></thead>
                <tbody>{sessions.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
