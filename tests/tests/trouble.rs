//! A node that is killed, misconfigured, or sent nonsense.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use end_to_end::{Node, Phone, Sipp, Webhooks, checkout, free_media_ports};
use rustix::process::Signal;

#[tokio::test]
async fn a_call_cut_short_by_a_crash_keeps_its_recording_and_is_reported_after_the_restart() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let mut webhooks = Webhooks::start().await;
    let agent = api.agent("support").await;
    let secret = api.add_webhook(&agent, webhooks.url()).await;
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id").to_owned();
    api.call_becomes(&id, "in-progress").await;
    // What is lost is at most the second between two flushes and the one and a half for which
    // the agent's sound waits for that of a caller who sends nothing.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (data, _folder) = node.crash();

    let recording = data.join("recordings").join(format!("{id}.wav"));
    let (_, sides) = audio::file::read_channels(&recording).expect("a valid recording");
    assert!(
        sides[1].len() > 3 * 8_000,
        "three seconds or more, found {} samples",
        sides[1].len()
    );
    assert!(audio::level::is_audible(&sides[1]));

    let node = Node::builder().data(&data).start();
    let call = node.api().call_becomes(&id, "failed").await;
    assert_eq!(call["status"], "failed");
    let delivery = webhooks.next().await;
    assert!(delivery.is_signed_with(&secret));
    assert_eq!(delivery.body["data"]["status"], "failed");
}

#[tokio::test]
async fn a_sealed_recording_outlives_a_crash_and_is_heard_through_the_api_alone() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let node = Node::builder()
        .set("MIHU_CALLS_RECORDINGS_KEY", key)
        .trunk(sipp.address())
        .start();
    let api = node.api();
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id").to_owned();
    api.call_becomes(&id, "in-progress").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (data, folder) = node.crash();

    let [plain, sealed] = ["wav", "wav.sealed"].map(|kind| format!("recordings/{id}.{kind}"));
    assert!(!data.join(plain).exists());
    assert!(audio::file::read_channels(data.join(sealed)).is_err());
    let node = Node::builder()
        .set("MIHU_CALLS_RECORDINGS_KEY", key)
        .data(&data)
        .start();
    let call = node.api().call_becomes(&id, "failed").await;
    let url = call["record_url"].as_str().expect("a recording");
    let path = url.split_once("/api/").expect("a path of the API").1;
    let url = format!("http://{}/api/{path}", node.http());
    let heard = folder.path().join("heard.wav");
    std::fs::write(&heard, node.api().download(&url).await).expect("a file");
    let (_, sides) = audio::file::read_channels(&heard).expect("a valid recording");
    assert!(sides[1].len() > 3 * 8_000, "{} samples", sides[1].len());
    assert!(audio::level::is_audible(&sides[1]));
}

#[tokio::test]
async fn a_webhook_that_could_not_be_delivered_survives_a_crash() {
    let sipp = Sipp::scenario("busy").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let late = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = late.local_addr().expect("an address");
    drop(late);
    let agent = api.agent("support").await;
    let secret = api
        .add_webhook(&agent, &format!("http://{address}/hook"))
        .await;
    let placed = api.place_call("+14155550123").await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "busy")
        .await;
    let (data, _folder) = node.crash();

    let mut webhooks = Webhooks::start_at(address).await;
    let _node = Node::builder().data(&data).start();
    let delivery = webhooks.next().await;
    assert!(delivery.is_signed_with(&secret));
    assert_eq!(delivery.body["data"]["status"], "busy");
}

#[tokio::test]
async fn a_terminated_node_says_goodbye_and_ends_its_calls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sipp = Sipp::scenario("answer_and_wait").start();
    let mut node = Node::builder()
        .trunk(sipp.address())
        .data(folder.path())
        .start();
    let api = node.api();
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id").to_owned();
    api.call_becomes(&id, "in-progress").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    node.signal(Signal::TERM);
    sipp.succeeds().await;
    assert!(
        node.ended_within(Duration::from_secs(20)).success(),
        "{}",
        node.log()
    );
    drop(node);

    let node = Node::builder().data(folder.path()).start();
    let api = node.api();
    let call = api.call_becomes(&id, "completed").await;
    assert_eq!(call["reason"], "the node is shutting down");
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript.body["data"]["turns"].as_array().cloned();
    let goodbye = turns.expect("turns").pop().expect("a turn");
    assert_eq!(
        goodbye["text"],
        "Thank you for calling Larkfield Telecom. Goodbye."
    );
    let recording = folder.path().join("recordings").join(format!("{id}.wav"));
    let (_, sides) = audio::file::read_channels(&recording).expect("a recording");
    let sample = |key: &str| goodbye[key].as_u64().expect("milliseconds") as usize * 8;
    let spoken = sides[1].get(sample("start_ms")..sample("end_ms"));
    let loud = spoken.expect("the recording holds the goodbye").chunks(800);
    let loud = loud.filter(|piece| audio::level::is_audible(piece)).count();
    assert!(loud >= 15, "{loud} tenths of a second of the goodbye");
}

