//! What happened, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::lateness::Lateness;

/// A number that one thread counts and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
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
    /// Packets of a payload type that was not negotiated.
    unknown_payload,
    /// Packets of telephone events (RFC 4733), which no decoder hears.
    telephone_events,
    /// Packets that came before the leg was connected or while it does not receive.
    unwanted,
    /// Received packets dropped because they had been received before.
    duplicates,
    /// Received packets dropped because they came after their time.
    late,
    /// Received packets dropped because the playout buffer was full.
    overflowed,
    /// Received packets that the decoder refused.
    undecodable,
    /// Packets missing when their turn came.
    lost,
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
    /// Frames left out to bring a grown delay back.
    skipped_frames,
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
}

impl LegCounters {
    /// Takes over what the playout buffer counted.
    pub(crate) fn set_jitter(&self, buffer: &jitter::Statistics) {
        self.duplicates.set(buffer.duplicates);
        self.late.set(buffer.late);
        self.overflowed.set(buffer.overflowed);
        self.undecodable.set(buffer.undecodable);
        self.lost.set(buffer.lost);
        self.restarts.set(buffer.restarts);
        self.underruns.set(buffer.underruns);
        self.decoded_frames.set(buffer.decoded_frames);
        self.concealed_frames.set(buffer.concealed_frames);
        self.silent_frames.set(buffer.silent_frames);
        self.skipped_frames.set(buffer.skipped_frames);
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
    /// The sum over all legs, ended ones included.
    pub legs: LegStatistics,
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
