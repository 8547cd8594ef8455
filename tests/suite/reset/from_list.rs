//! Selecting by a list of addresses: each line is told before anything is planned, nobody is met whom the reader may not
//! see, and the plan is one like any other.

use axum::http::StatusCode;
use rekey::domain::authority::{Refusal, Role};
use rekey::domain::ids::ResetListId;
use rekey::domain::plan::{LIST_LIFETIME, MOST_LINES};
use rekey::features::reset::from_list::{self, Means, Read, read, text, view};
use rekey::features::reset::service::Planned;
use rekey::features::users::import::FileProblem;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::skips;

async fn try_read(world: &World, person: &Person, bytes: &[u8]) -> Read {
    read(&world.platform, &world.origin, &world.actor(person).await, bytes).await.unwrap()
}

/// A list that is kept for this person.
async fn kept(world: &World, person: &Person, list: &str) -> ResetListId {
    match try_read(world, person, list.as_bytes()).await {
        Read::Kept(id) => id,
        other => panic!("not kept: {other:?}"),
    }
}

/// Each line in one: its number, what stands there and what it means.
async fn told(world: &World, person: &Person, id: ResetListId) -> Vec<String> {
    let view = view(&world.platform, &world.actor(person).await, id).await.unwrap().expect("a list of theirs");
    let told = |line: from_list::Line| {
        let means = match line.means {
            Means::Selected(person) => format!("{}, {}", person.name, person.customer_name),
            Means::LeftOut(person, why) => format!("not {}: {why}", person.name),
            Means::Unmatched(why) => why.label().to_owned(),
            Means::Again(first) => format!("again {first}"),
        };
        format!("{} {} = {means}", line.number, line.typed)
    };
    view.lines.into_iter().map(told).collect()
}

async fn planned(world: &World, person: &Person, id: ResetListId) -> Planned {
    from_list::plan(&world.platform, &world.origin, &world.actor(person).await, id).await.unwrap()
}

/// What a browser sends from the page of a list: what was pasted, and a file.
pub async fn send(browser: &mut Browser, pasted: &str, file: &[u8]) -> Answer {
    browser.upload("/api/reset/file", &[("text", pasted)], file).await
}

