//! The first layer: the magnitudes of the Fourier transform of four overlapping frames.
//!
//! The file has the transform as a convolution with all cosines and sines. Since these are
//! symmetric around the middle of a frame and around its quarters, samples that meet the same
//! factor are added up first, which leaves a quarter of the products.

#![allow(
    clippy::needless_range_loop,
    reason = "an index names the same place in several arrays, in loops that are unrolled"
)]

use std::f64::consts::TAU;

use super::simd::Simd;

/// Frames in one window with its context.
pub(crate) const FRAMES: usize = 4;

/// Samples of a frame that meet one factor each, first those for cosines, then those for sines.
type Sides<const QUARTER: usize> = [[f32; QUARTER]; 2];

/// Cosines and sines for as many bins as there are lanes, for each folded sample.
type Panel<S, const QUARTER: usize> = [[<S as Simd>::Lanes; 2]; QUARTER];

/// A windowed frame, folded to a quarter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folded<const QUARTER: usize> {
    /// For bins with even numbers, to whose cosines `middle` belongs too. The first sine is zero.
    even: Sides<QUARTER>,
    /// For bins with odd numbers. The first for the sines belongs to the middle.
    odd: Sides<QUARTER>,
    middle: f32,
    /// The last bin, half the sample rate.
    last: f32,
}

impl<const QUARTER: usize> Folded<QUARTER> {
    pub(crate) const EMPTY: Self = Self {
        even: [[0.0; QUARTER]; 2],
        odd: [[0.0; QUARTER]; 2],
        middle: 0.0,
        last: 0.0,
    };

    /// Folds the four quarters of a windowed frame.
    #[inline(always)]
    fn fold(&mut self, [first, second, third, fourth]: &[[f32; QUARTER]; 4]) {
        // In a frame of N samples, n, N - n, N/2 - n and N/2 + n meet the same factor.
        for index in 1..QUARTER {
            let mirrored = QUARTER - index;
            let (outer, outer_sine) = (
                first[index] + fourth[mirrored],
                first[index] - fourth[mirrored],
            );
            let (inner, inner_sine) = (
                second[mirrored] + third[index],
                second[mirrored] - third[index],
            );
            self.even[0][index] = outer + inner;
            self.even[1][index] = outer_sine - inner_sine;
            self.odd[0][index] = outer - inner;
            self.odd[1][index] = outer_sine + inner_sine;
        }
        self.even[0][0] = first[0] + third[0];
        self.even[1][0] = 0.0;
        self.odd[0][0] = first[0] - third[0];
        self.odd[1][0] = second[0] - fourth[0];
        self.middle = second[0] + fourth[0];
        let mut sums = [0.0; 8];
        for eight in self.even[0].chunks_exact(8) {
            for (sum, sample) in sums.iter_mut().zip(eight) {
                *sum += sample;
            }
        }
        let alternating = sums.chunks_exact(2).map(|pair| pair[0] - pair[1]);
        self.last = self.middle + alternating.sum::<f32>();
    }
}

/// The transform for frames of four times `QUARTER` samples.
#[derive(Debug)]
pub(crate) struct Spectrum<S: Simd, const QUARTER: usize> {
    window: [[f32; QUARTER]; 4],
    even: Vec<Panel<S, QUARTER>>,
    odd: Vec<Panel<S, QUARTER>>,
    /// The cosines of the middle of a frame for the even bins.
    middle: Vec<S::Lanes>,
}

impl<S: Simd, const QUARTER: usize> Spectrum<S, QUARTER> {
    /// `window` has four times `QUARTER` factors.
    pub(crate) fn new(simd: S, window: &[f32]) -> Self {
        let lanes = |value: &dyn Fn(usize) -> f64| {
            let values: Vec<f32> = (0..S::WIDTH).map(|lane| value(lane) as f32).collect();
            simd.load(&values)
        };
        let angle = |bin: usize, sample: usize| {
            TAU * ((bin * sample) % (4 * QUARTER)) as f64 / (4 * QUARTER) as f64
        };
        let panels = 0..QUARTER / S::WIDTH;
        let factors = |panel: usize, parity: usize| {
            let bin = |lane| 2 * (panel * S::WIDTH + lane) + parity;
            std::array::from_fn(|sample| {
                let middle_or = if sample == 0 { QUARTER } else { sample };
                [
                    lanes(&|lane| angle(bin(lane), sample).cos()),
                    lanes(&|lane| angle(bin(lane), middle_or).sin()),
                ]
            })
        };
        let middle =
            |panel: usize| lanes(&|lane| angle(2 * (panel * S::WIDTH + lane), QUARTER).cos());
        let mut quarters = [[0.0; QUARTER]; 4];
        for (quarter, values) in quarters.iter_mut().zip(window.chunks_exact(QUARTER)) {
            quarter.copy_from_slice(values);
        }
        Self {
            window: quarters,
            even: panels.clone().map(|panel| factors(panel, 0)).collect(),
            odd: panels.clone().map(|panel| factors(panel, 1)).collect(),
            middle: panels.map(middle).collect(),
        }
    }

