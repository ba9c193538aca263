//! What a sweep says: how often a policy cuts a speaker off, against how long it lets wait.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::drawing;
use crate::hearing::Line;
use crate::passage::Kind;
use crate::sweep::{Measured, Outcome};

/// The delays at which policies are compared, in milliseconds.
const COMPARED: [u64; 9] = [200, 300, 400, 500, 600, 700, 800, 900, 1_000];

/// The threshold that the judge of turns was trained for.
const TRAINED: f32 = 0.5;

/// A decision this long before the longest delay rests on evidence, not on that delay.
const EARLY: Duration = Duration::from_millis(100);

/// What decides that a turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum Policy {
    /// The turn machine: all evidence is weighed.
    Weighed {
        /// `min_endpointing_delay`.
        #[serde(rename = "min_ms", serialize_with = "millis")]
        shortest: Duration,
        /// `max_endpointing_delay`.
        #[serde(rename = "max_ms", serialize_with = "millis")]
        longest: Duration,
    },
    /// The judge of turns alone: the shortest delay if the turn sounds complete after 200 ms of
    /// pause, else the longest.
    Judged {
        /// The probability from which it does.
        threshold: f32,
        /// The shortest delay; 200 ms at least.
        #[serde(rename = "min_ms", serialize_with = "millis")]
        shortest: Duration,
        /// The longest delay.
        #[serde(rename = "max_ms", serialize_with = "millis")]
        longest: Duration,
    },
    /// A silence of one length.
    Fixed {
        /// Its length.
        #[serde(rename = "min_ms", serialize_with = "millis")]
        delay: Duration,
    },
}

fn millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_millis() as u64)
}

/// One policy and setting, and what it did in every pause.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub policy: Policy,
    /// One outcome for each pause.
    pub outcomes: Vec<Outcome>,
}

/// What a policy did, counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tally {
    /// Pauses after which the speaker went on.
    pub goes_on: usize,
    /// In how many of them the turn was taken for over.
    pub cut_off: usize,
    /// In how many of them it was so clearly before the longest delay.
    pub cut_off_early: usize,
    /// Pauses that end a turn.
    pub ends: usize,
    /// How many of them were noticed clearly before the longest delay.
    pub ends_early: usize,
    /// How many of them were not noticed at all.
    pub missed: usize,
    /// Half of the turns wait no longer than this after the end of speech, in milliseconds.
    pub median_ms: u64,
    /// 19 of 20 turns wait no longer.
    pub p95_ms: u64,
    /// The same for the turns that were noticed early, if there are any.
    pub early_median_ms: Option<u64>,
    /// The same.
    pub early_p95_ms: Option<u64>,
}

impl Tally {
    /// The share of the pauses within turns in which the speaker was cut off, 0 to 1.
    pub fn share(&self) -> f64 {
        self.cut_off as f64 / self.goes_on.max(1) as f64
    }
}

impl Row {
    pub(crate) const fn new(policy: Policy, outcomes: Vec<Outcome>) -> Self {
        Self { policy, outcomes }
    }

    /// Counts what it did in the pauses of `set`.
    pub fn tally(&self, set: Set) -> Tally {
        let longest = match self.policy {
            Policy::Weighed { longest, .. } | Policy::Judged { longest, .. } => longest,
            Policy::Fixed { delay } => delay,
        };
        let early = |outcome: &&Outcome| {
            let decided = outcome.decided;
            decided.is_some_and(|decided| decided + EARLY <= longest)
        };
        let of_set = || {
            self.outcomes
                .iter()
                .filter(|outcome| set.holds(outcome.kind))
        };
        let within = || of_set().filter(|outcome| outcome.kind.goes_on());
        let ends = || of_set().filter(|outcome| outcome.kind.is_end());
        // A turn that was never noticed waited for all of the pause at least.
        let waits = sorted(ends().map(|end| end.decided.unwrap_or(end.pause)));
        let early_waits = sorted(ends().filter(early).filter_map(|end| end.decided));
        Tally {
            goes_on: within().count(),
            cut_off: within().filter(|pause| pause.decided.is_some()).count(),
            cut_off_early: within().filter(early).count(),
            ends: waits.len(),
            ends_early: early_waits.len(),
            missed: ends().filter(|end| end.decided.is_none()).count(),
            median_ms: quantile(&waits, 50).unwrap_or_default(),
            p95_ms: quantile(&waits, 95).unwrap_or_default(),
            early_median_ms: quantile(&early_waits, 50),
            early_p95_ms: quantile(&early_waits, 95),
        }
    }
}

fn sorted(durations: impl Iterator<Item = Duration>) -> Vec<u64> {
    let mut millis: Vec<u64> = durations.map(|one| one.as_millis() as u64).collect();
    millis.sort_unstable();
    millis
}

/// The smallest value that `percent` of the values do not exceed.
fn quantile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Which pauses are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// All with a known truth.
    All,
    /// Those of the turn files.
    TurnFiles,
    /// Those made from recordings of one utterance.
    Utterances,
}

