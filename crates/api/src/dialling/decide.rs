//! From stored rows to decisions.

use dialling::{
    Attempt, Bar, Callee, DialRule, Escalation, Hours, Next, Outcome, Plan, Retry, Verdict, Wait,
    Window, Zones, after_attempt, may_call,
};
use jiff::{SignedDuration, Timestamp};
use store::{AttemptRecord, Candidate, Decision, DueTask, RuleTerms, StoreError};
use uuid::Uuid;

use super::work::{Kind, UNKNOWN};
use crate::state::ApiState;

/// How far back attempts count: beyond the longest interval that a rule can have.
const MEMORY: SignedDuration = SignedDuration::from_hours(32 * 24);

/// What is to be done about a due task.
pub(super) enum Step {
    /// An attempt is to be made.
    Attempt(Kind),
    /// This becomes of it.
    Decide(Decision),
}

/// Since when attempts count at `now`.
pub(super) fn since(now: Timestamp) -> Timestamp {
    now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN)
}

/// What is to be done about a task that is due.
pub(super) fn next_step(candidate: &Candidate, now: Timestamp) -> Step {
    let close = |status, reason: &str| {
        let reason = reason.to_owned();
        Step::Decide(Decision::Close { status, reason })
    };
    let Some(kind) = Kind::read(&candidate.task.kind) else {
        return close("failed", "its type is not known");
    };
    let window = window(candidate);
    if !kind.reaches_contact() {
        let is_over = window.until.is_some_and(|until| now >= until);
        if is_over {
            return close("expired", "its time ran out");
        }
        return if kind == Kind::Webhook {
            Step::Attempt(kind)
        } else {
            Step::Decide(Decision::HandOver)
        };
    }
    let Some(callee) = callee(candidate) else {
        return close("failed", "it has no contact with a number");
    };
    let rule = candidate.rule.as_ref().map(|rule| rule_of(&rule.terms));
    match may_call(rule.as_ref(), &callee, window, &history(candidate), now) {
        Verdict::Now => Step::Attempt(kind),
        Verdict::Later { at, because } => Step::Decide(Decision::Wait {
            until: at,
            reason: waiting(because).to_owned(),
        }),
        Verdict::Never(bar) => Step::Decide(barred(bar)),
    }
}

/// Decides what follows the last attempt of a task, and writes it down.
pub(super) async fn verdict(
    state: &ApiState,
    due: &DueTask,
    now: Timestamp,
) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&due.workspace);
    let Some(candidate) = store.candidate(due.id, since(now)).await? else {
        return Ok(());
    };
    let last = store.task_attempts(due.id, 1).await?;
    let last = last.last();
    let outcome = last.map_or(Outcome::Failed, outcome_of);
    escalate(state, &store, &candidate, now).await?;
    let decision = match follow(&candidate, outcome, now) {
        Next::Done => Decision::Complete,
        Next::Retry { at } => Decision::Wait {
            until: at,
            reason: format!("to be tried again: {}", words(last)),
        },
        Next::Exhausted => Decision::Close {
            status: "failed",
            reason: format!("no attempt is left: {}", words(last)),
        },
        Next::Barred(bar) => barred(bar),
        Next::Uncertain => Decision::Close {
            status: "failed",
            reason: format!(
                "it may have been done, and is not tried again: {}",
                words(last)
            ),
        },
    };
    // One whose task changed meanwhile is decided in the next round.
    store.decide(&candidate.task, &decision, now).await?;
    Ok(())
}

fn follow(candidate: &Candidate, outcome: Outcome, now: Timestamp) -> Next {
    let task = &candidate.task;
    let plan = Plan {
        most_attempts: task.attempts_made.saturating_add(task.attempts_left),
        retry: retry(&task.retry_strategy, &task.retry_minutes),
        window: window(candidate),
    };
    let rule = candidate.rule.as_ref().map(|rule| rule_of(&rule.terms));
    let reaches = Kind::read(&task.kind).is_some_and(Kind::reaches_contact);
    let nobody = || Callee {
        zones: Zones::of_contact(None, ""),
        is_do_not_call: false,
        is_inactive: false,
        attempts_in_all: 0,
    };
    let (callee, rule) = match callee(candidate) {
        Some(callee) if reaches => (callee, rule.as_ref()),
        _ => (nobody(), None),
    };
    let history = history(candidate);
    after_attempt(
        &plan,
        rule,
        &callee,
        &history,
        task.attempts_made,
        outcome,
        now,
    )
}

