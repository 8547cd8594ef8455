//! Everything at once, and everything cut off in the middle. None of it waits for a moment: in whatever order things
//! happen to come, the same must hold.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Poll;

use rekey::domain::authority::Role;
use rekey::domain::customer::Policy;
use rekey::domain::ids::ResetId;
use rekey::domain::plan::CHUNK;
use rekey::domain::recovery::WRONG_PASSWORDS;
use rekey::domain::sign_in::Step;
use rekey::domain::time::{Span, Time};
use rekey::domain::user::UserRef;
use rekey::features::recovery::service::{Proof, prove};
use rekey::features::reset::run::{resume, run};
use rekey::features::reset::service::{Confirmation, Confirmed, confirm, view};
use rekey::features::set_up::service::{Finished as SetUpFinished, Registered, register};
use rekey::features::sign_in::service::{Factor, Finished, finish, sign_out};
use rekey::features::{set_up, users};
use rekey::platform::db::Engine;
use rekey::platform::{Fault, Rng};

use super::dump::Dump;
use super::harness::{run as run_on, *};
use super::recovery::assert_one_authenticator;

/// Runs `one` for every number below `count` at once, on two nodes by turns, and gathers what came of each. Being told
/// to come back is no answer: it changes nothing.
async fn at_once<T, F>(world: &World, count: usize, one: impl Fn(World, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    let other = world.second_node().await;
    let all: Vec<_> =
        (0..count).map(|n| tokio::spawn(one(if n % 2 == 0 { world.clone() } else { other.clone() }, n))).collect();
    let mut answers = Vec::new();
    for one in all {
        match one.await.unwrap() {
            Ok(answer) => answers.push(answer),
            Err(Fault::Busy) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
    answers
}

async fn one_winner(world: &World, user: &Person, factor: Factor, challenges: usize) {
    let sessions = world.rows_of("sessions", user.user).await;
    let mut tokens = Vec::new();
    for _ in 0..challenges {
        tokens.push(world.challenge(user, Step::Factor).await);
    }
    let answers = at_once(world, 100, |world, n| {
        let (token, factor) = (tokens[n % tokens.len()].clone(), factor.clone());
        async move { finish(&world.platform, &world.origin, &token, &factor).await }
    })
    .await;
    let winners = answers.iter().filter(|answer| matches!(answer, Finished::SignedIn { .. })).count();
    assert_eq!(winners, 1, "of {} answers", answers.len());
    assert_eq!(world.rows_of("sessions", user.user).await, sessions + 1);
}

both! {
    async fn one_backup_code_a_hundred_times_at_once(world: World) {
        let ua = world.member(&world.a).await;
        for (round, challenges) in [1, 100].into_iter().enumerate() {
            one_winner(&world, &ua, Factor::BackupCode(ua.codes[round].clone()), challenges).await;
            let used =
                format!("SELECT COUNT(*) FROM backup_codes WHERE used_at IS NOT NULL AND number <= {}", round + 1);
            assert_eq!(world.count(&used).await, i64::try_from(round).unwrap() + 1);
            world.advance(Span::minutes(16));
        }
        world.assert_chains_whole().await;
    }

    async fn one_code_of_an_authenticator_a_hundred_times_at_once(world: World) {
        let ua = world.member(&world.a).await;
        for challenges in [1, 100] {
            world.advance(Span::minutes(16));
            one_winner(&world, &ua, Factor::Code(ua.secret.code(world.now())), challenges).await;
        }
        world.assert_chains_whole().await;
    }

    async fn wrong_codes_at_once_are_all_counted(world: World) {
        let ua = world.member(&world.a).await;
        let wrong = wrong_code(&ua.secret, world.now());
        let mut tokens = Vec::new();
        for _ in 0..40 {
            tokens.push(world.challenge(&ua, Step::Factor).await);
        }
        let answers = at_once(&world, 40, |world, n| {
            let (token, factor) = (tokens[n].clone(), Factor::Code(wrong.clone()));
            async move { finish(&world.platform, &world.origin, &token, &factor).await }
        })
        .await;
        // Nine were judged wrong, the tenth locked, and none after it was judged at all.
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Finished::Wrong)).count(), 9);
        assert_eq!(world.count("SELECT CAST(SUM(wrong_codes_in_a_row) AS BIGINT) FROM users").await, 10);
    }

    async fn guesses_at_a_link_at_once_are_all_counted(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        let answers = at_once(&world, 60, |world, n| {
            let link = link.clone();
            async move { prove(&world.platform, &world.origin, &link, format!("guess {n}")).await }
        })
        .await;
        let checked = answers.iter().filter(|answer| matches!(answer, Proof::Wrong)).count();
        assert!(checked <= usize::try_from(WRONG_PASSWORDS).unwrap(), "{checked} passwords were checked");
        assert!(world.prove(&link).await.is_none());
    }

    async fn one_set_up_is_registered_once(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let tokens = [world.challenge(&new, Step::SetUp).await, world.challenge(&new, Step::SetUp).await];
        let mut codes = Vec::new();
        for token in &tokens {
            codes.push(world.shown_secret(token).await.unwrap().code(world.now()));
        }
        let answers = at_once(&world, 40, |world, n| {
            let (token, code) = (tokens[n / 2 % 2].clone(), codes[n / 2 % 2].clone());
            async move { register(&world.platform, &world.origin, &token, &code).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Registered::Right(_))).count(), 1);
        assert_eq!(world.rows_of("methods", new.user).await, 1);
        assert_eq!(world.rows_of("backup_codes", new.user).await, 10);
        assert_eq!(world.rows_of("challenges", new.user).await, 1);
    }

    async fn one_set_up_opens_one_session(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, Step::SetUp).await;
        let (_, codes) = world.register(&token).await.unwrap();
        let answers = at_once(&world, 40, |world, n| {
            let (token, code) = (token.clone(), codes[n % 10].clone());
            async move { set_up::service::finish(&world.platform, &world.origin, &token, &code).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, SetUpFinished::SignedIn { .. })).count(), 1);
        assert_eq!(world.rows_of("sessions", new.user).await, 1);
    }

    async fn link_and_sign_in_at_once_end_with_one_authenticator(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            world.reset(&admin, &[ua.user]).await;
            let link = world.link_token(ua.user).await.unwrap();
            let by_link = {
                let (world, link) = (world.clone(), link.clone());
                tokio::spawn(async move {
                    let token = world.prove(&link).await?;
                    let made = world.register(&token).await?;
                    assert!(matches!(world.save_codes(&token, &made.1[0]).await, SetUpFinished::BackIn));
                    Some(made)
                })
            };
            let at_sign_in = {
                let (world, ua) = (world.clone(), ua.clone());
                tokio::spawn(async move {
                    let (token, _) = world.begin(&ua).await;
                    let made = world.register(&token).await?;
                    assert!(matches!(world.save_codes(&token, &made.1[0]).await, SetUpFinished::SignedIn { .. }));
                    Some(made)
                })
            };
            let (by_link, at_sign_in) = (by_link.await.unwrap(), at_sign_in.await.unwrap());
            assert!(by_link.is_some() != at_sign_in.is_some());
            assert_one_authenticator(&world, &ua, by_link.or(at_sign_in).unwrap()).await;
            assert!(world.link(ua.user).await.is_none() && world.prove(&link).await.is_none());
        }
        world.assert_chains_whole().await;
    }

    async fn a_reset_beats_what_is_going_on(world: World) {
        // Registering and signing in while an admin resets: whichever comes first, nothing old or half-made is left.
        let admin = world.with_role(&world.a, Role::Admin).await;
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            let set_up = world.challenge(&ua, Step::SetUp).await;
            let sign_in = world.challenge(&ua, Step::Factor).await;
            let id = world.confirmed(&admin, &[ua.user]).await;
            let new_code = world.shown_secret(&set_up).await.unwrap().code(world.now());
            let code = Factor::Code(ua.secret.code(world.now()));
            let resetting = {
                let world = world.clone();
                tokio::spawn(async move { run(&world.platform, id).await.unwrap() })
            };
            let registering = {
                let world = world.clone();
                tokio::spawn(async move {
                    drop(register(&world.platform, &world.origin, &set_up, &new_code).await.unwrap());
                })
            };
            let signing_in = {
                let world = world.clone();
                tokio::spawn(async move { drop(world.finish(&sign_in, &code).await) })
            };
            for one in [resetting, registering, signing_in] {
                one.await.unwrap();
            }
            for table in ["methods", "backup_codes", "sessions", "challenges"] {
                assert_eq!(world.rows_of(table, ua.user).await, 0, "{table}");
            }
            assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
        }
    }

    async fn a_suspension_beats_what_is_going_on(world: World) {
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            let sign_in = world.challenge(&ua, Step::Factor).await;
            let code = Factor::Code(world.fresh_code(&ua));
            let suspending = {
                let (world, ua) = (world.clone(), ua.clone());
                tokio::spawn(async move { world.suspend(&ua).await })
            };
            let signing_in = {
                let world = world.clone();
                tokio::spawn(async move { world.finish(&sign_in, &code).await })
            };
            suspending.await.unwrap();
            if let Finished::SignedIn { token, .. } = signing_in.await.unwrap() {
                assert!(world.find(&token.0).await.is_none());
            }
        }
    }

    async fn signing_out_while_signing_in_waits_for_nobody(world: World) {
        // One browser holds both: each takes what the other may wait for, and they must take it in one order.
        let mut browsers = Vec::new();
        for person in world.people(&world.a, Who::MEMBER, 30).await {
            let (session, challenge) =
                (world.session_token(&person).await, world.challenge(&person, Step::Factor).await);
            browsers.push((session, challenge, Factor::Code(person.secret.code(world.now()))));
        }
        at_once(&world, 60, |world, n| {
            let (session, challenge, code) = browsers[n / 2].clone();
            async move {
                if n % 2 == 0 {
                    sign_out(&world.platform, &world.origin, Some(&session), Some(&challenge)).await
                } else {
                    finish(&world.platform, &world.origin, &challenge, &code).await.map(drop)
                }
            }
        })
        .await;
        assert_eq!(world.count("SELECT COUNT(*) FROM challenges").await, 0);
        world.assert_chains_whole().await;
    }

    async fn one_code_confirms_one_plan(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let mut plans = Vec::new();
        for user in &users {
            plans.push(world.plan(&admin, &[user.user]).await);
        }
        let code = world.fresh_code(&admin);
        let mut confirmations = Vec::new();
        for id in &plans {
            let plan_hash = world.plan_hash(*id).await;
            confirmations.push(Confirmation { plan_hash, reason: "r".into(), ticket: "t".into(), code: code.clone() });
        }
        let session = world.session(&admin).await;
        let answers = at_once(&world, 9, |world, n| {
            let (id, confirmation, session) = (plans[n % 2], confirmations[n % 2].clone(), session.clone());
            async move { confirm(&world.platform, &world.origin, &session, id, &confirmation).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Confirmed::Running(_))).count(), 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 1);
    }

    async fn two_admins_reset_overlapping_sets_at_once(world: World) {
        let admins = world.people(&world.a, Who { role: Role::Owner, ..Who::MEMBER }, 2).await;
        for admin in &admins {
            world.grant(admin, &world.b, Role::Owner).await;
        }
        let mut users = users_of(&world.people(&world.a, Who::MEMBER, CHUNK + 60).await);
        users.extend(users_of(&world.people(&world.b, Who::MEMBER, 40).await));
        let (first, second) = (&users[..CHUNK + 80], &users[20..]);
        let mut reversed = second.to_vec();
        reversed.reverse();
        let ids = [world.confirmed(&admins[0], first).await, world.confirmed(&admins[1], &reversed).await];
        at_once(&world, 2, |world, n| async move { run(&world.platform, ids[n]).await }).await;
        for user in &users {
            assert_eq!(world.rows_of("methods", *user).await, 0);
        }
        let live = "SELECT COUNT(*) FROM links WHERE ended_at IS NULL";
        assert_eq!(world.count(live).await, i64::try_from(users.len()).unwrap());
        // Both reports are true: who was in both was reset twice, and the later link is the one that lives.
        for (id, admin, selected) in [(ids[0], &admins[0], first), (ids[1], &admins[1], second)] {
            let view = view(&world.platform, &world.actor(admin).await, id).await.unwrap().unwrap();
            assert!(view.reset.completed_at.is_some());
            assert_eq!(view.items.len(), selected.len());
            assert!(
                view.items
                    .iter()
                    .all(|item| item.row.done_at.is_some() && item.row.skip.is_none() && item.link.is_some())
            );
        }
        let superseded = "SELECT COUNT(*) FROM links WHERE ended_how = 'superseded'";
        let both = first.iter().filter(|user| second.contains(user)).count();
        assert_eq!(world.count(superseded).await, i64::try_from(both).unwrap());
        world.assert_chains_whole().await;
    }

    async fn two_processes_share_one_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, CHUNK + 50).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        // All want to run it; and while the first does, its lease runs out by a clock that jumps.
        at_once(&world, 6, |world, n| async move {
            if n > 1 {
                world.advance(Span::seconds(31));
            }
            if n % 3 == 0 { resume(&world.platform).await } else { run(&world.platform, id).await }
        })
        .await;
        resume(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, i64::try_from(users.len()).unwrap());
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "reset").count(), users.len());
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE completed_at IS NOT NULL").await, 1);
    }

    async fn cut_off_anywhere_each_user_is_wholly_reset_or_untouched(world: World) {
        let batch = Batch::new(&world).await;
        let rng = Rng::seeded(10_000);
        let (mut cuts, mut complete) = (0, false);
        while !complete {
            // Somewhere within the next chunk, or beyond it, the further the longer it takes.
            let farthest = batch.polls_a_chunk * (20 + cuts) / 20;
            let polls = 1 + usize::from(u16::from_be_bytes(rng.bytes())) % farthest;
            complete = cut_off(polls, resume(&world.platform)).await.is_some_and(|done| done.is_ok())
                && batch.is_complete(&world).await;
            batch.assert_all_or_nothing(&world).await;
            cuts += 1;
            world.advance(Span::seconds(31));
            assert!(cuts < 200, "it never comes to its end");
        }
        batch.assert_done(&world).await;
    }

    async fn killed_anywhere_each_user_is_wholly_reset_or_untouched(world: World) {
        let batch = Batch::new(&world).await;
        let rng = Rng::seeded(200);
        for _ in 0..12 {
            let polls = 1 + usize::from(u16::from_be_bytes(rng.bytes())) % batch.polls_a_chunk;
            die(&world, polls);
            batch.assert_all_or_nothing(&world).await;
            world.advance(Span::seconds(31));
        }
        resume(&world.platform).await.unwrap();
        batch.assert_done(&world).await;
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
async fn cut_off<F: Future>(polls: usize, future: F) -> Option<F::Output> {
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
        assert_eq!(users::service::working_owners(&mut conn, world.b.id).await.unwrap().len(), 0);
    }
}

const DIE: &str = "REKEY_TEST_DIE";

/// Another process goes on with the reset and dies after so many polls, with whatever it had open.
fn die(world: &World, polls: usize) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "suite::races::a_process_that_dies"])
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
