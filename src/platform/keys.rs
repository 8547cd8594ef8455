//! The key file, and what is made with it: sealed secrets and keyed hashes. Tokens and codes that are made of them are in
//! `derived`.
//!
//! The file holds one key a line, `id hex`, the newest last: new values are made with the newest, older values name the
//! key they were made with. A stolen database opens nothing without this file.

mod derived;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Fault, Result, Rng};

const NONCE_BYTES: usize = 24;

/// What a key is used for. Each purpose has a key of its own, derived from the one in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing secrets at rest and in cookies.
    Seal,
    /// Tokens of recovery links.
    Link,
    /// Tokens of invitations.
    Invitation,
    /// Hashes of backup codes.
    BackupCode,
    /// Hashes by which messages to one phone number are counted.
    PhoneNumber,
    /// Codes that are sent to phones.
    PhoneCode,
    /// Codes that a help desk reads out.
    CallerCode,
    /// Words of set-ups that a help desk confirms.
    CallBack,
    /// Tokens of half-finished ways that go on by a link in a mail: to a new password, to a new address.
    Mailed,
    /// Hashes by which requests for a new password are counted.
    PasswordRequest,
    /// Tokens of links to "this was not me".
    NotMe,
    /// Tokens of links that undo a change of address.
    UndoAddress,
    /// Tags of the addresses that mails come back to.
    Bounce,
    /// The audit chain.
    Audit,
    /// Recognising the database that belongs to this file.
    Check,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Seal => b"rekey seal 1",
            Self::Link => b"rekey link 1",
            Self::Invitation => b"rekey invitation 1",
            Self::BackupCode => b"rekey backup code 1",
            Self::PhoneNumber => b"rekey phone number 1",
            Self::PhoneCode => b"rekey phone code 1",
            Self::CallerCode => b"rekey caller code 1",
            Self::CallBack => b"rekey call back 1",
            // Named for the first of them.
            Self::Mailed => b"rekey new password 1",
            Self::PasswordRequest => b"rekey password request 1",
            Self::NotMe => b"rekey not me 1",
            Self::UndoAddress => b"rekey undo address 1",
            Self::Bounce => b"rekey bounce 1",
            Self::Audit => b"rekey audit 1",
            Self::Check => b"rekey check 1",
        }
    }
}

struct Key {
    id: String,
    master: Zeroizing<[u8; 32]>,
}

/// The key ring. It has no `Debug`.
pub struct Keys {
    ring: Vec<Key>,
}

impl Keys {
    /// Reads the key file.
    ///
    /// # Errors
    /// [`Fault::KeyFile`] when it is missing, unreadable, empty or malformed.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| Fault::KeyFile(format!("{} cannot be read ({error})", path.display())))?;
        let mut ring = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let key = line.split_once(' ').and_then(|(id, hex)| {
                let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes()).ok()?);
                let master = <[u8; 32]>::try_from(bytes.as_slice()).ok()?;
                (!id.is_empty() && !id.contains('.')).then(|| Key { id: id.to_owned(), master: Zeroizing::new(master) })
            });
            ring.push(key.ok_or_else(|| Fault::KeyFile(format!("{} has a line that is no key", path.display())))?);
        }
        if ring.is_empty() {
            return Err(Fault::KeyFile(format!("{} holds no key", path.display())));
        }
        Ok(Self { ring })
    }

    /// Makes a key file with one new key, readable by its owner alone. An existing file is never touched.
    ///
    /// # Errors
    /// [`Fault::KeyFile`] when the file exists or cannot be written.
    pub fn create(path: &Path, rng: &Rng) -> Result<Self> {
        let failed = |error: std::io::Error| Fault::KeyFile(format!("{} cannot be made ({error})", path.display()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let (id, key) = (HEXLOWER_PERMISSIVE.encode(&rng.bytes::<4>()), Zeroizing::new(rng.bytes::<32>()));
        let line = Zeroizing::new(format!("{id} {}\n", HEXLOWER_PERMISSIVE.encode(&*key)));
        file.write_all(b"# Rekey's keys, one a line, the newest last. Keep a copy apart from the database's.\n")
            .and_then(|()| file.write_all(line.as_bytes()))
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        Self::load(path)
    }

    /// The key that new values are made with.
    fn newest(&self) -> &Key {
        self.ring.last().expect("a ring has at least one key")
    }

    /// The id of the key that new values are made with.
    #[must_use]
    pub fn newest_id(&self) -> &str {
        &self.newest().id
    }

    fn named(&self, id: &str) -> Option<&Key> {
        self.ring.iter().find(|key| key.id == id)
    }

    /// Seals `secret`, bound to `place`: it opens nowhere else. XChaCha20-Poly1305, text `key id . nonce and ciphertext`.
    ///
    /// # Panics
    /// When `secret` has more than 256 GiB.
    #[must_use]
    pub fn seal(&self, rng: &Rng, place: &str, secret: &[u8]) -> String {
        let nonce = rng.bytes::<NONCE_BYTES>();
        let sealed = cipher(self.newest())
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: place.as_bytes() })
            .expect("sealing a short secret does not fail");
        format!("{}.{}", self.newest().id, BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Opens what [`Keys::seal`] sealed for `place`.
    ///
    /// # Errors
    /// [`Fault::Sealed`] when the key is missing, the place is another or a byte was changed.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>> {
        let open = || {
            let (id, text) = sealed.split_once('.')?;
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES)?;
            let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).ok()?;
            let payload = Payload { msg: ciphertext, aad: place.as_bytes() };
            cipher(self.named(id)?).decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
        };
        open().ok_or(Fault::Sealed)
    }

    /// A keyed hash (HMAC-SHA-256) of `data` with the newest key, as `key id . hash`.
    #[must_use]
    pub fn keyed_hash(&self, purpose: Purpose, data: &[u8]) -> String {
        format!("{}.{}", self.newest().id, BASE64URL_NOPAD.encode(&mac(self.newest(), purpose, data)))
    }

    /// Whether `hash` is a keyed hash of `data`, with whichever key it names.
    #[must_use]
    pub fn is_keyed_hash(&self, purpose: Purpose, data: &[u8], hash: &str) -> bool {
        hash.split_once('.').and_then(|(id, _)| self.named(id)).is_some_and(|key| {
            let expected = format!("{}.{}", key.id, BASE64URL_NOPAD.encode(&mac(key, purpose, data)));
            expected.as_bytes().ct_eq(hash.as_bytes()).into()
        })
    }
}

