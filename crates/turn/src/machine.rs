use std::collections::VecDeque;
use std::time::Duration;

use audio::Moment;
use serde::{Deserialize, Serialize};

use crate::completeness::{Completeness, is_backchannel};
use crate::evidence::Evidence;
use crate::habits::Habits;
use crate::settings::Settings;
use crate::voice::{Decode, SURE, Voice};

/// How far the audio may lag behind the clock before a pause is no longer believed: a window and
/// the time it takes to be judged. Beyond it, what sounds like silence has not been heard yet.
const LAG: Duration = Duration::from_millis(48);

/// How soon to look again while the audio lags.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How often the words of an interruption are counted while it lasts.
const PROBE: Duration = Duration::from_millis(400);

/// Speech that begins this soon after a decision shows that the turn was not over.
const REGRET: Duration = Duration::from_millis(700);

/// Pauses shorter than this are between words, and no habit.
const LEAST_PAUSE: Duration = Duration::from_millis(150);

/// One window of the voice detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// When the window's last sample was heard.
    pub at: Moment,
    /// How much audio the window covers.
    pub duration: Duration,
    /// Probability that it holds a human voice, 0 to 1.
    pub probability: f32,
    /// When its last audible sample was heard, if it has one.
    pub audible_until: Option<Moment>,
    /// How much of it sounds like words rather than a hum, a breath or a cough, 0 to 1.
    pub articulated: f32,
    /// How long the sound has lasted at its end, which may be longer than the detector has taken
    /// it for a voice; at least `duration`.
    pub unbroken: Duration,
    /// How much of `unbroken` before this window sounds like words.
    pub articulated_before: Duration,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt(pub u32);

/// What was heard of the caller, from its first sound to the decision on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended {
    /// When the speech began.
    pub started: Moment,
    /// The last sound of the speech.
    pub last_voiced: Moment,
    /// End of the last window that held speech: what it took the detector to notice the pause.
    pub last_window: Moment,
    /// When the decision fell.
    pub decided: Moment,
    /// The decode that covers the whole turn. Its result may still be on its way.
    pub attempt: Attempt,
    /// Whether its words were known when the decision fell.
    pub recognised: bool,
    /// What the decision rests on.
    pub evidence: Evidence,
}

/// What the machine wants done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// The caller has begun to speak, at this moment. Keep the audio from a little before it.
    SpeechStarted(Moment),
    /// Decode all unsettled audio of the turn, up to now, under this name, and judge by its sound
    /// whether it is complete.
    Decode(Attempt),
    /// The turn may well be over: an answer to what was decoded may be begun, out of earshot.
    Speculate(Attempt),
    /// The caller goes on after a pause: the decode of this name is out of date, and so is an
    /// answer to it.
    Superseded(Attempt),
    /// The words of this decode stand; its audio need not be decoded again. An answer to it is
    /// out of date all the same.
    Settle(Attempt),
    /// Make the agent silent at once, drop its answer.
    Interrupt,
    /// The turn is over; answer it.
    TurnEnded(Ended),
    /// What was heard was no turn: noise without words, or a sound of agreement while the agent
    /// was speaking. Forget its audio; an agent that fell silent for it may go on.
    Dismissed(Ended),
}

/// The turn machine of one call. See the crate's documentation for the contract.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    agent: AgentState,
    /// When the agent began to be heard, if it is.
    heard_since: Option<Moment>,
    phase: Phase,
    habits: Habits,
    /// The last sound of the turn before, and when it was taken for over.
    last_turn: Option<(Moment, Moment)>,
    heard_until: Moment,
    look_again: Moment,
    next_attempt: u32,
    effects: VecDeque<Effect>,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Nobody speaks; `begun` is speech that is too short to count yet.
    Quiet {
        begun: Option<Voice>,
    },
    Voiced(Voice),
    Paused {
        voice: Voice,
        decode: Option<Decode>,
    },
}

const QUIET: Phase = Phase::Quiet { begun: None };

