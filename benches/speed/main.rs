//! How fast Rekey is: the program itself over HTTP on this machine, on a real SQLite file and a real PostgreSQL, beside the
//! least that the same database does for the same rows. `scripts/bench` says how to run it.

// Measuring is asking the clock; two decimals of a rate need no 53 bits.
#![allow(clippy::disallowed_methods, reason = "time is what is measured here")]

mod batch;
mod cases;
mod data;
mod http;
mod report;
mod server;
mod work;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rekey::features::session::api::Console;
use rekey::features::users::list_api::UsersPage;
use rekey::platform::{Conn, Db};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use cases::Case;
use data::{Askers, Size};
use http::{Client, Request};
use report::{Measurement, median, part};
use server::{Place, Server};
use work::Sink;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// How many ask at once.
const CLIENTS: usize = 16;
/// Slower than this, nothing is asked by many at once: it would take minutes and say nothing new.
const TOO_SLOW: f64 = 150.0;

/// What the environment asks for; `scripts/bench` says what each means.
struct Wishes {
    users: Vec<i64>,
    engines: Vec<String>,
    codes: Option<i64>,
    runs: usize,
    during: Duration,
    only: String,
    postgres: Option<String>,
}

impl Wishes {
    fn read() -> Result<Self> {
        let wish = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let list = |text: String| text.split([',', ' ']).map(str::to_owned).filter(|one| !one.is_empty()).collect();
        let users: Vec<String> = list(wish("REKEY_BENCH_USERS", "10000,1000000").replace('_', ""));
        Ok(Self {
            users: users.iter().map(|users| users.parse()).collect::<Result<_, _>>()?,
            engines: list(wish("REKEY_BENCH_ENGINES", "sqlite,postgres")),
            codes: std::env::var("REKEY_BENCH_CODES").ok().map(|codes| codes.parse()).transpose()?,
            runs: wish("REKEY_BENCH_RUNS", "5").parse()?,
            during: Duration::from_millis(wish("REKEY_BENCH_RUN_MS", "200").parse()?),
            only: wish("REKEY_BENCH_ONLY", ""),
            postgres: std::env::var("REKEY_TEST_POSTGRES_URL").ok(),
        })
    }

