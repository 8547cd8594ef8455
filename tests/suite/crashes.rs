//! Everything cut off in the middle: a process that dies, a server that stops, a client that goes away. Whatever was
//! begun is wholly done or not at all, and goes on from there.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Poll;

use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::plan::CHUNK;
use rekey::domain::policy::Policy;
use rekey::domain::sign_in::Step;
use rekey::domain::time::{Span, Time};
use rekey::domain::user::UserRef;
use rekey::features::reset::run::{resume, run};
use rekey::features::reset::service::{Confirmed, confirm};
use rekey::features::set_up::service::{Registered, register};
use rekey::features::sign_in::service::{Factor, Finished, finish};
use rekey::features::users;
use rekey::platform::Rng;
use rekey::platform::db::Engine;

use super::dump::Dump;
use super::harness::{run as run_on, *};

both! {
    async fn cut_off_anywhere_each_user_is_wholly_reset_or_untouched(world: World) {
        let batch = Batch::new(&world).await;
        let rng = Rng::seeded(10_000);
        // Some thirty cuts a chunk: first within it, then farther and farther, until one comes after it is done.
        let (mut cuts, mut done, mut cuts_since_then) = (0, 0, 0);
        while !batch.is_complete(&world).await {
            let farthest = batch.polls_a_chunk * (10 + cuts_since_then) / 30;
            let polls = 1 + usize::from(u16::from_be_bytes(rng.bytes())) % farthest;
            if let Some(resumed) = cut_off(polls, resume(&world.platform)).await {
                resumed.unwrap();
            }
            let done_now = batch.assert_all_or_nothing(&world).await;
            cuts_since_then = if done_now > done { 0 } else { cuts_since_then + 1 };
            (cuts, done) = (cuts + 1, done_now);
            assert!(cuts < 1000, "it never comes to its end");
            world.advance(Span::seconds(31));
        }
        batch.assert_done(&world).await;
    }

    async fn killed_anywhere_each_user_is_wholly_reset_or_untouched(world: World) {
        let mut batch = Batch::new(&world).await;
        let rng = Rng::seeded(200);
        let (mut done, mut kills_since_then) = (0, 0);
        for _ in 0..kills() / 2 {
            let farthest = batch.polls_a_chunk * (10 + kills_since_then) / 10;
            let polls = 1 + usize::from(u16::from_be_bytes(rng.bytes())) % farthest;
            die(&world, polls);
            let done_now = batch.assert_all_or_nothing(&world).await;
            kills_since_then = if done_now > done { 0 } else { kills_since_then + 1 };
            done = done_now;
            world.advance(Span::seconds(31));
            if batch.is_complete(&world).await {
                batch.assert_done(&world).await;
                (batch, done) = (Batch::new(&world).await, 0);
            }
        }
        resume(&world.platform).await.unwrap();
        batch.assert_done(&world).await;
    }

    async fn a_client_that_goes_away_while_it_confirms(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let mut confirmed = 0;
        for polls in 1.. {
            let id = world.plan(&admin, &[ua.user]).await;
            let confirmation = world.confirmation(&admin, id).await;
            let session = world.session(&admin).await;
            let links = world.count("SELECT COUNT(*) FROM links").await;
            let answer = cut_off(polls, confirm(&world.platform, &world.origin, &session, id, &confirmation)).await;
            let is_confirmed = format!("SELECT COUNT(*) FROM resets WHERE id = '{id}' AND confirmed_at IS NOT NULL");
            let is_confirmed = world.count(&is_confirmed).await;
            world.advance(Span::seconds(31));
            resume(&world.platform).await.unwrap();
            // What was confirmed runs to its end; what was not changes nothing, and may be confirmed anew.
            assert_eq!(world.count("SELECT COUNT(*) FROM links").await, links + is_confirmed, "after {polls} polls");
            confirmed += is_confirmed;
            if let Some(answer) = answer {
                assert!(matches!(answer.unwrap(), Confirmed::Running(_)));
                break;
            }
            if is_confirmed == 0 {
                let session = world.session(&admin).await;
                let confirmation = world.confirmation(&admin, id).await;
                let again = world.try_confirm(&session, id, &confirmation).await;
                assert_eq!(named_confirmation(&again), "running", "after {polls} polls");
                run(&world.platform, id).await.unwrap();
            }
        }
        assert!(confirmed > 0);
        world.assert_chains_whole().await;
    }

    async fn a_client_that_goes_away_while_it_signs_in(world: World) {
        let ua = world.member(&world.a).await;
        for polls in 1.. {
            let token = world.challenge(&ua, Step::Factor).await;
            let code = Factor::Code(world.fresh_code(&ua));
            let sessions = world.rows_of("sessions", ua.user).await;
            let answer = cut_off(polls, finish(&world.platform, &world.origin, &token, &code, false)).await;
            let opened = world.rows_of("sessions", ua.user).await - sessions;
            if let Some(answer) = answer {
                assert!(matches!(answer.unwrap(), Finished::SignedIn { .. }));
                assert_eq!(opened, 1);
                break;
            }
            // Either the code is spent and the session is there, or neither.
            let again = world.finish(&token, &code).await;
            assert_eq!(named_end(&again), if opened == 1 { "dead" } else { "signed in" }, "after {polls} polls");
        }
    }

    async fn a_client_that_goes_away_while_it_sets_up(world: World) {
        for polls in 1.. {
            let new = world.person(&world.a, Who::NEW).await;
            let token = world.challenge(&new, Step::SetUp).await;
            let secret = world.shown_secret(&token).await.unwrap();
            let code = secret.code(world.now());
            let answer = cut_off(polls, register(&world.platform, &world.origin, &token, &code)).await;
            let counts = [world.rows_of("methods", new.user).await, world.rows_of("backup_codes", new.user).await];
            assert!(counts == [0, 0] || counts == [1, 10], "{counts:?} after {polls} polls");
            if let Some(answer) = answer {
                assert!(matches!(answer.unwrap(), Registered::Right(_)));
                break;
            }
            if counts == [0, 0] {
                assert!(world.register(&token).await.is_some());
            } else {
                // The codes are lost with the answer; the authenticator is not.
                let new = Person { secret, ..new };
                world.sign_in(&new).await;
            }
        }
        world.assert_chains_whole().await;
    }
}

