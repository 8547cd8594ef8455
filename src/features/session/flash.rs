//! How a form works without WebAssembly: its outcome, and what was typed that is no secret, wait in a cookie of one
//! minute for the page that follows. With WebAssembly the cookie is never set.

use std::collections::BTreeMap;

use leptos::prelude::{Get as _, ServerAction, SharedValue, Signal};
use leptos::server_fn::ServerFn;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::api::ApiError;

/// What a form left for its page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    form: String,
    outcome: serde_json::Value,
    typed: BTreeMap<String, String>,
}

/// The outcome of a form with what was typed into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left<T> {
    /// What came of it.
    pub outcome: T,
    typed: BTreeMap<String, String>,
}

impl<T> Left<T> {
    /// What was typed into a field.
    #[must_use]
    pub fn typed(&self, field: &str) -> String {
        self.typed.get(field).cloned().unwrap_or_default()
    }
}

impl Flash {
    /// The value of the cookie.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn encode(form: &str, outcome: impl Serialize, typed: &[(&str, &str)]) -> String {
        let short = |text: &str| text.chars().take(500).collect::<String>();
        let flash = Self {
            form: form.to_owned(),
            outcome: serde_json::to_value(outcome).unwrap_or_default(),
            typed: typed.iter().map(|(name, value)| ((*name).to_owned(), short(value))).collect(),
        };
        data_encoding::BASE64URL_NOPAD.encode(&serde_json::to_vec(&flash).unwrap_or_default())
    }

    /// Takes the cookie of the request that is being served.
    #[cfg(feature = "ssr")]
    fn take() -> Option<Self> {
        use crate::platform::cookies::Cookie;
        let request = super::request::Request::current().ok()?;
        let value = request.cookie(Cookie::Flash)?;
        request.clear(Cookie::Flash);
        let bytes = data_encoding::BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    #[cfg(not(feature = "ssr"))]
    const fn take() -> Option<Self> {
        None
    }
}

/// What `form` left for this page, if it was just sent without WebAssembly. Call it once a page, outside of closures.
#[must_use]
pub fn left_by<T: DeserializeOwned>(form: &str) -> Option<Left<T>> {
    let flash = SharedValue::new(Flash::take).into_inner()?;
    let outcome = (flash.form == form).then(|| serde_json::from_value(flash.outcome).ok()).flatten()?;
    Some(Left { outcome, typed: flash.typed })
}

/// What came last of a form: of `action` with WebAssembly, or what the form left without it.
pub fn outcome<S, T>(action: ServerAction<S>, left: Option<T>) -> Signal<Option<Result<T, ApiError>>>
where
    S: ServerFn<Output = T, Error = ApiError> + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    Signal::derive(move || action.value().get().or_else(|| left.clone().map(Ok)))
}
