//! Tries settings on pauses whose truth is known.

use std::time::Duration;

use audio::Moment;
use thiserror::Error;
use turn::{Ended, Settings};

use crate::driving::{Memory, drive};
use crate::hearing::Heard;
use crate::listener::{ListenError, Listener};
use crate::passage::{Kind, Pause};
use crate::report::{Policy, Row};

/// How long after the end of speech the judge of turns is asked where it decides alone.
const ASKED: Duration = Duration::from_millis(200);

/// Audio from before a turn that is judged with it.
const BEFORE_TURN: Duration = Duration::from_millis(500);

/// A decision this long before the known end of speech belongs to it: soft ends are hard to
/// place.
const SOFT_END: Duration = Duration::from_millis(300);

/// What is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// `min_endpointing_delay`, and for a fixed silence the delay itself.
    pub shortest: Vec<Duration>,
    /// `max_endpointing_delay`. Combinations with a shorter one are left out.
    pub longest: Vec<Duration>,
    /// Probabilities from which the judge of turns alone takes a turn for complete.
    pub thresholds: Vec<f32>,
}

impl Default for Grid {
    fn default() -> Self {
        let every = |millis: u64, counts: std::ops::RangeInclusive<u64>| -> Vec<Duration> {
            counts
                .map(|count| Duration::from_millis(count * millis))
                .collect()
        };
        Self {
            shortest: every(50, 2..=30),
            longest: every(500, 2..=3),
            thresholds: vec![0.3, 0.5, 0.7, 0.9],
        }
    }
}

/// What a policy did in one pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the pause is.
    pub kind: Kind,
    /// How long it is.
    pub pause: Duration,
    /// How long after the end of speech the turn was taken for over, if it was before speech went
    /// on.
    pub decided: Option<Duration>,
}

/// A sweep's result: one row for each policy and setting that was tried.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The rows, ordered by policy, then by settings.
    pub rows: Vec<Row>,
}

/// Why a sweep ended early.
#[derive(Debug, Error)]
#[error("{name}: {source}")]
pub struct SweepError {
    /// The passage.
    name: String,
    /// Which model failed.
    source: ListenError,
}

/// Tries every setting of `grid` on every pause of `passages`. `base` has all other settings.
///
/// # Errors
///
/// [`SweepError`] if a model fails.
pub fn sweep(
    passages: &[Heard],
    base: &Settings,
    grid: &Grid,
    listener: &mut dyn Listener,
) -> Result<Measured, SweepError> {
    let mut rows: Vec<Row> = policies(grid)
        .map(|policy| Row::new(policy, Vec::new()))
        .collect();
    for heard in passages {
        let outcomes = Trial::new(heard, base, listener)
            .outcomes(&rows)
            .map_err(|source| SweepError {
                name: heard.name.clone(),
                source,
            })?;
        for (row, outcomes) in rows.iter_mut().zip(outcomes) {
            row.outcomes.extend(outcomes);
        }
    }
    Ok(Measured { rows })
}

fn policies(grid: &Grid) -> impl Iterator<Item = Policy> + '_ {
    let bounds = || {
        grid.longest.iter().flat_map(|longest| {
            let shortest = grid
                .shortest
                .iter()
                .filter(move |shortest| *shortest <= longest);
            shortest.map(|shortest| (*shortest, *longest))
        })
    };
    let weighed = bounds().map(|(shortest, longest)| Policy::Weighed { shortest, longest });
    let judged = grid.thresholds.iter().flat_map(move |&threshold| {
        bounds().map(move |(shortest, longest)| Policy::Judged {
            threshold,
            shortest,
            longest,
        })
    });
    let fixed = grid.shortest.iter().map(|&delay| Policy::Fixed { delay });
    weighed.chain(judged).chain(fixed)
}

/// One passage and what is known of it.
struct Trial<'a> {
    heard: &'a Heard,
    base: &'a Settings,
    listener: &'a mut dyn Listener,
    memory: Memory,
    /// Decisions of a fixed silence, by its length.
    fixed: Vec<(Duration, Vec<Option<Moment>>)>,
}

impl<'a> Trial<'a> {
    fn new(heard: &'a Heard, base: &'a Settings, listener: &'a mut dyn Listener) -> Self {
        Self {
            heard,
            base,
            listener,
            memory: Memory::default(),
            fixed: Vec::new(),
        }
    }

