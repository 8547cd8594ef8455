//! `/users/{id}`: how somebody stands.

use leptos::prelude::*;

use super::page::time;
use super::parts::called;
use super::rows::Happened;
use super::story::tell;
use super::story_list::story;
use super::user_api::UserPage as Details;
use super::user_page::{codes_words, link_banner, role_word};
use crate::domain::authority::Role;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::users::api::UserRow;
use crate::ui::{Banner, Glyph, Time, Tone};

pub(super) fn summary(details: Details, now: Moment) -> AnyView {
    let Details { user, methods, codes, sessions, roles, link, sign_ins, happened, .. } = details;
    let standing = match user.standing {
        Standing::Active => view! { "Active since "{time(user.activated_at, now)} }.into_any(),
        Standing::Invited => "Invited, set-up not finished".into_any(),
        Standing::Suspended => "Suspended".into_any(),
    };
    let factor = match (methods.len(), user.set_up_due_at.is_some()) {
        (0, true) => "None, waiting for the new set-up".to_owned(),
        (0, false) => "None".to_owned(),
        (1, _) => methods.first().map_or_else(String::new, called),
        (n, _) => format!("{n} methods"),
    };
    let sessions = match sessions.len() {
        0 => "None open".to_owned(),
        n => format!("{n} open"),
    };
    let verified = if user.address_verified { ", verified" } else { ", not verified" };
    let mut roles = roles.into_iter();
    let role_in = |(name, role): (String, Role)| {
        view! { <p><bdi>{name}</bdi>{format!(" ({})", role_word(role).to_lowercase())}</p> }.into_any()
    };
    let home = roles.next().map_or_else(|| view! { <bdi>{user.customer.clone()}</bdi> }.into_any(), role_in);
    let others: Vec<AnyView> = roles.map(role_in).collect();
    let others = (!others.is_empty()).then(|| view! { <div><dt>"Also has roles in"</dt><dd>{others}</dd></div> });
    let all = format!("/users/{}/activity", user.id);
    view! {
        <div class="content columns">
            <div>
                {user.frozen.then(frozen)}
                {link.map(|link| link_banner(user.id, link, now))}
                <div class="head"><h2>"Sign-in"</h2></div>
                <dl class="facts">
                    <div><dt>"Standing"</dt><dd>{standing}</dd></div>
                    <div><dt>"Second factor"</dt><dd>{factor}</dd></div>
                    <div><dt>"Backup codes"</dt><dd>{codes_words(&codes)}</dd></div>
                    <div><dt>"Last sign-ins"</dt><dd>{last_sign_ins(&user, sign_ins, now)}</dd></div>
                    <div><dt>"Sessions"</dt><dd>{sessions}</dd></div>
                </dl>
                <div class="head"><h2>"Person"</h2></div>
                <dl class="facts">
                    <div><dt>"Home customer"</dt><dd>{home}</dd></div>
                    {others}
                    <div><dt>"Address"</dt><dd>{user.address}{verified}</dd></div>
                </dl>
            </div>
            <aside>
                <div class="head"><h2>"The story so far"</h2></div>
                {story(happened, now, false)}
                <p><a href=all>"All activity"</a></p>
            </aside>
        </div>
    }
    .into_any()
}

/// They said of a notice that it was not them.
fn frozen() -> AnyView {
    view! {
        <Banner tone=Tone::Danger fact="Frozen: they say that it was not them." icon=Glyph::Warning>
            "Nobody gets into this account before it is reset. Speak with them first, over a number that you know."
        </Banner>
    }
    .into_any()
}

/// When, how and from where; only when, of whoever signed in before there was an audit.
fn last_sign_ins(user: &UserRow, sign_ins: Vec<Happened>, now: Moment) -> AnyView {
    if sign_ins.is_empty() {
        return time(user.last_sign_in_at, now);
    }
    sign_ins
        .into_iter()
        .map(|event| {
            let place = tell(&event).under.join(", ");
            view! { <p><Time at=event.at now/>", "<bdi>{place}</bdi></p> }.into_any()
        })
        .collect_view()
        .into_any()
}
