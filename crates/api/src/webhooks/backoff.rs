//! When a failed delivery is tried again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::WebhookSettings;

/// The next attempt's moment; `None` when it would fall behind the retry window.
///
/// Waits double with each attempt up to the longest one. `chance`, from 0 to 1, takes away up to
/// half of a wait, so that messages that failed together do not come back together.
pub(crate) fn next_attempt(
    settings: &WebhookSettings,
    owed_since: Timestamp,
    attempts_before: u32,
    chance: f64,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = later(now, wait(settings, attempts_before, chance))?;
    let end = later(owed_since, settings.retry_window)?;
    (at <= end).then_some(at)
}

fn wait(settings: &WebhookSettings, attempts_before: u32, chance: f64) -> Duration {
    let doubled = 1u32.checked_shl(attempts_before).unwrap_or(u32::MAX);
    let full = settings
        .first_retry
        .saturating_mul(doubled)
        .min(settings.longest_retry);
    full.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
}

fn later(from: Timestamp, wait: Duration) -> Option<Timestamp> {
    from.checked_add(SignedDuration::try_from(wait).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn waits(chance: f64) -> Vec<i64> {
        let settings = WebhookSettings::default();
        let next = |attempts| next_attempt(&settings, at(0), attempts, chance, at(0));
        (0..12)
            .map(|attempts| (next(attempts).unwrap() - at(0)).as_secs())
            .collect()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let expected = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
        assert_eq!(waits(0.0), expected);
    }

    #[test]
    fn chance_takes_away_up_to_half() {
        let expected = [2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800];
        assert_eq!(waits(1.0), expected);
    }

    #[test]
    fn nothing_is_tried_after_the_window() {
        let settings = WebhookSettings::default();
        let day = 24 * 60 * 60;
        let next = |now| next_attempt(&settings, at(0), 20, 0.0, at(now));
        assert_eq!(next(day - 3600), Some(at(day)));
        assert_eq!(next(day - 3599), None);
    }

    #[test]
    fn a_message_is_tried_for_the_whole_window() {
        let settings = WebhookSettings::default();
        let (mut now, mut attempts) = (at(0), 0);
        while let Some(next) = next_attempt(&settings, at(0), attempts, 0.5, now) {
            (now, attempts) = (next, attempts + 1);
        }
        assert!((now - at(0)).as_secs() > 23 * 60 * 60);
        assert!((30..50).contains(&attempts), "{attempts}");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(2_400),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_next_attempt_is_never_in_the_past(attempts: u32, chance in -1.0..2.0f64) {
            let settings = WebhookSettings::default();
            let next = next_attempt(&settings, at(0), attempts, chance, at(60));
            prop_assert!(next.is_some_and(|next| next > at(60) && next <= at(60 + 3600)));
        }
    }
}
