//! Takes the weights of one rate out of a Silero file, and makes sure that the file computes what
//! the kernel computes.

use std::f64::consts::TAU;

use thiserror::Error;

use super::graph::{Graph, Tensor};
use super::signature;
use super::wire::MalformedMessage;
use crate::stream::UNITS;

/// Channels after each of the four convolutions of the encoder.
pub(crate) const CHANNELS: [usize; 4] = [128, 64, 64, 128];
/// Products of one output of a convolution with each of its inputs: the frame before, the same,
/// and the one after.
pub(crate) const TAPS: usize = 3;

/// How far a value of the file's transform may be from the exact one.
const TRANSFORM_TOLERANCE: f64 = 1e-6;

/// Why the kernel does not compute what a file does. ONNX Runtime may: these are reasons to give
/// the file to it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GraphError {
    /// It is no ONNX file, or a damaged one.
    #[error("it is no ONNX file, or a damaged one")]
    Malformed,
    /// A constant that Silero has is missing, or has another shape or type.
    #[error("its constant '{name}' should hold {expected}")]
    Tensor {
        /// The constant's name in the file.
        name: String,
        /// Type and shape that it should have.
        expected: String,
    },
    /// An operator is not as in Silero: another kind, other settings, other inputs.
    #[error("it computes '{found}' where '{expected}' is expected")]
    Operator {
        /// What Silero computes there.
        expected: String,
        /// What the file computes there; empty if it computes nothing more.
        found: String,
    },
    /// The first convolution is not a Fourier transform of windowed samples.
    #[error("its constant '{name}' is no windowed Fourier transform")]
    Transform {
        /// The constant's name in the file.
        name: String,
    },
}

impl From<MalformedMessage> for GraphError {
    fn from(_: MalformedMessage) -> Self {
        Self::Malformed
    }
}

/// The weights of the network for one rate, as the file has them.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// The window that samples are multiplied with before the transform.
    pub(crate) window: Vec<f32>,
    /// Each with output channels, input channels and taps as dimensions.
    pub(crate) encoder: [Layer; 4],
    /// Rows are the four gates' units: input, forget, candidate, output.
    pub(crate) input: Layer,
    pub(crate) recurrent: Layer,
    pub(crate) output: Layer,
}

/// The weights of a layer, row by row, and its bias.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Which of the two networks in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    /// What the names of its constants begin with.
    pub(crate) prefix: &'static str,
    /// The setting of the graph's `If` that holds it.
    pub(crate) choice: &'static str,
    /// Samples in a frame of the transform.
    pub(crate) frame: usize,
}

impl Branch {
    pub(crate) const HZ_8000: Self = Self {
        prefix: "model_8k",
        choice: "else_branch",
        frame: 128,
    };
    pub(crate) const HZ_16000: Self = Self {
        prefix: "model",
        choice: "then_branch",
        frame: 256,
    };

    /// Bins of the transform's spectrum.
    pub(crate) const fn bins(self) -> usize {
        self.frame / 2 + 1
    }

    fn name(self, constant: &str) -> String {
        format!("{}.{constant}", self.prefix)
    }
}

impl Weights {
    /// Reads the weights for a rate out of the bytes of a model file.
    pub(crate) fn read(file: &[u8], branch: Branch) -> Result<Self, GraphError> {
        let graph = Graph::read(file)?;
        signature::check(&graph, branch)?;
        let inputs = [branch.bins(), CHANNELS[0], CHANNELS[1], CHANNELS[2]];
        let mut encoder = <[Layer; 4]>::default();
        for (index, layer) in encoder.iter_mut().enumerate() {
            *layer = Layer::read(
                &graph,
                &branch.name(&format!("encoder.{index}.reparam_conv.weight")),
                &branch.name(&format!("encoder.{index}.reparam_conv.bias")),
                &[CHANNELS[index], inputs[index], TAPS],
            )?;
        }
        let cell = |side: &str| {
            Layer::read(
                &graph,
                &branch.name(&format!("decoder.rnn.weight_{side}")),
                &branch.name(&format!("decoder.rnn.bias_{side}")),
                &[4 * UNITS, UNITS],
            )
        };
        Ok(Self {
            window: window(&graph, branch)?,
            encoder,
            input: cell("ih")?,
            recurrent: cell("hh")?,
            output: Layer::read(
                &graph,
                &branch.name("decoder.decoder.2.weight"),
                &branch.name("decoder.decoder.2.bias"),
                &[1, UNITS, 1],
            )?,
        })
    }
}

impl Layer {
    fn read(
        graph: &Graph<'_>,
        weights: &str,
        bias: &str,
        shape: &[usize],
    ) -> Result<Self, GraphError> {
        Ok(Self {
            weights: floats(graph, weights, shape)?,
            bias: floats(graph, bias, &shape[..1])?,
        })
    }
}

fn floats(graph: &Graph<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, GraphError> {
    let tensor = graph.tensors.get(name.as_bytes());
    let alike = |tensor: &&Tensor<'_>| {
        let sizes = tensor.shape.iter().map(|&size| usize::try_from(size).ok());
        sizes.eq(shape.iter().map(|&size| Some(size)))
    };
    let floats = tensor.filter(alike).and_then(Tensor::floats);
    let finite = floats.filter(|floats| floats.iter().all(|float| float.is_finite()));
    finite.ok_or_else(|| GraphError::Tensor {
        name: name.to_owned(),
        expected: format!("finite f32 {shape:?}"),
    })
}

