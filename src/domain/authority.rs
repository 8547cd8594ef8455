//! Who may do what to whom. Authority is a value: the session mints an [`Actor`], the actor turns into a [`Scope`] over
//! customers, and every query over customers' rows takes that scope.

use serde::{Deserialize, Serialize};

use super::ids::CustomerId;
use super::spelled;
use super::time::Time;
use super::user::UserRef;

/// A role in one customer, the most powerful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// May do everything, to owners too.
    Owner,
    /// May do everything but touch owners.
    Admin,
    /// Reads everything, changes nothing.
    Auditor,
    /// Looks after themself only.
    Member,
}
spelled!(Role { Owner => "owner", Admin => "admin", Auditor => "auditor", Member => "member" });

impl Role {
    /// Whether this role sees the customer's users, resets and audit.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Auditor)
    }

    /// Whether this role, held by someone with a second factor, may reset someone of role `target`, and with that
    /// suspend, reactivate and remove them: whoever may take every factor away holds the account in their hands.
    #[must_use]
    pub const fn manages(self, target: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(target, Self::Owner),
            Self::Auditor | Self::Member => false,
        }
    }
}

/// Who is asking, with everything that decides what they may do. Only the `session` slice makes one, from a session or,
/// for work that goes on after the request, from the stored requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserRef,
    /// Their name, for lists and mails.
    pub name: String,
    /// Their roles, at most one a customer.
    pub roles: Vec<(CustomerId, Role)>,
    /// When those were all that had not ended; none where only that in one customer was asked for.
    pub all_as_of: Option<Time>,
    /// Whether they have a second factor of their own.
    pub has_mfa: bool,
}

/// What is asked of a customer's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See them.
    Read,
    /// Reset, invite, suspend, reactivate and remove its users.
    Manage,
    /// Change its policy.
    Govern,
}

impl Right {
    /// Whether `role` holds this right. All but reading need a second factor too, which no role brings.
    #[must_use]
    pub const fn is_held_by(self, role: Role) -> bool {
        match self {
            Self::Read => role.reads(),
            Self::Manage => role.manages(Role::Member),
            Self::Govern => matches!(role, Role::Owner),
        }
    }
}

/// All that one person holds of a right: what a database finds in their memberships by itself, however many those are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose memberships.
    pub by: UserRef,
    /// The right that they hold there.
    pub right: Right,
    /// When their roles had not ended.
    pub as_of: Time,
}

/// The customers over which a right is held. It has no public constructor but [`Actor::scope`] and [`Scope::narrowed`],
/// so it never holds more than the actor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    customers: Vec<CustomerId>,
    held: Option<Held>,
}

impl Scope {
    /// The customers, in ascending order, each once.
    #[must_use]
    pub fn customers(&self) -> &[CustomerId] {
        &self.customers
    }

    /// What it is all of; none where it was narrowed, or where that is not known.
    #[must_use]
    pub const fn held(&self) -> Option<Held> {
        self.held
    }

    /// The one customer that it covers; none where it covers none, or several.
    #[must_use]
    pub const fn only(&self) -> Option<CustomerId> {
        match self.customers.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Only what is both in this scope and in `chosen`.
    #[must_use]
    pub fn narrowed(&self, chosen: &[CustomerId]) -> Self {
        let mut customers: Vec<_> = chosen.iter().copied().filter(|customer| self.covers(*customer)).collect();
        customers.sort_unstable();
        customers.dedup();
        Self { customers, held: None }
    }

    /// Whether whoever reads this scope may know where somebody is at home whom they meet in a customer: that another one is
    /// among Rekey's is a secret of its own, unless it is the provider of that customer.
    #[must_use]
    pub fn knows_home(&self, home: CustomerId, is_provider: bool) -> bool {
        is_provider || self.covers(home)
    }

    /// Whether this scope covers `customer`.
    #[must_use]
    pub fn covers(&self, customer: CustomerId) -> bool {
        self.customers.binary_search(&customer).is_ok()
    }
}

/// Why somebody may not be reset by this actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// The actor has no second factor of their own.
    NoFactorOfYourOwn,
    /// Nobody resets themself: the Security page serves that.
    Yourself,
    /// No role that resets in that customer.
    NoRole,
    /// An admin at an owner.
    OwnersOnly,
}
spelled!(Refusal {
    NoFactorOfYourOwn => "no_factor_of_your_own",
    Yourself => "yourself",
    NoRole => "no_role",
    OwnersOnly => "owners_only",
});

