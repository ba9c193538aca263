//! Voice settings and knowledge of an agent, changed part by part.

use serde_json::{Value, json};

use crate::support::Node;

#[tokio::test]
async fn each_block_of_the_voice_settings_is_changed_alone() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let before = node.get(&format!("{agent}/voice")).await.data();
    for (path, block, change) in [
        (
            "interaction",
            "interaction",
            json!({ "silence_message": "Hello?" }),
        ),
        (
            "interruption",
            "interruption",
            json!({ "mode": "balanced" }),
        ),
        (
            "voice-profile",
            "voice_profile",
            json!({ "voice_name": "rms" }),
        ),
        ("voice-advanced", "voice_advanced", json!({ "speed": 1.2 })),
        (
            "call-behavior",
            "call_behavior",
            json!({ "audio_recording": false }),
        ),
        (
            "compliance",
            "compliance",
            json!({ "hipaa_compliance": true }),
        ),
        ("normalizers", "normalizers", json!({})),
    ] {
        let answer = node.patch(&format!("{agent}/{path}"), change.clone()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let after = answer.data();
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(after[block][field], *value, "{path}");
        }
        let mut expected = before[block].clone();
        for (field, value) in change.as_object().unwrap() {
            expected[field] = value.clone();
        }
        assert_eq!(after[block], expected, "{path}");
    }
    let shown = node.get(&agent).await.data();
    let mut voice = node.get(&format!("{agent}/voice")).await.data();
    voice.as_object_mut().unwrap().remove("uuid");
    assert_eq!(shown["settings"]["voice"], voice);
}

#[tokio::test]
async fn null_takes_a_voice_setting_back_to_its_default() {
    let node = Node::start().await;
    let path = format!("/agents/{}/interaction", node.make_agent().await);
    node.patch(&path, json!({ "max_silence_prompts": 7 })).await;
    let answer = node
        .patch(&path, json!({ "max_silence_prompts": null }))
        .await;
    assert_eq!(answer.data()["interaction"]["max_silence_prompts"], 2);
}

#[tokio::test]
async fn a_refused_voice_setting_is_named_as_it_was_sent() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    for (path, body, field) in [
        (
            "interaction",
            json!({ "max_silence_prompts": 101 }),
            "max_silence_prompts",
        ),
        ("interaction", json!({ "colour": "red" }), "colour"),
        (
            "interruption",
            json!({ "advanced": { "allow_interruptions": 3 } }),
            "advanced.allow_interruptions",
        ),
        ("interruption", json!({ "advanced": [] }), "advanced"),
        (
            "voice-profile",
            json!({ "voice_name": "Rachel" }),
            "voice_name",
        ),
        ("voice-profile", json!({ "language": "fr" }), "language"),
        (
            "compliance",
            json!({ "eu_gdpr_compliance": true }),
            "eu_gdpr_compliance",
        ),
        ("normalizers", json!({ "outbound": {} }), "body"),
        (
            "call-behavior",
            json!({ "silence_timeout_seconds": 1 }),
            "silence_timeout_seconds",
        ),
    ] {
        let answer = node.patch(&format!("{agent}/{path}"), body).await;
        answer.is_error(422, "VALIDATION_FAILED");
        assert_eq!(answer.json()["error"]["field"], field);
    }
}

#[tokio::test]
async fn guidelines_are_added_replaced_and_removed() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let path = format!("{agent}/guidelines");
    let added = node
        .post(&path, json!({ "content": "Be brief.", "order": 2 }))
        .await;
    assert_eq!(added.status, 201);
    let first = added.data()["guidelines"][0].clone();
    assert_eq!(
        (&first["content"], &first["order"]),
        (&json!("Be brief."), &json!(2))
    );
    let body = json!({ "guidelines": [{ "content": "A" }, { "content": "B" }] });
    let replaced = node.put(&path, body).await.data();
    assert_eq!(contents(&replaced["guidelines"]), ["A", "B"]);
    let gone = format!("{path}/{}", first["uuid"].as_str().unwrap());
    node.delete(&gone)
        .await
        .is_error(404, "GUIDELINE_NOT_FOUND");
    let one = format!(
        "{path}/{}",
        replaced["guidelines"][0]["uuid"].as_str().unwrap()
    );
    assert_eq!(
        contents(&node.delete(&one).await.data()["guidelines"]),
        ["B"]
    );
    assert_eq!(
        contents(&node.get(&agent).await.data()["guidelines"]),
        ["B"]
    );
}