#[tokio::test]
async fn garbage_on_every_port_leaves_the_node_and_its_calls_working() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let heard = folder.path().join("heard.wav").display().to_string();
    let ports = free_media_ports();
    let node = Node::builder()
        .set("MIHU_MEDIA_PORT_MIN", &ports.start().to_string())
        .set("MIHU_MEDIA_PORT_MAX", &ports.end().to_string())
        .start();
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let truncated = b"INVITE sip:support@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1";
    let lying =
        b"INVITE sip:support@127.0.0.1 SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n";
    for packet in [
        &b"\0\xff\xfe"[..],
        truncated,
        lying,
        &[b'A'; 9_000],
        b"\r\n\r\n",
    ] {
        socket
            .send_to(packet, node.sip())
            .expect("a packet is sent");
    }
    send_garbage_over_tcp(node.http());
    send_garbage_over_tcp(node.sip());
    let target = format!("sip:support@{}", node.sip());
    let mut phone = Phone::start(
        &[
            "--call",
            &target,
            "--hangup-after",
            "1s",
            "--record",
            &heard,
        ],
        &[checkout("fixtures/ast_en_ss-noservice.wav")],
    );
    phone.tells("answered").await;
    for _ in 0..100 {
        for packet in garbage_for_rtp() {
            for port in ports.clone() {
                let sent = socket.send_to(&packet, ("127.0.0.1", port));
                sent.expect("a packet is sent");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report = phone.report().await;
    assert!(
        report["said"][0]["answered_after_ms"].is_u64(),
        "{report}\n{}",
        node.log()
    );
    let api = node.api();
    let calls = api.get("/calls").await;
    api.call_becomes(calls.text("/data/data/0/uuid"), "completed")
        .await;
    let (_, sides) = audio::file::read_channels(&heard).expect("a recording");
    assert!(audio::level::is_audible(&sides[0]));
}

/// Sends what is no request, over connections that end in every way.
fn send_garbage_over_tcp(address: SocketAddr) {
    let endless_header = format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(200_000));
    let lying = "POST /api/v1/call HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n";
    for garbage in [
        &b"\0\xff\xfe\r\n\r\n"[..],
        &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        endless_header.as_bytes(),
        lying.as_bytes(),
        b"GET /%ff%00 HTTP/9.9\r\n\r\n",
        b"",
    ] {
        // Signalling over TCP is off unless a trunk wants it.
        let Ok(mut stream) = TcpStream::connect(address) else {
            continue;
        };
        // Whether it is taken, refused or cut off is the node's affair.
        drop(stream.write_all(garbage));
    }
}

/// What comes to an RTP or RTCP port from a stranger: nothing, noise, and packets that claim to be RTP,
/// RTCP or STUN.
fn garbage_for_rtp() -> [Vec<u8>; 7] {
    let rtp = |payload_type: u8, length: usize| {
        let mut packet = vec![0x80, payload_type, 0x12, 0x34, 0, 0, 0, 1, 9, 9, 9, 9];
        packet.resize(12 + length, 0x55);
        packet
    };
    [
        Vec::new(),
        vec![0xff; 3],
        vec![0xaa; 1_400],
        rtp(0, 160),
        rtp(101, 2),
        vec![0x80, 200, 0, 6, 0, 0, 0, 0],
        vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
    ]
}

#[test]
fn a_missing_model_stops_the_node_with_the_file_and_the_remedy() {
    let said = Node::builder()
        .set("MIHU_MODELS_DIR", "/nowhere/models")
        .refused();
    assert!(said.contains("/nowhere/models"), "{said}");
    assert!(said.contains("make setup"), "{said}");
}

#[test]
fn a_missing_runtime_stops_the_node_with_the_file_and_the_remedy() {
    let said = Node::builder()
        .set("MIHU_MODELS_ONNXRUNTIME", "/nowhere/onnx.so")
        .refused();
    assert!(said.contains("/nowhere/onnx.so"), "{said}");
    assert!(said.contains("make setup"), "{said}");
}

#[test]
fn a_port_in_use_is_named() {
    let node = Node::builder().start();
    let http = node.http().to_string();
    let said = Node::builder().set("MIHU_HTTP_LISTEN", &http).refused();
    assert!(said.contains(&node.http().port().to_string()), "{said}");
    let sip = node.sip().to_string();
    let said = Node::builder().set("MIHU_SIP_LISTEN", &sip).refused();
    assert!(said.contains(&node.sip().port().to_string()), "{said}");
}

#[test]
fn a_data_folder_belongs_to_one_node() {
    let node = Node::builder().start();
    let said = Node::builder().data(node.data()).refused();
    assert!(said.contains("another node uses the data folder"), "{said}");
    let (data, _folder) = node.crash();
    drop(Node::builder().data(&data).start());
}

#[test]
fn a_bad_agent_file_names_the_file_and_the_field() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("broken.yaml");
    let sample = std::fs::read_to_string(checkout("agents/support.yaml")).expect("the sample");
    let broken = sample.replace("allow_interruptions: true", "allow_interruptions: perhaps");
    assert_ne!(sample, broken);
    std::fs::write(file, broken).expect("a file");
    let agents = folder.path().display().to_string();
    let said = Node::builder().set("MIHU_AGENTS_DIR", &agents).refused();
    assert!(
        said.contains("broken.yaml") && said.contains("allow_interruptions"),
        "{said}"
    );
}
