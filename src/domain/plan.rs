//! A reset before it happens: each selected user with what will become of them and why. The plan is frozen: what is
//! reviewed, confirmed and run is bound to the hash of its canonical form.

mod changes;
mod holdings;
mod list;
mod reasons;
mod review;

pub use changes::{Against, Change, canonical_changes, changes};
pub use holdings::Holdings;
pub use list::{LIST_LIFETIME, Unmatched};
pub use reasons::{Failure, Skip};
pub use review::{Listing, Sums, Which};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::authority::{Actor, Refusal, Role};
use super::ids::CustomerId;
use super::time::Span;
use super::user::{Standing, UserRef};

/// How long a plan can be confirmed.
pub const LIFETIME: Span = Span::minutes(30);
/// The most users in one plan. Ticked ones are fewer, since a request has its bounds; so many match a filter.
pub const MOST_USERS: usize = 100_000;
/// The most lines of a list of addresses.
pub const MOST_LINES: usize = 10_000;
/// How many users are reset in one transaction.
pub const CHUNK: usize = 200;

/// One selected user, with what the decision needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub user: UserRef,
    /// Their role in their home customer.
    pub role: Role,
    /// Whether they can sign in.
    pub standing: Standing,
    /// Whether their address is known to reach them.
    pub address_verified: bool,
    /// Whether nothing but a reset, or the link of one, lets them in.
    pub waits_for_reset: bool,
    /// What they have.
    pub holdings: Holdings,
}

/// What a plan holds for one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// They will be reset.
    Reset,
    /// They keep everything.
    Skip(Skip),
}

/// Decides about one user whom the actor may reset.
///
/// # Errors
/// When the actor has no authority over them: then the whole selection is refused, since no page offers such a choice.
pub fn decide(actor: &Actor, candidate: &Candidate) -> Result<Verdict, Refusal> {
    actor.may_manage(candidate.user, candidate.role)?;
    let holdings = candidate.holdings;
    Ok(match candidate.standing {
        Standing::Suspended => Verdict::Skip(Skip::Suspended),
        Standing::Invited => Verdict::Skip(Skip::SetUpNotFinished),
        Standing::Active if holdings.methods() + holdings.links == 0 && !candidate.waits_for_reset => {
            Verdict::Skip(Skip::NothingToReset)
        }
        Standing::Active if !candidate.address_verified => Verdict::Skip(Skip::NoVerifiedAddress),
        Standing::Active => Verdict::Reset,
    })
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Who.
    pub user: UserRef,
    /// Their role in their home customer; none in plans from before it was kept.
    pub role: Option<Role>,
    /// What will become of them.
    pub verdict: Verdict,
    /// What they have.
    pub holdings: Holdings,
}

/// A reviewed selection, in the order of its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Who asks for it.
    pub requester: UserRef,
    /// Its lines, each user once.
    pub items: Vec<Item>,
}

impl Plan {
    /// The plan of `actor` over `candidates`; a user named twice counts once.
    ///
    /// # Errors
    /// The first candidate outside the actor's authority, and why.
    pub fn new(actor: &Actor, candidates: &[Candidate]) -> Result<Self, (UserRef, Refusal)> {
        Self::of(actor, candidates, |candidate, refusal| Err((candidate.user, refusal)))
    }

    /// The plan of `actor` over everybody who matched a filter. No page can leave single people out of that, so whoever is
    /// outside the authority keeps everything, and the review says so.
    ///
    /// # Errors
    /// When the actor may reset nobody at all there, and why.
    pub fn of_everybody(actor: &Actor, candidates: &[Candidate]) -> Result<Self, (UserRef, Refusal)> {
        Self::of(actor, candidates, |candidate, refusal| match refusal {
            Refusal::Yourself => Ok(Verdict::Skip(Skip::Yourself)),
            Refusal::OwnersOnly => Ok(Verdict::Skip(Skip::NoAuthority)),
            Refusal::NoFactorOfYourOwn | Refusal::NoRole => Err((candidate.user, refusal)),
        })
    }

