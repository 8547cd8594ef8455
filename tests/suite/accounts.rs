//! An account's beginning and end: invited, accepted, suspended, reactivated, removed.

use rekey::domain::authority::Role;
use rekey::domain::ids::UserId;
use rekey::domain::invitation::LIFETIME;
use rekey::domain::password::Weakness;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::accounts::invite::{Invited, Invitee, invite};
use rekey::features::accounts::service::{Change, Changed, Code, change};
use rekey::features::invitation::service::{Accepted, accept, open};
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::features::set_up::service::{Finished, Registered, register};
use rekey::features::sign_in::service::Begun;

use super::dump::Dump;
use super::harness::*;

const NEW_PASSWORD: &str = "tide over gravel";

fn invitee(world: &World, address: &str, role: Role) -> Invitee {
    Invitee { customer: world.a.id, name: "Zoë  Brückner".into(), address: address.into(), role, code: String::new() }
}

async fn try_invite(world: &World, admin: &Person, invitee: &Invitee) -> Invited {
    let session = world.session(admin).await;
    invite(&world.platform, &world.origin, &session, invitee).await.unwrap()
}

/// Somebody who was just invited to A.
async fn invited(world: &World, admin: &Person, address: &str) -> Person {
    match try_invite(world, admin, &invitee(world, address, Role::Member)).await {
        Invited::Done(id, None) => Person {
            user: UserRef { customer: world.a.id, id },
            name: "Zoë Brückner".into(),
            address: address.into(),
            secret: rekey::platform::totp::TotpSecret::from_bytes([1; 20]),
            codes: Vec::new(),
        },
        _ => panic!("{address} was not invited"),
    }
}

/// The newest invitation of a user as their mail holds it.
async fn token(world: &World, user: UserRef) -> String {
    let of = |column: &str| format!("SELECT {column} FROM invitations WHERE user_id = '{}'", user.id);
    let id = world.text(&of("id")).await.unwrap().parse().unwrap();
    let generation = world.count(&of("generation")).await;
    world.platform.keys.invitation_token(world.platform.keys.newest_id(), id, user, generation).unwrap()
}

async fn is_shown(world: &World, token: &str) -> bool {
    open(&world.platform, &world.origin, token).await.unwrap().is_some()
}

async fn try_accept(world: &World, token: &str, password: &str) -> Accepted {
    accept(&world.platform, &world.origin, token, password.to_owned()).await.unwrap()
}

/// The set-up that an invitation and a good password lead to.
async fn accepted(world: &World, token: &str) -> Option<String> {
    match try_accept(world, token, NEW_PASSWORD).await {
        Accepted::SetUp(challenge) | Accepted::Active(challenge) => Some(challenge.0),
        Accepted::Dead => None,
        Accepted::Weak(_) => panic!("a weak password"),
    }
}

async fn try_change(world: &World, admin: &Person, id: UserId, what: Change) -> Changed {
    let session = world.session(admin).await;
    let code = world.fresh_code(admin);
    change(&world.platform, &world.origin, &session, id, what, &code).await.unwrap()
}

async fn changed(world: &World, admin: &Person, id: UserId, what: Change) {
    let changed = try_change(world, admin, id, what).await;
    assert!(matches!(changed, Changed::Done(_)), "{what:?}: {}", named(&changed));
}

const fn named(changed: &Changed) -> &'static str {
    match changed {
        Changed::Done(_) => "done",
        Changed::Already => "already",
        Changed::NotHere => "not here",
        Changed::Refused(_) => "refused",
        Changed::LastOwner(_) => "last owner",
        Changed::NotBefore(_) => "not before",
        Changed::Code(_) => "code",
    }
}

