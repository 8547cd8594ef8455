//! What the operator sets, by environment or flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::db::Db;

/// Settings that every command shares.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings, as flags or in the environment")]
pub struct Config {
    /// The folder for the SQLite file and the key file; the demo has its own, rekey-demo
    #[arg(long = "data", env = "REKEY_DATA", value_name = "FOLDER", default_value = "rekey-data", global = true)]
    pub data: PathBuf,

    /// The database: postgres://USER@HOST/NAME, or sqlite:PATH [default: rekey.db in the data folder]
    #[arg(long, env = "REKEY_DATABASE_URL", value_name = "URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,

    /// The file with the keys that seal secrets; made on first start, keep a copy of it [default: rekey.key in the data folder]
    #[arg(long, env = "REKEY_KEY_FILE", value_name = "FILE", global = true)]
    pub key_file: Option<PathBuf>,

    /// The address people reach Rekey at, as links in mails begin; https wherever it is not this machine; passkeys are bound to its host name [default: http://LISTEN, or localhost]
    #[arg(long, env = "REKEY_BASE_URL", value_name = "URL", global = true)]
    pub base_url: Option<Url>,

    /// The address and port to listen on
    #[arg(long, env = "REKEY_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:3000", global = true)]
    pub listen: SocketAddr,

    /// The mail server: smtp://HOST:PORT, smtp://USER:PASSWORD@HOST:587?tls=required or smtps://…
    #[arg(long, env = "REKEY_SMTP_URL", value_name = "URL", global = true, hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// The sender of mails [default: rekey@HOST of the base address]
    #[arg(long, env = "REKEY_MAIL_FROM", value_name = "ADDRESS", global = true)]
    pub mail_from: Option<String>,

    /// Where mail servers report what they could not deliver: mails leave as from NAME+ID@HOST, and whatever comes there goes
    /// to `rekey mail bounce` [default: the sender, whose mail nobody reads]
    #[arg(long, env = "REKEY_MAIL_BOUNCES", value_name = "NAME@HOST", global = true)]
    pub mail_bounces: Option<String>,

    /// The gateway for text messages to phones; {to} and {text} stand for number and message, here or in the body [default: no phones]
    #[arg(long, env = "REKEY_SMS_URL", value_name = "URL", global = true, hide_env_values = true)]
    pub sms_url: Option<String>,

    /// A header for the gateway, as in "Authorization: Bearer TOKEN"; several as several flags, or lines in the environment
    #[arg(
        long = "sms-header",
        env = "REKEY_SMS_HEADERS",
        value_name = "NAME: VALUE",
        value_delimiter = '\n',
        global = true,
        hide_env_values = true
    )]
    pub sms_headers: Vec<String>,

    /// The body for the gateway, sent by POST: JSON, a form (to={to}&text={text}) or XML, as it looks or as a Content-Type header says; an empty one makes it a GET
    #[arg(
        long,
        env = "REKEY_SMS_BODY",
        value_name = "TEXT",
        default_value = r#"{"to":"{to}","text":"{text}"}"#,
        global = true,
        hide_env_values = true
    )]
    pub sms_body: String,

    /// How many reverse proxies stand before Rekey; as many of the last addresses in X-Forwarded-For are believed
    #[arg(long, env = "REKEY_TRUSTED_PROXIES", value_name = "N", default_value_t = 0, global = true)]
    pub trusted_proxies: usize,

    /// How much is logged: error, warn, info, debug or trace, for all or by part, as in info,rekey=debug
    #[arg(long, env = "REKEY_LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,
}

impl Config {
    /// The address of the database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| Db::sqlite_url(&self.database_file()))
    }

    /// The file of the database, unless an address says otherwise.
    #[must_use]
    pub fn database_file(&self) -> PathBuf {
        self.data.join("rekey.db")
    }

    /// The key file.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data.join("rekey.key"))
    }

    /// The address people reach Rekey at. Links never begin with anything a request says. On one's own machine it has a name,
    /// since browsers use passkeys at a name only.
    ///
    /// # Panics
    /// Never: a socket address always makes an http address.
    #[must_use]
    pub fn base_url(&self) -> Url {
        let here = || match self.listen {
            listen if listen.ip().is_loopback() => format!("http://localhost:{}", listen.port()),
            listen => format!("http://{listen}"),
        };
        self.base_url.clone().unwrap_or_else(|| here().parse().expect("a socket address is a host and port"))
    }

    /// An address on this site, whole.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base_url().as_str().trim_end_matches('/'))
    }

    /// The host people know Rekey by.
    #[must_use]
    pub fn host(&self) -> String {
        self.base_url().host_str().unwrap_or("localhost").to_owned()
    }

    /// Whether people come over HTTPS: then cookies are `Secure` and have the `__Host-` prefix.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base_url().scheme() == "https"
    }

    /// The gateway for text messages, if one is set.
    #[must_use]
    pub fn sms_url(&self) -> Option<&str> {
        self.sms_url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    }

    /// The sender of mails.
    #[must_use]
    pub fn mail_from(&self) -> String {
        self.mail_from.clone().unwrap_or_else(|| format!("rekey@{}", self.host()))
    }
}
