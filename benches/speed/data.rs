//! Made-up people in bulk, straight through SQL: a million of them come in seconds, and no service is measured by the way.
//! Everything is the same at every run, but for the keys.

use std::time::{SystemTime, UNIX_EPOCH};

use rekey::domain::ids::{CustomerId, MethodId, UserId};
use rekey::domain::sign_in::SESSION_LIFETIME;
use rekey::domain::time::Time;
use rekey::domain::user::UserRef;
use rekey::platform::keys::{Keys, new_token, sha256};
use rekey::platform::totp::TotpSecret;
use rekey::platform::{Conn, Hasher, Rng};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::Result;
use crate::server::Place;

/// How many users a customer has.
pub const IN_A_CUSTOMER: i64 = 100;
/// How many customers the technician looks after.
pub const LOOKED_AFTER: i64 = 40;
/// Everybody's password.
pub const PASSWORD: &str = "nordlicht-hafenwerk";
/// How many users, the first of them, have an authenticator whose codes are known.
pub const WITH_CODES: i64 = 2000;
/// Those users' authenticator.
pub const SECRET: [u8; 20] = *b"12345678901234567890";

const FIRST_NAMES: &str = "Ines Jonas Zoë Aylin Mehmet Priya Tomás Małgorzata Lars Fatima Noor Giulia Björn Chidi Yuki \
    Samira Otto Marta Marek Hannah Omar Leïla Pedro Anouk Viktor Elif Dariusz Carmen Ravi Sofia Nils Aisha Paulo Greta \
    Ivan Maryam Erik Lucía Kofi Wanda";
const LAST_NAMES: &str = "Marchetti Brückner Okafor Nguyen Yılmaz Kowalska Santos Lindqvist Haddad Petrov Schneider \
    Tanaka Oliveira Novák Jensen Fischer Rossi Khan Dubois Martins Weber Kaya Larsen Popescu Silva Wagner Costa Bakker \
    Horvat Meyer Singh Ferrari Moreau Jansen Almeida Krüger Ricci Vogel Nowak Martinez Laurent Demir Berg Conti Hoffmann \
    Suzuki Pinto Farkas Keller Nilsson";

/// The people who ask, with the cookies of their sessions.
pub struct Askers {
    /// Owner of one customer.
    pub owner: String,
    /// Owner in [`LOOKED_AFTER`] customers.
    pub technician: String,
    /// Admin in every customer.
    pub provider: String,
}

/// How much there is.
#[derive(Clone, Copy)]
pub struct Size {
    pub users: i64,
    /// Backup codes of each.
    pub codes: i64,
}

/// The identifier of the n-th row of a kind, in SQL that both engines take.
fn id(kind: char, n: &str) -> String {
    format!("'01{kind}000000' || SUBSTR(CAST(100000000000000000 + {n} AS TEXT), 2)")
}

fn id_of<T: std::str::FromStr>(kind: char, n: i64) -> Result<T> {
    format!("01{kind}000000{n:017}").parse().map_err(|_| "no identifier".into())
}

/// The n-th user.
pub fn user(n: i64) -> Result<UserRef> {
    Ok(UserRef { customer: customer(n / IN_A_CUSTOMER)?, id: id_of::<UserId>('v', n)? })
}

/// The n-th customer.
pub fn customer(n: i64) -> Result<CustomerId> {
    id_of('c', n)
}

/// The address of the n-th user.
pub fn address(n: i64) -> String {
    format!("person.{n}@c{}.example", n / IN_A_CUSTOMER)
}

/// What time it is.
pub fn now() -> Result<Time> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(Time::from_unix_milliseconds(i64::try_from(since)?))
}

