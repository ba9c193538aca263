//! A call's trace: which spans its events bring.

use engine::{
    CallEvent, CallEventKind, CallReport, CallStatus, Direction, TranscriptTurn, TurnLatency,
};
use jiff::Timestamp;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags, Status};
use uuid::Uuid;

use crate::attribute::{figure, flag, text, whole};

/// Steps that are noted on a call's span at most.
const STEPS: usize = 128;

/// What is told of a call so far: who takes part, when it was answered and how many spans it has.
///
/// The trace's id is the call's, and ids of spans follow from it, so that what is told twice is the
/// same span.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    call: Uuid,
    identity: Vec<KeyValue>,
    kind: SpanKind,
    began: Timestamp,
    /// The first moment of the recording, from which on the call's times count.
    answered: Option<Timestamp>,
    steps: Vec<Event>,
    steps_left_out: u32,
    spans: u64,
}

/// A span's time, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    from: u64,
    to: u64,
}

impl Trace {
    /// The trace of a call that `event` starts; `None` if it is another one.
    pub(crate) fn begin(event: &CallEvent) -> Option<Self> {
        let CallEventKind::Started {
            direction,
            agent,
            conversation,
            number: _,
        } = &event.kind
        else {
            return None;
        };
        Some(Self {
            call: event.call.0,
            identity: vec![
                text("mihu.call.id", event.call.to_string()),
                text("mihu.conversation.id", conversation.to_string()),
                text("mihu.agent.id", agent.to_string()),
                text("mihu.call.direction", direction.as_str()),
            ],
            kind: match direction {
                Direction::Inbound => SpanKind::Server,
                Direction::Outbound => SpanKind::Client,
            },
            began: event.at,
            answered: None,
            steps: Vec::new(),
            steps_left_out: 0,
            spans: 0,
        })
    }

    /// The spans that are complete with `event`.
    pub(crate) fn note(&mut self, event: &CallEvent) -> Vec<Span> {
        match &event.kind {
            CallEventKind::Started { .. }
            | CallEventKind::Decision(_)
            | CallEventKind::Tried(_) => {}
            CallEventKind::Ringing => self.step("ringing", event.at, Vec::new()),
            CallEventKind::Answered => {
                self.answered = Some(event.at);
                self.step("answered", event.at, Vec::new());
            }
            CallEventKind::ToolCalled { name, .. } => {
                self.step("tool_called", event.at, vec![text("mihu.tool", name)]);
            }
            CallEventKind::ToolAnswered { name, outcome, .. } => {
                let attributes = vec![
                    text("mihu.tool", name),
                    text("mihu.tool.outcome", outcome.as_str()),
                ];
                self.step("tool_answered", event.at, attributes);
            }
            CallEventKind::Unspoken { .. } => self.step("unspoken", event.at, Vec::new()),
            CallEventKind::Muted { muted } => {
                let name = if *muted { "muted" } else { "unmuted" };
                self.step(name, event.at, Vec::new());
            }
            CallEventKind::RuleFired { rule, .. } => {
                let attributes = vec![text("mihu.rule", rule.to_string())];
                self.step("rule_fired", event.at, attributes);
            }
            CallEventKind::Forwarding { .. } => self.step("forwarding", event.at, Vec::new()),
            CallEventKind::Forwarded(forwarded) => {
                let outcome = forwarded.outcome.as_str();
                let attributes = vec![text("mihu.forward.outcome", outcome)];
                self.step("forwarded", event.at, attributes);
            }
            CallEventKind::Turn(turn) => return self.turn(turn),
            CallEventKind::Latency(latency) => return self.answer(latency),
            CallEventKind::Ended(report) => return vec![self.end(report, event.at)],
        }
        Vec::new()
    }

    fn step(&mut self, name: &str, at: Timestamp, attributes: Vec<KeyValue>) {
        if self.steps.len() == STEPS {
            self.steps_left_out += 1;
            return;
        }
        self.steps.push(Event {
            time_unix_nano: nanos(at),
            name: name.to_owned(),
            attributes,
            ..Event::default()
        });
    }

    fn turn(&mut self, turn: &TranscriptTurn) -> Vec<Span> {
        let Some(lasting) = self.within(turn.start_ms as f64, turn.end_ms as f64) else {
            return Vec::new();
        };
        let speaker = match turn.speaker {
            engine::Speaker::Agent => "agent",
            engine::Speaker::Caller => "caller",
        };
        let attributes = vec![
            text("mihu.turn.speaker", speaker),
            flag("mihu.turn.interrupted", turn.interrupted),
        ];
        let call = self.call_span();
        vec![self.span("turn", &call, lasting, attributes)]
    }