impl Set {
    const fn holds(self, kind: Kind) -> bool {
        match kind {
            Kind::Between => false,
            Kind::TurnEnd | Kind::MidTurn => !matches!(self, Self::Utterances),
            Kind::MidClause | Kind::Whole => !matches!(self, Self::TurnFiles),
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::All => "all pauses",
            Self::TurnFiles => "turn files",
            Self::Utterances => "utterances: cut in mid-clause, and whole",
        }
    }
}

/// Where a policy stands with one of its settings.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    /// The policy and its setting.
    #[serde(flatten)]
    pub policy: Policy,
    /// What it did.
    #[serde(flatten)]
    pub tally: Tally,
    /// [`Tally::share`].
    pub cut_off_share: f64,
}

/// The smallest shares of speakers cut off that each policy reaches with any of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// With a median delay of at most this, in milliseconds.
    pub delay_ms: u64,
    /// The turn machine, if it is ever as quick.
    pub weighed: Option<f64>,
    /// The judge of turns alone, with any of its thresholds.
    pub judged: Option<f64>,
    /// The same with the threshold that it was trained for, 0.5.
    pub judged_as_trained: Option<f64>,
    /// A fixed silence.
    pub fixed: Option<f64>,
}

/// The curves over one set of pauses.
#[derive(Clone, Debug, Serialize)]
pub struct Curves {
    /// Which pauses.
    pub set: Set,
    /// The policies side by side.
    pub compared: Vec<Compared>,
    /// Everything that was tried.
    pub points: Vec<Point>,
    /// The policies at the settings that a call has unless told otherwise; the judge of turns
    /// with the threshold that it was trained for, a fixed silence of the shortest delay.
    pub defaults: Vec<Point>,
}

impl Curves {
    /// The mean share of speakers cut off over the delays at which all policies have one: weighed,
    /// judged, judged as trained, fixed.
    pub fn areas(&self) -> Option<[f64; 4]> {
        let full = self.compared.iter().filter_map(|one| {
            Some([
                one.weighed?,
                one.judged?,
                one.judged_as_trained?,
                one.fixed?,
            ])
        });
        let full: Vec<[f64; 4]> = full.collect();
        let mean =
            |index: usize| full.iter().map(|one| one[index]).sum::<f64>() / full.len() as f64;
        (!full.is_empty()).then(|| [mean(0), mean(1), mean(2), mean(3)])
    }
}

impl Compared {
    /// Whether the turn machine cuts fewer speakers off than any other policy that is as quick.
    pub fn weighed_is_lowest(&self) -> bool {
        let others = [self.judged, self.judged_as_trained, self.fixed];
        let weighed = self.weighed.unwrap_or(1.0);
        others.into_iter().flatten().all(|other| weighed < other)
    }
}

/// Settings for somebody who would rather wait than be cut off more often than this.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Suggestion {
    /// The share of pauses within turns in which speakers may be cut off, 0 to 1.
    pub tolerance: f64,
    /// The quickest setting that stays within it, if one does.
    pub setting: Option<Point>,
}

/// What a sweep over a set of recordings says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the recordings were heard through.
    pub line: Line,
    /// All pauses, those of the turn files, those of the utterances.
    pub curves: Vec<Curves>,
    /// One for each tolerance that was asked for, over all pauses.
    pub suggestions: Vec<Suggestion>,
}

impl Report {
    /// Draws the conclusions of `measured`, with suggestions for `tolerances` (shares, 0 to 1).
    pub fn new(line: Line, measured: &Measured, tolerances: &[f64]) -> Self {
        let sets = [Set::All, Set::TurnFiles, Set::Utterances];
        let suggest = |&tolerance: &f64| Suggestion {
            tolerance,
            setting: points(&measured.rows, Set::All)
                .into_iter()
                .filter(|point| matches!(point.policy, Policy::Weighed { .. }))
                .filter(|point| point.cut_off_share <= tolerance)
                .min_by_key(|point| (point.tally.median_ms, point.tally.p95_ms)),
        };
        Self {
            line,
            curves: sets.map(|set| curves(&measured.rows, set)).to_vec(),
            suggestions: tolerances.iter().map(suggest).collect(),
        }
    }

    /// The curves over all pauses as a drawing (SVG).
    pub fn svg(&self) -> String {
        drawing::svg(&self.curves)
    }
}

fn points(rows: &[Row], set: Set) -> Vec<Point> {
    rows.iter()
        .map(|row| {
            let tally = row.tally(set);
            Point {
                policy: row.policy,
                tally,
                cut_off_share: tally.share(),
            }
        })
        .collect()
}

