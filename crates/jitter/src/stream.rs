//! Which stream is being received, and where an arriving packet stands in it.

use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};

use crate::border::Packet;

/// The largest step forward in sequence that still continues a stream, and how
/// far back a packet is recognised.
const SEQUENCE_REACH: i16 = 64;
/// By how many seconds a timestamp may step ahead of the time that went by, or
/// back, and still continue a stream.
const TIMESTAMP_REACH: u32 = 2;

/// Where a packet stands in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Never seen before; it continues the stream or fills a hole in it.
    Fresh,
    /// Seen before.
    Repeated,
    /// Older than the newest, but not of its past.
    Stray,
    /// Contradicting the stream: the beginning of another one, if there is more of it.
    Foreign,
}

/// The stream that the last accepted packets belong to.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    ssrc: u32,
    newest: SequenceNumber,
    newest_timestamp: RtpTimestamp,
    newest_arrival: Moment,
    /// Bit n: the packet n before `newest` was seen.
    seen: u64,
    /// Bit n: the packet n before `newest` was seen and has no audio.
    without_audio: u64,
    clock: SampleRate,
}

impl Stream {
    /// The stream that `first`, which came at `now`, begins; its timestamps count at
    /// `clock`.
    pub(crate) fn beginning_with(now: Moment, first: &Packet<'_>, clock: SampleRate) -> Self {
        Self {
            ssrc: first.ssrc,
            newest: first.sequence,
            newest_timestamp: first.timestamp,
            newest_arrival: now,
            seen: 1,
            without_audio: 0,
            clock,
        }
    }

    /// Judges `packet`, which came at `now`, and, if it is fresh, remembers it.
    pub(crate) fn judge(&mut self, now: Moment, packet: &Packet<'_>) -> Standing {
        if packet.ssrc != self.ssrc {
            return Standing::Foreign;
        }
        let ahead = packet.sequence.distance_from(self.newest);
        let later = packet.timestamp.distance_from(self.newest_timestamp);
        if ahead > 0 {
            return self.judge_ahead(now, packet, ahead, later);
        }
        if ahead <= -SEQUENCE_REACH {
            return Standing::Foreign;
        }
        let bit = 1 << ahead.unsigned_abs();
        if self.seen & bit != 0 {
            return Standing::Repeated;
        }
        let reach = TIMESTAMP_REACH * self.clock.hertz();
        if later > 0 || later.unsigned_abs() > reach {
            return Standing::Stray;
        }
        self.seen |= bit;
        Standing::Fresh
    }

    fn judge_ahead(
        &mut self,
        now: Moment,
        packet: &Packet<'_>,
        ahead: i16,
        later: i32,
    ) -> Standing {
        // A sender that was silent for long steps far ahead, but not in time.
        let silent = now.since(self.newest_arrival).as_micros() as i64;
        let hertz = i64::from(self.clock.hertz());
        let reach = i64::from(TIMESTAMP_REACH) * hertz + silent * hertz / 1_000_000;
        if ahead > SEQUENCE_REACH || later < 0 || i64::from(later) > reach {
            return Standing::Foreign;
        }
        self.newest_arrival = now;
        self.advance_to(packet.sequence, ahead.unsigned_abs());
        self.newest_timestamp = packet.timestamp;
        Standing::Fresh
    }

    /// Whether `sequence` is the newest seen so far.
    pub(crate) fn is_newest(&self, sequence: SequenceNumber) -> bool {
        sequence == self.newest
    }

    fn advance_to(&mut self, sequence: SequenceNumber, steps: u16) {
        let advance = |bits: u64| bits.checked_shl(steps.into()).unwrap_or(0);
        self.seen = advance(self.seen) | 1;
        self.without_audio = advance(self.without_audio);
        self.newest = sequence;
    }

