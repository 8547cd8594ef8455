//! What changes something: signing in, and resets with the mails that follow them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rekey::platform::totp::TotpSecret;
use rekey::platform::{Db, Fault, Hasher, Rng, Tx};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::data::{self, PASSWORD, SECRET};
use crate::http::{Answer, Client, Request};
use crate::report::{Measurement, median};
use crate::server::Server;
use crate::{CLIENTS, Result, milliseconds};

/// A mail server that takes everything and counts it.
pub struct Sink {
    pub port: u16,
    taken: Arc<AtomicU32>,
}

impl Sink {
    /// Opens one.
    pub async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, taken) = (listener.local_addr()?.port(), Arc::new(AtomicU32::new(0)));
        let counter = taken.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, counter.clone()));
            }
        });
        Ok(Self { port, taken })
    }

    /// How many mails a second it takes, from the next one on, for three seconds or until `mails` more have come.
    async fn rate(&self, mails: usize) -> Result<f64> {
        let taken = || self.taken.load(Ordering::Relaxed);
        let (before, begun) = (taken(), Instant::now());
        while taken() == before {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err("no mail came".into());
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let (first, begun) = (taken(), Instant::now());
        let last = before + u32::try_from(mails)?;
        while taken() < last && begun.elapsed() < Duration::from_secs(3) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(f64::from(taken() - first) / begun.elapsed().as_secs_f64())
    }
}

async fn take(stream: TcpStream, taken: Arc<AtomicU32>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink\r\n").await?;
    let (mut line, mut in_mail) = (Vec::new(), false);
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match (in_mail, line.get(..4)) {
            (true, _) if line == b".\r\n" => {
                in_mail = false;
                taken.fetch_add(1, Ordering::Relaxed);
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, Some(b"DATA")) => {
                in_mail = true;
                b"354 go on\r\n"
            }
            (false, Some(b"QUIT")) => return stream.write_all(b"221 bye\r\n").await,
            (false, _) => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}

/// The n-th user signs in: with the password, then with the code.
pub async fn sign_in(client: &mut Client, n: i64) -> Result<Duration> {
    let begun = Instant::now();
    let fields = [("address", &*data::address(n)), ("password", PASSWORD)];
    let begin = client.send(&Request::call("/api/sign_in/begin", "none=none", &fields)).await?;
    let challenge = begin.cookie("rekey-challenge").ok_or_else(|| unexpected(&begin))?;
    let code = TotpSecret::from_bytes(SECRET).code(data::now()?);
    let cookie = format!("rekey-challenge={challenge}");
    let finish = client.send(&Request::call("/api/sign_in/code", &cookie, &[("code", &code)])).await?;
    finish.cookie("rekey").map(|_| begun.elapsed()).ok_or_else(|| unexpected(&finish))
}

fn unexpected(answer: &Answer) -> crate::Error {
    format!("unexpected: {} {}", answer.status, answer.text()).into()
}

/// Whoever can sign in, and be reset: active, with an authenticator, and with an address that is known to reach them.
pub fn is_ordinary(n: i64) -> bool {
    n % 20 != 7 && n % 33 != 3 && n % 50 != 13 && n % 40 != 9
}

/// Sign-ins, one after another and sixteen at once; the floor is the hashing of their passwords alone.
pub async fn sign_ins(server: &Server, runs: usize) -> Result<Vec<Measurement>> {
    let mut people = (2 * data::IN_A_CUSTOMER..data::WITH_CODES).filter(|n| is_ordinary(*n));
    let hasher = Hasher::new(Rng::system().bytes());
    let (mut alone, mut rate, mut floor, mut floor_rate) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut client = Client::connect(server.port).await?;
        let mut took = Vec::new();
        for n in people.by_ref().take(16) {
            took.push(milliseconds(sign_in(&mut client, n).await?));
        }
        alone.push(median(&took));
        let group: Vec<i64> = people.by_ref().take(6 * CLIENTS).collect();
        let begun = Instant::now();
        let all: Vec<_> = group.chunks(6).map(|part| tokio::spawn(several(server.port, part.to_vec()))).collect();
        for one in all {
            one.await??;
        }
        rate.push(per_second(group.len(), begun.elapsed()));
        let mut took = Vec::new();
        for _ in 0..16 {
            let begun = Instant::now();
            hasher.verify(PASSWORD.to_owned(), None).await?;
            took.push(milliseconds(begun.elapsed()));
        }
        floor.push(median(&took));
        let begun = Instant::now();
        let verify = |hasher: Hasher| async move { hasher.verify(PASSWORD.to_owned(), None).await };
        for one in (0..96).map(|_| tokio::spawn(verify(hasher.clone()))).collect::<Vec<_>>() {
            one.await??;
        }
        floor_rate.push(per_second(96, begun.elapsed()));
    }
    Ok(vec![
        Measurement::new("sign-in with password and code, p50", "ms", &alone, &floor),
        Measurement::new(format!("sign-ins, {CLIENTS} clients"), "req/s", &rate, &floor_rate),
    ])
}

