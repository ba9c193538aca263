//! The pair of mirror filters that splits audio into two bands and joins them
//! again (G.722 §3.1, §4.4).

/// The most pairs of samples handled at once.
pub(super) const CHUNK: usize = 80;
/// Coefficients of one phase: every second one of the filter's 24.
const TAPS: usize = 12;
/// Samples of the past that one phase needs.
const PAST: usize = TAPS - 1;

/// Every second coefficient, the first of all among them, in units of 2⁻¹³. The
/// filter is symmetric, so backwards these are the others.
const COEFFICIENTS: [i16; TAPS] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
const COEFFICIENTS_BACKWARDS: [i16; TAPS] = {
    let mut backwards = COEFFICIENTS;
    backwards.reverse();
    backwards
};

/// The largest magnitude of a band's signal is 14 bits.
pub(super) fn limit(sample: i16) -> i16 {
    sample.clamp(-16_384, 16_383)
}

/// The sender's filters.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    earlier: Phase,
    later: Phase,
}

impl Analysis {
    /// Splits at most [`CHUNK`] pairs of samples into a sample of the lower and
    /// one of the upper band each.
    pub(super) fn split(
        &mut self,
        pairs: &[[i16; 2]],
        lows: &mut [i16; CHUNK],
        highs: &mut [i16; CHUNK],
    ) {
        let (mut earlier, mut later) = ([0; CHUNK], [0; CHUNK]);
        for ((pair, earlier), later) in pairs.iter().zip(&mut earlier).zip(&mut later) {
            [*earlier, *later] = *pair;
        }
        let earlier = self.earlier.filter(&earlier, pairs.len(), &COEFFICIENTS);
        let later = self
            .later
            .filter(&later, pairs.len(), &COEFFICIENTS_BACKWARDS);
        for (((&earlier, &later), low), high) in earlier.iter().zip(&later).zip(lows).zip(highs) {
            *low = limit(((later + earlier) >> 14) as i16);
            *high = limit(((later - earlier) >> 14) as i16);
        }
    }
}

/// The receiver's filters.
#[derive(Clone, Debug, Default)]
pub(super) struct Synthesis {
    sum: Phase,
    difference: Phase,
}

impl Synthesis {
    /// Joins the samples of the two bands into at most [`CHUNK`] pairs of samples.
    pub(super) fn join(
        &mut self,
        lows: &[i16; CHUNK],
        highs: &[i16; CHUNK],
        pairs: &mut [[i16; 2]],
    ) {
        let (mut sums, mut differences) = ([0; CHUNK], [0; CHUNK]);
        for (((&low, &high), sum), difference) in
            lows.iter().zip(highs).zip(&mut sums).zip(&mut differences)
        {
            *sum = low.saturating_add(high);
            *difference = low.saturating_sub(high);
        }
        let earlier = self
            .difference
            .filter(&differences, pairs.len(), &COEFFICIENTS_BACKWARDS);
        let later = self.sum.filter(&sums, pairs.len(), &COEFFICIENTS);
        for ((pair, earlier), later) in pairs.iter_mut().zip(earlier).zip(later) {
            *pair = [saturate(earlier >> 11), saturate(later >> 11)];
        }
    }
}

/// One phase of a filter and the samples of the past that it needs.
#[derive(Clone, Debug, Default)]
struct Phase {
    past: [i16; PAST],
}

impl Phase {
    /// Filters the first `count` samples of `input`; `taps` begins with the
    /// coefficient of the oldest sample. Only the first `count` sums mean anything.
    fn filter(&mut self, input: &[i16; CHUNK], count: usize, taps: &[i16; TAPS]) -> [i32; CHUNK] {
        let mut line = [0; PAST + CHUNK];
        line[..PAST].copy_from_slice(&self.past);
        line[PAST..].copy_from_slice(input);
        let mut sums = [0; CHUNK];
        for (sum, window) in sums.iter_mut().zip(line.windows(TAPS)) {
            *sum = window
                .iter()
                .zip(taps)
                .map(|(&sample, &tap)| i32::from(sample) * i32::from(tap))
                .sum();
        }
        self.past.copy_from_slice(&line[count..count + PAST]);
        sums
    }
}

fn saturate(sum: i32) -> i16 {
    sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
