//! How long windows wait for the voice detector.

use audio::Moment;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::HeardAudio;

/// Upper ends of the buckets, in seconds. A media thread wakes this thread when it has work,
/// so that most windows wait for less than a millisecond.
const BUCKETS: [f64; 12] = [
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.032, 0.05, 0.1, 0.25, 1.0,
];

/// A histogram of the time from a leg's delivery of the last of a window until its batch is
/// given to the detector. Clones count into the same one.
#[derive(Clone, Debug)]
pub(super) struct Waits(Histogram);

impl Waits {
    pub(super) fn new() -> Self {
        Self(Histogram::new(BUCKETS))
    }

    /// Counts a window whose batch is given to the detector `now`.
    pub(super) fn begun(&self, window: &HeardAudio, now: Moment) {
        self.0.observe(now.since(window.delivered).as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "vad_queue",
            "Time that a window of 32 ms waited between its media thread and the voice detector",
            Unit::Seconds,
            self.0.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn window(delivered: Moment) -> HeardAudio {
        HeardAudio {
            number: 0,
            at: Moment::ZERO,
            delivered,
            gathered: delivered,
            probability: 0.0,
            samples: Box::default(),
        }
    }

    #[test]
    fn a_window_waits_from_its_delivery_until_its_batch_begins() {
        let waits = Waits::new();
        let delivered = Moment::from_millis(100);
        waits.begun(&window(delivered), Moment::from_millis(103));
        waits.begun(&window(delivered), Moment::from_millis(130));
        let mut registry = Registry::default();
        waits.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "vad_queue_seconds_sum 0.033",
            "vad_queue_seconds_count 2",
            "vad_queue_seconds_bucket{le=\"0.002\"} 0",
            "vad_queue_seconds_bucket{le=\"0.005\"} 1",
            "vad_queue_seconds_bucket{le=\"0.032\"} 2",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no {line} in\n{text}"
            );
        }
    }
}