/// What was mailed, to whom: `(to, subject, text)`, the newest first.
async fn mailed(world: &World) -> Vec<(String, String, String)> {
    let mailbox = DevMailbox::new();
    deliver_due(&world.platform, &Transport::Mailbox(mailbox.clone())).await.unwrap();
    mailbox.newest_first().iter().map(|mail| (mail.to.clone(), mail.subject.clone(), mail.text.clone())).collect()
}

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
        assert!(matches!(try_invite(&world, &owner, &with_code(&used, "max@new.example")).await, Invited::Code(Code::Wrong)));
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

    async fn who_may_change_whose_account(world: World) {
        for what in [Change::Suspend, Change::Reactivate, Change::Remove, Change::InviteAgain] {
            for (mine, customer) in Role::ALL.iter().map(|role| (*role, &world.a)).chain([(Role::Owner, &world.b)]) {
                let person = world.with_role(customer, mine).await;
                for role in Role::ALL {
                    let who = Who {
                        role: *role,
                        suspended: what == Change::Reactivate,
                        invited: what == Change::InviteAgain,
                        ..Who::MEMBER
                    };
                    let target = world.person(&world.a, who).await;
                    let may = customer.id == world.a.id && mine.manages(*role);
                    let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
                    let came = try_change(&world, &person, target.user.id, what).await;
                    assert_eq!(matches!(came, Changed::Done(_)), may, "{what:?} {mine} {role}: {}", named(&came));
                    if !may {
                        assert!(matches!(came, Changed::Refused(_) | Changed::NotHere));
                        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
                        assert_eq!(world.last_recorded(person.user.customer).await.0, "change_refused");
                    }
                }
                let own = try_change(&world, &person, person.user.id, what).await;
                assert!(matches!(own, Changed::Refused(_) | Changed::NotHere | Changed::LastOwner(_)), "{what:?} {mine}: {}", named(&own));
            }
        }
        let admin = world.with_role(&world.a, Role::Owner).await;
        let nobody = UserId::new(world.now(), [9; 10]);
        assert!(matches!(try_change(&world, &admin, nobody, Change::Suspend).await, Changed::NotHere));
    }

    async fn a_suspension_ends_everything_at_once_and_is_lifted_as_it_was(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let session = world.session_token(&ua).await;
        let half_way = world.challenge(&ua, Step::Factor).await;
        changed(&world, &admin, ua.user.id, Change::Suspend).await;
        assert!(world.find(&session).await.is_none());
        let code = rekey::features::sign_in::service::Factor::Code(world.fresh_code(&ua));
        assert_eq!(named_end(&world.finish(&half_way, &code).await), "dead");
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        assert!(matches!(try_change(&world, &admin, ua.user.id, Change::Suspend).await, Changed::Already));
        let mails = mailed(&world).await;
        assert_eq!((mails.len(), mails[0].0.as_str(), mails[0].1.as_str()), (1, ua.address.as_str(), "Your account is suspended"));

        changed(&world, &admin, ua.user.id, Change::Reactivate).await;
        assert!(matches!(try_change(&world, &admin, ua.user.id, Change::Reactivate).await, Changed::Already));
        assert!(world.find(&session).await.is_none(), "what ended stays ended");
        world.sign_in(&ua).await;
        let mails = mailed(&world).await;
        assert_eq!((mails.len(), mails[0].0.as_str(), mails[0].1.as_str()), (1, ua.address.as_str(), "Your account is no longer suspended"));
        world.assert_chains_whole().await;
    }

    async fn a_suspension_ends_the_links_and_their_mails(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        changed(&world, &admin, ua.user.id, Change::Suspend).await;
        assert!(world.prove(&link).await.is_none());
        let mails = mailed(&world).await;
        assert_eq!(mails.len(), 1, "the mail with the dead link is not sent");
        changed(&world, &admin, ua.user.id, Change::Reactivate).await;
        assert!(world.prove(&link).await.is_none(), "no link revives");
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Challenge(_, Step::SetUp)), "the set-up is still due");

        let zoe = invited(&world, &admin, "zoe@new.example").await;
        let invitation = token(&world, zoe.user).await;
        changed(&world, &admin, zoe.user.id, Change::Suspend).await;
        changed(&world, &admin, zoe.user.id, Change::Reactivate).await;
        assert!(!is_shown(&world, &invitation).await);
        changed(&world, &admin, zoe.user.id, Change::InviteAgain).await;
        assert!(is_shown(&world, &token(&world, zoe.user).await).await);
    }

    async fn the_last_owner_who_can_sign_in_stays(world: World) {
        let (first, second) = (world.with_role(&world.b, Role::Owner).await, world.member(&world.a).await);
        let admin = world.with_role(&world.a, Role::Admin).await;
        // At home in A, where an admin may manage members, and the only owner of B but one.
        world.grant(&second, &world.b, Role::Owner).await;
        let b_owner = world.with_role(&world.b, Role::Owner).await;
        changed(&world, &first, b_owner.user.id, Change::Remove).await;
        let second_admin = Person { ..second.clone() };
        changed(&world, &second_admin, first.user.id, Change::Suspend).await;
        for what in [Change::Suspend, Change::Remove] {
            let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
            let refused = try_change(&world, &admin, second.user.id, what).await;
            assert!(matches!(refused, Changed::LastOwner(None)), "{what:?}: {}", named(&refused));
            assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
            assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
        }
    }

    async fn of_two_owners_who_suspend_each_other_one_stays(world: World) {
        for _ in 0..5 {
            let owners = [world.with_role(&world.b, Role::Owner).await, world.with_role(&world.b, Role::Owner).await];
            let sessions = [world.session(&owners[0]).await, world.session(&owners[1]).await];
            let other_node = world.second_node().await;
            let one = {
                let (world, session, target) = (world.clone(), sessions[0].clone(), owners[1].user.id);
                tokio::spawn(async move { change(&world.platform, &world.origin, &session, target, Change::Suspend, "").await })
            };
            let other = {
                let (world, session, target) = (other_node, sessions[1].clone(), owners[0].user.id);
                tokio::spawn(async move { change(&world.platform, &world.origin, &session, target, Change::Suspend, "").await })
            };
            let results = [one.await.unwrap().unwrap(), other.await.unwrap().unwrap()];
            let done = results.iter().filter(|result| matches!(result, Changed::Done(_))).count();
            assert_eq!(done, 1, "{} {}", named(&results[0]), named(&results[1]));
            world.execute(&format!("DELETE FROM memberships WHERE customer_id = '{}'", world.b.id)).await;
        }
    }

    async fn a_removal_frees_the_address_and_keeps_the_records(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.grant(&ua, &world.b, Role::Auditor).await;
        let reset = world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        let session = world.session_token(&ua).await;
        mailed(&world).await;
        changed(&world, &admin, ua.user.id, Change::Remove).await;
        for table in ["methods", "backup_codes", "backup_code_sets", "sessions", "challenges"] {
            assert_eq!(world.rows_of(table, ua.user).await, 0, "{table}");
        }
        assert_eq!(world.count(&format!("SELECT COUNT(*) FROM memberships WHERE user_id = '{}'", ua.user.id)).await, 0);
        assert!(world.find(&session).await.is_none());
        assert!(world.prove(&link).await.is_none());
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        let mails = mailed(&world).await;
        assert_eq!((mails.len(), mails[0].0.as_str(), mails[0].1.as_str()), (1, ua.address.as_str(), "Your account was removed"));
        let everything = Dump::of(&world).await.without(&["audit_events"]).everything();
        assert!(!everything.contains(&ua.address), "the address is gone once its last mail is sent");

        // Who it was is still told.
        let actor = world.actor(&admin).await;
        let view = rekey::features::reset::service::view(&world.platform, &actor, reset).await.unwrap().unwrap();
        assert_eq!(view.items[0].row.name, ua.name);
        let scope = actor.scope(rekey::domain::authority::Right::Read);
        let mut conn = world.platform.db.read().await.unwrap();
        let found = rekey::features::users::service::by_ids(&mut conn, &scope, &[ua.user.id]).await.unwrap();
        assert!(found.is_empty());
        drop(conn);
        assert_eq!(world.last_recorded(world.b.id).await.0, "role_ended");
        assert!(matches!(try_change(&world, &admin, ua.user.id, Change::Reactivate).await, Changed::NotHere));

        // And somebody else may have the address.
        let again = invited(&world, &admin, &ua.address).await;
        assert_ne!(again.user, ua.user);
        world.assert_chains_whole().await;
    }

    async fn a_removal_needs_the_own_code(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let session = world.session(&admin).await;
        let counters = ["users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        let before = Dump::of(&world).await.but_the_record().without(&counters);
        for code in ["", "12345", &wrong_code(&admin.secret, world.now()), &world.fresh_code(&ua)] {
            let came = change(&world.platform, &world.origin, &session, ua.user.id, Change::Remove, code).await;
            assert!(matches!(came.unwrap(), Changed::Code(_)), "{code}");
        }
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&counters));
    }
}
