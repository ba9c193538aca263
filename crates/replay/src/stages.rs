//! What hears, understands and speaks in a replayed call: the very things that do in a live one.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audio::{Moment, SampleRate};
use engine::listening::Ear;
use futures_util::StreamExt;
use llm::{LanguageModel, ReplyError, ReplyPart, ReplyRequest};
use speech::{
    RecogniseError, Recogniser, SpeakRequest, SpokenWord, SynthesiseError, Synthesiser, TurnJudge,
    Utterance,
};
use tokio::runtime::Runtime;
use vad::{LineDetector, StreamState};

use crate::cassettes::{Cassettes, Reused};
use crate::sayings::Sayings;

/// Probability from which a window of an audio file counts as speech.
const SPEECH: f32 = 0.5;

/// Speech that stops for less than this is still the same.
const SAME: Duration = Duration::from_millis(100);

/// The stages of a call. One call after the other uses them; each answers before the next is
/// asked.
pub struct Stages {
    detector: LineDetector,
    recogniser: Arc<dyn Recogniser>,
    judge: Arc<dyn TurnJudge>,
    synthesiser: Arc<dyn Synthesiser>,
    runtime: Runtime,
    /// What is answered from memory.
    cassettes: Option<Cassettes>,
    sayings: Sayings,
}

/// An agent's mind.
#[derive(Clone)]
pub struct Mind {
    /// What thinks of its answers.
    pub model: Arc<dyn LanguageModel>,
    /// Whether it thinks inside this process, in a time that can be stated beforehand. What a
    /// server takes is measured, whatever the clock.
    pub embedded: bool,
}

/// Part of a reply, and how long after the request it came.
pub(crate) type TimedPart = (Duration, Result<ReplyPart, ReplyError>);

/// What a recogniser understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) text: String,
    /// Whether it takes them for a whole turn, if it tells.
    pub(crate) is_over: Option<bool>,
}

/// One sentence as sound.
#[derive(Default)]
pub(crate) struct Sound {
    pub(crate) samples: Vec<i16>,
    /// When each word sounds, if the synthesiser knows.
    pub(crate) words: Vec<SpokenWord>,
    /// Why it ends early, if it does.
    pub(crate) failure: Option<SynthesiseError>,
    /// How long the first of it took.
    pub(crate) first: Duration,
}

