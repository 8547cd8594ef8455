//! What the pages of this slice say alike.

use crate::domain::access::last_moment;
use crate::domain::authority::{Refusal, Role};
use crate::domain::customer::NameProblem;
use crate::domain::time::Time as Moment;
use crate::domain::zone::Zone;
use crate::words::{dates::day, locale};

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

/// "30 June 2027 (UTC)", the last day of an access that ends at `ends_at`.
pub fn last_day(ends_at: Moment) -> String {
    // Such a day is one of UTC, wherever its reader is.
    format!("{} (UTC)", day(locale(), &Zone::UTC, last_moment(ends_at)))
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

/// Why a customer cannot be called so.
pub const fn name_problem(problem: NameProblem) -> &'static str {
    match problem {
        NameProblem::Missing => "A customer needs a name.",
        NameProblem::TooLong => "A name has at most 200 characters.",
        NameProblem::Taken => "There is a customer with this name already.",
    }
}

/// What is said of a help desk that would not be kept whole.
pub const HELP_DESK_TOO_LONG: &str = "At most 200 characters: mails show all of it.";
