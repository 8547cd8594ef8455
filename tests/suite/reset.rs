//! Resets: one moment of death, step by step until all are done, and what is seen and recorded of it.

mod back_notices;
mod board;
mod changes;
mod confirmation;
mod every_kind;
mod failed;
mod from_list;
mod links;
mod list;
mod people;
mod progress;
mod reminders;
mod report;
mod review;
mod stopped;
mod who_may;

use rekey::domain::audit::What;
use rekey::domain::authority::{Right, Role};
use rekey::domain::ids::{ResetId, UserId};
use rekey::domain::plan::Skip;
use rekey::domain::reset_filter::ResetFilter;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::reset::service::{View, view};
use rekey::features::set_up::service::Registered;
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::{set_up, users};

use super::harness::*;

/// Every old thing of this user fails: authenticator, backup codes, sessions, trusted devices, half-finished sign-ins, older
/// links.
pub struct Old {
    person: Person,
    session: String,
    challenge: String,
    set_up: String,
    link: Option<String>,
    device: String,
}

impl Old {
    /// Collects what a user has, with a set-up that is under way beside it.
    pub async fn of(world: &World, person: &Person) -> Self {
        Self {
            session: world.session_token(person).await,
            challenge: world.challenge(person, Step::Factor).await,
            set_up: world.challenge(person, Step::SetUp).await,
            link: world.link_token(person.user).await,
            device: world.trusted(person, 30).await.token.0,
            person: person.clone(),
        }
    }

    pub async fn assert_dead(&self, world: &World) {
        let person = &self.person;
        assert!(world.find(&self.session).await.is_none());
        let code = Factor::Code(world.fresh_code(person));
        assert!(matches!(world.finish(&self.challenge, &code).await, Finished::Dead));
        assert!(world.shown_secret(&self.set_up).await.is_none());
        let registered =
            set_up::service::register(&world.platform, &world.origin, &self.set_up, "000000").await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        if let Some(link) = &self.link {
            assert!(world.prove(link).await.is_none());
        }
        // Even a new half-finished sign-in, which the password still opens, takes neither old code nor old backup code.
        let token = world.challenge(person, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(person.secret.code(world.now()))).await, Finished::Wrong));
        for code in person.codes.iter().take(3) {
            assert!(matches!(world.finish(&token, &Factor::BackupCode(code.clone())).await, Finished::Wrong));
        }
        assert_eq!(world.rows_of("methods", person.user).await, 0);
        assert_eq!(world.rows_of("backup_codes", person.user).await, 0);
        assert_eq!(world.rows_of("trusted_devices", person.user).await, 0);
        let begun = world.begin_on(&person.address, PASSWORD, Some(&self.device)).await;
        assert!(matches!(begun, Begun::Challenge(_, Step::SetUp)));
        let (_, step) = world.begin(person).await;
        assert_eq!(step, Step::SetUp, "the password alone leads to a set-up and nowhere else");
    }
}

async fn seen(world: &World, person: &Person, id: ResetId) -> Option<View> {
    view(&world.platform, &world.actor(person).await, id).await.unwrap()
}

async fn skips(world: &World, person: &Person, id: ResetId) -> Vec<(UserId, Option<Skip>)> {
    let view = seen(world, person, id).await.expect("a reset that this person may see");
    view.items.iter().map(|item| (item.user_id, item.skip)).collect()
}

