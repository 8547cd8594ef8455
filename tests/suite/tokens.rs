//! Hardware tokens: a token's life from the stock into a hand and back. The files they come in are in `files`.

mod counters;
mod files;
mod policy;

use axum::http::StatusCode;
use rekey::domain::authority::{Refusal, Role};
use rekey::domain::customer::Customer;
use rekey::domain::ids::{TokenId, TokenImportId};
use rekey::domain::method::MethodKind;
use rekey::domain::sign_in;
use rekey::domain::time::Span;
use rekey::domain::token::{TokenAct, TokenState};
use rekey::domain::totp::{Moving, Profile, Step};
use rekey::features::security::user_removal::{Order, Removed, remove_method};
use rekey::features::sign_in::service::{Factor, Finished, SteppedUp, step_up};
use rekey::features::stock::service::NewToken;
use rekey::features::tokens::imports::{self};
use rekey::features::tokens::outcome::{ActOutcome, ActivateOutcome, ImportOutcome, ReadOutcome};
use rekey::features::tokens::service::Asking;
use rekey::features::{accounts, methods, stock};
use rekey::platform::totp::OathSecret;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const HOTP: Profile = Profile { moving: Moving::Counter, ..Profile::APP };
const EIGHT: Profile = Profile { digits: 8, moving: Moving::Time(60), ..Profile::APP };

/// A token that the test holds in its hand.
pub struct Fob {
    id: TokenId,
    secret: OathSecret,
    profile: Profile,
}

impl Fob {
    /// What it shows: at this time, or after so many presses of its button.
    pub fn shows(&self, world: &World, presses: i64) -> String {
        let step = match self.profile.moving {
            Moving::Time(seconds) => Step(Step::of(world.now(), seconds).0 + presses),
            Moving::Counter => Step(presses),
        };
        self.secret.code(self.profile, step)
    }

    /// A code that it never showed before.
    fn fresh(&self, world: &World) -> String {
        world.advance(Span::seconds(60));
        self.shows(world, 0)
    }
}

/// A new token in the stock of `customer`.
async fn fob(world: &World, customer: &Customer, by: &Person, profile: Profile) -> Fob {
    let secret = OathSecret::from_bytes(world.platform.rng.bytes::<20>().to_vec()).unwrap();
    let serial = format!("F{}", world.platform.rng.bytes::<4>().map(|byte| format!("{byte:03}")).concat());
    let (maker, model) = (Some("Acme".to_owned()), Some("Fob".to_owned()));
    let new = NewToken { serial, maker, model, profile, secret: secret.clone(), last: Step(-1) };
    let mut tx = world.platform.db.begin().await.unwrap();
    let ids = stock::service::add(&mut tx, &world.platform, customer.id, by.user, vec![new]).await.unwrap();
    tx.commit().await.unwrap();
    Fob { id: ids[0], secret, profile }
}

/// A token in the stock, for tests of who may do what with it.
pub async fn stocked(world: &World, customer: &Customer, by: &Person) -> TokenId {
    fob(world, customer, by, Profile::APP).await.id
}

/// One that somebody has and has not activated.
pub async fn assigned(world: &World, customer: &Customer, by: &Person, holder: &Person) -> TokenId {
    let fob = fob(world, customer, by, Profile::APP).await;
    hand_over(world, &fob, by, holder).await;
    fob.id
}

async fn hand_over(world: &World, fob: &Fob, by: &Person, holder: &Person) {
    let actor = world.actor(by).await;
    let mut tx = world.platform.db.begin().await.unwrap();
    let scope = actor.scope(rekey::domain::authority::Right::Manage);
    let token = stock::service::by_id(&mut tx, &scope, fob.id).await.unwrap().unwrap();
    let given =
        stock::service::act(&mut tx, &token, TokenAct::Assign, Some(holder.user.id), by.user, world.now()).await;
    assert!(given.unwrap());
    tx.commit().await.unwrap();
}

