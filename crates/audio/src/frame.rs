//! The unit in which audio travels: 20 ms of one channel, without a heap.

use std::fmt;
use std::time::Duration;

use crate::units::SampleRate;

/// How long a full [`Frame`] lasts: 20 ms, the tick of every media thread.
pub const FRAME: Duration = Duration::from_millis(20);

/// Up to 20 ms of mono 16-bit PCM: 160 samples at 8 kHz, 320 at 16 kHz.
///
/// A frame does not carry its rate; the leg it belongs to has one. It is a
/// plain array with a length, so it copies without allocating.
#[derive(Clone, Copy)]
pub struct Frame {
    samples: [i16; Self::CAPACITY],
    len: u16,
}

impl Frame {
    /// The most samples that a frame holds: 20 ms at 16 kHz.
    pub const CAPACITY: usize = 320;

    /// 20 ms of silence at `rate`. A rate above 16 kHz gives the longest frame
    /// there is, [`Frame::CAPACITY`] samples.
    pub const fn silence(rate: SampleRate) -> Self {
        let samples = rate.samples_in(FRAME);
        let len = if samples > Self::CAPACITY {
            Self::CAPACITY
        } else {
            samples
        };
        Self {
            samples: [0; Self::CAPACITY],
            len: len as u16,
        }
    }

    /// A frame of exactly `samples`; `None` if there are more than
    /// [`Frame::CAPACITY`] of them.
    pub fn from_samples(samples: &[i16]) -> Option<Self> {
        let mut frame = Self {
            samples: [0; Self::CAPACITY],
            len: samples.len().try_into().ok()?,
        };
        frame
            .samples
            .get_mut(..samples.len())?
            .copy_from_slice(samples);
        Some(frame)
    }

    /// The samples, oldest first.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.len()]
    }

    /// The samples, to be written in place.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        let len = self.len();
        &mut self.samples[..len]
    }

    /// How many samples the frame has, 0 to [`Frame::CAPACITY`].
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the frame has no sample at all, which is not the same as silence.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Cuts the frame to `len` samples or lengthens it with silence; `len`
    /// above [`Frame::CAPACITY`] counts as [`Frame::CAPACITY`].
    pub fn set_len(&mut self, len: usize) {
        let old = self.len();
        let new = len.min(Self::CAPACITY);
        if new > old {
            self.samples[old..new].fill(0);
        }
        self.len = new as u16;
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.samples() == other.samples()
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("len", &self.len)
            .field("peak", &crate::level::peak(self.samples()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_frame_lasts_20_ms_at_either_telephone_rate() {
        assert_eq!(Frame::silence(SampleRate::HZ_8000).samples(), [0; 160]);
        assert_eq!(Frame::silence(SampleRate::HZ_16000).samples(), [0; 320]);
        assert_eq!(Frame::silence(SampleRate::HZ_48000).len(), Frame::CAPACITY);
    }

    #[test]
    fn samples_come_back_as_they_went_in() {
        let samples: Vec<i16> = (0..320).collect();
        for len in [0, 1, 160, 319, 320] {
            let frame = Frame::from_samples(&samples[..len]).expect("it fits");
            assert_eq!(frame.samples(), &samples[..len]);
        }
    }

    #[test]
    fn more_than_the_capacity_is_refused() {
        assert!(Frame::from_samples(&[1; 321]).is_none());
        assert!(Frame::from_samples(&[1; 70_000]).is_none());
    }

    #[test]
    fn a_frame_that_grows_again_does_not_show_what_it_held_before() {
        let mut frame = Frame::from_samples(&[7; 320]).expect("it fits");
        frame.set_len(2);
        frame.set_len(4);
        assert_eq!(frame.samples(), [7, 7, 0, 0]);
        frame.set_len(1_000);
        assert_eq!(frame.len(), Frame::CAPACITY);
    }

    #[test]
    fn frames_are_equal_when_their_samples_are() {
        let mut cut = Frame::from_samples(&[1, 2, 3]).expect("it fits");
        cut.set_len(2);
        assert_eq!(cut, Frame::from_samples(&[1, 2]).expect("it fits"));
        assert_ne!(cut, Frame::from_samples(&[1, 2, 3]).expect("it fits"));
    }
}
