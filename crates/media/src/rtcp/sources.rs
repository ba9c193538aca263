//! Which sources are believed to exist.

use std::time::Duration;

use audio::{Moment, SampleRate, SequenceNumber};

use super::packet::ReportBlock;
use super::reception::Source;
use crate::rtp::Header;

/// Sources that books are kept of: the peer and, after a transfer, the one before.
pub(super) const MAX_SOURCES: usize = 2;

/// The sources of a leg.
///
/// A source exists when two packets of it came in sequence (RFC 3550 A.1), so
/// that strays and forgeries with invented SSRCs drive out none that does. One
/// more than [`MAX_SOURCES`] takes the place of the one that is silent for the
/// longest.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    known: [Option<Source>; MAX_SOURCES],
    candidate: Option<Candidate>,
}

/// A source of which one packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    ssrc: u32,
    next: SequenceNumber,
}

impl Sources {
    /// Notes a packet that came at `now`, and says whether its source is known.
    pub(super) fn received(&mut self, now: Moment, header: &Header, clock: SampleRate) -> bool {
        if let Some(source) = self.find(header.ssrc) {
            source.received(now, header, clock);
            return true;
        }
        let Header { ssrc, sequence, .. } = *header;
        let awaited = Candidate {
            ssrc,
            next: sequence,
        };
        if self.candidate != Some(awaited) {
            let next = sequence.next();
            self.candidate = Some(Candidate { ssrc, next });
            return false;
        }
        self.candidate = None;
        let place = self
            .known
            .iter_mut()
            .min_by_key(|place| place.as_ref().map(Source::heard));
        if let Some(place) = place {
            *place = Some(Source::new(now, header, clock));
        }
        true
    }

    pub(super) fn find(&mut self, ssrc: u32) -> Option<&mut Source> {
        self.known.iter_mut().flatten().find(|s| s.ssrc() == ssrc)
    }

    /// Forgets a source that said goodbye, and says whether it was known.
    pub(super) fn remove(&mut self, ssrc: u32) -> bool {
        let place = self
            .known
            .iter_mut()
            .find(|place| place.as_ref().is_some_and(|s| s.ssrc() == ssrc));
        place.and_then(Option::take).is_some()
    }

    /// Whether any source was heard in the time of this length up to `now`.
    pub(super) fn any_alive(&self, now: Moment, within: Duration) -> bool {
        self.known
            .iter()
            .flatten()
            .any(|source| now.since(source.heard()) <= within)
    }

    /// The source heard last.
    pub(super) fn current(&self) -> Option<&Source> {
        self.known.iter().flatten().max_by_key(|s| s.heard())
    }

    /// The blocks of a report at `now`, and how many there are.
    pub(super) fn report(&mut self, now: Moment) -> ([ReportBlock; MAX_SOURCES], usize) {
        let mut blocks = [ReportBlock::default(); MAX_SOURCES];
        let reports = self
            .known
            .iter_mut()
            .flatten()
            .filter_map(|s| s.report(now));
        let mut count = 0;
        for (place, block) in blocks.iter_mut().zip(reports) {
            *place = block;
            count += 1;
        }
        (blocks, count)
    }
}

#[cfg(test)]
mod tests {
    use audio::RtpTimestamp;

    use super::*;

    fn header(ssrc: u32, sequence: u16) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(u32::from(sequence) * 160),
            ssrc,
        }
    }

    fn received(sources: &mut Sources, millis: u64, ssrc: u32, sequence: u16) -> bool {
        let now = Moment::from_millis(millis);
        sources.received(now, &header(ssrc, sequence), SampleRate::HZ_8000)
    }

    #[test]
    fn a_source_exists_when_two_packets_of_it_came_in_sequence() {
        let mut sources = Sources::default();
        assert!(!received(&mut sources, 0, 1, 10));
        assert!(!received(&mut sources, 20, 1, 12));
        assert!(received(&mut sources, 40, 1, 13));
        assert_eq!(sources.current().unwrap().reception().packets, 2);
        assert_eq!(sources.current().unwrap().reception().lost, 0);
    }

    #[test]
    fn invented_sources_drive_out_none_that_exists() {
        let mut sources = Sources::default();
        received(&mut sources, 0, 1, 10);
        received(&mut sources, 0, 1, 11);
        for stray in 100..1_000 {
            assert!(!received(&mut sources, 10, stray, 7));
        }
        assert_eq!(sources.current().unwrap().ssrc(), 1);
        assert!(received(&mut sources, 20, 1, 12));
    }

    #[test]
    fn a_third_source_takes_the_place_of_the_one_silent_for_the_longest() {
        let mut sources = Sources::default();
        for (millis, ssrc) in [(0, 1), (100, 2), (200, 1), (300, 3)] {
            received(&mut sources, millis, ssrc, 10);
            received(&mut sources, millis, ssrc, 11);
        }
        assert!(sources.find(1).is_some() && sources.find(3).is_some());
        assert!(sources.find(2).is_none());
        assert_eq!(sources.current().unwrap().ssrc(), 3);
    }

    #[test]
    fn each_source_heard_since_the_last_report_has_a_block() {
        let mut sources = Sources::default();
        for ssrc in [1, 2] {
            received(&mut sources, 0, ssrc, 10);
            received(&mut sources, 0, ssrc, 11);
        }
        let now = Moment::from_millis(5_000);
        let (blocks, count) = sources.report(now);
        assert_eq!(
            blocks[..count].iter().map(|b| b.ssrc).collect::<Vec<_>>(),
            [1, 2]
        );
        received(&mut sources, 5_010, 2, 12);
        let (blocks, count) = sources.report(now);
        assert_eq!(
            blocks[..count].iter().map(|b| b.ssrc).collect::<Vec<_>>(),
            [2]
        );
    }
}