/// Fills a new database.
pub async fn fill(place: &Place, size: Size) -> Result<Askers> {
    let mut conn = Conn::connect(&place.url).await?;
    let is_sqlite = conn.backend_name() == "SQLite";
    // What is made here can be made again, and no row of it refers to one that is not there.
    let quick = if is_sqlite {
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000;"
    } else {
        "SET session_replication_role = replica"
    };
    conn.execute(quick).await?;
    let mut tx = conn.begin().await?;
    let rng = Rng::system();
    let password = Hasher::new(rng.bytes()).hash(PASSWORD.to_owned(), rng.bytes()).await?;
    for statement in rows(size, &password, now()?.unix_milliseconds()) {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    let askers = people(&mut tx, place, size).await?;
    tx.commit().await?;
    if !is_sqlite {
        // SQLite's planner works from the schema alone here, as in an installation; PostgreSQL does this by itself.
        conn.execute("VACUUM ANALYZE").await?;
    }
    conn.close().await?;
    Ok(askers)
}

fn rows(size: Size, password: &str, now: i64) -> Vec<String> {
    let Size { users, codes } = size;
    let customers = users / IN_A_CUSTOMER;
    let (c, u, m, s) = (id('c', &format!("n / {IN_A_CUSTOMER}")), id('v', "n"), id('m', "n"), id('s', "n"));
    let names = |names: &str| {
        let all = names.split_whitespace().enumerate();
        all.map(|(n, name)| format!("({n}, '{name}', '{}')", rekey::platform::text::name_key(name))).collect::<Vec<_>>()
    };
    let (first, last) = (names(FIRST_NAMES), names(LAST_NAMES));
    let active = "n % 20 <> 7";
    let holds = format!("{active} AND n % 33 <> 3");
    let other = customers.min(LOOKED_AFTER);
    let numbers = "CREATE TEMP TABLE numbers (n BIGINT PRIMARY KEY)".to_owned();
    let table = |name: &str| format!("CREATE TEMP TABLE {name} (k BIGINT PRIMARY KEY, name TEXT, name_key TEXT)");
    vec![
        numbers,
        table("first_names"),
        table("last_names"),
        format!("INSERT INTO first_names VALUES {}", first.join(", ")),
        format!("INSERT INTO last_names VALUES {}", last.join(", ")),
        format!(
            "INSERT INTO numbers WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {users}) \
             SELECT n FROM s"
        ),
        format!(
            "INSERT INTO customers (id, name, name_key, policy, created_at) \
             SELECT {}, 'Customer ' || n, 'customer ' || SUBSTR(CAST(1000000 + n AS TEXT), 2), '{{}}', {now} - n * 1000 \
             FROM numbers WHERE n < {customers}",
            id('c', "n")
        ),
        format!(
            "INSERT INTO users (customer_id, id, name, name_key, address, address_key, address_verified_at, created_at, \
                password_hash, activated_at, suspended_at, last_sign_in_at) \
             SELECT {c}, {u}, f.name || ' ' || l.name, f.name_key || ' ' || l.name_key, \
                'person.' || n || '@c' || (n / {IN_A_CUSTOMER}) || '.example', \
                'person.' || n || '@c' || (n / {IN_A_CUSTOMER}) || '.example', \
                CASE WHEN n % 40 = 9 THEN NULL ELSE {now} - 900000000 END, {now} - 1000000000, \
                CASE WHEN {active} THEN '{password}' ELSE NULL END, \
                CASE WHEN {active} THEN {now} - 900000000 ELSE NULL END, \
                CASE WHEN n % 50 = 13 THEN {now} - 500000000 ELSE NULL END, \
                CASE WHEN {active} THEN {now} - n * 7919 % 20000000000 ELSE NULL END \
             FROM numbers CROSS JOIN first_names f CROSS JOIN last_names l \
             WHERE f.k = n * 7919 % {} AND l.k = n * 104729 / 7 % {}",
            first.len(),
            last.len()
        ),
        format!(
            "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) \
             SELECT {c}, {c}, {u}, CASE WHEN n IN (0, {IN_A_CUSTOMER}) THEN 'owner' \
                WHEN n % {IN_A_CUSTOMER} IN (1, 5) THEN 'admin' ELSE 'member' END, {now} - 900000000 FROM numbers"
        ),
        format!(
            "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) \
             SELECT {}, {}, {}, 'owner', {now} FROM numbers WHERE n > 0 AND n < {other}",
            id('c', "n"),
            id('c', "0"),
            id('v', "0")
        ),
        format!(
            "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) \
             SELECT {}, {}, {}, 'admin', {now} FROM numbers WHERE n > 0 AND n < {customers}",
            id('c', "n"),
            id('c', "0"),
            id('v', "1")
        ),
        format!(
            "INSERT INTO methods (customer_id, user_id, id, kind, secret, last_step, registered_at, last_used_at) \
             SELECT {c}, {u}, {m}, 'authenticator_app', '{}', 0, {now} - 900000000, {now} - n * 7919 % 800000000 \
             FROM numbers WHERE {holds}",
            "s".repeat(92)
        ),
        format!(
            "INSERT INTO backup_code_sets (customer_id, user_id, made_at, saved_at) \
             SELECT {c}, {u}, {now} - 900000000, CASE WHEN n % 10 = 2 THEN NULL ELSE {now} - 800000000 END \
             FROM numbers WHERE {holds}"
        ),
        format!(
            "INSERT INTO backup_codes (customer_id, user_id, number, hash, made_at, used_at) \
             SELECT {c}, {u}, k + 1, '{}', {now} - 900000000, CASE WHEN n % 9 = 4 AND k > 1 THEN {now} ELSE NULL END \
             FROM numbers CROSS JOIN (SELECT n AS k FROM numbers WHERE n < {codes}) codes WHERE {holds}",
            "h".repeat(52)
        ),
        format!(
            "INSERT INTO sessions (token_hash, id, customer_id, user_id, created_at, last_seen_at, ends_at) \
             SELECT '{}' || ({users} + n), {s}, {c}, {u}, {now}, {now}, {now} + {lifetime} FROM numbers WHERE {holds}",
            "t".repeat(56),
            lifetime = SESSION_LIFETIME.as_milliseconds(),
        ),
        // One sign-in of each, told apart by the second; the heads stand where those end.
        format!(
            "INSERT INTO audit_events (chain, number, at, what, actor_customer_id, actor_id, target_id, details, hash) \
             SELECT {c}, n % {IN_A_CUSTOMER} + 1, {now} - ({IN_A_CUSTOMER} - n % {IN_A_CUSTOMER}) * 60000 - n, \
                'signed_in', {c}, {u}, {u}, '{{}}', '{}' FROM numbers",
            "h".repeat(52)
        ),
        format!(
            "INSERT INTO audit_heads (chain, number, hash, seal) SELECT {}, {IN_A_CUSTOMER}, '', '' FROM numbers \
             WHERE n < {customers}",
            id('c', "n")
        ),
    ]
}

/// Authenticators whose codes are known, and the sessions of those who ask.
async fn people(conn: &mut Conn, place: &Place, size: Size) -> Result<Askers> {
    let (rng, now) = (Rng::system(), now()?);
    let keys = Keys::load(&place.folder.join("rekey.key"))?;
    let secret = TotpSecret::from_bytes(SECRET);
    for n in 0..WITH_CODES.min(size.users) {
        let (user, method) = (user(n)?, id_of::<MethodId>('m', n)?);
        let sealed = keys.seal(&rng, &format!("method {} {} {method}", user.customer, user.id), secret.bytes());
        sqlx::query("UPDATE methods SET secret = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4")
            .bind(sealed)
            .bind(user.customer)
            .bind(user.id)
            .bind(method)
            .execute(&mut *conn)
            .await?;
    }
    let mut cookies = Vec::new();
    for n in [IN_A_CUSTOMER, 0, 1] {
        let (token, user) = (new_token(&rng), user(n)?);
        // Written down as used a moment ahead, so that no measured request stops to write that down again.
        sqlx::query(
            "INSERT INTO sessions (token_hash, id, customer_id, user_id, created_at, last_seen_at, ends_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(sha256(token.as_bytes()))
        .bind(format!("01s9{n:022}"))
        .bind(user.customer)
        .bind(user.id)
        .bind(now)
        .bind(now.unix_milliseconds() + 3_600_000)
        .bind(now + SESSION_LIFETIME)
        .execute(&mut *conn)
        .await?;
        cookies.push(format!("rekey={token}"));
    }
    let mut cookies = cookies.into_iter();
    let mut next = || cookies.next().ok_or("three people");
    Ok(Askers { owner: next()?, technician: next()?, provider: next()? })
}