/// The window of the transform, from the row of the constant bin, of which it is the whole. The
/// other rows must follow from it.
fn window(graph: &Graph<'_>, branch: Branch) -> Result<Vec<f32>, GraphError> {
    let (frame, bins) = (branch.frame, branch.bins());
    let name = branch.name("stft.forward_basis_buffer");
    let basis = floats(graph, &name, &[2 * bins, 1, frame])?;
    let window = &basis[..frame];
    let exact = |row: usize, sample: usize| {
        let turns = ((row % bins) * sample % frame) as f64 / frame as f64;
        let (sine, cosine) = (TAU * turns).sin_cos();
        f64::from(window[sample]) * if row < bins { cosine } else { -sine }
    };
    for (row, values) in basis.chunks_exact(frame).enumerate() {
        for (sample, &value) in values.iter().enumerate() {
            let error = (f64::from(value) - exact(row, sample)).abs();
            if error > TRANSFORM_TOLERANCE {
                return Err(GraphError::Transform { name });
            }
        }
    }
    Ok(window.to_vec())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/silero_vad_op18_ifless.onnx");
        std::fs::read(path).expect("make setup")
    });

    /// Places in the file around the names of operators: lengths, settings, names.
    static STRUCTURE: LazyLock<Vec<usize>> = LazyLock::new(|| {
        let names = FILE.windows(4).enumerate();
        let names = names.filter(|(_, bytes)| matches!(*bytes, b"Relu" | b"Conv" | b"Gemm"));
        names
            .flat_map(|(place, _)| place - 100..place + 100)
            .collect()
    });

    /// The file with what stands for `from` replaced by as many bytes.
    fn with(from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut file = FILE.clone();
        let places = file.windows(from.len()).enumerate();
        let places: Vec<usize> = places
            .filter_map(|(place, bytes)| (bytes == from).then_some(place))
            .collect();
        assert!(!places.is_empty());
        for place in places {
            file[place..place + to.len()].copy_from_slice(to);
        }
        file
    }

    #[test]
    fn both_networks_are_read() {
        for branch in [Branch::HZ_8000, Branch::HZ_16000] {
            let weights = Weights::read(&FILE, branch).expect("Silero");

            assert_eq!(weights.window.len(), branch.frame);
            assert_eq!(weights.output.weights.len(), UNITS);
        }
    }

    #[test]
    fn a_constant_by_another_name_is_missed() {
        let file = with(
            b"model_8k.decoder.rnn.bias_hh",
            b"model_8k.decoder.rnn.bias_xx",
        );

        let error = Weights::read(&file, Branch::HZ_8000).expect_err("a bias is missing");

        assert!(
            matches!(
                error,
                GraphError::Operator { .. } | GraphError::Tensor { .. }
            ),
            "{error}"
        );
        Weights::read(&file, Branch::HZ_16000).expect("the other network is whole");
    }

    #[test]
    fn a_first_layer_that_is_no_transform_is_refused() {
        let weights = Weights::read(&FILE, Branch::HZ_8000).expect("Silero");
        let value = |index: usize| weights.window[index].to_le_bytes();
        let (from, to) = (
            [value(30), value(31)].concat(),
            [value(31), value(30)].concat(),
        );

        let error = Weights::read(&with(&from, &to), Branch::HZ_8000).expect_err("another window");

        assert!(matches!(error, GraphError::Transform { .. }), "{error}");
    }

    #[test]
    fn a_weight_that_is_no_number_is_refused() {
        let weights = Weights::read(&FILE, Branch::HZ_8000).expect("Silero");
        let value = |index: usize| weights.input.weights[index].to_le_bytes();
        let (from, nan) = ([value(30), value(31)].concat(), f32::NAN.to_le_bytes());
        let file = with(&from, &[nan, nan].concat());

        let error = Weights::read(&file, Branch::HZ_8000).expect_err("not a number");

        assert!(matches!(error, GraphError::Tensor { .. }), "{error}");
    }

    #[test]
    fn no_bytes_are_no_model() {
        let error = Weights::read(&[], Branch::HZ_8000).expect_err("an empty file");

        assert!(matches!(error, GraphError::Operator { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn a_file_that_is_cut_off_is_refused(length in 0..FILE.len()) {
            prop_assert!(Weights::read(&FILE[..length], Branch::HZ_8000).is_err());
        }

        #[test]
        fn no_damage_makes_it_panic(
            damage in prop::collection::vec((0..FILE.len(), any::<u8>()), 1..20),
        ) {
            let mut file = FILE.clone();
            for (place, byte) in damage {
                file[place] = byte;
            }

            let _ = Weights::read(&file, Branch::HZ_8000);
        }

        #[test]
        fn no_damage_to_the_structure_makes_it_panic(
            damage in prop::collection::vec((0..STRUCTURE.len(), any::<u8>()), 1..5),
        ) {
            let mut file = FILE.clone();
            for (place, byte) in damage {
                file[STRUCTURE[place]] = byte;
            }

            let _ = Weights::read(&file, Branch::HZ_16000);
        }
    }
}
