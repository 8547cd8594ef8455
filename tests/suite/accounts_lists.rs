//! Inviting a list: read without effect, frozen, confirmed once, each person at most once.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::ids::InviteListId;
use rekey::domain::invitation::{LIST_LIFETIME, MOST_PEOPLE};
use rekey::domain::time::Span;
use rekey::features::accounts::list::{Confirmed, Read, confirm, read, resume, run, sweep, view};
use rekey::features::users::import::FileProblem;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

async fn try_read(world: &World, admin: &Person, bytes: &[u8]) -> Read {
    let actor = world.actor(admin).await;
    read(&world.platform, &world.origin, &actor, world.a.id, bytes).await.unwrap()
}

/// A list of people to invite to the admin's own customer, frozen.
pub async fn frozen(world: &World, admin: &Person, text: &str) -> InviteListId {
    let actor = world.actor(admin).await;
    match read(&world.platform, &world.origin, &actor, admin.user.customer, text.as_bytes()).await.unwrap() {
        Read::Frozen(id) => id,
        _ => panic!("not read: {text}"),
    }
}

/// Each line in one: where, who and what becomes of it.
async fn told(world: &World, admin: &Person, id: InviteListId) -> Vec<String> {
    let actor = world.actor(admin).await;
    let (_, lines) = view(&world.platform, &actor, id).await.unwrap().unwrap();
    let told = |line: &_| {
        let line: &rekey::features::accounts::list::Line = line;
        let what = match (line.untaken, line.user_id) {
            (Some(why), _) => why.as_str(),
            (None, Some(_)) => "invited",
            (None, None) => "will be",
        };
        format!("{} {} {what}", line.number, line.who)
    };
    lines.iter().map(told).collect()
}

async fn try_confirm(world: &World, admin: &Person, id: InviteListId) -> Confirmed {
    let session = world.session(admin).await;
    let code = world.fresh_code(admin);
    confirm(&world.platform, &world.origin, &session, id, &code).await.unwrap()
}

