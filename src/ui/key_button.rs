//! A button that asks a passkey or security key through the browser, and the glue to `navigator.credentials`.

use std::future::Future;
use std::pin::Pin;

use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array},
};
use serde_json::{Value, json};

use super::{Glyph, Icon, Look, ready};

/// A question to a key.
pub struct KeyQuestion {
    /// What the server wants back with the answer.
    pub carry: String,
    /// The question, as the server put it.
    pub question: String,
}

/// Where a question comes from: none when the server asks none.
pub type Asking = fn() -> Pin<Box<dyn Future<Output = Option<KeyQuestion>>>>;

/// What is said around a key.
#[derive(Clone, Copy)]
pub struct KeyWords {
    /// On the button.
    pub label: &'static str,
    /// Where no script runs.
    pub no_script: &'static str,
    /// The server asks no question any more.
    pub over: &'static str,
    /// The browser was told no, or nobody touched the key.
    pub cancelled: &'static str,
    /// This key is one of the user's already.
    pub known: &'static str,
    /// This browser knows no keys, or uses none at this address.
    pub unable: &'static str,
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    Over,
    Cancelled,
    Known,
    Unable,
}

/// Asks a key when it is pressed, and hands on what was carried and the answer. It cannot work without a script, so it waits
/// for one, and says so where there is none.
#[component]
pub fn KeyButton(
    words: KeyWords,
    /// Whether a new key is made.
    #[prop(optional)]
    new: bool,
    ask: Asking,
    #[prop(into)] then: Callback<(String, String)>,
    #[prop(default = false.into(), into)] pending: Signal<bool>,
    #[prop(optional)] look: Look,
    #[prop(optional)] wide: bool,
) -> AnyView {
    let (ready, asking) = (ready(), RwSignal::new(false));
    let unanswered = RwSignal::new(None::<Unanswered>);
    let busy = move || asking.get() || pending.get();
    let press = move |_| {
        if asking.get_untracked() || pending.get_untracked() {
            return;
        }
        asking.set(true);
        unanswered.set(None);
        spawn_local(async move {
            match ask().await {
                None => {
                    unanswered.set(Some(Unanswered::Over));
                    asking.set(false);
                }
                Some(KeyQuestion { carry, question }) => ask_key(new, &question, move |answer| {
                    asking.set(false);
                    match answer {
                        Ok(answer) => then.run((carry, answer)),
                        Err(why) => unanswered.set(Some(why)),
                    }
                }),
            }
        });
    };
    let said = move || {
        unanswered.get().map(|why| match why {
            Unanswered::Over => words.over,
            Unanswered::Cancelled => words.cancelled,
            Unanswered::Known => words.known,
            Unanswered::Unable => words.unable,
        })
    };
    view! {
        <div class="field">
            <button
                class=look.class()
                class:wide=wide
                type="button"
                disabled=move || !ready.get()
                aria-busy=move || busy().then_some("true")
                on:click=press
            >
                <Icon of=Glyph::Key/>
                {words.label}
            </button>
            <p class="error" role="alert" hidden=move || said().is_none()><Icon of=Glyph::Warning/>{said}</p>
            <noscript inner_html=format!("<p class=\"note\">{}</p>", words.no_script)></noscript>
        </div>
    }
    .into_any()
}

fn ask_key(new: bool, question: &str, then: impl FnOnce(Result<String, Unanswered>) + Clone + 'static) {
    let failed = then.clone();
    let asked = call(new, question);
    let Ok(promise) = asked else {
        return then(Err(Unanswered::Unable));
    };
    let answered =
        Closure::once(move |credential: JsValue| then(answer(new, &credential).map_err(|_| Unanswered::Unable)));
    let refused = Closure::once(move |error: JsValue| failed(Err(why(&error))));
    let _ = promise.then2(&answered, &refused);
    // Whichever of them is called, the browser lets go of both with the promise.
    answered.forget();
    refused.forget();
}

