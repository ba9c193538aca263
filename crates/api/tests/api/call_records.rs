//! What calls leave behind in the store and in the outbox.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::endpoint::owed;
use crate::support::{NUMBER, Node, until};
use api::records;
use api::webhooks::events::IntentCall;
use audio::{SampleRate, WavWriter};
use engine::{
    CallEvent, CallEventKind, CallId, CallReport, CallStatus, Direction, Speaker, SpeculationTry,
    TranscriptTurn, TurnDecision, TurnEvidence, TurnLatency, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
use store::ClaimLimits;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const LIMITS: ClaimLimits = ClaimLimits {
    messages: 10,
    per_webhook: 10,
    hold: Duration::from_secs(30),
};

#[tokio::test]
async fn each_step_of_an_outbound_call_is_written_down() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let call = id(&placed);
    write(
        &node,
        vec![
            at(
                0,
                call,
                started(&node, &placed, Direction::Outbound, NUMBER),
            ),
            at(1, call, CallEventKind::Ringing),
        ],
    )
    .await;
    assert_eq!(show(&node, call).await["status"], "ringing");
    write(
        &node,
        vec![
            at(5, call, CallEventKind::Answered),
            at(6, call, CallEventKind::Turn(turn(Speaker::Agent, "Hello."))),
            at(7, call, CallEventKind::Latency(Box::new(latency()))),
            at(7, call, CallEventKind::Decision(Box::new(dismissed()))),
            at(7, call, CallEventKind::Tried(wasted())),
        ],
    )
    .await;
    let shown = show(&node, call).await;
    let decision = &shown["decisions"][0];
    assert_eq!(decision["verdict"], "dismissed");
    assert_eq!(decision["evidence"]["words"], "wordless");
    assert_eq!(shown["tries"][0]["used"], false);
    assert_eq!(shown["tries"][0]["tokens"], 3);
    assert_eq!(shown["status"], "in-progress");
    assert_eq!(shown["latencies"][0]["voiced_to_audible_ms"], 700);
    let transcript = node.get(&format!("/calls/{call}/transcript")).await.data();
    assert_eq!(transcript["turns"][0]["text"], "Hello.");
}

#[tokio::test]
async fn an_inbound_call_is_written_down_when_it_starts() {
    let node = Node::start().await;
    let call = CallId::generate();
    let placed = json!({ "conversation_uuid": Uuid::now_v7() });
    let started = started(&node, &placed, Direction::Inbound, "+14155550199");
    write(&node, vec![at(0, call, started)]).await;
    let shown = show(&node, call).await;
    assert_eq!(shown["direction"], "inbound");
    assert_eq!(shown["number"], "+14155550199");
    assert_eq!(shown["conversation_uuid"], placed["conversation_uuid"]);
    assert!(shown["contact_uuid"].is_string());
}

#[tokio::test]
async fn a_caller_who_hides_is_no_contact() {
    let node = Node::start().await;
    for number in ["anonymous", "Anonymous", ""] {
        let call = CallId::generate();
        let placed = json!({ "conversation_uuid": Uuid::now_v7() });
        let started = started(&node, &placed, Direction::Inbound, number);
        write(&node, vec![at(0, call, started)]).await;
        assert_eq!(
            show(&node, call).await["contact_uuid"],
            Value::Null,
            "{number}"
        );
    }
}

#[tokio::test]
async fn the_end_of_a_call_owes_just_the_report_that_is_documented() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_end_report").await;
    add_webhook(&node, "intent_call").await;
    let placed = node.place_call().await;
    let call = id(&placed);
    write(&node, vec![at(70, call, CallEventKind::Ended(completed()))]).await;
    let owed = node
        .store
        .claim_deliveries(LIMITS, Timestamp::now())
        .await
        .unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].event, "conversation_end_report");
    let payload: Value = serde_json::from_str(&owed[0].payload).unwrap();
    let summary = payload["data"]["summary"].as_str().unwrap();
    assert!(summary.contains("parcel"), "{summary}");
    let links = format!("http://node.example/api/v1/calls/{call}");
    let expected = json!({
        "event": "conversation.end_report",
        "timestamp": "2023-11-14T22:14:30Z",
        "data": {
            "conversation_id": placed["conversation_uuid"],
            "agent_id": node.file_agent,
            "direction": "outbound",
            "participant": { "number": NUMBER, "name": null },
            "duration_seconds": 62,
            "status": "completed",
            "transcript_url": format!("{links}/transcript"),
            "recording_url": format!("{links}/recording"),
            "sentiment": "positive",
            "summary": summary,
        },
    });
    assert_eq!(payload, expected);
}

