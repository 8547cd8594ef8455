//! A small world for one test: a database of its own on one engine, a clock that stands still until it is moved, keys,
//! two customers, and people whose authenticators and backup codes the test holds in its hand.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use clap::Parser as _;
use rekey::domain::authority::{Actor, Role};
use rekey::domain::backup_code::BackupCode;
use rekey::domain::customer::{Customer, Policy};
use rekey::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use rekey::domain::recovery::Link;
use rekey::domain::sign_in::{Purpose, Step};
use rekey::domain::time::{Span, Time};
use rekey::domain::user::UserRef;
use rekey::features::reset::service::{Confirmation, Confirmed, Planned, Selection};
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::users::service::NewUser;
use rekey::features::{audit, backup_codes, customers, methods, recovery, reset, session, set_up, sign_in, users};
use rekey::platform::db::Engine;
use rekey::platform::request::Origin;
use rekey::platform::totp::TotpSecret;
use rekey::platform::{Clock, Config, Db, Hasher, Keys, Platform, Rng};
use sqlx::Row as _;

use super::place::{Place, number, runtime, template};

/// Makes two tests of each: `name::sqlite` and `name::postgres`.
macro_rules! both {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn test($world: World) $body

            #[test]
            fn sqlite() {
                $crate::suite::harness::run(rekey::platform::db::Engine::Sqlite, test);
            }

            #[test]
            fn postgres() {
                $crate::suite::harness::run(rekey::platform::db::Engine::Postgres, test);
            }
        }
    )+};
}

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// When the world begins: the first moment of a time step.
pub const START: Time = Time::from_unix_milliseconds(1_800_000_000_000);

/// Runs one test in a world of its own, and clears that world away.
pub fn run<F: Future<Output = ()> + Send + 'static>(engine: Engine, test: impl FnOnce(World) -> F) {
    run_in(&runtime(), engine, test);
}

/// The same on one thread, for what belongs to a thread.
pub fn run_on_one_thread<F: Future<Output = ()> + Send + 'static>(engine: Engine, test: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    run_in(&runtime, engine, test);
}

fn run_in<F: Future<Output = ()> + Send + 'static>(
    runtime: &tokio::runtime::Runtime,
    engine: Engine,
    test: impl FnOnce(World) -> F,
) {
    let template = template(engine);
    runtime.block_on(async {
        let place = Place::new(engine, template).await;
        let world = World::new(&place).await;
        let ended = tokio::spawn(test(world)).await;
        place.clear().await;
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    });
}

/// Runs `work` on the platform of a world that another process made.
pub fn in_the_world_at<F: Future<Output = ()>>(folder: &Path, url: &str, now: Time, work: impl FnOnce(Platform) -> F) {
    runtime().block_on(async {
        let keys = Keys::load(&folder.join("rekey.key")).expect("the key file is read");
        let db = Db::connect(url).await.expect("the database opens");
        work(platform(db, Clock::held(now), keys, Rng::system())).await;
    });
}

fn platform(db: Db, clock: Clock, keys: Keys, rng: Rng) -> Platform {
    let config = Arc::new(config(&["--base-url", "https://rekey.example"]));
    Platform { db, clock, rng, keys: Arc::new(keys), hasher: hasher(), config }
}

/// All tests hash with the same cores; an argon2 hash is the slowest thing they do.
fn hasher() -> Hasher {
    static HASHER: OnceLock<Hasher> = OnceLock::new();
    HASHER.get_or_init(|| Hasher::new([7; 16])).clone()
}

/// The hash of [`PASSWORD`], worked out once.
async fn password_hash(platform: &Platform) -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let hash = platform.hasher.hash(PASSWORD.to_owned(), [8; 16]).await.expect("nobody else hashes yet");
        let _ = HASH.set(hash);
    }
    HASH.get().expect("it was just set").clone()
}

/// One test's world.
#[derive(Clone)]
pub struct World {
    /// What use cases take.
    pub platform: Platform,
    /// Customer A.
    pub a: Customer,
    /// Customer B.
    pub b: Customer,
    /// Where requests come from.
    pub origin: Origin,
    url: String,
    folder: PathBuf,
    people: Arc<AtomicUsize>,
}

#[derive(clap::Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// The settings that these flags make.
pub fn config(flags: &[&str]) -> Config {
    Settings::parse_from(["rekey"].iter().chain(flags)).config
}

