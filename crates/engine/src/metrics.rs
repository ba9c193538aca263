//! What the engine counts of its calls and threads, for Prometheus.

mod snapshot;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use self::snapshot::{NodeCollector, Snapshot};

use crate::event::{CallEventKind, TurnLatency};
use crate::subscriber::Missed;

/// Upper ends of the buckets of everything that a caller waits for, in seconds.
const WAITS: [f64; 14] = [
    0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0,
];

/// The engine's own metrics. Clones count into the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    started: Family<StartedLabels, Counter>,
    ended: Family<EndedLabels, Counter>,
    refused: Family<RefusedLabels, Counter>,
    recognition_queue: Histogram,
    recognition: Histogram,
    voiced_to_audible: Histogram,
    decision_to_first_audio: Histogram,
    endpointing: Histogram,
    model_first_token: Histogram,
    synthesis_first_audio: Histogram,
    items: Family<ItemLabels, Histogram, fn() -> Histogram>,
    unattributed: Histogram,
    ahead: Family<AheadLabels, Counter>,
    missed_audio: Missed,
    missed_events: Missed,
}

/// Why a call was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The node shuts down, or something of it has broken.
    Draining,
    /// Every slot is taken.
    Full,
    /// Who answers its number can not be told now.
    NoDirectory,
    /// There is no port or socket for its audio.
    NoMedia,
    /// No trunk reaches the number.
    NoTrunk,
    /// Its number carries as many calls as it may.
    NumberBusy,
    /// The threads that carry calls have no time for another.
    Overloaded,
    /// It asks for an agent that is paused.
    PausedAgent,
    /// It asks for an agent that there is not.
    UnknownAgent,
}

