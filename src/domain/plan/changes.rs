//! What is no longer as it was reviewed. Whoever decides about a frozen plan is shown who in it has changed in a way that a
//! reviewer would want to know, and decides about just that; or everybody is looked at anew.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::authority::{Actor, Refusal, Role};
use super::super::method::MethodKind;
use super::super::user::UserRef;
use super::{Candidate, Item, Skip, Verdict, decide};

/// Somebody in a plan who is not as they were reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As they were.
    pub planned: Item,
    /// As they are.
    pub now: Item,
}

impl Change {
    /// Whether something else would become of them.
    #[must_use]
    pub fn is_of_verdict(&self) -> bool {
        self.planned.verdict != self.now.verdict
    }

    /// Whether they have another role. A plan from before roles were kept says nothing of it.
    #[must_use]
    pub fn is_of_role(&self) -> bool {
        self.planned.role.is_some() && self.now.role.is_some() && self.planned.role != self.now.role
    }

    /// The kinds of which they have more or fewer methods.
    #[must_use]
    pub fn kinds(&self) -> Vec<MethodKind> {
        let differs = |kind: &&MethodKind| self.planned.holdings.of(**kind) != self.now.holdings.of(**kind);
        MethodKind::ALL.iter().filter(differs).copied().collect()
    }

    /// Whether it is one. What becomes of somebody counts for everybody; role and methods only of whoever is reset, for the
    /// others keep theirs. Backup codes are spent, sessions, trusted devices and half-finished sign-ins come and go, all by
    /// themselves, and all of them end however many there are.
    fn counts(&self) -> bool {
        let is_reset = self.planned.verdict == Verdict::Reset;
        self.is_of_verdict() || (is_reset && (self.is_of_role() || !self.kinds().is_empty()))
    }
}

/// What else than the facts about somebody keeps them from being reset now.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// Without them a customer would have no owner who can sign in.
    pub last_owners: BTreeSet<UserRef>,
    /// They were reset by another plan since.
    pub reset_since: BTreeSet<UserRef>,
}

/// Who of a plan is not as they were reviewed, in the order of the plan. `actor` is whoever asked for it, none where they can
/// ask for nothing any more; `now` are those of its users who are still there.
#[must_use]
pub fn changes(actor: Option<&Actor>, planned: &[Item], now: &[Candidate], against: &Against) -> Vec<Change> {
    let now: BTreeMap<UserRef, &Candidate> = now.iter().map(|candidate| (candidate.user, candidate)).collect();
    let change = |item: &Item| {
        let now = match now.get(&item.user) {
            Some(candidate) => Item {
                user: item.user,
                role: Some(candidate.role),
                holdings: candidate.holdings,
                verdict: judged(actor, candidate, against),
            },
            // Of whoever left, what they had is no more to be told.
            None => Item { verdict: Verdict::Skip(Skip::Gone), ..item.clone() },
        };
        Change { planned: item.clone(), now }
    };
    planned.iter().map(change).filter(Change::counts).collect()
}

/// The text that is hashed, so that nobody decides about other changes than they saw: one line a change.
#[must_use]
pub fn canonical_changes(changes: &[Change]) -> String {
    let line = |change: &Change| {
        let Item { user, role, verdict, holdings } = &change.now;
        let verdict = match verdict {
            Verdict::Reset => "reset",
            Verdict::Skip(skip) => skip.as_str(),
        };
        let role = role.map_or("-", Role::as_str);
        let methods: Vec<String> = MethodKind::ALL.iter().map(|kind| holdings.of(*kind).to_string()).collect();
        format!("{} {} {verdict} {role} {}\n", user.customer, user.id, methods.join(" "))
    };
    changes.iter().map(line).collect()
}

