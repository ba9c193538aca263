//! The ledgers of a call's answers, as the node tells them to others: as spans to a collector, and
//! as histograms to Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use end_to_end::{Collector, Node, Phone, Span, checkout, texts};
use serde_json::Value;

/// One nanosecond for either end of a time that the API gives in milliseconds.
const ROUNDING: f64 = 2.0 / 1e6;

/// Has a caller ask one thing and hang up; what the API says of the call.
async fn call(node: &Node) -> Value {
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    let plays = [checkout("fixtures/ast_en_ss-noservice.wav")];
    let phone = Phone::start(&["--call", &target, "--hangup-after", "1s"], &plays);
    let report = phone.report().await;
    assert_eq!(report["answered"], true, "{report}");
    let calls = api.get("/calls?direction=inbound").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn lasts_ms(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6
}

#[tokio::test]
async fn a_call_reaches_the_collector_as_one_trace_that_agrees_with_its_ledgers() {
    let mut collector = Collector::start().await;
    let node = Node::builder()
        .set("MIHU_OTLP_ENDPOINT", collector.endpoint())
        .start();
    let told = call(&node).await;
    let trace = collector.trace().await;

    let (root, below) = trace.split_last().expect("spans");
    assert_eq!(root.name, "call");
    let of_call = texts(root);
    assert_eq!(
        of_call["mihu.call.id"],
        told["uuid"].as_str().expect("an id")
    );
    assert_eq!(of_call["mihu.call.direction"], "inbound");
    assert_eq!(of_call["mihu.call.status"], "completed");
    assert!(trace.iter().all(|span| span.trace_id == root.trace_id));
    assert!(below.iter().all(|span| {
        span.start_time_unix_nano >= root.start_time_unix_nano
            && span.end_time_unix_nano <= root.end_time_unix_nano
    }));

    let latencies = list(&told, "latencies");
    assert!(!latencies.is_empty(), "{told}");
    let named = |name: &str| {
        below
            .iter()
            .filter(|span| span.name == name)
            .collect::<Vec<_>>()
    };
    let answers = named("answer");
    assert_eq!(answers.len(), latencies.len());
    for (answer, latency) in answers.iter().zip(latencies) {
        let items = below
            .iter()
            .filter(|span| span.parent_span_id == answer.span_id);
        let items: Vec<_> = items.collect();
        let ledger = list(latency, "items");
        assert_eq!(items.len(), ledger.len());
        for (span, item) in items.iter().zip(ledger) {
            assert_eq!(span.name, item["name"].as_str().expect("a name"));
            let differs = (lasts_ms(span) - number(&item["duration_ms"])).abs();
            assert!(differs <= ROUNDING, "{span:?} {item}");
        }
        let explained: f64 = items.iter().map(|item| lasts_ms(item)).sum();
        let unexplained = number(&latency["unattributed_ms"]);
        let gap = lasts_ms(answer);
        assert!((explained + unexplained - gap).abs() < 0.01, "{latency}");
        let felt = number(&latency["voiced_to_audible_ms"]);
        assert!((felt..felt + 1.0).contains(&gap), "{gap} {latency}");
    }
    let turns = named("turn").len();
    let api = node.api();
    let path = format!("/calls/{}/transcript", of_call["mihu.call.id"]);
    let transcript = api.get(&path).await.body;
    assert_eq!(
        turns,
        list(&transcript["data"], "turns").len(),
        "{transcript}"
    );
    let metrics = api.metrics().await;
    assert_eq!(
        metrics.figure("mihu_spans_dropped_total{reason=\"queue_full\"}"),
        0.0
    );
}

/// Each wait of a live call is in its recording: from the caller's last audible sample to the
/// agent's first.
#[tokio::test]
async fn the_items_of_a_live_call_add_up_to_the_gaps_in_its_recording() {
    let node = Node::builder().start();
    let told = call(&node).await;
    let id = told["uuid"].as_str().expect("an id");
    let path = node.data().join(format!("recordings/{id}.wav"));
    let (rate, sides) = audio::file::read_channels(&path).expect("a recording");
    let [caller, agent] = sides.try_into().expect("two sides");
    let audible = |sample: &i16| audio::level::is_audible(&[*sample]);
    let place = |ms: f64| rate.samples_in(Duration::from_secs_f64(ms.max(0.0) / 1_000.0));

    let latencies = list(&told, "latencies");
    assert!(!latencies.is_empty(), "{told}");
    for latency in latencies {
        let items = list(latency, "items");
        let sum: f64 = items.iter().map(|item| number(&item["duration_ms"])).sum();
        let voiced = place(number(&items[0]["start_ms"]));
        // The agent is silent while the caller's last word dies away.
        let onset = agent[voiced..].iter().position(audible);
        let onset = voiced + onset.expect("an answer");
        let last = caller[..voiced].iter().rposition(audible);
        let mut last = last.expect("a caller who is heard");
        // A caller who goes on at the very moment is not who is answered.
        let pause = rate.samples_in(Duration::from_millis(200));
        let before = |last: usize| &caller[last + 1..onset.min(last + pause)];
        while let Some(more) = before(last).iter().position(audible) {
            last += more + 1;
        }
        let gap = (onset - last) as f64 / f64::from(rate.hertz()) * 1_000.0;
        let sum = sum + number(&latency["unattributed_ms"]);
        assert!(
            (sum - gap).abs() <= 10.0,
            "{sum} ms, recorded {gap}: {latency}"
        );
        assert!(number(&latency["unattributed_ms"]) <= 10.0, "{latency}");
    }
}

#[tokio::test]
async fn no_span_holds_a_word_of_the_call_or_who_called() {
    let mut collector = Collector::start().await;
    let node = Node::builder()
        .set("MIHU_OTLP_ENDPOINT", collector.endpoint())
        .start();
    let told = call(&node).await;
    let trace = format!("{:?}", collector.trace().await).to_lowercase();
    let id = told["uuid"].as_str().expect("an id");
    let transcript = node
        .api()
        .get(&format!("/calls/{id}/transcript"))
        .await
        .body;
    let turns = list(&transcript["data"], "turns");
    let said: Vec<_> = turns
        .iter()
        .filter_map(|turn| turn["text"].as_str())
        .collect();
    let said = said.join(" ").to_lowercase();
    let words = said.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| word.len() > 6).collect();
    assert!(words.len() > 5, "{said}");
    for word in words {
        assert!(!trace.contains(word), "{word}");
    }
    let number = told["number"].as_str().expect("a number");
    assert!(
        !trace.contains(&format!("\"{}\"", number.to_lowercase())),
        "{number}"
    );
}

