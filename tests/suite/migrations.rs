//! The tables come where what only makes them faster cannot be had.

use rekey::platform::Db;

use super::place::{administer, administer_in, named, number, postgres_url, runtime};

/// Migrates a new database that was prepared by `prepare`, as `user`; says whether searches have their index.
async fn migrated(prepare: &[&str], user: &str) -> bool {
    let name = format!("rekey_migrated_{}_{}", std::process::id(), number());
    administer(format!("CREATE DATABASE {name}")).await;
    let url = named(&postgres_url(), &name);
    for text in prepare {
        administer_in(&url, (*text).to_owned()).await;
    }
    let db = Db::connect(&url.replace("user=rekey", &format!("user={user}"))).await.unwrap();
    db.migrate().await.unwrap();
    let mut conn = db.read().await.unwrap();
    let found: (i64,) = sqlx::query_as("SELECT COUNT(*) FROM pg_indexes WHERE indexname = 'users_by_part'")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    sqlx::query("SELECT name_key FROM users WHERE name_key LIKE '%a%'").fetch_all(&mut *conn).await.unwrap();
    drop(conn);
    db.close().await;
    administer(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    found.0 == 1
}

#[test]
fn a_search_index_is_made_where_it_can_be() {
    runtime().block_on(async {
        assert!(migrated(&[], "rekey").await);
        // Somebody who may make tables and no extension.
        let plain = format!("rekey_plain_{}", std::process::id());
        administer(format!("CREATE ROLE {plain} LOGIN")).await;
        assert!(!migrated(&[&format!("GRANT CREATE ON SCHEMA public TO {plain}")], &plain).await);
        administer(format!("DROP ROLE {plain}")).await;
        // An extension where the search path does not lead.
        assert!(!migrated(&["CREATE SCHEMA aside", "CREATE EXTENSION pg_trgm SCHEMA aside"], "rekey").await);
    });
}
