//! The policy of a customer, its settings as somebody asks for them (`settings`), and whom a change concerns (`change`).

mod change;
mod settings;

pub use change::{Concerned, Saved};
pub use settings::{Setting, Settings};

use serde::{Deserialize, Serialize};

use super::caller::SecondProof;
use super::method::MethodKind;
use super::not_me::Hold;
use super::time::{Span, Time};

/// The policy of one customer. A setting that is missing in storage has its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question with two answers, asked of a customer's owner")]
pub struct Policy {
    /// Whether every user needs a second factor.
    pub mfa_required: bool,
    /// Since when; none: from the customer's beginning.
    pub mfa_required_since: Option<Time>,
    /// For how many days from then on a user without a factor may put off setting one up.
    pub grace_days: u16,
    /// For how many days a user may let a right password be enough on a device of theirs; 0: never.
    pub trust_days: u16,
    /// Whether users may register passkeys and security keys. Those they have go on working.
    pub passkeys_allowed: bool,
    /// Whether a passkey counts only if it verified its user, by a PIN, a finger or a face (WebAuthn §6.2.3).
    pub passkeys_verify_user: bool,
    /// Whether users may activate hardware tokens. Those that are active go on working.
    pub hardware_tokens_allowed: bool,
    /// Whether users may register phone numbers. Those they have go on working.
    pub phones_allowed: bool,
    /// How many messages may go to phones in a day, in all: each costs money.
    pub phone_messages_a_day: u16,
    /// How long a recovery link works, in minutes; see [`Policy::link_lifetime`] for the bounds.
    pub link_minutes: u16,
    /// Whether somebody who was reset may set up again at sign-in, without the link. Where not, a stolen password alone
    /// wins no race against the mail.
    pub set_up_at_sign_in: bool,
    /// What is asked for beside a recovery link.
    pub second_proof: SecondProof,
    /// Whether a help desk confirms every set-up that a link led to, by three words.
    pub call_back_check: bool,
    /// Whether a reset needs a reason.
    pub reason_required: bool,
    /// Whether a reset needs a ticket number.
    pub ticket_required: bool,
    /// From how many of this customer's users on a second person approves their reset; 0: never by number.
    pub approver_from: u16,
    /// Whether a second person approves a reset across several customers.
    pub approver_across: bool,
    /// Whether a second person approves the reset of an owner or admin.
    pub approver_privileged: bool,
    /// After how many hours somebody who was reset and is not back gets a link once more; 0: never.
    pub remind_after_hours: u16,
    /// A user with this many backup codes left or fewer is warned.
    pub codes_low: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mfa_required: true,
            mfa_required_since: None,
            grace_days: 0,
            trust_days: 0,
            passkeys_allowed: true,
            passkeys_verify_user: false,
            hardware_tokens_allowed: true,
            phones_allowed: true,
            phone_messages_a_day: 200,
            link_minutes: 60,
            set_up_at_sign_in: true,
            second_proof: SecondProof::Password,
            call_back_check: false,
            reason_required: true,
            ticket_required: false,
            approver_from: 0,
            approver_across: false,
            approver_privileged: false,
            remind_after_hours: 0,
            codes_low: 3,
        }
    }
}

/// What a reset is to be given, and was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Why.
    Reason,
    /// The help desk's ticket.
    Ticket,
}

/// What a reset of users of customers with these policies still lacks, where it has a reason and a ticket or not.
#[must_use]
pub fn lacks<'a>(
    policies: impl Iterator<Item = &'a Policy> + Clone,
    has_reason: bool,
    has_ticket: bool,
) -> Option<Lack> {
    let asked = |by: fn(&Policy) -> bool| policies.clone().any(by);
    if !has_reason && asked(|policy| policy.reason_required) {
        return Some(Lack::Reason);
    }
    (!has_ticket && asked(|policy| policy.ticket_required)).then_some(Lack::Ticket)
}

