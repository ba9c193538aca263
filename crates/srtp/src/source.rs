/// How many SSRCs of one direction are followed at a time with the same keys.
///
/// One more takes the place of the one that has been silent for the longest, whose packets are
/// refused from then on: without its window they could be replayed. Only a packet that passed
/// authentication counts, so a stranger cannot drive a source out.
pub const MAX_SOURCES: usize = 16;

/// How many SSRCs may have had their place before with the same keys; then one more is refused.
pub const MAX_RETIRED_SOURCES: usize = 112;

/// The last index of an RTP packet: 32 bits of rollover counter, then the sequence number.
pub(crate) const LAST_RTP_INDEX: u64 = (1 << 48) - 1;

/// How many indices up to the highest one are remembered one by one.
const WINDOW: u64 = u128::BITS as u64;

const HALF: u16 = 1 << 15;

/// Why an index may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was used before, or is too old to tell.
    Used,
    /// It belongs to a new SSRC, and neither [`MAX_SOURCES`] nor [`MAX_RETIRED_SOURCES`] leave
    /// room for it.
    TooManySources,
}

/// The indices that were used, for each SSRC (RFC 3711 §3.2.3, §3.3.2).
#[derive(Debug)]
pub(crate) struct Sources {
    entries: [Option<Source>; MAX_SOURCES],
    /// Packets accepted so far, which tells the time.
    accepted: u64,
    /// SSRCs that had a place before; the first `retired_count` of them.
    retired: [u32; MAX_RETIRED_SOURCES],
    retired_count: usize,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            entries: [None; MAX_SOURCES],
            accepted: 0,
            retired: [0; MAX_RETIRED_SOURCES],
            retired_count: 0,
        }
    }
}

impl Sources {
    /// The index that `sequence` most likely stands for (RFC 3711 §3.3.1, appendix A).
    pub(crate) fn estimate(&self, ssrc: u32, sequence: u16) -> u64 {
        let Some(source) = self.find(ssrc) else {
            return u64::from(sequence);
        };
        let rollover = source.highest >> 16;
        let highest = source.highest as u16;
        let guess = if highest < HALF && sequence.saturating_sub(highest) > HALF {
            // Nothing precedes the first round, so there a far number can only be ahead.
            rollover.saturating_sub(1)
        } else if highest >= HALF && highest - HALF > sequence {
            rollover + 1
        } else {
            rollover
        };
        guess << 16 | u64::from(sequence)
    }

    /// Whether a packet with this index may pass; changes nothing.
    pub(crate) fn check(&self, ssrc: u32, index: u64) -> Result<(), Refusal> {
        match self.find(ssrc) {
            Some(source) if source.used(index) => Err(Refusal::Used),
            Some(_) => Ok(()),
            None if self.is_retired(ssrc) => Err(Refusal::Used),
            None if self.is_full() => Err(Refusal::TooManySources),
            None => Ok(()),
        }
    }

    /// Notes that a packet with this index, which passed [`Self::check`], is authentic.
    pub(crate) fn accept(&mut self, ssrc: u32, index: u64) {
        self.accepted += 1;
        let known = self.entries.iter_mut().flatten().find(|s| s.ssrc == ssrc);
        if let Some(source) = known {
            source.accept(index);
            source.last = self.accepted;
            return;
        }
        let oldest = self
            .entries
            .iter_mut()
            .min_by_key(|entry| entry.map_or(0, |source| source.last));
        let Some(place) = oldest else { return };
        let retiring = place.replace(Source {
            ssrc,
            highest: index,
            used: 1,
            last: self.accepted,
        });
        if let Some(retiring) = retiring
            && let Some(room) = self.retired.get_mut(self.retired_count)
        {
            *room = retiring.ssrc;
            self.retired_count += 1;
        }
    }

    fn is_retired(&self, ssrc: u32) -> bool {
        let retired = self.retired.get(..self.retired_count);
        retired.is_some_and(|retired| retired.contains(&ssrc))
    }

    /// Whether nobody could be retired for one more SSRC.
    fn is_full(&self) -> bool {
        self.retired_count == MAX_RETIRED_SOURCES && self.entries.iter().all(Option::is_some)
    }

    fn find(&self, ssrc: u32) -> Option<&Source> {
        self.entries.iter().flatten().find(|s| s.ssrc == ssrc)
    }
}

#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    highest: u64,
    /// Bit `n` is set when `highest - n` was used.
    used: u128,
    /// How many packets of all sources had been accepted when its last one was.
    last: u64,
}

impl Source {
    fn used(&self, index: u64) -> bool {
        self.highest
            .checked_sub(index)
            .is_some_and(|age| age >= WINDOW || self.used >> age & 1 == 1)
    }

