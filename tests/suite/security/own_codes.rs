//! One's own backup codes: made anew, shown once, typed back.

use axum::http::StatusCode;
use rekey::domain::time::Span;
use rekey::features::backup_codes;
use rekey::features::security::codes_service::{self, Saved};
use rekey::features::security::service::Changed;
use rekey::features::sign_in::service::{Factor, Finished};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::goes_to;

both! {
    async fn new_codes_take_the_place_of_the_old_ones_without_a_script(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let elsewhere = world.session_token(&ua).await;
        let path = "/security/codes/new";
        assert!(browser.get("/security").await.body.contains(path));
        assert!(browser.get(path).await.body.contains("The ones from before stop working"));
        assert_eq!(browser.get("/security/codes").await.status, StatusCode::OK, "ten that were never typed back");
        let code = world.fresh_code(&ua);
        let answer = browser.post("/api/security/make_codes", path, &[("code", &code)]).await;
        assert_eq!(answer.location(), "/security/codes");
        let page = browser.get("/security/codes").await.body;
        let new: Vec<String> = page
            .split("<li><code>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0.to_owned())
            .collect();
        assert_eq!(new.len(), 10);
        // The old ones are dead, the caller is signed in, nobody else is.
        assert!(world.find(&elsewhere).await.is_none() && world.find(&browser.cookies[SESSION]).await.is_some());
        let (token, _) = world.begin(&ua).await;
        let old = Factor::BackupCode(ua.codes[0].clone());
        assert!(matches!(world.finish(&token, &old).await, Finished::Wrong));
        assert_eq!(world.mails(&ua, "backup_codes_made").await, 1);
        // File and print sheet hold the same; another browser of the same person shows none.
        let file = browser.get("/security/codes.txt").await;
        assert!(new.iter().all(|code| file.body.contains(code.as_str())) && file.header("content-disposition").contains("attachment"));
        assert!(browser.get("/security/codes/print").await.body.contains(&new[9]));
        let mut another = Browser::signed_in(&world, &ua).await;
        let page = another.get("/security/codes").await.body;
        assert!(!new.iter().any(|code| page.contains(code.as_str())) && page.contains("shown once"));
        assert!(another.get("/security/codes.txt").await.is_redirect());
        assert!(another.get("/security/codes/print").await.is_redirect());
        // Somebody else with this cookie sees nothing either.
        let ub = world.member(&world.a).await;
        let codes = browser.cookies["__Host-rekey-codes"].clone();
        let mut thief = Browser::signed_in(&world, &ub).await.with("__Host-rekey-codes", &codes);
        assert!(!thief.get("/security/codes").await.body.contains(&new[0]));
        // One typed back finishes it and is not spent; an old or wrong one does not.
        let save = "/api/security/save_codes";
        for (typed, said) in [("abc", "A backup code has 16"), (&ua.codes[1].shown(), "That is not one of these ten")] {
            let answer = browser.post(save, "/security/codes", &[("code", typed)]).await;
            assert!(goes_to(&answer, "/security/codes"));
            let page = browser.get("/security/codes").await.body;
            assert!(page.contains(said) && page.contains(&new[0]), "{typed}");
        }
        let answer = browser.post(save, "/security/codes", &[("code", &new[4].to_lowercase())]).await;
        assert_eq!(answer.location(), "/security?done=codes");
        assert!(browser.get("/security").await.body.contains("10 of 10 left"));
        let mut said = String::new();
        for page in ["/security", "/security/codes", "/security/codes/print", "/security/codes.txt", path, "/audit"] {
            said.push_str(&browser.clone().with("__Host-rekey-codes", &codes).get(page).await.body);
        }
        said.push_str(&browser.call("/api/security/codes", &[]).await.body);
        said.push_str(&Dump::of(&world).await.everything());
        assert!(!new.iter().any(|code| said.contains(code.as_str())), "shown once, kept nowhere");
        let (token, _) = world.begin(&ua).await;
        let typed = Factor::backup_code(&new[4]).unwrap();
        assert!(matches!(world.finish(&token, &typed).await, Finished::SignedIn { .. }));
    }

    async fn killed_after_the_codes_were_shown_the_user_makes_others(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let Changed::Done(_, sealed) = world.make_codes(&session, &world.code(&ua)).await else { panic!("not made") };
        // The browser and the process are gone.
        let world = world.second_node().await;
        world.advance(Span::minutes(30));
        let token = world.sign_in(&ua).await;
        let session = world.find(&token).await.unwrap();
        assert!(codes_service::codes(&world.platform, &session, None).await.unwrap().unwrap().codes.is_none());
        let Changed::Done(_, newer) = world.make_codes(&session, &world.code(&ua)).await else { panic!("not made") };
        let session = world.session(&ua).await;
        assert!(codes_service::codes(&world.platform, &session, Some(&sealed)).await.unwrap().unwrap().codes.is_none());
        let shown = codes_service::codes(&world.platform, &session, Some(&newer)).await.unwrap().unwrap();
        assert_eq!(shown.codes.unwrap().0.len(), 10);
    }

    async fn codes_typed_back_are_guessed_at_as_little_as_any(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let wrong = rekey::domain::backup_code::BackupCode::from_bytes([3; 10]);
        for _ in 0..10 {
            let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &wrong).await.unwrap();
            assert_eq!(saved, Saved::Wrong);
        }
        let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert!(matches!(saved, Saved::LockedUntil(_)));
        world.advance(Span::minutes(15));
        let session = world.session(&ua).await;
        let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert_eq!(saved, Saved::Right);
        let again = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert_eq!(again, Saved::Over);
        let mut conn = world.platform.db.read().await.unwrap();
        assert_eq!(backup_codes::service::left(&mut conn, ua.user).await.unwrap().count(), 10);
    }
}
