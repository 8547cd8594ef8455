//! Sign-in and set-up: what a right password leads to, from step to step (`steps`), the bounds on guessing (`guessing`), what
//! puts a set-up off (`grace`), and what somebody can prove a second factor with (`ways`).
//!
//! A right password opens a *challenge*: a half-finished sign-in, or a set-up that a recovery link led to. It moves from
//! step to step and ends in a session, in a finished set-up, or dead. There is no way past a step but through it.

mod grace;
mod guessing;
mod steps;
mod ways;

pub use grace::{Grace, Left, may_postpone};
pub use guessing::{GUESS_WINDOW, GUESSES_IN_A_ROW, GUESSES_IN_WINDOW, Guesses, Guessing};
pub use steps::{Next, Passed, advance};
pub use ways::{Way, ways};

use serde::{Deserialize, Serialize};

use super::not_me::Hold;
use super::policy::Policy;
use super::spelled;
use super::time::{Span, Time};
use super::user::Standing;

/// How long a half-finished sign-in waits.
pub const SIGN_IN_LIFETIME: Span = Span::minutes(10);
/// How long a set-up that a link led to waits.
pub const RECOVERY_LIFETIME: Span = Span::minutes(15);
/// How long somebody who proved themself again may take to add an authenticator.
pub const ADD_METHOD_LIFETIME: Span = Span::minutes(5);
/// How long a passkey may take to answer for a step-up, and the answer to be sent.
pub const STEP_UP_LIFETIME: Span = Span::minutes(5);
/// Wrong codes that end a challenge.
pub const WRONG_CODES: i64 = 5;
/// A session ends when it was not used for this long.
pub const SESSION_IDLE: Span = Span::minutes(60);
/// A session ends this long after sign-in, used or not.
pub const SESSION_LIFETIME: Span = Span::hours(12);

/// Where a challenge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The sign-in page.
    SignIn,
    /// A recovery link, and the password or a caller code.
    Recovery,
    /// An invitation and a new password.
    Invitation,
    /// A session and a fresh second factor: one more authenticator.
    AddMethod,
    /// A session that asked a passkey for a step-up.
    StepUp,
    /// A link in a mail to whoever has forgotten the password.
    Forgotten,
    /// A link in a mail to another address of somebody's.
    NewAddress,
}
spelled!(Purpose {
    SignIn => "sign_in",
    Recovery => "recovery",
    Invitation => "invitation",
    AddMethod => "add_method",
    StepUp => "step_up",
    Forgotten => "forgotten",
    NewAddress => "new_address",
});

impl Purpose {
    /// How long a challenge for this purpose waits.
    #[must_use]
    pub const fn lifetime(self) -> Span {
        match self {
            Self::SignIn => SIGN_IN_LIFETIME,
            Self::Recovery | Self::Invitation => RECOVERY_LIFETIME,
            Self::AddMethod => ADD_METHOD_LIFETIME,
            Self::StepUp => STEP_UP_LIFETIME,
            Self::Forgotten => super::forgotten::LIFETIME,
            Self::NewAddress => super::address::LIFETIME,
        }
    }
}

/// What a challenge waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A code of the authenticator, or a backup code.
    Factor,
    /// A new password, of somebody whom a caller code let in without the old one.
    NewPassword,
    /// A new authenticator and its first code.
    SetUp,
    /// One of the new backup codes, typed back.
    SaveCodes,
    /// The link in the mail to a new address.
    Confirm,
    /// Nothing any more: it stays for the page that says what is new.
    Done,
}
spelled!(Step {
    Factor => "factor",
    NewPassword => "new_password",
    SetUp => "set_up",
    SaveCodes => "save_codes",
    Confirm => "confirm",
    Done => "done",
});

/// With this begins, in the field of a form that would otherwise hold six digits, what a passkey answered.
pub const PASSKEY: &str = "passkey ";

