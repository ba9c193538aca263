//! Agents that book, move and cancel appointments in calls.

use std::sync::Arc;

use agent::AgentDefinition;
use api::{CallTools, IntentSettings, IntentTools};
use engine::{
    AgentDirectory as _, CallEvent, CallEventKind, CallId, Direction, ToolDirectory as _,
    ToolOutcome, ToolReply, ToolRunner,
};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use llm::{LanguageModel as _, Message, Offline, ReplyPart, ReplyRequest, Role, ToolCall};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dialling::write;
use crate::schedules::{every_day, next_year, text};
use crate::support::{NUMBER, Node};

/// A schedule in Berlin that is open every day from 9 to 12, in hourly slots.
async fn berlin(node: &Node, details: Value) -> String {
    let week = every_day("09:00", "12:00");
    let hours = json!({
        "name": "Hours", "timezone": "Europe/Berlin", "weekly_hours": week,
        "slot_minutes": 60, "horizon_days": 730,
    });
    let hours = node.post("/availability-types", hours).await.data();
    let mut body = json!({ "name": "Desk", "availability_type_uuid": hours["uuid"] });
    for (field, value) in details.as_object().unwrap() {
        body[field] = value.clone();
    }
    text(&node.post("/schedules", body).await.data()["uuid"])
}

/// Has the file agent book in a schedule, by these rules.
async fn assign(node: &Node, schedule: &str, rules: Value) {
    let mut assignment = json!({ "schedule_uuid": schedule });
    for (block, rules) in rules.as_object().unwrap() {
        assignment[block] = rules.clone();
    }
    let body = json!({ "enabled": true, "schedule_assignments": [assignment] });
    let path = format!("/agents/{}/appointments", node.file_agent);
    node.put(&path, body).await.data();
}

/// The tools of a call as it is when it is answered.
struct Call {
    id: Uuid,
    tools: Arc<dyn ToolRunner>,
}

impl Call {
    /// A call that the file agent places to a number.
    async fn placed(node: &Node) -> Self {
        let placed = node.place_call().await;
        Self::of(node, text(&placed["id"]).parse().unwrap())
    }

    /// A call to the file agent.
    async fn incoming(node: &Node, number: &str) -> Self {
        let call = CallId::generate();
        let kind = CallEventKind::Started {
            direction: Direction::Inbound,
            agent: node.file_agent,
            conversation: Uuid::now_v7(),
            number: number.to_owned(),
        };
        let at = Timestamp::now();
        write(node, CallEvent { call, at, kind }).await;
        Self::of(node, call.0)
    }

    fn of(node: &Node, id: Uuid) -> Self {
        let settings = IntentSettings::default();
        let intents = IntentTools::new(node.store.clone(), settings).unwrap();
        let tools = CallTools::new(intents, node.store.clone(), Some("US")).unwrap();
        let agent = node.directory.find(&node.file_agent.to_string()).unwrap();
        let tools = tools.runner_for(&agent, CallId(id));
        Self { id, tools }
    }

    async fn call(&self, name: &str, arguments: Value) -> ToolReply {
        let call = ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_string(),
            confidence: None,
        };
        self.tools.run(call).await
    }

    /// Calls a function that is to do what it is called for.
    async fn does(&self, name: &str, arguments: Value) -> String {
        let reply = self.call(name, arguments).await;
        assert_eq!(reply.outcome, ToolOutcome::Done, "{}", reply.text);
        assert!(!reply.is_spoken && reply.passes_to.is_none());
        reply.text
    }

    /// Calls a function that is to want something else first.
    async fn wants(&self, name: &str, arguments: Value) -> String {
        let reply = self.call(name, arguments).await;
        assert_eq!(reply.outcome, ToolOutcome::Incomplete, "{}", reply.text);
        reply.text
    }
}

fn at(day_and_time: &str) -> String {
    format!("{}-{day_and_time}", next_year())
}

