//! How loud a caller's speech arrives over a whole call.

use audio::Decibels;

/// A window with a voice in it, by what the detector says of it.
const VOICED: f32 = 0.5;

/// Full scale of a 16-bit sample.
const FULL_SCALE: f64 = 32_768.0;

/// The energy of all windows with a voice so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loudness {
    energy: f64,
    samples: u64,
}

impl Loudness {
    /// Takes a window of the caller's audio into account, if it probably holds a voice.
    pub(super) fn hear(&mut self, probability: f32, samples: &[i16]) {
        if probability < VOICED {
            return;
        }
        let energy = samples.iter().map(|&sample| f64::from(sample).powi(2));
        self.energy += energy.sum::<f64>();
        self.samples += samples.len() as u64;
    }

    /// The root mean square of all of them, in decibels of full scale; `None` of none.
    pub(super) fn level(self) -> Option<f64> {
        let mean = (self.samples > 0).then(|| self.energy / self.samples as f64)?;
        let amplitude = (mean.sqrt() / FULL_SCALE) as f32;
        Some(f64::from(Decibels::from_amplitude(amplitude).value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_windows_with_a_voice_count() {
        let mut loudness = Loudness::default();
        assert_eq!(loudness.level(), None);
        loudness.hear(0.9, &[3_277; 256]);
        loudness.hear(0.1, &[32_767; 256]);
        let level = loudness.level().unwrap();
        assert!((level + 20.0).abs() < 0.01, "{level}");
    }
}
