//! The lists of users and of methods, against a model that knows the answer. What is chosen in them is in
//! `choice`; whoever reads very many customers is in `many_customers`.

mod choice;
mod many_customers;

use rekey::domain::authority::{Right, Role, Scope};
use rekey::domain::count::Count;
use rekey::domain::customer::Customer;
use rekey::domain::ids::CustomerId;
use rekey::domain::method::MethodKind;
use rekey::domain::time::{Span, Time};
use rekey::domain::user::{Standing, UserRef};
use rekey::domain::user_filter::{AddressState, CodesState, MfaState, Seen, Sort, UserFilter};
use rekey::features::users;
use rekey::platform::db::Engine;

use super::harness::*;

/// A number that was counted to its end.
fn exactly(count: Count) -> i64 {
    let Count::Exactly(count) = count else { panic!("{count:?}") };
    count
}

/// What is true of somebody.
#[derive(Clone, Debug)]
struct Facts {
    user: UserRef,
    name: String,
    address: String,
    role: Role,
    standing: Standing,
    verified: bool,
    methods: i64,
    kinds: Vec<MethodKind>,
    codes_left: i64,
    codes_low: i64,
    saved: bool,
    last_sign_in: Option<Time>,
    due: bool,
    frozen: bool,
}

impl Facts {
    fn meant_by(&self, filter: &UserFilter, now: Time) -> bool {
        let active = self.standing == Standing::Active;
        let search = filter.search.to_lowercase();
        filter.standing.is_none_or(|standing| standing == self.standing)
            && (self.name.contains(&search) || self.address.contains(&search))
            && (filter.customers.is_empty() || filter.customers.contains(&self.user.customer))
            && (filter.roles.is_empty() || filter.roles.contains(&self.role))
            && filter.kind.is_none_or(|kind| self.kinds.contains(&kind))
            && filter.seen.is_none_or(|seen| seen.holds(self.last_sign_in, now))
            && filter.address.is_none_or(|state| (state == AddressState::Verified) == self.verified)
            && filter.mfa.is_none_or(|mfa| match mfa {
                MfaState::SetUp => self.methods > 0,
                MfaState::One => active && self.methods == 1,
                MfaState::None => active && self.methods == 0 && !self.due,
                MfaState::Reset => active && self.due,
                MfaState::Frozen => active && self.frozen,
            })
            && filter.codes.is_none_or(|codes| {
                let enrolled = active && self.methods > 0;
                match codes {
                    CodesState::Low => enrolled && self.codes_left <= self.codes_low,
                    CodesState::Unsaved => enrolled && !self.saved,
                }
            })
    }
}

fn sorted(mut meant: Vec<Facts>, sort: Sort) -> Vec<UserRef> {
    let place = |facts: &Facts| facts.last_sign_in.map_or(0, Time::unix_milliseconds);
    meant.sort_by_key(|facts| facts.user.id.to_string());
    match sort {
        Sort::Name | Sort::NameDown => meant.sort_by(|a, b| a.name.cmp(&b.name)),
        Sort::SignIn | Sort::SignInDown => meant.sort_by_key(place),
    }
    if matches!(sort, Sort::NameDown | Sort::SignInDown) {
        meant.reverse();
    }
    meant.into_iter().map(|facts| facts.user).collect()
}

/// A sequence that is the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn maybe<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (self.below(3) == 0).then(|| self.one(all))
    }
}

fn ago(world: &World, span: Span) -> Time {
    Time::from_unix_milliseconds(world.now().unix_milliseconds() - span.as_milliseconds())
}

