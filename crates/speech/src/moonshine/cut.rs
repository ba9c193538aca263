//! Cuts long audio where it is quietest, because Moonshine gets slow and
//! inaccurate beyond some 20 seconds.

use std::ops::Range;
use std::time::Duration;

use audio::SampleRate;

/// Longest piece.
const LONGEST: Duration = Duration::from_secs(15);
/// Length over which quietness is measured.
const SPAN: Duration = Duration::from_millis(100);
/// Distance between the points that are tried.
const STEP: Duration = Duration::from_millis(20);

/// Consecutive ranges that cover `count` samples, each at most 15 seconds.
/// Pieces are about equally long, moved by up to 40 % to the quietest place.
pub(super) fn pieces(samples: &[i16], rate: SampleRate) -> Vec<Range<usize>> {
    let longest = rate.samples_in(LONGEST);
    let mut pieces = Vec::new();
    let mut start = 0;
    while samples.len() - start > longest {
        let rest = samples.len() - start;
        let even = rest / rest.div_ceil(longest);
        let earliest = start + even * 6 / 10;
        let latest = start + (even * 14 / 10).min(longest);
        let cut = quietest(samples, earliest..latest, rate);
        pieces.push(start..cut);
        start = cut;
    }
    pieces.push(start..samples.len());
    pieces
}

/// The middle of the quietest span within `range`, which is longer than one.
fn quietest(samples: &[i16], range: Range<usize>, rate: SampleRate) -> usize {
    let span = rate.samples_in(SPAN);
    let energy = |start: usize| -> u64 {
        let squares = samples[start..start + span].iter();
        squares
            .map(|&sample| u64::from(sample.unsigned_abs()).pow(2))
            .sum()
    };
    (range.start..range.end - span)
        .step_by(rate.samples_in(STEP))
        .min_by_key(|&start| energy(start))
        .map_or(range.end, |start| start + span / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;

    fn seconds(count: f64) -> usize {
        (16_000.0 * count) as usize
    }

    #[test]
    fn audio_of_15_seconds_is_one_piece() {
        let samples = vec![1_000; seconds(15.0)];

        let pieces = pieces(&samples, RATE);

        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0], 0..seconds(15.0));
    }

    #[test]
    fn a_pause_near_the_middle_is_where_it_is_cut() {
        let mut samples = vec![1_000; seconds(20.0)];
        samples[seconds(11.0)..seconds(11.4)].fill(5);

        let pieces = pieces(&samples, RATE);

        assert_eq!(pieces.len(), 2);
        let cut = pieces[0].end;
        assert!(
            (seconds(11.0)..seconds(11.4)).contains(&cut),
            "cut at sample {cut}"
        );
    }

    #[test]
    fn pieces_cover_everything_and_none_is_too_long() {
        for length in [seconds(15.0) + 1, seconds(31.7), seconds(200.0)] {
            let samples: Vec<i16> = (0..length).map(|index| (index % 3_001) as i16).collect();

            let pieces = pieces(&samples, RATE);

            assert_eq!(pieces.first().map(|piece| piece.start), Some(0));
            assert_eq!(pieces.last().map(|piece| piece.end), Some(length));
            assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(pieces.iter().all(|piece| piece.len() <= seconds(15.0)));
            assert!(pieces.iter().all(|piece| piece.len() >= seconds(1.0)));
        }
    }
}
