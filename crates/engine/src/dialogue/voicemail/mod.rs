//! Leaving a message where a machine answers: telling it from a person, by what it says and by its
//! beep, waiting until its greeting is over, and speaking once.

mod greeting;
mod phrases;

use std::ops::RangeInclusive;
use std::time::Duration;

use audio::beep::{Beep, Detector};
use audio::{Moment, SampleRate};
use turn::{Attempt, Ended};

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

/// Pauses within the first speech, which people make longer to wait for an answer.
const PAUSE: Duration = Duration::from_secs(1);

/// First speech that is so long, with a beep after it, is a greeting whatever its words are.
const LONG: Duration = Duration::from_millis(2_500);

/// How soon a beep comes after a greeting.
const BEEP_WITHIN: Duration = Duration::from_secs(4);

/// A tone that is longer is no beep: faxes and lines that are given up sound so.
const LONGEST_BEEP: Duration = Duration::from_secs(3);

/// Frequencies in hertz of the tones with which networks say that it rings or is busy.
const OF_NETWORKS: RangeInclusive<f32> = 390.0..=470.0;

/// For so long after a beep its end may be taken for a voice.
const ECHO: Duration = Duration::from_millis(250);

/// Whether the far end is a machine that takes messages, and what it does.
#[derive(Debug)]
pub(super) struct Voicemail {
    phase: Phase,
    /// Hears beeps, as long as they matter; `None` also at a rate that it does not know.
    beeps: Option<Box<Detector>>,
    /// Samples that it was fed.
    fed: usize,
    /// What was said that may be the beginning of a greeting, and until when.
    said: Option<(String, Moment)>,
    /// Turns that were no greeting.
    turns: u32,
    /// The first speech.
    first: Option<Speech>,
    /// The last sound of a voice.
    voice: Option<Moment>,
    /// The end of the last beep, unless somebody has spoken since.
    beep: Option<Moment>,
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

/// A beep on the line.
#[derive(Clone, Copy, Debug)]
struct Heard {
    began: Moment,
    ended: Moment,
    /// Whether it sounds like a tone of the network.
    of_network: bool,
}

#[derive(Clone, Copy, Debug)]
struct Speech {
    began: Moment,
    until: Moment,
}

impl Voicemail {
    /// What is known when a call begins; `wanted` if there is something to be said to a machine.
    pub(super) fn new(wanted: bool, rate: SampleRate) -> Self {
        let beeps = wanted.then(|| Detector::new(rate)).flatten();
        Self {
            phase: if wanted { Phase::Open } else { Phase::Off },
            beeps: beeps.map(Box::new),
            fed: 0,
            said: None,
            turns: 0,
            first: None,
            voice: None,
            beep: None,
        }
    }

    /// The far end is a person, or the call goes another way.
    pub(super) fn stop(&mut self) {
        self.phase = Phase::Off;
        self.beeps = None;
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

    /// Takes a window of audio, and returns the last beep in it.
    fn hear(
        &mut self,
        rate: SampleRate,
        at: Moment,
        samples: &[i16],
        speech: bool,
    ) -> Option<Heard> {
        self.fed += samples.len();
        let fed = rate.duration_of(self.fed);
        let moment = |place: Duration| at - fed.saturating_sub(place);
        let mut beep: Option<Beep> = None;
        let sounding = self.beeps.as_mut().and_then(|detector| {
            detector.feed(samples, |one| beep = Some(one));
            detector.sounding_since()
        });
        if let Some(began) = sounding.or_else(|| beep.map(|beep| beep.began)) {
            // A detector of voices may take the beginning of a tone for one.
            let began = moment(began);
            self.voice = self.voice.map(|voice| voice.min(began));
            if let Some(first) = &mut self.first {
                first.until = first.until.min(began);
            }
        } else if speech {
            self.voiced(at - rate.duration_of(samples.len()), at);
        }
        let beep = beep.filter(|beep| beep.ended.saturating_sub(beep.began) <= LONGEST_BEEP);
        beep.map(|beep| Heard {
            began: moment(beep.began),
            ended: moment(beep.ended),
            of_network: OF_NETWORKS.contains(&beep.hertz),
        })
    }

    /// Somebody spoke from `began` until `until`.
    fn voiced(&mut self, began: Moment, until: Moment) {
        if self.beep.is_some_and(|beep| until <= beep + ECHO) {
            return;
        }
        self.beep = None;
        self.voice = Some(until);
        let first = self.first.get_or_insert(Speech { began, until });
        if began <= first.until + PAUSE {
            first.until = until;
        }
    }

    /// Whether a beep comes after a greeting, by the sound of it.
    fn follows_greeting(&self, beep: Heard) -> bool {
        let follows = |first: Speech| {
            first.until.since(first.began) >= LONG && beep.began.since(first.until) <= BEEP_WITHIN
        };
        !beep.of_network && self.first.is_some_and(follows)
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
        let voicemail = &mut self.voicemail;
        let beep = voicemail.hear(self.rate, heard.at, heard.samples, speech);
        if let Some(beep) = beep {
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
        let beeps = self.voicemail.beeps.as_ref();
        if beeps.is_some_and(|beeps| beeps.sounding_since().is_some()) {
            return Some(latest);
        }
        let voice = self.voicemail.voice.unwrap_or(since);
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
        let silent = self
            .voicemail
            .voice
            .is_none_or(|voice| at > voice + BEEP_WITHIN);
        at > open_until && silent && self.undecided.is_empty() && !self.machine.caller_has_turn()
    }

    fn beeped(&mut self, now: Moment, beep: Heard) {
        match self.voicemail.phase {
            Phase::Open if self.is_leaving() => {}
            Phase::Open if self.voicemail.follows_greeting(beep) => {
                self.voicemail.beep = Some(beep.ended);
                self.reach_voicemail(now);
            }
            Phase::Off | Phase::Open => self.voicemail.beep = Some(beep.ended),
            Phase::Greeted(_) => self.leave_message(now, true),
            // Nothing before the beep is kept by a machine that was only slow.
            Phase::Leaving { after_beep: false } if self.answer.is_some() => {
                self.leave_message(now, true);
            }
            Phase::Leaving { .. } => {}
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
        if self.voicemail.beep.is_some() {
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