/// Somebody with facts that the dice choose.
async fn somebody(world: &World, home: &Customer, dice: &mut Dice) -> Facts {
    let role = dice.one(Role::ALL);
    let standing = dice.one(&[Standing::Active, Standing::Active, Standing::Invited, Standing::Suspended]);
    // Whoever is invited has none yet.
    let methods = if standing == Standing::Invited { 0 } else { i64::try_from(dice.below(3)).unwrap() };
    let (verified, saved, due) = (dice.below(4) > 0, dice.below(4) > 0, dice.below(5) == 0);
    let who = Who {
        role,
        invited: standing == Standing::Invited,
        suspended: standing == Standing::Suspended,
        unverified: !verified,
        without_factor: methods == 0,
        ..Who::MEMBER
    };
    let person = world.person(home, who).await;
    let id = person.user.id;
    let name = format!("{}{}", dice.one(&["ada", "bob", "cyd"]), dice.below(9));
    let days = [0, 6, 7, 8, 29, 30, 31, 89, 90, 91, 300];
    let last_sign_in = (dice.below(4) > 0).then(|| ago(world, Span::hours(24 * dice.one(&days))));
    let at = last_sign_in.map_or_else(|| "NULL".to_owned(), |at| at.unix_milliseconds().to_string());
    let now = world.now().unix_milliseconds();
    let due_at = if due { now.to_string() } else { "NULL".to_owned() };
    // Said before that reset, at its moment, or after it; a newer reset thaws.
    let said = (dice.below(4) == 0).then(|| now + dice.one(&[-1, 0, 1]));
    let frozen = said.is_some_and(|said| !due || said >= now);
    let said_at = said.map_or_else(|| "NULL".to_owned(), |said| said.to_string());
    world
        .execute(&format!(
            "UPDATE users SET name = '{name}', name_key = '{name}', last_sign_in_at = {at}, set_up_due_at = {due_at}, \
                disowned_at = {said_at} WHERE id = '{id}'"
        ))
        .await;
    let mut kinds = vec![MethodKind::AuthenticatorApp; usize::from(methods > 0)];
    if methods == 2 {
        let kind = dice.one(MethodKind::ALL);
        kinds.push(kind);
        let columns = "customer_id, user_id, secret, last_step, registered_at";
        world
            .execute(&format!(
                "INSERT INTO methods (id, kind, {columns}) SELECT '2' || substr(id, 2), '{kind}', {columns} FROM methods \
                 WHERE user_id = '{id}'"
            ))
            .await;
    }
    let left = i64::try_from(dice.below(11)).unwrap();
    let codes_left = if methods == 0 { 0 } else { left };
    world.execute(&format!("UPDATE backup_codes SET used_at = 1 WHERE user_id = '{id}' AND number > {left}")).await;
    let saved_at = if saved { "1" } else { "NULL" };
    world.execute(&format!("UPDATE backup_code_sets SET saved_at = {saved_at} WHERE user_id = '{id}'")).await;
    let address = format!("{}@{}.example", id.to_string().to_lowercase(), home.name.to_lowercase());
    world
        .execute(&format!("UPDATE users SET address = '{address}', address_key = '{address}' WHERE id = '{id}'"))
        .await;
    let codes_low = i64::from(home.policy.codes_low);
    Facts {
        user: person.user,
        name,
        address,
        role,
        standing,
        verified,
        methods,
        kinds,
        codes_left,
        codes_low,
        saved,
        last_sign_in,
        due,
        frozen,
    }
}

fn some_filter(dice: &mut Dice, customers: &[CustomerId]) -> UserFilter {
    UserFilter {
        search: dice.one(&["", "", "", "ada", "BOB", "b.example", "cyd1", "%", "nobody at all"]).to_owned(),
        customers: customers.iter().copied().filter(|_| dice.below(3) == 0).collect(),
        standing: dice.maybe(Standing::ALL),
        mfa: dice.maybe(MfaState::ALL),
        kind: dice.maybe(MethodKind::ALL),
        codes: dice.maybe(CodesState::ALL),
        roles: Role::ALL.iter().copied().filter(|_| dice.below(4) == 0).collect(),
        seen: dice.maybe(Seen::ALL),
        address: dice.maybe(AddressState::ALL),
        sort: dice.one(Sort::ALL),
    }
}

async fn listed(world: &World, scope: &Scope, filter: &UserFilter) -> Vec<UserRef> {
    let mut conn = world.platform.db.read().await.unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = users::service::page(&mut conn, scope, filter, world.now(), cursor.as_deref()).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.user));
        cursor = page.next;
        if cursor.is_none() {
            return seen;
        }
    }
}

