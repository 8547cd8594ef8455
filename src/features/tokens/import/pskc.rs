//! PSKC (RFC 6030): plain keys, and keys encrypted by AES-128-CBC under a pre-shared key or a password, each with its MAC.
//! A document type is refused before anything is made of it, and the reader holds no more nodes than the file has bytes.

use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use roxmltree::{Document, Error, Node, ParsingOptions};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Found, Line, Problem, Raw};
use crate::domain::token::Untaken;
use crate::domain::totp::{Digest, Moving, Profile};

const NAMESPACE: &str = "urn:ietf:params:xml:ns:keyprov:pskc";
const AES_128_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const HMAC_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
const HMAC_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
/// Nodes of the largest document: a file of a mebibyte with the shortest elements has fewer.
const MOST_NODES: u32 = 400_000;
/// The most rounds of a password's derivation: half a second of work.
const MOST_ROUNDS: u32 = 500_000;

type Secret = Zeroizing<Vec<u8>>;

pub fn read(text: &str, key: &str) -> Result<Vec<Line>, Problem> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        Error::DtdDetected => Problem::Doctype,
        _ => Problem::Xml,
    })?;
    let container = document.root_element();
    if !container.has_tag_name((NAMESPACE, "KeyContainer")) {
        return Err(Problem::NotPskc);
    }
    let opener = Opener::of(container, key)?;
    let packages = container.children().filter(|node| is(node, "KeyPackage"));
    let mut lines = Vec::new();
    for package in packages {
        for node in package.children().filter(|node| is(node, "Key")) {
            // The PIN of a token is no token.
            if algorithm(node).ends_with(":pin") {
                continue;
            }
            let serial = serial(package, node);
            let number = u64::from(document.text_pos_at(node.range().start).row);
            let token = token(package, node, &serial, opener.as_ref());
            lines.push(Line { number, serial, token, same_as: None });
        }
    }
    // A wrong key opens nothing of all that it should.
    let closed = |line: &Line| matches!(line.token, Err(Untaken::Unopened));
    if opener.is_some() && !lines.is_empty() && lines.iter().all(closed) {
        return Err(Problem::WrongKey);
    }
    Ok(lines)
}

/// Vendors put the parts of other standards into whatever namespace: the local name says it.
fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn child<'a, 'i>(node: Node<'a, 'i>, path: &[&str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| node.children().find(|child| is(child, name)))
}

fn text(node: Node<'_, '_>, path: &[&str]) -> String {
    let found = child(node, path).map(|node| node.text().unwrap_or_default().trim().to_owned());
    found.unwrap_or_default()
}

fn base64(text: &str) -> Option<Secret> {
    let letters: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    BASE64.decode(letters.as_bytes()).ok().map(Zeroizing::new)
}

fn algorithm(key: Node<'_, '_>) -> String {
    key.attribute("Algorithm").unwrap_or_default().to_lowercase()
}

fn serial(package: Node<'_, '_>, key: Node<'_, '_>) -> String {
    let serial = text(package, &["DeviceInfo", "SerialNo"]);
    if serial.is_empty() { key.attribute("Id").unwrap_or_default().trim().to_owned() } else { serial }
}

fn token(package: Node<'_, '_>, key: Node<'_, '_>, serial: &str, opener: Option<&Opener>) -> Result<Found, Untaken> {
    let algorithm = algorithm(key);
    let timed = match algorithm.rsplit([':', '#']).next() {
        Some("totp") => true,
        Some("hotp") => false,
        _ => return Err(Untaken::OtherKind),
    };
    let parameters = child(key, &["AlgorithmParameters"]);
    let format = parameters.and_then(|parameters| child(parameters, &["ResponseFormat"]));
    let digits = match format.map(|format| (format.attribute("Length"), format.attribute("Encoding"))) {
        None | Some((Some("6") | None, Some("DECIMAL") | None)) => 6,
        Some((Some("8"), Some("DECIMAL") | None)) => 8,
        Some(_) => return Err(Untaken::BadDigits),
    };
    let suite = parameters.map(|parameters| text(parameters, &["Suite"])).unwrap_or_default();
    let digest = match suite.to_uppercase().replace('-', "").as_str() {
        "" | "HMACSHA1" | "SHA1" => Digest::Sha1,
        "HMACSHA256" | "SHA256" => Digest::Sha256,
        "HMACSHA512" | "SHA512" => Digest::Sha512,
        _ => return Err(Untaken::OtherKind),
    };
    let data = child(key, &["Data"]).ok_or(Untaken::NoSecret)?;
    let number = |name: &str| text(data, &[name, "PlainValue"]);
    let (moving, counter) = if timed {
        match number("TimeInterval").as_str() {
            "" | "30" => (Moving::Time(30), 0),
            "60" => (Moving::Time(60), 0),
            _ => return Err(Untaken::BadInterval),
        }
    } else {
        match number("Counter").as_str() {
            "" => (Moving::Counter, 0),
            counter => (Moving::Counter, counter.parse().map_err(|_| Untaken::BadCounter)?),
        }
    };
    let secret = secret(data, opener)?;
    let raw = Raw {
        serial,
        maker: &text(package, &["DeviceInfo", "Manufacturer"]),
        model: &text(package, &["DeviceInfo", "Model"]),
        profile: Profile { digest, digits, moving },
        secret: secret.to_vec(),
        counter,
        owner: "",
    };
    raw.judged()
}

