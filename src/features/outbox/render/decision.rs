//! What became of a request for approval, in the words of the mails about it.

use crate::domain::approval::Decision;
use crate::words::{Locale, td_string};

/// For whoever asked: the subject, what happened, and what that means for them.
pub(super) fn decided(
    locale: Locale,
    decision: Decision,
    moment: String,
    who: String,
    people: String,
) -> (&'static str, String, &'static str) {
    match decision {
        Decision::Approved => (
            td_string!(locale, mail.approval.approved_subject),
            td_string!(locale, mail.approval.approved, moment = moment, who = who, people = people),
            td_string!(locale, mail.approval.approved_now),
        ),
        Decision::ChangesAsked => (
            td_string!(locale, mail.approval.changes_subject),
            td_string!(locale, mail.approval.changes, moment = moment, who = who, people = people),
            td_string!(locale, mail.approval.changes_now),
        ),
        Decision::Expired => (
            td_string!(locale, mail.approval.expired_subject),
            td_string!(locale, mail.approval.expired, moment = moment, people = people),
            td_string!(locale, mail.approval.declined_now),
        ),
        Decision::Declined | Decision::Withdrawn => (
            td_string!(locale, mail.approval.declined_subject),
            td_string!(locale, mail.approval.declined, moment = moment, who = who, people = people),
            td_string!(locale, mail.approval.declined_now),
        ),
    }
}

/// For the others who could have decided: what happened.
pub(super) fn decided_by_another(
    locale: Locale,
    decision: Decision,
    moment: String,
    who: String,
    people: String,
) -> String {
    match decision {
        Decision::Approved => {
            td_string!(locale, mail.approval.over_approved, moment = moment, who = who, people = people)
        }
        Decision::Declined => {
            td_string!(locale, mail.approval.over_declined, moment = moment, who = who, people = people)
        }
        Decision::ChangesAsked => {
            td_string!(locale, mail.approval.over_changes, moment = moment, who = who, people = people)
        }
        Decision::Withdrawn => {
            td_string!(locale, mail.approval.over_withdrawn, moment = moment, who = who, people = people)
        }
        Decision::Expired => {
            td_string!(locale, mail.approval.over_expired, moment = moment, who = who, people = people)
        }
    }
}
