//! Appointments over the API: clashes, time zones, changes.

use serde_json::{Value, json};

use crate::schedules::{every_day, next_year, schedule_with, text};
use crate::support::{Answer, Node};

/// A schedule in Berlin, open every day from 9 to 17.
async fn berlin(node: &Node) -> String {
    let week = every_day("09:00", "17:00");
    schedule_with(
        node,
        json!({ "timezone": "Europe/Berlin", "weekly_hours": week }),
    )
    .await
}

async fn book(node: &Node, schedule: &str, start: &str, end: &str) -> Answer {
    let body = json!({
        "schedule_uuid": schedule, "title": "Check-up", "start_time": start, "end_time": end,
    });
    node.post("/appointments", body).await
}

fn local_times(answer: &Answer) -> Vec<String> {
    let found = answer.json()["data"]["alternatives"].clone();
    found
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| text(&slot["local_time"]))
        .collect()
}

#[tokio::test]
async fn an_appointment_is_made_found_and_deleted() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let made = book(
        &node,
        &schedule,
        "2036-05-05 10:00:00",
        "2036-05-05 10:30:00",
    )
    .await;
    assert_eq!(made.status, 201);
    let made = made.data();
    assert_eq!(made["start_time"], "2036-05-05T08:00:00Z");
    assert_eq!(
        (&made["status"], &made["contact_uuid"]),
        (&json!("approved"), &Value::Null)
    );
    let path = format!("/appointments/{}", text(&made["uuid"]));
    assert_eq!(node.get(&path).await.data(), made);
    assert_eq!(node.get("/appointments").await.data(), json!([made]));
    node.delete(&path).await.data();
    node.get(&path).await.is_error(404, "APPOINTMENT_NOT_FOUND");
    node.delete(&path)
        .await
        .is_error(404, "APPOINTMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_clash_is_refused_with_what_is_free_instead() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let day = format!("{}-05-05", next_year());
    let at = |time: &str| format!("{day} {time}:00");
    let booked = book(&node, &schedule, &at("10:00"), &at("10:30")).await;
    assert_eq!(booked.status, 201);
    let refused = book(&node, &schedule, &at("10:15"), &at("10:45")).await;
    refused.is_error(409, "APPOINTMENT_CLASH");
    assert_eq!(
        local_times(&refused),
        [at("10:30"), at("09:30"), at("11:00")]
    );
}

#[tokio::test]
async fn of_many_appointments_asked_for_at_once_one_is_made() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let asking = (0..8).map(|_| {
        book(
            &node,
            &schedule,
            "2036-05-05 10:00:00",
            "2036-05-05 10:30:00",
        )
    });
    let answers = futures_util::future::join_all(asking).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, refused), (1, 7));
}

#[tokio::test]
async fn times_are_those_of_the_schedules_zone() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let skipped = book(
        &node,
        &schedule,
        "2026-03-29 02:30:00",
        "2026-03-29 03:30:00",
    )
    .await;
    skipped.is_about("start_time");
    let twice = book(
        &node,
        &schedule,
        "2026-10-25 02:30:00",
        "2026-10-25 02:45:00",
    )
    .await;
    assert_eq!(twice.data()["start_time"], "2026-10-25T00:30:00Z");
    let second = book(
        &node,
        &schedule,
        "2026-10-25T02:30:00+01:00",
        "2026-10-25T02:45:00+01:00",
    );
    assert_eq!(second.await.data()["start_time"], "2026-10-25T01:30:00Z");
}

#[tokio::test]
async fn each_field_of_an_appointment_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({
            "schedule_uuid": schedule, "title": "Check-up",
            "start_time": "2036-05-05 10:00:00", "end_time": "2036-05-05 10:30:00",
        });
        body[field] = value;
        body
    };
    for (field, value) in [
        ("schedule_uuid", json!("desk")),
        ("title", json!("")),
        ("title", json!("x".repeat(256))),
        ("start_time", json!("soon")),
        ("start_time", json!(1)),
        ("end_time", json!("2036-05-05 10:00:00")),
        ("end_time", json!("2036-05-12 10:00:01")),
        ("status", json!("maybe")),
        ("notes", json!("a\0b")),
        ("custom_answers", json!([])),
        ("colour", json!("red")),
    ] {
        node.post("/appointments", with(field, value))
            .await
            .is_about(field);
    }
    let nobody = json!("0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34");
    let answer = node
        .post("/appointments", with("schedule_uuid", nobody.clone()))
        .await;
    answer.is_error(404, "SCHEDULE_NOT_FOUND");
    let answer = node
        .post("/appointments", with("contact_uuid", nobody))
        .await;
    answer.is_error(404, "CONTACT_NOT_FOUND");
}

#[tokio::test]
async fn required_questions_need_an_answer_of_their_type() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let questions = json!({ "custom_questions": [
        { "name": "First visit?", "type": "boolean", "required": true },
        { "name": "Born", "type": "date" },
    ] });
    node.put(&format!("/schedules/{schedule}"), questions)
        .await
        .data();
    let ask = async |answers: Value| {
        let body = json!({
            "schedule_uuid": schedule, "title": "Check-up", "custom_answers": answers,
            "start_time": "2036-05-05 10:00:00", "end_time": "2036-05-05 10:30:00",
        });
        node.post("/appointments", body).await
    };
    ask(json!({})).await.is_about("custom_answers.First visit?");
    ask(json!({ "First visit?": "yes" }))
        .await
        .is_about("custom_answers.First visit?");
    let answers = json!({ "First visit?": true, "Born": "May" });
    ask(answers).await.is_about("custom_answers.Born");
    let answers = json!({ "First visit?": true, "Colour": "red" });
    assert_eq!(ask(answers.clone()).await.data()["custom_answers"], answers);
}

