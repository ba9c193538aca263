//! How soon the agent is silent when a caller begins to speak.

use std::time::Duration;

use audio::level;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use replay::{Caller, Cue, Replayed};
use report::{Quantiles, Speaker};

use super::figures::{BargeIn, Waited};
use super::onset::onset;
use super::{Bench, MeasureError, Voice};

/// What the agent says meanwhile.
pub(super) const SPEECH: &str = "Thank you for calling the city museum. The galleries on the ground \
     floor are open every morning from nine until noon, and again in the afternoon. The roof \
     garden closes when the sun goes down. Tickets are sold at the main door.";

/// When the interruptions come, from the agent's first sound on.
const FROM: Duration = Duration::from_millis(1_000);
const TO: Duration = Duration::from_millis(8_000);

/// How long after the decision the agent may still be heard: a tick, and the frame under way.
const FADES: Duration = Duration::from_millis(60);

/// How much of an utterance is heard: what the agent does after it has yielded is not measured.
const HEARD: Duration = Duration::from_millis(1_500);

/// How many of the longest waits are told.
const SLOWEST: usize = 10;

/// Has the beginning of each utterance interrupt the agent.
pub(super) fn measure(bench: &mut Bench<'_>, voices: &[Voice]) -> Result<BargeIn, MeasureError> {
    let mut random = StdRng::seed_from_u64(bench.options.seed);
    let mut waits = Vec::new();
    let mut missed = Vec::new();
    for voice in voices.iter().filter(|voice| voice.alone) {
        let Some(onset) = onset(&voice.samples, bench.rate()) else {
            continue;
        };
        let heard = bench.rate().samples_in(onset + HEARD);
        let samples = voice.samples.iter().take(heard).copied();
        let recording = bench.recording(samples.collect());
        for _ in 0..bench.options.moments {
            let begins = random.random_range(FROM..TO);
            let said = vec![(Cue::Speech(begins), recording.clone())];
            let call = bench.call(SPEECH, Caller::Speaking(said))?;
            let Some(spoke) = call.spoke.first() else {
                missed.push(voice.name.clone());
                continue;
            };
            match silent(&call, *spoke, onset) {
                // The agent was breathing at that moment.
                Some(None) => {}
                Some(Some(wait)) => {
                    waits.push(Waited {
                        recording: voice.name.clone(),
                        ms: wait.as_secs_f64() * 1_000.0,
                    });
                }
                None => missed.push(voice.name.clone()),
            }
        }
    }
    let silent_after_ms = Quantiles::of(waits.iter().map(|wait| wait.ms).collect());
    let interruptions = waits.len() + missed.len();
    waits.sort_by(|one, other| other.ms.total_cmp(&one.ms));
    waits.truncate(SLOWEST);
    Ok(BargeIn {
        interruptions,
        silent_after_ms,
        slowest: waits,
        missed,
    })
}

/// How long after the caller's voice, `onset` into the recording that began at `spoke`, the agent
/// was last heard before it yielded; `None` if it did not, `Some(None)` if it was silent anyway.
fn silent(call: &Replayed, spoke: Duration, onset: Duration) -> Option<Option<Duration>> {
    let mut turns = call.account.turns.iter();
    let speech = turns.find(|turn| turn.speaker == Speaker::Agent)?;
    if !speech.interrupted {
        return None;
    }
    let yielded = Duration::from_millis(speech.end_ms);
    let until = call.rate.samples_in(yielded + FADES).min(call.agent.len());
    let heard = call.agent.get(..until)?;
    let last = heard
        .iter()
        .rposition(|sample| level::is_audible(&[*sample]))?;
    let last = call.rate.duration_of(last + 1);
    Some((last >= spoke).then(|| last.saturating_sub(spoke + onset)))
}
