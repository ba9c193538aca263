//! The speech of one text, piece by piece.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use audio::SampleRate;
use tokio::sync::mpsc;

use super::speak::{Job, Message};
use super::text::{self, Piece as Text};
use crate::pool::{Place, Queue, Refused};
use crate::synthesiser::{SpeakRequest, SpeechSource, SpokenWord, SynthesiseError};

/// Messages that may wait for the listener: 80 seconds of speech, more than a
/// piece lasts.
const MESSAGES: usize = 2_048;
/// Silence after the last piece.
const TRAIL: Duration = Duration::from_millis(80);
/// Silence after a piece that ends a sentence in the middle of the text.
const PAUSE: Duration = Duration::from_millis(200);

/// Has the pieces of a text spoken one after the other, one ahead of the
/// listener, and passes their chunks on in order.
pub(super) struct Pieces {
    queue: Arc<Queue<Job>>,
    stretch: f32,
    rate: SampleRate,
    rest: VecDeque<Text>,
    current: Option<Piece>,
    ahead: Option<Piece>,
    failed: Option<SynthesiseError>,
    /// Samples passed on so far.
    passed: usize,
    /// Words that nobody has taken yet.
    words: Vec<SpokenWord>,
}

/// A piece that waits for a worker or is being spoken. Dropping it cancels it.
struct Piece {
    messages: mpsc::Receiver<Message>,
    _place: Place<Job>,
}

impl Pieces {
    /// Begins with the first piece.
    pub(super) fn new(queue: &Arc<Queue<Job>>, request: &SpeakRequest) -> Self {
        let speed = if request.speed.is_nan() {
            1.0
        } else {
            request.speed.clamp(0.5, 2.0)
        };
        let mut pieces = Self {
            queue: Arc::clone(queue),
            stretch: 1.0 / speed,
            rate: request.rate,
            rest: text::pieces(&request.text).into(),
            current: None,
            ahead: None,
            failed: None,
            passed: 0,
            words: Vec::new(),
        };
        match pieces.begin() {
            Ok(piece) => pieces.current = piece,
            Err(error) => pieces.fail(error),
        }
        pieces
    }

    /// Has the next piece spoken, if there is one.
    fn begin(&mut self) -> Result<Option<Piece>, SynthesiseError> {
        let Some(piece) = self.rest.front() else {
            return Ok(None);
        };
        let ends_sentence = piece.text.ends_with(['.', '?', '!']);
        let trail = if self.rest.len() > 1 && ends_sentence {
            PAUSE
        } else {
            TRAIL
        };
        let (sender, messages) = mpsc::channel(MESSAGES);
        let job = Job {
            piece: piece.clone(),
            stretch: self.stretch,
            rate: self.rate,
            trail,
            messages: sender,
        };
        let place = self.queue.submit(job).map_err(|refused| match refused {
            Refused::Full { waiting } => SynthesiseError::Busy { waiting },
            Refused::Closed => SynthesiseError::Stopped,
        })?;
        self.rest.pop_front();
        Ok(Some(Piece {
            messages,
            _place: place,
        }))
    }

    fn fail(&mut self, error: SynthesiseError) {
        self.rest.clear();
        self.current = None;
        self.ahead = None;
        self.failed = Some(error);
    }

    /// Goes on to the piece after the current one.
    fn advance(&mut self) {
        self.current = self.ahead.take();
        if self.current.is_some() {
            return;
        }
        match self.begin() {
            Ok(piece) => self.current = piece,
            Err(error) => self.fail(error),
        }
    }

    /// Has a worker begin on the piece after the current one. A full queue is
    /// no failure yet: the piece is asked for again with the next chunk.
    fn look_ahead(&mut self) {
        if self.ahead.is_none() {
            self.ahead = self.begin().unwrap_or_default();
        }
    }
}

#[async_trait]
impl SpeechSource for Pieces {
    async fn next(&mut self) -> Option<Result<Vec<i16>, SynthesiseError>> {
        while let Some(piece) = &mut self.current {
            match piece.messages.recv().await {
                Some(Message::Words(words)) => {
                    // They come before the piece's first sample.
                    let begin = self.passed;
                    self.words.extend(words.into_iter().map(|word| SpokenWord {
                        audio: word.audio.start + begin..word.audio.end + begin,
                        ..word
                    }));
                }
                Some(Message::Chunk(samples)) => {
                    self.passed += samples.len();
                    self.look_ahead();
                    return Some(Ok(samples));
                }
                Some(Message::Finished) => self.advance(),
                Some(Message::Failed(error)) => self.fail(error),
                None => self.fail(SynthesiseError::Stopped),
            }
        }
        self.failed.take().map(Err)
    }

    fn take_words(&mut self) -> Vec<SpokenWord> {
        mem::take(&mut self.words)
    }
}