async fn appointments(node: &Node) -> Vec<Value> {
    let found = node.get("/appointments").await.data();
    found.as_array().unwrap().clone()
}

async fn requests(node: &Node) -> Vec<Value> {
    let found = node.get("/appointment-requests").await.data();
    found.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_booked_appointment_is_with_the_contact_of_the_call() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let call = Call::placed(&node).await;
    let told = call
        .does(
            "book_appointment",
            json!({
                "start_time": at("05-05 10:00"), "title": "Check-up", "name": "Ada",
                "notes": "By the side door",
            }),
        )
        .await;
    assert!(told.starts_with("It is booked: Check-up in Desk"), "{told}");
    assert!(told.contains(&at("05-05 10:00 (Europe/Berlin)")), "{told}");

    let booked = appointments(&node).await;
    let [booked] = booked.as_slice() else {
        panic!("{booked:?}");
    };
    assert_eq!(text(&booked["schedule_uuid"]), schedule);
    assert_eq!(booked["start_time"], at("05-05T08:00:00Z"));
    assert_eq!(booked["end_time"], at("05-05T09:00:00Z"));
    assert_eq!(
        (&booked["title"], &booked["status"], &booked["notes"]),
        (
            &json!("Check-up"),
            &json!("approved"),
            &json!("By the side door")
        )
    );
    let contact = format!("/contacts/{}", text(&booked["contact_uuid"]));
    let contact = node.get(&contact).await.data();
    assert_eq!(
        (&contact["phone_number"], &contact["name"]),
        (&json!(NUMBER), &json!("Ada"))
    );
    let shown = node.get(&format!("/calls/{}", call.id)).await.data();
    assert_eq!(shown["contact_uuid"], booked["contact_uuid"], "{shown}");
}

#[tokio::test]
async fn a_time_that_is_taken_is_refused_and_the_free_ones_are_told() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let wish = json!({ "start_time": at("05-05 10:00") });
    Call::placed(&node)
        .await
        .does("book_appointment", wish.clone())
        .await;
    let told = Call::placed(&node)
        .await
        .wants("book_appointment", wish)
        .await;
    assert!(told.contains("That time is taken. Free instead:"), "{told}");
    assert!(told.contains(&at("05-05 09:00")), "{told}");
    assert!(told.contains(&at("05-05 11:00")), "{told}");
    assert_eq!(appointments(&node).await.len(), 1);
}

#[tokio::test]
async fn what_is_free_is_told_with_all_that_the_agent_has_to_know() {
    let node = Node::start().await;
    let details = json!({
        "human_agents": ["Dr. Adams"],
        "custom_questions": [{ "name": "First visit?", "type": "boolean", "required": true }],
    });
    let schedule = berlin(&node, details).await;
    assign(
        &node,
        &schedule,
        json!({ "name": "Check-ups", "description": "For adults" }),
    )
    .await;
    let call = Call::placed(&node).await;
    let days = json!({ "from_date": at("05-05"), "until_date": at("05-06") });
    let told = call.does("find_free_slots", days.clone()).await;
    assert!(
        told.starts_with("Check-ups (times in Europe/Berlin, 60 minutes each):"),
        "{told}"
    );
    assert!(told.contains(&at("05-05: 09:00, 10:00, 11:00")), "{told}");
    assert!(told.contains("For adults; kept by Dr. Adams."), "{told}");
    assert!(
        told.contains("First visit? (yes or no; required)"),
        "{told}"
    );
    assert!(!told.contains("has already"), "{told}");

    let start = at("05-05 10:00");
    let told = call
        .wants("book_appointment", json!({ "start_time": start }))
        .await;
    assert!(told.contains("First visit?"), "{told}");
    assert!(appointments(&node).await.is_empty());
    let answers = json!({ "start_time": start, "answers": { "First visit": "yes" } });
    call.does("book_appointment", answers).await;
    let booked = appointments(&node).await;
    assert_eq!(booked[0]["custom_answers"], json!({ "First visit?": true }));

    let told = call.does("find_free_slots", days).await;
    assert!(told.contains(&at("05-05: 09:00, 11:00")), "{told}");
    assert!(
        told.contains("The caller has already: Check-ups, "),
        "{told}"
    );
    let wrong = json!({ "from_date": "soon" });
    assert!(
        call.wants("find_free_slots", wrong)
            .await
            .contains("`from_date`")
    );
    let backwards = json!({ "from_date": at("05-06"), "until_date": at("05-05") });
    assert!(
        call.wants("find_free_slots", backwards)
            .await
            .contains("`until_date`")
    );
}

