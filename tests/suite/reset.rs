//! Resets: a frozen plan, a fresh code bound to it, one moment of death, and nothing at all where authority is missing.

use rekey::domain::audit::What;
use rekey::domain::authority::{Refusal, Role};
use rekey::domain::ids::{ResetId, UserId};
use rekey::domain::plan::{MOST_USERS, Skip};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::reset::run;
use rekey::features::reset::service::{Confirmation, Confirmed, Planned, View, view};
use rekey::features::set_up::service::Registered;
use rekey::features::sign_in::service::{Factor, Finished};
use rekey::features::{set_up, users};

use super::dump::Dump;
use super::harness::*;

/// Every old thing of this user fails: authenticator, backup codes, sessions, half-finished sign-ins, older links.
pub struct Old {
    person: Person,
    session: String,
    challenge: String,
    set_up: String,
    link: Option<String>,
}

impl Old {
    /// Collects what a user has, with a set-up that is under way beside it.
    pub async fn of(world: &World, person: &Person) -> Self {
        Self {
            session: world.session_token(person).await,
            challenge: world.challenge(person, Step::Factor).await,
            set_up: world.challenge(person, Step::SetUp).await,
            link: world.link_token(person.user).await,
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
        let (_, step) = world.begin(person).await;
        assert_eq!(step, Step::SetUp, "the password alone leads to a set-up and nowhere else");
    }
}

async fn seen(world: &World, person: &Person, id: ResetId) -> Option<View> {
    view(&world.platform, &world.actor(person).await, id).await.unwrap()
}

async fn skips(world: &World, person: &Person, id: ResetId) -> Vec<(UserId, Option<Skip>)> {
    let view = seen(world, person, id).await.expect("a reset that this person may see");
    view.items.iter().map(|item| (item.row.user_id, item.row.skip)).collect()
}

/// A selection that must be refused whole, with nothing changed but one row in the record.
async fn assert_refused(world: &World, admin: &Person, selected: &[UserRef], refusal: Refusal) {
    let before = Dump::of(world).await;
    let planned = world.try_plan(admin, &ids(selected)).await;
    assert_eq!(planned, Planned::Refused(refusal));
    let after = Dump::of(world).await;
    assert_eq!(before.clone().but_the_record(), after.clone().but_the_record());
    assert_eq!(after.len("audit_events"), before.len("audit_events") + 1);
    let (what, details) = world.last_recorded(admin.user.customer).await;
    assert_eq!(what, What::ResetRefused.as_str());
    assert!(details.contains(refusal.as_str()), "{details}");
}

both! {
    async fn a_reset_is_one_moment_of_death(world: World) {
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
        let row = &seen.items[0].row;
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

    async fn one_user_of_another_customer_refuses_the_whole(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        assert_refused(&world, &admin, &[ua.user, ub.user], Refusal::NoRole).await;
        assert_refused(&world, &admin, &[ub.user], Refusal::NoRole).await;
        // A made-up user is refused in the same words: who exists elsewhere is nobody's business.
        let made_up = UserRef { id: UserId::new(START, [7; 10]), ..ua.user };
        assert_refused(&world, &admin, &[ua.user, made_up], Refusal::NoRole).await;
    }

    async fn a_role_in_both_customers_reaches_both_and_no_third(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = world.reset(&both, &[ua.user, ub.user]).await;
        assert_eq!(skips(&world, &both, id).await.len(), 2);
        // Who reads only one of the customers sees only its part of the reset.
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        assert_eq!(skips(&world, &auditor, id).await, [(ub.user.id, None)]);
        // An auditor's role beside an admin's gives nothing there.
        world.grant(&both, &world.b, Role::Auditor).await;
        assert_refused(&world, &both, &[ub.user], Refusal::NoRole).await;
    }

    async fn an_admin_at_an_owner_is_refused(world: World) {
        let (admin, owner) =
            (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        assert_refused(&world, &admin, &[ua.user, owner.user], Refusal::OwnersOnly).await;
        let second = world.with_role(&world.a, Role::Owner).await;
        world.reset(&owner, &[admin.user, second.user]).await;
    }

    async fn nobody_resets_themself(world: World) {
        let (admin, owner) =
            (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        assert_refused(&world, &admin, &[ua.user, admin.user], Refusal::Yourself).await;
        assert_refused(&world, &owner, &[owner.user], Refusal::Yourself).await;
    }

    async fn without_authority_or_a_factor_nobody_is_reset(world: World) {
        let ua = world.member(&world.a).await;
        for role in [Role::Auditor, Role::Member] {
            let nobody = world.with_role(&world.a, role).await;
            assert_refused(&world, &nobody, &[ua.user], Refusal::NoRole).await;
        }
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        assert_refused(&world, &without, &[ua.user], Refusal::NoFactorOfYourOwn).await;
    }

    async fn a_customer_keeps_an_owner_who_can_sign_in(world: World) {
        // Whoever resets an owner is an owner there, and stays one. But A's only owner is at home in B, where an admin
        // may reset them.
        let admin = world.with_role(&world.b, Role::Admin).await;
        let (far_owner, ub) = (world.member(&world.b).await, world.member(&world.b).await);
        world.grant(&far_owner, &world.a, Role::Owner).await;
        let suspended = world.person(&world.a, Who { role: Role::Owner, suspended: true, ..Who::MEMBER }).await;
        world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let before = Dump::of(&world).await.but_the_record();
        let planned = world.try_plan(&admin, &[ub.user.id, far_owner.user.id]).await;
        assert!(matches!(planned, Planned::NoOwnerLeft(_)), "{planned:?}");
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        assert_eq!(world.last_recorded(world.b.id).await.0, "reset_refused");
        world.plan(&admin, &[ub.user]).await;

        // With a second one who can sign in it may begin, and stops short when that one is gone before it runs.
        let second = world.with_role(&world.a, Role::Owner).await;
        let id = world.confirmed(&admin, &[ub.user, far_owner.user]).await;
        world.suspend(&second).await;
        run::run(&world.platform, id).await.unwrap();
        let mut expected = vec![(ub.user.id, None), (far_owner.user.id, Some(Skip::LastOwner))];
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(skips(&world, &admin, id).await, expected);
        assert_eq!((world.rows_of("methods", far_owner.user).await, world.rows_of("methods", ub.user).await), (1, 0));
        let _ = suspended;
    }

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
            let confirmed = world.try_confirm(&session, id, &confirmation).await;
            assert_eq!(named_confirmation(&confirmed), expected, "{what}");
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
        assert!(matches!(world.try_confirm(&session, id, &replayed).await, Confirmed::CodeWrong));
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
        assert!(matches!(world.try_confirm(&session, id, &right).await, Confirmed::LockedUntil(_)));
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

    async fn demoted_between_review_and_confirmation(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        world.grant(&admin, &world.a, Role::Auditor).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        let confirmed = world.try_confirm(&session, id, &confirmation).await;
        assert!(matches!(confirmed, Confirmed::Refused(_) | Confirmed::Changed), "{}", named_confirmation(&confirmed));
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
        // The same when the user rises above the admin.
        world.grant(&admin, &world.a, Role::Admin).await;
        world.grant(&ua, &world.a, Role::Owner).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        assert!(matches!(
            world.try_confirm(&session, id, &confirmation).await,
            Confirmed::Refused(Refusal::OwnersOnly)
        ));
    }

    async fn demoted_between_confirmation_and_run(world: World) {
        for lost in ["demoted", "suspended", "reset themself"] {
            let (admin, owner) =
                (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
            let users = world.people(&world.a, Who::MEMBER, 3).await;
            let id = world.confirmed(&admin, &users_of(&users)).await;
            match lost {
                "demoted" => world.grant(&admin, &world.a, Role::Member).await,
                "suspended" => world.suspend(&admin).await,
                _ => drop(world.reset(&owner, &[admin.user]).await),
            }
            let before = Dump::of(&world).await.without(&["resets", "reset_items"]);
            run::run(&world.platform, id).await.unwrap();
            let after = Dump::of(&world).await.without(&["resets", "reset_items"]);
            assert_eq!(before.but_the_record(), after.but_the_record(), "{lost}");
            assert!(skips(&world, &owner, id).await.iter().all(|(_, skip)| *skip == Some(Skip::NoAuthority)), "{lost}");
            let done = format!("SELECT COUNT(*) FROM resets WHERE id = '{id}' AND completed_at IS NOT NULL");
            assert_eq!(world.count(&done).await, 1);
        }
    }

    async fn demoted_in_one_customer_half_way(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = world.confirmed(&admin, &[ua.user, ub.user]).await;
        world.grant(&admin, &world.b, Role::Member).await;
        run::run(&world.platform, id).await.unwrap();
        assert_eq!((world.rows_of("methods", ua.user).await, world.rows_of("methods", ub.user).await), (0, 1));
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        assert_eq!(skips(&world, &auditor, id).await, [(ub.user.id, Some(Skip::NoAuthority))]);
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

    async fn as_many_as_one_plan_may_hold(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::NEW, MOST_USERS).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_items").await, i64::try_from(MOST_USERS).unwrap());
        assert_eq!(seen(&world, &admin, id).await.unwrap().items.len(), MOST_USERS);
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
                .all(|item| item.row.done_at.is_some() && item.link.is_some())
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
            let listed = rekey::features::reset::service::list(&mut conn, &actor).await.unwrap();
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
        let scope = world.actor(&admin).await.scope(rekey::domain::authority::Right::Read);
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
