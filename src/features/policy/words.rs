//! What each setting of a policy is called, what it does, and what its values are called.

use crate::domain::caller::SecondProof;
use crate::domain::policy::{Setting, Settings};

/// What a setting is called.
pub const fn label(setting: Setting) -> &'static str {
    match setting {
        Setting::MfaRequired => "Multi-factor authentication",
        Setting::GraceDays => "Days of grace",
        Setting::TrustDays => "Trusted devices",
        Setting::PasskeysAllowed => "Passkeys and security keys",
        Setting::PasskeysVerifyUser => "What passkeys ask for",
        Setting::HardwareTokensAllowed => "Hardware tokens",
        Setting::PhonesAllowed => "Phone numbers",
        Setting::PhoneMessagesADay => "Messages to phones in a day",
        Setting::SetUpAtSignIn => "Way back in after a reset",
        Setting::LinkMinutes => "Lifetime of recovery links",
        Setting::RemindAfterHours => "Reminder to whoever is not back",
        Setting::SecondProof => "Proof beside the link",
        Setting::CallBackCheck => "Call-back check",
        Setting::ReasonRequired => "Reason for a reset",
        Setting::TicketRequired => "Ticket number for a reset",
        Setting::ApproverFrom => "Second approver by number",
        Setting::ApproverAcross => "Second approver across customers",
        Setting::ApproverPrivileged => "Second approver for owners and admins",
        Setting::CodesLow => "Warning of few backup codes",
    }
}

/// What a setting does, in a sentence that holds whatever its value is.
pub const fn meaning(setting: Setting) -> &'static str {
    match setting {
        Setting::MfaRequired => {
            "Where it is required, people without a second factor are led through the set-up at their next sign-in; \
             otherwise their password alone signs them in."
        }
        Setting::GraceDays => {
            "For so many days from the moment MFA is switched on, people without a second factor may put the set-up off, \
             but for those who were reset."
        }
        Setting::TrustDays => {
            "At sign-in, people may choose not to be asked for their second factor on that device for so many days (0: never), \
             where their password is then enough."
        }
        Setting::PasskeysAllowed => {
            "Where they are allowed, people may add them to their account, beside the authenticator app with which every \
             set-up begins."
        }
        Setting::PasskeysVerifyUser => {
            "A passkey proves that it is there; where a PIN, a finger or a face is required, it also proves who holds it, \
             and a key that asks for nothing is refused."
        }
        Setting::HardwareTokensAllowed => {
            "Where they are allowed, people may activate a token of the stock that was assigned to them."
        }
        Setting::PhonesAllowed => {
            "Where they are allowed, people may add one and get codes by text message, a way that NIST calls restricted: \
             numbers are taken over, and messages read on their way."
        }
        Setting::PhoneMessagesADay => {
            "So many codes are sent to phones in any 24 hours, for all people together, since each message costs money; \
             beyond that, people sign in with something else."
        }
        Setting::SetUpAtSignIn => {
            "At sign-in, the password alone leads to the new set-up; where only the link does, a stolen password wins no \
             race against the mail."
        }
        Setting::LinkMinutes => {
            "From 5 minutes to 1440, which is a day: so long a link works, once, and only together with a second proof."
        }
        Setting::SecondProof => {
            "A link alone opens nothing; where a caller code will do, whoever has forgotten the password calls the help desk, \
             is identified, types the code that is read out, and chooses a new password."
        }
        Setting::CallBackCheck => {
            "A new set-up shows three words, and goes on only when an owner or admin, with the user on the phone, has \
             confirmed that they see the same: the link is then the only way back in."
        }
        Setting::RemindAfterHours => {
            "So many hours after a reset (0: never), whoever has not set up again gets a mail with a new link, once, in the \
             name of whoever reset them."
        }
        Setting::ReasonRequired => {
            "Where it is required, nobody is reset without one, and it stands in the mail and in the audit."
        }
        Setting::TicketRequired => "Where it is required, nobody is reset without the number of a ticket.",
        Setting::ApproverFrom => {
            "A reset of this many users of this customer or more (0: never) waits until a second owner or admin, with a second \
             factor of their own, approves the same plan."
        }
        Setting::ApproverAcross => {
            "Where it is required, the same goes for every reset of users of this customer and of another one at once."
        }
        Setting::ApproverPrivileged => {
            "Where it is required, the same goes for every reset of users of this customer in which there is an owner or admin."
        }
        Setting::CodesLow => {
            "People with this many left or fewer are warned when they sign in with one, and marked in the list of users."
        }
    }
}

