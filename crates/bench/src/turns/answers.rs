//! How long callers wait for an answer, and how much of that is explained.

use replay::Caller;
use report::Quantiles;

use super::figures::Answers;
use super::{Bench, MeasureError, Voice};

const GREETING: &str = "Hello, how can I help you?";

/// From this weight of its evidence on a turn counts as judged complete: it was not waited for
/// until no turn could last longer.
const COMPLETE: f32 = 0.5;

/// Has each recording answered.
pub(super) fn measure(bench: &mut Bench<'_>, voices: &[Voice]) -> Result<Answers, MeasureError> {
    let mut all = Vec::new();
    for voice in voices {
        let recording = bench.recording(voice.samples.clone());
        let call = bench.call(GREETING, Caller::Recorded(recording))?;
        let answers = call.latencies.into_iter();
        all.extend(answers.filter(|answer| answer.evidence.is_some()));
    }
    let whole = |answer: &engine::TurnLatency| {
        let items = answer.items.iter().map(|item| item.duration_ms);
        items.sum::<f64>() + answer.unattributed_ms
    };
    let complete = all.iter().filter(|answer| {
        let evidence = answer.evidence.as_ref();
        evidence.is_some_and(|evidence| evidence.completeness >= COMPLETE)
    });
    let complete: Vec<f64> = complete.map(whole).collect();
    let decided = all
        .iter()
        .map(|answer| answer.decision_to_first_audio_ms as f64);
    let unattributed = all.iter().map(|answer| answer.unattributed_ms);
    Ok(Answers {
        turns: all.len(),
        decision_to_first_audio_ms: Quantiles::of(decided.collect()),
        judged_complete: complete.len(),
        voiced_to_audible_ms: Quantiles::of(complete),
        longest_ms: all.iter().map(whole).fold(0.0, f64::max),
        unattributed_max_ms: unattributed.fold(0.0, f64::max),
    })
}
