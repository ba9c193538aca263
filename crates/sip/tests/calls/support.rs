//! SIPp as a child process, and short words for what the tests do again and again.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sip::{
    CallEvent, CallHandle, EndCause, IncomingCall, LocalMedia, OutboundCall, RemoteMedia,
    SipConfig, SipEndpoint, Timers, TrunkConfig,
};
use tokio::sync::mpsc;

/// No step of a test takes longer, or the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Events = mpsc::Receiver<CallEvent>;

/// A running SIPp, which ends with the test at the latest.
pub(crate) struct Sipp {
    child: Child,
    port: u16,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

/// How SIPp is started.
pub(crate) struct Options<'a> {
    pub(crate) scenario: &'a str,
    /// Calls after which it ends.
    pub(crate) calls: usize,
    /// Whom it calls, and which user there; `None` to be called.
    pub(crate) target: Option<(SocketAddr, &'a str)>,
    pub(crate) tcp: bool,
    /// What `@STATUS@` in the scenario stands for.
    pub(crate) status: &'a str,
}

impl<'a> Options<'a> {
    /// SIPp over UDP that is called once.
    pub(crate) const fn called(scenario: &'a str) -> Self {
        Self {
            scenario,
            calls: 1,
            target: None,
            tcp: false,
            status: "",
        }
    }

    /// SIPp over UDP that calls `agent` at `target` once.
    pub(crate) const fn calling(scenario: &'a str, target: SocketAddr) -> Self {
        Self {
            scenario,
            calls: 1,
            target: Some((target, "agent")),
            tcp: false,
            status: "",
        }
    }
}

impl Sipp {
    /// SIPp that is called once.
    pub(crate) fn called(scenario: &str) -> Self {
        Self::start(&Options::called(scenario))
    }

    /// SIPp that calls `agent` once.
    pub(crate) fn calling(scenario: &str, endpoint: &SipEndpoint) -> Self {
        Self::start(&Options::calling(scenario, endpoint.local_address()))
    }

    /// Starts SIPp; when it returns, SIPp listens or already calls.
    pub(crate) fn start(options: &Options<'_>) -> Self {
        // Somebody else may take a free port before SIPp does.
        for _ in 0..5 {
            if let Some(sipp) = Self::try_start(options) {
                return sipp;
            }
        }
        panic!("SIPp found no free port");
    }

