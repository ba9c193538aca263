//! How the network cuts streams.

use audio::SampleRate;

/// Samples that the network takes at once from a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// New samples: 32 ms.
    pub(crate) window: usize,
    /// Samples before them that were heard already: 4 ms.
    pub(crate) context: usize,
}

impl Geometry {
    /// `None` at rates that the network does not hear at.
    pub(crate) const fn at(rate: SampleRate) -> Option<Self> {
        let window = match rate {
            SampleRate::HZ_8000 => 256,
            SampleRate::HZ_16000 => 512,
            _ => return None,
        };
        Some(Self {
            window,
            context: Self::context_of(window),
        })
    }

    /// Samples of context for a window of this many.
    pub(crate) const fn context_of(window: usize) -> usize {
        window / 8
    }
}
