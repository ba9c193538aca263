use std::collections::HashSet;
use std::time::Duration;

use engine::{CallId, LatencyItem, Speaker, SpeculationTally, TurnEvidence};
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::*;

/// What a call of one answer tells, with the moments it tells it at.
pub(crate) struct Story {
    call: CallId,
    began: Timestamp,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self {
            call: CallId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
            began: Timestamp::from_second(1_700_000_000).unwrap(),
        }
    }

    fn at(&self, after: Duration, kind: CallEventKind) -> CallEvent {
        CallEvent {
            call: self.call,
            at: self.began + after,
            kind,
        }
    }

    pub(crate) fn started(&self) -> CallEvent {
        let started = CallEventKind::Started {
            direction: Direction::Outbound,
            agent: Uuid::from_u128(7),
            conversation: Uuid::from_u128(8),
            number: "+14155550123".to_owned(),
        };
        self.at(Duration::ZERO, started)
    }

    pub(crate) fn answered(&self) -> CallEvent {
        self.at(Duration::from_secs(2), CallEventKind::Answered)
    }

    fn turn(&self) -> CallEvent {
        let turn = TranscriptTurn {
            speaker: Speaker::Caller,
            text: "My card is stolen.".to_owned(),
            start_ms: 400,
            end_ms: 1_000,
            interrupted: false,
        };
        self.at(Duration::from_secs(4), CallEventKind::Turn(turn))
    }

    pub(crate) fn latency(&self, latency: TurnLatency) -> CallEvent {
        let kind = CallEventKind::Latency(Box::new(latency));
        self.at(Duration::from_secs(4), kind)
    }

    pub(crate) fn ended(&self) -> CallEvent {
        let report = CallReport {
            status: CallStatus::Completed,
            sip_code: None,
            reason: "the caller of +14155550123 hung up".to_owned(),
            answered_at: None,
            duration: Duration::from_secs(8),
            recording: Some("/recordings/secret.wav".into()),
            transcript: Vec::new(),
            latencies: vec![latency()],
            decisions: Vec::new(),
            tries: Vec::new(),
            line: None,
        };
        self.at(Duration::from_secs(10), CallEventKind::Ended(report))
    }

    fn trace(&self) -> Trace {
        let mut trace = Trace::begin(&self.started()).unwrap();
        assert!(trace.note(&self.answered()).is_empty());
        trace
    }
}

/// An answer that was waited for from 1,000.25 ms to 1,325.75 ms of the recording, in three parts.
pub(crate) fn latency() -> TurnLatency {
    let item = |name: &str, start_ms, duration_ms| LatencyItem {
        name: name.to_owned(),
        start_ms,
        duration_ms,
    };
    TurnLatency {
        turn: 1,
        voiced_to_audible_ms: 325,
        decision_to_first_audio_ms: 25,
        endpointing_ms: 300,
        recognition_ms: 40,
        recognition_after_decision_ms: 0,
        model_first_token_ms: Some(5),
        synthesis_first_audio_ms: 12,
        items: vec![
            item("vad_hangover", 1_000.25, 64.1),
            item("endpoint_wait", 1_064.35, 236.4),
            item("playout_wait", 1_300.75, 25.0),
        ],
        unattributed_ms: 0.0,
        evidence: Some(TurnEvidence {
            words: Some("finished".to_owned()),
            sound: Some(0.75),
            own_pauses_ms: None,
            provider: None,
            completeness: 0.5,
        }),
        speculation: SpeculationTally {
            tries: 2,
            used: 1,
            wasted: 1,
            saved_ms: 180,
            used_tokens: 9,
            wasted_tokens: 4,
        },
    }
}

fn value(span: &Span, key: &str) -> Option<Value> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key);
    found.and_then(|attribute| attribute.value.clone()?.value)
}

fn lasts(span: &Span) -> u64 {
    span.end_time_unix_nano - span.start_time_unix_nano
}

#[test]
fn an_answer_lasts_from_the_callers_last_sound_to_the_agents_first() {
    let story = Story::new();
    let spans = story.trace().note(&story.latency(latency()));
    let answer = &spans[0];
    assert_eq!(answer.name, "answer");
    assert_eq!(answer.start_time_unix_nano, 1_700_000_003_000_250_000);
    assert_eq!(answer.end_time_unix_nano, 1_700_000_003_325_750_000);
}

#[test]
fn items_lie_one_after_the_other_and_fill_the_answer() {
    let story = Story::new();
    let spans = story.trace().note(&story.latency(latency()));
    let (answer, items) = spans.split_first().unwrap();
    let mut at = answer.start_time_unix_nano;
    for item in items {
        assert_eq!(item.start_time_unix_nano, at, "{}", item.name);
        assert_eq!(item.parent_span_id, answer.span_id);
        at = item.end_time_unix_nano;
    }
    assert_eq!(at, answer.end_time_unix_nano);
    let names: Vec<_> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["vad_hangover", "endpoint_wait", "playout_wait"]);
    assert_eq!(items.iter().map(lasts).sum::<u64>(), lasts(answer));
}