    /// `None` when a port was taken meanwhile.
    fn try_start(options: &Options<'_>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("errors.log");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/scenarios")
            .join(options.scenario)
            .with_extension("xml");
        let text = std::fs::read_to_string(&scenario).unwrap();
        let scenario = folder.path().join("scenario.xml");
        std::fs::write(&scenario, text.replace("@STATUS@", options.status)).unwrap();
        let (port, media_port) = (free_port(), free_port());
        let mut command = Command::new("sipp");
        if let Some((address, user)) = options.target {
            command.arg(address.to_string()).args(["-s", user]);
        }
        command
            .arg("-sf")
            .arg(&scenario)
            .args(["-i", "127.0.0.1", "-bind_local", "-mi", "127.0.0.1"])
            .args(["-p", &port.to_string(), "-mp", &media_port.to_string()])
            .args([
                "-m",
                &options.calls.to_string(),
                "-l",
                &options.calls.to_string(),
            ])
            .args(["-r", "500", "-t", if options.tcp { "t1" } else { "u1" }])
            .args([
                "-timeout",
                "30s",
                "-timeout_error",
                "-recv_timeout",
                "15000",
            ])
            .args(["-nostdin", "-trace_err", "-error_file"])
            .arg(&log)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "sipp could not be started ({error}): run `make setup`, which installs sip-tester"
            )
        });
        let mut sipp = Self {
            child,
            port,
            log,
            _folder: folder,
        };
        sipp.comes_up(options.tcp && options.target.is_none())
            .then_some(sipp)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Waits for SIPp to end, and fails the test unless its whole scenario was played.
    pub(crate) async fn succeeds(mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                assert!(
                    status.success(),
                    "SIPp saw something else ({status}):\n{log}"
                );
                return;
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                panic!("SIPp still waits for something:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until SIPp has its port; false when somebody else has it.
    fn comes_up(&mut self, listens_on_tcp: bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let address = self.address();
            let is_up = if listens_on_tcp {
                std::net::TcpStream::connect(address).is_ok()
            } else {
                UdpSocket::bind(address).is_err() || std::net::TcpListener::bind(address).is_err()
            };
            let ended = self.child.try_wait().unwrap().is_some();
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            if log.contains("Address already in use") {
                return false;
            }
            if is_up || ended {
                return true;
            }
            assert!(
                Instant::now() < deadline,
                "SIPp does not come up on {address}: {log}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A UDP and TCP port that nobody uses now.
pub(crate) fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// An endpoint on loopback without trunks.
pub(crate) fn config() -> SipConfig {
    SipConfig::new("127.0.0.1:0".parse().unwrap())
}

/// Timers with a round trip of 20 ms: what takes half a minute takes little more than a second.
pub(crate) fn quick() -> Timers {
    Timers::with_t1(Duration::from_millis(20))
}

/// An endpoint whose calls go to `gateway`.
pub(crate) async fn caller(gateway: SocketAddr) -> SipEndpoint {
    caller_with(gateway, |_| {}).await
}

/// The same, with its settings changed.
pub(crate) async fn caller_with(
    gateway: SocketAddr,
    change: impl FnOnce(&mut SipConfig),
) -> SipEndpoint {
    let mut config = config();
    config
        .trunks
        .push(TrunkConfig::new("test", gateway.to_string()));
    change(&mut config);
    SipEndpoint::bind(config).await.unwrap().0
}

/// An endpoint that is called, with its settings changed.
pub(crate) async fn callee_with(
    change: impl FnOnce(&mut SipConfig),
) -> (SipEndpoint, mpsc::Receiver<IncomingCall>) {
    let mut config = config();
    change(&mut config);
    SipEndpoint::bind(config).await.unwrap()
}

/// Where the audio of a test would come in.
pub(crate) fn media() -> LocalMedia {
    LocalMedia {
        address: "127.0.0.1:40000".parse().unwrap(),
    }
}

pub(crate) fn call(endpoint: &SipEndpoint) -> (CallHandle, Events) {
    let number = "+14155550123".to_owned();
    endpoint.call(OutboundCall::new(number, media())).unwrap()
}

pub(crate) async fn next(events: &mut Events) -> CallEvent {
    within(events.recv())
        .await
        .expect("the call told how it ended before it fell silent")
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.expect("what was waited for happened")
}

/// Goes through the events until the call is answered.
pub(crate) async fn answered(events: &mut Events) -> RemoteMedia {
    loop {
        match next(events).await {
            CallEvent::Answered(media) => return media,
            CallEvent::Ended(cause) => panic!("the call ended instead: {cause}"),
            CallEvent::Ringing { .. }
            | CallEvent::EarlyMedia(_)
            | CallEvent::MediaChanged(_)
            | CallEvent::Transferred(_) => {}
        }
    }
}

/// The next change of the media.
pub(crate) async fn changed(events: &mut Events) -> RemoteMedia {
    match next(events).await {
        CallEvent::MediaChanged(media) => media,
        other @ (CallEvent::Answered(_)
        | CallEvent::EarlyMedia(_)
        | CallEvent::Ended(_)
        | CallEvent::Ringing { .. }
        | CallEvent::Transferred(_)) => panic!("expected changed media, not {other:?}"),
    }
}

/// Goes through the events to the last, and checks that it is.
pub(crate) async fn ended(events: &mut Events) -> EndCause {
    loop {
        if let CallEvent::Ended(cause) = next(events).await {
            assert_eq!(within(events.recv()).await, None, "nothing follows the end");
            return cause;
        }
    }
}

/// Waits until nothing is left of any call.
pub(crate) async fn settles(endpoint: &SipEndpoint) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = endpoint.statistics();
        if now.calls == 0 && now.dialogs == 0 {
            assert_eq!(now.panics, 0);
            return;
        }
        assert!(
            Instant::now() < deadline,
            "something is left of a call: {now:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Carries datagrams between a client and a server, and loses those that the test names.
pub(crate) struct Relay {
    address: SocketAddr,
    carrier: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// A relay to `server` that loses each datagram for which `lose` says so.
    pub(crate) async fn to(
        server: SocketAddr,
        mut lose: impl FnMut(&str) -> bool + Send + 'static,
    ) -> Self {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let carrier = tokio::spawn(async move {
            let mut buffer = vec![0_u8; 65_535];
            let mut client = None;
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let datagram = &buffer[..length];
                if lose(&String::from_utf8_lossy(datagram)) {
                    continue;
                }
                let to = if from == server {
                    client
                } else {
                    client = Some(from);
                    Some(server)
                };
                if let Some(to) = to {
                    socket.send_to(datagram, to).await.unwrap();
                }
            }
        });
        Self { address, carrier }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

/// Says yes to the first `count` datagrams that begin with one of `starts`, for each of them.
pub(crate) fn first(count: usize, starts: &'static [&str]) -> impl FnMut(&str) -> bool + Send {
    let mut left = vec![count; starts.len()];
    move |datagram| {
        let Some(index) = starts.iter().position(|start| datagram.starts_with(start)) else {
            return false;
        };
        let lost = left[index] > 0;
        left[index] = left[index].saturating_sub(1);
        lost
    }
}
