//! How text messages leave: by one HTTP request each, put together from the operator's templates, so that any provider fits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Method, Request, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::transport::Sending;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::clean_name;
use crate::platform::Config;

/// The longest that one request may take in all.
pub(super) const SENDING: Duration = Duration::from_secs(20);

/// In what form a body is, and so how a value stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    UrlEncoded,
    Xml,
}

impl Form {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::UrlEncoded => "application/x-www-form-urlencoded",
            Self::Xml => "text/xml; charset=utf-8",
        }
    }

    fn of(content_type: Option<&HeaderValue>, body: &str) -> Option<Self> {
        let Some(named) = content_type else {
            return Some(match body.trim_start().chars().next() {
                Some('{' | '[') => Self::Json,
                Some('<') => Self::Xml,
                _ => Self::UrlEncoded,
            });
        };
        let named = named.to_str().unwrap_or_default().to_ascii_lowercase();
        [("json", Self::Json), ("urlencoded", Self::UrlEncoded), ("xml", Self::Xml)]
            .into_iter()
            .find_map(|(part, form)| named.contains(part).then_some(form))
    }

    fn escaped(self, value: &str) -> String {
        match self {
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::UrlEncoded => byte_serialize(value.as_bytes()).collect(),
            Self::Xml => {
                let mut escaped = String::new();
                for c in value.chars() {
                    match c {
                        '&' => escaped.push_str("&amp;"),
                        '<' => escaped.push_str("&lt;"),
                        '>' => escaped.push_str("&gt;"),
                        '"' => escaped.push_str("&quot;"),
                        '\'' => escaped.push_str("&apos;"),
                        c => escaped.push(c),
                    }
                }
                escaped
            }
        }
    }
}

/// Where text messages go. Cheap to clone; its `Debug` names the host alone, since all else may hold a password.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    agent: Agent,
    url: String,
    host: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// None: a GET.
    body: Option<(String, Form)>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gateway").field(&self.0.host).finish()
    }
}

/// Why no message can be sent with these settings. It repeats none of them: they hold passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGateway {
    /// Not an address.
    #[error("REKEY_SMS_URL is not the address of a gateway; it looks like https://HOST/PATH")]
    Url,
    /// Codes may not travel in the clear.
    #[error("REKEY_SMS_URL must begin with https, but for a gateway on this machine")]
    Insecure,
    /// Number or message have no place.
    #[error("neither REKEY_SMS_URL nor REKEY_SMS_BODY says where {0} goes")]
    Missing(&'static str),
    /// Not a header.
    #[error("line {0} of REKEY_SMS_HEADERS is no header; it looks like NAME: VALUE")]
    Header(usize),
    /// A body in a form that is not known.
    #[error(
        "the Content-Type in REKEY_SMS_HEADERS is not JSON, a form or XML, so the message cannot be put into the body safely"
    )]
    ContentType,
}

impl Gateway {
    /// The gateway that the operator set; none where there is none. Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn new(config: &Config) -> Result<Option<Self>, BadGateway> {
        let Some(url) = config.sms_url() else {
            return Ok(None);
        };
        // Read with something in the places of number and message: they may stand anywhere but in the host.
        let parsed = Url::parse(&filled(url, "0", "0", Form::UrlEncoded)).map_err(|_| BadGateway::Url)?;
        let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or(BadGateway::Url)?.to_owned();
        let elsewhere = Url::parse(&filled(url, "1", "1", Form::UrlEncoded)).map_err(|_| BadGateway::Url)?;
        if elsewhere.host() != parsed.host() {
            return Err(BadGateway::Url);
        }
        let is_here = match parsed.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match parsed.scheme() {
            "https" => {}
            "http" if is_here => {}
            "http" => return Err(BadGateway::Insecure),
            _ => return Err(BadGateway::Url),
        }
        let mut headers = Vec::new();
        for (number, line) in (1..).zip(&config.sms_headers).filter(|(_, line)| !line.trim().is_empty()) {
            let header = line.split_once(':').and_then(|(name, value)| {
                let mut value = HeaderValue::from_str(value.trim()).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::from_bytes(name.trim().as_bytes()).ok()?, value))
            });
            headers.push(header.ok_or(BadGateway::Header(number))?);
        }
        let template = config.sms_body.trim();
        let named = headers.iter().find(|(name, _)| name == header::CONTENT_TYPE).map(|(_, value)| value);
        let body = if template.is_empty() {
            None
        } else {
            Some((template.to_owned(), Form::of(named, template).ok_or(BadGateway::ContentType)?))
        };
        for place in ["{to}", "{text}"] {
            if !url.contains(place) && !template.contains(place) {
                return Err(BadGateway::Missing(place));
            }
        }
        if let Some((_, form)) = body.as_ref().filter(|_| named.is_none()) {
            headers.push((header::CONTENT_TYPE, HeaderValue::from_static(form.content_type())));
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        // A message that is answered elsewhere was not taken here: no redirect is followed with what it holds.
        let settings = Agent::config_builder()
            .timeout_global(Some(SENDING))
            .http_status_as_error(false)
            .max_redirects(0)
            // What is on this machine is reached without leaving it.
            .proxy(if is_here { None } else { Proxy::try_from_env() })
            .tls_config(tls)
            .user_agent("rekey");
        Ok(Some(Self(Arc::new(Inner { agent: settings.build().into(), url: url.to_owned(), host, headers, body }))))
    }

    /// Hands one message over.
    pub(super) async fn send(&self, to: &PhoneNumber, text: &str) -> Sending {
        let (gateway, to, text) = (self.0.clone(), to.e164(), text.to_owned());
        let asked = tokio::task::spawn_blocking(move || gateway.ask(&to, &text)).await;
        asked.unwrap_or_else(|_| Sending::NotNow("the request to the gateway ended early".to_owned()))
    }
}