fn subkey(key: &Key, purpose: Purpose) -> Zeroizing<[u8; 32]> {
    let mut hmac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*key.master).expect("HMAC takes keys of any length");
    hmac.update(purpose.label());
    Zeroizing::new(hmac.finalize().into_bytes().into())
}

fn mac(key: &Key, purpose: Purpose, data: &[u8]) -> [u8; 32] {
    let subkey = subkey(key, purpose);
    let mut hmac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*subkey).expect("HMAC takes keys of any length");
    hmac.update(data);
    hmac.finalize().into_bytes().into()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*subkey(key, Purpose::Seal)).into())
}

/// SHA-256 in hexadecimal: of plans, and of tokens that have 256 random bits and need no slower hash.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    HEXLOWER_PERMISSIVE.encode(&Sha256::digest(data))
}

/// Whether two secrets are the same, without telling by its time where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// A new token for a cookie: 256 random bits.
#[must_use]
pub fn new_token(rng: &Rng) -> String {
    BASE64URL_NOPAD.encode(&rng.bytes::<32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (Keys, Rng) {
        let rng = Rng::seeded(1);
        let key = |id: &str| Key { id: id.into(), master: Zeroizing::new(rng.bytes()) };
        (Keys { ring: vec![key("old"), key("new")] }, rng)
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let (keys, rng) = keys();
        let sealed = keys.seal(&rng, "methods/1", b"secret");
        assert!(sealed.starts_with("new."));
        assert_eq!(keys.open("methods/1", &sealed).unwrap().as_slice(), b"secret");
        assert!(keys.open("methods/2", &sealed).is_err());
        let mut changed = sealed.clone();
        changed.replace_range(10..11, if &sealed[10..11] == "A" { "B" } else { "A" });
        assert!(keys.open("methods/1", &changed).is_err());
        assert!(keys.open("methods/1", &sealed.replace("new.", "old.")).is_err());
        assert!(keys.open("methods/1", "").is_err());
    }

    #[test]
    fn older_keys_still_verify() {
        let (mut keys, _) = keys();
        let hash = keys.keyed_hash(Purpose::Audit, b"row");
        let newer = Key { id: "newest".into(), master: Zeroizing::new([9; 32]) };
        keys.ring.push(newer);
        assert!(keys.is_keyed_hash(Purpose::Audit, b"row", &hash));
        assert!(!keys.is_keyed_hash(Purpose::Audit, b"other", &hash));
        assert!(!keys.is_keyed_hash(Purpose::BackupCode, b"row", &hash));
    }

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner() {
        let folder = std::env::temp_dir().join(format!("rekey-keys-{}", new_token(&Rng::system())));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("rekey.key");
        assert!(Keys::load(&path).is_err());
        let made = Keys::create(&path, &Rng::system()).unwrap();
        assert_eq!(Keys::load(&path).unwrap().newest_id(), made.newest_id());
        assert!(Keys::create(&path, &Rng::system()).is_err());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&path, "no key here\n").unwrap();
        assert!(Keys::load(&path).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
