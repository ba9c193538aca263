mod attempts;

use std::sync::Arc;
use std::time::Duration;

use audio::{Frame, Moment, SampleRate};
use media::{Clock, Generation, PlayoutFrame, PlayoutHandle, PushError, SegmentId};
use speech::{SpeakRequest, SynthesiseError, Synthesiser};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::dialogue::TimedWord;
use crate::keeping::{Log, Record};

/// Sentences that may wait to be synthesised. The driver stops reading the model's reply before
/// the queue is full.
const WAITING_SENTENCES: usize = 64;

/// Sentences for which there must be room before more of a reply is read.
const HEADROOM: usize = 32;

/// Notes that may wait for the driver.
const WAITING_NOTES: usize = 64;

/// How long to wait for room in the playout queue, which holds a few seconds.
const REFILL: Duration = Duration::from_millis(100);

/// Silence between two sentences, beside the little that each carries at its edges.
const SENTENCE_PAUSE: Duration = Duration::from_millis(160);

/// What the speaker tells the driver.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// A segment's first audio is there.
    Started { segment: SegmentId, at: Moment },
    /// When words of a segment sound. Comes before they are handed to the playout.
    Words {
        segment: SegmentId,
        words: Vec<TimedWord>,
    },
    /// A segment is handed to the playout in full.
    Done {
        segment: SegmentId,
        duration: Duration,
    },
    /// A segment could not be spoken, or not to its end.
    Failed {
        segment: SegmentId,
        /// How much of it is handed to the playout.
        spoken: Duration,
        reason: String,
    },
}

#[derive(Debug)]
struct Line {
    generation: Generation,
    segment: SegmentId,
    text: String,
}

/// Turns a call's sentences into sound, one after the other, and feeds the playout.
#[derive(Debug)]
pub(crate) struct Speaker {
    lines: mpsc::Sender<Line>,
    notes: mpsc::Receiver<Note>,
    playout: PlayoutHandle,
    /// Whether what is synthesised is kept from being heard.
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a speaker works with.
pub(crate) struct Voice {
    pub(crate) synthesiser: Arc<dyn Synthesiser>,
    pub(crate) rate: SampleRate,
    pub(crate) speed: f32,
    pub(crate) clock: Clock,
    /// Where what it says is kept, if it is.
    pub(crate) log: Option<Log>,
}

impl Speaker {
    pub(crate) fn start(voice: Voice, playout: PlayoutHandle) -> Self {
        let (lines, ordered) = mpsc::channel(WAITING_SENTENCES);
        let (notes, noted) = mpsc::channel(WAITING_NOTES);
        let (held, holding) = watch::channel(false);
        let work = Work {
            voice,
            playout: playout.clone(),
            notes,
            held: holding,
        };
        Self {
            lines,
            notes: noted,
            playout,
            held,
            task: tokio::spawn(work.run(ordered)),
        }
    }

    /// Orders a sentence, to be heard after all ordered before. Returns whether it was taken.
    pub(crate) fn speak(&self, segment: SegmentId, text: String) -> bool {
        let line = Line {
            generation: self.playout.generation(),
            segment,
            text,
        };
        // overflow: refused; the reply is read only while there is headroom, so this is a
        // greeting of more than 32 sentences
        let taken = self.lines.try_send(line).is_ok();
        if !taken {
            tracing::error!("more sentences ordered at once than can wait; one is not spoken");
        }
        taken
    }

    /// Keeps what is ordered from now on from being heard. Its first audio is synthesised all the
    /// same.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets what was kept back be heard.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// Silences the agent from the next tick on and forgets all orders, kept back or not.
    pub(crate) fn silence(&self) {
        self.playout.interrupt();
        self.held.send_replace(false);
    }

    /// Whether more of a reply may be read.
    pub(crate) fn has_headroom(&self) -> bool {
        self.lines.capacity() > HEADROOM
    }

    pub(crate) async fn note(&mut self) -> Option<Note> {
        self.notes.recv().await
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    voice: Voice,
    playout: PlayoutHandle,
    notes: mpsc::Sender<Note>,
    held: watch::Receiver<bool>,
}

impl Work {
    async fn run(mut self, mut ordered: mpsc::Receiver<Line>) {
        let mut ended_sentence = false;
        while let Some(line) = ordered.recv().await {
            if line.generation != self.playout.generation() {
                continue;
            }
            // Someone who has fallen silent already needs no pause before the next sentence.
            let pause = ended_sentence && self.playout.queued() > 0;
            ended_sentence = line.text.trim_end().ends_with(['.', '!', '?']);
            if pause && self.pause(&line).await.is_none() {
                continue;
            }
            let lead = if pause {
                SENTENCE_PAUSE
            } else {
                Duration::ZERO
            };
            let Some(note) = self.say(line, lead).await else {
                continue;
            };
            // overflow: awaited
            if self.notes.send(note).await.is_err() {
                return;
            }
        }
    }