    fn outcomes(&mut self, rows: &[Row]) -> Result<Vec<Vec<Outcome>>, ListenError> {
        let sounds = self.sounds()?;
        rows.iter()
            .map(|row| {
                let decisions = match row.policy {
                    Policy::Weighed { shortest, longest } => self.decisions(shortest, longest)?,
                    Policy::Fixed { delay } => self.fixed(delay)?,
                    Policy::Judged {
                        threshold,
                        shortest,
                        longest,
                    } => {
                        let soon = self.fixed(shortest.max(ASKED))?;
                        let late = self.fixed(longest)?;
                        let complete = sounds
                            .iter()
                            .map(|sound| sound.is_some_and(|sound| sound >= threshold));
                        let pairs = soon.into_iter().zip(late).zip(complete);
                        pairs
                            .map(|((soon, late), complete)| if complete { soon } else { late })
                            .collect()
                    }
                };
                let pauses = self.heard.pauses.iter().zip(decisions);
                Ok(pauses
                    .map(|(pause, decided)| outcome(pause, decided))
                    .collect())
            })
            .collect()
    }

    /// For each pause, how likely its turn is over by its sound; `None` if nobody noticed it.
    fn sounds(&mut self) -> Result<Vec<Option<f32>>, ListenError> {
        let noticed = self.fixed(ASKED)?;
        let mut sounds = Vec::with_capacity(noticed.len());
        for (pause, decided) in self.heard.pauses.iter().zip(noticed) {
            let Some(decided) = decided else {
                sounds.push(None);
                continue;
            };
            let stretch = (pause.turn - BEFORE_TURN, decided);
            let sound = self.memory.sound(self.heard, stretch, self.listener)?;
            sounds.push(Some(sound));
        }
        Ok(sounds)
    }

    fn fixed(&mut self, delay: Duration) -> Result<Vec<Option<Moment>>, ListenError> {
        if let Some((_, known)) = self.fixed.iter().find(|(known, _)| *known == delay) {
            return Ok(known.clone());
        }
        let decisions = self.decisions(delay, delay)?;
        self.fixed.push((delay, decisions.clone()));
        Ok(decisions)
    }

    /// When the machine takes the turn for over in each pause, if it does.
    fn decisions(
        &mut self,
        shortest: Duration,
        longest: Duration,
    ) -> Result<Vec<Option<Moment>>, ListenError> {
        let settings = Settings {
            min_endpointing_delay: shortest,
            max_endpointing_delay: longest,
            ..self.base.clone()
        };
        let ended = drive(self.heard, &settings, &mut self.memory, self.listener)?;
        let pauses = self.heard.pauses.iter();
        Ok(pauses.map(|pause| decision_in(pause, &ended)).collect())
    }
}

fn decision_in(pause: &Pause, ended: &[Ended]) -> Option<Moment> {
    let decided = ended.iter().map(|ended| ended.decided);
    let mut within = decided.filter(|at| *at + SOFT_END >= pause.start && *at < pause.end);
    within.next()
}