/// What would become of somebody now.
fn judged(actor: Option<&Actor>, candidate: &Candidate, against: &Against) -> Verdict {
    match actor.map(|actor| decide(actor, candidate)) {
        None | Some(Err(Refusal::NoFactorOfYourOwn | Refusal::NoRole | Refusal::OwnersOnly)) => {
            Verdict::Skip(Skip::NoAuthority)
        }
        Some(Err(Refusal::Yourself)) => Verdict::Skip(Skip::Yourself),
        Some(Ok(Verdict::Reset)) if against.reset_since.contains(&candidate.user) => Verdict::Skip(Skip::ResetSince),
        Some(Ok(Verdict::Reset)) if against.last_owners.contains(&candidate.user) => Verdict::Skip(Skip::LastOwner),
        Some(Ok(verdict)) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::ids::{CustomerId, UserId};
    use super::super::super::time::Time;
    use super::super::super::user::Standing;
    use super::super::{Holdings, Plan};
    use super::*;

    fn user(n: u8) -> UserRef {
        let at = Time::from_unix_milliseconds(0);
        UserRef { customer: CustomerId::new(at, [1; 10]), id: UserId::new(at, [n; 10]) }
    }

    fn admin() -> Actor {
        Actor {
            user: user(0),
            name: "Aa".into(),
            roles: vec![(user(0).customer, Role::Admin)],
            all_as_of: None,
            has_mfa: true,
        }
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let one = (
            prop::sample::select(Role::ALL),
            prop::sample::select(Standing::ALL),
            any::<bool>(),
            prop::array::uniform4(0i64..3),
            prop::array::uniform4(0i64..9),
        );
        prop::collection::vec(one, 0..12).prop_map(|all| {
            let candidate =
                |(n, (role, standing, address_verified, methods, rest)): (u8, (Role, _, _, [i64; 4], [i64; 4]))| {
                    let [authenticator_apps, passkeys, hardware_tokens, phones] = methods;
                    let [backup_codes, sessions, trusted_devices, challenges] = rest;
                    let holdings = Holdings {
                        authenticator_apps,
                        passkeys,
                        hardware_tokens,
                        phones,
                        backup_codes,
                        sessions,
                        trusted_devices,
                        challenges,
                        links: 0,
                    };
                    Candidate { user: user(n), role, standing, address_verified, waits_for_reset: false, holdings }
                };
            (0..).zip(all).map(candidate).collect()
        })
    }

    fn planned(candidates: &[Candidate]) -> Vec<Item> {
        Plan::of_everybody(&admin(), candidates).unwrap().items
    }

    fn changed(planned: &[Item], now: &[Candidate]) -> Vec<Change> {
        changes(Some(&admin()), planned, now, &Against::default())
    }

    #[test]
    fn each_change_is_told_apart() {
        let before = Candidate {
            user: user(1),
            role: Role::Member,
            standing: Standing::Active,
            address_verified: true,
            waits_for_reset: false,
            holdings: Holdings { authenticator_apps: 1, backup_codes: 10, ..Holdings::default() },
        };
        let plan = planned(std::slice::from_ref(&before));
        let verdict = |now: &[Candidate]| changed(&plan, now).pop().map(|change| change.now.verdict);
        let skip = |skip| Some(Verdict::Skip(skip));
        assert_eq!(verdict(&[]), skip(Skip::Gone));
        assert_eq!(verdict(&[Candidate { standing: Standing::Suspended, ..before.clone() }]), skip(Skip::Suspended));
        assert_eq!(verdict(&[Candidate { address_verified: false, ..before.clone() }]), skip(Skip::NoVerifiedAddress));
        assert_eq!(verdict(&[Candidate { role: Role::Owner, ..before.clone() }]), skip(Skip::NoAuthority));
        assert_eq!(
            verdict(&[Candidate { holdings: Holdings::default(), ..before.clone() }]),
            skip(Skip::NothingToReset)
        );
        let promoted = changed(&plan, &[Candidate { role: Role::Admin, ..before.clone() }]).remove(0);
        assert!(promoted.is_of_role() && !promoted.is_of_verdict() && promoted.kinds().is_empty());
        let holdings = Holdings { passkeys: 1, ..before.holdings };
        let enrolled = changed(&plan, &[Candidate { holdings, ..before.clone() }]).remove(0);
        assert_eq!((enrolled.is_of_role(), enrolled.kinds()), (false, vec![MethodKind::Passkey]));
        // From before roles were kept: another role alone is none that could be told.
        let old: Vec<Item> = plan.iter().map(|item| Item { role: None, ..item.clone() }).collect();
        assert_eq!(changed(&old, &[Candidate { role: Role::Admin, ..before.clone() }]), []);
        // What else speaks against it, and whoever asked being gone.
        let last = Against { last_owners: [user(1)].into(), ..Against::default() };
        let since = Against { reset_since: [user(1)].into(), ..Against::default() };
        for (actor, against, expected) in [
            (Some(admin()), last, Skip::LastOwner),
            (Some(admin()), since, Skip::ResetSince),
            (None, Against::default(), Skip::NoAuthority),
        ] {
            let found = changes(actor.as_ref(), &plan, std::slice::from_ref(&before), &against);
            assert_eq!(found[0].now.verdict, Verdict::Skip(expected));
        }
    }

    proptest! {
        #[test]
        fn nobody_has_changed_who_is_as_they_were(mut candidates in candidates()) {
            let plan = planned(&candidates);
            candidates.reverse();
            prop_assert_eq!(changed(&plan, &candidates), vec![]);
        }

        #[test]
        fn what_comes_and_goes_by_itself_is_no_change(mut candidates in candidates(), rest in prop::array::uniform4(0i64..9)) {
            let plan = planned(&candidates);
            for candidate in &mut candidates {
                let [backup_codes, sessions, trusted_devices, challenges] = rest;
                candidate.holdings =
                    Holdings { backup_codes, sessions, trusted_devices, challenges, ..candidate.holdings };
            }
            prop_assert_eq!(changed(&plan, &candidates), vec![]);
        }

        #[test]
        fn a_plan_made_anew_has_not_changed_and_differs_just_where_the_old_one_has(
            before in candidates(), mut after in candidates(), gone in prop::collection::btree_set(0u8..12, 0..4),
        ) {
            after.retain(|candidate| !gone.iter().any(|n| user(*n) == candidate.user));
            let (old, new) = (planned(&before), planned(&after));
            prop_assert_eq!(changed(&new, &after), vec![]);
            let found = changed(&old, &after);
            for item in &old {
                let now = new.iter().find(|new| new.user == item.user);
                let same = now.is_some_and(|now| {
                    let methods = MethodKind::ALL.iter().all(|kind| now.holdings.of(*kind) == item.holdings.of(*kind));
                    now.verdict == item.verdict && (item.verdict != Verdict::Reset || (now.role == item.role && methods))
                });
                prop_assert_eq!(found.iter().filter(|change| change.planned.user == item.user).count(), usize::from(!same));
            }
            prop_assert!(found.iter().all(|change| old.contains(&change.planned)));
        }
    }
}
