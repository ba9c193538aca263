//! The agent's voice: turns its sentences into sound, one after the other, and feeds the playout.

use std::collections::VecDeque;
use std::time::Duration;

use audio::{FRAME, Frame, Moment, SampleRate};
use engine::dialogue::TimedWord;
use media::{Generation, PlayoutFrame, PlayoutHandle, PushError, SegmentId};
use speech::{SpeakRequest, stated};

use crate::latency::Timing;
use crate::stages::{Sound, Stages};

/// Sentences that may wait, as in a live call.
const WAITING_SENTENCES: usize = 64;

/// Silence between two sentences, as in a live call.
const SENTENCE_PAUSE: Duration = Duration::from_millis(160);

/// What became of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Note {
    /// Its first audio is there.
    Started { segment: SegmentId, at: Moment },
    /// When its words sound. Comes before they are handed to the playout.
    Words {
        segment: SegmentId,
        words: Vec<TimedWord>,
    },
    /// It is handed to the playout in full.
    Done {
        segment: SegmentId,
        duration: Duration,
    },
    /// It could not be spoken, or not to its end.
    Failed {
        segment: SegmentId,
        spoken: Duration,
        reason: String,
    },
}

pub(crate) struct Voice {
    playout: PlayoutHandle,
    rate: SampleRate,
    speed: f32,
    timing: Timing,
    lines: VecDeque<Line>,
    speaking: Option<Speaking>,
    ended_sentence: bool,
    /// Whether what is synthesised is kept from being heard.
    held: bool,
}

struct Line {
    generation: Generation,
    segment: SegmentId,
    text: String,
}

/// The sentence at work.
struct Speaking {
    line: Line,
    /// When its first audio is there.
    due: Moment,
    /// The silence that it begins with.
    lead: Duration,
    /// What was made ahead of that, to measure how long it takes.
    made: Option<Sound>,
    sounds: bool,
    frames: VecDeque<(Frame, bool)>,
    duration: Duration,
    failure: Option<String>,
}

impl Voice {
    pub(crate) fn new(
        playout: PlayoutHandle,
        rate: SampleRate,
        speed: f32,
        timing: Timing,
    ) -> Self {
        Self {
            playout,
            rate,
            speed,
            timing,
            lines: VecDeque::new(),
            speaking: None,
            ended_sentence: false,
            held: false,
        }
    }

    /// Orders a sentence, to be heard after all ordered before. Returns whether it was taken.
    pub(crate) fn order(&mut self, segment: SegmentId, text: String) -> bool {
        // overflow: refused, as in a live call
        if self.lines.len() >= WAITING_SENTENCES {
            return false;
        }
        self.lines.push_back(Line {
            generation: self.playout.generation(),
            segment,
            text,
        });
        true
    }

    /// Keeps what is ordered from now on from being heard. Its first audio is synthesised all the
    /// same.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Lets what was kept back be heard.
    pub(crate) fn release(&mut self) {
        self.held = false;
    }

    /// Silences the agent from the next tick on and forgets all orders, kept back or not.
    pub(crate) fn silence(&mut self) {
        self.playout.interrupt();
        self.held = false;
        self.lines.clear();
        self.speaking = None;
    }

    /// Whether a sentence waits or is at work.
    pub(crate) fn is_busy(&self) -> bool {
        self.speaking.is_some() || !self.lines.is_empty()
    }

