//! A customer's policy: who may read and set it, and what comes of two at once.

mod review;
mod settings;

use rekey::domain::authority::{Refusal, Role};
use rekey::domain::caller::SecondProof;
use rekey::domain::customer::Customer;
use rekey::domain::ids::CustomerId;
use rekey::domain::policy::{Policy, Saved, Setting, Settings};
use rekey::domain::sign_in::CodeProblem;
use rekey::features::customers;
use rekey::features::policy::service::{Asked, save, show};
use rekey::features::session::service::Session;
use rekey::platform::text::version_of;

use super::dump::Dump;
use super::harness::*;

async fn stored(world: &World, customer: &Customer) -> Policy {
    let mut conn = world.platform.db.read().await.unwrap();
    customers::service::of_user(&mut conn, customer.id).await.unwrap().unwrap().policy
}

/// What holds with a change.
async fn asked(world: &World, customer: &Customer, change: impl FnOnce(&mut Settings)) -> Asked {
    let policy = stored(world, customer).await;
    let mut settings = policy.settings();
    change(&mut settings);
    Asked { settings, version: version_of(&policy), code: String::new() }
}

async fn try_save(world: &World, session: &Session, id: CustomerId, asked: &Asked) -> Saved {
    save(&world.platform, &world.origin, session, id, asked).await.unwrap().0
}

/// Saves with a fresh code of the owner.
pub async fn saved(world: &World, owner: &Person, customer: &Customer, change: impl FnOnce(&mut Settings)) -> Saved {
    let asked = Asked { code: world.fresh_code(owner), ..asked(world, customer, change).await };
    try_save(world, &world.session(owner).await, customer.id, &asked).await
}

/// Every setting with another value than the default.
const OTHERS: [(Setting, fn(&mut Settings)); 19] = [
    (Setting::MfaRequired, |asked| asked.mfa_required = false),
    (Setting::GraceDays, |asked| asked.grace_days = 7),
    (Setting::TrustDays, |asked| asked.trust_days = 30),
    (Setting::PasskeysAllowed, |asked| asked.passkeys_allowed = false),
    (Setting::PasskeysVerifyUser, |asked| asked.passkeys_verify_user = true),
    (Setting::HardwareTokensAllowed, |asked| asked.hardware_tokens_allowed = false),
    (Setting::PhonesAllowed, |asked| asked.phones_allowed = false),
    (Setting::PhoneMessagesADay, |asked| asked.phone_messages_a_day = 50),
    (Setting::SetUpAtSignIn, |asked| asked.set_up_at_sign_in = false),
    (Setting::LinkMinutes, |asked| asked.link_minutes = 30),
    (Setting::RemindAfterHours, |asked| asked.remind_after_hours = 24),
    (Setting::SecondProof, |asked| asked.second_proof = SecondProof::PasswordOrCallerCode),
    (Setting::CallBackCheck, |asked| asked.call_back_check = true),
    (Setting::ReasonRequired, |asked| asked.reason_required = false),
    (Setting::TicketRequired, |asked| asked.ticket_required = true),
    (Setting::ApproverFrom, |asked| asked.approver_from = 10),
    (Setting::ApproverAcross, |asked| asked.approver_across = true),
    (Setting::ApproverPrivileged, |asked| asked.approver_privileged = true),
    (Setting::CodesLow, |asked| asked.codes_low = 5),
];

