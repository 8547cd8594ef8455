//! Everything a database holds, to compare before and after, and to search for what must not be there.

use std::collections::BTreeMap;

use rekey::platform::db::Engine;
use sqlx::any::AnyTypeInfoKind;
use sqlx::{Column as _, Row as _, ValueRef as _};

use super::harness::World;

/// Columns by name; a missing value is `∅`.
type Row = BTreeMap<String, String>;

/// All rows of all tables, in an order of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump(pub BTreeMap<String, Vec<Row>>);

impl Dump {
    pub async fn of(world: &World) -> Self {
        let dump = Self::of_what_is_there(world).await;
        assert!(dump.0.contains_key("users") && dump.0.contains_key("audit_events"), "{:?}", dump.0.keys());
        dump
    }

    /// The same where a test has taken a table away.
    pub async fn of_what_is_there(world: &World) -> Self {
        Self::of_all_but(world, &[]).await
    }

    /// The same without some tables, which are not even read.
    pub async fn of_all_but(world: &World, tables_left_out: &[&str]) -> Self {
        let mut conn = world.platform.db.read().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(match world.engine() {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Engine::Postgres => "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'",
        })
        .fetch_all(&mut *conn)
        .await
        .unwrap();
        let mut dump = BTreeMap::new();
        // How far the migrations are is not Rekey's to write.
        let is_ours = |table: &String| !table.starts_with('_') && !table.starts_with("sqlite_");
        for table in tables.into_iter().filter(|table| is_ours(table) && !tables_left_out.contains(&table.as_str())) {
            let text = format!("SELECT * FROM {table}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *conn).await.unwrap();
            let mut rows: Vec<Row> = rows.iter().map(row).collect();
            rows.sort();
            dump.insert(table, rows);
        }
        Self(dump)
    }

    /// The same without these tables and columns (`table.column`).
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            match name.split_once('.') {
                None => drop(self.0.remove(*name)),
                Some((table, column)) => {
                    for row in self.0.get_mut(table).into_iter().flatten() {
                        row.remove(column);
                    }
                }
            }
        }
        self
    }

    /// The same without the audit and without the counters that a lock raises: what a refusal leaves alone.
    #[must_use]
    pub fn but_the_record(self) -> Self {
        self.without(&["audit_events", "audit_heads", "users.version"])
    }

    /// How many rows a table has.
    pub fn len(&self, table: &str) -> usize {
        self.0[table].len()
    }

    /// Every value of every row, one a line.
    pub fn everything(&self) -> String {
        let values = self.0.values().flatten().flat_map(BTreeMap::values);
        values.map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn row(row: &sqlx::any::AnyRow) -> Row {
    row.columns()
        .iter()
        .map(|column| {
            let value = row.try_get_raw(column.ordinal()).unwrap();
            let text = match value.type_info().kind() {
                _ if value.is_null() => "∅".to_owned(),
                AnyTypeInfoKind::Text => row.get(column.ordinal()),
                _ => row.get::<i64, _>(column.ordinal()).to_string(),
            };
            (column.name().to_owned(), text)
        })
        .collect()
}
