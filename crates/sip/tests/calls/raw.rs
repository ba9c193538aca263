//! A peer that speaks by hand: what no well-behaved phone would do.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::{CallEvent, EndCause, SipEndpoint, Transport, TrunkConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::support::{
    answered, call, callee_with, caller_with, ended, free_port, media, next, quick, settles, within,
};

/// A peer on a UDP socket.
struct Peer {
    socket: UdpSocket,
}

impl Peer {
    async fn new() -> Self {
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    async fn send(&self, text: &str, to: SocketAddr) {
        self.socket.send_to(text.as_bytes(), to).await.unwrap();
    }

    async fn receive(&self) -> (String, SocketAddr) {
        let mut buffer = vec![0_u8; 65_535];
        let (length, from) = within(self.socket.recv_from(&mut buffer)).await.unwrap();
        (
            String::from_utf8_lossy(&buffer[..length]).into_owned(),
            from,
        )
    }

    /// The next message that begins so; others are passed over.
    async fn expect(&self, start: &str) -> String {
        loop {
            let (text, _) = self.receive().await;
            if text.starts_with(start) {
                return text;
            }
        }
    }

    /// Whether nothing that begins so arrives for a while.
    async fn is_spared(&self, start: &str, wait: Duration) -> bool {
        tokio::time::timeout(wait, self.expect(start))
            .await
            .is_err()
    }

    /// Sends a request from outside any dialog.
    async fn request(&self, method: &str, endpoint: &SipEndpoint, more: &str) {
        let text = request(method, self.address(), endpoint.local_address(), more);
        self.send(&text, endpoint.local_address()).await;
    }
}

fn request(method: &str, from: SocketAddr, to: SocketAddr, more: &str) -> String {
    format!(
        "{method} sip:agent@{to} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {from};branch=z9hG4bK{method}{};rport\r\n\
         From: <sip:peer@{from}>;tag=p\r\nTo: <sip:agent@{to}>\r\n\
         Call-ID: raw-{method}\r\nCSeq: 1 {method}\r\nContact: <sip:peer@{from}>\r\n{more}\
         Content-Length: 0\r\n\r\n",
        more.len()
    )
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let mut lines = message.lines();
    let line = lines.find(|line| line.starts_with(name) && line[name.len()..].starts_with(':'));
    line.map(|line| line[name.len() + 1..].trim())
        .unwrap_or_default()
}

/// A response to a request as it was received.
fn response(to: &str, status: &str, tag: &str, contact: SocketAddr, more: &str) -> String {
    let headers = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| {
        let tag = if name == "To" && !header(to, "To").contains("tag=") {
            tag
        } else {
            ""
        };
        let tag = if tag.is_empty() {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        format!("{name}: {}{tag}\r\n", header(to, name))
    });
    let end = if more.contains("\r\n\r\n") {
        ""
    } else {
        "Content-Length: 0\r\n\r\n"
    };
    format!(
        "SIP/2.0 {status}\r\n{}Contact: <sip:x@{contact}>\r\n{more}{end}",
        headers.concat()
    )
}

fn with_sdp(headers: &str) -> String {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
               m=audio 5000 RTP/AVP 0\r\n";
    let length = sdp.len();
    format!("{headers}Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}")
}

#[tokio::test]
async fn a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    let peer = Peer::new().await;
    let endpoint = caller_with(peer.address(), |config| config.timers = quick()).await;
    let to = endpoint.local_address();
    let (handle, mut events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    peer.send(
        &response(&invite, "180 Ringing", "a", peer.address(), ""),
        to,
    )
    .await;
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 180 });
    handle.hangup();
    let cancel = peer.expect("CANCEL").await;
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    assert_eq!(header(&cancel, "CSeq"), "1 CANCEL");
    peer.send(
        &response(&invite, "200 OK", "a", peer.address(), &with_sdp("")),
        to,
    )
    .await;
    peer.send(&response(&cancel, "200 OK", "a", peer.address(), ""), to)
        .await;
    assert_eq!(header(&peer.expect("ACK").await, "CSeq"), "1 ACK");
    let bye = peer.expect("BYE").await;
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    peer.send(&response(&bye, "200 OK", "", peer.address(), ""), to)
        .await;
    assert_eq!(ended(&mut events).await, EndCause::Cancelled);
    settles(&endpoint).await;
}