#[tokio::test]
async fn each_status_and_each_turn_of_a_call_is_told_in_order() {
    let node = Node::start().await;
    let events = ["conversation_status", "conversation_update"];
    let body = json!({ "url": "https://example.com/hook", "events": events });
    let path = format!("/agents/{}/webhooks", node.file_agent);
    node.post(&path, body).await.data();
    let placed = node.place_call().await;
    let call = id(&placed);
    let begun = started(&node, &placed, Direction::Outbound, NUMBER);
    let said = CallEventKind::Turn(turn(Speaker::Caller, "Where is my parcel?"));
    let steps = [
        begun,
        CallEventKind::Ringing,
        CallEventKind::Ringing,
        CallEventKind::Answered,
        said,
        CallEventKind::Ended(completed()),
    ];
    let steps = (0..)
        .zip(steps)
        .map(|(second, kind)| at(second, call, kind));
    write(&node, steps.collect()).await;
    let told = told(&node).await;
    let names: Vec<_> = told.iter().map(|body| &body["event"]).collect();
    assert_eq!(
        names,
        [
            "conversation.status",
            "conversation.status",
            "conversation.status",
            "conversation.update",
            "conversation.status",
        ]
    );
    let statuses: Vec<_> = told.iter().map(|body| &body["data"]["status"]).collect();
    assert_eq!(
        statuses,
        [
            &json!("initiated"),
            &json!("ringing"),
            &json!("in-progress"),
            &Value::Null,
            &json!("completed"),
        ]
    );
    let mut data = json!({
        "conversation_id": placed["conversation_uuid"],
        "call_id": call,
        "agent_id": node.file_agent,
        "direction": "outbound",
        "participant": { "number": NUMBER, "name": null },
        "status": "ringing",
    });
    let ringing = json!({
        "event": "conversation.status", "timestamp": "2023-11-14T22:13:21Z", "data": data,
    });
    assert_eq!(told[1], ringing);
    data["status"] = "completed".into();
    data["duration_seconds"] = 62.into();
    data["sip_code"] = Value::Null;
    data["reason"] = "the caller hung up".into();
    assert_eq!(told[4]["data"], data);
    let update = json!({
        "conversation_id": placed["conversation_uuid"],
        "call_id": call,
        "agent_id": node.file_agent,
        "message": {
            "speaker": "caller", "text": "Where is my parcel?", "start_ms": 100, "end_ms": 900,
            "interrupted": false,
        },
    });
    assert_eq!(told[3]["data"], update);
}

#[tokio::test]
async fn an_inbound_call_is_told_with_the_name_of_the_contact() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_status").await;
    let contact = json!({ "name": "Ada", "phone_number": "+14155550199" });
    node.post("/contacts", contact).await.data();
    let placed = json!({ "conversation_uuid": Uuid::now_v7() });
    let begun = started(&node, &placed, Direction::Inbound, "+14155550199");
    write(&node, vec![at(0, CallId::generate(), begun)]).await;
    let told = told(&node).await;
    assert_eq!(told.len(), 1);
    let participant = json!({ "number": "+14155550199", "name": "Ada" });
    assert_eq!(told[0]["data"]["participant"], participant);
    assert_eq!(told[0]["data"]["status"], "initiated");
}

#[tokio::test]
async fn what_others_tell_of_a_conversation_is_owed_to_its_agents_webhooks() {
    let node = Node::start().await;
    add_webhook(&node, "intent_call").await;
    let placed = node.place_call().await;
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let called = IntentCall {
        conversation_id: conversation.parse().unwrap(),
        call_id: None,
        agent_id: node.file_agent,
        intent_uuid: Uuid::now_v7(),
        key: "track_parcel".to_owned(),
        name: "Track a parcel".to_owned(),
        parameters: Map::new(),
        confidence: None,
    };
    let about = called.conversation_id;
    let owed = [called.announcement(Timestamp::now())];
    let count = node.store.announce(about, &owed, Timestamp::now()).await;
    assert_eq!(count.unwrap(), 1);
    let unknown = node
        .store
        .announce(Uuid::now_v7(), &owed, Timestamp::now())
        .await;
    assert_eq!(unknown.unwrap(), 0);
    assert_eq!(told(&node).await[0]["data"]["key"], "track_parcel");
}

