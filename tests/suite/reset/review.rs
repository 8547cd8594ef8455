//! The review of a plan: every number opens its list, in pages, whole and of one customer; the mail is as it will arrive.

use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::plan::Skip;

use super::super::browser::*;
use super::super::harness::*;

/// What a page says under a query of its address.
async fn shown(browser: &mut Browser, id: ResetId, query: &str) -> String {
    let answer = browser.get(&format!("/resets/{id}{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    answer.body
}

/// Whether a list has this person in it; the page's own frame does not name them by their address.
fn lists(page: &str, person: &Person) -> bool {
    page.contains(&format!("title=\"{}\"", person.address))
}

both! {
    async fn every_number_opens_its_list(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        world.grant(&owner, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let admin = world.with_role(&world.a, Role::Admin).await;
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let unverified = world.person(&world.b, Who { unverified: true, ..Who::MEMBER }).await;
        world.execute(&format!(
            "UPDATE methods SET kind = 'hardware_token' WHERE user_id = '{}'", admin.user.id
        )).await;
        world.session(&ua).await;
        world.session(&ua).await;
        let people = [&ua, &ub, &admin, &suspended, &unverified];
        let id = world.plan(&owner, &people.map(|person| person.user)).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let whole = shown(&mut browser, id, "").await;
        for words in [
            "1 owner or admin is in this selection.", "1 person has no verified address.", "Hardware tokens", "Owners left",
            "The mail they get",
        ] {
            assert!(whole.contains(words), "{words}: {whole}");
        }
        let (a, b) = (world.a.id, world.b.id);
        let table: [(String, &[&Person]); 14] = [
            (String::new(), &[&ua, &ub, &admin]),
            ("?show=selected".into(), &people),
            ("?show=skipped".into(), &[&suspended, &unverified]),
            ("?show=privileged".into(), &[&admin]),
            ("?show=sessions".into(), &[&ua]),
            ("?show=hardware_tokens".into(), &[&admin]),
            ("?show=authenticator_apps".into(), &[&ua, &ub]),
            ("?show=backup_codes".into(), &[&ua, &ub, &admin]),
            ("?skip=suspended".into(), &[&suspended]),
            ("?skip=no_verified_address".into(), &[&unverified]),
            ("?skip=gone".into(), &[]),
            (format!("?customer={a}"), &[&ua, &admin]),
            (format!("?customer={b}&show=skipped"), &[&unverified]),
            (format!("?customer={a}&skip=suspended"), &[&suspended]),
        ];
        for (query, expected) in table {
            let page = shown(&mut browser, id, &query).await;
            for person in people {
                let is_expected = expected.iter().any(|one| one.user == person.user);
                assert_eq!(lists(&page, person), is_expected, "{query}: {}", person.address);
            }
            // What is narrowed is narrowed; the plan that is confirmed is the same.
            assert!(page.contains("Reset 3 users"), "{query}");
            if !query.is_empty() && !query.contains("gone") && !query.contains("customer") {
                assert!(whole.contains(&format!("/resets/{id}{query}#people")), "{query} stands behind no number");
            }
        }
        let narrowed = shown(&mut browser, id, &format!("?customer={b}")).await;
        assert!(narrowed.contains("Only B is shown.") && narrowed.contains("resets 3 people in all"), "{narrowed}");
        // What no page asks for is understood as nothing.
        let foreign = "01mcc5rm003kab9w64hq9mjq2v";
        for odd in ["?show=x", "?skip=%00", "?customer=x", &format!("?customer={foreign}"), "?after=99999", "?after=-1", "?changed=7"] {
            assert!(shown(&mut browser, id, odd).await.contains("Reset 3 users"), "{odd}");
        }
        for skip in Skip::ALL {
            shown(&mut browser, id, &format!("?skip={skip}")).await;
        }
    }

    async fn owners_who_stay_are_counted(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let second = world.with_role(&world.a, Role::Owner).await;
        let third = world.with_role(&world.a, Role::Owner).await;
        world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let id = world.plan(&owner, &[second.user]).await;
        let actor = world.actor(&owner).await;
        let left = async |id| {
            let view = rekey::features::reset::service::view(&world.platform, &actor, id).await.unwrap().unwrap();
            view.owners_left.into_iter().collect::<Vec<_>>()
        };
        let mut both = vec![owner.name.clone(), third.name.clone()];
        both.sort();
        assert_eq!(left(id).await, [(world.a.id, both)]);
        world.suspend(&third).await;
        assert_eq!(left(id).await, [(world.a.id, vec![owner.name.clone()])]);
        // An owner who is at home elsewhere stands there with their customer, where that is not news to the reader.
        let technician = world.with_role(&world.b, Role::Member).await;
        world.grant(&technician, &world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let (plain, introduced) =
            (format!("<bdi>{}</bdi>", technician.name), format!("<bdi>{} (B)</bdi>", technician.name));
        let page = shown(&mut browser, id, "").await;
        assert!(page.contains(&plain) && !page.contains("(B)"), "{page}");
        let provider = |id: &str| format!("UPDATE customers SET provider_id = {id} WHERE id = '{}'", world.a.id);
        world.execute(&provider(&format!("'{}'", world.b.id))).await;
        let page = shown(&mut browser, id, "").await;
        assert!(page.contains(&introduced), "{page}");
        world.execute(&provider("NULL")).await;
        world.grant(&owner, &world.b, Role::Auditor).await;
        let page = shown(&mut browser, id, "").await;
        assert!(page.contains(&introduced), "{page}");
    }

    async fn the_mail_is_framed_without_a_token(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (user, new) = (world.member(&world.a).await, world.person(&world.a, Who::NEW).await);
        let id = world.plan(&owner, &[user.user]).await;
        let way = format!("/resets/{id}/mail");
        let mut browser = Browser::signed_in(&world, &owner).await;
        let page = shown(&mut browser, id, "").await;
        assert!(page.contains(&format!("src=\"{way}\"")), "{page}");
        let mail = browser.get(&way).await;
        assert_eq!((mail.status.as_u16(), mail.header("x-frame-options")), (200, "SAMEORIGIN"));
        let policy = mail.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'") && policy.ends_with("sandbox"), "{policy}");
        assert!(mail.body.contains(&user.name) && mail.body.contains(&owner.name), "{}", mail.body);
        assert!(mail.body.contains("/recover/…") && mail.body.contains("/not-me/…"), "no token: nothing was made");
        // Whoever may not see the plan learns nothing, not even that there is one; and where nobody is reset, there is no mail.
        let stranger = world.with_role(&world.b, Role::Owner).await;
        let mut elsewhere = Browser::signed_in(&world, &stranger).await;
        let skipped = world.plan(&owner, &[new.user]).await;
        assert_eq!(elsewhere.get(&way).await.status.as_u16(), 404);
        let unknown = ResetId::new(world.now(), [7; 10]).to_string();
        for id in [skipped.to_string().as_str(), "0", &unknown] {
            let answer = browser.get(&format!("/resets/{id}/mail")).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (404, ""), "{id}");
        }
        assert_eq!(Browser::new(&world).await.get(&way).await.location(), "/sign-in?next=%2Fresets");
    }

    async fn ten_thousand_are_listed_in_pages(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 120).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let (mut found, mut query) = (0, String::new());
        for text in ["1–50 of 120", "51–100 of 120", "101–120 of 120"] {
            let page = shown(&mut browser, id, &query).await;
            assert!(page.contains(text), "{text}: {page}");
            found += users.iter().filter(|user| lists(&page, user)).count();
            query = format!("?after={found}");
        }
        assert_eq!(found, 120, "nobody twice and nobody left out");
    }

    async fn the_mail_is_shown_as_it_will_arrive(world: World) {
        let technician = world.with_role(&world.b, Role::Owner).await;
        world.grant(&technician, &world.a, Role::Admin).await;
        let ua = world.person(&world.a, Who { name: Some("Zoë <b>Brückner</b>"), ..Who::MEMBER }).await;
        let id = world.plan(&technician, &[ua.user]).await;
        let page = shown(&mut Browser::signed_in(&world, &technician).await, id, "").await;
        assert!(page.contains("(B)") && page.contains("+49 40 1111") && page.contains("https://rekey.example/recover/…"), "{page}");
        assert!(!page.contains("<b>Brückner") && page.contains("&lt;b&gt;Brückner") || page.contains("&lt;b>Brückner"), "{page}");
        // No link is made by looking.
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 0);
    }
}
