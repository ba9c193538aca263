//! Whether it pays to wait for a packet that others have overtaken.

use std::time::Duration;

use audio::{Moment, SequenceNumber};

/// How long overtaken packets took to come, in steps of this length …
const STEP: Duration = Duration::from_millis(5);
/// … up to this many of them; after that they may count as lost.
const STEPS: usize = 24;
/// A lost packet is worth so long a wait.
const WORTH: f32 = 0.4;
/// What is left of a gap's weight after the next one.
const MEMORY: f32 = 0.97;
/// How many gaps may be open at a time; of more, the oldest are forgotten.
const OPEN: usize = 8;

/// Learns from gaps in the sequence whether they fill, and how soon.
#[derive(Clone, Debug)]
pub(crate) struct Gaps {
    newest: SequenceNumber,
    open: [Option<(SequenceNumber, Moment)>; OPEN],
    place: usize,
    /// How many filled after so many steps, the last for those that never did.
    filled: [f32; STEPS + 1],
    wait: Duration,
}

impl Gaps {
    pub(crate) fn new() -> Self {
        let mut gaps = Self {
            newest: SequenceNumber(0),
            open: [None; OPEN],
            place: 0,
            filled: [0.0; STEPS + 1],
            wait: Duration::ZERO,
        };
        // Reordering by one packet is as likely as a loss until there is evidence.
        gaps.filled[3] = 0.5;
        gaps.filled[STEPS] = 0.5;
        gaps.decide();
        gaps
    }

    /// Notes that a stream begins with `first`.
    pub(crate) fn begin(&mut self, first: SequenceNumber) {
        self.newest = first;
        self.open = [None; OPEN];
    }

    /// Notes that the packet with this number came at `now`, overtaken or not.
    pub(crate) fn note(&mut self, now: Moment, sequence: SequenceNumber, overtaken: bool) {
        if overtaken {
            self.fill(now, sequence);
            return;
        }
        let missing = sequence.distance_from(self.newest).saturating_sub(1);
        self.newest = sequence;
        for back in (1..=missing.min(OPEN as i16)).rev() {
            let lost = SequenceNumber(sequence.0.wrapping_sub(back.unsigned_abs()));
            self.open(now, lost);
        }
        self.give_up(now);
    }

    /// Notes a packet without audio, which is never waited for.
    pub(crate) fn pass_over(&mut self, sequence: SequenceNumber) {
        if sequence.distance_from(self.newest) > 0 {
            self.newest = sequence;
        }
        for gap in &mut self.open {
            if gap.is_some_and(|(missing, _)| missing == sequence) {
                *gap = None;
            }
        }
    }

    /// How long to wait for a packet from when one sent after it has come.
    pub(crate) const fn wait(&self) -> Duration {
        self.wait
    }

    /// When the packet with this number was seen to be missing.
    pub(crate) fn missing_since(&self, sequence: SequenceNumber) -> Option<Moment> {
        let gaps = self.open.iter().flatten();
        gaps.filter(|(missing, _)| *missing == sequence)
            .map(|&(_, since)| since)
            .next()
    }

    fn open(&mut self, now: Moment, sequence: SequenceNumber) {
        if self.open[self.place].is_some() {
            self.count(STEPS);
        }
        self.open[self.place] = Some((sequence, now));
        self.place = (self.place + 1) % OPEN;
    }

    fn fill(&mut self, now: Moment, sequence: SequenceNumber) {
        let gap = self
            .open
            .iter_mut()
            .find(|gap| gap.is_some_and(|(missing, _)| missing == sequence));
        if let Some((_, since)) = gap.and_then(Option::take) {
            let steps = now.since(since).as_micros().div_ceil(STEP.as_micros()) as usize;
            self.count(steps.min(STEPS));
        }
    }

    /// Takes for lost what is missing for long.
    fn give_up(&mut self, now: Moment) {
        for place in 0..OPEN {
            let overdue =
                |(_, since): (SequenceNumber, Moment)| now.since(since) > STEP * STEPS as u32;
            if self.open[place].is_some_and(overdue) {
                self.open[place] = None;
                self.count(STEPS);
            }
        }
    }

    fn count(&mut self, steps: usize) {
        for weight in &mut self.filled {
            *weight *= MEMORY;
        }
        self.filled[steps] += 1.0;
        self.decide();
    }

    /// Finds the cheapest wait: what it costs in time on average, and what the
    /// packets are worth that come even later.
    fn decide(&mut self) {
        let all: f32 = self.filled.iter().sum();
        let step = STEP.as_secs_f32();
        let mut open = all;
        let mut waited = 0.0;
        let mut best = (f32::INFINITY, 0);
        for steps in 0..STEPS {
            open -= self.filled[steps];
            let lost = open - self.filled[STEPS];
            let cost = waited + WORTH * lost;
            if cost < best.0 {
                best = (cost, steps);
            }
            waited += step * open;
        }
        self.wait = STEP * best.1 as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms of which each fifth is `fate`: lost, or late by that many
    /// milliseconds.
    fn watched(fate: Option<u64>) -> Gaps {
        let mut arrivals: Vec<(u64, u16)> = (0..500u64)
            .filter_map(|n| {
                let at = n * 20;
                match fate {
                    None if n % 5 == 4 => None,
                    Some(late) if n % 5 == 4 => Some((at + late, n as u16)),
                    _ => Some((at, n as u16)),
                }
            })
            .collect();
        arrivals.sort_unstable();
        let mut gaps = Gaps::new();
        gaps.begin(SequenceNumber(0));
        let mut newest = 0;
        for (at, number) in arrivals.into_iter().skip(1) {
            let overtaken = number < newest;
            newest = newest.max(number);
            gaps.note(Moment::from_millis(at), SequenceNumber(number), overtaken);
        }
        gaps
    }

    #[test]
    fn on_a_line_that_only_loses_nothing_is_waited_for() {
        assert_eq!(watched(None).wait(), Duration::ZERO);
    }

    #[test]
    fn on_a_line_that_reorders_the_wait_is_as_long_as_packets_take() {
        // The next packet comes 20 ms after the missing one was due.
        assert_eq!(watched(Some(33)).wait(), Duration::from_millis(15));
        assert_eq!(watched(Some(60)).wait(), Duration::from_millis(40));
    }

    #[test]
    fn in_the_beginning_a_packet_may_be_overtaken_by_one() {
        assert_eq!(Gaps::new().wait(), Duration::from_millis(15));
    }

    #[test]
    fn a_gap_is_known_from_the_packet_behind_it_until_it_fills() {
        let mut gaps = Gaps::new();
        gaps.begin(SequenceNumber(65_534));
        gaps.note(Moment::from_millis(60), SequenceNumber(1), false);
        let missing = |gaps: &Gaps, number| gaps.missing_since(SequenceNumber(number));
        assert_eq!(missing(&gaps, 65_535), Some(Moment::from_millis(60)));
        assert_eq!(missing(&gaps, 0), Some(Moment::from_millis(60)));
        gaps.note(Moment::from_millis(70), SequenceNumber(0), true);
        assert_eq!(missing(&gaps, 0), None);
        assert!(missing(&gaps, 65_535).is_some());
    }

    #[test]
    fn any_number_of_gaps_is_bounded() {
        let mut gaps = Gaps::new();
        gaps.begin(SequenceNumber(0));
        for n in 0..1_000u16 {
            gaps.note(
                Moment::from_millis(u64::from(n)),
                SequenceNumber(n * 60),
                false,
            );
        }
        assert!(gaps.wait() <= STEP * STEPS as u32);
    }
}