#[tokio::test]
async fn times_are_those_of_the_callers_clocks_where_they_are_known() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let ada = json!({ "name": "Ada", "phone_number": NUMBER, "timezone": "Asia/Tokyo" });
    node.post("/contacts", ada).await.data();
    let call = Call::placed(&node).await;
    let days = json!({ "from_date": at("05-05"), "until_date": at("05-05") });
    let told = call.does("find_free_slots", days).await;
    assert!(told.contains("times in Asia/Tokyo"), "{told}");
    assert!(told.contains(&at("05-05: 16:00, 17:00, 18:00")), "{told}");
    let told = call
        .does(
            "book_appointment",
            json!({ "start_time": at("05-05 17:00") }),
        )
        .await;
    assert!(told.contains("(Asia/Tokyo)"), "{told}");
    assert_eq!(
        appointments(&node).await[0]["start_time"],
        at("05-05T08:00:00Z")
    );
}

#[tokio::test]
async fn an_appointment_is_moved_where_there_is_room() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let call = Call::placed(&node).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    call.does("book_appointment", start).await;
    let taken = json!({
        "schedule_uuid": schedule, "title": "Other", "start_time": at("05-06 09:00:00"),
        "end_time": at("05-06 10:00:00"),
    });
    node.post("/appointments", taken).await.data();

    let clash = json!({ "new_start_time": at("05-06 09:00") });
    let told = call.wants("move_appointment", clash).await;
    assert!(told.contains("That time is taken"), "{told}");
    let to = json!({ "new_start_time": at("05-06 10:00") });
    let told = call.does("move_appointment", to).await;
    assert!(told.contains(&at("05-06 10:00")), "{told}");
    let booked = appointments(&node).await;
    assert_eq!(booked[1]["start_time"], at("05-06T08:00:00Z"));
    assert_eq!(booked[1]["end_time"], at("05-06T09:00:00Z"));
}

#[tokio::test]
async fn an_appointment_is_cancelled_with_its_reason_once_its_price_is_known() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    let rules = json!({ "cancellation": {
        "require_cancellation_reason": true, "cancellation_fee_policy": "It costs ten euros.",
    } });
    assign(&node, &schedule, rules).await;
    let call = Call::placed(&node).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    call.does("book_appointment", start.clone()).await;

    let told = call.wants("cancel_appointment", json!({})).await;
    assert!(told.contains("`reason`"), "{told}");
    let told = call
        .wants("cancel_appointment", json!({ "reason": "Ill" }))
        .await;
    assert!(told.contains("It costs ten euros."), "{told}");
    assert_eq!(appointments(&node).await[0]["status"], "approved");
    let accepted = json!({ "reason": "Ill", "fee_accepted": true });
    call.does("cancel_appointment", accepted.clone()).await;
    let cancelled = &appointments(&node).await[0];
    assert_eq!(
        (&cancelled["status"], &cancelled["cancellation_reason"]),
        (&json!("cancelled"), &json!("Ill"))
    );
    let reply = call.call("cancel_appointment", accepted).await;
    assert_eq!(
        reply.outcome,
        ToolOutcome::Failed,
        "nothing is left to cancel"
    );
    call.does("book_appointment", start).await;
}

