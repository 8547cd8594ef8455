//! A new password for somebody who has forgotten theirs, by a link in a mail. One mailbox never opens two doors:
//!
//! - Whoever has a second factor gets the link. The new password leads to that factor, and no further.
//! - Whoever was reset gets none: the mailbox holds the recovery link already, and a password would be the second proof that
//!   goes with it. Their help desk makes a caller code once it knows that it is them.
//! - Whoever has no factor where one is required gets none either: with a new password the sign-in would lead to the set-up of
//!   a first factor, so that the mailbox alone would let in whoever reads it. Their help desk invites them again.
//! - Where no factor is required and there is none, the password is all that is asked for. There the mailbox is what stands
//!   in for it, as it did when the account was made.
//!
//! A password that was set so is remembered as such until its user has signed in with a second factor. As long as it is, it is no second proof
//! beside a recovery link, nor does it lead to a set-up after a reset: both would again be the mailbox alone.

use serde::{Deserialize, Serialize};

use super::not_me::Hold;
use super::spelled;
use super::time::Span;
use super::user::Standing;

/// How long the link works.
pub const LIFETIME: Span = Span::minutes(30);
/// How many requests for one address are answered within [`WINDOW`].
pub const MOST_FOR_AN_ADDRESS: i64 = 3;
/// How many requests are taken from one network address within [`WINDOW`].
pub const MOST_FROM_AN_ORIGIN: i64 = 60;
/// The time over which requests are counted.
pub const WINDOW: Span = Span::hours(1);

/// What a request is answered with, by mail; the page says the same to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A link to a new password.
    Link,
    /// That the help desk helps.
    HelpDesk,
    /// No mail.
    Nothing,
}
spelled!(Answer { Link => "link", HelpDesk => "help_desk", Nothing => "nothing" });

/// What decides about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a user")]
pub struct Facts {
    /// Whether they can sign in at all.
    pub standing: Standing,
    /// Whether their address is known to reach them.
    pub address_verified: bool,
    /// Whether they have a second factor.
    pub has_factor: bool,
    /// Whether a reset waits for them to set up again.
    pub set_up_due: bool,
    /// What holds since they said of a notice that it was not them.
    pub hold: Hold,
    /// Whether their customer requires a second factor.
    pub mfa_required: bool,
}

/// How a request of a user with these facts is answered.
#[must_use]
pub const fn answer(facts: Facts) -> Answer {
    match facts.standing {
        Standing::Invited | Standing::Suspended => Answer::Nothing,
        Standing::Active if !facts.address_verified => Answer::Nothing,
        Standing::Active if facts.set_up_due || matches!(facts.hold, Hold::Frozen) => Answer::HelpDesk,
        Standing::Active if facts.has_factor || !facts.mfa_required => Answer::Link,
        Standing::Active => Answer::HelpDesk,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::policy::Policy;
    use super::super::sign_in::{self, AfterPassword, Step, after_password};
    use super::*;

    proptest! {
        #[test]
        fn a_mailbox_alone_passes_no_second_factor_and_sets_none_up(
            standing in prop::sample::select(Standing::ALL),
            facts: [bool; 6],
            hold in prop::sample::select(vec![Hold::None, Hold::Frozen, Hold::LinkOnly]),
        ) {
            let [address_verified, has_factor, set_up_due, mfa_required, set_up_at_sign_in, call_back_check] = facts;
            let facts = Facts { standing, address_verified, has_factor, set_up_due, hold, mfa_required };
            let policy = Policy { mfa_required, set_up_at_sign_in, call_back_check, ..Policy::default() };
            if answer(facts) == Answer::Link {
                // What the new password leads to at the sign-in page, now and after a reset.
                let then = sign_in::Facts { standing, has_factor, set_up_due, password_by_mail: true, hold, policy };
                let led = after_password(then);
                prop_assert!(led == AfterPassword::Challenge(Step::Factor) || (led == AfterPassword::SignedIn && !mfa_required));
                let reset = sign_in::Facts { has_factor: false, set_up_due: true, ..then };
                prop_assert_eq!(after_password(reset), AfterPassword::LinkRequired);
                prop_assert_ne!(hold, Hold::Frozen);
            }
        }
    }
}
