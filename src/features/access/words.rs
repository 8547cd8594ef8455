//! What the pages of this slice say alike.

use crate::domain::access::{CodeProblem, last_moment};
use crate::domain::authority::{Refusal, Role};
use crate::domain::time::Time as Moment;
use crate::ui::day;

/// A role, as a list shows it.
pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    }
}

/// A role in a sentence, with its article.
pub const fn a_role(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Admin => "an admin",
        Role::Auditor => "an auditor",
        Role::Member => "a member",
    }
}

/// What somebody of this role may do.
pub const fn may(role: Role) -> &'static str {
    match role {
        Role::Owner => "Does everything here: resets everyone, gives every role, sets the policy.",
        Role::Admin => "Resets everyone but owners, and gives every role but that of owner.",
        Role::Auditor => "Reads everything and changes nothing.",
        Role::Member => "Looks after their own sign-in only.",
    }
}

/// "30 June 2027", the last day of an access that ends at `ends_at`.
pub fn last_day(ends_at: Moment) -> String {
    day(last_moment(ends_at))
}

/// Why a code was not taken.
pub fn code_problem(problem: CodeProblem) -> String {
    match problem {
        CodeProblem::Malformed => "A code has 6 digits.".to_owned(),
        CodeProblem::Wrong => "That code is not right, or it has just been used. Wait for the next one.".to_owned(),
        CodeProblem::Locked { until, now } => match (until - now).as_minutes_up() {
            1 => "Too many wrong codes. The next one is taken in 1 minute.".to_owned(),
            minutes => format!("Too many wrong codes. The next one is taken in {minutes} minutes."),
        },
        CodeProblem::Disabled => "Codes are no longer taken here. An owner must reset you.".to_owned(),
    }
}

/// Why a role may not be changed.
pub const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoFactorOfYourOwn => "You have no second factor of your own.",
        Refusal::Yourself => "Nobody changes their own role.",
        Refusal::NoRole => "Your role here changes no roles.",
        Refusal::OwnersOnly => "Only an owner makes and unmakes owners.",
    }
}
