use serde_json::Value;

use crate::{Node, Phone, checkout};

/// What is left of a call of a recorded caller, a file of the checkout, to the agent of this slug:
/// its transcript.
///
/// # Panics
///
/// If nobody answers, or the call does not end in order.
pub async fn call(node: &Node, slug: &str, caller: &str) -> Value {
    let api = node.api();
    let target = format!("sip:{slug}@{}", node.sip());
    let arguments = ["--call", &target, "--hangup-after", "2s"];
    let report = Phone::start(&arguments, &[checkout(caller)]).report().await;
    assert_eq!(report["answered"], true, "{report}");
    let id = api.get("/calls").await.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    transcript.body["data"].clone()
}

/// Whether one turn of the agent in a transcript holds these words.
///
/// # Panics
///
/// If that is no transcript.
pub fn agent_said(transcript: &Value, words: &str) -> bool {
    let turns = transcript["turns"].as_array().expect("turns");
    let mut turns = turns.iter().filter(|turn| turn["speaker"] == "agent");
    turns.any(|turn| {
        turn["text"]
            .as_str()
            .is_some_and(|text| text.contains(words))
    })
}
