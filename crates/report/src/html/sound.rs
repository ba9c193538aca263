//! The audio that a page carries.

use std::time::Duration;

use audio::{Companding, SampleRate, resample};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Code of μ-law in a WAV file's `fmt ` chunk.
const WAVE_FORMAT_MULAW: u16 = 7;
const CHANNELS: u16 = 2;

/// Both sides of a call as a base64 WAV file, the caller left and the agent right, in μ-law of at
/// most `highest` rate. The shorter side is followed by silence.
pub(super) fn wav(caller: &[i16], agent: &[i16], rate: SampleRate, highest: SampleRate) -> String {
    let (caller, agent, rate) = if rate > highest {
        match (
            resample::resample(caller, rate, highest),
            resample::resample(agent, rate, highest),
        ) {
            (Ok(caller), Ok(agent)) => (caller, agent, highest),
            // A page that is larger than it need be is better than one without sound.
            (Err(_), _) | (_, Err(_)) => (caller.to_vec(), agent.to_vec(), rate),
        }
    } else {
        (caller.to_vec(), agent.to_vec(), rate)
    };
    let frames = caller.len().max(agent.len());
    let mut file = header(rate, frames);
    let left = codes(&caller, frames);
    let right = codes(&agent, frames);
    file.extend(
        left.into_iter()
            .zip(right)
            .flat_map(|(left, right)| [left, right]),
    );
    STANDARD.encode(file)
}

/// The highest rate at which calls that last `total` together are carried: a page of an hour is
/// still one that a browser opens.
pub(super) fn highest_rate(total: Duration) -> SampleRate {
    if total > Duration::from_secs(10 * 60) {
        SampleRate::HZ_8000
    } else {
        SampleRate::HZ_16000
    }
}

fn codes(samples: &[i16], frames: usize) -> Vec<u8> {
    let mut codes = vec![Companding::MuLaw.silence(); frames];
    Companding::MuLaw.encode(samples, &mut codes);
    codes
}

/// The header of a WAV file with as many `frames`; what the format can't describe is clipped.
fn header(rate: SampleRate, frames: usize) -> Vec<u8> {
    let frames = u32::try_from(frames).unwrap_or(u32::MAX / 4);
    let data = frames.saturating_mul(CHANNELS.into());
    let mut out = Vec::with_capacity(58 + data as usize);
    out.extend(b"RIFF");
    out.extend((50 + data).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(18_u32.to_le_bytes());
    out.extend(WAVE_FORMAT_MULAW.to_le_bytes());
    out.extend(CHANNELS.to_le_bytes());
    out.extend(rate.hertz().to_le_bytes());
    out.extend((rate.hertz() * u32::from(CHANNELS)).to_le_bytes());
    out.extend(CHANNELS.to_le_bytes());
    out.extend(8_u16.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out.extend(b"fact");
    out.extend(4_u32.to_le_bytes());
    out.extend(frames.to_le_bytes());
    out.extend(b"data");
    out.extend(data.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(caller: &[i16], agent: &[i16], rate: SampleRate) -> Vec<u8> {
        STANDARD
            .decode(wav(caller, agent, rate, SampleRate::HZ_16000))
            .expect("base64")
    }

    #[test]
    fn the_caller_is_left_and_the_agent_right() {
        let file = decoded(&[8_000; 3], &[-8_000; 2], SampleRate::HZ_8000);
        assert_eq!(file.len(), 58 + 6);
        let mut samples = [0; 6];
        Companding::MuLaw.decode(&file[58..], &mut samples);
        let near = |sample: i16, wanted: i16| (sample - wanted).abs() < 300;
        assert!(
            near(samples[0], 8_000) && near(samples[1], -8_000),
            "{samples:?}"
        );
        assert!(
            near(samples[4], 8_000) && near(samples[5], 0),
            "{samples:?}"
        );
    }

    #[test]
    fn the_header_describes_the_data() {
        let file = decoded(&[0; 100], &[], SampleRate::HZ_8000);
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("4 bytes"));
        assert_eq!(word(4) as usize, file.len() - 8);
        assert_eq!((word(24), word(28)), (8_000, 16_000));
        assert_eq!((word(46), word(54)), (100, 200));
    }

    #[test]
    fn a_high_rate_is_lowered() {
        let side = vec![0; 48_000];
        let file = decoded(&side, &side, SampleRate::HZ_48000);
        assert_eq!(file.len(), 58 + 2 * 16_000);
    }

    #[test]
    fn a_call_without_audio_has_none() {
        assert_eq!(decoded(&[], &[], SampleRate::HZ_8000).len(), 58);
    }
}
