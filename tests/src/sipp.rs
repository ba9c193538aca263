use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::checkout;

/// SIPp ends by itself after this, whatever happens.
const LONGEST: Duration = Duration::from_secs(90);

/// How SIPp is to be started.
#[derive(Debug)]
pub struct SippBuilder {
    scenario: PathBuf,
    calls: u32,
    target: Option<SocketAddr>,
    arguments: Vec<String>,
}

impl SippBuilder {
    /// How many calls it takes or places before it ends.
    #[must_use]
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// Calls this address instead of waiting for calls.
    #[must_use]
    pub fn target(mut self, target: SocketAddr) -> Self {
        self.target = Some(target);
        self
    }

    /// Adds arguments of SIPp's own.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// If SIPp is missing (`make setup` brings it) or cannot listen.
    pub fn start(self) -> Sipp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = free_udp_address();
        let output = std::fs::File::create(folder.path().join("output")).expect("a file");
        let mut command = Command::new("sipp");
        command
            .current_dir(folder.path())
            .args([
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-p",
                &address.port().to_string(),
            ])
            .args(["-m", &self.calls.to_string()])
            .args([
                "-timeout",
                &format!("{}s", LONGEST.as_secs()),
                "-timeout_error",
            ])
            .args(["-nostdin", "-trace_err", "-error_file", "errors"])
            .arg("-sf")
            .arg(&self.scenario)
            .args(&self.arguments)
            .args(self.target.map(|target| target.to_string()))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output);
        let child = command
            .spawn()
            .expect("sipp starts; is it missing? `make setup` brings it");
        let sipp = Sipp {
            child,
            address,
            folder,
        };
        sipp.await_listening();
        sipp
    }
}

/// A running SIPp; killed when dropped.
#[derive(Debug)]
pub struct Sipp {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Sipp {
    /// SIPp with a scenario of `tests/scenarios`.
    #[must_use]
    pub fn scenario(name: &str) -> SippBuilder {
        let scenario = checkout("tests/scenarios").join(format!("{name}.xml"));
        SippBuilder {
            scenario,
            calls: 1,
            target: None,
            arguments: Vec::new(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until SIPp has taken all its calls; every one must have gone by the scenario.
    ///
    /// # Panics
    ///
    /// If one did not, or SIPp does not end in time.
    pub async fn succeeds(mut self) {
        let deadline = Instant::now() + LONGEST;
        loop {
            if let Some(status) = self.child.try_wait().expect("sipp can be waited for") {
                assert!(
                    status.success(),
                    "sipp ended with {status}:\n{}",
                    self.said()
                );
                return;
            }
            assert!(
                Instant::now() < deadline,
                "sipp still runs:\n{}",
                self.said()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn said(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.path().join(name));
        format!(
            "{}\n{}",
            read("errors").unwrap_or_default(),
            read("output").unwrap_or_default()
        )
    }

    /// Waits until the system lists SIPp's socket. Trying to bind the port instead could take it
    /// from SIPp.
    fn await_listening(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        let port = format!(":{:04X} ", self.address.port());
        while !std::fs::read_to_string("/proc/net/udp").is_ok_and(|table| table.contains(&port)) {
            assert!(
                Instant::now() < deadline,
                "sipp does not listen:\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_udp_address() -> SocketAddr {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    socket.local_addr().expect("an address")
}