#[tokio::test]
async fn notes_are_added_and_removed() {
    let node = Node::start().await;
    let path = format!("/agents/{}/notes", node.make_agent().await);
    let added = node
        .post(&path, json!({ "content": "We open at nine." }))
        .await
        .data();
    let note = added["notes"][0]["uuid"].as_str().unwrap();
    let left = node.delete(&format!("{path}/{note}")).await.data();
    assert_eq!(left["notes"], json!([]));
    node.delete(&format!("{path}/x"))
        .await
        .is_error(404, "NOTE_NOT_FOUND");
}

#[tokio::test]
async fn a_procedure_keeps_what_a_change_leaves_out() {
    let node = Node::start().await;
    let path = format!("/agents/{}/procedures", node.make_agent().await);
    let body = json!({
        "name": "Returns", "description": "For parcels.",
        "steps": [{ "order": 1, "description": "Ask for the number." }],
    });
    let made = node.post(&path, body).await.data()["procedures"][0].clone();
    let one = format!("{path}/{}", made["uuid"].as_str().unwrap());
    let changed = node.patch(&one, json!({ "name": "Parcels" })).await.data();
    let procedure = &changed["procedures"][0];
    assert_eq!(procedure["name"], "Parcels");
    assert_eq!(procedure["description"], "For parcels.");
    assert_eq!(procedure["steps"], made["steps"]);
    let steps = json!([{ "description": "Say goodbye." }]);
    let changed = node.patch(&one, json!({ "steps": steps })).await.data();
    assert_eq!(
        changed["procedures"][0]["steps"].as_array().unwrap().len(),
        1
    );
    assert_eq!(node.delete(&one).await.data()["procedures"], json!([]));
    node.patch(&one, json!({}))
        .await
        .is_error(404, "PROCEDURE_NOT_FOUND");
}

#[tokio::test]
async fn a_training_row_loses_what_is_null_and_keeps_what_is_left_out() {
    let node = Node::start().await;
    let path = format!("/agents/{}/training", node.make_agent().await);
    let body =
        json!({ "training": [{ "content": "Open?", "intent": "hours", "response": "Nine." }] });
    let made = node.put(&path, body).await.data();
    let one = format!("{path}/{}", made["training"][0]["uuid"].as_str().unwrap());
    let changed = node.patch(&one, json!({ "intent": null })).await.data();
    assert_eq!(changed["training"][0]["intent"], Value::Null);
    assert_eq!(changed["training"][0]["response"], "Nine.");
    let added = node
        .post(&path, json!({ "content": "We are closed on Monday." }))
        .await
        .data();
    assert_eq!(added["training"].as_array().unwrap().len(), 2);
    let left = node.delete(&one).await.data();
    assert_eq!(contents(&left["training"]), ["We are closed on Monday."]);
}

#[tokio::test]
async fn the_parts_of_a_file_agent_are_changed_in_its_file() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.file_agent);
    let answer = node
        .post(&format!("{agent}/notes"), json!({ "content": "A" }))
        .await;
    answer.is_error(409, "agent_is_file_managed");
    let answer = node.patch(&format!("{agent}/interaction"), json!({})).await;
    answer.is_error(409, "agent_is_file_managed");
}

#[tokio::test]
async fn parts_added_at_the_same_time_all_stay() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let path = format!("{agent}/notes");
    let adding = (0..20).map(|i| node.post(&path, json!({ "content": format!("Note {i}") })));
    for answer in futures_util::future::join_all(adding).await {
        assert_eq!(answer.status, 201);
    }
    let notes = node.get(&agent).await.data()["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 20);
}

fn contents(parts: &Value) -> Vec<&str> {
    let parts = parts.as_array().unwrap().iter();
    parts
        .map(|part| part["content"].as_str().unwrap())
        .collect()
}
