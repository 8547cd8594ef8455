//! Every server function, called by everybody who has a role, about people and customers of their own and about others'.

mod requests;
mod routes;
mod table;

use std::collections::BTreeSet;

use rekey::domain::authority::Role;
use rekey::domain::caller::SecondProof;
use rekey::domain::customer::Customer;
use rekey::features::{methods, session};
use rekey::platform::text::version_of;

use super::accounts_lists::frozen;
use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::http::{Door, functions};
use super::tokens;
use table::table;

/// Whom a server function serves, in the customer that it is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum For {
    /// Whoever asks, about nobody but themself.
    Oneself,
    /// Owners, admins and auditors.
    Readers,
    /// Owners and admins, about whoever is no owner.
    Managers,
    /// Owners.
    Owners,
    /// Owners and admins of a provider, which neither customer is.
    Providers,
    /// Whoever froze the plan, which somebody else did.
    Requester,
}

impl For {
    fn serves(self, role: Role) -> bool {
        match self {
            Self::Oneself | Self::Providers | Self::Requester => false,
            Self::Readers => role.reads(),
            Self::Managers => role.manages(Role::Member),
            Self::Owners => role == Role::Owner,
        }
    }
}

/// A server function with a call that would do what it is there for. What stands in braces is filled in: see [`Target`].
struct Function {
    path: &'static str,
    whom: For,
    /// Whether it changes anything of anybody else.
    writes: bool,
    /// Whether its answer names the target.
    names: bool,
    fields: Vec<(&'static str, &'static str)>,
}

