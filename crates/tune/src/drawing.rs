//! The curves as a drawing.

use std::fmt::Write as _;

use crate::report::{Compared, Curves};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 32.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 40.0;

/// The median delays that the drawing spans, in milliseconds.
const FROM: f64 = 200.0;
const TO: f64 = 1_000.0;

type Series = (&'static str, &'static str, fn(&Compared) -> Option<f64>);

const SERIES: [Series; 4] = [
    ("all evidence weighed", "#0b6e4f", |one| one.weighed),
    ("judge of turns alone", "#c8553d", |one| one.judged),
    ("the same at its own threshold", "#e09f7d", |one| {
        one.judged_as_trained
    }),
    ("fixed silence", "#6b7280", |one| one.fixed),
];

/// One panel below the other, a line for each policy.
pub(crate) fn svg(curves: &[Curves]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, curves);
    text
}

fn write(text: &mut String, curves: &[Curves]) -> std::fmt::Result {
    let height = HEIGHT * curves.len() as f64;
    writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(
        text,
        r#"<rect width="{WIDTH}" height="{height}" fill="white"/>"#
    )?;
    for (index, panel) in curves.iter().enumerate() {
        writeln!(
            text,
            r#"<g transform="translate(0 {})">"#,
            HEIGHT * index as f64
        )?;
        write_panel(text, panel)?;
        writeln!(text, "</g>")?;
    }
    writeln!(text, "</svg>")
}

fn write_panel(text: &mut String, curves: &Curves) -> std::fmt::Result {
    let x = |delay: f64| LEFT + (delay - FROM) / (TO - FROM) * (WIDTH - LEFT - RIGHT);
    let y = |share: f64| HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    writeln!(
        text,
        r#"<text x="{LEFT}" y="18" font-weight="bold">{}</text>"#,
        curves.set.title()
    )?;
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (place, right) = (y(share), WIDTH - RIGHT);
        writeln!(
            text,
            r##"<path d="M{LEFT} {place}H{right}" stroke="#e5e7eb"/><text x="{}" y="{}" text-anchor="end">{} %</text>"##,
            LEFT - 6.0,
            place + 4.0,
            100.0 * share
        )?;
    }
    for row in &curves.compared {
        let delay = row.delay_ms as f64;
        writeln!(
            text,
            r#"<text x="{}" y="{}" text-anchor="middle">{}</text>"#,
            x(delay),
            HEIGHT - BOTTOM + 16.0,
            row.delay_ms
        )?;
    }
    writeln!(
        text,
        r#"<text x="{}" y="{}" text-anchor="middle">median delay at the ends of turns, ms; upright: speakers cut off within turns</text>"#,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 6.0
    )?;
    for (index, (name, colour, of)) in SERIES.iter().enumerate() {
        let places = curves
            .compared
            .iter()
            .filter_map(|row| Some(format!("{:.1},{:.1}", x(row.delay_ms as f64), y(of(row)?))));
        let places: Vec<String> = places.collect();
        writeln!(
            text,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2.5"/>"#,
            places.join(" ")
        )?;
        writeln!(
            text,
            r#"<text x="{}" y="{}" text-anchor="end" fill="{colour}">{name}</text>"#,
            WIDTH - RIGHT,
            TOP + 14.0 + 16.0 * index as f64
        )?;
    }
    Ok(())
}
