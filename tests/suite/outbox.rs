//! Mails against a real SMTP conversation: each arrives at least once, at the right address, whatever goes wrong.

pub mod bounces;
mod outage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rekey::domain::authority::Role;
use rekey::domain::customer::Customer;
use rekey::domain::ids::UserId;
use rekey::domain::mail::Mail;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::outbox::service::{Delivery, Letter, delivery_of, enqueue};
use rekey::features::outbox::worker::{self, Transport, deliver_due};
use rekey::features::recovery;
use rekey::features::recovery::service::Issued;
use rekey::platform::Keys;

use super::harness::*;
use super::smtp_sink::{Act, Sink};

pub fn transport(sink: &Sink) -> Transport {
    Transport::servers(&config(&["--smtp-url", &sink.url(), "--base-url", "https://rekey.example"])).unwrap()
}

async fn queue(world: &World, people: &[Person], mail: Mail) {
    let mut tx = world.platform.db.begin().await.unwrap();
    let letter = |person: &Person| Letter { user: person.user, mail: mail.clone(), link: None };
    enqueue(&mut tx, &world.platform, people.iter().map(letter).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

fn added(world: &World) -> Mail {
    Mail::AuthenticatorAdded { at: world.now() }
}

/// A new link for somebody and the mail with it, as a reset makes them.
async fn issue(world: &World, user: UserRef) {
    issue_all(world, &world.a, &[user.id]).await;
}

/// The same for many.
async fn issue_all(world: &World, customer: &Customer, users: &[UserId]) -> Vec<Issued> {
    let mut tx = world.platform.db.begin().await.unwrap();
    let issued = recovery::service::issue(&mut tx, &world.platform, customer, users).await.unwrap();
    let letter = |issued: &Issued| {
        let mail = Mail::Reset {
            link: issued.link,
            generation: issued.generation,
            expires_at: issued.expires_at,
            reset_at: world.now(),
            requester: "Ines".into(),
            reason: None,
            ticket: None,
            reminder: false,
        };
        Letter { user: issued.user, mail, link: Some(issued.link) }
    };
    enqueue(&mut tx, &world.platform, issued.iter().map(letter).collect()).await.unwrap();
    tx.commit().await.unwrap();
    issued
}

pub async fn deliver(world: &World, transport: &Transport) -> usize {
    deliver_due(&world.platform, transport).await.unwrap()
}

/// The token in a mail.
fn token(text: &str) -> Option<String> {
    Some(text.split_once("https://rekey.example/recover/")?.1.lines().next()?.to_owned())
}

both! {
    async fn a_reset_is_mailed_with_a_link_that_works(world: World) {
        let sink = Sink::open();
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.reset(&admin, &[ua.user]).await;
        assert_eq!(deliver(&world, &transport(&sink)).await, 1);
        assert_eq!(deliver(&world, &transport(&sink)).await, 0, "what was sent is not sent again");
        let mails = sink.arrived();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert_eq!((mail.from.as_str(), &mail.to), ("rekey@rekey.example", &ua.address));
        assert_eq!(mail.header("From").unwrap(), "A <rekey@rekey.example>");
        assert_eq!(mail.header("Auto-Submitted").unwrap(), "auto-generated");
        assert_eq!(mail.header("List-Unsubscribe"), None, "nobody can do without these");
        assert_eq!(mail.header("Date").unwrap(), "Fri, 15 Jan 2027 08:00:30 +0000");
        let id = world.text("SELECT id FROM outbox").await.unwrap();
        assert_eq!(mail.header("Message-ID").unwrap(), format!("<{id}@rekey.example>"));
        let link = world.link_token(ua.user).await.unwrap();
        for part in [&mail.text, &mail.html] {
            assert!(part.contains(&format!("https://rekey.example/recover/{link}")), "{part}");
            for said in [&admin.name, "Lost phone", "T-1", "15 January 2027, 09:00 UTC", "+49 40 1111"] {
                assert!(part.contains(said), "{said} is not in {part}");
            }
        }
        assert!(world.prove(&token(&mail.text).unwrap()).await.is_some());
        let recorded = world.recorded(world.a.id).await;
        assert!(recorded.contains(&"mail_queued".to_owned()) && recorded.contains(&"mail_sent".to_owned()));
        let (link, _) = world.link(ua.user).await.unwrap();
        let mut conn = world.platform.db.read().await.unwrap();
        let deliveries = delivery_of(&mut conn, &[link]).await.unwrap();
        assert_eq!(deliveries[&link], Delivery::Sent(world.now()));
        world.assert_chains_whole().await;
    }

    async fn what_is_rolled_back_is_not_mailed(world: World) {
        let sink = Sink::open();
        let ua = world.member(&world.a).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        enqueue(&mut tx, &world.platform, vec![Letter { user: ua.user, mail: added(&world), link: None }]).await.unwrap();
        drop(tx);
        assert_eq!(deliver(&world, &transport(&sink)).await, 0);
        assert!(sink.arrived().is_empty());
    }

    async fn many_workers_send_each_mail_once_over_few_connections(world: World) {
        let sink = Sink::open();
        let people = world.people(&world.a, Who::MEMBER, 120).await;
        queue(&world, &people, added(&world)).await;
        let second = world.second_node().await;
        let over = [transport(&sink), transport(&sink)];
        let workers: Vec<_> = (0..6)
            .map(|n| {
                let (platform, over) = ([&world, &second][n % 2].platform.clone(), over[n % 2].clone());
                tokio::spawn(async move { deliver_due(&platform, &over).await })
            })
            .collect();
        let mut sent = 0;
        for worker in workers {
            // On SQLite one of them may find the database busy; the others do its part.
            sent += worker.await.unwrap().unwrap_or(0);
        }
        world.advance(Span::minutes(4));
        sent += deliver(&world, &over[0]).await;
        assert_eq!(sent, 120);
        let to: Vec<String> = sink.arrived().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to.len(), 120);
        assert_eq!(to.into_iter().collect::<BTreeSet<_>>(), people.into_iter().map(|person| person.address).collect());
        // A busy machine needs more of them than a quiet one, and never one a mail.
        assert!(sink.greeted() < 60, "{} connections", sink.greeted());
        world.assert_chains_whole().await;
    }

    async fn a_mail_that_is_put_off_is_never_dropped(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let people = world.people(&world.a, Who::MEMBER, 2).await;
        queue(&world, &people[..1], added(&world)).await;
        sink.script([Act::RefuseRecipient("451 4.7.1 come back later"); 9]);
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(deliver(&world, &over).await, 0);
            world.advance(Span::seconds(minutes * 60 - 1));
            assert_eq!(deliver(&world, &over).await, 0);
            world.advance(Span::seconds(1));
        }
        assert_eq!(world.count("SELECT tries FROM outbox").await, 9);
        assert_eq!(world.text("SELECT last_error FROM outbox").await.unwrap(), "451 4.7.1 come back later");
        assert_eq!(deliver(&world, &over).await, 1);
        assert_eq!(world.text("SELECT last_error FROM outbox").await, None);
        assert_eq!(sink.arrived().len(), 1);
    }

    async fn one_refused_for_good_is_shown_and_stops_nobody(world: World) {
        let sink = Sink::open();
        let people = world.people(&world.a, Who::MEMBER, 5).await;
        for person in &people {
            issue(&world, person.user).await;
        }
        let token = world.link_token(people[1].user).await.unwrap();
        let answer = format!("554 5.7.1 we dislike https://rekey.example/recover/{token} and <{token}>");
        sink.script([Act::Take, Act::RefuseContent(answer.leak())]);
        assert_eq!(deliver(&world, &transport(&sink)).await, 4);
        let arrived: Vec<String> = sink.arrived().into_iter().map(|mail| mail.to).collect();
        let refused = people.iter().find(|person| !arrived.contains(&person.address)).unwrap();
        let link = world.link(refused.user).await.unwrap().0;
        let mut conn = world.platform.db.read().await.unwrap();
        let deliveries = delivery_of(&mut conn, &[link]).await.unwrap();
        assert_eq!(deliveries[&link], Delivery::Failed(world.now(), "554 5.7.1 we dislike … and …".into()));
        drop(conn);
        let details = world.text("SELECT details FROM audit_events WHERE what = 'mail_failed'").await.unwrap();
        assert_eq!(details, r#"{"error":"554 5.7.1 we dislike … and …","mail":"reset"}"#);
        world.advance(Span::hours(24));
        assert_eq!(deliver(&world, &transport(&sink)).await, 0, "5xx is for good");
    }

    async fn a_server_that_refuses_the_sender_loses_nothing(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        queue(&world, &world.people(&world.a, Who::MEMBER, 2).await, added(&world)).await;
        sink.script([Act::RefuseSender("553 5.7.1 sender not owned by user")]);
        assert_eq!(deliver(&world, &over).await, 1, "the next one goes over the same connection");
        let why = world.text("SELECT last_error FROM outbox WHERE sent_at IS NULL").await.unwrap();
        assert_eq!(why, "553 5.7.1 sender not owned by user");
        world.advance(Span::minutes(1));
        assert_eq!(deliver(&world, &over).await, 1);
        assert_eq!((sink.arrived().len(), sink.greeted()), (2, 2), "one connection was to see whether it is there");
    }

    async fn a_connection_cut_after_the_content_repeats_one_mail(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let people = world.people(&world.a, Who::MEMBER, 3).await;
        queue(&world, &people, added(&world)).await;
        sink.script([Act::Take, Act::TakeAndHangUp, Act::HangUp]);
        assert_eq!(deliver(&world, &over).await, 1);
        world.advance(Span::minutes(1));
        assert_eq!(deliver(&world, &over).await, 2);
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        for mail in sink.arrived() {
            *by_id.entry(mail.header("Message-ID").unwrap().to_owned()).or_default() += 1;
        }
        let mut counts: Vec<usize> = by_id.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 2], "nothing is lost, and the one that came twice can be known by its id");
    }

    async fn a_server_that_lets_us_not_in_loses_nothing(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        queue(&world, &world.people(&world.a, Who::MEMBER, 3).await, added(&world)).await;
        sink.close_with(Some("554 5.3.2 not today"));
        assert_eq!(deliver(&world, &over).await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE failed_at IS NOT NULL OR tries > 0").await, 0);
        sink.close_with(None);
        world.advance(Span::minutes(1));
        assert_eq!(deliver(&world, &over).await, 3);
    }

    async fn a_server_that_cannot_prove_itself_hears_nothing(world: World) {
        queue(&world, &world.people(&world.a, Who::MEMBER, 2).await, added(&world)).await;
        // Nobody trusts what these show; and the last has nothing to show where it is asked for.
        for (sink, scheme, tls) in [
            (Sink::untrusted("implicit"), "smtps", ""),
            (Sink::untrusted("starttls"), "smtp", "?tls=required"),
            (Sink::untrusted("starttls"), "smtp", "?tls=opportunistic"),
            (Sink::open(), "smtp", "?tls=required"),
        ] {
            let url = sink.url().replace("smtp:", &format!("{scheme}:")) + tls;
            let over = Transport::servers(&config(&["--smtp-url", &url, "--base-url", "https://rekey.example"])).unwrap();
            assert_eq!(deliver(&world, &over).await, 0, "{url}");
            assert_eq!((sink.arrived().len(), sink.greeted() > 0), (0, scheme == "smtp"), "{url}");
            assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE failed_at IS NOT NULL OR tries > 0").await, 0);
            world.advance(Span::minutes(2));
        }
        assert_eq!(deliver(&world, &transport(&Sink::open())).await, 2);
    }

    async fn a_worker_that_dies_leaves_its_mails_to_the_next(world: World) {
        let sink = Sink::open();
        let people = world.people(&world.a, Who::MEMBER, 3).await;
        queue(&world, &people, added(&world)).await;
        sink.script([Act::Take, Act::FallSilent]);
        let dying = {
            let (platform, over) = (world.platform.clone(), transport(&sink));
            tokio::spawn(async move { deliver_due(&platform, &over).await })
        };
        // Until it is in the middle of its second mail.
        while sink.unplayed() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        dying.abort();
        let _ = dying.await;
        assert_eq!(deliver(&world, &transport(&sink)).await, 0, "they are still leased");
        world.advance(Span::minutes(3));
        assert_eq!(deliver(&world, &transport(&sink)).await, 2);
        assert_eq!(sink.arrived().len(), 3);
    }

    async fn a_link_that_is_over_is_not_mailed(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let people = world.people(&world.a, Who::MEMBER, 3).await;
        let (twice, back, revoked) = (&people[0], &people[1], &people[2]);
        issue(&world, twice.user).await;
        for person in &people {
            issue(&world, person.user).await;
        }
        let mut tx = world.platform.db.begin().await.unwrap();
        let end = rekey::domain::recovery::End::CompletedAtSignIn;
        recovery::service::end(&mut tx, &world.platform, back.user, end).await.unwrap();
        let end = rekey::domain::recovery::End::Revoked;
        recovery::service::end(&mut tx, &world.platform, revoked.user, end).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(deliver(&world, &over).await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE superseded_at IS NOT NULL").await, 2);
        let arrived: BTreeMap<String, Option<String>> =
            sink.arrived().into_iter().map(|mail| (mail.to.clone(), token(&mail.text))).collect();
        assert_eq!(arrived[&twice.address], world.link_token(twice.user).await, "the newest link, once");
        assert_eq!(arrived[&revoked.address], None, "nothing else tells this user that their factor was reset");
    }

    async fn fifty_resets_in_an_hour_are_three_mails_and_the_newest_link_works(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let ua = world.member(&world.a).await;
        let mut since_first = 0;
        for _ in 0..50 {
            issue(&world, ua.user).await;
            deliver(&world, &over).await;
            world.advance(Span::seconds(60));
            since_first += 60;
        }
        let newest = world.link_token(ua.user).await.unwrap();
        while since_first < 3599 {
            deliver(&world, &over).await;
            world.advance(Span::seconds(1));
            since_first += 1;
        }
        assert_eq!(sink.arrived().len(), 3);
        world.advance(Span::minutes(1));
        deliver(&world, &over).await;
        let arrived = sink.arrived();
        assert_eq!(arrived.len(), 4);
        assert_eq!(token(&arrived[3].text).unwrap(), newest);
        assert!(world.prove(&newest).await.is_some());
    }

    async fn no_name_stops_the_worker(world: World) {
        let sink = Sink::open();
        let mut people = world.people(&world.a, Who::MEMBER, 7).await;
        let names = ["A\r\nBcc: x@evil.example", ".", "</script><img src=x onerror=alert(1)>", "\u{202e}מרים", &"x ".repeat(5000), "", "\u{1b}[31m"];
        for (person, name) in people.iter().zip(names) {
            world.execute(&format!("UPDATE users SET name = '{name}' WHERE id = '{}'", person.user.id)).await;
        }
        let nul = world.person(&world.a, Who { name: Some("A\0B"), ..Who::MEMBER }).await;
        people.push(nul);
        world.execute("UPDATE customers SET name = '.', help_desk = '.'").await;
        queue(&world, &people, added(&world)).await;
        assert_eq!(deliver(&world, &transport(&sink)).await, 8);
        let arrived = sink.arrived();
        assert_eq!(arrived.len(), 8);
        for person in &people {
            let mail = arrived.iter().find(|mail| mail.to == person.address).unwrap();
            assert_eq!(mail.header("Bcc"), None);
            assert!(mail.text.starts_with(".\n\nA new authenticator app"), "a line with a lone dot ends no mail: {}", mail.text);
            assert!(!mail.html.contains("<img"));
        }
    }

    async fn what_cannot_be_read_fails_alone(world: World) {
        let sink = Sink::open();
        let people = world.people(&world.a, Who::MEMBER, 4).await;
        queue(&world, &people, added(&world)).await;
        let nth = |n: usize| format!("WHERE user_id = '{}'", people[n].user.id);
        world.execute(&format!("UPDATE outbox SET mail = '{{' {}", nth(0))).await;
        world.execute(&format!("UPDATE users SET address = 'a..b@c.example' WHERE id = '{}'", people[1].user.id)).await;
        assert_eq!(deliver(&world, &transport(&sink)).await, 2);
        let why = |n| format!("SELECT last_error FROM outbox {}", nth(n));
        assert_eq!(world.text(&why(0)).await.unwrap(), "the stored mail is not readable");
        assert_eq!(world.text(&why(1)).await.unwrap(), "no mail can be written to this address");
    }

    async fn without_the_key_of_its_link_a_mail_waits(world: World) {
        let sink = Sink::open();
        let over = transport(&sink);
        let ua = world.member(&world.a).await;
        issue(&world, ua.user).await;
        let other = Keys::create(&world.folder().join("other.key"), &rekey::platform::Rng::system()).unwrap();
        assert_eq!(deliver(&world.with_keys(other), &over).await, 0);
        assert!(sink.arrived().is_empty());
        world.advance(Span::minutes(1));
        assert_eq!(deliver(&world, &over).await, 1);
        assert_eq!(token(&sink.arrived()[0].text), world.link_token(ua.user).await);
    }

    async fn the_worker_finds_what_is_queued(world: World) {
        let sink = Sink::open();
        let handle = worker::start(world.platform.clone(), transport(&sink));
        queue(&world, &[world.member(&world.a).await], added(&world)).await;
        for _ in 0..100 {
            if !sink.arrived().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        handle.abort();
        assert_eq!(sink.arrived().len(), 1);
    }
}
