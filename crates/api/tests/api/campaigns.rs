//! Campaigns, rules, pools and listings over the API.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{NUMBER, Node};

async fn pool_with_contact(node: &Node) -> (String, String) {
    let task = json!({
        "title": "Remind",
        "type": "follow_up",
        "agent_uuid": node.file_agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
        "contact": { "phone_number": NUMBER },
    });
    let contact = text(&node.post("/tasks", task).await.data(), "contact_uuid");
    let pool = json!({ "name": "Pool", "description": "" });
    let pool = text(&node.post("/pools", pool).await.data(), "uuid");
    let path = format!("/pools/{pool}/contacts");
    let added = node
        .post(&path, json!({ "contact_uuids": [contact] }))
        .await
        .data();
    assert_eq!(
        (&added["contacts_added"], &added["tasks_created"]),
        (&json!(1), &json!(0))
    );
    (pool, contact)
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_rule_has_what_is_usual_and_changes_in_parts() {
    let node = Node::start().await;
    let made = node
        .post("/rules", json!({ "name": "Office" }))
        .await
        .data();
    assert_eq!(made["type"], "call");
    assert_eq!(
        (&made["start_time"], &made["end_time"]),
        (&json!("09:00:00"), &json!("18:00:00"))
    );
    assert_eq!(
        (&made["max_calls_per_day"], &made["max_total_calls"]),
        (&json!(3), &json!(10))
    );
    let path = format!("/rules/{}", text(&made, "uuid"));
    let body = json!({ "end_time": "06:30", "escalation_after_failed_attempts": 2 });
    let changed = node.put(&path, body).await.data();
    assert_eq!(
        (&changed["start_time"], &changed["end_time"]),
        (&json!("09:00:00"), &json!("06:30:00"))
    );
    assert_eq!(changed["escalation_type"], "follow_up");
    assert_eq!(
        node.get("/rules?type=call&search=off").await.data()["total"],
        1
    );
    assert_eq!(node.get("/rules?type=text").await.data()["total"], 0);
    for (field, body) in [
        ("name", json!({ "name": "ab" })),
        ("start_time", json!({ "start_time": "25:00" })),
        ("max_calls_per_day", json!({ "max_calls_per_day": 0 })),
        ("escalation_target", json!({ "escalation_type": "agent" })),
    ] {
        node.put(&path, body).await.is_about(field);
    }
}

#[tokio::test]
async fn a_rule_that_a_campaign_goes_by_is_not_deleted() {
    let node = Node::start().await;
    let rule = text(
        &node
            .post("/rules", json!({ "name": "Office" }))
            .await
            .data(),
        "uuid",
    );
    let campaign = node
        .post("/campaigns", json!({ "name": "Spring" }))
        .await
        .data();
    let campaign = format!("/campaigns/{}", text(&campaign, "uuid"));
    let set = node
        .put(&format!("{campaign}/rule"), json!({ "rule_uuid": rule }))
        .await
        .data();
    assert_eq!(set["rule"]["uuid"], json!(rule));
    let path = format!("/rules/{rule}");
    node.delete(&path).await.is_error(409, "RULE_IN_USE");
    node.delete(&campaign).await.data();
    node.delete(&path).await.data();
    node.get(&path).await.is_error(404, "RULE_NOT_FOUND");
}

#[tokio::test]
async fn a_campaign_starts_pauses_and_stops() {
    let node = Node::start().await;
    let made = node
        .post("/campaigns", json!({ "name": "Spring" }))
        .await
        .data();
    assert_eq!(
        (&made["status"], &made["agent_uuid"]),
        (&json!("Draft"), &Value::Null)
    );
    let path = format!("/campaigns/{}", text(&made, "uuid"));
    let step = async |step: &str| node.post(&format!("{path}/{step}"), json!({})).await;
    step("start").await.is_error(409, "CAMPAIGN_NOT_READY");
    step("pause")
        .await
        .is_error(409, "CAMPAIGN_STATUS_CONFLICT");
    node.put(&path, json!({ "status": "Active" }))
        .await
        .is_about("agent_uuid");
    node.put(&path, json!({ "agent_uuid": node.file_agent }))
        .await
        .data();
    assert_eq!(step("start").await.data()["status"], "Active");
    assert_eq!(step("pause").await.data()["status"], "Paused");
    assert_eq!(step("start").await.data()["status"], "Active");
    assert_eq!(step("stop").await.data()["status"], "Completed");
    step("stop").await.is_error(409, "CAMPAIGN_STATUS_CONFLICT");
    let unknown = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34";
    let of_nobody = json!({ "name": "Autumn", "agent_uuid": unknown });
    let answer = node.post("/campaigns", of_nobody).await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    step("start")
        .await
        .is_error(409, "CAMPAIGN_STATUS_CONFLICT");
}

#[tokio::test]
async fn days_of_a_campaign_are_kept_and_in_order() {
    let node = Node::start().await;
    let body = json!({ "name": "Spring", "start_date": "2036-04-01", "end_date": "2036-04-01" });
    let made = node.post("/campaigns", body).await.data();
    assert_eq!(
        (&made["start_date"], &made["end_date"]),
        (&json!("2036-04-01"), &json!("2036-04-01"))
    );
    let path = format!("/campaigns/{}", text(&made, "uuid"));
    node.put(&path, json!({ "end_date": "2036-03-31" }))
        .await
        .is_about("end_date");
    let changed = node.put(&path, json!({ "end_date": null })).await.data();
    assert_eq!(changed["end_date"], Value::Null);
}

#[tokio::test]
async fn a_campaign_takes_a_rule_that_it_brings() {
    let node = Node::start().await;
    let made = node.post("/campaigns", json!({ "name": "Spring" })).await;
    let path = format!("/campaigns/{}", text(&made.data(), "uuid"));
    let brought = json!({ "rules": { "max_calls_per_day": 2, "start_time": "10:00" } });
    let changed = node.put(&path, brought).await.data();
    let rule = text(&changed, "rule_uuid");
    let shown = node.get(&format!("/rules/{rule}")).await.data();
    assert_eq!(
        (&shown["name"], &shown["max_calls_per_day"], &shown["type"]),
        (&json!("Spring"), &json!(2), &json!("call"))
    );
    let other = node.post("/rules", json!({ "name": "Office" })).await;
    let other = text(&other.data(), "uuid");
    let named = json!({ "rules": { "uuid": other } });
    let changed = node.put(&path, named).await.data();
    assert_eq!(changed["rule_uuid"], json!(other));
    assert_eq!(node.get("/rules").await.data()["total"], 2);
    let twice = json!({ "rules": { "uuid": rule }, "rule_uuid": other });
    node.put(&path, twice).await.is_about("rules");
    let unknown = json!({ "rules": { "uuid": Uuid::now_v7() } });
    let refused = node.put(&path, unknown).await;
    refused.is_error(404, "RULE_NOT_FOUND");
}

#[tokio::test]
async fn pools_are_attached_besides_those_there_are() {
    let node = Node::start().await;
    let (pool, contact) = pool_with_contact(&node).await;
    let campaign = node
        .post("/campaigns", json!({ "name": "Spring" }))
        .await
        .data();
    let path = format!("/campaigns/{}/pools", text(&campaign, "uuid"));
    let unknown = Uuid::now_v7();
    let attached = node
        .post(&path, json!({ "pool_uuids": [pool, unknown] }))
        .await
        .data();
    assert_eq!(attached["pool_uuids"], json!([pool]));
    assert_eq!(attached["pool_uuids_not_found"], json!([unknown]));
    node.post(&path, json!({ "pool_uuids": [] }))
        .await
        .is_about("pool_uuids");

    let members = node
        .get(&format!("/pools/{pool}/contacts?status=Pending"))
        .await
        .data();
    assert_eq!(
        (&members["total"], &members["per_page"]),
        (&json!(1), &json!(25))
    );
    assert_eq!(members["data"][0]["contact_uuid"], json!(contact));
    let copy = node
        .post_text(&format!("/pools/{pool}/duplicate"), "")
        .await
        .data();
    assert_eq!(
        (&copy["name"], &copy["contacts_copied"]),
        (&json!("Pool (copy)"), &json!(1))
    );
    let member = format!("/pools/{pool}/contacts/{contact}");
    node.delete(&member).await.data();
    node.delete(&member)
        .await
        .is_error(404, "POOL_CONTACT_NOT_FOUND");
    node.delete(&format!("/pools/{pool}")).await.data();
    node.get(&format!("/pools/{pool}"))
        .await
        .is_error(404, "POOL_NOT_FOUND");
}

#[tokio::test]
async fn a_listing_is_a_campaign_with_its_contacts() {
    let node = Node::start().await;
    let body = json!({
        "name": "Spring",
        "agent_uuid": node.file_agent,
        "auto_start": true,
        "contacts": [
            { "phone_number": NUMBER, "name": "Ada" },
            { "phone_number": "+14155550124" },
            { "phone_number": "+1 415 555 0123" },
        ],
        "rule": { "start_time": "10:00" },
    });
    let made = node.post("/listings", body).await.data();
    assert_eq!(
        (&made["status"], &made["contacts_count"]),
        (&json!("Active"), &json!(2))
    );
    let rule = node
        .get(&format!("/rules/{}", text(&made, "rule_uuid")))
        .await
        .data();
    assert_eq!(
        (&rule["name"], &rule["start_time"]),
        (&json!("Spring"), &json!("10:00:00"))
    );
    let path = format!("/listings/{}/contacts", text(&made, "uuid"));
    let more =
        json!({ "contacts": [{ "phone_number": "+14155550125" }, { "phone_number": NUMBER }] });
    let added = node.post(&path, more).await.data();
    assert_eq!(
        (&added["contacts_added"], &added["contacts_skipped"]),
        (&json!(1), &json!(1))
    );
    let members = node
        .get(&format!("/pools/{}/contacts", text(&made, "pool_uuid")))
        .await
        .data();
    let contact = text(&members["data"][0], "contact_uuid");
    node.delete(&format!("{path}/{contact}")).await.data();
    let listed = node.get("/listings").await.data();
    assert_eq!(
        (&listed[0]["uuid"], &listed[0]["contacts_count"]),
        (&made["uuid"], &json!(2))
    );
    let wrong = json!({ "name": "Spring", "contacts": [{ "phone_number": "call me" }] });
    node.post("/listings", wrong)
        .await
        .is_about("contacts[0].phone_number");
}

#[tokio::test]
async fn the_agent_of_a_listing_has_to_exist() {
    let node = Node::start().await;
    let contacts = json!([{ "phone_number": NUMBER }]);
    let body = json!({ "name": "Spring", "agent_uuid": Uuid::now_v7(), "contacts": contacts });
    node.post("/listings", body)
        .await
        .is_error(404, "AGENT_NOT_FOUND");
}

#[tokio::test]
async fn a_number_comes_onto_the_do_not_call_list_once() {
    let node = Node::start().await;
    let one = node
        .post("/do-not-call", json!({ "number": "+1 (415) 555-0123" }))
        .await
        .data();
    assert_eq!(one["number"], NUMBER);
    let again = node
        .post(
            "/do-not-call",
            json!({ "number": NUMBER, "reason": "asked" }),
        )
        .await;
    assert_eq!(again.data()["uuid"], one["uuid"]);
    assert_eq!(node.get("/do-not-call?search=555").await.data()["total"], 1);
    let path = format!("/do-not-call/{}", text(&one, "uuid"));
    node.delete(&path).await.data();
    node.delete(&path)
        .await
        .is_error(404, "DO_NOT_CALL_NOT_FOUND");
}
