//! How a leg stands at the moment.

use std::time::Duration;

use crate::rtcp;
use crate::statistics::Counter;

/// How a leg stands at the moment, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegGauges {
    /// Audio in the playout buffer after the last heard frame.
    pub buffered: Duration,
    /// The lateness of packets that the playout buffer provides for.
    pub target: Duration,
    /// How unevenly packets arrive: the interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Option<Duration>,
    /// How long a packet travels to the far end and back, as last measured.
    pub round_trip: Option<Duration>,
    /// How unevenly the far end says that our packets arrive.
    pub remote_jitter: Option<Duration>,
    /// How many of a hundred of our packets were lost lately, as the far end says.
    pub remote_lost_percent: Option<f64>,
}

/// The live side of [`LegGauges`]: one thread sets, any thread reads.
#[derive(Debug)]
pub(crate) struct Gauges {
    buffered: Counter,
    target: Counter,
    jitter: Counter,
    round_trip: Counter,
    remote_jitter: Counter,
    /// In 256ths.
    remote_lost: Counter,
}

/// Stands for what is not known.
const UNKNOWN: u64 = u64::MAX;

impl Default for Gauges {
    fn default() -> Self {
        Self {
            buffered: Counter::default(),
            target: Counter::default(),
            jitter: Counter::new(UNKNOWN),
            round_trip: Counter::new(UNKNOWN),
            remote_jitter: Counter::new(UNKNOWN),
            remote_lost: Counter::new(UNKNOWN),
        }
    }
}

impl Gauges {
    /// Takes over how the playout buffer stands.
    pub(crate) fn set_buffer(&self, buffer: &jitter::Statistics) {
        self.buffered.set(micros(buffer.level));
        self.target.set(micros(buffer.target));
    }

    /// Takes over what the reports tell.
    pub(crate) fn set_reports(&self, session: &rtcp::Statistics) {
        let jitter = session.received.map(|received| received.jitter);
        set(&self.jitter, jitter.map(micros));
        set(&self.round_trip, session.round_trip.map(micros));
        let remote = session.remote;
        set(&self.remote_jitter, remote.map(|it| micros(it.jitter)));
        let lost = remote.map(|it| u64::from(it.fraction_lost.0));
        set(&self.remote_lost, lost);
    }

    pub(crate) fn snapshot(&self) -> LegGauges {
        LegGauges {
            buffered: Duration::from_micros(self.buffered.get()),
            target: Duration::from_micros(self.target.get()),
            jitter: known(&self.jitter).map(Duration::from_micros),
            round_trip: known(&self.round_trip).map(Duration::from_micros),
            remote_jitter: known(&self.remote_jitter).map(Duration::from_micros),
            remote_lost_percent: known(&self.remote_lost).map(|lost| lost as f64 * 100.0 / 256.0),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(UNKNOWN)
}

fn set(counter: &Counter, value: Option<u64>) {
    counter.set(value.unwrap_or(UNKNOWN));
}

fn known(counter: &Counter) -> Option<u64> {
    Some(counter.get()).filter(|&value| value != UNKNOWN)
}
