//! Where in the speech the words of a text are.

use std::time::Duration;

use audio::SampleRate;

use super::native::Token;
use super::text::Piece;
use crate::synthesiser::SpokenWord;

/// The words of `piece` that flite found as `tokens`, when what it says is cut by
/// `lead` at its beginning: in samples of `rate` from the piece's first one.
pub(super) fn spoken(
    piece: &Piece,
    tokens: &[Token],
    lead: Duration,
    rate: SampleRate,
) -> Vec<SpokenWord> {
    let mut spoken: Vec<SpokenWord> = Vec::new();
    let mut words = piece.words.iter();
    for token in tokens {
        let holds = |place: &(std::ops::Range<usize>, _)| {
            let word = piece.text.get(place.0.clone());
            word.is_some_and(|word| word.contains(&token.name))
        };
        // Punctuation of its own is no token with sound, so words are passed over.
        let rest = words.clone();
        let Some((_, text)) = words.find(|place| holds(place)) else {
            words = rest;
            continue;
        };
        let sample = |time: Duration| rate.samples_in(time.saturating_sub(lead));
        let audio = sample(token.sounds.start)..sample(token.sounds.end);
        match spoken.last_mut() {
            Some(last) if last.text == *text => last.audio.end = audio.end,
            _ => spoken.push(SpokenWord {
                text: text.clone(),
                audio,
            }),
        }
    }
    spoken
}
