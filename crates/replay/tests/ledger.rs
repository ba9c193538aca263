//! The account of an answer's wait against the recordings of both sides.

mod support;

use std::ops::Range;
use std::time::Duration;

use audio::codec::Codec;
use replay::{Caller, Replayed};
use report::{Ledger, Speaker};
use support::{AUDIBLE, Line, call, fixture, stages};

/// How far the account may be off.
const TOLERANCE_MS: f64 = 10.0;

/// A pause in which an agent may answer.
const PAUSE_MS: u64 = 200;

const CALLERS: [&str; 6] = [
    "ast_en_ss-noservice.wav",
    "ast_en_vm-review.wav",
    "ast_en_pbx-invalid.wav",
    "ast_en_something-terribly-wrong.wav",
    "ast_en_vm-nobodyavail.wav",
    "syn_en_open-sunday.wav",
];

fn audible(sample: &i16) -> bool {
    sample.unsigned_abs() >= AUDIBLE
}

/// Where in `samples` something is audible, pauses shorter than `pause` aside.
fn sounds(samples: &[i16], pause: usize) -> Vec<Range<usize>> {
    let mut sounds: Vec<Range<usize>> = Vec::new();
    for (place, _) in samples.iter().enumerate().filter(|(_, one)| audible(one)) {
        match sounds.last_mut().filter(|last| place - last.end < pause) {
            Some(last) => last.end = place + 1,
            None => sounds.push(place..place + 1),
        }
    }
    sounds
}

/// Each account, and the gap that the recordings show: from the caller's last audible sample to
/// the first one of the agent that follows what the agent said before.
fn gaps(call: &Replayed) -> Vec<(&Ledger, f64)> {
    let samples = |millis| call.rate.samples_in(Duration::from_millis(millis));
    let turns = call.account.turns.iter();
    let agent = turns.filter(|turn| turn.speaker == Speaker::Agent);
    let mut silent_from = 0;
    let mut gaps = Vec::new();
    for turn in agent {
        let onset = call.agent[silent_from..].iter().position(audible);
        let onset = silent_from + onset.expect("the agent is heard");
        // An interrupted agent is heard until the tick after the decision.
        silent_from = samples(turn.end_ms + if turn.interrupted { 40 } else { 1 });
        let Some(ledger) = &turn.ledger else {
            continue;
        };
        let mut said = sounds(&call.caller[..onset], samples(PAUSE_MS));
        // A caller who goes on at the very moment is not who is answered.
        let goes_on = |last: &mut Range<usize>| onset - last.end < samples(PAUSE_MS);
        said.pop_if(goes_on);
        let last = said.last().expect("the caller was heard before").end - 1;
        let gap = (onset - last) as f64 / f64::from(call.rate.hertz()) * 1_000.0;
        gaps.push((ledger, gap));
    }
    gaps
}

fn adds_up(line: &Line) {
    let mut stages = stages();
    let mut answers = 0;
    for name in CALLERS {
        let caller = Caller::Recorded(fixture(name, line.codec, &mut stages));
        let call = call(&mut stages, &support::support(), caller, line);
        for (ledger, gap) in gaps(&call) {
            let sum: f64 = ledger.items.iter().map(|item| item.duration_ms).sum();
            assert!(
                (sum - gap).abs() <= TOLERANCE_MS,
                "{name}: {sum} of {gap} ms, {ledger:?}"
            );
            assert!(ledger.unattributed_ms <= TOLERANCE_MS, "{name}: {ledger:?}");
            answers += 1;
        }
    }
    assert!(answers >= CALLERS.len(), "{answers} answers");
}

#[test]
fn the_items_of_an_answer_add_up_to_the_gap_in_the_recording() {
    adds_up(&Line {
        codec: Codec::L16Wide,
        net: "clean",
        seed: 1,
    });
}

#[test]
fn they_do_over_a_telephone_line_with_jitter() {
    for seed in [1, 2] {
        adds_up(&Line {
            codec: Codec::Pcmu,
            net: "wifi",
            seed,
        });
    }
}
