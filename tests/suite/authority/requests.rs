//! A thousand mixed requests by each role, sent as a browser sends them, against a model that knows what each has to show and
//! to change. It is written from the table of authority, and knows nothing of the code that keeps it.

use std::collections::BTreeMap;

use rekey::domain::authority::Role;
use rekey::domain::customer::Customer;
use rekey::domain::ids::UserId;
use rekey::domain::policy::Policy;
use rekey::features::customers;

use super::super::browser::*;
use super::super::harness::*;
use super::super::lists::Dice;

const CUSTOMERS: usize = 3;

/// Somebody of whom the requests are, as the model has them.
struct Known {
    person: Person,
    home: usize,
    /// In each customer.
    roles: [Option<Role>; CUSTOMERS],
    invited: bool,
    suspended: bool,
    sessions: i64,
}

impl Known {
    fn role_at_home(&self) -> Role {
        self.roles[self.home].expect("everybody has one")
    }

    /// As the users list and the details show them.
    fn is_shown_to(&self, caller: &Caller) -> bool {
        caller.reads(self.home)
    }

    /// As somebody with a role in a customer.
    fn is_named_in(&self, customer: usize) -> bool {
        self.roles[customer].is_some_and(|role| role != Role::Member || customer != self.home)
    }
}

/// Who asks, signed in with a second factor.
struct Caller {
    person: Person,
    roles: [Option<Role>; CUSTOMERS],
}

impl Caller {
    fn reads(&self, customer: usize) -> bool {
        matches!(self.roles[customer], Some(Role::Owner | Role::Admin | Role::Auditor))
    }

    /// Resets, suspends, ends sessions of somebody at home there with this role.
    fn manages(&self, customer: usize, target: Role) -> bool {
        match self.roles[customer] {
            Some(Role::Owner) => true,
            Some(Role::Admin) => target != Role::Owner,
            _ => false,
        }
    }
}

struct Model {
    world: World,
    customers: [Customer; CUSTOMERS],
    caller: Caller,
    known: Vec<Known>,
    dice: Dice,
    browser: Browser,
    /// How many requests of each kind showed or changed something, and how many did not.
    came: BTreeMap<&'static str, (usize, usize)>,
}

/// What is in the database of somebody.
type Stored = (UserId, i64, i64, i64);

impl Model {
    async fn new(world: World, roles: [Option<Role>; CUSTOMERS]) -> Self {
        let mut tx = world.platform.db.begin().await.unwrap();
        let c = customers::service::add(&mut tx, &world.platform, "C", None, Policy::default()).await.unwrap();
        tx.commit().await.unwrap();
        let customers = [world.a.clone(), world.b.clone(), c.expect("a new name")];
        let mut known = Vec::new();
        for (home, customer) in customers.iter().enumerate() {
            // Two of whom nothing is asked, so that nobody is the last owner.
            world.people(customer, Who { role: Role::Owner, ..Who::MEMBER }, 2).await;
            let active = Role::ALL.iter().map(|role| Who { role: *role, ..Who::MEMBER });
            let others = [
                Who { suspended: true, ..Who::MEMBER },
                Who { suspended: true, role: Role::Admin, ..Who::MEMBER },
                Who { invited: true, ..Who::MEMBER },
            ];
            for who in active.chain(others) {
                let mut roles = [None; CUSTOMERS];
                roles[home] = Some(who.role);
                let (invited, suspended) = (who.invited, who.suspended);
                known.push(Known {
                    person: world.person(customer, who).await,
                    home,
                    roles,
                    invited,
                    suspended,
                    sessions: 0,
                });
            }
        }
        // And some who help elsewhere.
        for (home, elsewhere, role) in
            [(1, 0, Role::Auditor), (2, 0, Role::Admin), (0, 1, Role::Owner), (1, 2, Role::Admin)]
        {
            let person = world.member(&customers[home]).await;
            world.grant(&person, &customers[elsewhere], role).await;
            let mut roles = [None; CUSTOMERS];
            (roles[home], roles[elsewhere]) = (Some(Role::Member), Some(role));
            known.push(Known { person, home, roles, invited: false, suspended: false, sessions: 0 });
        }
        let person = world.with_role(&customers[0], roles[0].expect("at home in the first")).await;
        for (customer, role) in customers.iter().zip(roles).skip(1) {
            if let Some(role) = role {
                world.grant(&person, customer, role).await;
            }
        }
        let browser = Browser::signed_in(&world, &person).await;
        Self {
            world,
            customers,
            caller: Caller { person, roles },
            known,
            dice: Dice(23),
            browser,
            came: BTreeMap::new(),
        }
    }

