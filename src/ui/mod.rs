//! Components that know no feature. They read no clock, no randomness and no locale: all of it comes in as arguments,
//! so that server and browser draw the same page.

mod avatar;
mod badge;
mod banner;
mod bulk_bar;
mod button;
mod chart;
mod checkbox;
mod choice;
mod code_field;
mod copy_button;
mod empty;
mod failure;
mod field;
mod focus;
mod icon;
mod key_button;
mod languages;
mod listen;
mod menu;
mod pager;
mod person;
mod qr;
mod rows;
mod seal;
mod search_field;
mod select_field;
mod shell;
mod stat_tiles;
mod stepper;
mod tabs;
mod time;

pub use avatar::{Avatar, Square, initials};
pub use badge::{Badge, Tone};
pub use banner::{Banner, Toast};
pub use bulk_bar::BulkBar;
pub use button::{Look, SubmitButton};
pub use chart::{Chart, Line};
pub use checkbox::Checkbox;
pub use choice::{Choice, Pick};
pub use code_field::CodeField;
pub use copy_button::{CopyButton, PrintButton};
pub use empty::Empty;
pub use failure::Failure;
pub use field::{PasswordField, TextArea, TextField};
pub use focus::begin_anew;
pub use icon::{Glyph, Icon, Mark};
pub use key_button::{Asking, KeyButton, KeyQuestion, KeyWords};
pub use languages::Languages;
pub use listen::listen;
pub use menu::Menu;
pub use pager::Pager;
pub use person::{CustomerName, Person};
pub use qr::Qr;
pub use rows::{SelectAll, rows};
pub use seal::Seal;
pub use search_field::SearchField;
pub use select_field::SelectField;
pub use shell::{CalmShell, ConsoleShell, Section, SheetHead};
pub use stat_tiles::{StatTile, StatTiles};
pub use stepper::{Stepper, Steps};
pub use tabs::Tabs;
pub use time::{
    Time, bare_clock, browser_zone, clock, day, is_day_before, is_same_day, iso, long, minute, moment, short, today,
};

use leptos::prelude::*;

/// False on the server and in the first paint, true once WASM runs: what cannot work without it stays hidden until then.
pub fn ready() -> ReadSignal<bool> {
    let (ready, set_ready) = signal(false);
    Effect::new(move |_| set_ready.set(true));
    ready
}