both! {
    async fn a_reset_is_one_moment_of_death(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.trust_days = 30)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, bystander) = (world.member(&world.a).await, world.member(&world.a).await);
        world.reset(&admin, &[ua.user]).await;
        let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let (secret, codes) = world.register(&token).await.unwrap();
        let ua = Person { secret, codes, ..ua };
        world.advance(Span::seconds(30));
        let first_link = {
            // The next reset finds everything at once: codes, a session, half-finished sign-ins, and an older link.
            world.reset(&admin, &[ua.user]).await;
            let link = world.link_token(ua.user).await;
            let token = world.prove(link.as_ref().unwrap()).await.unwrap();
            (link, token)
        };
        let others = Old::of(&world, &bystander).await;
        let old = Old { link: first_link.0, set_up: first_link.1, ..Old::of(&world, &ua).await };
        let id = world.reset(&admin, &[ua.user]).await;
        old.assert_dead(&world).await;
        // Exactly one link and one way back; the bystander noticed nothing.
        assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
        assert!(world.find(&others.session).await.is_some());
        assert_eq!(world.rows_of("challenges", bystander.user).await, 2);
        let code = Factor::Code(world.fresh_code(&bystander));
        let challenge = world.challenge(&bystander, Step::Factor).await;
        assert!(matches!(world.finish(&challenge, &code).await, Finished::SignedIn { .. }));
        let seen = seen(&world, &admin, id).await.unwrap();
        let row = &seen.items[0];
        assert_eq!((row.sessions, row.challenges, row.links, row.authenticator_apps), (1, 3, 1, 0));
        assert!(seen.reset.completed_at.is_some());
        world.assert_chains_whole().await;
    }

    async fn an_active_user_with_everything_is_dead_after_it(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let old = Old::of(&world, &ua).await;
        world.reset(&admin, &[ua.user]).await;
        old.assert_dead(&world).await;
        old.assert_dead(&world.second_node().await).await;
    }

    async fn chunks_go_on_until_all_are_done(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let mut users = world.people(&world.a, Who::MEMBER, 401).await;
        users.extend(world.people(&world.b, Who::MEMBER, 3).await);
        let id = world.reset(&admin, &users_of(&users)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM links WHERE ended_at IS NULL").await, 404);
        let of_users = "SELECT COUNT(*) FROM methods WHERE user_id IN (SELECT user_id FROM links)";
        assert_eq!(world.count(of_users).await, 0);
        assert!(
            seen(&world, &admin, id)
                .await
                .unwrap()
                .items
                .iter()
                .all(|item| item.done_at.is_some() && item.link_id.is_some())
        );
        world.assert_chains_whole().await;
    }

    async fn a_reset_is_seen_by_those_concerned(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let colleague = world.with_role(&world.a, Role::Auditor).await;
        let (member, stranger) = (world.member(&world.a).await, world.with_role(&world.b, Role::Owner).await);
        let ua = world.member(&world.a).await;
        let id = world.confirmed(&admin, &[ua.user]).await;
        let draft = world.plan(&admin, &[ua.user]).await;
        for (reader, confirmed, unconfirmed) in
            [(&admin, true, true), (&colleague, true, false), (&member, false, false), (&stranger, false, false)]
        {
            assert_eq!(seen(&world, reader, id).await.is_some(), confirmed);
            assert_eq!(seen(&world, reader, draft).await.is_some(), unconfirmed);
            let mut conn = world.platform.db.read().await.unwrap();
            let actor = world.actor(reader).await;
            let all = ResetFilter::default();
            let scope = actor.scope(Right::Read);
            let listed = rekey::features::reset::service::list(&mut conn, &scope, actor.user, &all, None, world.now(), 9);
            let listed = listed.await.unwrap();
            assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), if confirmed { vec![id] } else { vec![] });
        }
        assert!(seen(&world, &admin, ResetId::new(START, [1; 10])).await.is_none());
    }

    async fn what_is_recorded_names_who_why_and_what(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.session(&ua).await;
        let id = world.reset(&admin, &[ua.user]).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let scope = world.actor(&admin).await.scope(Right::Read);
        let recorded =
            rekey::features::audit::service::newest(&mut conn, &scope, Some(ua.user), None, 50).await.unwrap();
        let reset = recorded.iter().find(|recorded| recorded.entry.event.what == What::Reset).unwrap();
        assert_eq!(reset.actor_name.as_deref(), Some(admin.name.as_str()));
        assert_eq!(reset.target_name.as_deref(), Some(ua.name.as_str()));
        let event = &reset.entry.event;
        assert_eq!(event.from.as_deref(), Some("192.0.2.1"));
        let detail = |name: &str| event.details.get(name).map(String::as_str);
        assert_eq!(detail("reset"), Some(id.to_string().as_str()));
        assert_eq!((detail("reason"), detail("ticket")), (Some("Lost phone"), Some("T-1")));
        assert_eq!(
            (detail("authenticator_apps"), detail("backup_codes"), detail("sessions")),
            (Some("1"), Some("10"), Some("1"))
        );
    }

    async fn fifty_resets_of_one_user_leave_one_link(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let mut older = Vec::new();
        for _ in 0..50 {
            older.extend(world.link_token(ua.user).await);
            world.reset(&admin, &[ua.user]).await;
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM links WHERE ended_at IS NULL").await, 1);
        for link in [&older[0], &older[48]] {
            assert!(world.prove(link).await.is_none());
        }
        assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
        let mut conn = world.platform.db.read().await.unwrap();
        assert!(users::service::working_owners(&mut conn, world.a.id, world.platform.now()).await.unwrap().is_empty());
    }
}