impl Actor {
    /// The role in `customer`; none where there is no membership.
    #[must_use]
    pub fn role_in(&self, customer: CustomerId) -> Option<Role> {
        self.roles.iter().find(|(held_in, _)| *held_in == customer).map(|(_, role)| *role)
    }

    /// The customer `id` alone, for whoever may change its policy and what is known of it; why not, otherwise.
    ///
    /// # Errors
    /// The refusal.
    pub fn governs(&self, id: CustomerId) -> Result<Scope, Refusal> {
        let scope = self.scope(Right::Govern).narrowed(&[id]);
        match self.role_in(id) {
            _ if scope.covers(id) => Ok(scope),
            Some(Role::Owner) => Err(Refusal::NoFactorOfYourOwn),
            Some(Role::Admin | Role::Auditor) => Err(Refusal::OwnersOnly),
            Some(Role::Member) | None => Err(Refusal::NoRole),
        }
    }

    /// The customers over which this actor holds `right`.
    #[must_use]
    pub fn scope(&self, right: Right) -> Scope {
        let holds = |role: Role| right.is_held_by(role) && (self.has_mfa || right == Right::Read);
        let mut customers: Vec<_> =
            self.roles.iter().filter(|(_, role)| holds(*role)).map(|(customer, _)| *customer).collect();
        customers.sort_unstable();
        customers.dedup();
        Scope { customers, held: self.all_as_of.map(|as_of| Held { by: self.user, right, as_of }) }
    }

