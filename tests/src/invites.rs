use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// When each call first came, by its `Call-ID`, of each number.
type Seen = BTreeMap<String, BTreeMap<String, SystemTime>>;

/// Stands between nodes and a far end, and notes who is called when.
///
/// A call is one `Call-ID`, however often its INVITE is sent again.
#[derive(Debug)]
pub struct Invites {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    relay: JoinHandle<()>,
}

impl Invites {
    /// Passes everything on to `far_end`, and its answers back.
    ///
    /// # Panics
    ///
    /// If no port can be had.
    pub async fn in_front_of(far_end: SocketAddr) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let relay = tokio::spawn(relay(socket, far_end, Arc::clone(&seen)));
        Self {
            address,
            seen,
            relay,
        }
    }

    /// Where nodes send their calls to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many calls there were to each number.
    ///
    /// # Panics
    ///
    /// If the relay broke.
    pub fn by_number(&self) -> BTreeMap<String, usize> {
        let seen = self.seen.lock().expect("the relay runs");
        seen.iter()
            .map(|(number, calls)| (number.clone(), calls.len()))
            .collect()
    }

    /// When the calls to a number came.
    ///
    /// # Panics
    ///
    /// If the relay broke.
    pub fn arrivals(&self, number: &str) -> Vec<SystemTime> {
        let seen = self.seen.lock().expect("the relay runs");
        let calls = seen.get(number).into_iter().flatten();
        calls.map(|(_, &arrival)| arrival).collect()
    }

    /// How many calls there were.
    pub fn total(&self) -> usize {
        self.by_number().values().sum()
    }
}

impl Drop for Invites {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn relay(socket: UdpSocket, far_end: SocketAddr, seen: Arc<Mutex<Seen>>) {
    let mut nodes: HashMap<String, SocketAddr> = HashMap::new();
    let mut buffer = vec![0; 65_536];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let message = buffer.get(..length).unwrap_or_default();
        let text = String::from_utf8_lossy(message);
        let Some(call) = call_id(&text) else { continue };
        let to = if from == far_end {
            nodes.get(&call).copied()
        } else {
            nodes.insert(call.clone(), from);
            if let Some(number) = invited(&text) {
                let mut seen = seen.lock().expect("nobody panics with the lock");
                let calls = seen.entry(number).or_default();
                calls.entry(call).or_insert_with(SystemTime::now);
            }
            Some(far_end)
        };
        if let Some(to) = to {
            // A node that is gone has no port any more.
            drop(socket.send_to(message, to).await);
        }
    }
}

fn call_id(message: &str) -> Option<String> {
    message.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_id = name.trim().eq_ignore_ascii_case("call-id") || name.trim() == "i";
        is_id.then(|| value.trim().to_owned())
    })
}

/// The number that an INVITE is for.
fn invited(message: &str) -> Option<String> {
    let target = message.strip_prefix("INVITE sip:")?;
    let user = target.split(['@', ';', ' ']).next()?;
    Some(user.to_owned())
}