impl Stages {
    /// # Errors
    ///
    /// What the system says if it refuses what providers' connections need.
    pub fn new(
        detector: LineDetector,
        recogniser: Arc<dyn Recogniser>,
        judge: Arc<dyn TurnJudge>,
        synthesiser: Arc<dyn Synthesiser>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            detector,
            recogniser,
            judge,
            synthesiser,
            runtime,
            cassettes: None,
            sayings: Sayings::default(),
        })
    }

    /// Has every sentence be spoken anew from now on, as if no call had been held before.
    pub fn forget_sayings(&mut self) {
        self.sayings = Sayings::default();
    }

    /// Answers from these cassettes from now on, if there are any; what became of those before.
    pub(crate) fn remember(&mut self, cassettes: Option<Cassettes>) -> Option<Reused> {
        let before = std::mem::replace(&mut self.cassettes, cassettes);
        before.map(|cassettes| cassettes.reused())
    }

    /// What is answered from memory.
    pub(crate) fn cassettes(&self) -> Option<&Cassettes> {
        self.cassettes.as_ref()
    }

    /// The probability that the ear's last window, which has these samples, holds a voice.
    pub(crate) fn listen(&mut self, ear: &mut Ear, samples: &[i16]) -> f32 {
        let mut probabilities = Vec::with_capacity(1);
        let probability = self.run(ear.state(), samples, &mut probabilities);
        ear.judge(probability)
    }

    fn run(&mut self, state: &mut StreamState, window: &[i16], out: &mut Vec<f32>) -> f32 {
        if let Err(error) = self.detector.run(&mut [(state, window)], out) {
            tracing::error!(%error, "voice detection failed, a window counts as silence");
        }
        out.first().copied().unwrap_or(0.0)
    }

    /// Where in `samples`, at the rate of a line, somebody speaks, as times from their start.
    pub(crate) fn speech(&mut self, samples: &[i16], rate: SampleRate) -> Vec<Range<Duration>> {
        let Some(length) = LineDetector::window(rate) else {
            return Vec::new();
        };
        let mut state = StreamState::new();
        let mut out = Vec::with_capacity(1);
        let mut speech: Vec<Range<Duration>> = Vec::new();
        for (index, window) in samples.chunks_exact(length).enumerate() {
            if self.run(&mut state, window, &mut out) < SPEECH {
                continue;
            }
            let start = rate.duration_of(index * length);
            let end = rate.duration_of((index + 1) * length);
            match speech.last_mut().filter(|last| start <= last.end + SAME) {
                Some(last) => last.end = end,
                None => speech.push(start..end),
            }
        }
        speech
    }

    /// The words of an utterance, and how long that took.
    pub(crate) fn recognise(
        &self,
        utterance: Utterance,
    ) -> (Result<Words, RecogniseError>, Duration) {
        let begun = Instant::now();
        let recognised = self.runtime.block_on(self.recogniser.recognise(utterance));
        let words = recognised.map(|recognition| Words {
            text: recognition.text,
            is_over: recognition.is_over,
        });
        (words, begun.elapsed())
    }

    /// How much a turn sounds complete, and how long that took.
    pub(crate) fn judge(&self, turn: Utterance) -> (Option<f32>, Duration) {
        let begun = Instant::now();
        let judged = self.runtime.block_on(self.judge.judge(turn));
        if let Err(error) = &judged {
            tracing::debug!(%error, "a turn is decided without its sound");
        }
        (judged.ok(), begun.elapsed())
    }

    /// A sentence as sound, from memory if it was said before: nobody asks how long it takes.
    pub(crate) fn say(&mut self, request: SpeakRequest) -> Sound {
        if let Some(sound) = self.sayings.recall(&request) {
            return sound;
        }
        let sound = self.speak(request.clone());
        self.sayings.keep(request, &sound);
        sound
    }

    /// A sentence as sound, and how long that takes.
    pub(crate) fn speak(&self, request: SpeakRequest) -> Sound {
        let begun = Instant::now();
        let mut stream = self.synthesiser.speak(request);
        let mut sound = Sound::default();
        self.runtime.block_on(async {
            while let Some(chunk) = stream.next().await {
                if sound.first.is_zero() {
                    sound.first = begun.elapsed();
                }
                match chunk {
                    Ok(samples) => sound.samples.extend_from_slice(&samples),
                    Err(error) => sound.failure = Some(error),
                }
                sound.words.extend(stream.take_words());
            }
        });
        sound
    }

    /// All parts of a reply.
    pub(crate) fn reply(&self, mind: &Mind, request: ReplyRequest) -> Vec<TimedPart> {
        let begun = Instant::now();
        let mut stream = mind.model.reply(request);
        self.runtime.block_on(async {
            let mut parts = Vec::new();
            while let Some(part) = stream.next().await {
                parts.push((begun.elapsed(), part));
            }
            parts
        })
    }
}

impl std::fmt::Debug for Stages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stages")
            .field("detector", &self.detector)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Mind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mind")
            .field("embedded", &self.embedded)
            .finish_non_exhaustive()
    }
}

/// Paces a call: on the wall's clock it waits, on a virtual one it jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacer {
    start: Option<(Instant, Moment)>,
}

impl Pacer {
    /// Where `wall` is set, `origin` is now.
    pub(crate) fn new(wall: bool, origin: Moment) -> Self {
        Self {
            start: wall.then(|| (Instant::now(), origin)),
        }
    }

    /// Waits until `moment`.
    pub(crate) fn wait(&self, moment: Moment) {
        if let Some((start, origin)) = self.start {
            let due = start + moment.since(origin);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}
