//! Passkeys and security keys (WebAuthn level 2), by webauthn-rs. What a browser and a key say to each other is text here:
//! questions and answers are the JSON that both sides speak, states and keys are JSON for the rows that hold them.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn_rs::prelude::{
    CredentialID, PublicKeyCredential, RegisterPublicKeyCredential, SecurityKey, SecurityKeyAuthentication,
    SecurityKeyRegistration, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{Config, Fault, Result};
use crate::domain::Unreadable;
use crate::domain::ids::UserId;

/// Bytes of the longest answer that is looked at.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Whom keys know this installation as: the host of the address that people reach it at. Whoever moves to another host
/// leaves all keys behind.
pub struct RelyingParty(Webauthn);

/// Whether a key must verify its user, by a PIN, a finger or a face, or only its being there (WebAuthn §5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// It may, where it can.
    Preferred,
    /// It must: other answers are wrong.
    Required,
}

/// A question to a key, and what the server must remember until it is answered.
pub struct Ceremony {
    /// For the browser.
    pub question: String,
    /// For the server alone.
    pub state: String,
}

/// A key that was just registered.
pub struct NewKey {
    /// What the key calls itself, in base64url.
    pub id: String,
    /// What its answers are checked with; nothing secret.
    pub key: String,
}

/// What an answer is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Signed by this key, whose counter stands here now.
    Right {
        /// What the key calls itself.
        id: String,
        /// 0 for keys that do not count.
        counter: u32,
    },
    /// Signed by this key, but its counter went back: there are two of it.
    Copied {
        /// What the key calls itself.
        id: String,
    },
    /// Not by one of the keys that were asked, not to this question, or not for this site.
    Wrong,
}

impl RelyingParty {
    /// None where people reach Rekey at a bare network address or without HTTPS: no browser uses a key there.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let base = config.base_url();
        let host = base.domain()?;
        let secure = base.scheme() == "https" || host == "localhost" || host.ends_with(".localhost");
        let built = WebauthnBuilder::new(host, &base).ok().filter(|_| secure)?.rp_name("Rekey").build();
        built.ok().map(Self)
    }

    /// Asks for a new key of a user who has these `keys` already.
    ///
    /// # Errors
    /// When a key is not one that [`Self::register`] made.
    pub fn ask_new(
        &self,
        user: UserId,
        address: &str,
        name: &str,
        keys: &[String],
        verification: UserVerification,
    ) -> Result<Ceremony> {
        let known: Vec<CredentialID> = read_all(keys)?.iter().map(|key| key.cred_id().clone()).collect();
        let name = if name.is_empty() { address } else { name };
        let begun =
            self.0.start_securitykey_registration(Uuid::from_u128(user.into()), address, name, Some(known), None, None);
        let (mut question, state) = begun.map_err(|_| Fault::Unreadable(Unreadable("key")))?;
        // Any kind of key will do, so the browser is not told to look for one kind first. Nor is a key asked to verify its user
        // ever after, which Chromium refuses to ask where that is only preferred.
        question.public_key.hints = None;
        question.public_key.extensions = None;
        let mut question = json(&question);
        // The browser makes no key that could never be used; what an answer is worth is judged when the key is asked.
        question["publicKey"]["authenticatorSelection"]["userVerification"] = verification.in_a_question();
        Ok(Ceremony { question: question.to_string(), state: write(&state) })
    }

    /// The key that answered, if it answered this question.
    ///
    /// # Errors
    /// When the state is none that [`Self::ask_new`] made.
    pub fn register(&self, state: &str, answer: &str) -> Result<Option<NewKey>> {
        let state: SecurityKeyRegistration = read(state)?;
        let answer = readable::<RegisterPublicKeyCredential>(answer);
        let key = answer.and_then(|answer| self.0.finish_securitykey_registration(&answer, &state).ok());
        Ok(key.map(|key| NewKey { id: BASE64URL_NOPAD.encode(key.cred_id()), key: write(&key) }))
    }

    /// Asks for an answer of one of these keys.
    ///
    /// # Errors
    /// When a key is not one that [`Self::register`] made.
    pub fn ask(&self, keys: &[String], verification: UserVerification) -> Result<Ceremony> {
        let begun = self.0.start_securitykey_authentication(&read_all(keys)?);
        let (mut question, state) = begun.map_err(|_| Fault::Unreadable(Unreadable("key")))?;
        question.public_key.hints = None;
        let mut question = json(&question);
        question["publicKey"]["userVerification"] = verification.in_a_question();
        Ok(Ceremony { question: question.to_string(), state: write(&state) })
    }

    /// What an answer is worth. A counter is compared with the one that the key had when it was registered: whoever asks
    /// compares it with that of its last use.
    ///
    /// # Errors
    /// When the state is none that [`Self::ask`] made.
    pub fn judge(&self, state: &str, answer: &str, verification: UserVerification) -> Result<Answer> {
        let state: SecurityKeyAuthentication = read(state)?;
        let Some(answer) = readable::<PublicKeyCredential>(answer) else {
            return Ok(Answer::Wrong);
        };
        let id = BASE64URL_NOPAD.encode(answer.get_credential_id());
        Ok(match self.0.finish_securitykey_authentication(&answer, &state) {
            // The library asks and does not insist: whether it must be so is the policy's, at the moment of the answer.
            Ok(right) if verification == UserVerification::Required && !right.user_verified() => Answer::Wrong,
            Ok(right) => Answer::Right { id, counter: right.counter() },
            Err(WebauthnError::CredentialPossibleCompromise) => Answer::Copied { id },
            Err(_) => Answer::Wrong,
        })
    }
}

impl UserVerification {
    fn in_a_question(self) -> Value {
        Value::from(match self {
            Self::Preferred => "preferred",
            Self::Required => "required",
        })
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("a question is always JSON")
}

fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("writing to a string does not fail")
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| Fault::Unreadable(Unreadable("ceremony")))
}

fn read_all(keys: &[String]) -> Result<Vec<SecurityKey>> {
    keys.iter().map(|key| read(key)).collect()
}

/// What came from a browser may be anything.
fn readable<T: DeserializeOwned>(answer: &str) -> Option<T> {
    serde_json::from_str(answer).ok().filter(|_| answer.len() <= LONGEST_ANSWER)
}