both! {
    async fn every_line_is_told_before_anything_is_planned(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (owner, auditor) =
            (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Auditor).await);
        let (ua, foreign) = (world.member(&world.a).await, world.member(&world.b).await);
        let gone = world.member(&world.a).await;
        world.execute(&format!(
            "UPDATE users SET removed_at = 1, address = 'x@removed.invalid', address_key = 'x@removed.invalid' WHERE id = '{}'",
            gone.user.id
        )).await;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", gone.user.id)).await;
        let list = format!(
            "{}\r\n{} <{}>; {}\n{}, {}\n{}\nnobody@a.example\nno address\n{}\n=1+1\n",
            ua.address.to_uppercase(), auditor.name, auditor.address, ua.address,
            owner.address, admin.address, foreign.address, gone.address
        );
        let before = Dump::of(&world).await.without(&["reset_lists"]);
        let id = kept(&world, &admin, &list).await;
        let none = "None of your users has this address";
        assert_eq!(
            told(&world, &admin, id).await,
            [
                format!("1 {} = {}, A", ua.address.to_uppercase(), ua.name),
                format!("2 {} <{}> = {}, A", auditor.name, auditor.address, auditor.name),
                format!("2 {} = again 1", ua.address),
                format!("3 {} = not {}: owners_only", owner.address, owner.name),
                format!("3 {} = not {}: yourself", admin.address, admin.name),
                // Somebody else's user, one who left and nobody at all answer alike.
                format!("4 {} = {none}", foreign.address),
                format!("5 nobody@a.example = {none}"),
                "6 no address = Not a mail address".to_owned(),
                format!("7 {} = {none}", gone.address),
                "8 =1+1 = Not a mail address".to_owned(),
            ]
        );
        assert_eq!(before, Dump::of(&world).await.without(&["reset_lists"]), "looking changes nothing");

        let Planned::Frozen(plan) = planned(&world, &admin, id).await else { panic!("not planned") };
        let mut expected: Vec<_> = [ua.user, auditor.user].map(|user| (user.id, None)).into();
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(skips(&world, &admin, plan).await, expected);
    }

    async fn only_the_reader_decides_whom_a_list_means(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (admin, stranger) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.b, Role::Owner).await);
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let list = format!("{}\n{}\n", ua.address, ub.address);
        let id = kept(&world, &both, &list).await;
        assert!(told(&world, &both, id).await.iter().all(|line| !line.contains("None of")));
        // Another reader has no such list, and their own means their own people.
        for reader in [&admin, &stranger] {
            let actor = world.actor(reader).await;
            assert!(view(&world.platform, &actor, id).await.unwrap().is_none());
            assert!(text(&world.platform, &actor, id).await.unwrap().is_none());
            assert_eq!(planned(&world, reader, id).await, Planned::Nobody);
            let own = kept(&world, reader, &list).await;
            let lines = told(&world, reader, own).await;
            assert_eq!(lines.iter().filter(|line| line.contains("None of your users")).count(), 1);
        }
        // A role that was lost since counts at once: what is seen and what is planned are of this moment.
        world.grant(&both, &world.b, Role::Auditor).await;
        assert!(told(&world, &both, id).await[1].ends_with("no_role"));
        let Planned::Frozen(plan) = planned(&world, &both, id).await else { panic!("not planned") };
        assert_eq!(skips(&world, &both, plan).await, [(ua.user.id, None)]);
    }

    async fn a_list_is_kept_for_one_person_for_half_an_hour(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let actor = world.actor(&admin).await;
        let first = kept(&world, &admin, &ua.address).await;
        assert_eq!(text(&world.platform, &actor, first).await.unwrap().as_deref(), Some(ua.address.as_str()));
        let second = kept(&world, &admin, "x@a.example").await;
        assert!(view(&world.platform, &actor, first).await.unwrap().is_none(), "what is reviewed is what is planned");
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_lists").await, 1);
        world.advance(LIST_LIFETIME);
        assert!(view(&world.platform, &actor, second).await.unwrap().is_none());
        from_list::sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_lists").await, 0);
    }

    async fn whoever_resets_nobody_gives_no_list(world: World) {
        let (auditor, member) = (world.with_role(&world.a, Role::Auditor).await, world.member(&world.a).await);
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        for (person, why) in [
            (&auditor, Refusal::NoRole), (&member, Refusal::NoRole), (&without, Refusal::NoFactorOfYourOwn),
        ] {
            let before = Dump::of(&world).await.but_the_record();
            assert_eq!(try_read(&world, person, b"x@a.example").await, Read::Refused(why));
            assert_eq!(before, Dump::of(&world).await.but_the_record());
            assert_eq!(world.last_recorded(world.a.id).await.0, "reset_refused");
        }
    }

    async fn lists_are_read_as_files_are(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let head = "Name;E-Mail\r\n";
        let table = format!("{head}Zoë;{}\r\n", ua.address);
        let utf16: Vec<u8> =
            std::iter::once(0xfeff).chain(table.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [table.as_bytes().to_vec(), format!("\u{feff}{table}").into_bytes(), utf16] {
            let Read::Kept(id) = try_read(&world, &admin, &bytes).await else { panic!("not kept") };
            assert_eq!(told(&world, &admin, id).await, [format!("2 {} = {}, A", ua.address, ua.name)]);
        }
        let unreadable = |read: Read| match read {
            Read::Unreadable(_, problem) => problem,
            other => panic!("{other:?}"),
        };
        let latin = b"name,address\nZo\xeb,zoe@a.example\n";
        assert_eq!(unreadable(try_read(&world, &admin, latin).await), FileProblem::Encoding);
        assert_eq!(unreadable(try_read(&world, &admin, b" \r\n").await), FileProblem::Empty);
        let open = b"email,name\n\"a@a.example,A\nb@a.example,B\n";
        assert_eq!(unreadable(try_read(&world, &admin, open).await), FileProblem::OpenQuote(2));
        // A line that no database keeps as it is.
        let id = kept(&world, &admin, "xy\0@a.example").await;
        assert_eq!(told(&world, &admin, id).await, ["1 xy\u{fffd}@a.example = None of your users has this address"]);
    }

    async fn as_many_as_one_plan_holds_and_no_more(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let people = world.people(&world.a, Who::NEW, 1203).await;
        let others = (0..MOST_LINES - people.len()).map(|n| format!("x{n}@nowhere.example"));
        let mut list: Vec<String> = people.iter().map(|person| person.address.clone()).chain(others).collect();
        let id = kept(&world, &admin, &list.join("\n")).await;
        let Planned::Frozen(plan) = planned(&world, &admin, id).await else { panic!("not planned") };
        assert_eq!(skips(&world, &admin, plan).await.len(), 1203);
        // By address, fifty a page, nobody twice and nobody left out.
        let mut browser = Browser::signed_in(&world, &admin).await;
        let first = browser.get(&format!("/resets/from-list/{id}")).await.body;
        assert!(first.contains("1–50 of 1203") && first.contains("8,797") && first.contains("Review 1203 people"), "{first}");
        let last = browser.get(&format!("/resets/from-list/{id}?show=unmatched&after=8750")).await.body;
        assert!(last.contains("8751–8797 of 8797") && last.contains("x8796@nowhere.example"), "{last}");
        list.push("one@more.example".into());
        let Read::TooMany(id) = try_read(&world, &admin, list.join("\n").as_bytes()).await else { panic!("taken") };
        assert_eq!(planned(&world, &admin, id).await, Planned::Nobody);
    }

    async fn a_browser_without_script_pastes_looks_goes_back_and_reviews(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, foreign) = (world.member(&world.a).await, world.member(&world.b).await);
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert!(browser.get("/users").await.body.contains("href=\"/resets/from-list\""));
        let pasted = format!("{}\n{}\n</textarea><img onerror=x>\n", ua.address, foreign.address);
        let answer = send(&mut browser, &pasted, b"").await;
        let page = answer.location().to_owned();
        assert!(page.starts_with("/resets/from-list/"), "{page}");
        let shown = browser.get(&page).await;
        assert!(shown.body.contains(&ua.name) && shown.body.contains("2 lines mean nobody"), "{}", shown.body);
        assert!(!shown.body.contains(&foreign.name));
        let unmatched = browser.get(&format!("{page}?show=unmatched")).await;
        assert!(unmatched.body.contains(&foreign.address) && !unmatched.body.contains("<img"), "{}", unmatched.body);
        // Back, with what was pasted.
        let id = page.rsplit('/').next().unwrap();
        let back = browser.get(&format!("/resets/from-list?list={id}")).await;
        assert!(back.body.contains(&foreign.address) && !back.body.contains("<img"), "{}", back.body);
        let review = browser.post("/api/reset/plan_list", &page, &[("id", id)]).await;
        assert!(review.location().contains("/resets/"), "{}", review.status);
        assert!(browser.get(review.location()).await.body.contains("Reset 1 user"));
        // A file counts before what is pasted; what cannot be read is said beside what was pasted.
        let answer = send(&mut browser, "x", format!("email\n{}\n", ua.address).as_bytes()).await;
        assert!(browser.get(answer.location()).await.body.contains("Review 1 person"));
        let answer = send(&mut browser, "email,name\n\"open@a.example,A\nb@a.example,B", b"").await;
        let again = browser.get(answer.location()).await.body;
        assert!(again.contains("is opened on line 2 and never closed") && again.contains("open@a.example"), "{again}");
        let answer = send(&mut browser, "", b"").await;
        assert!(browser.get(answer.location()).await.body.contains("Paste the addresses here, or choose a file."));
        let answer = send(&mut browser, &"x".repeat((1 << 20) + 1), b"").await;
        assert!(browser.get(answer.location()).await.body.contains("larger than 1 MB"));
        // Not for whoever resets nobody, and not for whoever is not signed in.
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let mut browser = Browser::signed_in(&world, &auditor).await;
        assert!(browser.get("/resets/from-list").await.body.contains("You cannot reset anybody"));
        assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
        let answer = send(&mut Browser::new(&world).await, &ua.address, b"").await;
        assert!(answer.location().starts_with("/sign-in?next="), "{}", answer.status);
    }
}
