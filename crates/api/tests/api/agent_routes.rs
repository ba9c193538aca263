//! Agents over the API and from files.

use crate::support::Node;
use agent::AgentDefinition;
use api::Directory;
use engine::AgentDirectory as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn an_agent_is_made_shown_changed_and_deleted() {
    let node = Node::start().await;
    let body = json!({
        "name": "Sales",
        "role": "sales assistant",
        "settings": { "voice": { "interaction": { "outbound_first_message": "Hello." } } },
        "notes": [{ "content": "We open at nine." }],
    });
    let answer = node.post("/agents", body).await;
    assert_eq!(answer.status, 201);
    let made = answer.data();
    assert_eq!(made["name"], "Sales");
    assert_eq!(made["source"], "api");
    assert_eq!(made["webhooks"], json!([]));
    let greeting = "/settings/voice/interaction/outbound_first_message";
    assert_eq!(made.pointer(greeting).unwrap(), "Hello.");
    assert!(made["notes"][0]["uuid"].is_string(), "{made}");
    let path = format!("/agents/{}", made["agent_uuid"].as_str().unwrap());
    assert_eq!(node.get(&path).await.data(), made);

    let changed = node
        .patch(&path, json!({ "name": "Outbound sales" }))
        .await
        .data();
    assert_eq!(changed["name"], "Outbound sales");
    assert_eq!(changed["role"], "sales assistant");
    assert_eq!(changed["created_at"], made["created_at"]);
    assert_eq!(node.get(&path).await.data(), changed);

    assert_eq!(node.delete(&path).await.status, 200);
    node.get(&path).await.is_error(404, "AGENT_NOT_FOUND");
    node.delete(&path).await.is_error(404, "AGENT_NOT_FOUND");
    node.patch(&path, json!({}))
        .await
        .is_error(404, "AGENT_NOT_FOUND");
}

#[tokio::test]
async fn agents_are_listed_in_pages() {
    let node = Node::start().await;
    let made = node.make_agent().await;
    let all = node.get("/agents").await.data();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["items"][1]["agent_uuid"], made);
    let page = node.get("/agents?page=2&per_page=1").await.data();
    assert_eq!(page["items"][0]["agent_uuid"], made);
    let pagination = json!({ "current_page": 2, "per_page": 1, "total": 2, "last_page": 2 });
    assert_eq!(page["pagination"], pagination);
}

#[tokio::test]
async fn each_field_of_an_agent_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({ "name": 5 })),
        ("colour", json!({ "name": "A", "colour": "red" })),
        (
            "agent_uuid",
            json!({ "name": "A", "agent_uuid": Uuid::now_v7() }),
        ),
        ("slug", json!({ "name": "A", "slug": "support" })),
        (
            "timezone",
            json!({ "name": "A", "timezone": "Mars/Olympus" }),
        ),
        (
            "webhooks[0].url",
            json!({ "name": "A", "webhooks": [
            { "url": "http://example.com", "events": ["intent_call"] },
        ] }),
        ),
        (
            "webhooks[1].url",
            json!({ "name": "A", "webhooks": [
            { "url": "https://example.com", "events": ["intent_call"] },
            { "url": "https://10.0.0.1", "events": ["intent_call"] },
        ] }),
        ),
        (
            "webhooks[0]",
            json!({ "name": "A", "webhooks": [
                [Uuid::now_v7(), "https://example.com", ["intent_call"]],
            ] }),
        ),
        ("settings", json!({ "name": "A", "settings": [] })),
        ("language", json!({ "name": "A", "language": "tr" })),
        (
            "settings.memorize",
            json!({ "name": "A", "settings": { "memorize": { "name": true } } }),
        ),
        (
            "tools",
            json!({ "name": "A", "tools": [{ "name": "a", "description": "Does a thing." }] }),
        ),
        (
            "settings.voice.interaction",
            json!({ "name": "A", "settings": { "voice": { "interaction": [true] } } }),
        ),
        (
            "webhooks[0].secret_key",
            json!({ "name": "A", "webhooks": [
            { "url": "https://example.com", "events": ["intent_call"], "secret_key": "whsec_?" },
        ] }),
        ),
    ] {
        node.post("/agents", body).await.is_about(field);
    }
    let made = node.make_agent().await;
    let path = format!("/agents/{made}");
    node.patch(&path, json!({ "name": "" }))
        .await
        .is_about("name");
    node.patch(&path, json!({ "agent_uuid": Uuid::now_v7() }))
        .await
        .is_about("agent_uuid");
    let array = json!({ "settings": { "voice": [] } });
    node.patch(&path, array).await.is_about("settings.voice");
    assert_eq!(node.get(&path).await.data()["name"], "Made");
}

