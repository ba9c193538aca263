//! From one sample rate to another.
//!
//! A windowed sinc, applied by FFT to blocks of about 20 ms. What comes out is
//! aligned with what went in: the filter's delay is taken off the beginning and
//! made up for at the end.

use std::fmt;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::frame::FRAME;
use crate::units::SampleRate;

/// Why a [`Resampler`] could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    /// There is no filter for this pair of rates; another rate is to be chosen.
    #[error("cannot resample from {from} to {to}: {reason}; use 8000, 16000 or 48000 Hz")]
    Unsupported {
        /// Rate of the input.
        from: SampleRate,
        /// Rate asked for.
        to: SampleRate,
        /// What the filter design says.
        reason: String,
    },
}

/// Resamples one mono stream, piece by piece.
///
/// It holds back up to one block (20 ms for the usual rates) and half a block of
/// filter delay; [`Resampler::finish`] gives the rest out. Equal rates pass
/// samples through unchanged and hold nothing back.
pub struct Resampler {
    from: SampleRate,
    to: SampleRate,
    filter: Option<Filter>,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    /// A resampler of a stream that has not begun.
    ///
    /// # Errors
    ///
    /// [`ResampleError::Unsupported`] if no filter can be designed for the two rates.
    pub fn new(from: SampleRate, to: SampleRate) -> Result<Self, ResampleError> {
        let filter = if from == to {
            None
        } else {
            Some(Filter::new(from, to)?)
        };
        Ok(Self {
            from,
            to,
            filter,
            consumed: 0,
            produced: 0,
        })
    }

    /// Takes the next samples of the stream and appends to `output` as many
    /// resampled ones as they complete, which may be none.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        let before = output.len();
        match &mut self.filter {
            None => output.extend_from_slice(input),
            Some(filter) => filter.process(input, output),
        }
        self.consumed += input.len() as u64;
        self.produced += (output.len() - before) as u64;
    }

    /// Ends the stream: appends to `output` what is still held back, so that the
    /// stream has been turned into exactly as many samples as it lasts at the new
    /// rate, rounded to the nearest. The resampler is then ready for another stream.
    pub fn finish(&mut self, output: &mut Vec<i16>) {
        let (from, to) = (u64::from(self.from.hertz()), u64::from(self.to.hertz()));
        let expected = (self.consumed * to + from / 2) / from;
        if let Some(filter) = &mut self.filter {
            let wanted = output.len() + expected.saturating_sub(self.produced) as usize;
            filter.flush(wanted, output);
        }
        self.consumed = 0;
        self.produced = 0;
    }
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// Resamples a whole piece of mono audio; the result lasts as long as `samples`,
/// to the nearest sample.
///
/// # Errors
///
/// [`ResampleError::Unsupported`] if no filter can be designed for the two rates.
pub fn resample(
    samples: &[i16],
    from: SampleRate,
    to: SampleRate,
) -> Result<Vec<i16>, ResampleError> {
    let mut resampler = Resampler::new(from, to)?;
    let expected = samples.len() as u64 * u64::from(to.hertz()) / u64::from(from.hertz());
    let mut output = Vec::with_capacity(expected as usize + 1);
    resampler.process(samples, &mut output);
    resampler.finish(&mut output);
    Ok(output)
}

/// The filter and the block it is filling.
struct Filter {
    fft: Fft<f32>,
    block: Vec<f32>,
    filtered: Vec<f32>,
    /// Samples that are still to be dropped from the start of the stream: the
    /// filter's delay.
    early: usize,
}

impl Filter {
    fn new(from: SampleRate, to: SampleRate) -> Result<Self, ResampleError> {
        let fft = Fft::<f32>::new_custom(
            from.hertz() as usize,
            to.hertz() as usize,
            from.samples_in(FRAME),
            1,
            1,
            WindowFunction::Blackman2,
            FixedSync::Both,
        )
        .map_err(|error| ResampleError::Unsupported {
            from,
            to,
            reason: error.to_string(),
        })?;
        Ok(Self {
            block: Vec::with_capacity(fft.input_frames_next()),
            filtered: vec![0.0; fft.output_frames_next()],
            early: fft.output_delay(),
            fft,
        })
    }

    fn process(&mut self, mut input: &[i16], output: &mut Vec<i16>) {
        let block_len = self.fft.input_frames_next();
        while !input.is_empty() {
            let (taken, rest) = input.split_at(input.len().min(block_len - self.block.len()));
            self.block
                .extend(taken.iter().map(|&sample| f32::from(sample)));
            input = rest;
            if self.block.len() == block_len {
                self.filter_block(output);
            }
        }
    }

    /// Feeds silence until `output` is `wanted` samples long, cuts it there, and
    /// forgets the stream.
    fn flush(&mut self, wanted: usize, output: &mut Vec<i16>) {
        let block_len = self.fft.input_frames_next();
        while output.len() < wanted {
            self.block.resize(block_len, 0.0);
            self.filter_block(output);
        }
        output.truncate(wanted);
        self.fft.reset();
        self.block.clear();
        self.early = self.fft.output_delay();
    }