    /// Bins in the order in which [`Spectrum::magnitudes`] gives them: those with even numbers,
    /// those with odd ones, and the last.
    pub(crate) fn order() -> impl Iterator<Item = usize> {
        let last = 2 * QUARTER;
        let even = (0..last).step_by(2);
        even.chain((1..last).step_by(2)).chain([last])
    }

    /// Windows and folds the frames of a row: a stream's context and window and what follows by
    /// reflection, ten times `QUARTER` samples.
    #[inline(always)]
    pub(crate) fn fold(&self, row: &[f32], folded: &mut [Folded<QUARTER>; FRAMES]) {
        let (quarters, _) = row.as_chunks::<QUARTER>();
        for (folded, quarters) in folded.iter_mut().zip(quarters.windows(4).step_by(2)) {
            let mut windowed = [[0.0; QUARTER]; 4];
            for (windowed, (quarter, window)) in
                windowed.iter_mut().zip(quarters.iter().zip(&self.window))
            {
                for index in 0..QUARTER {
                    windowed[index] = quarter[index] * window[index];
                }
            }
            folded.fold(&windowed);
        }
    }

    /// The magnitudes of all bins, in [`Spectrum::order`].
    #[inline(always)]
    pub(crate) fn magnitudes<const BINS: usize>(
        &self,
        simd: S,
        folded: &[Folded<QUARTER>; FRAMES],
        magnitudes: &mut [[f32; BINS]; FRAMES],
    ) {
        let zero = simd.splat(0.0);
        for (index, (panel, &middle)) in self.even.iter().zip(&self.middle).enumerate() {
            let sides = folded.each_ref().map(|folded| &folded.even);
            let middles = folded
                .each_ref()
                .map(|folded| simd.mul(simd.splat(folded.middle), middle));
            let bins = index * S::WIDTH;
            transform(simd, panel, sides, middles, magnitudes, bins);
        }
        for (index, panel) in self.odd.iter().enumerate() {
            let sides = folded.each_ref().map(|folded| &folded.odd);
            let bins = QUARTER + index * S::WIDTH;
            transform(simd, panel, sides, [zero; FRAMES], magnitudes, bins);
        }
        for (folded, magnitudes) in folded.iter().zip(magnitudes) {
            magnitudes[BINS - 1] = folded.last.abs();
        }
    }
}

/// The magnitudes of as many bins as there are lanes, in each frame. `real` is what the real parts
/// begin with, `bins` where the magnitudes go.
#[inline(always)]
fn transform<S: Simd, const QUARTER: usize, const BINS: usize>(
    simd: S,
    panel: &Panel<S, QUARTER>,
    sides: [&Sides<QUARTER>; FRAMES],
    mut real: [S::Lanes; FRAMES],
    magnitudes: &mut [[f32; BINS]; FRAMES],
    bins: usize,
) {
    let mut imaginary = [simd.splat(0.0); FRAMES];
    for sample in 0..QUARTER {
        let [cosine, sine] = panel[sample];
        for frame in 0..FRAMES {
            let [for_cosine, for_sine] = sides[frame];
            real[frame] = simd.mul_add(simd.splat(for_cosine[sample]), cosine, real[frame]);
            imaginary[frame] = simd.mul_add(simd.splat(for_sine[sample]), sine, imaginary[frame]);
        }
    }
    for frame in 0..FRAMES {
        let squares = simd.mul(imaginary[frame], imaginary[frame]);
        let power = simd.mul_add(real[frame], real[frame], squares);
        simd.store(simd.sqrt(power), &mut magnitudes[frame][bins..]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::Portable;
    use super::*;

    #[test]
    fn magnitudes_are_those_of_the_transform_by_definition() {
        const QUARTER: usize = 32;
        const FRAME: usize = 4 * QUARTER;
        let window: Vec<f32> = (0..FRAME)
            .map(|sample| (0.5 - 0.5 * (TAU * sample as f64 / FRAME as f64).cos()) as f32)
            .collect();
        let mut seed = 7_u32;
        let row: Vec<f32> = (0..10 * QUARTER)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        let spectrum = Spectrum::<Portable, QUARTER>::new(Portable, &window);
        let mut folded = [Folded::EMPTY; FRAMES];
        let mut magnitudes = [[0.0; 2 * QUARTER + 1]; FRAMES];

        spectrum.fold(&row, &mut folded);
        spectrum.magnitudes(Portable, &folded, &mut magnitudes);

        for (frame, magnitudes) in magnitudes.iter().enumerate() {
            let samples = &row[frame * FRAME / 2..];
            for (bin, &magnitude) in Spectrum::<Portable, QUARTER>::order().zip(magnitudes) {
                let (mut real, mut imaginary) = (0.0, 0.0);
                for (sample, (&value, &factor)) in samples.iter().zip(&window).enumerate() {
                    let (sine, cosine) = (TAU * (bin * sample) as f64 / FRAME as f64).sin_cos();
                    real += f64::from(value) * f64::from(factor) * cosine;
                    imaginary += f64::from(value) * f64::from(factor) * sine;
                }
                let error = (f64::from(magnitude) - real.hypot(imaginary)).abs();
                assert!(error < 1e-5, "frame {frame}, bin {bin}: off by {error}");
            }
        }
    }
}