#[tokio::test]
async fn rules_that_forbid_a_change_are_kept() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    let rules = json!({
        "slot_rules": { "max_appointments_per_day": 1, "conflict_resolution_enabled": false },
        "rescheduling": { "policy": "not_allowed" },
        "cancellation": { "ai_can_cancel": false },
    });
    assign(&node, &schedule, rules).await;
    let call = Call::placed(&node).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    call.does("book_appointment", start).await;
    let same_day = json!({ "start_time": at("05-05 09:00") });
    let told = call.wants("book_appointment", same_day).await;
    assert!(
        told.ends_with("No more appointments are made on that day."),
        "{told}"
    );
    let to = json!({ "new_start_time": at("05-06 10:00") });
    let told = call.wants("move_appointment", to).await;
    assert!(told.contains("not moved"), "{told}");
    let reply = call.call("cancel_appointment", json!({})).await;
    assert_eq!(reply.outcome, ToolOutcome::Failed, "{}", reply.text);
    assert_eq!(appointments(&node).await[0]["status"], "approved");
}

#[tokio::test]
async fn what_somebody_has_to_agree_to_becomes_a_request() {
    let node = Node::start().await;
    let question = json!({ "name": "Born", "type": "date" });
    let schedule = berlin(&node, json!({ "custom_questions": [question] })).await;
    let with = |approval: Value| json!({ "approval": approval });
    let all = json!({ "require_approval": true, "approval_for_create": true,
        "expected_response_time": "4_hours" });
    assign(&node, &schedule, with(all)).await;
    let call = Call::placed(&node).await;
    let wish = json!({ "start_time": at("05-05 10:00"), "answers": { "born": "1815-12-10" } });
    let told = call.does("book_appointment", wish.clone()).await;
    assert!(told.starts_with("It is not booked yet"), "{told}");
    assert!(told.contains("up to 4 hours"), "{told}");
    assert!(appointments(&node).await.is_empty());
    let asked = requests(&node).await;
    assert_eq!(
        (&asked[0]["type"], &asked[0]["notes"]),
        (&json!("create"), &json!("Born: 1815-12-10"))
    );
    assert_eq!(asked[0]["start_time"], at("05-05T08:00:00Z"));
    assert!(asked[0]["contact"]["uuid"].is_string());

    assign(&node, &schedule, json!({})).await;
    call.does("book_appointment", wish).await;
    let changes = json!({ "require_approval": true, "approval_for_reschedule": true,
        "approval_for_cancel": true });
    assign(&node, &schedule, with(changes)).await;
    let to = json!({ "new_start_time": at("05-06 10:00") });
    let told = call.does("move_appointment", to).await;
    assert!(told.starts_with("It is not moved yet"), "{told}");
    let told = call
        .does("cancel_appointment", json!({ "reason": "Ill" }))
        .await;
    assert!(told.starts_with("It is not cancelled yet"), "{told}");
    let booked = &appointments(&node).await[0];
    assert_eq!(
        (&booked["start_time"], &booked["status"]),
        (&json!(at("05-05T08:00:00Z")), &json!("approved"))
    );
    let asked = requests(&node).await;
    let kinds: Vec<&Value> = asked.iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for kind in ["reschedule", "cancel"] {
        let one = asked.iter().find(|one| one["type"] == kind).unwrap();
        assert_eq!(one["appointment_uuid"], booked["uuid"]);
    }
}

#[tokio::test]
async fn who_has_several_appointments_says_which_is_meant() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let call = Call::placed(&node).await;
    for time in ["05-05 09:00", "05-06 10:00"] {
        let start = json!({ "start_time": at(time) });
        call.does("book_appointment", start).await;
    }
    let told = call.wants("cancel_appointment", json!({})).await;
    assert!(
        told.contains(&at("05-05 09:00")) && told.contains(&at("05-06 10:00")),
        "{told}"
    );
    let other = json!({ "appointment_time": at("05-07 10:00") });
    call.wants("cancel_appointment", other).await;
    let second = json!({ "appointment_time": at("05-06 10:00") });
    call.does("cancel_appointment", second).await;
    let booked = appointments(&node).await;
    let statuses: Vec<&Value> = booked.iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["approved", "cancelled"]);
}