    /// Breathes between two sentences.
    async fn pause(&mut self, line: &Line) -> Option<()> {
        for _ in 0..SENTENCE_PAUSE.as_millis() / audio::FRAME.as_millis() {
            let silence = Frame::silence(self.voice.rate);
            self.play(line.generation, line.segment, false, silence)
                .await?;
        }
        Some(())
    }

    /// Speaks one line, `lead` of which is played already, and says what became of it; `None` when
    /// the agent was silenced meanwhile.
    async fn say(&mut self, line: Line, lead: Duration) -> Option<Note> {
        let Line {
            generation,
            segment,
            text,
        } = line;
        let request = SpeakRequest {
            text,
            speed: self.voice.speed,
            rate: self.voice.rate,
        };
        if let Some(log) = &self.voice.log {
            let at = self.voice.clock.now();
            let lead = (lead.as_millis() / audio::FRAME.as_millis()) as usize;
            log.write(&Record::Asked { segment, at, lead });
        }
        let wanted = || self.playout.generation() == generation;
        let begun = attempts::begin(&*self.voice.synthesiser, &request, wanted).await;
        let (mut pending, mut stream) = match begun {
            Ok(Some(begun)) => begun,
            Ok(None) => {
                let duration = Duration::ZERO;
                return Some(Note::Done { segment, duration });
            }
            Err(error) => return wanted().then(|| failed(segment, Duration::ZERO, &error)),
        };
        self.sounds(segment, &pending);
        let at = self.voice.clock.now();
        // overflow: awaited
        self.notes.send(Note::Started { segment, at }).await.ok()?;
        let frame_length = self.voice.rate.samples_in(audio::FRAME);
        let mut samples = 0;
        let mut failure = None;
        loop {
            let words = stream.take_words();
            if !words.is_empty() {
                let timed = |word| TimedWord::new(word, self.voice.rate, lead);
                let words = words.into_iter().map(timed).collect();
                // overflow: awaited
                self.notes.send(Note::Words { segment, words }).await.ok()?;
            }
            // One frame stays back, so that the last one can be marked as such.
            while pending.len() > frame_length {
                let frame = Frame::from_samples(pending.get(..frame_length)?)?;
                self.play(generation, segment, false, frame).await?;
                samples += frame_length;
                pending.drain(..frame_length);
            }
            match stream.next().await {
                Some(Ok(chunk)) => {
                    self.sounds(segment, &chunk);
                    pending.extend_from_slice(&chunk);
                }
                Some(Err(error)) => {
                    failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        if let Some(log) = &self.voice.log {
            let failure = failure.as_ref().map(ToString::to_string);
            log.write(&Record::Sounded { segment, failure });
        }
        samples += pending.len();
        pending.resize(frame_length, 0);
        let frame = Frame::from_samples(&pending)?;
        self.play(generation, segment, true, frame).await?;
        let duration = self.voice.rate.duration_of(samples);
        Some(match failure {
            None => Note::Done { segment, duration },
            Some(error) => failed(segment, duration, &error),
        })
    }

    /// Keeps a piece of a sentence before any of it can be played.
    fn sounds(&self, segment: SegmentId, samples: &[i16]) {
        if let Some(log) = &self.voice.log {
            log.sound(segment, samples);
        }
    }

    /// Waits until what is synthesised may be heard; `None` when the agent was silenced meanwhile.
    async fn released(&mut self, generation: Generation) -> Option<()> {
        while *self.held.borrow_and_update() {
            if self.playout.generation() != generation {
                return None;
            }
            self.held.changed().await.ok()?;
        }
        Some(())
    }

    /// Queues a frame as soon as there is room; `None` when the agent was silenced meanwhile.
    async fn play(
        &mut self,
        generation: Generation,
        segment: SegmentId,
        last: bool,
        frame: Frame,
    ) -> Option<()> {
        self.released(generation).await?;
        loop {
            let frame = PlayoutFrame {
                generation,
                segment,
                last,
                frame,
            };
            // overflow: awaited
            match self.playout.push(frame) {
                Ok(()) => return Some(()),
                Err(PushError::Stale) => return None,
                Err(error @ (PushError::Length { .. } | PushError::Unconnected)) => {
                    tracing::error!(%error, "a frame does not fit the leg");
                    return None;
                }
                Err(PushError::Full) => tokio::time::sleep(REFILL).await,
            }
        }
    }
}

fn failed(segment: SegmentId, spoken: Duration, error: &SynthesiseError) -> Note {
    tracing::error!(%error, "a sentence could not be spoken in full");
    Note::Failed {
        segment,
        spoken,
        reason: error.to_string(),
    }
}