/// The value of a setting, as people say it.
pub fn value(setting: Setting, settings: &Settings) -> String {
    let either = |on: bool, yes: &str, no: &str| if on { yes } else { no }.to_owned();
    match setting {
        Setting::MfaRequired => either(settings.mfa_required, "Required", "Not required"),
        Setting::GraceDays => match settings.grace_days {
            0 => "None".to_owned(),
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        },
        Setting::TrustDays => match settings.trust_days {
            0 => "Never".to_owned(),
            1 => "For 1 day".to_owned(),
            days => format!("For {days} days"),
        },
        Setting::PasskeysAllowed => either(settings.passkeys_allowed, "Allowed", "Not allowed"),
        Setting::PasskeysVerifyUser => {
            either(settings.passkeys_verify_user, "A PIN, a finger or a face", "Whatever the key asks for")
        }
        Setting::HardwareTokensAllowed => either(settings.hardware_tokens_allowed, "Allowed", "Not allowed"),
        Setting::PhonesAllowed => either(settings.phones_allowed, "Allowed", "Not allowed"),
        Setting::PhoneMessagesADay => match settings.phone_messages_a_day {
            0 => "None".to_owned(),
            most => format!("At most {most}"),
        },
        Setting::SetUpAtSignIn => either(settings.set_up_at_sign_in, "The link, or at sign-in", "The link only"),
        Setting::LinkMinutes => match settings.link_minutes {
            60 => "1 hour".to_owned(),
            hours if hours % 60 == 0 => format!("{} hours", hours / 60),
            minutes => format!("{minutes} minutes"),
        },
        Setting::RemindAfterHours => match settings.remind_after_hours {
            0 => "Never".to_owned(),
            1 => "After 1 hour".to_owned(),
            hours => format!("After {hours} hours"),
        },
        Setting::SecondProof => second_proof(settings.second_proof).0.to_owned(),
        Setting::CallBackCheck => either(settings.call_back_check, "Required", "Not required"),
        Setting::ReasonRequired => either(settings.reason_required, "Required", "Optional"),
        Setting::TicketRequired => either(settings.ticket_required, "Required", "Optional"),
        Setting::ApproverFrom => match settings.approver_from {
            0 => "Never by number".to_owned(),
            1 => "From 1 user on".to_owned(),
            from => format!("From {from} users on"),
        },
        Setting::ApproverAcross => either(settings.approver_across, "Required", "Not required"),
        Setting::ApproverPrivileged => either(settings.approver_privileged, "Required", "Not required"),
        Setting::CodesLow => few(settings.codes_low),
    }
}

/// What is asked for beside a link, and what that means.
pub const fn second_proof(proof: SecondProof) -> (&'static str, &'static str) {
    match proof {
        SecondProof::Password => ("The password", "Whoever has forgotten it cannot come back by the link."),
        SecondProof::PasswordOrCallerCode => {
            ("The password, or a caller code", "An owner or admin makes the code, with a fresh code of their own.")
        }
    }
}

fn few(codes: u16) -> String {
    match codes {
        0 => "With none left".to_owned(),
        codes => format!("With {codes} left or fewer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_explained_in_one_sentence() {
        for setting in Setting::ALL {
            let meaning = meaning(*setting);
            let sentence = meaning.strip_suffix('.').unwrap();
            assert!(!sentence.contains(['.', '!', '?']), "{meaning}");
        }
    }
}
