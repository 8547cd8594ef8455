//! Access: what its forms keep, what a foreign customer's address answers, and what the tests of roles and customers share.

mod customer_list;
mod edits;
mod role_changes;

use axum::http::StatusCode;
use rekey::domain::access::{RoleOutcome, last_day};
use rekey::domain::authority::Role;
use rekey::domain::customer::Customer;
use rekey::domain::ids::{CustomerId, UserId};
use rekey::domain::time::{Span, Time};
use rekey::features::access::roles::{self, Whom, Wish};
use rekey::features::customers;

use super::browser::*;
use super::harness::*;

/// What is asked of a role, with a fresh code.
fn wish(world: &World, asking: &Person, customer: CustomerId, whom: Whom, role: &str, until: &str) -> Wish {
    Wish { customer, whom, role: role.to_owned(), until: until.to_owned(), code: world.fresh_code(asking) }
}

/// Asks for it in a session of its own.
async fn ask(world: &World, asking: &Person, wish: &Wish) -> RoleOutcome {
    let session = world.session(asking).await;
    let answer = roles::change(&world.platform, &world.origin, &session, wish).await.unwrap();
    // A token comes with a code that was taken, and only then.
    let taken = !matches!(answer.outcome, RoleOutcome::Code(_));
    if let Some(token) = answer.token {
        assert!(taken && world.find(&token.0).await.is_some());
    }
    answer.outcome
}

async fn change(world: &World, asking: &Person, customer: &Customer, target: &Person, role: &str) -> RoleOutcome {
    ask(world, asking, &wish(world, asking, customer.id, Whom::User(target.user.id), role, "")).await
}

async fn give(
    world: &World,
    asking: &Person,
    customer: &Customer,
    address: &str,
    role: &str,
    until: &str,
) -> RoleOutcome {
    ask(world, asking, &wish(world, asking, customer.id, Whom::Address(address.to_owned()), role, until)).await
}

async fn role_in(world: &World, person: &Person, customer: &Customer) -> Option<Role> {
    world.actor(person).await.role_in(customer.id)
}

/// Somebody at home in B who holds this role in A, until then.
async fn guest(world: &World, role: Role, ends_at: Option<Time>) -> Person {
    let person = world.member(&world.b).await;
    let mut tx = world.platform.db.begin().await.unwrap();
    roles::give(&mut tx, world.a.id, person.user, role, world.now(), ends_at).await.unwrap();
    tx.commit().await.unwrap();
    person
}

fn in_days(world: &World, days: i64) -> String {
    last_day(world.now() + Span::hours(24 * days))
}

async fn make_provider(world: &World, customer: &Customer) {
    let mut tx = world.platform.db.begin().await.unwrap();
    customers::service::make_provider(&mut tx, customer.id, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

both! {
    async fn a_form_that_was_refused_keeps_what_was_typed(world: World) {
        let (owner, ub) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.b).await);
        make_provider(&world, &world.a).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        assert!(browser.get("/customers").await.body.contains("/customers/new"));
        let fields = [("name", "a"), ("help_desk", "+49 40 7"), ("code", "123456")];
        let answer = browser.post("/api/access/add", "/customers/new", &fields).await;
        assert!(answer.location().starts_with(&format!("https://{HOST}/customers/new")), "{}", answer.location());
        let page = browser.get("/customers/new").await.body;
        assert!(page.contains("There is a customer with this name already.") && page.contains("+49 40 7"), "{page}");
        let give_page = format!("/customers/{}/people/give", world.a.id);
        let (customer, day) = (world.a.id.to_string(), in_days(&world, 3));
        let code = world.fresh_code(&owner);
        let mut fields = [
            ("customer", customer.as_str()),
            ("address", "nobody@b.example"),
            ("role", "auditor"),
            ("until", &day),
            ("code", &code),
        ];
        browser.post("/api/access/give", &give_page, &fields).await;
        let page = browser.get(&give_page).await.body;
        assert!(page.contains("Nobody with this address can be given access here."), "{page}");
        assert!(page.contains("nobody@b.example") && page.contains(&day), "{page}");
        let code = world.fresh_code(&owner);
        (fields[1].1, fields[4].1) = (&ub.address, &code);
        let answer = browser.post("/api/access/give", &give_page, &fields).await;
        let people = format!("/customers/{}/people", world.a.id);
        assert_eq!(answer.location(), people);
        let page = browser.get(&people).await.body;
        assert!(page.contains("They were told by mail.") && page.contains(&ub.name), "{page}");
        // A customer that was added opens.
        let code = world.fresh_code(&owner);
        let fields = [("name", "Nord"), ("help_desk", ""), ("code", code.as_str())];
        let answer = browser.post("/api/access/add", "/customers/new", &fields).await;
        assert!(answer.location().starts_with("/customers/"), "{}", answer.location());
        let page = browser.get(answer.location()).await.body;
        assert!(page.contains("is a customer now"), "{page}");
    }

    async fn a_foreign_customer_answers_like_a_made_up_one(world: World) {
        let (ua, secret_owner) = (world.member(&world.a).await, world.with_role(&world.a, Role::Owner).await);
        let made_up = CustomerId::new(START, [9; 10]).to_string();
        let nobody = UserId::new(START, [9; 10]).to_string();
        let (a, person) = (world.a.id.to_string(), ua.user.id.to_string());
        for asking in [world.with_role(&world.b, Role::Owner).await, world.member(&world.b).await, ua.clone()] {
            let mut browser = Browser::signed_in(&world, &asking).await;
            for path in ["/customers/C", "/customers/C/people", "/customers/C/people/give", "/customers/C/people/U"] {
                let there = browser.get(&path.replace('C', &a).replace('U', &person)).await;
                let nowhere = browser.get(&path.replace('C', &made_up).replace('U', &nobody)).await;
                assert_eq!((there.status, nowhere.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{path}");
                let plain = |answer: &Answer, customer: &str, user: &str| {
                    without_nonce(&answer.body).replace(customer, "").replace(user, "")
                };
                assert_eq!(plain(&there, &a, &person), plain(&nowhere, &made_up, &nobody), "{path}");
                assert!(!there.body.contains(&secret_owner.name), "{path}");
            }
            let code = world.fresh_code(&asking);
            for path in ["/api/access/customer", "/api/access/people", "/api/access/role"] {
                let there = browser.call(path, &[("id", &a), ("user", &person)]).await;
                let nowhere = browser.call(path, &[("id", &made_up), ("user", &nobody)]).await;
                assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body), "{path}");
            }
            for (path, whom) in [("/api/access/give", "address"), ("/api/access/change", "user")] {
                let call = |customer: String, target: String| {
                    vec![
                        ("customer", customer),
                        (whom, target),
                        ("role", "admin".to_owned()),
                        ("code", code.clone()),
                    ]
                };
                let mut answers = Vec::new();
                for (customer, user, address) in
                    [(&a, &person, ua.address.as_str()), (&made_up, &nobody, "nobody@b.example")]
                {
                    let target = if whom == "user" { user.clone() } else { address.to_owned() };
                    let fields = call(customer.clone(), target);
                    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let answer = browser.call(path, &fields).await;
                    answers.push((answer.status, answer.body));
                    let (what, _) = world.last_recorded(asking.user.customer).await;
                    assert_eq!(what, "change_refused", "{path}");
                }
                assert_eq!(answers[0], answers[1], "{path}");
                assert_eq!(answers[0].1, "\"Unknown\"", "{path}");
            }
        }
        assert_eq!(role_in(&world, &ua, &world.a).await, Some(Role::Member));
    }
}
