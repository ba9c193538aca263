//! The figures as a picture: for each network, delay to the right and what is concealed upwards.

use std::fmt::Write;

use crate::measure::Outcome;
use crate::report::{Curve, Section};

/// Networks side by side.
const COLUMNS: usize = 3;
/// The size of a network's share of the picture, and of the axes in it.
const CELL: (f64, f64) = (330.0, 250.0);
const AXES: (f64, f64) = (260.0, 170.0);
/// Where the axes meet.
const ORIGIN: (f64, f64) = (50.0, 210.0);
/// Above the networks: what the colours mean.
const HEAD: f64 = 50.0;
/// The least that an axis reaches to: milliseconds, and per cent.
const LEAST: (f64, f64) = (100.0, 1.0);
/// Into so many parts an axis is divided.
const TICKS: u32 = 4;

/// Draws all networks, as a document of its own.
pub(crate) fn draw(sections: &[Section]) -> String {
    let rows = sections.len().div_ceil(COLUMNS);
    let (width, height) = (CELL.0 * COLUMNS as f64, HEAD + CELL.1 * rows as f64);
    let mut cells = String::new();
    for (place, section) in sections.iter().enumerate() {
        let x = CELL.0 * (place % COLUMNS) as f64;
        let y = HEAD + CELL.1 * (place / COLUMNS) as f64;
        let cell = cell(section);
        cells += &format!("<g transform=\"translate({x} {y})\">\n{cell}</g>\n");
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n{}{cells}</svg>\n",
        legend()
    )
}

fn legend() -> String {
    let mut legend = String::from(
        "<text x=\"50\" y=\"20\">concealed, % of what is played, over the mean delay from ideal \
         arrival to playout, ms; dashed: what the network lost; large: as compared</text>\n",
    );
    for (place, curve) in Curve::ALL.into_iter().enumerate() {
        let x = 50.0 + 260.0 * place as f64;
        let (colour, name) = look(curve);
        legend += &format!(
            "<circle cx=\"{x}\" cy=\"36\" r=\"5\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"40\">{name}</text>\n",
            x + 10.0
        );
    }
    legend
}

const fn look(curve: Curve) -> (&'static str, &'static str) {
    match curve {
        Curve::Ours => ("#0b6e4f", "ours"),
        Curve::Neteq => ("#c8553d", "neteq (also as tuned, by quantile)"),
        Curve::Fixed => ("#6c6f7d", "fixed depth"),
    }
}

fn cell(section: &Section) -> String {
    let outcomes = || {
        let compared = section.lines.iter().map(|line| line.outcome);
        compared.chain(section.points.iter().map(|point| point.outcome))
    };
    let largest = |of: fn(Outcome) -> f64| outcomes().map(of).fold(0.0, f64::max);
    let reach = (
        round_up(largest(|outcome| outcome.mean_delay).max(LEAST.0)),
        round_up(largest(|outcome| outcome.concealed).max(LEAST.1)),
    );
    let at = |outcome: Outcome| place(reach, outcome.mean_delay, outcome.concealed);
    let mut cell = axes(section, reach);
    for curve in Curve::ALL {
        let (colour, _) = look(curve);
        let points: Vec<_> = section
            .points
            .iter()
            .filter(|point| point.curve == curve)
            .map(|point| at(point.outcome))
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        cell += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/>\n",
            path.join(" ")
        );
        cell.extend(points.into_iter().map(|point| dot(point, 2.0, colour)));
        let compared = section.lines.iter().filter(|line| line.curve == curve);
        cell.extend(compared.map(|line| dot(at(line.outcome), 5.0, colour)));
    }
    cell
}

fn axes(section: &Section, reach: (f64, f64)) -> String {
    let (left, bottom) = ORIGIN;
    let (right, top) = (left + AXES.0, bottom - AXES.1);
    let mut axes = format!(
        "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{}</text>\n\
         <path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n",
        top - 10.0,
        section.network
    );
    for tick in 0..=TICKS {
        let share = f64::from(tick) / f64::from(TICKS);
        let (delay, concealed) = (share * reach.0, share * share * reach.1);
        let (x, y) = place(reach, delay, concealed);
        // Writing to a string cannot fail.
        let _ = writeln!(
            axes,
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            bottom + 15.0,
            delay,
            left - 5.0,
            y + 4.0,
            concealed
        );
    }
    let (_, y) = place(reach, 0.0, section.lost);
    axes += &format!(
        "<path d=\"M{left} {y:.1}H{right}\" stroke=\"black\" stroke-dasharray=\"3 3\"/>\n"
    );
    axes
}

fn dot((x, y): (f64, f64), radius: f64, colour: &str) -> String {
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>\n")
}

/// Where an outcome stands: the roots of what is concealed are evenly spaced, since most is
/// little.
fn place(reach: (f64, f64), delay: f64, concealed: f64) -> (f64, f64) {
    (
        ORIGIN.0 + AXES.0 * delay / reach.0,
        ORIGIN.1 - AXES.1 * (concealed / reach.1).sqrt(),
    )
}

/// The next number above that is one, two or four times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= value);
    step.unwrap_or(10.0) * power
}
