//! Figures as clients ask for them, over calls that were made by hand.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{Announcement, CallEnd, Evaluating, Message, NewCall};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Node, until};

/// Has an agent be called at a moment and speak for so many seconds.
async fn call(node: &Node, at: &str, seconds: u32) -> Uuid {
    let at: Timestamp = at.parse().unwrap();
    let call = NewCall {
        id: Uuid::now_v7(),
        conversation: Uuid::now_v7(),
        agent: node.file_agent,
        direction: "inbound",
        number: "+4930123456".to_owned(),
        has_contact: true,
        provider: "sip",
        status: "initiated",
        at,
    };
    node.store.begin_call(&call).await.unwrap();
    let said = |speaker: &str, text: &str, start_ms| Message {
        speaker: speaker.to_owned(),
        text: text.to_owned(),
        start_ms,
        end_ms: start_ms + 500,
        interrupted: false,
    };
    let end = CallEnd {
        call: call.id,
        conversation: call.conversation,
        agent: call.agent,
        status: "completed",
        sip_code: None,
        reason: "the far end hung up".to_owned(),
        answered_at: Some(at),
        ended_at: at + SignedDuration::from_secs(i64::from(seconds)),
        duration: Duration::from_secs(u64::from(seconds)),
        recording: None,
        transcript: vec![said("agent", "Hello.", 0), said("caller", "Hi.", 1_000)],
        latencies: vec![json!({ "voiced_to_audible_ms": seconds * 10 })],
        decisions: Vec::new(),
        tries: Vec::new(),
        summary: None,
        sentiment: None,
        cost: None,
        line: None,
        evaluation: Evaluating::Never,
    };
    let report = Announcement {
        event: "conversation_end_report",
        payload: "{}".to_owned(),
    };
    node.store.end_call(&end, &[report], at).await.unwrap();
    call.conversation
}

/// A week in which Berlin puts its clocks forward: 29 March 2026 has 23 hours there.
async fn spring() -> Node {
    let node = Node::start().await;
    for (at, seconds) in [
        ("2026-03-28T22:59:59Z", 10), // still the 28th in Berlin
        ("2026-03-28T23:00:00Z", 20), // midnight of the 29th
        ("2026-03-29T00:59:59Z", 30), // the last second of winter time
        ("2026-03-29T01:00:00Z", 40), // three o'clock, summer time
        ("2026-03-29T21:59:59Z", 50), // the last second of the 29th
        ("2026-03-29T22:00:00Z", 60), // midnight of the 30th
    ] {
        call(&node, at, seconds).await;
    }
    node
}

