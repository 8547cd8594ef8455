//! Where the databases of tests lie: a copy of an empty one each, on either engine.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rekey::platform::Db;
use rekey::platform::db::Engine;
use sqlx::Connection as _;

const POSTGRES_URL: &str = "REKEY_TEST_POSTGRES_URL";

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("threads start")
}

/// Where a test's database lies.
pub struct Place {
    pub url: String,
    pub folder: PathBuf,
    pub engine: Engine,
}

/// A number that nobody else in this process has.
pub fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

fn new_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("rekey-test-{}-{}", std::process::id(), number()));
    fs::create_dir_all(&folder).expect("the temporary folder takes files");
    folder
}

pub fn postgres_url() -> String {
    std::env::var(POSTGRES_URL).unwrap_or_else(|_| {
        panic!(
            "There is no PostgreSQL to test on: {POSTGRES_URL} is not set. Run 'make test', or \
             'scripts/with-postgres cargo test' for these tests alone."
        )
    })
}

pub fn named(url: &str, database: &str) -> String {
    let mut url: url::Url = url.parse().expect("the address of PostgreSQL is a URL");
    url.set_path(database);
    url.to_string()
}

pub async fn administer(text: String) {
    administer_in(&postgres_url(), text).await;
}

/// The same in one database.
pub async fn administer_in(url: &str, text: String) {
    sqlx::any::install_default_drivers();
    let mut conn = sqlx::AnyConnection::connect(url).await.expect("PostgreSQL answers");
    sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut conn).await.expect("the tests may make databases");
    conn.close().await.expect("PostgreSQL lets go");
}

async fn version() -> i64 {
    let mut conn = sqlx::AnyConnection::connect(&postgres_url()).await.expect("PostgreSQL answers");
    let text = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    let version = sqlx::query_scalar(text).fetch_one(&mut conn).await.expect("PostgreSQL knows its version");
    conn.close().await.expect("PostgreSQL lets go");
    version
}

/// A database with all tables and no rows, made once a process and copied for each test: on SQLite the bytes of its file,
/// on PostgreSQL its name and how to copy it.
pub fn template(engine: Engine) -> &'static [u8] {
    static SQLITE: OnceLock<Vec<u8>> = OnceLock::new();
    static POSTGRES: OnceLock<Vec<u8>> = OnceLock::new();
    let migrate = |url: String| async move {
        let db = Db::connect(&url).await.expect("a new database opens");
        db.migrate().await.expect("the migrations apply");
        db.close().await;
    };
    match engine {
        Engine::Sqlite => SQLITE.get_or_init(|| {
            let folder = new_folder();
            let path = folder.join("template.db");
            runtime().block_on(migrate(Db::sqlite_url(&path)));
            let bytes = fs::read(&path).expect("what was written is read");
            fs::remove_dir_all(&folder).expect("what was made is removed");
            bytes
        }),
        Engine::Postgres => POSTGRES.get_or_init(|| {
            let name = format!("rekey_template_{}", std::process::id());
            runtime().block_on(async {
                administer(format!("CREATE DATABASE {name}")).await;
                migrate(named(&postgres_url(), &name)).await;
                // Copied as files it takes half the time; before version 15 there is no other way.
                let way = if version().await < 150_000 { "" } else { "STRATEGY FILE_COPY" };
                format!("{name} {way}").into_bytes()
            })
        }),
    }
}

impl Place {
    pub async fn new(engine: Engine, template: &[u8]) -> Self {
        let folder = new_folder();
        let url = match engine {
            Engine::Sqlite => {
                let path = folder.join("rekey.db");
                fs::write(&path, template).expect("the folder takes a file");
                Db::sqlite_url(&path)
            }
            Engine::Postgres => {
                let name = format!("rekey_test_{}_{}", std::process::id(), number());
                let template = String::from_utf8_lossy(template);
                administer(format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                named(&postgres_url(), &name)
            }
        };
        Self { url, folder, engine }
    }

    pub async fn clear(self) {
        let _ = fs::remove_dir_all(&self.folder);
        if self.engine == Engine::Postgres {
            let url: url::Url = self.url.parse().expect("it was made from a URL");
            administer(format!("DROP DATABASE {} WITH (FORCE)", url.path().trim_start_matches('/'))).await;
        }
    }
}
