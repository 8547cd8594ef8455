//! Trusted devices on a page: the own ones, or those of a user.

use leptos::prelude::*;

use super::page::{address as known, browser as called};
use super::rows::DeviceRow;
use crate::domain::authority::Refusal;
use crate::domain::ids::{DeviceId, UserId};
use crate::domain::time::Time as Moment;
use crate::features::users::api::EndOutcome;
use crate::features::users::list_parts::refusal_words;
use crate::ui::{Badge, Banner, Time, Toast, Tone};
use crate::words::{locale, td_string};

/// Who reads it, and may stop what.
#[derive(Clone, Copy)]
pub enum Reader {
    /// Whose they are.
    Own,
    /// Somebody who looks after this user.
    Manager(UserId),
    /// Somebody who may change nothing.
    Other,
}

/// The devices that are trusted, in a section of their own.
pub fn devices_section(devices: Vec<DeviceRow>, reader: Reader, now: Moment) -> AnyView {
    let card = if devices.is_empty() {
        let none = if matches!(reader, Reader::Own) {
            td_string!(locale(), own.devices.none)
        } else {
            td_string!(locale(), own.devices.none_of_others)
        };
        view! { <p class="note">{none}</p> }.into_any()
    } else {
        let rows = devices.into_iter().map(|device| row(device, reader, now)).collect_view();
        view! {
            <div class="card">
                <table class="table own trusted">
                    <thead>
                        <tr>
                            <th class="main">{td_string!(locale(), own.sessions.browser)}</th>
                            <th class="wide">{td_string!(locale(), own.sessions.last_used)}</th>
                            <th>{td_string!(locale(), own.devices.until)}</th>
                            <th class="end"><span class="hidden-text">{td_string!(locale(), own.methods.actions)}</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="head">
            <h2>{td_string!(locale(), own.devices.title)}</h2>
            <p class="note">{td_string!(locale(), own.devices.note)}</p>
        </div>
        {card}
    }
    .into_any()
}

fn row(device: DeviceRow, reader: Reader, now: Moment) -> AnyView {
    let DeviceRow { id, is_this, trusted_at, last_used_at, ends_at, address, browser } = device;
    let (browser, from) = (called(browser.as_deref()), known(address));
    let this = is_this.then(|| view! { <Badge tone=Tone::Accent>{td_string!(locale(), own.sessions.here)}</Badge> });
    let stop = stop(id, reader, browser.clone());
    view! {
        <tr>
            <td>
                <div class="line"><b>{browser}</b>" "{this}</div>
                <span class="under">{from}", "{td_string!(locale(), own.devices.since)}" "<Time at=trusted_at now/></span>
            </td>
            <td class="wide"><Time at=last_used_at now/></td>
            <td><Time at=ends_at now/></td>
            <td class="end">{stop}</td>
        </tr>
    }
    .into_any()
}

/// A plain form, which needs no script.
fn stop(id: DeviceId, reader: Reader, browser: String) -> Option<AnyView> {
    let (action, user) = match reader {
        Reader::Own => ("/api/security/end_device", None),
        Reader::Manager(user) => ("/api/users/end_device", Some(user)),
        Reader::Other => return None,
    };
    Some(
        view! {
            <form method="post" action=action>
                {user.map(|user| view! { <input type="hidden" name="id" value=user.to_string()/> })}
                <input type="hidden" name="device" value=id.to_string()/>
                <button class="action" type="submit">{td_string!(locale(), own.devices.stop)}<span class="hidden-text">" "{browser}</span></button>
            </form>
        }
        .into_any(),
    )
}

/// What came of ending somebody's trusted device.
pub fn device_ended(outcome: EndOutcome) -> AnyView {
    match outcome {
        EndOutcome::Ended(0) => view! { <Toast>{td_string!(locale(), own.devices.not_any_more)}</Toast> }.into_any(),
        EndOutcome::Ended(_) => view! { <Toast>{ended()}</Toast> }.into_any(),
        EndOutcome::Refused(refusal) => refused(refusal),
    }
}

/// Said when a device has ended.
pub fn ended() -> &'static str {
    td_string!(locale(), own.devices.ended)
}

fn refused(refusal: Refusal) -> AnyView {
    let fact = format!("No device was ended: {}.", refusal_words(refusal).to_lowercase());
    view! { <div class="content"><Banner tone=Tone::Danger fact=fact/></div> }.into_any()
}
