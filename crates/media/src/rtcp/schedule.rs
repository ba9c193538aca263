//! When to report.

use std::time::Duration;

use audio::Moment;

/// When the next report is due (RFC 3550 §6.2, §6.3).
///
/// The rules of the RFC share a bandwidth among any number of members. A call has
/// two, and 5 % of any codec's rate carries a report of each in less than the
/// least interval of 5 s. What is left of the rules: that interval, halved before
/// the first report, times a random number from 0.5 to 1.5. As the number of
/// members does not change, reports are not reconsidered, and the correction for
/// that, the division by e - 1.5, falls away.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    interval: Duration,
    /// The state of SplitMix64.
    random: u64,
    due: Moment,
}

impl Schedule {
    pub(super) fn new(now: Moment, interval: Duration, seed: u64) -> Self {
        let mut schedule = Self {
            interval,
            random: seed,
            due: now,
        };
        schedule.due = now + schedule.varied(interval / 2);
        schedule
    }

    pub(super) const fn due(&self) -> Moment {
        self.due
    }

    /// Plans the report after one that is made at `now`.
    pub(super) fn reported(&mut self, now: Moment) {
        self.due = now + self.varied(self.interval);
    }

    /// `interval` times a number from 0.5, inclusive, to 1.5, exclusive.
    fn varied(&mut self, interval: Duration) -> Duration {
        let share = (1 << 31) + (self.bits() >> 32);
        let micros = interval.as_micros().saturating_mul(u128::from(share)) >> 32;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    const fn bits(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    #[test]
    fn the_first_report_is_due_after_a_quarter_to_three_quarters_of_the_interval() {
        let start = Moment::from_millis(700);
        let waits = (0..1_000).map(|seed| Schedule::new(start, INTERVAL, seed).due().since(start));
        let (shortest, longest) = (waits.clone().min().unwrap(), waits.max().unwrap());
        assert!(
            (1_250..1_260).contains(&shortest.as_millis()),
            "{shortest:?}"
        );
        assert!((3_740..3_750).contains(&longest.as_millis()), "{longest:?}");
    }

    #[test]
    fn the_others_are_due_after_half_to_one_and_a_half_intervals_five_seconds_on_average() {
        let mut schedule = Schedule::new(Moment::ZERO, INTERVAL, 7);
        let mut waits = Vec::new();
        for _ in 0..10_000 {
            let now = schedule.due();
            schedule.reported(now);
            waits.push(schedule.due().since(now).as_micros());
        }
        assert!(
            waits
                .iter()
                .all(|wait| (2_500_000..7_500_000).contains(wait))
        );
        let mean = waits.iter().sum::<u128>() / 10_000;
        assert!((4_950_000..5_050_000).contains(&mean), "{mean}");
    }

    #[test]
    fn one_seed_gives_one_plan_and_another_seed_another() {
        let plan = |seed| {
            let mut schedule = Schedule::new(Moment::ZERO, INTERVAL, seed);
            schedule.reported(Moment::from_millis(9));
            schedule.due()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn an_interval_without_end_is_never_over() {
        let schedule = Schedule::new(Moment::ZERO, Duration::MAX, 1);
        assert!(schedule.due() > Moment::from_millis(1 << 53));
    }
}
