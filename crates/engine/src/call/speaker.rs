use std::sync::Arc;
use std::time::Duration;

use audio::{Frame, Moment, SampleRate};
use media::{Clock, Generation, PlayoutFrame, PlayoutHandle, PushError, SegmentId};
use speech::{SpeakRequest, Synthesiser};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

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
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note {
    /// A segment's first audio is there.
    Started { segment: SegmentId, at: Moment },
    /// A segment is handed to the playout in full.
    Done {
        segment: SegmentId,
        duration: Duration,
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
    task: JoinHandle<()>,
}

/// What a speaker works with.
pub(crate) struct Voice {
    pub(crate) synthesiser: Arc<dyn Synthesiser>,
    pub(crate) rate: SampleRate,
    pub(crate) speed: f32,
    pub(crate) clock: Clock,
}

impl Speaker {
    pub(crate) fn start(voice: Voice, playout: PlayoutHandle) -> Self {
        let (lines, ordered) = mpsc::channel(WAITING_SENTENCES);
        let (notes, noted) = mpsc::channel(WAITING_NOTES);
        let work = Work {
            voice,
            playout: playout.clone(),
            notes,
        };
        Self {
            lines,
            notes: noted,
            playout,
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

    /// Silences the agent from the next tick on and forgets all orders.
    pub(crate) fn silence(&self) {
        self.playout.interrupt();
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
}

impl Work {
    async fn run(self, mut ordered: mpsc::Receiver<Line>) {
        let mut ended_sentence = false;
        while let Some(line) = ordered.recv().await {
            if line.generation != self.playout.generation() {
                continue;
            }
            let segment = line.segment;
            // Someone who has fallen silent already needs no pause before the next sentence.
            let pause = ended_sentence && self.playout.queued() > 0;
            ended_sentence = line.text.trim_end().ends_with(['.', '!', '?']);
            if pause && self.pause(&line).await.is_none() {
                continue;
            }
            let Some(samples) = self.say(line).await else {
                continue;
            };
            let duration = self.voice.rate.duration_of(samples);
            // overflow: awaited
            if self
                .notes
                .send(Note::Done { segment, duration })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// Breathes between two sentences.
    async fn pause(&self, line: &Line) -> Option<()> {
        for _ in 0..SENTENCE_PAUSE.as_millis() / audio::FRAME.as_millis() {
            let silence = Frame::silence(self.voice.rate);
            self.play(line.generation, line.segment, false, silence)
                .await?;
        }
        Some(())
    }

    /// Speaks one line; the number of samples played out, or `None` when it was cut short.
    async fn say(&self, line: Line) -> Option<usize> {
        let mut stream = self.voice.synthesiser.speak(SpeakRequest {
            text: line.text,
            speed: self.voice.speed,
            rate: self.voice.rate,
        });
        let frame_length = self.voice.rate.samples_in(audio::FRAME);
        let mut pending: Vec<i16> = Vec::with_capacity(frame_length * 8);
        let mut samples = 0;
        let mut noted = false;
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => pending.extend_from_slice(&chunk),
                Err(error) => {
                    tracing::error!(%error, "a sentence could not be synthesised in full");
                    break;
                }
            }
            if !noted && !pending.is_empty() {
                noted = true;
                let note = Note::Started {
                    segment: line.segment,
                    at: self.voice.clock.now(),
                };
                // overflow: awaited
                self.notes.send(note).await.ok()?;
            }
            // One frame stays back, so that the last one can be marked as such.
            while pending.len() > frame_length {
                let frame = Frame::from_samples(pending.get(..frame_length)?)?;
                self.play(line.generation, line.segment, false, frame)
                    .await?;
                samples += frame_length;
                pending.drain(..frame_length);
            }
        }
        if !pending.is_empty() {
            samples += pending.len();
            pending.resize(frame_length, 0);
            let frame = Frame::from_samples(&pending)?;
            self.play(line.generation, line.segment, true, frame)
                .await?;
        }
        Some(samples)
    }

    /// Queues a frame as soon as there is room; `None` when the agent was silenced meanwhile.
    async fn play(
        &self,
        generation: Generation,
        segment: SegmentId,
        last: bool,
        frame: Frame,
    ) -> Option<()> {
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
                Err(error @ PushError::Long { .. }) => {
                    tracing::error!(%error, "a frame does not fit the leg");
                    return None;
                }
                Err(PushError::Full) => tokio::time::sleep(REFILL).await,
            }
        }
    }
}
