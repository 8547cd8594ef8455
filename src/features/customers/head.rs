//! The head of every page of one customer.

use leptos::prelude::*;

use crate::domain::ids::CustomerId;
use crate::ui::{SheetHead, Tabs};

/// The way back, the customer's name and the tabs of its pages. `current` counts them from 0: overview, people and
/// roles, policy.
pub fn customer_head(id: CustomerId, name: &str, current: usize) -> AnyView {
    let title = name.to_owned();
    let tabs = vec![
        (format!("/customers/{id}"), "Overview".to_owned()),
        (format!("/customers/{id}/people"), "People and roles".to_owned()),
        (format!("/customers/{id}/policy"), "Policy".to_owned()),
    ];
    view! {
        <SheetHead title crumb=("/customers", "Customers") customer=true>
            <a class="button" href=format!("/users?customer={id}")>"Show users"</a>
        </SheetHead>
        <Tabs items=tabs current label="Customer"/>
    }
    .into_any()
}
