//! Between the rate of a codec and that of the leg.

use audio::halfband::{Downsampler, Upsampler};
use audio::{FRAME, Frame, SampleRate};

/// Converts the frames of one direction.
#[derive(Debug)]
pub(crate) enum Converter {
    /// Both rates are the same.
    Same,
    /// From 16 kHz to 8 kHz.
    Down(Downsampler),
    /// From 8 kHz to 16 kHz.
    Up(Upsampler),
}

impl Converter {
    pub(crate) fn between(from: SampleRate, to: SampleRate) -> Self {
        match from.cmp(&to) {
            std::cmp::Ordering::Equal => Self::Same,
            std::cmp::Ordering::Greater => Self::Down(Downsampler::new()),
            std::cmp::Ordering::Less => Self::Up(Upsampler::new()),
        }
    }

    /// Converts 20 ms in place.
    pub(crate) fn convert(&mut self, frame: &mut Frame) {
        let converted = match self {
            Self::Same => return,
            Self::Down(filter) => {
                let mut narrow = Frame::silence(SampleRate::HZ_8000);
                filter.process(frame.samples(), narrow.samples_mut());
                narrow
            }
            Self::Up(filter) => {
                let mut wide = Frame::silence(SampleRate::HZ_16000);
                filter.process(frame.samples(), wide.samples_mut());
                wide
            }
        };
        *frame = converted;
    }
}

const _: () = assert!(SampleRate::HZ_16000.samples_in(FRAME) == Frame::CAPACITY);

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: SampleRate = SampleRate::HZ_8000;
    const WIDE: SampleRate = SampleRate::HZ_16000;

    #[test]
    fn a_frame_lasts_20_ms_at_either_rate() {
        for (from, to) in [(NARROW, WIDE), (WIDE, NARROW), (WIDE, WIDE)] {
            let mut frame = Frame::silence(from);
            frame.samples_mut().fill(1_000);
            let mut converter = Converter::between(from, to);
            for _ in 0..3 {
                converter.convert(&mut frame);
                assert_eq!(frame.len(), to.samples_in(FRAME));
                frame = Frame::silence(from);
                frame.samples_mut().fill(1_000);
            }
            converter.convert(&mut frame);
            let last = *frame.samples().last().unwrap();
            assert!((990..=1_010).contains(&last), "{last}");
        }
    }
}
