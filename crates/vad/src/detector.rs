//! Voice detection as calls use it: a network behind a gate.

use std::path::Path;

use audio::SampleRate;
use onnx::{LoadModelError, Runtime};
use thiserror::Error;

use crate::batch::{Batch, InferenceError, check_lengths};
use crate::gate::Passage;
use crate::kernel::{Kernel, LoadKernelError};
use crate::silero::Silero;
use crate::stream::StreamState;

/// What computes the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The project's own code.
    #[default]
    Kernel,
    /// ONNX Runtime: several times slower, for files that the kernel does not compute.
    Onnx,
}

/// How to detect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What computes the network.
    pub backend: Backend,
    /// Whether windows are passed over while a line is at its noise floor. Without the gate, every
    /// window is heard by the network.
    pub gate: bool,
}

impl Default for Settings {
    /// The kernel behind the gate.
    fn default() -> Self {
        Self {
            backend: Backend::Kernel,
            gate: true,
        }
    }
}

/// Windows since the detector was loaded, of all streams together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Windows that the network judged.
    pub windows_run: u64,
    /// Windows that the gate passed over: no speech, without inference.
    pub windows_gated: u64,
    /// Windows that were passed over and that the network heard after all, since the gate opened
    /// soon after them.
    pub windows_replayed: u64,
    /// How often a gate opened.
    pub openings: u64,
}

impl std::ops::Add for Statistics {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            windows_run: self.windows_run + other.windows_run,
            windows_gated: self.windows_gated + other.windows_gated,
            windows_replayed: self.windows_replayed + other.windows_replayed,
            openings: self.openings + other.openings,
        }
    }
}