#[tokio::test]
async fn an_agent_and_a_webhook_can_be_sent_back_as_they_were_read() {
    let node = Node::start().await;
    let made = node.make_agent().await;
    let path = format!("/agents/{made}");
    let hook = json!({ "url": "https://one.example", "events": ["intent_call"] });
    node.post(&format!("{path}/webhooks"), hook).await.data();
    let mut read = node.get(&path).await.data();
    read["tone"] = "calm".into();
    let changed = node.patch(&path, read.clone()).await.data();
    assert_eq!(changed["tone"], "calm");
    let hook = &changed["webhooks"][0];
    assert_eq!(hook["webhook_uuid"], read["webhooks"][0]["webhook_uuid"]);
    let hook_path = format!("{path}/webhooks/{}", hook["webhook_uuid"].as_str().unwrap());
    let mut read = node.get(&hook_path).await.data();
    read["is_active"] = false.into();
    let changed = node.patch(&hook_path, read.clone()).await.data();
    assert_eq!(changed["is_active"], false);

    // What was read before something else changed is old, and says so.
    node.patch(&hook_path, read).await.is_about("updated_at");
    let other = json!({ "created_at": "2020-01-01T00:00:00Z" });
    node.patch(&path, other).await.is_about("created_at");
    let other = json!({ "source": "file" });
    node.patch(&path, other).await.is_about("source");
}

#[tokio::test]
async fn who_asks_for_a_voice_that_the_node_has_not_got_is_told_those_it_has() {
    let node = Node::start().await;
    let path = format!("/agents/{}", node.make_agent().await);
    let voice = |name: &str| {
        let profile = json!({ "voice_name": name });
        json!({ "settings": { "voice": { "voice_profile": profile } } })
    };
    let refused = node.patch(&path, voice("Rachel")).await;
    refused.is_error(422, "VALIDATION_FAILED");
    let error = &refused.json()["error"];
    assert_eq!(error["field"], "settings.voice.voice_profile.voice_name");
    assert!(
        error["details"].as_str().unwrap().contains("`rms`"),
        "{error}"
    );
    node.patch(&path, voice("rms")).await.data();
}

#[tokio::test]
async fn what_an_agent_has_had_from_before_does_not_keep_it_from_being_changed() {
    let file = json!({ "name": "Maya", "settings": { "memorize": { "name": true } } });
    let node = Node::start_from(file, |_| {}).await;
    let agent = AgentDefinition::from_json(json!({ "name": "Old", "language": "tr" })).unwrap();
    let agent = agent.identified(Uuid::now_v7());
    let stored = store::NewAgent {
        id: agent.agent_uuid,
        name: agent.name.clone(),
        definition: serde_json::to_value(&agent).unwrap(),
        webhooks: None,
    };
    node.store
        .insert_agent(&stored, Timestamp::now())
        .await
        .unwrap();
    let directory = Directory::load(&node.store, Vec::new(), Timestamp::now()).await;
    let node = node.with_directory(directory.unwrap());
    let path = format!("/agents/{}", agent.agent_uuid);
    let changed = node.patch(&path, json!({ "tone": "calm" })).await.data();
    assert_eq!(changed["language"], "tr");
    node.patch(&path, json!({ "language": "fr" }))
        .await
        .is_about("language");
}

#[tokio::test]
async fn a_paused_agent_places_no_call_and_is_nobodys_colleague() {
    let node = Node::start().await;
    let made = node.make_agent().await;
    let path = format!("/agents/{made}");
    let paused = node.patch(&path, json!({ "status": "paused" })).await;
    assert_eq!(paused.data()["status"], "paused");
    let body = json!({ "agentId": made, "participant": { "number": crate::support::NUMBER } });
    let refused = node.post("/call", body.clone()).await;
    refused.is_error(409, "AGENT_PAUSED");
    assert!(node.calls.placed.lock().unwrap().is_empty());
    let wanted = made.parse().unwrap();
    assert!(node.directory.colleague(node.file_agent, wanted).is_none());
    node.patch(&path, json!({ "status": "ready" })).await.data();
    node.post("/call", body).await.data();
    assert!(node.directory.colleague(node.file_agent, wanted).is_some());
}

#[tokio::test]
async fn a_file_agent_can_be_seen_but_not_changed() {
    let node = Node::start().await;
    let path = format!("/agents/{}", node.file_agent);
    assert_eq!(node.get(&path).await.data()["source"], "file");
    node.patch(&path, json!({ "name": "B" }))
        .await
        .is_error(409, "agent_is_file_managed");
    node.delete(&path)
        .await
        .is_error(409, "agent_is_file_managed");
}

#[tokio::test]
async fn agents_and_their_changes_survive_a_restart() {
    let node = Node::start().await;
    let made = node.make_agent().await;
    let path = format!("/agents/{made}");
    node.patch(&path, json!({ "tone": "calm" })).await.data();
    let directory = Directory::load(&node.store, Vec::new(), Timestamp::now())
        .await
        .unwrap();
    assert_eq!(directory.find(&made).unwrap().tone, "calm");
    assert!(directory.find("support").is_none());
}

