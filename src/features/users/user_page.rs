//! `/users/{id}`: one user.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{CodesRow, MethodRow, UserPage as Details, UserRow, show_user};
use super::list_parts::{PLAN, refusal_words};
use crate::domain::authority::Role;
use crate::domain::method::MethodKind;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::page::console;
use crate::ui::{Banner, Empty, Glyph, Icon, Section, SheetHead, SubmitButton, Tabs, Time, Tone};

/// `/users/{id}` and `/users/{id}/methods`: one user.
#[component]
pub fn UserPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let on_methods = Memo::new(move |_| params.with(|params| params.get("tab").as_deref() == Some("methods")));
    // What is no identifier is nobody's: the same answer as for a user who is not there.
    let nobody = crate::domain::ids::UserId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let user = Resource::new(move || id.get(), move |id| show_user(id.parse().unwrap_or(nobody)));
    console(Section::Users, user, move |details, _, now| match details {
        None => nobody_here(),
        Some(details) => {
            let methods_tab = on_methods.get();
            person(details, methods_tab, now)
        }
    })
}

fn nobody_here() -> AnyView {
    view! {
        <Title text="No such user"/>
        <SheetHead title="No such user" crumb=("/users", "Users")/>
        <div class="content">
            <Empty icon=Glyph::Users title="Nobody is here" actions=|| view! { <a class="button" href="/users">"All users"</a> }>
                "The address may be mistyped, or this person is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

fn person(details: Details, methods_tab: bool, now: Moment) -> AnyView {
    let Details { user, methods, codes } = details;
    let id = user.id.to_string();
    let role = match user.role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    };
    let below = {
        let (address, customer) = (user.address.clone(), user.customer.clone());
        move || view! { {address}" · "<bdi>{customer}</bdi>" · "{role} }.into_any()
    };
    let tabs = vec![
        (format!("/users/{id}"), "Summary".to_owned()),
        (format!("/users/{id}/methods"), "Authentication methods".to_owned()),
        (format!("/audit?user={id}"), "Activity".to_owned()),
    ];
    let action = match user.refusal {
        None => view! {
            <form method="post" action=PLAN>
                <input type="hidden" name="users[]" value=id.clone()/>
                <SubmitButton><Icon of=Glyph::Key/>"Reset all multi-factor authentications"</SubmitButton>
            </form>
        }
        .into_any(),
        Some(why) => view! { <p class="fresh">{refusal_words(why)}</p> }.into_any(),
    };
    view! {
        <Title text=user.name.clone()/>
        <SheetHead title=user.name.clone() crumb=("/users", "Users") person=true below=below>{action}</SheetHead>
        <Tabs items=tabs current=usize::from(methods_tab) label="User"/>
        <div class="content">
            {link_banner(&user, now)}
            {if methods_tab { methods_table(methods, &codes, now) } else { summary(&user, methods.len(), &codes, now) }}
        </div>
    }
    .into_any()
}

fn link_banner(user: &UserRow, now: Moment) -> Option<AnyView> {
    let until = user.link_expires_at?;
    let at = until;
    Some(if now < until {
        view! {
            <Banner fact="A recovery link is on its way." icon=Glyph::Mail>"It works until "<Time at now/>"."</Banner>
        }
        .into_any()
    } else {
        view! {
            <Banner tone=Tone::Warn fact="The last recovery link has expired.">
                "They can still set up again by signing in; a new reset sends a new link."
            </Banner>
        }
        .into_any()
    })
}

fn summary(user: &UserRow, methods: usize, codes: &CodesRow, now: Moment) -> AnyView {
    let time = move |at: Option<Moment>| match at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let standing = match user.standing {
        Standing::Active => view! { "Active since "{time(user.activated_at)} }.into_any(),
        Standing::Invited => "Invited, set-up not finished".into_any(),
        Standing::Suspended => "Suspended".into_any(),
    };
    let factor = match (methods, user.set_up_due_at.is_some()) {
        (0, true) => "None, waiting for the new set-up".to_owned(),
        (0, false) => "None".to_owned(),
        (1, _) => "Authenticator app".to_owned(),
        (n, _) => format!("{n} authenticator apps"),
    };
    let sessions = match user.sessions {
        0 => "None open".to_owned(),
        n => format!("{n} open"),
    };
    view! {
        <div class="head"><h2>"Sign-in"</h2></div>
        <dl class="facts">
            <div><dt>"Standing"</dt><dd>{standing}</dd></div>
            <div><dt>"Second factor"</dt><dd>{factor}</dd></div>
            <div><dt>"Backup codes"</dt><dd>{codes_words(codes)}</dd></div>
            <div><dt>"Last sign-in"</dt><dd>{time(user.last_sign_in_at)}</dd></div>
            <div><dt>"Sessions"</dt><dd>{sessions}</dd></div>
        </dl>
        <div class="head"><h2>"Person"</h2></div>
        <dl class="facts">
            <div><dt>"Home customer"</dt><dd><bdi>{user.customer.clone()}</bdi></dd></div>
            <div>
                <dt>"Address"</dt>
                <dd>{user.address.clone()}{if user.address_verified { ", verified" } else { ", not verified" }}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// How backup codes stand, in words.
pub fn codes_words(codes: &CodesRow) -> String {
    let left = codes.used_at.iter().filter(|used| used.is_none()).count();
    match (codes.made_at, codes.saved_at) {
        (None, _) => "None".to_owned(),
        (Some(_), None) => format!("{left} left, never shown to be saved"),
        (Some(_), Some(_)) => format!("{left} of {} left", codes.used_at.len()),
    }
}

/// A person's methods in a card.
pub fn methods_table(methods: Vec<MethodRow>, codes: &CodesRow, now: Moment) -> AnyView {
    let time = move |at: Option<Moment>| match at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let row = move |method: MethodRow| {
        let kind = match method.kind {
            MethodKind::AuthenticatorApp => "Authenticator app",
        };
        view! {
            <tr>
                <td><span class="method"><Icon of=Glyph::Device/>{kind}</span></td>
                <td>{time(Some(method.registered_at))}</td>
                <td>{time(method.last_used_at)}</td>
            </tr>
        }
        .into_any()
    };
    let codes_row = codes.made_at.map(|made_at| {
        let last_used = codes.used_at.iter().flatten().max().copied();
        view! {
            <tr>
                <td><span class="method"><Icon of=Glyph::Key/>"Backup codes: "{codes_words(codes)}</span></td>
                <td>{time(Some(made_at))}</td>
                <td>{time(last_used)}</td>
            </tr>
        }
        .into_any()
    });
    if methods.is_empty() && codes_row.is_none() {
        return view! { <Empty icon=Glyph::Device title="No authentication methods">"There is nothing to reset."</Empty> }.into_any();
    }
    view! {
        <div class="card">
            <table class="table">
                <thead><tr><th>"Method"</th><th>"Registered"</th><th>"Last used"</th></tr></thead>
                <tbody>{methods.into_iter().map(row).collect_view()}{codes_row}</tbody>
            </table>
        </div>
    }
    .into_any()
}
