/// How many SSRCs one direction may carry with the same keys.
///
/// Forgetting a source would let its packets be replayed, so one more is refused instead. Only a
/// packet that passed authentication is counted, so a stranger cannot fill the table.
pub const MAX_SOURCES: usize = 16;

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
    /// It belongs to a new SSRC, and [`MAX_SOURCES`] are known.
    TooManySources,
}

/// The indices that were used, for each SSRC (RFC 3711 §3.2.3, §3.3.2).
#[derive(Debug, Default)]
pub(crate) struct Sources {
    entries: [Option<Source>; MAX_SOURCES],
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
            None if self.entries.iter().all(Option::is_some) => Err(Refusal::TooManySources),
            None => Ok(()),
        }
    }

    /// Notes that a packet with this index, which passed [`Self::check`], is authentic.
    pub(crate) fn accept(&mut self, ssrc: u32, index: u64) {
        let known = self.entries.iter_mut().flatten().find(|s| s.ssrc == ssrc);
        if let Some(source) = known {
            source.accept(index);
        } else if let Some(free) = self.entries.iter_mut().find(|entry| entry.is_none()) {
            *free = Some(Source {
                ssrc,
                highest: index,
                used: 1,
            });
        }
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

    #[test]
    fn one_source_too_many_is_refused() {
        let mut sources = Sources::default();
        for ssrc in 0..MAX_SOURCES as u32 {
            assert_eq!(sources.check(ssrc, 1), Ok(()));
            sources.accept(ssrc, 1);
        }
        assert_eq!(sources.check(99, 1), Err(Refusal::TooManySources));
        assert_eq!(sources.check(0, 2), Ok(()));
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
