//! A convolution over the frames of a window, and the rectifier after it.

#![allow(
    clippy::needless_range_loop,
    reason = "an index names the same place in several arrays, in loops that are unrolled"
)]

use super::simd::Simd;
use super::weights::{Layer, TAPS};

/// Convolves `IN` frames of `INPUTS` channels to `OUT` frames of `OUTPUTS` channels, with frames of
/// zeros before and after. Products with these are left out.
///
/// `PANELS` is how many times the lanes of output channels are computed at once for several
/// streams, and `WIDE` the same for one stream. Neither changes the order in which an output's
/// products are added up: it has the same value however many streams there are.
#[derive(Debug)]
pub(crate) struct Convolution<
    S: Simd,
    const INPUTS: usize,
    const OUTPUTS: usize,
    const IN: usize,
    const OUT: usize,
    const STRIDE: usize,
    const PANELS: usize,
    const WIDE: usize,
> {
    panels: Vec<Panel<S, INPUTS>>,
}

/// The weights for as many output channels as there are lanes.
#[derive(Debug)]
struct Panel<S: Simd, const INPUTS: usize> {
    weights: [[S::Lanes; TAPS]; INPUTS],
    bias: S::Lanes,
}

impl<
    S: Simd,
    const INPUTS: usize,
    const OUTPUTS: usize,
    const IN: usize,
    const OUT: usize,
    const STRIDE: usize,
    const PANELS: usize,
    const WIDE: usize,
> Convolution<S, INPUTS, OUTPUTS, IN, OUT, STRIDE, PANELS, WIDE>
{
    /// `order` gives the input channels in the order in which they will come.
    pub(crate) fn new(simd: S, layer: &Layer, order: impl Iterator<Item = usize>) -> Self {
        let order: Vec<usize> = order.collect();
        let panel = |panel: usize| {
            let first = panel * S::WIDTH;
            let weights = std::array::from_fn(|input| {
                std::array::from_fn(|tap| {
                    let weight = |lane| {
                        let row = (first + lane) * INPUTS + order[input];
                        layer.weights[row * TAPS + tap]
                    };
                    simd.load(&(0..S::WIDTH).map(weight).collect::<Vec<f32>>())
                })
            });
            let bias = simd.load(&layer.bias[first..]);
            Panel { weights, bias }
        };
        Self {
            panels: (0..OUTPUTS / S::WIDTH).map(panel).collect(),
        }
    }

    /// Computes the layer for each stream.
    #[inline(always)]
    pub(crate) fn compute(
        &self,
        simd: S,
        inputs: &[[[f32; INPUTS]; IN]],
        outputs: &mut [[[f32; OUTPUTS]; OUT]],
    ) {
        let quads = if S::WIDTH == 16 { inputs.len() / 4 } else { 0 };
        let (quad_inputs, inputs) = inputs.split_at(quads * 4);
        let (quad_outputs, outputs) = outputs.split_at_mut(quads * 4);
        self.blocks::<PANELS, 4>(simd, quad_inputs, quad_outputs);
        let pairs = inputs.len() / 2;
        let (pair_inputs, inputs) = inputs.split_at(pairs * 2);
        let (pair_outputs, outputs) = outputs.split_at_mut(pairs * 2);
        self.blocks::<PANELS, 2>(simd, pair_inputs, pair_outputs);
        self.blocks::<WIDE, 1>(simd, inputs, outputs);
    }

    /// All output channels of streams whose number is a multiple of `STREAMS`.
    #[inline(always)]
    fn blocks<const AT_ONCE: usize, const STREAMS: usize>(
        &self,
        simd: S,
        inputs: &[[[f32; INPUTS]; IN]],
        outputs: &mut [[[f32; OUTPUTS]; OUT]],
    ) {
        let (inputs, _) = inputs.as_chunks::<STREAMS>();
        let (outputs, _) = outputs.as_chunks_mut::<STREAMS>();
        let (panels, _) = self.panels.as_chunks::<AT_ONCE>();
        for (index, panels) in panels.iter().enumerate() {
            let first = index * AT_ONCE * S::WIDTH;
            for (inputs, outputs) in inputs.iter().zip(outputs.iter_mut()) {
                let sums =
                    block::<S, INPUTS, IN, OUT, STRIDE, AT_ONCE, STREAMS>(simd, panels, inputs);
                for (panel, sums) in sums.iter().enumerate() {
                    let first = first + panel * S::WIDTH;
                    for (sums, outputs) in sums.iter().zip(outputs.iter_mut()) {
                        for (sum, output) in sums.iter().zip(outputs) {
                            let rectified = simd.max(*sum, simd.splat(0.0));
                            simd.store(rectified, &mut output[first..]);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn block<
    S: Simd,
    const INPUTS: usize,
    const IN: usize,
    const OUT: usize,
    const STRIDE: usize,
    const PANELS: usize,
    const STREAMS: usize,
>(
    simd: S,
    panels: &[Panel<S, INPUTS>; PANELS],
    inputs: &[[[f32; INPUTS]; IN]; STREAMS],
) -> [[[S::Lanes; OUT]; STREAMS]; PANELS] {
    let mut sums = [[[simd.splat(0.0); OUT]; STREAMS]; PANELS];
    for panel in 0..PANELS {
        sums[panel] = [[panels[panel].bias; OUT]; STREAMS];
    }
    for input in 0..INPUTS {
        for stream in 0..STREAMS {
            for frame in 0..IN {
                let value = simd.splat(inputs[stream][frame][input]);
                for panel in 0..PANELS {
                    for out in 0..OUT {
                        // The frame that the first tap of this output meets is one before.
                        let first = out * STRIDE;
                        if frame + 1 >= first && frame + 1 < first + TAPS {
                            let weights = panels[panel].weights[input][frame + 1 - first];
                            let sum = &mut sums[panel][stream][out];
                            *sum = simd.mul_add(value, weights, *sum);
                        }
                    }
                }
            }
        }
    }
    sums
}