#[test]
fn an_answer_says_what_the_decision_rests_on_and_what_was_begun_ahead() {
    let story = Story::new();
    let spans = story.trace().note(&story.latency(latency()));
    let told = |key| value(&spans[0], key);
    let finished = Some(Value::StringValue("finished".to_owned()));
    assert_eq!(told("mihu.evidence.words"), finished);
    assert_eq!(told("mihu.evidence.sound"), Some(Value::DoubleValue(0.75)));
    assert_eq!(
        told("mihu.evidence.completeness"),
        Some(Value::DoubleValue(0.5))
    );
    assert_eq!(told("mihu.evidence.own_pauses_ms"), None);
    assert_eq!(told("mihu.speculation.tries"), Some(Value::IntValue(2)));
    assert_eq!(told("mihu.speculation.wasted"), Some(Value::IntValue(1)));
    assert_eq!(
        told("mihu.speculation.saved_ms"),
        Some(Value::IntValue(180))
    );
}

#[test]
fn a_turn_is_a_span_at_its_place_in_the_call() {
    let story = Story::new();
    let spans = story.trace().note(&story.turn());
    let [turn] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    assert_eq!(turn.name, "turn");
    assert_eq!(turn.start_time_unix_nano, 1_700_000_002_400_000_000);
    assert_eq!(lasts(turn), 600_000_000);
    let caller = Some(Value::StringValue("caller".to_owned()));
    assert_eq!(value(turn, "mihu.turn.speaker"), caller);
}

#[test]
fn the_call_is_the_root_from_its_start_to_its_end() {
    let story = Story::new();
    let mut trace = story.trace();
    let answer = trace.note(&story.latency(latency())).remove(0);
    let turn = trace.note(&story.turn()).remove(0);
    let call = trace.note(&story.ended()).remove(0);
    assert!(call.parent_span_id.is_empty());
    assert_eq!(call.start_time_unix_nano, 1_700_000_000_000_000_000);
    assert_eq!(lasts(&call), 10_000_000_000);
    assert_eq!(call.kind, SpanKind::Client as i32);
    for child in [answer, turn] {
        assert_eq!(child.parent_span_id, call.span_id);
        assert_eq!(child.trace_id, call.trace_id);
    }
    let steps: Vec<_> = call.events.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["answered"]);
}

#[test]
fn every_span_names_its_call_agent_and_direction() {
    let story = Story::new();
    let mut trace = story.trace();
    let mut spans = trace.note(&story.latency(latency()));
    spans.extend(trace.note(&story.turn()));
    spans.extend(trace.note(&story.ended()));
    for span in &spans {
        assert_eq!(span.trace_id, story.call.0.as_bytes());
        for (key, text) in [
            ("mihu.call.id", story.call.to_string()),
            ("mihu.agent.id", Uuid::from_u128(7).to_string()),
            ("mihu.call.direction", "outbound".to_owned()),
        ] {
            assert_eq!(value(span, key), Some(Value::StringValue(text)), "{key}");
        }
    }
    let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
    assert_eq!(ids.len(), spans.len());
}

#[test]
fn no_span_holds_a_spoken_word_or_a_number() {
    let story = Story::new();
    let mut trace = story.trace();
    let tool = CallEventKind::ToolCalled {
        name: "block_card".to_owned(),
        arguments: r#"{"reason":"stolen"}"#.to_owned(),
        number: Some(0),
        confidence: None,
    };
    let answered = CallEventKind::ToolAnswered {
        name: "block_card".to_owned(),
        number: 0,
        outcome: engine::ToolOutcome::Done,
        answer: "The stolen card is blocked.".to_owned(),
        spoken: true,
        took_ms: 300,
    };
    let unspoken = CallEventKind::Unspoken {
        reason: "the voice refused \"stolen\"".to_owned(),
    };
    let mut spans = Vec::new();
    for kind in [tool, answered, unspoken] {
        spans.extend(trace.note(&story.at(Duration::from_secs(4), kind)));
    }
    spans.extend(trace.note(&story.turn()));
    spans.extend(trace.note(&story.latency(latency())));
    spans.extend(trace.note(&story.ended()));
    let told = format!("{spans:?}");
    assert!(told.contains("block_card"));
    for secret in ["stolen", "4155550123", "secret.wav"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

#[test]
fn a_call_that_was_never_answered_is_one_span() {
    let story = Story::new();
    let mut trace = Trace::begin(&story.started()).unwrap();
    assert!(trace.note(&story.turn()).is_empty());
    assert!(trace.note(&story.latency(latency())).is_empty());
    assert_eq!(trace.note(&story.ended()).len(), 1);
}

#[test]
fn steps_beyond_the_bound_are_counted_and_left_out() {
    let story = Story::new();
    let mut trace = story.trace();
    for _ in 0..STEPS + 2 {
        let ringing = story.at(Duration::from_secs(3), CallEventKind::Ringing);
        trace.note(&ringing);
    }
    let call = trace.note(&story.ended()).remove(0);
    assert_eq!(call.events.len(), STEPS);
    assert_eq!(call.dropped_events_count, 3);
}
