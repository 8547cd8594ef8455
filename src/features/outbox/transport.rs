//! How mails leave: over one long-lived SMTP transport, or into a mailbox in memory that the demo shows. Text messages leave
//! by a `gateway`, or into the same mailbox.

use std::time::Duration;

use lettre::transport::smtp::{self, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio::time::timeout;

use super::gateway::{BadGateway, Gateway};
use super::mailbox::{DevMail, DevMailbox};
use super::message;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::clean_name;
use crate::platform::Config;

/// The longest that one sending may take. lettre bounds connecting only; a server that stops answering would hold the
/// worker for ever.
const SENDING: Duration = Duration::from_mins(1);
/// The longest that asking a server whether it is there may take.
const ASKING: Duration = Duration::from_secs(10);
/// The longest that [`Transport::send`] may take in all.
pub(super) const LONGEST: Duration = Duration::from_secs(60 + 2 * 10);

/// Where mails and text messages go. Cheap to clone.
#[derive(Clone)]
pub enum Transport {
    /// To a mail server, and to a gateway where there is one.
    Servers(AsyncSmtpTransport<Tokio1Executor>, Option<Gateway>),
    /// Into memory, for the demo and for tests.
    Mailbox(DevMailbox),
}

/// Why no mail can be sent with these settings. It never repeats the address of the mail server, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// No mail server is set.
    #[error("no mail server is set: set REKEY_SMTP_URL, as in smtp://localhost:25")]
    NoServer,
    /// The address of the mail server is none.
    #[error("REKEY_SMTP_URL is not the address of a mail server ({0}); it looks like smtps://USER:PASSWORD@HOST")]
    Server(String),
    /// The sender's address is none.
    #[error("{0:?} is not an address that mails can come from: set REKEY_MAIL_FROM")]
    Sender(String),
    /// The gateway for text messages cannot work.
    #[error(transparent)]
    Gateway(#[from] BadGateway),
}

impl Transport {
    /// The servers that the operator set. Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings cannot work.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn servers(config: &Config) -> Result<Self, BadSettings> {
        let url = config.smtp_url.as_deref().ok_or(BadSettings::NoServer)?;
        if message::sender(&config.mail_from()).is_none() {
            return Err(BadSettings::Sender(config.mail_from()));
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            BadSettings::Server(source.unwrap_or_else(|| error.to_string()))
        })?;
        let mail = builder.timeout(Some(ASKING)).pool_config(PoolConfig::new().max_size(2)).build();
        Ok(Self::Servers(mail, Gateway::new(config)?))
    }

    /// The mailbox in memory, if that is where mails go.
    #[must_use]
    pub fn mailbox(&self) -> Option<DevMailbox> {
        match self {
            Self::Servers(..) => None,
            Self::Mailbox(mailbox) => Some(mailbox.clone()),
        }
    }

    pub(super) async fn send(&self, message: &Message, copy: impl FnOnce() -> DevMail) -> Sending {
        match self {
            Self::Mailbox(mailbox) => {
                mailbox.push(copy());
                Sending::Sent
            }
            Self::Servers(mail, _) => over_smtp(mail, message).await,
        }
    }

    pub(super) async fn text(&self, to: &PhoneNumber, text: &str, copy: impl FnOnce() -> DevMail) -> Sending {
        match self {
            Self::Mailbox(mailbox) => {
                mailbox.push(copy());
                Sending::Sent
            }
            Self::Servers(_, Some(gateway)) => gateway.send(to, text).await,
            Self::Servers(_, None) => Sending::NotNow("no gateway for text messages is set".to_owned()),
        }
    }
}

/// What came of handing a mail over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// The server took it.
    Sent,
    /// The server will never take this mail.
    Refused(String),
    /// The server did not take this mail now.
    NotNow(String),
    /// No mail gets through at present: the server is away or does not let us in.
    Unreachable(String),
}

async fn over_smtp(transport: &AsyncSmtpTransport<Tokio1Executor>, message: &Message) -> Sending {
    let (said, for_good) = match timeout(SENDING, transport.send_raw(message.envelope(), &message.formatted())).await {
        Ok(Ok(_)) => return Sending::Sent,
        // A client error is one of ours about this mail: an address that this server cannot write to.
        Ok(Err(error)) => (said(&error), error.is_permanent() || error.is_client()),
        Err(_) => ("the mail server did not answer in time".to_owned(), false),
    };
    // Was it this mail, or would any have failed? A wrong password is a 5xx too, and no mail must be lost to it.
    match is_reachable(transport).await {
        false => Sending::Unreachable(said),
        true if for_good => Sending::Refused(said),
        true => Sending::NotNow(said),
    }
}

/// Whether the server greets us and lets us in. The first try may meet the very connection that is stuck, and ends it.
async fn is_reachable(transport: &AsyncSmtpTransport<Tokio1Executor>) -> bool {
    for _ in 0..2 {
        if let Ok(Ok(true)) = timeout(ASKING, transport.test_connection()).await {
            return true;
        }
    }
    false
}

/// What the server said, short and on one line. Filters like to repeat the address they dislike, and ours are secret.
fn said(error: &smtp::Error) -> String {
    let text = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let text = error.status().map_or_else(|| text.clone(), |code| format!("{code} {text}"));
    without_addresses(&text)
}

fn without_addresses(text: &str) -> String {
    let shorten = |word| if is_suspicious(word) { "…" } else { word };
    clean_name(&text.split_whitespace().map(shorten).collect::<Vec<_>>().join(" "))
}

/// No word of a human sentence is as long as a token, and none has an address in it.
fn is_suspicious(word: &str) -> bool {
    word.contains("://") || word.contains("/recover") || (word.len() > 40 && !word.contains('@'))
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

    fn smtp(flags: &[&str]) -> Result<(), BadSettings> {
        Transport::servers(&Settings::parse_from(["rekey"].iter().chain(flags)).config).map(drop)
    }

    #[tokio::test]
    async fn settings_that_cannot_work_are_named_without_their_password() {
        assert_eq!(smtp(&[]), Err(BadSettings::NoServer));
        assert_eq!(smtp(&["--smtp-url", "smtp://localhost:2525"]), Ok(()));
        assert_eq!(smtp(&["--smtp-url", "smtps://u:p@mail.example"]), Ok(()));
        let from = ["--smtp-url", "smtp://localhost", "--mail-from", "nobody"];
        assert_eq!(smtp(&from), Err(BadSettings::Sender("nobody".into())));
        for url in [
            "mail.example",
            "http://u:hunter2@mail.example",
            "smtp://u:hunter2@mail.example?tls=yes",
            "smtp://u:hunter2@:x",
        ] {
            let error = smtp(&["--smtp-url", url]).unwrap_err().to_string();
            assert!(error.starts_with("REKEY_SMTP_URL is not the address of a mail server"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_a_server_says_holds_no_link() {
        assert_eq!(
            without_addresses("554 5.7.1 Blocked: \u{1b}[31mhttps://rekey.example/recover/a.b\r\n see x@y.example"),
            "554 5.7.1 Blocked: … see x@y.example"
        );
        let token = format!("{}.{}", "0".repeat(26), "A".repeat(43));
        assert!(!without_addresses(&format!("550 <{token}>")).contains("AAAA"));
        assert!(without_addresses(&"word ".repeat(100)).chars().count() <= 200);
    }
}