/// A file that waits for its confirmation.
pub async fn held(world: &World, admin: &Person, text: &str) -> TokenImportId {
    let actor = world.actor(admin).await;
    let (platform, origin) = (&world.platform, &world.origin);
    let bytes = text.as_bytes().to_vec();
    match imports::read(platform, origin, &actor, admin.user.customer, bytes, String::new()).await.unwrap() {
        ReadOutcome::Waits(id) => id,
        other => panic!("not read: {other:?}"),
    }
}

async fn confirm(world: &World, admin: &Person, id: TokenImportId) -> ImportOutcome {
    let session = world.session(admin).await;
    let code = world.fresh_code(admin);
    imports::confirm(&world.platform, &world.origin, &session, id, &code).await.unwrap().0
}

async fn assign(world: &World, admin: &Person, fob: &Fob, address: &str) -> ActOutcome {
    let session = world.session(admin).await;
    let code = world.fresh_code(admin);
    let asking = Asking { platform: &world.platform, origin: &world.origin, session: &session };
    asking.assign(fob.id, address, &code).await.unwrap().0
}

async fn put_away(world: &World, admin: &Person, fob: &Fob, act: TokenAct) -> ActOutcome {
    let session = world.session(admin).await;
    let asking = Asking { platform: &world.platform, origin: &world.origin, session: &session };
    asking.put_away(fob.id, act).await.unwrap()
}

/// Activates with these codes of the token, after a fresh code of the holder's app.
async fn activate(world: &World, holder: &Person, fob: &Fob, codes: (&str, &str)) -> ActivateOutcome {
    let session = world.session(holder).await;
    let factor = Factor::Code(holder.secret.code(world.now()));
    let asking = Asking { platform: &world.platform, origin: &world.origin, session: &session };
    asking.activate(fob.id, Some(&factor), codes).await.unwrap().0
}

/// Gives a token to somebody, who activates it.
pub async fn active(world: &World, admin: &Person, holder: &Person, profile: Profile) -> Fob {
    let fob = fob(world, &world.a, admin, profile).await;
    hand_over(world, &fob, admin, holder).await;
    let first = fob.fresh(world);
    assert_eq!(activate(world, holder, &fob, (&first, "")).await, ActivateOutcome::Done);
    fob
}

async fn state(world: &World, fob: &Fob) -> TokenState {
    let text = format!(
        "SELECT CASE WHEN lost_at IS NOT NULL THEN 'lost' WHEN activated_at IS NOT NULL THEN 'active' \
         WHEN assigned_at IS NOT NULL THEN 'assigned' WHEN returned_at IS NOT NULL THEN 'returned' ELSE 'in_stock' END \
         FROM tokens WHERE id = '{}'",
        fob.id
    );
    world.text(&text).await.unwrap().parse().unwrap()
}

async fn signs_in(world: &World, holder: &Person, code: &str) -> bool {
    let token = world.challenge(holder, sign_in::Step::Factor).await;
    matches!(world.finish(&token, &Factor::Code(code.to_owned())).await, Finished::SignedIn { .. })
}

async fn steps_up(world: &World, holder: &Person, code: &str) -> bool {
    let session = world.session(holder).await;
    let stepped = step_up(&world.platform, &world.origin, &session, code, ("plan", "7F3A 91C2")).await.unwrap();
    matches!(stepped, SteppedUp::Right(_))
}

