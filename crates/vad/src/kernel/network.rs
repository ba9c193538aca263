//! The network for one rate on one set of instructions, from samples to probabilities.

use std::fmt::Debug;

use super::cell::{Cell, CellInput};
use super::convolution::Convolution;
use super::simd::{Simd, Task};
use super::spectrum::{FRAMES, Folded, Spectrum};
use super::weights::Weights;
use crate::stream::UNITS;

/// Streams that go through all layers together: as many as fit into the nearest cache beside the
/// weights that are in use.
const TILE: usize = 16;

/// A batch: what belongs to one stream stands at the same index everywhere.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// Rows of ten quarters of a frame of the transform: a quarter of context, the window, and a
    /// quarter of room for its reflection.
    pub(crate) rows: Vec<f32>,
    pub(crate) hidden: Vec<[f32; UNITS]>,
    pub(crate) cells: Vec<[f32; UNITS]>,
    pub(crate) probabilities: Vec<f32>,
}

/// A network whose rate and instructions are settled.
pub(crate) trait Infer: Debug + Send {
    /// Moves all streams on by one window.
    fn infer(&mut self, streams: &mut Streams);
}

/// The network for frames of four times `QUARTER` samples, whose spectrum has `BINS` bins.
#[derive(Debug)]
pub(crate) struct Network<S: Simd, const QUARTER: usize, const BINS: usize> {
    simd: S,
    layers: Layers<S, QUARTER, BINS>,
    values: Values<QUARTER, BINS>,
}

#[derive(Debug)]
struct Layers<S: Simd, const QUARTER: usize, const BINS: usize> {
    spectrum: Spectrum<S, QUARTER>,
    first: Convolution<S, BINS, 128, FRAMES, 4, 1, 1, 2>,
    second: Convolution<S, 128, 64, 4, 2, 2, 2, 4>,
    third: Convolution<S, 64, 64, 2, 1, 2, 4, 4>,
    fourth: Convolution<S, 64, 128, 1, 1, 1, 4, 8>,
    cell: Cell<S>,
}

/// What the layers hand to each other, for each stream of a tile.
#[derive(Debug)]
struct Values<const QUARTER: usize, const BINS: usize> {
    folded: Vec<[Folded<QUARTER>; FRAMES]>,
    magnitudes: Vec<[[f32; BINS]; FRAMES]>,
    first: Vec<[[f32; 128]; 4]>,
    second: Vec<[[f32; 64]; 2]>,
    third: Vec<[[f32; 64]; 1]>,
    fourth: Vec<[[f32; UNITS]; 1]>,
    cell_input: Vec<CellInput>,
}

impl<S: Simd, const QUARTER: usize, const BINS: usize> Network<S, QUARTER, BINS> {
    pub(crate) fn new(simd: S, weights: &Weights) -> Self {
        let [first, second, third, fourth] = &weights.encoder;
        Self {
            simd,
            layers: Layers {
                spectrum: Spectrum::new(simd, &weights.window),
                first: Convolution::new(simd, first, Spectrum::<S, QUARTER>::order()),
                second: Convolution::new(simd, second, 0..128),
                third: Convolution::new(simd, third, 0..64),
                fourth: Convolution::new(simd, fourth, 0..64),
                cell: Cell::new(simd, weights),
            },
            values: Values {
                folded: vec![[Folded::EMPTY; FRAMES]; TILE],
                magnitudes: vec![[[0.0; BINS]; FRAMES]; TILE],
                first: vec![[[0.0; 128]; 4]; TILE],
                second: vec![[[0.0; 64]; 2]; TILE],
                third: vec![[[0.0; 64]; 1]; TILE],
                fourth: vec![[[0.0; UNITS]; 1]; TILE],
                cell_input: vec![[0.0; 2 * UNITS]; TILE],
            },
        }
    }
}

impl<S: Simd, const QUARTER: usize, const BINS: usize> Infer for Network<S, QUARTER, BINS> {
    fn infer(&mut self, streams: &mut Streams) {
        let rows = streams.rows.chunks_mut(10 * QUARTER * TILE);
        let hidden = streams.hidden.chunks_mut(TILE);
        let cells = streams.cells.chunks_mut(TILE);
        let probabilities = streams.probabilities.chunks_mut(TILE);
        for (((rows, hidden), cells), probabilities) in
            rows.zip(hidden).zip(cells).zip(probabilities)
        {
            self.simd.run(Tile {
                layers: &self.layers,
                values: &mut self.values,
                rows,
                hidden,
                cells,
                probabilities,
            });
        }
    }
}

/// All layers for some streams.
struct Tile<'a, S: Simd, const QUARTER: usize, const BINS: usize> {
    layers: &'a Layers<S, QUARTER, BINS>,
    values: &'a mut Values<QUARTER, BINS>,
    rows: &'a mut [f32],
    hidden: &'a mut [[f32; UNITS]],
    cells: &'a mut [[f32; UNITS]],
    probabilities: &'a mut [f32],
}

impl<S: Simd, const QUARTER: usize, const BINS: usize> Task<S> for Tile<'_, S, QUARTER, BINS> {
    #[inline(always)]
    fn run(self, simd: S) {
        let Self { layers, values, .. } = self;
        let streams = self.hidden.len();
        let rows = self.rows.chunks_exact_mut(10 * QUARTER);
        let transformed = values.folded.iter_mut().zip(&mut values.magnitudes);
        for (row, (folded, magnitudes)) in rows.zip(transformed) {
            reflect::<QUARTER>(row);
            layers.spectrum.fold(row, folded);
            layers.spectrum.magnitudes(simd, folded, magnitudes);
        }
        layers.first.compute(
            simd,
            &values.magnitudes[..streams],
            &mut values.first[..streams],
        );
        layers.second.compute(
            simd,
            &values.first[..streams],
            &mut values.second[..streams],
        );
        layers.third.compute(
            simd,
            &values.second[..streams],
            &mut values.third[..streams],
        );
        layers.fourth.compute(
            simd,
            &values.third[..streams],
            &mut values.fourth[..streams],
        );
        for ((input, [encoded]), hidden) in values
            .cell_input
            .iter_mut()
            .zip(&values.fourth)
            .zip(self.hidden.iter())
        {
            input[..UNITS].copy_from_slice(encoded);
            input[UNITS..].copy_from_slice(hidden);
        }
        let inputs = &values.cell_input[..streams];
        layers.cell.compute(simd, inputs, self.cells, self.hidden);
        for (probability, hidden) in self.probabilities.iter_mut().zip(self.hidden.iter()) {
            *probability = layers.cell.probability(simd, hidden);
        }
    }
}

/// Fills the last quarter of a row with what precedes it, backwards and without its last sample.
#[inline(always)]
fn reflect<const QUARTER: usize>(row: &mut [f32]) {
    let (heard, room) = row.split_at_mut(9 * QUARTER);
    for (reflected, sample) in room.iter_mut().zip(heard.iter().rev().skip(1)) {
        *reflected = *sample;
    }
}
