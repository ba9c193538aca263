//! The Smart Turn model (`smart-turn-v3.2-cpu.onnx`).

use std::path::Path;

use onnx::{LoadModelError, Runtime};
use ort::session::Session;
use ort::value::TensorRef;
use thiserror::Error;

use crate::features::{FRAMES, Features};
use crate::mel::BANDS;

const INPUT: &str = "input_features";
/// Named so by the model, though it has been through the sigmoid already.
const OUTPUT: &str = "logits";

/// Why the model gave no probability. The next question may be asked all the same.
#[derive(Debug, Error)]
pub enum JudgeError {
    /// ONNX Runtime failed; the same audio is likely to fail again.
    #[error("Smart Turn inference failed: {0}")]
    Runtime(#[from] ort::Error),
    /// The model answered in a shape that it never should.
    #[error("Smart Turn answered with {found} values, expected 1")]
    Answer {
        /// Values in the answer.
        found: usize,
    },
}

/// Smart Turn, loaded. One thread uses it at a time; threads that judge in
/// parallel load one each (about 30 MB).
#[derive(Debug)]
pub struct SmartTurn {
    session: Session,
    features: Features,
}

impl SmartTurn {
    /// Loads the model file.
    ///
    /// # Errors
    ///
    /// [`LoadModelError`] if the file is missing or is not Smart Turn v3.
    pub fn load(runtime: &Runtime, model: &Path) -> Result<Self, LoadModelError> {
        let session = runtime.session(model)?;
        let expected = [BANDS as i64, FRAMES as i64];
        let fits = session.inputs().iter().any(|input| {
            input.name() == INPUT
                && input
                    .dtype()
                    .tensor_shape()
                    .is_some_and(|shape| shape.ends_with(&expected))
        });
        if !fits {
            return Err(LoadModelError::Unusable {
                path: model.to_owned(),
                reason: format!(
                    "it has no input '{INPUT}' of {BANDS} x {FRAMES} values, as Smart Turn v3 has"
                ),
            });
        }
        Ok(Self {
            session,
            features: Features::new(),
        })
    }

    /// The probability, from 0 to 1, that the speaker of `samples` (16 kHz) has
    /// finished with them.
    ///
    /// `samples` are the turn so far, with the pause at its end: any number of them,
    /// of which the last 8 s count. The model was trained with 0.5 as the border.
    ///
    /// # Errors
    ///
    /// [`JudgeError`] if the model cannot be run.
    pub fn judge(&mut self, samples: &[i16]) -> Result<f32, JudgeError> {
        let features = self.features.compute(samples);
        let outputs = self.session.run(ort::inputs! {
            INPUT => TensorRef::from_array_view(([1, BANDS, FRAMES], features))?,
        })?;
        let Some(answer) = outputs.get(OUTPUT) else {
            return Err(JudgeError::Answer { found: 0 });
        };
        let (_, values) = answer.try_extract_tensor::<f32>()?;
        match values {
            [probability] => Ok(probability.clamp(0.0, 1.0)),
            _ => Err(JudgeError::Answer {
                found: values.len(),
            }),
        }
    }
}
