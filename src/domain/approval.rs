//! The second person whom some resets need: when one is needed, who may be it, and what becomes of the request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::authority::{Actor, Refusal, Right, Role};
use super::customer::Customer;
use super::ids::CustomerId;
use super::sign_in::CodeProblem;
use super::spelled;
use super::time::{Span, Time};
use super::user::UserRef;

/// How long a request can be decided about.
pub const LIFETIME: Span = Span::hours(24);
/// The most people who are asked by mail.
pub const MOST_ASKED: usize = 20;

/// Why a reset needs a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// So many users of one customer are reset, which asks for it from so many on.
    Many(usize, u16),
    /// It goes across several customers.
    Across,
    /// An owner or admin is in it.
    Privileged,
}

/// Why the policies of the customers concerned demand a second person; nothing when none does. Only those who will be reset
/// count, and each customer with one of them may demand it. `privileged` says whether one of them is an owner or admin,
/// wherever that is.
#[must_use]
pub fn reasons(resets: &BTreeMap<CustomerId, Vec<UserRef>>, privileged: bool, customers: &[Customer]) -> Vec<Reason> {
    let across = resets.len() > 1;
    let mut reasons = Vec::new();
    for (id, users) in resets {
        let Some(policy) = customers.iter().find(|customer| customer.id == *id).map(|customer| &customer.policy) else {
            continue;
        };
        let from = policy.approver_from;
        if from > 0 && users.len() >= usize::from(from) {
            reasons.push(Reason::Many(users.len(), from));
        }
        reasons.extend((across && policy.approver_across).then_some(Reason::Across));
        reasons.extend((privileged && policy.approver_privileged).then_some(Reason::Privileged));
    }
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// Why somebody may not decide about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfit {
    /// They asked for it themself.
    Requester,
    /// They have no authority over somebody who will be reset, or may not see somebody in it.
    Outside(Refusal),
}

impl Unfit {
    /// In one word, for the audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Outside(refusal) => refusal.as_str(),
        }
    }
}

/// Whether `actor` may decide about what `requester` asked for: with a second factor of their own, over everybody in
/// `going`, who will be reset, and with a role in each customer of the plan, so that they see it whole.
///
/// # Errors
/// The first reason against it.
pub fn may_approve(
    actor: &Actor,
    requester: UserRef,
    customers: &[CustomerId],
    going: impl IntoIterator<Item = (UserRef, Role)>,
) -> Result<(), Unfit> {
    if actor.user == requester {
        return Err(Unfit::Requester);
    }
    if !actor.has_mfa {
        return Err(Unfit::Outside(Refusal::NoFactorOfYourOwn));
    }
    let scope = actor.scope(Right::Manage);
    if customers.iter().any(|customer| !scope.covers(*customer)) {
        return Err(Unfit::Outside(Refusal::NoRole));
    }
    going.into_iter().try_for_each(|(user, role)| actor.may_manage(user, role)).map_err(Unfit::Outside)
}

/// How a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// It runs.
    Approved,
    /// It never does.
    Declined,
    /// It does not as it is: whoever asked is to plan it anew.
    ChangesAsked,
    /// Whoever asked took it back.
    Withdrawn,
    /// Nobody decided in time, and that was written down.
    Expired,
}
spelled!(Decision {
    Approved => "approved",
    Declined => "declined",
    ChangesAsked => "changes_asked",
    Withdrawn => "withdrawn",
    Expired => "expired",
});

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It can be decided about.
    Waiting,
    /// Nobody decided in time.
    Expired,
    /// It was decided.
    Decided(Decision),
}

impl State {
    /// Where a request of `asked_at` stands at `now`.
    #[must_use]
    pub fn of(asked_at: Time, decision: Option<Decision>, now: Time) -> Self {
        match decision {
            Some(Decision::Expired) => Self::Expired,
            Some(decision) => Self::Decided(decision),
            None if now < asked_at + LIFETIME => Self::Waiting,
            None => Self::Expired,
        }
    }
}

/// What came of deciding about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// It is decided so.
    Done(Decision),
    /// It cannot be decided about any more.
    Over(State),
    /// No request of which they may say this.
    Unknown,
    /// They asked for it themself.
    Yours,
    /// Not what was reviewed.
    Changed,
    /// Somebody in it has changed since it was frozen.
    Outdated,
    /// Whoever asked may not reset everybody in it any more.
    RequesterMayNot,
    /// By now a customer needs a reason or a ticket number, and it has none.
    Lacking,
    /// A decision against it needs a reason.
    ReasonMissing,
    /// Their own code was not taken.
    Code(CodeProblem),
}

