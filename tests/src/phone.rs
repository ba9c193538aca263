use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::mihu;

/// A running `mihu phone`; killed when dropped.
#[derive(Debug)]
pub struct Phone {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Phone {
    /// Starts a phone with these arguments, on a free port of loopback.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(arguments: &[&str], plays: &[PathBuf]) -> Self {
        let mut command = Command::new(mihu());
        command
            .args(["phone", "--listen", "127.0.0.1:0", "--json"])
            .args(arguments);
        for play in plays {
            command.arg("--play").arg(play);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the phone starts");
        let lines = BufReader::new(child.stdout.take().expect("the phone has an output"));
        let mut phone = Self {
            child,
            lines,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        let listening = phone.line();
        let address = listening["address"]
            .as_str()
            .and_then(|text| text.parse().ok());
        phone.address = address.expect("the phone begins with its address");
        phone
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the phone's end and returns its report.
    ///
    /// # Panics
    ///
    /// If it ends without one.
    pub async fn report(mut self) -> Value {
        let report = tokio::task::spawn_blocking(move || {
            loop {
                let line = self.line();
                if line["event"] == "ended" {
                    return line;
                }
            }
        });
        report.await.expect("the phone reports")
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).expect("the phone's output");
        assert!(read > 0, "the phone ended without a report");
        serde_json::from_str(&line).expect("a line of JSON")
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