#[tokio::test]
async fn a_call_that_never_connected_says_why() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_end_report").await;
    let call = id(&node.place_call().await);
    let busy = CallReport {
        status: CallStatus::Busy,
        sip_code: Some(486),
        reason: "the called party is busy".to_owned(),
        answered_at: None,
        duration: Duration::ZERO,
        recording: None,
        transcript: Vec::new(),
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    };
    write(&node, vec![at(3, call, CallEventKind::Ended(busy))]).await;
    let owed = node
        .store
        .claim_deliveries(LIMITS, Timestamp::now())
        .await
        .unwrap();
    let payload: Value = serde_json::from_str(&owed[0].payload).unwrap();
    let data = &payload["data"];
    assert_eq!(data["status"], "busy");
    assert_eq!(data["sip_code"], 486);
    assert_eq!(data["reason"], "the called party is busy");
    assert_eq!(data["duration_seconds"], 0);
    assert_eq!(data["recording_url"], Value::Null);
    assert_eq!(data["sentiment"], "neutral");
    assert_eq!(data.as_object().unwrap().len(), 12);
    assert_eq!(show(&node, call).await["sip_code"], 486);
}

#[tokio::test]
async fn a_second_end_of_a_call_owes_nothing_more() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_end_report").await;
    let call = id(&node.place_call().await);
    let end = at(70, call, CallEventKind::Ended(completed()));
    write(&node, vec![end.clone(), end]).await;
    assert_eq!(node.store.owed_deliveries().await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_of_an_unknown_call_does_not_stop_the_records() {
    let node = Node::start().await;
    let call = id(&node.place_call().await);
    let stranger = CallId::generate();
    write(
        &node,
        vec![
            at(
                1,
                stranger,
                CallEventKind::Turn(turn(Speaker::Agent, "Hello.")),
            ),
            at(2, stranger, CallEventKind::Ended(completed())),
            at(3, call, CallEventKind::Ended(completed())),
        ],
    )
    .await;
    assert_eq!(show(&node, call).await["status"], "completed");
}

#[tokio::test]
async fn the_report_of_an_agent_that_was_deleted_meanwhile_is_still_owed() {
    let node = Node::start().await;
    let agent = node.make_agent().await;
    let hook = json!({ "url": "https://example.com", "events": ["conversation_end_report"] });
    node.post(&format!("/agents/{agent}/webhooks"), hook)
        .await
        .data();
    let body = json!({ "agentId": agent, "participant": { "number": NUMBER } });
    let call = id(&node.post("/call", body).await.data());
    node.delete(&format!("/agents/{agent}")).await.data();
    write(&node, vec![at(70, call, CallEventKind::Ended(completed()))]).await;
    assert_eq!(node.store.owed_deliveries().await.unwrap(), 1);
    assert_eq!(show(&node, call).await["agent"]["name"], "Made");
}

#[tokio::test]
async fn calls_that_a_crash_cut_short_are_closed_at_the_next_start() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_end_report").await;
    let (talking, ringing) = (id(&node.place_call().await), id(&node.place_call().await));
    write(
        &node,
        vec![
            at(5, talking, CallEventKind::Answered),
            at(
                25,
                talking,
                CallEventKind::Turn(turn(Speaker::Agent, "Hello.")),
            ),
            at(9, ringing, CallEventKind::Ringing),
        ],
    )
    .await;
    let recording = wav(&node, talking, &[1, -1, 2, -2]);
    wav(&node, ringing, &[]);

    assert_eq!(records::close_interrupted(&node.state).await.unwrap(), 2);
    assert_eq!(records::close_interrupted(&node.state).await.unwrap(), 0);
    let shown = show(&node, talking).await;
    assert_eq!(shown["status"], "failed");
    assert_eq!(shown["duration"], 20);
    assert!(
        shown["reason"].as_str().unwrap().contains("node stopped"),
        "{shown}"
    );
    assert_eq!(
        node.get(&format!("/calls/{talking}/recording")).await.bytes,
        std::fs::read(recording).unwrap()
    );
    let transcript = node
        .get(&format!("/calls/{talking}/transcript"))
        .await
        .data();
    assert_eq!(transcript["turns"][0]["text"], "Hello.");
    assert_eq!(show(&node, ringing).await["record_url"], Value::Null);
    assert_eq!(node.store.owed_deliveries().await.unwrap(), 2);
}

