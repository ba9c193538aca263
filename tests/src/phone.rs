use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::mihu;

/// How long a phone may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long a phone may take to tell what a test waits for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lines that may wait to be read.
const WAITING: usize = 64;

/// A running `mihu phone`; killed when dropped.
#[derive(Debug)]
pub struct Phone {
    child: Child,
    lines: Receiver<String>,
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
        let output = BufReader::new(child.stdout.take().expect("the phone has an output"));
        let (tell, lines) = sync_channel(WAITING);
        // Ends with the phone's output.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // overflow: awaited
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let first = lines.recv_timeout(START);
        let first: Value = parse(&first.expect("the phone begins with its address"));
        let address = first["address"].as_str().and_then(|text| text.parse().ok());
        Self {
            child,
            lines,
            address: address.expect("the phone tells where it listens"),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a signal to the phone's process.
    ///
    /// # Panics
    ///
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process has a number");
        kill_process(pid, signal).expect("the phone runs");
    }

    /// Waits until the phone tells of this event.
    ///
    /// # Panics
    ///
    /// If it ends without, or takes too long.
    pub async fn tells(&mut self, event: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.try_recv() {
                Ok(line) => {
                    let line = parse(&line);
                    if line["event"] == event {
                        return line;
                    }
                }
                Err(TryRecvError::Empty) => {
                    assert!(Instant::now() < deadline, "the phone tells no {event}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryRecvError::Disconnected) => panic!("the phone ended before {event}"),
            }
        }
    }

    /// Waits for the phone's end and returns its report.
    ///
    /// # Panics
    ///
    /// If it ends without one, or takes too long.
    pub async fn report(mut self) -> Value {
        self.tells("ended").await
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).expect("a line of JSON")
}

impl Drop for Phone {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