#[cfg(test)]
mod tests {
    use super::super::ids::UserId;
    use super::super::policy::Policy;
    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(Time::from_unix_milliseconds(0), [n; 10])
    }

    fn user(home: u8, n: u8) -> UserRef {
        UserRef { customer: customer(home), id: UserId::new(Time::from_unix_milliseconds(0), [n; 10]) }
    }

    fn demanded(policies: &[Policy], counts: &[usize], privileged: bool) -> Vec<Reason> {
        let with = |(n, policy): (usize, &Policy)| Customer {
            id: customer(u8::try_from(n).unwrap()),
            name: n.to_string(),
            help_desk: None,
            language: None,
            zone: None,
            policy: *policy,
        };
        let customers: Vec<Customer> = policies.iter().enumerate().map(with).collect();
        let of = |(n, count): (usize, &usize)| {
            let n = u8::try_from(n).unwrap();
            (customer(n), (0..*count).map(|user_n| user(n, u8::try_from(user_n).unwrap())).collect())
        };
        let resets = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(of).collect();
        reasons(&resets, privileged, &customers)
    }

    #[test]
    fn a_second_person_is_needed_when_a_policy_says_so() {
        use Reason::{Across, Many, Privileged};
        type Row<'a> = (&'a [Policy], &'a [usize], bool, &'a [Reason]);
        let off = Policy::default();
        let from = |approver_from| Policy { approver_from, ..off };
        let across = Policy { approver_across: true, ..off };
        let privileged = Policy { approver_privileged: true, ..off };
        let all = Policy { approver_from: 2, approver_across: true, approver_privileged: true, ..off };
        let table: [Row<'_>; 16] = [
            (&[off], &[250], true, &[]),
            (&[off, off], &[3, 3], true, &[]),
            (&[from(3)], &[2], false, &[]),
            (&[from(3)], &[3], false, &[Many(3, 3)]),
            (&[from(1)], &[1], false, &[Many(1, 1)]),
            (&[from(3)], &[2], true, &[]),
            // Each customer counts its own.
            (&[from(3), off], &[2, 2], false, &[]),
            (&[from(3), from(2)], &[2, 2], false, &[Many(2, 2)]),
            (&[from(2), from(2)], &[2, 2], false, &[Many(2, 2)]),
            (&[from(2), from(1)], &[4, 5], false, &[Many(4, 2), Many(5, 1)]),
            // Any customer may demand it, the first or the last, and only one of whose users somebody is reset.
            (&[across, off], &[1, 1], false, &[Across]),
            (&[off, across], &[1, 1], false, &[Across]),
            (&[across, off], &[5, 0], false, &[]),
            (&[off, privileged], &[1, 1], true, &[Privileged]),
            (&[off, all], &[1, 0], true, &[]),
            (&[all, all], &[2, 1], true, &[Many(2, 2), Across, Privileged]),
        ];
        for (policies, counts, has_privileged, expected) in table {
            assert_eq!(demanded(policies, counts, has_privileged), expected, "{policies:?} {counts:?}");
        }
    }

    #[test]
    fn only_somebody_else_with_authority_over_everybody_approves() {
        let actor = |roles: &[(u8, Role)], has_mfa| Actor {
            user: user(1, 9),
            name: "Oa".into(),
            roles: roles.iter().map(|(n, role)| (customer(*n), *role)).collect(),
            all_as_of: None,
            has_mfa,
        };
        let requester = user(1, 0);
        let going = [(user(1, 1), Role::Member), (user(2, 2), Role::Admin)];
        let customers = [customer(1), customer(2)];
        let may = |actor: &Actor| may_approve(actor, requester, &customers, going);
        let both = [(1, Role::Admin), (2, Role::Admin)];
        assert_eq!(may(&actor(&both, true)), Ok(()));
        assert_eq!(may(&actor(&both, false)), Err(Unfit::Outside(Refusal::NoFactorOfYourOwn)));
        assert_eq!(may(&Actor { user: requester, ..actor(&both, true) }), Err(Unfit::Requester));
        let themself = Actor { user: user(2, 2), ..actor(&both, true) };
        assert_eq!(may(&themself), Err(Unfit::Outside(Refusal::Yourself)));
        for there in [None, Some(Role::Auditor), Some(Role::Member)] {
            let roles: Vec<_> = [(1, Role::Owner)].into_iter().chain(there.map(|role| (2, role))).collect();
            assert_eq!(may(&actor(&roles, true)), Err(Unfit::Outside(Refusal::NoRole)), "{there:?}");
        }
        let an_owner = [(user(2, 3), Role::Owner)];
        let judged = |role| may_approve(&actor(&[(2, role)], true), requester, &customers[1..], an_owner);
        assert_eq!(judged(Role::Admin), Err(Unfit::Outside(Refusal::OwnersOnly)));
        assert_eq!(judged(Role::Owner), Ok(()));
        // Whoever keeps everything is seen, and needs no authority.
        assert_eq!(
            may_approve(&actor(&[(2, Role::Admin)], true), requester, &customers, []),
            Err(Unfit::Outside(Refusal::NoRole))
        );
    }

    #[test]
    fn a_request_waits_for_a_day_to_the_millisecond() {
        let at = Time::from_unix_milliseconds;
        let day = 24 * 3_600_000;
        assert_eq!(State::of(at(5), None, at(5)), State::Waiting);
        assert_eq!(State::of(at(5), None, at(4 + day)), State::Waiting);
        assert_eq!(State::of(at(5), None, at(5 + day)), State::Expired);
        for decision in Decision::ALL {
            let expected = if *decision == Decision::Expired { State::Expired } else { State::Decided(*decision) };
            assert_eq!(State::of(at(5), Some(*decision), at(6 + day)), expected);
        }
    }
}