    /// Ten codes each; of a million people two each, or filling the database would take longer than measuring it.
    fn size(&self, users: i64) -> Size {
        Size { users, codes: self.codes.unwrap_or(if users > 200_000 { 2 } else { 10 }) }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    sqlx::any::install_default_drivers();
    let wishes = Wishes::read()?;
    let begun = Instant::now();
    println!("{}", about());
    let mut all: Vec<Measurement> = Vec::new();
    for engine in &wishes.engines {
        for users in &wishes.users {
            let size = wishes.size(*users);
            let (place, engine) = match engine.as_str() {
                "sqlite" => (sqlite()?, "sqlite"),
                "postgres" => (postgres(&wishes, *users).await?, "postgres"),
                other => return Err(format!("{other} is no engine").into()),
            };
            let measured = measure(&wishes, &place, size, engine).await?;
            all.extend(measured.into_iter().map(|one| Measurement { engine, n: *users, ..one }));
            write(&all)?;
        }
        let growth = report::growth(&all, engine);
        if !growth.is_empty() {
            println!("\n{engine}: how much slower at the largest size than at the smallest\n{}", growth.join("\n"));
        }
    }
    println!("\ntarget/bench/report.json has all of it. This took {:.0} s.", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Under what the numbers were made.
fn about() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let program = Path::new(env!("CARGO_BIN_EXE_rekey"));
    let profile =
        program.parent().and_then(Path::file_name).map_or_else(String::new, |name| name.display().to_string());
    format!(
        "Profile `{profile}`, {cores} cores that the server, its database and {CLIENTS} clients share, load {load} before \
         the first measurement.\nEach: median, lowest and highest run, the floor (bare SQL for the same rows, between the \
         same runs), how far above it."
    )
}

fn write(all: &[Measurement]) -> Result<()> {
    fs::create_dir_all("target/bench")?;
    Ok(fs::write("target/bench/report.json", serde_json::to_string_pretty(all)?)?)
}

fn folder(name: &str) -> Result<std::path::PathBuf> {
    let folder = Path::new("target/bench").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

fn sqlite() -> Result<Place> {
    let folder = folder("sqlite")?;
    Ok(Place { url: Db::sqlite_url(&folder.join("rekey.db")), folder })
}

async fn postgres(wishes: &Wishes, users: i64) -> Result<Place> {
    let server = wishes.postgres.as_ref().ok_or("there is no PostgreSQL: run this by scripts/bench")?;
    let name = format!("bench_{users}");
    let mut conn = Conn::connect(server).await?;
    conn.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await?;
    conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    conn.close().await?;
    Ok(Place { folder: folder("postgres")?, url: server.replace("///postgres?", &format!("///{name}?")) })
}

async fn measure(wishes: &Wishes, place: &Place, size: Size, engine: &str) -> Result<Vec<Measurement>> {
    place.migrate()?;
    let begun = Instant::now();
    let askers = data::fill(place, size).await?;
    println!(
        "\n{engine}, {} users in {} customers, {} backup codes each (filled in {:.0} s)",
        size.users,
        size.users / data::IN_A_CUSTOMER,
        size.codes,
        begun.elapsed().as_secs_f64()
    );
    let mut measured = Vec::new();
    let mut say = |one: Measurement| {
        println!("{}", report::line(&one));
        measured.push(one);
    };

    let sink = Sink::open().await?;
    let mut cold = Vec::new();
    for _ in 0..wishes.runs {
        cold.push(milliseconds(place.serve(sink.port).await?.cold));
    }
    say(Measurement::new("cold start to the first answer", "ms", &cold, &[]));
    let server = place.serve(sink.port).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = server.memory();

    let db = Db::connect(&place.url).await?;
    let next = second_page(&server, &askers).await?;
    for case in cases::cases(&askers, &next) {
        if case.name.contains(&wishes.only) {
            for one in one_case(wishes, &server, &db, &case).await? {
                say(one);
            }
        }
    }
    if "sign-in".contains(&wishes.only) {
        for one in work::sign_ins(&server, wishes.runs).await? {
            say(one);
        }
    }
    let mut provider = askers.provider.clone();
    if "reset".contains(&wishes.only) {
        for one in work::resets(&server, &db, &sink, &mut provider, size.users).await? {
            say(one);
        }
    }
    if "batch".contains(&wishes.only) {
        for one in batch::measure(&server, &db, &askers.owner, &mut provider, size.users).await? {
            say(one);
        }
    }
    db.close().await;
    for (name, memory) in [("memory, idle", idle), ("memory, after load", server.memory())] {
        if let Some(memory) = memory {
            say(Measurement::new(name, "MiB", &[memory], &[]));
        }
    }
    Ok(measured)
}

/// Reads the first page as the program itself does, and gives the cursor of the second.
async fn second_page(server: &Server, askers: &Askers) -> Result<String> {
    let request = Request::call("/api/users/page", &askers.owner, &[("query", "")]);
    let answer = Client::connect(server.port).await?.send(&request).await?;
    let list: Console<UsersPage> =
        serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {}", answer.text()))?;
    match list.page.head.next {
        Some(next) if list.page.users.len() == 50 => Ok(next),
        _ => Err(format!("{} users where 50 should be", list.page.users.len()).into()),
    }
}

async fn one_case(wishes: &Wishes, server: &Server, db: &Db, case: &Case) -> Result<Vec<Measurement>> {
    let (mut p50, mut p99, mut rate) = (Vec::new(), Vec::new(), Vec::new());
    let (mut floor50, mut floor99, mut floor_rate) = (Vec::new(), Vec::new(), Vec::new());
    let warm = http::one_by_one(server.port, &case.request, wishes.during / 2).await?;
    let slow = median(&warm.iter().copied().map(milliseconds).collect::<Vec<_>>()) > TOO_SLOW;
    for _ in 0..wishes.runs {
        let took = http::one_by_one(server.port, &case.request, wishes.during).await?;
        let took: Vec<f64> = took.into_iter().map(milliseconds).collect();
        p50.push(median(&took));
        p99.push(part(&took, 0.99));
        let took = bare(db, &case.floor, wishes.during / 2, 5).await?;
        floor50.push(median(&took));
        floor99.push(part(&took, 0.99));
        if !slow {
            rate.push(http::at_once(server.port, &case.request, CLIENTS, wishes.during).await?);
            floor_rate.push(bare_at_once(db, &case.floor, wishes.during / 2).await?);
        }
    }
    let named = |what: &str| format!("{}, {what}", case.name);
    let mut measured = vec![
        Measurement::new(named("p50"), "ms", &p50, &floor50),
        Measurement::new(named("p99"), "ms", &p99, &floor99),
    ];
    if !slow {
        measured.push(Measurement::new(named(&format!("{CLIENTS} clients")), "req/s", &rate, &floor_rate));
    }
    Ok(measured)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// How long the bare statement takes, one after another.
async fn bare(db: &Db, floor: &str, during: Duration, least: usize) -> Result<Vec<f64>> {
    let mut conn = db.read().await?;
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < during || took.len() < least {
        let sent = Instant::now();
        sqlx::query(AssertSqlSafe(floor.to_owned())).fetch_all(&mut *conn).await?;
        took.push(milliseconds(sent.elapsed()));
    }
    Ok(took)
}

/// How many of the bare statement are answered a second, asked by as many at once as ask the server.
async fn bare_at_once(db: &Db, floor: &str, during: Duration) -> Result<f64> {
    let begun = Instant::now();
    let all = (0..CLIENTS).map(|_| {
        let (db, floor) = (db.clone(), floor.to_owned());
        tokio::spawn(async move { bare(&db, &floor, during, 1).await.map(|took| took.len()) })
    });
    let mut answered = 0;
    for one in all.collect::<Vec<_>>() {
        answered += one.await??;
    }
    Ok(f64::from(u32::try_from(answered)?) / begun.elapsed().as_secs_f64())
}