impl Machine {
    /// A machine for a call in which nobody has spoken yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            agent: AgentState::Silent,
            heard_since: None,
            phase: QUIET,
            habits: Habits::default(),
            last_turn: None,
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
        match std::mem::replace(&mut self.phase, QUIET) {
            Phase::Quiet { begun } => self.quiet_window(window, speech, begun),
            Phase::Voiced(voice) => self.voiced_window(window, pause, voice),
            Phase::Paused { voice, decode } => self.paused_window(window, speech, voice, decode),
        }
        self.timeout(now);
    }

    /// Takes the words of a decode. Words of a superseded attempt are ignored.
    pub fn recognised(&mut self, now: Moment, attempt: Attempt, text: &str) {
        let probes = |voice: &Voice| voice.probe.is_some_and(|(probe, _)| probe == attempt);
        let voice = match &mut self.phase {
            Phase::Paused {
                voice,
                decode: Some(decode),
            } if decode.attempt == attempt => {
                decode.evidence.words = Some(voice.words(text));
                decode.backchannel = is_backchannel(text);
                voice
            }
            Phase::Paused {
                voice,
                decode: None,
            }
            | Phase::Voiced(voice)
                if probes(voice) =>
            {
                voice
            }
            Phase::Quiet { .. } | Phase::Voiced(_) | Phase::Paused { .. } => return,
        };
        if interrupts(&self.settings, self.agent, voice, text) {
            voice.interrupted = true;
            self.effects.push_back(Effect::Interrupt);
        }
        self.timeout(now);
    }

    /// Takes how likely the turn is over by the sound of what was decoded, 0 to 1.
    pub fn judged(&mut self, now: Moment, attempt: Attempt, completeness: f32) {
        if let Phase::Paused {
            decode: Some(decode),
            ..
        } = &mut self.phase
            && decode.attempt == attempt
        {
            decode.evidence.sound = Some(completeness);
            self.timeout(now);
        }
    }

    /// Takes whether the speech provider says that the turn is over in what was decoded.
    pub fn provider_says(&mut self, now: Moment, attempt: Attempt, over: bool) {
        if let Phase::Paused {
            decode: Some(decode),
            ..
        } = &mut self.phase
            && decode.attempt == attempt
        {
            decode.evidence.provider = Some(over);
            self.timeout(now);
        }
    }

    /// Takes what the agent does from now on.
    pub fn agent_is(&mut self, state: AgentState) {
        if state != AgentState::Speaking {
            self.heard_since = None;
        }
        self.agent = state;
    }

    /// The agent, which speaks, begins to be heard: its first sound was at `at`. Not to be told of
    /// an agent that goes on after an interruption.
    pub fn agent_begins(&mut self, at: Moment) {
        if self.agent == AgentState::Speaking {
            self.heard_since.get_or_insert(at);
        }
    }

    /// What the agent does, as last told.
    pub fn agent(&self) -> AgentState {
        self.agent
    }

    /// Whether the caller holds a turn that is not decided yet.
    pub fn caller_has_turn(&self) -> bool {
        !matches!(self.phase, Phase::Quiet { .. })
    }

    /// The caller's last sound, while the caller has a turn and pauses in it.
    pub fn paused_since(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Paused { voice, .. } => Some(voice.last_audible),
            Phase::Quiet { .. } | Phase::Voiced(_) => None,
        }
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
        Some((voice.last_audible + delay).max(self.look_again))
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
        let paused = heard.since(voice.last_audible);
        if decode.is_none() && paused >= self.settings.decode_delay {
            let attempt = Attempt(self.next_attempt);
            self.next_attempt += 1;
            if let Some((probe, _)) = voice.probe.take() {
                self.effects.push_back(Effect::Superseded(probe));
            }
            *decode = Some(Decode {
                attempt,
                evidence: Evidence {
                    own_pauses: self.habits.usual(),
                    ..Evidence::default()
                },
                answered_ahead: false,
                backchannel: false,
            });
            self.effects.push_back(Effect::Decode(attempt));
        }
        if let Some(decode) = decode {
            speculate(&self.settings, self.agent, voice, decode, &mut self.effects);
        }
        let Some(decode) = *decode else {
            return;
        };
        if paused < self.endpoint_delay(&decode) {
            return;
        }
        if let Phase::Paused { voice, .. } = std::mem::replace(&mut self.phase, QUIET) {
            let verdict = self.verdict(now, &voice, decode);
            self.effects.push_back(verdict);
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn quiet_window(&mut self, window: Window, speech: bool, begun: Option<Voice>) {
        // The detector may hesitate at words that it hears behind those of the agent.
        let hesitates = self.agent == AgentState::Speaking
            && window.probability >= self.settings.pause_threshold
            && (begun.is_some() || window.articulated >= 1.0);
        if !speech && !hesitates {
            return;
        }
        let mut voice = begun.unwrap_or_else(|| Voice::begin(&window));
        voice.goes_on(&window);
        voice.overlapped |= self.agent == AgentState::Speaking;
        // A voice that is heard at once behind the consonant of its word is no click.
        let surely = self.agent == AgentState::Speaking
            && window.probability >= SURE
            && voice.is_speech_of(self.settings.min_interruption_duration);
        let is_short = window.at.since(voice.started) < self.settings.min_speech_duration;
        if is_short && !surely {
            self.phase = Phase::Quiet { begun: Some(voice) };
            return;
        }
        if let Some((last, decided)) = self.last_turn.take()
            && voice.started.since(decided) <= REGRET
        {
            self.habits.paused(voice.started.since(last));
        }
        self.effects.push_back(Effect::SpeechStarted(voice.started));
        self.interrupt_if_due(&mut voice);
        self.phase = Phase::Voiced(voice);
    }

    fn voiced_window(&mut self, window: Window, pause: bool, mut voice: Voice) {
        if pause {
            voice.dies_away(&window);
            self.phase = Phase::Paused {
                voice,
                decode: None,
            };
            return;
        }
        voice.goes_on(&window);
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
        let pause = (window.at - window.duration).since(voice.last_audible);
        if pause >= LEAST_PAUSE {
            self.habits.paused(pause);
            // Coughs, or hums, do not add up to speech.
            voice.sounds_anew();
        }
        if let Some(decode) = decode {
            let unsettled = voice.last_voiced.since(voice.unsettled_since);
            let words = decode.evidence.words;
            let settled = words.filter(|words| {
                *words != Completeness::Wordless
                    && pause + window.duration >= self.settings.settle_pause
                    && unsettled >= self.settings.settle_after
            });
            if let Some(words) = settled {
                voice.unsettled_since = window.at - window.duration;
                voice.settle(words);
                self.effects.push_back(Effect::Settle(decode.attempt));
            } else {
                self.effects.push_back(Effect::Superseded(decode.attempt));
            }
        }
        voice.goes_on(&window);
        self.interrupt_if_due(&mut voice);
        self.phase = Phase::Voiced(voice);
    }

    fn interrupt_if_due(&mut self, voice: &mut Voice) {
        if voice.interrupted {
            return;
        }
        match self.agent {
            AgentState::Silent => return,
            // Nothing audible is lost when an answer is dropped before its first sound, and the
            // caller who goes on speaking was not finished.
            AgentState::Thinking => {}
            AgentState::Speaking => {
                voice.overlapped = true;
                if !self.settings.allow_interruptions {
                    return;
                }
                let yielding = self.settings.yielding;
                let both_began = self
                    .heard_since
                    .is_some_and(|since| voice.started <= since + yielding);
                let least = self.settings.min_interruption_duration;
                let soonest = least.min(self.settings.min_speech_duration);
                let yields = both_began && voice.is_speech_of(soonest);
                if !yields && !voice.is_speech_of(least) {
                    return;
                }
                if !yields && self.settings.words_to_interrupt > 0 {
                    self.probe_if_due(voice);
                    return;
                }
            }
        }
        voice.interrupted = true;
        self.effects.push_back(Effect::Interrupt);
    }

    /// Has the words of an interruption counted, again and again while it lasts.
    fn probe_if_due(&mut self, voice: &mut Voice) {
        let now = voice.last_voiced;
        if let Some((probe, asked)) = voice.probe {
            if now.since(asked) < PROBE {
                return;
            }
            self.effects.push_back(Effect::Superseded(probe));
        }
        let attempt = Attempt(self.next_attempt);
        self.next_attempt += 1;
        voice.probe = Some((attempt, now));
        self.effects.push_back(Effect::Decode(attempt));
    }

    fn endpoint_delay(&self, decode: &Decode) -> Duration {
        let delay = decode.evidence.delay(&self.settings);
        delay.max(self.settings.decode_delay)
    }

    fn verdict(&mut self, now: Moment, voice: &Voice, decode: Decode) -> Effect {
        let words = decode.evidence.words;
        let speaking = self.agent == AgentState::Speaking;
        let agreement = voice.overlapped
            && if voice.interrupted {
                decode.backchannel
            } else {
                speaking
            };
        let noise = words == Some(Completeness::Wordless);
        let ended = Ended {
            started: voice.started,
            last_voiced: voice.last_audible,
            last_window: voice.last_voiced,
            decided: now,
            attempt: decode.attempt,
            recognised: words.is_some(),
            evidence: decode.evidence,
        };
        if (agreement || noise) && voice.settled.is_empty() {
            return Effect::Dismissed(ended);
        }
        self.last_turn = Some((voice.last_audible, now));
        Effect::TurnEnded(ended)
    }
}

/// Whether these words stop a speaking agent, where words are counted.
fn interrupts(settings: &Settings, agent: AgentState, voice: &Voice, text: &str) -> bool {
    let counted = text.split_whitespace().count();
    settings.words_to_interrupt > 0
        && settings.allow_interruptions
        && agent == AgentState::Speaking
        && voice.overlapped
        && !voice.interrupted
        && voice.is_speech_of(settings.min_interruption_duration)
        && counted >= settings.words_to_interrupt as usize
        && !is_backchannel(text)
}

/// Has an answer begun ahead if the turn may well be over.
fn speculate(
    settings: &Settings,
    agent: AgentState,
    voice: &mut Voice,
    decode: &mut Decode,
    effects: &mut VecDeque<Effect>,
) {
    let wordy = decode
        .evidence
        .words
        .is_some_and(|words| words != Completeness::Wordless);
    if settings.speculate
        && wordy
        && !decode.answered_ahead
        && agent == AgentState::Silent
        && voice.tries < settings.tries
        && decode.evidence.completeness() >= settings.promising
    {
        decode.answered_ahead = true;
        voice.tries += 1;
        effects.push_back(Effect::Speculate(decode.attempt));
    }
}
