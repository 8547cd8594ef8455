//! How a token becomes a second factor: its holder shows a code of it, or two in a row. And how one whose counter has run too
//! far ahead is found again, by two codes in a row (RFC 4226 §7.4).

use super::outcome::ActivateOutcome;
use super::service::Asking;
use crate::domain::audit::{Event, What};
use crate::domain::ids::TokenId;
use crate::domain::mail::Mail;
use crate::domain::method::{MOST_METHODS, MethodKind};
use crate::domain::sign_in::CodeProblem;
use crate::domain::token::TokenAct;
use crate::domain::totp::{Moving, read_digits};
use crate::domain::user::{Standing, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::NewToken;
use crate::features::sign_in::service::Factor;
use crate::features::stock::service::Token;
use crate::features::{audit, customers, methods, outbox, session, sign_in, stock, users};
use crate::platform::{Conn, Result};

impl Asking<'_> {
    /// The token that waits for whoever asks, or one of theirs with a counter; and whether they have a second factor to prove
    /// themself with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self, id: TokenId) -> Result<Option<(Token, bool)>> {
        let mut conn = self.platform.db.read().await?;
        let token = mine(&mut conn, self.actor().user, id).await?;
        let has_factor = !methods::service::list(&mut conn, self.actor().user).await?.is_empty();
        Ok(token.map(|token| (token, has_factor)))
    }

    /// Makes a token that waits for whoever asks a second factor of theirs: after one they have already, with a code of the
    /// token, or with two in a row where somebody else had it before or its counter ran ahead. One that is active already is
    /// brought into step.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activate(
        &self,
        id: TokenId,
        factor: Option<&Factor>,
        codes: (&str, &str),
    ) -> Result<(ActivateOutcome, Option<NewToken>)> {
        let user = self.actor().user;
        let mut conn = self.platform.db.read().await?;
        let seen = mine(&mut conn, user, id).await?;
        let count = methods::service::list(&mut conn, user).await?.len();
        let allowed = customers::service::allows(&mut conn, user.customer, MethodKind::HardwareToken).await?;
        drop(conn);
        let Some(seen) = seen else {
            return Ok((ActivateOutcome::Gone, None));
        };
        if count == 0 {
            return Ok((ActivateOutcome::NoFactor, None));
        }
        let is_active = seen.facts.activated_at.is_some();
        if !is_active && count >= MOST_METHODS {
            return Ok((ActivateOutcome::TooMany, None));
        }
        if !is_active && !allowed {
            return Ok((ActivateOutcome::NotAllowed, None));
        }
        let fits = |typed: &str| read_digits(typed).filter(|digits| digits.len() == usize::from(seen.profile.digits));
        let Some(first) = fits(codes.0) else {
            return Ok((ActivateOutcome::Malformed, None));
        };
        let second = match (codes.1.trim(), is_active || seen.facts.wants_two_codes()) {
            ("", true) => return Ok((ActivateOutcome::TwoNeeded, None)),
            ("", false) => None,
            (typed, _) => match fits(typed) {
                Some(second) => Some(second),
                None => return Ok((ActivateOutcome::Malformed, None)),
            },
        };
        let Some(factor) = factor else {
            return Ok((ActivateOutcome::Code(CodeProblem::Malformed), None));
        };
        let about = ("activate_token", seen.serial.as_str());
        let token = match sign_in::service::step_up_with(self.platform, self.origin, self.session, factor, about)
            .await?
            .or_problem(self.platform.now())
        {
            Ok(token) => token,
            Err(problem) => return Ok((ActivateOutcome::Code(problem), None)),
        };
        let outcome = self.activate_locked(id, &first, second.as_deref()).await?;
        Ok((outcome, Some(token)))
    }

    async fn activate_locked(&self, id: TokenId, first: &str, second: Option<&str>) -> Result<ActivateOutcome> {
        let (platform, user, now) = (self.platform, self.actor().user, self.platform.now());
        let mut tx = platform.db.begin().await?;
        let locked = users::service::lock(&mut tx, user).await?;
        let open = session::service::is_open(&mut tx, self.session).await?;
        if !open || locked.is_none_or(|locked| locked.standing != Standing::Active) {
            return Ok(ActivateOutcome::Over);
        }
        let Some(token) = mine(&mut tx, user, id).await? else {
            return Ok(ActivateOutcome::Gone);
        };
        let is_active = token.facts.activated_at.is_some();
        if !is_active && methods::service::list(&mut tx, user).await?.len() >= MOST_METHODS {
            return Ok(ActivateOutcome::TooMany);
        }
        if !is_active && !customers::service::allows(&mut tx, user.customer, MethodKind::HardwareToken).await? {
            return Ok(ActivateOutcome::NotAllowed);
        }
        let right = match second {
            Some(second) => stock::service::take_two_codes(&mut tx, platform, user, id, [first, second]).await?,
            None if is_active || token.facts.wants_two_codes() => return Ok(ActivateOutcome::TwoNeeded),
            None => stock::service::take_code(&mut tx, platform, user, id, first).await?,
        };
        let event =
            |what| Event::new(now, what, Some(user.customer)).by(user).about(user.id).from(self.origin.address.clone());
        if !right {
            let wrong = event(What::CodeWrong).with("at", "activate_token").with("token", &token.serial);
            audit::service::record(&mut tx, platform, wrong).await?;
            tx.commit().await?;
            let ran_ahead = second.is_none() && token.profile.moving == Moving::Counter;
            return Ok(if ran_ahead { ActivateOutcome::TwoNeeded } else { ActivateOutcome::Wrong });
        }
        if is_active {
            let in_step = event(What::TokenInStep).with("token", &token.serial);
            audit::service::record(&mut tx, platform, in_step).await?;
            tx.commit().await?;
            return Ok(ActivateOutcome::InStep);
        }
        if !stock::service::act(&mut tx, &token, TokenAct::Activate, None, user, now).await? {
            return Ok(ActivateOutcome::Gone);
        }
        methods::service::register_token(&mut tx, platform, user, id, &token.serial).await?;
        session::service::end_all_challenges(&mut tx, user.customer, &[user.id]).await?;
        let ended = session::service::end_others(&mut tx, self.session).await?;
        let mail = Mail::MethodAdded { at: now, method: MethodKind::HardwareToken, name: Some(token.serial.clone()) };
        outbox::service::enqueue(&mut tx, platform, vec![Letter { user, mail, link: None }]).await?;
        let activated = event(What::TokenActivated).with("token", &token.serial).with("sessions_ended", ended);
        audit::service::record(&mut tx, platform, activated).await?;
        tx.commit().await?;
        Ok(ActivateOutcome::Done)
    }
}

/// The token, if it waits for `user`, or is theirs and has a counter: a clock keeps its own step.
async fn mine(conn: &mut Conn, user: UserRef, id: TokenId) -> Result<Option<Token>> {
    let tokens = stock::service::of_user(conn, user).await?;
    let counts = |token: &Token| token.facts.activated_at.is_none() || token.profile.moving == Moving::Counter;
    Ok(tokens.into_iter().find(|token| token.id == id && counts(token)))
}
