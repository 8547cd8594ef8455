//! Conversations with the mail server (RFC 5321), over connections that are kept. lettre speaks the protocol; what is done here
//! is when to connect, and how a mail is written: in one piece. lettre's own transport writes the end of each mail as a packet
//! of its own, which the network holds back until the server has acknowledged the one before: forty milliseconds a mail.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Message;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

/// How many connections are kept while nobody uses them.
const KEPT: usize = 2;

/// A mail server, and how it is spoken to.
pub struct Smtp {
    host: String,
    port: u16,
    secured: Secured,
    credentials: Option<Credentials>,
    hello: ClientId,
    connecting: Duration,
    kept: Mutex<Vec<AsyncSmtpConnection>>,
}

/// When the conversation is encrypted.
enum Secured {
    /// From the first byte (RFC 8314).
    Always(TlsParameters),
    /// After STARTTLS, or nothing is said (RFC 3207).
    Required(TlsParameters),
    /// After STARTTLS, where the server offers it.
    Offered(TlsParameters),
    /// Not at all.
    Never,
}

/// Why a mail was not taken.
pub enum Trouble {
    /// What the server said of this mail, or why it could not be spoken to.
    Server(Error),
    /// It takes no mail from us, or none now: that is no fault of this one.
    Sender(Error),
    /// The mail needs what the server does not offer.
    Unsupported(&'static str),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

/// A whole mail as it travels: its end is part of it, and no line of it looks like one (RFC 5321, 4.5.2).
struct Content(String);

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Content {
    fn of(text: &str) -> Self {
        let mut content = String::with_capacity(text.len() + 64);
        for line in text.split_inclusive('\n') {
            if line.starts_with('.') {
                content.push('.');
            }
            content.push_str(line);
        }
        if !content.ends_with("\r\n") {
            content.push_str("\r\n");
        }
        content.push_str(".\r\n");
        Self(content)
    }
}

impl Smtp {
    /// The server at an address like `smtps://USER:PASSWORD@HOST`; nothing is connected yet. A connection that is not there
    /// after `connecting` is given up.
    ///
    /// # Errors
    /// Why it is no such address, without repeating it: there may be a password in it.
    pub fn new(url: &str, connecting: Duration) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?.to_owned();
        let tls = || TlsParameters::new(host.clone()).map_err(|error| error.to_string());
        let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (secured, port) = match (url.scheme(), asked.as_deref()) {
            ("smtps", _) => (Secured::Always(tls()?), SUBMISSIONS_PORT),
            ("smtp", Some("required")) => (Secured::Required(tls()?), SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => (Secured::Offered(tls()?), SUBMISSION_PORT),
            ("smtp", None) => (Secured::Never, SMTP_PORT),
            ("smtp", Some(_)) => return Err("tls is required or opportunistic".to_owned()),
            _ => return Err("it begins with smtp: or smtps:".to_owned()),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match url.password() {
            Some(password) => {
                let both = decoded(url.username()).and_then(|user| Ok((user, decoded(password)?)));
                let (user, password) = both.map_err(|_| "user or password is no text")?;
                Some(Credentials::new(user, password))
            }
            None => None,
        };
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) };
        let (port, kept) = (url.port().unwrap_or(port), Mutex::default());
        Ok(Self { host, port, secured, credentials, hello, connecting, kept })
    }

    /// Hands a mail over. A connection that broke is not used again, and one that was kept and no longer answers is replaced
    /// before the mail is begun.
    ///
    /// # Errors
    /// When the server did not take it.
    pub async fn send(&self, message: &Message) -> Result<(), Trouble> {
        let mut connection = match self.kept().await {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        let handed = hand_over(&mut connection, message).await;
        match &handed {
            Err(Trouble::Server(error) | Trouble::Sender(error)) if error.status().is_none() => {
                connection.abort().await;
            }
            _ => self.keep(connection),
        }
        handed
    }

    /// Whether the server greets us and lets us in.
    pub async fn is_reachable(&self) -> bool {
        match self.connect().await {
            Ok(connection) => {
                self.keep(connection);
                true
            }
            Err(_) => false,
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let at_once = match &self.secured {
            Secured::Always(tls) => Some(tls.clone()),
            _ => None,
        };
        let server = (self.host.trim_matches(['[', ']']), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.connecting), &self.hello, at_once, None).await?;
        match &self.secured {
            Secured::Required(tls) => connection.starttls(tls.clone(), &self.hello).await?,
            Secured::Offered(tls) if connection.can_starttls() => connection.starttls(tls.clone(), &self.hello).await?,
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// A connection that was kept and is not broken. Whatever a refused mail left behind is forgotten by the asking, too.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut kept = kept?;
        // Whatever lies between may have forgotten the connection without a word.
        let said = timeout(self.connecting, kept.command(Rset)).await;
        said.is_ok_and(|said| said.is_ok()).then_some(kept)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(connection);
        }
    }
}

async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Trouble> {
    let (envelope, content) = (message.envelope(), message.formatted());
    let content = String::from_utf8(content).map_err(|_| Trouble::Unsupported("the mail is no text"))?;
    let options = options(connection, envelope, &content)?;
    connection.command(Mail::new(envelope.from().cloned(), options)).await.map_err(Trouble::Sender)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    connection.command(Content::of(&content)).await?;
    Ok(())
}

/// What the server is asked for: international addresses (RFC 6531) and eight bits (RFC 6152), where the mail needs them.
fn options(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
    content: &str,
) -> Result<Vec<MailParameter>, Trouble> {
    let offers = |extension| connection.server_info().supports_feature(extension);
    let mut options = Vec::new();
    let addresses = envelope.from().into_iter().chain(envelope.to());
    if !addresses.map(AsRef::<str>::as_ref).all(str::is_ascii) {
        if !offers(Extension::SmtpUtfEight) {
            return Err(Trouble::Unsupported("the mail server cannot write to an address in these letters"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() {
        if !offers(Extension::EightBitMime) {
            return Err(Trouble::Unsupported("the mail server takes no mail of eight bits"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mail_is_one_piece_with_its_end() {
        assert_eq!(Content::of("A: b\r\n\r\n.\r\n..x\r\n").0, "A: b\r\n\r\n..\r\n...x\r\n.\r\n");
        assert_eq!(Content::of("x").0, "x\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn nothing_in_a_mail_ends_it(lines in prop::collection::vec("[.a \\PC]{0,6}", 0..8)) {
            let text = lines.iter().map(|line| format!("{line}\r\n")).collect::<Vec<_>>().concat();
            let sent = Content::of(&text).0;
            let (inside, _) = sent.split_at(sent.len() - ".\r\n".len());
            let ends = |text: &str| text.starts_with(".\r\n") || text.contains("\r\n.\r\n");
            prop_assert!(!ends(inside));
            // What the server makes of it again (RFC 5321, 4.5.2).
            let read: String = inside.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            prop_assert_eq!(read, if text.is_empty() { "\r\n".to_owned() } else { text });
        }
    }
}
