//! The project's own computation of the network: the same weights, the same graph, and nothing of
//! what a general runtime has to do beside.

mod cell;
mod convolution;
mod graph;
mod network;
mod signature;
mod simd;
mod spectrum;
mod weights;
mod wire;

use std::path::{Path, PathBuf};

use audio::SampleRate;
use thiserror::Error;

use crate::batch::{self, Batch, InferenceError};
use crate::geometry::Geometry;
use crate::stream::{Memory, StreamState, normalised};

use network::{Infer, Network, Streams};
use simd::{Portable, Simd};
use weights::{Branch, Weights};

pub use weights::GraphError;

/// Instructions that the kernel can compute with. Their answers differ by rounding alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// What the compiler may use on every processor of the kind.
    Portable,
    /// AVX2 and FMA of x86-64.
    Avx2,
    /// AVX-512 (F) of x86-64.
    Avx512,
}

impl Instructions {
    /// Those that this processor has, the fastest last; there is always one.
    pub fn available() -> impl Iterator<Item = Self> {
        let all = [Self::Portable, Self::Avx2, Self::Avx512];
        all.into_iter().filter(|instructions| instructions.exist())
    }

    #[cfg(target_arch = "x86_64")]
    fn exist(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => simd::Avx2::detect().is_some(),
            Self::Avx512 => simd::Avx512::detect().is_some(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn exist(self) -> bool {
        self == Self::Portable
    }
}

/// Why the kernel could not be loaded.
#[derive(Debug, Error)]
pub enum LoadKernelError {
    /// There is no readable file at this path.
    #[error("model file {} not found: run 'make setup'", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The network does not hear at this rate.
    #[error("Silero hears at 8 or 16 kHz, not at {rate}")]
    Rate {
        /// The rate that was asked for.
        rate: SampleRate,
    },
    /// The file is there, but it is not the network that the kernel computes. ONNX Runtime may be
    /// able to.
    #[error("the kernel does not compute {} ({reason}): load it with ONNX Runtime", path.display())]
    Graph {
        /// The model file.
        path: PathBuf,
        /// Where it differs.
        reason: GraphError,
    },
}

/// Silero in the project's own code, loaded for one sample rate. It needs no library, gives the
/// same probabilities as [`Silero`](crate::Silero) to within 1e-4, and the very same for a stream
/// whatever else is in the batch. One thread uses it at a time; threads that detect in parallel
/// load one each (about 1 MB).
#[derive(Debug)]
pub struct Kernel {
    network: Box<dyn Infer>,
    rate: SampleRate,
    geometry: Geometry,
    streams: Streams,
}

impl Kernel {
    /// Loads the model file for streams at `rate`, 8 or 16 kHz, for the best instructions that the
    /// processor has.
    ///
    /// # Errors
    ///
    /// [`LoadKernelError`]; after [`LoadKernelError::Graph`], ONNX Runtime is to be tried.
    pub fn load(model: &Path, rate: SampleRate) -> Result<Self, LoadKernelError> {
        let best = Instructions::available().last();
        Self::load_for(model, rate, best.unwrap_or(Instructions::Portable))
    }

    /// Loads the model file for certain instructions, or for portable ones if the processor has
    /// not those.
    ///
    /// # Errors
    ///
    /// As [`Kernel::load`].
    pub fn load_for(
        model: &Path,
        rate: SampleRate,
        instructions: Instructions,
    ) -> Result<Self, LoadKernelError> {
        let (geometry, branch) = match (Geometry::at(rate), rate) {
            (Some(geometry), SampleRate::HZ_8000) => (geometry, Branch::HZ_8000),
            (Some(geometry), SampleRate::HZ_16000) => (geometry, Branch::HZ_16000),
            _ => return Err(LoadKernelError::Rate { rate }),
        };
        let path = || model.to_owned();
        let file = std::fs::read(model).map_err(|_| LoadKernelError::Missing { path: path() })?;
        let weights = Weights::read(&file, branch).map_err(|reason| LoadKernelError::Graph {
            path: path(),
            reason,
        })?;
        Ok(Self {
            network: network(&weights, branch, instructions),
            rate,
            geometry,
            streams: Streams::default(),
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

    /// Hears the next window of each stream in `batch`, as [`Silero::run`](crate::Silero::run)
    /// does. Allocates nothing once it has heard a batch of that size.
    ///
    /// # Errors
    ///
    /// [`InferenceError::WindowLength`]; no stream has moved on then and `probabilities` is empty.
    pub fn run(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut Vec<f32>,
    ) -> Result<(), InferenceError> {
        batch::hear(self, self.geometry.window, batch, probabilities)
    }
}

impl Batch for Kernel {
    fn clear(&mut self) {
        self.streams.rows.clear();
        self.streams.hidden.clear();
        self.streams.cells.clear();
        self.streams.probabilities.clear();
    }

    fn push(&mut self, memory: &Memory, window: &[i16]) {
        let context = self.geometry.context;
        let rows = &mut self.streams.rows;
        rows.extend_from_slice(memory.context(context));
        rows.extend(window.iter().copied().map(normalised));
        rows.resize(rows.len() + context, 0.0);
        let [hidden, cells] = &memory.layers;
        self.streams.hidden.push(*hidden);
        self.streams.cells.push(*cells);
        self.streams.probabilities.push(0.0);
    }

    fn infer(&mut self) -> Result<(), InferenceError> {
        self.network.infer(&mut self.streams);
        Ok(())
    }

    fn probability(&self, index: usize) -> f32 {
        self.streams.probabilities[index]
    }

    fn remember(&self, index: usize, memory: &mut Memory) {
        memory.layers = [self.streams.hidden[index], self.streams.cells[index]];
        let Geometry { window, context } = self.geometry;
        let start = index * (context + window + context) + window;
        let end = &self.streams.rows[start..start + context];
        memory.follow(end.iter().copied());
    }
}

#[cfg(target_arch = "x86_64")]
fn network(weights: &Weights, branch: Branch, instructions: Instructions) -> Box<dyn Infer> {
    let network = match instructions {
        Instructions::Portable => None,
        Instructions::Avx2 => simd::Avx2::detect().map(|simd| with(simd, weights, branch)),
        Instructions::Avx512 => simd::Avx512::detect().map(|simd| with(simd, weights, branch)),
    };
    network.unwrap_or_else(|| with(Portable, weights, branch))
}

#[cfg(not(target_arch = "x86_64"))]
fn network(weights: &Weights, branch: Branch, _: Instructions) -> Box<dyn Infer> {
    with(Portable, weights, branch)
}

fn with<S: Simd>(simd: S, weights: &Weights, branch: Branch) -> Box<dyn Infer> {
    if branch.frame == Branch::HZ_8000.frame {
        Box::new(Network::<S, 32, 65>::new(simd, weights))
    } else {
        Box::new(Network::<S, 64, 129>::new(simd, weights))
    }
}
