//! Decides, stream by stream, whether a window has to be heard by the network at all.
//!
//! A line on which nobody speaks sounds for seconds as it has sounded: its noise is steady. The
//! gate learns how loud a quiet line is while the network itself hears no speech on it, and
//! closes. It opens at the first sign that the line sounds otherwise, louder or softer, and then
//! the network hears the last windows before that too.
//!
//! The network remembers for longer than that, tens of seconds, so that after a long pause its
//! judgement of the same window is not quite what it would have been. Behind loud noise this can
//! delay the beginning of soft speech by some windows, so there the gate stays open. On quiet
//! lines it delays hardly any by more than a window: `tests/onsets.rs` measures how many.

use crate::levels::{LEVELS, Levels, Measure};

/// Below this probability the network hears no speech. Lower than where a pause begins: the gate
/// is not to close where the network hesitates.
const UNVOICED: f32 = 0.25;

/// Unvoiced windows in which a line's floor is learnt: one second.
const LEARNING: u32 = 32;

/// Windows that must sound like the floor, unvoiced, before the gate closes: a quarter of a second.
const HANG_OVER: u32 = 8;

/// Windows over which the floor follows the line while the gate is closed: two seconds.
const FOLLOWING: f32 = 64.0;

/// The loudest floor on which the gate closes, in decibels above one unit of the sample format:
/// -65 dBov.
const QUIET: f32 = 25.3;

/// A line whose level varies by more, in decibels, has no floor, and its gate does not close.
const STEADY: f32 = 3.0;

/// The least variation that is reckoned with, in decibels.
const LEAST_VARIATION: f32 = 0.4;

/// How far, in standard deviations, a level may be from the floor's without adding to the
/// evidence that the line has changed.
const TOLERATED: f32 = 0.75;

/// How much evidence opens the gate, in standard deviations.
const EVIDENCE: f32 = 5.0;

/// The gate of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    measure: Measure,
    floor: Option<Floor>,
    learning: Learning,
    changes: [Change; LEVELS],
    closed: bool,
    /// Windows since the last that was voiced or unlike the floor, while the gate is open.
    quiet: u32,
}

/// What is to be done with a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// The line sounds as before: the window is no speech.
    Closed,
    /// The network has to judge the window, after those that it missed.
    Open,
}

/// How a line sounds when nobody speaks, in decibels.
#[derive(Clone, Copy, Debug)]
struct Floor {
    means: Levels,
    variances: Levels,
}

/// Means and squared deviations of the unvoiced windows since the gate opened.
#[derive(Clone, Copy, Debug)]
struct Learning {
    windows: u32,
    means: Levels,
    squares: Levels,
}

/// Evidence that one level has changed: the sum of what exceeds the tolerated deviation, upwards
/// and downwards, never below zero.
#[derive(Clone, Copy, Debug)]
struct Change {
    louder: f32,
    softer: f32,
}

impl Gate {
    pub(crate) const fn new() -> Self {
        Self {
            measure: Measure::new(),
            floor: None,
            learning: Learning::NONE,
            changes: [Change::NONE; LEVELS],
            closed: false,
            quiet: 0,
        }
    }

    /// Measures the next window. If it has to pass, [`Gate::judged`] or [`Gate::unjudged`]
    /// follows.
    pub(crate) fn hear(&mut self, window: &[i16]) -> Passage {
        let levels = self.measure.levels(window);
        let changed = self.changed(&levels);
        if self.closed && !changed {
            if let Some(floor) = &mut self.floor {
                floor.follow(&levels);
            }
            return Passage::Closed;
        }
        if changed {
            self.quiet = 0;
        }
        if self.closed {
            self.closed = false;
            self.learning = Learning::NONE;
        }
        self.learning.add(&levels);
        Passage::Open
    }

    /// Takes the network's judgement of the window that was measured last.
    pub(crate) fn judged(&mut self, probability: f32) {
        if probability < UNVOICED {
            self.unvoiced();
        } else {
            self.quiet = 0;
            self.learning = Learning::NONE;
        }
    }

    /// The window that was measured last has no judgement, nor have those that were missed.
    pub(crate) const fn unjudged(&mut self) {
        self.quiet = 0;
        self.learning = Learning::NONE;
    }

    fn unvoiced(&mut self) {
        self.quiet += 1;
        let mut learnt = false;
        if self.learning.windows >= LEARNING {
            let floor = self.learning.floor();
            self.learning = Learning::NONE;
            learnt = floor.is_some();
            self.floor = floor.or(self.floor);
        }
        let quiet = self.floor.is_some_and(|floor| floor.means[0] <= QUIET);
        if quiet && (learnt || self.quiet >= HANG_OVER) {
            self.close();
        }
    }