    /// An answer, which lasts as long as the caller waited for it, and what the wait was made of.
    fn answer(&mut self, latency: &TurnLatency) -> Vec<Span> {
        let ends = |item: &engine::LatencyItem| item.start_ms + item.duration_ms;
        let (Some(first), Some(last)) = (latency.items.first(), latency.items.last()) else {
            return Vec::new();
        };
        let Some(whole) = self.within(first.start_ms, ends(last)) else {
            return Vec::new();
        };
        let call = self.call_span();
        let answer = self.span("answer", &call, whole, figures(latency));
        let mut spans = vec![answer];
        for item in &latency.items {
            let Some(lasting) = self.within(item.start_ms, ends(item)) else {
                continue;
            };
            let parent = spans.first().map(|answer| answer.span_id.clone());
            let span = self.span(&item.name, &parent.unwrap_or_default(), lasting, Vec::new());
            spans.push(span);
        }
        spans
    }

    fn end(&mut self, report: &CallReport, at: Timestamp) -> Span {
        let mut attributes = vec![
            text("mihu.call.status", report.status.as_str()),
            whole("mihu.call.answers", report.latencies.len()),
        ];
        attributes.extend(
            report
                .sip_code
                .map(|code| whole("mihu.call.sip_code", code)),
        );
        let lasting = Lasting {
            from: nanos(self.began),
            to: nanos(at.max(self.began)),
        };
        let span = self.span("call", &[], lasting, attributes);
        let failed = report.status == CallStatus::Failed;
        Span {
            span_id: self.call_span(),
            kind: self.kind.into(),
            events: std::mem::take(&mut self.steps),
            dropped_events_count: self.steps_left_out,
            status: failed.then(|| Status {
                code: StatusCode::Error.into(),
                ..Status::default()
            }),
            ..span
        }
    }

    fn span(
        &mut self,
        name: &str,
        parent: &[u8],
        lasting: Lasting,
        attributes: Vec<KeyValue>,
    ) -> Span {
        self.spans += 1;
        Span {
            trace_id: self.call.as_bytes().to_vec(),
            span_id: self.span_id(&self.spans.to_string()),
            parent_span_id: parent.to_vec(),
            flags: SpanFlags::ContextHasIsRemoteMask as u32,
            name: name.to_owned(),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: lasting.from,
            end_time_unix_nano: lasting.to,
            attributes: [self.identity.clone(), attributes].concat(),
            ..Span::default()
        }
    }

    fn call_span(&self) -> Vec<u8> {
        self.span_id("call")
    }

    fn span_id(&self, name: &str) -> Vec<u8> {
        let id = Uuid::new_v5(&self.call, name.as_bytes());
        id.as_bytes().iter().take(8).copied().collect()
    }

    /// A part of the answered call, in milliseconds of its recording.
    fn within(&self, from_ms: f64, to_ms: f64) -> Option<Lasting> {
        let answered = nanos(self.answered?);
        let nanos = |millis: f64| answered.saturating_add((millis * 1e6).round() as u64);
        let from = nanos(from_ms);
        Some(Lasting {
            from,
            to: nanos(to_ms).max(from),
        })
    }
}

fn figures(latency: &TurnLatency) -> Vec<KeyValue> {
    let ahead = &latency.speculation;
    let mut figures = vec![
        whole("mihu.answer.turn", latency.turn),
        whole(
            "mihu.answer.voiced_to_audible_ms",
            latency.voiced_to_audible_ms,
        ),
        whole(
            "mihu.answer.decision_to_first_audio_ms",
            latency.decision_to_first_audio_ms,
        ),
        whole("mihu.answer.endpointing_ms", latency.endpointing_ms),
        whole("mihu.answer.recognition_ms", latency.recognition_ms),
        whole(
            "mihu.answer.recognition_after_decision_ms",
            latency.recognition_after_decision_ms,
        ),
        whole(
            "mihu.answer.synthesis_first_audio_ms",
            latency.synthesis_first_audio_ms,
        ),
        figure("mihu.answer.unattributed_ms", latency.unattributed_ms),
        whole("mihu.speculation.tries", ahead.tries),
        whole("mihu.speculation.used", ahead.used),
        whole("mihu.speculation.wasted", ahead.wasted),
        whole("mihu.speculation.saved_ms", ahead.saved_ms),
        whole("mihu.speculation.used_tokens", ahead.used_tokens),
        whole("mihu.speculation.wasted_tokens", ahead.wasted_tokens),
    ];
    let token = latency.model_first_token_ms;
    figures.extend(token.map(|ms| whole("mihu.answer.model_first_token_ms", ms)));
    if let Some(evidence) = &latency.evidence {
        let words = evidence.words.as_deref();
        figures.extend(words.map(|words| text("mihu.evidence.words", words)));
        figures.extend(
            evidence
                .sound
                .map(|sound| figure("mihu.evidence.sound", sound.into())),
        );
        let own = evidence.own_pauses_ms;
        figures.extend(own.map(|ms| whole("mihu.evidence.own_pauses_ms", ms)));
        figures.extend(
            evidence
                .provider
                .map(|over| flag("mihu.evidence.provider", over)),
        );
        let completeness = f64::from(evidence.completeness);
        figures.push(figure("mihu.evidence.completeness", completeness));
    }
    figures
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests;
