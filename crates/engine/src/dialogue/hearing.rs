//! Hearing the caller: windows of audio, recognised words and judgements go to the turn machine.

use std::time::Duration;

use audio::{Moment, level};
use turn::{Attempt, Window};

use super::ledger::Lag;
use super::{Dialogue, Effect, HeardWindow, Recognised, Words};
use crate::event::Verdict;

/// What the detector says at least of a window that teaches how loud the caller is.
pub(super) const SPEECH: f32 = 0.5;

impl Dialogue {
    /// Takes the next window of the caller's audio. What sounds while the far end holds the call
    /// is music, or meant for others: it counts as silence, which ends the turn that was begun.
    pub fn heard(&mut self, now: Moment, window: &HeardWindow<'_>) {
        self.settle_cut_if_due(now);
        let silence: Vec<i16>;
        let (samples, probability) = if self.held.is_some() {
            silence = vec![0; window.samples.len()];
            (silence.as_slice(), 0.0)
        } else {
            (window.samples, window.probability)
        };
        self.caller.push(window.at, samples);
        let duration = self.rate.duration_of(window.samples.len());
        self.origin.get_or_insert(window.at - duration);
        let audible = samples
            .iter()
            .rposition(|sample| level::is_audible(&[*sample]));
        let sound = self.articulation.hear(samples);
        let judged = Window {
            at: window.at,
            duration,
            probability,
            audible_until: audible
                .map(|last| window.at - self.rate.duration_of(samples.len() - last - 1)),
            articulated: sound.articulated,
            unbroken: sound.unbroken,
            articulated_before: sound.articulated_before,
        };
        self.lag = Lag {
            jitter_buffer: window.delivered.since(window.at),
            decode: window.gathered.since(window.delivered),
            detection: now.since(window.gathered),
        };
        self.listen_for_voicemail(
            now,
            &HeardWindow {
                probability,
                samples,
                ..*window
            },
        );
        self.machine.window(now, judged);
        if self.machine.caller_has_turn() {
            if probability >= SPEECH {
                self.articulation.learn();
            }
            self.last_activity = now;
            self.prompts = 0;
        }
        self.run_machine(now);
        self.say_next_line(now);
    }

    /// Takes the words of an attempt, or that there are none to be had.
    pub fn recognised(
        &mut self,
        now: Moment,
        attempt: Attempt,
        result: Result<(String, Duration), speech::RecogniseError>,
    ) {
        let recognised = match result {
            Ok((text, took)) => Recognised {
                attempt,
                text: Some(text),
                took,
                at: now,
            },
            Err(_) => Recognised {
                attempt,
                text: None,
                took: Duration::ZERO,
                at: now,
            },
        };
        if let Some(text) = &recognised.text {
            self.weigh_words(now, attempt, text);
        }
        let awaited = self
            .undecided
            .iter()
            .position(|held| held.ended.attempt == attempt);
        if let Some(index) = awaited {
            let undecided = self.undecided.remove(index);
            self.turn_ended(now, undecided, &recognised);
            return;
        }
        if self
            .words
            .attempt
            .is_some_and(|(current, _)| current == attempt)
        {
            // Without words the turn waits for its longest delay, and is then not understood.
            if let Some(text) = &recognised.text {
                self.machine.recognised(now, attempt, text);
            }
            self.words.latest = Some(recognised);
            self.run_machine(now);
        }
    }

    /// Takes how likely the turn is over by the sound of an attempt, 0 to 1; `None` if nobody
    /// could tell.
    pub fn judged(&mut self, now: Moment, attempt: Attempt, completeness: Option<f32>) {
        if let Some(completeness) = completeness {
            self.machine.judged(now, attempt, completeness);
            self.run_machine(now);
        }
    }

    /// Takes whether the recogniser says that the turn is over in what an attempt covers. To be told
    /// before its words, if it comes with them.
    pub fn provider_says(&mut self, now: Moment, attempt: Attempt, over: bool) {
        self.machine.provider_says(now, attempt, over);
        self.run_machine(now);
    }

    pub(super) fn run_machine(&mut self, now: Moment) {
        while let Some(effect) = self.machine.poll() {
            match effect {
                turn::Effect::SpeechStarted(started) => {
                    self.discard_ahead();
                    self.caller.begin(started);
                    self.words = Words {
                        started: Some(started),
                        ..Words::default()
                    };
                }
                turn::Effect::Decode(attempt) => {
                    self.words.attempt = Some((attempt, now));
                    let utterance = self.caller.utterance();
                    self.effects
                        .push_back(Effect::Recognise(attempt, utterance));
                    self.effects
                        .push_back(Effect::Judge(attempt, self.caller.turn()));
                }
                turn::Effect::Speculate(attempt) => self.answer_ahead(now, attempt),
                turn::Effect::Superseded(attempt) => {
                    self.discard_ahead();
                    self.words.latest = None;
                    self.effects.push_back(Effect::CancelRecognise(attempt));
                }
                turn::Effect::Settle(attempt) => {
                    self.discard_ahead();
                    self.settle(attempt);
                }
                turn::Effect::Interrupt => {
                    for undecided in &mut self.undecided {
                        undecided.wants_answer = false;
                    }
                    if !self.is_leaving() {
                        self.suspend(now);
                    }
                }
                turn::Effect::Dismissed(ended) => {
                    self.discard_ahead();
                    self.tell_decision(Verdict::Dismissed, &ended, ended.last_voiced);
                    self.weigh_dismissed(&ended);
                    self.words = Words::default();
                    self.caller.forget();
                    self.was_no_turn(now);
                }
                turn::Effect::TurnEnded(ended) => self.decided(now, ended),
            }
        }
    }

    pub(super) fn settle(&mut self, attempt: Attempt) {
        let latest = self.words.latest.take();
        if let (Some((current, until)), Some(latest)) = (self.words.attempt, latest)
            && current == attempt
        {
            self.words.settled.extend(latest.text);
            self.caller.settle(until);
        }
    }
}
