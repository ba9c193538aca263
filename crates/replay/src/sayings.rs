//! What the agent has said before: many calls begin with the same words, and the same text has the
//! same sound.

use std::collections::VecDeque;

use audio::SampleRate;
use speech::{SpeakRequest, SpokenWord};

use crate::stages::Sound;

/// Sentences that are remembered: some tens of megabytes at most.
const MEMORY: usize = 64;

/// The last sentences and their sounds, the latest at the end.
#[derive(Default)]
pub(crate) struct Sayings(VecDeque<Saying>);

struct Saying {
    text: String,
    speed: f32,
    rate: SampleRate,
    samples: Vec<i16>,
    words: Vec<SpokenWord>,
}

impl Sayings {
    /// The sound of a sentence that was said before.
    pub(crate) fn recall(&self, request: &SpeakRequest) -> Option<Sound> {
        let same = |saying: &&Saying| {
            saying.text == request.text
                && saying.speed == request.speed
                && saying.rate == request.rate
        };
        let saying = self.0.iter().rev().find(same)?;
        Some(Sound {
            samples: saying.samples.clone(),
            words: saying.words.clone(),
            ..Sound::default()
        })
    }

    /// Remembers a sentence that was spoken whole.
    pub(crate) fn keep(&mut self, request: SpeakRequest, sound: &Sound) {
        if sound.failure.is_some() {
            return;
        }
        if self.0.len() == MEMORY {
            self.0.pop_front();
        }
        self.0.push_back(Saying {
            text: request.text,
            speed: request.speed,
            rate: request.rate,
            samples: sound.samples.clone(),
            words: sound.words.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: usize, speed: f32) -> SpeakRequest {
        SpeakRequest {
            text: format!("Sentence {number}."),
            speed,
            rate: SampleRate::HZ_8000,
        }
    }

    fn sound(sample: usize) -> Sound {
        Sound {
            samples: vec![sample as i16],
            ..Sound::default()
        }
    }

    #[test]
    fn a_sentence_is_recalled_as_it_was_said_at_that_speed_and_rate() {
        let mut sayings = Sayings::default();
        sayings.keep(request(1, 1.0), &sound(7));
        let recalled = sayings.recall(&request(1, 1.0)).unwrap();
        assert_eq!(recalled.samples, [7]);
        assert!(sayings.recall(&request(1, 1.2)).is_none());
        assert!(sayings.recall(&request(2, 1.0)).is_none());
        let wide = SpeakRequest {
            rate: SampleRate::HZ_16000,
            ..request(1, 1.0)
        };
        assert!(sayings.recall(&wide).is_none());
    }

    #[test]
    fn the_oldest_is_forgotten_and_what_failed_is_not_kept() {
        let mut sayings = Sayings::default();
        for number in 0..=MEMORY {
            sayings.keep(request(number, 1.0), &sound(number));
        }
        assert!(sayings.recall(&request(0, 1.0)).is_none());
        assert!(sayings.recall(&request(MEMORY, 1.0)).is_some());
        let failed = Sound {
            failure: Some(speech::SynthesiseError::Stopped),
            ..sound(1)
        };
        sayings.keep(request(MEMORY + 1, 1.0), &failed);
        assert!(sayings.recall(&request(MEMORY + 1, 1.0)).is_none());
    }
}