#[tokio::test]
async fn nobody_changes_the_appointments_of_others() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    Call::placed(&node)
        .await
        .does("book_appointment", start)
        .await;
    let other = Call::incoming(&node, "+14155550199").await;
    for (function, arguments) in [
        (
            "cancel_appointment",
            json!({ "appointment_time": at("05-05 10:00") }),
        ),
        (
            "move_appointment",
            json!({ "new_start_time": at("05-06 10:00") }),
        ),
    ] {
        let reply = other.call(function, arguments).await;
        assert_eq!(reply.outcome, ToolOutcome::Failed, "{}", reply.text);
    }
    assert_eq!(appointments(&node).await[0]["status"], "approved");
    let told = other.does("find_free_slots", json!({})).await;
    assert!(!told.contains("has already"), "{told}");
}

#[tokio::test]
async fn who_hides_their_number_says_who_they_are() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let call = Call::incoming(&node, "anonymous").await;
    let mut wish = json!({ "start_time": at("05-05 10:00"), "name": "Ada" });
    let told = call.wants("book_appointment", wish.clone()).await;
    assert!(told.contains("`phone`"), "{told}");
    assert!(appointments(&node).await.is_empty());
    wish["phone"] = "(415) 555-0142".into();
    call.does("book_appointment", wish).await;
    let contact = text(&appointments(&node).await[0]["contact_uuid"]);
    let contact = node.get(&format!("/contacts/{contact}")).await.data();
    assert_eq!(
        (&contact["phone_number"], &contact["name"]),
        (&json!("+14155550142"), &json!("Ada"))
    );
}

#[tokio::test]
async fn a_schedule_that_names_the_agent_is_booked_in_too() {
    let node = Node::start().await;
    let agents = json!({ "name": "Room 2", "ai_agents": [node.file_agent] });
    let named = berlin(&node, agents).await;
    let other = berlin(&node, json!({ "name": "Room 3" })).await;
    let assigned = berlin(&node, json!({})).await;
    assign(&node, &assigned, json!({})).await;
    let call = Call::placed(&node).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    for schedule in [assigned, named] {
        call.does("book_appointment", start.clone()).await;
        let path = format!("/appointments?schedule_uuid={schedule}");
        let booked = node.get(&path).await.data();
        assert_eq!(booked.as_array().unwrap().len(), 1, "{booked}");
    }
    let told = call.wants("book_appointment", start).await;
    assert!(
        told.contains("Room 2") && !told.contains("Room 3"),
        "{told}"
    );
    let booked = node
        .get(&format!("/appointments?schedule_uuid={other}"))
        .await;
    assert_eq!(booked.data(), json!([]));
    let free = json!({ "start_time": at("05-05 11:00"), "schedule": "room 2" });
    let told = call.does("book_appointment", free).await;
    assert!(told.starts_with("It is booked: Room 2"), "{told}");
    let unknown = json!({ "start_time": at("05-05 11:00"), "schedule": "Attic" });
    let told = call.wants("book_appointment", unknown).await;
    assert!(told.contains("Desk, Room 2"), "{told}");
}

