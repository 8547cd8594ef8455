//! Who cannot be reset fails alone, is written down so, and may be tried again.

use rekey::domain::authority::Role;
use rekey::domain::board::Stage;
use rekey::domain::ids::UserId;
use rekey::domain::plan::CHUNK;
use rekey::domain::time::Span;
use rekey::features::reset::board::{Picked, picked, view};
use rekey::features::reset::run::{resume, run};
use rekey::platform::Fault;
use rekey::platform::db::Engine;

use super::super::harness::*;

/// From now on the database refuses what a reset does to this user.
pub async fn refuse(world: &World, user: UserId) {
    match world.engine() {
        Engine::Sqlite => {
            let text = format!(
                "CREATE TRIGGER refuse BEFORE UPDATE OF set_up_due_at ON users WHEN NEW.id = '{user}' \
                 BEGIN SELECT RAISE(ABORT, 'no'); END"
            );
            world.execute(&text).await;
        }
        Engine::Postgres => {
            let function = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                            $$ BEGIN RAISE EXCEPTION 'no'; END $$";
            world.execute(function).await;
            let text = format!(
                "CREATE TRIGGER refuse BEFORE UPDATE OF set_up_due_at ON users FOR EACH ROW \
                 WHEN (NEW.id = '{user}') EXECUTE FUNCTION refuse()"
            );
            world.execute(&text).await;
        }
    }
}

/// It takes it again.
async fn relent(world: &World) {
    world
        .execute(if world.engine() == Engine::Sqlite { "DROP TRIGGER refuse" } else { "DROP TRIGGER refuse ON users" })
        .await;
}

both! {
    async fn whom_the_database_refuses_fails_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, CHUNK + 5).await;
        let broken = &users[CHUNK / 2];
        refuse(&world, broken.user.id).await;
        let id = world.reset(&admin, &users_of(&users)).await;
        let links = world.count("SELECT COUNT(*) FROM links WHERE ended_at IS NULL").await;
        assert_eq!(links, i64::try_from(users.len() - 1).unwrap());
        // Nothing of theirs was changed, and it is written down.
        assert_eq!((world.rows_of("methods", broken.user).await, world.rows_of("links", broken.user).await), (1, 0));
        let why = format!("SELECT failed_why FROM reset_items WHERE failed_at = {}", world.now().unix_milliseconds());
        assert_eq!(world.text(&why).await.as_deref(), Some("refused"));
        let (_, details) = world.recorded_with_details(world.a.id, "reset_failed").await;
        assert!(details.contains("refused") && details.contains(&id.to_string()), "{details}");
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "reset").count(), users.len() - 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE completed_at IS NOT NULL").await, 1);
        world.assert_chains_whole().await;

        // Tried again are exactly those, by a plan that is reviewed and confirmed as any.
        relent(&world).await;
        let actor = world.actor(&admin).await;
        let failed = picked(&world.platform, &actor, id, Picked::Matching(vec![Stage::Failed])).await.unwrap().unwrap();
        assert_eq!(failed, [broken.user.id]);
        let again = world.reset(&admin, &[broken.user]).await;
        assert_eq!(world.rows_of("methods", broken.user).await, 0);
        let view = view(&world.platform, &actor, again, &[], None).await.unwrap().unwrap();
        assert_eq!((view.progress.reset, view.progress.failed), (1, 0));
    }

    async fn who_cannot_be_read_fails_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 4).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        world.execute(&format!("UPDATE memberships SET role = 'boss' WHERE user_id = '{}'", users[2].user.id)).await;
        run(&world.platform, id).await.unwrap();
        let why = format!("SELECT failed_why FROM reset_items WHERE user_id = '{}'", users[2].user.id);
        assert_eq!(world.text(&why).await.as_deref(), Some("unreadable"));
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 3);
        // One row that cannot be read hides no other on the board.
        let view = view(&world.platform, &world.actor(&admin).await, id, &[], None).await.unwrap().unwrap();
        assert_eq!(view.rows.len(), 4);
        assert!(view.counts.contains(&(Stage::Failed, 1)) && view.counts.contains(&(Stage::Queued, 3)));
        world.assert_chains_whole().await;
    }

    async fn where_nothing_can_be_recorded_nobody_is_reset_and_nobody_fails(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        world.execute("ALTER TABLE audit_events RENAME TO gone").await;
        assert!(matches!(run(&world.platform, id).await, Err(Fault::Database(_))));
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_items WHERE failed_at IS NOT NULL").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 0);
        world.execute("ALTER TABLE gone RENAME TO audit_events").await;
        world.advance(Span::seconds(31));
        resume(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 3);
        world.assert_chains_whole().await;
    }
}
