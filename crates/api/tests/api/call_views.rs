//! Calls listed, shown, followed, heard and ended.

use std::time::Duration;

use crate::support::{NUMBER, Node};
use api::records;
use audio::SampleRate;
use axum::body::Body;
use axum::http::Method;
use engine::{CallEventKind, CallId, CallReport, CallStatus, LiveAudio, Speaker, TranscriptTurn};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

#[tokio::test]
async fn a_call_is_found_by_each_of_its_names() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    for name in ["id", "callId", "conversation_uuid"] {
        let data = node
            .get(&format!("/calls/{}", text(&placed[name])))
            .await
            .data();
        assert_eq!(data["uuid"], placed["id"], "{name}");
    }
    let data = node
        .get(&format!("/calls/{}", text(&placed["id"])))
        .await
        .data();
    assert_eq!(data["direction"], "outbound");
    assert_eq!(data["status"], "initiated");
    assert_eq!(data["number"], NUMBER);
    assert_eq!(
        data["agent"],
        json!({ "uuid": node.file_agent, "name": "Support" })
    );
    assert_eq!(data["duration"], 0);
    assert_eq!(data["handled_by"], "ai");
    assert_eq!(data["created_at"], placed["createdAt"]);
    for absent in ["analysis", "record_url", "ended_at", "sip_code"] {
        assert_eq!(data[absent], Value::Null, "{absent}");
    }
}

#[tokio::test]
async fn calls_come_in_pages_newest_first() {
    let node = Node::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(node.place_call().await["id"].clone());
    }
    let page = node.get("/calls?page=2&per_page=2").await.data();
    assert_eq!(page["current_page"], 2);
    assert_eq!(page["per_page"], 2);
    assert_eq!(page["last_page"], 3);
    assert_eq!(page["total"], 5);
    assert_eq!(page["data"][0]["uuid"], ids[2]);
    assert_eq!(page["data"][1]["uuid"], ids[1]);
    let link = "http://node.example/api/v1/calls?page=";
    assert_eq!(page["first_page_url"], format!("{link}1&per_page=2"));
    assert_eq!(page["next_page_url"], format!("{link}3&per_page=2"));
    assert_eq!(page["prev_page_url"], format!("{link}1&per_page=2"));
    let page = node.get("/calls?page=9").await.data();
    assert_eq!((&page["data"], &page["per_page"]), (&json!([]), &json!(15)));
}

#[tokio::test]
async fn calls_are_filtered() {
    let node = Node::start().await;
    node.place_call().await;
    let total =
        async |query: &str| node.get(&format!("/calls?{query}")).await.data()["total"].clone();
    assert_eq!(total(&format!("agent_id={}", node.file_agent)).await, 1);
    assert_eq!(total(&format!("agent_id={}", Uuid::now_v7())).await, 0);
    assert_eq!(total("direction=outbound&status=initiated").await, 1);
    assert_eq!(total("direction=inbound").await, 0);
    assert_eq!(total("status=no-answer").await, 0);
    let page = node.get("/calls?direction=outbound").await.data();
    let link = "http://node.example/api/v1/calls?direction=outbound&page=1&per_page=15";
    assert_eq!(page["first_page_url"], link);
}

#[tokio::test]
async fn a_live_call_is_hung_up_by_its_conversation() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let path = format!(
        "/calls/action/{}/hangup",
        text(&placed["conversation_uuid"])
    );
    let answer = node.post_text(&path, "").await;
    assert_eq!(answer.json()["message"], "Hangup dispatched");
    assert_eq!(*node.calls.hung_up.lock().unwrap(), [(id(&placed), None)]);
    for (message, said) in [
        (json!({}), None),
        (json!({ "message": " " }), None),
        (
            json!({ "message": "See you!" }),
            Some("See you!".to_owned()),
        ),
    ] {
        assert_eq!(node.post(&path, message).await.status, 200);
        let ordered = node.calls.hung_up.lock().unwrap().last().cloned();
        assert_eq!(ordered, Some((id(&placed), said)));
    }
    let longest = json!({ "message": "ü".repeat(2_000) });
    assert_eq!(node.post(&path, longest).await.status, 200);
    let longer = json!({ "message": "ü".repeat(2_001) });
    node.post(&path, longer).await.is_about("message");
    node.post(&path, json!({ "loud": true }))
        .await
        .is_about("loud");

    node.calls.forget(id(&placed));
    node.post_text(&path, "")
        .await
        .is_error(409, "CALL_NOT_LIVE");
    let by_call = format!("/calls/action/{}/hangup", text(&placed["id"]));
    node.post_text(&by_call, "")
        .await
        .is_error(409, "CALL_NOT_LIVE");
}

