//! What Rekey writes to people. A mail is stored as one of these and becomes text only when it is sent: no secret lies in
//! the outbox, since the token of a link is derived at that moment.

mod kinds;
mod pacing;

pub use kinds::Channel;
pub use pacing::next_link_at;

use serde::{Deserialize, Serialize};

use super::approval::Decision;
use super::authority::Role;
use super::ids::{ChallengeId, LinkId, PhoneCodeId, ResetId, UserId};
use super::method::MethodKind;
use super::time::Time;

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mail {
    /// Your second factor was reset: here is the link.
    Reset {
        /// The link whose token goes into the mail.
        link: LinkId,
        /// Which token of that link: a newer one kills the older.
        generation: i64,
        /// Until when the link works.
        expires_at: Time,
        /// When the reset took place.
        reset_at: Time,
        /// Who reset it.
        requester: String,
        /// Why.
        reason: Option<String>,
        /// The help desk's ticket.
        ticket: Option<String>,
        /// Whether it is sent once more because nobody came back.
        #[serde(default)]
        reminder: bool,
    },
    /// You have an account: here is the link to begin.
    Invitation {
        /// The invitation whose token goes into the mail.
        link: LinkId,
        /// Which token of that invitation: a newer one kills the older.
        generation: i64,
        /// Until when the link works.
        expires_at: Time,
        /// When it was sent off.
        at: Time,
        /// Who invites.
        by: String,
    },
    /// Your account is suspended.
    Suspended {
        /// When.
        at: Time,
        /// Who did it.
        by: String,
    },
    /// You may sign in again.
    Reactivated {
        /// When.
        at: Time,
        /// Who did it.
        by: String,
        /// Whether the set-up was never finished.
        invited: bool,
    },
    /// Your account was removed.
    Removed {
        /// When.
        at: Time,
        /// Who did it.
        by: String,
    },
    /// A new authenticator was set up.
    AuthenticatorAdded {
        /// When.
        at: Time,
    },
    /// One more method signs the user in.
    MethodAdded {
        /// When.
        at: Time,
        /// What it is; an app where a mail was written before there was anything else.
        #[serde(default)]
        method: MethodKind,
        /// What its user calls it.
        name: Option<String>,
    },
    /// One method no longer signs the user in.
    MethodRemoved {
        /// When.
        at: Time,
        /// What it is; an app where a mail was written before there was anything else.
        #[serde(default)]
        method: MethodKind,
        /// What its user calls it.
        name: Option<String>,
        /// The admin who removed it; none when the user did.
        by: Option<String>,
        /// Why, where an admin said so.
        reason: Option<String>,
        /// The help desk's ticket.
        ticket: Option<String>,
        /// Whether it was the last one: the backup codes went with it.
        last: bool,
    },
    /// A hardware token waits to be activated; it opens nothing yet.
    TokenAssigned {
        /// When.
        at: Time,
        /// Its serial number.
        serial: String,
        /// Who gave it.
        by: String,
    },
    /// A passkey of which there are two was refused, and stays refused.
    PasskeyCopied {
        /// When.
        at: Time,
        /// What its user calls it.
        name: Option<String>,
    },
    /// A code, as a text message to a phone.
    PhoneCode {
        /// Which; its digits are derived as it is sent.
        code: PhoneCodeId,
    },
    /// On one device, a right password is enough for some days.
    DeviceTrusted {
        /// When it became so.
        at: Time,
        /// Until when at most.
        until: Time,
        /// What the browser calls itself.
        browser: Option<String>,
    },
    /// Another password is theirs.
    PasswordChanged {
        /// When.
        at: Time,
    },
    /// A help desk made a code for the recovery of this user, and read it out.
    CallerCodeMade {
        /// When.
        at: Time,
        /// Who made it.
        by: String,
        /// Until when it counts.
        until: Time,
    },
    /// Such a code was used with the link.
    CallerCodeUsed {
        /// When.
        at: Time,
    },
    /// A new password was set by somebody who did not give the old one.
    PasswordSet {
        /// When.
        at: Time,
    },
    /// You have forgotten your password: here is the link to a new one.
    NewPassword {
        /// The half-finished way to it, whose token goes into the mail.
        challenge: ChallengeId,
        /// With which key that token is derived.
        key_id: String,
        /// When it was asked for.
        at: Time,
        /// Until when the link works.
        expires_at: Time,
    },
    /// You have forgotten your password, and only your help desk can help.
    NewPasswordHelp {
        /// When it was asked for.
        at: Time,
    },
    /// Is this your address? Here is the link that says so.
    NewAddress {
        /// The change that waits for it, whose token goes into the mail.
        challenge: ChallengeId,
        /// With which key that token is derived.
        key_id: String,
        /// When it was asked for.
        at: Time,
        /// Until when the link works.
        expires_at: Time,
    },
    /// Another address is yours.
    AddressChanged {
        /// When.
        at: Time,
        /// Which, masked.
        address: String,
    },
    /// This address is no longer yours: here is the link that undoes it.
    AddressLost {
        /// The change, whose token goes into the mail.
        change: ChallengeId,
        /// When.
        at: Time,
        /// Which one is theirs now, masked.
        address: String,
        /// Until when it can be undone; none where its user had only changed back.
        until: Option<Time>,
    },
    /// A change of address was undone.
    AddressRestored {
        /// When.
        at: Time,
        /// Which one is theirs again, masked.
        address: String,
    },
    /// A second address gets copies, or no longer does.
    SecondAddress {
        /// When.
        at: Time,
        /// Which, masked.
        address: String,
        /// Whether it does from now on.
        added: bool,
    },
    /// Your account is frozen, since it was said of a notice that it was not you.
    Frozen {
        /// When.
        at: Time,
    },
    /// Somebody of a customer of yours says of a notice that it was not them.
    Disowned {
        /// Who.
        user: UserId,
        /// When.
        at: Time,
        /// Their name.
        name: String,
        /// Their address.
        address: String,
        /// What kind of mail the notice was.
        notice: String,
    },
    /// New backup codes took the place of the old ones.
    BackupCodesMade {
        /// When.
        at: Time,
    },
    /// A backup code was used to sign in.
    BackupCodeUsed {
        /// When.
        at: Time,
        /// How many are left.
        left: u32,
    },
    /// You have this role in a customer now.
    RoleGiven {
        /// When.
        at: Time,
        /// The customer.
        place: String,
        /// Who gave it.
        by: String,
        /// Which.
        role: Role,
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// Somebody asks you to approve a reset.
    ApprovalAsked {
        /// Which.
        reset: ResetId,
        /// When.
        at: Time,
        /// Who asks.
        by: String,
        /// How many people would be reset.
        people: usize,
        /// Of which customers, some of them by name.
        places: Vec<String>,
        /// Of how many more.
        more_places: usize,
        /// Until when it can be approved.
        until: Time,
        /// Why.
        reason: Option<String>,
        /// The help desk's ticket.
        ticket: Option<String>,
    },
    /// Somebody decided about the reset for which you asked approval.
    ApprovalDecided {
        /// Which.
        reset: ResetId,
        /// When.
        at: Time,
        /// Who decided; nobody where it expired.
        by: String,
        /// How many people it is about.
        people: usize,
        /// How.
        decision: Decision,
        /// Why; none for an approval.
        reason: Option<String>,
    },
    /// A reset that you were asked to approve no longer waits for you.
    ApprovalOver {
        /// Which.
        reset: ResetId,
        /// When it was decided, or when its time was over.
        at: Time,
        /// Who decided about it, or whose it is where nobody did.
        by: String,
        /// How many people it is about.
        people: usize,
        /// How it was decided.
        decision: Decision,
    },
    /// So many of those whom you reset are back.
    PeopleBack {
        /// Which reset.
        reset: ResetId,
        /// When you were told before, or first wanted to be.
        since: Time,
        /// How many are since then.
        lately: i64,
        /// How many are in all.
        back: i64,
        /// Of how many.
        of: i64,
    },
    /// You have no role in a customer any more.
    RoleEnded {
        /// When.
        at: Time,
        /// The customer.
        place: String,
        /// Who ended it.
        by: String,
    },
}
