//! A caller who reacts to the agent: says and presses one thing after the other, each at its cue.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use audio::dtmf::Digit;
use audio::{FRAME, Moment, SampleRate};

use crate::conversation::Manner;
use crate::truth::{self, Pause};

/// How long a caller waits for an agent who says nothing before he or she goes on.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pause of at least this length within a recording divides what is said into utterances.
const NEXT_UTTERANCE: Duration = Duration::from_secs(2);

/// What a caller does, and when.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) act: Act,
    pub(crate) cue: Cue,
}

/// One thing that a caller does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Says this.
    Say(Utterance),
    /// Presses these keys.
    Press(Vec<Digit>),
    /// Keeps silent for this long.
    Wait(Duration),
}

/// What a caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Nothing: the beginning of the call.
    Start,
    /// The agent has been silent for so long, after having spoken.
    Silence(Duration),
    /// The agent began to speak so long ago.
    Speech(Duration),
}

/// A recording of what a caller says.
#[derive(Clone, Debug)]
pub(crate) struct Utterance {
    /// Its samples at the line's rate.
    pub(crate) samples: Arc<[i16]>,
    /// Where in it somebody speaks.
    pub(crate) speech: Vec<Range<Duration>>,
    /// Its pauses, if somebody has told them.
    pub(crate) pauses: Option<Arc<[Pause]>>,
}

/// Something that was said, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The number of the step, from 0.
    pub(crate) step: usize,
    /// When its first sample was spoken.
    pub(crate) started: Moment,
    /// When somebody speaks in it. Without a pause of two seconds between, it is one utterance.
    pub(crate) speech: Vec<Range<Moment>>,
    /// Its pauses, if somebody has told them.
    pub(crate) pauses: Option<Arc<[Pause]>>,
}

impl Said {
    /// When somebody speaks in it, first to last sample, utterance by utterance: as it was told,
    /// or as it sounds.
    pub(crate) fn utterances(&self) -> Vec<Range<Moment>> {
        if let Some(pauses) = &self.pauses {
            return truth::turns(pauses, self.started);
        }
        let mut utterances: Vec<Range<Moment>> = Vec::new();
        for piece in &self.speech {
            match utterances.last_mut() {
                Some(last) if piece.start.since(last.end) < NEXT_UTTERANCE => last.end = piece.end,
                Some(_) | None => utterances.push(piece.clone()),
            }
        }
        utterances
    }
}

/// What a caller does within 20 ms.
pub(crate) enum Doing {
    /// Says these samples.
    Says(Range<usize>, Arc<[i16]>),
    /// Begins to press these keys.
    Presses(Vec<Digit>),
    /// Nothing.
    Listens,
}

pub(crate) struct Caller {
    rate: SampleRate,
    steps: VecDeque<Step>,
    begun: usize,
    said: Vec<Said>,
    started: Vec<Moment>,
    saying: Option<(Arc<[i16]>, usize)>,
    silent_until: Moment,
    /// When the caller last stopped saying or pressing something.
    stopped: Moment,
}

impl Caller {
    /// A caller who is connected at `now`.
    pub(crate) fn new(steps: Vec<Step>, rate: SampleRate, now: Moment) -> Self {
        Self {
            rate,
            steps: steps.into(),
            begun: 0,
            said: Vec::new(),
            started: Vec::new(),
            saying: None,
            silent_until: now,
            stopped: now,
        }
    }

    /// What was said so far.
    pub(crate) fn said(&self) -> &[Said] {
        &self.said
    }

    /// When each step so far began.
    pub(crate) fn started(&self) -> &[Moment] {
        &self.started
    }

    /// Since when there has been nothing left to do; `None` while there is.
    pub(crate) fn done(&self) -> Option<Moment> {
        let done = self.steps.is_empty() && self.saying.is_none();
        done.then(|| self.stopped.max(self.silent_until))
    }

    /// Keys are still being pressed at `now`.
    pub(crate) fn is_pressing(&mut self, now: Moment) {
        self.stopped = now;
    }

    /// What the caller does in the 20 ms from `now` on.
    pub(crate) fn act(&mut self, now: Moment, agent: Manner) -> Doing {
        if self.saying.is_none() && now >= self.silent_until {
            let stopped = self.stopped;
            let begins = |step: &mut Step| is_time(step.cue, now, stopped, agent);
            if let Some(step) = self.steps.pop_front_if(begins) {
                self.started.push(now);
                self.begun += 1;
                match step.act {
                    Act::Say(utterance) => self.begin(now, utterance),
                    Act::Press(keys) => {
                        self.stopped = now;
                        return Doing::Presses(keys);
                    }
                    Act::Wait(duration) => self.silent_until = now + duration,
                }
            }
        }
        self.go_on(now)
    }