fn outcome(pause: &Pause, decided: Option<Moment>) -> Outcome {
    Outcome {
        kind: pause.kind,
        pause: pause.length(),
        decided: decided.map(|decided| decided.since(pause.start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, Set, Tally};
    use audio::SampleRate;
    use turn::Window;

    const WINDOW: Duration = Duration::from_millis(32);

    /// Says of all audio what it was told to.
    struct Says {
        words: &'static str,
        sound: f32,
    }

    impl Listener for Says {
        fn words(&mut self, _: &[i16], _: SampleRate) -> Result<String, ListenError> {
            Ok(self.words.to_owned())
        }

        fn sound(&mut self, _: &[i16], _: SampleRate) -> Result<f32, ListenError> {
            Ok(self.sound)
        }
    }

    /// Two seconds of speech, a pause of this many windows, and speech again if it is no end.
    fn passage(kind: Kind, pause: u32) -> Heard {
        let voices = [(true, 64), (false, pause), (kind.goes_on(), 32)];
        let mut at = Moment::ZERO;
        let mut windows = Vec::new();
        for (voice, count) in voices {
            for _ in 0..count {
                at = at + WINDOW;
                windows.push(Window {
                    at,
                    duration: WINDOW,
                    probability: if voice { 0.95 } else { 0.02 },
                    audible_until: voice.then_some(at),
                    articulated: if voice { 1.0 } else { 0.0 },
                    unbroken: WINDOW,
                    articulated_before: Duration::ZERO,
                });
            }
        }
        let start = Moment::ZERO + WINDOW * 64;
        Heard {
            name: "made up".to_owned(),
            pauses: vec![Pause {
                kind,
                turn: Moment::ZERO,
                start,
                end: start + WINDOW * pause,
            }],
            samples: vec![0; 16_000 * 8],
            rate: SampleRate::HZ_16000,
            windows,
        }
    }

    fn tried(heard: &[Heard], mut says: Says) -> Measured {
        let grid = Grid {
            shortest: vec![Duration::from_millis(300)],
            longest: vec![Duration::from_millis(1_000)],
            thresholds: vec![0.5],
        };
        sweep(heard, &Settings::default(), &grid, &mut says).expect("nothing fails")
    }

    fn tally(measured: &Measured, of: fn(&Policy) -> bool) -> Tally {
        let row = measured.rows.iter().find(|row| of(&row.policy));
        row.expect("it was tried").tally(Set::All)
    }

    fn is_weighed(policy: &Policy) -> bool {
        matches!(policy, Policy::Weighed { .. })
    }

    fn is_judged(policy: &Policy) -> bool {
        matches!(policy, Policy::Judged { .. })
    }

    fn is_fixed(policy: &Policy) -> bool {
        matches!(policy, Policy::Fixed { .. })
    }

    #[test]
    fn a_turn_that_is_complete_ends_after_the_shortest_delay_with_every_policy() {
        let says = Says {
            words: "Do you open on Sunday?",
            sound: 0.95,
        };
        let measured = tried(&[passage(Kind::TurnEnd, 60)], says);
        for of in [is_weighed, is_judged, is_fixed] {
            let tally = tally(&measured, of);
            assert_eq!((tally.ends, tally.missed, tally.median_ms), (1, 0, 300));
        }
    }

    #[test]
    fn a_pause_within_a_turn_counts_as_cut_off_only_if_it_was_taken_for_its_end() {
        let says = Says {
            words: "My number is",
            sound: 0.02,
        };
        let measured = tried(&[passage(Kind::MidTurn, 20)], says);
        assert_eq!(tally(&measured, is_weighed).cut_off, 0);
        assert_eq!(tally(&measured, is_judged).cut_off, 0);
        assert_eq!(tally(&measured, is_fixed).cut_off, 1);
    }

    #[test]
    fn words_that_call_for_more_keep_the_machine_from_believing_the_sound() {
        let says = Says {
            words: "My number is",
            sound: 0.95,
        };
        let measured = tried(&[passage(Kind::MidClause, 20)], says);
        assert_eq!(tally(&measured, is_weighed).cut_off, 0);
        assert_eq!(tally(&measured, is_judged).cut_off, 1);
    }

    #[test]
    fn a_turn_that_nobody_notices_is_missed_and_waits_for_all_of_its_pause() {
        let says = Says {
            words: "My number is",
            sound: 0.02,
        };
        let measured = tried(&[passage(Kind::TurnEnd, 25)], says);
        let tally = tally(&measured, is_weighed);
        assert_eq!((tally.missed, tally.median_ms), (1, 800));
    }

    #[test]
    fn pauses_of_unknown_truth_are_not_counted() {
        let says = Says {
            words: "Yes.",
            sound: 0.9,
        };
        let measured = tried(&[passage(Kind::Between, 60)], says);
        let tally = tally(&measured, is_weighed);
        assert_eq!((tally.goes_on, tally.ends), (0, 0));
    }

    #[test]
    fn a_setting_is_suggested_only_if_it_stays_within_the_tolerance() {
        let heard = [passage(Kind::MidTurn, 40), passage(Kind::TurnEnd, 60)];
        let says = Says {
            words: "It is over.",
            sound: 0.95,
        };
        let report = Report::new(crate::Line::Wide, &tried(&heard, says), &[0.0, 1.0]);
        assert!(report.suggestions[0].setting.is_none());
        assert!(report.suggestions[1].setting.is_some());
    }
}
