//! Appointment requests over the API, and how agents book.

use serde_json::{Value, json};

use crate::schedules::{schedule_with, text};
use crate::support::Node;

fn request(schedule: &str) -> Value {
    json!({
        "schedule_uuid": schedule,
        "title": "Check-up",
        "start_time": "2036-05-05 10:00:00",
        "contact_name": "Ada",
        "contact_email": "ada@example.com",
    })
}

#[tokio::test]
async fn a_request_becomes_an_appointment_when_it_is_approved() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({ "slot_minutes": 20 })).await;
    let made = node.post("/appointment-requests", request(&schedule)).await;
    assert_eq!(made.status, 201);
    let made = made.data();
    assert_eq!(
        (&made["id"], &made["status"]),
        (&json!(1), &json!("pending"))
    );
    assert_eq!(made["end_time"], "2036-05-05T10:20:00Z");
    assert_eq!(made["contact"]["email"], "ada@example.com");
    assert_eq!(made["contact"]["id"], made["contact"]["uuid"]);
    let named = node.get(&format!("/schedules/{schedule}")).await.data();
    assert_eq!(
        made["schedule"],
        json!({ "id": schedule, "name": named["name"] })
    );
    assert_eq!(made["appointment"], Value::Null);
    let path = format!("/appointment-requests/{}", text(&made["uuid"]));
    assert_eq!(node.get(&path).await.data(), made);
    let approve = format!("{path}/approve");
    let approved = node
        .post(&approve, json!({ "approval_note": "See you" }))
        .await
        .data();
    assert_eq!(
        (&approved["status"], &approved["approval_note"]),
        (&json!("approved"), &json!("See you"))
    );
    let appointment = format!("/appointments/{}", text(&approved["appointment_uuid"]));
    let booked = node.get(&appointment).await.data();
    assert_eq!(approved["appointment"], booked);
    let listed = node.get("/appointment-requests").await.data();
    assert_eq!(listed, json!([approved]));
    assert_eq!(
        node.get(&appointment).await.data()["start_time"],
        made["start_time"]
    );
    for again in ["approve", "reject", "cancel"] {
        let answer = node.post_text(&format!("{path}/{again}"), "").await;
        answer.is_error(409, "APPOINTMENT_REQUEST_DECIDED");
    }
}

#[tokio::test]
async fn a_request_is_rejected_or_withdrawn() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    for (how, body, status) in [
        (
            "reject",
            json!({ "rejection_reason": "Closed" }).to_string(),
            "rejected",
        ),
        ("reject", String::new(), "rejected"),
        ("cancel", String::new(), "cancelled"),
    ] {
        let made = node
            .post("/appointment-requests", request(&schedule))
            .await
            .data();
        let path = format!("/appointment-requests/{}/{how}", text(&made["uuid"]));
        let decided = node.post_text(&path, body.clone()).await.data();
        assert_eq!(decided["status"], status);
        let reason = if body.is_empty() {
            Value::Null
        } else {
            json!("Closed")
        };
        assert_eq!(decided["rejection_reason"], reason);
    }
    let listed = node
        .get("/appointment-requests?status=rejected")
        .await
        .data();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(node.get("/appointments").await.data(), json!([]));
}

#[tokio::test]
async fn a_request_that_has_no_room_any_more_waits_on() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let made = node
        .post("/appointment-requests", request(&schedule))
        .await
        .data();
    let body = json!({
        "schedule_uuid": schedule, "title": "Other",
        "start_time": "2036-05-05 10:15:00", "end_time": "2036-05-05 11:00:00",
    });
    node.post("/appointments", body).await.data();
    let path = format!("/appointment-requests/{}", text(&made["uuid"]));
    let refused = node.post_text(&format!("{path}/approve"), "").await;
    refused.is_error(409, "APPOINTMENT_CLASH");
    assert!(refused.json()["data"]["alternatives"].is_array());
    assert_eq!(node.get(&path).await.data()["status"], "pending");
}