impl Policy {
    /// What it comes to for somebody whose password may be in wrong hands: it was set with nothing but a mail, or they said of
    /// a notice that it was not them. A code of their help desk does in its place, since otherwise no way would lead back in;
    /// and after such a notice the help desk confirms the set-up too: whoever reads their mailbox could have said it, to
    /// have them reset.
    #[must_use]
    pub const fn in_doubt(mut self, hold: Hold, password_by_mail: bool) -> Self {
        let is_held = !matches!(hold, Hold::None);
        // Where no code was taken before, one is no easier than the password was: the help desk is called too.
        self.call_back_check |= is_held || (password_by_mail && !self.second_proof.takes_caller_codes());
        if is_held || password_by_mail {
            self.second_proof = SecondProof::PasswordOrCallerCode;
        }
        self
    }

    /// How long a recovery link works: never under 5 minutes nor over 24 hours, whatever is stored.
    #[must_use]
    pub fn link_lifetime(&self) -> Span {
        Span::minutes(i64::from(self.link_minutes.clamp(5, 24 * 60)))
    }

    /// Whether only the link leads back in after a reset. Where set-ups are confirmed by three words it is so too: a set-up at
    /// sign-in would go round that.
    #[must_use]
    pub const fn link_required(&self) -> bool {
        !self.set_up_at_sign_in || self.call_back_check
    }

    /// Whether users may register a method of this kind. Authenticator apps always: every set-up begins with one.
    #[must_use]
    pub const fn allows(&self, kind: MethodKind) -> bool {
        match kind {
            MethodKind::AuthenticatorApp => true,
            MethodKind::Passkey => self.passkeys_allowed,
            MethodKind::HardwareToken => self.hardware_tokens_allowed,
            MethodKind::Phone => self.phones_allowed,
        }
    }

    /// Until when a user without a factor may put off setting one up; none where none is required.
    #[must_use]
    pub fn grace_until(&self) -> Option<Time> {
        let since = self.mfa_required_since.filter(|_| self.mfa_required)?;
        Some(since + Span::hours(24 * i64::from(self.grace_days)))
    }

    /// What is asked for, put into force at `now` in place of this policy. Switching MFA on begins the grace; while it stays
    /// on, the grace goes on from where it began; switching it off forgets it.
    #[must_use]
    pub fn changed_to(self, asked: Settings, now: Time) -> Self {
        let mfa_required_since = match (self.mfa_required, asked.mfa_required) {
            (_, false) => None,
            (false, true) => Some(now),
            (true, true) => self.mfa_required_since,
        };
        let Settings {
            mfa_required,
            grace_days,
            trust_days,
            passkeys_allowed,
            passkeys_verify_user,
            hardware_tokens_allowed,
            phones_allowed,
            phone_messages_a_day,
            link_minutes,
            set_up_at_sign_in,
            second_proof,
            call_back_check,
            reason_required,
            ticket_required,
            approver_from,
            approver_across,
            approver_privileged,
            remind_after_hours,
            codes_low,
        } = asked;
        Self {
            mfa_required,
            mfa_required_since,
            grace_days,
            trust_days,
            passkeys_allowed,
            passkeys_verify_user,
            hardware_tokens_allowed,
            phones_allowed,
            phone_messages_a_day,
            link_minutes,
            set_up_at_sign_in,
            second_proof,
            call_back_check,
            reason_required,
            ticket_required,
            approver_from,
            approver_across,
            approver_privileged,
            remind_after_hours,
            codes_low,
        }
    }

