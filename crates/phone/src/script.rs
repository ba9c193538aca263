use std::collections::VecDeque;
use std::time::Duration;

use audio::dtmf::Digit;
use audio::{Moment, SampleRate, level};

/// How the phone behaves once the call is up.
#[derive(Clone, Debug)]
pub struct Manners {
    /// The other side must have been silent for this long before the phone speaks.
    pub pause: Duration,
    /// The phone goes on when the other side says nothing at all for this long.
    pub patience: Duration,
    /// Keys to press before the first utterance, when the other side has spoken.
    pub keys: Vec<Digit>,
    /// The phone hangs up this long after its last utterance was answered; without it, it waits
    /// for the other side to hang up, as long as its patience lasts.
    pub hang_up_after: Option<Duration>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(700),
            patience: Duration::from_secs(15),
            keys: Vec::new(),
            hang_up_after: None,
        }
    }
}

/// Something the phone can say.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// What the report calls it, usually the file's name.
    pub name: String,
    /// The speech, mono at [`UTTERANCE_RATE`](crate::UTTERANCE_RATE).
    pub samples: Vec<i16>,
}

impl Utterance {
    /// First and last audible sample, counted from the start.
    fn audible_span(&self) -> Option<(usize, usize)> {
        let audible = |sample: &i16| level::is_audible(std::slice::from_ref(sample));
        let first = self.samples.iter().position(audible)?;
        let last = self.samples.iter().rposition(audible)?;
        Some((first, last))
    }
}

/// What became of one utterance.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// The utterance's name.
    pub name: String,
    /// First audible sample sent, from the answer of the call.
    pub start_ms: u64,
    /// Last audible sample sent.
    pub end_ms: u64,
    /// From the last audible sample sent to the first audible sample heard; `None` when the
    /// other side did not answer or began before the phone was done.
    pub answered_after_ms: Option<u64>,
}

/// What the phone has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Press the keys.
    Press,
    /// Speak the utterance of this index.
    Say(usize),
    /// End the call.
    HangUp,
}

/// The phone's part in a call, without I/O: speaks when it is its turn, and times the answers.
#[derive(Debug)]
pub struct Script {
    manners: Manners,
    utterances: Vec<(String, Option<(usize, usize)>)>,
    said: Vec<Said>,
    answered_at: Moment,
    pressed: bool,
    next: usize,
    speaking: bool,
    voiced_until: Moment,
    heard_since: bool,
    last_heard: Moment,
    last_change: Moment,
    done: bool,
    steps: VecDeque<Step>,
}

impl Script {
    /// A script for a call answered at `now`.
    pub fn new(manners: Manners, utterances: &[Utterance], now: Moment) -> Self {
        let spans = utterances
            .iter()
            .map(|one| (one.name.clone(), one.audible_span()));
        Self {
            utterances: spans.collect(),
            said: Vec::new(),
            answered_at: now,
            pressed: manners.keys.is_empty(),
            manners,
            next: 0,
            speaking: false,
            voiced_until: now,
            heard_since: false,
            last_heard: now,
            last_change: now,
            done: false,
            steps: VecDeque::new(),
        }
    }

    /// Takes 20 ms of the other side's audio that end at `at`.
    pub fn heard(&mut self, at: Moment, rate: SampleRate, samples: &[i16]) {
        let first = samples
            .iter()
            .position(|sample| level::is_audible(&[*sample]));
        if let Some(first) = first {
            let sounded = at - rate.duration_of(samples.len() - first);
            if !self.heard_since && !self.speaking {
                self.heard_since = true;
                self.time_answer(sounded);
            }
            self.last_heard = at;
            self.last_change = at;
        }
        self.act(at);
    }

    /// The current utterance's first audible sample was sent at `at`.
    pub fn speaking(&mut self, at: Moment, rate: SampleRate) {
        let Some((name, span)) = self.utterances.get(self.next.wrapping_sub(1)) else {
            return;
        };
        let length = span.map_or(Duration::ZERO, |(first, last)| {
            rate.duration_of(last - first)
        });
        self.voiced_until = at + length;
        let millis = |moment: Moment| moment.since(self.answered_at).as_millis() as u64;
        self.said.push(Said {
            name: name.clone(),
            start_ms: millis(at),
            end_ms: millis(self.voiced_until),
            answered_after_ms: None,
        });
    }

    /// The current utterance was sent in full at `at`.
    pub fn spoken(&mut self, at: Moment) {
        self.speaking = false;
        self.heard_since = self.last_heard > self.voiced_until;
        self.last_change = at;
    }

    /// The next step, until there is none.
    pub fn poll(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// What was said so far.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    fn time_answer(&mut self, sounded: Moment) {
        if let Some(said) = self.said.last_mut()
            && sounded > self.voiced_until
        {
            said.answered_after_ms = Some(sounded.since(self.voiced_until).as_millis() as u64);
        }
    }

