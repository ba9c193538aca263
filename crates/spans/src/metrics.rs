use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// What became of spans. Clones count into the same counters.
#[derive(Clone, Debug)]
pub struct SpanMetrics {
    exported: Counter,
    dropped: Family<DroppedLabels, Counter>,
}

/// Why a span did not reach the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The queue had no room left.
    QueueFull,
    /// The collector did not take it, for as long as it was offered.
    Unreachable,
    /// The collector refused it.
    Refused,
    /// The node stopped before it could be sent.
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    reason: &'static str,
}

impl Dropped {
    const ALL: [Self; 4] = [
        Self::QueueFull,
        Self::Unreachable,
        Self::Refused,
        Self::Stopped,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
        }
    }
}

impl SpanMetrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            exported: Counter::default(),
            dropped: Family::default(),
        };
        for why in Dropped::ALL {
            // A series that begins at zero shows its first step.
            metrics.dropped(why, 0);
        }
        metrics
    }

    /// Registers the counters, for Prometheus to ask.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "spans_exported",
            "Spans that the OTLP collector took",
            self.exported.clone(),
        );
        registry.register(
            "spans_dropped",
            "Spans that did not reach the OTLP collector, by why not",
            self.dropped.clone(),
        );
    }

    pub(crate) fn exported(&self, spans: u64) {
        self.exported.inc_by(spans);
    }

    pub(crate) fn dropped(&self, why: Dropped, spans: u64) {
        let reason = why.label();
        self.dropped
            .get_or_create(&DroppedLabels { reason })
            .inc_by(spans);
    }

    #[cfg(test)]
    pub(crate) fn counted(&self, why: Dropped) -> u64 {
        let reason = why.label();
        self.dropped.get_or_create(&DroppedLabels { reason }).get()
    }
}