/// Why a change was not confirmed by a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeProblem {
    /// Not six digits.
    Malformed,
    /// Wrong, or used before.
    Wrong,
    /// By a passkey of which there are two: it is refused from now on.
    Copied,
    /// Too many wrong codes: none is taken before `until`.
    Locked {
        /// When the next one is taken.
        until: Time,
        /// When this was said.
        now: Time,
    },
    /// Far too many wrong codes.
    Disabled,
}

/// What a user's rows say at the moment their password was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether they can sign in at all.
    pub standing: Standing,
    /// Whether they have a working second factor.
    pub has_factor: bool,
    /// Whether a reset waits for them to set up again.
    pub set_up_due: bool,
    /// Whether their password was set with nothing but a mail, and no second factor was given with it since.
    pub password_by_mail: bool,
    /// What holds since they said of a notice that it was not them.
    pub hold: Hold,
    /// What their customer asks of them.
    pub policy: Policy,
}

impl Facts {
    /// Whether, after a reset, the link in the mail is the only way back in.
    #[must_use]
    pub const fn link_required(&self) -> bool {
        self.password_by_mail || self.policy.link_required() || matches!(self.hold, Hold::LinkOnly)
    }
}

/// What follows a right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterPassword {
    /// Nobody who is not active gets further, and is told no more than a stranger.
    Refused,
    /// A challenge at this step.
    Challenge(Step),
    /// A reset waits for them, and their customer lets nobody set up again without the link: a stolen password alone
    /// opens nothing.
    LinkRequired,
    /// Nobody gets in before a reset: they said of a notice that it was not them.
    Frozen,
    /// Signed in: no factor is there, required or due.
    SignedIn,
}

/// What follows a right password at the sign-in page.
#[must_use]
pub const fn after_password(facts: Facts) -> AfterPassword {
    match facts.standing {
        Standing::Invited | Standing::Suspended => AfterPassword::Refused,
        Standing::Active if matches!(facts.hold, Hold::Frozen) => AfterPassword::Frozen,
        Standing::Active if facts.has_factor => AfterPassword::Challenge(Step::Factor),
        Standing::Active if facts.set_up_due && facts.link_required() => AfterPassword::LinkRequired,
        Standing::Active if facts.policy.mfa_required || facts.set_up_due => AfterPassword::Challenge(Step::SetUp),
        Standing::Active => AfterPassword::SignedIn,
    }
}

/// Whether a recovery link can lead somebody anywhere who stands like this.
#[must_use]
pub const fn may_recover(standing: Standing, hold: Hold) -> bool {
    matches!((standing, hold), (Standing::Active, Hold::None | Hold::LinkOnly))
}