#[test]
fn connections_that_the_server_cuts_leave_each_user_wholly_reset_or_untouched() {
    run_on(Engine::Postgres, |world| async move {
        let batch = Batch::new(&world).await;
        let terminate = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let executioner = world.second_node().await;
        for _ in 0..10 {
            let running = {
                let world = world.clone();
                tokio::spawn(async move { drop(resume(&world.platform).await) })
            };
            // As a server does that stops at once: whoever is in the middle of something loses it.
            let _ = executioner.count(terminate).await;
            running.await.unwrap();
            batch.assert_all_or_nothing(&executioner).await;
            world.advance(Span::seconds(31));
        }
        resume(&world.platform).await.unwrap();
        batch.assert_done(&world).await;
    });
}

/// Polls `future` so many times, then drops it as a process drops everything that ends.
pub async fn cut_off<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut left = polls;
    let mut future = pin!(future);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// A confirmed reset over several chunks and two customers.
struct Batch {
    id: ResetId,
    users: Vec<UserRef>,
    polls_a_chunk: usize,
}

impl Batch {
    async fn new(world: &World) -> Self {
        // Every cut costs half a minute on the clock, and the links must still work at the end.
        for customer in [&world.a, &world.b] {
            world.set_policy(customer, Policy::default().with_link_minutes(1440)).await;
        }
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let mut people = world.people(&world.a, Who::MEMBER, CHUNK + 30).await;
        people.extend(world.people(&world.b, Who::MEMBER, 20).await);
        for person in people.iter().step_by(10) {
            world.session_token(person).await;
            world.challenge(person, Step::Factor).await;
        }
        let users = users_of(&people);
        // How long a chunk is, by one that does the same for somebody else.
        let spare = world.person(&world.a, Who::MEMBER).await;
        let trial = world.confirmed(&admin, &[spare.user]).await;
        let mut polls_a_chunk = 0;
        let mut running = pin!(run(&world.platform, trial));
        poll_fn(|context| {
            polls_a_chunk += 1;
            running.as_mut().poll(context)
        })
        .await
        .unwrap();
        let id = world.confirmed(&admin, &users).await;
        Self { id, users, polls_a_chunk: polls_a_chunk * 11 / 10 }
    }

    async fn is_complete(&self, world: &World) -> bool {
        let text = format!("SELECT COUNT(*) FROM resets WHERE id = '{}' AND completed_at IS NOT NULL", self.id);
        world.count(&text).await == 1
    }

