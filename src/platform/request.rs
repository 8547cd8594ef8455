//! What a use case may know of the request it serves: where it came from and which cookies it brought.

use axum::http::{HeaderMap, header};

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address of the client.
    pub address: Option<String>,
    /// What its browser calls itself, at most 200 characters.
    pub browser: Option<String>,
}

impl Origin {
    /// Of a request with these headers from this network address.
    #[must_use]
    pub fn new(address: Option<std::net::IpAddr>, headers: &HeaderMap) -> Self {
        let browser = headers.get(header::USER_AGENT).map(|value| {
            let text: String = String::from_utf8_lossy(value.as_bytes()).chars().filter(|c| !c.is_control()).collect();
            text.chars().take(200).collect()
        });
        Self { address: address.map(|ip| ip.to_string()), browser }
    }
}

/// The value of the cookie `name`.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// What stands after the question mark of an address.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads it, with its question mark or without.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.trim_start_matches('?').as_bytes()).into_owned().collect())
    }

    /// Every name with its value, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of this name.
    #[must_use]
    pub fn value(&self, wanted: &str) -> Option<&str> {
        self.pairs().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

/// A local address to go to after sign-in: one path on this site, or the start page.
#[must_use]
pub fn local_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(|c| c.is_control() || c.is_whitespace());
    if local && next.len() <= 4000 { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_followed() {
        for evil in ["//evil", "https://evil", "javascript:alert(1)", "/\\evil", "\\\\evil", "", "/a\r\nb", "/\t/evil"]
        {
            assert_eq!(local_path(evil), "/", "{evil}");
        }
        assert_eq!(local_path("/users?q=zo%C3%AB"), "/users?q=zo%C3%AB");
    }

    #[test]
    fn a_query_is_read_with_and_without_its_question_mark() {
        for text in ["?q=zo%C3%AB+x&customer=a&customer=b&find=", "q=zo%C3%AB+x&customer=a&customer=b&find="] {
            let query = Query::read(text);
            assert_eq!((query.value("q"), query.value("customer")), (Some("zoë x"), Some("a")));
            assert_eq!((query.value("find"), query.value("none")), (Some(""), None));
            assert_eq!(query.pairs().filter(|(name, _)| *name == "customer").count(), 2);
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "xrekey=1; rekey=2".parse().unwrap());
        headers.append(header::COOKIE, "other=3".parse().unwrap());
        assert_eq!(cookie(&headers, "rekey").as_deref(), Some("2"));
        assert_eq!(cookie(&headers, "other").as_deref(), Some("3"));
        assert_eq!(cookie(&headers, "none"), None);
    }
}
