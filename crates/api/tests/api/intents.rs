//! Intents of an agent, and the actions behind them.

use serde_json::{Value, json};

use crate::support::Node;

async fn intents_of_a_new_agent(node: &Node) -> String {
    format!("/agents/{}/intents", node.make_agent().await)
}

fn uuid(intent: &Value) -> &str {
    intent["intent_uuid"].as_str().unwrap()
}

#[tokio::test]
async fn an_intent_is_made_shown_changed_and_removed() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let body = json!({
        "name": "Book a table",
        "description": "The caller wants a table.",
        "webhook": { "url": "https://example.com/book", "auth_token": "swordfish" },
        "parameters": [
            { "key": "guests", "type": "integer", "required": true },
            { "key": "area", "default": "inside" },
        ],
    });
    let answer = node.post(&path, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(!answer.text().contains("swordfish"));
    let made = answer.data();
    assert_eq!(made["key"], "book_a_table");
    assert_eq!(made["confidence_threshold"], 0.7);
    assert_eq!(made["intent_llm_handle_by_response"], false);
    assert_eq!(
        (&made["is_active"], &made["is_system"]),
        (&json!(true), &json!(false))
    );
    let webhook = json!({ "url": "https://example.com/book", "has_auth_token": true });
    assert_eq!(made["webhook"], webhook);
    assert_eq!(
        made["parameters"],
        json!([
            { "key": "guests", "default": null, "type": "integer", "required": true },
            { "key": "area", "default": "inside", "type": "string", "required": false },
        ])
    );
    let one = format!("{path}/{}", uuid(&made));
    assert_eq!(node.get(&one).await.data(), made);
    assert_eq!(node.get(&path).await.data(), json!([made]));

    let change = json!({ "confidence_threshold": 0.5, "description": null, "parameters": [] });
    let changed = node.patch(&one, change).await.data();
    assert_eq!(changed["confidence_threshold"], 0.5);
    assert_eq!(
        (&changed["description"], &changed["parameters"]),
        (&json!(""), &json!([]))
    );
    assert_eq!(changed["webhook"], webhook, "what is left out stays");
    assert_eq!(changed["created_at"], made["created_at"]);
    assert_ne!(changed["updated_at"], made["updated_at"]);

    assert_eq!(node.delete(&one).await.status, 200);
    node.get(&one).await.is_error(404, "INTENT_NOT_FOUND");
    assert_eq!(node.get(&path).await.data(), json!([]));
}

#[tokio::test]
async fn an_intent_may_be_sent_back_as_it_was_read_and_keeps_its_token() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let webhook = json!({ "url": "https://example.com", "auth_token": "swordfish" });
    let body = json!({ "name": "Book", "webhook": webhook });
    let made = node.post(&path, body).await.data();
    let one = format!("{path}/{}", uuid(&made));
    let answer = node.patch(&one, made.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.data()["webhook"]["has_auth_token"], true);
    let moved = json!({ "webhook": { "url": "https://example.com/other" } });
    let moved = node.patch(&one, moved).await.data();
    assert_eq!(
        moved["webhook"],
        json!({ "url": "https://example.com/other", "has_auth_token": true })
    );
    let open = json!({ "webhook": { "auth_token": null } });
    let open = node.patch(&one, open).await.data();
    assert_eq!(open["webhook"]["has_auth_token"], false);
    let none = node.patch(&one, json!({ "webhook": null })).await.data();
    assert_eq!(none["webhook"], Value::Null);
    let answer = node.patch(&one, json!({ "is_system": true })).await;
    answer.is_error(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn what_is_wrong_with_an_intent_is_named_as_it_was_sent() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    node.post(&path, json!({ "name": "Book" })).await;
    for (body, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": "A", "key": "book" }), "key"),
        (json!({ "name": "A", "key": "A B" }), "key"),
        (json!({ "name": "A", "colour": "red" }), "colour"),
        (
            json!({ "name": "A", "confidence_threshold": 2 }),
            "confidence_threshold",
        ),
        (
            json!({ "name": "A", "parameters": [{ "key": "a b" }] }),
            "parameters[0].key",
        ),
        (
            json!({ "name": "A", "parameters": [{ "key": "a", "type": "integer", "default": 1.5 }] }),
            "parameters[0].default",
        ),
        (
            json!({ "name": "A", "webhook": { "url": "http://example.com" } }),
            "webhook.url",
        ),
        (
            json!({ "name": "A", "webhook": { "url": "https://10.0.0.1" } }),
            "webhook.url",
        ),
        (
            json!({ "name": "A", "webhook": { "url": "https://example.com", "auth_token": "a b" } }),
            "webhook.auth_token",
        ),
    ] {
        let answer = node.post(&path, body.clone()).await;
        answer.is_error(422, "VALIDATION_FAILED");
        assert_eq!(answer.json()["error"]["field"], field, "{body}");
    }
    let made = node.post(&path, json!({ "name": "Other" })).await.data();
    let one = format!("{path}/{}", uuid(&made));
    let taken = node.patch(&one, json!({ "key": "book" })).await;
    taken.is_error(422, "VALIDATION_FAILED");
    assert_eq!(taken.json()["error"]["field"], "key");
    let no_url = json!({ "webhook": { "auth_token": "abc" } });
    let no_url = node.patch(&one, no_url).await;
    no_url.is_error(422, "VALIDATION_FAILED");
    assert_eq!(no_url.json()["error"]["field"], "webhook.url");
}

