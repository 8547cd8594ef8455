//! `/security`: one's own methods, codes and sessions.

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{SecurityPage as Security, SessionRow, show_security};
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::user_page::methods_table;
use crate::ui::{Banner, Section, SheetHead, SubmitButton, Time, Toast, Tone};

/// The own security.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_security());
    let ended = left_by::<u64>("sign_out_elsewhere").map(|left| left.outcome);
    view! {
        <Title text="My security"/>
        {console(Section::Security, page, move |security, _, now| sheet(security, ended, now))}
    }
}

fn sheet(security: Security, ended: Option<u64>, now: Moment) -> AnyView {
    let Security { methods, codes, codes_low, sessions } = security;
    let left = codes.used_at.iter().filter(|used| used.is_none()).count();
    let few = codes.made_at.is_some() && left <= codes_low;
    let warning = few.then(|| {
        let fact = match left {
            0 => "You have no backup codes left.".to_owned(),
            1 => "You have 1 backup code left.".to_owned(),
            left => format!("You have {left} backup codes left."),
        };
        view! {
            <Banner tone=Tone::Warn fact=fact>"Without them a lost phone locks you out until somebody resets you."</Banner>
        }
    });
    let unsaved = (codes.made_at.is_some() && codes.saved_at.is_none()).then(|| {
        view! {
            <Banner tone=Tone::Warn fact="You never typed one of your backup codes back.">
                "Make sure that you have them where you keep important papers."
            </Banner>
        }
    });
    let others = sessions.iter().any(|session| !session.is_this);
    let rows = sessions.into_iter().map(|session| session_row(session, now)).collect_view();
    view! {
        <SheetHead title="My security"/>
        <div class="content">
            {warning}
            {unsaved}
            <div class="head"><h2>"Authentication methods"</h2></div>
            {methods_table(methods, &codes, now)}
            <div class="head">
                <h2>"Sessions"</h2>
                <p class="note">"where you are signed in"</p>
                {others.then(|| view! {
                    <form method="post" action="/api/sign_in/out_elsewhere">
                        <SubmitButton>"Sign out everywhere else"</SubmitButton>
                    </form>
                })}
            </div>
            <div class="card">
                <table class="table">
                    <thead><tr><th>"Browser"</th><th>"From"</th><th>"Since"</th><th>"Last used"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </div>
        {ended.map(|ended| view! {
            <Toast>{if ended == 1 { "1 other session ended.".to_owned() } else { format!("{ended} other sessions ended.") }}</Toast>
        })}
    }
    .into_any()
}

fn session_row(session: SessionRow, now: Moment) -> AnyView {
    let browser = session.browser.map_or_else(|| "Unknown".to_owned(), |browser| browser_name(&browser));
    view! {
        <tr>
            <td>{browser}{session.is_this.then_some(" (this one)")}</td>
            <td>{session.address.unwrap_or_default()}</td>
            <td><Time at=session.created_at now/></td>
            <td><Time at=session.last_seen_at now/></td>
        </tr>
    }
    .into_any()
}

/// What people call their browser and system, from what it says of itself.
fn browser_name(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser =
        first(&[("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
        assert_eq!(browser_name(chrome), "Chrome on Linux");
        assert_eq!(
            browser_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"),
            "Safari on iPhone"
        );
        assert_eq!(browser_name("curl/8.0"), "curl/8.0");
    }
}