    fn accept(&mut self, index: u64) {
        if let Some(age) = self.highest.checked_sub(index) {
            self.used |= 1_u128.checked_shl(age as u32).unwrap_or_default();
            return;
        }
        let ahead = index - self.highest;
        let kept = if ahead < WINDOW {
            self.used << ahead
        } else {
            0
        };
        self.used = kept | 1;
        self.highest = index;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn after(index: u64) -> Sources {
        let mut sources = Sources::default();
        sources.accept(1, index);
        sources
    }

    #[test]
    fn the_rollover_counter_goes_up_at_the_wrap_and_back_for_a_late_packet() {
        assert_eq!(after(0x0_FFFF).estimate(1, 0), 0x1_0000);
        assert_eq!(after(0x1_0000).estimate(1, 0xFFFF), 0x0_FFFF);
        assert_eq!(after(0x1_7FFF).estimate(1, 0xFFFF), 0x1_FFFF);
        assert_eq!(after(0x1_7FFE).estimate(1, 0xFFFF), 0x0_FFFF);
        assert_eq!(after(0x1_8001).estimate(1, 0), 0x2_0000);
        assert_eq!(after(0x1_8000).estimate(1, 0), 0x1_0000);
    }

    #[test]
    fn no_packet_precedes_the_first_round() {
        assert_eq!(after(0).estimate(1, 0xFFFF), 0xFFFF);
        assert_eq!(Sources::default().estimate(1, 0xFFFF), 0xFFFF);
    }

    #[test]
    fn each_ssrc_has_its_own_rollover_counter() {
        assert_eq!(after(0x5_0000).estimate(2, 1), 1);
    }

    #[test]
    fn the_window_remembers_128_indices() {
        let mut sources = after(1_000);
        assert_eq!(sources.check(1, 1_000), Err(Refusal::Used));
        assert_eq!(sources.check(1, 873), Ok(()));
        assert_eq!(sources.check(1, 872), Err(Refusal::Used));
        sources.accept(1, 873);
        assert_eq!(sources.check(1, 873), Err(Refusal::Used));
    }

    /// Takes a packet of each of the first `count` SSRCs.
    fn heard_of(count: usize) -> Sources {
        let mut sources = Sources::default();
        for ssrc in 0..count as u32 {
            assert_eq!(sources.check(ssrc, 1), Ok(()));
            sources.accept(ssrc, 1);
        }
        sources
    }

    #[test]
    fn one_source_more_takes_the_place_of_the_one_silent_for_the_longest() {
        let mut sources = heard_of(MAX_SOURCES);
        sources.accept(0, 2);
        assert_eq!(sources.check(99, 1), Ok(()));
        sources.accept(99, 1);
        for (ssrc, expected) in [
            (0, Ok(())),
            (1, Err(Refusal::Used)),
            (2, Ok(())),
            (99, Ok(())),
        ] {
            assert_eq!(sources.check(ssrc, 3), expected, "{ssrc}");
        }
    }

    #[test]
    fn a_source_that_lost_its_place_cannot_be_replayed_however_many_follow() {
        let most = MAX_SOURCES + MAX_RETIRED_SOURCES;
        let sources = heard_of(most);
        for ssrc in 0..MAX_RETIRED_SOURCES as u32 {
            assert_eq!(sources.check(ssrc, 1), Err(Refusal::Used));
        }
        for ssrc in MAX_RETIRED_SOURCES as u32..most as u32 {
            assert_eq!(sources.check(ssrc, 2), Ok(()));
        }
        let next = most as u32;
        assert_eq!(sources.check(next, 1), Err(Refusal::TooManySources));
    }

    proptest! {
        #[test]
        fn no_index_passes_twice_and_no_fresh_recent_one_is_refused(
            steps in prop::collection::vec(-200_i64..200, 1..300),
        ) {
            let mut sources = after(100_000);
            let mut passed = HashSet::from([100_000_u64]);
            let mut highest = 100_000_u64;
            for step in steps {
                let index = highest.saturating_add_signed(step);
                let fresh = !passed.contains(&index);
                let recent = index + 128 > highest;
                prop_assert_eq!(sources.check(1, index).is_ok(), fresh && recent);
                if fresh && recent {
                    sources.accept(1, index);
                    passed.insert(index);
                    highest = highest.max(index);
                }
            }
        }

        #[test]
        fn the_estimate_finds_every_index_within_half_a_round(
            highest in 0_u64..1 << 40,
            step in -32_767_i64..32_768,
        ) {
            let Some(index) = highest.checked_add_signed(step) else { return Ok(()) };
            prop_assert_eq!(after(highest).estimate(1, index as u16), index);
        }
    }
}