#[tokio::test]
async fn inbound_calls_find_agents_by_slug_and_by_uuid() {
    let node = Node::start().await;
    let by_slug = node.directory.find("support").unwrap();
    assert_eq!(by_slug.agent_uuid, node.file_agent);
    let by_id = node.directory.find(&node.file_agent.to_string()).unwrap();
    assert_eq!(by_id.slug, "support");
    let made = node.make_agent().await;
    assert_eq!(node.directory.find(&made).unwrap().name, "Made");
    node.delete(&format!("/agents/{made}")).await.data();
    for nobody in [made.as_str(), "", "nobody"] {
        assert!(node.directory.find(nobody).is_none(), "{nobody}");
    }
}

#[tokio::test]
async fn webhooks_that_come_with_an_agent_are_its_webhooks() {
    let node = Node::start().await;
    let body = json!({ "name": "A", "webhooks": [
        { "url": "https://one.example", "events": ["intent_call"], "secret_key": "my secret" },
        { "url": "https://two.example", "events": ["conversation_end_report"] },
    ] });
    let made = node.post("/agents", body).await.data();
    let hooks = made["webhooks"].as_array().unwrap();
    let secrets: Vec<bool> = hooks
        .iter()
        .map(|hook| hook.get("secret_key").is_some())
        .collect();
    assert_eq!(secrets, [false, true]);
    let path = format!("/agents/{}", made["agent_uuid"].as_str().unwrap());
    let shown = node.get(&path).await.data();
    assert!(
        shown["webhooks"]
            .as_array()
            .unwrap()
            .iter()
            .all(has_no_secret),
        "{shown}"
    );
    let listed = node.get(&format!("{path}/webhooks")).await.data();
    assert_eq!(listed, shown["webhooks"]);

    // Sent back as read, the first keeps its id and its secret; the second is dropped.
    let first = &shown["webhooks"][0];
    let id = first["webhook_uuid"].as_str().unwrap().parse().unwrap();
    let body = json!({ "webhooks": [
        { "webhook_uuid": id, "url": "https://moved.example", "events": ["intent_call"] },
    ] });
    let changed = node.patch(&path, body).await.data();
    assert_eq!(changed["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(changed["webhooks"][0]["url"], "https://moved.example");
    let agent: Uuid = made["agent_uuid"].as_str().unwrap().parse().unwrap();
    let stored = node.store.webhook(agent, id).await.unwrap().unwrap();
    assert_eq!(stored.secret.expose(), "my secret");
}

#[tokio::test]
async fn a_webhook_of_another_agent_can_not_be_taken_by_its_id() {
    let node = Node::start().await;
    let owner = node.make_agent().await;
    let body = json!({ "url": "https://one.example", "events": ["intent_call"] });
    let hook = node
        .post(&format!("/agents/{owner}/webhooks"), body)
        .await
        .data();
    let thief = node.make_agent().await;
    let body = json!({ "webhooks": [{
        "webhook_uuid": hook["webhook_uuid"], "url": "https://thief.example",
        "events": ["intent_call"],
    }] });
    let changed = node.patch(&format!("/agents/{thief}"), body).await.data();
    assert_ne!(changed["webhooks"][0]["webhook_uuid"], hook["webhook_uuid"]);
    let left = node.get(&format!("/agents/{owner}/webhooks")).await.data();
    assert_eq!(left[0]["url"], "https://one.example");
}

#[tokio::test]
async fn webhooks_of_a_file_are_there_and_are_the_files_own() {
    let node = Node::start().await;
    let file = json!({ "name": "Support", "slug": "support", "webhooks": [
        { "url": "https://file.example", "events": ["intent_call"], "secret_key": "from the file" },
    ] });
    let file = AgentDefinition::from_json(file)
        .unwrap()
        .identified(node.file_agent);
    Directory::load(&node.store, vec![file], Timestamp::now())
        .await
        .unwrap();
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let hook = node.get(&path).await.data()[0].clone();
    assert_eq!(
        (&hook["url"], &hook["source"]),
        (&json!("https://file.example"), &json!("file"))
    );
    let path = format!("{path}/{}", hook["webhook_uuid"].as_str().unwrap());
    let body = json!({ "is_active": false });
    node.patch(&path, body)
        .await
        .is_error(409, "agent_is_file_managed");
    node.delete(&path)
        .await
        .is_error(409, "agent_is_file_managed");
}

#[tokio::test]
async fn an_agent_is_called_as_it_is_now() {
    let node = Node::start().await;
    let made = node.make_agent().await;
    node.patch(&format!("/agents/{made}"), json!({ "name": "Renamed" }))
        .await
        .data();
    let body = json!({ "agentId": made, "participant": { "number": crate::support::NUMBER } });
    node.post("/call", body).await.data();
    assert_eq!(node.calls.placed.lock().unwrap()[0].agent.name, "Renamed");
}

fn has_no_secret(hook: &Value) -> bool {
    hook.get("secret_key").is_none() && hook["has_secret"] == true
}