async fn several(port: u16, people: Vec<i64>) -> Result<()> {
    let mut client = Client::connect(port).await?;
    for n in people {
        sign_in(&mut client, n).await?;
    }
    Ok(())
}

fn per_second(count: usize, during: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / during.as_secs_f64()
}

/// Resets of one, a thousand and ten thousand people at once, as far as there are so many: from the confirmation with a
/// code to the last commit. And how fast the mails after it leave.
pub async fn resets(
    server: &Server,
    db: &Db,
    sink: &Sink,
    cookie: &mut String,
    users: i64,
) -> Result<Vec<Measurement>> {
    let mut people = (data::WITH_CODES..users).filter(|n| is_ordinary(*n));
    let left = usize::try_from((users - data::WITH_CODES) * 17 / 20)?;
    let mut client = Client::connect(server.port).await?;
    let (mut measured, mut sent) = (Vec::new(), Vec::new());
    let mut needed = 0;
    for (count, runs, name) in [(1, 20, "reset of 1"), (1000, 3, "reset of 1,000"), (10_000, 3, "reset of 10,000")] {
        needed += 2 * count * runs;
        if needed > left {
            break;
        }
        sent.clear();
        let (mut took, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let group: Vec<i64> = people.by_ref().take(count).collect();
            took.push(milliseconds(reset(&mut client, db, cookie, &group).await?));
            if count > 1 {
                sent.push(sink.rate(count).await?);
            }
            // The rest of the mails is not to disturb what follows.
            let mut tx = db.begin().await?;
            tx.execute("DELETE FROM outbox WHERE next_try_at IS NOT NULL").await?;
            tx.commit().await?;
            let group: Vec<i64> = people.by_ref().take(count).collect();
            floor.push(milliseconds(bare_reset(db, &whose(&group)).await?));
        }
        measured.push(Measurement::new(name, "ms", &took, &floor));
        if count > 1 {
            let name = format!("mails after a reset of {count}");
            measured.push(Measurement::new(name, "/s", &sent, &[]));
        }
    }
    Ok(measured)
}

