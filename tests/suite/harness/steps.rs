//! What people do in a world: they sign in, set up, and reset others.

use rekey::domain::authority::Actor;
use rekey::domain::backup_code::BackupCode;
use rekey::domain::ids::{LinkId, ResetId, UserId};
use rekey::domain::recovery::Link;
use rekey::domain::sign_in::{CodeProblem, Purpose, Step};
use rekey::domain::time::{Span, Time};
use rekey::domain::user::UserRef;
use rekey::features::reset::service::{Confirmation, Confirmed, Planned, Selection};
use rekey::features::session::service::Session;
use rekey::features::session::service::devices::Trusted;
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::{recovery, reset, session, set_up, sign_in};
use rekey::platform::totp::TotpSecret;

use super::World;
use super::people::{PASSWORD, Person, ids};

impl World {
    // ---- Signing in -------------------------------------------------------------------------------------------------

    /// The code that the authenticator shows in the next time step: one that was never used.
    pub fn fresh_code(&self, person: &Person) -> String {
        self.advance(Span::seconds(30));
        person.secret.code(self.now())
    }

    /// The token of a half-finished sign-in, and what it waits for.
    pub async fn begin(&self, person: &Person) -> (String, Step) {
        match self.begin_with(&person.address, PASSWORD).await {
            Begun::Challenge(token, step) => (token.0, step),
            Begun::Wrong => panic!("the password of {} was not taken", person.name),
            Begun::LinkRequired(_) => panic!("{} needs the link", person.name),
            Begun::Frozen(_) => panic!("the account of {} is frozen", person.name),
            Begun::SignedIn(_) => panic!("{} was signed in by the password alone", person.name),
        }
    }

    pub async fn begin_with(&self, address: &str, password: &str) -> Begun {
        self.begin_on(address, password, None).await
    }

    /// The same in a browser whose cookie of a trusted device holds this.
    pub async fn begin_on(&self, address: &str, password: &str, device: Option<&str>) -> Begun {
        let (platform, origin) = (&self.platform, &self.origin);
        sign_in::service::begin(platform, origin, address, password.to_owned(), None, device).await.unwrap()
    }

    /// A half-finished sign-in without the cost of checking a password.
    pub async fn challenge(&self, person: &Person, step: Step) -> String {
        self.challenge_for(person, Purpose::SignIn, step).await
    }

    pub async fn challenge_for(&self, person: &Person, purpose: Purpose, step: Step) -> String {
        let mut tx = self.platform.db.begin().await.unwrap();
        let token =
            session::service::open_challenge(&mut tx, &self.platform, person.user, purpose, step, None, None).await;
        tx.commit().await.unwrap();
        token.unwrap().0
    }

    pub async fn finish(&self, token: &str, factor: &Factor) -> Finished {
        sign_in::service::finish(&self.platform, &self.origin, token, factor, false).await.unwrap()
    }

    /// Signs in the whole way; the session's token.
    pub async fn sign_in(&self, person: &Person) -> String {
        let (token, step) = self.begin(person).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(self.fresh_code(person));
        match self.finish(&token, &code).await {
            Finished::SignedIn { token, .. } => token.0,
            other => panic!("{} was not signed in: {}", person.name, named_end(&other)),
        }
    }

    /// A session out of nothing, for tests of what comes after sign-in.
    pub async fn session(&self, person: &Person) -> Session {
        self.find(&self.session_token(person).await).await.expect("a session that was just opened")
    }

    pub async fn session_token(&self, person: &Person) -> String {
        let mut tx = self.platform.db.begin().await.unwrap();
        let token = session::service::open(&mut tx, &self.platform, person.user, &self.origin, None).await.unwrap();
        tx.commit().await.unwrap();
        token.0
    }