#[tokio::test]
async fn a_live_call_is_followed_from_its_beginning_to_its_end() {
    let node = Node::start().await;
    let call = id(&node.place_call().await);
    node.calls.happen(call, CallEventKind::Ringing);
    let request = node.request(Method::GET, &format!("/calls/{call}/events"));
    let request = request.body(Body::empty()).unwrap();
    let response = api::router(node.state.clone())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    node.calls.happen(call, CallEventKind::Answered);
    node.calls
        .happen(call, CallEventKind::Turn(turn(Speaker::Agent, "Hello.")));
    node.calls.happen(call, CallEventKind::Ended(report(&node)));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let events = server_sent(&bytes);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ringing", "answered", "turn", "ended"]);
    assert_eq!(events[2].1["text"], "Hello.");
    assert_eq!(events[2].1["speaker"], "agent");
    let end = &events[3].1;
    assert_eq!(end["status"], "completed");
    assert_eq!(
        end["recording_url"],
        format!("http://node.example/api/v1/calls/{call}/recording")
    );
    assert!(end.get("recording").is_none(), "{end}");
}

#[tokio::test]
async fn a_call_that_is_over_is_told_again() {
    let node = Node::start().await;
    let call = finished_call(&node).await;
    let answer = node.get(&format!("/calls/{call}/events")).await;
    let events = server_sent(&answer.bytes);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["started", "answered", "turn", "turn", "ended"]);
    assert_eq!(events[0].1["number"], NUMBER);
    assert_eq!(events[3].1["text"], "Where is my parcel?");
    assert_eq!(events[4].1["reason"], "the caller hung up");
}

#[tokio::test]
async fn a_live_call_is_heard_as_a_wav_without_end() {
    let node = Node::start().await;
    let call = id(&node.place_call().await);
    let request = node.request(Method::GET, &format!("/calls/{call}/listen"));
    let request = request.body(Body::empty()).unwrap();
    let response = api::router(node.state.clone())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "audio/wav");
    let mut pieces = response.into_body().into_data_stream();
    // The call is answered while somebody already waits for its sound.
    let (first, sound) = tokio::join!(pieces.next(), async {
        let sound = node.calls.sound(call);
        while sound.receiver_count() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sound.send(piece(&[1, -1, 256, -2])).unwrap();
        sound
    });
    let first = first.unwrap().unwrap();
    assert_eq!(&first[..4], b"RIFF");
    assert_eq!(u32::from_le_bytes(first[24..28].try_into().unwrap()), 8000);
    assert_eq!(u16::from_le_bytes(first[22..24].try_into().unwrap()), 2);
    assert_eq!(&first[44..], [1, 0, 255, 255, 0, 1, 254, 255]);
    sound.send(piece(&[5, 6])).unwrap();
    assert_eq!(&pieces.next().await.unwrap().unwrap()[..], [5, 0, 6, 0]);
    drop(sound);
    node.calls.forget(call);
    assert!(pieces.next().await.is_none());
}

#[tokio::test]
async fn a_call_that_is_over_can_not_be_heard_live() {
    let node = Node::start().await;
    let call = finished_call(&node).await;
    node.get(&format!("/calls/{call}/listen"))
        .await
        .is_error(409, "CALL_NOT_LIVE");
}

#[tokio::test]
async fn a_recording_is_served_whole_and_in_parts() {
    let node = Node::start().await;
    let call = finished_call(&node).await;
    let path = format!("/calls/{call}/recording");
    let whole = node.get(&path).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("content-length"), "200000");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.bytes, recording());

    let part = async |range: &str| {
        let request = node.request(Method::GET, &path).header("range", range);
        node.send(request.body(Body::empty()).unwrap()).await
    };
    let middle = part("bytes=100000-100009").await;
    assert_eq!(middle.status, 206);
    assert_eq!(middle.header("content-range"), "bytes 100000-100009/200000");
    assert_eq!(middle.header("content-length"), "10");
    assert_eq!(middle.bytes, recording()[100_000..100_010]);
    assert_eq!(part("bytes=-5").await.bytes, recording()[199_995..]);
    let beyond = part("bytes=200000-").await;
    beyond.is_error(416, "RANGE_NOT_SATISFIABLE");
    assert_eq!(beyond.header("content-range"), "bytes */200000");
}

