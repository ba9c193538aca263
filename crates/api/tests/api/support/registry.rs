//! Makes one of everything that a path can name, for tests that walk all operations.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::form::Field;
use super::{NUMBER, Node, oauth};

/// What was made for the parameters of a path, by their names.
pub(crate) type Made = BTreeMap<String, String>;

/// Makes one of what the path parameter `name` stands for and gives its id. What comes before it
/// in the path is in `made`.
async fn make(node: &Node, name: &str, made: &Made) -> String {
    match name {
        "account_uuid" => {
            let body = json!({
                "name": "Made",
                "phone_number_id": Uuid::now_v7().as_u128().to_string(),
                "waba_id": "1",
                "access_token": "made.example",
            });
            text(&node.post("/whatsapp/accounts", body).await.data(), "uuid")
        }
        "agent_uuid" => node.make_agent().await,
        "appointment_uuid" => {
            let body = json!({
                "schedule_uuid": make_schedule(node).await,
                "title": "Made",
                "start_time": "2036-12-01T10:00:00Z",
                "end_time": "2036-12-01T10:30:00Z",
            });
            text(&node.post("/appointments", body).await.data(), "uuid")
        }
        "availability_type_uuid" => make_availability_type(node).await,
        "call_uuid" => text(&node.place_call().await, "id"),
        "client_uuid" => text(&make_client(node).await, "client_uuid"),
        "connection_uuid" => text(&make_connection(node).await, "uuid"),
        "phone_number_uuid" => text(&make_connection(node).await, "phone_number_uuid"),
        "contact_uuid" => {
            let made = node
                .post("/contacts", json!({ "name": "Made" }))
                .await
                .data();
            text(&made, "uuid")
        }
        "conversation_uuid" => text(&node.place_call().await, "conversation_uuid"),
        "evaluation_uuid" => {
            let placed = node.place_call().await;
            crate::conversations::end(node, &placed).await;
            let path = format!("/evaluations?session_uuid={}", text(&placed, "id"));
            text(&node.get(&path).await.data()["data"][0], "uuid")
        }
        "field_uuid" => {
            let key = format!("made_{}", Uuid::now_v7().simple());
            let made = node
                .post("/contacts/fields", json!({ "key": key }))
                .await
                .data();
            text(&made, "field_uuid")
        }
        "grant_uuid" => {
            let client = text(&make_client(node).await, "client_uuid");
            oauth::tokens(
                &node.store,
                Some(client.parse().unwrap()),
                &["calls:read"],
                &[],
            )
            .await;
            let grants = node
                .get(&format!("/oauth/grants?client_uuid={client}"))
                .await;
            text(&grants.data()["data"][0], "grant_uuid")
        }
        "intent_uuid" => {
            let path = format!("/agents/{}/intents", made["agent_uuid"]);
            let made = node.post(&path, json!({ "name": "Made" })).await.data();
            text(&made, "intent_uuid")
        }
        "key_uuid" => {
            let body = json!({ "name": "Made", "scopes": ["calls:read"] });
            text(&node.post("/keys", body).await.data(), "key_uuid")
        }
        "guideline_uuid" | "note_uuid" | "procedure_uuid" | "training_uuid" => {
            let section = match name {
                "guideline_uuid" => "guidelines",
                "note_uuid" => "notes",
                "procedure_uuid" => "procedures",
                _ => "training",
            };
            let path = format!("/agents/{}/{section}", made["agent_uuid"]);
            let field = if section == "procedures" {
                "name"
            } else {
                "content"
            };
            let agent = node.post(&path, json!({ field: "Made" })).await.data();
            text(&agent[section][0], "uuid")
        }
        "routing_rule_uuid" => {
            let path = format!("/agents/{}/routing-rules", made["agent_uuid"]);
            let body = json!({ "department_name": "Made", "destination": NUMBER });
            let agent = node.post(&path, body).await.data();
            text(&agent["routing_rules"][0], "uuid")
        }
        "guard_rule_uuid" => {
            let path = format!("/agents/{}/guard-rules", made["agent_uuid"]);
            let body = json!({ "when_condition": "Made", "then_action": "end_conversation" });
            let agent = node.post(&path, body).await.data();
            text(&agent["guard_rules"][0], "uuid")
        }
        "tag_uuid" => {
            let name = format!("Made {}", Uuid::now_v7());
            text(
                &node.post("/tags", json!({ "name": name })).await.data(),
                "uuid",
            )
        }
        "request_uuid" => {
            let body = json!({
                "schedule_uuid": make_schedule(node).await,
                "title": "Made",
                "start_time": "2036-12-01T10:00:00Z",
                "contact_name": "Made",
                "contact_email": "made@made.example",
            });
            text(
                &node.post("/appointment-requests", body).await.data(),
                "uuid",
            )
        }
        // The session of a call has the call's id.
        "session_uuid" => text(&node.place_call().await, "id"),
        "schedule_uuid" => make_schedule(node).await,
        "transcription_uuid" => {
            let fields = [
                Field::Text("voice_url", "https://made.example/a.wav"),
                Field::Text("reference_id", "Made"),
            ];
            let made = node.post_form("/transcriptions", &fields).await;
            text(&made.data(), "uuid")
        }
        "webhook_uuid" => {
            let path = hooks(made);
            let body = json!({ "url": "https://made.example", "events": ["intent_call"] });
            text(&node.post(&path, body).await.data(), "webhook_uuid")
        }
        "delivery_uuid" => {
            let path = format!("{}/{}/test", hooks(made), made["webhook_uuid"]);
            text(&node.post_text(&path, "").await.data(), "delivery_uuid")
        }
        "task_uuid" => text(&make_task(node).await, "uuid"),
        "campaign_uuid" => {
            let body = json!({ "name": "Made", "agent_uuid": node.file_agent });
            text(&node.post("/campaigns", body).await.data(), "uuid")
        }
        "rule_uuid" => text(
            &node.post("/rules", json!({ "name": "Made" })).await.data(),
            "uuid",
        ),
        "pool_uuid" => {
            let body = json!({ "name": "Made", "description": "made.example" });
            text(&node.post("/pools", body).await.data(), "uuid")
        }
        "pool_contact_uuid" => {
            let contact = text(&make_task(node).await, "contact_uuid");
            let path = format!("/pools/{}/contacts", made["pool_uuid"]);
            node.post(&path, json!({ "contact_uuids": [contact] }))
                .await
                .data();
            contact
        }
        "listing_uuid" => {
            let body = json!({ "name": "Made", "contacts": [{ "phone_number": NUMBER }] });
            text(&node.post("/listings", body).await.data(), "uuid")
        }
        "listing_contact_uuid" => text(&make_task(node).await, "contact_uuid"),
        "do_not_call_uuid" => {
            // Not that of the calls, which nobody could place any more.
            let body = json!({ "number": "+14155550188", "reason": "Made" });
            text(&node.post("/do-not-call", body).await.data(), "uuid")
        }
        unknown => panic!(
            "nobody knows how to make a {unknown}: add it to `make` in tests/api/support/registry.rs"
        ),
    }
}