async fn figures(node: &Node, path: &str) -> Value {
    let answer = node.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn counts(figures: &Value) -> Vec<(String, u64)> {
    let buckets = figures["buckets"].as_array().unwrap().iter();
    buckets
        .map(|bucket| {
            let from = bucket["from"].as_str().unwrap().to_owned();
            (from, bucket["totals"]["calls"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn calls_are_counted_without_an_envelope() {
    let node = spring().await;
    let path = "/analytics/calls?from=2026-03-29T00:00:00%2B01:00&to=2026-03-30T00:00:00%2B02:00";
    let whole = figures(&node, path).await;
    assert_eq!(whole.get("success"), None);
    assert_eq!(
        whole["totals"],
        json!({
            "calls": 4, "inbound": 4, "outbound": 0, "answered": 4, "missed": 0, "failed": 0,
            "ai_handled": 4, "human_handled": 0,
        })
    );
    assert_eq!(
        whole["duration_sec"],
        json!({ "total": 140.0, "average": 35.0, "longest": 50.0 })
    );
    assert_eq!(whole["outcome"], json!({ "completed": 4 }));
    assert_eq!(
        (&whole["buckets"], &whole["previous"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(whole["meta"]["timezone"], "+01:00");
    assert_eq!(whole["meta"]["from"], "2026-03-28T23:00:00Z");
    // A plus sign that nobody escaped.
    let unescaped = path.replace("%2B", "+");
    assert_eq!(figures(&node, &unescaped).await["totals"], whole["totals"]);
}

#[tokio::test]
async fn days_are_those_of_the_time_zone_also_where_clocks_change() {
    let node = spring().await;
    let window = "from=2026-03-28T00:00:00%2B01:00&to=2026-03-31T00:00:00%2B02:00&granularity=day";
    let berlin = format!("/analytics/calls?{window}&timezone=Europe/Berlin");
    let days = figures(&node, &berlin).await;
    let count = |from: &str, calls| (from.to_owned(), calls);
    assert_eq!(
        counts(&days),
        [
            count("2026-03-27T23:00:00Z", 1),
            count("2026-03-28T23:00:00Z", 4),
            count("2026-03-29T22:00:00Z", 1),
        ]
    );
    assert_eq!(days["buckets"][1]["to"], "2026-03-29T22:00:00Z");
    assert_eq!(days["buckets"][1]["duration_sec"]["total"], 140.0);
    assert_eq!(days["totals"]["calls"], 6);
    // Without a zone the offset of `from` counts all the way: the last day is cut short.
    let fixed = figures(&node, &format!("/analytics/calls?{window}")).await;
    assert_eq!(
        counts(&fixed),
        [
            count("2026-03-27T23:00:00Z", 1),
            count("2026-03-28T23:00:00Z", 5),
            count("2026-03-29T23:00:00Z", 0),
        ]
    );
    let utc = "from=2026-03-28T00:00:00Z&to=2026-03-30T00:00:00Z&granularity=day";
    let utc = figures(&node, &format!("/analytics/calls?{utc}")).await;
    let expected = [
        count("2026-03-28T00:00:00Z", 2),
        count("2026-03-29T00:00:00Z", 4),
    ];
    assert_eq!(counts(&utc), expected);
}

#[tokio::test]
async fn an_hour_that_is_left_out_is_left_out() {
    let node = spring().await;
    let path = "/analytics/calls?from=2026-03-29T00:00:00%2B01:00&to=2026-03-29T04:00:00%2B02:00\
                &granularity=hour&timezone=Europe/Berlin";
    let hours = figures(&node, path).await;
    let count = |from: &str, calls| (from.to_owned(), calls);
    assert_eq!(
        counts(&hours),
        [
            count("2026-03-28T23:00:00Z", 1),
            count("2026-03-29T00:00:00Z", 1),
            count("2026-03-29T01:00:00Z", 1),
        ]
    );
}

#[tokio::test]
async fn the_window_before_is_as_long() {
    let node = spring().await;
    let path =
        "/analytics/calls?from=2026-03-29T00:00:00Z&to=2026-03-29T02:00:00Z&compare_prev=true";
    let compared = figures(&node, path).await;
    assert_eq!(compared["totals"]["calls"], 2);
    let previous = &compared["previous"];
    assert_eq!(previous["from"], "2026-03-28T22:00:00Z");
    assert_eq!(previous["to"], "2026-03-29T00:00:00Z");
    assert_eq!(previous["totals"]["calls"], 2);
    assert_eq!(previous["duration_sec"]["total"], 30.0);
}

#[tokio::test]
async fn sessions_are_counted_with_messages_and_waits() {
    let node = spring().await;
    let path =
        "/analytics/sessions?from=2026-03-28T00:00:00Z&to=2026-03-31T00:00:00Z&compare_prev=true";
    let sessions = figures(&node, path).await;
    assert_eq!(sessions["totals"]["sessions"], 6);
    assert_eq!(sessions["totals"]["contacts"], 1);
    assert_eq!(sessions["totals"]["messages"], 12);
    assert_eq!(sessions["messages_per_session"], 2.0);
    assert_eq!(sessions["latency_ms"], json!({ "p50": 300, "p95": 600 }));
    assert_eq!(sessions["duration_sec"]["total"], 210.0);
    assert_eq!(sessions["rates"]["evaluated"], 0.0);
    assert_eq!(sessions["rates"]["positive"], Value::Null);
    assert_eq!(sessions["previous"]["totals"]["sessions"], 0);
    assert_eq!(sessions["previous"]["latency_ms"], Value::Null);
    let texts = figures(&node, &format!("{path}&channel=sms,whatsapp")).await;
    assert_eq!(texts["totals"]["sessions"], 0);
    assert_eq!(texts["latency_ms"], Value::Null);
    let calls = figures(&node, &format!("{path}&channel=call,whatsapp_call")).await;
    assert_eq!(calls["totals"], sessions["totals"]);
}

#[tokio::test]
async fn messages_are_exported_from_cursor_to_cursor() {
    let node = spring().await;
    let path = "/analytics/messages?from=2026-03-28T00:00:00Z&to=2026-03-31T00:00:00Z";
    let all = figures(&node, path).await;
    let whole = all["messages"].as_array().unwrap();
    assert_eq!(
        (whole.len(), &all["pagination"]["limit"]),
        (12, &json!(500))
    );
    assert_eq!(all["pagination"]["has_more"], false);
    assert_eq!(whole[1]["created_at"], "2026-03-28T23:00:00Z");
    assert_eq!(whole[1]["sender"], "Contact");
    assert_eq!(whole[1]["agent_uuid"], node.file_agent.to_string());
    let mut read = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = figures(&node, &format!("{path}&limit=5&cursor={cursor}")).await;
        read.extend(page["messages"].as_array().unwrap().clone());
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(read, *whole);
    node.get(&format!("{path}&cursor=xyz"))
        .await
        .is_about("cursor");
    node.get(&format!("{path}&limit=1001"))
        .await
        .is_about("limit");
}

#[tokio::test]
async fn a_window_that_is_none_is_refused() {
    let node = Node::start().await;
    for path in [
        "/analytics/calls",
        "/analytics/sessions",
        "/analytics/messages",
    ] {
        let ask = async |query: &str| node.get(&format!("{path}?{query}")).await;
        let day = "from=2026-03-28T00:00:00Z&to=2026-03-29T00:00:00Z";
        ask("to=2026-03-29T00:00:00Z").await.is_about("from");
        ask("from=2026-03-29T00:00:00Z").await.is_about("to");
        ask("from=2026-03-29T00:00:00&to=2026-03-30T00:00:00Z")
            .await
            .is_about("from");
        ask("from=2026-03-29T00:00:00Z&to=2026-03-29T00:00:00Z")
            .await
            .is_about("to");
        ask(&format!("{day}&channel=pigeon"))
            .await
            .is_about("channel");
        ask(&format!("{day}&timezone=Mars/Base"))
            .await
            .is_about("timezone");
        ask(&format!("{day}&agent_uuid=7"))
            .await
            .is_about("agent_uuid");
    }
    let year = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&granularity=hour";
    let year = node.get(&format!("/analytics/calls?{year}")).await;
    year.is_about("granularity");
}

#[tokio::test]
async fn what_was_done_for_a_campaign_is_counted_for_it_alone() {
    let node = Node::start_with(|config| {
        config.dialling.poll_interval = Duration::from_millis(20);
    })
    .await;
    let listing = json!({
        "name": "Spring",
        "agent_uuid": node.file_agent,
        "contacts": [{ "phone_number": "+14155550177" }],
        "rule": { "start_time": "00:00", "end_time": "00:00" },
        "auto_start": true,
    });
    let listing = node.post("/listings", listing).await;
    let listing = listing.data();
    let shutdown = CancellationToken::new();
    let queue = tokio::spawn(api::dialling::run(node.state.clone(), shutdown.clone()));
    let placed = until(async || node.calls.placed.lock().unwrap().first().cloned()).await;
    shutdown.cancel();
    queue.await.unwrap();
    node.place_call().await;

    let window = format!(
        "from={}&to={}",
        Timestamp::now() - SignedDuration::from_hours(1),
        Timestamp::now() + SignedDuration::from_hours(1)
    );
    let campaign = listing["campaign_uuid"].as_str().unwrap();
    for (query, expected) in [
        (window.clone(), 2),
        (format!("{window}&campaign_uuid={campaign}"), 1),
        (format!("{window}&campaign_uuid={}", Uuid::now_v7()), 0),
        (format!("{window}&agent_uuid={}", node.file_agent), 2),
    ] {
        let calls = figures(&node, &format!("/analytics/calls?{query}")).await;
        assert_eq!(calls["totals"]["calls"], expected, "{query}");
        let sessions = figures(&node, &format!("/analytics/sessions?{query}")).await;
        assert_eq!(sessions["totals"]["sessions"], expected, "{query}");
    }
    let path = format!("/conversations/{}", placed.conversation);
    let conversation = node.get(&path).await.data();
    assert_eq!(conversation["campaign_uuid"], campaign);
    assert_eq!(conversation["listing_uuid"], listing["uuid"]);
    let session = node.get(&format!("{path}/sessions")).await.data()["data"][0].clone();
    assert_eq!(conversation["task_uuids"], session["task_uuids"]);
    assert_eq!(session["task_uuids"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_are_divided_as_calls_are() {
    let node = spring().await;
    let sessions = |figures: &Value| -> Vec<(String, u64)> {
        let buckets = figures["buckets"].as_array().unwrap().iter();
        buckets
            .map(|bucket| {
                let from = bucket["from"].as_str().unwrap().to_owned();
                (from, bucket["totals"]["sessions"].as_u64().unwrap())
            })
            .collect()
    };
    for (window, parts) in [
        (
            "from=2026-03-28T00:00:00%2B01:00&to=2026-03-31T00:00:00%2B02:00&granularity=hour",
            71,
        ),
        (
            "from=2026-03-28T00:00:00%2B01:00&to=2026-03-31T00:00:00%2B02:00&granularity=day",
            3,
        ),
        (
            "from=2026-03-20T00:00:00%2B01:00&to=2026-04-06T00:00:00%2B02:00&granularity=week",
            3,
        ),
        (
            "from=2026-01-15T00:00:00%2B01:00&to=2026-05-01T00:00:00%2B02:00&granularity=month",
            4,
        ),
    ] {
        let of_sessions = format!("/analytics/sessions?{window}&timezone=Europe/Berlin");
        let of_calls = format!("/analytics/calls?{window}&timezone=Europe/Berlin");
        let divided = figures(&node, &of_sessions).await;
        assert_eq!(sessions(&divided), counts(&figures(&node, &of_calls).await));
        assert_eq!(sessions(&divided).len(), parts, "{window}");
        let sum: u64 = sessions(&divided).iter().map(|(_, count)| count).sum();
        assert_eq!(sum, 6, "{window}");
    }
    let weeks = "/analytics/sessions?from=2026-03-20T00:00:00%2B01:00&to=2026-04-06T00:00:00%2B02:00\
                 &granularity=week&timezone=Europe/Berlin&compare_prev=true";
    let weeks = figures(&node, weeks).await;
    assert_eq!(weeks["granularity"], "week");
    assert_eq!(weeks["previous"]["totals"]["sessions"], 0);
    // The week of the 29th ends with that Sunday, at midnight of summer time.
    let week = &weeks["buckets"][1];
    assert_eq!(week["from"], "2026-03-22T23:00:00Z");
    assert_eq!(week["to"], "2026-03-29T22:00:00Z");
    assert_eq!(week["totals"]["sessions"], 5);
    assert_eq!(week["totals"]["agent_messages"], 5);
    assert_eq!(week["latency_ms"], json!({ "p50": 300, "p95": 500 }));
    assert_eq!(week["duration_sec"]["longest"], 50.0);
    let previous = "/analytics/sessions?from=2026-03-29T22:00:00Z&to=2026-03-30T22:00:00Z\
                    &granularity=hour&compare_prev=true";
    let previous = figures(&node, previous).await;
    assert_eq!(previous["previous"]["totals"]["sessions"], 5);
    let none = "/analytics/sessions?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z\
                &granularity=day&channel=sms";
    let none = figures(&node, none).await;
    assert_eq!(none["buckets"].as_array().unwrap().len(), 31);
    for path in ["sessions", "calls"] {
        let year = format!("/analytics/{path}?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z");
        let answer = node.get(&format!("{year}&granularity=year")).await;
        answer.is_about("granularity");
        let answer = node.get(&format!("{year}&granularity=hour")).await;
        answer.is_about("granularity");
    }
}