impl Refusal {
    const ALL: [Self; 9] = [
        Self::Draining,
        Self::Full,
        Self::NoDirectory,
        Self::NoMedia,
        Self::NoTrunk,
        Self::NumberBusy,
        Self::Overloaded,
        Self::PausedAgent,
        Self::UnknownAgent,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Full => "full",
            Self::NoDirectory => "no_directory",
            Self::NoMedia => "no_media",
            Self::NoTrunk => "no_trunk",
            Self::NumberBusy => "number_busy",
            Self::Overloaded => "overloaded",
            Self::PausedAgent => "paused_agent",
            Self::UnknownAgent => "unknown_agent",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ItemLabels {
    item: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AheadLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StartedLabels {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndedLabels {
    status: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let waits = || Histogram::new(WAITS);
        let refused = Family::default();
        for refusal in Refusal::ALL {
            // A series that begins at zero shows its first step.
            let reason = refusal.label();
            let _: &Counter = &refused.get_or_create(&RefusedLabels { reason });
        }
        Self {
            started: Family::default(),
            ended: Family::default(),
            refused,
            recognition_queue: waits(),
            recognition: waits(),
            voiced_to_audible: waits(),
            decision_to_first_audio: waits(),
            endpointing: waits(),
            model_first_token: waits(),
            synthesis_first_audio: waits(),
            items: Family::new_with_constructor(|| Histogram::new(WAITS)),
            unattributed: waits(),
            ahead: Family::default(),
            missed_audio: Missed::default(),
            missed_events: Missed::default(),
        }
    }

    /// Counts what a call tells.
    pub(crate) fn told(&self, kind: &CallEventKind) {
        match kind {
            CallEventKind::Started { direction, .. } => {
                let direction = direction.as_str();
                self.started
                    .get_or_create(&StartedLabels { direction })
                    .inc();
            }
            CallEventKind::Ended(report) => {
                let status = report.status.as_str();
                self.ended.get_or_create(&EndedLabels { status }).inc();
            }
            CallEventKind::Latency(latency) => self.answered(latency),
            CallEventKind::Ringing
            | CallEventKind::Answered
            | CallEventKind::Turn(_)
            | CallEventKind::Decision(_)
            | CallEventKind::Tried(_)
            | CallEventKind::ToolCalled { .. }
            | CallEventKind::ToolAnswered { .. }
            | CallEventKind::Unspoken { .. }
            | CallEventKind::Muted { .. }
            | CallEventKind::RuleFired { .. }
            | CallEventKind::Forwarding { .. }
            | CallEventKind::Forwarded(_) => {}
        }
    }

    /// Counts a call that was not admitted.
    pub(crate) fn refused(&self, refusal: Refusal) {
        let reason = refusal.label();
        self.refused.get_or_create(&RefusedLabels { reason }).inc();
    }

    /// Counts a recognition that waited this long for a recogniser and then took this long.
    pub(crate) fn recognised(&self, queued: Duration, took: Duration) {
        self.recognition_queue.observe(queued.as_secs_f64());
        self.recognition.observe(took.as_secs_f64());
    }

    /// What those lose who listen to live calls.
    pub(crate) fn missed_audio(&self) -> Missed {
        self.missed_audio.clone()
    }

    /// What those lose who follow the events of live calls.
    pub(crate) fn missed_events(&self) -> Missed {
        self.missed_events.clone()
    }

    fn answered(&self, latency: &TurnLatency) {
        let waits = [
            (&self.voiced_to_audible, latency.voiced_to_audible_ms),
            (
                &self.decision_to_first_audio,
                latency.decision_to_first_audio_ms,
            ),
            (&self.endpointing, latency.endpointing_ms),
            (
                &self.synthesis_first_audio,
                latency.synthesis_first_audio_ms,
            ),
        ];
        let model = latency
            .model_first_token_ms
            .map(|millis| (&self.model_first_token, millis));
        for (histogram, millis) in waits.into_iter().chain(model) {
            histogram.observe(Duration::from_millis(millis).as_secs_f64());
        }
        for item in &latency.items {
            let labels = ItemLabels {
                item: item.name.clone(),
            };
            let histogram = self.items.get_or_create(&labels);
            histogram.observe(item.duration_ms / 1_000.0);
        }
        self.unattributed.observe(latency.unattributed_ms / 1_000.0);
        let ahead = [
            ("used", latency.speculation.used),
            ("wasted", latency.speculation.wasted),
        ];
        for (outcome, count) in ahead {
            self.ahead
                .get_or_create(&AheadLabels { outcome })
                .inc_by(count.into());
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("calls_started", "Calls admitted", self.started.clone());
        registry.register(
            "calls_ended",
            "Calls ended, by their final status",
            self.ended.clone(),
        );
        registry.register(
            "calls_refused",
            "Calls not admitted, by why not",
            self.refused.clone(),
        );
        registry.register(
            "answers_begun_ahead",
            "Answers composed before the caller's turn was surely over, by what became of them",
            self.ahead.clone(),
        );
        registry.register_with_unit(
            "answer_wait_item",
            "What the waits for answers were made of",
            Unit::Seconds,
            self.items.clone(),
        );
        registry.register_with_unit(
            "answer_wait_unattributed",
            "What the items of a wait do not explain",
            Unit::Seconds,
            self.unattributed.clone(),
        );
        let waits = [
            (
                "recognition_queue",
                "Time that an utterance waited for a recogniser",
                &self.recognition_queue,
            ),
            (
                "recognition",
                "Time that a recogniser took for an utterance",
                &self.recognition,
            ),
            (
                "voiced_to_audible",
                "The caller's last voiced sample to the agent's first audible one",
                &self.voiced_to_audible,
            ),
            (
                "decision_to_first_audio",
                "The decision that the caller's turn is over to the agent's first audible sample",
                &self.decision_to_first_audio,
            ),
            (
                "endpointing",
                "The caller's last voiced sample to the decision that the turn is over",
                &self.endpointing,
            ),
            (
                "model_first_token",
                "Request to the language model until its first words",
                &self.model_first_token,
            ),
            (
                "synthesis_first_audio",
                "Sentence handed to the synthesiser until its first audio",
                &self.synthesis_first_audio,
            ),
        ];
        for (name, help, histogram) in waits {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::call::failed;
    use crate::event::Direction;

    fn encoded(metrics: &Metrics) -> String {
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn calls_are_counted_by_how_they_began_and_ended() {
        let metrics = Metrics::new();
        for _ in 0..2 {
            metrics.told(&CallEventKind::Started {
                direction: Direction::Inbound,
                agent: uuid::Uuid::nil(),
                conversation: uuid::Uuid::nil(),
                number: "caller".to_owned(),
            });
        }
        metrics.told(&CallEventKind::Ended(failed("a bug".to_owned())));
        let text = encoded(&metrics);
        assert!(
            text.contains("calls_started_total{direction=\"inbound\"} 2"),
            "{text}"
        );
        assert!(
            text.contains("calls_ended_total{status=\"failed\"} 1"),
            "{text}"
        );
    }

    #[test]
    fn refused_calls_are_counted_by_their_reason_from_zero() {
        let metrics = Metrics::new();
        metrics.refused(Refusal::Overloaded);
        let text = encoded(&metrics);
        for (reason, count) in [("overloaded", 1), ("full", 0), ("no_media", 0)] {
            let series = format!("calls_refused_total{{reason=\"{reason}\"}} {count}\n");
            assert!(text.contains(&series), "{text}");
        }
    }

    #[test]
    fn waits_are_told_in_seconds() {
        let metrics = Metrics::new();
        metrics.recognised(Duration::from_millis(250), Duration::from_millis(30));
        let text = encoded(&metrics);
        assert!(
            text.contains("recognition_queue_seconds_sum 0.25"),
            "{text}"
        );
        assert!(
            text.contains("recognition_seconds_bucket{le=\"0.035\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("recognition_seconds_bucket{le=\"0.02\"} 0"),
            "{text}"
        );
    }
}