async fn reset(client: &mut Client, db: &Db, cookie: &mut String, people: &[i64]) -> Result<Duration> {
    let mut fields = Vec::new();
    for (at, n) in people.iter().enumerate() {
        fields.push((format!("users[{at}]"), data::user(*n)?.id.to_string()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, id)| (&**name, &**id)).collect();
    let id = plan(client, cookie, &fields).await?;
    confirm(client, db, cookie, &id).await
}

/// Freezes a selection.
pub async fn plan(client: &mut Client, cookie: &str, fields: &[(&str, &str)]) -> Result<String> {
    let planned = client.send(&Request::call("/api/reset/plan", cookie, fields)).await?;
    let id = planned.header("location").and_then(|at| at.strip_prefix("/resets/")).map(str::to_owned);
    id.ok_or_else(|| unexpected(&planned))
}

/// A transaction that writes, however long its turn takes: between processes SQLite gives turns by chance, and the server,
/// where whoever came first is first, may be writing all the time.
pub async fn turn(db: &Db) -> Result<Tx> {
    loop {
        match db.begin().await {
            Err(Fault::Busy) => {}
            begun => return Ok(begun?),
        }
    }
}

/// Confirms a plan, and waits until its last user is done.
pub async fn confirm(client: &mut Client, db: &Db, cookie: &mut String, id: &str) -> Result<Duration> {
    let text = |column: &str| format!("SELECT {column} FROM resets WHERE id = '{id}'");
    let hash = text("plan_hash");
    let (hash,): (String,) = sqlx::query_as(AssertSqlSafe(hash)).fetch_one(&mut *db.read().await?).await?;
    // A code counts once in thirty seconds, and that is not measured here.
    let mut tx = turn(db).await?;
    tx.execute(AssertSqlSafe(format!("UPDATE methods SET last_step = 0 WHERE {}", whose(&[1])))).await?;
    tx.commit().await?;
    let code = TotpSecret::from_bytes(SECRET).code(data::now()?);
    let fields = [("id", id), ("hash", &*hash), ("reason", "Lost phones"), ("code", &*code)];
    let request = Request::call("/api/reset/confirm", cookie, &fields);
    let begun = Instant::now();
    let confirmed = client.send(&request).await?;
    let mut took = begun.elapsed();
    let open = text("COUNT(*)") + " AND completed_at IS NULL";
    // Nobody waits for a large one, whose answer comes before its end.
    while sqlx::query_as::<_, (i64,)>(AssertSqlSafe(open.clone())).fetch_one(&mut *db.read().await?).await?.0 == 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        took = begun.elapsed();
    }
    let token = confirmed.cookie("rekey").ok_or_else(|| unexpected(&confirmed))?;
    *cookie = format!("rekey={token}");
    Ok(took)
}

/// A condition on whose rows they are.
fn whose(people: &[i64]) -> String {
    let one = |n: &i64| format!("('01c000000{:017}', '01v000000{n:017}')", n / data::IN_A_CUSTOMER);
    format!("(customer_id, user_id) IN (VALUES {})", people.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The same rows die and come in one transaction, by statements over all of them.
pub async fn bare_reset(db: &Db, whose: &str) -> Result<Duration> {
    let these = format!("FROM memberships WHERE {whose} AND customer_id = user_customer_id");
    let now = data::now()?.unix_milliseconds();
    // No other rows have such identifiers.
    let id = "'bare' || SUBSTR(user_id, 5)";
    let text = "x".repeat(300);
    let statements = [
        format!("DELETE FROM methods WHERE {whose}"),
        format!("DELETE FROM backup_codes WHERE {whose}"),
        format!("DELETE FROM backup_code_sets WHERE {whose}"),
        format!("DELETE FROM sessions WHERE {whose}"),
        format!("UPDATE users SET set_up_due_at = {now} WHERE {}", whose.replace("user_id", "id")),
        format!(
            "INSERT INTO links (id, customer_id, user_id, generation, key_id, issued_at, expires_at, ended_at) \
             SELECT {id}, customer_id, user_id, 1, 'x', {now}, {now}, {now} {these}"
        ),
        format!(
            "INSERT INTO outbox (id, customer_id, user_id, mail, created_at, sent_at) \
             SELECT {id}, customer_id, user_id, '{text}', {now}, {now} {these}"
        ),
        format!(
            "INSERT INTO audit_events (chain, number, at, what, target_id, details, hash) \
             SELECT 'bare', CAST(SUBSTR(user_id, 10) AS BIGINT), {now}, 'reset', user_id, '{text}', 'x' {these}"
        ),
    ];
    let begun = Instant::now();
    let mut tx = turn(db).await?;
    for statement in statements {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    tx.commit().await?;
    Ok(begun.elapsed())
}