#[tokio::test]
async fn a_node_whose_collector_is_away_carries_calls_and_stops_in_order() {
    let away = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let mut node = Node::builder()
        .set("MIHU_OTLP_ENDPOINT", &away)
        .set("MIHU_OTLP_RETRY_FOR", "0s")
        .set("MIHU_OTLP_INTERVAL", "10ms")
        .start();
    let told = call(&node).await;
    assert!(!list(&told, "latencies").is_empty(), "{told}");
    let metrics = node.api().metrics().await;
    assert_eq!(metrics.figure("mihu_spans_exported_total"), 0.0);
    node.signal(rustix::process::Signal::TERM);
    let status = node.ended_within(Duration::from_secs(60));
    assert!(status.success(), "{}", node.log());
    assert!(node.log().contains("the OTLP collector"), "{}", node.log());
}

#[tokio::test]
async fn prometheus_is_told_every_item_of_the_ledgers_and_they_sum_up() {
    let node = Node::builder().start();
    let told = call(&node).await;
    let latencies = list(&told, "latencies");
    assert!(!latencies.is_empty(), "{told}");
    let mut expected: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for item in latencies.iter().flat_map(|latency| list(latency, "items")) {
        let (count, seconds) = expected
            .entry(item["name"].as_str().expect("a name"))
            .or_default();
        *count += 1.0;
        *seconds += number(&item["duration_ms"]) / 1_000.0;
    }
    for item in [
        "vad_hangover",
        "endpoint_wait",
        "jitter_buffer",
        "decode",
        "detection",
        "recognition",
        "model_first_token",
        "sentence_split",
        "synthesis_first_audio",
        "playout_wait",
    ] {
        assert!(expected.contains_key(item), "no {item}: {expected:?}");
    }
    let metrics = node.api().metrics().await;
    let mut explained = 0.0;
    for (item, (count, seconds)) in &expected {
        let figure = |of: &str| {
            metrics.figure(&format!(
                "mihu_answer_wait_item_seconds_{of}{{item=\"{item}\"}}"
            ))
        };
        assert_eq!(figure("count"), *count, "{item}");
        assert!((figure("sum") - seconds).abs() < 1e-6, "{item}");
        explained += figure("sum");
    }
    let items = metrics.series("mihu_answer_wait_item_seconds_count");
    assert_eq!(items, expected.len(), "items that no ledger has");
    let unexplained = metrics.figure("mihu_answer_wait_unattributed_seconds_sum");
    let felt = metrics.figure("mihu_voiced_to_audible_seconds_sum");
    let answers = metrics.figure("mihu_voiced_to_audible_seconds_count");
    assert_eq!(answers, latencies.len() as f64);
    // Waits are counted in whole milliseconds, their items in full.
    let rounding = answers * 0.001;
    let sum = explained + unexplained;
    assert!((felt..=felt + rounding).contains(&sum), "{sum} {felt}");
}
