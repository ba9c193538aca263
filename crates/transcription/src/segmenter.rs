//! Where utterances begin and end, from how likely each window is speech.

use std::ops::Range;

/// Speech begins with a window that is at least this likely.
const BEGINS: f32 = 0.5;
/// A window that is less likely belongs to a pause.
const PAUSES: f32 = 0.35;
/// Windows before the first one of speech that belong to it: 192 ms.
const BEFORE: u64 = 6;
/// Windows after the last one of speech that belong to it: 256 ms.
const AFTER: u64 = 8;
/// Windows of speech that an utterance has at least: 96 ms.
const SHORTEST: u64 = 3;
/// A pause of so many windows ends an utterance: 640 ms.
const PAUSE: u64 = 20;
/// Beyond so many windows, 10 s, a pause of [`BREATH`] does.
const LONG: u64 = 312;
const BREATH: u64 = 8;
/// An utterance ends after so many windows, 25 s, whatever is said.
const LONGEST: u64 = 781;

/// Decides over one stream of windows of 32 ms, which are counted from 0.
#[derive(Debug, Default)]
pub(crate) struct Segmenter {
    /// Windows heard.
    heard: u64,
    /// The end of the last utterance.
    ended: u64,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// The first window that belongs to it.
    begins: u64,
    /// After the last window of speech.
    voiced_until: u64,
    /// Windows of speech.
    voiced: u64,
}

impl Segmenter {
    /// Hears the next window. The windows of the utterance that it ends, if it ends one.
    pub(crate) fn hear(&mut self, probability: f32) -> Option<Range<u64>> {
        let window = self.heard;
        self.heard += 1;
        let Some(open) = &mut self.open else {
            if probability >= BEGINS {
                self.open = Some(Open {
                    begins: window.saturating_sub(BEFORE).max(self.ended),
                    voiced_until: window + 1,
                    voiced: 1,
                });
            }
            return None;
        };
        if probability >= PAUSES {
            open.voiced_until = window + 1;
            open.voiced += 1;
        }
        let length = self.heard - open.begins;
        let pause = self.heard - open.voiced_until;
        let enough = if length > LONG { BREATH } else { PAUSE };
        if pause >= enough || length >= LONGEST {
            return self.close();
        }
        None
    }

    /// Ends the stream. The windows of the utterance that it cuts off, if there is one.
    pub(crate) fn finish(&mut self) -> Option<Range<u64>> {
        self.close()
    }

    /// The first window that may still become part of an utterance.
    pub(crate) fn needed_from(&self) -> u64 {
        match self.open {
            Some(open) => open.begins,
            None => self.heard.saturating_sub(BEFORE).max(self.ended),
        }
    }

    fn close(&mut self) -> Option<Range<u64>> {
        let open = self.open.take()?;
        if open.voiced < SHORTEST {
            return None;
        }
        let ends = (open.voiced_until + AFTER).min(self.heard);
        self.ended = ends;
        Some(open.begins..ends)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// The first window of each, and the one after its last.
    fn utterances(probabilities: impl IntoIterator<Item = f32>) -> Vec<(u64, u64)> {
        let mut segmenter = Segmenter::default();
        let mut found: Vec<_> = probabilities
            .into_iter()
            .filter_map(|probability| segmenter.hear(probability))
            .collect();
        found.extend(segmenter.finish());
        let ends = found.into_iter();
        ends.map(|range| (range.start, range.end)).collect()
    }

    fn windows(parts: &[(usize, f32)]) -> Vec<f32> {
        let parts = parts.iter();
        parts
            .flat_map(|&(count, probability)| std::iter::repeat_n(probability, count))
            .collect()
    }

    #[test]
    fn an_utterance_has_what_is_around_its_speech() {
        let found = utterances(windows(&[(50, 0.0), (40, 0.9), (60, 0.1)]));
        assert_eq!(found, [(44, 98)]);
    }

    #[test]
    fn a_short_pause_ends_nothing_and_a_long_one_does() {
        let short = windows(&[(10, 0.9), (19, 0.0), (10, 0.9), (40, 0.0)]);
        assert_eq!(utterances(short), [(0, 47)]);
        let long = windows(&[(10, 0.9), (20, 0.0), (10, 0.9), (40, 0.0)]);
        assert_eq!(utterances(long), [(0, 18), (24, 48)]);
    }

    #[test]
    fn a_click_is_no_utterance() {
        assert!(utterances(windows(&[(20, 0.0), (2, 0.9), (40, 0.0)])).is_empty());
    }

    #[test]
    fn after_ten_seconds_a_breath_is_pause_enough() {
        let found = utterances(windows(&[(320, 0.9), (8, 0.0), (20, 0.9), (30, 0.0)]));
        assert_eq!(found, [(0, 328), (328, 356)]);
    }

    #[test]
    fn who_never_pauses_is_cut_without_losing_anything() {
        let found = utterances(windows(&[(2_000, 0.9)]));
        assert_eq!(found, [(0, 781), (781, 1_562), (1_562, 2_000)]);
    }

    #[test]
    fn speech_that_the_end_cuts_off_is_heard() {
        assert_eq!(utterances(windows(&[(10, 0.0), (10, 0.9)])), [(4, 20)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(70),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn utterances_are_in_order_bounded_and_within_what_is_kept(
            parts in prop::collection::vec((1usize..400, 0.0f32..1.0), 1..40),
        ) {
            let mut segmenter = Segmenter::default();
            let mut end = 0;
            for probability in windows(&parts) {
                let kept = segmenter.needed_from();
                prop_assert!(segmenter.heard - kept <= LONGEST);
                if let Some(found) = segmenter.hear(probability) {
                    prop_assert!(found.start >= end && found.start >= kept);
                    prop_assert!(found.end <= segmenter.heard && found.start < found.end);
                    end = found.end;
                }
            }
        }
    }
}
