//! What the lists of users and of methods share: whose are shown, and what can be done with the ticked ones.

use leptos::children::ViewFnOnce;
use leptos::prelude::*;

use super::api::EndOutcome;
use super::list_api::{Choice, CustomerChoice, ListHead, address, with_rest};
use crate::domain::method::MethodKind;
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::domain::user_filter::{COUNTED, Sort, UserFilter};
use crate::features::session::api::Me;
use crate::ui::{Banner, BulkBar, Glyph, Icon, Look, Pager, Square, SubmitButton, Time, Toast, Tone, ready};

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

/// The address that shows everybody again, and says so: without it the last choice would be remembered.
fn all_mine(path: &str, filter: &UserFilter, rest: &[(String, String)]) -> String {
    let filter = UserFilter { customers: Vec::new(), ..filter.clone() };
    let all = ("customer".to_owned(), "all".to_owned());
    with_rest(path, &filter, &rest.iter().cloned().chain([all]).collect::<Vec<_>>())
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
pub(super) fn people(count: i64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{} people", counted(count)) }
}

/// What was counted: `9,318`, and `more than 10,000` where the count ended.
pub(super) fn counted(count: i64) -> String {
    if count == COUNTED + 1 { format!("more than {}", number(COUNTED)) } else { number(count) }
}

/// `9,318`.
pub fn number(count: i64) -> String {
    let digits = count.to_string();
    let from_end = |at: usize| (digits.len() - at).is_multiple_of(3) && at > 0;
    digits.chars().enumerate().flat_map(|(at, digit)| from_end(at).then_some(',').into_iter().chain([digit])).collect()
}

/// The customer selector: several at once, found by typing, favourites first. A form and a `<details>`: it works without a
/// script, and then another search is another page.
pub fn customer_selector(path: &'static str, head: &ListHead) -> ViewFnOnce {
    let (choice, filter, rest) = (head.choice.clone(), head.filter.clone(), head.rest.clone());
    let (shown, others): (Vec<_>, Vec<_>) = choice.customers.iter().cloned().partition(|customer| customer.favourite);
    let parted = !shown.is_empty() && !others.is_empty();
    let face = face(&choice);
    let squares = choice.customers.iter().filter(|customer| customer.chosen).take(3);
    let squares: Vec<String> = squares.map(|customer| customer.name.clone()).collect();
    let open = !choice.find.is_empty();
    let all_users = choice.users;
    let (find, found) = (choice.find.clone(), RwSignal::new(String::new()));
    let none_found = choice.found_none.then(|| view! { <p>"No customer is called “"<bdi>{find.clone()}</bdi>"”."</p> });
    let names: Vec<String> = choice.customers.iter().map(|customer| customer.name.to_lowercase()).collect();
    let is_any_left = Memo::new(move |_| found.with(|found| names.iter().any(|name| name.contains(found.trim()))));
    let chosen: Vec<CustomerChoice> = choice.customers.iter().filter(|customer| customer.chosen).cloned().collect();
    let ticked = RwSignal::new(chosen.clone());
    ViewFnOnce::from(move || {
        let pick = move |customer: CustomerChoice| pick(customer, found, ticked);
        let (many, ready) = (choice.all, ready());
        let give_up = move |_| {
            ticked.set(chosen.clone());
            found.set(String::new());
        };
        view! {
            <details class="menu start selector" name="menu" open=open>
                <summary class="button">
                    {squares.into_iter().map(|name| view! { <Square name/> }).collect_view()}
                    <span class="cut" dir="auto">{face}</span>
                    <Icon of=Glyph::Chevron/>
                    <span class="hidden-text">" shown: choose customers"</span>
                </summary>
                <div class="menu-list">
                    <form method="get" action=path on:reset=give_up>
                        {hidden(&filter, &["customer"])}
                        {rest.iter().map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> }).collect_view()}
                        // Enter finds; whoever has found presses Show.
                        <button class="hidden-text" type="submit" name="finding" value="true" tabindex="-1">"Find"</button>
                        <input
                            class="input"
                            type="search"
                            name="find"
                            value=find
                            placeholder="Find a customer"
                            aria-label="Find a customer"
                            autocomplete="off"
                            on:input=move |event| found.set(event_target_value(&event).to_lowercase())
                        />
                        <a class="item" href=all_mine(path, &filter, &rest) aria-current=filter.customers.is_empty().then_some("true")>
                            "All mine"
                            <small>
                                {if many == 1 { "1 customer".to_owned() } else { format!("{} customers", number(i64::try_from(many).unwrap_or(0))) }}
                                {all_users.map(|users| format!(" · {}", if users == 1 { "1 user".to_owned() } else { format!("{} users", number(users)) }))}
                            </small>
                        </a>
                        <div class="picks">
                            {none_found}
                            {(!shown.is_empty()).then(|| view! { <p hidden=move || !is_any_left.get()>"Favourites"</p> })}
                            {shown.into_iter().map(pick).collect_view()}
                            {parted.then(|| view! { <p hidden=move || !is_any_left.get()>"Others"</p> })}
                            {others.into_iter().map(pick).collect_view()}
                            <p role="status" hidden=move || is_any_left.get()>"None of these is called so. Press Enter to look further."</p>
                            {(many > super::list_api::CHOICES).then(|| view! { <p>"Type a name and press Enter to find more."</p> })}
                        </div>
                        <div class="actions">
                            // Without a script nobody counts along, nor closes it.
                            <p class="note" role="status" hidden=move || !ready.get()>{move || ticked.with(|ticked| sum(ticked))}</p>
                            <button class="button item" type="reset" hidden=move || !ready.get()>"Cancel"</button>
                            <SubmitButton look=Look::Primary>"Show"</SubmitButton>
                        </div>
                    </form>
                </div>
            </details>
            <form id="favour" method="post" action="/api/users/favourite">
                <input type="hidden" name="favourite" value="true"/>
            </form>
            <form id="disfavour" method="post" action="/api/users/favourite">
                <input type="hidden" name="favourite" value="false"/>
            </form>
        }
        .into_any()
    })
}

