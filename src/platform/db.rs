//! The database: one SQL text over SQLite (the embedded default) and PostgreSQL. Whatever truly differs between the two
//! stands in this file and in `migrations/postgres`.

mod columns;

use std::fmt::{Display, Write as _};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyArguments, AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::query::Query;
use sqlx::{Any, AnyPool, Executor as _, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Fault, Result};
use crate::domain::ids::{CustomerId, UserId};

/// A connection, in a transaction or not. Store functions take one.
pub type Conn = sqlx::AnyConnection;

/// Which engine a database runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one writer at a time.
    Sqlite,
    /// A server of its own.
    Postgres,
}

/// A pool of connections to one database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    engine: Engine,
    /// SQLite has one writer. Waiting for it here is fair and wakes at once; its own busy handler sleeps.
    writer: Arc<Semaphore>,
}

/// An open transaction. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx {
    inner: Transaction<'static, Any>,
    _writer: Option<OwnedSemaphorePermit>,
}

impl Tx {
    /// Makes everything done in it last.
    ///
    /// # Errors
    /// When the database refuses; then nothing was done.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.inner
    }
}

impl Db {
    /// Connects to `url`: `sqlite:PATH` or `postgres://…`. An SQLite file is made if it is not there.
    ///
    /// # Errors
    /// When the address is neither, or the database cannot be opened.
    pub async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("postgres") { Engine::Postgres } else { Engine::Sqlite };
        let url = match engine {
            Engine::Sqlite if !url.contains("mode=") => {
                format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' })
            }
            _ => url.to_owned(),
        };
        let options: AnyConnectOptions = url.parse()?;
        let pool = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(5))
            .after_connect(move |conn, _| {
                Box::pin(async move {
                    if engine == Engine::Sqlite {
                        conn.execute(
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                             PRAGMA busy_timeout = 5000;",
                        )
                        .await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool, engine, writer: Arc::new(Semaphore::new(1)) })
    }

    /// The address of an SQLite database in a file.
    #[must_use]
    pub fn sqlite_url(path: &Path) -> String {
        format!("sqlite://{}", path.display())
    }

    /// Which engine this is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Brings the tables to this version. Each migration is one transaction; two nodes that start at once wait for each
    /// other.
    ///
    /// # Errors
    /// When one fails, or the database is of a newer version.
    pub async fn migrate(&self) -> Result<()> {
        // What one engine alone can do stands in a folder of its own, and is numbered with the rest.
        let own = match self.engine {
            Engine::Sqlite => Vec::new(),
            Engine::Postgres => sqlx::migrate!("migrations/postgres").iter().cloned().collect(),
        };
        let all = sqlx::migrate!().iter().cloned().chain(own).collect();
        Ok(Migrator::with_migrations(all).run(&self.pool).await.map_err(sqlx::Error::from)?)
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// [`Fault::Busy`] when none is free for 5 s.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<Any>> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a transaction that reads and then writes.
    ///
    /// # Errors
    /// [`Fault::Busy`] when the database is locked for 5 s.
    pub async fn begin(&self) -> Result<Tx> {
        match self.engine {
            Engine::Postgres => Ok(Tx { inner: self.pool.begin().await?, _writer: None }),
            Engine::Sqlite => {
                let waited = tokio::time::timeout(Duration::from_secs(5), self.writer.clone().acquire_owned()).await;
                let writer = waited.ok().and_then(std::result::Result::ok).ok_or(Fault::Busy)?;
                // IMMEDIATE: a transaction that reads first and then cannot write would fail at once, without waiting.
                Ok(Tx { inner: self.pool.begin_with("BEGIN IMMEDIATE").await?, _writer: Some(writer) })
            }
        }
    }

    /// Closes all connections, so that an SQLite file is whole without its log.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether the database was only too busy.
#[must_use]
pub fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        // SQLITE_BUSY and its extended forms; on PostgreSQL a deadlock, of which one was sent away.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("5" | "261" | "517" | "40P01")),
        _ => false,
    }
}

/// Whether the same may succeed once the database is there again, or has room, or is whole: nothing that was told to it is
/// at fault.
#[must_use]
pub fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // PostgreSQL: connections, roll-backs for others' sake, resources, locks, its operator, its disk.
            Some(code) if code.len() == 5 => {
                ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
            }
            // SQLite: everything but an error in the statement, a constraint, and a value that does not fit.
            Some(code) => code.parse::<u32>().is_ok_and(|code| ![1, 18, 19, 20, 25].contains(&(code & 0xff))),
            None => false,
        },
        error => !is_unreadable(error),
    }
}

