//! One copy of the model: an encoder of audio and a decoder that writes tokens.

use std::borrow::Cow;
use std::path::Path;

use onnx::{LoadModelError, Runtime};
use ort::session::{Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Tensor, TensorRef};

use super::tokenizer::Tokenizer;

const ENCODER: &str = "encoder_model.ort";
const DECODER: &str = "decoder_model_merged.ort";

/// The token before the first one, and the one after the last.
const BEGIN: usize = 1;
const END: usize = 2;
/// Attention heads and the width of each, of which the first step's empty past
/// is made.
const HEADS: usize = 8;
const HEAD_WIDTH: usize = 36;
/// Samples in a second of what the model hears.
const HERTZ: usize = 16_000;

/// Encoder and decoder, for one thread.
pub(super) struct Model {
    encoder: Session,
    decoder: Session,
    past: Vec<PastSlot>,
    /// Tokens that the decoder chooses from.
    vocabulary: usize,
    /// As many ones as the longest piece so far has samples: the attention mask.
    mask: Vec<i64>,
}

/// An input of the decoder that takes what one of its outputs gave in the step
/// before.
struct PastSlot {
    input: String,
    output: String,
    /// Whether it changes with each token. What stems from the encoder's answer
    /// is computed in the first step alone.
    grows: bool,
}

impl Model {
    /// Opens both parts in `folder` and checks that they fit each other.
    pub(super) fn load(runtime: &Runtime, folder: &Path) -> Result<Self, LoadModelError> {
        let encoder = runtime.session(&folder.join(ENCODER))?;
        let decoder = runtime.session(&folder.join(DECODER))?;
        let unusable = |reason: String| LoadModelError::Unusable {
            path: folder.join(DECODER),
            reason,
        };
        let past = past_slots(&decoder).map_err(unusable)?;
        let vocabulary = vocabulary(&decoder)
            .ok_or_else(|| unusable("its output logits is not over a vocabulary".to_owned()))?;
        Ok(Self {
            encoder,
            decoder,
            past,
            vocabulary,
            mask: Vec::new(),
        })
    }

    /// How many different tokens it writes.
    pub(super) const fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Writes down what is said in `samples`, 16 kHz from -1 to 1. `None` if
    /// `given_up` said so between two tokens.
    pub(super) fn decode(
        &mut self,
        samples: &[f32],
        tokenizer: &Tokenizer,
        given_up: &dyn Fn() -> bool,
    ) -> ort::Result<Option<String>> {
        if self.mask.len() < samples.len() {
            self.mask.resize(samples.len(), 1);
        }
        let mask = &self.mask[..samples.len()];
        let heard = encode(&mut self.encoder, samples, mask)?;
        let mut past = empty_past(self.past.len())?;
        let mut tokens = Vec::new();
        let mut token = BEGIN;
        for step in 0..most_tokens(samples.len()) {
            if given_up() {
                return Ok(None);
            }
            let token_input = [token as i64];
            let mut inputs = ort::inputs! {
                "input_ids" => TensorRef::from_array_view(([1_usize, 1], token_input.as_slice()))?,
                "encoder_hidden_states" => &heard,
                "encoder_attention_mask" => TensorRef::from_array_view(([1, mask.len()], mask))?,
                "use_cache_branch" => Tensor::from_array(([1_usize], vec![step > 0]))?,
            };
            inputs.extend(self.past.iter().zip(&past).map(|(slot, value)| {
                (
                    Cow::from(slot.input.as_str()),
                    SessionInputValue::from(value),
                )
            }));
            let mut outputs = self.decoder.run(inputs)?;
            token = likeliest(&outputs)?;
            if token == END {
                break;
            }
            tokens.push(token);
            for (slot, value) in self.past.iter().zip(&mut past) {
                if slot.grows || step == 0 {
                    *value = taken(&mut outputs, &slot.output)?;
                }
            }
        }
        Ok(Some(tokenizer.text(&tokens)))
    }
}

fn encode(encoder: &mut Session, samples: &[f32], mask: &[i64]) -> ort::Result<DynValue> {
    let mut outputs = encoder.run(ort::inputs! {
        "input_values" => TensorRef::from_array_view(([1, samples.len()], samples))?,
        "attention_mask" => TensorRef::from_array_view(([1, mask.len()], mask))?,
    })?;
    taken(&mut outputs, "last_hidden_state")
}

/// The decoder's inputs named `past_key_values.{layer}.{part}.{kind}`, each with
/// the output `present.…` that feeds it.
fn past_slots(decoder: &Session) -> Result<Vec<PastSlot>, String> {
    let slots: Vec<PastSlot> = decoder
        .inputs()
        .iter()
        .filter_map(|input| {
            let rest = input.name().strip_prefix("past_key_values.")?;
            Some(PastSlot {
                input: input.name().to_owned(),
                output: format!("present.{rest}"),
                grows: rest.contains(".decoder."),
            })
        })
        .collect();
    if slots.is_empty() {
        return Err("it has no input past_key_values, as Moonshine's decoder has".to_owned());
    }
    for slot in &slots {
        if !decoder
            .outputs()
            .iter()
            .any(|output| output.name() == slot.output)
        {
            return Err(format!(
                "it has no output {}, as Moonshine's decoder has",
                slot.output
            ));
        }
    }
    Ok(slots)
}

fn vocabulary(decoder: &Session) -> Option<usize> {
    let logits = decoder
        .outputs()
        .iter()
        .find(|output| output.name() == "logits")?;
    usize::try_from(*logits.dtype().tensor_shape()?.last()?).ok()
}

fn empty_past(slots: usize) -> ort::Result<Vec<DynValue>> {
    let slot = || {
        let zeros = vec![0.0_f32; HEADS * HEAD_WIDTH];
        Tensor::from_array(([1, HEADS, 1, HEAD_WIDTH], zeros)).map(Tensor::into_dyn)
    };
    (0..slots).map(|_| slot()).collect()
}

/// Nobody speaks more than about six tokens a second; a decoder that goes on is
/// repeating itself.
const fn most_tokens(samples: usize) -> usize {
    (samples * 13).div_ceil(HERTZ * 2)
}

fn likeliest(outputs: &SessionOutputs<'_>) -> ort::Result<usize> {
    let logits = outputs.get("logits").ok_or_else(|| absent("logits"))?;
    let (_, logits) = logits.try_extract_tensor::<f32>()?;
    let best = logits
        .iter()
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other));
    Ok(best.map_or(END, |(token, _)| token))
}

fn taken(outputs: &mut SessionOutputs<'_>, name: &str) -> ort::Result<DynValue> {
    outputs.remove(name).ok_or_else(|| absent(name))
}

fn absent(output: &str) -> ort::Error {
    ort::Error::new(format!("the model gave no output {output}"))
}
