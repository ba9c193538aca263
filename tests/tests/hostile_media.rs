//! Packets that are none of the call's: dropped, counted by reason, and the call goes on.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use end_to_end::{Node, Sipp};
use srtp::{Keys, Profile, Protect};

/// What the far end seals its packets with.
const KEY_AND_SALT: [u8; 30] = [0x3C; 30];
const OWN: u32 = 0xFA4;
const FORGED: u32 = 0xBAD;
const FRAME: Duration = Duration::from_millis(20);
/// Packets of the far end, and as many of each kind that it has not sent.
const PACKETS: u16 = 150;

/// The far end's audio.
struct FarEnd {
    socket: UdpSocket,
    /// Where the node's audio comes from.
    node: SocketAddr,
    protect: Option<Protect>,
}

impl FarEnd {
    fn bind() -> UdpSocket {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
        let timeout = Some(Duration::from_secs(20));
        socket.set_read_timeout(timeout).expect("a timeout is set");
        socket
    }

    /// Waits for the node's first packet on `socket`.
    fn reached(socket: UdpSocket, protect: Option<Protect>) -> Self {
        let (_, node) = socket.recv_from(&mut [0; 2_000]).expect("the node sends");
        Self {
            socket,
            node,
            protect,
        }
    }

    /// The packet with this number, sealed if the call is.
    fn packet(&mut self, ssrc: u32, number: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 0];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xFF; 160]);
        let length = packet.len();
        let Some(protect) = &mut self.protect else {
            return packet;
        };
        packet.resize(length + 16, 0);
        let sealed = protect.protect_rtp(&mut packet, length);
        packet.truncate(sealed.expect("the packet is sealed"));
        packet
    }

    fn send(&self, packet: &[u8]) {
        let sent = self.socket.send_to(packet, self.node);
        sent.expect("a packet is sent");
    }

    /// Whether the node still sends its audio here.
    fn hears_the_node(&self) -> bool {
        let mut buffer = [0; 2_000];
        self.socket.set_nonblocking(true).expect("a socket's mode");
        while self.socket.recv_from(&mut buffer).is_ok() {}
        self.socket.set_nonblocking(false).expect("a socket's mode");
        let came = self.socket.recv_from(&mut buffer);
        came.is_ok_and(|(length, from)| length > 160 && from == self.node)
    }
}

/// Has a call whose audio is the test's own, in the clear or sealed.
fn call(node: &Node, sealed: bool) -> (Sipp, FarEnd) {
    let socket = FarEnd::bind();
    let port = socket.local_addr().expect("an address").port().to_string();
    let suite = Profile::AesCm128HmacSha1Tag80;
    let key = STANDARD.encode(KEY_AND_SALT);
    let crypto = format!("crypto:1 {} inline:{key}", suite.suite());
    let (profile, attribute) = if sealed {
        ("RTP/SAVP", crypto.as_str())
    } else {
        ("RTP/AVP", "ptime:20")
    };
    let sipp = Sipp::scenario("call_with_own_media")
        .target(node.sip())
        .arguments(&["-key", "audio_port", &port])
        .arguments(&["-key", "audio_profile", profile])
        .arguments(&["-key", "audio_attribute", attribute])
        .start();
    let protect = sealed.then(|| {
        let keys = Keys::new(suite, &KEY_AND_SALT).expect("as many bytes as the suite takes");
        Protect::new(&keys)
    });
    (sipp, FarEnd::reached(socket, protect))
}

/// Talks, and after each packet does something else.
fn talk(far_end: &mut FarEnd, mut beside: impl FnMut(&FarEnd, u16, &[u8])) {
    let mut due = Instant::now();
    for number in 1..=PACKETS {
        let packet = far_end.packet(OWN, number);
        far_end.send(&packet);
        beside(far_end, number, &packet);
        due += FRAME;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Checks how many packets were dropped for which reason, and that of the far end's own hardly
/// any was missed.
async fn dropped(node: &Node, expected: &[(&str, u16)]) {
    let metrics = node.api().metrics().await;
    for &(reason, count) in expected {
        let series = format!("mihu_rtp_packets_dropped_total{{reason=\"{reason}\"}}");
        let found = metrics.figure(&series);
        assert!(
            (f64::from(count) - 2.0..=f64::from(count) + 2.0).contains(&found),
            "{reason}: {found} of {count}"
        );
    }
    let decoded = metrics.figure("mihu_heard_frames_total{kind=\"decoded\"}");
    assert!(decoded > f64::from(PACKETS) * 0.9, "{decoded}");
}

#[tokio::test]
async fn forged_strange_and_oversized_packets_are_dropped_and_the_call_goes_on() {
    let node = Node::builder().start();
    let (sipp, mut far_end) = call(&node, false);
    let stranger = FarEnd::bind();
    talk(&mut far_end, |far_end, number, packet| {
        let mut forged = packet.to_vec();
        forged[8..12].copy_from_slice(&FORGED.to_be_bytes());
        forged[2..4].copy_from_slice(&(number + 30_000).to_be_bytes());
        far_end.send(&forged);
        far_end.send(&[0x80; 1_800]);
        let sent = stranger.send_to(packet, far_end.node);
        sent.expect("a packet is sent");
    });
    assert!(far_end.hears_the_node());
    let reasons = [
        ("stray", PACKETS),
        ("oversized", PACKETS),
        ("foreign", PACKETS),
    ];
    dropped(&node, &reasons).await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn replayed_and_unsealed_packets_are_dropped_and_a_sealed_call_goes_on() {
    let node = Node::builder().start();
    let (sipp, mut far_end) = call(&node, true);
    let mut first = None;
    talk(&mut far_end, |far_end, _, packet| {
        far_end.send(packet);
        let first = first.get_or_insert_with(|| packet.to_vec());
        far_end.send(first);
        let mut changed = packet.to_vec();
        changed[60] ^= 1;
        // Of a number that has not come yet.
        changed[2] ^= 0x10;
        far_end.send(&changed);
    });
    assert!(far_end.hears_the_node());
    let reasons = [("replayed", 2 * PACKETS), ("forged", PACKETS)];
    dropped(&node, &reasons).await;
    sipp.succeeds().await;
}