    const fn close(&mut self) {
        self.closed = true;
        self.quiet = 0;
        self.changes = [Change::NONE; LEVELS];
    }

    /// Whether the line sounds otherwise than its floor, or has none.
    fn changed(&mut self, levels: &Levels) -> bool {
        let Some(floor) = &self.floor else {
            return true;
        };
        let mut most = 0.0_f32;
        for (index, change) in self.changes.iter_mut().enumerate() {
            most = most.max(change.add(floor.distance(index, levels)));
        }
        let changed = most > EVIDENCE;
        if changed {
            self.changes = [Change::NONE; LEVELS];
        }
        changed
    }
}

impl Floor {
    /// How far a level is from the floor's, in standard deviations.
    fn distance(&self, index: usize, levels: &Levels) -> f32 {
        let deviation = self.variances[index].sqrt().max(LEAST_VARIATION);
        (levels[index] - self.means[index]) / deviation
    }

    fn follow(&mut self, levels: &Levels) {
        for (index, level) in levels.iter().enumerate() {
            let difference = level - self.means[index];
            self.means[index] += difference / FOLLOWING;
            let variance = &mut self.variances[index];
            *variance += (difference * difference - *variance) / FOLLOWING;
        }
    }
}

impl Change {
    const NONE: Self = Self {
        louder: 0.0,
        softer: 0.0,
    };

    /// Adds a deviation and gives the evidence that there is now.
    fn add(&mut self, distance: f32) -> f32 {
        self.louder = (self.louder + distance - TOLERATED).max(0.0);
        self.softer = (self.softer - distance - TOLERATED).max(0.0);
        self.louder.max(self.softer)
    }
}

impl Learning {
    const NONE: Self = Self {
        windows: 0,
        means: [0.0; LEVELS],
        squares: [0.0; LEVELS],
    };

    fn add(&mut self, levels: &Levels) {
        self.windows += 1;
        for (index, level) in levels.iter().enumerate() {
            let difference = level - self.means[index];
            self.means[index] += difference / self.windows as f32;
            self.squares[index] += difference * (level - self.means[index]);
        }
    }