#[tokio::test]
async fn keys_are_each_their_own() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        let made = node.post(&path, json!({ "name": "Book!" })).await.data();
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    assert_eq!(keys, ["book", "book_2", "book_3"]);
}

#[tokio::test]
async fn the_action_of_an_intent_is_a_draft_until_it_is_published() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let made = node.post(&path, json!({ "name": "Book" })).await.data();
    let one = format!("{path}/{}", uuid(&made));
    let event = format!("{one}/event");
    let publish = format!("{event}/publish");
    node.get(&event)
        .await
        .is_error(404, "INTENT_EVENT_NOT_FOUND");
    node.post(&publish, json!({}))
        .await
        .is_error(409, "no_draft");

    let webhook = json!({ "url": "https://example.com/a", "auth_token": "swordfish" });
    let body = json!({ "event_type": "webhook", "webhook": webhook });
    let answer = node.put(&event, body).await;
    assert!(!answer.text().contains("swordfish"));
    let draft = answer.data();
    let shown = json!({ "url": "https://example.com/a", "has_auth_token": true });
    assert_eq!(
        draft,
        json!({
            "event_type": "webhook", "status": "draft", "app": null, "action": null,
            "app_connection_uuid": null, "config": { "webhook": shown },
        })
    );
    assert_eq!(node.get(&event).await.data(), draft);
    assert_eq!(node.get(&one).await.data()["webhook"], Value::Null);

    let live = node.post(&publish, json!({})).await.data();
    assert_eq!(live["status"], "deployed");
    assert_eq!(live["config"]["webhook"], shown);
    assert_eq!(node.get(&one).await.data()["webhook"], shown);

    let body = json!({ "event_type": "webhook", "webhook": { "url": "https://example.com/b" } });
    let second = node.put(&event, body).await.data();
    assert_eq!(second["status"], "draft");
    assert_eq!(
        node.get(&one).await.data()["webhook"],
        shown,
        "what is live goes on until the draft is published"
    );
    let live = node.post(&publish, json!({})).await.data();
    assert_eq!(live["config"]["webhook"]["url"], "https://example.com/b");
}

