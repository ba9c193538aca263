//! Tasks over the API: made, changed, moved and found.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{NUMBER, Node};

fn body(node: &Node) -> Value {
    json!({
        "title": "Remind",
        "type": "make_call",
        "agent_uuid": node.file_agent,
        "scheduled_at": "2036-03-29T12:00:00+02:00",
        "contact": { "phone_number": "+1 (415) 555-0123", "name": "Ada", "surname": "King" },
        "metadata": { "order": 7 },
    })
}

#[tokio::test]
async fn a_task_is_made_found_changed_and_deleted() {
    let node = Node::start().await;
    let answer = node.post("/tasks", body(&node)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.data();
    assert_eq!(made["status"], "scheduled");
    assert_eq!(made["scheduled_at"], "2036-03-29T10:00:00Z");
    assert_eq!(made["next_attempt_at"], "2036-03-29T10:00:00Z");
    assert_eq!(
        (&made["priority"], &made["max_attempts"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(made["metadata"], json!({ "order": 7 }));
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    assert_eq!(node.get(&path).await.data()["attempts"], json!([]));

    let change = json!({ "priority": 9, "status": "on_hold", "description": "Later." });
    let changed = node.patch(&path, change).await.data();
    assert_eq!(
        (&changed["priority"], &changed["status"]),
        (&json!(9), &json!("on_hold"))
    );
    let queued = node.post(&format!("{path}/queue"), json!({})).await.data();
    assert_eq!(queued["status"], "queued");
    let listed = node
        .get("/tasks?status=queued&priority=9&type=make_call")
        .await
        .data();
    assert_eq!(
        (&listed["total"], &listed["data"][0]["uuid"]),
        (&json!(1), &made["uuid"])
    );
    assert_eq!(node.get("/tasks?status=failed").await.data()["total"], 0);
    node.delete(&path).await.data();
    node.get(&path).await.is_error(404, "TASK_NOT_FOUND");
}

#[tokio::test]
async fn a_task_takes_only_steps_that_it_can() {
    let node = Node::start().await;
    let made = node.post("/tasks", body(&node)).await.data();
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    let step = async |step: &str| node.post(&format!("{path}/{step}"), json!({})).await;
    step("retry").await.is_error(409, "TASK_STATUS_CONFLICT");
    assert_eq!(step("cancel").await.data()["status"], "cancelled");
    step("cancel").await.is_error(409, "TASK_STATUS_CONFLICT");
    step("complete").await.is_error(409, "TASK_STATUS_CONFLICT");
    step("queue").await.is_error(409, "TASK_STATUS_CONFLICT");
    node.patch(&path, json!({ "priority": 1 }))
        .await
        .is_error(409, "TASK_STATUS_CONFLICT");
    node.put(&path, json!({ "priority": 1 }))
        .await
        .is_error(409, "TASK_STATUS_CONFLICT");
    assert_eq!(step("retry").await.data()["status"], "queued");
    assert_eq!(step("complete").await.data()["status"], "completed");
}

#[tokio::test]
async fn each_field_of_a_task_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let past = Timestamp::now() - SignedDuration::from_hours(1);
    for (field, name, value) in [
        ("title", "title", json!("")),
        ("title", "title", json!("x".repeat(256))),
        ("type", "type", json!("call")),
        ("agent_uuid", "agent_uuid", json!("me")),
        ("scheduled_at", "scheduled_at", json!("tomorrow")),
        ("scheduled_at", "scheduled_at", json!(past.to_string())),
        ("expires_at", "expires_at", json!("2036-03-29T10:00:00Z")),
        ("priority", "priority", json!(11)),
        ("max_attempts", "max_attempts", json!(0)),
        (
            "contact.phone_number",
            "contact",
            json!({ "phone_number": "call me" }),
        ),
        ("contact_uuid", "contact", Value::Null),
        ("contact", "contact_uuid", json!(Uuid::now_v7())),
        ("timezone", "timezone", json!("Mars/Olympus")),
        ("retry_intervals", "retry_strategy", json!("custom")),
        ("retry_intervals", "retry_intervals", json!([5])),
        ("task_data.colour", "task_data", json!({ "colour": "red" })),
        ("task_data.template_uuid", "type", json!("send_message")),
        ("task_data.url", "type", json!("webhook")),
        (
            "task_data.url",
            "task_data",
            json!({ "url": "https://127.0.0.1/" }),
        ),
        (
            "task_data.payload",
            "task_data",
            json!({ "about": "Waits.", "payload": {} }),
        ),
        ("colour", "colour", json!("red")),
    ] {
        let mut body = body(&node);
        body[name] = value;
        node.post("/tasks", body).await.is_about(field);
    }
}

#[tokio::test]
async fn a_task_is_put_into_the_queue_and_taken_back_out() {
    let node = Node::start().await;
    let made = node.post("/tasks", body(&node)).await.data();
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    for (auto_queue, status) in [(true, "queued"), (false, "scheduled"), (false, "scheduled")] {
        let change = json!({ "auto_queue": auto_queue });
        let changed = node.put(&path, change).await.data();
        assert_eq!(
            (&changed["status"], &changed["auto_queue"]),
            (&json!(status), &json!(auto_queue))
        );
        assert_eq!(changed["next_attempt_at"], made["next_attempt_at"]);
    }
    let held = json!({ "auto_queue": true, "status": "on_hold" });
    assert_eq!(node.put(&path, held).await.data()["status"], "on_hold");
}

#[tokio::test]
async fn what_a_task_names_has_to_exist() {
    let node = Node::start().await;
    for (name, code) in [
        ("agent_uuid", "AGENT_NOT_FOUND"),
        ("campaign_uuid", "CAMPAIGN_NOT_FOUND"),
        ("contact_uuid", "CONTACT_NOT_FOUND"),
    ] {
        let mut body = body(&node);
        body[name] = json!(Uuid::now_v7());
        if name == "contact_uuid" {
            body["contact"] = Value::Null;
        }
        node.post("/tasks", body).await.is_error(404, code);
    }
}

#[tokio::test]
async fn tasks_for_one_number_are_for_one_contact() {
    let node = Node::start().await;
    let one = node.post("/tasks", body(&node)).await.data();
    let mut body = body(&node);
    body["contact"]["phone_number"] = json!(NUMBER);
    let other = node.post("/tasks", body).await.data();
    assert_eq!(one["contact_uuid"], other["contact_uuid"]);
    let contact = one["contact_uuid"].as_str().unwrap();
    let listed = node
        .get(&format!("/tasks?contact_uuid={contact}"))
        .await
        .data();
    assert_eq!(listed["total"], 2);
}

#[tokio::test]
async fn a_contact_is_found_by_its_address_where_the_number_is_not_given() {
    let node = Node::start().await;
    let ada = json!({ "phone_number": NUMBER, "email": "ada@example.com" });
    let ada = node.post("/contacts", ada).await.data();
    let mut body = body(&node);
    body["contact"] = json!({ "email": "ada@example.com" });
    let task = node.post("/tasks", body.clone()).await.data();
    assert_eq!(task["contact_uuid"], ada["uuid"]);
    body["contact"] = json!({ "name": "Ada" });
    let refused = node.post("/tasks", body).await;
    refused.is_about("contact.phone_number");
}

#[tokio::test]
async fn an_erased_contact_leaves_a_cancelled_task_without_words() {
    let node = Node::start().await;
    let made = node.post("/tasks", body(&node)).await.data();
    let contact = made["contact_uuid"].as_str().unwrap();
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    let erase = format!("/contacts/{contact}/erase");
    let erased = node.post_text(&erase, "").await.data();
    assert_eq!(erased["removed"]["tasks"], 1);
    let answer = node.get(&path).await;
    assert_eq!(answer.data()["status"], "cancelled");
    for word in ["Remind", "+1415", "Ada", contact] {
        assert!(!answer.text().contains(word), "{word}: {}", answer.text());
    }
}