fn face(choice: &Choice) -> String {
    match (choice.chosen, choice.all) {
        (0, 1) | (1, _) => {
            let one = choice.customers.iter().find(|customer| customer.chosen || choice.chosen == 0);
            one.map_or_else(|| "No customer of yours".to_owned(), |customer| customer.name.clone())
        }
        (0, 0) => "No customer".to_owned(),
        (0, all) => format!("All {} customers", number(i64::try_from(all).unwrap_or(0))),
        (chosen, all) => format!("{chosen} of {} customers", number(i64::try_from(all).unwrap_or(0))),
    }
}

/// `3 chosen · 1,204 users`.
fn sum(ticked: &[CustomerChoice]) -> String {
    let users: Option<i64> = ticked.iter().map(|customer| customer.users).sum();
    match (ticked.len(), users) {
        (0, _) => "None chosen".to_owned(),
        (chosen, Some(1)) => format!("{chosen} chosen · 1 user"),
        (chosen, Some(users)) => format!("{chosen} chosen · {} users", number(users)),
        (chosen, None) => format!("{chosen} chosen"),
    }
}

fn pick(customer: CustomerChoice, found: RwSignal<String>, ticked: RwSignal<Vec<CustomerChoice>>) -> AnyView {
    let this = customer.clone();
    let tick = move |event| {
        let is_ticked = event_target_checked(&event);
        ticked.update(|ticked| {
            ticked.retain(|other| other.id != this.id);
            if is_ticked {
                ticked.push(this.clone());
            }
        });
    };
    let (id, name) = (customer.id.to_string(), customer.name);
    let key = name.to_lowercase();
    let (form, words) =
        if customer.favourite { ("disfavour", "No favourite any more: ") } else { ("favour", "Favourite: ") };
    view! {
        <div class="pick" hidden=move || !key.contains(found.get().trim())>
            <label class="check">
                <input type="checkbox" name="customer" value=id.clone() checked=customer.chosen autocomplete="off" on:change=tick/>
                <Square name=name.clone()/>
                <span class="cut" dir="auto">{name.clone()}</span>
                {customer.users.map(|users| view! { <small>{number(users)}</small> })}
            </label>
            <button class="button quiet icon" class:set=customer.favourite type="submit" form=form name="customer" value=id>
                <Icon of=Glyph::Star/><span class="hidden-text">{words}{name}</span>
            </button>
        </div>
    }
    .into_any()
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
    (shown, of, of_what): (usize, i64, &str),
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
        let label = if everyone > COUNTED {
            format!("Select everybody who matches, {}", counted(everyone))
        } else {
            format!("Select all {} that match", number(everyone))
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
    use crate::domain::ids::CustomerId;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 9318, 1_000_000].map(number), ["0", "999", "1,000", "9,318", "1,000,000"]);
        assert_eq!([COUNTED, COUNTED + 1, COUNTED + 2].map(counted), ["10,000", "more than 10,000", "10,002"]);
        assert_eq!((people(1), people(1204)), ("1 person".to_owned(), "1,204 people".to_owned()));
    }

    #[test]
    fn the_chosen_customers_are_summed_up() {
        let customer = |users| CustomerChoice {
            id: CustomerId::new(Moment::from_unix_milliseconds(0), [0; 10]),
            name: "A".into(),
            users,
            chosen: true,
            favourite: false,
        };
        assert_eq!(sum(&[]), "None chosen");
        assert_eq!(sum(&[customer(Some(1))]), "1 chosen · 1 user");
        assert_eq!(sum(&[customer(Some(4)), customer(Some(1_200))]), "2 chosen · 1,204 users");
        assert_eq!(sum(&[customer(None), customer(None)]), "2 chosen");
    }
}