/// Whether a set-up at sign-in may be shown and finished with these facts: what allowed it may have changed since.
#[must_use]
pub fn may_set_up(purpose: Purpose, facts: Facts) -> bool {
    match purpose {
        Purpose::Recovery | Purpose::Invitation => may_recover(facts.standing, facts.hold),
        Purpose::SignIn => {
            matches!(after_password(facts), AfterPassword::Challenge(Step::SetUp) | AfterPassword::SignedIn)
        }
        // One more authenticator is no set-up: it is added elsewhere, by whoever has a session.
        Purpose::AddMethod | Purpose::StepUp | Purpose::Forgotten | Purpose::NewAddress => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(standing: Standing, has_factor: bool, set_up_due: bool, mfa_required: bool) -> Facts {
        Facts {
            standing,
            has_factor,
            set_up_due,
            password_by_mail: false,
            hold: Hold::None,
            policy: Policy { mfa_required, ..Policy::default() },
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix_milliseconds(seconds * 1000)
    }

    /// Any facts of somebody who can sign in, with MFA switched on at any moment of the first thousand hours.
    fn any_facts() -> impl Strategy<Value = Facts> {
        let since = prop::option::of(0i64..3_600_000);
        (any::<[bool; 4]>(), since, 0u16..=90).prop_map(
            |([has_factor, set_up_due, mfa_required, set_up_at_sign_in], since, grace_days)| {
                let mfa_required_since = since.map(at);
                let policy =
                    Policy { mfa_required, mfa_required_since, grace_days, set_up_at_sign_in, ..Policy::default() };
                Facts {
                    standing: Standing::Active,
                    has_factor,
                    set_up_due,
                    password_by_mail: false,
                    hold: Hold::None,
                    policy,
                }
            },
        )
    }

    #[test]
    fn where_the_link_is_required_a_password_leads_nowhere_after_a_reset() {
        for mfa_required in [true, false] {
            let policy = Policy { set_up_at_sign_in: false, mfa_required, ..Policy::default() };
            let reset = Facts { policy, ..facts(Standing::Active, false, true, true) };
            assert_eq!(after_password(reset), AfterPassword::LinkRequired);
            assert!(!may_set_up(Purpose::SignIn, reset));
            assert!(may_set_up(Purpose::Recovery, reset));
            // Who was not reset is not concerned.
            let new = Facts { set_up_due: false, ..reset };
            assert_ne!(after_password(new), AfterPassword::LinkRequired);
        }
    }

    #[test]
    fn whoever_said_that_it_was_not_them_is_let_in_by_nothing_but_the_link_of_a_newer_reset() {
        for (has_factor, set_up_due) in [(true, false), (false, true), (false, false)] {
            let frozen = Facts { hold: Hold::Frozen, ..facts(Standing::Active, has_factor, set_up_due, false) };
            assert_eq!(after_password(frozen), AfterPassword::Frozen);
            assert!(Purpose::ALL.iter().all(|purpose| !may_set_up(*purpose, frozen)));
        }
        let reset = Facts { hold: Hold::LinkOnly, ..facts(Standing::Active, false, true, true) };
        assert_eq!(after_password(reset), AfterPassword::LinkRequired);
        assert!(!may_set_up(Purpose::SignIn, reset) && may_set_up(Purpose::Recovery, reset));
    }

    #[test]
    fn only_the_active_get_further() {
        for standing in [Standing::Invited, Standing::Suspended] {
            assert_eq!(after_password(facts(standing, true, true, true)), AfterPassword::Refused);
        }
    }

    #[test]
    fn after_a_reset_set_up_is_due_even_where_no_factor_is_required() {
        assert_eq!(after_password(facts(Standing::Active, false, true, false)), AfterPassword::Challenge(Step::SetUp));
        assert_eq!(after_password(facts(Standing::Active, false, false, false)), AfterPassword::SignedIn);
    }

    proptest! {
        #[test]
        fn a_password_alone_signs_nobody_in_who_has_or_owes_a_factor(has_factor: bool, set_up_due: bool, mfa_required: bool) {
            prop_assume!(has_factor || set_up_due || mfa_required);
            let after = after_password(facts(Standing::Active, has_factor, set_up_due, mfa_required));
            prop_assert_ne!(after, AfterPassword::SignedIn);
        }

        #[test]
        fn a_set_up_is_put_off_only_in_grace_by_those_who_were_never_reset(
            facts in any_facts(),
            standing in prop::sample::select(Standing::ALL),
            now in 0i64..14_000_000,
        ) {
            let facts = Facts { standing, ..facts };
            let now = at(now);
            if let Some(grace) = may_postpone(facts, now) {
                prop_assert_eq!(standing, Standing::Active);
                prop_assert!(!facts.set_up_due && !facts.has_factor && facts.policy.mfa_required);
                let since = facts.policy.mfa_required_since.unwrap();
                prop_assert!(now < since + Span::hours(24 * i64::from(facts.policy.grace_days)));
                prop_assert_eq!(now + grace.left, grace.until);
                prop_assert!(grace.left > Span::seconds(0));
                // And the same answer for the same people until the end, and none from then on.
                prop_assert_eq!(may_postpone(facts, grace.until), None);
            }
        }

        #[test]
        fn a_set_up_at_sign_in_is_never_open_to_those_who_have_a_factor_or_need_the_link(facts in any_facts()) {
            if may_set_up(Purpose::SignIn, facts) {
                prop_assert!(!facts.has_factor);
                prop_assert!(!facts.set_up_due || !facts.policy.link_required());
            }
        }
    }
}
