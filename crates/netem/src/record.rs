//! Makes a trace of the packets that arrive somewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};

use crate::trace::{Passage, Trace};

/// Records what the packets of one RTP stream went through, as their receiver sees it.
///
/// Between the sender's clock, which the timestamps follow, and the receiver's only the
/// changes of the delay can be told, so the shortest one counts as none. If one of the
/// clocks runs faster, the trace has that drift in it.
#[derive(Clone, Debug)]
pub struct TraceRecorder {
    clock: SampleRate,
    /// The packet with the highest number so far.
    last: Option<Last>,
    /// By extended number, how much later than the first packet's each one's arrival
    /// was than its timestamp, in microseconds.
    transits: BTreeMap<i64, i64>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    number: SequenceNumber,
    timestamp: RtpTimestamp,
    /// Both without the wrap, counted from the first packet.
    extended_number: i64,
    extended_timestamp: i64,
}

impl TraceRecorder {
    /// The most packets that are recorded, those of 5 hours at 50 a second. What comes
    /// after them is passed over.
    pub const LIMIT: usize = 900_000;

    /// A recorder of a stream whose timestamps count at the rate `clock`.
    pub const fn new(clock: SampleRate) -> Self {
        Self {
            clock,
            last: None,
            transits: BTreeMap::new(),
        }
    }

    /// Takes note of a packet that arrived `at` that time. Of a packet that arrives
    /// twice, the first counts.
    pub fn arrived(&mut self, at: Moment, number: SequenceNumber, timestamp: RtpTimestamp) {
        // overflow: refused
        if self.transits.len() >= Self::LIMIT {
            return;
        }
        let last = self.last.get_or_insert(Last {
            number,
            timestamp,
            extended_number: 0,
            extended_timestamp: 0,
        });
        let ahead = number.distance_from(last.number);
        let this = Last {
            number,
            timestamp,
            extended_number: last.extended_number + i64::from(ahead),
            extended_timestamp: last.extended_timestamp
                + i64::from(timestamp.distance_from(last.timestamp)),
        };
        if ahead > 0 {
            *last = this;
        }
        let sent = this.extended_timestamp * 1_000_000 / i64::from(self.clock.hertz());
        let transit = at.as_micros().cast_signed() - sent;
        self.transits.entry(this.extended_number).or_insert(transit);
    }

    /// The trace, from the packet with the lowest number to the one with the highest:
    /// what did not arrive in between was lost.
    pub fn finish(self) -> Trace {
        let shortest = self.transits.values().min().copied().unwrap_or_default();
        let mut packets = Vec::new();
        let mut expected = self.transits.keys().next().copied().unwrap_or_default();
        for (number, transit) in self.transits {
            packets.extend((expected..number).map(|_| Passage::Lost));
            let delay = Duration::from_micros(transit.abs_diff(shortest));
            packets.push(Passage::Arrived(delay));
            expected = number + 1;
        }
        Trace::new(packets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records packets of 20 ms at 8 kHz: the place of each in the stream, and when it
    /// arrived in milliseconds.
    fn recorded(packets: &[(u32, u64)]) -> Vec<Option<u64>> {
        let mut recorder = TraceRecorder::new(SampleRate::HZ_8000);
        for &(place, at) in packets {
            recorder.arrived(
                Moment::from_millis(at),
                SequenceNumber(65_534).advanced_by(place),
                RtpTimestamp(u32::MAX - 200).advanced(place * 160),
            );
        }
        let passage = |passage: &Passage| match passage {
            Passage::Arrived(delay) => Some(delay.as_millis() as u64),
            Passage::Lost => None,
        };
        recorder.finish().packets().iter().map(passage).collect()
    }

    trait AdvancedBy {
        fn advanced_by(self, count: u32) -> Self;
    }

    impl AdvancedBy for SequenceNumber {
        fn advanced_by(self, count: u32) -> Self {
            (0..count).fold(self, |number, _| number.next())
        }
    }

    #[test]
    fn delays_are_counted_from_the_shortest_across_the_wrap_of_both_counters() {
        assert_eq!(
            recorded(&[(0, 130), (1, 145), (2, 160), (3, 250)]),
            [Some(10), Some(5), Some(0), Some(70)]
        );
    }

    #[test]
    fn what_never_arrived_was_lost() {
        assert_eq!(
            recorded(&[(0, 0), (3, 60), (5, 101)]),
            [Some(0), None, None, Some(0), None, Some(1)]
        );
    }

    #[test]
    fn packets_stand_in_the_order_in_which_they_were_sent_once_each() {
        assert_eq!(
            recorded(&[(1, 20), (3, 60), (2, 75), (0, 80), (3, 90)]),
            [Some(80), Some(0), Some(35), Some(0)]
        );
    }

    #[test]
    fn nothing_arrived_leaves_an_empty_trace() {
        assert_eq!(recorded(&[]), []);
    }
}