    /// When there is something to do beside the ticks of the leg, which make room.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let waits = self.speaking.as_ref().filter(|speaking| !speaking.sounds);
        waits.map(|speaking| speaking.due)
    }

    /// Does what is due, as far as the playout has room.
    pub(crate) fn advance(&mut self, now: Moment, stages: &mut Stages) -> Vec<Note> {
        let mut notes = Vec::new();
        loop {
            let Some(mut speaking) = self.speaking.take() else {
                let Some(line) = self.lines.pop_front() else {
                    return notes;
                };
                self.speaking = Some(self.begin(now, line, stages));
                continue;
            };
            if !speaking.sounds && now >= speaking.due {
                notes.extend(self.sound(&mut speaking, stages));
            }
            if !self.play(&mut speaking) || !speaking.sounds {
                self.speaking = Some(speaking);
                return notes;
            }
            notes.push(speaking.close());
        }
    }

    fn begin(&mut self, now: Moment, line: Line, stages: &Stages) -> Speaking {
        // Someone who has fallen silent already needs no pause before the next sentence.
        let lead = if self.ended_sentence && self.playout.queued() > 0 {
            SENTENCE_PAUSE
        } else {
            Duration::ZERO
        };
        let pause = lead.as_millis() / FRAME.as_millis();
        let frames = (0..pause).map(|_| (Frame::silence(self.rate), false));
        self.ended_sentence = line.text.trim_end().ends_with(['.', '!', '?']);
        let request = self.request(&line);
        let remembered = stages
            .cassettes()
            .and_then(|cassettes| cassettes.sound(&request));
        let measured = self.timing == Timing::Measured;
        let made = remembered.or_else(|| measured.then(|| stages.speak(request)));
        let takes = match &made {
            Some(sound) => sound.first,
            None => stated::synthesis(line.text.chars().count()),
        };
        Speaking {
            line,
            due: now + takes,
            lead,
            made,
            sounds: false,
            frames: frames.collect(),
            duration: Duration::ZERO,
            failure: None,
        }
    }

    fn request(&self, line: &Line) -> SpeakRequest {
        SpeakRequest {
            text: line.text.clone(),
            speed: self.speed,
            rate: self.rate,
        }
    }

    /// Has the sentence's sound in frames.
    fn sound(&self, speaking: &mut Speaking, stages: &mut Stages) -> Vec<Note> {
        speaking.sounds = true;
        let made = speaking.made.take();
        let sound = made.unwrap_or_else(|| stages.say(self.request(&speaking.line)));
        speaking.failure = sound.failure.map(|error| error.to_string());
        if sound.samples.is_empty() {
            speaking.frames.clear();
            return Vec::new();
        }
        speaking.duration = self.rate.duration_of(sound.samples.len());
        let length = self.rate.samples_in(FRAME);
        let mut pieces = sound.samples.chunks(length).peekable();
        while let Some(piece) = pieces.next() {
            let mut frame = Frame::silence(self.rate);
            frame
                .samples_mut()
                .iter_mut()
                .zip(piece)
                .for_each(|(place, sample)| *place = *sample);
            speaking.frames.push_back((frame, pieces.peek().is_none()));
        }
        let segment = speaking.line.segment;
        let timed = |word| TimedWord::new(word, self.rate, speaking.lead);
        let started = Note::Started {
            segment,
            at: speaking.due,
        };
        let words = Note::Words {
            segment,
            words: sound.words.into_iter().map(timed).collect(),
        };
        vec![started, words]
    }

    /// Queues frames; whether all of them are.
    fn play(&self, speaking: &mut Speaking) -> bool {
        if self.held {
            return false;
        }
        while let Some(&(frame, last)) = speaking.frames.front() {
            let pushed = self.playout.push(PlayoutFrame {
                generation: speaking.line.generation,
                segment: speaking.line.segment,
                last,
                frame,
            });
            // overflow: awaited
            if pushed == Err(PushError::Full) {
                return false;
            }
            if let Err(error) = pushed {
                tracing::error!(%error, "a frame does not fit the leg");
            }
            speaking.frames.pop_front();
        }
        true
    }
}

impl Speaking {
    fn close(self) -> Note {
        let (segment, duration) = (self.line.segment, self.duration);
        match self.failure {
            None => Note::Done { segment, duration },
            Some(reason) => Note::Failed {
                segment,
                spoken: duration,
                reason,
            },
        }
    }
}
