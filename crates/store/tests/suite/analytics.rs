//! Figures against rows that were made by hand.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use store::{
    CallEnd, CallFigures, Evaluating, NewCall, NewEvaluation, QUARTER_MICROS, SessionFigures,
    Store, Window,
};
use uuid::Uuid;

use crate::support::{Database, agent, at, completed, open, outbound, report, turn};

/// Two agents and what they did.
struct Made {
    store: Store,
    first: Uuid,
    second: Uuid,
    _database: Database,
}

impl Made {
    async fn rows() -> Self {
        let (store, database) = open().await;
        let agents = [agent("First"), agent("Second")];
        for new in &agents {
            store.insert_agent(new, at(0)).await.unwrap();
        }
        let made = Self {
            store,
            first: agents[0].id,
            second: agents[1].id,
            _database: database,
        };
        let inbound = made.begin(made.first, "inbound", "+14155550101", 0).await;
        made.end(&inbound, "completed", Some(60), &[700, 300, 500])
            .await;
        let busy = made
            .begin(made.first, "outbound", "+14155550102", 100)
            .await;
        made.end(&busy, "busy", None, &[]).await;
        let nobody = made
            .begin(made.second, "outbound", "+14155550103", 200)
            .await;
        made.end(&nobody, "unreachable", None, &[]).await;
        let broken = made
            .begin(made.second, "outbound", "+14155550101", 1_000)
            .await;
        made.end(&broken, "failed", Some(30), &[900]).await;
        made.begin(made.first, "inbound", "+14155550104", 1_100)
            .await;
        made.begin(made.first, "inbound", "+14155550105", 2_000)
            .await;
        made
    }

    async fn begin(
        &self,
        agent: Uuid,
        direction: &'static str,
        number: &str,
        second: i64,
    ) -> NewCall {
        let call = NewCall {
            direction,
            at: at(second),
            ..outbound(agent, number)
        };
        self.store.begin_call(&call).await.unwrap();
        call
    }

    /// Ends a call that was answered, if it was, a second after its beginning.
    async fn end(&self, call: &NewCall, status: &'static str, seconds: Option<i64>, waits: &[u64]) {
        let one = jiff::SignedDuration::from_secs(1);
        let answered_at = seconds.map(|_| call.at + one);
        let length = seconds.unwrap_or(0);
        let turns = vec![
            turn("agent", "Hello."),
            turn("caller", "Hi."),
            turn("agent", "Bye."),
        ];
        let evaluation = NewEvaluation {
            id: Uuid::now_v7(),
            source: "offline",
            source_reason: None,
            blocks: json!({}),
            voice: json!({}),
            sentiment: Some(if length > 30 { "positive" } else { "negative" }.to_owned()),
            human_escalation: Some(length == 30),
            success: (length > 30).then_some(true),
        };
        let end = CallEnd {
            status,
            answered_at,
            ended_at: call.at + one + jiff::SignedDuration::from_secs(length),
            duration: Duration::from_secs(length.unsigned_abs()),
            transcript: if answered_at.is_some() {
                turns
            } else {
                Vec::new()
            },
            latencies: waits
                .iter()
                .map(|wait| json!({ "voiced_to_audible_ms": wait }))
                .collect(),
            decisions: Vec::new(),
            tries: Vec::new(),
            evaluation: match answered_at {
                Some(_) => Evaluating::Done(evaluation),
                None => Evaluating::Never,
            },
            ..completed(call)
        };
        self.store
            .end_call(&end, &[report()], at(3_000))
            .await
            .unwrap();
    }

    fn window(from: i64, before: i64) -> Window {
        Window {
            from: at(from),
            before: at(before),
            agent: None,
            campaign: None,
            channel: None,
        }
    }
}

#[tokio::test]
async fn calls_are_counted_by_what_became_of_them() {
    let made = Made::rows().await;
    let whole = Made::window(0, 2_000);
    let figures = made.store.call_figures(&whole).await.unwrap();
    let expected = CallFigures {
        calls: 5,
        inbound: 2,
        outbound: 3,
        answered: 2,
        missed: 1,
        failed: 1,
        duration_ms: 90_000,
        longest_ms: 60_000,
    };
    assert_eq!(figures, expected);
    let outcomes = made.store.call_outcomes(&whole).await.unwrap();
    let words: Vec<_> = outcomes
        .iter()
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    assert_eq!(
        words,
        [
            ("busy", 1),
            ("completed", 1),
            ("failed", 1),
            ("initiated", 1),
            ("unreachable", 1)
        ]
    );
    let second = Window {
        agent: Some(made.second),
        ..whole
    };
    let figures = made.store.call_figures(&second).await.unwrap();
    assert_eq!((figures.calls, figures.answered, figures.failed), (2, 1, 1));
    let stranger = Window {
        campaign: Some(Uuid::now_v7()),
        ..whole
    };
    assert_eq!(
        made.store.call_figures(&stranger).await.unwrap(),
        CallFigures::default()
    );
}

