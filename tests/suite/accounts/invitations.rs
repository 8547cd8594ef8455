//! An account's beginning: invited, accepted, set up.

use rekey::domain::authority::Role;
use rekey::domain::invitation::LIFETIME;
use rekey::domain::password::Weakness;
use rekey::domain::sign_in::CodeProblem;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::accounts::invite::{Invited, Invitee, invite};
use rekey::features::accounts::service::{Change, Changed};
use rekey::features::invitation::service::{Accepted, open};
use rekey::features::set_up::service::{Finished, Registered, register};
use rekey::features::sign_in::service::Begun;

use super::super::dump::Dump;
use super::super::harness::*;
use super::{
    NEW_PASSWORD, accepted, changed, invited, invitee, is_shown, mailed, named, token, try_accept, try_change,
    try_invite,
};

both! {
    async fn from_the_mail_to_the_first_sign_in(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "Zoe@New.example").await;
        let mails = mailed(&world).await;
        assert_eq!(mails.len(), 1, "nobody else is written to");
        let (to, subject, text) = &mails[0];
        assert_eq!((to.as_str(), subject.as_str()), ("Zoe@New.example", "Set up your account"));
        let link = token(&world, zoe.user).await;
        assert!(text.contains(&format!("https://rekey.example/invitation/{link}")), "{text}");
        assert!(text.contains(&admin.name) && text.contains("account for you at A"), "{text}");

        let opened = open(&world.platform, &world.origin, &link).await.unwrap().unwrap();
        assert_eq!((opened.customer.name.as_str(), opened.address.as_str()), ("A", "Zoe@New.example"));
        let challenge = accepted(&world, &link).await.unwrap();
        let before = Dump::of(&world).await.everything();
        assert!(!before.contains(NEW_PASSWORD));
        let (secret, codes) = world.register(&challenge).await.unwrap();
        assert!(!is_shown(&world, &link).await, "the first code of the authenticator spends it");
        assert!(accepted(&world, &link).await.is_none());
        assert!(matches!(world.save_codes(&challenge, &codes[0]).await, Finished::SignedIn { .. }));
        let verified = format!("SELECT address_verified_at FROM users WHERE id = '{}'", zoe.user.id);
        assert_eq!(world.count(&verified).await, world.now().unix_milliseconds());

        let Begun::Challenge(waiting, Step::Factor) = world.begin_with("zoe@new.example", NEW_PASSWORD).await else {
            panic!("the chosen password does not sign in");
        };
        let zoe = Person { secret, codes, ..zoe };
        let code = rekey::features::sign_in::service::Factor::Code(world.fresh_code(&zoe));
        assert_eq!(named_end(&world.finish(&waiting.0, &code).await), "signed in");
        let recorded = world.recorded(world.a.id).await;
        for what in ["user_invited", "link_opened", "link_proved", "password_set", "invitation_ended"] {
            assert_eq!(recorded.iter().filter(|recorded| *recorded == what).count(), 1, "{what}");
        }
        let everything = Dump::of(&world).await.everything();
        for secret in [NEW_PASSWORD, link.as_str(), waiting.0.as_str()] {
            assert!(!everything.contains(secret), "{secret} lies in the database");
        }
        world.assert_chains_whole().await;
    }

    async fn looking_at_an_invitation_changes_nothing(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let link = token(&world, zoe.user).await;
        assert!(is_shown(&world, &link).await);
        let before = Dump::of(&world).await;
        for _ in 0..20 {
            assert!(is_shown(&world, &link).await);
        }
        assert_eq!(before, Dump::of(&world).await, "the first look was written down, the rest left nothing");
    }

    async fn an_invitation_works_until_the_last_second_and_not_after(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let link = token(&world, zoe.user).await;
        world.advance(Span::seconds(LIFETIME.as_seconds() - 1));
        assert!(is_shown(&world, &link).await);
        assert!(accepted(&world, &link).await.is_some());
        world.advance(Span::seconds(1));
        assert!(!is_shown(&world, &link).await);
        assert!(accepted(&world, &link).await.is_none());
    }

    async fn abandoned_it_leaves_no_account_with_a_password_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let link = token(&world, zoe.user).await;
        let challenge = accepted(&world, &link).await.unwrap();
        // A password was chosen, a key was shown, and that was it.
        assert!(world.shown_secret(&challenge).await.is_some());
        assert!(matches!(world.begin_with(&zoe.address, NEW_PASSWORD).await, Begun::Wrong));
        let wrong = register(&world.platform, &world.origin, &challenge, "000000").await.unwrap();
        assert!(matches!(wrong, Registered::Wrong));
        assert!(matches!(world.begin_with(&zoe.address, NEW_PASSWORD).await, Begun::Wrong));
        world.advance(Span::minutes(15));
        assert!(world.register(&challenge).await.is_none());
        let password = format!("SELECT password_hash FROM users WHERE id = '{}'", zoe.user.id);
        assert_eq!(world.text(&password).await, None);
        // The link waits on, and what is chosen the next time counts.
        let challenge = accepted(&world, &link).await.unwrap();
        assert!(world.register(&challenge).await.is_some());
        assert!(matches!(world.begin_with(&zoe.address, NEW_PASSWORD).await, Begun::Challenge(_, Step::Factor)));
    }

    async fn of_two_browsers_one_wins(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let link = token(&world, zoe.user).await;
        let Accepted::SetUp(first) = try_accept(&world, &link, "first of two browsers").await else { panic!("not taken") };
        let Accepted::SetUp(second) = try_accept(&world, &link, "second of two browsers").await else { panic!("not taken") };
        assert!(world.register(&second.0).await.is_some());
        assert!(world.register(&first.0).await.is_none());
        assert!(matches!(world.begin_with(&zoe.address, "first of two browsers").await, Begun::Wrong));
        assert!(matches!(world.begin_with(&zoe.address, "second of two browsers").await, Begun::Challenge(_, Step::Factor)));
    }

    async fn what_happens_meanwhile_ends_a_set_up_that_began(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for what in [Change::Suspend, Change::Remove, Change::InviteAgain] {
            let zoe = invited(&world, &admin, &format!("{what:?}@new.example")).await;
            let link = token(&world, zoe.user).await;
            let challenge = accepted(&world, &link).await.unwrap();
            changed(&world, &admin, zoe.user.id, what).await;
            assert!(world.register(&challenge).await.is_none(), "{what:?}");
            assert!(!is_shown(&world, &link).await, "{what:?}");
            assert!(accepted(&world, &link).await.is_none(), "{what:?}");
        }
    }

    async fn sent_again_the_older_link_is_dead_and_three_an_hour_are_enough(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let mut links = vec![token(&world, zoe.user).await];
        for _ in 0..2 {
            world.advance(Span::minutes(1));
            changed(&world, &admin, zoe.user.id, Change::InviteAgain).await;
            links.push(token(&world, zoe.user).await);
        }
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        let until = match try_change(&world, &admin, zoe.user.id, Change::InviteAgain).await {
            Changed::NotBefore(until) => until,
            other => panic!("{}", named(&other)),
        };
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
        assert!(!is_shown(&world, &links[0]).await && !is_shown(&world, &links[1]).await);
        assert!(is_shown(&world, &links[2]).await);
        let mails = mailed(&world).await;
        assert_eq!(mails.len(), 1, "only the newest is worth sending");
        assert!(mails[0].2.contains(&links[2]));
        world.advance(until - world.now());
        changed(&world, &admin, zoe.user.id, Change::InviteAgain).await;
        assert!(!is_shown(&world, &links[2]).await);
    }

    async fn a_token_is_of_one_invitation_and_of_nothing_else(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (zoe, max) =
            (invited(&world, &admin, "zoe@new.example").await, invited(&world, &admin, "max@new.example").await);
        let (link, other) = (token(&world, zoe.user).await, token(&world, max.user).await);
        let (id, tag) = link.split_once('.').unwrap();
        let (other_id, other_tag) = other.split_once('.').unwrap();
        let keys = &world.platform.keys;
        let recovery = keys.link_token(keys.newest_id(), id.parse().unwrap(), zoe.user, 1).unwrap();
        let newer = keys.invitation_token(keys.newest_id(), id.parse().unwrap(), zoe.user, 2).unwrap();
        for forged in [
            String::new(), ".".into(), id.into(), format!("{id}."), format!("{id}.{other_tag}"), format!("{other_id}.{tag}"),
            recovery, newer, format!("{link}x"), link.to_uppercase(),
        ] {
            assert!(!is_shown(&world, &forged).await, "{forged}");
            assert!(accepted(&world, &forged).await.is_none(), "{forged}");
        }
        assert!(world.prove(&link).await.is_none(), "an invitation is no recovery link");
        assert!(is_shown(&world, &link).await && is_shown(&world, &other).await);
    }

    async fn a_weak_password_is_refused_and_the_link_lives(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe.brueckner@new.example").await;
        let link = token(&world, zoe.user).await;
        let before = Dump::of(&world).await;
        for (password, weakness) in [
            ("short77", Weakness::Short(8)),
            ("password1", Weakness::Common),
            ("zoe.brueckner", Weakness::Yourself),
            ("Zoë Brückner", Weakness::Yourself),
            (&"x".repeat(1025), Weakness::Long(1024)),
        ] {
            let refused = try_accept(&world, &link, password).await;
            assert!(matches!(refused, Accepted::Weak(why) if why == weakness), "{password}");
        }
        assert_eq!(before, Dump::of(&world).await);
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        assert!(matches!(try_accept(&world, &link, "14 characters.").await, Accepted::Weak(Weakness::Short(15))));
        assert!(is_shown(&world, &link).await);
    }

    async fn where_no_factor_is_required_the_password_is_enough(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let link = token(&world, zoe.user).await;
        let Accepted::Active(challenge) = try_accept(&world, &link, NEW_PASSWORD).await else { panic!("not active") };
        assert!(!is_shown(&world, &link).await);
        assert!(matches!(world.begin_with(&zoe.address, NEW_PASSWORD).await, Begun::SignedIn(_)));
        // A factor may follow in the same browser, and need not.
        let (secret, codes) = world.register(&challenge.0).await.unwrap();
        assert!(matches!(world.save_codes(&challenge.0, &codes[0]).await, Finished::SignedIn { .. }));
        let zoe = Person { secret, codes, ..zoe };
        let Begun::Challenge(waiting, Step::Factor) = world.begin_with(&zoe.address, NEW_PASSWORD).await else { panic!("no factor") };
        let code = rekey::features::sign_in::service::Factor::Code(world.fresh_code(&zoe));
        assert_eq!(named_end(&world.finish(&waiting.0, &code).await), "signed in");
    }

    async fn an_invited_person_is_nobody_to_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[zoe.user, ua.user]).await;
        assert!(world.link(zoe.user).await.is_none() && world.link(ua.user).await.is_some());
        assert!(is_shown(&world, &token(&world, zoe.user).await).await);
    }

    async fn who_may_invite_whom(world: World) {
        // Every role in A and one of B, at every role; the code is right wherever one is asked for.
        for (number, inviter) in Role::ALL.iter().map(|role| Some(*role)).chain([None]).enumerate() {
            let person = match inviter {
                Some(role) => world.with_role(&world.a, role).await,
                None => world.with_role(&world.b, Role::Owner).await,
            };
            for role in Role::ALL {
                let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
                let address = format!("{role}{number}@new.example");
                let code = world.fresh_code(&person);
                let invited = try_invite(&world, &person, &Invitee { code, ..invitee(&world, &address, *role) }).await;
                let may = inviter.is_some_and(|mine| mine.manages(*role));
                assert_eq!(matches!(invited, Invited::Done(..)), may, "{inviter:?} {role}");
                if !may {
                    assert!(matches!(invited, Invited::Refused(_)), "{inviter:?} {role}");
                    assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]), "{inviter:?} {role}");
                    let chain = person.user.customer;
                    assert_eq!(world.last_recorded(chain).await.0, "change_refused");
                }
            }
        }
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let session = world.session(&without).await;
        let refused = invite(&world.platform, &world.origin, &session, &invitee(&world, "x@new.example", Role::Member)).await;
        assert!(matches!(refused.unwrap(), Invited::Refused(_)), "whoever has no factor invites nobody");
    }

    async fn above_a_member_the_own_code_is_asked_for(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        let wrong = wrong_code(&owner.secret, world.now());
        for code in ["", "12345", "abcdef", &wrong] {
            let invitee = Invitee { code: code.into(), ..invitee(&world, "zoe@new.example", Role::Auditor) };
            assert!(matches!(try_invite(&world, &owner, &invitee).await, Invited::Code(_)), "{code}");
        }
        let after = Dump::of(&world).await.but_the_record();
        let counters = ["sessions", "users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        assert_eq!(before.without(&counters), after.without(&counters));
        let used = world.fresh_code(&owner);
        let with_code = |code: &str, address: &str| Invitee { code: code.into(), ..invitee(&world, address, Role::Auditor) };
        assert!(matches!(try_invite(&world, &owner, &with_code(&used, "zoe@new.example")).await, Invited::Done(_, Some(_))));
        assert!(matches!(try_invite(&world, &owner, &with_code(&used, "max@new.example")).await, Invited::Code(CodeProblem::Wrong)));
    }

    async fn an_address_that_is_taken_says_nothing_of_where(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (own, foreign) = (world.member(&world.a).await, world.member(&world.b).await);
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        for address in [&own.address, &foreign.address, &foreign.address.to_uppercase()] {
            let invited = try_invite(&world, &admin, &invitee(&world, address, Role::Member)).await;
            assert!(matches!(invited, Invited::CannotInvite), "{address}");
        }
        for (name, address) in [("", "x@new.example"), ("\r\n", "x@new.example"), ("x", "no address"), ("x", "a@b@c.example")] {
            let odd = Invitee { name: name.into(), ..invitee(&world, address, Role::Member) };
            let refused = try_invite(&world, &admin, &odd).await;
            assert!(matches!(refused, Invited::NoName | Invited::BadAddress), "{name} {address}");
        }
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
    }
}
