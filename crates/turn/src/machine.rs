use std::collections::VecDeque;
use std::time::Duration;

use audio::Moment;

use crate::completeness::sounds_finished;
use crate::settings::Settings;

/// How far the audio may lag behind the clock before a pause is no longer believed: a window and
/// the time it takes to be judged. Beyond it, what sounds like silence has not been heard yet.
const LAG: Duration = Duration::from_millis(48);

/// How soon to look again while the audio lags.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One window of the voice detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// When the window's last sample was heard.
    pub at: Moment,
    /// How much audio the window covers.
    pub duration: Duration,
    /// Probability that it holds a human voice, 0 to 1.
    pub probability: f32,
}

/// What the agent is doing, as far as the caller is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentState {
    /// Nothing to say.
    #[default]
    Silent,
    /// Composing an answer; nothing of it is audible yet.
    Thinking,
    /// Audible, or about to be within a tick.
    Speaking,
}

/// Names one decode of a turn's audio; a later attempt supersedes all earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u32);

/// The caller's turn, as decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When the speech began.
    pub started: Moment,
    /// End of the last window that held speech.
    pub last_voiced: Moment,
    /// When the decision fell.
    pub decided: Moment,
    /// The decode that covers the whole turn. Its result may still be on its way.
    pub attempt: Attempt,
    /// Whether its words were known when the decision fell.
    pub recognised: bool,
}

/// What the machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The caller has begun to speak, at this moment. Keep the audio from a little before it.
    SpeechStarted(Moment),
    /// Decode all unsettled audio of the turn, up to now, under this name.
    Decode(Attempt),
    /// The caller goes on after a pause: the decode of this name is out of date.
    Superseded(Attempt),
    /// The words of this decode stand; its audio need not be decoded again.
    Settle(Attempt),
    /// Make the agent silent at once, drop its answer.
    Interrupt,
    /// The turn is over; answer it.
    TurnEnded(Ended),
    /// What was heard was no turn: noise without words, or a sound of agreement while the agent
    /// was speaking. Forget its audio.
    Dismissed,
}

/// The turn machine of one call. See the crate's documentation for the contract.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    agent: AgentState,
    phase: Phase,
    heard_until: Moment,
    look_again: Moment,
    next_attempt: u32,
    effects: VecDeque<Effect>,
}

#[derive(Clone, Debug)]
enum Phase {
    Quiet {
        voiced: Duration,
    },
    Voiced(Voice),
    Paused {
        voice: Voice,
        decode: Option<Decode>,
    },
}

#[derive(Clone, Debug)]
struct Voice {
    started: Moment,
    last_voiced: Moment,
    unsettled_since: Moment,
    settled_words: bool,
    interrupted: bool,
    overlapped: bool,
}

#[derive(Clone, Copy, Debug)]
struct Decode {
    attempt: Attempt,
    words: Option<Words>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    None,
    Unfinished,
    Finished,
}

