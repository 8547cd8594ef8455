//! What is known of a customer, changed by its owners.

use axum::http::StatusCode;
use rekey::domain::access::EditOutcome;
use rekey::domain::authority::{Refusal, Role};
use rekey::domain::customer::{Details, NameProblem};
use rekey::domain::sign_in::CodeProblem;
use rekey::features::access::edit_service::{Asked, save};
use rekey::platform::text::version_of;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;

fn details(name: &str, language: &str, zone: &str) -> Details {
    let kept = |text: &str| Some(text.to_owned());
    Details { name: name.to_owned(), help_desk: kept("+49 40 5550 199"), language: kept(language), zone: kept(zone) }
}

/// Somebody's wish for A, against what they saw of it.
fn asked(seen: &Details, new: &Details, code: &str) -> Asked {
    Asked { details: new.clone(), version: version_of(seen), code: code.to_owned() }
}

async fn edit(world: &World, asking: &Person, new: &Details, code: &str) -> EditOutcome {
    let (session, asked) = (world.session(asking).await, asked(&world.a.details(), new, code));
    save(&world.platform, &world.origin, &session, world.a.id, &asked).await.unwrap().outcome
}

both! {
    async fn an_owner_changes_a_customer_without_script(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let (shown, path) = (format!("/customers/{}", world.a.id), format!("/customers/{}/edit", world.a.id));
        let overview = browser.get(&shown).await.body;
        assert!(overview.contains(&format!("href=\"{path}\"")) && overview.contains("English"), "{overview}");
        let page = browser.get(&path).await.body;
        assert!(page.contains("value=\"Europe/Berlin\"") && page.contains("America/Argentina/Buenos Aires"), "{page}");
        assert!(!page.contains("value=\"GB\"") && !page.contains("value=\"Etc/"), "{page}");
        let version = page.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let id = world.a.id.to_string();
        let fields = |code| {
            [
                ("id", id.as_str()),
                ("name", " Hafenwerk\r\nLogistik "),
                ("help_desk", "+49 40 5550 199"),
                ("language", "de"),
                ("zone", "Europe/Berlin"),
                ("version", version.as_str()),
                ("code", code),
            ]
        };
        // A wrong code: nothing is lost of what was typed.
        let answer = browser.post("/api/access/edit", &path, &fields("000000")).await;
        assert!(answer.location().contains(&path), "{}", answer.location());
        let page = browser.get(&path).await.body;
        assert!(page.contains("value=\"+49 40 5550 199\"") && page.contains("is not right"), "{page}");
        let code = world.fresh_code(&owner);
        let answer = browser.post("/api/access/edit", &path, &fields(&code)).await;
        assert_eq!(answer.location(), shown);
        let overview = browser.get(&shown).await.body;
        for said in ["Hafenwerk Logistik", "+49 40 5550 199", "Deutsch", "Europe/Berlin", "Saved. Mails from now on say so."] {
            assert!(overview.contains(said), "{said} in {overview}");
        }
        let (what, recorded) = world.last_recorded(world.a.id).await;
        assert_eq!(what, "customer_changed");
        for said in ["none → de", "none → Europe/Berlin", "A → Hafenwerk Logistik"] {
            assert!(recorded.contains(said), "{said} in {recorded}");
        }
        world.assert_chains_whole().await;
    }

    async fn what_cannot_be_changes_nothing(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let good = details("Harbour", "nl", "Asia/Tokyo");
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        for (new, outcome) in [
            (details("\r\n", "nl", ""), EditOutcome::Name(NameProblem::Missing)),
            (details(&"x".repeat(201), "nl", ""), EditOutcome::Name(NameProblem::TooLong)),
            (Details { help_desk: Some("1".repeat(201)), ..good.clone() }, EditOutcome::HelpDeskTooLong),
            (details("Harbour", "tlh", ""), EditOutcome::Malformed),
            (details("Harbour", "", "Mars/Olympus"), EditOutcome::Malformed),
            (details("Harbour", "", "Etc/GMT+5"), EditOutcome::Malformed),
            (details("Harbour", "", "europe/berlin"), EditOutcome::Malformed),
        ] {
            let code = world.fresh_code(&owner);
            assert_eq!(edit(&world, &owner, &new, &code).await, outcome);
        }
        assert_eq!(edit(&world, &owner, &good, "000000").await, EditOutcome::Code(CodeProblem::Wrong));
        assert_eq!(edit(&world, &owner, &world.a.details(), "").await, EditOutcome::Same, "it costs no code");
        // Whether a name beyond one's sight is taken costs a code to know.
        let taken = Details { name: "b".to_owned(), ..good.clone() };
        let code = world.fresh_code(&owner);
        assert_eq!(edit(&world, &owner, &taken, &code).await, EditOutcome::Name(NameProblem::Taken));
        let after = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        assert_eq!(after.without(&["methods", "attempts"]), before.without(&["methods", "attempts"]));
    }

    async fn nobody_but_an_owner_does(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let new = details("Mine", "", "");
        let bare = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        for (person, outcome) in [
            (world.with_role(&world.a, Role::Admin).await, EditOutcome::Refused(Refusal::OwnersOnly)),
            (world.with_role(&world.a, Role::Auditor).await, EditOutcome::Refused(Refusal::OwnersOnly)),
            (bare, EditOutcome::Refused(Refusal::NoFactorOfYourOwn)),
            (world.member(&world.a).await, EditOutcome::Unknown),
            (world.with_role(&world.b, Role::Owner).await, EditOutcome::Unknown),
        ] {
            let code = world.fresh_code(&person);
            assert_eq!(edit(&world, &person, &new, &code).await, outcome, "{}", person.name);
            let (what, recorded) = world.last_recorded(person.user.customer).await;
            assert!(what == "change_refused" && recorded.contains("customer"), "{what} {recorded}");
        }
        assert_eq!(world.text(&format!("SELECT name FROM customers WHERE id = '{}'", world.a.id)).await.unwrap(), "A");
        // Who may not is shown no form, and who may not look, nothing.
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let (shown, path) = (format!("/customers/{}", world.a.id), format!("/customers/{}/edit", world.a.id));
        let mut browser = Browser::signed_in(&world, &auditor).await;
        assert!(!browser.get(&shown).await.body.contains("Edit customer"));
        let page = browser.get(&path).await.body;
        assert!(page.contains("Only an owner changes") && !page.contains("/api/access/edit"), "{page}");
        let elsewhere = world.with_role(&world.b, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &elsewhere).await;
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
        // Whose role ends between the page and the code changes nothing.
        let session = world.session(&owner).await;
        let code = world.fresh_code(&owner);
        world.execute(&format!("UPDATE memberships SET role = 'auditor' WHERE user_id = '{}'", owner.user.id)).await;
        let asked = asked(&world.a.details(), &new, &code);
        let answer = save(&world.platform, &world.origin, &session, world.a.id, &asked).await.unwrap();
        assert_eq!(answer.outcome, EditOutcome::Refused(Refusal::OwnersOnly));
        world.assert_chains_whole().await;
    }

    async fn nobody_overwrites_what_they_have_not_seen(world: World) {
        let (one, two) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Owner).await);
        let code = world.fresh_code(&one);
        assert_eq!(edit(&world, &one, &details("Harbour", "", ""), &code).await, EditOutcome::Done);
        let code = world.fresh_code(&two);
        assert_eq!(edit(&world, &two, &details("Hafen", "de", ""), &code).await, EditOutcome::Changed);
        // The code was not spent on it.
        let (session, seen) = (world.session(&two).await, details("Harbour", "", ""));
        let seen = Details { language: None, zone: None, ..seen };
        let asked = asked(&seen, &details("Hafen", "de", ""), &code);
        let answer = save(&world.platform, &world.origin, &session, world.a.id, &asked).await.unwrap();
        assert_eq!(answer.outcome, EditOutcome::Done);
    }

    async fn of_two_that_want_one_name_one_gets_it_and_both_stay_signed_in(world: World) {
        for round in 0..10 {
            let (one, two) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await);
            let name = format!("Harbour {round}");
            let owners = [(&one, world.a.id), (&two, world.b.id)];
            let mut asking = Vec::new();
            for (owner, id) in owners {
                let mut conn = world.platform.db.read().await.unwrap();
                let actor = world.actor(owner).await;
                let (seen, _) = rekey::features::access::edit_service::show(&mut conn, &actor, id).await.unwrap().unwrap();
                drop(conn);
                let new = Details { name: name.clone(), ..seen.clone() };
                asking.push((world.session(owner).await, id, asked(&seen, &new, &world.fresh_code(owner))));
            }
            let (platform, origin) = (&world.platform, &world.origin);
            let save = |(session, id, asked)| async move { save(platform, origin, &session, id, &asked).await.unwrap() };
            let mut asking = asking.into_iter().map(save);
            let (a, b) = tokio::join!(asking.next().unwrap(), asking.next().unwrap());
            assert!(a.token.is_some() && b.token.is_some());
            let outcomes = [a.outcome, b.outcome];
            assert!(outcomes.contains(&EditOutcome::Done) && outcomes.contains(&EditOutcome::Name(NameProblem::Taken)), "{outcomes:?}");
        }
    }
}