#[tokio::test]
async fn each_field_of_a_request_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    for (field, value) in [
        ("title", Value::Null),
        ("start_time", json!("2020-05-05 10:00:00")),
        ("end_time", json!("2036-05-05 10:00:00")),
        ("contact_name", Value::Null),
        ("contact_email", Value::Null),
        ("contact_email", json!("ada")),
        ("contact_phone", json!("call me")),
    ] {
        let mut body = request(&schedule);
        body[field] = value;
        node.post("/appointment-requests", body)
            .await
            .is_about(field);
    }
    let mut body = request(&schedule);
    body["contact_uuid"] = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34".into();
    node.post("/appointment-requests", body)
        .await
        .is_error(404, "CONTACT_NOT_FOUND");
}

#[tokio::test]
async fn who_asks_with_a_number_is_found_or_made_a_contact() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let mut body = request(&schedule);
    body["contact_phone"] = "+1 (415) 555-0123".into();
    let first = node
        .post("/appointment-requests", body.clone())
        .await
        .data();
    let again = node.post("/appointment-requests", body).await.data();
    assert!(first["contact"]["uuid"].is_string());
    assert_eq!(first["contact"]["uuid"], again["contact"]["uuid"]);
    assert_eq!(first["contact"]["phone_number"], "+14155550123");
    assert_eq!((&first["id"], &again["id"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn who_asks_with_an_address_alone_is_found_or_made_a_contact() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let ask = async |email: &str| {
        let mut body = request(&schedule);
        body["contact_email"] = email.into();
        let made = node.post("/appointment-requests", body).await.data();
        text(&made["contact"]["uuid"])
    };
    let made = ask("ada@example.com").await;
    assert_eq!(ask("Ada@Example.COM").await, made);
    assert_ne!(ask("eve@example.com").await, made);
    let contact = node.get(&format!("/contacts/{made}")).await.data();
    assert_eq!(
        (
            &contact["name"],
            &contact["email"],
            &contact["phone_number"]
        ),
        (&json!("Ada"), &json!("ada@example.com"), &Value::Null)
    );
}

#[tokio::test]
async fn of_an_erased_person_an_appointment_keeps_its_time_alone() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let asked = node
        .post("/appointment-requests", request(&schedule))
        .await
        .data();
    let contact = text(&asked["contact"]["uuid"]);
    let body = json!({
        "schedule_uuid": schedule, "contact_uuid": contact, "title": "Ada's check-up",
        "start_time": "2036-05-05T12:00:00Z", "end_time": "2036-05-05T12:30:00Z",
        "notes": "Ada is often late", "custom_answers": { "Born": "1815-12-10" },
    });
    let booked = node.post("/appointments", body).await.data();
    let erased = node
        .post_text(&format!("/contacts/{contact}/erase"), "")
        .await
        .data();
    let removed = &erased["removed"];
    assert_eq!(
        (&removed["appointments"], &removed["appointment_requests"]),
        (&json!(1), &json!(1))
    );
    let path = format!("/appointments/{}", text(&booked["uuid"]));
    let left = node.get(&path).await.data();
    assert_eq!(left["start_time"], booked["start_time"]);
    let path = format!("/appointment-requests/{}", text(&asked["uuid"]));
    let withdrawn = node.get(&path).await.data();
    assert_eq!(withdrawn["status"], "cancelled");
    for told in [left, withdrawn] {
        let told = told.to_string().to_lowercase();
        let mut words = told.split(|letter: char| !letter.is_alphanumeric());
        assert!(
            !words.any(|word| word == "ada") && !told.contains("1815-12"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn how_an_agent_books_is_replaced_as_a_whole() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let path = format!("/agents/{}/appointments", node.make_agent().await);
    let untouched = node.get(&path).await.data();
    assert_eq!(
        (&untouched["enabled"], &untouched["updated_at"]),
        (&json!(false), &Value::Null)
    );
    let body = json!({
        "enabled": true,
        "random_assignment": true,
        "schedule_assignments": [{
            "schedule_uuid": schedule,
            "slot_rules": { "offer_slots_from": "3_hours", "suggestion_priority": "earliest" },
            "rescheduling": { "policy": "minor_changes_only", "minor_change_hours": 2 },
            "cancellation": { "min_cancellation_notice": "5_min", "ai_can_cancel": false },
            "questions": { "custom_questions": [{ "name": "Born", "type": "date" }] },
            "approval": { "require_approval": true, "approval_threshold": "2_days" },
        }],
    });
    let set = node.put(&path, body).await.data();
    let assignment = &set["schedule_assignments"][0];
    assert_eq!(assignment["slot_rules"]["offer_slots_from"], "3_hours");
    assert_eq!(assignment["slot_rules"]["alternative_slots_count"], 3);
    assert_eq!(assignment["rescheduling"]["policy"], "minor_changes_only");
    assert_eq!(assignment["questions"]["inherit_from_schedule"], true);
    assert_eq!(node.get(&path).await.data(), set);
    let emptied = node.put(&path, json!({})).await.data();
    assert_eq!(emptied["schedule_assignments"], json!([]));
    assert_eq!(
        (&emptied["enabled"], &emptied["random_assignment"]),
        (&json!(false), &json!(false))
    );
}

#[tokio::test]
async fn how_an_agent_books_is_shown_and_set_with_the_agent() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let books = json!({ "enabled": true, "schedule_assignments": [{ "schedule_uuid": schedule }] });
    let body = json!({ "name": "Maya", "appointments": books });
    let made = node.post("/agents", body).await.data();
    let block = &made["appointments"];
    assert_eq!(block["enabled"], true);
    assert_eq!(
        block["schedule_assignments"][0]["schedule_uuid"],
        schedule.as_str()
    );
    let path = format!("/agents/{}", text(&made["agent_uuid"]));
    let mut alone = node.get(&format!("{path}/appointments")).await.data();
    for field in ["agent_uuid", "updated_at"] {
        alone.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(*block, alone);
    // What was read can be sent back.
    let same = node
        .patch(&path, json!({ "appointments": block }))
        .await
        .data();
    assert_eq!(same["appointments"], *block);
    let wrong = json!({ "appointments": { "schedule_assignments": [{ "schedule_uuid": "x" }] } });
    let refused = node.patch(&path, wrong).await;
    refused.is_about("appointments.schedule_assignments[0].schedule_uuid");
    let reset = node
        .patch(&path, json!({ "appointments": null }))
        .await
        .data();
    assert_eq!(reset["appointments"]["enabled"], false);
    let nowhere = json!({ "schedule_assignments": [{ "schedule_uuid": made["agent_uuid"] }] });
    let nowhere = json!({ "name": "Sam", "appointments": nowhere });
    for refused in [
        node.post("/agents", nowhere.clone()).await,
        node.patch(&path, nowhere).await,
    ] {
        refused.is_error(404, "SCHEDULE_NOT_FOUND");
    }
    let plain = node.make_agent().await;
    let plain = node.get(&format!("/agents/{plain}")).await.data();
    assert_eq!(plain["appointments"], reset["appointments"]);
}

#[tokio::test]
async fn each_field_of_how_an_agent_books_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    let path = format!("/agents/{}/appointments", node.make_agent().await);
    let with = |block: &str, value: Value| {
        let mut assignment = json!({ "schedule_uuid": schedule });
        assignment[block] = value;
        json!({ "schedule_assignments": [assignment] })
    };
    let twice = json!({ "schedule_uuid": schedule });
    for (field, body) in [
        ("enabled", json!({ "enabled": "yes" })),
        (
            "schedule_assignments[0].schedule_uuid",
            json!({ "schedule_assignments": [{}] }),
        ),
        (
            "schedule_assignments[1].schedule_uuid",
            json!({ "schedule_assignments": [twice.clone(), twice] }),
        ),
        (
            "schedule_assignments[0].slot_rules",
            with("slot_rules", json!(["3_hours"])),
        ),
        (
            "schedule_assignments[0].slot_rules.offer_slots_from",
            with("slot_rules", json!({ "offer_slots_from": "3 hours" })),
        ),
        (
            "schedule_assignments[0].slot_rules.alternative_slots_count",
            with("slot_rules", json!({ "alternative_slots_count": 11 })),
        ),
        (
            "schedule_assignments[0].rescheduling.policy",
            with("rescheduling", json!({ "policy": "sometimes" })),
        ),
        (
            "schedule_assignments[0].approval.colour",
            with("approval", json!({ "colour": 1 })),
        ),
    ] {
        node.put(&path, body).await.is_about(field);
    }
    let nobody = json!([{ "schedule_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34" }]);
    let answer = node
        .put(&path, json!({ "schedule_assignments": nobody }))
        .await;
    answer.is_error(404, "SCHEDULE_NOT_FOUND");
}
