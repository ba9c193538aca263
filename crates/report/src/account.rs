//! The account of one call, as JSON holds it.

use serde::{Deserialize, Serialize};

use crate::change::Changes;

/// What became of one call. All times are in milliseconds from the start of the call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What decided everything that is random.
    pub seed: u64,
    /// The audio, scenario or bundle that was replayed, as it was named.
    pub source: String,
    /// The agent's name.
    pub agent: String,
    /// How long the call lasted.
    pub duration_ms: u64,
    /// When the first sample of the caller's file was sent; `None` if it never was.
    pub audio_start_ms: Option<u64>,
    /// Duration of the call over the time that it took to compute; `None` where that would keep
    /// two runs from being the same.
    pub realtime_factor: Option<f64>,
    /// Why the call ended.
    pub end: String,
    /// All turns of both sides in order.
    pub turns: Vec<Turn>,
    /// When each side is heard to speak, whatever was made of it.
    #[serde(default)]
    pub speech: Speech,
    /// Every decision on what was heard of the caller, in order, whether or not anything was said
    /// after it.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Every answer that was begun ahead of a decision, in the order in which it was known what
    /// became of them.
    #[serde(default)]
    pub tries: Vec<Try>,
    /// The waits of all answers together.
    pub latency: Latencies,
    /// Turns that the agent took for over while the caller went on.
    pub false_cutoffs: u64,
    /// Turns of the caller that nobody answered.
    pub missed_turns: u64,
    /// What was expected, and whether it came true.
    pub expectations: Vec<Expectation>,
    /// What changed since the call that took place; for calls that were kept and have another agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
}

/// One party's turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Who spoke.
    pub speaker: Speaker,
    /// What the agent wanted to say, or what was understood of the caller.
    pub text: String,
    /// The first sample of it.
    pub start_ms: u64,
    /// The last sample of it.
    pub end_ms: u64,
    /// The words of the agent that were really played; the caller's are all heard.
    pub heard_text: String,
    /// Whether the other side cut it short.
    pub interrupted: bool,
    /// Whether it answers a turn that was not over; for answers of the agent.
    #[serde(default)]
    pub false_cutoff: bool,
    /// What the caller waited for; for answers of the agent.
    pub ledger: Option<Ledger>,
    /// What was begun ahead of the decision; for answers of the agent.
    pub speculation: Option<Speculation>,
}

/// When each side is heard to speak, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// The caller.
    pub caller: Vec<Span>,
    /// The agent.
    pub agent: Vec<Span>,
}

/// A stretch of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first sample.
    pub start_ms: u64,
    /// Its last sample.
    pub end_ms: u64,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The agent.
    Agent,
    /// The caller.
    Caller,
}

/// What one wait of the caller was made of: the items, in their order, and what they leave
/// unexplained add up to `voiced_to_audible_ms`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The caller's last voiced sample to the agent's first audible one.
    pub voiced_to_audible_ms: f64,
    /// The decision that the turn is over to the agent's first audible sample.
    pub decision_to_first_audio_ms: f64,
    /// What the time went into.
    pub items: Vec<Item>,
    /// What the items do not explain.
    pub unattributed_ms: f64,
    /// Why the turn was taken to be over, in words.
    pub evidence: Vec<String>,
}

/// A decision on what was heard of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it was taken for.
    pub verdict: Verdict,
    /// When the decision fell.
    pub at_ms: u64,
    /// The first sound of it.
    pub start_ms: u64,
    /// The last sound of it.
    pub end_ms: u64,
    /// What the decision rests on, in words.
    pub evidence: Vec<String>,
}

/// What a sound of the caller was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A turn that is over.
    TurnEnded,
    /// No turn: noise, or mere agreement.
    Dismissed,
}

/// An answer that was begun ahead of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When it was begun.
    pub began_ms: u64,
    /// Whether any of it was heard; otherwise it was wasted.
    pub used: bool,
    /// By how much earlier it was ready.
    pub saved_ms: u64,
    /// Tokens that it had cost when it was first heard or thrown away.
    pub tokens: u64,
}

/// A part of a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it went into, such as `jitter_buffer` or `model_first_token`.
    pub name: String,
    /// When it began.
    pub start_ms: f64,
    /// How long it took.
    pub duration_ms: f64,
}

/// What was begun ahead of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speculation {
    /// Answers that were begun.
    pub tries: u32,
    /// Those that were spoken.
    pub used: u32,
    /// Those that were thrown away.
    pub wasted: u32,
    /// By how much earlier the answer was heard.
    pub saved_ms: u64,
    /// Tokens that the answer spoken had cost when it was first heard.
    #[serde(default)]
    pub used_tokens: u64,
    /// Tokens that the answers thrown away had cost.
    pub wasted_tokens: u64,
}

/// The waits of all answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// The decision that the caller's turn is over to the agent's first audible sample.
    pub decision_to_first_audio_ms: Quantiles,
    /// The caller's last voiced sample to the agent's first audible one.
    pub voiced_to_audible_ms: Quantiles,
    /// What the engine adds between the stages: audio in to the recogniser, and the synthesiser's
    /// first audio to the line.
    pub engine_added_ms: Quantiles,
}

/// A few quantiles, in milliseconds; all zero without a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// 95 of 100 are no longer.
    pub p95: f64,
    /// 99 of 100 are no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Quantiles {
    /// The quantiles of these figures, in any order: each the smallest figure that as many are
    /// not above.
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * figures.len() as f64).ceil() as usize;
            figures.get(rank.max(1) - 1).copied().unwrap_or(0.0)
        };
        Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

/// Something that a scenario expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The expectation as the scenario has it.
    pub text: String,
    /// Whether it came true.
    pub passed: bool,
    /// What was found instead, or what met it.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_figures_among_those_given() {
        let figures = (1..=10).rev().map(f64::from).collect();
        let quantiles = Quantiles::of(figures);
        assert_eq!(quantiles.p50, 5.0);
        assert_eq!(quantiles.p95, 10.0);
        assert_eq!(quantiles.max, 10.0);
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