impl Inner {
    fn ask(&self, to: &str, text: &str) -> Sending {
        let url = filled(&self.url, to, text, Form::UrlEncoded);
        let mut request = Request::builder().uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answered = match &self.body {
            Some((template, form)) => {
                let request = request.method(Method::POST).body(filled(template, to, text, *form));
                request.map(|request| self.agent.run(request))
            }
            None => request.method(Method::GET).body(()).map(|request| self.agent.run(request)),
        };
        match answered {
            Err(_) => Sending::Refused("no request can be made of the gateway's settings".to_owned()),
            Ok(Err(error)) => Sending::NotNow(said(&error)),
            Ok(Ok(answer)) => judged(answer.status().as_u16()),
        }
    }
}

/// What an answer means. Who is not let in, or asks too often, may be let in later: the message is not at fault.
fn judged(status: u16) -> Sending {
    match status {
        200..=299 => Sending::Sent,
        400..=499 if ![401, 402, 403, 404, 407, 408, 425, 429].contains(&status) => {
            Sending::Refused(format!("the gateway answered {status}"))
        }
        _ => Sending::NotNow(format!("the gateway answered {status}")),
    }
}

/// What went wrong, on one line and without the address, in which number and message may stand.
fn said(error: &ureq::Error) -> String {
    let text = match error {
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host was not found".to_owned(),
        ureq::Error::ConnectionFailed => "no connection was made".to_owned(),
        ureq::Error::Io(error) => error.kind().to_string(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed".to_owned(),
        _ => "the request failed".to_owned(),
    };
    clean_name(&format!("the gateway cannot be reached: {text}"))
}

/// A template with number and message in their places, each once: what a message says is never a place itself.
fn filled(template: &str, to: &str, text: &str, form: Form) -> String {
    let parts = template.split("{to}").map(|part| part.replace("{text}", &form.escaped(text)));
    parts.collect::<Vec<_>>().join(&form.escaped(to))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    fn gateway(flags: &[&str]) -> Result<Option<Gateway>, BadGateway> {
        Gateway::new(&Settings::parse_from(["rekey"].iter().chain(flags)).config)
    }

    #[test]
    fn settings_that_cannot_work_are_named_without_their_password() {
        let with = |flags: &[&str]| gateway(flags).map(|gateway| gateway.is_some());
        assert_eq!(with(&[]), Ok(false));
        assert_eq!(with(&["--sms-url", "https://sms.example/send"]), Ok(true));
        assert_eq!(with(&["--sms-url", "http://127.0.0.1:9/send"]), Ok(true));
        assert_eq!(with(&["--sms-url", "https://sms.example/?to={to}&text={text}", "--sms-body", ""]), Ok(true));
        let token = ["--sms-url", "https://u:hunter2@sms.example", "--sms-header", "Authorization: Bearer hunter2"];
        assert_eq!(format!("{:?}", gateway(&token).unwrap().unwrap()), "Gateway(\"sms.example\")");
        for (flags, problem) in [
            (vec!["--sms-url", "sms.example"], BadGateway::Url),
            (vec!["--sms-url", "ftp://sms.example"], BadGateway::Url),
            (vec!["--sms-url", "https://{to}.sms.example"], BadGateway::Url),
            (vec!["--sms-url", "http://sms.example"], BadGateway::Insecure),
            (vec!["--sms-url", "https://sms.example", "--sms-body", "to={to}"], BadGateway::Missing("{text}")),
            (vec!["--sms-url", "https://sms.example?t={text}", "--sms-body", ""], BadGateway::Missing("{to}")),
            (vec!["--sms-url", "https://sms.example", "--sms-header", "hunter2"], BadGateway::Header(1)),
            (vec!["--sms-url", "https://sms.example", "--sms-header", "A: b\nc\rd: hunter2"], BadGateway::Header(2)),
            (
                vec!["--sms-url", "https://sms.example", "--sms-header", "Content-Type: text/plain"],
                BadGateway::ContentType,
            ),
        ] {
            let error = gateway(&flags).unwrap_err();
            assert_eq!(error, problem, "{flags:?}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn values_cannot_break_out_of_their_place() {
        let text = "\"}&x=1 <b>\n{to}";
        let body = |template, form| filled(template, "+49170", text, form);
        let json: serde_json::Value =
            serde_json::from_str(&body(r#"{"to":"{to}","text":"{text}"}"#, Form::Json)).unwrap();
        assert_eq!((json["to"].as_str(), json["text"].as_str()), (Some("+49170"), Some(text)));
        let form = body("to={to}&text={text}", Form::UrlEncoded);
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        assert_eq!(pairs, [("to".to_owned(), "+49170".to_owned()), ("text".to_owned(), text.to_owned())]);
        let xml = body("<sms><to>{to}</to><text>{text}</text></sms>", Form::Xml);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let texts: Vec<_> = document.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect();
        assert_eq!(texts, ["+49170", text]);
    }

    #[test]
    fn what_an_answer_means() {
        for (status, meaning) in [(200, "Sent"), (202, "Sent"), (302, "NotNow"), (400, "Refused"), (422, "Refused")] {
            assert!(format!("{:?}", judged(status)).starts_with(meaning), "{status}");
        }
        for status in [401, 403, 429, 500, 503] {
            assert!(matches!(judged(status), Sending::NotNow(_)), "{status}");
        }
    }
}
