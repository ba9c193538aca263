//! The predictor of one band: two poles and six zeros that follow the signal's
//! spectrum, from nothing but what the decoder sees (G.722 §3.6).

use super::mult;

/// Zeros of the filter.
const ZEROS: usize = 6;
/// Lanes they are computed in: as many as a vector has. The last two follow the
/// signal as the others do and are left out of the sum.
const LANES: usize = 8;

/// The state of one predictor; newest first where there are several of a kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Predictor {
    /// Quantised differences, doubled, and the coefficients on them.
    differences: [i16; LANES],
    zeros: [i16; LANES],
    /// Reconstructed samples and the coefficients on them.
    reconstructed: [i16; 2],
    poles: [i16; 2],
    /// What the samples would be by the zeros alone.
    partial: [i16; 2],
    /// The part of the prediction that is due to the zeros.
    by_zeros: i16,
    prediction: i16,
}

/// Coefficients shrink with each sample, by 1/256 or 1/128.
const LEAK_255_256: i16 = 32_640;
const LEAK_127_128: i16 = 32_512;

impl Predictor {
    /// What the next sample should be.
    pub(super) const fn prediction(&self) -> i16 {
        self.prediction
    }

    /// Goes on by a sample that differs from the prediction by `difference`, and
    /// returns the sample.
    pub(super) fn update(&mut self, difference: i16) -> i16 {
        let sample = self.prediction.saturating_add(difference);
        let partial = difference.saturating_add(self.by_zeros);
        self.adapt_zeros(difference);
        self.adapt_poles(partial);
        self.partial = [partial, self.partial[0]];
        self.reconstructed = [sample, self.reconstructed[0]];
        let [a, b, c, d, e, f, g, _] = self.differences;
        self.differences = [double(difference), a, b, c, d, e, f, g];
        self.predict();
        sample
    }

    fn adapt_zeros(&mut self, difference: i16) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, &earlier) in self.zeros.iter_mut().zip(&self.differences) {
            // All ones where the signs differ, which negates the step.
            let opposite = (difference ^ earlier) >> 15;
            let towards = (step ^ opposite) - opposite;
            *zero = mult(*zero, LEAK_255_256).saturating_add(towards);
        }
    }

    fn adapt_poles(&mut self, partial: i16) {
        let [first, second] = self.poles;
        let like_last = same_sign(partial, self.partial[0]);
        let like_last_but_one = same_sign(partial, self.partial[1]);

        let quadruple = first.saturating_mul(4);
        let against = if like_last {
            0i16.saturating_sub(quadruple)
        } else {
            quadruple
        };
        let step = if like_last_but_one { 128 } else { -128 };
        let second = (against >> 7) + step + mult(second, LEAK_127_128);
        let second = second.clamp(-12_288, 12_288);

        let step = if like_last { 192 } else { -192 };
        let bound = 15_360 - second;
        let first = mult(first, LEAK_255_256).saturating_add(step);
        self.poles = [first.clamp(-bound, bound), second];
    }

    fn predict(&mut self) {
        let mut products = [0; LANES];
        for ((product, &difference), &zero) in
            products.iter_mut().zip(&self.differences).zip(&self.zeros)
        {
            *product = mult(difference, zero);
        }
        self.by_zeros = saturating_sum(&products[..ZEROS]);
        let [newer, older] = self.reconstructed;
        let [first, second] = self.poles;
        let by_poles = mult(double(newer), first).saturating_add(mult(double(older), second));
        self.prediction = by_poles.saturating_add(self.by_zeros);
    }
}

/// The sum of `products`, from the last on, where each step saturates. The order
/// counts only where they are large enough together to saturate at all.
fn saturating_sum(products: &[i16]) -> i16 {
    let reach: i32 = products.iter().map(|&p| i32::from(p).abs()).sum();
    if reach <= i32::from(i16::MAX) {
        products.iter().sum()
    } else {
        products.iter().rev().copied().fold(0, i16::saturating_add)
    }
}

const fn double(number: i16) -> i16 {
    number.saturating_add(number)
}

const fn same_sign(a: i16, b: i16) -> bool {
    (a ^ b) >= 0
}
