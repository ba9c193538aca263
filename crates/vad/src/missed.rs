//! The last windows of a stream that passed a closed gate.

use crate::geometry::Geometry;
use crate::stream::{Memory, normalised};

/// Windows that are kept for when the gate opens.
pub(crate) const PRE_ROLL: usize = 16;

/// A ring of windows.
#[derive(Clone, Debug)]
pub(crate) struct Missed {
    /// Room for all windows, from the first time that one is missed.
    samples: Vec<i16>,
    /// Place of the oldest.
    first: usize,
    windows: usize,
}

impl Missed {
    pub(crate) const fn new() -> Self {
        Self {
            samples: Vec::new(),
            first: 0,
            windows: 0,
        }
    }

    /// Windows that are kept.
    pub(crate) const fn windows(&self) -> usize {
        self.windows
    }

    pub(crate) const fn clear(&mut self) {
        self.windows = 0;
    }

    /// Keeps a window. When there is no more room, the oldest goes, and what the network remembers
    /// is made to continue where that one ended.
    pub(crate) fn keep(&mut self, window: &[i16], memory: &mut Memory) {
        // overflow: drops oldest, after which the network knows of it by the line's floor alone
        if self.windows == PRE_ROLL {
            let oldest = self.window(0, window.len());
            let context = Geometry::context_of(window.len());
            let end = &oldest[oldest.len().saturating_sub(context)..];
            memory.follow(end.iter().copied().map(normalised));
            self.first = (self.first + 1) % PRE_ROLL;
            self.windows -= 1;
        }
        self.samples.resize(PRE_ROLL * window.len(), 0);
        let place = (self.first + self.windows) % PRE_ROLL;
        let start = place * window.len();
        self.samples[start..start + window.len()].copy_from_slice(window);
        self.windows += 1;
    }

    /// The window of `length` samples at `index`, from 0 for the oldest that is kept.
    pub(crate) fn window(&self, index: usize, length: usize) -> &[i16] {
        let start = (self.first + index) % PRE_ROLL * length;
        self.samples.get(start..start + length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_windows_are_kept_and_the_memory_goes_on_before_them() {
        let mut missed = Missed::new();
        let mut memory = Memory::new();
        for value in 0..20 {
            missed.keep(&[value; 256], &mut memory);
        }

        assert_eq!(missed.windows(), PRE_ROLL);
        for index in 0..PRE_ROLL {
            assert_eq!(missed.window(index, 256), [4 + index as i16; 256]);
        }
        assert_eq!(memory.context(32), [normalised(3); 32]);
    }

    #[test]
    fn what_was_cleared_is_not_kept() {
        let mut missed = Missed::new();
        let mut memory = Memory::new();
        for value in 0..5 {
            missed.keep(&[value; 256], &mut memory);
        }

        missed.clear();
        missed.keep(&[7; 256], &mut memory);

        assert_eq!(missed.windows(), 1);
        assert_eq!(missed.window(0, 256), [7; 256]);
        assert_eq!(memory.context(32), [0.0; 32]);
    }
}