    /// Remembers that the packet with this number came and has no audio. Returns
    /// whether the stream now goes on from it; `None` if it is not of this stream.
    pub(crate) fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber) -> Option<bool> {
        let ahead = sequence.distance_from(self.newest);
        if ssrc != self.ssrc || ahead > SEQUENCE_REACH || ahead <= -SEQUENCE_REACH {
            return None;
        }
        if ahead > 0 {
            self.advance_to(sequence, ahead.unsigned_abs());
            self.without_audio |= 1;
            return Some(true);
        }
        let bit = 1 << ahead.unsigned_abs();
        self.without_audio |= bit & !self.seen;
        self.seen |= bit;
        Some(false)
    }

    /// How many packets between `earlier` and `later`, these two excluded, may
    /// have audio.
    pub(crate) fn packets_between(&self, earlier: SequenceNumber, later: SequenceNumber) -> usize {
        let between = later.distance_from(earlier).saturating_sub(1);
        let between = usize::try_from(between).unwrap_or(0);
        let recent = (1..=between.min(64)).filter(|&back| {
            let sequence = SequenceNumber(later.0.wrapping_sub(back as u16));
            let place = self.newest.distance_from(sequence);
            (0..64).contains(&place) && self.without_audio & (1 << place) != 0
        });
        between - recent.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::border::Content;

    fn packet(sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet {
            content: Content::Audio,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(timestamp),
            marker: false,
            ssrc: 7,
            payload: &[],
        }
    }

    fn stream_at(sequence: u16, timestamp: u32) -> Stream {
        Stream::beginning_with(
            Moment::ZERO,
            &packet(sequence, timestamp),
            SampleRate::HZ_8000,
        )
    }

    #[test]
    fn the_next_packet_is_fresh_across_both_wraps() {
        let mut stream = stream_at(65_535, u32::MAX - 100);
        assert_eq!(stream.judge(Moment::ZERO, &packet(0, 59)), Standing::Fresh);
        assert_eq!(stream.judge(Moment::ZERO, &packet(1, 219)), Standing::Fresh);
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(65_535, u32::MAX - 100)),
            Standing::Repeated
        );
    }

    #[test]
    fn a_packet_that_fills_a_hole_is_fresh_once() {
        let mut stream = stream_at(100, 0);
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(103, 480)),
            Standing::Fresh
        );
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(101, 160)),
            Standing::Fresh
        );
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(101, 160)),
            Standing::Repeated
        );
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(102, 320)),
            Standing::Fresh
        );
    }

    #[test]
    fn another_source_is_foreign() {
        let mut stream = stream_at(100, 0);
        let other = Packet {
            ssrc: 8,
            ..packet(101, 160)
        };
        assert_eq!(stream.judge(Moment::ZERO, &other), Standing::Foreign);
    }

    #[test]
    fn a_step_of_64_continues_and_one_of_65_does_not() {
        assert_eq!(
            stream_at(100, 0).judge(Moment::ZERO, &packet(164, 10_240)),
            Standing::Fresh
        );
        assert_eq!(
            stream_at(100, 0).judge(Moment::ZERO, &packet(165, 10_400)),
            Standing::Foreign
        );
    }

    #[test]
    fn a_timestamp_more_than_two_seconds_on_or_any_way_back_is_foreign() {
        assert_eq!(
            stream_at(100, 0).judge(Moment::ZERO, &packet(101, 16_000)),
            Standing::Fresh
        );
        assert_eq!(
            stream_at(100, 0).judge(Moment::ZERO, &packet(101, 16_001)),
            Standing::Foreign
        );
        assert_eq!(
            stream_at(100, 500).judge(Moment::ZERO, &packet(101, 499)),
            Standing::Foreign
        );
    }

    #[test]
    fn a_packet_from_far_back_is_foreign() {
        let mut stream = stream_at(1_000, 160_000);
        for (sequence, standing) in [(936, Standing::Foreign), (937, Standing::Fresh)] {
            let timestamp = u32::from(sequence) * 160;
            let found = stream.judge(Moment::ZERO, &packet(sequence, timestamp));
            assert_eq!(found, standing, "{sequence}");
        }
    }

    #[test]
    fn a_foreign_packet_leaves_the_stream_as_it_is() {
        let mut stream = stream_at(100, 0);
        let (now, later) = (Moment::ZERO, Moment::from_millis(20));
        assert_eq!(stream.judge(now, &packet(40_000, 9)), Standing::Foreign);
        assert_eq!(stream.judge(later, &packet(101, 160)), Standing::Fresh);
    }

    #[test]
    fn an_older_packet_with_a_newer_timestamp_is_a_stray() {
        let mut stream = stream_at(100, 0);
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(102, 320)),
            Standing::Fresh
        );
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(101, 5_000)),
            Standing::Stray
        );
    }

    #[test]
    fn packets_without_audio_are_not_counted_between_others() {
        let mut stream = stream_at(65_530, 0);
        for sequence in [65_531, 65_533, 0, 2] {
            assert_eq!(stream.pass_over(7, SequenceNumber(sequence)), Some(true));
        }
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(4, 1_600)),
            Standing::Fresh
        );
        assert_eq!(stream.pass_over(7, SequenceNumber(3)), Some(false));
        let between =
            |earlier, later| stream.packets_between(SequenceNumber(earlier), SequenceNumber(later));
        assert_eq!(between(65_530, 4), 4);
        assert_eq!(between(65_530, 65_532), 0);
        assert_eq!(between(0, 3), 1);
        assert_eq!(between(4, 4), 0);
        assert_eq!(between(4, 65_530), 0);
    }

    #[test]
    fn a_packet_with_audio_does_not_become_one_without() {
        let mut stream = stream_at(10, 0);
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(12, 320)),
            Standing::Fresh
        );
        for (ssrc, sequence, known) in [(7, 12, Some(false)), (8, 11, None), (7, 80, None)] {
            assert_eq!(stream.pass_over(ssrc, SequenceNumber(sequence)), known);
        }
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(13, 480)),
            Standing::Fresh
        );
        assert_eq!(
            stream.packets_between(SequenceNumber(10), SequenceNumber(13)),
            2
        );
    }

    #[test]
    fn an_old_mark_is_forgotten() {
        let mut stream = stream_at(10, 0);
        assert_eq!(stream.pass_over(7, SequenceNumber(11)), Some(true));
        assert_eq!(
            stream.judge(Moment::ZERO, &packet(75, 480)),
            Standing::Fresh
        );
        assert_eq!(
            stream.packets_between(SequenceNumber(10), SequenceNumber(12)),
            1
        );
    }

    #[test]
    fn a_newer_packet_of_the_same_time_is_fresh() {
        assert_eq!(
            stream_at(100, 500).judge(Moment::ZERO, &packet(101, 500)),
            Standing::Fresh
        );
    }

    #[test]
    fn an_older_packet_is_fresh_up_to_two_seconds_back() {
        for (timestamp, standing) in [
            (16_000, Standing::Fresh),
            (0, Standing::Fresh),
            (u32::MAX, Standing::Stray),
        ] {
            let mut stream = stream_at(100, 0);
            assert_eq!(
                stream.judge(Moment::ZERO, &packet(102, 16_000)),
                Standing::Fresh
            );
            assert_eq!(
                stream.judge(Moment::ZERO, &packet(101, timestamp)),
                standing,
                "{timestamp}"
            );
        }
    }

    #[test]
    fn packets_without_audio_reach_as_far_as_those_with_it() {
        let mut stream = stream_at(100, 0);
        for (sequence, known) in [(36, None), (37, Some(false))] {
            assert_eq!(stream.pass_over(7, SequenceNumber(sequence)), known);
        }
        for (sequence, known) in [(164, Some(true)), (165, None)] {
            let passed = stream_at(100, 0).pass_over(7, SequenceNumber(sequence));
            assert_eq!(passed, known);
        }
        assert_eq!(
            stream.packets_between(SequenceNumber(35), SequenceNumber(38)),
            1
        );
    }
}
