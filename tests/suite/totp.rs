//! Time-based codes, with oathtool as the judge of what an authenticator shows and zbarimg as the eye that reads the QR
//! code.

use std::io::Write as _;
use std::process::{Command, Stdio};

use data_encoding::BASE32_NOPAD;
use rekey::domain::sign_in;
use rekey::domain::time::{Span, Time};
use rekey::domain::totp::{self, Digest, Moving, Profile, Step};
use rekey::features::set_up;
use rekey::features::sign_in::service::{Factor, Finished, SteppedUp, step_up};
use rekey::platform::Rng;
use rekey::platform::qr::{self, Qr};
use rekey::platform::totp::{OathSecret, TotpSecret};

use super::harness::*;

/// How many secrets are tried against oathtool; `REKEY_TEST_SECRETS` names another number.
const SECRETS: usize = 10_000;

/// The codes that oathtool shows for `count` steps from that of `first` on.
fn oathtool(base32: &str, first: Time, count: usize) -> Vec<String> {
    let call = Call { base32: base32.to_owned(), profile: Profile::APP, first: Step::at(first), count };
    oathtool_all(std::slice::from_ref(&call)).remove(0)
}

/// One call of oathtool.
struct Call {
    base32: String,
    profile: Profile,
    first: Step,
    count: usize,
}

impl Call {
    fn line(&self) -> String {
        let Self { base32, profile: Profile { digest, digits, moving }, first, count } = self;
        let window = count - 1;
        match moving {
            Moving::Time(seconds) => {
                let now = first.0 * i64::from(*seconds) + i64::from(*seconds) / 2;
                format!("oathtool --totp={digest} -d {digits} -s {seconds}s -N @{now} -w {window} -b {base32}\n")
            }
            Moving::Counter => format!("oathtool --hotp -d {digits} -c {} -w {window} -b {base32}\n", first.0),
        }
    }
}

/// What oathtool shows for each call. A shell starts it, which is many times cheaper than starting it from here; two of
/// them, for two cores.
fn oathtool_all(calls: &[Call]) -> Vec<Vec<String>> {
    let shell = |calls: &[Call]| {
        let mut shell = Command::new("sh")
            .arg("-es")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let mut stdin = shell.stdin.take().unwrap();
        let script: String = calls.iter().map(Call::line).collect();
        let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()).unwrap());
        let output = shell.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "oathtool is not installed ('scripts/setup test'), or refused a call");
        let shown = String::from_utf8(output.stdout).unwrap();
        let mut codes = shown.lines().map(str::to_owned);
        let shown: Vec<Vec<String>> = calls.iter().map(|call| codes.by_ref().take(call.count).collect()).collect();
        assert!(codes.next().is_none() && shown.iter().zip(calls).all(|(shown, call)| shown.len() == call.count));
        shown
    };
    let (first, second) = calls.split_at(calls.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| shell(second));
        let mut shown = shell(first);
        shown.extend(other.join().unwrap());
        shown
    })
}

/// Every way of making codes that a token may have.
fn profiles() -> Vec<Profile> {
    let movings = [Moving::Time(30), Moving::Time(60), Moving::Counter];
    let each = |digest: &Digest| {
        // oathtool, and every HOTP token there is, knows SHA-1 alone.
        let movings = movings.into_iter().filter(|moving| *moving != Moving::Counter || *digest == Digest::Sha1);
        let digest = *digest;
        movings.flat_map(move |moving| [6, 8].map(|digits| Profile { digest, digits, moving })).collect::<Vec<_>>()
    };
    Digest::ALL.iter().flat_map(each).collect()
}

