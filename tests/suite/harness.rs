//! A small world for one test: a database of its own on one engine, a clock that stands still until it is moved, keys,
//! two customers, and people (`people`) whose authenticators and backup codes the test holds in its hand, and with whom it
//! goes through what they do (`steps`).

mod people;
mod steps;

pub use people::{PASSWORD, Person, Who, ids, users_of};
pub use steps::{named_confirmation, named_end, secret_from_base32, wrong_code};

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use clap::Parser as _;
use rekey::domain::customer::Customer;
use rekey::domain::ids::CustomerId;
use rekey::domain::policy::Policy;
use rekey::domain::time::{Span, Time};
use rekey::domain::user::UserRef;
use rekey::features::{audit, customers};
use rekey::platform::db::Engine;
use rekey::platform::request::Origin;
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
    Platform { db, clock, rng, keys: Arc::new(keys), hasher: hasher(), config, reaches_phones: true }
}

/// All tests hash with the same cores; an argon2 hash is the slowest thing they do.
fn hasher() -> Hasher {
    static HASHER: OnceLock<Hasher> = OnceLock::new();
    HASHER.get_or_init(|| Hasher::new([7; 16])).clone()
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

    /// The newest thing of this kind that was recorded for a customer, with its details.
    pub async fn recorded_with_details(&self, chain: CustomerId, what: &str) -> (String, String) {
        let mut conn = self.platform.db.read().await.unwrap();
        let text = "SELECT what, details FROM audit_events WHERE chain = $1 AND what = $2 ORDER BY number DESC LIMIT 1";
        sqlx::query_as(text).bind(chain).bind(what).fetch_one(&mut *conn).await.unwrap()
    }

    /// No chain is broken.
    pub async fn assert_chains_whole(&self) {
        let mut conn = self.platform.db.read().await.unwrap();
        let verified = audit::service::verify(&mut conn, &self.platform.keys).await.unwrap();
        assert!(verified.breaks.is_empty(), "{:?}", verified.breaks);
    }
}

/// The default policy with a change.
pub fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy);
    policy
}
