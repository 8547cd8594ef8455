//! Tokens, codes and words that are derived from a key and stored nowhere.

use std::fmt::Display;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::{Key, Keys, Purpose, mac, same};
use crate::domain::ids::{CallerCodeId, ChallengeId, LinkId, MailId, PhoneCodeId};
use crate::domain::user::UserRef;
use crate::domain::{call_back, caller, phone};

impl Keys {
    /// The token of a recovery link: `id . HMAC-SHA-256`, 256 bits that nothing stores. None when its key is gone.
    #[must_use]
    pub fn link_token(&self, key_id: &str, link: LinkId, user: UserRef, generation: i64) -> Option<String> {
        self.derived_token(Purpose::Link, key_id, link, user, generation)
    }

    /// The token of an invitation, derived in the same way with a key of its own: neither is ever the other.
    #[must_use]
    pub fn invitation_token(&self, key_id: &str, link: LinkId, user: UserRef, generation: i64) -> Option<String> {
        self.derived_token(Purpose::Invitation, key_id, link, user, generation)
    }

    /// The digits of a code that goes to a phone: nothing stores them. None when its key is gone.
    #[must_use]
    pub fn phone_code(&self, key_id: &str, code: PhoneCodeId, user: UserRef) -> Option<Zeroizing<String>> {
        let data = format!("{code} {} {}", user.customer, user.id);
        let hash = mac(self.named(key_id)?, Purpose::PhoneCode, data.as_bytes());
        Some(Zeroizing::new(phone::digits(hash)))
    }

    /// The digits of a code that a help desk reads out, for this token of this link: nothing stores them. None when its key
    /// is gone.
    #[must_use]
    pub fn caller_code(
        &self,
        key_id: &str,
        code: CallerCodeId,
        user: UserRef,
        (link, generation): (LinkId, i64),
    ) -> Option<Zeroizing<String>> {
        let data = format!("{code} {} {} {link} {generation}", user.customer, user.id);
        let hash = mac(self.named(key_id)?, Purpose::CallerCode, data.as_bytes());
        Some(Zeroizing::new(caller::digits(hash)))
    }

    /// The words of a set-up that this token of this link led to. None when its key is gone.
    #[must_use]
    pub fn call_back_words(
        &self,
        key_id: &str,
        set_up: ChallengeId,
        user: UserRef,
        (link, generation): (LinkId, i64),
    ) -> Option<String> {
        let data = format!("{set_up} {} {} {link} {generation}", user.customer, user.id);
        Some(call_back::words(mac(self.named(key_id)?, Purpose::CallBack, data.as_bytes())))
    }

    /// The token of a half-finished way that goes on by a link in a mail, derived as that of a recovery link. None when its key
    /// is gone.
    #[must_use]
    pub fn mailed_token(&self, key_id: &str, challenge: ChallengeId, user: UserRef) -> Option<String> {
        let tag = mac(self.named(key_id)?, Purpose::Mailed, about(challenge, user).as_bytes());
        Some(format!("{challenge}.{}", BASE64URL_NOPAD.encode(&tag)))
    }

    /// The token with which the reader of a notice says that it was not them: `id . key id . HMAC-SHA-256`.
    #[must_use]
    pub fn not_me_token(&self, notice: MailId, user: UserRef) -> String {
        self.signed(Purpose::NotMe, notice, user)
    }

    /// The token with which the reader of the mail to the old address undoes this change, of the same form.
    #[must_use]
    pub fn undo_address_token(&self, change: ChallengeId, user: UserRef) -> String {
        self.signed(Purpose::UndoAddress, change, user)
    }

    /// The tag of the address that this mail comes back to: 64 bits, in letters that no mail server changes.
    #[must_use]
    pub fn bounce_tag(&self, mail: MailId) -> String {
        bounce_tag(self.newest(), mail)
    }

    /// Whether `tag` is the one of this mail, with whichever key it was made.
    #[must_use]
    pub fn is_bounce_tag(&self, mail: MailId, tag: &str) -> bool {
        self.ring.iter().any(|key| same(&bounce_tag(key, mail), tag))
    }

    /// Whether `token` is the one of this notice.
    #[must_use]
    pub fn is_not_me_token(&self, notice: MailId, user: UserRef, token: &str) -> bool {
        self.is_signed(Purpose::NotMe, notice, user, token)
    }

    /// Whether `token` is the one that undoes this change.
    #[must_use]
    pub fn is_undo_address_token(&self, change: ChallengeId, user: UserRef, token: &str) -> bool {
        self.is_signed(Purpose::UndoAddress, change, user, token)
    }

    fn signed(&self, purpose: Purpose, id: impl Display, user: UserRef) -> String {
        format!("{id}.{}", self.keyed_hash(purpose, about(&id, user).as_bytes()))
    }

    fn is_signed(&self, purpose: Purpose, id: impl Display, user: UserRef, token: &str) -> bool {
        let hash = token.split_once('.').map(|(_, hash)| hash);
        hash.is_some_and(|hash| self.is_keyed_hash(purpose, about(id, user).as_bytes(), hash))
    }

    fn derived_token(
        &self,
        purpose: Purpose,
        key_id: &str,
        link: LinkId,
        user: UserRef,
        generation: i64,
    ) -> Option<String> {
        let data = format!("{link} {} {} {generation}", user.customer, user.id);
        let tag = mac(self.named(key_id)?, purpose, data.as_bytes());
        Some(format!("{link}.{}", BASE64URL_NOPAD.encode(&tag)))
    }
}

fn bounce_tag(key: &Key, mail: MailId) -> String {
    HEXLOWER_PERMISSIVE.encode(&mac(key, Purpose::Bounce, mail.to_string().as_bytes())[..8])
}

fn about(id: impl Display, user: UserRef) -> String {
    format!("{id} {} {}", user.customer, user.id)
}
