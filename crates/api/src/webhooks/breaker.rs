//! When an endpoint that keeps failing is left in peace, and for how long.

use jiff::{SignedDuration, Timestamp};
use store::EndpointHealth;

use crate::config::WebhookSettings;

/// How an endpoint does after one more attempt.
///
/// From [`WebhookSettings::pause_after`] failures in a row on, each begins a pause, twice as long as
/// the one before up to the longest. What was under way when a pause began does not lengthen it. A
/// delivery ends all of it.
pub(super) fn after(
    settings: &WebhookSettings,
    before: EndpointHealth,
    is_delivered: bool,
    now: Timestamp,
) -> EndpointHealth {
    if is_delivered {
        return EndpointHealth::default();
    }
    if before.paused_until.is_some_and(|until| until > now) {
        return before;
    }
    let failures = before.failures.saturating_add(1);
    let Some(pauses_before) = failures.checked_sub(settings.pause_after) else {
        return EndpointHealth {
            failures,
            paused_until: None,
        };
    };
    let doubled = 1u32.checked_shl(pauses_before).unwrap_or(u32::MAX);
    let pause = settings
        .first_pause
        .saturating_mul(doubled)
        .min(settings.longest_pause);
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    EndpointHealth {
        failures,
        paused_until: Some(now.saturating_add(pause).unwrap_or(Timestamp::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn fail(before: EndpointHealth, second: i64) -> EndpointHealth {
        after(&WebhookSettings::default(), before, false, at(second))
    }

    /// The endpoint after its fifth failure in a row, at second 5.
    fn paused() -> EndpointHealth {
        (1..=5).fold(EndpointHealth::default(), fail)
    }

    #[test]
    fn only_failures_in_a_row_pause_an_endpoint() {
        let failing = (1..=4).fold(EndpointHealth::default(), fail);
        assert_eq!((failing.failures, failing.paused_until), (4, None));
        let settings = WebhookSettings::default();
        let well = after(&settings, failing, true, at(5));
        assert_eq!(well, EndpointHealth::default());
        assert_eq!(fail(well, 6).paused_until, None);
        assert_eq!(fail(failing, 5).paused_until, Some(at(35)));
    }

    #[test]
    fn each_failed_test_doubles_the_pause_up_to_the_longest() {
        let mut health = paused();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let until = health.paused_until.unwrap();
            health = after(&WebhookSettings::default(), health, false, until);
            pauses.push((health.paused_until.unwrap() - until).as_secs());
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1800, 1800, 1800]);
    }

    #[test]
    fn what_was_under_way_when_a_pause_began_changes_nothing() {
        assert_eq!(fail(paused(), 6), paused());
    }

    #[test]
    fn a_delivery_ends_the_pause() {
        let settings = WebhookSettings::default();
        let well = after(&settings, paused(), true, at(35));
        assert_eq!(well, EndpointHealth::default());
    }
}