    /// The floor, if the line was steady.
    fn floor(&self) -> Option<Floor> {
        let variances = self.squares.map(|square| square / self.windows as f32);
        let steady = variances
            .iter()
            .all(|&variance| variance <= STEADY * STEADY);
        steady.then_some(Floor {
            means: self.means,
            variances,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: usize = 256;
    /// What the network says of noise.
    const NOTHING: f32 = 0.02;

    /// A line with white noise of a given amplitude.
    struct Line {
        gate: Gate,
        seed: u32,
    }

    impl Line {
        fn new() -> Self {
            Self {
                gate: Gate::new(),
                seed: 1,
            }
        }

        fn noise(&mut self, amplitude: f32) -> [i16; WINDOW] {
            std::array::from_fn(|_| {
                self.seed = self
                    .seed
                    .wrapping_mul(1_664_525)
                    .wrapping_add(1_013_904_223);
                let uniform = (self.seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
                (uniform * amplitude) as i16
            })
        }

        /// Hears a window and lets a network judge it, if it passes.
        fn hear(&mut self, window: &[i16], probability: f32) -> Passage {
            let passage = self.gate.hear(window);
            if passage == Passage::Open {
                self.gate.judged(probability);
            }
            passage
        }

        fn windows(&mut self, count: u32, amplitude: f32, probability: f32) -> Vec<Passage> {
            let windows = (0..count).map(|_| {
                let window = self.noise(amplitude);
                self.hear(&window, probability)
            });
            windows.collect()
        }

        /// Lets the gate learn the noise and close.
        fn closed(amplitude: f32) -> Self {
            let mut line = Self::new();
            line.windows(LEARNING, amplitude, NOTHING);
            line
        }
    }

    fn share_closed(passages: &[Passage]) -> f64 {
        let closed = passages
            .iter()
            .filter(|&&passage| passage == Passage::Closed);
        closed.count() as f64 / passages.len() as f64
    }

    #[test]
    fn it_closes_once_the_floor_is_learnt() {
        let mut line = Line::new();

        let learning = line.windows(LEARNING, 20.0, NOTHING);
        let then = line.windows(100, 20.0, NOTHING);

        assert_eq!(share_closed(&learning), 0.0);
        assert_eq!(share_closed(&then), 1.0);
    }

    #[test]
    fn it_closes_on_digital_silence() {
        let mut line = Line::closed(0.0);

        assert_eq!(share_closed(&line.windows(1_000, 0.0, NOTHING)), 1.0);
    }

    #[test]
    fn steady_noise_seldom_opens_it() {
        for amplitude in [3.0, 20.0, 30.0] {
            let mut line = Line::closed(amplitude);

            let share = share_closed(&line.windows(5_000, amplitude, NOTHING));

            assert!(share > 0.95, "closed for {share} at {amplitude}");
        }
    }

    #[test]
    fn it_opens_at_once_when_the_line_gets_louder() {
        let mut line = Line::closed(20.0);

        assert_eq!(line.windows(1, 40.0, NOTHING), [Passage::Open]);
    }

    #[test]
    fn it_opens_at_once_when_the_line_gets_softer() {
        let mut line = Line::closed(20.0);

        assert_eq!(line.windows(1, 10.0, NOTHING), [Passage::Open]);
    }

    #[test]
    fn it_opens_soon_when_the_line_gets_a_little_louder() {
        let mut line = Line::closed(20.0);

        let passages = line.windows(8, 23.0, NOTHING);

        assert!(passages.contains(&Passage::Open));
    }

    #[test]
    fn it_opens_for_a_soft_tone_under_loud_hum() {
        let hum = |sample: usize| (std::f32::consts::TAU * sample as f32 / 160.0).sin() * 20.0;
        let tone = |sample: usize| (std::f32::consts::TAU * sample as f32 / 8.0).sin() * 6.0;
        let mut line = Line::new();
        let mut at = 0;
        let mut window = |with_tone: bool| {
            at += WINDOW;
            std::array::from_fn::<i16, WINDOW, _>(|index| {
                let sample = at + index;
                (hum(sample) + if with_tone { tone(sample) } else { 0.0 }) as i16
            })
        };
        for _ in 0..100 {
            line.hear(&window(false), NOTHING);
        }
        assert_eq!(line.hear(&window(false), NOTHING), Passage::Closed);

        assert_eq!(line.hear(&window(true), NOTHING), Passage::Open);
    }

    #[test]
    fn it_stays_open_for_speech_as_soft_as_the_floor() {
        let mut line = Line::closed(20.0);
        line.windows(1, 500.0, 0.9);

        assert_eq!(share_closed(&line.windows(200, 20.0, 0.9)), 0.0);
        assert_eq!(share_closed(&line.windows(200, 20.0, UNVOICED)), 0.0);
    }

    #[test]
    fn it_closes_soon_after_the_floor_is_back_but_not_before_the_hang_over() {
        let mut line = Line::closed(20.0);
        line.windows(50, 500.0, 0.9);

        let passages = line.windows(2 * HANG_OVER + 20, 20.0, NOTHING);

        assert_eq!(share_closed(&passages[..HANG_OVER as usize]), 0.0);
        assert_eq!(share_closed(&passages[2 * HANG_OVER as usize..]), 1.0);
    }

    #[test]
    fn it_learns_a_new_floor_when_the_noise_has_changed() {
        for amplitude in [8.0, 30.0] {
            let mut line = Line::closed(20.0);

            let passages = line.windows(2 * LEARNING + 10, amplitude, NOTHING);

            assert_eq!(share_closed(&passages[2 * LEARNING as usize..]), 1.0);
        }
    }

    #[test]
    fn it_does_not_close_on_a_noisy_line() {
        let mut line = Line::new();

        assert_eq!(share_closed(&line.windows(500, 50.0, NOTHING)), 0.0);
    }

    #[test]
    fn it_stays_open_once_a_quiet_line_has_become_noisy() {
        let mut line = Line::closed(20.0);

        let passages = line.windows(500, 50.0, NOTHING);

        assert_eq!(share_closed(&passages[1..]), 0.0);
    }

    #[test]
    fn it_does_not_close_on_a_line_that_is_never_steady() {
        let mut line = Line::new();
        for step in 0..500 {
            let window = line.noise(if step % 3 == 0 { 30.0 } else { 0.0 });

            assert_eq!(line.hear(&window, NOTHING), Passage::Open);
        }
    }

    #[test]
    fn it_follows_a_floor_that_drifts() {
        let mut line = Line::closed(20.0);

        let mut closed = 0;
        for step in 0..3_000 {
            let window = line.noise(10.0 + step as f32 * 0.006);
            closed += usize::from(line.hear(&window, NOTHING) == Passage::Closed);
        }

        assert!(closed > 2_400, "closed for {closed} of 3000 windows");
    }

    #[test]
    fn it_does_not_close_while_there_are_no_judgements() {
        let mut line = Line::new();
        for _ in 0..100 {
            let window = line.noise(20.0);

            assert_eq!(line.gate.hear(&window), Passage::Open);
            line.gate.unjudged();
        }
    }
}
