//! A mail server that keeps what it takes, and misbehaves when told to: aiosmtpd, in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What to do with one mail. Without a script, every mail is taken.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Take it.
    Take,
    /// Answer this to the sender.
    RefuseSender(&'static str),
    /// Answer this to the recipient.
    RefuseRecipient(&'static str),
    /// Answer this to the content.
    RefuseContent(&'static str),
    /// Read it, take it, and hang up without an answer.
    TakeAndHangUp,
    /// Hang up in the middle of it.
    HangUp,
    /// Never answer again.
    FallSilent,
}

/// A mail as it arrived, taken apart by its reader's program.
#[derive(Clone, Debug, Deserialize)]
pub struct Arrived {
    pub from: String,
    pub to: String,
    heads: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Arrived {
    /// The first header of this name, unfolded and decoded.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.heads.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Deserialize)]
struct Listens {
    port: u16,
}

#[derive(Deserialize)]
struct Counts {
    greeted: usize,
    unplayed: usize,
}

/// The server.
pub struct Sink {
    port: u16,
    process: Mutex<Process>,
}

struct Process {
    child: Child,
    /// Its end is the sink's, which then takes its certificate away.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn answer<T: DeserializeOwned>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the sink answers");
        serde_json::from_str(&line).expect("an answer of the sink; scripts/setup test installs what it needs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

impl Sink {
    pub fn open() -> Self {
        Self::open_with(&[])
    }

    /// One that wants TLS, of which it has a certificate that nobody trusts: `starttls` or `implicit`.
    pub fn untrusted(tls: &str) -> Self {
        Self::open_with(&["--tls", tls])
    }

    fn open_with(options: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_sink.py");
        let mut child = Command::new(script)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Debian's Python is there; scripts/setup test installs what the sink needs");
        let (commands, answers) = (child.stdin.take(), child.stdout.take().expect("piped"));
        let mut process = Process { child, commands, answers: BufReader::new(answers) };
        let Listens { port } = process.answer();
        Self { port, process: Mutex::new(process) }
    }

    fn ask<T: DeserializeOwned>(&self, command: &str, argument: impl Serialize) -> T {
        let mut process = self.process.lock().unwrap();
        let commands = process.commands.as_mut().expect("there until the end");
        writeln!(commands, "{}", json!({ command: argument })).expect("the sink listens");
        process.answer()
    }

    pub fn url(&self) -> String {
        format!("smtp://localhost:{}", self.port)
    }

    /// What to do with the next mails, one after the other.
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.ask::<()>("script", acts.into_iter().collect::<Vec<_>>());
    }

    /// How much of the script is still to come.
    pub fn unplayed(&self) -> usize {
        self.ask::<Counts>("counts", ()).unplayed
    }

    /// Greets nobody any more but with this; `None` opens again.
    pub fn close_with(&self, answer: Option<&str>) {
        self.ask::<()>("close_with", answer);
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.ask("arrived", 0)
    }

    /// How many connections were opened.
    pub fn greeted(&self) -> usize {
        self.ask::<Counts>("counts", ()).greeted
    }

    /// Goes away: whoever connects is refused.
    pub fn vanish(&self) {
        self.ask::<()>("vanish", ());
    }

    /// Comes back from having gone away.
    pub fn come_back(&self) {
        let Listens { port } = self.ask("listen", ());
        assert_eq!(port, self.port);
    }
}
