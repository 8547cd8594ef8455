//! A mail server that is away for a day, and many mails at once: none is lost, none goes to somebody else, and no customer keeps
//! another waiting.

use rekey::domain::ids::LinkId;
use rekey::domain::policy::Policy;

use super::*;

/// A new link and its mail for each of these, as resets of a thousand each make them.
async fn reset_all(world: &World, customer: &Customer, people: &[Person]) -> BTreeMap<UserId, LinkId> {
    let mut links = BTreeMap::new();
    for part in people.chunks(1_000) {
        let users: Vec<UserId> = part.iter().map(|person| person.user.id).collect();
        links.extend(issue_all(world, customer, &users).await.iter().map(|issued| (issued.user.id, issued.link)));
    }
    links
}

both! {
    async fn a_server_that_is_away_for_a_day_loses_and_delays_nothing(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let people = world.people(&world.a, Who::MEMBER, 60).await;
        for person in &people {
            issue(&world, person.user).await;
        }
        sink.vanish();
        for _ in 0..24 {
            assert_eq!(deliver(&world, &over).await, 0);
            world.advance(Span::hours(1));
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE tries > 0").await, 0, "it was not their fault");
        sink.come_back();
        assert_eq!(deliver(&world, &over).await, 60);
        let arrived = sink.arrived();
        let to: BTreeSet<String> = arrived.iter().map(|mail| mail.to.clone()).collect();
        assert_eq!((arrived.len(), to.len()), (60, 60));
        for mail in arrived {
            assert!(token(&mail.text).is_none(), "the links ran out meanwhile");
            assert!(mail.text.contains("https://rekey.example/sign-in\n"));
        }
    }

    async fn one_customers_thousands_keep_nobody_elses_mail_waiting(world: World) {
        let sink = Sink::open();
        let many = world.people(&world.a, Who::NEW, 400).await;
        queue(&world, &many, added(&world)).await;
        world.advance(Span::seconds(1));
        let few = world.people(&world.b, Who::NEW, 3).await;
        queue(&world, &few, added(&world)).await;
        assert_eq!(deliver(&world, &transport(&sink)).await, 403);
        let to: Vec<String> = sink.arrived().into_iter().map(|mail| mail.to).collect();
        let places: Vec<usize> =
            few.iter().map(|person| to.iter().position(|to| *to == person.address).unwrap()).collect();
        assert!(places.iter().all(|place| *place < 16), "{places:?}");
        assert_eq!(to.into_iter().collect::<BTreeSet<_>>().len(), 403, "and each got theirs");
    }

    async fn ten_thousand_mails_wait_for_a_day_and_all_arrive_where_they_belong(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let mut people = world.people(&world.a, Who::NEW, 9_000).await;
        people.extend(world.people(&world.b, Who::NEW, 1_000).await);
        let (of_a, of_b) = people.split_at(9_000);
        let mut links = BTreeMap::new();
        links.extend(reset_all(&world, &world.a, of_a).await);
        sink.vanish();
        assert_eq!(deliver(&world, &over).await, 0);
        world.advance(Span::hours(1));
        // Resets go on meanwhile. The links of those before run out, and these are still good.
        let b = Customer { policy: Policy::default().with_link_minutes(24 * 60), ..world.b.clone() };
        links.extend(reset_all(&world, &b, of_b).await);
        for _ in 1..24 {
            assert_eq!(deliver(&world, &over).await, 0);
            world.advance(Span::hours(1));
        }
        sink.come_back();
        assert_eq!(deliver(&world, &over).await, 10_000);
        let arrived = sink.arrived();
        let people: BTreeMap<&str, &Person> = people.iter().map(|person| (person.address.as_str(), person)).collect();
        let mut ids = BTreeSet::new();
        for mail in &arrived {
            let person = people[mail.to.as_str()];
            assert!(mail.text.contains(&format!("Hello {},", person.name)), "to somebody else: {}", mail.to);
            let link = token(&mail.text).map(|token| token.split_once('.').unwrap().0.to_owned());
            let lasts = person.user.customer == world.b.id;
            assert_eq!(link, lasts.then(|| links[&person.user.id].to_string()), "{}", mail.to);
            ids.insert(mail.header("Message-ID").unwrap().to_owned());
        }
        assert_eq!((arrived.len(), ids.len()), (10_000, 10_000), "none is lost, and none comes twice");
        let to: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(to.len(), 10_000);
        // Of the first two thousand, half belong to each customer.
        let of_b = arrived[..2_000].iter().filter(|mail| mail.to.ends_with("@b.example")).count();
        assert!((900..=1_000).contains(&of_b), "{of_b}");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL OR tries <> 1").await, 0);
    }
}
