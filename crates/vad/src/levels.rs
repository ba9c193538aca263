//! Measures how loud a window is, as a whole and in parts of the spectrum.

#![allow(
    clippy::needless_range_loop,
    reason = "an index names the same place in several arrays, in loops that are unrolled"
)]

/// How many levels are measured.
pub(crate) const LEVELS: usize = 5;

/// Levels of one window in decibels: of the samples, of their first and second differences, in
/// which high tones prevail, of sums of four, in which low ones do, and of what lies between.
/// Speech that is hidden behind noise in one of them stands out in another.
pub(crate) type Levels = [f32; LEVELS];

/// Added to the mean square of the samples: below two units of the sample format, all is silence.
const SILENCE: f32 = 4.0;

/// Samples that the sums and differences reach back.
const REACH: usize = 3;

/// Samples that are measured side by side.
const LANES: usize = 8;

/// Measures the windows of one stream, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    last: [i16; REACH],
}

impl Measure {
    pub(crate) const fn new() -> Self {
        Self { last: [0; REACH] }
    }

    /// The levels of the next window, whose length is a multiple of 8.
    pub(crate) fn levels(&mut self, window: &[i16]) -> Levels {
        let mut squares = [[0.0_f32; LANES]; LEVELS];
        let mut sums = [0.0_f32; LANES];
        let mut samples = [0.0_f32; REACH + LANES];
        for (sample, &last) in samples.iter_mut().zip(&self.last) {
            *sample = f32::from(last);
        }
        let (eights, _) = window.as_chunks::<LANES>();
        for eight in eights {
            for (sample, &new) in samples[REACH..].iter_mut().zip(eight) {
                *sample = f32::from(new);
            }
            for lane in 0..LANES {
                let [third, second, first, this] = [
                    samples[lane],
                    samples[lane + 1],
                    samples[lane + 2],
                    samples[lane + 3],
                ];
                let (rise, before) = (this - first, first - second);
                let bend = rise - before;
                let sum = this + first + second + third;
                let swing = this + first - second - third;
                sums[lane] += this;
                squares[0][lane] += this * this;
                squares[1][lane] += rise * rise;
                squares[2][lane] += bend * bend;
                squares[3][lane] += sum * sum;
                squares[4][lane] += swing * swing;
            }
            samples.copy_within(LANES.., 0);
        }
        if let Some(last) = window.last_chunk() {
            self.last = *last;
        }
        let count = window.len() as f32;
        // An offset of the line is not sound.
        let mean = sums.iter().sum::<f32>() / count;
        let offsets = [mean, 0.0, 0.0, 4.0 * mean, 0.0];
        std::array::from_fn(|index| {
            let square = squares[index].iter().sum::<f32>() / count;
            let power = square - offsets[index] * offsets[index];
            10.0 * (power.max(0.0) + SILENCE).log10()
        })
    }
}