/// Hands a contact on who is not reached, once the rule says so.
async fn escalate(
    state: &ApiState,
    store: &store::Store,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<(), StoreError> {
    let task = &candidate.task;
    let terms = candidate.rule.as_ref().map(|rule| &rule.terms);
    let Some(escalation) = terms.and_then(|terms| terms.escalation.as_ref()) else {
        return Ok(());
    };
    if task.is_escalated || candidate.failed_attempts < escalation.after {
        return Ok(());
    }
    let target = escalation.target.as_deref();
    let agent: Option<Uuid> = target.and_then(|target| target.parse().ok());
    let is_known = |agent: &Uuid| state.directory.get(store.workspace_id(), *agent).is_some();
    let is_done = if escalation.kind == "agent" {
        let Some(agent) = agent.filter(is_known) else {
            tracing::warn!(task = %task.id, "the agent to escalate to does not exist");
            return Ok(());
        };
        store.escalate(task, Some(agent), None, now).await?
    } else {
        let target = target.unwrap_or_default();
        store.escalate(task, None, Some(target), now).await?
    };
    if is_done {
        tracing::info!(task = %task.id, "a task was escalated");
    }
    Ok(())
}

fn callee(candidate: &Candidate) -> Option<Callee> {
    let number = candidate.task.number.as_deref()?;
    let task = &candidate.task;
    let zone = task.contact_timezone.as_ref().or(task.timezone.as_ref());
    let in_all = if candidate.task.campaign.is_some() {
        candidate.attempts_of_campaign
    } else {
        candidate.attempts_seen
    };
    Some(Callee {
        zones: Zones::of_contact(zone.map(String::as_str), number),
        is_do_not_call: candidate.is_do_not_call,
        is_inactive: task.is_contact_inactive,
        attempts_in_all: u32::try_from(in_all).unwrap_or(u32::MAX),
    })
}

fn window(candidate: &Candidate) -> Window {
    let ends = [candidate.task.expires_at, candidate.campaign_ends_at];
    Window {
        from: None,
        until: ends.into_iter().flatten().min(),
    }
}

fn history(candidate: &Candidate) -> Vec<Attempt> {
    let attempts = candidate.history.iter();
    attempts
        .map(|attempt| Attempt {
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: attempt.ended_at.map(|_| outcome_of(attempt)),
        })
        .collect()
}

fn rule_of(terms: &RuleTerms) -> DialRule {
    DialRule {
        hours: Hours {
            start: terms.start_time,
            end: terms.end_time,
        },
        most_per_day: terms.max_calls_per_day,
        most_in_all: terms.max_total_calls,
        retry_interval: minutes(terms.retry_interval_minutes),
        checks_do_not_call: terms.dnc_check,
        escalation: terms.escalation.as_ref().map(|escalation| Escalation {
            after_failed: escalation.after,
        }),
    }
}

fn retry(strategy: &str, waits: &[u32]) -> Retry {
    let mut waits: Vec<SignedDuration> = waits.iter().map(|&wait| minutes(wait)).collect();
    let first = waits.first().copied().unwrap_or(SignedDuration::ZERO);
    match strategy {
        "exponential" => Retry::Exponential(first),
        "custom" => Retry::Custom(std::mem::take(&mut waits)),
        _ => Retry::Fixed(first),
    }
}

fn minutes(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

fn outcome_of(attempt: &AttemptRecord) -> Outcome {
    match attempt.outcome.as_deref() {
        Some("completed" | "forwarded") => Outcome::Completed,
        Some("busy") => Outcome::Busy,
        Some("no-answer") => Outcome::NoAnswer,
        Some("rejected") => Outcome::Rejected,
        Some("unreachable") => Outcome::Unreachable,
        Some("timed-out") => Outcome::TimedOut,
        Some("cancelled") => Outcome::Cancelled,
        Some(UNKNOWN) => Outcome::Unknown,
        _ => Outcome::Failed,
    }
}

fn words(attempt: Option<&AttemptRecord>) -> String {
    let outcome = attempt.and_then(|attempt| attempt.outcome.as_deref());
    let reason = attempt.and_then(|attempt| attempt.reason.as_deref());
    match (outcome, reason.filter(|reason| !reason.is_empty())) {
        (Some(outcome), Some(reason)) => format!("{outcome}, {reason}"),
        (Some(outcome), None) => outcome.to_owned(),
        (None, _) => "it left no trace".to_owned(),
    }
}

const fn waiting(because: Wait) -> &'static str {
    match because {
        Wait::NotYetDue => "its time has not come",
        Wait::UnderWay => "a call to the contact is under way",
        Wait::RetryInterval => "the last attempt was too short a time ago",
        Wait::DailyCap => "the contact was called often enough today",
        Wait::OutsideHours => "it is outside of the hours where the contact is",
    }
}

fn barred(bar: Bar) -> Decision {
    let status = match bar {
        Bar::DoNotCall | Bar::Inactive => "cancelled",
        Bar::Expired => "expired",
        Bar::TotalCap | Bar::NoCommonHours => "failed",
    };
    let reason = bar.to_string();
    Decision::Close { status, reason }
}
