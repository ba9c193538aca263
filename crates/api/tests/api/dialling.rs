//! The queue at work: tasks place their calls, and what follows is decided by their ends.

use std::time::Duration;

use api::records;
use engine::{CallEvent, CallEventKind, CallId, CallReport, CallStatus, PlaceCallError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{NUMBER, Node, until};

/// A node whose queue is gone through.
struct Running {
    node: Node,
    shutdown: CancellationToken,
    queue: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        Self::of(Self::still().await)
    }

    async fn still() -> Node {
        Node::start_with(|config| {
            config.dialling.poll_interval = Duration::from_millis(20);
            config.dialling.lease = Duration::from_secs(60);
        })
        .await
    }

    fn of(node: Node) -> Self {
        let shutdown = CancellationToken::new();
        let queue = api::dialling::run(node.state.clone(), shutdown.clone());
        Self {
            node,
            shutdown,
            queue: tokio::spawn(queue),
        }
    }

    async fn stop(self) -> Node {
        self.shutdown.cancel();
        self.queue.await.unwrap();
        self.node
    }

    /// Makes a task that is due now and gives its path.
    async fn task(&self, more: Value) -> String {
        let mut body = json!({
            "title": "Remind",
            "type": "make_call",
            "agent_uuid": self.node.file_agent,
            "scheduled_at": Timestamp::now(),
            "contact": { "phone_number": NUMBER },
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let made = self.node.post("/tasks", body).await.data();
        format!("/tasks/{}", made["uuid"].as_str().unwrap())
    }

    /// The task once it has this status.
    async fn becomes(&self, path: &str, status: &str) -> Value {
        until(async || {
            let task = self.node.get(path).await.data();
            (task["status"] == status).then_some(task)
        })
        .await
    }

    /// The so-many-th call once it is placed.
    async fn placed(&self, nth: usize) -> CallId {
        until(async || {
            self.node
                .calls
                .placed
                .lock()
                .unwrap()
                .get(nth)
                .map(|call| call.call)
        })
        .await
    }

    async fn ends(&self, call: CallId, status: CallStatus) {
        let event = self
            .node
            .calls
            .happen(call, CallEventKind::Ended(report(status)));
        write(&self.node, event).await;
    }
}

pub(crate) async fn write(node: &Node, event: CallEvent) {
    let (events, received) = mpsc::channel(1);
    events.send(event).await.unwrap();
    drop(events);
    records::run(node.state.clone(), received, CancellationToken::new()).await;
}

pub(crate) fn report(status: CallStatus) -> CallReport {
    CallReport {
        status,
        sip_code: None,
        reason: "it is over".to_owned(),
        answered_at: None,
        duration: Duration::ZERO,
        recording: None,
        transcript: Vec::new(),
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    }
}

#[tokio::test]
async fn a_task_places_its_call_and_completes_with_it() {
    let running = Running::start().await;
    let data = json!({ "about": "Waits for a parcel.", "first_message": "Hello Ada." });
    let path = running.task(json!({ "task_data": data })).await;
    let call = running.placed(0).await;
    {
        let placed = running.node.calls.placed.lock().unwrap();
        assert_eq!(placed[0].number, NUMBER);
        assert_eq!(placed[0].about.as_deref(), Some("Waits for a parcel."));
        assert_eq!(placed[0].first_message.as_deref(), Some("Hello Ada."));
    }
    let task = running.becomes(&path, "in_progress").await;
    assert_eq!(task["attempts"][0]["call_uuid"], json!(call.0));
    running.ends(call, CallStatus::Completed).await;
    let task = running.becomes(&path, "completed").await;
    assert_eq!(task["attempts"][0]["outcome"], "completed");
    assert_eq!(running.node.calls.placed.lock().unwrap().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_task_waits_for_its_time() {
    let running = Running::start().await;
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    let path = running
        .task(json!({ "scheduled_at": later, "auto_queue": true }))
        .await;
    let soon = running
        .task(json!({ "contact": { "phone_number": "+14155550199" } }))
        .await;
    running.placed(0).await;
    running.becomes(&soon, "in_progress").await;
    assert_eq!(running.node.get(&path).await.data()["status"], "queued");
    running
        .node
        .post(&format!("{path}/queue"), json!({}))
        .await
        .data();
    running.placed(1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_failed_attempt_is_made_again_until_none_is_left() {
    let running = Running::start().await;
    let path = running
        .task(json!({ "max_attempts": 2, "retry_interval_minutes": 30 }))
        .await;
    let first = running.placed(0).await;
    running.ends(first, CallStatus::Busy).await;
    let task = running.becomes(&path, "scheduled").await;
    let next: Timestamp = task["next_attempt_at"].as_str().unwrap().parse().unwrap();
    let wait = next.duration_since(Timestamp::now());
    assert!((29 * 60..=30 * 60).contains(&wait.as_secs()), "{wait}");
    running
        .node
        .post(&format!("{path}/queue"), json!({}))
        .await
        .data();
    let second = running.placed(1).await;
    running.ends(second, CallStatus::NoAnswer).await;
    let task = running.becomes(&path, "failed").await;
    assert_eq!(task["attempts"][1]["outcome"], "no-answer");
    assert_eq!(task["attempts_made"], 2);
    running.stop().await;
}

#[tokio::test]
async fn a_node_that_is_full_puts_a_task_back_without_counting_an_attempt() {
    let running = Running::start().await;
    let full = PlaceCallError::Full {
        limit: 1,
        retry_after: Duration::from_millis(50),
    };
    *running.node.calls.refusal.lock().unwrap() = Some(full);
    let path = running.task(json!({})).await;
    let waiting = async || {
        let task = running.node.get(&path).await.data();
        task["reason"].is_string().then_some(task)
    };
    let task = until(waiting).await;
    assert_eq!(
        (&task["status"], &task["attempts_made"]),
        (&json!("queued"), &json!(0))
    );
    assert_eq!(running.node.get("/calls").await.data()["total"], 0);
    *running.node.calls.refusal.lock().unwrap() = None;
    running.placed(0).await;
    let task = running.becomes(&path, "in_progress").await;
    assert_eq!(task["attempts_made"], 1);
    running.stop().await;
}

#[tokio::test]
async fn a_number_that_no_trunk_reaches_fails_its_task() {
    let running = Running::start().await;
    let number = NUMBER.to_owned();
    *running.node.calls.refusal.lock().unwrap() = Some(PlaceCallError::NoTrunk { number });
    let path = running.task(json!({})).await;
    let task = running.becomes(&path, "failed").await;
    assert!(task["reason"].as_str().unwrap().contains("no trunk"));
    running.stop().await;
}

#[tokio::test]
async fn who_does_not_want_to_be_called_is_not() {
    let running = Running::start().await;
    running
        .node
        .post("/do-not-call", json!({ "number": NUMBER }))
        .await
        .data();
    let path = running.task(json!({})).await;
    let task = running.becomes(&path, "cancelled").await;
    assert!(task["reason"].as_str().unwrap().contains("do-not-call"));
    assert!(running.node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn what_people_do_is_in_their_hands_from_its_time_on() {
    let running = Running::start().await;
    let path = running.task(json!({ "type": "follow_up" })).await;
    running.becomes(&path, "in_progress").await;
    let done = running
        .node
        .post(&format!("{path}/complete"), json!({}))
        .await
        .data();
    assert_eq!(done["status"], "completed");
    running.stop().await;
}

#[tokio::test]
async fn a_task_whose_call_is_under_way_is_not_deleted() {
    let running = Running::start().await;
    let path = running.task(json!({})).await;
    let call = running.placed(0).await;
    running.becomes(&path, "in_progress").await;
    running
        .node
        .delete(&path)
        .await
        .is_error(409, "TASK_STATUS_CONFLICT");
    running.ends(call, CallStatus::Completed).await;
    running.becomes(&path, "completed").await;
    running.node.delete(&path).await.data();
    running.stop().await;
}

#[tokio::test]
async fn cancelling_a_task_ends_its_call() {
    let running = Running::start().await;
    let path = running.task(json!({})).await;
    let call = running.placed(0).await;
    running
        .node
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .data();
    assert_eq!(running.node.calls.hung_up.lock().unwrap()[0].0, call);
    running.ends(call, CallStatus::Cancelled).await;
    running.becomes(&path, "cancelled").await;
    running.stop().await;
}

#[tokio::test]
async fn after_a_crash_the_attempt_is_known_and_not_made_again() {
    let running = Running::start().await;
    let path = running.task(json!({})).await;
    let call = running.placed(0).await;
    running.becomes(&path, "in_progress").await;
    let node = running.stop().await;
    node.calls.forget(call);
    let node = node.started_again();
    assert_eq!(records::close_interrupted(&node.state).await.unwrap(), 1);
    let running = Running::of(node);
    let task = running.becomes(&path, "scheduled").await;
    assert_eq!(task["attempts"][0]["outcome"], "failed");
    assert_eq!(
        (&task["attempts"][1], &task["attempts_made"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(running.node.calls.placed.lock().unwrap().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_running_campaign_calls_each_contact_and_completes() {
    let running = Running::start().await;
    let node = &running.node;
    let always = json!({ "name": "Any time", "start_time": "00:00", "end_time": "00:00" });
    let rule = node.post("/rules", always).await.data()["uuid"].clone();
    let listing = json!({
        "name": "Spring",
        "agent_uuid": node.file_agent,
        "auto_start": true,
        "contacts": [{ "phone_number": "+14155550123" }, { "phone_number": "+14155550124" }],
        "rule": { "uuid": rule },
    });
    let listing = node.post("/listings", listing).await.data();
    let (one, other) = (running.placed(0).await, running.placed(1).await);
    let campaign = format!("/campaigns/{}", listing["campaign_uuid"].as_str().unwrap());
    assert_eq!(node.get(&campaign).await.data()["status"], "In Process");
    running.ends(one, CallStatus::Completed).await;
    running.ends(other, CallStatus::Completed).await;
    let completed = running.becomes(&campaign, "Completed").await;
    assert_eq!(completed["tasks_completed"], 2);
    let pool = listing["pool_uuid"].as_str().unwrap();
    let members = node
        .get(&format!("/pools/{pool}/contacts?status=Completed"))
        .await
        .data();
    assert_eq!(members["total"], 2);
    assert_eq!(node.calls.placed.lock().unwrap().len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn outside_of_the_rules_hours_a_campaign_waits() {
    let running = Running::start().await;
    let node = &running.node;
    // The hour that begins two hours from now, by the clock of Los Angeles.
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap();
    let clock = |hours| {
        let at = Timestamp::now() + SignedDuration::from_hours(hours);
        zone.to_datetime(at).time()
    };
    let (start, end) = (clock(2), clock(3));
    let listing = json!({
        "name": "Spring",
        "agent_uuid": node.file_agent,
        "auto_start": true,
        "contacts": [{ "phone_number": NUMBER }],
        "rule": {
            "start_time": start.strftime("%H:%M").to_string(),
            "end_time": end.strftime("%H:%M").to_string(),
        },
    });
    let listing = node.post("/listings", listing).await.data();
    let path = format!(
        "/pools/{}/contacts?status=Scheduled",
        listing["pool_uuid"].as_str().unwrap()
    );
    let member = until(async || {
        let members = node.get(&path).await.data();
        (members["total"] == 1).then(|| members["data"][0].clone())
    })
    .await;
    assert!(member["next_retry_at"].is_string());
    assert!(member["notes"].as_str().unwrap().contains("hours"));
    assert!(node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_contact_that_does_not_want_to_be_called_is_not() {
    let running = Running::start().await;
    let node = &running.node;
    let refuses = json!({ "phone_number": NUMBER, "do_not_call": true });
    node.post("/contacts", refuses).await.data();
    let path = running.task(json!({})).await;
    running.becomes(&path, "cancelled").await;
    assert!(node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn an_inactive_contact_is_not_called() {
    let running = Running::start().await;
    let node = &running.node;
    let rests = json!({ "phone_number": NUMBER, "status": "Inactive" });
    node.post("/contacts", rests).await.data();
    let path = running.task(json!({})).await;
    let task = running.becomes(&path, "cancelled").await;
    assert_eq!(task["reason"], "the contact is inactive");
    assert!(node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_task_of_a_paused_agent_waits_for_it() {
    let running = Running::start().await;
    let node = &running.node;
    let agent = node.make_agent().await;
    let paused = json!({ "status": "paused" });
    node.patch(&format!("/agents/{agent}"), paused).await.data();
    let path = running.task(json!({ "agent_uuid": agent })).await;
    let task = until(async || {
        let task = node.get(&path).await.data();
        task["reason"].is_string().then_some(task)
    })
    .await;
    assert_eq!(
        (&task["status"], &task["reason"], &task["attempts_made"]),
        (
            &json!("scheduled"),
            &json!("its agent is paused"),
            &json!(0)
        )
    );
    assert!(node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn the_agent_is_told_what_is_known_of_the_contact() {
    let running = Running::start().await;
    let known = json!({ "phone_number": NUMBER, "name": "Ada", "primary_language": "en" });
    running.node.post("/contacts", known).await.data();
    let data = json!({ "about": "Waits for a parcel." });
    running.task(json!({ "task_data": data })).await;
    running.placed(0).await;
    let about = running.node.calls.placed.lock().unwrap()[0].about.clone();
    let expected = "Waits for a parcel.\nName: Ada.\nLanguage: en.";
    assert_eq!(about.as_deref(), Some(expected));
    running.stop().await;
}

#[tokio::test]
async fn a_campaign_keeps_to_the_hours_where_the_contact_is() {
    let running = Running::start().await;
    let node = &running.node;
    // By the clock of the number it is the hour of the rule, by the contact's own it is not.
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap();
    let clock = |hours| {
        let at = Timestamp::now() + SignedDuration::from_hours(hours);
        let time = zone.to_datetime(at).time();
        time.strftime("%H:%M").to_string()
    };
    let moved = json!({ "phone_number": NUMBER, "timezone": "Asia/Tokyo" });
    node.post("/contacts", moved).await.data();
    let listing = json!({
        "name": "Spring",
        "agent_uuid": node.file_agent,
        "auto_start": true,
        "contacts": [{ "phone_number": NUMBER }],
        "rule": { "start_time": clock(-1), "end_time": clock(1) },
    });
    let listing = node.post("/listings", listing).await.data();
    let pool = listing["pool_uuid"].as_str().unwrap();
    let path = format!("/pools/{pool}/contacts?status=Scheduled");
    until(async || (node.get(&path).await.data()["total"] == 1).then_some(())).await;
    assert!(node.calls.placed.lock().unwrap().is_empty());
    running.stop().await;
}