    /// Whether this actor may reset `target`, who has `role` in their home customer; and suspend, reactivate and remove them.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_manage(&self, target: UserRef, role: Role) -> Result<(), Refusal> {
        if !self.has_mfa {
            return Err(Refusal::NoFactorOfYourOwn);
        }
        if self.user == target {
            return Err(Refusal::Yourself);
        }
        match self.role_in(target.customer) {
            Some(mine) if mine.manages(role) => Ok(()),
            Some(Role::Admin) => Err(Refusal::OwnersOnly),
            _ => Err(Refusal::NoRole),
        }
    }

    /// Whether this actor may invite somebody to `customer` with `role`: only owners make owners.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_invite(&self, customer: CustomerId, role: Role) -> Result<(), Refusal> {
        if !self.has_mfa {
            return Err(Refusal::NoFactorOfYourOwn);
        }
        match self.role_in(customer) {
            Some(mine) if mine.manages(role) => Ok(()),
            Some(Role::Admin) => Err(Refusal::OwnersOnly),
            _ => Err(Refusal::NoRole),
        }
    }

    /// Whether this actor may give `target` another role in `customer`: from the one they hold there, if any, to another
    /// or to none. Nobody changes their own; only owners make and unmake owners.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_give(
        &self,
        customer: CustomerId,
        target: UserRef,
        from: Option<Role>,
        to: Option<Role>,
    ) -> Result<(), Refusal> {
        if !self.has_mfa {
            return Err(Refusal::NoFactorOfYourOwn);
        }
        if self.user == target {
            return Err(Refusal::Yourself);
        }
        let touches = |mine: Role| from.into_iter().chain(to).all(|role| mine.manages(role));
        match self.role_in(customer) {
            Some(mine @ (Role::Owner | Role::Admin)) if touches(mine) => Ok(()),
            Some(Role::Admin) => Err(Refusal::OwnersOnly),
            _ => Err(Refusal::NoRole),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ids::UserId;
    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(Time::from_unix_milliseconds(0), [n; 10])
    }

    fn user(home: u8, n: u8) -> UserRef {
        UserRef { customer: customer(home), id: UserId::new(Time::from_unix_milliseconds(0), [n; 10]) }
    }

    fn roles() -> impl Strategy<Value = Vec<(CustomerId, Role)>> {
        let role = prop::sample::select(Role::ALL);
        prop::collection::btree_map(0u8..6, role, 0..6)
            .prop_map(|held| held.into_iter().map(|(n, role)| (customer(n), role)).collect())
    }

    fn actor(roles: Vec<(CustomerId, Role)>, has_mfa: bool) -> Actor {
        Actor { user: user(0, 0), name: "Ines".into(), roles, all_as_of: None, has_mfa }
    }

    #[test]
    fn the_table_of_the_product() {
        let may = |mine, target| actor(vec![(customer(1), mine)], true).may_manage(user(1, 1), target).is_ok();
        for target in Role::ALL {
            assert!(may(Role::Owner, *target));
            assert_eq!(may(Role::Admin, *target), *target != Role::Owner);
            assert!(!may(Role::Auditor, *target));
            assert!(!may(Role::Member, *target));
        }
    }

    proptest! {
        #[test]
        fn without_a_factor_nobody_is_reset(roles in roles(), home in 0u8..6, n in 1u8..6, role in prop::sample::select(Role::ALL)) {
            prop_assert!(actor(roles.clone(), false).may_manage(user(home, n), role).is_err());
            prop_assert!(actor(roles, false).scope(Right::Manage).customers().is_empty());
        }

        #[test]
        fn nobody_resets_themself(roles in roles(), role in prop::sample::select(Role::ALL)) {
            prop_assert_eq!(actor(roles, true).may_manage(user(0, 0), role), Err(Refusal::Yourself));
        }

        #[test]
        fn authority_never_widens(roles in roles(), chosen in prop::collection::vec(0u8..8, 0..8), home in 0u8..8) {
            let actor = actor(roles, true);
            let chosen: Vec<_> = chosen.into_iter().map(customer).collect();
            let (read, reset) = (actor.scope(Right::Read), actor.scope(Right::Manage));
            // Resetting needs reading; narrowing takes away; outside the scope nobody is reset, whatever their role.
            prop_assert!(reset.customers().iter().all(|customer| read.covers(*customer)));
            prop_assert!(read.narrowed(&chosen).customers().iter().all(|customer| read.covers(*customer) && chosen.contains(customer)));
            if !reset.covers(customer(home)) {
                for role in Role::ALL {
                    prop_assert!(actor.may_manage(user(home, 1), *role).is_err());
                }
            }
        }

        #[test]
        fn nobody_gives_a_role_above_their_own(mine in prop::option::of(prop::sample::select(Role::ALL)), from in prop::option::of(prop::sample::select(Role::ALL)), to in prop::option::of(prop::sample::select(Role::ALL))) {
            let actor = actor(mine.map(|mine| (customer(1), mine)).into_iter().collect(), true);
            let may = actor.may_give(customer(1), user(2, 1), from, to).is_ok();
            let owners = from == Some(Role::Owner) || to == Some(Role::Owner);
            prop_assert_eq!(may, mine == Some(Role::Owner) || mine == Some(Role::Admin) && !owners);
            prop_assert!(actor.may_give(customer(2), user(2, 1), from, to).is_err());
            if let Some(to) = to {
                prop_assert_eq!(actor.may_invite(customer(1), to), actor.may_give(customer(1), user(2, 1), None, Some(to)));
                prop_assert!(actor.may_invite(customer(2), to).is_err());
            }
            prop_assert_eq!(actor.may_give(customer(1), actor.user, from, to), Err(Refusal::Yourself));
        }

        #[test]
        fn only_owners_with_a_factor_govern(roles in roles(), has_mfa: bool) {
            let actor = actor(roles, has_mfa);
            for customer in actor.scope(Right::Govern).customers() {
                prop_assert!(has_mfa && actor.role_in(*customer) == Some(Role::Owner));
                prop_assert!(actor.scope(Right::Manage).covers(*customer));
            }
        }

        #[test]
        fn a_role_in_one_customer_gives_nothing_in_another(role in prop::sample::select(Role::ALL), target in prop::sample::select(Role::ALL)) {
            let actor = actor(vec![(customer(1), role)], true);
            prop_assert_eq!(actor.may_manage(user(2, 1), target), Err(Refusal::NoRole));
        }
    }
}
