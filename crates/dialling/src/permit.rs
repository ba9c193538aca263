//! Whether a contact may be called now.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::attempt::Attempt;
use crate::rule::DialRule;
use crate::zones::Zones;

/// Waits follow from each other at most so often: a cap for the day puts the call off to a day
/// whose hours put it off again.
const MOST_STEPS: usize = 16;

/// How soon to look again while another call to the contact is under way.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(15);

/// Who is to be called.
#[derive(Clone, Debug)]
pub struct Callee {
    /// Where their clock hangs.
    pub zones: Zones,
    /// They do not want to be called.
    pub is_do_not_call: bool,
    /// They are kept and not used.
    pub is_inactive: bool,
    /// Attempts on them that count for the rule's cap of all attempts.
    pub attempts_in_all: u32,
}

/// When a task may be carried out at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Not at this moment or later.
    pub until: Option<Timestamp>,
}

/// Whether a contact may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Now,
    /// Not before `at`.
    Later {
        /// The first moment at which everything that is known now allows it.
        at: Timestamp,
        /// What asks for the last of the waiting.
        because: Wait,
    },
    /// Not any more.
    Never(Bar),
}

/// Why a call has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It is planned for later.
    NotYetDue,
    /// A call to the contact is under way.
    UnderWay,
    /// The last attempt was too short a time ago.
    RetryInterval,
    /// The contact was called often enough today.
    DailyCap,
    /// It is outside of the hours where the contact is, or may be.
    OutsideHours,
}

/// Why a call will not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bar {
    /// The contact does not want to be called.
    #[error("the contact is on the do-not-call list")]
    DoNotCall,
    /// The contact is kept and not used.
    #[error("the contact is inactive")]
    Inactive,
    /// The contact was called as often as the rule allows.
    #[error("the contact was called as often as the rule allows")]
    TotalCap,
    /// The time for it is over, or will be before the contact may be called.
    #[error("the time for the call ran out")]
    Expired,
    /// The number may be in zones that have no hour of the rule in common.
    #[error("the number's time zone is not known; set the contact's timezone")]
    NoCommonHours,
}

/// Whether the contact may be called at `now`, after the attempts of `history`, which are in no
/// particular order and reach back as far as days and intervals of the rule do. Without a rule, only
/// the window, the do-not-call list, inactive contacts and calls under way count.
pub fn may_call(
    rule: Option<&DialRule>,
    callee: &Callee,
    window: Window,
    history: &[Attempt],
    now: Timestamp,
) -> Verdict {
    if rule.is_none_or(|rule| rule.checks_do_not_call) && callee.is_do_not_call {
        return Verdict::Never(Bar::DoNotCall);
    }
    if callee.is_inactive {
        return Verdict::Never(Bar::Inactive);
    }
    if is_over(window, now) {
        return Verdict::Never(Bar::Expired);
    }
    if rule.is_some_and(|rule| callee.attempts_in_all >= rule.most_in_all) {
        return Verdict::Never(Bar::TotalCap);
    }
    if history.iter().any(|attempt| attempt.outcome.is_none()) {
        let at = now.saturating_add(UNDER_WAY).unwrap_or(Timestamp::MAX);
        let because = Wait::UnderWay;
        return Verdict::Later { at, because };
    }
    let mut at = now;
    let mut waits = None;
    for _ in 0..MOST_STEPS {
        let (later, because) = match wait(rule, callee, window, history, at) {
            Err(bar) => return Verdict::Never(bar),
            Ok(None) => break,
            Ok(Some(wait)) => wait,
        };
        if is_over(window, later) {
            return Verdict::Never(Bar::Expired);
        }
        at = later;
        waits = Some(because);
    }
    waits.map_or(Verdict::Now, |because| Verdict::Later { at, because })
}

fn is_over(window: Window, at: Timestamp) -> bool {
    window.until.is_some_and(|until| at >= until)
}

/// What a call at this moment would have to wait for, and until when.
fn wait(
    rule: Option<&DialRule>,
    callee: &Callee,
    window: Window,
    history: &[Attempt],
    at: Timestamp,
) -> Result<Option<(Timestamp, Wait)>, Bar> {
    if let Some(from) = window.from.filter(|&from| from > at) {
        return Ok(Some((from, Wait::NotYetDue)));
    }
    let Some(rule) = rule else { return Ok(None) };
    if let Some(again) = interval_end(rule, history).filter(|&again| again > at) {
        return Ok(Some((again, Wait::RetryInterval)));
    }
    if let Some(tomorrow) = day_end(rule, callee, history, at) {
        return Ok(Some((tomorrow, Wait::DailyCap)));
    }
    match rule.hours.next_open(&callee.zones, at) {
        None => Err(Bar::NoCommonHours),
        Some(open) if open > at => Ok(Some((open, Wait::OutsideHours))),
        Some(_) => Ok(None),
    }
}

