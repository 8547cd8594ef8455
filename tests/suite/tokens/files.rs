//! The files that tokens come in: told line by line, taken whole or not at all.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::sign_in::CodeProblem;
use rekey::domain::token::IMPORT_LIFETIME;
use rekey::features::tokens::imports::{self, sweep};
use rekey::features::tokens::outcome::ImportOutcome;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{SECRET, confirm, held};

both! {
    async fn a_file_is_told_line_by_line_and_taken_whole_or_not_at_all(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let text = format!(
            "upn,serial number,secret key,time interval,manufacturer,model\r\n\
             {},1000,{SECRET},30,Acme,Fob\r\n,1001,{SECRET},60,Acme,Fob\r\n,10 00,{SECRET},30,Acme,Fob\r\n\
             ,1002,{SECRET}1,30,Acme,Fob\r\n{},1003,{SECRET},30,,\r\n{},1004,{SECRET},30,,\r\nnobody,1005,{SECRET},30,,\r\n",
            ua.address, ub.address, owner.address
        );
        let before = Dump::of(&world).await.without(&["token_imports"]);
        let id = held(&world, &admin, &text).await;
        assert_eq!(before, Dump::of(&world).await.without(&["token_imports"]), "looking changes nothing");
        let actor = world.actor(&admin).await;
        let (_, lines) = imports::view(&world.platform, &actor, id).await.unwrap().unwrap();
        let told: Vec<String> = lines
            .iter()
            .map(|line| {
                let owner = line.owner.as_ref().map_or("-", |(_, name)| name.as_str());
                format!("{} {} {}", line.number, line.untaken.map_or("taken", |why| why.as_str()), owner)
            })
            .collect();
        let expected = [
            format!("2 taken {}", ua.name),
            "3 taken -".into(),
            "4 twice -".into(),
            "5 bad_secret -".into(),
            "6 no_owner -".into(),
            "7 owners_only -".into(),
            "8 bad_owner -".into(),
        ];
        assert_eq!(told, expected);
        // No page and no row shows a secret, in whatever writing.
        let page = Browser::signed_in(&world, &admin).await.get(&format!("/tokens/import/{id}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("1001") && page.body.contains("The same serial number again"), "{}", page.body);
        let everything = format!("{:?}{}", Dump::of(&world).await, page.body);
        for secret in [SECRET, &SECRET.to_lowercase(), "3132333435363738393031323334353637383930", "12345678901234567890"] {
            assert!(!everything.contains(secret), "{secret}");
        }
        // Nobody else confirms it, and a wrong code changes nothing.
        assert_eq!(confirm(&world, &owner, id).await, ImportOutcome::Unknown);
        let session = world.session(&admin).await;
        let wrong = wrong_code(&admin.secret, world.now());
        let refused = imports::confirm(&world.platform, &world.origin, &session, id, &wrong).await.unwrap().0;
        assert_eq!(refused, ImportOutcome::Code(CodeProblem::Wrong));
        assert_eq!(world.count("SELECT COUNT(*) FROM tokens").await, 0);

        assert_eq!(confirm(&world, &admin, id).await, ImportOutcome::Done);
        assert_eq!(world.count("SELECT COUNT(*) FROM tokens WHERE user_id IS NULL").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM tokens WHERE assigned_at IS NOT NULL").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM token_imports WHERE sealed IS NOT NULL").await, 0);
        let (_, details) = world.recorded_with_details(world.a.id, "tokens_imported").await;
        assert!(details.contains("\"tokens\":\"2\"") && details.contains("\"left_out\":\"5\""), "{details}");
        // Whoever got one is told, and it stands in their story.
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE mail LIKE '%token_assigned%'").await, 1);
        assert_eq!(world.last_recorded(world.a.id).await.0, "token_assigned");
        // Once more is no more, and neither is the same file.
        let after = Dump::of(&world).await.without(&["sessions", "users"]);
        assert_eq!(confirm(&world, &admin, id).await, ImportOutcome::Done);
        assert_eq!(after, Dump::of(&world).await.without(&["sessions", "users"]));
        let again = held(&world, &admin, &text).await;
        assert_eq!(confirm(&world, &admin, again).await, ImportOutcome::Nothing);
        world.assert_chains_whole().await;
    }

    async fn two_confirmations_at_once_take_a_file_once(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let text = format!("serial number,secret key,timeinterval\n1,{SECRET},30\n2,{SECRET},30\n");
        let id = held(&world, &admin, &text).await;
        let other = world.second_node().await;
        let (first, second) = tokio::join!(confirm(&world, &admin, id), confirm(&other, &admin, id));
        assert_eq!((first, second), (ImportOutcome::Done, ImportOutcome::Done));
        assert_eq!(world.count("SELECT COUNT(*) FROM tokens").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM token_history").await, 2);
    }

    async fn a_file_that_nobody_confirms_is_forgotten_with_its_secrets(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let text = format!("serial number,secret key,timeinterval\n1,{SECRET},30\n");
        let id = held(&world, &admin, &text).await;
        world.advance(IMPORT_LIFETIME);
        assert_eq!(confirm(&world, &admin, id).await, ImportOutcome::Unknown);
        sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM token_imports").await, 0);
    }

    async fn each_kind_of_file_comes_in_by_the_form_and_each_refusal_is_told(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let customer = world.a.id.to_string();
        let figure_6 = include_bytes!("../../data/pskc/figure6.xml");
        let key = "12345678901234567890123456789012";
        let files: [(&[u8], &str); 4] = [
            (include_bytes!("../../data/pskc/figure10.xml"), ""),
            (figure_6, key),
            (b"1234567,cccccccccccb,3132333435363738393031323334353637383930,0\n", ""),
            (b"\xef\xbb\xbfserial number;secret key;timeinterval\r\n5;GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ;60\r\n", ""),
        ];
        for (file, key) in files {
            let answer = browser.upload("/api/tokens/file", &[("customer", &customer), ("key", key)], file).await;
            let page = answer.location().to_owned();
            assert!(page.starts_with("/tokens/import/0"), "{page} {}", answer.status);
            assert!(browser.get(&page).await.body.contains("come"), "{page}");
            let id = page.rsplit('/').next().unwrap().to_owned();
            browser.post("/api/tokens/confirm", &page, &[("id", &id)]).await;
            assert!(browser.get(&page).await.body.contains("imported"), "{page}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM tokens").await, 3 + 1 + 1 + 1);
        let large = vec![b'x'; (1 << 20) + 1];
        let refusals: [(&[u8], &str, &str, &str); 7] = [
            (b"<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", "", &customer, "declares a document type"),
            (figure_6, "", &customer, "type the key that came with it"),
            (figure_6, "00000000000000000000000000000000", &customer, "This key does not open the file"),
            (b"name,address\n", "", &customer, "names no columns that we know"),
            (b"", "", &customer, "No token is in it"),
            (&large, "", &customer, "larger than 1 MB"),
            (b"x", "", "", "No customer was chosen"),
        ];
        let before = Dump::of(&world).await;
        for (file, key, customer, words) in refusals {
            let answer = browser.upload("/api/tokens/file", &[("customer", customer), ("key", key)], file).await;
            assert!(answer.location().starts_with("/tokens/import"), "{words}: {}", answer.status);
            let page = answer.location().to_owned();
            assert!(browser.get(&page).await.body.contains(words), "{words}");
        }
        assert_eq!(before.without(&["sessions"]), Dump::of(&world).await.without(&["sessions"]));
        let answer = Browser::new(&world).await.upload("/api/tokens/file", &[("customer", &customer)], b"x").await;
        assert!(answer.location().starts_with("/sign-in?next="));
    }
}
