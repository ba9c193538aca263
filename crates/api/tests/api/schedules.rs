//! Schedules and their hours over the API: what is made, what is free.

use serde_json::{Value, json};

use crate::support::Node;

/// Makes a schedule that is open as `hours` say, in which can be booked for two years.
pub(crate) async fn schedule_with(node: &Node, mut hours: Value) -> String {
    hours["name"] = "Hours".into();
    hours["horizon_days"] = 730.into();
    let hours = node.post("/availability-types", hours).await.data();
    let body = json!({ "name": "Desk", "availability_type_uuid": hours["uuid"] });
    text(&node.post("/schedules", body).await.data()["uuid"])
}

/// Weekly hours of a place that is open every day.
pub(crate) fn every_day(from: &str, until: &str) -> Value {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let open = json!([{ "from": from, "until": until }]);
    let week = days.map(|day| (day.to_owned(), open.clone()));
    week.into_iter().collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A year in which everything is still to come, and not too far ahead.
pub(crate) fn next_year() -> i16 {
    jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .year()
        + 1
}

async fn local_times(node: &Node, schedule: &str, query: &str) -> Vec<String> {
    let slots = node
        .get(&format!("/schedules/{schedule}/slots?{query}"))
        .await
        .data();
    let slots = slots.as_array().unwrap().iter();
    slots.map(|slot| text(&slot["local_time"])).collect()
}

#[tokio::test]
async fn an_availability_type_has_usual_hours_unless_others_are_given() {
    let node = Node::start().await;
    let made = node
        .post("/availability-types", json!({ "name": "Usual" }))
        .await;
    assert_eq!(made.status, 201);
    let made = made.data();
    let working = json!([{ "from": "09:00:00", "until": "17:00:00" }]);
    assert_eq!(
        (&made["timezone"], &made["slot_minutes"]),
        (&json!("UTC"), &json!(30))
    );
    assert_eq!(made["weekly_hours"]["monday"], working);
    assert_eq!(made["weekly_hours"]["sunday"], json!([]));
    let path = format!("/availability-types/{}", text(&made["uuid"]));
    let body = json!({
        "name": "Nights",
        "timezone": "europe/berlin",
        "weekly_hours": { "saturday": [{ "from": "22:00", "until": "02:00" }] },
        "exceptions": [{ "date": "2026-12-24", "until_date": "2026-12-26" }],
        "slot_minutes": 45,
    });
    let changed = node.put(&path, body).await.data();
    assert_eq!(changed["name"], "Nights");
    assert_eq!(changed["timezone"], "Europe/Berlin");
    assert_eq!(changed["weekly_hours"]["monday"], json!([]));
    assert_eq!(changed["exceptions"][0]["until_date"], "2026-12-26");
    assert_eq!(
        (&changed["slot_minutes"], &changed["slot_step_minutes"]),
        (&json!(45), &json!(45))
    );
    assert_eq!(node.get(&path).await.data(), changed);
    assert_eq!(
        node.get("/availability-types").await.data(),
        json!([changed])
    );
    node.delete(&path).await.data();
    node.get(&path)
        .await
        .is_error(404, "AVAILABILITY_TYPE_NOT_FOUND");
}

#[tokio::test]
async fn each_field_of_an_availability_type_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let hours = |hours: Value| json!({ "name": "A", "weekly_hours": hours });
    let many: Vec<Value> = vec![json!({ "from": "09:00", "until": "10:00" }); 13];
    for (field, body) in [
        ("name", json!({})),
        (
            "timezone",
            json!({ "name": "A", "timezone": "Mars/Olympus" }),
        ),
        ("slot_minutes", json!({ "name": "A", "slot_minutes": 4 })),
        ("horizon_days", json!({ "name": "A", "horizon_days": 0 })),
        ("weekly_hours.someday", hours(json!({ "someday": [] }))),
        ("weekly_hours", hours(json!([]))),
        (
            "weekly_hours.monday[0]",
            hours(json!({ "monday": [["09:00", "10:00"]] })),
        ),
        (
            "weekly_hours.monday[0].until",
            hours(json!({ "monday": [{ "from": "09:00" }] })),
        ),
        (
            "weekly_hours.monday[0].from",
            hours(json!({ "monday": [{ "from": "9", "until": "10:00" }] })),
        ),
        ("weekly_hours.friday", hours(json!({ "friday": many }))),
        (
            "exceptions[0].date",
            json!({ "name": "A", "exceptions": [{ "date": "2026-02-30" }] }),
        ),
        (
            "exceptions[0].until_date",
            json!({ "name": "A", "exceptions": [
                { "date": "2026-12-26", "until_date": "2026-12-24" },
            ] }),
        ),
    ] {
        node.post("/availability-types", body).await.is_about(field);
    }
}

