use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Stands between nodes and a far end, and counts who is called how often.
///
/// A call is one `Call-ID`, however often its INVITE is sent again.
#[derive(Debug)]
pub struct Invites {
    address: SocketAddr,
    seen: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
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
        let seen: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>> = Arc::default();
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

async fn relay(
    socket: UdpSocket,
    far_end: SocketAddr,
    seen: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
) {
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
                seen.entry(number).or_default().insert(call);
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
