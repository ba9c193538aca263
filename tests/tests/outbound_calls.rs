//! Outbound calls against SIPp as the called party.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use end_to_end::{Node, Sipp, Webhooks, free_media_ports};
use serde_json::json;

const NUMBER: &str = "+1 (415) 555-0123";

async fn refused_call(scenario: &str, status: &str, code: u16) {
    let sipp = Sipp::scenario(scenario).start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let mut webhooks = Webhooks::start().await;
    let agent = api.agent("support").await;
    let secret = api.add_webhook(&agent, webhooks.url()).await;
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, status).await;
    let delivery = webhooks.next().await;
    assert!(delivery.is_signed_with(&secret));
    assert_eq!(delivery.body["event"], "conversation.end_report");
    assert_eq!(delivery.body["data"]["status"], status);
    assert_eq!(delivery.body["data"]["sip_code"], code);
    assert_eq!(
        delivery.body["data"]["conversation_id"],
        placed["conversation_uuid"]
    );
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_busy_callee_ends_the_call_as_busy_and_is_reported() {
    refused_call("busy", "busy", 486).await;
}

#[tokio::test]
async fn a_declined_call_ends_as_rejected_and_is_reported() {
    refused_call("decline", "rejected", 603).await;
}

#[tokio::test]
async fn an_unknown_number_ends_the_call_as_unreachable_and_is_reported() {
    refused_call("unknown_number", "unreachable", 404).await;
}

#[tokio::test]
async fn a_callee_who_does_not_answer_is_given_up_with_cancel() {
    let sipp = Sipp::scenario("no_answer").start();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_SIP_RING_TIMEOUT", "2s")
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "no-answer")
        .await;
    sipp.succeeds().await;
    let recordings = std::fs::read_dir(node.data().join("recordings")).expect("a folder");
    assert_eq!(recordings.count(), 0, "nothing was recorded");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_makes_the_call_unreachable() {
    let nobody = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let node = Node::builder().trunk(address).start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "unreachable")
        .await;
}

#[tokio::test]
async fn an_answered_call_that_the_callee_ends_is_completed_and_leaves_its_records() {
    let sipp = Sipp::scenario("answer_then_bye").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let mut webhooks = Webhooks::start().await;
    let agent = api.agent("support").await;
    api.add_webhook(&agent, webhooks.url()).await;
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id");
    let call = api.call_becomes(id, "completed").await;
    assert!(
        call["duration"].as_f64().expect("a duration") >= 1.0,
        "{call}"
    );
    let report = webhooks.next().await.body;
    assert_eq!(report["data"]["direction"], "outbound");
    assert_eq!(report["data"]["participant"]["number"], "+14155550123");
    let recording = api
        .download(placed["record_url"].as_str().expect("a URL"))
        .await;
    assert!(
        recording.starts_with(b"RIFF") && recording.len() > 30_000,
        "{}",
        recording.len()
    );
    let transcript = report["data"]["transcript_url"].as_str().expect("a URL");
    let transcript = String::from_utf8(api.download(transcript).await).expect("JSON");
    assert!(transcript.contains("Maya"), "{transcript}");
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_call_that_the_api_ends_is_ended_with_its_words_and_bye() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, "in-progress").await;
    let conversation = placed["conversation_uuid"]
        .as_str()
        .expect("a conversation");
    let action = format!("/calls/action/{conversation}/hangup");
    let farewell = json!({ "message": "Farewell, and thank you." });
    let answer = api.post(&action, &farewell).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    api.call_becomes(id, "completed").await;
    sipp.succeeds().await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript.body["data"]["turns"].as_array().cloned();
    let last = turns.expect("turns").pop().expect("a turn");
    assert_eq!(last["text"], "Farewell, and thank you.", "{last}");
}

#[tokio::test]
async fn a_call_that_is_held_and_taken_back_goes_on() {
    let media = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let port = media.local_addr().expect("an address").port().to_string();
    let sipp = Sipp::scenario("hold_and_resume")
        .arguments(&["-key", "rtp_port", &port])
        .start();
    let node = Node::builder().trunk(sipp.address()).start();
    let arrivals = std::thread::spawn(move || arrivals(&media));
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "completed")
        .await;
    sipp.succeeds().await;

    // Half a second of audio, a second on hold, half a second of audio.
    let arrivals = arrivals.join().expect("packets are counted");
    let gaps = arrivals.windows(2).map(|pair| pair[1] - pair[0]);
    let (before, hold) = gaps
        .enumerate()
        .max_by_key(|(_, gap)| *gap)
        .expect("two packets or more");
    let after = arrivals.len() - before - 1;
    assert!(hold >= Duration::from_millis(800), "held for {hold:?} only");
    assert!(
        before >= 15 && after >= 15,
        "{before} packets before the hold, {after} after it"
    );
}