#[tokio::test]
async fn a_window_has_its_first_moment_and_not_its_last() {
    let made = Made::rows().await;
    let figures = |from, before| {
        let store = made.store.clone();
        async move {
            store
                .call_figures(&Made::window(from, before))
                .await
                .unwrap()
                .calls
        }
    };
    assert_eq!(figures(0, 100).await, 1);
    assert_eq!(figures(100, 101).await, 1);
    assert_eq!(figures(1, 100).await, 0);
    assert_eq!(figures(0, 2_001).await, 6);
}

#[tokio::test]
async fn quarters_of_an_hour_add_up_to_the_whole() {
    let made = Made::rows().await;
    let whole = Made::window(0, 2_000);
    let quarters = made.store.call_figures_by_quarter(&whole).await.unwrap();
    let sum = quarters
        .iter()
        .map(|(_, figures)| *figures)
        .reduce(CallFigures::with);
    assert_eq!(sum, Some(made.store.call_figures(&whole).await.unwrap()));
    // The tests' own time line begins 800 seconds into a quarter.
    let begins = |quarter: i64| Timestamp::from_microsecond(quarter * QUARTER_MICROS).unwrap();
    let counted: Vec<_> = quarters
        .iter()
        .map(|(quarter, figures)| (begins(*quarter), figures.calls))
        .collect();
    assert_eq!(counted, [(at(-800), 1), (at(100), 2), (at(1_000), 2)]);
}

#[tokio::test]
async fn sessions_are_counted_with_what_is_in_them() {
    let made = Made::rows().await;
    let whole = Made::window(0, 2_000);
    let figures = made.store.session_figures(&whole).await.unwrap();
    let expected = SessionFigures {
        sessions: 5,
        closed: 4,
        conversations: 5,
        contacts: 4,
        duration_ms: 61_000 + 1_000 + 1_000 + 31_000,
        longest_ms: 61_000,
        agent_messages: 4,
        contact_messages: 2,
        evaluated: 2,
        positive: 1,
        neutral: 0,
        negative: 1,
        escalated: 1,
        judged: 1,
        successful: 1,
        wait_p50_ms: Some(500),
        wait_p95_ms: Some(900),
    };
    assert_eq!(figures, expected);
    let first = Window {
        agent: Some(made.first),
        ..whole
    };
    let figures = made.store.session_figures(&first).await.unwrap();
    assert_eq!((figures.sessions, figures.wait_p95_ms), (3, Some(700)));
    let empty = made
        .store
        .session_figures(&Made::window(5_000, 6_000))
        .await
        .unwrap();
    assert_eq!(empty, SessionFigures::default());
}

#[tokio::test]
async fn sessions_are_counted_in_the_part_that_they_began_in() {
    let made = Made::rows().await;
    let whole = Made::window(0, 2_000);
    let beginnings = [at(0), at(100), at(300), at(1_000)];
    let parts = made.store.session_figures_by(&whole, &beginnings);
    let parts = parts.await.unwrap();
    let ends = [100, 300, 1_000, 2_000];
    assert_eq!(parts.len(), ends.len());
    for ((part, from), before) in parts.iter().zip([0, 100, 300, 1_000]).zip(ends) {
        let window = Made::window(from, before);
        let alone = made.store.session_figures(&window);
        assert_eq!(*part, alone.await.unwrap(), "from {from}");
    }
    let counted: Vec<_> = parts.iter().map(|part| part.sessions).collect();
    assert_eq!(counted, [1, 2, 0, 2]);
    let waits: Vec<_> = parts.iter().map(|part| part.wait_p95_ms).collect();
    assert_eq!(waits, [Some(700), None, None, Some(900)]);
    let none = made.store.session_figures_by(&whole, &[]).await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn messages_are_exported_page_by_page_each_once() {
    let made = Made::rows().await;
    let window = Made::window(0, 2_000);
    let all = made
        .store
        .export_messages(&window, None, 100)
        .await
        .unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by_key(|message| message.record.created_at));
    assert_eq!(
        (all[0].agent, all[0].channel.as_str()),
        (made.first, "call")
    );
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = made.store.export_messages(&window, after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        read.extend(page);
    }
    assert_eq!(read, all);
    let second = Window {
        agent: Some(made.second),
        ..window
    };
    assert_eq!(
        made.store
            .export_messages(&second, None, 100)
            .await
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn of_another_workspace_nothing_is_counted() {
    let made = Made::rows().await;
    let other = made
        .store
        .create_workspace("Other", store::Plan::Free, at(0));
    let other = made.store.in_workspace(&other.await.unwrap().id);
    let whole = Made::window(0, 2_000);
    assert_eq!(
        other.call_figures(&whole).await.unwrap(),
        CallFigures::default()
    );
    assert_eq!(
        other.session_figures(&whole).await.unwrap(),
        SessionFigures::default()
    );
    assert!(
        other
            .export_messages(&whole, None, 100)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(other.call_outcomes(&whole).await.unwrap().is_empty());
}