    fn of(
        actor: &Actor,
        candidates: &[Candidate],
        outside: impl Fn(&Candidate, Refusal) -> Result<Verdict, (UserRef, Refusal)>,
    ) -> Result<Self, (UserRef, Refusal)> {
        let mut items = BTreeMap::new();
        for candidate in candidates {
            let verdict = decide(actor, candidate).or_else(|refusal| outside(candidate, refusal))?;
            let (user, role, holdings) = (candidate.user, Some(candidate.role), candidate.holdings);
            items.insert(user, Item { user, role, verdict, holdings });
        }
        Ok(Self { requester: actor.user, items: items.into_values().collect() })
    }

    /// The text that is hashed: requester, then one line a user.
    #[must_use]
    pub fn canonical(&self) -> String {
        use std::fmt::Write as _;
        // A plan from before roles were kept goes on meaning what it meant.
        let version = if self.items.iter().any(|item| item.role.is_some()) { 4 } else { 3 };
        let mut text = format!("rekey plan {version}\n{} {}\n", self.requester.customer, self.requester.id);
        for item in &self.items {
            let verdict = match item.verdict {
                Verdict::Reset => "reset",
                Verdict::Skip(skip) => skip.as_str(),
            };
            let Holdings { authenticator_apps, passkeys, hardware_tokens, phones, backup_codes, .. } = item.holdings;
            // Sessions, trusted devices, challenges and links come and go by themselves; all of a user's end, however many
            // there are.
            let (customer, user) = (item.user.customer, item.user.id);
            let methods = format!("{authenticator_apps} {passkeys} {hardware_tokens} {phones}");
            let role = item.role.map(|role| format!(" {role}")).unwrap_or_default();
            writeln!(text, "{customer} {user} {verdict} {methods} {backup_codes}{role}")
                .expect("writing to a string does not fail");
        }
        text
    }

    /// The users who will be reset, by customer.
    #[must_use]
    pub fn resets(&self) -> BTreeMap<CustomerId, Vec<UserRef>> {
        let mut resets: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in self.items.iter().filter(|item| item.verdict == Verdict::Reset) {
            resets.entry(item.user.customer).or_default().push(item.user);
        }
        resets
    }
}

/// What came of a selection: for the page it was made on, which stands below the reset and tells it to the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanOutcome {
    /// Frozen: the browser goes on to the review.
    GoOn,
    /// Nobody was selected.
    Nobody,
    /// More than [`MOST_USERS`].
    TooMany,
    /// Somebody is outside the actor's authority.
    Refused(Refusal),
    /// This customer would be left without an owner who can sign in.
    NoOwnerLeft(String),
}

