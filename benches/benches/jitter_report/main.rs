//! What a playout buffer costs and what it saves: the delay that it adds against the share of
//! the audio that it conceals, on networks that `netem` emulates, beside the `neteq` crate and a
//! buffer of fixed depth. All of them get the same packets of recorded speech (G.711, 20 ms) at the
//! same moments of virtual time and are pulled every 20 ms at the same moments, so one seed gives
//! one result. The first 5 s of each call are not counted.
//!
//! - The **delay** of a frame is the time from when its first sample would have arrived had the
//!   packet been as fast as the call's fastest, to the pull that plays it. Frames that are wholly
//!   made up have none.
//! - **Concealed** is what a listener does not get as it was sent. Between one received sample that
//!   is played and the next there may be samples that were made up, silence instead of audio
//!   included, and samples of the sender's that are passed over; the larger of the two counts, as a
//!   share of what is played. So a lost packet counts once, whether something stands in for it or
//!   it is cut out, and so does the wait for a late one. What time-stretching puts in or takes out
//!   does not count; it is a column of its own. ± is the standard error, from how the calls differ.
//!   Of a gap that is under way when counting begins, what is made up before does not count, nor as
//!   much of what is passed over, which may show only in the end.
//! - **Made up** is only the first of the two: nothing counts for a lost packet that is cut out.
//!
//! Ours is compared with each of the others at the concealment of that one, on a line through what
//! it comes to for various worths of the audio; where no worth conceals so little, the other wins.
//! Beside both stands the constant delay that would have been best in hindsight, call by call. With
//! the seeds and the length that are the default, the program fails if ours does not delay less than
//! each of the others on each network.
//!
//! `neteq` is measured as it comes and with the quantile and the forgetting of WebRTC, which it
//! follows otherwise. Of its concealment, the 4 ms at each end that fade from and to received audio
//! count as played.
//!
//! `cargo bench -p benches --bench jitter_report -- [--seed N] [--seconds S] [--json FILE]
//! [--svg FILE]`

#![allow(clippy::print_stdout, reason = "figures are what this program is for")]

mod contender;
mod fixed;
mod hindsight;
mod measure;
mod neteq;
mod ours;
mod plot;
mod report;
mod trace;
mod virtual_clock;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use audio::file::read_mono;
use benches::load_average;
use clap::Parser;
use netem::Preset;

use crate::report::{Curve, Line, Point, Section};
use crate::trace::{RATE, SAMPLES, Trace};

#[derive(Debug, Parser)]
struct Arguments {
    /// The first of the seeds; each network is emulated with a few in a row.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// How long each call lasts.
    #[arg(long, default_value_t = SECONDS, value_parser = clap::value_parser!(u64).range(10..))]
    seconds: u64,
    /// Writes the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Draws the figures.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

const SEED: u64 = 1;
const SECONDS: u64 = 120;
/// Calls over each network, each with a seed of its own.
const CALLS: u64 = 5;
/// The pause after each recording.
const PAUSE: Duration = Duration::from_millis(400);

/// The depth of the fixed buffer that the others are compared with.
const DEPTH: u64 = 40;
const DEPTHS: [u64; 7] = [20, 40, 60, 80, 120, 160, 200];
/// In microseconds.
const WORTHS: [u64; 20] = [
    500, 800, 1_000, 1_500, 2_500, 5_000, 7_000, 10_000, 20_000, 40_000, 70_000, 100_000, 115_000,
    130_000, 150_000, 200_000, 400_000, 1_000_000, 3_000_000, 10_000_000,
];
const QUANTILES: [f64; 6] = [0.5, 0.7, 0.85, 0.95, 0.97, 0.99];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let speech = speech(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures"));
    let length = Duration::from_secs(arguments.seconds);
    println!(
        "{CALLS} calls of {} s over each network, seeds from {}; load average {}",
        arguments.seconds,
        arguments.seed,
        load_average()
    );
    let mut sections = Vec::new();
    for preset in Preset::ALL {
        let seeds = arguments.seed..arguments.seed + CALLS;
        let traces: Vec<Trace> = seeds
            .map(|seed| Trace::new(preset, seed, length, &speech))
            .collect();
        let section = section(preset, &traces);
        println!("{section}");
        sections.push(section);
    }
    if let Some(path) = arguments.json {
        let text = report::to_json(&sections, arguments.seed, arguments.seconds);
        fs::write(path, text).expect("the file can be written");
    }
    if let Some(path) = arguments.svg {
        fs::write(path, plot::draw(&sections)).expect("the file can be written");
    }
    if (arguments.seed, arguments.seconds) == (SEED, SECONDS) {
        return judge(&sections);
    }
    ExitCode::SUCCESS
}

/// Fails if ours does not delay less than each of the others at its concealment.
fn judge(sections: &[Section]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for section in sections {
        for rival in section.not_undercut() {
            println!("{}: ours does not delay less than {rival}", section.network);
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Compares all contenders on one network.
fn section(preset: Preset, traces: &[Trace]) -> Section {
    let lost = traces.iter().map(Trace::loss).sum::<f64>() / traces.len() as f64 * 100.0;
    let fixed = |depth| {
        let depth = Duration::from_millis(depth);
        measure::measure(traces, |_| Box::new(fixed::Fixed::new(depth)))
    };
    let neteq = |knobs| {
        measure::measure(traces, |trace| {
            Box::new(neteq::Neteq::new(trace.first_pull, knobs))
        })
    };
    let ours = |worth| measure::measure(traces, |_| Box::new(ours::Ours::new(worth)));
    let line = |curve, name: &str, outcome| Line {
        curve,
        name: name.to_owned(),
        outcome,
    };
    let lines = vec![
        line(Curve::Ours, "ours", ours(ours::Ours::usual_worth())),
        line(Curve::Neteq, "neteq", neteq(neteq::Knobs::defaults())),
        line(Curve::Neteq, "neteq, tuned", neteq(neteq::Knobs::webrtc())),
        line(Curve::Fixed, &format!("fixed {DEPTH} ms"), fixed(DEPTH)),
    ];
    let point = |curve, setting, outcome| Point {
        curve,
        setting,
        outcome,
    };
    let mut points = Vec::new();
    points.extend(WORTHS.map(|worth| {
        let outcome = ours(Duration::from_micros(worth));
        point(Curve::Ours, worth as f64 / 1_000.0, outcome)
    }));
    points.extend(QUANTILES.map(|quantile| {
        let webrtc = neteq::Knobs::webrtc();
        let outcome = neteq(neteq::Knobs { quantile, ..webrtc });
        point(Curve::Neteq, quantile, outcome)
    }));
    points.extend(DEPTHS.map(|depth| point(Curve::Fixed, depth as f64, fixed(depth))));
    Section {
        network: preset.name(),
        lost,
        lines,
        points,
        hindsight: hindsight::curve(traces),
    }
}

/// All recordings in the folder, each with a pause behind it, in whole frames.
fn speech(folder: &Path) -> Vec<i16> {
    let entries = fs::read_dir(folder).expect("the fixtures are there");
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    files.sort();
    let mut speech = Vec::new();
    for file in files {
        speech.extend(read_mono(&file, RATE).expect("a recording of speech"));
        speech.resize(speech.len() + RATE.samples_in(PAUSE), 0);
    }
    speech.truncate(speech.len() / SAMPLES * SAMPLES);
    speech
}
