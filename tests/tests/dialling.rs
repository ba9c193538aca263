//! A node that is killed again and again while it works through a campaign and takes tasks: nobody
//! is left out, no task is lost, nobody is called twice for one attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use end_to_end::{Answer, Api, Invites, Node, NodeBuilder, Sipp};
use jiff::Timestamp;
use postgres_fixture::TestDatabase;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CONTACTS: usize = 9;

const TASKS: usize = 24;

/// How long a loaded machine may take over it.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test]
async fn a_campaign_survives_crashes_and_calls_nobody_twice_for_one_attempt() {
    a_campaign_survives_crashes("").await;
}

#[tokio::test]
async fn a_campaign_in_postgres_survives_crashes_and_calls_nobody_twice_for_one_attempt() {
    let database = TestDatabase::create();
    a_campaign_survives_crashes(&database.url()).await;
}

/// In the database with this address, or in a file of SQLite.
async fn a_campaign_survives_crashes(database: &str) {
    let sipp = answering();
    let invites = Invites::in_front_of(sipp.address()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        builder(&invites)
            .data(folder.path())
            .set("MIHU_STORE_DATABASE_URL", database)
            .start()
    };
    let deadline = Instant::now() + PATIENCE;

    let mut node = start();
    let api = node.api();
    let listing = listing(&api).await;
    let campaign = listing["campaign_uuid"]
        .as_str()
        .expect("a campaign")
        .to_owned();
    for crash in 1..=3 {
        // In the middle of it: some calls are over, some under way, some to come.
        let until = (crash * 2).min(CONTACTS);
        while invites.total() < until {
            assert!(Instant::now() < deadline, "too few calls:\n{}", node.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(node.crash());
        node = start();
    }
    let api = node.api();
    let filter = format!("campaign_uuid={campaign}");
    let tasks = all_completed(&node, &api, &filter, deadline).await;
    assert_eq!(tasks.len(), CONTACTS);
    no_attempt_called_twice(&api, &invites, &tasks).await;
    let done = api.get(&format!("/campaigns/{campaign}")).await;
    assert_eq!(done.body["data"]["tasks_completed"], json!(CONTACTS));
}

#[tokio::test]
async fn tasks_that_were_answered_survive_crashes_and_are_there_once() {
    let sipp = answering();
    let invites = Invites::in_front_of(sipp.address()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let start = || builder(&invites).data(folder.path()).start();
    let deadline = Instant::now() + PATIENCE;

    let mut node = start();
    let mut answered = BTreeSet::new();
    for round in 0..3 {
        let api = node.api();
        let agent = api.agent("support").await;
        let each = TASKS / 3;
        let mut posting = JoinSet::new();
        for index in round * each..(round + 1) * each {
            let (api, body) = (api.clone(), task(&agent, index));
            posting.spawn(async move {
                let made = made(api.try_post("/tasks", &body).await)?;
                let nothing = json!({});
                drop(
                    api.try_post(&format!("/tasks/{made}/queue"), &nothing)
                        .await,
                );
                Some(made)
            });
        }
        // In the middle of it: some tasks are answered, some being made.
        for _ in 0..each / 2 {
            let posted = posting.join_next().await.expect("more are posted");
            answered.extend(posted.expect("posting ends"));
        }
        drop(node.crash());
        while let Some(posted) = posting.join_next().await {
            answered.extend(posted.expect("posting ends"));
        }
        node = start();
    }
    let api = node.api();
    let tasks = all_completed(&node, &api, "type=make_call", deadline).await;
    let stored: BTreeSet<String> = tasks.iter().map(|task| word(task, "uuid")).collect();
    let titles: BTreeSet<String> = tasks.iter().map(|task| word(task, "title")).collect();
    assert!(answered.len() >= TASKS / 2, "{answered:?}");
    assert!(answered.is_subset(&stored), "{answered:?}, {stored:?}");
    assert_eq!((titles.len(), stored.len()), (tasks.len(), tasks.len()));
    no_attempt_called_twice(&api, &invites, &tasks).await;
}

/// A far end that answers every call and hangs up.
fn answering() -> Sipp {
    let longest = format!("{}s", PATIENCE.as_secs());
    Sipp::scenario("answer_then_bye")
        .calls(1000)
        .arguments(&["-timeout", &longest])
        .start()
}

fn task(agent: &str, index: usize) -> Value {
    json!({
        "title": format!("Call {index}"),
        "type": "make_call",
        "agent_uuid": agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
        "max_attempts": 10,
        "contact": { "phone_number": format!("+141555502{index:02}") },
    })
}

/// The task that a node said it made.
fn made(posted: Option<Answer>) -> Option<String> {
    let answer = posted.filter(|answer| answer.status == 201)?;
    Some(answer.text("/data/uuid").to_owned())
}

/// Waits until all tasks are completed.
async fn all_completed(node: &Node, api: &Api, filter: &str, deadline: Instant) -> Vec<Value> {
    loop {
        let tasks = tasks(api, filter).await;
        if tasks.iter().all(|task| task["status"] == "completed") {
            return tasks;
        }
        assert!(Instant::now() < deadline, "{tasks:?}\n{}", node.log());
        for task in tasks.iter().filter(|task| task["status"] == "scheduled") {
            // It is due at another time, what a crash cut short in an hour.
            let path = format!("/tasks/{}/queue", word(task, "uuid"));
            api.post(&path, &json!({})).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each task was completed by its last attempt. Each call to its number is that of the attempt that
/// had begun last when it came, and no attempt has two.
async fn no_attempt_called_twice(api: &Api, invites: &Invites, tasks: &[Value]) {
    for task in tasks {
        let path = format!("/tasks/{}", word(task, "uuid"));
        let task = api.get(&path).await.body["data"].clone();
        let attempts = task["attempts"].as_array().expect("attempts").clone();
        let (last, before) = attempts.split_last().expect("an attempt");
        assert_eq!(last["outcome"], "completed", "{task}");
        for attempt in before {
            assert_eq!(attempt["outcome"], "failed", "{task}");
        }
        let arrivals = invites.arrivals(&number_of(api, last).await);
        assert!(!arrivals.is_empty(), "nobody was called: {task}");
        let mut called = BTreeSet::new();
        for arrival in arrivals {
            let arrival = Timestamp::try_from(arrival).expect("a moment");
            // An attempt that a crash cut short has ended when last was heard of it.
            let before = |attempt: &&Value| moment(attempt, "started_at") <= arrival;
            let attempt = attempts.iter().rfind(before);
            let attempt = attempt.unwrap_or_else(|| panic!("a call at {arrival}: {task}"));
            let first = called.insert(word(attempt, "uuid"));
            assert!(first, "a second call at {arrival}: {task}");
        }
    }
}

fn builder(invites: &Invites) -> NodeBuilder {
    Node::builder()
        .trunk(invites.address())
        .set("MIHU_DIALLING_POLL_INTERVAL", "50ms")
        .set("MIHU_DIALLING_LEASE", "5s")
}

async fn listing(api: &Api) -> Value {
    let contacts: Vec<Value> = (0..CONTACTS)
        .map(|number| json!({ "phone_number": format!("+141555501{number:02}") }))
        .collect();
    let body = json!({
        "name": "Spring",
        "agent_uuid": api.agent("support").await,
        "auto_start": true,
        "contacts": contacts,
    });
    let made = api.post("/listings", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["data"].clone()
}

async fn tasks(api: &Api, filter: &str) -> Vec<Value> {
    let path = format!("/tasks?per_page=100&{filter}");
    let listed = api.get(&path).await;
    let tasks = listed.body["data"]["data"].as_array().cloned();
    tasks.unwrap_or_else(|| panic!("no tasks: {listed:?}"))
}

async fn number_of(api: &Api, attempt: &Value) -> String {
    let path = format!("/calls/{}", attempt["call_uuid"].as_str().expect("a call"));
    let call: BTreeMap<String, Value> =
        serde_json::from_value(api.get(&path).await.body["data"].clone()).expect("a call");
    call["number"].as_str().expect("a number").to_owned()
}

fn moment(thing: &Value, field: &str) -> Timestamp {
    word(thing, field).parse().expect("a moment")
}

fn word(thing: &Value, field: &str) -> String {
    thing[field].as_str().expect("a text").to_owned()
}
