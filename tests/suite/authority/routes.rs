//! Every route that is written by hand, asked for by everybody who has a role: files, streams, frames and uploads, about people
//! and customers of their own and of others.

use std::collections::BTreeSet;

use rekey::domain::authority::Role;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{For, Target, of_others, somebody};

/// The same for everybody, and about nobody.
const PUBLIC: [&str; 4] = ["/healthz", "/readyz", "/robots.txt", "/assets/{name}"];

/// What a route does.
enum Does {
    /// Answers a GET of this address to whom it serves, and names the target if it is a file of them.
    Answers(For, &'static str, bool),
    /// The same, and goes on until the reader goes away.
    Streams(For, &'static str),
    /// Takes a file for the customer, and keeps it for whoever sent it.
    Takes(For, &'static str),
}

fn table() -> Vec<(&'static str, Does)> {
    use Does::{Answers, Streams, Takes};
    vec![
        ("/set-up/codes.txt", Answers(For::Oneself, "/set-up/codes.txt", false)),
        ("/security/codes.txt", Answers(For::Oneself, "/security/codes.txt", false)),
        (
            "/users/invite/file/{list}/untaken.csv",
            Answers(For::Requester, "/users/invite/file/{list}/untaken.csv", false),
        ),
        ("/resets/{id}/report.csv", Answers(For::Readers, "/resets/{done}/report.csv", true)),
        ("/resets/{id}/report.json", Answers(For::Readers, "/resets/{done}/report.json", true)),
        ("/resets/{id}/mail", Answers(For::Requester, "/resets/{reset}/mail", false)),
        ("/resets/{id}/progress", Streams(For::Readers, "/resets/{running}/progress")),
        ("/api/accounts/file", Takes(For::Managers, "name,address\nNew,new@c.example\n")),
        (
            "/api/tokens/file",
            Takes(For::Managers, "serial number,secret key,timeinterval\n77,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,30\n"),
        ),
        ("/api/reset/file", Takes(For::Oneself, "{address}\n")),
    ]
}

#[test]
fn every_route_of_the_server_is_in_the_table() {
    let server = include_str!("../../../src/server.rs");
    let written: BTreeSet<&str> = server.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let here: BTreeSet<&str> = table().iter().map(|(path, _)| *path).chain(PUBLIC).collect();
    assert_eq!(here, written);
}

/// Whether somebody was served, and all that they were told.
async fn asked(browser: &mut Browser, path: &str, does: &Does, target: &Target) -> (bool, String) {
    match does {
        Does::Answers(_, address, _) => {
            let answer = browser.get(&target.fill(address, 0, "")).await;
            assert!(answer.status.as_u16() < 500, "{path}");
            (answer.status == 200, format!("{} {} {}", answer.status, answer.location(), answer.body))
        }
        Does::Streams(_, address) => {
            let answer = browser.open(&target.fill(address, 0, "")).await;
            (answer.status() == 200, answer.status().to_string())
        }
        Does::Takes(_, file) => {
            let customer = target.fill("{customer}", 0, "");
            let answer = browser.upload(path, &[("customer", &customer)], target.fill(file, 0, "").as_bytes()).await;
            assert!(answer.is_redirect(), "{path}: {} {}", answer.status, answer.body);
            // Whoever is not served is sent back to the form; what it says is in a cookie that the next page reads.
            (!answer.location().contains('?'), format!("{} {:?}", answer.location(), browser.cookies))
        }
    }
}

/// Without the lines of lists for invitations: they say which list they are of, and the list says whose it is.
fn but_lines(mut dump: Dump) -> Dump {
    dump.0.remove("invite_list_lines");
    dump
}

both! {
    async fn each_serves_whom_it_is_for_and_nobody_else(world: World) {
        let owners = [world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await];
        let targets =
            [Target::of(&world, &world.a, &owners[0]).await, Target::of(&world, &world.b, &owners[1]).await];
        let callers = Role::ALL.iter().map(|role| (*role, None));
        let mut wrong = Vec::new();
        for (role, elsewhere) in callers.chain([(Role::Admin, Some(Role::Auditor)), (Role::Member, Some(Role::Owner))]) {
            let caller = somebody(&world, role, elsewhere).await;
            for (path, does) in table() {
                let (Does::Answers(whom, ..) | Does::Streams(whom, _) | Does::Takes(whom, _)) = &does;
                for (target, held) in targets.iter().zip([Some(role), elsewhere]) {
                    let browser = Browser::signed_in(&world, &caller).await;
                    let before = but_lines(of_others(&world, &caller).await);
                    let (served, told) = asked(&mut browser.clone(), path, &does, target).await;
                    let who = format!("{role} of A at {path}, where {held:?}: {told}");
                    let mut must = |holds: bool, what: &str| {
                        if !holds {
                            wrong.push(format!("{what}: {who}"));
                        }
                    };
                    must(before == but_lines(of_others(&world, &caller).await), "changes nothing of anybody else");
                    let named = target.secret.iter().any(|secret| told.contains(secret));
                    if *whom == For::Oneself {
                        must(!named, "tells of nobody else");
                        continue;
                    }
                    must(served == held.is_some_and(|role| whom.serves(role)), "serves whom it is for");
                    must(named == (served && matches!(does, Does::Answers(_, _, true))), "names whom it is about");
                    if held.is_none() {
                        let made_up = target.made_up();
                        let (_, of_nobody) = asked(&mut browser.clone(), path, &does, &made_up).await;
                        let same = target.without_names(&told) == made_up.without_names(&of_nobody);
                        must(same, &format!("as one that nobody has, {of_nobody}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
