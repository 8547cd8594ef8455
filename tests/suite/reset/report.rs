//! The report of a reset: complete, inert in a spreadsheet, and nobody in it whom its reader may not see.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::features::reset::run::run;
use serde_json::Value;

use super::super::browser::*;
use super::super::harness::*;
use super::failed::refuse;

/// The lines of a CSV file in which no cell holds a line break, each with its cells.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let line = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    cells.last_mut().unwrap().push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                letter => cells.last_mut().unwrap().push(letter),
            }
        }
        cells
    };
    csv.trim_start_matches('\u{feff}').lines().map(line).collect()
}

/// Whether whoever reads finds this person.
fn names(csv: &str, person: &Person) -> bool {
    csv.contains(&format!("\"{}\"", person.address))
}

both! {
    async fn a_report_says_what_became_of_everybody(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let suspended = world.member(&world.a).await;
        world.session_token(&users[0]).await;
        let mut all = users_of(&users);
        all.push(suspended.user);
        let id = world.confirmed(&admin, &all).await;
        refuse(&world, users[2].user.id).await;
        world.suspend(&suspended).await;
        run(&world.platform, id).await.unwrap();
        world.prove(&world.link_token(users[1].user).await.unwrap()).await.unwrap();

        let mut browser = Browser::signed_in(&world, &admin).await;
        let answer = browser.get(&format!("/resets/{id}/report.csv")).await;
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"reset-"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let lines = cells(&answer.body);
        let column = |name: &str| lines[0].iter().position(|head| head == name).unwrap();
        let of = |person: &Person, name: &str| {
            lines.iter().find(|line| line[column("address")] == person.address).unwrap()[column(name)].clone()
        };
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()));
        assert_eq!(of(&users[0], "plan"), world.plan_hash(id).await);
        assert_eq!((of(&users[0], "requester"), of(&users[0], "reason")), (admin.name.clone(), "Lost phone".into()));
        assert_eq!((of(&users[0], "outcome"), of(&users[0], "link")), ("reset".into(), "queued".into()));
        assert_eq!((of(&users[0], "sessions_ended"), of(&users[0], "backup_codes_deleted")), ("1".into(), "10".into()));
        assert_eq!((of(&users[1], "link"), of(&users[1], "customer")), ("proved".into(), "A".into()));
        assert_eq!((of(&users[2], "outcome"), of(&users[2], "why")), ("failed".into(), "refused".into()));
        assert_eq!((of(&users[2], "authenticator_apps_deleted"), of(&users[2], "link")), ("0".into(), String::new()));
        assert_eq!((of(&suspended, "outcome"), of(&suspended, "why")), ("skipped".into(), "suspended".into()));

        let answer = browser.get(&format!("/resets/{id}/report.json")).await;
        assert_eq!(answer.header("content-type"), "application/json");
        let report: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((&report["ticket"], report["users"].as_array().unwrap().len()), (&Value::from("T-1"), 4));
        let user = |person: &Person| {
            report["users"].as_array().unwrap().iter().find(|user| user["address"] == person.address.as_str()).unwrap()
        };
        assert_eq!(user(&users[1])["link"], "proved");
        assert_eq!(user(&users[1])["user"], users[1].user.id.to_string());
        assert_eq!((&user(&users[2])["why"], &user(&users[2])["link"]), (&Value::from("refused"), &Value::Null));
        assert_eq!(user(&users[0])["authenticator_apps_deleted"], 1);
        let token = world.link_token(users[0].user).await.unwrap();
        assert!(!answer.body.contains(token.split('.').next().unwrap()), "no part of a link");
    }

    async fn a_report_holds_nobody_whom_its_reader_may_not_see(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = world.reset(&both, &[ua.user, ub.user]).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let foreign = world.with_role(&world.b, Role::Owner).await;
        let (member, made_up) = (world.member(&world.a).await, "01mcc5rm003kab9w64hq9mjq2v");
        for ending in ["csv", "json"] {
            let path = format!("/resets/{id}/report.{ending}");
            for (reader, sees_a, sees_b) in [(&both, true, true), (&auditor, true, false), (&foreign, false, true)] {
                let body = Browser::signed_in(&world, reader).await.get(&path).await.body;
                assert_eq!((names(&body, &ua), names(&body, &ub)), (sees_a, sees_b), "{} {ending}", reader.name);
            }
            assert_eq!(Browser::signed_in(&world, &member).await.get(&path).await.status, StatusCode::NOT_FOUND);
            let mut browser = Browser::signed_in(&world, &both).await;
            for id in [made_up.to_owned(), "x".to_owned()] {
                let answer = browser.get(&format!("/resets/{id}/report.{ending}")).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
            }
            let answer = Browser::new(&world).await.get(&path).await;
            assert!(answer.location().starts_with("/sign-in"), "{}", answer.status);
        }
    }

    async fn a_plan_is_a_file_before_it_happens(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.approver_from = 1)).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let ua = world.person(&world.a, Who { name: Some("=1+1"), ..Who::MEMBER }).await;
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let id = world.plan(&admin, &[ua.user, suspended.user]).await;
        let file = |ending: &str| format!("/resets/{id}/report.{ending}");
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert!(browser.get(&format!("/resets/{id}")).await.body.contains(&file("csv")));
        let answer = browser.get(&file("csv")).await;
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"plan-"));
        let lines = cells(&answer.body);
        let column = |name: &str| lines[0].iter().position(|head| head == name).unwrap();
        let of = |person: &Person, name: &str| {
            lines.iter().find(|line| line[column("address")] == person.address).unwrap()[column(name)].clone()
        };
        assert_eq!(lines.len(), 3);
        assert_eq!((of(&ua, "plan"), of(&ua, "requester")), (world.plan_hash(id).await, admin.name.clone()));
        assert_eq!((of(&ua, "outcome"), of(&ua, "name")), ("planned".into(), "'=1+1".into()));
        assert_eq!((of(&ua, "role"), of(&ua, "customer")), ("member".into(), "A".into()));
        assert_eq!((of(&ua, "authenticator_apps_deleted"), of(&ua, "backup_codes_deleted")), ("1".into(), "10".into()));
        assert_eq!((of(&suspended, "outcome"), of(&suspended, "why")), ("skipped".into(), "suspended".into()));
        assert_eq!((of(&suspended, "authenticator_apps_deleted"), of(&ua, "confirmed_at")), ("0".into(), String::new()));
        assert!(of(&ua, "valid_until") > of(&ua, "planned_at"));
        let json: Value = serde_json::from_str(&browser.get(&file("json")).await.body).unwrap();
        assert_eq!(json["plan"], world.plan_hash(id).await);
        assert_eq!(json["users"][0]["hardware_tokens_deactivated"], 0);
        assert_eq!(json["users"].as_array().unwrap().len(), 2);
        // Nobody else has it, until they are asked to approve it.
        let status = async |person: &Person| Browser::signed_in(&world, person).await.get(&file("csv")).await.status;
        assert_eq!((status(&other).await, status(&auditor).await), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        world.try_confirm(&session, id, &confirmation).await;
        assert_eq!((status(&other).await, status(&auditor).await), (StatusCode::OK, StatusCode::NOT_FOUND));
    }

    async fn no_cell_of_a_report_is_a_formula(world: World) {
        let admin = world.person(&world.a, Who { role: Role::Admin, name: Some("@admin"), ..Who::MEMBER }).await;
        let mut users = Vec::new();
        for name in ["=1+1", "+49", "-x", "@sum", "a \"quoted\" one, with a comma"] {
            users.push(world.person(&world.a, Who { name: Some(name), ..Who::MEMBER }).await.user);
        }
        let id = world.plan(&admin, &users).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        let reason = "=HYPERLINK(\"https://evil.example\")".into();
        let confirmation = rekey::features::reset::service::Confirmation { reason, ..confirmation };
        world.try_confirm(&session, id, &confirmation).await;
        run(&world.platform, id).await.unwrap();
        let body = Browser::signed_in(&world, &admin).await.get(&format!("/resets/{id}/report.csv")).await.body;
        let lines = cells(&body);
        assert_eq!(lines.len(), 6);
        assert!(lines.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{body}");
        assert!(body.contains("\"'=1+1\"") && body.contains("\"'@admin\"") && body.contains("\"'=HYPERLINK"), "{body}");
        assert!(body.contains("\"a \"\"quoted\"\" one, with a comma\""), "{body}");
    }
}
