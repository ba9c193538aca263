//! What is remembered of one stream between its windows.

use crate::gate::Gate;
use crate::missed::Missed;

/// Values in each layer of the recurrent state.
pub(crate) const UNITS: usize = 128;
/// Layers of the recurrent state: hidden and cell.
pub(crate) const LAYERS: usize = 2;
/// Samples that precede a window at 16 kHz, 4 ms; half as many at 8 kHz.
const CONTEXT: usize = 64;

/// What is remembered of one stream between windows: what the network remembers, how the line
/// sounds, and the last windows that the network has not heard. About 1.5 KB, and 8 KB more on the
/// heap at 8 kHz (16 KB at 16 kHz) once the gate has closed for the first time.
///
/// A state belongs to one stream at one rate. A new stream begins with
/// [`StreamState::new`]; windows must then arrive in order and without gaps.
#[derive(Clone, Debug)]
pub struct StreamState {
    pub(crate) memory: Memory,
    pub(crate) gate: Gate,
    pub(crate) missed: Missed,
}

impl StreamState {
    /// The state of a stream that was silent until now.
    pub const fn new() -> Self {
        Self {
            memory: Memory::new(),
            gate: Gate::new(),
            missed: Missed::new(),
        }
    }

    /// Forgets all that was heard, as after a gap in the stream.
    pub fn reset(&mut self) {
        self.memory = Memory::new();
        self.gate = Gate::new();
        self.missed.clear();
    }
}

impl Default for StreamState {
    fn default() -> Self {
        Self::new()
    }
}

/// What the network remembers: its recurrent state and the end of the last window.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) layers: [[f32; UNITS]; LAYERS],
    context: [f32; CONTEXT],
}

impl Memory {
    pub(crate) const fn new() -> Self {
        Self {
            layers: [[0.0; UNITS]; LAYERS],
            context: [0.0; CONTEXT],
        }
    }

    /// The `samples` before the next window.
    pub(crate) fn context(&self, samples: usize) -> &[f32] {
        &self.context[..samples.min(CONTEXT)]
    }

    /// Takes the end of a window, or of what the network was given of it, as context of the next.
    pub(crate) fn follow(&mut self, end: impl ExactSizeIterator<Item = f32>) {
        for (context, sample) in self.context.iter_mut().zip(end) {
            *context = sample;
        }
    }
}

/// A sample as the network takes it.
pub(crate) fn normalised(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}