/// A node whose store fails quickly and often, and the way to make it.
async fn failing_node() -> (Node, SqliteConnection) {
    let node = Node::start_with(|config| {
        config.first_record_retry = Duration::from_millis(1);
        config.longest_record_retry = Duration::from_millis(5);
    })
    .await;
    let file = node.folder.path().join("mihu.sqlite");
    let options = SqliteConnectOptions::new().filename(file);
    let connection = options.connect().await.unwrap();
    (node, connection)
}

async fn alter(connection: &mut SqliteConnection, from: &'static str, to: &'static str) {
    let statement = format!("ALTER TABLE {from} RENAME TO {to}");
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_can_not_be_written_is_tried_until_it_can_and_loses_nothing() {
    let (node, mut database) = failing_node().await;
    let call = id(&node.place_call().await);
    let (sender, received) = mpsc::channel(4);
    let stop = CancellationToken::new();
    let running = tokio::spawn(records::run(node.state.clone(), received, stop));
    alter(&mut database, "messages", "away").await;
    for (second, text) in [(5, "Hello."), (6, "How are you?")] {
        let turn = CallEventKind::Turn(turn(Speaker::Agent, text));
        sender.send(at(second, call, turn)).await.unwrap();
    }
    let not_ready = until(|| async {
        let answer = node.get("/readyz").await;
        (answer.status == 503).then_some(answer)
    });
    assert_eq!(not_ready.await.json()["status"], "records-failing");
    // Many times longer than any fixed number of attempts would last.
    tokio::time::sleep(Duration::from_millis(200)).await;
    alter(&mut database, "away", "messages").await;
    drop(sender);
    running.await.unwrap();
    assert_eq!(node.get("/readyz").await.status, 200);
    let transcript = node.get(&format!("/calls/{call}/transcript")).await.data();
    let turns = transcript["turns"].as_array().unwrap();
    let texts: Vec<&str> = turns
        .iter()
        .filter_map(|one| one["text"].as_str())
        .collect();
    assert_eq!(texts, ["Hello.", "How are you?"]);
}

#[tokio::test]
async fn an_event_that_contradicts_the_store_does_not_hold_up_the_others() {
    let node = Node::start().await;
    let (lost, kept) = (CallId::generate(), CallId::generate());
    let placed = json!({ "conversation_uuid": Uuid::now_v7() });
    let begin = |call| {
        let kind = started(&node, &placed, Direction::Inbound, "+14155550199");
        at(0, call, kind)
    };
    // A conversation cannot begin twice.
    write(&node, vec![begin(kept), begin(lost)]).await;
    assert_eq!(show(&node, kept).await["direction"], "inbound");
    assert_eq!(node.get(&format!("/calls/{lost}")).await.status, 404);
}

#[tokio::test]
async fn a_node_that_stops_does_not_wait_for_a_store_that_stays_away() {
    let (node, mut database) = failing_node().await;
    let call = id(&node.place_call().await);
    alter(&mut database, "messages", "away").await;
    let (sender, received) = mpsc::channel(1);
    let turn = CallEventKind::Turn(turn(Speaker::Agent, "Hello."));
    sender.send(at(5, call, turn)).await.unwrap();
    drop(sender);
    let stop = CancellationToken::new();
    stop.cancel();
    records::run(node.state.clone(), received, stop).await;
}

/// What the engine left of a call's recording when the node died.
fn wav(node: &Node, call: CallId, samples: &[i16]) -> PathBuf {
    let file = node.folder.path().join(format!("recordings/{call}.wav"));
    let mut writer = WavWriter::create(&file, SampleRate::HZ_8000, 2).unwrap();
    writer.write(samples).unwrap();
    writer.finish().unwrap();
    file
}

async fn write(node: &Node, events: Vec<CallEvent>) {
    let (sender, received) = mpsc::channel(events.len());
    for event in events {
        sender.send(event).await.unwrap();
    }
    drop(sender);
    records::run(node.state.clone(), received, CancellationToken::new()).await;
}

/// The bodies that are owed, in the order in which they came about.
async fn told(node: &Node) -> Vec<Value> {
    let owed = owed(node, node.file_agent).await.into_iter();
    owed.map(|one| serde_json::from_str(&one.payload).unwrap())
        .collect()
}

async fn show(node: &Node, call: CallId) -> Value {
    node.get(&format!("/calls/{call}")).await.data()
}

async fn add_webhook(node: &Node, event: &str) {
    let body = json!({ "url": "https://example.com/hook", "events": [event] });
    let path = format!("/agents/{}/webhooks", node.file_agent);
    assert_eq!(node.post(&path, body).await.status, 201);
}

fn at(second: i64, call: CallId, kind: CallEventKind) -> CallEvent {
    let origin = Timestamp::from_second(1_700_000_000).unwrap();
    CallEvent {
        call,
        at: origin + SignedDuration::from_secs(second),
        kind,
    }
}

fn started(node: &Node, placed: &Value, direction: Direction, number: &str) -> CallEventKind {
    CallEventKind::Started {
        direction,
        agent: node.file_agent,
        conversation: placed["conversation_uuid"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap(),
        number: number.to_owned(),
    }
}

fn completed() -> CallReport {
    CallReport {
        status: CallStatus::Completed,
        sip_code: None,
        reason: "the caller hung up".to_owned(),
        answered_at: Some(Timestamp::from_second(1_700_000_008).unwrap()),
        duration: Duration::from_millis(61_600),
        recording: Some("/data/recordings/1.wav".into()),
        transcript: vec![
            turn(Speaker::Agent, "Hello, how can I help?"),
            turn(Speaker::Caller, "Where is my parcel?"),
            turn(Speaker::Agent, "Your parcel arrives tomorrow."),
            turn(
                Speaker::Caller,
                "Great, thank you so much, that is wonderful.",
            ),
        ],
        latencies: vec![latency()],
        decisions: vec![dismissed()],
        tries: vec![wasted()],
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

fn latency() -> TurnLatency {
    TurnLatency {
        turn: 2,
        voiced_to_audible_ms: 700,
        decision_to_first_audio_ms: 90,
        endpointing_ms: 600,
        recognition_ms: 80,
        recognition_after_decision_ms: 0,
        model_first_token_ms: Some(1),
        synthesis_first_audio_ms: 20,
        items: Vec::new(),
        unattributed_ms: 0.0,
        evidence: None,
        speculation: engine::SpeculationTally::default(),
    }
}

fn dismissed() -> TurnDecision {
    TurnDecision {
        verdict: Verdict::Dismissed,
        at_ms: 1_400,
        start_ms: 600,
        end_ms: 1_000,
        evidence: TurnEvidence {
            words: Some("wordless".to_owned()),
            sound: Some(0.25),
            own_pauses_ms: None,
            provider: None,
            completeness: 0.25,
        },
    }
}

fn wasted() -> SpeculationTry {
    SpeculationTry {
        began_ms: 1_200,
        used: false,
        saved_ms: 0,
        tokens: 3,
    }
}

fn id(placed: &Value) -> CallId {
    CallId(placed["id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn the_calls_of_another_node_are_closed_when_that_is_gone() {
    let node = Node::start().await;
    add_webhook(&node, "conversation_end_report").await;
    let lease = Duration::from_secs(60);
    let elsewhere = node.store.on_node(Uuid::now_v7(), lease);
    let call = store::NewCall {
        id: Uuid::now_v7(),
        conversation: Uuid::now_v7(),
        agent: node.file_agent,
        direction: "inbound",
        number: "+14155550123".to_owned(),
        has_contact: true,
        provider: "sip",
        status: "in-progress",
        at: Timestamp::now(),
    };
    elsewhere.begin_call(&call).await.unwrap();
    assert_eq!(records::close_interrupted(&node.state).await.unwrap(), 0);
    let soon = call.at + SignedDuration::from_secs(59);
    assert_eq!(
        records::close_abandoned(&node.state, soon).await.unwrap(),
        0
    );
    let shown = node.get(&format!("/calls/{}", call.id)).await.data();
    assert_eq!(shown["status"], "in-progress");
    let later = call.at + SignedDuration::from_secs(61);
    assert_eq!(
        records::close_abandoned(&node.state, later).await.unwrap(),
        1
    );
    assert_eq!(
        records::close_abandoned(&node.state, later).await.unwrap(),
        0
    );
    let shown = node.get(&format!("/calls/{}", call.id)).await.data();
    assert_eq!(shown["status"], "failed");
}
