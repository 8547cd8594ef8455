//! A security key in software: ES256, no attestation, a counter that the test may turn back.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const WITH_KEY: u8 = 64;

/// A key, with the browser around it.
#[derive(Clone)]
pub struct SoftKey {
    pub key: SigningKey,
    pub id: Vec<u8>,
    /// How often it was used; it stands still at 0 where the key does not count.
    pub counter: u32,
    pub counts: bool,
    /// Whether it asks its holder for a PIN or a finger.
    pub verifies: bool,
    /// The site that the browser is at.
    pub origin: String,
}

impl SoftKey {
    /// Key number `n`: every number is another key.
    pub fn new(n: u8) -> Self {
        let key = SigningKey::from_slice(&[n; 32]).expect("any small number is a key");
        Self { key, id: vec![n; 20], counter: 0, counts: true, verifies: true, origin: "https://rekey.example".into() }
    }

    /// Makes itself known: the answer to a question of `navigator.credentials.create`.
    pub fn create(&mut self, question: &str) -> String {
        let asked = read(question);
        let site = asked["rp"]["id"].as_str().expect("whom it is for");
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        // COSE: EC2, ES256, P-256, x, y.
        let public =
            [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &point[1..33], &[0x22, 0x58, 32], &point[33..]];
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data =
            [self.data(site, self.there() | WITH_KEY), [&[0; 16][..], &length, &self.id].concat(), public.concat()]
                .concat();
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &length, &data].concat();
        self.answered(json!({
            "attestationObject": encode(&attestation),
            "clientDataJSON": encode(self.client("webauthn.create", &asked).as_bytes()),
            "transports": ["usb"],
        }))
    }

    /// Answers a question of `navigator.credentials.get`.
    pub fn get(&mut self, question: &str) -> String {
        let asked = read(question);
        let site = asked["rpId"].as_str().expect("whom it is for").to_owned();
        self.get_for(&asked, &site)
    }

    fn get_for(&mut self, asked: &Value, site: &str) -> String {
        if self.counts {
            self.counter += 1;
        }
        let (data, client) = (self.data(site, self.there()), self.client("webauthn.get", asked));
        let signed = [&data[..], &Sha256::digest(client.as_bytes())[..]].concat();
        let signature: DerSignature = self.key.sign(&signed);
        self.answered(json!({
            "authenticatorData": encode(&data),
            "clientDataJSON": encode(client.as_bytes()),
            "signature": encode(signature.as_bytes()),
            "userHandle": null,
        }))
    }

    /// The same for another site than the one that asks, as a key that is not asked whom it speaks to would.
    pub fn get_elsewhere(&mut self, question: &str, site: &str) -> String {
        self.get_for(&read(question), site)
    }

    fn there(&self) -> u8 {
        if self.verifies { PRESENT | VERIFIED } else { PRESENT }
    }

    fn data(&self, site: &str, flags: u8) -> Vec<u8> {
        [&Sha256::digest(site.as_bytes())[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn client(&self, kind: &str, asked: &Value) -> String {
        json!({ "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn answered(&self, response: Value) -> String {
        let id = encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} }).to_string()
    }
}

fn read(question: &str) -> Value {
    serde_json::from_str::<Value>(question).expect("a question is JSON")["publicKey"].take()
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
