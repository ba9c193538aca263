//! What speaks for and against a turn's end, weighed together.

use std::time::Duration;

use crate::completeness::Completeness;
use crate::settings::Settings;

/// Completeness from which the shortest delay is enough.
const SURE: f32 = 0.8;

/// Completeness up to which only the longest delay is enough.
const HOPELESS: f32 = 0.15;

/// The model's probabilities are no more certain than this: its mistakes are as confident as its
/// other answers.
const CERTAIN: f32 = 0.88;

/// How much the sound of a turn counts, beside its words: recognised words of a sentence that was
/// broken off end on a full stop nearly always, so that the stop says little.
const SOUND: f32 = 2.0;

/// By how much longer than this caller's own pauses a pause must be to end a turn.
const OWN_PAUSES: f32 = 1.2;

/// Completeness from which the caller's own pauses no longer count.
const BEYOND_DOUBT: f32 = 0.95;

/// Everything that a decision on the end of a turn rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What the words say; `None` while they are not known.
    pub words: Option<Completeness>,
    /// How likely the turn is over by its sound, 0 to 1; `None` if nobody judged it.
    pub sound: Option<f32>,
    /// How long this caller's pauses within turns are, as far as they are known.
    pub own_pauses: Option<Duration>,
    /// Whether the speech provider says that the turn is over; `None` if it says nothing.
    pub provider: Option<bool>,
}

impl Evidence {
    /// How likely it is that the turn is over, 0 to 1: the odds of each piece of evidence
    /// multiplied, as if they were independent.
    pub fn completeness(&self) -> f32 {
        let words = self.words.map_or(0.0, words);
        let sound = self.sound.map_or(0.0, |probability| {
            let probability = probability.clamp(1.0 - CERTAIN, CERTAIN);
            SOUND * (probability / (1.0 - probability)).ln()
        });
        let provider = match self.provider {
            None => 0.0,
            Some(true) => 2.5,
            Some(false) => -1.5,
        };
        let odds = (words + sound + provider).exp();
        odds / (1.0 + odds)
    }

    /// The pause that ends the turn, on this evidence: from `min_endpointing_delay` where it is
    /// clearly over to `max_endpointing_delay` where it is clearly not, growing evenly in
    /// between on a logarithmic scale. Without words nobody could answer, so that it is the
    /// longest until they are known.
    pub fn delay(&self, settings: &Settings) -> Duration {
        let shortest = settings.min_endpointing_delay;
        let longest = settings.max_endpointing_delay.max(shortest);
        match self.words {
            None => return longest,
            Some(Completeness::Wordless) => return shortest,
            Some(_) => {}
        }
        let completeness = self.completeness();
        let doubt = ((SURE - completeness) / (SURE - HOPELESS)).clamp(0.0, 1.0);
        if doubt == 0.0 && self.own_pauses.is_none() {
            return shortest;
        }
        let ratio = longest.as_secs_f32() / shortest.as_secs_f32().max(0.001);
        let delay = shortest
            .max(Duration::from_millis(1))
            .mul_f32(ratio.powf(doubt));
        let own = self
            .own_pauses
            .filter(|_| completeness < BEYOND_DOUBT)
            .map_or(Duration::ZERO, |own| own.mul_f32(OWN_PAUSES));
        delay.max(own).clamp(shortest, longest)
    }
}

/// The logarithm of the odds that the words of a turn speak for its end.
const fn words(words: Completeness) -> f32 {
    match words {
        Completeness::Question => 2.5,
        Completeness::Finished => 1.5,
        Completeness::Wordless => 0.0,
        Completeness::Trailing => -3.0,
        Completeness::Fragment => -4.5,
        Completeness::OpenNumber | Completeness::Dangling => -6.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay(words: Completeness, sound: Option<f32>) -> u128 {
        let evidence = Evidence {
            words: Some(words),
            sound,
            ..Evidence::default()
        };
        evidence.delay(&Settings::default()).as_millis()
    }

    #[test]
    fn words_and_sound_that_agree_decide_at_once() {
        assert_eq!(delay(Completeness::Finished, Some(0.95)), 300);
        assert_eq!(delay(Completeness::Dangling, Some(0.05)), 1_000);
    }

    #[test]
    fn the_sound_makes_a_finished_sentence_wait() {
        let unsure = delay(Completeness::Finished, Some(0.3));
        assert!((400..800).contains(&unsure), "{unsure}");
        assert!(delay(Completeness::Finished, Some(0.02)) >= unsure);
    }

    #[test]
    fn a_word_that_calls_for_another_outweighs_the_sound() {
        assert!(delay(Completeness::Dangling, Some(0.97)) > 600);
    }

    #[test]
    fn nothing_is_decided_before_the_words_are_known() {
        let evidence = Evidence {
            sound: Some(0.99),
            ..Evidence::default()
        };
        let settings = Settings::default();
        assert_eq!(evidence.delay(&settings), settings.max_endpointing_delay);
    }

    #[test]
    fn a_caller_who_pauses_for_long_is_given_the_time() {
        let evidence = Evidence {
            words: Some(Completeness::Finished),
            sound: Some(0.6),
            own_pauses: Some(Duration::from_millis(600)),
            provider: None,
        };
        assert_eq!(evidence.delay(&Settings::default()).as_millis(), 720);
    }

    #[test]
    fn the_providers_word_counts() {
        let says = |provider| {
            let evidence = Evidence {
                words: Some(Completeness::Finished),
                sound: Some(0.3),
                provider,
                ..Evidence::default()
            };
            evidence.delay(&Settings::default())
        };
        assert!(says(Some(true)) < says(None));
        assert!(says(Some(false)) > says(None));
    }
}