    fn begin(&mut self, now: Moment, utterance: Utterance) {
        let speech = utterance.speech.iter();
        self.said.push(Said {
            step: self.begun - 1,
            started: now,
            pauses: utterance.pauses,
            speech: speech
                .map(|piece| now + piece.start..now + piece.end)
                .collect(),
        });
        self.saying = Some((utterance.samples, 0));
    }

    fn go_on(&mut self, now: Moment) -> Doing {
        let Some((samples, from)) = &mut self.saying else {
            return Doing::Listens;
        };
        let start = *from;
        let end = (start + self.rate.samples_in(FRAME)).min(samples.len());
        *from = end;
        let samples = Arc::clone(samples);
        if end == samples.len() {
            self.saying = None;
            self.stopped = now + FRAME;
        }
        Doing::Says(start..end, samples)
    }
}

/// Whether a cue has come for a caller who has been silent since `stopped`.
fn is_time(cue: Cue, now: Moment, stopped: Moment, agent: Manner) -> bool {
    let quiet = agent.quiet_since.filter(|&since| since >= stopped);
    let given_up = agent.quiet_since.is_some() || agent.began.is_none();
    let given_up = given_up && now >= stopped + PATIENCE;
    match cue {
        Cue::Start => true,
        Cue::Silence(after) => given_up || quiet.is_some_and(|since| now >= since + after),
        Cue::Speech(after) => {
            let began = agent.began.filter(|&began| began >= stopped);
            given_up || quiet.is_some() || began.is_some_and(|began| now >= began + after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_millis(300);

    fn moment(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    fn manner(began: Option<u64>, quiet: Option<u64>) -> Manner {
        Manner {
            began: began.map(moment),
            quiet_since: quiet.map(moment),
        }
    }

    fn says(cue: Cue, millis: u64) -> Step {
        let samples = vec![1; 8 * millis as usize].into();
        let speech = vec![Duration::ZERO..Duration::from_millis(millis)];
        Step {
            act: Act::Say(Utterance {
                samples,
                speech,
                pauses: None,
            }),
            cue,
        }
    }

    /// When a caller with these steps begins each, the agent behaving as told.
    fn begins(steps: Vec<Step>, agent: impl Fn(u64) -> Manner) -> Vec<u64> {
        let mut caller = Caller::new(steps, SampleRate::HZ_8000, moment(0));
        for tick in 0..2_000 {
            caller.act(moment(20 * tick), agent(20 * tick));
        }
        let started = caller.started().iter();
        started.map(|moment| moment.as_millis()).collect()
    }

    #[test]
    fn a_caller_speaks_when_the_agent_has_been_silent_for_a_moment() {
        let agent = |now| manner((now >= 100).then_some(100), (now >= 2_000).then_some(2_000));
        assert_eq!(begins(vec![says(Cue::Silence(AFTER), 60)], agent), [2_300]);
    }

    #[test]
    fn the_next_thing_waits_for_an_answer_to_the_last() {
        let steps = vec![says(Cue::Start, 500), says(Cue::Silence(AFTER), 60)];
        let agent = |now| match now {
            0..1_000 => manner(Some(0), Some(0)),
            1_000..3_000 => manner(Some(1_000), None),
            _ => manner(Some(1_000), Some(3_000)),
        };
        assert_eq!(begins(steps, agent), [0, 3_300]);
    }

    #[test]
    fn an_interruption_begins_while_the_agent_speaks() {
        let agent = |now| manner((now >= 700).then_some(700), None);
        let step = says(Cue::Speech(Duration::from_millis(500)), 60);
        assert_eq!(begins(vec![step], agent), [1_200]);
    }

    #[test]
    fn a_caller_who_gets_no_answer_goes_on_at_last() {
        let steps = vec![says(Cue::Start, 500), says(Cue::Silence(AFTER), 60)];
        assert_eq!(begins(steps, |_| manner(None, None)), [0, 10_500]);
    }

    #[test]
    fn a_caller_waits_for_an_agent_who_talks_at_length() {
        let steps = vec![says(Cue::Start, 500), says(Cue::Silence(AFTER), 60)];
        assert_eq!(begins(steps, |_| manner(Some(700), None)), [0]);
    }

    #[test]
    fn long_pauses_divide_a_recording_into_utterances() {
        let pieces = [(0, 1_000), (1_500, 2_000), (4_000, 5_000)];
        let said = Said {
            step: 0,
            started: moment(0),
            speech: pieces
                .map(|(start, end)| moment(start)..moment(end))
                .to_vec(),
            pauses: None,
        };
        let expected = [moment(0)..moment(2_000), moment(4_000)..moment(5_000)];
        assert_eq!(said.utterances(), expected);
    }
}
