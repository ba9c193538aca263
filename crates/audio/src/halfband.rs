//! Between 8 kHz and 16 kHz, for the real-time tick: short, cheap and without a
//! heap.
//!
//! [`Upsampler`] and [`Downsampler`] share one half-band filter of 63 taps in
//! polyphase form. All of its odd taps but the middle one are zero, so a sample at
//! 8 kHz costs 32 multiplications. They are multiplications of integers, so the
//! result is the same on every machine.
//!
//! In either direction the response is
//!
//! - flat within 0.01 dB up to 3.5 kHz, 6 dB down at 4 kHz, and
//! - at least 67 dB down from 4.5 kHz on: what 8 kHz cannot hold, or the images of
//!   what it does hold.
//!
//! Pieces may have any length. Nothing is held back but the filter's delay of less
//! than 2 ms. Other rates, and recordings that must keep their place in time, are
//! for [`crate::resample`].

use std::time::Duration;

/// Taps that are not zero, beside the middle one.
const TAPS: usize = 32;
/// How many earlier samples the filter sees beside the newest one.
const HISTORY: usize = TAPS - 1;
/// How many samples at 8 kHz the middle tap lies behind the newest one.
const MIDDLE: usize = 15;
/// The most samples at 8 kHz that are filtered at a time: 20 ms.
const BLOCK: usize = 160;
/// A middle tap of one is 2^`UNITY`.
const UNITY: u32 = 14;

/// The taps beside the middle one, from one end to the middle; the other half
/// mirrors them. An equiripple design (Parks and McClellan) with the edges 3.5 kHz
/// and 4.5 kHz, rounded.
///
/// With the mirrored half and the middle tap, the magnitudes add up to less than
/// 3.5 × 2^14, so that no sum of products with 16-bit samples leaves 32 bits.
const HALF: [i16; TAPS / 2] = [
    -12, 20, -36, 59, -91, 135, -193, 270, -370, 503, -681, 930, -1_306, 1_951, -3_394, 10_402,
];

const FILTER: [i16; TAPS] = {
    let mut filter = [0; TAPS];
    let mut place = 0;
    while place < TAPS / 2 {
        filter[place] = HALF[place];
        filter[TAPS - 1 - place] = HALF[place];
        place += 1;
    }
    filter
};

/// Turns a stream at 8 kHz into one at 16 kHz. It takes 62 bytes.
#[derive(Clone, Debug)]
pub struct Upsampler {
    history: [i16; HISTORY],
}

impl Upsampler {
    /// How much later the stream comes out than it goes in: 31 samples at 16 kHz.
    pub const DELAY: Duration = Duration::from_nanos(1_937_500);

    /// An upsampler of a stream that has not begun.
    pub const fn new() -> Self {
        Self {
            history: [0; HISTORY],
        }
    }

    /// Writes two samples into `output` for each of `input`, clipped to 16 bits, and
    /// returns how many it wrote. `output` should be twice as long as `input`: what
    /// it has no room for is lost.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        let taken = input.len().min(output.len() / 2);
        let blocks = input[..taken].chunks(BLOCK);
        for (block, output) in blocks.zip(output.chunks_mut(2 * BLOCK)) {
            let mut line = [0; HISTORY + BLOCK];
            let line = joined(&mut line, &mut self.history, block.iter().copied());
            for (window, pair) in line.array_windows().zip(output.chunks_exact_mut(2)) {
                pair[0] = rounded(filtered(window), UNITY);
                pair[1] = window[HISTORY - MIDDLE];
            }
        }
        2 * taken
    }
}

impl Default for Upsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Turns a stream at 16 kHz into one at 8 kHz. It takes 96 bytes.
#[derive(Clone, Debug)]
pub struct Downsampler {
    /// The second samples of pairs, which meet the filter.
    history: [i16; HISTORY],
    /// The first samples of pairs, which meet the middle tap alone.
    middle: [i16; MIDDLE],
    /// The first sample of a pair whose second one has not come yet.
    pending: Option<i16>,
}

impl Downsampler {
    /// How much later the stream comes out than it goes in: 15 samples at 8 kHz.
    pub const DELAY: Duration = Duration::from_micros(1_875);

    /// A downsampler of a stream that has not begun.
    pub const fn new() -> Self {
        Self {
            history: [0; HISTORY],
            middle: [0; MIDDLE],
            pending: None,
        }
    }

    /// Writes one sample into `output` for every two of `input`, clipped to 16 bits,
    /// and returns how many it wrote. An odd sample waits for the next call. `output`
    /// should be half as long as `input`, rounded up: what it has no room for is lost.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        let Some((&second, rest)) = input.split_first() else {
            return 0;
        };
        let Some(first) = self.pending.take() else {
            return self.process_pairs(input, output);
        };
        let Some((sample, others)) = output.split_first_mut() else {
            return self.process_pairs(rest, output);
        };
        self.filter(&[[first, second]], std::slice::from_mut(sample));
        1 + self.process_pairs(rest, others)
    }

    fn process_pairs(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        let (pairs, odd) = input.as_chunks();
        self.pending = odd.first().copied();
        let pairs = &pairs[..pairs.len().min(output.len())];
        for (pairs, output) in pairs.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
            self.filter(pairs, output);
        }
        pairs.len()
    }

    /// Filters up to [`BLOCK`] pairs into as many samples.
    fn filter(&mut self, pairs: &[[i16; 2]], output: &mut [i16]) {
        let (mut line, mut delayed) = ([0; HISTORY + BLOCK], [0; MIDDLE + BLOCK]);
        let seconds = pairs.iter().map(|&[_, second]| second);
        let line = joined(&mut line, &mut self.history, seconds);
        let firsts = pairs.iter().map(|&[first, _]| first);
        let delayed = joined(&mut delayed, &mut self.middle, firsts);
        for ((window, &middle), out) in line.array_windows().zip(delayed).zip(output) {
            *out = rounded(filtered(window) + (i32::from(middle) << UNITY), UNITY + 1);
        }
    }
}

impl Default for Downsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts `samples` behind `history` into `line` and makes the last of them the
/// history of the next line.
fn joined<'a, const OLD: usize, const LEN: usize>(
    line: &'a mut [i16; LEN],
    history: &mut [i16; OLD],
    samples: impl ExactSizeIterator<Item = i16>,
) -> &'a [i16] {
    let len = OLD + samples.len();
    line[..OLD].copy_from_slice(history);
    for (place, sample) in line[OLD..].iter_mut().zip(samples) {
        *place = sample;
    }
    history.copy_from_slice(&line[len - OLD..len]);
    &line[..len]
}

fn filtered(window: &[i16; TAPS]) -> i32 {
    window
        .iter()
        .zip(FILTER)
        .map(|(&sample, tap)| i32::from(sample) * i32::from(tap))
        .sum()
}

fn rounded(sum: i32, shift: u32) -> i16 {
    let sample = (sum + (1 << (shift - 1))) >> shift;
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
