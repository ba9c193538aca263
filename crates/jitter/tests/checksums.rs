//! One seed gives one result, on every machine: the audio of some calls as a
//! checksum. Whoever changes on purpose what is heard puts the new ones here.

mod speech;

use std::fmt::Write;

use audio::SampleRate;
use jitter::Policy;
use netem::Preset;
use sha2::{Digest, Sha256};
use speech::{Call, call, recordings};

/// At the rate of the recordings, since resampling may differ between machines.
const RATE: SampleRate = SampleRate::HZ_16000;

const SUMS: [(Policy, Preset, &str); 18] = [
    (Policy::Play, Preset::Clean, "04bf45e2555a02c2"),
    (Policy::Play, Preset::Wifi, "9070e35569162073"),
    (Policy::Play, Preset::Mobile, "daecfae2d3c89d2b"),
    (Policy::Play, Preset::Lossy, "6381889a3b46b9c4"),
    (Policy::Play, Preset::Bursty, "09885f251977d386"),
    (Policy::Play, Preset::Spiky, "4c7f3df65cd57fc3"),
    (Policy::Play, Preset::Drift, "9076515145eefab8"),
    (Policy::Play, Preset::Freeze, "ba8761902988a2d8"),
    (Policy::Play, Preset::Bufferbloat, "0ba4cbb0badfaac0"),
    (Policy::Listen, Preset::Clean, "58ca876fff7f5d35"),
    (Policy::Listen, Preset::Wifi, "5a1cab9f54a7243a"),
    (Policy::Listen, Preset::Mobile, "ef33a990d2522626"),
    (Policy::Listen, Preset::Lossy, "e5b880eccbf5aaed"),
    (Policy::Listen, Preset::Bursty, "769f497149ddc44c"),
    (Policy::Listen, Preset::Spiky, "ab3bdb723765e647"),
    (Policy::Listen, Preset::Drift, "58ca876fff7f5d35"),
    (Policy::Listen, Preset::Freeze, "1751089d2a931c49"),
    (Policy::Listen, Preset::Bufferbloat, "16beb88573211756"),
];

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

#[test]
fn one_seed_gives_the_same_audio_always() {
    let speech = recordings(RATE);
    let mut wrong = String::new();
    for (policy, preset, expected) in SUMS {
        let call = call(policy, RATE, &preset.profile(), 7, &speech);
        let found = sum(&call);
        if found != expected {
            writeln!(
                wrong,
                "(Policy::{policy:?}, Preset::{preset:?}, \"{found}\"),"
            )
            .expect("a string takes anything");
        }
    }
    assert!(wrong.is_empty(), "what is heard has changed:\n{wrong}");
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
