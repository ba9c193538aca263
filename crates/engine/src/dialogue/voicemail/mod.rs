//! Leaving a message where a machine answers: telling it from a person, by what it says and by its
//! beep, waiting until its greeting is over, and speaking once.

mod ear;
mod greeting;
mod phrases;

use std::time::Duration;

use audio::{Moment, SampleRate};
use turn::{Attempt, Ended};

use self::ear::{Beeped, Ear};
use self::greeting::Score;
use super::answer::Answer;
use super::hearing::SPEECH;
use super::{Dialogue, HeardWindow};

/// Why a call ends whose message was left.
const LEFT_MESSAGE: &str = "the agent left a message on a voicemail";

/// Why a call ends in which the voice failed at the message.
const UNSPOKEN: &str = "a voicemail answered, and the message could not be spoken";

/// Why a call ends in which the message made no progress.
const LATE: &str = "a voicemail answered, and the message could not be played in time";

/// Why a call ends whose agent may not speak to the machine.
const MUTED: &str = "a voicemail answered, and the agent was muted";

/// Whether a call that ended for this reason was answered by a voicemail, which its agent was to leave
/// a message on.
pub fn is_of_voicemail(reason: &str) -> bool {
    [LEFT_MESSAGE, UNSPOKEN, LATE, MUTED].contains(&reason)
}

/// Turns without any word of a greeting after which the far end is a person.
const A_CONVERSATION: u32 = 2;

/// Words that follow earlier ones sooner than this may go on with them: a machine does not wait.
const GOES_ON: Duration = Duration::from_secs(3);

/// How long nobody has spoken when nobody is about to.
const QUIET: Duration = Duration::from_secs(4);

/// Whether the far end is a machine that takes messages, and what it does.
#[derive(Debug)]
pub(super) struct Voicemail {
    phase: Phase,
    ear: Ear,
    /// What was said that may be the beginning of a greeting, and until when.
    said: Option<(String, Moment)>,
    /// Turns that were no greeting.
    turns: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is nothing to be said to a machine, or the far end is a person.
    Off,
    /// Nobody knows yet.
    Open,
    /// It is a machine, since this moment, and its greeting goes on.
    Greeted(Moment),
    /// The message is being said.
    Leaving {
        /// Whether it was begun because of a beep.
        after_beep: bool,
    },
}

impl Voicemail {
    /// What is known when a call begins; `wanted` if there is something to be said to a machine.
    pub(super) fn new(wanted: bool, rate: SampleRate) -> Self {
        Self {
            phase: if wanted { Phase::Open } else { Phase::Off },
            ear: Ear::new(rate),
            said: None,
            turns: 0,
        }
    }

    /// The far end is a person, or the call goes another way.
    pub(super) fn stop(&mut self) {
        self.phase = Phase::Off;
        self.said = None;
    }

    /// Whether it is known to be a machine: nobody there is answered.
    pub(super) const fn is_reached(&self) -> bool {
        matches!(self.phase, Phase::Greeted(_) | Phase::Leaving { .. })
    }

    /// Whether the message is being said.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. })
    }

    /// What was said, from `started` on, together with what it may go on with.
    fn together(&self, started: Moment, words: &str) -> String {
        let earlier = self.said.as_ref();
        match earlier.filter(|(_, until)| started <= *until + GOES_ON) {
            Some((earlier, _)) => format!("{earlier} {words}"),
            None => words.to_owned(),
        }
    }
}

impl Dialogue {
    /// Listens for a greeting and a beep in the next window of audio.
    pub(super) fn listen_for_voicemail(&mut self, now: Moment, heard: &HeardWindow<'_>) {
        if self.voicemail.phase == Phase::Off {
            return;
        }
        let speech = heard.probability >= SPEECH;
        let ear = &mut self.voicemail.ear;
        if let Some(beep) = ear.hear(heard.at, heard.samples, speech) {
            self.beeped(now, beep);
        }
        if self.voicemail.phase == Phase::Open && self.is_too_late(heard.at) {
            self.voicemail.stop();
        }
    }

    /// Takes the words of an attempt: they may be a greeting.
    pub(super) fn weigh_words(&mut self, now: Moment, attempt: Attempt, text: &str) {
        if self.voicemail.phase != Phase::Open || self.is_leaving() {
            return;
        }
        let mut undecided = self.undecided.iter();
        let undecided = undecided.find(|undecided| undecided.ended.attempt == attempt);
        let (settled, started) = match undecided {
            Some(undecided) => (&undecided.settled, undecided.ended.started),
            None => (&self.words.settled, self.words.started.unwrap_or(now)),
        };
        if started.since(self.started) > self.patience.voicemail_detection {
            return;
        }
        let words = format!("{} {text}", settled.join(" "));
        if Score::of(&self.voicemail.together(started, &words)).is_greeting() {
            self.reach_voicemail(now);
        }
    }

