//! Caller codes: what a help desk reads out opens nothing without the link, the link nothing without it, and both together
//! once.

mod doubts;
mod made;
mod races;
mod words;

use rekey::domain::authority::Role;
use rekey::domain::board::Act;
use rekey::domain::caller::{Identified, LIFETIME, SecondProof, WRONG_CODES};
use rekey::domain::ids::ResetId;
use rekey::domain::password::Weakness;
use rekey::domain::policy::Policy;
use rekey::domain::recovery::WRONG_PASSWORDS;
use rekey::domain::time::Span;
use rekey::features::forgotten::service::Set;
use rekey::features::recovery::caller;
use rekey::features::recovery::service::{Proof, open, prove};
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::{Acted, act};
use rekey::features::security::caller_service::{Made, Order, make};
use rekey::features::session::service::Session;
use rekey::features::set_up::password::{Chosen, choose};
use rekey::features::set_up::service::{Finished, Registered, register};
use rekey::features::sign_in::service::{Begun, Factor};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// A password that nobody had before.
const NEW: &str = "tide over gravel and sand";

/// The default policy with caller codes.
fn with_codes() -> Policy {
    policy(|policy| policy.second_proof = SecondProof::PasswordOrCallerCode)
}

/// A help desk, a user it has reset, the reset, and the link.
pub struct Called {
    admin: Person,
    user: Person,
    reset: ResetId,
    pub link: String,
}

impl World {
    async fn called(&self) -> Called {
        self.set_policy(&self.a, with_codes()).await;
        let admin = self.with_role(&self.a, Role::Admin).await;
        let user = self.member(&self.a).await;
        let reset = self.reset(&admin, &[user.user]).await;
        let link = self.link_token(user.user).await.unwrap();
        Called { admin, user, reset, link }
    }

    fn identified(&self, admin: &Person) -> Order {
        Order { identified: Some(Identified::CalledBack), note: String::new(), code: self.fresh_code(admin) }
    }

    async fn try_code(&self, session: &Session, user: &Person, order: &Order) -> Made {
        make(&self.platform, &self.origin, session, user.user.id, order).await.unwrap()
    }

    /// A code that must be made.
    pub async fn caller_code(&self, called: &Called) -> String {
        let session = self.session(&called.admin).await;
        match self.try_code(&session, &called.user, &self.identified(&called.admin)).await {
            Made::Done { digits, .. } => digits.to_string(),
            _ => panic!("no code was made"),
        }
    }

    async fn by_code(&self, link: &str, digits: &str) -> Proof {
        caller::prove(&self.platform, &self.origin, link, digits).await.unwrap()
    }

    /// The set-up that a link and a code led to.
    pub async fn proved(&self, link: &str, digits: &str) -> Option<String> {
        match self.by_code(link, digits).await {
            Proof::Proved(token) => Some(token.0),
            Proof::Wrong | Proof::ByMail | Proof::Dead => None,
        }
    }

    async fn choose(&self, token: &str, password: &str) -> Chosen {
        choose(&self.platform, token, password.to_owned()).await.unwrap()
    }
}

/// Eight digits that are not these.
fn other_than(digits: &str) -> String {
    digits.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}

