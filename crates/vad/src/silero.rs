//! The Silero model (`silero_vad_op18_ifless.onnx`, version 6).

use std::path::Path;

use audio::SampleRate;
use onnx::{LoadModelError, Runtime};
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;
use thiserror::Error;

/// Values in each of the two layers of one stream's recurrent state.
const STATE: usize = 128;
const LAYERS: usize = 2;
/// Samples of the previous window that precede the new ones: 4 ms.
const CONTEXT_8K: usize = 32;
const CONTEXT_16K: usize = 64;
/// Samples of one window: 32 ms.
const WINDOW_8K: usize = 256;
const WINDOW_16K: usize = 512;

/// What Silero remembers of one stream between windows: its recurrent state and
/// the end of the last window. About 1.3 KB, no heap.
///
/// A state belongs to one stream at one rate. A new stream begins with
/// [`StreamState::new`]; windows must then arrive in order and without gaps.
#[derive(Clone, Debug)]
pub struct StreamState {
    layers: [[f32; STATE]; LAYERS],
    context: [f32; CONTEXT_16K],
}

impl StreamState {
    /// The state of a stream that was silent until now.
    pub const fn new() -> Self {
        Self {
            layers: [[0.0; STATE]; LAYERS],
            context: [0.0; CONTEXT_16K],
        }
    }

    /// Forgets all that was heard, as after a gap in the stream.
    pub const fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for StreamState {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a batch gave no probabilities. The streams' states are then as before.
#[derive(Debug, Error)]
pub enum InferenceError {
    /// A window has the wrong number of samples: a mistake of the caller.
    #[error("window {index} of the batch holds {found} samples, expected {expected} (32 ms)")]
    WindowLength {
        /// Position in the batch, from 0.
        index: usize,
        /// Samples it holds.
        found: usize,
        /// Samples it must hold, [`Silero::window`].
        expected: usize,
    },
    /// ONNX Runtime failed; the same batch is likely to fail again.
    #[error("Silero inference failed: {0}")]
    Runtime(#[from] ort::Error),
    /// The model answered in a shape that it never should.
    #[error("Silero answered with {found} values, expected {expected}")]
    Answer {
        /// Values in the answer.
        found: usize,
        /// Values expected for this batch.
        expected: usize,
    },
}

/// Silero, loaded for one sample rate. One thread uses it at a time; threads
/// that detect in parallel load one each (about 4 MB).
#[derive(Debug)]
pub struct Silero {
    session: Session,
    rate: SampleRate,
    window: usize,
    context: usize,
    /// The batch as the model wants it, kept to reuse its memory.
    input: Vec<f32>,
    state: Vec<f32>,
}

impl Silero {
    /// Loads the model file for streams at `rate`, 8 or 16 kHz.
    ///
    /// # Errors
    ///
    /// [`LoadModelError`] if the file is missing, is not Silero, or `rate` is
    /// neither of the two.
    pub fn load(runtime: &Runtime, model: &Path, rate: SampleRate) -> Result<Self, LoadModelError> {
        let unusable = |reason: String| LoadModelError::Unusable {
            path: model.to_owned(),
            reason,
        };
        let (window, context) = match rate {
            SampleRate::HZ_8000 => (WINDOW_8K, CONTEXT_8K),
            SampleRate::HZ_16000 => (WINDOW_16K, CONTEXT_16K),
            _ => {
                return Err(unusable(format!(
                    "Silero hears at 8 or 16 kHz, not at {rate}"
                )));
            }
        };
        let session = runtime.session(model)?;
        for name in ["input", "state", "sr"] {
            if !session.inputs().iter().any(|input| input.name() == name) {
                return Err(unusable(format!("it has no input '{name}', as Silero has")));
            }
        }
        Ok(Self {
            session,
            rate,
            window,
            context,
            input: Vec::new(),
            state: Vec::new(),
        })
    }

    /// The rate of the streams it hears.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples in one window: 256 at 8 kHz, 512 at 16 kHz.
    pub const fn window(&self) -> usize {
        self.window
    }

    /// Hears the next window of each stream in `batch` with one inference.
    /// `probabilities` is cleared and then holds, in the batch's order, the
    /// probability from 0 to 1 that each window is speech. An empty batch gives
    /// none.
    ///
    /// A stream's answer does not depend on what else is in the batch.
    ///
    /// # Errors
    ///
    /// [`InferenceError`]; no stream has moved on then and `probabilities` is
    /// empty.
    pub fn run(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut Vec<f32>,
    ) -> Result<(), InferenceError> {
        probabilities.clear();
        if batch.is_empty() {
            return Ok(());
        }
        self.gather(batch)?;
        let streams = batch.len();
        let outputs = self.session.run(ort::inputs! {
            "input" => TensorRef::from_array_view(
                ([streams, self.context + self.window], self.input.as_slice()),
            )?,
            "state" => TensorRef::from_array_view(
                ([LAYERS, streams, STATE], self.state.as_slice()),
            )?,
            "sr" => TensorRef::from_array_view(
                ([0_usize; 0], [i64::from(self.rate.hertz())].as_slice()),
            )?,
        })?;
        let heard = output(&outputs, "output", streams)?;
        let states = output(&outputs, "stateN", LAYERS * streams * STATE)?;
        probabilities.extend_from_slice(heard);
        scatter(batch, states, &self.input, self.context);
        Ok(())
    }

    /// Lays the batch out as the model's inputs: each row the context and the
    /// window, and the states layer by layer.
    fn gather(&mut self, batch: &[(&mut StreamState, &[i16])]) -> Result<(), InferenceError> {
        self.input.clear();
        self.state.clear();
        for (index, (stream, samples)) in batch.iter().enumerate() {
            if samples.len() != self.window {
                let found = samples.len();
                return Err(InferenceError::WindowLength {
                    index,
                    found,
                    expected: self.window,
                });
            }
            self.input
                .extend_from_slice(&stream.context[..self.context]);
            self.input
                .extend(samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
        }
        for layer in 0..LAYERS {
            for (stream, _) in batch {
                self.state.extend_from_slice(&stream.layers[layer]);
            }
        }
        Ok(())
    }
}

fn output<'a>(
    outputs: &'a SessionOutputs<'_>,
    name: &str,
    expected: usize,
) -> Result<&'a [f32], InferenceError> {
    let Some(value) = outputs.get(name) else {
        return Err(InferenceError::Answer { found: 0, expected });
    };
    let (_, values) = value.try_extract_tensor::<f32>()?;
    if values.len() != expected {
        return Err(InferenceError::Answer {
            found: values.len(),
            expected,
        });
    }
    Ok(values)
}

/// Gives each stream its new state and the end of its window.
fn scatter(
    batch: &mut [(&mut StreamState, &[i16])],
    states: &[f32],
    input: &[f32],
    context: usize,
) {
    let streams = batch.len();
    let row = input.len() / streams;
    for (index, (stream, _)) in batch.iter_mut().enumerate() {
        for (layer, values) in stream.layers.iter_mut().enumerate() {
            let start = (layer * streams + index) * STATE;
            values.copy_from_slice(&states[start..start + STATE]);
        }
        let end = (index + 1) * row;
        stream.context[..context].copy_from_slice(&input[end - context..end]);
    }
}