#[tokio::test]
async fn every_branch_of_a_fork_is_acknowledged_and_all_but_the_first_are_hung_up() {
    let peer = Peer::new().await;
    let endpoint = caller_with(peer.address(), |config| config.timers = quick()).await;
    let to = endpoint.local_address();
    let (_handle, mut events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    for tag in ["one", "two"] {
        peer.send(
            &response(&invite, "200 OK", tag, peer.address(), &with_sdp("")),
            to,
        )
        .await;
        let ack = peer.expect("ACK").await;
        assert!(header(&ack, "To").ends_with(tag), "{ack}");
    }
    let bye = peer.expect("BYE").await;
    assert!(header(&bye, "To").ends_with("two"), "{bye}");
    peer.send(&response(&bye, "200 OK", "", peer.address(), ""), to)
        .await;
    answered(&mut events).await;
    assert!(peer.is_spared("BYE", Duration::from_millis(200)).await);
}

#[tokio::test]
async fn a_reliable_183_is_confirmed_and_its_answer_stands() {
    let peer = Peer::new().await;
    let endpoint = caller_with(peer.address(), |config| config.timers = quick()).await;
    let to = endpoint.local_address();
    let (_handle, mut events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    assert_eq!(header(&invite, "Supported"), "100rel");
    let reliable = with_sdp("Require: 100rel\r\nRSeq: 776\r\n");
    let progress = response(
        &invite,
        "183 Session Progress",
        "a",
        peer.address(),
        &reliable,
    );
    peer.send(&progress, to).await;
    peer.send(&progress, to).await;
    let prack = peer.expect("PRACK").await;
    assert_eq!(header(&prack, "RAck"), "776 1 INVITE");
    peer.send(&response(&prack, "200 OK", "", peer.address(), ""), to)
        .await;
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 183 });
    let CallEvent::EarlyMedia(early) = next(&mut events).await else {
        panic!("the 183 has an answer");
    };
    assert!(
        peer.is_spared("PRACK", Duration::from_millis(200)).await,
        "one was enough"
    );
    peer.send(&response(&invite, "200 OK", "a", peer.address(), ""), to)
        .await;
    assert_eq!(answered(&mut events).await, early);
}

