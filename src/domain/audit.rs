//! What is recorded, and the form in which each row is chained to the one before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{CustomerId, UserId};
use super::spelled;
use super::time::Time;
use super::user::UserRef;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum What {
    PasswordRight,
    PasswordWrong,
    SignInRefused,
    CodeWrong,
    CodeRefused,
    ChallengeEnded,
    BackupCodeUsed,
    SignedIn,
    SignedOut,
    SessionsEnded,
    DeviceTrusted,
    DeviceEnded,
    SetUpStarted,
    AuthenticatorAdded,
    BackupCodesMade,
    BackupCodesSaved,
    ResetPlanned,
    StepUp,
    StepUpRefused,
    ResetRefused,
    ApprovalAsked,
    ApprovalWithdrawn,
    ApprovalExpired,
    ResetApproved,
    ResetDeclined,
    Reset,
    ResetSkipped,
    ResetFailed,
    ResetCancelled,
    LinkIssued,
    LinkRenewed,
    LinkExtended,
    LinkOpened,
    LinkRefused,
    LinkProved,
    LinkEnded,
    CallerCodeMade,
    CallBackConfirmed,
    MailQueued,
    MailSent,
    MailFailed,
    UserAdded,
    UserSuspended,
    PasswordSet,
    PasswordForgotten,
    CustomerAdded,
    CustomerChanged,
    UserInvited,
    InvitationEnded,
    UserReactivated,
    UserRemoved,
    MethodRemoved,
    RoleGiven,
    RoleEnded,
    PolicySet,
    ChangeRefused,
    SetUpPostponed,
    TokensImported,
    TokenAssigned,
    TokenActivated,
    TokenReturned,
    TokenLost,
    TokenInStep,
    PasskeyAdded,
    PasskeyCopied,
    PhoneAdded,
    PhoneCodeRefused,
    Disowned,
    HelpAsked,
    AddressAsked,
    AddressChanged,
    AddressRestored,
    SecondAddressAdded,
    SecondAddressRemoved,
}
spelled!(What {
    PasswordRight => "password_right",
    PasswordWrong => "password_wrong",
    SignInRefused => "sign_in_refused",
    CodeWrong => "code_wrong",
    CodeRefused => "code_refused",
    ChallengeEnded => "challenge_ended",
    BackupCodeUsed => "backup_code_used",
    SignedIn => "signed_in",
    SignedOut => "signed_out",
    SessionsEnded => "sessions_ended",
    DeviceTrusted => "device_trusted",
    DeviceEnded => "device_ended",
    SetUpStarted => "set_up_started",
    AuthenticatorAdded => "authenticator_added",
    BackupCodesMade => "backup_codes_made",
    BackupCodesSaved => "backup_codes_saved",
    ResetPlanned => "reset_planned",
    StepUp => "step_up",
    StepUpRefused => "step_up_refused",
    ResetRefused => "reset_refused",
    ApprovalAsked => "approval_asked",
    ApprovalWithdrawn => "approval_withdrawn",
    ApprovalExpired => "approval_expired",
    ResetApproved => "reset_approved",
    ResetDeclined => "reset_declined",
    Reset => "reset",
    ResetSkipped => "reset_skipped",
    ResetFailed => "reset_failed",
    ResetCancelled => "reset_cancelled",
    LinkIssued => "link_issued",
    LinkRenewed => "link_renewed",
    LinkExtended => "link_extended",
    LinkOpened => "link_opened",
    LinkRefused => "link_refused",
    LinkProved => "link_proved",
    LinkEnded => "link_ended",
    CallerCodeMade => "caller_code_made",
    CallBackConfirmed => "call_back_confirmed",
    MailQueued => "mail_queued",
    MailSent => "mail_sent",
    MailFailed => "mail_failed",
    UserAdded => "user_added",
    UserSuspended => "user_suspended",
    PasswordSet => "password_set",
    PasswordForgotten => "password_forgotten",
    CustomerAdded => "customer_added",
    CustomerChanged => "customer_changed",
    UserInvited => "user_invited",
    InvitationEnded => "invitation_ended",
    UserReactivated => "user_reactivated",
    UserRemoved => "user_removed",
    MethodRemoved => "method_removed",
    RoleGiven => "role_given",
    RoleEnded => "role_ended",
    PolicySet => "policy_set",
    ChangeRefused => "change_refused",
    SetUpPostponed => "set_up_postponed",
    TokensImported => "tokens_imported",
    TokenAssigned => "token_assigned",
    TokenActivated => "token_activated",
    TokenReturned => "token_returned",
    TokenLost => "token_lost",
    TokenInStep => "token_in_step",
    PasskeyAdded => "passkey_added",
    PasskeyCopied => "passkey_copied",
    PhoneAdded => "phone_added",
    PhoneCodeRefused => "phone_code_refused",
    Disowned => "disowned",
    HelpAsked => "help_asked",
    AddressAsked => "address_asked",
    AddressChanged => "address_changed",
    AddressRestored => "address_restored",
    SecondAddressAdded => "second_address_added",
    SecondAddressRemoved => "second_address_removed",
});