#[tokio::test]
async fn actions_that_this_engine_has_not_are_refused() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let made = node.post(&path, json!({ "name": "Book" })).await.data();
    let own = path.split('/').nth(2).unwrap();
    let event = format!("{path}/{}/event", uuid(&made));
    for body in [
        json!({ "event_type": "app", "app_uid": "calendar", "action_key": "add", "config": {} }),
        json!({ "event_type": "scenario", "flow_uuid": uuid(&made) }),
        json!({ "event_type": "agent", "agent_uuid": node.file_agent, "channel": "whatsapp" }),
    ] {
        let answer = node.put(&event, body).await;
        answer.is_error(422, "EVENT_TYPE_UNSUPPORTED");
        assert_eq!(answer.json()["error"]["field"], "event_type");
    }
    let answer = node.put(&event, json!({ "event_type": "webhook" })).await;
    answer.is_error(422, "VALIDATION_FAILED");
    for (uuid, field) in [
        (json!(null), "agent_uuid"),
        (made["intent_uuid"].clone(), "agent_uuid"),
        (own.into(), "agent.agent_uuid"),
    ] {
        let body = json!({ "event_type": "agent", "agent_uuid": uuid });
        let answer = node.put(&event, body).await;
        answer.is_error(422, "VALIDATION_FAILED");
        assert!(
            answer.json()["error"]["field"]
                .as_str()
                .unwrap()
                .ends_with(field)
        );
    }
    let answer = node.put(&event, json!({ "event_type": "spell" })).await;
    answer.is_error(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn another_agent_of_the_workspace_may_be_the_action() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let webhook = json!({ "url": "https://example.com" });
    let body = json!({ "name": "Sales", "webhook": webhook });
    let made = node.post(&path, body).await.data();
    let one = format!("{path}/{}", uuid(&made));
    let event = format!("{one}/event");
    let body = json!({
        "event_type": "agent", "agent_uuid": node.file_agent, "channel_action_name": "To sales",
    });
    let draft = node.put(&event, body).await.data();
    assert_eq!(draft["status"], "draft");
    let config = json!({ "agent": {
        "agent_uuid": node.file_agent, "channel": "call", "channel_action_name": "To sales",
    } });
    assert_eq!(draft["config"], config);
    let live = node.post(&format!("{event}/publish"), json!({})).await;
    let live = live.data();
    assert_eq!(
        (&live["event_type"], &live["status"]),
        (&json!("agent"), &json!("deployed"))
    );
    let shown = node.get(&one).await.data();
    assert_eq!(shown["webhook"], Value::Null, "an intent has one action");
    node.patch(&one, json!({ "webhook": webhook })).await.data();
    let event = node.get(&event).await.data();
    assert_eq!(event["event_type"], "webhook");
}

#[tokio::test]
async fn a_step_names_an_intent_of_its_agent_until_that_is_gone() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let agent = path.trim_end_matches("/intents");
    let made = node.post(&path, json!({ "name": "Book" })).await.data();
    let elsewhere = intents_of_a_new_agent(&node).await;
    let other = node.post(&elsewhere, json!({ "name": "Book" })).await;
    let other = other.data();
    let step = |intent: &str| {
        json!({
            "name": "Booking",
            "steps": [{ "description": "Book it.", "intent_uuid": intent }],
        })
    };
    let procedures = format!("{agent}/procedures");
    let refused = node.post(&procedures, step(uuid(&other))).await;
    refused.is_error(422, "VALIDATION_FAILED");
    assert_eq!(refused.json()["error"]["field"], "steps[0].intent_uuid");
    let taken = node.post(&procedures, step(uuid(&made))).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(
        taken.data()["procedures"][0]["steps"][0]["intent_uuid"],
        made["intent_uuid"]
    );
    node.delete(&format!("{path}/{}", uuid(&made))).await;
    let left = node.get(agent).await.data();
    assert_eq!(
        left["procedures"][0]["steps"][0]["intent_uuid"],
        Value::Null
    );
}

#[tokio::test]
async fn intents_are_no_field_of_their_agent() {
    let node = Node::start().await;
    let path = intents_of_a_new_agent(&node).await;
    let agent = path.trim_end_matches("/intents");
    node.post(&path, json!({ "name": "Book" })).await;
    let shown = node.get(agent).await.data();
    assert_eq!(shown.get("intents"), None);
    let answer = node.patch(agent, json!({ "intents": [] })).await;
    answer.is_error(422, "VALIDATION_FAILED");
    let kept = node.patch(agent, json!({ "tone": "calm" })).await;
    assert_eq!(kept.status, 200);
    assert_eq!(node.get(&path).await.data().as_array().unwrap().len(), 1);
    let body = json!({ "name": "New", "intents": [{ "name": "Book" }] });
    let answer = node.post("/agents", body).await;
    answer.is_error(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn intents_of_a_file_are_shown_and_not_changed() {
    let file = json!({ "name": "Support", "intents": [{ "name": "Book" }] });
    let node = Node::start_from(file, |_| {}).await;
    let path = format!("/agents/{}/intents", node.file_agent);
    let shown = node.get(&path).await.data();
    assert_eq!(shown[0]["name"], "Book");
    let one = format!("{path}/{}", shown[0]["intent_uuid"].as_str().unwrap());
    for refused in [
        node.post(&path, json!({ "name": "Cancel" })).await,
        node.patch(&one, json!({ "name": "Cancel" })).await,
        node.delete(&one).await,
    ] {
        refused.is_error(409, "agent_is_file_managed");
    }
    assert_eq!(node.get(&path).await.data(), shown);
}