    /// A turn of the far end is over, with these words.
    pub(super) fn weigh_turn(&mut self, text: &str, started: Moment, ended: Moment) {
        if self.voicemail.phase != Phase::Open || text.is_empty() {
            return;
        }
        let voicemail = &mut self.voicemail;
        if Score::of(text).is_promising() {
            voicemail.said = Some((voicemail.together(started, text), ended));
            return;
        }
        voicemail.said = None;
        voicemail.turns += 1;
        if voicemail.turns >= A_CONVERSATION {
            voicemail.stop();
        }
    }

    /// What was heard of the far end was taken for no turn, as all is that is said while an agent
    /// speaks that nobody may interrupt. A greeting does not mind.
    pub(super) fn weigh_dismissed(&mut self, ended: &Ended) {
        if self.voicemail.phase == Phase::Open {
            let latest = self.words.latest.iter();
            let latest = latest.filter_map(|latest| latest.text.as_deref());
            let settled = self.words.settled.iter().map(String::as_str);
            let text = settled.chain(latest).collect::<Vec<_>>().join(" ");
            if Score::of(&text).is_promising() {
                let said = self.voicemail.together(ended.started, &text);
                self.voicemail.said = Some((said, ended.last_voiced));
            }
        }
    }

    /// When the message is to be begun, if nothing else is heard.
    pub(super) fn voicemail_due(&self) -> Option<Moment> {
        let Phase::Greeted(since) = self.voicemail.phase else {
            return None;
        };
        if self.held.is_some() {
            return None;
        }
        let latest = since + self.patience.longest_voicemail_greeting;
        if self.voicemail.ear.hears_tone() {
            return Some(latest);
        }
        let voice = self.voicemail.ear.voice().unwrap_or(since);
        Some(latest.min(voice + self.patience.voicemail_silence))
    }

    /// Begins the message because nothing more was heard, or for long enough.
    pub(super) fn leave_message_after_silence(&mut self, now: Moment) {
        self.leave_message(now, false);
    }

    /// Why the call ends with this answer, which was to end it for `reason`.
    pub(super) fn ending(&self, answer: &Answer, reason: &'static str) -> &'static str {
        let is_message = self.voicemail.is_leaving() && reason == LEFT_MESSAGE;
        if is_message && answer.lacks_words() {
            UNSPOKEN
        } else {
            reason
        }
    }

    /// Why the call ends in which the last words made no progress.
    pub(super) const fn late_ending(&self) -> &'static str {
        if self.voicemail.is_leaving() {
            LATE
        } else {
            "the goodbye could not be played in time"
        }
    }

    /// Whether nobody has said a greeting for as long as one is waited for, and nobody is about to.
    fn is_too_late(&self, at: Moment) -> bool {
        let open_until = self.started + self.patience.voicemail_detection;
        let voice = self.voicemail.ear.voice();
        let silent = voice.is_none_or(|voice| at > voice + QUIET);
        at > open_until && silent && self.undecided.is_empty() && !self.machine.caller_has_turn()
    }

    fn beeped(&mut self, now: Moment, beep: Beeped) {
        match self.voicemail.phase {
            Phase::Open if beep.ends_greeting && !self.is_leaving() => self.reach_voicemail(now),
            Phase::Greeted(_) if self.held.is_none() => self.leave_message(now, true),
            // Nothing before the beep is kept by a machine that was only slow.
            Phase::Leaving { after_beep: false } if self.answer.is_some() => {
                self.leave_message(now, true);
            }
            Phase::Off | Phase::Open | Phase::Greeted(_) | Phase::Leaving { .. } => {}
        }
    }

    /// It is a machine: the agent falls silent, and speaks when the greeting is over, which it is
    /// already if the beep was heard before the words were known.
    fn reach_voicemail(&mut self, now: Moment) {
        self.voicemail.phase = Phase::Greeted(now);
        self.voicemail.said = None;
        for undecided in &mut self.undecided {
            undecided.wants_answer = false;
        }
        self.interrupt_answer(now);
        self.dropped = None;
        if self.voicemail.ear.has_beeped() && self.held.is_none() {
            self.leave_message(now, true);
        }
    }

    fn leave_message(&mut self, now: Moment, after_beep: bool) {
        self.interrupt_answer(now);
        self.dropped = None;
        self.lines.clear();
        self.voicemail.phase = Phase::Leaving { after_beep };
        let Some(message) = self.script.voicemail.clone().filter(|_| !self.muted) else {
            self.end(MUTED);
            return;
        };
        self.hanging_up = Some(now + self.patience.longest_goodbye);
        self.say(&message, Some(LEFT_MESSAGE));
        self.close_answer_if_over(now);
    }
}