impl What {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::PasswordRight => "Password right",
            Self::PasswordWrong => "Password wrong",
            Self::SignInRefused => "Sign-in refused",
            Self::CodeWrong => "Code wrong",
            Self::CodeRefused => "Code refused",
            Self::ChallengeEnded => "Half-finished sign-in ended",
            Self::BackupCodeUsed => "Backup code used",
            Self::SignedIn => "Signed in",
            Self::SignedOut => "Signed out",
            Self::SessionsEnded => "Sessions ended",
            Self::DeviceTrusted => "Device trusted",
            Self::DeviceEnded => "Device no longer trusted",
            Self::SetUpStarted => "Set-up started",
            Self::AuthenticatorAdded => "Authenticator added",
            Self::BackupCodesMade => "Backup codes made",
            Self::BackupCodesSaved => "Backup codes saved",
            Self::ResetPlanned => "Plan frozen",
            Self::StepUp => "Step-up",
            Self::StepUpRefused => "Step-up refused",
            Self::ResetRefused => "Reset refused",
            Self::ApprovalAsked => "Approval asked for",
            Self::ApprovalWithdrawn => "Request for approval withdrawn",
            Self::ApprovalExpired => "Nobody approved in time",
            Self::ResetApproved => "Reset approved",
            Self::ResetDeclined => "Reset declined",
            Self::Reset => "Reset",
            Self::ResetSkipped => "Reset skipped",
            Self::ResetFailed => "Reset failed",
            Self::ResetCancelled => "Reset stopped",
            Self::LinkIssued => "Link issued",
            Self::LinkRenewed => "Link sent again",
            Self::LinkExtended => "Link extended",
            Self::LinkOpened => "Link opened",
            Self::LinkRefused => "Link refused",
            Self::LinkProved => "Link proved",
            Self::LinkEnded => "Link ended",
            Self::CallerCodeMade => "Caller code made",
            Self::CallBackConfirmed => "Set-up confirmed by call-back",
            Self::MailQueued => "Mail queued",
            Self::MailSent => "Mail sent",
            Self::MailFailed => "Mail failed",
            Self::UserAdded => "User added",
            Self::UserSuspended => "User suspended",
            Self::PasswordSet => "Password set",
            Self::PasswordForgotten => "Password forgotten",
            Self::CustomerAdded => "Customer added",
            Self::CustomerChanged => "Customer changed",
            Self::UserInvited => "Invited",
            Self::InvitationEnded => "Invitation ended",
            Self::UserReactivated => "User reactivated",
            Self::UserRemoved => "User removed",
            Self::MethodRemoved => "Method removed",
            Self::RoleGiven => "Role given",
            Self::RoleEnded => "Role ended",
            Self::PolicySet => "Policy changed",
            Self::ChangeRefused => "Change refused",
            Self::SetUpPostponed => "Set-up put off",
            Self::TokensImported => "Hardware tokens imported",
            Self::TokenAssigned => "Hardware token assigned",
            Self::TokenActivated => "Hardware token activated",
            Self::TokenReturned => "Hardware token returned",
            Self::TokenLost => "Hardware token lost",
            Self::TokenInStep => "Hardware token brought into step",
            Self::PasskeyAdded => "Passkey added",
            Self::PasskeyCopied => "Copied passkey refused",
            Self::PhoneAdded => "Phone number added",
            Self::PhoneCodeRefused => "Message to a phone refused",
            Self::Disowned => "“This was not me”",
            Self::HelpAsked => "Administrators asked for help",
            Self::AddressAsked => "Another address asked for",
            Self::AddressChanged => "Address changed",
            Self::AddressRestored => "Change of address undone",
            Self::SecondAddressAdded => "Second address added",
            Self::SecondAddressRemoved => "Second address removed",
        }
    }

    /// Whether a reader should look twice.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::PasswordWrong
                | Self::SignInRefused
                | Self::CodeWrong
                | Self::CodeRefused
                | Self::StepUpRefused
                | Self::ResetRefused
                | Self::ResetFailed
                | Self::ChangeRefused
                | Self::LinkRefused
                | Self::PasskeyCopied
                | Self::PhoneCodeRefused
                | Self::Disowned
                | Self::MailFailed
        )
    }
}

