use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::serve::Addresses;
use crate::{Failure, paths};

/// How long the node may take to load its models and listen.
const START: Duration = Duration::from_secs(60);

/// How long the node may take to end.
const STOP: Duration = Duration::from_secs(30);

/// A node of its own, in a folder of its own.
pub(super) struct Node {
    child: Child,
    data: tempfile::TempDir,
    log: PathBuf,
    pub(super) addresses: Addresses,
}

impl Node {
    /// Starts `mihu serve` with the sample agent and a trunk to the phone.
    pub(super) async fn start(out: &Path, phone: SocketAddr) -> Result<Self, Failure> {
        let data = tempfile::tempdir()?;
        let log = out.join("node.log");
        let trunk = format!("[{{ name = \"demo\", gateway = \"{phone}\" }}]");
        let child = mihu(data.path())?
            .arg("serve")
            .env("MIHU_AGENTS_DIR", paths::locate("agents"))
            .env("MIHU_HTTP_LISTEN", "127.0.0.1:0")
            .env("MIHU_HTTP_LIMITS_REQUESTS_PER_SECOND", "0")
            .env("MIHU_HTTP_LIMITS_MONTHLY_QUOTA", "0")
            .env("MIHU_SIP_LISTEN", "127.0.0.1:0")
            .env("MIHU_SIP_TRUNKS", trunk)
            .env("MIHU_WEBHOOKS_ALLOW_PRIVATE", "true")
            .env("MIHU_WEBHOOKS_ALLOW_HTTP", "true")
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        let addresses = Addresses::file(data.path());
        let mut node = Self {
            child,
            data,
            log,
            addresses: Addresses {
                http: phone,
                sip: phone,
            },
        };
        let ready = async {
            loop {
                if let Some(status) = node.child.try_wait()? {
                    let log = std::fs::read_to_string(&node.log).unwrap_or_default();
                    return Err(Failure::from(format!("the node ended ({status}):\n{log}")));
                }
                if let Some(addresses) = Addresses::read(&addresses) {
                    return Ok(addresses);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ready = tokio::time::timeout(START, ready).await;
        node.addresses = ready.map_err(|_| "the node is not ready in time")??;
        Ok(node)
    }

    /// Makes an API key, as an operator would.
    pub(super) async fn create_key(&self) -> Result<String, Failure> {
        let output = mihu(self.data.path())?
            .args(["keys", "create", "--name", "demo", "--expires", "1d"])
            .output()
            .await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Ends the node as an operator would.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)?;
        }
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        let status = ended.map_err(|_| "the node did not end in time")??;
        if !status.success() {
            return Err(format!(
                "the node ended badly ({status}), see {}",
                self.log.display()
            )
            .into());
        }
        Ok(())
    }
}

/// A scripted phone that waits for the call.
pub(super) struct Phone {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

pub(super) use crate::phone::Line as PhoneLine;

impl Phone {
    pub(super) async fn start(utterances: &[PathBuf], heard: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            "phone",
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--answer-after",
            "1s",
        ]);
        command.arg("--record").arg(heard);
        for utterance in utterances {
            command.arg("--play").arg(utterance);
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().ok_or("the phone has no output")?;
        let lines = BufReader::new(output).lines();
        let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut phone = Self {
            child,
            lines,
            address: unspecified,
        };
        let first = phone.line().await?;
        let PhoneLine::Listening { address } = first else {
            return Err(format!("the phone began with {first:?}").into());
        };
        phone.address = address;
        Ok(phone)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next thing the phone tells.
    pub(super) async fn line(&mut self) -> Result<PhoneLine, Failure> {
        match self.lines.next_line().await? {
            Some(line) => Ok(serde_json::from_str(&line)?),
            None => {
                let status = self.child.wait().await?;
                Err(format!("the phone ended without a report ({status})").into())
            }
        }
    }
}

fn mihu(data: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env("MIHU_DATA_DIR", data).kill_on_drop(true);
    Ok(command)
}
