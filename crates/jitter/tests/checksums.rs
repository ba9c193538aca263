//! One seed gives one result, on every machine: the audio of some calls as a checksum,
//! and their counters. Whoever changes on purpose what is heard puts the new ones into
//! `checksums.txt`.

mod speech;

use std::fmt::Write;

use audio::SampleRate;
use audio::codec::{Codec, OpusSettings};
use jitter::Policy;
use netem::Preset;
use sha2::{Digest, Sha256};
use speech::{Call, Coding, call, coded_call, recordings};

/// At the rate of the recordings, since resampling may differ between machines.
const RATE: SampleRate = SampleRate::HZ_16000;
const SEED: u64 = 7;
/// Another libopus makes other packets of the same audio, and other audio of the same
/// packets.
const LIBOPUS: &str = "libopus 1.3.1";

/// The name of a coding, and what the packets of a call by it are.
const CODINGS: [(&str, Coding); 5] = [
    ("l16", Coding::Linear(RATE)),
    ("pcmu", Coding::Codec(Codec::Pcmu, OPUS)),
    ("pcmu+cn", Coding::WithoutPauses),
    ("opus+fec", Coding::Codec(Codec::Opus, OPUS)),
    ("opus+dtx", Coding::Codec(Codec::Opus, OPUS_DTX)),
];
const OPUS: OpusSettings = OpusSettings {
    complexity: 5,
    bitrate: 24_000,
    inband_fec: true,
    dtx: false,
    expected_loss_percent: 10,
};
const OPUS_DTX: OpusSettings = OpusSettings { dtx: true, ..OPUS };

/// The networks that a coding is tried on: linear samples on all.
fn networks(name: &str) -> &'static [Preset] {
    match name {
        "l16" => &Preset::ALL,
        _ => &[Preset::Wifi, Preset::Lossy],
    }
}

/// What is expected.
const EXPECTED: &str = include_str!("checksums.txt");

fn sum(call: &Call) -> String {
    let mut hash = Sha256::new();
    for sample in &call.heard {
        hash.update(sample.to_le_bytes());
    }
    hash.finalize()[..8]
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes anything");
            text
        })
}

/// The counters of a call that say what the buffer did.
fn counters(call: &Call) -> String {
    let it = &call.statistics;
    let counters = [
        ("received", it.received),
        ("duplicates", it.duplicates),
        ("late", it.late),
        ("lost", it.lost),
        ("recovered", it.recovered),
        ("underruns", it.underruns),
        ("decoded", it.decoded_frames),
        ("concealed", it.concealed_samples),
        ("silent", it.silent_frames),
        ("stretched", it.stretched_samples),
        ("shrunk", it.shrunk_samples),
        ("skipped", it.skipped_samples),
        ("delay_us", it.delay.as_micros() as u64),
    ];
    counters
        .iter()
        .map(|(name, count)| format!("{name}={count}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A line of the file for each call.
fn found(codings: &[(&str, Coding)]) -> Vec<String> {
    let wide = recordings(RATE);
    let narrow: Vec<i16> = wide.iter().copied().step_by(2).collect();
    let mut lines = Vec::new();
    for &(name, coding) in codings {
        let speech = if coding.format().rate == RATE {
            &wide
        } else {
            &narrow
        };
        for policy in [Policy::Play, Policy::Listen] {
            for preset in networks(name) {
                let call = coded_call(policy, coding, &preset.profile(), SEED, speech);
                let network = preset.name();
                let (sum, counters) = (sum(&call), counters(&call));
                lines.push(format!("{name} {policy:?} {network} {sum} {counters}"));
            }
        }
    }
    lines
}

/// Compares all calls by codings whose names `wanted` takes.
fn compare(wanted: fn(&str) -> bool) {
    let codings: Vec<_> = CODINGS
        .iter()
        .filter(|(name, _)| wanted(name))
        .copied()
        .collect();
    let found = found(&codings).join("\n");
    let expected: Vec<&str> = EXPECTED
        .lines()
        .filter(|line| line.split(' ').next().is_some_and(wanted))
        .collect();
    assert!(!expected.is_empty());
    assert!(
        found == expected.join("\n"),
        "what is heard has changed:\n{found}"
    );
}

fn is_opus(name: &str) -> bool {
    name.starts_with("opus")
}

#[test]
fn one_seed_gives_the_same_audio_and_the_same_counters_always() {
    compare(|name| !is_opus(name));
}

#[test]
fn one_seed_gives_the_same_audio_and_the_same_counters_with_the_same_libopus() {
    if audiopus::version() == LIBOPUS {
        compare(is_opus);
    }
}

#[test]
fn a_call_repeated_is_the_same_to_the_last_counter() {
    let speech = recordings(RATE);
    for policy in [Policy::Play, Policy::Listen] {
        let once = || call(policy, RATE, &Preset::Wifi.profile(), 3, &speech);
        assert_eq!(once(), once());
    }
}

#[test]
fn another_seed_gives_another_call() {
    let speech = recordings(RATE);
    let with = |seed| call(Policy::Play, RATE, &Preset::Lossy.profile(), seed, &speech);
    assert_ne!(sum(&with(1)), sum(&with(2)));
}
