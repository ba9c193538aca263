//! Continues audio beyond its end.
//!
//! Speech is taken apart into a filter (linear prediction) and what excites it.
//! The last cycle of the excitation is repeated, mixed with noise as far as the
//! audio does not repeat itself, and sent through the filter, whose memory makes
//! the continuation join without a click.

use crate::pitch;

/// The longest pitch cycle: 15 ms at 16 kHz.
const LONGEST_CYCLE: usize = 240;
/// The order of the prediction at 16 kHz.
const LARGEST_ORDER: usize = 16;
/// The most that is looked at: 25 ms, and what the filter needs before them.
pub(crate) const LONGEST_PAST: usize = 400 + LARGEST_ORDER;

/// A continuation of some audio.
#[derive(Clone, Debug)]
pub(crate) struct Extrapolation {
    /// Samples in a millisecond, at least 1.
    per_milli: usize,
    /// The prediction's coefficients, that of the newest sample first.
    filter: [f32; LARGEST_ORDER],
    order: usize,
    /// The last output, the newest first.
    memory: [f32; LARGEST_ORDER],
    /// One cycle of the excitation.
    cycle: [f32; LONGEST_CYCLE],
    cycle_length: usize,
    place: usize,
    /// How much of the cycle and how much noise the excitation is made of.
    periodic: f32,
    noisy: f32,
    random: u32,
}

impl Extrapolation {
    /// An extrapolation at `hertz` samples a second, of silence.
    pub(crate) const fn new(hertz: u32) -> Self {
        let per_milli = if hertz < 1_000 {
            1
        } else {
            hertz as usize / 1_000
        };
        Self {
            per_milli,
            filter: [0.0; LARGEST_ORDER],
            order: if per_milli > 10 { 16 } else { 10 },
            memory: [0.0; LARGEST_ORDER],
            cycle: [0.0; LONGEST_CYCLE],
            cycle_length: 1,
            place: 0,
            periodic: 0.0,
            noisy: 0.0,
            random: 0x9E37_79B9,
        }
    }

    /// Begins to continue `past`, of which the newest sample is the last.
    pub(crate) fn begin(&mut self, past: &[i16]) {
        let past = &past[past.len() - past.len().min(25 * self.per_milli + self.order)..];
        self.predict(past);
        let (lag, similarity) = self.find_cycle(past);
        self.take_cycle(past, lag);
        // What repeats itself by less than this is noise, by more a voice.
        let voiced = ((similarity - 0.4) / 0.4).clamp(0.0, 1.0);
        self.periodic = voiced.sqrt();
        let energy: f32 = self.cycle[..lag].iter().map(|sample| sample * sample).sum();
        // Uniform noise of amplitude one has a third of its square as power.
        self.noisy = (3.0 * (1.0 - voiced) * energy / lag as f32).sqrt();
        for (memory, sample) in self.memory.iter_mut().zip(past.iter().rev()) {
            *memory = f32::from(*sample);
        }
    }

    /// Writes the next samples of the continuation.
    pub(crate) fn continue_into(&mut self, out: &mut [f32]) {
        for out in out {
            let mut sample = self.periodic * self.cycle[self.place] + self.noisy * self.noise();
            self.place += 1;
            if self.place == self.cycle_length {
                self.place = 0;
            }
            for (coefficient, before) in self.filter[..self.order].iter().zip(&self.memory) {
                sample += coefficient * before;
            }
            // A filter that is close to ringing must not run away.
            sample = sample.clamp(-32_768.0, 32_767.0);
            self.memory.copy_within(..LARGEST_ORDER - 1, 1);
            self.memory[0] = sample;
            *out = sample;
        }
    }

