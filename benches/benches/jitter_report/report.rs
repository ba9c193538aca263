//! The figures as a table and as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::measure::Outcome;

/// Whose figures they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    Ours,
    Neteq,
    Fixed,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Neteq, Self::Fixed];

    /// What the settings along the curve are.
    const fn setting(self) -> &'static str {
        match self {
            Self::Ours => "per_cent_concealed_ms",
            Self::Neteq => "quantile",
            Self::Fixed => "depth_ms",
        }
    }
}

/// One that is compared.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) curve: Curve,
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

/// One setting out of those that make up an operating curve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) curve: Curve,
    pub(crate) setting: f64,
    pub(crate) outcome: Outcome,
}

/// All that was measured on one network.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) network: &'static str,
    /// Per cent of the packets that the network lost.
    pub(crate) lost: f64,
    pub(crate) lines: Vec<Line>,
    pub(crate) points: Vec<Point>,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<22}{:>9}{:>9}{:>13}{:>8}{:>10}{:>13}",
            format!("{} ({:.2} % lost)", self.network, self.lost),
            "mean ms",
            "p95 ms",
            "concealed %",
            "±",
            "made up %",
            "stretched %"
        )?;
        for Line { name, outcome, .. } in &self.lines {
            writeln!(
                f,
                "  {:<20}{:>9.1}{:>9.1}{:>13.3}{:>8.3}{:>10.3}{:>13.2}",
                name,
                outcome.mean_delay,
                outcome.p95_delay,
                outcome.concealed,
                outcome.uncertainty,
                outcome.made_up,
                outcome.stretched
            )?;
        }
        Ok(())
    }
}

/// Everything, for programs.
pub(crate) fn to_json(sections: &[Section], seed: u64, seconds: u64) -> String {
    let sections: Vec<Value> = sections.iter().map(section).collect();
    format!(
        "{:#}\n",
        json!({ "seed": seed, "seconds": seconds, "networks": sections })
    )
}

fn section(section: &Section) -> Value {
    let lines = section.lines.iter().map(|line| {
        let mut value = figures(line.outcome);
        value["name"] = json!(line.name);
        value
    });
    let points = section.points.iter().map(|point| {
        let mut value = figures(point.outcome);
        value[point.curve.setting()] = json!(point.setting);
        value
    });
    json!({
        "network": section.network,
        "lost_per_cent": rounded(section.lost),
        "compared": lines.collect::<Vec<_>>(),
        "curves": points.collect::<Vec<_>>(),
    })
}

fn figures(outcome: Outcome) -> Value {
    json!({
        "mean_delay_ms": rounded(outcome.mean_delay),
        "p95_delay_ms": rounded(outcome.p95_delay),
        "concealed_per_cent": rounded(outcome.concealed),
        "concealed_standard_error": rounded(outcome.uncertainty),
        "made_up_per_cent": rounded(outcome.made_up),
        "stretched_per_cent": rounded(outcome.stretched),
    })
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
