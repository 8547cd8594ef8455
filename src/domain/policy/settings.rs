//! What somebody may ask of a policy: its settings, their bounds and their spelling.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::super::caller::SecondProof;
use super::super::device::MOST_DAYS;
use super::super::spelled;

/// A policy as somebody asks for it: everything but the facts that follow from when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question with two answers, asked of a customer's owner")]
pub struct Settings {
    /// See [`super::Policy::mfa_required`].
    pub mfa_required: bool,
    /// See [`super::Policy::grace_days`].
    pub grace_days: u16,
    /// See [`super::Policy::trust_days`].
    pub trust_days: u16,
    /// See [`super::Policy::passkeys_allowed`].
    pub passkeys_allowed: bool,
    /// See [`super::Policy::passkeys_verify_user`].
    pub passkeys_verify_user: bool,
    /// See [`super::Policy::hardware_tokens_allowed`].
    pub hardware_tokens_allowed: bool,
    /// See [`super::Policy::phones_allowed`].
    pub phones_allowed: bool,
    /// See [`super::Policy::phone_messages_a_day`].
    pub phone_messages_a_day: u16,
    /// See [`super::Policy::link_minutes`].
    pub link_minutes: u16,
    /// See [`super::Policy::set_up_at_sign_in`].
    pub set_up_at_sign_in: bool,
    /// See [`super::Policy::second_proof`].
    pub second_proof: SecondProof,
    /// See [`super::Policy::call_back_check`].
    pub call_back_check: bool,
    /// See [`super::Policy::reason_required`].
    pub reason_required: bool,
    /// See [`super::Policy::ticket_required`].
    pub ticket_required: bool,
    /// See [`super::Policy::approver_from`].
    pub approver_from: u16,
    /// See [`super::Policy::approver_across`].
    pub approver_across: bool,
    /// See [`super::Policy::approver_privileged`].
    pub approver_privileged: bool,
    /// See [`super::Policy::remind_after_hours`].
    pub remind_after_hours: u16,
    /// See [`super::Policy::codes_low`].
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
    /// [`Settings::remind_after_hours`].
    RemindAfterHours,
    /// [`Settings::second_proof`].
    SecondProof,
    /// [`Settings::call_back_check`].
    CallBackCheck,
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
    RemindAfterHours => "remind_after_hours",
    SecondProof => "second_proof",
    CallBackCheck => "call_back_check",
    ReasonRequired => "reason_required",
    TicketRequired => "ticket_required",
    ApproverFrom => "approver_from",
    ApproverAcross => "approver_across",
    ApproverPrivileged => "approver_privileged",
    CodesLow => "codes_low",
});

impl Setting {
    /// Between which values a number lies; none for what is none.
    #[must_use]
    pub const fn bounds(self) -> Option<RangeInclusive<u16>> {
        match self {
            Self::GraceDays => Some(0..=90),
            Self::PhoneMessagesADay | Self::ApproverFrom => Some(0..=10_000),
            Self::TrustDays => Some(0..=MOST_DAYS),
            Self::LinkMinutes => Some(5..=24 * 60),
            Self::RemindAfterHours => Some(0..=168),
            Self::CodesLow => Some(0..=9),
            Self::MfaRequired
            | Self::PasskeysAllowed
            | Self::PasskeysVerifyUser
            | Self::HardwareTokensAllowed
            | Self::PhonesAllowed
            | Self::SetUpAtSignIn
            | Self::SecondProof
            | Self::CallBackCheck
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
    /// The value of a setting, as text: a number, a word, or `on` and `off`.
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
            Setting::RemindAfterHours => self.remind_after_hours.to_string(),
            Setting::SecondProof => self.second_proof.to_string(),
            Setting::CallBackCheck => on_or_off(self.call_back_check),
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
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        for (setting, least, most) in [
            (Setting::LinkMinutes, 5, 1440),
            (Setting::GraceDays, 0, 90),
            (Setting::TrustDays, 0, 90),
            (Setting::ApproverFrom, 0, 10_000),
            (Setting::RemindAfterHours, 0, 168),
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
}
