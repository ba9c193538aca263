//! People that are erased, and what is kept for how long.

use std::path::PathBuf;
use std::time::Duration;

use api::privacy;
use engine::{CallEventKind, CallId, CallReport, CallStatus, Speaker, TranscriptTurn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::Node;

#[tokio::test]
async fn of_an_erased_person_no_word_and_no_file_is_left() {
    let node = Node::start_with(|config| {
        let data = config.recordings.parent().unwrap().to_owned();
        config.bundles = Some(data.join("bundles"));
    })
    .await;
    let call = ended_call(&node).await;
    let bundle = node
        .folder
        .path()
        .join("bundles")
        .join(format!("{}.mihu", id(&call)));
    std::fs::create_dir_all(bundle.parent().unwrap()).unwrap();
    std::fs::write(&bundle, "bundle").unwrap();
    let erased = node.post(&erase(&call), json!({})).await.data();
    assert_eq!(erased["status"], "completed");
    assert_eq!(
        (
            &erased["removed"]["messages"],
            &erased["removed"]["recordings"]
        ),
        (&json!(1), &json!(1))
    );
    assert!(!recording(&node, &call).exists() && !bundle.exists());
    let contact = format!("/contacts/{}", call["contact_uuid"].as_str().unwrap());
    node.get(&contact).await.is_error(404, "CONTACT_NOT_FOUND");
    node.post(&erase(&call), json!({}))
        .await
        .is_error(404, "CONTACT_NOT_FOUND");
    let path = format!("/calls/{}", id(&call));
    let left = node.get(&path).await;
    assert!(!left.text().contains("4155550123"), "{}", left.text());
    let transcript = node.get(&format!("{path}/transcript")).await;
    assert!(
        !transcript.text().contains("seventeen"),
        "{}",
        transcript.text()
    );
}

#[tokio::test]
async fn a_person_is_erased_by_number_after_the_contact_was_deleted() {
    let node = Node::start().await;
    let call = ended_call(&node).await;
    let contact = format!("/contacts/{}", call["contact_uuid"].as_str().unwrap());
    node.delete(&contact).await.data();
    let left = node.get(&format!("/calls/{}", id(&call))).await;
    assert!(left.text().contains("4155550123"), "{}", left.text());

    let person = json!({ "phone_number": "+1 (415) 555-0123" });
    let erased = node.post("/contacts/erase", person.clone()).await.data();
    assert_eq!(erased["status"], "completed");
    assert_eq!(
        (&erased["removed"]["calls"], &erased["removed"]["messages"]),
        (&json!(1), &json!(1))
    );
    assert!(!recording(&node, &call).exists());
    let left = node.get(&format!("/calls/{}", id(&call))).await;
    assert!(!left.text().contains("4155550123"), "{}", left.text());
    assert_eq!(node.get("/contacts").await.data()["total"], 0);

    let nothing = node.post("/contacts/erase", person).await.data();
    assert_eq!(nothing["removed"]["calls"], 0);
    assert_eq!(node.get("/contacts").await.data()["total"], 0);
}

#[tokio::test]
async fn whoever_is_to_be_erased_is_named_so_that_it_is_one() {
    let node = Node::start().await;
    let path = "/contacts/erase";
    node.post(path, json!({})).await.is_about("phone_number");
    let both = json!({ "phone_number": "+14155550123", "email": "ann@example.com" });
    node.post(path, both).await.is_about("email");
    let call = node.place_call().await;
    let number = json!({ "phone_number": call["participant"]["number"] });
    node.post(path, number)
        .await
        .is_error(409, "CONTACT_IN_CALL");
    for _ in 0..2 {
        let contact = json!({ "email": "Ann@example.com" });
        node.post("/contacts", contact).await.data();
    }
    node.post(path, json!({ "email": "ann@example.com" }))
        .await
        .is_error(409, "CONTACT_AMBIGUOUS");
}

#[tokio::test]
async fn nobody_is_erased_in_the_middle_of_a_call() {
    let node = Node::start().await;
    let call = node.place_call().await;
    node.post(&erase(&call), json!({}))
        .await
        .is_error(409, "CONTACT_IN_CALL");
}

#[tokio::test]
async fn files_that_could_not_be_deleted_are_deleted_later() {
    let node = Node::start().await;
    let call = ended_call(&node).await;
    let file = recording(&node, &call);
    // What is no file can not be deleted as one.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let erased = node.post(&erase(&call), json!({})).await.data();
    assert_eq!(erased["status"], "deleting_files");
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, "sound").unwrap();
    privacy::sweep(&node.state, Timestamp::now()).await;
    assert!(!file.exists());
    assert!(node.store.erased_calls(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn recordings_and_transcripts_are_kept_for_as_long_as_the_settings_say() {
    let node = Node::start().await;
    let settings = "/workspace/settings";
    let forever = json!({ "retention_days_recordings": 0, "retention_days_transcripts": 0 });
    assert_eq!(node.get(settings).await.data(), forever);
    let call = ended_call(&node).await;
    let transcript = format!("/calls/{}/transcript", id(&call));
    let days = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days);
    privacy::sweep(&node.state, days(1_000)).await;
    assert!(recording(&node, &call).exists());

    node.put(settings, json!({ "retention_days_recordings": 30 }))
        .await
        .data();
    let both = node
        .put(settings, json!({ "retention_days_transcripts": 7 }))
        .await
        .data();
    assert_eq!(
        both,
        json!({ "retention_days_recordings": 30, "retention_days_transcripts": 7 })
    );
    privacy::sweep(&node.state, days(6)).await;
    assert!(node.get(&transcript).await.text().contains("seventeen"));
    privacy::sweep(&node.state, days(8)).await;
    assert!(!node.get(&transcript).await.text().contains("seventeen"));
    assert!(recording(&node, &call).exists());
    privacy::sweep(&node.state, days(31)).await;
    assert!(!recording(&node, &call).exists());
    let answer = node.get(&format!("/calls/{}/recording", id(&call))).await;
    answer.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn settings_that_can_not_be_used_are_named() {
    let node = Node::start().await;
    for (field, value) in [
        ("retention_days_recordings", json!(-1)),
        ("retention_days_recordings", json!("30")),
        ("retention_days_transcripts", json!(36_501)),
        ("retention_days_transcripts", json!(0.5)),
        ("colour", json!(1)),
    ] {
        node.put("/workspace/settings", json!({ field: value }))
            .await
            .is_about(field);
    }
}

fn id(call: &Value) -> &str {
    call["id"].as_str().unwrap()
}

fn erase(call: &Value) -> String {
    format!("/contacts/{}/erase", call["contact_uuid"].as_str().unwrap())
}

fn recording(node: &Node, call: &Value) -> PathBuf {
    node.folder
        .path()
        .join("recordings")
        .join(format!("{}.wav", id(call)))
}

/// A call in which a number was said, with a recording.
async fn ended_call(node: &Node) -> Value {
    let call = node.place_call().await;
    let file = recording(node, &call);
    std::fs::write(&file, "sound").unwrap();
    let report = CallReport {
        status: CallStatus::Completed,
        sip_code: None,
        reason: "the caller hung up".to_owned(),
        answered_at: Some(Timestamp::now()),
        duration: Duration::from_secs(9),
        recording: Some(file),
        transcript: vec![TranscriptTurn {
            speaker: Speaker::Caller,
            text: "My code is seventeen.".to_owned(),
            start_ms: 0,
            end_ms: 900,
            interrupted: false,
        }],
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    };
    let ended = node.calls.happen(
        CallId(id(&call).parse().unwrap()),
        CallEventKind::Ended(report),
    );
    let (events, received) = mpsc::channel(1);
    events.send(ended).await.unwrap();
    drop(events);
    api::records::run(node.state.clone(), received, CancellationToken::new()).await;
    call
}
