//! What happened, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::gauges::{Gauges, LegGauges};
use crate::lateness::Lateness;

/// A number that one thread counts and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// Adds `count`. Only one thread may: a plain store costs a fraction of a locked add.
    pub(crate) fn add(&self, count: u64) {
        self.set(self.get().wrapping_add(count));
    }

    /// Adds `count`, from any thread.
    pub(crate) fn add_shared(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Declares the counters of a leg and the plain copy of them that callers get.
macro_rules! leg_counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of one leg, or the sum over many, since they were opened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct LegStatistics {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The live side of [`LegStatistics`].
        #[derive(Debug, Default)]
        pub(crate) struct LegCounters {
            $(pub(crate) $name: Counter,)*
            pub(crate) gauges: Gauges,
        }

        impl LegCounters {
            pub(crate) fn snapshot(&self) -> LegStatistics {
                LegStatistics { $($name: self.$name.get(),)* }
            }
        }

        impl std::ops::AddAssign for LegStatistics {
            fn add_assign(&mut self, other: Self) {
                $(self.$name = self.$name.wrapping_add(other.$name);)*
            }
        }
    };
}

leg_counters! {
    /// Packets put on the wire.
    packets_sent,
    /// Packets that the system did not take, for want of a route or of memory.
    send_failures,
    /// Valid packets of audio given to the playout buffer.
    packets_received,
    /// Datagrams that are not RTP.
    malformed,
    /// Datagrams or payloads longer than any packet of audio.
    oversized,
    /// Packets from another address than the latched one.
    foreign,
    /// Packets that the agreed keys do not open: changed on the way, forged, or plain.
    forged,
    /// Sealed packets that had been received before.
    replayed,
    /// Sealed packets of one source more than are kept books of with the same keys.
    too_many_sources,
    /// Packets of a payload type that was not negotiated.
    unknown_payload,
    /// Packets of telephone events (RFC 4733), which no decoder hears.
    telephone_events,
    /// Keys that the far end pressed.
    digits_received,
    /// Keys that were pressed for the far end.
    digits_sent,
    /// Keys that the far end pressed by the dozen while the consumer was behind; the
    /// newest are dropped.
    digits_dropped,
    /// Keys that waited for a far end that takes no events any more; all are dropped.
    digits_given_up,
    /// Reports that were sent (RTCP).
    reports_sent,
    /// Datagrams of the far end's reports.
    reports_received,
    /// Reports of the far end that tell how long a packet travels there and back.
    round_trips,
    /// Those times added up, in microseconds.
    round_trip_micros,
    /// Packets that came before the leg was connected or while it does not receive.
    unwanted,
    /// Received packets dropped because they had been received before.
    duplicates,
    /// Received packets dropped because they came after their time.
    late,
    /// Received packets dropped because the playout buffer was full.
    overflowed,
    /// Received packets dropped because they contradict the stream: one of another
    /// source, or with a number or a timestamp that is none of its own.
    strays,
    /// Received packets that the decoder refused.
    undecodable,
    /// Packets missing when their turn came.
    lost,
    /// Packets that were missing and recovered from the one after them.
    recovered,
    /// Times that another stream took the place of the received one.
    restarts,
    /// Times that the received stream ran dry.
    underruns,
    /// Frames of received audio.
    decoded_frames,
    /// Frames that stand in for lost packets.
    concealed_frames,
    /// Frames during which nothing was received.
    silent_frames,
    /// Times that concealment began.
    concealments,
    /// Samples that stood in for missing ones, silent ones included.
    concealed_samples,
    /// Samples put in so that the delay grows.
    stretched_samples,
    /// Samples taken out so that the delay falls.
    shrunk_samples,
    /// Samples received but left out, because they came too late.
    skipped_samples,
    /// Frames left out to bring a grown delay back.
    skipped_frames,
    /// Heard frames whose delay is known, those that are not silent.
    delayed_frames,
    /// By how long they were delayed beyond their ideal arrival, added up, in
    /// microseconds: divided by their number, the mean delay.
    delay_micros,
    /// Heard frames that the consumer did not take in time.
    feed_dropped,
    /// Recorded frames that the consumer did not take in time.
    recording_dropped,
    /// Agent frames refused at the producer because a generation had passed.
    stale_refused,
    /// Agent frames discarded from the queue because a generation had passed.
    stale_discarded,
    /// Ticks without audio in the middle of a segment.
    starved_ticks,
    /// Ticks left out because their thread was too late.
    missed_ticks,
    /// Time spent on the leg's ticks, in nanoseconds.
    tick_nanos,
    /// Time spent on the datagrams it received, in nanoseconds.
    receive_nanos,
}

impl LegCounters {
    /// Takes over what the playout buffer counted.
    pub(crate) fn set_jitter(&self, buffer: &jitter::Statistics) {
        self.duplicates.set(buffer.duplicates);
        self.late.set(buffer.late);
        self.overflowed.set(buffer.overflowed);
        self.strays.set(buffer.strays);
        self.undecodable.set(buffer.undecodable);
        self.lost.set(buffer.lost);
        self.recovered.set(buffer.recovered);
        self.restarts.set(buffer.restarts);
        self.underruns.set(buffer.underruns);
        self.decoded_frames.set(buffer.decoded_frames);
        self.concealed_frames.set(buffer.concealed_frames);
        self.silent_frames.set(buffer.silent_frames);
        self.concealments.set(buffer.concealments);
        self.concealed_samples.set(buffer.concealed_samples);
        self.stretched_samples.set(buffer.stretched_samples);
        self.shrunk_samples.set(buffer.shrunk_samples);
        self.skipped_samples.set(buffer.skipped_samples);
        self.skipped_frames.set(buffer.skipped_frames);
        self.delayed_frames.set(buffer.delayed_frames);
        self.delay_micros.set(buffer.delay.as_micros() as u64);
        self.gauges.set_buffer(buffer);
    }
}

/// Counters of all media threads.
#[derive(Clone, Debug, Default)]
pub struct MediaStatistics {
    /// Legs open now.
    pub legs_open: usize,
    /// Legs opened since the start.
    pub legs_opened: u64,
    /// Legs that ended in a panic.
    pub legs_failed: u64,
    /// Ticks of single legs.
    pub ticks: u64,
    /// Times that a thread was more than three frames late and skipped to the present.
    pub resynchronisations: u64,
    /// How long after its deadline each leg was ticked.
    pub lateness: Lateness,
    /// By how much the time between two packets of audio of a leg differed from
    /// 20 ms, as they were sent.
    pub send_jitter: Lateness,
    /// The busiest thread's share of time that it did not sleep, over the last
    /// seconds, 0.0 to 1.0.
    pub busiest: f64,
    /// Time that all threads together did not sleep.
    pub busy: Duration,
    /// The sum over all legs, ended ones included.
    pub legs: LegStatistics,
    /// How each open leg stands.
    pub standing: Vec<LegGauges>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_every_counter_of_both() {
        let counters = LegCounters::default();
        counters.packets_sent.add(2);
        counters.missed_ticks.add(1);
        counters.stale_refused.add_shared(5);
        let mut sum = counters.snapshot();
        sum += counters.snapshot();
        let expected = LegStatistics {
            packets_sent: 4,
            missed_ticks: 2,
            stale_refused: 10,
            ..LegStatistics::default()
        };
        assert_eq!(sum, expected);
    }
}
