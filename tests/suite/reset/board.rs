//! The recovery board: each at the stage that the facts say, in pages that leave nobody out.

use std::collections::{BTreeMap, BTreeSet};

use rekey::domain::authority::Role;
use rekey::domain::board::{Done, Mailed, OnTheWay, PAGE, Stage};
use rekey::domain::ids::{ResetId, UserId};
use rekey::domain::recovery::{End, Link};
use rekey::domain::time::{Span, Time};
use rekey::features::recovery::service::{Proof, open, prove};
use rekey::features::reset::board::{Row, View, view};
use rekey::features::reset::run::run;

use super::super::browser::*;
use super::super::harness::*;
use super::super::lists::Dice;

pub async fn board(world: &World, person: &Person, id: ResetId) -> View {
    view(&world.platform, &world.actor(person).await, id, &[], None).await.unwrap().unwrap()
}

pub async fn stages(world: &World, person: &Person, id: ResetId) -> BTreeMap<UserId, Stage> {
    board(world, person, id).await.rows.iter().map(|row| (row.user_id, row.stage)).collect()
}

/// A mail server took the newest mail to this user, or refused it.
pub async fn mailed(world: &World, person: &Person, column: &str) {
    let text = format!(
        "UPDATE outbox SET {column} = {}, next_try_at = NULL, last_error = 'Mailbox full' \
         WHERE user_id = '{}' AND link_id IS NOT NULL AND next_try_at IS NOT NULL",
        world.now().unix_milliseconds(),
        person.user.id
    );
    assert!(world.execute(&text).await > 0);
}

/// Writes facts down that the dice choose, and says what they are.
async fn some_facts(world: &World, person: &Person, dice: &mut Dice) -> Done {
    let now = world.now();
    let time = |minutes: i64| now + Span::minutes(minutes);
    let mut maybe = |one_in: usize| (dice.below(one_in) == 0).then(|| time(-5));
    let (opened_at, proved_at, help_asked_at) = (maybe(2), maybe(3), maybe(6));
    let (disowned_at, skipped, failed_at, pending) = (maybe(8), maybe(12), maybe(12), maybe(12));
    let (sent_at, bounced_at, ended_at) = (maybe(2), maybe(4), maybe(2));
    let ended = ended_at.map(|at| (at, dice.one(End::ALL)));
    // Before, at, and after the end of its time; and of the tries.
    let (expires_at, wrong_passwords) = (time(dice.one(&[-1, 0, 1, 30])), dice.one(&[0, 0, 9, 10, 11]));
    let link = Link { issued_at: now, expires_at, opened_at, proved_at, wrong_passwords, ended };
    let sql = |at: Option<Time>| at.map_or_else(|| "NULL".to_owned(), |at| at.unix_milliseconds().to_string());
    let id = person.user.id;
    let how = ended.map_or_else(|| "NULL".to_owned(), |(_, end)| format!("'{end}'"));
    world
        .execute(&format!(
            "UPDATE links SET opened_at = {}, proved_at = {}, expires_at = {}, wrong_passwords = {wrong_passwords}, \
                ended_at = {}, ended_how = {how}, help_asked_at = {}, disowned_at = {} WHERE user_id = '{id}'",
            sql(opened_at),
            sql(proved_at),
            sql(Some(expires_at)),
            sql(ended.map(|(at, _)| at)),
            sql(help_asked_at),
            sql(disowned_at),
        ))
        .await;
    let mail = format!("sent_at = {}, failed_at = {}", sql(sent_at), sql(bounced_at));
    world.execute(&format!("UPDATE outbox SET {mail} WHERE user_id = '{id}' AND link_id IS NOT NULL")).await;
    let skip = if skipped.is_some() { "'cancelled'" } else { "NULL" };
    let done_at = sql(Some(now).filter(|_| pending.is_none()));
    let failed = sql(failed_at);
    world
        .execute(&format!(
            "UPDATE reset_items SET skip = {skip}, failed_at = {failed}, done_at = {done_at} WHERE user_id = '{id}'"
        ))
        .await;
    let mail = match (bounced_at, sent_at) {
        (Some(_), _) => Mailed::Bounced,
        (None, Some(_)) => Mailed::Sent,
        (None, None) => Mailed::Queued,
    };
    let (asks_for_help, is_disowned) = (help_asked_at.is_some(), disowned_at.is_some());
    match (skipped, failed_at, pending) {
        (Some(_), ..) => Done::Skipped,
        (None, Some(_), _) => Done::Failed,
        (None, None, Some(_)) => Done::Pending,
        (None, None, None) => Done::Reset(OnTheWay { link, mail, asks_for_help, is_disowned }),
    }
}