both! {
    async fn owners_with_a_factor_set_a_policy_and_nobody_else(world: World) {
        assert_eq!(OTHERS.map(|(setting, _)| setting).as_slice(), Setting::ALL, "every setting is tried");
        let nowhere = CustomerId::new(START, [9; 10]);
        let mut people = Vec::new();
        for role in Role::ALL {
            let with = world.with_role(&world.a, *role).await;
            let without = world.person(&world.a, Who { role: *role, ..Who::NEW }).await;
            people.extend([(with, *role, true), (without, *role, false)]);
        }
        for (person, role, has_factor) in &people {
            let session = world.session(person).await;
            let reads = *role != Role::Member;
            let refusal = match role {
                Role::Owner if *has_factor => None,
                Role::Owner => Some(Refusal::NoFactorOfYourOwn),
                Role::Admin | Role::Auditor => Some(Refusal::OwnersOnly),
                Role::Member => Some(Refusal::NoRole),
            };
            let mut conn = world.platform.db.read().await.unwrap();
            for customer in [world.b.id, nowhere] {
                assert!(show(&mut conn, &session.actor, customer).await.unwrap().is_none());
            }
            let shown = show(&mut conn, &session.actor, world.a.id).await.unwrap();
            assert_eq!(shown.map(|shown| shown.refusal), reads.then_some(refusal), "{role}");
            drop(conn);
            for (setting, change) in OTHERS {
                let mut asked = asked(&world, &world.a, change).await;
                asked.code = person.secret.code(world.now());
                let before = Dump::of(&world).await;
                for customer in [world.b.id, nowhere] {
                    assert_eq!(try_save(&world, &session, customer, &asked).await, Saved::Unknown, "{role} {setting}");
                    assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
                }
                if let Some(refusal) = refusal {
                    let expected = if reads { Saved::Refused(refusal) } else { Saved::Unknown };
                    assert_eq!(try_save(&world, &session, world.a.id, &asked).await, expected, "{role} {setting}");
                    let (what, details) = world.last_recorded(world.a.id).await;
                    assert_eq!(what, "change_refused");
                    assert!(details.contains(refusal.as_str()), "{details}");
                }
                assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record(), "{role} {setting}");
            }
        }
        // The owner may: each setting by itself.
        let owner = &people[0].0;
        for (setting, change) in OTHERS {
            assert_eq!(saved(&world, owner, &world.a, change).await, Saved::Done, "{setting}");
            let (what, details) = world.last_recorded(world.a.id).await;
            assert_eq!((what.as_str(), details.contains(setting.as_str())), ("policy_set", true), "{details}");
        }
        let mut all = Policy::default().settings();
        for (_, change) in OTHERS {
            change(&mut all);
        }
        assert_eq!(stored(&world, &world.a).await.settings(), all);
        assert_eq!(stored(&world, &world.b).await, Policy::default(), "and nobody else's");
        assert_eq!(world.count(&format!("SELECT codes_low FROM customers WHERE id = '{}'", world.a.id)).await, 5);
        world.assert_chains_whole().await;
    }

    async fn a_policy_is_saved_with_a_fresh_code_only(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let session = world.session(&owner).await;
        let right = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, OTHERS[9].1).await };
        let before = Dump::of(&world).await;
        for (code, outcome) in [
            (String::new(), Saved::Code(CodeProblem::Malformed)),
            ("12345".into(), Saved::Code(CodeProblem::Malformed)),
            (wrong_code(&owner.secret, world.now()), Saved::Code(CodeProblem::Wrong)),
        ] {
            let asked = Asked { code, ..right.clone() };
            assert_eq!(try_save(&world, &session, world.a.id, &asked).await, outcome);
        }
        let counted = ["users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        let left = |dump: Dump| dump.but_the_record().without(&counted);
        assert_eq!(left(before), left(Dump::of(&world).await));
        // Somebody else's code is wrong too, and a code that was right is spent.
        let other = world.with_role(&world.a, Role::Owner).await;
        let theirs = Asked { code: other.secret.code(world.now()), ..right.clone() };
        assert_eq!(try_save(&world, &session, world.a.id, &theirs).await, Saved::Code(CodeProblem::Wrong));
        let (outcome, token) = save(&world.platform, &world.origin, &session, world.a.id, &right).await.unwrap();
        assert_eq!(outcome, Saved::Done);
        let session = world.find(&token.unwrap().0).await.expect("the session goes on under another token");
        let again = Asked { code: right.code, ..asked(&world, &world.a, OTHERS[8].1).await };
        assert_eq!(try_save(&world, &session, world.a.id, &again).await, Saved::Code(CodeProblem::Wrong));
        // What holds already is no change, and spends nothing.
        let same = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, |_| ()).await };
        assert_eq!(try_save(&world, &session, world.a.id, &same).await, Saved::Same);
        let real = Asked { code: same.code, ..asked(&world, &world.a, OTHERS[8].1).await };
        assert_eq!(try_save(&world, &session, world.a.id, &real).await, Saved::Done);
    }

    async fn of_two_who_save_at_once_one_wins_and_the_other_is_told(world: World) {
        for round in 0..5u16 {
            let owners = [world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Owner).await];
            let mut tries = Vec::new();
            for (n, owner) in owners.iter().enumerate() {
                let minutes = 100 + round * 10 + u16::try_from(n).unwrap();
                let change = move |asked: &mut Settings| asked.link_minutes = minutes;
                let asked = Asked { code: world.fresh_code(owner), ..asked(&world, &world.a, change).await };
                tries.push((world.session(owner).await, asked));
            }
            // Both codes are right at one moment.
            let now = world.now();
            for ((_, asked), owner) in tries.iter_mut().zip(&owners) {
                asked.code = owner.secret.code(now);
            }
            let both: Vec<_> = tries
                .into_iter()
                .map(|(session, asked)| {
                    let world = world.clone();
                    tokio::spawn(async move {
                        (try_save(&world, &session, world.a.id, &asked).await, asked.settings.link_minutes)
                    })
                })
                .collect();
            let mut outcomes = Vec::new();
            for one in both {
                outcomes.push(one.await.unwrap());
            }
            let won: Vec<u16> =
                outcomes.iter().filter(|(saved, _)| *saved == Saved::Done).map(|(_, minutes)| *minutes).collect();
            assert_eq!(won.len(), 1, "{outcomes:?}");
            assert!(outcomes.iter().any(|(saved, _)| *saved == Saved::Changed), "{outcomes:?}");
            assert_eq!(stored(&world, &world.a).await.link_minutes, won[0]);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'policy_set'").await, 5);
    }

    async fn whoever_loses_their_role_while_they_review_saves_nothing(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let session = world.session(&owner).await;
        let asked = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, OTHERS[0].1).await };
        world.grant(&owner, &world.a, Role::Admin).await;
        // The session's actor was read before.
        assert_eq!(try_save(&world, &session, world.a.id, &asked).await, Saved::Refused(Refusal::OwnersOnly));
        assert_eq!(stored(&world, &world.a).await, Policy::default());
        assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
    }
}
