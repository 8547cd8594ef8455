//! Time-based codes, with oathtool as the judge of what an authenticator shows and zbarimg as the eye that reads the QR
//! code.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rekey::domain::sign_in::Step;
use rekey::domain::time::{Span, Time};
use rekey::domain::totp::{self, STEP_SECONDS};
use rekey::features::set_up;
use rekey::features::sign_in::service::{Factor, Finished, SteppedUp, step_up};
use rekey::platform::Rng;
use rekey::platform::qr::{self, Qr};
use rekey::platform::totp::TotpSecret;

use super::harness::*;

/// How many secrets are tried against oathtool; `REKEY_TEST_SECRETS` names another number.
const SECRETS: usize = 2000;

/// The codes that oathtool shows for `count` steps from that of `first` on.
fn oathtool(base32: &str, first: Time, count: usize) -> Vec<String> {
    let output = Command::new("oathtool")
        .args(["--totp=sha1", "--digits=6", "--time-step-size=30s", "--base32", "--window", &(count - 1).to_string()])
        .arg(format!("--now=@{}", first.unix_seconds()))
        .arg(base32)
        .output()
        .expect("oathtool is installed: run 'scripts/setup test'");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let codes: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), count);
    codes
}

#[test]
fn only_the_code_of_now_and_of_one_step_either_side_is_right() {
    let secrets = std::env::var("REKEY_TEST_SECRETS").ok().and_then(|n| n.parse().ok()).unwrap_or(SECRETS);
    let rng = Rng::seeded(6238);
    for _ in 0..secrets {
        let secret = TotpSecret::from_bytes(rng.bytes());
        // Any second from 2001 to about 2106, at any place within its step.
        let seconds = 1_000_000_000 + i64::from(u32::from_be_bytes(rng.bytes())) * 4 / 5;
        let now = Time::from_unix_milliseconds(seconds * 1000);
        let two_before = now + Span::seconds(-60);
        let shown = oathtool(&secret.base32(), two_before, 5);
        assert_eq!(secret.code(now), shown[2]);
        for (place, code) in (-2i64..).zip(&shown) {
            let matching = secret.matching_step(code, now);
            let accepted = shown[1..=3].contains(code);
            assert_eq!(matching.is_some(), accepted, "offset {place} at {seconds}");
            if place.abs() <= 1 && shown.iter().filter(|other| *other == code).count() == 1 {
                assert_eq!(matching, Some(totp::Step(seconds / STEP_SECONDS.cast_signed() + place)));
            }
        }
    }
}

