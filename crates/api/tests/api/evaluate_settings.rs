//! How sessions are evaluated, as clients set it.

use serde_json::{Value, json};

use crate::support::Node;

#[tokio::test]
async fn without_any_settings_all_is_evaluated() {
    let node = Node::start().await;
    let shown = node.get("/evaluate/default").await.data();
    assert_eq!(shown["agent_uuid"], Value::Null);
    assert_eq!(
        (&shown["is_default"], &shown["is_active"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(shown["sessionization"]["session_mode"], "sliding_timeout");
    assert_eq!(shown["sessionization"]["report_language"], Value::Null);
    let text = shown["text"].as_object().unwrap();
    let voice = shown["voice"].as_object().unwrap();
    assert_eq!((text.len(), voice.len()), (10, 16));
    assert!(
        text.values()
            .chain(voice.values())
            .all(|one| one["enabled"] == true)
    );
    assert!(text["success_evaluation_prompt"]["prompt"].is_string());
    assert_eq!(text["sentiment_analyzer"].get("prompt"), None);
}

#[tokio::test]
async fn an_agent_has_the_settings_of_the_workspace_until_it_has_its_own() {
    let node = Node::start().await;
    let path = format!("/agents/{}/evaluate", node.make_agent().await);
    let change = json!({ "sessionization": { "report_language": "de", "timeout_minutes": 5 } });
    node.put("/evaluate/default", change).await.data();
    let shown = node.get(&path).await.data();
    assert_eq!(
        (&shown["source"], &shown["is_default"]),
        (&json!("default"), &json!(true))
    );
    assert_eq!(shown["sessionization"]["report_language"], "de");

    let change = json!({ "text": { "emotion_detection": { "enabled": false } } });
    let own = node.put(&path, change).await.data();
    assert_eq!(
        (&own["source"], &own["is_default"]),
        (&json!("agent"), &json!(false))
    );
    assert_eq!(own["text"]["emotion_detection"]["enabled"], false);
    assert_eq!(own["sessionization"]["report_language"], "de");
    let language = json!({ "sessionization": { "report_language": null } });
    node.put("/evaluate/default", language).await.data();
    assert_eq!(node.get(&path).await.data(), own);

    let again = node.post_text(&format!("{path}/reassign"), "").await.data();
    assert_eq!(again["source"], "default");
    assert_eq!(again["text"]["emotion_detection"]["enabled"], true);
    assert_eq!(again["sessionization"]["report_language"], Value::Null);
    assert_eq!(again["sessionization"]["timeout_minutes"], 5);
    assert_eq!(node.get(&path).await.data(), again);
}

#[tokio::test]
async fn only_what_there_is_can_be_set() {
    let node = Node::start().await;
    let path = "/evaluate/default";
    for (body, field) in [
        (
            json!({ "text": { "moons": { "enabled": true } } }),
            "text.moons",
        ),
        (json!({ "text": { "talk_ratio": {} } }), "text.talk_ratio"),
        (
            json!({ "voice": { "level": { "prompt": "Loud." } } }),
            "voice.level.prompt",
        ),
        (
            json!({ "sessionization": { "session_mode": "hourly" } }),
            "sessionization.session_mode",
        ),
        (
            json!({ "sessionization": { "timeout_minutes": 0 } }),
            "sessionization.timeout_minutes",
        ),
        (json!({ "is_active": "yes" }), "is_active"),
        (json!({ "colour": 1 }), "colour"),
    ] {
        node.put(path, body).await.is_about(field);
    }
}

#[tokio::test]
async fn an_agent_that_is_not_there_has_no_settings() {
    let node = Node::start().await;
    let nobody = uuid::Uuid::now_v7();
    let path = format!("/agents/{nobody}/evaluate");
    node.get(&path).await.is_error(404, "AGENT_NOT_FOUND");
    node.put(&path, json!({}))
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    let answer = node.post_text(&format!("{path}/reassign"), "").await;
    answer.is_error(404, "AGENT_NOT_FOUND");
}

#[tokio::test]
async fn the_settings_of_one_workspace_are_not_those_of_another() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    node.put("/evaluate/default", json!({ "is_active": false }))
        .await
        .data();
    let other = node.seen_with(&other, &["evaluations:read"]).await;
    assert_eq!(
        other.get("/evaluate/default").await.data()["is_active"],
        true
    );
}