    /// What somebody may ask for, as it is now.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        Settings {
            mfa_required: self.mfa_required,
            grace_days: self.grace_days,
            trust_days: self.trust_days,
            passkeys_allowed: self.passkeys_allowed,
            passkeys_verify_user: self.passkeys_verify_user,
            hardware_tokens_allowed: self.hardware_tokens_allowed,
            phones_allowed: self.phones_allowed,
            phone_messages_a_day: self.phone_messages_a_day,
            link_minutes: self.link_minutes,
            set_up_at_sign_in: self.set_up_at_sign_in,
            second_proof: self.second_proof,
            call_back_check: self.call_back_check,
            reason_required: self.reason_required,
            ticket_required: self.ticket_required,
            approver_from: self.approver_from,
            approver_across: self.approver_across,
            approver_privileged: self.approver_privileged,
            remind_after_hours: self.remind_after_hours,
            codes_low: self.codes_low,
        }
    }

    /// The same policy with another lifetime of links, in minutes.
    #[must_use]
    pub const fn with_link_minutes(self, minutes: u16) -> Self {
        Self { link_minutes: minutes, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_live_between_five_minutes_and_a_day() {
        let lives = |minutes| Policy::default().with_link_minutes(minutes).link_lifetime();
        assert_eq!(Policy::default().link_lifetime(), Span::minutes(60));
        assert_eq!(lives(0), Span::minutes(5));
        assert_eq!(lives(1440), Span::hours(24));
        assert_eq!(lives(u16::MAX), Span::hours(24));
    }

    #[test]
    fn in_doubt_another_proof_is_asked_for_and_never_less() {
        for strict in [false, true] {
            let takes = if strict { SecondProof::PasswordOrCallerCode } else { SecondProof::Password };
            let policy = Policy { call_back_check: strict, second_proof: takes, ..Policy::default() };
            assert_eq!(policy.in_doubt(Hold::None, false), policy);
            let by_mail = policy.in_doubt(Hold::None, true);
            assert!(by_mail.second_proof.takes_caller_codes() && by_mail.call_back_check);
            for hold in [Hold::Frozen, Hold::LinkOnly] {
                let held = policy.in_doubt(hold, false);
                assert!(held.second_proof.takes_caller_codes() && held.call_back_check && held.link_required());
            }
        }
    }

    #[test]
    fn settings_that_were_never_stored_have_their_default() {
        let policy: Policy = serde_json::from_str(r#"{"ticket_required":true}"#).unwrap();
        assert_eq!(policy, Policy { ticket_required: true, ..Policy::default() });
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let numbers = (0u16..=90, 0u16..=90, 5u16..=1440, 0u16..=9, 0u16..=10_000, 0u16..=10_000, 0u16..=168);
        let proof = prop::sample::select(SecondProof::ALL);
        (any::<[bool; 11]>(), numbers, proof).prop_map(|(on, numbers, second_proof)| {
            let (
                grace_days,
                trust_days,
                link_minutes,
                codes_low,
                phone_messages_a_day,
                approver_from,
                remind_after_hours,
            ) = numbers;
            let [
                mfa_required,
                passkeys_allowed,
                passkeys_verify_user,
                hardware_tokens_allowed,
                phones_allowed,
                set_up_at_sign_in,
                call_back_check,
                reason_required,
                ticket_required,
                approver_across,
                approver_privileged,
            ] = on;
            Settings {
                mfa_required,
                grace_days,
                trust_days,
                passkeys_allowed,
                passkeys_verify_user,
                hardware_tokens_allowed,
                phones_allowed,
                phone_messages_a_day,
                link_minutes,
                set_up_at_sign_in,
                second_proof,
                call_back_check,
                reason_required,
                ticket_required,
                approver_from,
                approver_across,
                approver_privileged,
                remind_after_hours,
                codes_low,
            }
        })
    }

    #[test]
    fn a_grace_begins_when_mfa_is_switched_on_and_keeps_its_beginning() {
        let at = Time::from_unix_milliseconds;
        let on = |grace_days| Settings { mfa_required: true, grace_days, ..Policy::default().settings() };
        let off = Settings { mfa_required: false, ..on(7) };
        let always = Policy::default();
        assert_eq!(always.changed_to(on(7), at(1)).mfa_required_since, None);
        let without = always.changed_to(off, at(1));
        assert_eq!((without.mfa_required_since, without.grace_until()), (None, None));
        let switched_on = without.changed_to(on(7), at(5));
        assert_eq!(switched_on.grace_until(), Some(at(5) + Span::hours(7 * 24)));
        let longer = switched_on.changed_to(on(8), at(1_000_000));
        assert_eq!(longer.grace_until(), Some(at(5) + Span::hours(8 * 24)));
        let again = longer.changed_to(off, at(9)).changed_to(on(0), at(10));
        assert_eq!(again.grace_until(), Some(at(10)));
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_what_holds(old in settings(), new in settings()) {
            let policy = Policy::default().changed_to(old, Time::from_unix_milliseconds(1));
            let changed = policy.changed_to(new, Time::from_unix_milliseconds(2));
            prop_assert_eq!(changed.settings(), new);
            prop_assert_eq!(old.differing(&new).is_empty(), old == new);
        }
    }
}
