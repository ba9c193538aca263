//! What speaks for and against a turn's end, weighed together.

use std::time::Duration;

use crate::completeness::Completeness;
use crate::settings::Settings;

/// Odds (here and below as their natural logarithm) from which the shortest delay is enough.
const SURE: f32 = 0.4;

/// The odds before anything is known: at most pauses the caller goes on.
const PAUSES: f32 = -0.75;

/// How far the odds rise while a pause grows to 2.7 times its length: pauses within turns thin out
/// by a power of their length.
const THINNING: f32 = 0.4;

/// How much of the model's odds is believed: its mistakes are nearly as confident as its other
/// answers.
const SOUND: f32 = 0.5;

/// The model's odds are no larger than this.
const CERTAIN: f32 = 3.5;

/// What the sound adds where nobody judged it or it tells nothing, so that the words decide alone.
const UNHEARD: f32 = 1.1;

/// By how much longer than this caller's own pauses a pause must be to end a turn.
const OWN_PAUSES: f32 = 1.2;

/// Odds from which the caller's own pauses no longer count.
const BEYOND_DOUBT: f32 = 1.0;

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
    /// How likely it is that the turn is over, 0 to 1.
    pub fn completeness(&self) -> f32 {
        let odds = self.odds().exp();
        odds / (1.0 + odds)
    }

    /// The logarithm of the odds that the turn is over: those of each piece of evidence multiplied,
    /// as if they were independent.
    fn odds(&self) -> f32 {
        let words = self.words.map_or(0.0, words);
        let sound = self
            .sound
            .filter(|_| self.words != Some(Completeness::Answer));
        let sound = sound.map_or(UNHEARD, |probability| {
            let odds = (probability / (1.0 - probability)).ln();
            SOUND * odds.clamp(-CERTAIN, CERTAIN)
        });
        let provider = match self.provider {
            None => 0.0,
            Some(true) => 1.0,
            Some(false) => -0.7,
        };
        PAUSES + words + sound + provider
    }

    /// The pause that ends the turn, on this evidence: `min_endpointing_delay` where it is clearly
    /// over, and the longer the more is in doubt, up to `max_endpointing_delay`. Without words
    /// nobody could answer, so that it is the longest until they are known.
    pub fn delay(&self, settings: &Settings) -> Duration {
        let shortest = settings.min_endpointing_delay;
        let longest = settings.max_endpointing_delay.max(shortest);
        match self.words {
            None => return longest,
            Some(Completeness::Wordless) => return shortest,
            Some(_) => {}
        }
        let doubt = SURE - self.odds();
        let delay = if doubt > 0.0 {
            let grown = shortest.as_secs_f32().max(0.001) * (doubt / THINNING).exp();
            Duration::try_from_secs_f32(grown).unwrap_or(longest)
        } else {
            shortest
        };
        let own = self
            .own_pauses
            .filter(|_| self.odds() < BEYOND_DOUBT)
            .map_or(Duration::ZERO, |own| own.mul_f32(OWN_PAUSES));
        delay.max(own).clamp(shortest, longest)
    }
}

/// What the words of a turn do to the odds of its end.
const fn words(words: Completeness) -> f32 {
    match words {
        Completeness::Answer | Completeness::Question => 0.7,
        Completeness::Finished => 0.5,
        Completeness::Wordless | Completeness::WholeNumber => 0.0,
        Completeness::Trailing => -1.5,
        Completeness::Lacking => -2.5,
        Completeness::Fragment | Completeness::OpenNumber => -3.0,
        Completeness::Dangling => -3.5,
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
        assert_eq!(delay(Completeness::Dangling, Some(0.05)), 1_500);
    }

    #[test]
    fn the_sound_makes_a_finished_sentence_wait() {
        let unsure = delay(Completeness::Finished, Some(0.7));
        assert!((400..1_200).contains(&unsure), "{unsure}");
        assert!(delay(Completeness::Finished, Some(0.02)) > unsure);
    }

    #[test]
    fn a_word_that_calls_for_another_outweighs_the_sound() {
        assert!(delay(Completeness::Dangling, Some(0.97)) > 1_000);
    }

    #[test]
    fn a_turn_that_is_judged_complete_is_not_waited_for_long() {
        for sound in (0..=1_000).map(|per_mille| per_mille as f32 / 1_000.0) {
            let evidence = Evidence {
                words: Some(Completeness::Finished),
                sound: Some(sound),
                ..Evidence::default()
            };
            let delay = evidence.delay(&Settings::default());
            let complete = evidence.completeness() >= 0.5;
            assert!(!complete || delay <= Duration::from_millis(850), "{sound}");
        }
    }

    #[test]
    fn a_short_answer_sounds_like_anything() {
        assert_eq!(delay(Completeness::Answer, Some(0.05)), 300);
    }

    #[test]
    fn without_a_judge_of_the_sound_the_words_decide() {
        assert_eq!(delay(Completeness::Finished, None), 300);
        assert_eq!(delay(Completeness::Dangling, None), 1_500);
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
            sound: Some(0.9),
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
                sound: Some(0.7),
                provider,
                ..Evidence::default()
            };
            evidence.delay(&Settings::default())
        };
        assert!(says(Some(true)) < says(None));
        assert!(says(Some(false)) > says(None));
    }
}
