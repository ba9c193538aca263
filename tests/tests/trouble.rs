//! A node that is killed, misconfigured, or sent nonsense.

use std::net::UdpSocket;
use std::time::Duration;

use end_to_end::{Node, Phone, Sipp, Webhooks, checkout};
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
    tokio::time::sleep(Duration::from_secs(4)).await;
    let (data, _folder) = node.crash();

    let recording = data.join("recordings").join(format!("{id}.wav"));
    let (_, sides) = audio::file::read_channels(&recording).expect("a valid recording");
    assert!(
        sides[1].len() > 2 * 8_000,
        "two seconds or more, found {}",
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
    let sipp = Sipp::scenario("answer_and_wait").start();
    let mut node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let placed = api.place_call("+14155550123").await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "in-progress")
        .await;
    node.signal(Signal::TERM);
    sipp.succeeds().await;
    assert!(
        node.ended_within(Duration::from_secs(20)).success(),
        "{}",
        node.log()
    );
}

#[tokio::test]
async fn garbage_on_the_sip_and_http_ports_leaves_the_node_working() {
    let node = Node::builder().start();
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
    let target = format!("sip:support@{}", node.sip());
    let report = Phone::start(
        &[
            "--call",
            &target,
            "--hangup-after",
            "1s",
            "--patience",
            "2s",
        ],
        &[],
    )
    .report()
    .await;
    assert_eq!(report["answered"], true, "{report}\n{}", node.log());
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
