//! One piece of text, spoken on a worker thread.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::time::Duration;

use audio::{Resampler, SampleRate};
use tokio::sync::mpsc;

use super::native::{Delivery, Outcome, Voice};
use super::text::Piece;
use super::trim::Trim;
use super::words;
use crate::synthesiser::{SpokenWord, SynthesiseError};

/// Speech that flite hands out at a time. Less reaches the listener no sooner,
/// as flite first analyses the whole text; more would.
const CHUNK: Duration = Duration::from_millis(40);

/// A piece of text to be spoken.
pub(super) struct Job {
    pub(super) piece: Piece,
    /// Length of the speech as a multiple of the voice's own.
    pub(super) stretch: f32,
    pub(super) rate: SampleRate,
    /// Silence to leave at the end.
    pub(super) trail: Duration,
    pub(super) messages: mpsc::Sender<Message>,
}

/// What a worker says about its piece. A channel that closes without one of the
/// last two has lost its worker.
pub(super) enum Message {
    /// The words of the piece, in samples from its first one, before that.
    Words(Vec<SpokenWord>),
    Chunk(Vec<i16>),
    Failed(SynthesiseError),
    Finished,
}

/// Speaks `job`, unless nobody listens any more.
pub(super) fn speak(voice: &Voice, job: Job) {
    let Job {
        piece,
        stretch,
        rate,
        trail,
        messages,
    } = job;
    // A piece is printable ASCII, so none is lost for a zero within.
    let text = CString::new(piece.text.as_str()).unwrap_or_default();
    if messages.is_closed() {
        return;
    }
    let mut resampler = match Resampler::new(voice.rate(), rate) {
        Ok(resampler) => resampler,
        Err(error) => {
            let reason = error.to_string();
            send(
                &messages,
                Message::Failed(SynthesiseError::Failed { reason }),
            );
            return;
        }
    };
    let mut trim = Trim::new(voice.rate(), trail);
    let mut trimmed = Vec::new();
    let mut tokens = Vec::new();
    let mut deliver = |delivery: Delivery<'_>| {
        let samples = match delivery {
            Delivery::Tokens(found) => {
                tokens = found;
                return ControlFlow::Continue(());
            }
            Delivery::Samples(samples) => samples,
        };
        trimmed.clear();
        trim.push(samples, &mut trimmed);
        if let Some(cut) = trim.cut().filter(|_| !tokens.is_empty()) {
            let lead = voice.rate().duration_of(cut);
            let words = words::spoken(&piece, &tokens, lead, rate);
            tokens.clear();
            if !send(&messages, Message::Words(words)) {
                return ControlFlow::Break(());
            }
        }
        let mut chunk = Vec::new();
        resampler.process(&trimmed, &mut chunk);
        if messages.is_closed() || !(chunk.is_empty() || send(&messages, Message::Chunk(chunk))) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let chunk = voice.rate().samples_in(CHUNK);
    match voice.speak(&text, stretch, chunk, &mut deliver) {
        Outcome::Stopped => return,
        Outcome::Failed => {
            let reason = "flite gave up on it".to_owned();
            send(
                &messages,
                Message::Failed(SynthesiseError::Failed { reason }),
            );
            return;
        }
        Outcome::Spoken => {}
    }
    let (mut rest, mut chunk) = (Vec::new(), Vec::new());
    trim.finish(&mut rest);
    resampler.process(&rest, &mut chunk);
    resampler.finish(&mut chunk);
    if chunk.is_empty() || send(&messages, Message::Chunk(chunk)) {
        send(&messages, Message::Finished);
    }
}

/// Whether somebody still listened.
fn send(messages: &mpsc::Sender<Message>, message: Message) -> bool {
    // overflow: awaited; a whole piece fits, so that a slow listener keeps no
    // worker from others
    messages.blocking_send(message).is_ok()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::text;
    use super::*;

    fn job(rate: SampleRate, capacity: usize) -> (Job, mpsc::Receiver<Message>) {
        let (sender, receiver) = mpsc::channel(capacity);
        let job = Job {
            piece: text::pieces("This is a sentence of several words, to be said.").remove(0),
            stretch: 1.0,
            rate,
            trail: Duration::ZERO,
            messages: sender,
        };
        (job, receiver)
    }

    fn voice() -> &'static Voice {
        Voice::get().expect("flite registers its voice")
    }

    #[test]
    fn a_worker_leaves_when_its_listener_does() {
        let (job, mut messages) = job(SampleRate::HZ_16000, 1);
        let worker = thread::spawn(move || speak(voice(), job));
        assert!(matches!(messages.blocking_recv(), Some(Message::Words(_))));
        assert!(matches!(messages.blocking_recv(), Some(Message::Chunk(_))));

        drop(messages);

        worker
            .join()
            .expect("the worker returns, though nobody takes what it has to say");
    }

    #[test]
    fn speech_ends_with_a_message_that_says_so() {
        let (job, mut messages) = job(SampleRate::HZ_8000, 1_000);

        speak(voice(), job);

        let mut last = None;
        while let Some(message) = messages.blocking_recv() {
            last = Some(message);
        }
        assert!(matches!(last, Some(Message::Finished)));
    }
}