both! {
    async fn sign_in_and_set_up_take_the_same_offsets(world: World) {
        for offset in -2i64..=2 {
            world.advance(Span::minutes(5));
            let taken = offset.abs() <= 1;
            let at = |world: &World| world.now() + Span::seconds(offset * 30);

            let ua = world.member(&world.a).await;
            let token = world.challenge(&ua, Step::Factor).await;
            let code = oathtool(&ua.secret.base32(), at(&world), 1).remove(0);
            let finished = world.finish(&token, &Factor::Code(code)).await;
            assert_eq!(matches!(finished, Finished::SignedIn { .. }), taken, "sign-in at {offset}");

            let new = world.person(&world.a, Who::NEW).await;
            let token = world.challenge(&new, Step::SetUp).await;
            let shown = world.shown_secret(&token).await.unwrap();
            let code = oathtool(&shown.base32(), at(&world), 1).remove(0);
            let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
            assert_eq!(matches!(registered, set_up::service::Registered::Right(_)), taken, "set-up at {offset}");
        }
    }

    async fn a_code_counts_once(world: World) {
        let ua = world.member(&world.a).await;
        let code = Factor::Code(world.fresh_code(&ua));
        let (first, second) = (world.challenge(&ua, Step::Factor).await, world.challenge(&ua, Step::Factor).await);
        assert!(matches!(world.finish(&first, &code).await, Finished::SignedIn { .. }));
        assert!(matches!(world.finish(&second, &code).await, Finished::Wrong));
        // In the next step it would still be within tolerance.
        world.advance(Span::seconds(30));
        assert!(matches!(world.finish(&second, &code).await, Finished::Wrong));
        // Another process knows as well.
        assert!(matches!(world.second_node().await.finish(&second, &code).await, Finished::Wrong));
    }

    async fn a_later_code_makes_the_earlier_ones_worthless(world: World) {
        let ua = world.member(&world.a).await;
        let previous = ua.secret.code(world.now() + Span::seconds(-30));
        let next = ua.secret.code(world.now() + Span::seconds(30));
        let (first, second) = (world.challenge(&ua, Step::Factor).await, world.challenge(&ua, Step::Factor).await);
        assert!(matches!(world.finish(&first, &Factor::Code(next)).await, Finished::SignedIn { .. }));
        let current = ua.secret.code(world.now());
        assert!(matches!(world.finish(&second, &Factor::Code(current)).await, Finished::Wrong));
        assert!(matches!(world.finish(&second, &Factor::Code(previous)).await, Finished::Wrong));
    }

    async fn a_code_of_sign_in_is_no_step_up_and_the_other_way_round(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let about = ("plan", "7F3A 91C2");
        let code = world.fresh_code(&ua);
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(code.clone())).await, Finished::SignedIn { .. }));
        let refused = step_up(&world.platform, &world.origin, &session, &code, about).await.unwrap();
        assert!(matches!(refused, SteppedUp::Wrong));

        let code = world.fresh_code(&ua);
        let stepped_up = step_up(&world.platform, &world.origin, &session, &code, about).await.unwrap();
        assert!(matches!(stepped_up, SteppedUp::Right(_)));
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(code)).await, Finished::Wrong));
    }

    async fn the_code_of_a_set_up_is_spent_by_it(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, Step::SetUp).await;
        let (secret, _) = world.register(&token).await.unwrap();
        let (token, step) = world.begin(&new).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, Finished::Wrong));
    }

    async fn a_clock_that_is_wrong_by_an_hour_revives_no_code(world: World) {
        let ua = world.member(&world.a).await;
        let used = world.fresh_code(&ua);
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        for shift in [Span::hours(-1), Span::hours(1), Span::hours(1), Span::hours(-1)] {
            world.advance(shift);
            let token = world.challenge(&ua, Step::Factor).await;
            assert!(!matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        }
        // While the clock is behind, even its own codes are of steps before the last one taken.
        world.advance(Span::hours(-1));
        let token = world.challenge(&ua, Step::Factor).await;
        let code = Factor::Code(ua.secret.code(world.now()));
        assert!(!matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
    }

    async fn somebody_elses_code_is_wrong(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let token = world.challenge(&ua, Step::Factor).await;
        let code = Factor::Code(world.fresh_code(&ub));
        assert!(matches!(world.finish(&token, &code).await, Finished::Wrong));
        let token = world.challenge(&ub, Step::Factor).await;
        assert!(matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }), "it was not spent");
    }

    async fn a_camera_reads_what_the_page_draws(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, Step::SetUp).await;
        let key = set_up::service::show(&world.platform, &token).await.unwrap().unwrap().key.unwrap();
        let read = zbarimg(&key.qr.expect("the address is short enough for a QR code"));
        assert_eq!(read, key.uri);
        let label = format!("otpauth://totp/A:{}?secret=", new.address.replace('@', "%40"));
        assert!(read.starts_with(&label) && read.ends_with("&issuer=A&algorithm=SHA1&digits=6&period=30"), "{read}");
        // What the camera read is the secret whose codes are taken.
        let secret = read.split_once("secret=").unwrap().1.split('&').next().unwrap();
        assert_eq!(secret, key.text.replace(' ', ""));
        let code = oathtool(secret, world.now(), 1).remove(0);
        let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
        assert!(matches!(registered, set_up::service::Registered::Right(_)));
    }
}

#[test]
fn a_camera_reads_names_in_any_script() {
    for issuer in ["A", "Clínica: São Bento", "株式会社れいき", &"ß".repeat(90)] {
        let uri = totp::key_uri(issuer, "zoë@bücher.example", &TotpSecret::from_bytes([9; 20]).base32());
        assert_eq!(zbarimg(&qr::draw(&uri).unwrap()), uri);
    }
}

/// What a camera sees: the path filled in black on white, four modules of quiet zone, four pixels a module.
fn rasterised(qr: &Qr) -> Vec<u8> {
    const QUIET: usize = 4;
    const PIXELS: usize = 4;
    let mut dark = vec![vec![false; qr.size]; qr.size];
    for run in qr.path.split_terminator('z') {
        // Each run is `M column row h length v1 h-length`.
        let (place, length) = run.strip_prefix('M').and_then(|run| run.split_once('h')).unwrap();
        let (column, row) = place.split_once(' ').unwrap();
        let (column, row): (usize, usize) = (column.parse().unwrap(), row.parse().unwrap());
        let length: usize = length
            .split_once("v1h-")
            .map(|(there, back)| (there == back).then_some(there))
            .unwrap()
            .unwrap()
            .parse()
            .unwrap();
        dark[row][column..column + length].fill(true);
    }
    let side = (qr.size + 2 * QUIET) * PIXELS;
    let mut pgm = format!("P5 {side} {side} 255\n").into_bytes();
    for y in 0..side {
        for x in 0..side {
            let module = |at: usize| (at / PIXELS).checked_sub(QUIET);
            let is_dark =
                module(y).and_then(|row| dark.get(row)).zip(module(x)).and_then(|(row, column)| row.get(column));
            pgm.push(if is_dark == Some(&true) { 0 } else { 255 });
        }
    }
    pgm
}

fn zbarimg(qr: &Qr) -> String {
    let mut reader = Command::new("zbarimg")
        .args(["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", "pgm:-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("zbarimg is installed: run 'scripts/setup test'");
    reader.stdin.take().unwrap().write_all(&rasterised(qr)).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "nothing was read");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