#[tokio::test]
async fn an_appointment_can_be_held_to_the_hours() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let day = format!("{}-05-05", next_year());
    let mut body = json!({
        "schedule_uuid": schedule, "title": "Check-up", "within_availability": true,
        "start_time": format!("{day} 18:00:00"), "end_time": format!("{day} 18:30:00"),
    });
    let refused = node.post("/appointments", body.clone()).await;
    refused.is_error(409, "OUTSIDE_AVAILABILITY");
    assert_eq!(local_times(&refused)[0], format!("{day} 16:30:00"));
    body["within_availability"] = false.into();
    assert_eq!(node.post("/appointments", body).await.status, 201);
}

#[tokio::test]
async fn an_appointment_moves_where_there_is_room_and_keeps_its_length() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let made = book(
        &node,
        &schedule,
        "2036-05-05 10:00:00",
        "2036-05-05 10:45:00",
    )
    .await
    .data();
    book(
        &node,
        &schedule,
        "2036-05-05 12:00:00",
        "2036-05-05 13:00:00",
    )
    .await
    .data();
    let path = format!("/appointments/{}", text(&made["uuid"]));
    let moved = node
        .put(&path, json!({ "start_time": "2036-05-05 10:30:00" }))
        .await
        .data();
    assert_eq!(moved["end_time"], "2036-05-05T09:15:00Z");
    let refused = node
        .put(&path, json!({ "start_time": "2036-05-05 11:30:00" }))
        .await;
    refused.is_error(409, "APPOINTMENT_CLASH");
    let body = json!({ "end_time": "2036-05-05 10:30:00" });
    node.put(&path, body).await.is_about("end_time");
    let body = json!({ "title": "Longer", "notes": "Be early", "description": null });
    let changed = node.put(&path, body).await.data();
    assert_eq!(changed["start_time"], moved["start_time"]);
    assert_eq!(
        (&changed["title"], &changed["notes"]),
        (&json!("Longer"), &json!("Be early"))
    );
}

#[tokio::test]
async fn a_cancelled_appointment_keeps_its_reason_until_it_stands_again() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let made = book(
        &node,
        &schedule,
        "2036-05-05 10:00:00",
        "2036-05-05 10:30:00",
    )
    .await
    .data();
    let path = format!("/appointments/{}/status", text(&made["uuid"]));
    let set = async |body: Value| node.post(&path, body).await;
    let cancelled = set(json!({ "status": "cancelled", "reason": "Ill" }))
        .await
        .data();
    assert_eq!(
        (&cancelled["status"], &cancelled["cancellation_reason"]),
        (&json!("cancelled"), &json!("Ill"))
    );
    let other = book(
        &node,
        &schedule,
        "2036-05-05 10:15:00",
        "2036-05-05 10:30:00",
    )
    .await
    .data();
    set(json!({ "status": "approved" }))
        .await
        .is_error(409, "APPOINTMENT_CLASH");
    node.delete(&format!("/appointments/{}", text(&other["uuid"])))
        .await
        .data();
    let again = set(json!({ "status": "approved" })).await.data();
    assert_eq!(again["cancellation_reason"], Value::Null);
    set(json!({ "status": "lost" })).await.is_about("status");
}

#[tokio::test]
async fn appointments_are_listed_by_days_of_the_schedule() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    let late = book(
        &node,
        &schedule,
        "2036-05-05 00:30:00",
        "2036-05-05 00:45:00",
    )
    .await
    .data();
    let list = async |query: &str| {
        let found = node.get(&format!("/appointments?{query}")).await.data();
        found.as_array().unwrap().len()
    };
    let of_schedule = format!("schedule_uuid={schedule}");
    assert_eq!(
        list(&format!(
            "{of_schedule}&start_date=2036-05-05&end_date=2036-05-05"
        ))
        .await,
        1
    );
    assert_eq!(list("start_date=2036-05-05").await, 0);
    assert_eq!(list("end_date=2036-05-04").await, 1);
    assert_eq!(list("status=cancelled").await, 0);
    assert_eq!(list("status=approved").await, 1);
    assert_eq!(
        list(&format!("schedule_uuid={}", text(&late["uuid"]))).await,
        0
    );
    node.get("/appointments?start_date=soon")
        .await
        .is_about("start_date");
    node.get("/appointments?status=maybe")
        .await
        .is_about("status");
}

#[tokio::test]
async fn a_schedule_with_appointments_to_come_is_not_deleted() {
    let node = Node::start().await;
    let schedule = berlin(&node).await;
    book(
        &node,
        &schedule,
        "2036-05-05 10:00:00",
        "2036-05-05 10:30:00",
    )
    .await
    .data();
    let path = format!("/schedules/{schedule}");
    node.delete(&path).await.is_error(409, "SCHEDULE_IN_USE");
}
