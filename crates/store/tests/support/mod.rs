//! What every test of the store begins with. The root of a test binary says in `database` which
//! database its tests run on.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use postgres_fixture::TestDatabase;
use serde_json::json;
use store::{
    Announcement, CallEnd, ClaimLimits, EndpointHealth, Evaluating, MadeAttempt, Message, NewAgent,
    NewCall, NewWebhook, Outcome, PostgresSettings, Secret, SigningSecret, Store,
};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const LIMITS: ClaimLimits = ClaimLimits {
    messages: 10,
    per_webhook: 10,
    hold: Duration::from_secs(30),
};

pub(crate) const EVENT: &str = "conversation_end_report";

/// A database of a test's own; it goes with the test.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Database {
    /// Opens it as another process would.
    pub(crate) async fn open_again(&self) -> Store {
        let opened = match self {
            Self::Sqlite(folder) => Store::open(&folder.path().join("mihu.sqlite")).await,
            Self::Postgres(database) => Store::connect(&settings(database.url())).await,
        };
        opened.unwrap()
    }
}

pub(crate) fn settings(url: String) -> PostgresSettings {
    PostgresSettings {
        url: Secret::new(url),
        connections: NonZeroU32::new(4).unwrap(),
    }
}

/// Leaves the tables of an empty store in a Postgres database.
pub(crate) fn migrate(url: &str) {
    let settings = settings(url.to_owned());
    // The caller is inside a runtime of its own, which can not be waited in.
    let migrating = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::connect(&settings).await.unwrap();
            store.close().await;
        });
    };
    std::thread::scope(|scope| scope.spawn(migrating).join().unwrap());
}

/// An empty store in the database that this binary tests.
pub(crate) async fn open() -> (Store, Database) {
    let database = crate::database();
    (database.open_again().await, database)
}

/// A moment of the tests' own time line.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn agent(name: &str) -> NewAgent {
    NewAgent {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        definition: json!({ "name": name }),
        webhooks: None,
    }
}

pub(crate) fn outbound(agent: Uuid, number: &str) -> NewCall {
    NewCall {
        id: Uuid::now_v7(),
        conversation: Uuid::now_v7(),
        agent,
        direction: "outbound",
        number: number.to_owned(),
        has_contact: true,
        provider: "sip",
        status: "initiated",
        at: at(0),
    }
}

pub(crate) fn webhook(agent: Uuid, url: &str, events: &[&str]) -> NewWebhook {
    NewWebhook {
        id: Uuid::now_v7(),
        agent: Some(agent),
        url: url.to_owned(),
        events: events.iter().map(|&event| event.to_owned()).collect(),
        secret: SigningSecret::Given(Secret::new("whsec_c2VjcmV0")),
        is_active: true,
    }
}

pub(crate) fn turn(speaker: &str, text: &str) -> Message {
    Message {
        speaker: speaker.to_owned(),
        text: text.to_owned(),
        start_ms: 100,
        end_ms: 900,
        interrupted: false,
    }
}

pub(crate) fn completed(call: &NewCall) -> CallEnd {
    CallEnd {
        call: call.id,
        conversation: call.conversation,
        agent: call.agent,
        status: "completed",
        sip_code: None,
        reason: "the caller hung up".to_owned(),
        answered_at: Some(at(5)),
        ended_at: at(65),
        duration: Duration::from_secs(60),
        recording: Some("/data/recordings/1.wav".into()),
        transcript: vec![turn("agent", "Hello."), turn("caller", "Hi.")],
        latencies: vec![json!({ "turn": 2 })],
        decisions: vec![json!({ "verdict": "turn_ended" })],
        tries: vec![json!({ "used": true })],
        summary: Some("They said hello.".to_owned()),
        sentiment: Some("positive".to_owned()),
        cost: None,
        line: None,
        evaluation: Evaluating::Never,
    }
}

pub(crate) fn report() -> Announcement {
    Announcement {
        event: EVENT,
        payload: r#"{"event":"conversation.end_report"}"#.to_owned(),
    }
}

/// An attempt that began at second 70 and took a quarter of one.
pub(crate) fn made(outcome: Outcome) -> MadeAttempt {
    MadeAttempt {
        started_at: at(70),
        duration: Duration::from_millis(250),
        status_code: matches!(outcome, Outcome::Delivered).then_some(200),
        outcome,
    }
}

/// An endpoint of which nobody keeps count.
pub(crate) fn unwatched(health: EndpointHealth) -> EndpointHealth {
    health
}
