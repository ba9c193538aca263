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
    /// The curve of the best constant delays in hindsight: delays with their shares concealed.
    pub(crate) hindsight: Vec<(f64, f64)>,
}

/// The delay of another contender and of ours, both at the concealment of that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duel {
    pub(crate) concealed: f64,
    pub(crate) theirs: f64,
    /// `None` if no setting of ours conceals so little.
    pub(crate) ours: Option<f64>,
    /// The best constant delay in hindsight, if any conceals so little.
    pub(crate) hindsight: Option<f64>,
}

/// By less than this, in milliseconds, nobody wins.
const EVEN: f64 = 0.5;

impl Duel {
    fn verdict(&self) -> &'static str {
        match self.ours {
            Some(ours) if ours < self.theirs - EVEN => "ours",
            Some(ours) if ours <= self.theirs + EVEN => "even",
            Some(_) | None => "theirs",
        }
    }
}

impl Section {
    /// Compares ours with one of the others at equal concealment.
    pub(crate) fn duel(&self, line: &Line) -> Duel {
        let curve = self
            .points
            .iter()
            .filter(|point| point.curve == Curve::Ours);
        let curve = curve.map(|point| (point.outcome.mean_delay, point.outcome.concealed));
        Duel {
            concealed: line.outcome.concealed,
            theirs: line.outcome.mean_delay,
            ours: delay_at(curve.collect(), line.outcome.concealed),
            hindsight: delay_at(self.hindsight.clone(), line.outcome.concealed),
        }
    }

    /// Those of the others whose delay at equal concealment ours does not undercut.
    pub(crate) fn not_undercut(&self) -> impl Iterator<Item = &str> {
        let undercut = |line: &&Line| self.duel(line).verdict() == "ours";
        self.rivals()
            .filter(move |line| !undercut(line))
            .map(|line| line.name.as_str())
    }

    fn rivals(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.curve != Curve::Ours)
    }
}

/// The shortest delay on an operating curve, of delays with their shares concealed, at
/// which no more than `concealed` is: interpolated between the settings that conceal
/// more and less. `None` if all settings conceal more.
fn delay_at(mut curve: Vec<(f64, f64)>, concealed: f64) -> Option<f64> {
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut before: Option<(f64, f64)> = None;
    for (delay, share) in curve {
        if share <= concealed {
            let Some((earlier, more)) = before else {
                return Some(delay);
            };
            let part = (more - concealed) / (more - share);
            return Some(earlier + part * (delay - earlier));
        }
        // Only settings that save something for their delay are on the way.
        if before.is_none_or(|(_, least)| share < least) {
            before = Some((delay, share));
        }
    }
    None
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
        for line in self.rivals() {
            let duel = self.duel(line);
            let ours = duel.ours.map_or_else(
                || "conceals more at any setting".to_owned(),
                |ours| format!("{ours:.1} ms"),
            );
            let hindsight = duel
                .hindsight
                .map_or_else(|| "none".to_owned(), |delay| format!("{delay:.1} ms"));
            writeln!(
                f,
                "  at {:.3} % concealed: {} {:.1} ms, ours {ours}; less delay: {}; \
                 best constant in hindsight: {hindsight}",
                duel.concealed,
                line.name,
                duel.theirs,
                duel.verdict()
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
    let duels = section.rivals().map(|line| {
        let duel = section.duel(line);
        json!({
            "rival": line.name,
            "concealed_per_cent": rounded(duel.concealed),
            "mean_delay_ms": rounded(duel.theirs),
            "our_mean_delay_ms": duel.ours.map(rounded),
            "less_delay": duel.verdict(),
            "best_constant_in_hindsight_ms": duel.hindsight.map(rounded),
        })
    });
    json!({
        "network": section.network,
        "lost_per_cent": rounded(section.lost),
        "compared": lines.collect::<Vec<_>>(),
        "at_equal_concealment": duels.collect::<Vec<_>>(),
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