/// The short form of a plan's hash that people compare: `7F3A 91C2`.
#[must_use]
pub fn seal(hash: &str) -> String {
    super::totp::in_fours(&hash.chars().take(8).collect::<String>().to_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ids::UserId;
    use super::super::method::MethodKind;
    use super::super::time::Time;
    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(Time::from_unix_milliseconds(0), [n; 10])
    }

    fn user(home: u8, n: u8) -> UserRef {
        UserRef { customer: customer(home), id: UserId::new(Time::from_unix_milliseconds(0), [n; 10]) }
    }

    fn owner() -> Actor {
        Actor {
            user: user(1, 0),
            name: "Oa".into(),
            roles: vec![(customer(1), Role::Owner)],
            all_as_of: None,
            has_mfa: true,
        }
    }

    fn candidate(n: u8) -> Candidate {
        Candidate {
            user: user(1, n),
            role: Role::Member,
            standing: Standing::Active,
            address_verified: true,
            waits_for_reset: false,
            holdings: Holdings { authenticator_apps: 1, backup_codes: 10, ..Holdings::default() },
        }
    }

    #[test]
    fn each_is_skipped_for_the_reason_that_holds() {
        let skip = |candidate: Candidate| match decide(&owner(), &candidate) {
            Ok(Verdict::Skip(skip)) => skip,
            other => panic!("{other:?}"),
        };
        assert_eq!(skip(Candidate { standing: Standing::Invited, ..candidate(1) }), Skip::SetUpNotFinished);
        assert_eq!(skip(Candidate { standing: Standing::Suspended, ..candidate(1) }), Skip::Suspended);
        assert_eq!(skip(Candidate { address_verified: false, ..candidate(1) }), Skip::NoVerifiedAddress);
        assert_eq!(skip(Candidate { holdings: Holdings::default(), ..candidate(1) }), Skip::NothingToReset);
        // Whoever waits for a set-up has nothing either, and another reset is their way back in.
        let waits = Candidate { holdings: Holdings::default(), waits_for_reset: true, ..candidate(1) };
        assert_eq!(decide(&owner(), &waits), Ok(Verdict::Reset));
    }

    #[test]
    fn whoever_has_a_method_of_any_kind_is_reset() {
        for kind in MethodKind::ALL {
            let holdings = match kind {
                MethodKind::AuthenticatorApp => Holdings { authenticator_apps: 1, ..Holdings::default() },
                MethodKind::Passkey => Holdings { passkeys: 1, ..Holdings::default() },
                MethodKind::HardwareToken => Holdings { hardware_tokens: 1, ..Holdings::default() },
                MethodKind::Phone => Holdings { phones: 1, ..Holdings::default() },
            };
            assert_eq!((holdings.of(*kind), holdings.methods()), (1, 1));
            assert_eq!(decide(&owner(), &Candidate { holdings, ..candidate(1) }), Ok(Verdict::Reset));
        }
    }

    #[test]
    fn one_user_outside_the_authority_refuses_the_whole() {
        let foreign = Candidate { user: user(2, 9), ..candidate(9) };
        assert_eq!(Plan::new(&owner(), &[candidate(1), foreign.clone()]), Err((foreign.user, Refusal::NoRole)));
        let myself = Candidate { user: owner().user, ..candidate(0) };
        assert_eq!(Plan::new(&owner(), &[candidate(1), myself.clone()]), Err((myself.user, Refusal::Yourself)));
    }

    #[test]
    fn of_everybody_who_matches_owners_and_oneself_are_left_out() {
        let admin = Actor { roles: vec![(customer(1), Role::Admin)], ..owner() };
        let (an_owner, myself) =
            (Candidate { role: Role::Owner, ..candidate(2) }, Candidate { user: admin.user, ..candidate(0) });
        let plan = Plan::of_everybody(&admin, &[candidate(1), an_owner, myself]).unwrap();
        let verdicts: Vec<_> = plan.items.iter().map(|item| item.verdict).collect();
        assert_eq!(verdicts, [Verdict::Skip(Skip::Yourself), Verdict::Reset, Verdict::Skip(Skip::NoAuthority)]);
        let foreign = Candidate { user: user(2, 9), ..candidate(9) };
        assert_eq!(Plan::of_everybody(&admin, std::slice::from_ref(&foreign)), Err((foreign.user, Refusal::NoRole)));
    }

    #[test]
    fn a_plan_from_before_roles_were_kept_has_the_text_it_had() {
        let mut plan = Plan::new(&owner(), &[candidate(1)]).unwrap();
        assert!(
            plan.canonical().starts_with("rekey plan 4\n") && plan.canonical().ends_with(" reset 1 0 0 0 10 member\n")
        );
        plan.items[0].role = None;
        assert!(plan.canonical().starts_with("rekey plan 3\n") && plan.canonical().ends_with(" reset 1 0 0 0 10\n"));
    }

    #[test]
    fn a_seal_is_eight_characters() {
        assert_eq!(seal("7f3a91c2deadbeef"), "7F3A 91C2");
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_change_a_plan(mut picks in prop::collection::vec(1u8..20, 1..30)) {
            let plan = |picks: &[u8]| Plan::new(&owner(), &picks.iter().map(|n| candidate(*n)).collect::<Vec<_>>()).unwrap();
            let first = plan(&picks);
            picks.reverse();
            picks.push(picks[0]);
            prop_assert_eq!(first.canonical(), plan(&picks).canonical());
        }

        #[test]
        fn any_other_selection_has_another_text(a in prop::collection::btree_set(1u8..12, 1..8), b in prop::collection::btree_set(1u8..12, 1..8)) {
            let text = |picks: &std::collections::BTreeSet<u8>| {
                Plan::new(&owner(), &picks.iter().map(|n| candidate(*n)).collect::<Vec<_>>()).unwrap().canonical()
            };
            prop_assert_eq!(a == b, text(&a) == text(&b));
        }
    }
}