#[tokio::test]
async fn a_schedule_is_made_changed_listed_and_deleted() {
    let node = Node::start().await;
    let id = schedule_with(&node, json!({})).await;
    let path = format!("/schedules/{id}");
    let made = node.get(&path).await.data();
    assert_eq!(
        (&made["type"], &made["color"]),
        (&json!("appointment"), &Value::Null)
    );
    let agent = node.make_agent().await;
    let body = json!({
        "color": "#2f80ed",
        "ai_agents": [agent],
        "human_agents": ["ada@example.com"],
        "custom_questions": [{ "name": "First visit?", "type": "boolean", "required": true }],
    });
    let changed = node.put(&path, body).await.data();
    assert_eq!(
        (&changed["name"], &changed["color"]),
        (&made["name"], &json!("#2f80ed"))
    );
    assert_eq!(changed["ai_agents"], json!([agent]));
    assert_eq!(changed["custom_questions"][0]["required"], true);
    let emptied = node
        .put(&path, json!({ "color": null, "name": "Door" }))
        .await
        .data();
    assert_eq!(
        (&emptied["name"], &emptied["color"]),
        (&json!("Door"), &Value::Null)
    );
    assert_eq!(emptied["ai_agents"], json!([agent]));
    let listed = format!(
        "/schedules?availability_type_uuid={}",
        text(&made["availability_type_uuid"])
    );
    assert_eq!(node.get(&listed).await.data(), json!([emptied]));
    let others = format!("/schedules?availability_type_uuid={agent}");
    assert_eq!(node.get(&others).await.data(), json!([]));
    let hours = format!(
        "/availability-types/{}",
        text(&made["availability_type_uuid"])
    );
    node.delete(&hours)
        .await
        .is_error(409, "AVAILABILITY_TYPE_IN_USE");
    node.delete(&path).await.data();
    node.get(&path).await.is_error(404, "SCHEDULE_NOT_FOUND");
    node.delete(&hours).await.data();
}

#[tokio::test]
async fn a_schedule_is_made_of_what_exists() {
    let node = Node::start().await;
    let nobody = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34";
    let body = json!({ "name": "Desk", "availability_type_uuid": nobody });
    node.post("/schedules", body)
        .await
        .is_error(404, "AVAILABILITY_TYPE_NOT_FOUND");
    let path = format!("/schedules/{}", schedule_with(&node, json!({})).await);
    node.put(&path, json!({ "ai_agents": [nobody] }))
        .await
        .is_about("ai_agents[0]");
    let question = json!({ "custom_questions": [["Name?"]] });
    node.put(&path, question)
        .await
        .is_about("custom_questions[0]");
    let body = json!({ "availability_type_uuid": nobody });
    node.put(&path, body)
        .await
        .is_error(404, "AVAILABILITY_TYPE_NOT_FOUND");
}

#[tokio::test]
async fn slots_are_free_and_within_the_hours() {
    let node = Node::start().await;
    let year = next_year();
    let every_day = json!([{ "from": "09:00", "until": "11:00" }]);
    let hours = json!({
        "timezone": "Asia/Kathmandu",
        "weekly_hours": { "monday": every_day, "tuesday": every_day, "wednesday": every_day,
            "thursday": every_day, "friday": every_day, "saturday": every_day,
            "sunday": every_day },
    });
    let schedule = schedule_with(&node, hours).await;
    let body = json!({
        "schedule_uuid": schedule,
        "title": "Check-up",
        "start_time": format!("{year}-05-05 09:30:00"),
        "end_time": format!("{year}-05-05 10:00:00"),
    });
    let made = node.post("/appointments", body).await.data();
    assert_eq!(made["start_time"], format!("{year}-05-05T03:45:00Z"));
    let day = format!("from={year}-05-05&to={year}-05-05");
    let shown = |times: &[&str]| -> Vec<String> {
        times
            .iter()
            .map(|time| format!("{year}-05-05 {time}:00"))
            .collect()
    };
    assert_eq!(
        local_times(&node, &schedule, &day).await,
        shown(&["09:00", "10:00", "10:30"])
    );
    let long = format!("{day}&duration=60");
    assert_eq!(
        local_times(&node, &schedule, &long).await,
        shown(&["10:00"])
    );
    let narrow = format!("from={year}-05-05T04:15:00Z&to={year}-05-05%2010:30:00");
    assert_eq!(
        local_times(&node, &schedule, &narrow).await,
        shown(&["10:00"])
    );
    let path = format!("/appointments/{}/status", text(&made["uuid"]));
    node.post(&path, json!({ "status": "cancelled" }))
        .await
        .data();
    assert_eq!(local_times(&node, &schedule, &day).await.len(), 4);
}

#[tokio::test]
async fn slots_are_asked_for_in_a_span_that_makes_sense() {
    let node = Node::start().await;
    let schedule = schedule_with(&node, json!({})).await;
    for (field, query) in [
        ("from", "from=soon"),
        ("to", "from=2036-05-05&to=2036-05-04"),
        ("to", "from=2036-05-05&to=2036-06-05"),
        ("duration", "duration=0"),
        ("duration", "duration=1441"),
    ] {
        node.get(&format!("/schedules/{schedule}/slots?{query}"))
            .await
            .is_about(field);
    }
    let month = "from=2036-05-05&to=2036-06-04";
    assert_eq!(local_times(&node, &schedule, month).await, [""; 0]);
    assert!(!local_times(&node, &schedule, "").await.is_empty());
}