    fn act(&mut self, now: Moment) {
        if self.speaking || self.done {
            return;
        }
        let quiet = now.since(self.last_heard);
        let answered = self.heard_since && quiet >= self.manners.pause;
        let ignored = now.since(self.last_change) >= self.manners.patience;
        if !self.pressed {
            if answered || ignored {
                self.steps.push_back(Step::Press);
                self.pressed = true;
                self.heard_since = false;
                self.last_change = now;
            }
            return;
        }
        if self.next < self.utterances.len() {
            if answered || ignored {
                self.steps.push_back(Step::Say(self.next));
                self.next += 1;
                self.speaking = true;
                self.heard_since = false;
                self.last_change = now;
            }
            return;
        }
        let leave = match self.manners.hang_up_after {
            Some(after) => answered && quiet >= after || ignored,
            None => ignored,
        };
        if leave {
            self.done = true;
            self.steps.push_back(Step::HangUp);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;
    const FRAME: Duration = Duration::from_millis(20);

    struct Call {
        script: Script,
        now: Moment,
    }

    impl Call {
        fn new(manners: Manners, count: usize) -> Self {
            let mut samples = vec![0; 800];
            samples.extend([5_000; 8_000]);
            samples.extend([0; 1_600]);
            let utterance = Utterance {
                name: "one.wav".to_owned(),
                samples,
            };
            let utterances = vec![utterance; count];
            Self {
                script: Script::new(manners, &utterances, Moment::ZERO),
                now: Moment::ZERO,
            }
        }

        fn hear(&mut self, loud: bool, millis: u64) -> Vec<Step> {
            let mut steps = Vec::new();
            for _ in 0..millis / 20 {
                self.now = self.now + FRAME;
                let samples = if loud { [4_000; 160] } else { [0; 160] };
                self.script.heard(self.now, RATE, &samples);
                steps.extend(std::iter::from_fn(|| self.script.poll()));
            }
            steps
        }

        /// Plays an utterance: 100 ms of silence, a second of speech, 200 ms of silence.
        fn say(&mut self) {
            self.hear(false, 100);
            self.script.speaking(self.now, RATE);
            self.hear(false, 1_200);
            self.script.spoken(self.now);
        }
    }

    #[test]
    fn the_phone_waits_until_the_other_side_has_spoken_and_fallen_silent() {
        let mut call = Call::new(Manners::default(), 1);
        assert_eq!(call.hear(false, 3_000), []);
        assert_eq!(call.hear(true, 2_000), []);
        assert_eq!(call.hear(false, 600), []);
        assert_eq!(call.hear(false, 200), [Step::Say(0)]);
    }

    #[test]
    fn keys_are_pressed_first_and_their_answer_is_waited_for() {
        let manners = Manners {
            keys: Digit::from_char('7').into_iter().collect(),
            ..Manners::default()
        };
        let mut call = Call::new(manners, 1);
        call.hear(true, 1_000);
        assert_eq!(call.hear(false, 1_500), [Step::Press]);
        assert_eq!(call.hear(true, 1_000), []);
        assert_eq!(call.hear(false, 1_500), [Step::Say(0)]);
    }

    #[test]
    fn the_phone_speaks_anyway_when_its_patience_ends() {
        let mut call = Call::new(Manners::default(), 1);
        assert_eq!(call.hear(false, 14_900), []);
        assert_eq!(call.hear(false, 200), [Step::Say(0)]);
    }

    #[test]
    fn an_answer_is_timed_from_the_last_audible_sample_sent() {
        let mut call = Call::new(Manners::default(), 1);
        call.hear(true, 1_000);
        call.hear(false, 800);
        call.say();
        call.hear(false, 300);
        call.hear(true, 20);
        let said = &call.script.said()[0];
        assert_eq!(said.end_ms - said.start_ms, 999);
        assert_eq!(said.answered_after_ms, Some(500));
    }

    #[test]
    fn an_answer_that_began_too_early_has_no_time() {
        let mut call = Call::new(Manners::default(), 1);
        call.hear(true, 1_000);
        call.hear(false, 800);
        call.hear(false, 100);
        call.script.speaking(call.now, RATE);
        call.hear(false, 600);
        call.hear(true, 600);
        call.script.spoken(call.now);
        call.hear(true, 500);
        assert_eq!(call.script.said()[0].answered_after_ms, None);
    }

    #[test]
    fn the_phone_hangs_up_after_the_last_answer_when_told_to() {
        let manners = Manners {
            hang_up_after: Some(Duration::from_millis(1_500)),
            ..Manners::default()
        };
        let mut call = Call::new(manners, 1);
        call.hear(true, 1_000);
        call.hear(false, 800);
        call.say();
        call.hear(false, 300);
        call.hear(true, 1_000);
        assert_eq!(call.hear(false, 1_400), []);
        assert_eq!(call.hear(false, 200), [Step::HangUp]);
    }

    #[test]
    fn the_phone_leaves_the_last_word_to_the_other_side_by_default() {
        let mut call = Call::new(Manners::default(), 0);
        call.hear(true, 1_000);
        assert_eq!(call.hear(false, 14_900), []);
        assert_eq!(call.hear(false, 200), [Step::HangUp]);
    }
}
