//! What is offered beside a second factor: not to be asked for it again on this device.

use leptos::html;
use leptos::prelude::*;

use crate::ui::Checkbox;
use crate::words::{locale, td_string};

/// Not to be asked again on this device, where the policy allows that.
#[derive(Clone, Copy)]
pub struct Offer {
    days: u16,
    ticked: bool,
    field: NodeRef<html::Input>,
}

impl Offer {
    /// For so many days, of which 0 are none. `ticked`: as it was left by whoever mistyped a code.
    pub fn new(days: u16, ticked: bool) -> Self {
        Self { days, ticked, field: NodeRef::new() }
    }

    /// The box, if there is anything to choose.
    pub fn show(self) -> Option<AnyView> {
        let label = match self.days {
            0 => return None,
            1 => td_string!(locale(), sign_in.trust.one).to_owned(),
            days => td_string!(locale(), sign_in.trust.many, days = days),
        };
        let (checked, node_ref) = (self.ticked, self.field);
        Some(
            view! {
                <div class="setting">
                    <Checkbox name="trust" value="true" label checked node_ref/>
                    <p class="hint">{td_string!(locale(), sign_in.trust.hint)}</p>
                </div>
            }
            .into_any(),
        )
    }

    /// As it stands in the page at this moment: it may have been ticked before any script ran.
    pub fn is_ticked(self) -> bool {
        self.field.get_untracked().is_some_and(|field| field.checked())
    }
}
