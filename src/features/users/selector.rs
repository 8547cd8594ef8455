//! The customer selector of every list: whose rows are shown.

use leptos::children::ViewFnOnce;
use leptos::prelude::*;

use super::list_api::{CHOICES, Choice, CustomerChoice, ListHead, with_rest};
use super::list_parts::{hidden, number};
use crate::domain::user_filter::UserFilter;
use crate::ui::{Glyph, Icon, Look, Square, SubmitButton, ready};

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
                            {(many > CHOICES).then(|| view! { <p>"Type a name and press Enter to find more."</p> })}
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

/// The address that shows everybody again, and says so: without it the last choice would be remembered.
fn all_mine(path: &str, filter: &UserFilter, rest: &[(String, String)]) -> String {
    let filter = UserFilter { customers: Vec::new(), ..filter.clone() };
    let all = ("customer".to_owned(), "all".to_owned());
    with_rest(path, &filter, &rest.iter().cloned().chain([all]).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CustomerId;
    use crate::domain::time::Time;

    #[test]
    fn the_chosen_customers_are_summed_up() {
        let customer = |users| CustomerChoice {
            id: CustomerId::new(Time::from_unix_milliseconds(0), [0; 10]),
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