/// Whom a call is about: people of one customer, as they are before it.
struct Target {
    names: Vec<(&'static str, String)>,
    /// What nobody may read who may not read of them.
    secret: Vec<String>,
}

impl Target {
    async fn of(world: &World, customer: &Customer, owner: &Person) -> Self {
        let checked = policy(|policy| {
            policy.second_proof = SecondProof::PasswordOrCallerCode;
            policy.call_back_check = true;
        });
        world.set_policy(customer, checked).await;
        let user = world.member(customer).await;
        // One more, so that neither is the last.
        let mut tx = world.platform.db.begin().await.unwrap();
        let step = rekey::domain::totp::Step(0);
        methods::service::register(&mut tx, &world.platform, user.user, &owner.secret, step).await.unwrap();
        tx.commit().await.unwrap();
        let suspended = world.person(customer, Who { suspended: true, ..Who::MEMBER }).await;
        let invited = world.person(customer, Who { invited: true, ..Who::MEMBER }).await;
        let outsider = world.member(if customer.id == world.a.id { &world.b } else { &world.a }).await;
        world.session_token(&user).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let session = session::service::list(&mut conn, user.user, world.now()).await.unwrap()[0].id;
        drop(conn);
        let device = world.trusted(&user, 30).await.id;
        let method = format!("SELECT id FROM methods WHERE user_id = '{}'", user.user.id);
        let (back, waiting) = (world.member(customer).await, world.member(customer).await);
        let done = world.reset(owner, &[back.user]).await;
        world.prove(&world.link_token(back.user).await.unwrap()).await.unwrap();
        let set_up = format!("SELECT id FROM challenges WHERE user_id = '{}'", back.user.id);
        let running = world.confirmed(owner, &[waiting.user]).await;
        let reset = world.plan(owner, &[user.user]).await;
        // The same plan once more, for which approval was asked.
        let asked = world.plan(owner, &[user.user]).await;
        let now = world.now().unix_milliseconds();
        world
            .execute(&format!("UPDATE resets SET approval_asked_at = {now}, reason = 'lost' WHERE id = '{asked}'"))
            .await;
        let list = frozen(world, owner, &format!("name,address\nListed,{}@listed.example\n", user.user.id)).await;
        let token = tokens::stocked(world, customer, owner).await;
        let assigned = tokens::assigned(world, customer, owner, &user).await;
        let import = format!(
            "serial number,secret key,timeinterval\n{},{},30\n",
            user.user.id, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        let import = tokens::held(world, owner, &import).await;
        let policy = format!("SELECT policy FROM customers WHERE id = '{}'", customer.id);
        let policy: rekey::domain::policy::Policy = serde_json::from_str(&world.text(&policy).await.unwrap()).unwrap();
        let mut conn = world.platform.db.read().await.unwrap();
        let seen = rekey::features::customers::service::of_user(&mut conn, customer.id).await.unwrap().unwrap();
        drop(conn);
        let names = vec![
            ("{user}", user.user.id.to_string()),
            ("{local}", user.address.split('@').next().unwrap().to_owned()),
            ("{outsider}", outsider.address.clone()),
            ("{suspended}", suspended.user.id.to_string()),
            ("{invited}", invited.user.id.to_string()),
            ("{method}", world.text(&method).await.unwrap()),
            ("{session}", session.to_string()),
            ("{device}", device.to_string()),
            ("{reset}", reset.to_string()),
            ("{asked}", asked.to_string()),
            ("{back}", back.user.id.to_string()),
            ("{set_up}", world.text(&set_up).await.unwrap()),
            ("{done}", done.to_string()),
            ("{running}", running.to_string()),
            ("{list}", list.to_string()),
            ("{token}", token.to_string()),
            ("{assigned}", assigned.to_string()),
            ("{import}", import.to_string()),
            ("{address}", user.address.clone()),
            ("{hash}", world.plan_hash(reset).await),
            ("{customer}", customer.id.to_string()),
            ("{version}", version_of(&policy)),
            ("{seen}", version_of(&seen.details())),
        ];
        Self { names, secret: vec![format!("\"{}\"", user.name), user.address, back.address] }
    }

    /// The same with identifiers that nobody has.
    fn made_up(&self) -> Self {
        let id = |value: &String| value.len() == 26 && !value.contains('@');
        let names = self.names.iter().map(|(name, value)| {
            (*name, if id(value) { "01mcc5rm003kab9w64hq9mjq2v".to_owned() } else { value.clone() })
        });
        Self { names: names.collect(), secret: Vec::new() }
    }

    fn fill(&self, text: &str, n: usize, code: &str) -> String {
        let text = text.replace("{n}", &n.to_string()).replace("{code}", code);
        self.names.iter().fold(text, |text, (name, value)| text.replace(name, value))
    }

    /// What an answer says, whomever it is about and whenever it is given.
    fn without_names(&self, answer: &str) -> String {
        let text = self.names.iter().fold(answer.to_owned(), |text, (_, value)| text.replace(value, "·"));
        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    }
}

/// Everything that is not the caller's own, but for the record.
async fn of_others(world: &World, caller: &Person) -> Dump {
    let id = caller.user.id.to_string();
    let mut dump = Dump::of_all_but(world, &["audit_events"]).await.but_the_record();
    for rows in dump.0.values_mut() {
        rows.retain(|row| !["id", "user_id", "requester_id"].iter().any(|column| row.get(*column) == Some(&id)));
    }
    dump
}

#[test]
fn every_server_function_that_asks_who_is_signed_in_is_in_the_table() {
    let here: BTreeSet<&str> = table().iter().map(|function| function.path).collect();
    let all: BTreeSet<&str> =
        functions().into_iter().filter(|(_, door, _)| *door == Door::SignedIn).map(|(path, ..)| path).collect();
    assert_eq!(here, all);
    assert_eq!(here.len(), table().len(), "twice");
    assert_eq!(Role::ALL.len(), 4, "each role walks the table in a test of its own, below");
}

/// Somebody with `role` in A, and with `elsewhere` in B.
async fn somebody(world: &World, role: Role, elsewhere: Option<Role>) -> Person {
    let person = world.with_role(&world.a, role).await;
    if let Some(role) = elsewhere {
        world.grant(&person, &world.b, role).await;
    }
    person
}

/// What somebody with this role is served, and what not: in their customer, and in one where they have another role or are
/// nobody.
async fn serves(world: World, role: Role, elsewhere: Option<Role>) {
    // Two owners each, so that nobody is the last.
    let owners = [world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await];
    world.with_role(&world.a, Role::Owner).await;
    world.with_role(&world.b, Role::Owner).await;
    let mut targets = [Target::of(&world, &world.a, &owners[0]).await, Target::of(&world, &world.b, &owners[1]).await];
    let (mut n, mut wrong) = (0, Vec::new());
    let caller = somebody(&world, role, elsewhere).await;
    let mut before = of_others(&world, &caller).await;
    for (at, customer) in [&world.a, &world.b].into_iter().enumerate() {
        for function in table() {
            n += 1;
            // Wrong codes are part of it: they are not to lock the caller out of the next call.
            world.execute("UPDATE users SET wrong_codes_in_a_row = 0, wrong_codes_recent = 0").await;
            let call = async |target: &Target, n: usize| {
                let code = world.fresh_code(&caller);
                let mut browser = Browser::signed_in(&world, &caller).await;
                let fields: Vec<(&str, String)> =
                    function.fields.iter().map(|(name, value)| (*name, target.fill(value, n, &code))).collect();
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                browser.call(function.path, &fields).await
            };
            let target = &targets[at];
            let held = [Some(role), elsewhere][at];
            let who = format!("{role} of A at {} about {}, where {held:?}", function.path, customer.name);
            let answer = call(target, n).await;
            let served = held.is_some_and(|role| function.whom.serves(role));
            let changed = before != of_others(&world, &caller).await;
            let told = target.secret.iter().any(|secret| answer.body.contains(secret));
            let mut must = |holds: bool, what: &str| {
                if !holds {
                    wrong.push(format!("{who}: {what}: {} {}", answer.status, answer.body));
                }
            };
            must(answer.status.as_u16() < 500 && answer.status.as_u16() != 400, "understood");
            must(changed == (served && function.writes), "changes what it may, and only that");
            must(!(served && function.names) || told, "tells whom it serves");
            must(served || !told, "tells nobody else");
            if held.is_none() && function.fields.iter().any(|(_, value)| value.contains('{')) {
                // A foreign one is answered as one that nobody has.
                let made_up = target.made_up();
                let other = call(&made_up, n).await;
                let said = (answer.status, target.without_names(&answer.body));
                let of_nobody = (other.status, made_up.without_names(&other.body));
                must(said == of_nobody, &format!("as one that nobody has, {of_nobody:?}"));
            }
            if changed {
                targets[at] = Target::of(&world, customer, &owners[at]).await;
                before = of_others(&world, &caller).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.assert_chains_whole().await;
}

// A world for each role, so that what is compared stays small.
both! {
    async fn owners_are_served_where_they_are_owners(world: World) {
        serves(world, Role::Owner, None).await;
    }

    async fn admins_are_served_where_they_are_admins(world: World) {
        serves(world, Role::Admin, None).await;
    }

    async fn auditors_are_served_where_they_are_auditors(world: World) {
        serves(world, Role::Auditor, None).await;
    }

    async fn members_are_served_about_themselves_only(world: World) {
        serves(world, Role::Member, None).await;
    }

    async fn an_admin_who_is_auditor_elsewhere_changes_nothing_there(world: World) {
        serves(world, Role::Admin, Some(Role::Auditor)).await;
    }

    async fn a_member_who_is_owner_elsewhere_is_one_there_only(world: World) {
        serves(world, Role::Member, Some(Role::Owner)).await;
    }
}
