//! An account's end: suspended, reactivated, removed. Its beginning is in `invitations`.

mod invitations;

use rekey::domain::authority::Role;
use rekey::domain::ids::UserId;
use rekey::domain::sign_in::Step;
use rekey::domain::user::UserRef;
use rekey::features::accounts::invite::{Invited, Invitee, invite};
use rekey::features::accounts::service::{Change, Changed, change};
use rekey::features::invitation::service::{Accepted, accept, open};
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::features::sign_in::service::Begun;

use super::browser::Browser;
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
pub async fn invited(world: &World, admin: &Person, address: &str) -> Person {
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
pub async fn token(world: &World, user: UserRef) -> String {
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

    async fn an_invitation_is_sent_again_from_the_users_page(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let person = invited(&world, &admin, "new@a.example").await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let path = format!("/users/{}", person.user.id);
        let page = browser.get(&path).await.body;
        let form = page.split("action=\"/api/accounts/invite_again\"").nth(1).expect("a form").split("</form>").next().unwrap();
        let value = |name: &str| form.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        mailed(&world).await;
        let answer = browser.post("/api/accounts/invite_again", &path, &[(value("name"), value("value"))]).await;
        assert_eq!(answer.location(), format!("{path}/invitation"));
        let told = mailed(&world).await;
        assert!(told.len() == 1 && told[0].0 == person.address, "{told:?}");
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
        assert_eq!(view.items[0].name, ua.name);
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
