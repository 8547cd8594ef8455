//! What is asked of the lists of users and of methods: search and filters, as the address carries them.

use leptos::prelude::*;
use leptos_router::components::Form;

use super::list_api::{ListHead, address};
use super::list_parts::{hidden, with};
use crate::domain::authority::Role;
use crate::domain::method::MethodKind;
use crate::domain::user::Standing;
use crate::domain::user_filter::{AddressState, CodesState, MfaState, Seen, UserFilter};
use crate::ui::{Checkbox, Glyph, Icon, Look, SearchField, SelectField, SubmitButton};

/// What is asked for, with a way out of each part, and what else could be asked.
pub(super) fn toolbar(path: &'static str, head: &ListHead, count: String) -> AnyView {
    let filter = &head.filter;
    let cleared = filter.narrows().then(|| {
        let plain = UserFilter { customers: filter.customers.clone(), sort: filter.sort, ..UserFilter::default() };
        address(path, &plain, None)
    });
    let (search, kept) = (filter.search.clone(), hidden(filter, &["q"]));
    view! {
        <div class="toolbar">
            <Form method="GET" action=path attr:class="search" attr:role="search">
                <SearchField label="Search name or address" value=search/>
                {kept}
            </Form>
            {chips(path, filter)}
            {filter_menu(path, filter)}
            {cleared.map(|href| view! { <a class="button quiet" href=href>"Clear"</a> })}
            <p class="count">{count}</p>
        </div>
    }
    .into_any()
}

const STANDINGS: [(Standing, &str); 3] =
    [(Standing::Active, "Active"), (Standing::Invited, "Set-up not finished"), (Standing::Suspended, "Suspended")];
const MFA: [(MfaState, &str); 5] = [
    (MfaState::SetUp, "Set up"),
    (MfaState::One, "One method only"),
    (MfaState::None, "None"),
    (MfaState::Reset, "Reset, not back yet"),
    (MfaState::Frozen, "Frozen: “This was not me”"),
];
const KINDS: [(MethodKind, &str); 4] = [
    (MethodKind::AuthenticatorApp, MethodKind::AuthenticatorApp.label()),
    (MethodKind::Passkey, MethodKind::Passkey.label()),
    (MethodKind::HardwareToken, MethodKind::HardwareToken.label()),
    (MethodKind::Phone, MethodKind::Phone.label()),
];
const CODES: [(CodesState, &str); 2] = [(CodesState::Low, "Few or none left"), (CodesState::Unsaved, "Never saved")];
pub(super) const ROLES: [(Role, &str); 4] =
    [(Role::Owner, "Owner"), (Role::Admin, "Admin"), (Role::Auditor, "Auditor"), (Role::Member, "Member")];
const SEEN: [(Seen, &str); 5] = [
    (Seen::Never, "Never"),
    (Seen::Week, "In the last 7 days"),
    (Seen::Month, "In the last 30 days"),
    (Seen::NotForMonth, "Not for 30 days"),
    (Seen::NotForQuarter, "Not for 90 days"),
];
const ADDRESSES: [(AddressState, &str); 2] =
    [(AddressState::Verified, "Verified"), (AddressState::Unverified, "Not verified")];

fn words<T: Copy + PartialEq>(all: &[(T, &'static str)], value: T) -> &'static str {
    all.iter().find(|(one, _)| *one == value).map_or("", |(_, words)| words)
}

fn chips(path: &'static str, filter: &UserFilter) -> AnyView {
    let chip = |label: &'static str, value: Option<String>, without: fn(&mut UserFilter)| {
        value.map(|value| {
            view! {
                <a class="chip set" href=with(path, filter, without)>
                    {label}<b>{value}</b><Icon of=Glyph::Close/><span class="hidden-text">"Remove this filter"</span>
                </a>
            }
        })
    };
    let roles: Vec<&str> = filter.roles.iter().map(|role| words(&ROLES, *role)).collect();
    let own = |words: &'static str| words.to_owned();
    view! {
        {chip("Standing", filter.standing.map(|value| own(words(&STANDINGS, value))), |filter| filter.standing = None)}
        {chip("Second factor", filter.mfa.map(|value| own(words(&MFA, value))), |filter| filter.mfa = None)}
        {chip("Method", filter.kind.map(|value| own(words(&KINDS, value))), |filter| filter.kind = None)}
        {chip("Backup codes", filter.codes.map(|value| own(words(&CODES, value))), |filter| filter.codes = None)}
        {chip("Role", (!roles.is_empty()).then(|| roles.join(", ")), |filter| filter.roles.clear())}
        {chip("Last sign-in", filter.seen.map(|value| own(words(&SEEN, value))), |filter| filter.seen = None)}
        {chip("Address", filter.address.map(|value| own(words(&ADDRESSES, value))), |filter| filter.address = None)}
    }
    .into_any()
}

fn filter_menu(path: &'static str, filter: &UserFilter) -> AnyView {
    fn options<T: Copy + ToString>(all: &[(T, &str)]) -> Vec<(String, String)> {
        let any = (String::new(), "Any".to_owned());
        std::iter::once(any).chain(all.iter().map(|(value, words)| (value.to_string(), (*words).to_owned()))).collect()
    }
    fn value<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let role = |(role, words): (Role, &'static str)| {
        view! { <Checkbox name="role" value=role.as_str() label=words checked=filter.roles.contains(&role)/> }
    };
    let roles = ROLES.map(role).collect_view();
    let kept = hidden(filter, &["standing", "mfa", "kind", "codes", "role", "seen", "address"]);
    let UserFilter { standing, mfa, kind, codes, seen, address, .. } = filter.clone();
    view! {
        <details class="menu start filters" name="menu">
            <summary class="chip"><Icon of=Glyph::Plus/>"Filter"</summary>
            <div class="menu-list">
                <Form method="GET" action=path attr:class="form">
                    {kept}
                    <SelectField name="standing" label="Standing" options=options(&STANDINGS) value=value(standing)/>
                    <SelectField name="mfa" label="Second factor" options=options(&MFA) value=value(mfa)/>
                    <SelectField name="kind" label="Method" options=options(&KINDS) value=value(kind)/>
                    <SelectField name="codes" label="Backup codes" options=options(&CODES) value=value(codes)/>
                    <SelectField name="seen" label="Last sign-in" options=options(&SEEN) value=value(seen)/>
                    <SelectField name="address" label="Address" options=options(&ADDRESSES) value=value(address)/>
                    <fieldset><legend>"Role"</legend>{roles}</fieldset>
                    <SubmitButton look=Look::Primary>"Show"</SubmitButton>
                </Form>
            </div>
        </details>
    }
    .into_any()
}