/// Why there is no detector.
#[derive(Debug, Error)]
pub enum LoadDetectorError {
    /// The kernel could not be loaded. If the reason is [`LoadKernelError::Graph`],
    /// [`Backend::Onnx`] may do.
    #[error(transparent)]
    Kernel(#[from] LoadKernelError),
    /// ONNX Runtime could not load the file.
    #[error(transparent)]
    Onnx(#[from] LoadModelError),
}

/// Detects speech in any number of streams at one sample rate. One thread uses it at a time.
#[derive(Debug)]
pub struct Detector {
    network: Network,
    gated: bool,
    statistics: Statistics,
    /// Streams whose windows the network has yet to hear, kept to reuse the memory.
    pending: Vec<Pending>,
}

#[derive(Debug)]
enum Network {
    Kernel(Kernel),
    Onnx(Silero),
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    /// Position in the batch.
    index: usize,
    /// Windows to hear before the one that was asked for.
    missed: usize,
}

impl Detector {
    /// Loads the model file for streams at `rate`, 8 or 16 kHz.
    ///
    /// # Errors
    ///
    /// [`LoadDetectorError`]; whether another [`Backend`] can do it is for the caller to try.
    pub fn load(
        runtime: &Runtime,
        model: &Path,
        rate: SampleRate,
        settings: Settings,
    ) -> Result<Self, LoadDetectorError> {
        let network = match settings.backend {
            Backend::Kernel => Network::Kernel(Kernel::load(model, rate)?),
            Backend::Onnx => Network::Onnx(Silero::load(runtime, model, rate)?),
        };
        Ok(Self {
            network,
            gated: settings.gate,
            statistics: Statistics::default(),
            pending: Vec::new(),
        })
    }

    /// The rate of the streams it hears.
    pub const fn rate(&self) -> SampleRate {
        match &self.network {
            Network::Kernel(kernel) => kernel.rate(),
            Network::Onnx(silero) => silero.rate(),
        }
    }

    /// Samples in one window: 256 at 8 kHz, 512 at 16 kHz.
    pub const fn window(&self) -> usize {
        match &self.network {
            Network::Kernel(kernel) => kernel.window(),
            Network::Onnx(silero) => silero.window(),
        }
    }

    /// What computes the network.
    pub const fn backend(&self) -> Backend {
        match self.network {
            Network::Kernel(_) => Backend::Kernel,
            Network::Onnx(_) => Backend::Onnx,
        }
    }

    /// What was done with all windows so far.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Hears the next window of each stream in `batch`. `probabilities` is cleared and then holds,
    /// in the batch's order, the probability from 0 to 1 that each window is speech: exactly 0 if
    /// the line is at its noise floor and the network was not asked. An empty batch gives none.
    ///
    /// A stream's answer does not depend on what else is in the batch, and with the kernel nothing
    /// is allocated once it has heard a batch of that size.
    ///
    /// # Errors
    ///
    /// [`InferenceError`]; `probabilities` is empty then. After [`InferenceError::WindowLength`]
    /// no stream has moved on, after others the streams go on without this window.
    pub fn run(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut Vec<f32>,
    ) -> Result<(), InferenceError> {
        probabilities.clear();
        check_lengths(batch, self.window())?;
        probabilities.resize(batch.len(), 0.0);
        let heard = self.hear(batch, probabilities);
        if heard.is_err() {
            probabilities.clear();
        }
        heard
    }

    /// Hears those windows of `batch` that have the length of its own, and writes what it makes of
    /// them into their places in `probabilities`, which has one for each window of the batch.
    pub(crate) fn hear(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut [f32],
    ) -> Result<(), InferenceError> {
        self.pass(batch);
        let heard = match &mut self.network {
            Network::Kernel(kernel) => {
                catch_up(kernel, self.gated, &mut self.pending, batch, probabilities)
            }
            Network::Onnx(silero) => {
                catch_up(silero, self.gated, &mut self.pending, batch, probabilities)
            }
        };
        if heard.is_err() {
            for pending in &self.pending {
                let (stream, _) = &mut batch[pending.index];
                stream.missed.clear();
                stream.gate.unjudged();
            }
        }
        heard
    }

    /// Lets the gates decide which streams the network has to hear.
    fn pass(&mut self, batch: &mut [(&mut StreamState, &[i16])]) {
        let length = self.window();
        let Self { statistics, .. } = self;
        self.pending.clear();
        for (index, (stream, window)) in batch.iter_mut().enumerate() {
            if window.len() != length {
                continue;
            }
            if self.gated && stream.gate.hear(window) == Passage::Closed {
                stream.missed.keep(window, &mut stream.memory);
                statistics.windows_gated += 1;
                continue;
            }
            let missed = stream.missed.windows();
            statistics.windows_run += 1;
            statistics.windows_replayed += missed as u64;
            statistics.openings += u64::from(missed > 0);
            self.pending.push(Pending { index, missed });
        }
    }
}

/// Lets the network hear what the streams missed, one window of each at a time, and then the
/// windows of the batch. On an error, `pending` are those that it did not hear to the end.
fn catch_up(
    network: &mut impl Batch,
    gated: bool,
    pending: &mut Vec<Pending>,
    batch: &mut [(&mut StreamState, &[i16])],
    probabilities: &mut [f32],
) -> Result<(), InferenceError> {
    let mut round = 0;
    while !pending.is_empty() {
        network.clear();
        for &Pending { index, missed } in pending.iter() {
            let (stream, window) = &batch[index];
            let earlier = (round < missed).then(|| stream.missed.window(round, window.len()));
            network.push(&stream.memory, earlier.unwrap_or(window));
        }
        network.infer()?;
        for (place, &Pending { index, missed }) in pending.iter().enumerate() {
            let (stream, _) = &mut batch[index];
            network.remember(place, &mut stream.memory);
            if round == missed {
                stream.missed.clear();
                probabilities[index] = network.probability(place);
                if gated {
                    stream.gate.judged(probabilities[index]);
                }
            }
        }
        pending.retain(|pending| pending.missed > round);
        round += 1;
    }
    Ok(())
}