impl World {
    async fn new(place: &Place) -> Self {
        let db = Db::connect(&place.url).await.expect("the test's database opens");
        let key_file = place.folder.join("rekey.key");
        let keys = Keys::create(&key_file, &Rng::system()).expect("the key file is made");
        let platform = platform(db, Clock::held(START), keys, Rng::seeded(42));
        let mut tx = platform.db.begin().await.unwrap();
        let a = customers::service::add(&mut tx, &platform, "A", Some("+49 40 1111".into()), Policy::default()).await;
        let b = customers::service::add(&mut tx, &platform, "B", None, Policy::default()).await;
        tx.commit().await.unwrap();
        Self {
            platform,
            a: a.unwrap().unwrap(),
            b: b.unwrap().unwrap(),
            origin: Origin { address: Some("192.0.2.1".into()), browser: Some("Test".into()) },
            url: place.url.clone(),
            folder: place.folder.clone(),
            people: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// The same world as another process sees it: same database, keys and clock, nothing else shared.
    pub async fn second_node(&self) -> Self {
        let platform = Platform {
            db: Db::connect(&self.url).await.expect("the database opens a second time"),
            keys: Arc::new(Keys::load(&self.folder.join("rekey.key")).expect("the key file is read")),
            // Not the same randomness: two processes never share theirs.
            rng: Rng::seeded(1000 + number() as u64),
            ..self.platform.clone()
        };
        Self { platform, ..self.clone() }
    }

    /// The same world with other keys.
    pub fn with_keys(&self, keys: Keys) -> Self {
        Self { platform: Platform { keys: Arc::new(keys), ..self.platform.clone() }, ..self.clone() }
    }

    /// The same world with a hasher of its own, for floods that must not turn other tests away.
    pub fn with_own_hasher(&self) -> Self {
        let mut world = self.clone();
        world.platform.hasher = Hasher::new([9; 16]);
        world
    }

    /// The same world with other settings.
    pub fn with_config(&self, config: Config) -> Self {
        Self { platform: Platform { config: Arc::new(config), ..self.platform.clone() }, ..self.clone() }
    }

    /// The folder with the key file and, on SQLite, the database.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn engine(&self) -> Engine {
        self.platform.db.engine()
    }

    pub fn now(&self) -> Time {
        self.platform.now()
    }

    pub fn advance(&self, span: Span) {
        self.platform.clock.advance(span);
    }

    // ---- People -----------------------------------------------------------------------------------------------------

    /// A new member of `customer` who can sign in, with an authenticator and ten backup codes.
    pub async fn member(&self, customer: &Customer) -> Person {
        self.person(customer, Who::MEMBER).await
    }

    /// A new person with this role.
    pub async fn with_role(&self, customer: &Customer, role: Role) -> Person {
        self.person(customer, Who { role, ..Who::MEMBER }).await
    }

    /// A new person.
    pub async fn person(&self, customer: &Customer, who: Who) -> Person {
        self.people(customer, who, 1).await.remove(0)
    }

    /// Several new people alike.
    pub async fn people(&self, customer: &Customer, who: Who, count: usize) -> Vec<Person> {
        let platform = &self.platform;
        let hash = password_hash(platform).await;
        let new: Vec<NewUser> = (0..count)
            .map(|_| {
                let n = self.people.fetch_add(1, Ordering::SeqCst);
                NewUser {
                    name: who.name.map_or_else(|| format!("Person {n}"), str::to_owned),
                    address: format!("person{n}@{}.example", customer.name.to_lowercase()).parse().unwrap(),
                    address_verified_at: (!who.unverified).then_some(START),
                    password_hash: (!who.invited).then(|| hash.clone()),
                    suspended: who.suspended,
                    last_sign_in_at: None,
                    role: who.role,
                }
            })
            .collect();
        let mut tx = platform.db.begin().await.unwrap();
        let added = users::service::add(&mut tx, platform, customer.id, &new).await.unwrap();
        let mut people = Vec::new();
        for (user, new) in added.into_iter().zip(new) {
            let secret = TotpSecret::from_bytes(platform.rng.bytes());
            let mut codes = Vec::new();
            if !who.without_factor && !who.invited {
                let long_ago = rekey::domain::totp::Step(0);
                methods::service::register(&mut tx, platform, user, &secret, long_ago).await.unwrap();
                codes = backup_codes::service::make(&mut tx, platform, user).await.unwrap().0.to_vec();
            }
            people.push(Person { user, name: new.name, address: new.address.to_string(), secret, codes });
        }
        tx.commit().await.unwrap();
        people
    }

    /// Gives somebody a role in another customer.
    pub async fn grant(&self, person: &Person, customer: &Customer, role: Role) {
        let mut tx = self.platform.db.begin().await.unwrap();
        users::service::set_role(&mut tx, person.user, customer.id, role, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn suspend(&self, person: &Person) {
        let mut tx = self.platform.db.begin().await.unwrap();
        users::service::suspend(&mut tx, person.user, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn set_policy(&self, customer: &Customer, policy: Policy) {
        let (json, low) = (serde_json::to_string(&policy).unwrap(), policy.codes_low);
        let text = format!("UPDATE customers SET policy = '{json}', codes_low = {low} WHERE id = '{}'", customer.id);
        self.execute(&text).await;
    }

    // ---- Signing in -------------------------------------------------------------------------------------------------

    /// The code that the authenticator shows in the next time step: one that was never used.
    pub fn fresh_code(&self, person: &Person) -> String {
        self.advance(Span::seconds(30));
        person.secret.code(self.now())
    }

    /// The token of a half-finished sign-in, and what it waits for.
    pub async fn begin(&self, person: &Person) -> (String, Step) {
        match self.begin_with(&person.address, PASSWORD).await {
            Begun::Challenge(token, step) => (token.0, step),
            Begun::Wrong => panic!("the password of {} was not taken", person.name),
            Begun::LinkRequired(_) => panic!("{} needs the link", person.name),
            Begun::SignedIn(_) => panic!("{} was signed in by the password alone", person.name),
        }
    }

    pub async fn begin_with(&self, address: &str, password: &str) -> Begun {
        sign_in::service::begin(&self.platform, &self.origin, address, password.to_owned(), None).await.unwrap()
    }

    /// A half-finished sign-in without the cost of checking a password.
    pub async fn challenge(&self, person: &Person, step: Step) -> String {
        self.challenge_for(person, Purpose::SignIn, step).await
    }

    pub async fn challenge_for(&self, person: &Person, purpose: Purpose, step: Step) -> String {
        let mut tx = self.platform.db.begin().await.unwrap();
        let token =
            session::service::open_challenge(&mut tx, &self.platform, person.user, purpose, step, None, None).await;
        tx.commit().await.unwrap();
        token.unwrap().0
    }

    pub async fn finish(&self, token: &str, factor: &Factor) -> Finished {
        sign_in::service::finish(&self.platform, &self.origin, token, factor).await.unwrap()
    }

    /// Signs in the whole way; the session's token.
    pub async fn sign_in(&self, person: &Person) -> String {
        let (token, step) = self.begin(person).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(self.fresh_code(person));
        match self.finish(&token, &code).await {
            Finished::SignedIn { token, .. } => token.0,
            other => panic!("{} was not signed in: {}", person.name, named_end(&other)),
        }
    }

    /// A session out of nothing, for tests of what comes after sign-in.
    pub async fn session(&self, person: &Person) -> Session {
        self.find(&self.session_token(person).await).await.expect("a session that was just opened")
    }

    pub async fn session_token(&self, person: &Person) -> String {
        let mut tx = self.platform.db.begin().await.unwrap();
        let token = session::service::open(&mut tx, &self.platform, person.user, &self.origin).await.unwrap();
        tx.commit().await.unwrap();
        token.0
    }

    pub async fn find(&self, token: &str) -> Option<Session> {
        session::service::find(&self.platform, token).await.unwrap()
    }

    pub async fn actor(&self, person: &Person) -> Actor {
        let mut conn = self.platform.db.read().await.unwrap();
        session::service::actor(&mut conn, person.user, self.platform.now())
            .await
            .unwrap()
            .expect("somebody who can sign in")
    }

    // ---- Setting up -------------------------------------------------------------------------------------------------

    /// The secret that a set-up shows.
    pub async fn shown_secret(&self, token: &str) -> Option<TotpSecret> {
        let shown = set_up::service::show(&self.platform, token).await.unwrap()?;
        shown.key.map(|key| secret_from_base32(&key.text))
    }

    /// Registers the authenticator that a set-up shows; its secret and the new codes.
    pub async fn register(&self, token: &str) -> Option<(TotpSecret, Vec<BackupCode>)> {
        let secret = self.shown_secret(token).await?;
        let code = secret.code(self.now());
        let registered = set_up::service::register(&self.platform, &self.origin, token, &code).await.unwrap();
        let set_up::service::Registered::Right(sealed) = registered else {
            return None;
        };
        let shown = set_up::service::codes(&self.platform, token, Some(&sealed)).await.unwrap()?;
        Some((secret, shown.codes?.0.to_vec()))
    }

    pub async fn save_codes(&self, token: &str, code: &BackupCode) -> set_up::service::Finished {
        set_up::service::finish(&self.platform, &self.origin, token, code).await.unwrap()
    }

    // ---- Resetting --------------------------------------------------------------------------------------------------

    /// Freezes a selection that must be allowed.
    pub async fn plan(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        match self.try_plan(admin, &ids(selected)).await {
            Planned::Frozen(id) => id,
            other => panic!("not planned: {other:?}"),
        }
    }

    pub async fn try_plan(&self, admin: &Person, selected: &[UserId]) -> Planned {
        let actor = self.actor(admin).await;
        reset::service::plan(&self.platform, &self.origin, &actor, Selection::Ticked(selected.to_vec())).await.unwrap()
    }

    pub async fn plan_hash(&self, id: ResetId) -> String {
        self.text(&format!("SELECT plan_hash FROM resets WHERE id = '{id}'")).await.expect("a stored plan")
    }

    /// A confirmation of what was reviewed, with a fresh code.
    pub async fn confirmation(&self, admin: &Person, id: ResetId) -> Confirmation {
        Confirmation {
            plan_hash: self.plan_hash(id).await,
            reason: "Lost phone".into(),
            ticket: "T-1".into(),
            code: self.fresh_code(admin),
        }
    }

    pub async fn try_confirm(&self, session: &Session, id: ResetId, confirmation: &Confirmation) -> Confirmed {
        reset::service::confirm(&self.platform, &self.origin, session, id, confirmation).await.unwrap()
    }

    /// Plans and confirms; nothing has run yet.
    pub async fn confirmed(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        let id = self.plan(admin, selected).await;
        let session = self.session(admin).await;
        let confirmation = self.confirmation(admin, id).await;
        let confirmed = self.try_confirm(&session, id, &confirmation).await;
        assert!(matches!(confirmed, Confirmed::Running(_)), "{}", named_confirmation(&confirmed));
        id
    }

    /// A whole reset, from plan to end.
    pub async fn reset(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        let id = self.confirmed(admin, selected).await;
        reset::run::run(&self.platform, id).await.unwrap();
        id
    }

    /// The live link of a user as their mail holds it.
    pub async fn link_token(&self, user: UserRef) -> Option<String> {
        let (link, generation) = self.link(user).await?;
        self.platform.keys.link_token(self.platform.keys.newest_id(), link, user, generation)
    }

    pub async fn link(&self, user: UserRef) -> Option<(LinkId, i64)> {
        let mut conn = self.platform.db.read().await.unwrap();
        sqlx::query_as("SELECT id, generation FROM links WHERE customer_id = $1 AND user_id = $2 AND ended_at IS NULL")
            .bind(user.customer)
            .bind(user.id)
            .fetch_optional(&mut *conn)
            .await
            .unwrap()
    }

    pub async fn link_facts(&self, link: LinkId) -> Link {
        let mut conn = self.platform.db.read().await.unwrap();
        recovery::service::states(&mut conn, &[link]).await.unwrap()[0].1
    }

    /// Gives the password at a link; the set-up's token, if it was taken.
    pub async fn prove(&self, link_token: &str) -> Option<String> {
        let proof = recovery::service::prove(&self.platform, &self.origin, link_token, PASSWORD.to_owned()).await;
        match proof.unwrap() {
            recovery::service::Proof::Proved(token) => Some(token.0),
            _ => None,
        }
    }

    // ---- Looking underneath -----------------------------------------------------------------------------------------

    pub async fn execute(&self, text: &str) -> u64 {
        let mut tx = self.platform.db.begin().await.unwrap();
        let done = sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        done.rows_affected()
    }

    pub async fn count(&self, text: &str) -> i64 {
        let mut conn = self.platform.db.read().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).fetch_one(&mut *conn).await.unwrap().get(0)
    }

    pub async fn text(&self, text: &str) -> Option<String> {
        let mut conn = self.platform.db.read().await.unwrap();
        let row = sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).fetch_optional(&mut *conn).await.unwrap()?;
        row.get(0)
    }

    /// How many rows of `table` are this user's.
    pub async fn rows_of(&self, table: &str, user: UserRef) -> i64 {
        let text =
            format!("SELECT COUNT(*) FROM {table} WHERE customer_id = '{}' AND user_id = '{}'", user.customer, user.id);
        self.count(&text).await
    }

    /// What was recorded about or by a user, oldest first, in the words of the database.
    pub async fn recorded(&self, chain: CustomerId) -> Vec<String> {
        let mut conn = self.platform.db.read().await.unwrap();
        let text = "SELECT what FROM audit_events WHERE chain = $1 ORDER BY number";
        sqlx::query_scalar(text).bind(chain).fetch_all(&mut *conn).await.unwrap()
    }

    /// The newest thing recorded for a customer, with its details.
    pub async fn last_recorded(&self, chain: CustomerId) -> (String, String) {
        let mut conn = self.platform.db.read().await.unwrap();
        let text = "SELECT what, details FROM audit_events WHERE chain = $1 ORDER BY number DESC LIMIT 1";
        sqlx::query_as(text).bind(chain).fetch_one(&mut *conn).await.unwrap()
    }

    /// No chain is broken.
    pub async fn assert_chains_whole(&self) {
        let mut conn = self.platform.db.read().await.unwrap();
        let verified = audit::service::verify(&mut conn, &self.platform.keys).await.unwrap();
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

/// Whom to make.
#[derive(Clone, Copy)]
pub struct Who {
    pub name: Option<&'static str>,
    pub role: Role,
    /// Their set-up is not finished.
    pub invited: bool,
    pub suspended: bool,
    /// Their address is not known to reach them.
    pub unverified: bool,
    /// They have neither authenticator nor backup codes.
    pub without_factor: bool,
}

impl Who {
    /// Someone who can sign in, with an authenticator and ten backup codes.
    pub const MEMBER: Self = Self {
        name: None,
        role: Role::Member,
        invited: false,
        suspended: false,
        unverified: false,
        without_factor: false,
    };
    /// The same without a factor: the next sign-in is a set-up.
    pub const NEW: Self = Self { without_factor: true, ..Self::MEMBER };
}

/// Somebody, with what only they know.
#[derive(Clone)]
pub struct Person {
    pub user: UserRef,
    pub name: String,
    pub address: String,
    pub secret: TotpSecret,
    pub codes: Vec<BackupCode>,
}

/// The default policy with a change.
pub fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy);
    policy
}

pub fn ids(users: &[UserRef]) -> Vec<UserId> {
    users.iter().map(|user| user.id).collect()
}

pub fn users_of(people: &[Person]) -> Vec<UserRef> {
    people.iter().map(|person| person.user).collect()
}

/// A secret as its key is typed.
pub fn secret_from_base32(typed: &str) -> TotpSecret {
    let letters: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = data_encoding::BASE32_NOPAD.decode(letters.as_bytes()).expect("a key is Base32");
    TotpSecret::from_bytes(bytes.try_into().expect("a key has 160 bits"))
}

/// Six digits that no authenticator near this time shows.
pub fn wrong_code(secret: &TotpSecret, now: Time) -> String {
    let is_wrong = |code: &String| secret.matching_step(code, now).is_none();
    (0..1_000_000).map(|n| format!("{n:06}")).find(is_wrong).expect("most codes are wrong")
}

pub const fn named_end(finished: &Finished) -> &'static str {
    match finished {
        Finished::SignedIn { .. } => "signed in",
        Finished::Wrong => "wrong",
        Finished::LockedUntil(_) => "locked",
        Finished::Disabled => "disabled",
        Finished::Dead => "dead",
    }
}

pub const fn named_confirmation(confirmed: &Confirmed) -> &'static str {
    match confirmed {
        Confirmed::Running(_) => "running",
        Confirmed::Already => "already",
        Confirmed::Unknown => "unknown",
        Confirmed::Expired => "expired",
        Confirmed::Changed => "changed",
        Confirmed::Nobody => "nobody",
        Confirmed::ReasonMissing => "reason missing",
        Confirmed::TicketMissing => "ticket missing",
        Confirmed::CodeMalformed => "code malformed",
        Confirmed::CodeWrong => "code wrong",
        Confirmed::LockedUntil(_) => "locked",
        Confirmed::Disabled => "disabled",
        Confirmed::Refused(_) => "refused",
    }
}