    /// A device that somebody trusts out of nothing.
    pub async fn trusted(&self, person: &Person, days: u16) -> Trusted {
        let mut tx = self.platform.db.begin().await.unwrap();
        let trusted = session::service::devices::trust(&mut tx, &self.platform, person.user, &self.origin, days).await;
        tx.commit().await.unwrap();
        trusted.unwrap()
    }

    pub async fn find(&self, token: &str) -> Option<Session> {
        session::service::find(&self.platform, token).await.unwrap()
    }

    pub async fn actor(&self, person: &Person) -> Actor {
        let mut conn = self.platform.db.read().await.unwrap();
        session::service::actor(&mut conn, person.user, self.platform.now())
            .await
            .unwrap()
            .expect("somebody who can sign in")
    }

    // ---- Setting up -------------------------------------------------------------------------------------------------

    /// The secret that a set-up shows.
    pub async fn shown_secret(&self, token: &str) -> Option<TotpSecret> {
        let shown = set_up::service::show(&self.platform, token).await.unwrap()?;
        shown.key.map(|key| secret_from_base32(&key.text))
    }

    /// Registers the authenticator that a set-up shows; its secret and the new codes.
    pub async fn register(&self, token: &str) -> Option<(TotpSecret, Vec<BackupCode>)> {
        let (secret, codes) = self.register_amid_others(token).await?;
        Some((secret, codes?))
    }

    /// The same where a reset may come before the codes are shown: it is registered then, and gone again.
    pub async fn register_amid_others(&self, token: &str) -> Option<(TotpSecret, Option<Vec<BackupCode>>)> {
        let secret = self.shown_secret(token).await?;
        let code = secret.code(self.now());
        let registered = set_up::service::register(&self.platform, &self.origin, token, &code).await.unwrap();
        let set_up::service::Registered::Right(sealed) = registered else {
            return None;
        };
        let shown = set_up::service::codes(&self.platform, token, Some(&sealed)).await.unwrap();
        Some((secret, shown.and_then(|shown| Some(shown.codes?.0.to_vec()))))
    }

    pub async fn save_codes(&self, token: &str, code: &BackupCode) -> set_up::service::Finished {
        set_up::service::finish(&self.platform, &self.origin, token, code).await.unwrap()
    }

    // ---- Resetting --------------------------------------------------------------------------------------------------

    /// Freezes a selection that must be allowed.
    pub async fn plan(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        match self.try_plan(admin, &ids(selected)).await {
            Planned::Frozen(id) => id,
            other => panic!("not planned: {other:?}"),
        }
    }

    pub async fn try_plan(&self, admin: &Person, selected: &[UserId]) -> Planned {
        let actor = self.actor(admin).await;
        reset::service::plan(&self.platform, &self.origin, &actor, Selection::Ticked(selected.to_vec(), Vec::new()))
            .await
            .unwrap()
    }

    pub async fn plan_hash(&self, id: ResetId) -> String {
        self.text(&format!("SELECT plan_hash FROM resets WHERE id = '{id}'")).await.expect("a stored plan")
    }

    /// What somebody has before them who looks at a plan now; none where they may not.
    pub async fn looked_at(&self, person: &Person, id: ResetId) -> Option<String> {
        let view = reset::service::view(&self.platform, &self.actor(person).await, id).await.unwrap()?;
        Some(reset::service::reviewed(&view.reset.plan_hash, &view.changes))
    }

    /// A confirmation of what was reviewed, with a fresh code.
    pub async fn confirmation(&self, admin: &Person, id: ResetId) -> Confirmation {
        Confirmation {
            plan_hash: self.plan_hash(id).await,
            reason: "Lost phone".into(),
            ticket: "T-1".into(),
            code: self.fresh_code(admin),
        }
    }

    pub async fn try_confirm(&self, session: &Session, id: ResetId, confirmation: &Confirmation) -> Confirmed {
        reset::service::confirm(&self.platform, &self.origin, session, id, confirmation).await.unwrap()
    }