/// Something to record, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The customer in whose chain it stands. None: what belongs to no customer, as a sign-in with an unknown address.
    pub customer: Option<CustomerId>,
    /// When.
    pub at: Time,
    /// What.
    pub what: What,
    /// Who did it; none for the system and for whoever has not proved who they are.
    pub actor: Option<UserRef>,
    /// Whom it concerns.
    pub target: Option<UserId>,
    /// The network address it came from, where it came from one.
    pub from: Option<String>,
    /// More, by name. Never a secret, a code or a token.
    pub details: BTreeMap<String, String>,
}

impl Event {
    /// An event with nothing but its time, kind and chain.
    #[must_use]
    pub const fn new(at: Time, what: What, customer: Option<CustomerId>) -> Self {
        Self { customer, at, what, actor: None, target: None, from: None, details: BTreeMap::new() }
    }

    /// Done by this user.
    #[must_use]
    pub const fn by(mut self, actor: UserRef) -> Self {
        self.actor = Some(actor);
        self
    }

    /// About this user.
    #[must_use]
    pub const fn about(mut self, target: UserId) -> Self {
        self.target = Some(target);
        self
    }

    /// From this network address.
    #[must_use]
    pub fn from(mut self, address: Option<String>) -> Self {
        self.from = address;
        self
    }

    /// With one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the chain, from 1, without gaps.
    pub number: i64,
    /// What is recorded.
    pub event: Event,
}

impl Entry {
    /// The bytes that the chain protects, together with the hash of the entry before: each field preceded by its length,
    /// so that no two different entries share a form.
    ///
    /// # Panics
    /// Never: a map of strings is always JSON.
    #[must_use]
    pub fn canonical(&self, previous_hash: &str) -> Vec<u8> {
        let event = &self.event;
        let text = |value: Option<String>| value.unwrap_or_default();
        let details = serde_json::to_string(&event.details).expect("a map of strings is always JSON");
        let fields = [
            previous_hash.to_owned(),
            text(event.customer.map(|id| id.to_string())),
            self.number.to_string(),
            event.at.unix_milliseconds().to_string(),
            event.what.to_string(),
            text(event.actor.map(|user| user.customer.to_string())),
            text(event.actor.map(|user| user.id.to_string())),
            text(event.target.map(|id| id.to_string())),
            text(event.from.clone()),
            details,
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend((field.len() as u64).to_be_bytes());
            bytes.extend(field.into_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let at = Time::from_unix_milliseconds(1);
        Entry { number: 1, event: Event::new(at, What::Reset, None).with("reason", "ab") }
    }

    #[test]
    fn every_field_counts() {
        let one = entry();
        let id = UserId::new(Time::from_unix_milliseconds(0), [1; 10]);
        let customer = CustomerId::new(Time::from_unix_milliseconds(0), [2; 10]);
        let event = || entry().event;
        let others = [
            Entry { number: 2, ..entry() },
            Entry { event: Event { at: Time::from_unix_milliseconds(2), ..event() }, ..entry() },
            Entry { event: Event { what: What::SignedIn, ..event() }, ..entry() },
            Entry { event: Event { customer: Some(customer), ..event() }, ..entry() },
            Entry { event: event().by(UserRef { customer, id }), ..entry() },
            Entry { event: event().about(id), ..entry() },
            Entry { event: event().from(Some("::1".into())), ..entry() },
            Entry { event: event().with("reason", "abc"), ..entry() },
        ];
        for other in others {
            assert_ne!(one.canonical("x"), other.canonical("x"), "{other:?}");
        }
        assert_ne!(one.canonical("x"), one.canonical("y"));
    }
}
