//! Finds where audio repeats itself.

use std::ops::Range;

/// The most samples that a search looks at.
const LONGEST: usize = 960;
/// Products of so many bits can be added up over [`LONGEST`] samples in 32 bits.
const LARGEST: i16 = 1 << 10;

/// The place at which a piece of audio repeats itself best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Match {
    /// Where the repetition begins.
    pub(crate) offset: usize,
    /// The normalised correlation of the two: 1 if they have the same shape, 0 if
    /// they have nothing in common or one is silent.
    pub(crate) similarity: f32,
}

/// Finds where in `audio` the `window` samples from `at` on are repeated best,
/// among all beginnings in `offsets`. `None` if there is none to look at or the
/// audio is too short or too long. Audio of a high rate is searched coarsely
/// first: `halved` says that half the samples are enough for that.
pub(crate) fn repetition(
    audio: &[i16],
    at: usize,
    window: usize,
    offsets: Range<usize>,
    halved: bool,
) -> Option<Match> {
    let longest = offsets.end.checked_sub(1)?.max(at) + window;
    if offsets.is_empty() || window == 0 || longest > audio.len() || audio.len() > LONGEST {
        return None;
    }
    let mut scaled = [0i16; LONGEST];
    let scaled = &mut scaled[..audio.len()];
    scale(audio, scaled);
    if !halved || window < 2 || offsets.len() < 4 {
        return best(scaled, at, window, offsets);
    }
    let mut coarse = [0i16; LONGEST / 2];
    // Offsets and the window's place must fall on the same samples.
    let skip = at % 2;
    let pairs = scaled[skip..].chunks_exact(2);
    let count = pairs.len();
    for (sample, pair) in coarse.iter_mut().zip(pairs) {
        *sample = (pair[0] + pair[1]) / 2;
    }
    let from = offsets.start.saturating_sub(skip).div_ceil(2);
    let to = (offsets.end - skip.min(offsets.end)).div_ceil(2);
    let to = to.min(count.saturating_sub(window / 2) + 1);
    let found = best(&coarse[..count], (at - skip) / 2, window / 2, from..to)?;
    let around = 2 * found.offset + skip;
    let from = around.saturating_sub(1).max(offsets.start);
    best(scaled, at, window, from..(around + 2).min(offsets.end))
}

/// Copies `audio`, scaled down so that sums of products do not overflow.
fn scale(audio: &[i16], scaled: &mut [i16]) {
    let peak = audio::level::peak(audio);
    let mut shift = 0;
    while peak >> shift >= LARGEST {
        shift += 1;
    }
    for (scaled, sample) in scaled.iter_mut().zip(audio) {
        *scaled = sample >> shift;
    }
}

fn best(audio: &[i16], at: usize, window: usize, offsets: Range<usize>) -> Option<Match> {
    let piece = &audio[at..at + window];
    let first = offsets.start;
    let mut energy = product(&audio[first..first + window], &audio[first..first + window]);
    let mut found: Option<(usize, f32)> = None;
    for offset in offsets {
        if offset > first {
            let (entering, leaving) = (audio[offset + window - 1], audio[offset - 1]);
            energy += i32::from(entering) * i32::from(entering);
            energy -= i32::from(leaving) * i32::from(leaving);
        }
        let together = product(piece, &audio[offset..offset + window]) as f32;
        // The square orders like the correlation itself and needs no root.
        let score = together * together.abs() / (energy.max(1) as f32);
        if found.is_none_or(|(_, best)| score > best) {
            found = Some((offset, score));
        }
    }
    let own = product(piece, piece).max(1) as f32;
    found.map(|(offset, score)| Match {
        offset,
        similarity: score.signum() * (score.abs() / own).sqrt(),
    })
}

fn product(a: &[i16], b: &[i16]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| i32::from(a) * i32::from(b))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wave that repeats itself every `period` samples and only then.
    fn wave(period: usize, len: usize) -> Vec<i16> {
        (0..len)
            .map(|n| {
                let phase = (n % period) as f32 / period as f32;
                (20_000.0 * (1.0 - phase) * (phase * 25.0).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn the_period_of_a_wave_is_found() {
        for period in [20, 37, 64, 120] {
            for halved in [false, true] {
                let wave = wave(period, 400);
                let at = 301;
                let found = repetition(&wave, at, 80, at - 120..at - 19, halved);
                let found = found.expect("there is enough audio");
                assert_eq!((at - found.offset) % period, 0, "{period}: {found:?}");
                assert!(found.similarity > 0.99, "{found:?}");
            }
        }
    }

    #[test]
    fn a_repetition_is_found_later_as_well() {
        let wave = wave(50, 400);
        let found = repetition(&wave, 100, 80, 130..200, false).expect("there is enough audio");
        assert_eq!(found.offset, 150);
    }

    #[test]
    fn the_loudest_audio_does_not_overflow() {
        let loud: Vec<i16> = (0..LONGEST)
            .map(|n| if n / 40 % 2 == 0 { i16::MIN } else { i16::MAX })
            .collect();
        let found = repetition(&loud, 720, 240, 480..700, true).expect("there is enough audio");
        assert_eq!((720 - found.offset) % 80, 0);
        assert!((0.99..=1.01).contains(&found.similarity), "{found:?}");
    }

    #[test]
    fn silence_is_like_nothing() {
        let found = repetition(&[0; 400], 300, 80, 180..280, false);
        assert_eq!(found.map(|found| found.similarity), Some(0.0));
    }

    #[test]
    fn opposite_shapes_are_opposite() {
        let audio: Vec<i16> = (0..200)
            .map(|n| if n < 100 { 1_000 } else { -1_000 })
            .collect();
        let found = repetition(&audio, 120, 50, 10..12, false).expect("there is enough audio");
        assert!((found.similarity + 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn too_little_audio_gives_nothing() {
        assert_eq!(repetition(&[1; 100], 50, 51, 0..10, false), None);
        assert_eq!(repetition(&[1; 100], 50, 40, 61..70, false), None);
        assert_eq!(repetition(&[1; 100], 50, 40, 10..10, false), None);
        assert_eq!(repetition(&[1; LONGEST + 1], 50, 40, 0..10, false), None);
    }
}
