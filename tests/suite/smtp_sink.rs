//! A mail server that speaks SMTP over TCP, keeps what it takes, and misbehaves when told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What to do with one mail. Without a script, every mail is taken.
#[derive(Clone, Copy, Debug)]
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

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub from: String,
    pub to: String,
    /// Heads and body, with lines as they were before they travelled.
    pub content: String,
}

impl Arrived {
    /// The first header of this name, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (heads, _) = self.content.split_once("\r\n\r\n")?;
        let unfolded = heads.replace("\r\n ", " ");
        unfolded.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    }

    /// The parts in their order, decoded: text, then HTML.
    pub fn parts(&self) -> Vec<String> {
        let content_type = self.header("Content-Type").expect("a mail has a Content-Type");
        let boundary = content_type.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
        let boundary = format!("--{}", boundary.expect("a mail of two parts has a boundary"));
        let parts: Vec<&str> = self.content.split(&boundary).collect();
        parts[1..parts.len() - 1].iter().map(|part| decoded(part.trim_start())).collect()
    }

    pub fn text(&self) -> String {
        self.parts().remove(0)
    }
}

fn decoded(part: &str) -> String {
    let (heads, body) = part.split_once("\r\n\r\n").expect("a part has heads");
    let bytes = if heads.contains("quoted-printable") {
        let mut bytes = Vec::new();
        let mut rest = body.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match (byte, after) {
                (b'=', [b'\r', b'\n', after @ ..]) => rest = after,
                (b'=', [high, low, after @ ..]) => {
                    bytes.extend(data_encoding::HEXUPPER.decode(&[*high, *low]).expect("two digits"));
                    rest = after;
                }
                _ => bytes.push(byte),
            }
        }
        bytes
    } else if heads.contains("base64") {
        let letters: String = body.split_whitespace().collect();
        data_encoding::BASE64.decode(letters.as_bytes()).expect("Base64")
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n")
}

#[derive(Default)]
struct Inner {
    script: VecDeque<Act>,
    arrived: Vec<Arrived>,
    /// What stands in the way of every mail: the answer to a greeting.
    closed_with: Option<&'static str>,
    greeted: usize,
}

/// The server.
pub struct Sink {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    listener: JoinHandle<()>,
}

impl Sink {
    pub fn open() -> Self {
        Self::open_at("127.0.0.1:0".parse().expect("an address"), Arc::default())
    }

    fn open_at(address: SocketAddr, inner: Arc<Mutex<Inner>>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("the port may be taken again");
        socket.bind(address).expect("the port is free");
        let listener = socket.listen(64).expect("the port takes connections");
        let address = listener.local_addr().expect("a bound port");
        let listener = tokio::spawn(listen(listener, inner.clone()));
        Self { address, inner, listener }
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What to do with the next mails, one after the other.
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.inner.lock().unwrap().script.extend(acts);
    }

    /// How much of the script is still to come.
    pub fn unplayed(&self) -> usize {
        self.inner.lock().unwrap().script.len()
    }

    /// Greets nobody any more but with this; `None` opens again.
    pub fn close_with(&self, answer: Option<&'static str>) {
        self.inner.lock().unwrap().closed_with = answer;
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inner.lock().unwrap().arrived.clone()
    }

    /// How many connections were opened.
    pub fn greeted(&self) -> usize {
        self.inner.lock().unwrap().greeted
    }

    /// Goes away: whoever connects is refused.
    pub async fn vanish(self) -> Vanished {
        self.listener.abort();
        let _ = self.listener.await;
        Vanished { address: self.address, inner: self.inner }
    }
}

/// A server that went away, and may come back.
pub struct Vanished {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Vanished {
    pub fn return_(self) -> Sink {
        Sink::open_at(self.address, self.inner)
    }
}

async fn listen(listener: TcpListener, inner: Arc<Mutex<Inner>>) {
    // Its conversations end with it.
    let mut conversations = tokio::task::JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            conversations.spawn(converse(stream, inner.clone()));
        }
    }
}

async fn converse(stream: TcpStream, inner: Arc<Mutex<Inner>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let closed_with = {
        let mut inner = inner.lock().unwrap();
        inner.greeted += 1;
        inner.closed_with
    };
    if let Some(answer) = closed_with {
        return say(&mut stream, answer).await;
    }
    say(&mut stream, "220 sink.example").await?;
    let (mut from, mut to, mut act) = (String::new(), String::new(), Act::Take);
    loop {
        let Some(line) = hear(&mut stream).await? else {
            return Ok(());
        };
        let (verb, rest) = line.split_at(line.len().min(4));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => say(&mut stream, "250-sink.example\r\n250 8BITMIME").await?,
            "MAIL" => {
                act = inner.lock().unwrap().script.pop_front().unwrap_or(Act::Take);
                from = between(rest);
                match act {
                    Act::RefuseSender(answer) => say(&mut stream, answer).await?,
                    _ => say(&mut stream, "250 ok").await?,
                }
            }
            "RCPT" => {
                to = between(rest);
                match act {
                    Act::RefuseRecipient(answer) => say(&mut stream, answer).await?,
                    Act::FallSilent => std::future::pending().await,
                    _ => say(&mut stream, "250 ok").await?,
                }
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let Some(content) = content(&mut stream).await? else {
                    return Ok(());
                };
                match act {
                    Act::RefuseContent(answer) => {
                        say(&mut stream, answer).await?;
                        continue;
                    }
                    Act::HangUp => return Ok(()),
                    _ => inner.lock().unwrap().arrived.push(Arrived { from: from.clone(), to: to.clone(), content }),
                }
                if matches!(act, Act::TakeAndHangUp) {
                    return Ok(());
                }
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            "NOOP" | "RSET" => say(&mut stream, "250 ok").await?,
            _ => say(&mut stream, "500 what").await?,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, answer: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await
}

async fn hear(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// Until the line with the lone dot; a dot that was doubled on the way is single again (RFC 5321 §4.5.2).
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(content));
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// What stands between `<` and `>`.
fn between(text: &str) -> String {
    text.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