/// By name, because a browser may know no keys at all, and knows none where the page came over plain HTTP.
fn call(new: bool, question: &str) -> Result<Promise, JsValue> {
    let options = JSON::parse(question)?;
    let asked = get(&options, "publicKey")?;
    to_bytes(&asked, "challenge")?;
    if new {
        to_bytes(&get(&asked, "user")?, "id")?;
    }
    for list in ["excludeCredentials", "allowCredentials"] {
        let keys = get(&asked, list)?;
        if Array::is_array(&keys) {
            for key in Array::from(&keys).iter() {
                to_bytes(&key, "id")?;
            }
        }
    }
    let credentials = get(&window().navigator(), "credentials")?;
    let method: Function = get(&credentials, if new { "create" } else { "get" })?.dyn_into()?;
    method.call1(&credentials, &options)?.dyn_into()
}

/// The answer as the server reads it.
fn answer(new: bool, credential: &JsValue) -> Result<String, JsValue> {
    let response = get(credential, "response")?;
    let bytes = |of: &JsValue, name: &str| Ok::<_, JsValue>(Value::String(encode(&from_buffer(&get(of, name)?))));
    let id = bytes(credential, "rawId")?;
    let response = if new {
        json!({
            "attestationObject": bytes(&response, "attestationObject")?,
            "clientDataJSON": bytes(&response, "clientDataJSON")?,
            "transports": transports(&response),
        })
    } else {
        let user = get(&response, "userHandle")?;
        let user = user.is_object().then(|| encode(&from_buffer(&user)));
        json!({
            "authenticatorData": bytes(&response, "authenticatorData")?,
            "clientDataJSON": bytes(&response, "clientDataJSON")?,
            "signature": bytes(&response, "signature")?,
            "userHandle": user,
        })
    };
    Ok(json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} }).to_string())
}

/// How the key can be reached, where the browser says so: it finds the key sooner then.
fn transports(response: &JsValue) -> Vec<String> {
    let ask = || -> Result<Array, JsValue> {
        let method: Function = get(response, "getTransports")?.dyn_into()?;
        method.call0(response)?.dyn_into()
    };
    let known = |way: &String| ["usb", "nfc", "ble", "internal", "hybrid"].contains(&way.as_str());
    ask().map(|ways| ways.iter().filter_map(|way| way.as_string()).filter(known).collect()).unwrap_or_default()
}

fn why(error: &JsValue) -> Unanswered {
    match get(error, "name").ok().and_then(|name| name.as_string()).as_deref() {
        Some("NotAllowedError" | "AbortError") => Unanswered::Cancelled,
        Some("InvalidStateError") => Unanswered::Known,
        _ => Unanswered::Unable,
    }
}

fn get(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(of, &name.into())
}

/// The server speaks base64url, `navigator.credentials` bytes.
fn to_bytes(of: &JsValue, name: &str) -> Result<(), JsValue> {
    let text = get(of, name)?.as_string().ok_or(JsValue::NULL)?;
    let bytes: Object = Uint8Array::from(decode(&text).as_slice()).into();
    Reflect::set(of, &name.into(), &bytes).map(|_| ())
}

fn from_buffer(buffer: &JsValue) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// What is no base64url ends it.
fn decode(text: &str) -> Vec<u8> {
    let value = |letter: u8| (0u32..).zip(LETTERS).find(|(_, known)| **known == letter).map(|(value, _)| value);
    let values: Vec<u32> = text.bytes().map_while(value).collect();
    let mut bytes = Vec::new();
    for four in values.chunks(4) {
        let bits = four.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - four.len()));
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend(three.into_iter().take(four.len() - 1));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_went() {
        assert_eq!((encode(b""), encode(b"f"), encode(b"fo")), (String::new(), "Zg".into(), "Zm8".into()));
        assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "-__-");
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), bytes);
        }
    }
}