both! {
    async fn a_token_signs_in_from_its_activation_to_the_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let fob = fob(&world, &world.a, &admin, Profile::APP).await;
        assert_eq!(assign(&world, &admin, &fob, "nobody@a.example").await, ActOutcome::Nobody);
        assert_eq!(assign(&world, &admin, &fob, "no address").await, ActOutcome::NoAddress);
        assert_eq!(assign(&world, &admin, &fob, &ua.address.to_uppercase()).await, ActOutcome::Done(TokenAct::Assign));
        assert_eq!(assign(&world, &admin, &fob, &ua.address).await, ActOutcome::Changed);
        assert_eq!(state(&world, &fob).await, TokenState::Assigned);
        // It opens nothing yet.
        assert!(!signs_in(&world, &ua, &fob.fresh(&world)).await);
        assert!(!steps_up(&world, &ua, &fob.fresh(&world)).await);
        let wrong = fob.shows(&world, 9);
        assert_eq!(activate(&world, &ua, &fob, (&wrong, "")).await, ActivateOutcome::Wrong);
        let right = fob.fresh(&world);
        assert_eq!(activate(&world, &ua, &fob, ("12345", "")).await, ActivateOutcome::Malformed);
        assert_eq!(activate(&world, &ua, &fob, (&right, "")).await, ActivateOutcome::Done);
        assert_eq!(state(&world, &fob).await, TokenState::Active);
        assert_eq!(activate(&world, &ua, &fob, (&right, "")).await, ActivateOutcome::Gone);

        assert!(!signs_in(&world, &ua, &right).await, "the code that activated it is spent");
        let code = fob.fresh(&world);
        assert!(signs_in(&world, &ua, &code).await);
        assert!(!signs_in(&world, &ua, &code).await && !steps_up(&world, &ua, &code).await, "once");
        let code = fob.fresh(&world);
        assert!(steps_up(&world, &ua, &code).await);
        assert!(!signs_in(&world, &ua, &code).await);
        assert!(signs_in(&world, &ua, &world.fresh_code(&ua)).await, "the app works as before");

        // DEAD: the reset takes it, and nothing of it opens anything.
        let (unspent, session) = (fob.shows(&world, 1), world.session(&ua).await);
        let reset = world.reset(&admin, &[ua.user]).await;
        let tokens = format!("SELECT hardware_tokens FROM reset_items WHERE reset_id = '{reset}'");
        assert_eq!(world.count(&tokens).await, 1);
        assert_eq!(state(&world, &fob).await, TokenState::Returned);
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert_eq!(world.rows_of("tokens", ua.user).await, 0);
        let stepped = step_up(&world.platform, &world.origin, &session, &unspent, ("a", "b")).await.unwrap();
        assert!(!matches!(stepped, SteppedUp::Right(_)));
        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        for presses in -1..=1 {
            let code = Factor::Code(fob.shows(&world, presses));
            assert!(!matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
        }
        // The history of the serial number says all of it.
        let history = format!("SELECT act FROM token_history WHERE token_id = '{}' ORDER BY number", fob.id);
        let mut conn = world.platform.db.read().await.unwrap();
        let acts: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(history)).fetch_all(&mut *conn).await.unwrap();
        assert_eq!(acts, ["add", "assign", "activate", "deactivate"]);
        drop(conn);
        world.assert_chains_whole().await;
    }

    async fn a_returned_token_shows_two_codes_in_a_row(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, next) = (world.member(&world.a).await, world.member(&world.a).await);
        let fob = active(&world, &admin, &ua, Profile::APP).await;
        world.reset(&admin, &[ua.user]).await;
        assert_eq!(assign(&world, &admin, &fob, &next.address).await, ActOutcome::Done(TokenAct::Assign));
        let one = fob.fresh(&world);
        assert_eq!(activate(&world, &next, &fob, (&one, "")).await, ActivateOutcome::TwoNeeded);
        world.advance(Span::seconds(60));
        let (first, second) = (fob.shows(&world, -1), fob.shows(&world, 0));
        assert_eq!(activate(&world, &next, &fob, (&second, &first)).await, ActivateOutcome::Wrong);
        world.advance(Span::seconds(60));
        let (first, second) = (fob.shows(&world, -1), fob.shows(&world, 0));
        assert_eq!(activate(&world, &next, &fob, (&first, &second)).await, ActivateOutcome::Done);
        assert!(!signs_in(&world, &next, &second).await, "both are spent");
        assert!(signs_in(&world, &next, &fob.fresh(&world)).await);
        assert!(!signs_in(&world, &ua, &fob.fresh(&world)).await, "no longer the first one's");
    }

    async fn of_two_browsers_with_one_code_one_gets_in(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        for profile in [EIGHT, HOTP] {
            let fob = fob(&world, &world.a, &admin, profile).await;
            hand_over(&world, &fob, &admin, &ua).await;
            world.advance(Span::seconds(60));
            let first = fob.shows(&world, 0);
            assert_eq!(activate(&world, &ua, &fob, (&first, "")).await, ActivateOutcome::Done);
            world.advance(Span::seconds(60));
            let code = if profile == HOTP { fob.shows(&world, 1) } else { fob.shows(&world, 0) };
            assert_eq!(code.len(), usize::from(profile.digits));
            let other = world.second_node().await;
            let (first, second) = tokio::join!(signs_in(&world, &ua, &code), signs_in(&other, &ua, &code));
            assert!(first != second, "{profile:?}: {first} {second}");
        }
    }

    async fn a_ciphertext_in_another_row_opens_nothing(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let (one, two) = (active(&world, &admin, &ua, Profile::APP).await, active(&world, &admin, &ub, Profile::APP).await);
        let sealed = format!("SELECT secret FROM tokens WHERE id = '{}'", one.id);
        let sealed = world.text(&sealed).await.unwrap();
        world.execute(&format!("UPDATE tokens SET secret = '{sealed}' WHERE id = '{}'", two.id)).await;
        // Neither the own code nor the one that was moved in.
        for fob in [&one, &two] {
            let code = fob.fresh(&world);
            let mut tx = world.platform.db.begin().await.unwrap();
            assert!(methods::service::take_code(&mut tx, &world.platform, ub.user, &code, None).await.is_err());
        }
        let mut tx = world.platform.db.begin().await.unwrap();
        let code = one.fresh(&world);
        let taken = methods::service::take_code(&mut tx, &world.platform, ua.user, &code, None).await.unwrap();
        assert_eq!(taken, Some(MethodKind::HardwareToken));
    }

    async fn an_admin_who_removes_the_method_has_the_token_back(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let fob = active(&world, &admin, &ua, Profile::APP).await;
        assert_eq!(put_away(&world, &admin, &fob, TokenAct::Return).await, ActOutcome::Changed, "it has its own way");
        assert_eq!(put_away(&world, &admin, &fob, TokenAct::Lose).await, ActOutcome::Changed);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/tokens/{}", fob.id)).await.body;
        let method = format!("SELECT id FROM methods WHERE token_id = '{}'", fob.id);
        let method = world.text(&method).await.unwrap();
        assert!(page.contains(&format!("/users/{}/methods/{method}/remove", ua.user.id)), "{page}");
        let order = Order { reason: "Broken".into(), ticket: String::new(), code: world.fresh_code(&admin) };
        let session = world.session(&admin).await;
        let (platform, origin) = (&world.platform, &world.origin);
        let removed = remove_method(platform, origin, &session, ua.user.id, method.parse().unwrap(), &order).await;
        assert!(matches!(removed.unwrap(), Removed::Done(_)));
        assert_eq!(state(&world, &fob).await, TokenState::Returned);
        assert!(!signs_in(&world, &ua, &fob.fresh(&world)).await);
        assert!(signs_in(&world, &ua, &world.fresh_code(&ua)).await);
        assert_eq!(put_away(&world, &admin, &fob, TokenAct::Lose).await, ActOutcome::Done(TokenAct::Lose));
        assert_eq!(assign(&world, &admin, &fob, &ua.address).await, ActOutcome::Changed, "nobody is given a lost one");
        assert_eq!(put_away(&world, &admin, &fob, TokenAct::Return).await, ActOutcome::Done(TokenAct::Return));
    }

    async fn whoever_leaves_leaves_their_tokens(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let used = active(&world, &owner, &ua, Profile::APP).await;
        let unused = fob(&world, &world.a, &owner, Profile::APP).await;
        hand_over(&world, &unused, &owner, &ua).await;
        let session = world.session(&owner).await;
        let code = world.fresh_code(&owner);
        let (change, id) = (accounts::service::Change::Remove, ua.user.id);
        let (platform, origin) = (&world.platform, &world.origin);
        accounts::service::change(platform, origin, &session, id, change, &code).await.unwrap();
        assert_eq!(state(&world, &used).await, TokenState::Returned);
        assert_eq!(state(&world, &unused).await, TokenState::Returned);
        assert_eq!(world.rows_of("tokens", ua.user).await, 0);
    }

    async fn only_whoever_looks_after_a_stock_touches_it(world: World) {
        let (admin, owner) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let stranger = world.with_role(&world.b, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let fob = fob(&world, &world.a, &admin, Profile::APP).await;
        let still = async || Dump::of(&world).await.but_the_record().without(&["users", "sessions", "methods"]);
        let before = still().await;
        assert_eq!(assign(&world, &auditor, &fob, &ua.address).await, ActOutcome::Refused(Refusal::NoRole));
        assert_eq!(put_away(&world, &auditor, &fob, TokenAct::Lose).await, ActOutcome::Refused(Refusal::NoRole));
        assert_eq!(assign(&world, &stranger, &fob, &ub.address).await, ActOutcome::Gone);
        assert_eq!(put_away(&world, &stranger, &fob, TokenAct::Lose).await, ActOutcome::Gone);
        assert_eq!(assign(&world, &admin, &fob, &ub.address).await, ActOutcome::Nobody, "no customer's token goes abroad");
        assert_eq!(assign(&world, &admin, &fob, &owner.address).await, ActOutcome::Refused(Refusal::OwnersOnly));
        assert_eq!(before, still().await);
        // The page says no more to a stranger than of a token that nobody has.
        let mut browser = Browser::signed_in(&world, &stranger).await;
        let foreign = browser.get(&format!("/tokens/{}", fob.id)).await;
        let made_up = browser.get("/tokens/01mcc5rm003kab9w64hq9mjq2v").await;
        assert_eq!((foreign.status, made_up.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert!(!browser.get("/tokens").await.body.contains("Acme"));
        assert!(Browser::signed_in(&world, &auditor).await.get("/tokens").await.body.contains("Acme"));
        // A token that waits for one person is nobody else's to activate.
        hand_over(&world, &fob, &admin, &ua).await;
        let other = world.member(&world.a).await;
        let code = fob.fresh(&world);
        assert_eq!(activate(&world, &other, &fob, (&code, "")).await, ActivateOutcome::Gone);
        // An admin may give one to themself.
        let own = self::fob(&world, &world.a, &owner, Profile::APP).await;
        assert_eq!(assign(&world, &admin, &own, &admin.address).await, ActOutcome::Done(TokenAct::Assign));
    }

    async fn a_holder_activates_and_signs_in_by_plain_forms(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let fob = fob(&world, &world.a, &admin, EIGHT).await;
        hand_over(&world, &fob, &admin, &ua).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let page = format!("/security/tokens/{}", fob.id);
        assert!(browser.get("/security").await.body.contains(&page));
        assert!(browser.get(&page).await.body.contains("The 8 digits the token shows now"));
        let id = fob.id.to_string();
        let code = fob.fresh(&world);
        let own = ua.secret.code(world.now());
        let fields = [("id", id.as_str()), ("code", own.as_str()), ("first", "123 456")];
        assert_eq!(browser.post("/api/tokens/activate", &page, &fields).await.location(), page);
        assert!(browser.get(&page).await.body.contains("A code of this token has 8 digits."));
        let spaced = format!("{} {}", &code[..4], &code[4..]);
        let fields = [("id", id.as_str()), ("code", own.as_str()), ("first", spaced.as_str())];
        let answer = browser.post("/api/tokens/activate", &page, &fields).await;
        assert_eq!(answer.location(), "/security?done=token");
        assert!(browser.get("/security").await.body.contains("Hardware token"));

        let token = world.challenge(&ua, sign_in::Step::Factor).await;
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        let page = browser.get("/sign-in/code").await.body;
        assert!(page.contains("take your hardware token") && page.contains("code eight"), "{page}");
        let other = world.challenge(&admin, sign_in::Step::Factor).await;
        let page = Browser::new(&world).await.with(CHALLENGE, &other).get("/sign-in/code").await.body;
        assert!(!page.contains("hardware token") && !page.contains("code eight"), "only whoever has one");
        let code = fob.fresh(&world);
        let answer = browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(answer.location(), "/", "{}", answer.body);
        assert!(world.last_recorded(world.a.id).await.1.contains("hardware token"));
    }
}