fn secret(data: Node<'_, '_>, opener: Option<&Opener>) -> Result<Secret, Untaken> {
    let secret = child(data, &["Secret"]).ok_or(Untaken::NoSecret)?;
    if let Some(plain) = child(secret, &["PlainValue"]) {
        return base64(plain.text().unwrap_or_default()).ok_or(Untaken::BadSecret);
    }
    let encrypted = child(secret, &["EncryptedValue"]).ok_or(Untaken::NoSecret)?;
    let opener = opener.ok_or(Untaken::Unopened)?;
    opener.open(encrypted, &text(secret, &["ValueMAC"])).ok_or(Untaken::Unopened)
}

/// What opens encrypted values and knows whether they were changed.
struct Opener {
    key: Secret,
    mac_key: Secret,
    mac: fn(&[u8], &[u8], &[u8]) -> bool,
}

impl Opener {
    /// None where nothing is encrypted.
    fn of(container: Node<'_, '_>, typed: &str) -> Result<Option<Self>, Problem> {
        let encrypted = container.descendants().any(|node| is(&node, "EncryptedValue"));
        let encryption = child(container, &["EncryptionKey"]);
        if !encrypted {
            return Ok(None);
        }
        let known = |node: Node<'_, '_>| {
            child(node, &["EncryptionMethod"]).and_then(|method| method.attribute("Algorithm")) == Some(AES_128_CBC)
        };
        let method = child(container, &["MACMethod"]).ok_or(Problem::NoMac)?;
        let mac_key = child(method, &["MACKey"]);
        let values = container.descendants().filter(|node| is(node, "EncryptedValue"));
        if !values.chain(mac_key).all(known) {
            return Err(Problem::Encryption);
        }
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(Problem::KeyMissing);
        }
        let key = match encryption.and_then(|encryption| child(encryption, &["DerivedKey"])) {
            Some(derived) => derive(derived, typed)?,
            None => pre_shared(typed).ok_or(Problem::KeyMalformed)?,
        };
        let mac: fn(&[u8], &[u8], &[u8]) -> bool = match method.attribute("Algorithm") {
            Some(HMAC_SHA1) => |key, data, mac| {
                let hmac = Hmac::<Sha1>::new_from_slice(key).map(|hmac| hmac.chain_update(data));
                hmac.is_ok_and(|hmac| hmac.verify_slice(mac).is_ok())
            },
            Some(HMAC_SHA256) => |key, data, mac| {
                let hmac = Hmac::<Sha256>::new_from_slice(key).map(|hmac| hmac.chain_update(data));
                hmac.is_ok_and(|hmac| hmac.verify_slice(mac).is_ok())
            },
            _ => return Err(Problem::Encryption),
        };
        let mac_key = match mac_key {
            Some(node) => cipher_value(node).and_then(|value| decrypt(&key, &value)).ok_or(Problem::WrongKey)?,
            None => key.clone(),
        };
        Ok(Some(Self { key, mac_key, mac }))
    }

    /// The value, if its MAC is right: nothing is decrypted before.
    fn open(&self, encrypted: Node<'_, '_>, mac: &str) -> Option<Secret> {
        let value = cipher_value(encrypted)?;
        let right = (self.mac)(&self.mac_key, &value, &base64(mac)?);
        if right { decrypt(&self.key, &value) } else { None }
    }
}

fn cipher_value(node: Node<'_, '_>) -> Option<Secret> {
    base64(&text(node, &["CipherData", "CipherValue"]))
}

/// AES-128-CBC as XML Encryption has it: first the initial vector, at the end as many bytes as the last one says.
fn decrypt(key: &[u8], value: &[u8]) -> Option<Secret> {
    let (iv, ciphertext) = value.split_at_checked(16)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    cbc::Decryptor::<Aes128>::new_from_slices(key, iv).ok()?.decrypt_padded::<NoPadding>(&mut plain).ok()?;
    let padding = usize::from(*plain.last()?);
    let length = plain.len().checked_sub(padding).filter(|_| (1..=16).contains(&padding))?;
    plain.truncate(length);
    Some(plain)
}

fn pre_shared(typed: &str) -> Option<Secret> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().filter(|key| key.len() == 16).map(Zeroizing::new)
}

/// The key that a password makes: PBKDF2 with HMAC-SHA-1 (RFC 8018), one block of it.
fn derive(derived: Node<'_, '_>, password: &str) -> Result<Secret, Problem> {
    let method = child(derived, &["KeyDerivationMethod"]).ok_or(Problem::Encryption)?;
    let parameters = method.children().find(|node| is(node, "PBKDF2-params")).ok_or(Problem::Encryption)?;
    let salt = base64(&text(parameters, &["Salt", "Specified"])).ok_or(Problem::Encryption)?;
    let rounds: u32 = text(parameters, &["IterationCount"]).parse().map_err(|_| Problem::Encryption)?;
    let length = text(parameters, &["KeyLength"]);
    let function = child(parameters, &["PRF"]).and_then(|function| function.attribute("Algorithm")).unwrap_or_default();
    let known = function.is_empty() || function.to_lowercase().ends_with("hmac-sha1");
    if !known || !["", "16"].contains(&length.as_str()) || !(1..=MOST_ROUNDS).contains(&rounds) {
        return Err(Problem::Encryption);
    }
    let keyed = Hmac::<Sha1>::new_from_slice(password.as_bytes()).map_err(|_| Problem::Encryption)?;
    let round = |data: &[u8]| -> [u8; 20] { keyed.clone().chain_update(data).finalize().into_bytes().into() };
    let mut last = round(&[salt.as_slice(), &1u32.to_be_bytes()].concat());
    let mut key = last;
    for _ in 1..rounds {
        last = round(&last);
        key.iter_mut().zip(last).for_each(|(key, byte)| *key ^= byte);
    }
    Ok(Zeroizing::new(key[..16].to_vec()))
}
