//! Runs the voice detector so that a panic over one window costs no other call its ears.

use vad::{InferenceError, StreamState};

use crate::supervision::survive;

/// A stream and its next window.
pub(super) type Input<'a> = (&'a mut StreamState, &'a [i16]);

/// Runs `detect` over the batch, and over each window alone should that panic. Writes one
/// probability for each window, in order: `None` for one over which it panicked even alone.
/// Windows that it refused count as silence.
pub(super) fn judge(
    mut detect: impl FnMut(&mut [Input<'_>], &mut Vec<f32>) -> Result<(), InferenceError>,
    batch: &mut [Input<'_>],
    judged: &mut Vec<Option<f32>>,
) {
    judged.clear();
    let mut attempt = |windows: &mut [Input<'_>]| {
        let mut probabilities = Vec::with_capacity(windows.len());
        survive(|| {
            if let Err(error) = detect(windows, &mut probabilities) {
                tracing::error!(%error, "voice detection failed, windows count as silence");
                probabilities.clear();
            }
            probabilities.resize(windows.len(), 0.0);
            probabilities
        })
    };
    if let Some(probabilities) = attempt(batch) {
        judged.extend(probabilities.into_iter().map(Some));
        return;
    }
    tracing::error!(
        windows = batch.len(),
        "voice detection panicked, each window is tried alone"
    );
    for window in batch.chunks_mut(1) {
        let probability = attempt(window).and_then(|probabilities| probabilities.first().copied());
        judged.push(probability);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POISON: i16 = 666;

    /// The first sample as the probability; panics over a batch with a poisoned window.
    fn detect(batch: &mut [Input<'_>], out: &mut Vec<f32>) -> Result<(), InferenceError> {
        assert!(batch.iter().all(|(_, samples)| samples[0] != POISON));
        out.extend(batch.iter().map(|(_, samples)| f32::from(samples[0])));
        Ok(())
    }

    fn judged(
        samples: &[[i16; 1]],
        detect: impl FnMut(&mut [Input<'_>], &mut Vec<f32>) -> Result<(), InferenceError>,
    ) -> Vec<Option<f32>> {
        let mut states = vec![StreamState::new(); samples.len()];
        let windows = states.iter_mut().zip(samples);
        let mut batch: Vec<Input<'_>> = windows.map(|(state, one)| (state, &one[..])).collect();
        let mut judged = vec![Some(9.0)];
        judge(detect, &mut batch, &mut judged);
        judged
    }

    #[test]
    fn a_batch_is_judged_in_its_order() {
        assert_eq!(
            judged(&[[1], [2], [3]], detect),
            [Some(1.0), Some(2.0), Some(3.0)]
        );
    }

    #[test]
    fn a_window_that_makes_the_detector_panic_costs_no_other_its_judgement() {
        assert_eq!(
            judged(&[[1], [POISON], [3]], detect),
            [Some(1.0), None, Some(3.0)]
        );
    }

    #[test]
    fn a_batch_that_is_refused_counts_as_silence() {
        let refuse = |_: &mut [Input<'_>], _: &mut Vec<f32>| {
            Err(InferenceError::Answer {
                found: 0,
                expected: 2,
            })
        };
        assert_eq!(judged(&[[1], [2]], refuse), [Some(0.0), Some(0.0)]);
    }
}
