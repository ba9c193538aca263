//! The recurrent cell (LSTM), and the probability that is read off it.

#![allow(
    clippy::needless_range_loop,
    reason = "an index names the same place in several arrays, in loops that are unrolled"
)]

use super::simd::Simd;
use super::weights::{Layer, Weights};
use crate::stream::UNITS;

/// What the cell is given: what the encoder made of the window, then the stream's hidden state.
pub(crate) type CellInput = [f32; 2 * UNITS];

/// Gates of a unit: input, forget, candidate, output.
const GATES: usize = 4;

/// Coefficients of a rational approximation of the hyperbolic tangent by the method of least
/// squares, weighted until the greatest error was least: `x P(x²) / Q(x²)`, which is right to
/// 5e-8 before rounding. Lowest power first.
const TANH_NUMERATOR: [f32; 6] = [
    9.999_997_4e-1,
    1.291_069_1e-1,
    2.912_000_5e-3,
    9.195_114e-6,
    -1.259_125_9e-8,
    1.783_832_2e-11,
];
const TANH_DENOMINATOR: [f32; 4] = [1.0, 4.624_392_4e-1, 2.372_619_8e-2, 2.269_416_5e-4];
/// Beyond it the hyperbolic tangent is 1, as near as matters.
const TANH_LIMIT: f32 = 9.0;

/// The cell's weights.
#[derive(Debug)]
pub(crate) struct Cell<S: Simd> {
    panels: Vec<Panel<S>>,
    output: Layer,
}

/// The weights for as many units as there are lanes, gate by gate.
#[derive(Debug)]
struct Panel<S: Simd> {
    weights: [[S::Lanes; GATES]; 2 * UNITS],
    bias: [S::Lanes; GATES],
}

impl<S: Simd> Cell<S> {
    pub(crate) fn new(simd: S, weights: &Weights) -> Self {
        let panel = |panel: usize| {
            let row = |gate: usize, lane: usize| gate * UNITS + panel * S::WIDTH + lane;
            let lanes = |value: &dyn Fn(usize) -> f32| {
                simd.load(&(0..S::WIDTH).map(value).collect::<Vec<f32>>())
            };
            Panel {
                weights: std::array::from_fn(|input| {
                    let (side, column) = if input < UNITS {
                        (&weights.input, input)
                    } else {
                        (&weights.recurrent, input - UNITS)
                    };
                    std::array::from_fn(|gate| {
                        lanes(&|lane| side.weights[row(gate, lane) * UNITS + column])
                    })
                }),
                bias: std::array::from_fn(|gate| {
                    let biases = [&weights.input.bias, &weights.recurrent.bias];
                    lanes(&|lane| biases.iter().map(|bias| bias[row(gate, lane)]).sum())
                }),
            }
        };
        Self {
            panels: (0..UNITS / S::WIDTH).map(panel).collect(),
            output: weights.output.clone(),
        }
    }

    /// Moves each stream on: `cells` becomes its new cell state, `hidden` its new hidden state.
    #[inline(always)]
    pub(crate) fn compute(
        &self,
        simd: S,
        inputs: &[CellInput],
        cells: &mut [[f32; UNITS]],
        hidden: &mut [[f32; UNITS]],
    ) {
        let quads = if S::WIDTH == 16 { inputs.len() / 4 } else { 0 };
        let (quad_inputs, inputs) = inputs.split_at(quads * 4);
        let (quad_cells, cells) = cells.split_at_mut(quads * 4);
        let (quad_hidden, hidden) = hidden.split_at_mut(quads * 4);
        self.blocks::<1, 4>(simd, quad_inputs, quad_cells, quad_hidden);
        let pairs = inputs.len() / 2;
        let (pair_inputs, inputs) = inputs.split_at(pairs * 2);
        let (pair_cells, cells) = cells.split_at_mut(pairs * 2);
        let (pair_hidden, hidden) = hidden.split_at_mut(pairs * 2);
        self.blocks::<1, 2>(simd, pair_inputs, pair_cells, pair_hidden);
        self.blocks::<2, 1>(simd, inputs, cells, hidden);
    }

