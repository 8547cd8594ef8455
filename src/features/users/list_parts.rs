//! What the lists of users and of methods share: their order, their pages, and what can be done with the ticked ones.

use leptos::prelude::*;

use super::api::EndOutcome;
use super::list_api::{Choice, ListHead, address, with_rest};
use crate::domain::count::Count;
use crate::domain::method::MethodKind;
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::domain::user_filter::{Sort, UserFilter};
use crate::features::session::api::Me;
use crate::ui::{Banner, BulkBar, Glyph, Icon, Pager, SubmitButton, Time, Toast, Tone};

/// Where a selection is sent; the reset's server function has this address.
pub const PLAN: &str = "/api/reset/plan";
/// Where all sessions of somebody are ended; the server function of their details has this address.
pub const END_SESSIONS: &str = "/api/users/end_sessions";

/// The address of this list with another filter, from its beginning.
pub(super) fn with(path: &str, filter: &UserFilter, change: impl FnOnce(&mut UserFilter)) -> String {
    let mut filter = filter.clone();
    change(&mut filter);
    address(path, &filter, None)
}

/// Every part of a filter but those that a form asks for itself, as hidden fields.
pub(super) fn hidden(filter: &UserFilter, but: &[&str]) -> AnyView {
    let kept = filter.pairs().into_iter().filter(|(name, _)| !but.contains(name));
    kept.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view().into_any()
}

/// The sign of a kind of method.
#[must_use]
pub const fn method_glyph(kind: MethodKind) -> Glyph {
    match kind {
        MethodKind::AuthenticatorApp => Glyph::Device,
        MethodKind::Passkey => Glyph::Key,
        MethodKind::HardwareToken => Glyph::Token,
        MethodKind::Phone => Glyph::Phone,
    }
}

/// `1 person`, `412 people`; with thousands parted.
pub(super) fn people(count: Count) -> String {
    if count == Count::Exactly(1) { "1 person".to_owned() } else { format!("{} people", counted(count)) }
}

/// What was counted: `9,318`, and `more than 10,000` where the count ended.
pub fn counted(count: Count) -> String {
    match count {
        Count::Exactly(count) => number(count),
        Count::MoreThan(count) => format!("more than {}", number(count)),
    }
}

/// `9,318`.
pub fn number(count: i64) -> String {
    let digits = count.to_string();
    let from_end = |at: usize| (digits.len() - at).is_multiple_of(3) && at > 0;
    digits.chars().enumerate().flat_map(|(at, digit)| from_end(at).then_some(',').into_iter().chain([digit])).collect()
}

/// When the list was fetched, and once more: by a script in place, without one as a page.
pub(super) fn fetched(path: &'static str, head: &ListHead, now: Moment, again: impl Fn() + 'static) -> AnyView {
    view! {
        <p class="fresh">"Fetched at "<Time at=now now seconds=true/></p>
        <a
            class="button icon"
            href=address(path, &head.filter, head.after.as_deref())
            on:click=move |press| {
                press.prevent_default();
                again();
            }
        >
            <Icon of=Glyph::Refresh/><span class="hidden-text">"Refresh"</span>
        </a>
    }
    .into_any()
}

/// The reset of one in the menu of a row, or why not. It is sent by the form `one`, which stands beside the list.
pub(super) fn reset_item(id: String, refused: Option<&'static str>) -> AnyView {
    const WORDS: &str = "Reset all multi-factor authentications";
    match refused {
        None => view! {
            <button class="item" type="submit" form="one" name="users[]" value=id><Icon of=Glyph::Key/>{WORDS}</button>
        }
        .into_any(),
        Some(why) => view! {
            <span class="item" aria-disabled="true"><Icon of=Glyph::Key/>{WORDS}" "<small>{why}</small></span>
        }
        .into_any(),
    }
}

/// A column's head that orders by it: up first, or down where the newest matters.
pub(super) fn order_head(
    path: &'static str,
    filter: &UserFilter,
    title: &'static str,
    class: &'static str,
    first: Sort,
    second: Sort,
) -> AnyView {
    let down = |sort: Sort| matches!(sort, Sort::NameDown | Sort::SignInDown);
    let here = filter.sort == first || filter.sort == second;
    let next = if filter.sort == first { second } else { first };
    let order = here.then(|| if down(filter.sort) { "descending" } else { "ascending" });
    view! {
        <th class=class role="columnheader" aria-sort=order>
            <a class="order" class:up=here && !down(filter.sort) href=with(path, filter, |filter| filter.sort = next)>
                {title}{here.then(|| view! { <Icon of=Glyph::Chevron/> })}
            </a>
        </th>
    }
    .into_any()
}

/// The pages of a list, and what can be done with those who are ticked, or with everybody whom a filter means: the same as
/// the list shows, as long as there is such a filter.
pub(super) fn list_foot(
    path: &'static str,
    head: &ListHead,
    me: &Me,
    (shown, of, of_what): (usize, Count, &str),
    everybody: Option<UserFilter>,
) -> AnyView {
    let filter = &head.filter;
    let next = head.next.as_deref().map(|after| address(path, filter, Some(after)));
    let previous = head.after.is_some().then(|| address(path, filter, None));
    let text = if head.after.is_some() {
        format!("{shown} more of {}{of_what}", counted(of))
    } else {
        format!("1–{shown} of {}{of_what}", counted(of))
    };
    let query = address("", everybody.as_ref().unwrap_or(filter), None).trim_start_matches('?').to_owned();
    let (everyone, offer) = (head.users, offer(path, head, me));
    let all = (head.choice.forbidding == 0 && everybody.is_some()).then(|| {
        let label = match everyone {
            Count::Exactly(count) => format!("Select all {} that match", number(count)),
            more @ Count::MoreThan(_) => format!("Select everybody who matches, {}", counted(more)),
        };
        view! {
            <label class="check all">
                <input type="checkbox" name="all" value="true" autocomplete="off"/>
                <span>{label}</span>
            </label>
        }
        .into_any()
    });
    view! {
        <Pager text previous next/>
        <input type="hidden" name="query" value=query/>
        <BulkBar more=move || all.into_any()>{offer}</BulkBar>
    }
    .into_any()
}

