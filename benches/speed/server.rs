//! The server under measurement: its own process, its own database.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Client, Request};

/// `rekey serve`, stopped when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    /// From its start to its first answer.
    pub cold: Duration,
}

/// Where a server keeps its things.
#[derive(Clone)]
pub struct Place {
    pub folder: PathBuf,
    pub url: String,
}

impl Place {
    fn command(&self, command: &str) -> Command {
        let mut rekey = Command::new(env!("CARGO_BIN_EXE_rekey"));
        rekey.arg(command).env("REKEY_DATA", &self.folder).env("REKEY_DATABASE_URL", &self.url);
        rekey
    }

    /// Makes the database and the key file.
    pub fn migrate(&self) -> Result<()> {
        let made = self.command("migrate").stdout(Stdio::null()).status()?;
        if made.success() { Ok(()) } else { Err("the database could not be made".into()) }
    }

    /// Starts a server and waits for its first answer. Its mails go to `smtp_port`.
    pub async fn serve(&self, smtp_port: u16) -> Result<Server> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let begun = Instant::now();
        let child = self
            .command("serve")
            .env("REKEY_LISTEN", format!("127.0.0.1:{port}"))
            .env("REKEY_SMTP_URL", format!("smtp://127.0.0.1:{smtp_port}"))
            .env("REKEY_MAIL_FROM", "rekey@bench.example")
            .env("REKEY_LOG", "error")
            .stdin(Stdio::null())
            .spawn()?;
        let mut server = Server { child, port, cold: Duration::ZERO };
        let request = Request::page("/sign-in", "none=none");
        while begun.elapsed() < Duration::from_secs(30) {
            if let Ok(mut client) = Client::connect(port).await {
                client.send(&request).await?;
                server.cold = begun.elapsed();
                return Ok(server);
            }
            if server.child.try_wait()?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        Err("the server did not start".into())
    }
}

impl Server {
    /// The memory that it holds now, in MiB; none where there is no `/proc`.
    pub fn memory(&self) -> Option<f64> {
        let status =
            std::fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}
