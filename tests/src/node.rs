use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, checkout};

/// How long a node may take to load its models and listen.
const START: Duration = Duration::from_secs(60);

/// The built binary: beside this test's own, whatever the profile.
///
/// # Panics
///
/// If it was not built; `cargo build -p cli` builds it.
pub fn mihu() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folders = own.ancestors().skip(1).take(3);
    let found = folders
        .map(|folder| folder.join("mihu"))
        .find(|binary| binary.is_file());
    found.expect("the mihu binary is not built: run `cargo build -p cli`, or test the workspace")
}

/// How a node is to be started.
#[derive(Debug, Default)]
pub struct NodeBuilder {
    settings: BTreeMap<String, String>,
    trunk: Option<String>,
    data: Option<PathBuf>,
}

impl NodeBuilder {
    /// Sets a `MIHU_…` variable.
    #[must_use]
    pub fn set(mut self, variable: &str, value: &str) -> Self {
        self.settings.insert(variable.to_owned(), value.to_owned());
        self
    }

    /// Sends all outbound calls to this SIP address.
    #[must_use]
    pub fn trunk(mut self, gateway: SocketAddr) -> Self {
        self.trunk = Some(format!("[{{ name = \"test\", gateway = \"{gateway}\" }}]"));
        self
    }

    /// Keeps the data in this folder instead of one of its own.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// Starts `mihu serve` and waits until it listens.
    ///
    /// # Panics
    ///
    /// If the node ends or does not listen in time; its log is in the message.
    pub fn start(self) -> Node {
        let own = tempfile::tempdir().expect("a temporary folder");
        let data = self.data.clone().unwrap_or_else(|| own.path().to_owned());
        let log = own.path().join("node.log");
        drop(std::fs::remove_file(data.join("node.json")));
        let child = self.command(&data, &log).spawn().expect("mihu starts");
        let mut node = Node {
            child,
            data,
            log,
            own,
            addresses: Value::Null,
            settings: self.settings,
        };
        let deadline = Instant::now() + START;
        loop {
            let ended = node.child.try_wait().expect("the node can be waited for");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "no node:\n{}",
                node.log()
            );
            let text = std::fs::read_to_string(node.data.join("node.json")).unwrap_or_default();
            if let Ok(addresses) = serde_json::from_str(&text) {
                node.addresses = addresses;
                return node;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts `mihu serve`, expects it to refuse, and returns what it says.
    ///
    /// # Panics
    ///
    /// If it does not end by itself, or ends with success.
    pub fn refused(self) -> String {
        let own = tempfile::tempdir().expect("a temporary folder");
        let data = self.data.clone().unwrap_or_else(|| own.path().to_owned());
        let log = own.path().join("node.log");
        let mut child = self.command(&data, &log).spawn().expect("mihu starts");
        let deadline = Instant::now() + START;
        let status = loop {
            if let Some(status) = child.try_wait().expect("the node can be waited for") {
                break status;
            }
            if Instant::now() > deadline {
                drop(child.kill());
                panic!("the node runs although it should not");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        assert!(!status.success(), "{said}");
        said
    }

    fn command(&self, data: &Path, log: &Path) -> Command {
        let output = std::fs::File::create(log).expect("a log file");
        let mut command = Command::new(mihu());
        command
            .arg("serve")
            .current_dir(checkout(""))
            .env("MIHU_DATA_DIR", data)
            .env("MIHU_AGENTS_DIR", checkout("agents"))
            .env("MIHU_HTTP_LISTEN", "127.0.0.1:0")
            .env("MIHU_HTTP_LIMITS_REQUESTS_PER_SECOND", "0")
            .env("MIHU_HTTP_LIMITS_MONTHLY_QUOTA", "0")
            .env("MIHU_SIP_LISTEN", "127.0.0.1:0")
            .env("MIHU_WEBHOOKS_ALLOW_PRIVATE", "true")
            .env("MIHU_WEBHOOKS_ALLOW_HTTP", "true")
            .env("MIHU_CALLS_DRAIN_TIMEOUT", "0s")
            // A machine that runs many tests at once is late without being overloaded.
            .env("MIHU_MEDIA_MAX_LATENESS", "1s")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        if let Some(trunk) = &self.trunk {
            command.env("MIHU_SIP_TRUNKS", trunk);
        }
        command.envs(&self.settings);
        command
    }
}

/// A running node; ended when dropped.
#[derive(Debug)]
pub struct Node {
    child: Child,
    data: PathBuf,
    log: PathBuf,
    own: TempDir,
    addresses: Value,
    settings: BTreeMap<String, String>,
}

impl Node {
    /// A node to be described.
    #[must_use]
    pub fn builder() -> NodeBuilder {
        NodeBuilder::default()
    }

    /// Where it takes HTTP requests.
    pub fn http(&self) -> SocketAddr {
        self.address("http")
    }

    /// Where it takes SIP messages.
    pub fn sip(&self) -> SocketAddr {
        self.address("sip")
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Makes an API key with the CLI.
    ///
    /// # Panics
    ///
    /// If the CLI fails.
    pub fn key(&self) -> String {
        self.keys(&["create", "--name", "test"]).trim().to_owned()
    }

    /// Runs `mihu keys` with this node's data and settings.
    ///
    /// # Panics
    ///
    /// If the CLI fails.
    pub fn keys(&self, arguments: &[&str]) -> String {
        self.run("keys", arguments)
    }

    /// Runs `mihu oauth` with this node's data and settings.
    ///
    /// # Panics
    ///
    /// If the CLI fails.
    pub fn oauth(&self, arguments: &[&str]) -> String {
        self.run("oauth", arguments)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> String {
        let output = Command::new(mihu())
            .arg(command)
            .args(arguments)
            .env("MIHU_DATA_DIR", &self.data)
            .envs(&self.settings)
            .output()
            .expect("mihu runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("the output is text")
    }

    /// A client with a key of its own.
    pub fn api(&self) -> Api {
        Api::new(self.http(), self.key())
    }

    /// Sends a signal to the node's process.
    ///
    /// # Panics
    ///
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process has a number");
        kill_process(pid, signal).expect("the node runs");
    }

    /// Kills the node as a crash would, and leaves its data.
    pub fn crash(mut self) -> (PathBuf, TempDir) {
        drop(self.child.kill());
        drop(self.child.wait());
        let replacement = tempfile::tempdir().expect("a temporary folder");
        let own = std::mem::replace(&mut self.own, replacement);
        (self.data.clone(), own)
    }

    /// Waits until the node has ended by itself.
    ///
    /// # Panics
    ///
    /// If it has not after `timeout`.
    pub fn ended_within(&mut self, timeout: Duration) -> std::process::ExitStatus {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait().expect("the node can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the node still runs:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn address(&self, of: &str) -> SocketAddr {
        let text = self.addresses.get(of).and_then(Value::as_str);
        text.and_then(|text| text.parse().ok())
            .expect("node.json holds the address")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