    /// Sends one request; what it answers.
    async fn ask(&mut self, path: &str, fields: &[(&str, String)]) -> String {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.browser.call(path, &fields).await;
        assert!(
            answer.status.as_u16() < 400 || answer.status.as_u16() == 404,
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        answer.body
    }

    /// Asks for something that names people, who have to be those of whom `shown` is true, and nobody else.
    async fn reads(&mut self, path: &'static str, fields: &[(&str, String)], shown: impl Fn(&Known) -> bool) {
        let body = self.ask(path, fields).await;
        let mut found = 0;
        for one in &self.known {
            let is_there = body.contains(&format!("\"{}\"", one.person.name));
            assert_eq!(is_there, shown(one), "{path} {fields:?}: {}: {body}", one.person.name);
            found += usize::from(is_there);
        }
        self.count(path, found > 0);
    }

    fn count(&mut self, path: &'static str, something: bool) {
        let (some, none) = self.came.entry(path).or_default();
        *(if something { some } else { none }) += 1;
    }

    /// Sends a request that does something to `who` if `may`, and tells the model of it then.
    async fn writes(
        &mut self,
        path: &'static str,
        fields: &[(&str, String)],
        who: usize,
        may: bool,
        done: impl Fn(&mut Known),
    ) {
        self.ask(path, fields).await;
        if may {
            done(&mut self.known[who]);
        }
        self.count(path, may);
    }

    async fn one_request(&mut self) {
        let who = self.dice.below(self.known.len());
        let place = self.dice.below(CUSTOMERS);
        let (id, name) = (self.known[who].person.user.id, self.known[who].person.name.clone());
        let (home, role) = (self.known[who].home, self.known[who].role_at_home());
        let is_visible = self.known[who].is_shown_to(&self.caller);
        let manages = self.caller.manages(home, role);
        let (about, customer) = (("id", id.to_string()), self.customers[place].id.to_string());
        match self.dice.below(12) {
            0 => {
                // Of several customers at once.
                let chosen: Vec<usize> = (0..CUSTOMERS).filter(|_| self.dice.below(2) == 0).chain([place]).collect();
                let read: Vec<usize> = chosen.iter().copied().filter(|one| self.caller.reads(*one)).collect();
                let query: Vec<String> =
                    chosen.iter().map(|one| format!("customer={}", self.customers[*one].id)).collect();
                let path = if self.dice.below(2) == 0 { "/api/users/page" } else { "/api/users/methods" };
                self.reads(path, &[("query", query.join("&"))], |one| {
                    read.contains(&one.home) && (path == "/api/users/page" || !one.invited)
                })
                .await;
            }
            1 => {
                let local = self.known[who].person.address.split('@').next().unwrap().to_owned() + "@";
                let query = format!("customer={}&q={local}", self.customers[home].id);
                self.reads("/api/users/page", &[("query", query)], |one| is_visible && one.person.name == name).await;
            }
            2 => self.reads("/api/users/user", &[about], |one| is_visible && one.person.name == name).await,
            3 => self.reads("/api/accounts/account", &[about], |one| is_visible && one.person.name == name).await,
            4 => {
                let is_open = self.caller.reads(place);
                self.reads("/api/access/people", &[("id", customer)], |one| is_open && one.is_named_in(place)).await;
            }
            5 => {
                let is_held = self.caller.reads(place) && self.known[who].roles[place].is_some();
                let fields = [("id", customer), ("user", id.to_string())];
                self.reads("/api/access/role", &fields, |one| is_held && one.person.name == name).await;
            }
            6 => {
                let may = manages && !self.known[who].suspended;
                self.writes("/api/accounts/suspend", &[about], who, may, |one| {
                    one.suspended = true;
                    one.sessions = 0;
                })
                .await;
            }
            7 => {
                let may = manages && self.known[who].suspended;
                self.writes("/api/accounts/reactivate", &[about], who, may, |one| one.suspended = false).await;
            }
            8 => {
                let one = &self.known[who];
                if !one.suspended && !one.invited {
                    self.world.session_token(&one.person).await;
                    self.known[who].sessions += 1;
                }
                self.writes("/api/users/end_sessions", &[about], who, manages, |one| one.sessions = 0).await;
            }
            9 | 10 => self.gives_a_role(who, place).await,
            _ => self.plans_a_reset().await,
        }
    }

    async fn gives_a_role(&mut self, who: usize, place: usize) {
        let to = self.dice.one(&[Some(Role::Owner), Some(Role::Admin), Some(Role::Auditor), None]);
        let one = &self.known[who];
        let at_home = one.home == place;
        let from = one.roles[place];
        let touches_owner = from == Some(Role::Owner) || to == Some(Role::Owner);
        let may = from.is_some()
            && match self.caller.roles[place] {
                Some(Role::Owner) => true,
                Some(Role::Admin) => !touches_owner,
                _ => false,
            };
        let role = to.map_or_else(|| "none".to_owned(), |role| role.to_string());
        let code = self.world.fresh_code(&self.caller.person);
        let customer = self.customers[place].id.to_string();
        let fields = [("customer", customer), ("user", one.person.user.id.to_string()), ("role", role), ("code", code)];
        let then = if at_home { to.or(Some(Role::Member)) } else { to };
        self.writes("/api/access/change", &fields, who, may, |one| one.roles[place] = then).await;
    }

    /// Of some people at once: of all of them or, where one is not the caller's to reset, of none.
    async fn plans_a_reset(&mut self) {
        let count = 1 + self.dice.below(3);
        let chosen: Vec<usize> = (0..count).map(|_| self.dice.below(self.known.len())).collect();
        let may = chosen.iter().all(|who| {
            let one = &self.known[*who];
            self.caller.manages(one.home, one.role_at_home())
        });
        let ids: Vec<String> = chosen.iter().map(|who| self.known[*who].person.user.id.to_string()).collect();
        let names = ["users[0]", "users[1]", "users[2]"];
        let fields: Vec<(&str, String)> = names.into_iter().zip(ids.iter().cloned()).collect();
        self.world.execute("DELETE FROM reset_items").await;
        self.world.execute("DELETE FROM resets").await;
        self.ask("/api/reset/plan", &fields).await;
        let mut expected: Vec<(String, bool)> = chosen
            .iter()
            .filter(|_| may)
            .map(|who| {
                let one = &self.known[*who];
                (one.person.user.id.to_string(), one.suspended || one.invited)
            })
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let mut conn = self.world.platform.db.read().await.unwrap();
        let mut planned: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT user_id, skip FROM reset_items").fetch_all(&mut *conn).await.unwrap();
        planned.sort_unstable();
        let planned: Vec<(String, bool)> = planned.into_iter().map(|(user, skip)| (user, skip.is_some())).collect();
        assert_eq!(planned, expected);
        self.count("/api/reset/plan", may);
    }

    /// What the database says of everybody is what the model says.
    async fn compare(&self) {
        let mut conn = self.world.platform.db.read().await.unwrap();
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT u.id, CAST(CASE WHEN u.suspended_at IS NULL THEN 0 ELSE 1 END AS BIGINT), \
                CAST(CASE WHEN u.activated_at IS NULL THEN 1 ELSE 0 END AS BIGINT), (SELECT COUNT(*) FROM sessions s WHERE s.user_id = u.id) FROM users u",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
        let held: Vec<(String, UserId, Role)> =
            sqlx::query_as("SELECT customer_id, user_id, role FROM memberships").fetch_all(&mut *conn).await.unwrap();
        for one in &self.known {
            let id = one.person.user.id;
            let row = stored.iter().find(|row| row.0 == id).unwrap();
            assert_eq!(
                (row.1, row.2, row.3),
                (i64::from(one.suspended), i64::from(one.invited), one.sessions),
                "{}",
                one.person.name
            );
            for (place, customer) in self.customers.iter().enumerate() {
                let role =
                    held.iter().find(|held| held.0 == customer.id.to_string() && held.1 == id).map(|held| held.2);
                assert_eq!(role, one.roles[place], "{} in {}", one.person.name, customer.name);
            }
        }
    }
}

/// A thousand requests of somebody with these roles in three customers.
async fn thousand(world: World, roles: [Option<Role>; CUSTOMERS]) {
    let mut model = Model::new(world, roles).await;
    for _ in 0..1000 {
        model.one_request().await;
        model.compare().await;
    }
    // Each kind was asked for often, and those that are theirs somewhere were served.
    let manages = roles.into_iter().flatten().any(|role| matches!(role, Role::Owner | Role::Admin));
    let reads = roles.into_iter().flatten().any(|role| role != Role::Member);
    for (path, (some, none)) in &model.came {
        let is_read = !matches!(
            *path,
            "/api/accounts/suspend"
                | "/api/accounts/reactivate"
                | "/api/users/end_sessions"
                | "/api/access/change"
                | "/api/reset/plan"
        );
        assert_eq!(*some > 3, if is_read { reads } else { manages }, "{path}: {some}, {none}");
        assert!(*none > 0, "{path}: {some}, {none}");
    }
    assert_eq!(model.came.len(), 11, "{:?}", model.came.keys());
    model.world.assert_chains_whole().await;
}

both! {
    async fn an_owner_sends_a_thousand_requests(world: World) {
        thousand(world, [Some(Role::Owner), None, Some(Role::Auditor)]).await;
    }

    async fn an_admin_sends_a_thousand_requests(world: World) {
        thousand(world, [Some(Role::Admin), Some(Role::Owner), None]).await;
    }

    async fn an_auditor_sends_a_thousand_requests(world: World) {
        thousand(world, [Some(Role::Auditor), None, None]).await;
    }

    async fn a_member_sends_a_thousand_requests(world: World) {
        thousand(world, [Some(Role::Member), None, None]).await;
    }
}