/// Four readers, and for each the customers whose users they may see.
async fn readers(world: &World) -> Vec<(Person, Vec<CustomerId>)> {
    let owner = world.with_role(&world.a, Role::Owner).await;
    let both = world.with_role(&world.a, Role::Admin).await;
    world.grant(&both, &world.b, Role::Auditor).await;
    let auditor = world.with_role(&world.b, Role::Auditor).await;
    let member = world.member(&world.a).await;
    let (a, b) = (world.a.id, world.b.id);
    vec![(owner, vec![a]), (both, vec![a, b]), (auditor, vec![b]), (member, vec![])]
}

#[test]
fn a_search_of_everybody_reads_what_it_finds_on_postgres() {
    run(Engine::Postgres, |world| async move {
        let mut conn = world.platform.db.read().await.unwrap();
        // So few people are read whole: what is asked is whether there is another way.
        world.execute("DROP INDEX users_by_name, users_by_name_anywhere, users_by_sign_in").await;
        for whole in ["seqscan", "indexscan", "indexonlyscan"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("SET enable_{whole} = off"))).execute(&mut *conn).await.unwrap();
        }
        let plan: Vec<(String,)> = sqlx::query_as(
            "EXPLAIN SELECT COUNT(*) FROM users WHERE removed_at IS NULL \
                AND (name_key LIKE '%zyx%' ESCAPE '\\' OR address_key LIKE '%zyx%' ESCAPE '\\')",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
        let plan: String = plan.into_iter().map(|(line,)| line + "\n").collect();
        assert_eq!(plan.matches("users_by_part").count(), 2, "{plan}");
    });
}

both! {
    async fn a_thousand_questions_get_the_answers_of_a_model(world: World) {
        let readers = readers(&world).await;
        let mut dice = Dice(7);
        let mut everybody = Vec::new();
        for _ in 0..70 {
            let home = dice.one(&[&world.a, &world.b]).clone();
            everybody.push(somebody(&world, &home, &mut dice).await);
        }
        let known: Vec<UserRef> = everybody.iter().map(|facts| facts.user).collect();
        let mut found = 0;
        for round in 0..1000 {
            let (reader, sees) = &readers[round % readers.len()];
            let scope = world.actor(reader).await.scope(Right::Read);
            assert_eq!(scope.customers().len(), sees.len());
            let filter = some_filter(&mut dice, &[world.a.id, world.b.id]);
            let chosen = if filter.customers.is_empty() { scope.clone() } else { scope.narrowed(&filter.customers) };
            let meant: Vec<Facts> = everybody
                .iter()
                .filter(|facts| sees.contains(&facts.user.customer) && facts.meant_by(&filter, world.now()))
                .cloned()
                .collect();
            // The readers themselves are on the lists too; the model does not know them.
            let shown = listed(&world, &chosen, &filter).await;
            let shown: Vec<UserRef> = shown.into_iter().filter(|user| known.contains(user)).collect();
            assert_eq!(shown, sorted(meant.clone(), filter.sort), "{filter:?}");
            let mut conn = world.platform.db.read().await.unwrap();
            let mut ids = users::service::ids(&mut conn, &chosen, &filter, world.now(), 10_000).await.unwrap();
            let count = exactly(users::service::count(&mut conn, &chosen, &filter, world.now()).await.unwrap());
            assert_eq!(usize::try_from(count).unwrap(), ids.len(), "{filter:?}");
            ids.retain(|id| known.iter().any(|user| user.id == *id));
            assert_eq!(ids.len(), shown.len(), "{filter:?}");
            let both = users::service::count_methods(&mut conn, &chosen, &filter, world.now()).await.unwrap();
            let (methods, people) = (exactly(both.0), exactly(both.1));
            let page = users::service::methods(&mut conn, &chosen, &filter, world.now(), None).await.unwrap();
            assert!(page.rows.iter().all(|row| sees.contains(&row.user.customer)));
            assert!(people <= count && methods >= people);
            assert_eq!(page.next.is_none(), methods <= users::service::PAGE);
            found += shown.len();
        }
        assert!(found > 900, "the questions have answers: {found}");
    }
}
