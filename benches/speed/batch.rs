//! A hundred thousand people reset at once, and what becomes meanwhile of those who have nothing to do with it.

use std::time::{Duration, Instant};

use rekey::platform::Db;
use tokio::sync::watch;

use crate::data::{self, IN_A_CUSTOMER};
use crate::http::{Client, Request};
use crate::report::{Measurement, part};
use crate::server::Server;
use crate::work::{bare_reset, confirm, is_ordinary, plan, sign_in};
use crate::{Result, milliseconds};

/// How many are selected.
const PEOPLE: i64 = 100_000;
/// How many sign in and how many pages are read while nothing else goes on.
const QUIET: usize = 100;

/// Resets the last hundred thousand of so many users, by somebody with `cookie`, while others sign in and `owner` reads. The floors of what those others see are
/// the same figures when nothing else goes on.
pub async fn measure(
    server: &Server,
    db: &Db,
    owner: &str,
    cookie: &mut String,
    users: i64,
) -> Result<Vec<Measurement>> {
    if users < 3 * PEOPLE {
        return Ok(Vec::new());
    }
    let customers = PEOPLE / IN_A_CUSTOMER;
    let last = users / IN_A_CUSTOMER;
    let (_, whenever) = watch::channel(false);
    let mut people = (data::WITH_CODES / 2..data::WITH_CODES).filter(|n| is_ordinary(*n));
    let quiet_people: Vec<i64> = people.by_ref().take(QUIET).collect();
    let quiet = tokio::try_join!(
        signing_in(server.port, quiet_people, whenever.clone()),
        reading(server.port, owner, QUIET, whenever.clone()),
    )?;

    let mut client = Client::connect(server.port).await?;
    let query: Vec<String> =
        (last - customers..last).map(|n| Ok(format!("customer={}", data::customer(n)?))).collect::<Result<_>>()?;
    let begun = Instant::now();
    let id = plan(&mut client, cookie, &[("all", "true"), ("query", &query.join("&"))]).await?;
    let planned = milliseconds(begun.elapsed());
    let (over, until) = watch::channel(false);
    let batch = async {
        let took = confirm(&mut client, db, cookie, &id).await;
        over.send_replace(true);
        took
    };
    let (took, signed_in, read) = tokio::try_join!(
        batch,
        signing_in(server.port, people.collect(), until.clone()),
        reading(server.port, owner, usize::MAX, until),
    )?;

    let (first, end) = (data::customer(last - 2 * customers)?, data::customer(last - customers)?);
    let floor = bare_reset(db, &format!("customer_id >= '{first}' AND customer_id < '{end}'")).await?;
    let p99 = |took: &[f64]| part(took, 0.99);
    let beside = |what: &str, quiet: &[f64], during: &[f64]| {
        Measurement::new(format!("{what} beside a reset of 100,000, p99"), "ms", &[p99(during)], &[p99(quiet)])
    };
    Ok(vec![
        Measurement::new("plan of 100,000", "ms", &[planned], &[]),
        Measurement::new("reset of 100,000", "ms", &[milliseconds(took)], &[milliseconds(floor)]),
        beside("sign-in", &quiet.0, &signed_in),
        beside("page", &quiet.1, &read),
    ])
}

/// These people sign in one after another, until it is over.
async fn signing_in(port: u16, people: Vec<i64>, over: watch::Receiver<bool>) -> Result<Vec<f64>> {
    let mut client = Client::connect(port).await?;
    let mut took = Vec::new();
    for n in people {
        if *over.borrow() {
            break;
        }
        took.push(milliseconds(sign_in(&mut client, n).await?));
    }
    Ok(took)
}

/// Reads the same page so often, or until it is over.
async fn reading(port: u16, cookie: &str, times: usize, over: watch::Receiver<bool>) -> Result<Vec<f64>> {
    let mut client = Client::connect(port).await?;
    let page = Request::call("/api/users/page", cookie, &[("query", "")]);
    let mut took = Vec::new();
    while took.len() < times && !*over.borrow() {
        let begun = Instant::now();
        let answer = client.send(&page).await?;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()).into());
        }
        took.push(milliseconds(begun.elapsed()));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(took)
}