    /// How many of these users are reset; every one of them wholly or not at all.
    async fn assert_all_or_nothing(&self, world: &World) -> usize {
        let dump = Dump::of(world).await;
        let count = |table: &str, keep: &dyn Fn(&BTreeMap<String, String>) -> bool| {
            let mut of_user: BTreeMap<&str, usize> = BTreeMap::new();
            for row in dump.0[table].iter().filter(|row| keep(row)) {
                let user = if table == "audit_events" { "target_id" } else { "user_id" };
                *of_user.entry(row[user].as_str()).or_default() += 1;
            }
            of_user
        };
        let all = |_: &BTreeMap<String, String>| true;
        let reset_id = self.id.to_string();
        let items: BTreeMap<&str, _> = dump.0["reset_items"]
            .iter()
            .filter(|row| row["reset_id"] == reset_id)
            .map(|row| (row["user_id"].as_str(), row))
            .collect();
        let users: BTreeMap<&str, _> = dump.0["users"].iter().map(|row| (row["id"].as_str(), row)).collect();
        let (methods, codes, sets) =
            (count("methods", &all), count("backup_codes", &all), count("backup_code_sets", &all));
        let (sessions, challenges) = (count("sessions", &all), count("challenges", &all));
        let links = count("links", &|row| row["ended_at"] == "∅");
        let recorded = count("audit_events", &|row| row["what"] == "reset" && row["details"].contains(&reset_id));
        let mails = count("outbox", &|row| row["link_id"] != "∅");
        let mut done = 0;
        for (n, user) in self.users.iter().enumerate() {
            let id = user.id.to_string();
            let of = |counted: &BTreeMap<&str, usize>| counted.get(id.as_str()).copied().unwrap_or(0);
            let is_done = items[id.as_str()]["done_at"] != "∅";
            let busy = usize::from(n % 10 == 0);
            let had = |amount: usize| if is_done { 0 } else { amount };
            let found = [of(&methods), of(&codes), of(&sets), of(&sessions), of(&challenges)];
            assert_eq!(found, [had(1), had(10), had(1), had(busy), had(busy)], "user {n}, done: {is_done}");
            assert_eq!([of(&links), of(&recorded), of(&mails)], [usize::from(is_done); 3], "user {n}");
            assert_eq!(users[id.as_str()]["set_up_due_at"] != "∅", is_done);
            assert_eq!(items[id.as_str()]["link_id"] != "∅", is_done);
            done += usize::from(is_done);
        }
        world.assert_chains_whole().await;
        done
    }

    async fn assert_done(&self, world: &World) {
        assert!(self.is_complete(world).await);
        assert_eq!(self.assert_all_or_nothing(world).await, self.users.len());
        for user in [self.users[0], self.users[CHUNK], *self.users.last().unwrap()] {
            assert!(world.prove(&world.link_token(user).await.unwrap()).await.is_some());
        }
        let mut conn = world.platform.db.read().await.unwrap();
        assert_eq!(users::service::working_owners(&mut conn, world.b.id, world.platform.now()).await.unwrap().len(), 0);
    }
}

/// How often a process is killed in the middle of a reset, on both databases together; `REKEY_TEST_KILLS` names another
/// number.
const KILLS: usize = 200;

fn kills() -> usize {
    std::env::var("REKEY_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS)
}

const DIE: &str = "REKEY_TEST_DIE";

/// Another process goes on with the reset and dies after so many polls, with whatever it had open.
fn die(world: &World, polls: usize) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "suite::crashes::a_process_that_dies"])
        .env(DIE, format!("{} {polls} {} {}", world.now().unix_milliseconds(), world.folder().display(), world.url()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // It ends by its own hand, or well when there was less left to do.
    assert!(status.success() || status.code().is_none(), "{status}");
}

#[test]
#[ignore = "only for the test that starts it as a process of its own"]
fn a_process_that_dies() {
    let Ok(orders) = std::env::var(DIE) else { return };
    let orders: Vec<&str> = orders.splitn(4, ' ').collect();
    let (now, polls) = (Time::from_unix_milliseconds(orders[0].parse().unwrap()), orders[1].parse().unwrap());
    in_the_world_at(orders[2].as_ref(), orders[3], now, |platform| async move {
        if cut_off(polls, resume(&platform)).await.is_none() {
            std::process::abort();
        }
    });
}