impl Machine {
    /// A machine for a call in which nobody has spoken yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            agent: AgentState::Silent,
            phase: Phase::Quiet {
                voiced: Duration::ZERO,
            },
            heard_until: Moment::ZERO,
            look_again: Moment::ZERO,
            next_attempt: 0,
            effects: VecDeque::new(),
        }
    }

    /// Takes the detector's judgement of the next window.
    pub fn window(&mut self, now: Moment, window: Window) {
        self.heard_until = window.at;
        let speech = window.probability >= self.settings.speech_threshold;
        let pause = window.probability < self.settings.pause_threshold;
        match std::mem::replace(
            &mut self.phase,
            Phase::Quiet {
                voiced: Duration::ZERO,
            },
        ) {
            Phase::Quiet { voiced } => self.quiet_window(window, speech, voiced),
            Phase::Voiced(voice) => self.voiced_window(window, pause, voice),
            Phase::Paused { voice, decode } => self.paused_window(window, speech, voice, decode),
        }
        self.timeout(now);
    }

    /// Takes the words of a decode. Words of a superseded attempt are ignored.
    pub fn recognised(&mut self, now: Moment, attempt: Attempt, text: &str) {
        let Phase::Paused {
            decode: Some(decode),
            ..
        } = &mut self.phase
        else {
            return;
        };
        if decode.attempt != attempt {
            return;
        }
        decode.words = Some(if text.trim().is_empty() {
            Words::None
        } else if sounds_finished(text) {
            Words::Finished
        } else {
            Words::Unfinished
        });
        self.timeout(now);
    }

    /// Takes what the agent does from now on.
    pub fn agent_is(&mut self, state: AgentState) {
        self.agent = state;
    }

    /// What the agent does, as last told.
    pub fn agent(&self) -> AgentState {
        self.agent
    }

    /// Whether the caller holds a turn that is not decided yet.
    pub fn caller_has_turn(&self) -> bool {
        !matches!(self.phase, Phase::Quiet { .. })
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn deadline(&self) -> Option<Moment> {
        let Phase::Paused { voice, decode } = &self.phase else {
            return None;
        };
        let delay = match decode {
            None => self.settings.decode_delay,
            Some(decode) => self.endpoint_delay(decode),
        };
        Some((voice.last_voiced + delay).max(self.look_again))
    }

    /// Acts on the passing of time. Harmless when nothing is due.
    pub fn timeout(&mut self, now: Moment) {
        let heard = now.min(self.heard_until + LAG);
        self.look_again = if heard < now {
            now + LOOK_AGAIN
        } else {
            Moment::ZERO
        };
        let Phase::Paused { voice, decode } = &mut self.phase else {
            return;
        };
        let paused = heard.since(voice.last_voiced);
        if decode.is_none() && paused >= self.settings.decode_delay {
            let attempt = Attempt(self.next_attempt);
            self.next_attempt += 1;
            *decode = Some(Decode {
                attempt,
                words: None,
            });
            self.effects.push_back(Effect::Decode(attempt));
        }
        let Some(decode) = *decode else {
            return;
        };
        if paused < self.endpoint_delay(&decode) {
            return;
        }
        let Phase::Paused { voice, .. } = std::mem::replace(
            &mut self.phase,
            Phase::Quiet {
                voiced: Duration::ZERO,
            },
        ) else {
            return;
        };
        self.effects.push_back(self.verdict(now, &voice, decode));
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn quiet_window(&mut self, window: Window, speech: bool, voiced: Duration) {
        if !speech {
            return;
        }
        let voiced = voiced + window.duration;
        if voiced < self.settings.min_speech_duration {
            self.phase = Phase::Quiet { voiced };
            return;
        }
        let started = window.at - voiced;
        self.effects.push_back(Effect::SpeechStarted(started));
        let mut voice = Voice {
            started,
            last_voiced: window.at,
            unsettled_since: started,
            settled_words: false,
            interrupted: false,
            overlapped: self.agent == AgentState::Speaking,
        };
        self.interrupt_if_due(&mut voice);
        self.phase = Phase::Voiced(voice);
    }

    fn voiced_window(&mut self, window: Window, pause: bool, mut voice: Voice) {
        if pause {
            self.phase = Phase::Paused {
                voice,
                decode: None,
            };
            return;
        }
        voice.last_voiced = window.at;
        self.interrupt_if_due(&mut voice);
        self.phase = Phase::Voiced(voice);
    }

    fn paused_window(
        &mut self,
        window: Window,
        speech: bool,
        mut voice: Voice,
        decode: Option<Decode>,
    ) {
        if !speech {
            self.phase = Phase::Paused { voice, decode };
            return;
        }
        if let Some(decode) = decode {
            let pause = window.at.since(voice.last_voiced);
            let unsettled = voice.last_voiced.since(voice.unsettled_since);
            let words = matches!(decode.words, Some(Words::Unfinished | Words::Finished));
            let settle = words
                && pause >= self.settings.settle_pause
                && unsettled >= self.settings.settle_after;
            if settle {
                voice.unsettled_since = window.at - window.duration;
                voice.settled_words = true;
                self.effects.push_back(Effect::Settle(decode.attempt));
            } else {
                self.effects.push_back(Effect::Superseded(decode.attempt));
            }
        }
        voice.last_voiced = window.at;
        self.interrupt_if_due(&mut voice);
        self.phase = Phase::Voiced(voice);
    }

    fn interrupt_if_due(&mut self, voice: &mut Voice) {
        if voice.interrupted {
            return;
        }
        let due = match self.agent {
            AgentState::Silent => false,
            // Nothing audible is lost when an answer is dropped before its first sound, and the
            // caller who goes on speaking was not finished.
            AgentState::Thinking => true,
            AgentState::Speaking => {
                voice.overlapped = true;
                self.settings.allow_interruptions
                    && voice.last_voiced.since(voice.started)
                        >= self.settings.min_interruption_duration
            }
        };
        if due {
            voice.interrupted = true;
            self.effects.push_back(Effect::Interrupt);
        }
    }

    fn endpoint_delay(&self, decode: &Decode) -> Duration {
        match decode.words {
            Some(Words::Finished | Words::None) => self.settings.min_endpointing_delay,
            Some(Words::Unfinished) | None => self.settings.max_endpointing_delay,
        }
        .max(self.settings.decode_delay)
    }

    fn verdict(&self, now: Moment, voice: &Voice, decode: Decode) -> Effect {
        let agreement =
            voice.overlapped && !voice.interrupted && self.agent == AgentState::Speaking;
        let noise = decode.words == Some(Words::None) && !voice.settled_words;
        if agreement || noise {
            return Effect::Dismissed;
        }
        Effect::TurnEnded(Ended {
            started: voice.started,
            last_voiced: voice.last_voiced,
            decided: now,
            attempt: decode.attempt,
            recognised: decode.words.is_some(),
        })
    }
}
