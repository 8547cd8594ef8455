//! What comes back: each mail leaves with an address of its own, and a report to it marks that mail and no other.

use rekey::domain::authority::Role;
use rekey::domain::board::{Act as BoardAct, Stage};
use rekey::domain::ids::MailId;
use rekey::features::outbox::bounce::{Bounced, take};
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::{Acted, act};

use super::super::browser::Browser;
use super::super::dump::Dump;
use super::*;

const BOUNCES: &str = "bounces@in.rekey.example";

fn with_bounces(sink: &Sink) -> Transport {
    let flags = ["--smtp-url", &sink.url(), "--base-url", "https://rekey.example", "--mail-bounces", BOUNCES];
    Transport::servers(&config(&flags)).unwrap()
}

/// What a mail server writes of a mail that it could not deliver.
pub fn report(action: &str, said: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: {BOUNCES}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"F2A1\"\r\n\r\n\
         --F2A1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you.\r\n\r\n\
         --F2A1\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example\r\nArrival-Date: Fri, 15 Jan 2027 08:00:30 +0000\r\n\r\n\
         Final-Recipient: rfc822; zoe@a.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; {said}\r\n\r\n\
         --F2A1\r\nContent-Type: message/rfc822\r\n\r\nSubject: Set up your sign-in again\r\n\r\nHello\r\n\r\n--F2A1--\r\n"
    )
}

async fn reported(world: &World, recipient: &str, report: &str) -> Bounced {
    take(&world.platform, recipient, report.as_bytes()).await.unwrap()
}

both! {
    async fn a_mail_that_comes_back_is_on_the_board_and_is_sent_again_at_once(world: World) {
        let sink = Sink::open();
        let over = with_bounces(&sink);
        let (admin, ua, ub) =
            (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await, world.member(&world.a).await);
        let reset = world.reset(&admin, &[ua.user]).await;
        let other = world.reset(&admin, &[ub.user]).await;
        assert_eq!(deliver(&world, &over).await, 2);
        let arrived = sink.arrived();
        let back = |person: &Person| arrived.iter().find(|mail| mail.to == person.address).unwrap().from.clone();
        let (to_ua, to_ub) = (back(&ua), back(&ub));
        assert!(to_ua.starts_with("bounces+") && to_ua.ends_with("@in.rekey.example") && to_ua != to_ub, "{to_ua}");
        assert_eq!(arrived[0].header("From").unwrap(), "A <rekey@rekey.example>", "its reader sees no such address");

        let late = report("delayed", "451 4.4.1 no answer");
        assert_eq!(reported(&world, &to_ua, &late).await, Bounced::NotFinal);
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Sent);
        let said = report("failed", "550 5.1.1 <zoe@a.example>: Recipient address rejected:\r\n    User unknown");
        // Servers may change the case, and write the address in brackets.
        assert_eq!(reported(&world, &format!("<{}>", to_ua.to_uppercase()), &said).await, Bounced::Marked);
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Bounced);
        assert_eq!(world.stage_of(&admin, other).await, Stage::Sent);
        let why = world.text("SELECT last_error FROM outbox WHERE failed_at IS NOT NULL").await.unwrap();
        assert_eq!(why, "550 5.1.1 <zoe@a.example>: Recipient address rejected: User unknown");
        let (_, details) = world.recorded_with_details(world.a.id, "mail_failed").await;
        assert!(details.contains(&why) && details.contains("bounced"), "{details}");
        let known = Dump::of(&world).await;
        assert_eq!(reported(&world, &to_ua, &said).await, Bounced::Known);
        assert_eq!(known, Dump::of(&world).await);
        // It never arrived, so that another one need not wait.
        let actor = world.actor(&admin).await;
        let picks = vec![(reset, Picked::Ticked(vec![ua.user.id]))];
        let acted = act(&world.platform, &world.origin, &actor, BoardAct::SendAgain, picks).await.unwrap();
        assert_eq!(acted, Acted::Done(1, 0));
        assert_eq!(deliver(&world, &over).await, 1);
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Sent);
        world.assert_chains_whole().await;
    }

    async fn nobody_reports_what_they_never_had(world: World) {
        let sink = Sink::open();
        let over = with_bounces(&sink);
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        queue(&world, std::slice::from_ref(&ua), added(&world)).await;
        let waiting: MailId = world.text("SELECT id FROM outbox").await.unwrap().parse().unwrap();
        let tag = |id: MailId| world.platform.keys.bounce_tag(id);
        let early = format!("bounces+{waiting}.{}@in.rekey.example", tag(waiting));
        let said = report("failed", "550 no");
        assert_eq!(reported(&world, &early, &said).await, Bounced::TooSoon);
        deliver(&world, &over).await;
        queue(&world, &[ub], added(&world)).await;
        deliver(&world, &over).await;
        let mine = sink.arrived()[0].from.clone();
        let (head, rest) = mine.split_once('.').unwrap();
        let other = world.platform.rng.id(world.now(), MailId::new);
        let before = Dump::of(&world).await;
        for wrong in [
            format!("{head}.{}", rest.replace(|c: char| c.is_ascii_digit(), "f")),
            format!("{head}@in.rekey.example"),
            format!("bounces+{other}.{}@in.rekey.example", tag(waiting)),
            format!("bounces+{other}.{}@in.rekey.example", tag(other)),
            BOUNCES.to_owned(),
            String::new(),
            "+.@".to_owned(),
        ] {
            assert_eq!(reported(&world, &wrong, &said).await, Bounced::Unknown, "{wrong}");
        }
        let holiday = "Subject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nI am away. Action: failed\r\n";
        assert_eq!(reported(&world, &mine, holiday).await, Bounced::NotFinal);
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn what_a_server_says_of_a_mail_is_on_the_board_while_it_is_tried_again(world: World) {
        let sink = Sink::open();
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let board = format!("/resets/{}", world.reset(&admin, &[ua.user]).await);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let put_off = "tried again: 451 4.7.1 come back later";
        sink.script([Act::RefuseRecipient("451 4.7.1 come back later")]);
        assert_eq!(deliver(&world, &transport(&sink)).await, 0);
        assert!(browser.get(&board).await.body.contains(put_off));
        world.advance(Span::minutes(1));
        assert_eq!(deliver(&world, &transport(&sink)).await, 1);
        let page = browser.get(&board).await.body;
        assert!(page.contains("Mail taken") && !page.contains(put_off));
    }

    async fn a_help_desk_that_reads_mail_is_answered(world: World) {
        let sink = Sink::open();
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.execute(&format!("UPDATE customers SET help_desk = 'help@a.example, or 4040' WHERE id = '{}'", world.a.id)).await;
        queue(&world, &[ua.clone(), ub.clone()], added(&world)).await;
        deliver(&world, &transport(&sink)).await;
        let arrived = sink.arrived();
        let replies = |person: &Person| arrived.iter().find(|mail| mail.to == person.address).unwrap().header("Reply-To");
        assert_eq!((replies(&ua), replies(&ub)), (Some("help@a.example"), None));
    }
}
