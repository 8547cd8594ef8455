//! Where a challenge goes: there is no way past a step but through it.

use super::{Purpose, Step};

/// What just succeeded at a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A code of the authenticator, or a backup code.
    Factor,
    /// A new password was chosen.
    NewPassword,
    /// The first code of a new authenticator.
    SetUp,
    /// A backup code was typed back.
    SaveCodes,
}

/// Where a challenge goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To another step.
    To(Step),
    /// Into a session.
    SignedIn,
    /// To the end of a recovery, or to a new password: the user signs in with what they just set up.
    BackIn,
    /// To the end of an addition: the session it came from goes on.
    Added,
    /// Nowhere: that is not what this challenge waits for.
    Refused,
}

/// Where a challenge at `step` goes after `passed`.
#[must_use]
pub const fn advance(purpose: Purpose, step: Step, passed: Passed) -> Next {
    match (step, passed, purpose) {
        (Step::Factor, Passed::Factor, Purpose::SignIn)
        | (Step::SaveCodes, Passed::SaveCodes, Purpose::SignIn | Purpose::Invitation) => Next::SignedIn,
        (Step::NewPassword, Passed::NewPassword, Purpose::Recovery) => Next::To(Step::SetUp),
        (Step::SetUp, Passed::SetUp, Purpose::SignIn | Purpose::Recovery | Purpose::Invitation) => {
            Next::To(Step::SaveCodes)
        }
        (Step::SetUp, Passed::SetUp, Purpose::AddMethod) => Next::Added,
        (Step::SaveCodes, Passed::SaveCodes, Purpose::Recovery)
        | (Step::NewPassword, Passed::NewPassword, Purpose::Forgotten) => Next::BackIn,
        _ => Next::Refused,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_step_is_skipped(
            passed in prop::collection::vec(prop::sample::select(vec![Passed::Factor, Passed::NewPassword, Passed::SetUp, Passed::SaveCodes]), 0..16),
            purpose in prop::sample::select(Purpose::ALL),
            start in prop::sample::select(vec![Step::Factor, Step::NewPassword, Step::SetUp]),
        ) {
            // Whatever is thrown at a challenge, it ends only after every step of its path was passed in order.
            let mut step = start;
            let mut done = Vec::new();
            for event in passed {
                match advance(purpose, step, event) {
                    Next::To(next) => { done.push(step); step = next; }
                    Next::SignedIn | Next::BackIn => {
                        done.push(step);
                        let whole = match start {
                            Step::Factor => vec![Step::Factor],
                            Step::NewPassword if purpose == Purpose::Forgotten => vec![Step::NewPassword],
                            Step::NewPassword => vec![Step::NewPassword, Step::SetUp, Step::SaveCodes],
                            _ => vec![Step::SetUp, Step::SaveCodes],
                        };
                        prop_assert_eq!(done, whole);
                        return Ok(());
                    }
                    Next::Added => {
                        prop_assert_eq!((purpose, start), (Purpose::AddMethod, Step::SetUp));
                        return Ok(());
                    }
                    Next::Refused => {}
                }
            }
        }

        #[test]
        fn a_recovery_never_ends_in_a_session(step in prop::sample::select(Step::ALL), passed in prop::sample::select(vec![Passed::Factor, Passed::SetUp, Passed::SaveCodes])) {
            prop_assert_ne!(advance(Purpose::Recovery, step, passed), Next::SignedIn);
        }
    }
}