/// The reset of the ticked ones, where every shown customer allows it; or else who forbids it.
fn offer(path: &'static str, head: &ListHead, me: &Me) -> AnyView {
    if head.choice.forbidding == 0 || !me.has_mfa {
        return view! { <SubmitButton>"Reset all multi-factor authentications"</SubmitButton> }.into_any();
    }
    let (who, without) = forbidden(path, head);
    let without = without.map(|href| view! { <a class="action" href=href>"Leave out what forbids it"</a> });
    view! {
        <p class="why-not">"No reset here: your role does not reset in "<bdi>{who}</bdi>"."</p>
        {without}
    }
    .into_any()
}

/// Says over a list which of the shown customers forbids what would be begun from there, to whoever may begin it elsewhere.
#[must_use]
pub fn not_begun(path: &'static str, head: &ListHead, me: &Me, what: &str) -> Option<AnyView> {
    let Choice { forbidding, chosen, all, .. } = head.choice;
    let shown = if chosen == 0 { all } else { chosen };
    if !me.manages || forbidding == 0 || forbidding >= shown {
        return None;
    }
    let (who, without) = forbidden(path, head);
    let fact = format!("{what} here: your role does not allow it in ");
    let without = without.map(|href| view! { " "<a href=href>"Show the others only"</a> });
    Some(view! { <div class="content"><p class="note">{fact}<bdi>{who}</bdi>"."{without}</p></div> }.into_any())
}

/// The shown customers in which the reader may do nothing, and the address of the list without them, where there is one.
fn forbidden(path: &'static str, head: &ListHead) -> (String, Option<String>) {
    let Choice { forbidden_by, forbidding, allowed, .. } = &head.choice;
    let others = forbidding.saturating_sub(forbidden_by.len());
    let named = forbidden_by.join(", ");
    let who = match others {
        0 => named,
        1 => format!("{named} and 1 other customer"),
        others => format!("{named} and {others} other customers"),
    };
    let filter = UserFilter { customers: allowed.clone(), ..head.filter.clone() };
    (who, (!allowed.is_empty()).then(|| with_rest(path, &filter, &head.rest)))
}

/// What stands over a list before anything can be reset.
pub(super) fn no_factor_banner() -> AnyView {
    view! {
        <div class="content">
            <Banner
                tone=Tone::Warn
                fact="You have no second factor of your own."
                actions=|| view! { <a class="button" href="/security">"Set one up"</a> }
            >
                "Without one nobody resets anybody else."
            </Banner>
        </div>
    }
    .into_any()
}

/// Why a selection was refused; nothing where it was not.
#[must_use]
pub fn plan_refused(outcome: PlanOutcome) -> Option<AnyView> {
    let fact = match outcome {
        PlanOutcome::GoOn => return None,
        PlanOutcome::Nobody => "Nobody was selected.".to_owned(),
        PlanOutcome::TooMany => "That is more than one plan holds: 100,000 people.".to_owned(),
        PlanOutcome::Refused(refusal) => {
            format!("The selection was refused: {}.", refusal_words(refusal).to_lowercase())
        }
        PlanOutcome::NoOwnerLeft(customer) => format!("{customer} would be left without an owner who can sign in."),
    };
    Some(view! { <Banner tone=Tone::Danger fact=fact>"Nothing was reset. Select again."</Banner> }.into_any())
}

/// The same over a list that goes from edge to edge.
pub(super) fn refusal_banner(outcome: PlanOutcome) -> Option<AnyView> {
    plan_refused(outcome).map(|banner| view! { <div class="content">{banner}</div> }.into_any())
}

/// What came of ending somebody's sessions.
#[must_use]
pub fn sessions_ended(outcome: EndOutcome) -> AnyView {
    let words = match outcome {
        EndOutcome::Ended(0) => "No session was open.".to_owned(),
        EndOutcome::Ended(1) => "1 session ended.".to_owned(),
        EndOutcome::Ended(count) => format!("{count} sessions ended."),
        EndOutcome::Refused(refusal) => {
            let fact = format!("No session was ended: {}.", refusal_words(refusal).to_lowercase());
            return view! { <div class="content"><Banner tone=Tone::Danger fact=fact/></div> }.into_any();
        }
    };
    view! { <Toast>{words}</Toast> }.into_any()
}

/// Why somebody may not be reset, in few words.
pub const fn refusal_words(refusal: crate::domain::authority::Refusal) -> &'static str {
    use crate::domain::authority::Refusal;
    match refusal {
        Refusal::NoFactorOfYourOwn => "Needs your own factor first",
        Refusal::Yourself => "This is you",
        Refusal::NoRole => "Your role does not reset",
        Refusal::OwnersOnly => "Only an owner may",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 9318, 1_000_000].map(number), ["0", "999", "1,000", "9,318", "1,000,000"]);
        assert_eq!([1, 1204].map(|count| people(Count::Exactly(count))), ["1 person", "1,204 people"]);
        assert_eq!(people(Count::MoreThan(1000)), "more than 1,000 people");
    }
}
