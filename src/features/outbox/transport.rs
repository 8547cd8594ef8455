//! How mails leave: to a mail server, or into a mailbox in memory that the demo shows. Text messages leave
//! by a `gateway`, or into the same mailbox.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp;
use lettre::{Address, Message};
use tokio::time::timeout;

use super::gateway::{BadGateway, Gateway};
use super::mailbox::{DevMail, DevMailbox};
use super::message;
use super::smtp::{Smtp, Trouble};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::clean_name;
use crate::platform::Config;

/// The longest that one sending may take. Only connecting is bounded by itself; a server that stops answering would hold
/// the worker for ever.
const SENDING: Duration = Duration::from_mins(1);
/// The longest that asking a server whether it is there may take.
const ASKING: Duration = Duration::from_secs(10);
/// The longest that [`Transport::send`] may take in all.
pub(super) const LONGEST: Duration = Duration::from_secs(60 + 10);

/// How long the name before the @ of the address may be that mails come back to: which mail it is about follows it, and both
/// have 64 bytes.
const LONGEST_NAME: usize = 64 - "+.".len() - 26 - 16;

/// Where mails and text messages go. Cheap to clone.
#[derive(Clone)]
pub enum Transport {
    /// To servers.
    Servers {
        /// The mail server.
        mail: Arc<Smtp>,
        /// Where mails come back to that could not be delivered.
        bounces: Option<Address>,
        /// The gateway to phones, where there is one.
        gateway: Option<Gateway>,
    },
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
    /// The address that mails come back to is none.
    #[error("{0:?} is not an address that mails can come back to: set REKEY_MAIL_BOUNCES, or leave it out")]
    Bounces(String),
    /// The gateway for text messages cannot work.
    #[error(transparent)]
    Gateway(#[from] BadGateway),
}

impl Transport {
    /// The servers that the operator set. Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn servers(config: &Config) -> Result<Self, BadSettings> {
        let url = config.smtp_url.as_deref().ok_or(BadSettings::NoServer)?;
        if message::sender(&config.mail_from()).is_none() {
            return Err(BadSettings::Sender(config.mail_from()));
        }
        let mail = Arc::new(Smtp::new(url, ASKING).map_err(BadSettings::Server)?);
        let bounces = match &config.mail_bounces {
            // Room for which mail it is about (RFC 5321, 4.5.3.1.1).
            Some(bounces) => match message::sender(bounces).filter(|address| address.user().len() <= LONGEST_NAME) {
                Some(address) => Some(address),
                None => return Err(BadSettings::Bounces(bounces.clone())),
            },
            None => None,
        };
        Ok(Self::Servers { mail, bounces, gateway: Gateway::new(config)? })
    }

    /// The mailbox in memory, if that is where mails go.
    #[must_use]
    pub fn mailbox(&self) -> Option<DevMailbox> {
        match self {
            Self::Servers { .. } => None,
            Self::Mailbox(mailbox) => Some(mailbox.clone()),
        }
    }

    /// Where mails come back to that could not be delivered, if anybody reads that.
    pub(super) const fn bounces(&self) -> Option<&Address> {
        match self {
            Self::Servers { bounces, .. } => bounces.as_ref(),
            Self::Mailbox(_) => None,
        }
    }

    pub(super) async fn send(&self, message: &Message, copy: impl FnOnce() -> DevMail) -> Sending {
        match self {
            Self::Mailbox(mailbox) => {
                mailbox.push(copy());
                Sending::Sent
            }
            Self::Servers { mail, .. } => over_smtp(mail, message, SENDING).await,
        }
    }

    pub(super) async fn text(&self, to: &PhoneNumber, text: &str, copy: impl FnOnce() -> DevMail) -> Sending {
        match self {
            Self::Mailbox(mailbox) => {
                mailbox.push(copy());
                Sending::Sent
            }
            Self::Servers { gateway: Some(gateway), .. } => gateway.send(to, text).await,
            Self::Servers { gateway: None, .. } => Sending::NotNow("no gateway for text messages is set".to_owned()),
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

/// Hands a mail over, which may take as long as `longest`.
async fn over_smtp(server: &Smtp, message: &Message, longest: Duration) -> Sending {
    let (said, for_good) = match timeout(longest, server.send(message)).await {
        Ok(Ok(())) => return Sending::Sent,
        Ok(Err(Trouble::Server(error))) => (said(&error), error.is_permanent()),
        Ok(Err(Trouble::Sender(error))) => (said(&error), false),
        // Something about this mail: an address that this server cannot write to.
        Ok(Err(Trouble::Unsupported(what))) => (what.to_owned(), true),
        Err(_) => ("the mail server did not answer in time".to_owned(), false),
    };
    // Was it this mail, or would any have failed? A wrong password is a 5xx too, and no mail must be lost to it.
    match timeout(ASKING, server.is_reachable()).await {
        Ok(true) if for_good => Sending::Refused(said),
        Ok(true) => Sending::NotNow(said),
        Ok(false) | Err(_) => Sending::Unreachable(said),
    }
}

/// What the server said, short and on one line. Filters like to repeat the address they dislike, and ours are secret.
fn said(error: &smtp::Error) -> String {
    let text = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let text = error.status().map_or_else(|| text.clone(), |code| format!("{code} {text}"));
    without_addresses(&text)
}

/// What a server said, on one line and without what may be an address of ours or a token.
pub(super) fn without_addresses(text: &str) -> String {
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
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{TcpListener, TcpStream};

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
        let bounces = |address| smtp(&["--smtp-url", "smtp://localhost", "--mail-bounces", address]);
        assert_eq!(bounces("bounces@rekey.example"), Ok(()));
        let long = format!("{}@rekey.example", "x".repeat(LONGEST_NAME + 1));
        for wrong in ["bounces", &*long] {
            assert_eq!(bounces(wrong), Err(BadSettings::Bounces(wrong.to_owned())));
        }
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

    /// Greets, and then answers a mail letter by letter, without ever coming to an end.
    async fn tarpit(socket: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = socket.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 tarpit\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            if line.starts_with("MAIL") {
                loop {
                    write.write_all(b"2").await?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            write.write_all(b"250 tarpit\r\n").await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_server_that_answers_letter_by_letter_holds_nobody_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(tarpit(socket));
            }
        });
        let message = Message::builder()
            .from("rekey@rekey.example".parse().unwrap())
            .to("user@a.example".parse().unwrap())
            .subject("Hello")
            .body("Hello".to_owned())
            .unwrap();
        let smtp = Smtp::new(&url, ASKING).unwrap();
        for _ in 0..3 {
            let sending = over_smtp(&smtp, &message, Duration::from_millis(100)).await;
            assert_eq!(
                sending,
                Sending::NotNow("the mail server did not answer in time".to_owned()),
                "tried again later"
            );
        }
        server.abort();
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