    /// Uniform between −1 and 1.
    fn noise(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        (self.random >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// Finds the filter by the autocorrelation method (Levinson and Durbin).
    fn predict(&mut self, past: &[i16]) {
        self.filter = [0.0; LARGEST_ORDER];
        let mut windowed = [0.0; LONGEST_PAST];
        let windowed = &mut windowed[..past.len()];
        for (place, (out, &sample)) in windowed.iter_mut().zip(past).enumerate() {
            *out = f32::from(sample) * weight(place, past.len());
        }
        let mut correlation = [0.0f32; LARGEST_ORDER + 1];
        for (lag, out) in correlation[..=self.order].iter_mut().enumerate() {
            let later = windowed.get(lag..).unwrap_or_default();
            *out = product(later, windowed) * lag_weight(lag, self.per_milli);
        }
        // A floor of noise keeps the filter stable and lets it stay zero in silence.
        correlation[0] = correlation[0] * 1.0001 + 1.0;
        let mut error = correlation[0];
        for step in 0..self.order {
            let mut reflection = correlation[step + 1];
            for place in 0..step {
                reflection -= self.filter[place] * correlation[step - place];
            }
            reflection /= error;
            let before = self.filter;
            for place in 0..step {
                self.filter[place] = before[place] - reflection * before[step - 1 - place];
            }
            self.filter[step] = reflection;
            error *= 1.0 - reflection * reflection;
        }
    }

    /// The length of the last cycle and how well it repeats the one before it.
    fn find_cycle(&self, past: &[i16]) -> (usize, f32) {
        let window = (10 * self.per_milli).min(past.len() * 2 / 5);
        let at = past.len() - window;
        let shortest = 5 * self.per_milli / 2;
        let longest = (15 * self.per_milli).min(LONGEST_CYCLE).min(at);
        if shortest > longest || shortest == 0 {
            return (past.len().clamp(1, LONGEST_CYCLE), 0.0);
        }
        let offsets = at - longest..at - shortest + 1;
        pitch::repetition(past, at, window, offsets, self.per_milli > 10)
            .map_or((shortest, 0.0), |found| {
                (at - found.offset, found.similarity)
            })
    }

    fn take_cycle(&mut self, past: &[i16], lag: usize) {
        self.cycle_length = lag;
        self.place = 0;
        let start = past.len() - lag.min(past.len());
        for (place, out) in self.cycle[..lag].iter_mut().enumerate() {
            let at = (start + place).min(past.len());
            let mut excitation = past.get(at).map_or(0.0, |&sample| f32::from(sample));
            let before = past[..at].iter().rev();
            for (coefficient, &sample) in self.filter[..self.order].iter().zip(before) {
                excitation -= coefficient * f32::from(sample);
            }
            *out = excitation;
        }
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    // Four sums at once, always the same ones: addition is not associative.
    let mut sums = [0.0f32; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// A window that rises over most of the audio and falls towards its newest end.
fn weight(place: usize, len: usize) -> f32 {
    const PEAK: f32 = 0.85;
    let at = (place as f32 + 0.5) / len as f32;
    let off = if at < PEAK {
        (PEAK - at) / PEAK
    } else {
        (at - PEAK) / (1.0 - PEAK)
    };
    1.0 - off * off
}

/// Widens the filter's resonances by some 60 Hz.
fn lag_weight(lag: usize, per_milli: usize) -> f32 {
    let angle = 0.377 * lag as f32 / per_milli as f32;
    1.0 / (1.0 + 0.5 * angle * angle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn continued(hertz: u32, past: &[i16], count: usize) -> Vec<f32> {
        let mut extrapolation = Extrapolation::new(hertz);
        extrapolation.begin(past);
        let mut out = vec![0.0; count];
        let (first, second) = out.split_at_mut(count / 3);
        extrapolation.continue_into(first);
        extrapolation.continue_into(second);
        out
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn a_tone_goes_on_as_the_tone_it_was() {
        for (hertz, pitch) in [(8_000, 200.0), (8_000, 100.0), (16_000, 320.0)] {
            let tone = |n: usize| {
                let angle = n as f32 * pitch * std::f32::consts::TAU / hertz as f32;
                (8_000.0 * angle.sin() + 4_000.0 * (angle * 2.0).cos()) as i16
            };
            let past: Vec<i16> = (0..800).map(tone).collect();
            let wrong: Vec<f32> = continued(hertz, &past, 160)
                .iter()
                .enumerate()
                .map(|(n, sample)| sample - f32::from(tone(800 + n)))
                .collect();
            let whole: Vec<f32> = past.iter().map(|&sample| f32::from(sample)).collect();
            assert!(
                power(&wrong) < 0.05 * power(&whole),
                "{pitch} Hz at {hertz}"
            );
        }
    }

    #[test]
    fn noise_goes_on_as_loud_as_it_was_and_does_not_repeat() {
        let mut random = 1u32;
        let past: Vec<i16> = (0..800)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 20) as i16 - 2_048
            })
            .collect();
        let out = continued(8_000, &past, 400);
        let whole: Vec<f32> = past.iter().map(|&sample| f32::from(sample)).collect();
        let ratio = power(&out) / power(&whole);
        assert!((0.4..2.5).contains(&ratio), "{ratio}");
        for lag in 20..120 {
            let together = product(&out[lag..], &out[..400 - lag]);
            assert!(together < 0.6 * 400.0 * power(&out), "repeats after {lag}");
        }
    }

    #[test]
    fn silence_goes_on_as_silence() {
        assert!(
            continued(16_000, &[0; 800], 320)
                .iter()
                .all(|&sample| sample == 0.0)
        );
    }

    #[test]
    fn any_audio_goes_on_within_range() {
        for len in [1, 2, 20, 160, 320, 2_000] {
            let past: Vec<i16> = (0..len)
                .map(|n| if n * n % 7 < 3 { i16::MIN } else { i16::MAX })
                .collect();
            let out = continued(8_000, &past, 2_000);
            assert!(
                out.iter()
                    .all(|sample| (-32_768.0..=32_767.0).contains(sample)),
                "{len}"
            );
        }
    }

    #[test]
    fn nothing_goes_on_as_silence() {
        assert_eq!(continued(8_000, &[], 3), [0.0; 3]);
    }
}
