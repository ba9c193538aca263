//! Whether sounds that say nothing stop the agent, or are taken for a turn.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use replay::{Caller, Cue};
use report::Speaker;

use super::barge_in::SPEECH;
use super::figures::{Noise, NoiseOf};
use super::sounds::{Kind, RATE, Sound};
use super::{Bench, MeasureError};

/// When the sounds come, from the agent's first sound on.
const FROM: Duration = Duration::from_millis(800);
const TO: Duration = Duration::from_millis(6_000);

/// Lets each sound be heard while the agent speaks.
pub(super) fn measure(bench: &mut Bench<'_>, sounds: &[Sound]) -> Result<Noise, MeasureError> {
    let mut random = StdRng::seed_from_u64(bench.options.seed);
    let mut kinds: Vec<NoiseOf> = Kind::ALL.map(NoiseOf::new).to_vec();
    for sound in sounds {
        let begins = random.random_range(FROM..TO);
        let samples = audio::resample::resample(&sound.samples, RATE, bench.rate());
        let recording = bench.recording(samples.unwrap_or_default());
        let caller = Caller::Speaking(vec![(Cue::Speech(begins), recording)]);
        let call = bench.call(SPEECH, caller)?;
        let turns = &call.account.turns;
        let stopped = turns
            .iter()
            .any(|turn| turn.speaker == Speaker::Agent && turn.interrupted);
        let false_turns = turns.iter().filter(|turn| turn.speaker == Speaker::Caller);
        let Some(of) = kinds.iter_mut().find(|of| of.kind == sound.kind.name()) else {
            continue;
        };
        of.played += 1;
        of.false_turns += false_turns.count();
        if stopped {
            of.stops.push(sound.number);
        }
    }
    Ok(Noise {
        played: kinds.iter().map(|of| of.played).sum(),
        stops: kinds.iter().map(|of| of.stops.len()).sum(),
        false_turns: kinds.iter().map(|of| of.false_turns).sum(),
        kinds,
    })
}