both! {
    async fn the_board_decides_as_the_life_of_a_link_does(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let people = world.people(&world.a, Who::MEMBER, PAGE).await;
        let id = world.reset(&admin, &users_of(&people)).await;
        let (mut dice, mut seen) = (Dice(41), BTreeSet::new());
        for _ in 0..6 {
            let mut expected = BTreeMap::new();
            for person in &people {
                let done = some_facts(&world, person, &mut dice).await;
                expected.insert(person.user.id, (Stage::of(done, world.now()), done));
            }
            let found = stages(&world, &admin, id).await;
            for (user, (stage, done)) in &expected {
                assert_eq!(found[user], *stage, "{done:?}");
                seen.insert(*stage);
            }
        }
        assert_eq!(seen.len(), Stage::ALL.len(), "{seen:?}");
    }

    async fn everybody_stands_where_the_facts_say(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let people = world.people(&world.a, Who::MEMBER, 11).await;
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let mut all = users_of(&people);
        all.push(suspended.user);
        let id = world.confirmed(&admin, &all).await;
        assert_eq!(stages(&world, &admin, id).await.values().filter(|stage| **stage == Stage::Pending).count(), 11);
        run(&world.platform, id).await.unwrap();
        let [queued, sent, bounced, opened, proved, back, at_sign_in, expired, exhausted, superseded, revoked] = &people[..]
        else {
            unreachable!()
        };
        mailed(&world, sent, "sent_at").await;
        mailed(&world, bounced, "failed_at").await;
        let link = async |person: &Person| world.link_token(person.user).await.unwrap();
        open(&world.platform, &world.origin, &link(opened).await).await.unwrap().unwrap();
        world.prove(&link(proved).await).await.unwrap();
        let token = world.prove(&link(back).await).await.unwrap();
        world.register(&token).await.unwrap();
        let (token, _) = world.begin(at_sign_in).await;
        world.register(&token).await.unwrap();
        for _ in 0..10 {
            let proof = prove(&world.platform, &world.origin, &link(exhausted).await, "guess".into()).await.unwrap();
            assert!(matches!(proof, Proof::Wrong));
        }
        world.reset(&admin, &[superseded.user]).await;
        let (link, _) = world.link(revoked.user).await.unwrap();
        world.execute(&format!("UPDATE links SET ended_at = 1, ended_how = 'revoked' WHERE id = '{link}'")).await;
        let (link, _) = world.link(expired.user).await.unwrap();
        let now = world.now().unix_milliseconds();
        world.execute(&format!("UPDATE links SET expires_at = {now} WHERE id = '{link}'")).await;
        let found = stages(&world, &admin, id).await;
        let expected = [
            (queued, Stage::Queued),
            (sent, Stage::Sent),
            (bounced, Stage::Bounced),
            (opened, Stage::Opened),
            (proved, Stage::Proved),
            (back, Stage::Back),
            (at_sign_in, Stage::BackAtSignIn),
            (expired, Stage::Expired),
            (exhausted, Stage::Exhausted),
            (superseded, Stage::Superseded),
            (revoked, Stage::Revoked),
            (&suspended, Stage::Skipped),
        ];
        for (person, stage) in expected {
            assert_eq!(found[&person.user.id], stage);
        }
        let view = board(&world, &admin, id).await;
        assert_eq!(view.counts.len(), 12);
        assert!(view.counts.iter().all(|(_, count)| *count == 1));
        // The way back over time ends with as many as are back.
        world.advance(Span::minutes(2));
        let view = board(&world, &admin, id).await;
        assert_eq!(view.returns.last().map(|(_, by_link, all)| (*by_link, *all)), Some((1, 2)));
        assert_eq!(view.returns.first().map(|(_, by_link, all)| (*by_link, *all)), Some((0, 0)));
        // And the page says all of it, inert and whole.
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/resets/{id}")).await;
        for words in ["of 11 people are back", "Back at sign-in", "Mailbox full", "Show as a table", "8 are not back"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let page = browser.get(&format!("/resets/{id}?state=bounced")).await.body;
        assert!(page.contains(&bounced.address) && !page.contains(&sent.address), "{page}");
    }

    async fn pages_leave_nobody_out_and_show_nobody_twice(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        let mut users = users_of(&world.people(&world.a, Who::MEMBER, PAGE + 7).await);
        let of_b = users_of(&world.people(&world.b, Who::MEMBER, PAGE).await);
        users.extend(&of_b);
        let id = world.reset(&admin, &users).await;
        for user in users.iter().step_by(3) {
            world.execute(&format!("UPDATE outbox SET sent_at = 1 WHERE user_id = '{}'", user.id)).await;
        }
        for (reader, seen) in [(&admin, &users), (&auditor, &of_b)] {
            let actor = world.actor(reader).await;
            let (sent, queued) = (Stage::Sent, Stage::Queued);
            for stages in [vec![], vec![sent], vec![queued], vec![Stage::Back], vec![sent, queued]] {
                let is_sent = |id: UserId| users.iter().step_by(3).any(|user| user.id == id);
                let stage = |id| if is_sent(id) { Stage::Sent } else { Stage::Queued };
                let mut expected: Vec<_> =
                    seen.iter().filter(|user| stages.is_empty() || stages.contains(&stage(user.id))).copied().collect();
                expected.sort_unstable();
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let page = view(&world.platform, &actor, id, &stages, after).await.unwrap().unwrap();
                    assert!(page.rows.len() <= PAGE);
                    let all: i64 = page.counts.iter().map(|(_, count)| count).sum();
                    assert_eq!(all, i64::try_from(seen.len()).unwrap());
                    found.extend(page.rows.iter().map(Row::user));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{stages:?}");
            }
        }
        // By address, as a browser goes.
        let mut browser = Browser::signed_in(&world, &admin).await;
        let first = browser.get(&format!("/resets/{id}")).await.body;
        assert!(first.contains("1–50 of 107"), "{first}");
        users.sort_unstable();
        let last = &users[PAGE - 1];
        let next = format!("/resets/{id}?after={}.{}", last.customer, last.id);
        assert!(first.contains(&next), "{first}");
        assert!(browser.get(&next).await.body.contains("50 more of 107"));
        for odd in ["after=x", "after=.", "state=nonsense", "state=", "after=x.y&state=%00"] {
            assert_eq!(browser.get(&format!("/resets/{id}?{odd}")).await.status, 200, "{odd}");
        }
    }
}