    /// Plans and confirms; nothing has run yet.
    pub async fn confirmed(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        let id = self.plan(admin, selected).await;
        let session = self.session(admin).await;
        let confirmation = self.confirmation(admin, id).await;
        let confirmed = self.try_confirm(&session, id, &confirmation).await;
        assert!(matches!(confirmed, Confirmed::Running(_)), "{}", named_confirmation(&confirmed));
        id
    }

    /// A whole reset, from plan to end.
    pub async fn reset(&self, admin: &Person, selected: &[UserRef]) -> ResetId {
        let id = self.confirmed(admin, selected).await;
        reset::run::run(&self.platform, id).await.unwrap();
        id
    }

    /// The live link of a user as their mail holds it.
    pub async fn link_token(&self, user: UserRef) -> Option<String> {
        let (link, generation) = self.link(user).await?;
        self.platform.keys.link_token(self.platform.keys.newest_id(), link, user, generation)
    }

    pub async fn link(&self, user: UserRef) -> Option<(LinkId, i64)> {
        let mut conn = self.platform.db.read().await.unwrap();
        sqlx::query_as("SELECT id, generation FROM links WHERE customer_id = $1 AND user_id = $2 AND ended_at IS NULL")
            .bind(user.customer)
            .bind(user.id)
            .fetch_optional(&mut *conn)
            .await
            .unwrap()
    }

    pub async fn link_facts(&self, link: LinkId) -> Link {
        let mut conn = self.platform.db.read().await.unwrap();
        recovery::service::states(&mut conn, &[link]).await.unwrap()[0].1
    }

    /// Gives the password at a link; the set-up's token, if it was taken.
    pub async fn prove(&self, link_token: &str) -> Option<String> {
        let proof = recovery::service::prove(&self.platform, &self.origin, link_token, PASSWORD.to_owned()).await;
        match proof.unwrap() {
            recovery::service::Proof::Proved(token) => Some(token.0),
            _ => None,
        }
    }
}

/// A secret as its key is typed.
pub fn secret_from_base32(typed: &str) -> TotpSecret {
    let letters: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = data_encoding::BASE32_NOPAD.decode(letters.as_bytes()).expect("a key is Base32");
    TotpSecret::from_bytes(bytes.try_into().expect("a key has 160 bits"))
}

/// Six digits that no authenticator near this time shows.
pub fn wrong_code(secret: &TotpSecret, now: Time) -> String {
    let is_wrong = |code: &String| secret.matching_step(code, now).is_none();
    (0..1_000_000).map(|n| format!("{n:06}")).find(is_wrong).expect("most codes are wrong")
}

pub const fn named_end(finished: &Finished) -> &'static str {
    match finished {
        Finished::SignedIn { .. } => "signed in",
        Finished::Wrong => "wrong",
        Finished::Copied => "copied",
        Finished::LockedUntil(_) => "locked",
        Finished::Disabled => "disabled",
        Finished::Dead => "dead",
    }
}

pub const fn named_confirmation(confirmed: &Confirmed) -> &'static str {
    match confirmed {
        Confirmed::Running(_) => "running",
        Confirmed::Asked(_) => "asked",
        Confirmed::Already => "already",
        Confirmed::Unknown => "unknown",
        Confirmed::Expired => "expired",
        Confirmed::Changed => "changed",
        Confirmed::Outdated => "outdated",
        Confirmed::Nobody => "nobody",
        Confirmed::ReasonMissing => "reason missing",
        Confirmed::TicketMissing => "ticket missing",
        Confirmed::Code(CodeProblem::Malformed) => "code malformed",
        Confirmed::Code(CodeProblem::Wrong) => "code wrong",
        Confirmed::Code(CodeProblem::Copied) => "two of the passkey",
        Confirmed::Code(CodeProblem::Locked { .. }) => "locked",
        Confirmed::Code(CodeProblem::Disabled) => "disabled",
        Confirmed::Refused(_) => "refused",
    }
}
