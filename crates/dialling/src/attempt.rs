//! Attempts, and what becomes of a task after one.

use jiff::Timestamp;

use crate::permit::{Bar, Callee, Verdict, Window, may_call};
use crate::retry::Retry;
use crate::rule::DialRule;

/// One try to reach a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// How it went; absent while it is under way.
    pub outcome: Option<Outcome>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The contact was spoken to, or what was to be done is done.
    Completed,
    /// The line was busy.
    Busy,
    /// It rang and nobody answered.
    NoAnswer,
    /// The contact or its network refused.
    Rejected,
    /// No way to the contact was found.
    Unreachable,
    /// The far end fell silent.
    TimedOut,
    /// It was ended from our side before it was answered.
    Cancelled,
    /// It broke on our side.
    Failed,
    /// Nobody can say whether what was to be done is done.
    Unknown,
}

/// How a task goes about its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Most attempts.
    pub most_attempts: u32,
    /// How long it waits between them.
    pub retry: Retry,
    /// When it may be carried out at all.
    pub window: Window,
}

/// What becomes of a task after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has reached its aim.
    Done,
    /// It is tried again.
    Retry {
        /// When.
        at: Timestamp,
    },
    /// It has used up its attempts.
    Exhausted,
    /// It may not be tried again.
    Barred(Bar),
    /// It may have reached its aim, and would reach it twice if it were tried again.
    Uncertain,
}

impl Attempt {
    /// When it was last known to be under way.
    pub(crate) fn last_moment(&self) -> Timestamp {
        self.ended_at
            .map_or(self.started_at, |ended_at| ended_at.max(self.started_at))
    }
}

/// What becomes of a task after its last attempt, whose outcome is `outcome`. The task has made
/// `made` attempts; `history` are the attempts on the contact, this one included.
pub fn after_attempt(
    plan: &Plan,
    rule: Option<&DialRule>,
    callee: &Callee,
    history: &[Attempt],
    made: u32,
    outcome: Outcome,
    now: Timestamp,
) -> Next {
    if outcome == Outcome::Completed {
        return Next::Done;
    }
    if outcome == Outcome::Unknown {
        return Next::Uncertain;
    }
    if made >= plan.most_attempts {
        return Next::Exhausted;
    }
    let wait = plan.retry.wait(made);
    let again = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
    let window = Window {
        from: Some(plan.window.from.map_or(again, |from| from.max(again))),
        ..plan.window
    };
    match may_call(rule, callee, window, history, now) {
        Verdict::Now => Next::Retry { at: now },
        Verdict::Later { at, .. } => Next::Retry { at },
        Verdict::Never(bar) => Next::Barred(bar),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::time;

    use super::*;
    use crate::{Hours, Zones};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn plan() -> Plan {
        Plan {
            most_attempts: 3,
            retry: Retry::Fixed(SignedDuration::from_mins(60)),
            window: Window::default(),
        }
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

    fn follow(plan: &Plan, rule: Option<&DialRule>, made: u32, outcome: Outcome) -> Next {
        let callee = Callee {
            zones: Zones::named("UTC").unwrap(),
            is_do_not_call: false,
            is_inactive: false,
            attempts_in_all: made,
        };
        let history = [Attempt {
            started_at: at("2026-01-15T12:00:00Z"),
            ended_at: Some(at("2026-01-15T12:01:00Z")),
            outcome: Some(outcome),
        }];
        let now = at("2026-01-15T12:01:00Z");
        after_attempt(plan, rule, &callee, &history, made, outcome, now)
    }

    #[test]
    fn what_may_have_been_done_is_not_tried_again() {
        for made in [1, 3] {
            let next = follow(&plan(), Some(&rule()), made, Outcome::Unknown);
            assert_eq!(next, Next::Uncertain);
        }
    }

    #[test]
    fn a_completed_call_is_the_end() {
        assert_eq!(follow(&plan(), None, 1, Outcome::Completed), Next::Done);
    }

    #[test]
    fn every_failure_is_tried_again_after_the_wait() {
        for outcome in [
            Outcome::Busy,
            Outcome::NoAnswer,
            Outcome::Rejected,
            Outcome::Unreachable,
            Outcome::TimedOut,
            Outcome::Cancelled,
            Outcome::Failed,
        ] {
            let at = at("2026-01-15T13:01:00Z");
            assert_eq!(follow(&plan(), None, 1, outcome), Next::Retry { at });
        }
    }

    #[test]
    fn the_last_attempt_uses_the_task_up() {
        assert_eq!(follow(&plan(), None, 3, Outcome::Busy), Next::Exhausted);
    }

    #[test]
    fn the_longer_of_the_tasks_and_the_rules_wait_counts() {
        let at = at("2026-01-15T14:01:00Z");
        let next = follow(&plan(), Some(&rule()), 1, Outcome::NoAnswer);
        assert_eq!(next, Next::Retry { at });
    }

    #[test]
    fn a_retry_after_the_expiry_is_barred() {
        let plan = Plan {
            window: Window {
                from: None,
                until: Some(at("2026-01-15T13:00:00Z")),
            },
            ..plan()
        };
        let next = follow(&plan, None, 1, Outcome::NoAnswer);
        assert_eq!(next, Next::Barred(Bar::Expired));
    }
}
