//! The Silero model (`silero_vad_op18_ifless.onnx`, version 6) in ONNX Runtime.

use std::path::Path;

use audio::SampleRate;
use onnx::{LoadModelError, Runtime};
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;

use crate::batch::{self, Batch, InferenceError};
use crate::geometry::Geometry;
use crate::stream::{LAYERS, Memory, StreamState, UNITS, normalised};

/// Silero in ONNX Runtime, loaded for one sample rate: the reference that the kernel is measured
/// against. One thread uses it at a time; threads that detect in parallel load one each (about
/// 4 MB).
#[derive(Debug)]
pub struct Silero {
    session: Session,
    rate: SampleRate,
    geometry: Geometry,
    /// The batch as the model wants it: rows of context and window, and the state layer by layer.
    /// Kept to reuse the memory.
    input: Vec<f32>,
    layers: [Vec<f32>; LAYERS],
    state: Vec<f32>,
    /// What the model answered.
    probabilities: Vec<f32>,
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
        let Some(geometry) = Geometry::at(rate) else {
            let reason = format!("Silero hears at 8 or 16 kHz, not at {rate}");
            return Err(unusable(reason));
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
            geometry,
            input: Vec::new(),
            layers: [Vec::new(), Vec::new()],
            state: Vec::new(),
            probabilities: Vec::new(),
        })
    }

    /// The rate of the streams it hears.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples in one window: 256 at 8 kHz, 512 at 16 kHz.
    pub const fn window(&self) -> usize {
        self.geometry.window
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
        batch::hear(self, self.geometry.window, batch, probabilities)
    }
}

impl Batch for Silero {
    fn clear(&mut self) {
        self.input.clear();
        self.layers.iter_mut().for_each(Vec::clear);
    }

    fn push(&mut self, memory: &Memory, window: &[i16]) {
        self.input
            .extend_from_slice(memory.context(self.geometry.context));
        self.input.extend(window.iter().copied().map(normalised));
        for (layers, layer) in self.layers.iter_mut().zip(&memory.layers) {
            layers.extend_from_slice(layer);
        }
    }

    fn infer(&mut self) -> Result<(), InferenceError> {
        let Geometry { window, context } = self.geometry;
        let streams = self.input.len() / (window + context);
        self.state.clear();
        for layer in &self.layers {
            self.state.extend_from_slice(layer);
        }
        let outputs = self.session.run(ort::inputs! {
            "input" => TensorRef::from_array_view(
                ([streams, context + window], self.input.as_slice()),
            )?,
            "state" => TensorRef::from_array_view(
                ([LAYERS, streams, UNITS], self.state.as_slice()),
            )?,
            "sr" => TensorRef::from_array_view(
                ([0_usize; 0], [i64::from(self.rate.hertz())].as_slice()),
            )?,
        })?;
        let heard = output(&outputs, "output", streams)?;
        let states = output(&outputs, "stateN", LAYERS * streams * UNITS)?;
        self.probabilities.clear();
        self.probabilities.extend_from_slice(heard);
        for (layer, values) in self
            .layers
            .iter_mut()
            .zip(states.chunks_exact(streams * UNITS))
        {
            layer.copy_from_slice(values);
        }
        Ok(())
    }

    fn probability(&self, index: usize) -> f32 {
        self.probabilities[index]
    }

    fn remember(&self, index: usize, memory: &mut Memory) {
        let Geometry { window, context } = self.geometry;
        for (layer, values) in memory.layers.iter_mut().zip(&self.layers) {
            layer.copy_from_slice(&values[index * UNITS..(index + 1) * UNITS]);
        }
        let end = (index + 1) * (context + window);
        memory.follow(self.input[end - context..end].iter().copied());
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