#[test]
fn only_the_code_of_now_and_of_one_step_either_side_is_right() {
    let secrets = std::env::var("REKEY_TEST_SECRETS").ok().and_then(|n| n.parse().ok()).unwrap_or(SECRETS);
    let rng = Rng::seeded(6238);
    let profiles = profiles();
    let mut calls = Vec::new();
    let mut made = Vec::new();
    for n in 0..secrets {
        // Each profile in turn, with keys of 16 to 64 bytes; an app's own always has 20.
        let profile = profiles[n % profiles.len()];
        let length = if profile == Profile::APP { 20 } else { 16 + usize::from(rng.bytes::<1>()[0]) % 49 };
        let secret = OathSecret::from_bytes(rng.bytes::<64>()[..length].to_vec()).unwrap();
        // Any second from 2001 to about 2106, at any place within its step.
        let seconds = 1_000_000_000 + i64::from(u32::from_be_bytes(rng.bytes())) * 4 / 5;
        let now = Time::from_unix_milliseconds(seconds * 1000);
        let (base, count) = match profile.moving {
            Moving::Time(period) => (Step::of(now, period).0 - 2, 5),
            Moving::Counter => (seconds, usize::try_from(totp::LOOK_AHEAD).unwrap() + 2),
        };
        let base32 = BASE32_NOPAD.encode(secret.bytes());
        calls.push(Call { base32, profile, first: Step(base), count });
        made.push((profile, secret, now));
    }
    for ((call, shown), (profile, secret, now)) in calls.iter().zip(oathtool_all(&calls)).zip(&made) {
        // Of the five steps around now the three in the middle; of the counters, those after the last one taken.
        let (last, right) = match profile.moving {
            Moving::Time(_) => (Step(-1), 1..4),
            Moving::Counter => (call.first, 1..call.count - 1),
        };
        let app = TotpSecret::from_bytes(<[u8; 20]>::try_from(secret.bytes()).unwrap_or_default());
        for (place, code) in shown.iter().enumerate() {
            let step = Step(call.first.0 + i64::try_from(place).unwrap());
            assert_eq!(secret.code(*profile, step), *code, "{profile:?}");
            let matching = secret.matching(*profile, code, *now, last);
            let accepted = shown[right.clone()].contains(code);
            assert_eq!(matching.is_some(), accepted, "{profile:?} at {place}");
            if right.contains(&place) && shown.iter().filter(|other| *other == code).count() == 1 {
                assert_eq!(matching, Some(step), "{profile:?} at {place}");
            }
            if *profile == Profile::APP {
                assert_eq!(app.matching_step(code, *now), matching, "as an app's");
            }
        }
        if !matches!(profile.moving, Moving::Time(_)) {
            let two = secret.matching_two(*profile, [&shown[1], &shown[2]], *now, last);
            assert_eq!(two, Some(Step(call.first.0 + 2)));
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
            let token = world.challenge(&ua, sign_in::Step::Factor).await;
            let code = oathtool(&ua.secret.base32(), at(&world), 1).remove(0);
            let finished = world.finish(&token, &Factor::Code(code)).await;
            assert_eq!(matches!(finished, Finished::SignedIn { .. }), taken, "sign-in at {offset}");

            let new = world.person(&world.a, Who::NEW).await;
            let token = world.challenge(&new, sign_in::Step::SetUp).await;
            let shown = world.shown_secret(&token).await.unwrap();
            let code = oathtool(&shown.base32(), at(&world), 1).remove(0);
            let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
            assert_eq!(matches!(registered, set_up::service::Registered::Right(_)), taken, "set-up at {offset}");
        }
    }

    async fn a_code_counts_once(world: World) {
        let ua = world.member(&world.a).await;
        let code = Factor::Code(world.fresh_code(&ua));
        let (first, second) = (world.challenge(&ua, sign_in::Step::Factor).await, world.challenge(&ua, sign_in::Step::Factor).await);
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
        let (first, second) = (world.challenge(&ua, sign_in::Step::Factor).await, world.challenge(&ua, sign_in::Step::Factor).await);
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
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(code.clone())).await, Finished::SignedIn { .. }));
        let refused = step_up(&world.platform, &world.origin, &session, &code, about).await.unwrap();
        assert!(matches!(refused, SteppedUp::Wrong));

        let code = world.fresh_code(&ua);
        let stepped_up = step_up(&world.platform, &world.origin, &session, &code, about).await.unwrap();
        assert!(matches!(stepped_up, SteppedUp::Right(_)));
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(code)).await, Finished::Wrong));
    }

    async fn the_code_of_a_set_up_is_spent_by_it(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, sign_in::Step::SetUp).await;
        let (secret, _) = world.register(&token).await.unwrap();
        let (token, step) = world.begin(&new).await;
        assert_eq!(step, sign_in::Step::Factor);
        let code = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, Finished::Wrong));
    }

    async fn a_clock_that_is_wrong_by_an_hour_revives_no_code(world: World) {
        let ua = world.member(&world.a).await;
        let used = world.fresh_code(&ua);
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        for shift in [Span::hours(-1), Span::hours(1), Span::hours(1), Span::hours(-1)] {
            world.advance(shift);
            let token = world.challenge(&ua, sign_in::Step::Factor).await;
            assert!(!matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        }
        // While the clock is behind, even its own codes are of steps before the last one taken.
        world.advance(Span::hours(-1));
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        let code = Factor::Code(ua.secret.code(world.now()));
        assert!(!matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
    }

    async fn somebody_elses_code_is_wrong(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        let code = Factor::Code(world.fresh_code(&ub));
        assert!(matches!(world.finish(&token, &code).await, Finished::Wrong));
        let token = world.challenge(&ub, sign_in::Step::Factor).await;
        assert!(matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }), "it was not spent");
    }

    async fn a_camera_reads_what_the_page_draws(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, sign_in::Step::SetUp).await;
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
