//! The outline of a side's audio.

use std::fmt::Write;
use std::time::Duration;

use audio::SampleRate;

/// Columns of an outline, at least and at most; between them one for each [`COLUMN`].
const COLUMNS: std::ops::RangeInclusive<usize> = 400..=8_000;
const COLUMN: Duration = Duration::from_millis(40);
/// The height of an outline's box; its middle is silence.
pub(super) const HEIGHT: u32 = 100;

/// How many columns the outline of `duration` has.
pub(super) fn columns(duration: Duration) -> usize {
    let wanted = duration.as_micros() / COLUMN.as_micros();
    usize::try_from(wanted)
        .unwrap_or(usize::MAX)
        .clamp(*COLUMNS.start(), *COLUMNS.end())
}

/// The outline of `samples` as the data of an SVG path, in a box as wide as it has `columns` and
/// [`HEIGHT`] high that stands for `duration`.
pub(super) fn outline(
    samples: &[i16],
    rate: SampleRate,
    duration: Duration,
    columns: usize,
) -> String {
    let peaks = peaks(samples, rate.samples_in(duration), columns);
    let mut path = format!("M0 {}", HEIGHT / 2);
    let above = peaks.iter().map(|peak| HEIGHT / 2 - peak.above);
    let below = peaks.iter().map(|peak| HEIGHT / 2 + peak.below);
    // Along the upper edge and back along the lower one; an edge that stays level is one line.
    let there = above.enumerate().collect::<Vec<_>>();
    let back = below.enumerate().rev().collect::<Vec<_>>();
    for edge in [&there, &back] {
        for (at, &(column, height)) in edge.iter().enumerate() {
            let level = |other: Option<&(usize, u32)>| other.is_some_and(|one| one.1 == height);
            let before = at.checked_sub(1).and_then(|before| edge.get(before));
            if level(before) && level(edge.get(at + 1)) {
                continue;
            }
            // Writing to a string does not fail.
            let _ = write!(path, "L{column} {height}");
        }
    }
    path.push('Z');
    path
}

/// The loudest sample of a column above silence and below it, in units of an outline's box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Peak {
    above: u32,
    below: u32,
}

/// The peaks of the columns that `length` samples are divided into; where `samples` end early, the
/// rest is silence.
fn peaks(samples: &[i16], length: usize, columns: usize) -> Vec<Peak> {
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
    // Quiet lines are drawn larger, but a line's noise is not drawn as speech.
    let full = f64::from(loudest.unwrap_or(0).max(4_096));
    let height = |sample: i16| {
        let share = f64::from(sample.unsigned_abs()) / full;
        (share * f64::from(HEIGHT / 2)).round() as u32
    };
    let part = |column: usize| column * length / columns;
    let column = |column: usize| {
        let end = part(column + 1).min(samples.len());
        let samples = samples.get(part(column)..end).unwrap_or_default();
        let highest = samples.iter().copied().max().unwrap_or(0).max(0);
        let lowest = samples.iter().copied().min().unwrap_or(0).min(0);
        Peak {
            above: height(highest),
            below: height(lowest),
        }
    };
    (0..columns).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_one_column() {
        let mut samples = vec![0; 1_003];
        for at in [0, 500, 1_002] {
            samples[at] = i16::MIN;
        }
        let peaks = peaks(&samples, samples.len(), 10);
        let loud = peaks.iter().filter(|peak| peak.below == HEIGHT / 2);
        assert_eq!((loud.count(), peaks.len()), (3, 10));
        assert_eq!(
            peaks[0],
            Peak {
                above: 0,
                below: HEIGHT / 2
            }
        );
        assert_eq!(peaks[9].below, HEIGHT / 2);
    }

    #[test]
    fn audio_that_ends_early_is_followed_by_silence() {
        let peaks = peaks(&[20_000; 100], 200, 4);
        let above: Vec<_> = peaks.iter().map(|peak| peak.above).collect();
        assert_eq!(above, [50, 50, 0, 0]);
    }

    #[test]
    fn noise_is_not_drawn_as_speech() {
        let peaks = peaks(&[40, -40], 2, 1);
        assert_eq!(peaks, [Peak::default()]);
    }

    #[test]
    fn silence_is_one_line() {
        let rate = SampleRate::HZ_8000;
        let outline = outline(&[], rate, Duration::from_secs(10), 400);
        assert_eq!(outline, "M0 50L0 50L399 50L399 50L0 50Z");
    }
}
