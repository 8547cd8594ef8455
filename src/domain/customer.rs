//! A customer (tenant) and its policy.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::device::MOST_DAYS;
use super::ids::CustomerId;
use super::method::MethodKind;
use super::spelled;
use super::time::{Span, Time};

/// An organisation whose users Rekey looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// Its name, as people of it write it.
    pub name: String,
    /// How its users reach a person: a phone number or an address, as it stands in mails and on calm pages.
    pub help_desk: Option<String>,
    /// What it asks of its users and of those who reset them.
    pub policy: Policy,
}

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
            reason_required: true,
            ticket_required: false,
            approver_from: 0,
            approver_across: false,
            approver_privileged: false,
            codes_low: 3,
        }
    }
}

impl Policy {
    /// How long a recovery link works: never under 5 minutes nor over 24 hours, whatever is stored.
    #[must_use]
    pub fn link_lifetime(&self) -> Span {
        Span::minutes(i64::from(self.link_minutes.clamp(5, 24 * 60)))
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
            reason_required,
            ticket_required,
            approver_from,
            approver_across,
            approver_privileged,
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
            reason_required,
            ticket_required,
            approver_from,
            approver_across,
            approver_privileged,
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
            reason_required: self.reason_required,
            ticket_required: self.ticket_required,
            approver_from: self.approver_from,
            approver_across: self.approver_across,
            approver_privileged: self.approver_privileged,
            codes_low: self.codes_low,
        }
    }

    /// The same policy with another lifetime of links, in minutes.
    #[must_use]
    pub const fn with_link_minutes(self, minutes: u16) -> Self {
        Self { link_minutes: minutes, ..self }
    }
}

/// A policy as somebody asks for it: everything but the facts that follow from when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question with two answers, asked of a customer's owner")]
pub struct Settings {
    /// See [`Policy::mfa_required`].
    pub mfa_required: bool,
    /// See [`Policy::grace_days`].
    pub grace_days: u16,
    /// See [`Policy::trust_days`].
    pub trust_days: u16,
    /// See [`Policy::passkeys_allowed`].
    pub passkeys_allowed: bool,
    /// See [`Policy::passkeys_verify_user`].
    pub passkeys_verify_user: bool,
    /// See [`Policy::hardware_tokens_allowed`].
    pub hardware_tokens_allowed: bool,
    /// See [`Policy::phones_allowed`].
    pub phones_allowed: bool,
    /// See [`Policy::phone_messages_a_day`].
    pub phone_messages_a_day: u16,
    /// See [`Policy::link_minutes`].
    pub link_minutes: u16,
    /// See [`Policy::set_up_at_sign_in`].
    pub set_up_at_sign_in: bool,
    /// See [`Policy::reason_required`].
    pub reason_required: bool,
    /// See [`Policy::ticket_required`].
    pub ticket_required: bool,
    /// See [`Policy::approver_from`].
    pub approver_from: u16,
    /// See [`Policy::approver_across`].
    pub approver_across: bool,
    /// See [`Policy::approver_privileged`].
    pub approver_privileged: bool,
    /// See [`Policy::codes_low`].
    pub codes_low: u16,
}

/// A setting, in the order in which pages show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Setting {
    /// [`Settings::mfa_required`].
    MfaRequired,
    /// [`Settings::grace_days`].
    GraceDays,
    /// [`Settings::trust_days`].
    TrustDays,
    /// [`Settings::passkeys_allowed`].
    PasskeysAllowed,
    /// [`Settings::passkeys_verify_user`].
    PasskeysVerifyUser,
    /// [`Settings::hardware_tokens_allowed`].
    HardwareTokensAllowed,
    /// [`Settings::phones_allowed`].
    PhonesAllowed,
    /// [`Settings::phone_messages_a_day`].
    PhoneMessagesADay,
    /// [`Settings::set_up_at_sign_in`].
    SetUpAtSignIn,
    /// [`Settings::link_minutes`].
    LinkMinutes,
    /// [`Settings::reason_required`].
    ReasonRequired,
    /// [`Settings::ticket_required`].
    TicketRequired,
    /// [`Settings::approver_from`].
    ApproverFrom,
    /// [`Settings::approver_across`].
    ApproverAcross,
    /// [`Settings::approver_privileged`].
    ApproverPrivileged,
    /// [`Settings::codes_low`].
    CodesLow,
}
spelled!(Setting {
    MfaRequired => "mfa_required",
    GraceDays => "grace_days",
    TrustDays => "trust_days",
    PasskeysAllowed => "passkeys_allowed",
    PasskeysVerifyUser => "passkeys_verify_user",
    HardwareTokensAllowed => "hardware_tokens_allowed",
    PhonesAllowed => "phones_allowed",
    PhoneMessagesADay => "phone_messages_a_day",
    SetUpAtSignIn => "set_up_at_sign_in",
    LinkMinutes => "link_minutes",
    ReasonRequired => "reason_required",
    TicketRequired => "ticket_required",
    ApproverFrom => "approver_from",
    ApproverAcross => "approver_across",
    ApproverPrivileged => "approver_privileged",
    CodesLow => "codes_low",
});