both! {
    async fn the_way_back_without_the_password(world: World) {
        let called = world.called().await;
        let Called { user, link, .. } = &called;
        let digits = world.caller_code(&called).await;
        assert_eq!(digits.len(), 8);
        let token = world.proved(link, &digits).await.unwrap();
        // First the new password: without it there is no key to add to an app.
        assert!(world.shown_secret(&token).await.is_none());
        let registered = register(&world.platform, &world.origin, &token, "123456").await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        let before = Dump::of(&world).await;
        for (password, weakness) in [
            ("short", Weakness::Short(8)),
            ("password1", Weakness::Common),
            (user.address.as_str(), Weakness::Yourself),
        ] {
            assert!(matches!(world.choose(&token, password).await, Chosen::Weak(weak) if weak == weakness), "{password}");
        }
        assert_eq!(before, Dump::of(&world).await);
        assert!(matches!(world.choose(&token, NEW).await, Chosen::GoOn));
        // It waits: until the set-up is complete nothing is changed.
        assert!(matches!(world.begin_with(&user.address, NEW).await, Begun::Wrong));
        assert!(matches!(world.begin_with(&user.address, PASSWORD).await, Begun::Challenge(..)));
        assert_eq!(world.mails(user, "password_set").await, 0);
        let elsewhere = world.session_token(user).await;
        let (secret, codes) = world.register(&token).await.unwrap();
        assert!(world.find(&elsewhere).await.is_none(), "every session ends");
        assert!(open(&world.platform, &world.origin, link).await.unwrap().is_none(), "and the link");
        assert!(matches!(world.begin_with(&user.address, PASSWORD).await, Begun::Wrong));
        assert!(matches!(world.save_codes(&token, &codes[0]).await, Finished::BackIn));
        world.advance(Span::seconds(30));
        let Begun::Challenge(begun, _) = world.begin_with(&user.address, NEW).await else { panic!("not the password") };
        let code = Factor::Code(secret.code(world.now()));
        let finished = world.finish(&begun.0, &code).await;
        assert!(matches!(finished, rekey::features::sign_in::service::Finished::SignedIn { .. }));

        // All of it is told and recorded, and the code stands nowhere.
        for kind in ["caller_code_made", "caller_code_used", "password_set", "authenticator_added"] {
            assert_eq!(world.mails(user, kind).await, 1, "{kind}");
        }
        let (_, details) = world.recorded_with_details(world.a.id, "caller_code_made").await;
        assert!(details.contains("called_back"), "{details}");
        let (_, details) = world.recorded_with_details(world.a.id, "link_proved").await;
        assert!(details.contains("\"how\":\"caller_code\""), "{details}");
        assert!(details.contains(&called.admin.user.id.to_string()), "{details}");
        let (_, details) = world.recorded_with_details(world.a.id, "password_set").await;
        assert!(details.contains("recovery"), "{details}");
        let everything = Dump::of(&world).await.everything();
        assert!(!everything.contains(&digits) && !everything.contains(NEW));
        world.assert_chains_whole().await;
    }

    async fn neither_the_link_nor_the_code_is_enough(world: World) {
        let called = world.called().await;
        let Called { user, link, .. } = &called;
        // The mailbox alone, before a code was made and after.
        for digits in ["00000000", "12345678"] {
            assert!(matches!(world.by_code(link, digits).await, Proof::Wrong));
        }
        let digits = world.caller_code(&called).await;
        assert!(matches!(world.by_code(link, &other_than(&digits)).await, Proof::Wrong));
        // The code alone, or with the link of somebody else.
        let other = world.member(&world.a).await;
        world.reset(&called.admin, &[other.user]).await;
        let theirs = world.link_token(other.user).await.unwrap();
        for link in ["", ".", theirs.as_str(), link.split_once('.').unwrap().0] {
            assert!(world.proved(link, &digits).await.is_none(), "{link}");
        }
        assert_eq!(world.rows_of("challenges", user.user).await + world.rows_of("challenges", other.user).await, 0);
        // Nor is it a password, nor a code of an authenticator at a sign-in.
        assert!(matches!(world.begin_with(&user.address, &digits).await, Begun::Wrong));
        let (_, details) = world.recorded_with_details(world.a.id, "link_refused").await;
        assert!(details.contains("caller_code"), "{details}");
        assert!(world.proved(link, &digits).await.is_some());
    }

    async fn a_code_counts_once_and_for_ten_minutes(world: World) {
        let called = world.called().await;
        let digits = world.caller_code(&called).await;
        assert!(world.proved(&called.link, &digits).await.is_some());
        assert!(world.proved(&called.link, &digits).await.is_none(), "once");
        let digits = world.caller_code(&called).await;
        world.advance(Span::seconds(599));
        let late = world.caller_code(&called).await;
        assert!(world.proved(&called.link, &digits).await.is_none(), "the newest counts");
        world.advance(Span::seconds(599 - 30));
        assert!(world.proved(&called.link, &late).await.is_some());
        let over = world.caller_code(&called).await;
        world.advance(LIFETIME);
        assert!(matches!(world.by_code(&called.link, &over).await, Proof::Wrong));
        // The clock is set back: what was used or over stays so.
        world.advance(Span::minutes(-5));
        for digits in [late, over] {
            assert!(matches!(world.by_code(&called.link, &digits).await, Proof::Wrong));
        }
    }

    async fn five_wrong_ones_end_a_code_and_ten_the_link(world: World) {
        let called = world.called().await;
        let digits = world.caller_code(&called).await;
        for n in 0..WRONG_CODES {
            assert!(matches!(world.by_code(&called.link, &other_than(&digits)).await, Proof::Wrong), "{n}");
        }
        assert!(matches!(world.by_code(&called.link, &digits).await, Proof::Wrong), "guessed dead");
        // That was the sixth for the link. Passwords count with them.
        for n in 7..WRONG_PASSWORDS {
            let proof = rekey::features::recovery::service::prove(
                &world.platform, &world.origin, &called.link, format!("guess {n}"),
            );
            assert!(matches!(proof.await.unwrap(), Proof::Wrong), "{n}");
        }
        let digits = world.caller_code(&called).await;
        assert!(matches!(world.by_code(&called.link, &other_than(&digits)).await, Proof::Dead), "the link gives up");
        assert!(matches!(world.by_code(&called.link, &digits).await, Proof::Dead));
        assert!(world.prove(&called.link).await.is_none());
        let session = world.session(&called.admin).await;
        let made = world.try_code(&session, &called.user, &world.identified(&called.admin)).await;
        assert!(matches!(made, Made::Against(rekey::features::security::caller_service::Against::NoLink, None)));
    }

    async fn whatever_kills_the_link_kills_the_code_and_what_it_led_to(world: World) {
        // A newer reset, the link sent again, taken back, run out, and the way back in completed.
        for how in ["reset", "send_again", "revoke", "expiry", "completion", "suspension"] {
            let called = world.called().await;
            let Called { admin, user, reset, link } = &called;
            let begun = world.proved(link, &world.caller_code(&called).await).await.unwrap();
            assert!(matches!(world.choose(&begun, NEW).await, Chosen::GoOn));
            let digits = world.caller_code(&called).await;
            let at_board = |what| {
                let (world, admin, reset, user) = (world.clone(), admin.clone(), *reset, user.user.id);
                async move {
                    let actor = world.actor(&admin).await;
                    let picked = Picked::Ticked(vec![user]);
                    let acted = act(&world.platform, &world.origin, &actor, what, vec![(reset, picked)]).await.unwrap();
                    assert_eq!(acted, Acted::Done(1, 0));
                }
            };
            match how {
                "reset" => drop(world.reset(admin, &[user.user]).await),
                "send_again" => {
                    let sent = format!("UPDATE outbox SET sent_at = 1, next_try_at = NULL WHERE user_id = '{}'", user.user.id);
                    world.execute(&sent).await;
                    at_board(Act::SendAgain).await;
                }
                "revoke" => at_board(Act::Revoke).await,
                "expiry" => {
                    let over = format!("UPDATE links SET expires_at = {} WHERE ended_at IS NULL", world.now().unix_milliseconds());
                    world.execute(&over).await;
                }
                "completion" => {
                    let by_password = world.prove(link).await.unwrap();
                    assert!(world.register(&by_password).await.is_some());
                }
                _ => world.suspend(user).await,
            }
            assert!(world.proved(link, &digits).await.is_none(), "{how}");
            if let Some(newer) = world.link_token(user.user).await.filter(|newer| newer != link) {
                assert!(world.proved(&newer, &digits).await.is_none(), "{how}");
            }
            // What began in time may be finished when time alone is over, as with a password.
            assert_eq!(world.register(&begun).await.is_some(), how == "expiry", "{how}");
            let old = world.begin_with(&user.address, PASSWORD).await;
            assert_eq!(matches!(old, Begun::Wrong), how == "expiry" || how == "suspension", "{how}");
        }
    }

    async fn switched_off_no_code_is_taken_and_no_set_up_goes_on(world: World) {
        let called = world.called().await;
        let begun = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        let chosen = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        assert!(matches!(world.choose(&chosen, NEW).await, Chosen::GoOn));
        let secret = world.shown_secret(&chosen).await.unwrap();
        let digits = world.caller_code(&called).await;
        world.set_policy(&world.a, Policy::default()).await;
        assert!(matches!(world.by_code(&called.link, &digits).await, Proof::Wrong));
        assert!(matches!(world.choose(&begun, NEW).await, Chosen::Dead));
        assert!(world.shown_secret(&chosen).await.is_none());
        let code = secret.code(world.now());
        let registered = register(&world.platform, &world.origin, &chosen, &code).await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        assert_eq!(world.rows_of("methods", called.user.user).await, 0);
        assert!(world.prove(&called.link).await.is_some(), "the password is what it was");
    }

    async fn the_pages_of_the_caller(world: World) {
        let called = world.called().await;
        let page = format!("/recover/{}", called.link);
        let mut browser = Browser::new(&world).await;
        let body = browser.get(&page).await.body;
        assert!(body.contains("I was given a code by my help desk") && !body.contains("<details class=\"fold\" open"), "{body}");
        let digits = world.caller_code(&called).await;
        let send = |code: String| [("token", called.link.clone()), ("code", code)];
        for (code, said) in [("12".to_owned(), "The code has 8 digits."), (other_than(&digits), "That code is not right")] {
            let fields = send(code);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = browser.post("/api/recovery/prove_caller", &page, &fields).await;
            assert!(answer.location().contains(&page), "{}", answer.location());
            let body = browser.get(&page).await.body;
            assert!(body.contains(said) && body.contains("open"), "{body}");
        }
        let spoken = format!("{} {}", &digits[..4], &digits[4..]);
        let fields = send(spoken);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post("/api/recovery/prove_caller", &page, &fields).await;
        assert_eq!(answer.location(), "/set-up/password", "the token leaves the address bar");
        assert!(browser.get("/set-up").await.location().contains("/set-up/password"));
        let body = browser.get("/set-up/password").await.body;
        assert!(body.contains("Choose a new password") && body.contains("At least 8 characters"), "{body}");
        let answer = browser.post("/api/set_up/choose_password", "/set-up/password", &[("password", "short")]).await;
        assert!(answer.location().contains("/set-up/password"));
        assert!(browser.get("/set-up/password").await.body.contains("aria-invalid=\"true\""));
        let answer = browser.post("/api/set_up/choose_password", "/set-up/password", &[("password", NEW)]).await;
        assert_eq!(answer.location(), "/set-up");
        assert!(browser.get("/set-up").await.body.contains("Add your new authenticator"));
        assert!(browser.get("/set-up/password").await.location().contains("/set-up"), "chosen once");

        // Where the policy takes none, nothing of it is there.
        world.set_policy(&world.a, Policy::default()).await;
        let body = Browser::new(&world).await.get(&page).await.body;
        assert!(body.contains("I forgot my password") && !body.contains("prove_caller"), "{body}");
    }
}
