//! What a run found, and how it is told.

use std::fmt::Write;

use report::Quantiles;
use serde::Serialize;

use super::sounds::Kind;

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The folder of the callers.
    pub recordings: String,
    /// What decided everything random.
    pub seed: u64,
    /// What the stages took: `modelled` or `measured` times.
    pub latencies: String,
    /// Line by line.
    pub lines: Vec<LineFigures>,
}

/// The figures of one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineFigures {
    /// What the line is called.
    pub line: String,
    /// Callers who interrupt.
    pub barge_in: BargeIn,
    /// Sounds that do not.
    pub noise: Noise,
    /// Callers who are answered.
    pub answers: Answers,
}

/// How soon the agent is silent for a caller who interrupts it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BargeIn {
    /// How often somebody began to speak.
    pub interruptions: usize,
    /// The first loud sound of the caller's recording, as it was spoken, to the last audible
    /// sample that the agent sent.
    pub silent_after_ms: Quantiles,
    /// Those who waited longest.
    pub slowest: Vec<Waited>,
    /// Whom the agent did not yield to.
    pub missed: Vec<String>,
}

/// How long one caller waited.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waited {
    /// The caller's recording.
    pub recording: String,
    /// How long.
    pub ms: f64,
}

/// What sounds without words did to an agent that spoke.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// How many were heard.
    pub played: usize,
    /// How often the agent fell silent for one, even if it went on afterwards.
    pub stops: usize,
    /// How often one was taken for what a caller said.
    pub false_turns: usize,
    /// Kind by kind.
    pub kinds: Vec<NoiseOf>,
}

/// What sounds of one kind did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoiseOf {
    /// The kind.
    pub kind: &'static str,
    /// How many were heard.
    pub played: usize,
    /// The numbers of those for which the agent fell silent.
    pub stops: Vec<usize>,
    /// How often one was taken for what a caller said.
    pub false_turns: usize,
}

impl NoiseOf {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind: kind.name(),
            played: 0,
            stops: Vec::new(),
            false_turns: 0,
        }
    }
}

/// How long callers waited.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// Answers to something said.
    pub turns: usize,
    /// The decision that the turn was over to the agent's first audible sample.
    pub decision_to_first_audio_ms: Quantiles,
    /// Answers to turns that were judged complete.
    pub judged_complete: usize,
    /// The caller's last voiced sample to the agent's first audible one, of those.
    pub voiced_to_audible_ms: Quantiles,
    /// The longest wait of all answers.
    pub longest_ms: f64,
    /// The most of an answer's wait that no item explains.
    pub unattributed_max_ms: f64,
}

impl Figures {
    /// The figures as a table for a terminal.
    pub fn table(&self) -> String {
        let mut table = format!(
            "turn taking over {} with {} latencies, seed {}\n",
            self.recordings, self.latencies, self.seed
        );
        for line in &self.lines {
            let LineFigures {
                line,
                barge_in,
                noise,
                answers,
            } = line;
            let silent = barge_in.silent_after_ms;
            let decided = answers.decision_to_first_audio_ms;
            let voiced = answers.voiced_to_audible_ms;
            let slowest = barge_in.slowest.first();
            let slowest = slowest.map_or("nobody", |wait| wait.recording.as_str());
            let mut stopped = String::new();
            for of in noise.kinds.iter().filter(|of| !of.stops.is_empty()) {
                // Writing to a string cannot fail.
                let _ = write!(stopped, " {} {:?}", of.kind, of.stops);
            }
            let missed = match barge_in.missed.len() {
                0 => String::new(),
                missed => format!(", {missed} not yielded to: {}", barge_in.missed.join(" ")),
            };
            let rows = [
                (
                    "speech to agent silent",
                    format!(
                        "p50 {:.0}  p95 {:.0}  max {:.0} ms ({}), {} interruptions{missed}",
                        silent.p50, silent.p95, silent.max, slowest, barge_in.interruptions
                    ),
                ),
                (
                    "sounds that stop it",
                    format!(
                        "{} of {}, {} taken for turns{stopped}",
                        noise.stops, noise.played, noise.false_turns
                    ),
                ),
                (
                    "decision to first audio",
                    format!(
                        "p50 {:.0}  p99 {:.0}  max {:.0} ms, {} answers",
                        decided.p50, decided.p99, decided.max, answers.turns
                    ),
                ),
                (
                    "last voiced to audible",
                    format!(
                        "p50 {:.0}  p95 {:.0} ms, {} turns judged complete; longest of all {:.0} ms",
                        voiced.p50, voiced.p95, answers.judged_complete, answers.longest_ms
                    ),
                ),
                (
                    "unattributed",
                    format!("at most {:.1} ms", answers.unattributed_max_ms),
                ),
            ];
            // Writing to a string cannot fail.
            let _ = writeln!(table, "\n{line}");
            for (name, value) in rows {
                let _ = writeln!(table, "  {name:<25}{value}");
            }
        }
        table
    }
}
