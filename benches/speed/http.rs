//! A client that costs next to nothing: it shares the machine with the server that it measures.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Result;

/// A request, ready to be sent any number of times.
#[derive(Clone)]
pub struct Request(Vec<u8>);

impl Request {
    /// A page, as a browser loads it.
    pub fn page(path: &str, cookie: &str) -> Self {
        Self::new("GET", path, cookie, "accept: text/html\r\naccept-encoding: gzip, deflate, br\r\n", "")
    }

    /// A server function, as the WebAssembly of a page calls it; but its answer is read here, so it comes uncompressed.
    pub fn call(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Self {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let more = format!(
            "accept: application/json\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             sec-fetch-site: same-origin\r\ncontent-length: {}\r\n",
            body.len()
        );
        Self::new("POST", path, cookie, &more, &body)
    }

    fn new(method: &str, path: &str, cookie: &str, more: &str, body: &str) -> Self {
        let text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n{more}\r\n{body}");
        Self(text.into_bytes())
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The value of a cookie that was set.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers("set-cookie").find_map(|set| set.split(';').next()?.strip_prefix(name)?.strip_prefix('='))
    }
}

/// One connection that is kept.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    /// Connects.
    pub async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1 << 18) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, request: &Request) -> Result<Answer> {
        self.stream.write_all(&request.0).await?;
        self.read.clear();
        let end = loop {
            self.more().await?;
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
        };
        // Hyper writes the names of headers in small letters.
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or("no status")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let body = match length {
            Some(length) => {
                while self.read.len() < end + length {
                    self.more().await?;
                }
                self.read[end..end + length].to_vec()
            }
            None if head.contains("transfer-encoding: chunked") => self.chunks(end).await?,
            None => Vec::new(),
        };
        Ok(Answer { status, head, body })
    }

    async fn chunks(&mut self, mut at: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match find(&self.read[at..], b"\r\n") {
                    Some(line) => break line,
                    None => self.more().await?,
                }
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.read[at..at + line])?.trim(), 16)?;
            at += line + 2;
            while self.read.len() < at + size + 2 {
                self.more().await?;
            }
            body.extend_from_slice(&self.read[at..at + size]);
            at += size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn more(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// How long each of a row of requests took, one after another, for `during` and at least five times.
pub async fn one_by_one(port: u16, request: &Request, during: Duration) -> Result<Vec<Duration>> {
    let mut client = Client::connect(port).await?;
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < during || took.len() < 5 {
        let sent = Instant::now();
        let answer = client.send(request).await?;
        took.push(sent.elapsed());
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()).into());
        }
    }
    Ok(took)
}

/// How many requests a second `clients` at once get answered.
pub async fn at_once(port: u16, request: &Request, clients: usize, during: Duration) -> Result<f64> {
    let begun = Instant::now();
    let all = (0..clients).map(|_| {
        let request = request.clone();
        tokio::spawn(async move {
            let mut client = Client::connect(port).await?;
            let mut answered = 0_u32;
            while begun.elapsed() < during {
                if client.send(&request).await?.status != 200 {
                    return Result::Err("an answer that is none".into());
                }
                answered += 1;
            }
            Result::<u32>::Ok(answered)
        })
    });
    let mut answered = 0;
    for one in all.collect::<Vec<_>>() {
        answered += one.await??;
    }
    Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
}