impl Setting {
    /// Between which values a number lies; none for what is only on or off.
    #[must_use]
    pub const fn bounds(self) -> Option<RangeInclusive<u16>> {
        match self {
            Self::GraceDays => Some(0..=90),
            Self::PhoneMessagesADay | Self::ApproverFrom => Some(0..=10_000),
            Self::TrustDays => Some(0..=MOST_DAYS),
            Self::LinkMinutes => Some(5..=24 * 60),
            Self::CodesLow => Some(0..=9),
            Self::MfaRequired
            | Self::PasskeysAllowed
            | Self::PasskeysVerifyUser
            | Self::HardwareTokensAllowed
            | Self::PhonesAllowed
            | Self::SetUpAtSignIn
            | Self::ReasonRequired
            | Self::TicketRequired
            | Self::ApproverAcross
            | Self::ApproverPrivileged => None,
        }
    }

    /// Reads what was typed for a number; none when it is no whole number within the bounds.
    #[must_use]
    pub fn read(self, typed: &str) -> Option<u16> {
        typed.trim().parse().ok().filter(|number| self.bounds().is_some_and(|bounds| bounds.contains(number)))
    }
}

impl Settings {
    /// The value of a setting, as text: a number, or `on` and `off`.
    #[must_use]
    pub fn value(&self, setting: Setting) -> String {
        let on_or_off = |on: bool| if on { "on" } else { "off" }.to_owned();
        match setting {
            Setting::MfaRequired => on_or_off(self.mfa_required),
            Setting::GraceDays => self.grace_days.to_string(),
            Setting::TrustDays => self.trust_days.to_string(),
            Setting::PasskeysAllowed => on_or_off(self.passkeys_allowed),
            Setting::PasskeysVerifyUser => on_or_off(self.passkeys_verify_user),
            Setting::HardwareTokensAllowed => on_or_off(self.hardware_tokens_allowed),
            Setting::PhonesAllowed => on_or_off(self.phones_allowed),
            Setting::PhoneMessagesADay => self.phone_messages_a_day.to_string(),
            Setting::SetUpAtSignIn => on_or_off(self.set_up_at_sign_in),
            Setting::LinkMinutes => self.link_minutes.to_string(),
            Setting::ReasonRequired => on_or_off(self.reason_required),
            Setting::TicketRequired => on_or_off(self.ticket_required),
            Setting::ApproverFrom => self.approver_from.to_string(),
            Setting::ApproverAcross => on_or_off(self.approver_across),
            Setting::ApproverPrivileged => on_or_off(self.approver_privileged),
            Setting::CodesLow => self.codes_low.to_string(),
        }
    }

    /// The settings whose values differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<Setting> {
        Setting::ALL.iter().copied().filter(|setting| self.value(*setting) != other.value(*setting)).collect()
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
    fn settings_that_were_never_stored_have_their_default() {
        let policy: Policy = serde_json::from_str(r#"{"ticket_required":true}"#).unwrap();
        assert_eq!(policy, Policy { ticket_required: true, ..Policy::default() });
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let numbers = (0u16..=90, 0u16..=90, 5u16..=1440, 0u16..=9, 0u16..=10_000, 0u16..=10_000);
        (any::<[bool; 10]>(), numbers).prop_map(|(on, numbers)| {
            let (grace_days, trust_days, link_minutes, codes_low, phone_messages_a_day, approver_from) = numbers;
            let [
                mfa_required,
                passkeys_allowed,
                passkeys_verify_user,
                hardware_tokens_allowed,
                phones_allowed,
                set_up_at_sign_in,
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
                reason_required,
                ticket_required,
                approver_from,
                approver_across,
                approver_privileged,
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

    #[test]
    fn numbers_have_bounds() {
        for (setting, least, most) in [
            (Setting::LinkMinutes, 5, 1440),
            (Setting::GraceDays, 0, 90),
            (Setting::TrustDays, 0, 90),
            (Setting::ApproverFrom, 0, 10_000),
            (Setting::CodesLow, 0, 9),
        ] {
            for number in [least, most] {
                assert_eq!(setting.read(&format!(" {number} ")), Some(number));
            }
            assert_eq!(setting.read(&(most + 1).to_string()), None);
            for typed in ["", "-1", "x", "1.5", "99999999999", "4\0"] {
                assert_eq!(setting.read(typed), None, "{setting} {typed:?}");
            }
        }
        assert_eq!(Setting::LinkMinutes.read("4"), None);
        assert_eq!(Setting::MfaRequired.read("1"), None);
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