#[tokio::test]
async fn the_route_of_the_answer_is_followed_by_ack_and_bye() {
    let (peer, proxy) = (Peer::new().await, Peer::new().await);
    let endpoint = caller_with(peer.address(), |config| config.timers = quick()).await;
    let to = endpoint.local_address();
    let (handle, mut events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    let route = format!("<sip:{};lr>", proxy.address());
    let ok = with_sdp(&format!("Record-Route: {route}\r\n"));
    peer.send(&response(&invite, "200 OK", "a", peer.address(), &ok), to)
        .await;
    let ack = proxy.expect("ACK").await;
    assert!(
        ack.starts_with(&format!("ACK sip:x@{} SIP/2.0", peer.address())),
        "{ack}"
    );
    assert_eq!(header(&ack, "Route"), route);
    answered(&mut events).await;
    handle.hangup();
    let bye = proxy.expect("BYE").await;
    proxy
        .send(&response(&bye, "200 OK", "", peer.address(), ""), to)
        .await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn requests_to_a_contact_that_leads_nowhere_follow_the_invite() {
    let peer = Peer::new().await;
    let endpoint = caller_with(peer.address(), |config| config.timers = quick()).await;
    let (handle, mut events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    let ok = response(&invite, "200 OK", "a", peer.address(), &with_sdp(""));
    let contact = format!("<sip:x@{}>", peer.address());
    let ok = ok.replace(&contact, "<sip:x@nowhere.invalid>");
    peer.send(&ok, endpoint.local_address()).await;
    let ack = peer.expect("ACK").await;
    assert!(
        ack.starts_with("ACK sip:x@nowhere.invalid SIP/2.0"),
        "{ack}"
    );
    answered(&mut events).await;
    handle.hangup();
    let bye = peer.expect("BYE").await;
    peer.send(
        &response(&bye, "200 OK", "", peer.address(), ""),
        endpoint.local_address(),
    )
    .await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_gateway_that_does_not_listen_is_unreachable_at_once() {
    let vacant = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let endpoint = caller_with(vacant, |_| {}).await;
    let started = Instant::now();
    let (_handle, mut events) = call(&endpoint);
    let cause = ended(&mut events).await;
    assert!(
        matches!(cause, EndCause::Unreachable { code: 503, .. }),
        "{cause}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "not by a time-out of 32 s"
    );
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_gateway_that_does_not_listen_on_tcp_is_unreachable_at_once() {
    let vacant = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let endpoint = caller_with(vacant, |config| {
        config.trunks.first_mut().unwrap().transport = Transport::Tcp;
    })
    .await;
    let (_handle, mut events) = call(&endpoint);
    let cause = ended(&mut events).await;
    assert!(
        matches!(cause, EndCause::Unreachable { code: 503, .. }),
        "{cause}"
    );
}

#[tokio::test]
async fn a_gateway_whose_name_leads_nowhere_is_unreachable() {
    let endpoint = caller_with("127.0.0.1:1".parse().unwrap(), |config| {
        config.connect_timeout = Duration::from_secs(2);
        config.trunks = vec![TrunkConfig::new("test", "gateway.invalid")];
    })
    .await;
    let (_handle, mut events) = call(&endpoint);
    let cause = ended(&mut events).await;
    assert!(
        matches!(cause, EndCause::Unreachable { code: 503, .. }),
        "{cause}"
    );
}

#[tokio::test]
async fn a_gateway_that_never_answers_is_unreachable_after_its_time() {
    let silent = Peer::new().await;
    let endpoint = caller_with(silent.address(), |config| config.timers = quick()).await;
    let (_handle, mut events) = call(&endpoint);
    let cause = ended(&mut events).await;
    assert!(
        matches!(cause, EndCause::Unreachable { code: 408, .. }),
        "{cause}"
    );
    for _ in 0..5 {
        silent.expect("INVITE").await;
    }
    settles(&endpoint).await;
}

#[tokio::test]
async fn an_invite_says_who_calls_whom_and_where_we_are() {
    let peer = Peer::new().await;
    let endpoint = caller_with(peer.address(), |config| {
        config.external_address = Some([203, 0, 113, 9].into());
        let trunk = config.trunks.first_mut().unwrap();
        trunk.from = Some("+14155550100".to_owned());
        trunk.strip_plus = true;
    })
    .await;
    let (_handle, _events) = call(&endpoint);
    let invite = peer.expect("INVITE").await;
    let port = endpoint.local_address().port();
    let gateway = peer.address();
    assert!(
        invite.starts_with(&format!("INVITE sip:14155550123@{gateway} SIP/2.0")),
        "{invite}"
    );
    assert!(
        header(&invite, "From").starts_with("<sip:+14155550100@127.0.0.1>;tag="),
        "{invite}"
    );
    assert_eq!(
        header(&invite, "To"),
        format!("<sip:14155550123@{gateway}>")
    );
    assert_eq!(
        header(&invite, "Contact"),
        format!("<sip:+14155550100@203.0.113.9:{port}>")
    );
    assert!(header(&invite, "Via").starts_with(&format!("SIP/2.0/UDP 203.0.113.9:{port};")));
    assert!(invite.contains("c=IN IP4 203.0.113.9\r\n"), "{invite}");
    assert!(
        invite.contains("m=audio 40000 RTP/AVP 0 8 101\r\n"),
        "{invite}"
    );
    assert_eq!(
        header(&invite, "Session-Expires"),
        "",
        "session timers are not offered"
    );
}

#[tokio::test]
async fn a_stream_that_nothing_comes_back_on_is_not_used_again() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = caller_with(silent.local_addr().unwrap(), |config| {
        config.timers = quick();
        config.trunks.first_mut().unwrap().transport = Transport::Tcp;
    })
    .await;
    for _ in 0..2 {
        let (_handle, mut events) = call(&endpoint);
        let (_stream, _) = within(silent.accept()).await.unwrap();
        let cause = ended(&mut events).await;
        assert!(
            matches!(cause, EndCause::Unreachable { code: 408, .. }),
            "{cause}"
        );
    }
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_stranger_is_forbidden_before_anything_is_kept() {
    let (endpoint, mut incoming) = callee_with(|config| config.allow.clear()).await;
    let stranger = Peer::new().await;
    for _ in 0..3 {
        stranger.request("INVITE", &endpoint, "").await;
        stranger.expect("SIP/2.0 403").await;
    }
    let now = endpoint.statistics();
    assert_eq!(
        (now.calls, now.dialogs, now.transactions, now.refused),
        (0, 0, 0, 3)
    );
    assert!(incoming.try_recv().is_err());
}

#[tokio::test]
async fn calls_that_nobody_takes_any_more_are_refused_and_counted() {
    let (endpoint, incoming) = callee_with(|_| {}).await;
    drop(incoming);
    let peer = Peer::new().await;
    peer.request("INVITE", &endpoint, "").await;
    peer.expect("SIP/2.0 503").await;
    assert_eq!(endpoint.statistics().calls_refused, 1);
}

#[tokio::test]
async fn requests_that_no_call_can_be_made_of_have_their_answers() {
    let (endpoint, _incoming) = callee_with(|_| {}).await;
    let peer = Peer::new().await;
    for (method, status) in [
        ("BREW", "501"),
        ("REGISTER", "405"),
        ("SUBSCRIBE", "405"),
        ("MESSAGE", "405"),
        ("BYE", "481"),
        ("UPDATE", "481"),
        ("CANCEL", "481"),
    ] {
        peer.request(method, &endpoint, "").await;
        let (answer, _) = peer.receive().await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}")),
            "{method}: {answer}"
        );
        assert!(
            header(&answer, "CSeq").ends_with(method),
            "{method}: {answer}"
        );
    }
    peer.request("ACK", &endpoint, "").await;
    assert!(peer.is_spared("", Duration::from_millis(100)).await);
}

#[tokio::test]
async fn rubbish_is_dropped_and_calls_go_on() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let peer = Peer::new().await;
    let to = endpoint.local_address();
    let whole = request("INVITE", peer.address(), to, "");
    for end in (0..whole.len() - 2).step_by(7) {
        peer.send(&whole[..end], to).await;
    }
    for text in [
        "\r\n\r\n",
        "\0\0\0\0",
        "INVITE",
        "INVITE sip: SIP/2.0\r\n\r\n",
        "SIP/2.0 200 OK\r\n\r\n",
        "SIP/2.0 999999 ?\r\n\r\n",
        "INVITE sip:[::1 SIP/2.0\r\nVia: ,\r\nFrom: <\r\nTo: >\r\nCSeq: x\r\nCall-ID:\r\n\r\n",
    ] {
        peer.send(text, to).await;
    }
    for length in [1_usize, 100, 8_192, 8_193, 60_000] {
        peer.socket.send_to(&vec![0xA5; length], to).await.unwrap();
    }
    peer.request("INVITE", &endpoint, "").await;
    let call = within(incoming.recv()).await.unwrap();
    peer.expect("SIP/2.0 100").await;
    call.reject(sip::StatusCode::DECLINE);
    peer.expect("SIP/2.0 603").await;
    let now = endpoint.statistics();
    assert!(now.garbage > 20, "{now:?}");
    assert_eq!(now.panics, 0);
}

#[tokio::test]
async fn a_merged_request_is_refused() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let peer = Peer::new().await;
    peer.request("INVITE", &endpoint, "").await;
    let _call = within(incoming.recv()).await.unwrap();
    peer.request("INVITE", &endpoint, "X-Way: another\r\n")
        .await;
    peer.expect("SIP/2.0 482").await;
    assert!(incoming.try_recv().is_err());
}

#[tokio::test]
async fn a_lost_200_is_repeated_and_an_ack_stops_it() {
    let (endpoint, mut incoming) = callee_with(|config| config.timers = quick()).await;
    let peer = Peer::new().await;
    let to = endpoint.local_address();
    let invite = request("INVITE", peer.address(), to, "");
    let invite = invite.replace("Content-Length: 0\r\n\r\n", &with_sdp(""));
    peer.send(&invite, to).await;
    let call = within(incoming.recv()).await.unwrap();
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    let mut ok = String::new();
    for _ in 0..4 {
        ok = peer.expect("SIP/2.0 200").await;
    }
    let ack = format!(
        "ACK sip:agent@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKack\r\nFrom: {}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        peer.address(),
        header(&ok, "From"),
        header(&ok, "To"),
        header(&ok, "Call-ID"),
    );
    peer.send(&ack, to).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    while tokio::time::timeout(Duration::from_millis(1), peer.receive())
        .await
        .is_ok()
    {}
    assert!(
        peer.is_spared("SIP/2.0 200", Duration::from_millis(400))
            .await
    );
}

#[tokio::test]
async fn a_stream_without_sip_is_closed_and_a_stranger_gets_none() {
    let (endpoint, _incoming) = callee_with(|config| config.tcp = true).await;
    for bytes in [
        &b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"[..],
        b"INVITE sip:a SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n",
        &[b'x'; 70_000],
    ] {
        let mut stream = TcpStream::connect(endpoint.local_address()).await.unwrap();
        let _ = stream.write_all(bytes).await;
        let mut rest = Vec::new();
        let end = within(stream.read_to_end(&mut rest)).await;
        assert!(end.is_err() || rest.is_empty());
    }
    let mut stream = TcpStream::connect(endpoint.local_address()).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0_u8; 2];
    within(stream.read_exact(&mut pong)).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    assert_eq!(endpoint.statistics().panics, 0);

    let (closed, _incoming) = callee_with(|config| {
        config.tcp = true;
        config.allow.clear();
    })
    .await;
    let mut stream = TcpStream::connect(closed.local_address()).await.unwrap();
    let mut rest = Vec::new();
    assert!(matches!(
        within(stream.read_to_end(&mut rest)).await,
        Ok(0) | Err(_)
    ));
}