both! {
    async fn every_line_is_told_before_anybody_is_invited(world: World) {
        let (admin, foreign) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.b).await);
        let text = format!(
            "Name;E-Mail;Role\r\nZoë Brückner;zoe@new.example;\r\nMax;max@new.example;Auditor\r\nZoe;ZOE@new.example;\r\n\
             Here;{};\r\nElsewhere;{};\r\n;nameless@new.example;\r\nNo;no address;\r\nNone;;\r\nOdd;odd@new.example;boss\r\n\
             Ida;ida@new.example;owner\r\n=1+1;formula@new.example;member\r\n",
            admin.address, foreign.address
        );
        let before = Dump::of(&world).await.without(&["invite_lists", "invite_list_lines"]);
        let id = frozen(&world, &admin, &text).await;
        assert_eq!(
            told(&world, &admin, id).await,
            [
                "2 zoe@new.example will be",
                "3 max@new.example will be",
                "4 ZOE@new.example twice",
                &format!("5 {} here", admin.address),
                &format!("6 {} cannot", foreign.address),
                "7 nameless@new.example no_name",
                "8 no address bad_address",
                "9 None no_address",
                "10 odd@new.example bad_role",
                "11 ida@new.example owners_only",
                "12 formula@new.example will be",
            ]
        );
        assert_eq!(before, Dump::of(&world).await.without(&["invite_lists", "invite_list_lines"]), "looking invites nobody");

        assert!(matches!(try_confirm(&world, &admin, id).await, Confirmed::Running(_)));
        let twice = [run(&world.platform, id), run(&world.platform, id)];
        for one in twice {
            one.await.unwrap();
        }
        assert!(matches!(try_confirm(&world, &admin, id).await, Confirmed::Already));
        resume(&world.platform).await.unwrap();
        let invited = told(&world, &admin, id).await;
        assert_eq!(invited.iter().filter(|line| line.ends_with(" invited")).count(), 3, "{invited:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM users WHERE address LIKE '%@new.example'").await, 3);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 3);
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 3);
        let role = "SELECT role FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.address = 'max@new.example'";
        assert_eq!(world.text(role).await.unwrap(), "auditor");
        world.assert_chains_whole().await;
    }

    async fn what_was_not_taken_is_a_file_for_whoever_read_the_list(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let id = frozen(&world, &admin, "name,address\nZoë,zoe@new.example\nEve,=1+1\nNobody,\n").await;
        let path = format!("/users/invite/file/{id}/untaken.csv");
        let file = Browser::signed_in(&world, &admin).await.get(&path).await;
        assert!(file.header("content-disposition").starts_with("attachment"));
        assert!(file.body.contains("3,\"'=1+1\",") && file.body.contains("4,\"Nobody\","), "{}", file.body);
        assert!(!file.body.contains("zoe@new.example"));
        let others = [world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await];
        for other in others {
            assert_eq!(Browser::signed_in(&world, &other).await.get(&path).await.status, StatusCode::NOT_FOUND);
        }
        assert!(Browser::new(&world).await.get(&path).await.location().starts_with("/sign-in"));
    }

    async fn lists_are_read_in_every_encoding_that_says_what_it_is(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let text = "name,address\nZoë,zoe@new.example\n";
        let utf16 = |big: bool| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for bytes in [text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), utf16(true), utf16(false)] {
            let Read::Frozen(id) = try_read(&world, &admin, &bytes).await else { panic!("not read") };
            let actor = world.actor(&admin).await;
            let (_, lines) = view(&world.platform, &actor, id).await.unwrap().unwrap();
            assert_eq!(lines[0].name.as_deref(), Some("Zoë"));
        }
        let latin = b"name,address\nZo\xeb,zoe@new.example\n";
        assert!(matches!(try_read(&world, &admin, latin).await, Read::Unreadable(FileProblem::Encoding)));
        assert!(matches!(try_read(&world, &admin, b"a,b\n1,2\n").await, Read::Unreadable(FileProblem::Columns)));
        assert!(matches!(try_read(&world, &admin, b"").await, Read::Unreadable(FileProblem::Empty)));
        assert!(matches!(try_read(&world, &admin, b"name,address\n,\n").await, Read::Nobody));
    }

    async fn five_thousand_and_no_more(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let list = |count: usize| {
            let lines: Vec<String> = (0..count).map(|n| format!("Person {n},p{n}@new.example")).collect();
            format!("name,address\n{}\n", lines.join("\n"))
        };
        assert!(matches!(try_read(&world, &admin, list(MOST_PEOPLE + 1).as_bytes()).await, Read::TooMany));
        assert_eq!(world.count("SELECT COUNT(*) FROM invite_list_lines").await, 0);
        assert!(matches!(try_read(&world, &admin, list(MOST_PEOPLE).as_bytes()).await, Read::Frozen(_)));
        let id = frozen(&world, &admin, &list(250)).await;
        assert!(matches!(try_confirm(&world, &admin, id).await, Confirmed::Running(_)));
        // Both at once, on two nodes.
        let node = world.second_node().await;
        let (one, other) = tokio::join!(run(&world.platform, id), run(&node.platform, id));
        one.and(other).unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 250);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 250);
    }

    async fn a_list_is_its_readers_own_and_waits_half_an_hour(world: World) {
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let id = frozen(&world, &admin, "name,address\nZoë,zoe@new.example\n").await;
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        assert!(view(&world.platform, &world.actor(&other).await, id).await.unwrap().is_none());
        assert!(matches!(try_confirm(&world, &other, id).await, Confirmed::Unknown));
        let session = world.session(&admin).await;
        for code in ["", "12345", &wrong_code(&admin.secret, world.now())] {
            let refused = confirm(&world.platform, &world.origin, &session, id, code).await.unwrap();
            assert!(matches!(refused, Confirmed::Code(_)), "{code}");
        }
        run(&world.platform, id).await.unwrap();
        let counters = ["sessions", "users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        assert_eq!(before.without(&counters), Dump::of(&world).await.but_the_record().without(&counters));
        world.advance(LIST_LIFETIME);
        assert!(matches!(try_confirm(&world, &admin, id).await, Confirmed::Unknown));
        world.advance(Span::seconds(1));
        sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM invite_list_lines").await, 0);
    }

    async fn who_may_not_invite_reads_no_list(world: World) {
        for person in [
            world.with_role(&world.a, Role::Auditor).await,
            world.member(&world.a).await,
            world.with_role(&world.b, Role::Owner).await,
        ] {
            let before = Dump::of(&world).await.but_the_record();
            let refused = try_read(&world, &person, b"name,address\nZo,zo@new.example\n").await;
            assert!(matches!(refused, Read::Refused(_)));
            assert_eq!(before, Dump::of(&world).await.but_the_record());
            assert_eq!(world.last_recorded(person.user.customer).await.0, "change_refused");
        }
        // Whoever loses the authority after confirming invites nobody further.
        let admin = world.with_role(&world.a, Role::Admin).await;
        let id = frozen(&world, &admin, "name,address\nZo,zo@new.example\n").await;
        assert!(matches!(try_confirm(&world, &admin, id).await, Confirmed::Running(_)));
        world.suspend(&admin).await;
        run(&world.platform, id).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 0);
        assert_eq!(world.text("SELECT untaken FROM invite_list_lines").await.unwrap(), "no_authority");
    }
}
