//! The program as an operator runs it: what it does, says and ends with.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rekey::demo::{self, TECHNICIAN};
use rekey::domain::authority::Role;
use rekey::domain::ids::MailId;
use rekey::domain::mail::Mail;
use rekey::domain::sign_in::Step;
use rekey::features::outbox;
use rekey::features::outbox::service::Letter;
use rekey::features::sign_in::service::{Begun, Factor, Finished, begin, finish};
use rekey::platform::keys::Purpose;
use rekey::platform::{Clock, Platform};

use super::dump::Dump;
use super::harness::*;
use super::outbox::bounces::report;

/// What the program said, and how it ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program in a world, with nothing in its environment but where that is.
fn rekey(world: &World, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rekey"))
        .args(arguments)
        .env_clear()
        .env("REKEY_DATA", world.folder())
        .env("REKEY_DATABASE_URL", world.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Whoever ends before reading all of it has said why.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    Ran { code: output.status.code().expect("it ends by itself"), out: text(output.stdout), err: text(output.stderr) }
}

/// Makes the world an installation of its key file.
async fn install(world: &World, kind: &[u8]) {
    let check = world.platform.keys.keyed_hash(Purpose::Check, kind);
    world.execute(&format!("INSERT INTO installation (only_row, key_check) VALUES (1, '{check}')")).await;
}

/// A world that nobody has started yet.
async fn empty(world: &World) {
    for table in ["audit_events", "audit_heads", "customers"] {
        world.execute(&format!("DELETE FROM {table}")).await;
    }
}

fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.folder().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

both! {
    async fn an_owner_begins_an_installation(world: World) {
        empty(&world).await;
        let owner = ["admin", "create-owner", "--customer", "Hafenwerk", "--name", "Ines", "--password-stdin", "ines@h.example"];
        let ran = rekey(&world, &owner, "correct horse battery staple\n");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        assert!(ran.out.starts_with("Ines <ines@h.example> is an owner of Hafenwerk now.\n"), "{}", ran.out);
        let begun = world.begin_with("Ines@H.example", "correct horse battery staple").await;
        assert!(matches!(begun, Begun::Challenge(_, Step::SetUp)));
        let before = Dump::of(&world).await;
        let ran = rekey(&world, &owner, "another long password\n");
        assert_eq!(ran.code, 1, "{ran:?}");
        assert_eq!(before, Dump::of(&world).await);
        assert_eq!(rekey(&world, &["admin", "create-customer", "hafenWERK "], "").code, 1);
        assert_eq!(rekey(&world, &["admin", "create-customer", " \u{1b} "], "").code, 2);
        let long = "1".repeat(201);
        assert_eq!(rekey(&world, &["admin", "create-customer", "Café", "--help-desk", &long], "").code, 2);
        assert_eq!(rekey(&world, &["admin", "create-customer", &long], "").code, 2);
        let ran = rekey(&world, &["admin", "create-customer", "Café", "--help-desk", "ext. 12"], "");
        assert_eq!((ran.code, ran.out.as_str()), (0, "Café is a customer now.\n"));
        let help_desk = world.text("SELECT help_desk FROM customers WHERE name = 'Café'").await;
        assert_eq!(help_desk.as_deref(), Some("ext. 12"));
        assert_eq!(rekey(&world, &["audit", "verify"], "").code, 0);
    }

    async fn passwords_are_given_in_secret_and_long_enough(world: World) {
        install(&world, b"installation").await;
        let user = world.member(&world.a).await;
        let before = Dump::of(&world).await;
        let set = |more: &[&str], input: &str| rekey(&world, &[&["admin", "set-password"], more].concat(), input);
        let address = user.address.as_str();
        for (more, input) in [
            (&["--password-stdin", address][..], "seven77\n"),
            (&["--password-stdin", address], ""),
            (&["--password-stdin", address], &"x".repeat(1025)),
            (&[address], "long enough for anybody\n"),
            (&[address, "long enough for anybody"], ""),
            (&["--password-stdin", "nobody@a.example"], "long enough for anybody\n"),
            (&["--password-stdin", "no address"], "long enough for anybody\n"),
        ] {
            let ran = set(more, input);
            assert_eq!(ran.code, 2, "{more:?}: {ran:?}");
            assert!(!ran.err.contains("long enough for anybody") || more.contains(&"long enough for anybody"), "{ran:?}");
        }
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn a_new_password_ends_what_the_old_one_opened(world: World) {
        install(&world, b"installation").await;
        let user = world.member(&world.a).await;
        let session = world.sign_in(&user).await;
        let (challenge, _) = world.begin(&user).await;
        let ran = rekey(&world, &["admin", "set-password", "--password-stdin", &user.address], "wXq4lamp\r\n");
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.contains("15 characters or more are recommended"), "{ran:?}");
        assert!(world.find(&session).await.is_none());
        let code = Factor::Code(world.fresh_code(&user));
        assert!(matches!(world.finish(&challenge, &code).await, Finished::Dead));
        assert!(matches!(world.begin_with(&user.address, PASSWORD).await, Begun::Wrong));
        assert!(matches!(world.begin_with(&user.address, "wXq4lamp").await, Begun::Challenge(_, Step::Factor)));
        assert!(world.recorded(world.a.id).await.contains(&"password_set".to_owned()));
        world.assert_chains_whole().await;
    }

    async fn whoever_is_suspended_is_out(world: World) {
        install(&world, b"installation").await;
        let user = world.member(&world.a).await;
        let session = world.sign_in(&user).await;
        let suspend = || rekey(&world, &["admin", "suspend", &user.address], "");
        assert_eq!(suspend().code, 0);
        assert!(world.find(&session).await.is_none());
        assert!(matches!(world.begin_with(&user.address, PASSWORD).await, Begun::Wrong));
        let before = Dump::of(&world).await;
        assert_eq!(suspend().code, 0);
        assert_eq!(before, Dump::of(&world).await);
        assert_eq!(rekey(&world, &["admin", "suspend", "nobody@a.example"], "").code, 2);
    }

    async fn an_import_says_what_becomes_of_each_line(world: World) {
        install(&world, b"installation").await;
        let path = file(&world, "people.csv",
            "First Name [Required];Last Name [Required];Email Address [Required];Status [READ ONLY]\r\n\
             Zoë;Brückner;zoe@a.example;Active\r\n\
             \u{1b}[31mEve;\"Il\nl\";eve@a.example;Suspended\r\n\
             No;Body;\u{1b}]0;x\u{7}@a.example;Active\r\n\
             Zoë;Again;ZOE@A.example;Active\r\n");
        let import = |more: &[&str]| rekey(&world, &[&["admin", "import-users", "--customer", "a", &path], more].concat(), "");
        let before = Dump::of(&world).await;
        let dry = import(&["--dry-run"]);
        assert_eq!((dry.code, dry.err.as_str()), (0, ""));
        assert_eq!(before, Dump::of(&world).await);
        let real = import(&[]);
        assert_eq!(
            real.out,
            "line 2: taken: zoe@a.example (Zoë Brückner)\n\
             line 3: taken, suspended: eve@a.example ([31mEve Il l)\n\
             line 5: not taken, more cells than columns: \\u{1b}]0\n\
             line 6: not taken, the address of line 2 again: ZOE@A.example\n\
             Google Workspace to A: 2 people taken, 1 of them suspended; 2 not taken.\n"
        );
        assert_eq!(dry.out, format!("{}This was a dry run: nothing has changed.\n", real.out));
        let after = Dump::of(&world).await;
        let again = import(&[]);
        assert_eq!(again.code, 0);
        assert!(again.out.contains("line 2: not taken, in Rekey already: zoe@a.example\n"), "{}", again.out);
        assert!(again.out.ends_with("0 people taken, 0 of them suspended; 4 not taken.\n"), "{}", again.out);
        assert_eq!(after, Dump::of(&world).await);
    }

    async fn bad_input_is_refused_with_a_sentence(world: World) {
        install(&world, b"installation").await;
        let before = Dump::of(&world).await;
        let people = file(&world, "people.csv", "userPrincipalName,displayName\nzoe@a.example,Zoë\n");
        let columns = file(&world, "columns.csv", "who,where\nZoë,zoe@a.example\n");
        let missing = world.folder().join("missing.csv").display().to_string();
        let import = |customer: &str, path: &str| rekey(&world, &["admin", "import-users", "--customer", customer, path], "");
        for (ran, says) in [
            (import("Nobody's", &people), "there is no customer Nobody's"),
            (import("A", &columns), "its columns are neither those of"),
            (import("A", &missing), "cannot be read"),
            (import("A", "/dev/null"), "it is empty"),
            (rekey(&world, &["admin", "import-users", &people], ""), "--customer"),
            (rekey(&world, &["reset-everybody"], ""), "unrecognized subcommand"),
            (rekey(&world, &["serve"], ""), "REKEY_SMTP_URL"),
        ] {
            assert_eq!(ran.code, 2, "{ran:?}");
            assert!(ran.err.contains(says) && ran.out.is_empty(), "{ran:?}");
        }
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn the_audit_is_verified_from_outside(world: World) {
        install(&world, b"installation").await;
        world.with_role(&world.a, Role::Owner).await;
        world.member(&world.a).await;
        let ran = rekey(&world, &["audit", "verify"], "");
        assert_eq!((ran.code, ran.out.as_str()), (0, "Read 2 chains and 4 rows.\nAll are as they were written.\n"));
        let a = world.a.id;
        // A kind that no version of Rekey knows is a change like any other.
        for what in ["user_suspended", "never heard of"] {
            world.execute(&format!("UPDATE audit_events SET what = '{what}' WHERE chain = '{a}' AND number = 2")).await;
            let ran = rekey(&world, &["audit", "verify"], "");
            assert_eq!(ran.code, 1);
            assert!(ran.out.starts_with(&format!("Broken: A, chain {a}, row 2: the row is not as it was written.\n")), "{ran:?}");
        }
    }

    async fn a_mail_server_reports_what_came_back(world: World) {
        install(&world, b"installation").await;
        let ua = world.member(&world.a).await;
        let letter = Letter { user: ua.user, mail: Mail::BackupCodesMade { at: world.now() }, link: None };
        let mut tx = world.platform.db.begin().await.unwrap();
        outbox::service::enqueue(&mut tx, &world.platform, vec![letter]).await.unwrap();
        tx.commit().await.unwrap();
        let id: MailId = world.text("SELECT id FROM outbox").await.unwrap().parse().unwrap();
        let to = format!("bounces+{id}.{}@rekey.example", world.platform.keys.bounce_tag(id));
        let failed = report("failed", "550 5.1.1 No such user");
        let early = rekey(&world, &["mail", "bounce", &to], &failed);
        assert_eq!((early.code, early.out.as_str()), (75, ""), "{early:?}");
        world.execute("UPDATE outbox SET sent_at = 1, next_try_at = NULL").await;
        for (report, said) in [
            (report("delayed", "451 later"), "Nothing final: nothing was done.\n"),
            (failed.clone(), "The mail came back: the recovery board says so.\n"),
            (failed.clone(), "That was known.\n"),
        ] {
            let ran = rekey(&world, &["mail", "bounce", &to], &report);
            assert_eq!((ran.code, ran.out.as_str()), (0, said), "{ran:?}");
        }
        assert_eq!(world.text("SELECT last_error FROM outbox").await.unwrap(), "550 5.1.1 No such user");
        let nobody = rekey(&world, &["mail", "bounce", "somebody@rekey.example"], &failed);
        assert_eq!(nobody.code, 0, "a report about a report would be next: {nobody:?}");
    }

    async fn without_its_keys_nothing_opens(world: World) {
        install(&world, b"installation").await;
        let before = Dump::of(&world).await;
        let key_file = world.folder().join("rekey.key");
        let copy = std::fs::read(&key_file).unwrap();
        std::fs::remove_file(&key_file).unwrap();
        for arguments in [&["migrate"][..], &["audit", "verify"], &["serve", "--smtp-url", "smtp://localhost:25"], &["demo"]] {
            let ran = rekey(&world, arguments, "");
            assert_eq!(ran.code, 1, "{ran:?}");
            assert!(ran.err.contains("rekey.key is missing"), "{ran:?}");
        }
        assert!(!key_file.exists());
        rekey::platform::Keys::create(&key_file, &rekey::platform::Rng::system()).unwrap();
        let ran = rekey(&world, &["migrate"], "");
        assert!(ran.code == 1 && ran.err.contains("is not the one this database was begun with"), "{ran:?}");
        assert_eq!(before, Dump::of(&world).await);
        std::fs::write(&key_file, copy).unwrap();
        assert_eq!(rekey(&world, &["migrate"], "").code, 0);
    }

    async fn the_phones_of_real_people_are_never_played(world: World) {
        install(&world, b"installation").await;
        let user = world.member(&world.a).await;
        for arguments in [&["demo", "code", &user.address][..], &["demo"]] {
            let ran = rekey(&world, arguments, "");
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
            assert!(ran.err.contains("real people are here"), "{ran:?}");
        }
    }

    async fn the_demo_is_filled_once_and_its_phones_are_played(world: World) {
        empty(&world).await;
        install(&world, b"demo").await;
        let platform = Platform { clock: Clock::system(), ..world.platform.clone() };
        demo::seed(&platform).await.unwrap();
        let before = Dump::of(&world).await;
        demo::seed(&platform).await.unwrap();
        assert_eq!(before, Dump::of(&world).await);
        assert!(before.len("users") >= 200 && before.len("customers") == 4);
        world.assert_chains_whole().await;
        // Whoever has not finished their set-up has an invitation under way.
        assert_eq!(before.len("invitations"), before.len("outbox"));
        let invited = "SELECT COUNT(*) FROM users WHERE activated_at IS NULL";
        assert_eq!(world.count(invited).await, i64::try_from(before.len("invitations")).unwrap());

        // Every customer but the provider has somebody left who can help when one owner is reset.
        let owners = "SELECT COUNT(*) FROM customers c WHERE 2 > (SELECT COUNT(*) FROM memberships m JOIN methods x \
                      ON x.user_id = m.user_id WHERE m.customer_id = c.id AND m.role = 'owner')";
        assert_eq!(world.count(owners).await, 1);

        let ran = rekey(&world, &["demo", "code", &TECHNICIAN.to_uppercase()], "");
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.ends_with(" s left\n"), "{ran:?}");
        let begun = begin(&platform, &world.origin, TECHNICIAN, demo::PASSWORD.to_owned(), None, None).await.unwrap();
        let Begun::Challenge(token, Step::Factor) = begun else { panic!("the technician has a factor") };
        let code = Factor::code(ran.out.trim()).expect("six digits");
        let finished = finish(&platform, &world.origin, &token.0, &code, false).await.unwrap();
        assert!(matches!(finished, Finished::SignedIn { .. }), "{}", named_end(&finished));

        let without = world.text("SELECT address FROM users WHERE password_hash IS NULL ORDER BY id LIMIT 1").await.unwrap();
        let ran = rekey(&world, &["demo", "code", &without], "");
        assert!(ran.code == 1 && ran.out.is_empty(), "{ran:?}");
        let ran = rekey(&world, &["serve", "--smtp-url", "smtp://localhost:25"], "");
        assert!(ran.code == 1 && ran.err.contains("this is a demo"), "{ran:?}");
    }
}
