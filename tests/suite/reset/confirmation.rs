//! A frozen plan, and the fresh code and the words that confirm it.

use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::count::Count;
use rekey::domain::ids::UserId;
use rekey::domain::plan::{MOST_USERS, Skip};
use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::domain::user_filter::{COUNTED, UserFilter};
use rekey::features::reset::run;
use rekey::features::reset::service::{Confirmation, Confirmed, Planned, Selection, plan, sweep};
use rekey::features::sign_in::service::{Factor, Finished};
use rekey::features::users;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{seen, skips};

const TEN_THOUSAND: usize = 10_000;

both! {
    async fn each_who_is_skipped_is_told_apart(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let who = [
            (Who::MEMBER, None),
            (Who { invited: true, ..Who::MEMBER }, Some(Skip::SetUpNotFinished)),
            (Who { suspended: true, ..Who::MEMBER }, Some(Skip::Suspended)),
            (Who { unverified: true, ..Who::MEMBER }, Some(Skip::NoVerifiedAddress)),
            (Who::NEW, Some(Skip::NothingToReset)),
        ];
        let mut expected = Vec::new();
        for (who, skip) in who {
            expected.push((world.person(&world.a, who).await, skip));
        }
        let users: Vec<UserRef> = expected.iter().map(|(person, _)| person.user).collect();
        let planned = world.plan(&admin, &users).await;
        let skipped = |mut expected: Vec<(UserId, Option<Skip>)>| {
            expected.sort_by_key(|(user, _)| *user);
            expected
        };
        let want = skipped(expected.iter().map(|(person, skip)| (person.user.id, *skip)).collect());
        assert_eq!(skips(&world, &admin, planned).await, want);
        let before = Dump::of(&world).await;
        let id = world.reset(&admin, &users).await;
        assert_eq!(skips(&world, &admin, id).await, want);
        let after = Dump::of(&world).await;
        // One user lost an authenticator and ten codes; one link and one mail came; nobody else was touched.
        for (table, by) in [("methods", -1), ("backup_codes", -10), ("backup_code_sets", -1), ("links", 1)] {
            assert_eq!(
                i64::try_from(after.len(table)).unwrap() - i64::try_from(before.len(table)).unwrap(),
                by,
                "{table}"
            );
        }
        for (person, skip) in &expected {
            assert_eq!(world.link(person.user).await.is_some(), skip.is_none());
        }
        // A plan in which nobody is reset cannot be confirmed.
        let id = world.plan(&admin, &users[1..]).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Nobody));
    }

    async fn without_a_fresh_code_of_ones_own_nothing_happens(world: World) {
        let (admin, other) =
            (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        let session = world.session(&admin).await;
        let spent = world.fresh_code(&admin);
        let token = world.challenge(&admin, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(spent.clone())).await, Finished::SignedIn { .. }));
        let good = world.confirmation(&admin, id).await;
        let with = |code: String| Confirmation { code, ..good.clone() };
        let left_alone = ["users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        let before = Dump::of(&world).await.but_the_record().without(&left_alone);
        let attempts = [
            ("missing", with(String::new()), "code malformed"),
            ("five digits", with("12345".into()), "code malformed"),
            ("a backup code", with(admin.codes[0].shown()), "code malformed"),
            ("wrong", with(wrong_code(&admin.secret, world.now())), "code wrong"),
            ("replayed", with(spent), "code wrong"),
            ("someone else's", with(other.secret.code(world.now())), "code wrong"),
            ("of another plan", Confirmation { plan_hash: "0".repeat(64), ..good.clone() }, "changed"),
            ("of no plan", Confirmation { plan_hash: String::new(), ..good.clone() }, "changed"),
        ];
        for (what, confirmation, expected) in attempts {
            let refused = world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'step_up_refused'").await;
            let confirmed = world.try_confirm(&session, id, &confirmation).await;
            assert_eq!(named_confirmation(&confirmed), expected, "{what}");
            if expected.starts_with("code") {
                let now = world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'step_up_refused'").await;
                assert_eq!(now, refused + 1, "{what}");
            }
            run::run(&world.platform, id).await.unwrap();
            assert_eq!(before, Dump::of(&world).await.but_the_record().without(&left_alone), "{what}");
        }
        // Somebody else cannot confirm it, with a code of their own or of the requester.
        let others_session = world.session(&other).await;
        for code in [world.fresh_code(&other), world.fresh_code(&admin)] {
            let confirmed = world.try_confirm(&others_session, id, &with(code)).await;
            assert!(matches!(confirmed, Confirmed::Unknown));
        }
        assert_eq!(world.last_recorded(world.a.id).await.0, "reset_refused");
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
        // And the right one works, once.
        let good = world.confirmation(&admin, id).await;
        assert!(matches!(world.try_confirm(&session, id, &good).await, Confirmed::Running(_)));
        assert!(matches!(world.try_confirm(&session, id, &good).await, Confirmed::Already));
        let id = world.plan(&admin, &[ua.user]).await;
        let replayed = Confirmation { plan_hash: world.plan_hash(id).await, ..good };
        assert!(matches!(world.try_confirm(&session, id, &replayed).await, Confirmed::Code(CodeProblem::Wrong)));
    }

    async fn ten_wrong_step_ups_lock_them(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        let session = world.session(&admin).await;
        let wrong =
            Confirmation { code: wrong_code(&admin.secret, world.now()), ..world.confirmation(&admin, id).await };
        for n in 1..=11 {
            let confirmed = world.try_confirm(&session, id, &wrong).await;
            assert_eq!(named_confirmation(&confirmed), if n < 10 { "code wrong" } else { "locked" }, "{n}");
        }
        let right = world.confirmation(&admin, id).await;
        assert!(matches!(world.try_confirm(&session, id, &right).await, Confirmed::Code(CodeProblem::Locked { .. })));
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
    }

    async fn what_was_reviewed_is_what_is_confirmed(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let session = world.session(&admin).await;
        // Someone with access to the database slips another user in, or lets one out, or makes a skipped one go.
        let skipped = world.person(&world.a, Who { unverified: true, ..Who::MEMBER }).await;
        let tampered = [
            format!(
                "UPDATE reset_items SET user_id = '{}' WHERE user_id = '{}' AND reset_id =",
                ub.user.id, ua.user.id
            ),
            format!("DELETE FROM reset_items WHERE user_id = '{}' AND reset_id =", ua.user.id),
            format!("UPDATE reset_items SET skip = NULL WHERE user_id = '{}' AND reset_id =", skipped.user.id),
        ];
        for change in tampered {
            let id = world.plan(&admin, &[ua.user, skipped.user]).await;
            let confirmation = world.confirmation(&admin, id).await;
            assert_eq!(world.execute(&format!("{change} '{id}'")).await, 1);
            assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Changed));
        }
        // A hash of the new content does not help: it is not what was frozen.
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
    }

    async fn a_plan_waits_half_an_hour(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let (early, late) = (world.plan(&admin, &[ua.user]).await, world.plan(&admin, &[ua.user]).await);
        world.advance(Span::seconds(29 * 60 + 29));
        let session = world.session(&admin).await;
        // `confirmation` moves the clock on by half a minute, to the last second and then beyond.
        let confirmation = world.confirmation(&admin, early).await;
        assert!(matches!(world.try_confirm(&session, early, &confirmation).await, Confirmed::Running(_)));
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, late).await;
        assert!(matches!(world.try_confirm(&session, late, &confirmation).await, Confirmed::Expired));
        run::run(&world.platform, late).await.unwrap();
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
    }

    async fn reason_and_ticket_are_asked_for_as_the_policies_say(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.set_policy(&world.a, policy(|policy| policy.reason_required = false)).await;
        world.set_policy(&world.b, policy(|policy| policy.ticket_required = true)).await;
        let id = world.plan(&admin, &[ua.user, ub.user]).await;
        let session = world.session(&admin).await;
        let good = world.confirmation(&admin, id).await;
        for (reason, ticket, expected) in [
            ("", "T-1", "reason missing"),
            (" \r\n\t\u{202e}", "T-1", "reason missing"),
            ("Lost phone", " ", "ticket missing"),
        ] {
            let confirmation = Confirmation { reason: reason.into(), ticket: ticket.into(), ..good.clone() };
            assert_eq!(named_confirmation(&world.try_confirm(&session, id, &confirmation).await), expected);
        }
        let confirmation = Confirmation { reason: " Lost\r\nBcc: x@y.example\0 phone ".into(), ..good };
        assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Running(_)));
        run::run(&world.platform, id).await.unwrap();
        let seen = seen(&world, &admin, id).await.unwrap();
        assert_eq!(seen.reset.reason.as_deref(), Some("Lost Bcc: x@y.example phone"));
        assert_eq!(seen.reset.ticket.as_deref(), Some("T-1"));
        // Each customer's own policy alone counts where only its users are selected.
        let id = world.plan(&admin, &[ua.user]).await;
        let session = world.session(&admin).await;
        let bare =
            Confirmation { reason: String::new(), ticket: String::new(), ..world.confirmation(&admin, id).await };
        assert!(matches!(world.try_confirm(&session, id, &bare).await, Confirmed::Running(_)));
    }

    async fn whoever_changed_since_the_review_is_judged_anew(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 4).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        world.suspend(&users[0]).await;
        world.execute(&format!("UPDATE users SET address_verified_at = NULL WHERE id = '{}'", users[1].user.id)).await;
        world.grant(&users[2], &world.a, Role::Owner).await;
        run::run(&world.platform, id).await.unwrap();
        let expected = [Some(Skip::Suspended), Some(Skip::NoVerifiedAddress), Some(Skip::NoAuthority), None];
        let found = skips(&world, &admin, id).await;
        for (user, skip) in users.iter().zip(expected) {
            assert!(found.contains(&(user.user.id, skip)), "{skip:?}");
            assert_eq!(world.rows_of("methods", user.user).await, i64::from(skip.is_some()));
        }
    }

    async fn nobody_twice_and_too_many_are_defined(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let before = Dump::of(&world).await;
        assert_eq!(world.try_plan(&admin, &[]).await, Planned::Nobody);
        let made_up: Vec<UserId> = (0..=MOST_USERS).map(|_| UserId::new(START, world.platform.rng.bytes())).collect();
        assert_eq!(world.try_plan(&admin, &made_up).await, Planned::TooMany);
        assert_eq!(before, Dump::of(&world).await);
        assert_eq!(world.try_plan(&admin, &made_up[1..]).await, Planned::Refused(Refusal::NoRole));
        // Named three times, each is reset once.
        let named: Vec<UserRef> = users_of(&users).into_iter().cycle().take(9).collect();
        let id = world.reset(&admin, &named).await;
        assert_eq!(skips(&world, &admin, id).await.len(), 3);
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 3);
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "reset").count(), 3);
    }

    async fn a_plan_that_is_still_written_is_none(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let id = world.plan(&admin, &[world.member(&world.a).await.user]).await;
        let confirmation = world.confirmation(&admin, id).await;
        world.execute("UPDATE resets SET plan_hash = ''").await;
        let session = world.session(&admin).await;
        for plan_hash in [confirmation.plan_hash.clone(), String::new()] {
            let confirmation = Confirmation { plan_hash, ..confirmation.clone() };
            assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Unknown));
        }
        assert!(seen(&world, &admin, id).await.is_none());
    }

    async fn ten_thousand_in_one_plan(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::NEW, TEN_THOUSAND).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_items").await, i64::try_from(TEN_THOUSAND).unwrap());
        assert_eq!(seen(&world, &admin, id).await.unwrap().items.len(), TEN_THOUSAND);
        // So far lists count, and no farther: the admin is one of them, and two more are not counted.
        let scope = world.actor(&admin).await.scope(Right::Read);
        let counted = async || {
            let mut conn = world.platform.db.read().await.unwrap();
            users::service::count(&mut conn, &scope, &UserFilter::default(), world.now()).await.unwrap()
        };
        let all = world.count("SELECT COUNT(*) FROM users").await;
        assert_eq!((all, counted().await), (COUNTED + 1, Count::MoreThan(COUNTED)));
        world.people(&world.a, Who::NEW, 2).await;
        assert_eq!(counted().await, Count::MoreThan(COUNTED));
        // The page says so, and offers them all the same: the plan counts them.
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get("/users?q=example").await.body;
        assert!(page.contains("more than 10,000 of 10,003 people"), "{page}");
        assert!(page.contains("Select everybody who matches, more than 10,000"), "{page}");
        let filter = UserFilter::from_pairs([("q", "example")]);
        let actor = world.actor(&admin).await;
        let all = plan(&world.platform, &world.origin, &actor, Selection::Matching(filter)).await.unwrap();
        let Planned::Frozen(id) = all else { panic!("{all:?}") };
        let planned = format!("SELECT COUNT(*) FROM reset_items WHERE reset_id = '{id}'");
        assert_eq!(world.count(&planned).await, i64::try_from(TEN_THOUSAND).unwrap() + 3);
        // What nobody confirmed in a day is no use to anybody.
        let kept = world.reset(&admin, &[world.member(&world.a).await.user]).await;
        world.advance(Span::minutes(24 * 60 - 10));
        sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NULL").await, 2);
        world.advance(Span::minutes(10));
        sweep(&world.platform).await.unwrap();
        let left = format!("SELECT COUNT(*) FROM reset_items WHERE reset_id <> '{kept}'");
        assert_eq!(world.count(&left).await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets").await, 1);
    }
}