fn curves(rows: &[Row], set: Set) -> Curves {
    let points = points(rows, set);
    let best = |delay_ms: u64, of: fn(&Policy) -> bool| {
        let quick = points
            .iter()
            .filter(|one| of(&one.policy) && one.tally.median_ms <= delay_ms);
        quick.map(|one| one.cut_off_share).min_by(f64::total_cmp)
    };
    let compared = COMPARED.map(|delay_ms| Compared {
        delay_ms,
        weighed: best(delay_ms, |one| matches!(one, Policy::Weighed { .. })),
        judged: best(delay_ms, |one| matches!(one, Policy::Judged { .. })),
        judged_as_trained: best(
            delay_ms,
            |one| matches!(one, Policy::Judged { threshold, .. } if *threshold == TRAINED),
        ),
        fixed: best(delay_ms, |one| matches!(one, Policy::Fixed { .. })),
    });
    let usual = turn::Settings::default();
    let (min, max) = (usual.min_endpointing_delay, usual.max_endpointing_delay);
    let is_default = |point: &&Point| match point.policy {
        Policy::Weighed { shortest, longest } => shortest == min && longest == max,
        Policy::Judged {
            threshold,
            shortest,
            longest,
        } => threshold == TRAINED && shortest == min && longest == max,
        Policy::Fixed { delay } => delay == min,
    };
    Curves {
        set,
        compared: compared.to_vec(),
        defaults: points.iter().filter(is_default).copied().collect(),
        points,
    }
}

/// The report as text for a terminal.
pub fn tables(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_tables(&mut text, report);
    text
}

fn write_tables(text: &mut String, report: &Report) -> std::fmt::Result {
    for curves in &report.curves {
        let Some(first) = curves.points.first() else {
            continue;
        };
        let (within, ends) = (first.tally.goes_on, first.tally.ends);
        if within + ends == 0 {
            continue;
        }
        let title = curves.set.title();
        writeln!(
            text,
            "\n{title} ({within} within turns, {ends} at their ends)"
        )?;
        writeln!(text, "  cut off within turns, at a median delay of at most")?;
        writeln!(
            text,
            "  {:>9} {:>9} {:>12} {:>14} {:>9}",
            "", "weighed", "judge alone", "judge at 0.5", "silence"
        )?;
        for row in &curves.compared {
            let shares = [row.weighed, row.judged, row.judged_as_trained, row.fixed];
            let [weighed, judged, trained, fixed] = shares.map(percent);
            writeln!(
                text,
                "  {:>6} ms {weighed:>9} {judged:>12} {trained:>14} {fixed:>9}",
                row.delay_ms
            )?;
        }
        if let Some(areas) = curves.areas() {
            let [weighed, judged, trained, fixed] = areas.map(|area| percent(Some(area)));
            writeln!(
                text,
                "  {:>9} {weighed:>9} {judged:>12} {trained:>14} {fixed:>9}",
                "mean"
            )?;
        }
        let higher = curves
            .compared
            .iter()
            .filter(|one| !one.weighed_is_lowest());
        let higher: Vec<String> = higher.map(|one| one.delay_ms.to_string()).collect();
        if higher.is_empty() {
            writeln!(text, "  weighed is the lowest at every delay")?;
        } else {
            writeln!(
                text,
                "  weighed is not the lowest at {} ms",
                higher.join(", ")
            )?;
        }
        writeln!(text, "  at the default settings")?;
        for point in &curves.defaults {
            write_default(text, point)?;
        }
    }
    writeln!(text, "\nsuggested settings")?;
    for suggestion in &report.suggestions {
        let tolerance = percent(Some(suggestion.tolerance));
        if let Some(Point {
            policy: Policy::Weighed { shortest, longest },
            tally,
            ..
        }) = suggestion.setting
        {
            writeln!(
                text,
                "  at most {tolerance} cut off: min_endpointing_delay {:.1}, \
                 max_endpointing_delay {:.1} (median {} ms, 19 of 20 within {} ms)",
                shortest.as_secs_f32(),
                longest.as_secs_f32(),
                tally.median_ms,
                tally.p95_ms,
            )?;
        } else {
            writeln!(
                text,
                "  at most {tolerance} cut off: none of the settings that were tried"
            )?;
        }
    }
    Ok(())
}

fn write_default(text: &mut String, point: &Point) -> std::fmt::Result {
    let name = match point.policy {
        Policy::Weighed { .. } => "weighed",
        Policy::Judged { .. } => "judge alone",
        Policy::Fixed { .. } => "silence",
    };
    let tally = &point.tally;
    let quantile = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    writeln!(
        text,
        "  {name:>12}: {} of {} cut off, {} of them before the longest delay; {} of {} ends before \
         it (p50 {} ms, p95 {} ms), {} never; all ends p50 {} ms, p95 {} ms",
        tally.cut_off,
        tally.goes_on,
        tally.cut_off_early,
        tally.ends_early,
        tally.ends,
        quantile(tally.early_median_ms),
        quantile(tally.early_p95_ms),
        tally.missed,
        tally.median_ms,
        tally.p95_ms,
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