/// When each RTP packet came, until none comes any more.
fn arrivals(media: &UdpSocket) -> Vec<Instant> {
    let first = Duration::from_secs(30);
    media.set_read_timeout(Some(first)).expect("a time-out");
    let mut arrivals = Vec::new();
    let mut packet = [0; 1_500];
    while let Ok(length) = media.recv(&mut packet) {
        assert!(length > 12 && packet[0] >> 6 == 2, "an RTP packet");
        arrivals.push(Instant::now());
        let rest = Duration::from_secs(3);
        media.set_read_timeout(Some(rest)).expect("a time-out");
    }
    arrivals
}

#[tokio::test]
async fn a_call_answered_on_hold_outlasts_silent_media_and_ends_after_the_longest_hold() {
    let sipp = Sipp::scenario("answer_on_hold").start();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_MEDIA_NO_RTP_TIMEOUT", "1s")
        .set("MIHU_CALLS_LONGEST_HOLD", "3s")
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id");
    let call = api.call_becomes(id, "completed").await;
    assert_eq!(call["reason"], "the far end held the call for too long");
    sipp.succeeds().await;
}

#[tokio::test]
async fn lost_messages_are_repeated_until_the_call_stands() {
    // A late ACK counts as one more call for SIPp, which must not end before the last of ours.
    let sipp = Sipp::scenario("answer_then_bye")
        .calls(100)
        .arguments(&["-lost", "20"])
        .start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let mut calls = Vec::new();
    for _ in 0..6 {
        let placed = api.place_call(NUMBER).await;
        calls.push(placed["id"].as_str().expect("an id").to_owned());
    }
    for id in calls {
        api.call_becomes(&id, "completed").await;
    }
}

#[tokio::test]
async fn fifty_calls_at_once_all_complete() {
    let sipp = Sipp::scenario("answer_then_bye").calls(50).start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let agent = api.agent("support").await;
    let placing: Vec<_> = (0..50)
        .map(|index| {
            let (api, agent) = (api.clone(), agent.clone());
            tokio::spawn(async move {
                let number = format!("+1415555{index:04}");
                let body = json!({ "agentId": agent, "participant": { "number": number } });
                let placed = api.post("/call", &body).await;
                assert_eq!(placed.status, 200, "{placed:?}");
                placed.text("/data/id").to_owned()
            })
        })
        .collect();
    for placed in placing {
        api.call_becomes(&placed.await.expect("the call is placed"), "completed")
            .await;
    }
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_caller_who_vanishes_is_hung_up_on() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_MEDIA_NO_RTP_TIMEOUT", "2s")
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "timed-out")
        .await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_callee_who_sends_nothing_before_the_answer_has_not_vanished() {
    let sipp = Sipp::scenario("early_media_without_rtp").start();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_MEDIA_NO_RTP_TIMEOUT", "3s")
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    api.call_becomes(placed["id"].as_str().expect("an id"), "completed")
        .await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_full_node_refuses_with_the_time_to_retry() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_CALLS_MAX", "1")
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    let agent = api.agent("support").await;
    let body = json!({ "agentId": agent, "participant": { "number": NUMBER } });
    let refused = api.post("/call", &body).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.retry_after.is_some());
    let conversation = placed["conversation_uuid"]
        .as_str()
        .expect("a conversation");
    api.call_becomes(placed["id"].as_str().expect("an id"), "in-progress")
        .await;
    api.post(&format!("/calls/action/{conversation}/hangup"), &json!({}))
        .await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_node_without_a_free_media_port_refuses_with_the_time_to_retry() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let ports = free_media_ports();
    let node = Node::builder()
        .trunk(sipp.address())
        .set("MIHU_MEDIA_PORT_MIN", &ports.start().to_string())
        .set("MIHU_MEDIA_PORT_MAX", &ports.end().to_string())
        .start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    let agent = api.agent("support").await;
    let body = json!({ "agentId": agent, "participant": { "number": NUMBER } });
    let refused = api.post("/call", &body).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.text("/error/code"), "NO_MEDIA");
    assert!(refused.retry_after.is_some());
    let calls = api.get("/calls").await;
    assert_eq!(calls.body["data"]["total"], 1, "{calls:?}");
    let conversation = placed["conversation_uuid"]
        .as_str()
        .expect("a conversation");
    api.call_becomes(placed["id"].as_str().expect("an id"), "in-progress")
        .await;
    api.post(&format!("/calls/action/{conversation}/hangup"), &json!({}))
        .await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_number_that_no_trunk_reaches_is_refused() {
    let node = Node::builder().start();
    let api = node.api();
    let agent = api.agent("support").await;
    let body = json!({ "agentId": agent, "participant": { "number": NUMBER } });
    let refused = api.post("/call", &body).await;
    assert_eq!(refused.status, 409, "{refused:?}");
}