/// Whether a row holds what does not fit its column's type.
#[must_use]
pub const fn is_unreadable(error: &sqlx::Error) -> bool {
    use sqlx::Error::{
        ColumnDecode, ColumnIndexOutOfBounds, ColumnNotFound, Decode, Encode, RowNotFound, TypeNotFound,
    };
    matches!(
        error,
        ColumnDecode { .. }
            | ColumnIndexOutOfBounds { .. }
            | ColumnNotFound(_)
            | Decode(_)
            | Encode(_)
            | RowNotFound
            | TypeNotFound { .. }
    )
}

/// Whether a unique constraint refused the row.
#[must_use]
pub fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// `$from, $from+1, …`: `count` placeholders for an `IN (…)`.
#[must_use]
pub fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// The most customers, or others, that a statement names one by one.
pub const FEW: usize = 60;

/// The condition that `column` is one of `ids`, with the values of its placeholders, which begin at `$from`. Many are
/// one value: a statement that names thousands is read anew for each reader.
#[must_use]
pub fn among<T: Display>(conn: &Conn, column: &str, from: usize, ids: &[T]) -> (String, Vec<String>) {
    if ids.len() <= FEW {
        return (format!("{column} IN ({})", placeholders(from, ids.len())), ids.iter().map(T::to_string).collect());
    }
    let listed = |quote: &str| {
        ids.iter().fold(String::new(), |mut list, id| {
            let comma = if list.is_empty() { "" } else { "," };
            let _ = write!(list, "{comma}{quote}{id}{quote}");
            list
        })
    };
    if conn.backend_name() == "SQLite" {
        (format!("{column} IN (SELECT value FROM json_each(${from}))"), vec![format!("[{}]", listed("\""))])
    } else {
        (format!("{column} = ANY (string_to_array(${from}, ','))"), vec![listed("")])
    }
}

/// The values of a `column` of identifiers as one, with commas between them: for a query with `GROUP BY`.
#[must_use]
pub fn joined(conn: &Conn, column: &str) -> String {
    if conn.backend_name() == "SQLite" {
        format!("group_concat({column})")
    } else {
        format!("string_agg({column}, ',')")
    }
}

/// A statement over some users of one customer. `text` ends where their list in brackets follows, and names the customer
/// as `$1`: `DELETE FROM methods WHERE customer_id = $1 AND user_id IN`.
pub fn over_users(text: &str, customer: CustomerId, users: &[UserId]) -> Query<'static, Any, AnyArguments> {
    let text = format!("{text} ({})", placeholders(2, users.len()));
    users.iter().fold(sqlx::query(sqlx::AssertSqlSafe(text)).bind(customer), |query, user| query.bind(*user))
}

/// `($1, $2), ($3, $4), …`: `rows` rows of `columns` placeholders for a `VALUES`, of a statement that has no others. On
/// SQLite `(?, ?), (?, ?), …`: there a `$1` is a name, and each is looked for among all before it, twice.
#[must_use]
pub fn rows(conn: &Conn, rows: usize, columns: usize) -> String {
    let is_sqlite = conn.backend_name() == "SQLite";
    let row = |row: usize| {
        if is_sqlite { vec!["?"; columns].join(", ") } else { placeholders(row * columns + 1, columns) }
    };
    (0..rows).map(|n| format!("({})", row(n))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(placeholders(3, 2), "$3, $4");
    }
}
