//! Runs the turn machine over a passage in virtual time, in which the models take what they take
//! in a replayed call.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::Moment;
use speech::stated;
use turn::{Attempt, Effect, Ended, Machine, Settings};

use crate::hearing::Heard;
use crate::listener::{ListenError, Listener};

/// Audio from before the moment at which speech was noticed that is recognised with it.
const PREROLL: Duration = Duration::from_millis(320);

/// What is listened to when a turn is judged by its sound.
const JUDGED: Duration = Duration::from_secs(8);

/// A stretch of a passage's audio.
type Stretch = (Moment, Moment);

/// What was said of a passage's audio so far, so that each of its stretches is asked about once.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    words: BTreeMap<Stretch, String>,
    sounds: BTreeMap<Stretch, f32>,
}

impl Memory {
    fn words(
        &mut self,
        heard: &Heard,
        (from, to): Stretch,
        listener: &mut dyn Listener,
    ) -> Result<String, ListenError> {
        if let Some(words) = self.words.get(&(from, to)) {
            return Ok(words.clone());
        }
        let words = listener.words(heard.between(from, to), heard.rate)?;
        self.words.insert((from, to), words.clone());
        Ok(words)
    }

    /// How likely the turn is over by its last seconds before `to`.
    pub(crate) fn sound(
        &mut self,
        heard: &Heard,
        (from, to): Stretch,
        listener: &mut dyn Listener,
    ) -> Result<f32, ListenError> {
        let from = from.max(to - JUDGED);
        if let Some(sound) = self.sounds.get(&(from, to)) {
            return Ok(*sound);
        }
        let sound = listener.sound(heard.between(from, to), heard.rate)?;
        self.sounds.insert((from, to), sound);
        Ok(sound)
    }
}

/// What a model will have said, and when.
struct Answer {
    due: Moment,
    attempt: Attempt,
    said: Said,
}

enum Said {
    Words(String),
    Sound(f32),
}

/// The turns that the machine hears in the passage, in order.
///
/// # Errors
///
/// [`ListenError`] if a model fails.
pub(crate) fn drive(
    heard: &Heard,
    settings: &Settings,
    memory: &mut Memory,
    listener: &mut dyn Listener,
) -> Result<Vec<Ended>, ListenError> {
    let mut drive = Drive {
        heard,
        machine: Machine::new(settings.clone()),
        memory,
        listener,
        answers: Vec::new(),
        heard_until: Moment::ZERO,
        begun: Moment::ZERO,
        unsettled: Moment::ZERO,
        asked: BTreeMap::new(),
        ended: Vec::new(),
    };
    for window in &heard.windows {
        drive.pass_until(window.at)?;
        drive.heard_until = window.at;
        drive.machine.window(window.at, *window);
        drive.act(window.at)?;
    }
    Ok(drive.ended)
}

struct Drive<'a> {
    heard: &'a Heard,
    machine: Machine,
    memory: &'a mut Memory,
    listener: &'a mut dyn Listener,
    answers: Vec<Answer>,
    heard_until: Moment,
    /// Where the audio of the turn begins.
    begun: Moment,
    /// Where its audio begins that is not recognised for good.
    unsettled: Moment,
    /// Until when the audio of an attempt goes.
    asked: BTreeMap<Attempt, Moment>,
    ended: Vec<Ended>,
}

impl Drive<'_> {
    /// Lets everything happen that is due before `until`.
    fn pass_until(&mut self, until: Moment) -> Result<(), ListenError> {
        let mut looked = Moment::ZERO;
        loop {
            let answer = self.answers.iter().map(|answer| answer.due).min();
            let deadline = self.machine.deadline().filter(|due| *due > looked);
            let next = answer.into_iter().chain(deadline).min();
            let Some(now) = next.filter(|next| *next < until) else {
                return Ok(());
            };
            let now = now.max(self.heard_until);
            if answer.is_some_and(|due| due <= now) {
                self.answer(now);
            } else {
                looked = now;
                self.machine.timeout(now);
            }
            self.act(now)?;
        }
    }

    fn answer(&mut self, now: Moment) {
        let first = (0..self.answers.len()).min_by_key(|&index| self.answers[index].due);
        let Some(first) = first else {
            return;
        };
        let answer = self.answers.remove(first);
        match answer.said {
            Said::Words(words) => self.machine.recognised(now, answer.attempt, &words),
            Said::Sound(sound) => self.machine.judged(now, answer.attempt, sound),
        }
    }

    fn act(&mut self, now: Moment) -> Result<(), ListenError> {
        while let Some(effect) = self.machine.poll() {
            match effect {
                Effect::SpeechStarted(started) => {
                    self.begun = started - PREROLL;
                    self.unsettled = self.begun;
                }
                Effect::Decode(attempt) => self.ask(now, attempt)?,
                Effect::Superseded(attempt) => self.forget(attempt),
                Effect::Settle(attempt) => {
                    self.forget(attempt);
                    self.unsettled = self.asked.get(&attempt).copied().unwrap_or(self.unsettled);
                }
                Effect::TurnEnded(ended) => {
                    self.forget(ended.attempt);
                    self.ended.push(ended);
                }
                Effect::Speculate(_) | Effect::Interrupt | Effect::Dismissed(_) => {}
            }
        }
        Ok(())
    }

    fn ask(&mut self, now: Moment, attempt: Attempt) -> Result<(), ListenError> {
        let until = self.heard_until;
        self.asked.insert(attempt, until);
        let words = self
            .memory
            .words(self.heard, (self.unsettled, until), self.listener)?;
        let length = until.since(self.unsettled);
        self.answers.push(Answer {
            due: now + stated::recognition(length),
            attempt,
            said: Said::Words(words),
        });
        let sound = self
            .memory
            .sound(self.heard, (self.begun, until), self.listener)?;
        self.answers.push(Answer {
            due: now + stated::JUDGEMENT,
            attempt,
            said: Said::Sound(sound),
        });
        Ok(())
    }

    fn forget(&mut self, attempt: Attempt) {
        self.answers.retain(|answer| answer.attempt != attempt);
    }
}

#[cfg(test)]
mod tests {
    use audio::SampleRate;

    use super::*;

    struct Silent;

    impl Listener for Silent {
        fn words(&mut self, _: &[i16], _: SampleRate) -> Result<String, ListenError> {
            Ok(String::new())
        }

        fn sound(&mut self, _: &[i16], _: SampleRate) -> Result<f32, ListenError> {
            Ok(0.0)
        }
    }

    #[test]
    fn the_models_take_what_they_take_in_a_replayed_call() {
        let now = Moment::from_millis(2_000);
        let heard = Heard {
            name: "two seconds".to_owned(),
            pauses: Vec::new(),
            samples: vec![0; 32_000],
            rate: SampleRate::HZ_16000,
            windows: Vec::new(),
        };
        let mut drive = Drive {
            heard: &heard,
            machine: Machine::new(Settings::default()),
            memory: &mut Memory::default(),
            listener: &mut Silent,
            answers: Vec::new(),
            heard_until: now,
            begun: Moment::ZERO,
            unsettled: Moment::ZERO,
            asked: BTreeMap::new(),
            ended: Vec::new(),
        };
        drive.ask(now, Attempt(0)).unwrap();
        let due: Vec<Moment> = drive.answers.iter().map(|answer| answer.due).collect();
        let words = stated::recognition(Duration::from_secs(2));
        assert_eq!(due, [now + words, now + stated::JUDGEMENT]);
    }
}