async fn make_connection(node: &Node) -> Value {
    let number = Uuid::now_v7().as_u128() % 10_000_000;
    let body = json!({
        "name": "Made",
        "phone_number": format!("+1415{number:07}"),
        "gateway": "made.example",
        "username": "made",
        "password": "made.example",
    });
    node.post("/channels/sip-trunk/connections", body)
        .await
        .data()
}

async fn make_client(node: &Node) -> Value {
    let body = json!({
        "name": "Made",
        "redirect_uris": ["https://made.example/callback"],
        "scopes": ["calls:read"],
    });
    node.post("/oauth/clients", body).await.data()
}

/// Where the webhooks of a path are: those of an agent, or of the workspace.
fn hooks(made: &Made) -> String {
    match made.get("agent_uuid") {
        Some(agent) => format!("/agents/{agent}/webhooks"),
        None => "/webhooks".to_owned(),
    }
}

async fn make_task(node: &Node) -> Value {
    let body = json!({
        "title": "Made",
        "type": "make_call",
        "agent_uuid": node.file_agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
        "contact": { "phone_number": NUMBER },
    });
    node.post("/tasks", body).await.data()
}

/// The path with one of everything in place of its parameters, and their ids.
pub(crate) async fn fill(node: &Node, path: &str) -> (String, Made) {
    let mut made = Made::new();
    let mut filled = Vec::new();
    for part in path.split('/') {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        match name {
            Some(name) => {
                let id = make(node, name, &made).await;
                filled.push(id.clone());
                made.insert(name.to_owned(), id);
            }
            None => filled.push(part.to_owned()),
        }
    }
    (filled.join("/"), made)
}

async fn make_availability_type(node: &Node) -> String {
    let made = node
        .post("/availability-types", json!({ "name": "Made" }))
        .await;
    text(&made.data(), "uuid")
}

async fn make_schedule(node: &Node) -> String {
    let hours = make_availability_type(node).await;
    let body = json!({ "name": "Made", "availability_type_uuid": hours });
    text(&node.post("/schedules", body).await.data(), "uuid")
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