    #[inline(always)]
    fn blocks<const PANELS: usize, const STREAMS: usize>(
        &self,
        simd: S,
        inputs: &[CellInput],
        cells: &mut [[f32; UNITS]],
        hidden: &mut [[f32; UNITS]],
    ) {
        let (inputs, _) = inputs.as_chunks::<STREAMS>();
        let (cells, _) = cells.as_chunks_mut::<STREAMS>();
        let (hidden, _) = hidden.as_chunks_mut::<STREAMS>();
        let (panels, _) = self.panels.as_chunks::<PANELS>();
        for (index, panels) in panels.iter().enumerate() {
            let streams = inputs.iter().zip(cells.iter_mut()).zip(hidden.iter_mut());
            for ((inputs, cells), hidden) in streams {
                let sums = block::<S, PANELS, STREAMS>(simd, panels, inputs);
                for (panel, sums) in sums.iter().enumerate() {
                    let first = (index * PANELS + panel) * S::WIDTH;
                    for ((sums, cells), hidden) in
                        sums.iter().zip(cells.iter_mut()).zip(hidden.iter_mut())
                    {
                        gates(simd, sums, &mut cells[first..], &mut hidden[first..]);
                    }
                }
            }
        }
    }

    /// The probability that a stream with this hidden state is speech.
    #[inline(always)]
    pub(crate) fn probability(&self, simd: S, hidden: &[f32; UNITS]) -> f32 {
        let mut sums = simd.splat(0.0);
        let rows = hidden.chunks_exact(S::WIDTH);
        for (values, weights) in rows.zip(self.output.weights.chunks_exact(S::WIDTH)) {
            let rectified = simd.max(simd.load(values), simd.splat(0.0));
            sums = simd.mul_add(rectified, simd.load(weights), sums);
        }
        let mut lanes = [0.0; 16];
        simd.store(sums, &mut lanes);
        let sum = lanes.iter().sum::<f32>() + self.output.bias[0];
        simd.store(sigmoid(simd, simd.splat(sum)), &mut lanes);
        lanes[0]
    }
}

#[inline(always)]
fn block<S: Simd, const PANELS: usize, const STREAMS: usize>(
    simd: S,
    panels: &[Panel<S>; PANELS],
    inputs: &[CellInput; STREAMS],
) -> [[[S::Lanes; GATES]; STREAMS]; PANELS] {
    let mut sums = [[[simd.splat(0.0); GATES]; STREAMS]; PANELS];
    for panel in 0..PANELS {
        sums[panel] = [panels[panel].bias; STREAMS];
    }
    for input in 0..2 * UNITS {
        for stream in 0..STREAMS {
            let value = simd.splat(inputs[stream][input]);
            for panel in 0..PANELS {
                for gate in 0..GATES {
                    let sum = &mut sums[panel][stream][gate];
                    *sum = simd.mul_add(value, panels[panel].weights[input][gate], *sum);
                }
            }
        }
    }
    sums
}

#[inline(always)]
fn gates<S: Simd>(simd: S, sums: &[S::Lanes; GATES], cell: &mut [f32], hidden: &mut [f32]) {
    let [input, forget, candidate, output] = *sums;
    let kept = simd.mul(sigmoid(simd, forget), simd.load(cell));
    let new = simd.mul_add(sigmoid(simd, input), tanh(simd, candidate), kept);
    simd.store(new, cell);
    simd.store(simd.mul(sigmoid(simd, output), tanh(simd, new)), hidden);
}

#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::Lanes) -> S::Lanes {
    let half = simd.splat(0.5);
    simd.mul_add(tanh(simd, simd.mul(x, half)), half, half)
}

#[inline(always)]
fn tanh<S: Simd>(simd: S, x: S::Lanes) -> S::Lanes {
    let x = simd.max(simd.min(x, simd.splat(TANH_LIMIT)), simd.splat(-TANH_LIMIT));
    let square = simd.mul(x, x);
    let numerator = polynomial(simd, &TANH_NUMERATOR, square);
    let denominator = polynomial(simd, &TANH_DENOMINATOR, square);
    simd.div(simd.mul(x, numerator), denominator)
}

#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, coefficients: &[f32; N], x: S::Lanes) -> S::Lanes {
    let mut sum = simd.splat(coefficients[N - 1]);
    for index in (0..N - 1).rev() {
        sum = simd.mul_add(sum, x, simd.splat(coefficients[index]));
    }
    sum
}