#[tokio::test]
async fn a_call_without_recording_has_none() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let path = format!("/calls/{}/recording", text(&placed["id"]));
    node.get(&path).await.is_error(404, "NOT_FOUND");
    let call = finished_call(&node).await;
    std::fs::remove_file(file(&node)).unwrap();
    node.get(&format!("/calls/{call}/recording"))
        .await
        .is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_transcript_has_the_turns_in_order() {
    let node = Node::start().await;
    let call = finished_call(&node).await;
    let data = node.get(&format!("/calls/{call}/transcript")).await.data();
    assert_eq!(data["status"], "completed");
    assert_eq!(data["turns"][0]["speaker"], "agent");
    let second = json!({
        "speaker": "caller", "text": "Where is my parcel?",
        "start_ms": 100, "end_ms": 900, "interrupted": false,
    });
    assert_eq!(data["turns"][1], second);
}

#[tokio::test]
async fn a_call_that_is_over_shows_what_became_of_it() {
    let node = Node::start().await;
    let call = finished_call(&node).await;
    let data = node.get(&format!("/calls/{call}")).await.data();
    assert_eq!(data["status"], "completed");
    assert_eq!(data["duration"], 62);
    assert_eq!(data["reason"], "the caller hung up");
    assert_eq!(data["listen_url"], Value::Null);
    assert_eq!(
        data["record_url"],
        format!("http://node.example/api/v1/calls/{call}/recording")
    );
    assert!(
        data["analysis"].as_str().unwrap().contains("parcel"),
        "{data}"
    );
    assert!(
        data["answered_at"].is_string() && data["ended_at"].is_string(),
        "{data}"
    );
}

/// Places a call and has it end with two turns and a recording.
async fn finished_call(node: &Node) -> CallId {
    let call = id(&node.place_call().await);
    std::fs::write(file(node), recording()).unwrap();
    let (events, received) = mpsc::channel(4);
    events
        .send(node.calls.happen(call, CallEventKind::Ended(report(node))))
        .await
        .unwrap();
    drop(events);
    records::run(node.state.clone(), received, CancellationToken::new()).await;
    call
}

fn report(node: &Node) -> CallReport {
    CallReport {
        status: CallStatus::Completed,
        sip_code: None,
        reason: "the caller hung up".to_owned(),
        answered_at: Some(jiff::Timestamp::now()),
        duration: Duration::from_millis(61_600),
        recording: Some(file(node)),
        transcript: vec![
            turn(Speaker::Agent, "Hello."),
            turn(Speaker::Caller, "Where is my parcel?"),
        ],
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    }
}

fn turn(speaker: Speaker, text: &str) -> TranscriptTurn {
    TranscriptTurn {
        speaker,
        text: text.to_owned(),
        start_ms: 100,
        end_ms: 900,
        interrupted: false,
    }
}

fn file(node: &Node) -> std::path::PathBuf {
    node.folder.path().join("recordings/call.wav")
}

fn recording() -> Vec<u8> {
    (0..200_000_u32).map(|index| (index % 251) as u8).collect()
}

fn piece(samples: &[i16]) -> LiveAudio {
    LiveAudio {
        rate: SampleRate::HZ_8000,
        interleaved: samples.into(),
    }
}

fn server_sent(bytes: &[u8]) -> Vec<(String, Value)> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let events = text
        .split("\n\n")
        .filter(|event| event.starts_with("event: "));
    events
        .map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let data = data.strip_prefix("data: ").unwrap();
            let name = name.strip_prefix("event: ").unwrap();
            (name.to_owned(), serde_json::from_str(data).unwrap())
        })
        .collect()
}

fn id(placed: &Value) -> CallId {
    CallId(text(&placed["id"]).parse().unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
