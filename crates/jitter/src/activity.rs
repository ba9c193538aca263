//! Whether somebody speaks.

/// The mean square of samples that nobody hears: −66 dBFS.
const INAUDIBLE: f32 = 270.0;
/// The mean square of samples that are taken for speech whatever the noise: −36
/// dBFS.
const LOUD: f32 = 270_000.0;
/// How far, as a power, speech rises above the noise at least.
const ABOVE_NOISE: f32 = 8.0;
/// How fast the noise may rise from frame to frame: by 4 dB in a second.
const RISE: f32 = 1.02;

/// Follows how loud the noise is behind what is played.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    noise: f32,
}

impl Activity {
    pub(crate) const fn new() -> Self {
        Self { noise: INAUDIBLE }
    }

    /// Takes note of a frame that is played; returns whether it is quiet.
    pub(crate) fn note(&mut self, frame: &[i16]) -> bool {
        let power = power(frame);
        let quiet = self.is_below_speech(power);
        self.noise = power.clamp(INAUDIBLE, self.noise * RISE);
        quiet
    }

    /// Whether `samples` are nothing but noise.
    pub(crate) fn is_quiet(&self, samples: &[i16]) -> bool {
        self.is_below_speech(power(samples))
    }

    fn is_below_speech(&self, power: f32) -> bool {
        power <= INAUDIBLE || power < LOUD && power <= self.noise * ABOVE_NOISE
    }
}

/// The mean square.
fn power(samples: &[i16]) -> f32 {
    let mut sum = 0i64;
    // Each square is below 2³¹, and so are sums of them once they are halved enough.
    for piece in samples.chunks(16) {
        let squares = piece
            .iter()
            .map(|&sample| (i32::from(sample) * i32::from(sample)) >> 4);
        sum += i64::from(squares.sum::<i32>());
    }
    (sum * 16) as f32 / samples.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(amplitude: f32) -> Vec<i16> {
        (0..160)
            .map(|n| (amplitude * (n as f32 * 0.3).sin()) as i16)
            .collect()
    }

    #[test]
    fn silence_is_quiet_from_the_beginning() {
        assert!(Activity::new().is_quiet(&[0; 160]));
        assert!(Activity::new().is_quiet(&[]));
    }

    #[test]
    fn steady_noise_becomes_quiet_and_speech_above_it_does_not() {
        let mut activity = Activity::new();
        assert!(!activity.is_quiet(&tone(150.0)));
        for _ in 0..250 {
            activity.note(&tone(150.0));
        }
        assert!(activity.is_quiet(&tone(150.0)));
        assert!(!activity.is_quiet(&tone(1_000.0)));
    }

    #[test]
    fn what_is_loud_is_never_quiet() {
        let mut activity = Activity::new();
        for _ in 0..10_000 {
            activity.note(&[i16::MIN; 160]);
        }
        assert!(!activity.is_quiet(&[i16::MIN; 160]));
    }

    #[test]
    fn a_pause_shows_the_noise_again() {
        let mut activity = Activity::new();
        for _ in 0..200 {
            activity.note(&tone(1_000.0));
        }
        activity.note(&tone(30.0));
        assert!(!activity.is_quiet(&tone(200.0)));
    }
}