    fn filter_block(&mut self, output: &mut Vec<i16>) {
        let (taken, given) = (self.block.len(), self.filtered.len());
        let block = InterleavedSlice::new(&self.block, 1, taken)
            .expect("the adapter is as long as the block it wraps");
        let mut filtered = InterleavedSlice::new_mut(&mut self.filtered, 1, given)
            .expect("the adapter is as long as the block it wraps");
        self.fft
            .process_into_buffer(&block, &mut filtered, None)
            .expect("both blocks have the lengths that the filter asked for");
        self.block.clear();
        let early = self.early.min(given);
        self.early -= early;
        output.extend(
            self.filtered[early..]
                .iter()
                .map(|sample| sample.round() as i16),
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::level::{Decibels, rms};
    use crate::tone::Tone;

    const LOUD: Decibels = Decibels::new(-3.0);

    fn tone(rate: SampleRate, hertz: u32) -> Vec<i16> {
        Tone::new(rate, hertz as f32, LOUD)
            .take(rate.hertz() as usize)
            .collect()
    }

    fn resampled_tone(hertz: u32, from: SampleRate, to: SampleRate) -> Vec<i16> {
        resample(&tone(from, hertz), from, to).expect("the rates are supported")
    }

    /// Without the ends, where the tone starts and stops at once.
    fn middle(samples: &[i16]) -> &[i16] {
        &samples[samples.len() / 10..samples.len() * 9 / 10]
    }

    fn level(samples: &[i16]) -> f32 {
        rms(middle(samples)).value()
    }

    /// The level of what remains of `samples` without the `expected` ones.
    fn error(samples: &[i16], expected: &[i16]) -> f32 {
        let difference: Vec<i16> = samples
            .iter()
            .zip(expected)
            .map(|(sample, expected)| sample - expected)
            .collect();
        level(&difference)
    }

    #[test]
    fn the_pass_band_is_flat_to_3400_hertz_both_ways() {
        let (narrow, wide) = (SampleRate::HZ_8000, SampleRate::HZ_16000);
        for (from, to) in [(narrow, wide), (wide, narrow)] {
            for hertz in [50, 300, 1_000, 2_000, 3_000, 3_200, 3_400] {
                let gain = level(&resampled_tone(hertz, from, to)) - level(&tone(from, hertz));
                assert!(
                    gain.abs() < 0.5,
                    "{gain} dB at {hertz} Hz from {from} to {to}"
                );
            }
        }
    }

    #[test]
    fn what_8_khz_cannot_hold_is_rejected_by_more_than_60_decibels() {
        for hertz in [4_300, 4_600, 5_000, 6_000, 7_000, 7_900] {
            let alias = resampled_tone(hertz, SampleRate::HZ_16000, SampleRate::HZ_8000);
            let rejection = level(&tone(SampleRate::HZ_16000, hertz)) - level(&alias);
            assert!(rejection > 60.0, "{rejection} dB at {hertz} Hz");
        }
    }

    #[test]
    fn a_tone_keeps_its_place_in_time_and_gains_nothing_else() {
        let (narrow, wide) = (SampleRate::HZ_8000, SampleRate::HZ_16000);
        for (from, to) in [
            (narrow, wide),
            (wide, narrow),
            (SampleRate::HZ_48000, narrow),
        ] {
            for hertz in [300, 1_000, 2_500] {
                let left = error(&resampled_tone(hertz, from, to), &tone(to, hertz));
                assert!(left < -66.0, "{left} dB at {hertz} Hz from {from} to {to}");
            }
        }
    }

    #[test]
    fn the_loudest_audio_is_clipped_not_wrapped() {
        let square: Vec<i16> = (0..8_000)
            .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let output = resample(&square, SampleRate::HZ_8000, SampleRate::HZ_16000)
            .expect("the rates are supported");
        assert_eq!(output.iter().max(), Some(&i16::MAX));
        let steps = output
            .windows(2)
            .map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs());
        assert!(steps.max() < Some(60_000));
    }

    #[test]
    fn equal_rates_pass_through_at_once() {
        let mut resampler = Resampler::new(SampleRate::HZ_8000, SampleRate::HZ_8000)
            .expect("the rates are supported");
        let mut output = vec![9];
        resampler.process(&[1, 2, 3], &mut output);
        assert_eq!(output, [9, 1, 2, 3]);
        resampler.finish(&mut output);
        assert_eq!(output, [9, 1, 2, 3]);
    }

    #[test]
    fn a_finished_resampler_starts_a_new_stream() {
        let input = tone(SampleRate::HZ_8000, 440);
        let mut resampler = Resampler::new(SampleRate::HZ_8000, SampleRate::HZ_16000)
            .expect("the rates are supported");
        let (mut first, mut second) = (Vec::new(), Vec::new());
        resampler.process(&input, &mut first);
        resampler.finish(&mut first);
        resampler.process(&input, &mut second);
        resampler.finish(&mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn finishing_a_stream_that_never_began_gives_nothing() {
        assert_eq!(
            resample(&[], SampleRate::HZ_8000, SampleRate::HZ_16000),
            Ok(vec![])
        );
    }

    fn rates() -> impl Strategy<Value = SampleRate> {
        prop::sample::select(vec![8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
            .prop_map(|hertz| SampleRate::new(hertz).expect("the rate is in range"))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(8_016),
            ..ProptestConfig::with_cases(64)
        })]

        #[test]
        fn any_input_lasts_as_long_afterwards(len in 0usize..5_000, from in rates(), to in rates()) {
            let output = resample(&vec![100; len], from, to).expect("the rates are supported");
            let exact = len as f64 * f64::from(to.hertz()) / f64::from(from.hertz());
            prop_assert_eq!(output.len(), exact.round() as usize);
        }

        #[test]
        fn pieces_give_what_the_whole_gives(
            samples in prop::collection::vec(any::<i16>(), 0..2_000),
            piece in 1usize..700,
            from in rates(),
            to in rates(),
        ) {
            let whole = resample(&samples, from, to).expect("the rates are supported");
            let mut resampler = Resampler::new(from, to).expect("the rates are supported");
            let mut pieces = Vec::new();
            for samples in samples.chunks(piece) {
                resampler.process(samples, &mut pieces);
            }
            resampler.finish(&mut pieces);
            prop_assert_eq!(pieces, whole);
        }
    }
}