fn interval_end(rule: &DialRule, history: &[Attempt]) -> Option<Timestamp> {
    let last = history.iter().map(Attempt::last_moment).max()?;
    Some(
        last.saturating_add(rule.retry_interval)
            .unwrap_or(Timestamp::MAX),
    )
}

/// When the contact's day is over, if its calls are used up.
fn day_end(
    rule: &DialRule,
    callee: &Callee,
    history: &[Attempt],
    at: Timestamp,
) -> Option<Timestamp> {
    let ends = callee.zones.iter().filter_map(|zone| {
        let today = zone.to_datetime(at).date();
        let is_today = |attempt: &&Attempt| zone.to_datetime(attempt.started_at).date() == today;
        let used = attempts(history.iter().filter(is_today).count());
        (used >= rule.most_per_day).then(|| midnight_after(today, zone))
    });
    ends.max()
}

fn midnight_after(day: Date, zone: &TimeZone) -> Timestamp {
    day.checked_add(1.day())
        .and_then(|next| zone.to_timestamp(next.at(0, 0, 0, 0)))
        .unwrap_or(Timestamp::MAX)
}

fn attempts(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::attempt::Outcome;
    use crate::hours::Hours;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rule() -> DialRule {
        DialRule {
            hours: Hours {
                start: time(9, 0, 0, 0),
                end: time(18, 0, 0, 0),
            },
            most_per_day: 3,
            most_in_all: 10,
            retry_interval: SignedDuration::from_mins(120),
            checks_do_not_call: true,
            escalation: None,
        }
    }

    fn callee() -> Callee {
        Callee {
            zones: Zones::named("Europe/Berlin").unwrap(),
            is_do_not_call: false,
            is_inactive: false,
            attempts_in_all: 0,
        }
    }

    fn tried(started_at: &str) -> Attempt {
        Attempt {
            started_at: at(started_at),
            ended_at: None,
            outcome: Some(Outcome::NoAnswer),
        }
    }

    fn ask(history: &[Attempt], now: &str) -> Verdict {
        may_call(
            Some(&rule()),
            &callee(),
            Window::default(),
            history,
            at(now),
        )
    }

    #[test]
    fn within_the_hours_a_contact_may_be_called() {
        assert_eq!(ask(&[], "2026-01-15T12:00:00Z"), Verdict::Now);
    }

    #[test]
    fn outside_of_the_hours_the_call_waits_for_them() {
        assert_eq!(
            ask(&[], "2026-01-15T20:00:00Z"),
            Verdict::Later {
                at: at("2026-01-16T08:00:00Z"),
                because: Wait::OutsideHours
            }
        );
    }

    #[test]
    fn the_retry_interval_counts_from_the_last_attempt() {
        let history = [tried("2026-01-15T09:00:00Z"), tried("2026-01-15T08:00:00Z")];
        assert_eq!(
            ask(&history, "2026-01-15T10:00:00Z"),
            Verdict::Later {
                at: at("2026-01-15T11:00:00Z"),
                because: Wait::RetryInterval
            }
        );
        assert_eq!(ask(&history, "2026-01-15T11:00:00Z"), Verdict::Now);
    }

    #[test]
    fn an_interval_that_ends_at_night_waits_for_the_morning() {
        assert_eq!(
            ask(&[tried("2026-01-15T16:30:00Z")], "2026-01-15T16:40:00Z"),
            Verdict::Later {
                at: at("2026-01-16T08:00:00Z"),
                because: Wait::OutsideHours
            }
        );
    }

    #[test]
    fn the_daily_cap_lasts_until_the_contacts_midnight_and_the_hours_after_it() {
        let history = [
            tried("2026-01-14T23:30:00Z"),
            tried("2026-01-15T10:00:00Z"),
            tried("2026-01-15T12:30:00Z"),
        ];
        assert_eq!(
            ask(&history, "2026-01-15T15:00:00Z"),
            Verdict::Later {
                at: at("2026-01-16T08:00:00Z"),
                because: Wait::OutsideHours
            }
        );
        // The first of them was the day before.
        let [_, rest @ ..] = history;
        assert_eq!(ask(&rest, "2026-01-15T15:00:00Z"), Verdict::Now);
    }

    #[test]
    fn the_total_cap_is_final() {
        let callee = Callee {
            attempts_in_all: 10,
            ..callee()
        };
        let now = at("2026-01-15T12:00:00Z");
        assert_eq!(
            may_call(Some(&rule()), &callee, Window::default(), &[], now),
            Verdict::Never(Bar::TotalCap)
        );
    }

    #[test]
    fn do_not_call_is_final_if_the_rule_looks_at_it() {
        let callee = Callee {
            is_do_not_call: true,
            ..callee()
        };
        let now = at("2026-01-15T12:00:00Z");
        let ask = |rule: Option<&DialRule>| may_call(rule, &callee, Window::default(), &[], now);
        assert_eq!(ask(Some(&rule())), Verdict::Never(Bar::DoNotCall));
        assert_eq!(ask(None), Verdict::Never(Bar::DoNotCall));
        let blind = DialRule {
            checks_do_not_call: false,
            ..rule()
        };
        assert_eq!(ask(Some(&blind)), Verdict::Now);
    }

    #[test]
    fn who_is_inactive_is_never_called() {
        let callee = Callee {
            is_inactive: true,
            ..callee()
        };
        let now = at("2026-01-15T12:00:00Z");
        let ask = |rule: Option<&DialRule>| may_call(rule, &callee, Window::default(), &[], now);
        assert_eq!(ask(Some(&rule())), Verdict::Never(Bar::Inactive));
        assert_eq!(ask(None), Verdict::Never(Bar::Inactive));
    }

    #[test]
    fn nobody_is_called_twice_at_once() {
        let history = [Attempt {
            outcome: None,
            ..tried("2026-01-15T08:00:00Z")
        }];
        let verdict = ask(&history, "2026-01-15T12:00:00Z");
        let because = Wait::UnderWay;
        let at = at("2026-01-15T12:00:15Z");
        assert_eq!(verdict, Verdict::Later { at, because });
    }

    #[test]
    fn a_call_that_could_only_be_made_too_late_is_not_made() {
        let window = Window {
            from: None,
            until: Some(at("2026-01-16T07:00:00Z")),
        };
        let now = at("2026-01-15T20:00:00Z");
        assert_eq!(
            may_call(Some(&rule()), &callee(), window, &[], now),
            Verdict::Never(Bar::Expired)
        );
    }

    #[test]
    fn without_a_rule_only_the_planned_time_counts() {
        let window = Window {
            from: Some(at("2026-01-15T03:00:00Z")),
            until: None,
        };
        let ask = |now| may_call(None, &callee(), window, &[], at(now));
        assert_eq!(
            ask("2026-01-15T02:00:00Z"),
            Verdict::Later {
                at: at("2026-01-15T03:00:00Z"),
                because: Wait::NotYetDue
            }
        );
        assert_eq!(ask("2026-01-15T03:00:00Z"), Verdict::Now);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1_800),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn whoever_waits_as_told_may_call(
            now in 1_700_000_000_i64..1_800_000_000,
            ago in proptest::collection::vec(1_i64..2_000_000, 0..9),
            start in 0_i8..24, end in 0_i8..24,
            per_day in 1_u32..4, interval in 1_i64..3_000,
            zone in proptest::sample::select(&["America/New_York", "Pacific/Apia", "UTC"][..]),
        ) {
            let rule = DialRule {
                hours: Hours { start: time(start, 0, 0, 0), end: time(end, 30, 0, 0) },
                most_per_day: per_day,
                retry_interval: SignedDuration::from_mins(interval),
                ..rule()
            };
            let callee = Callee { zones: Zones::named(zone).unwrap(), is_do_not_call: false, is_inactive: false,
                attempts_in_all: 0 };
            let history: Vec<Attempt> = ago.iter().map(|seconds| Attempt {
                started_at: Timestamp::from_second(now - seconds).unwrap(),
                ended_at: None,
                outcome: Some(Outcome::Busy),
            }).collect();
            let now = Timestamp::from_second(now).unwrap();
            let ask = |now| may_call(Some(&rule), &callee, Window::default(), &history, now);
            match ask(now) {
                Verdict::Now => {
                    prop_assert!(rule.hours.is_open(&callee.zones, now));
                    for attempt in &history {
                        prop_assert!(now >= attempt.started_at + rule.retry_interval);
                    }
                }
                Verdict::Later { at, .. } => {
                    prop_assert!(at > now);
                    prop_assert_eq!(ask(at), Verdict::Now);
                    prop_assert_ne!(ask(at - SignedDuration::from_micros(1)), Verdict::Now);
                }
                Verdict::Never(bar) => prop_assert!(false, "{}", bar),
            }
        }
    }
}