/// What the offline responder calls when a caller says this.
async fn offline(agent: &AgentDefinition, says: &str) -> ToolCall {
    let request = ReplyRequest {
        messages: vec![Message::said(Role::User, says)],
        tools: agent.functions(),
        ..ReplyRequest::default()
    };
    let parts: Vec<_> = Offline::new().reply(request).collect().await;
    match parts.into_iter().next() {
        Some(Ok(ReplyPart::Call(call))) => call,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_language_model_the_functions_are_called_by_what_the_caller_says() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let agent = node.directory.find(&node.file_agent.to_string()).unwrap();
    let call = Call::placed(&node).await;
    let day = "I want to book an appointment for tomorrow.";
    let reply = call.tools.run(offline(&agent, day).await).await;
    assert!(
        reply.text.contains("A day and a time are needed"),
        "{}",
        reply.text
    );
    let time = "Please book an appointment on Friday at ten o'clock.";
    let reply = call.tools.run(offline(&agent, time).await).await;
    assert!(reply.text.starts_with("It is booked"), "{}", reply.text);
    let slots = offline(&agent, "Which appointments are free?").await;
    assert_eq!(slots.name, "find_free_slots");
    let other = "Could you move my appointment to Friday at eleven?";
    let reply = call.tools.run(offline(&agent, other).await).await;
    assert!(reply.text.starts_with("It is moved"), "{}", reply.text);
    let cancel = offline(&agent, "I have to cancel my appointment.").await;
    let reply = call.tools.run(cancel).await;
    assert!(reply.text.starts_with("It is cancelled"), "{}", reply.text);
}

#[tokio::test]
async fn of_bookings_at_the_same_moment_one_gets_the_time() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let (one, other) = (Call::placed(&node).await, Call::placed(&node).await);
    let wish = json!({ "start_time": at("05-05 10:00") });
    let (one, other) = tokio::join!(
        one.call("book_appointment", wish.clone()),
        other.call("book_appointment", wish)
    );
    let mut outcomes = [one.outcome.as_str(), other.outcome.as_str()];
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["done", "incomplete"]);
    assert_eq!(appointments(&node).await.len(), 1);
}

#[tokio::test]
async fn an_agent_that_does_not_book_has_no_such_functions() {
    let node = Node::start().await;
    let schedule = berlin(&node, json!({})).await;
    assign(&node, &schedule, json!({})).await;
    let path = format!("/agents/{}/appointments", node.file_agent);
    node.put(&path, json!({ "enabled": false })).await.data();
    let call = Call::placed(&node).await;
    let start = json!({ "start_time": at("05-05 10:00") });
    let reply = call.call("book_appointment", start).await;
    assert_eq!(reply.outcome, ToolOutcome::Failed, "{}", reply.text);
    assert!(appointments(&node).await.is_empty());
}

#[tokio::test]
async fn whether_an_agent_books_is_the_same_in_its_definition_and_its_booking() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let booking = format!("{agent}/appointments");
    let on = json!({ "appointment_scheduling_enabled": true });
    node.patch(&agent, on).await.data();
    assert_eq!(node.get(&booking).await.data()["enabled"], true);

    let random = json!({ "enabled": false, "random_assignment": true });
    node.put(&booking, random).await.data();
    let shown = node.get(&agent).await.data();
    assert_eq!(
        (
            &shown["appointment_scheduling_enabled"],
            &shown["appointment_scheduling_randomly"]
        ),
        (&json!(false), &json!(true))
    );

    let back = json!({
        "appointment_scheduling_enabled": true, "appointment_scheduling_randomly": false,
    });
    node.patch(&agent, back).await.data();
    let shown = node.get(&booking).await.data();
    assert_eq!(
        (&shown["enabled"], &shown["random_assignment"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn whether_an_agent_of_a_file_books_is_remembered() {
    let node = Node::start().await;
    let path = format!("/agents/{}/appointments", node.file_agent);
    node.put(&path, json!({ "enabled": true })).await.data();
    let found = node.directory.find(&node.file_agent.to_string()).unwrap();
    assert!(found.appointment_scheduling_enabled);
    let file = AgentDefinition::clone(&found);
    let file = AgentDefinition {
        appointment_scheduling_enabled: false,
        ..file
    };
    let again = api::Directory::load(&node.store, vec![file], Timestamp::now());
    let again = again.await.unwrap();
    let found = again.find(&node.file_agent.to_string()).unwrap();
    assert!(found.appointment_scheduling_enabled);
}
