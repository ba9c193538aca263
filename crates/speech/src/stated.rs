//! How long the embedded stages take on a virtual clock: the one model of it, for whatever
//! computes calls ahead of the clock on the wall. Figures as measured on one core.

use std::time::Duration;

/// The time from an audio's hand-over to the embedded recogniser until its words are there, by
/// how many seconds of audio there are: milliseconds.
const RECOGNITION: [(f64, f64); 6] = [
    (0.5, 18.0),
    (1.0, 25.0),
    (2.0, 57.0),
    (3.0, 77.0),
    (5.0, 120.0),
    (8.0, 201.0),
];

/// The time from a sentence's hand-over to the embedded synthesiser until its first audio is
/// there, by its characters: milliseconds.
const SYNTHESIS: [(f64, f64); 3] = [(27.0, 9.0), (93.0, 22.0), (239.0, 57.0)];

/// The time from a turn's hand-over to the judge of its sound until the judgement is there.
pub const JUDGEMENT: Duration = Duration::from_millis(30);

/// How long the embedded recogniser takes for so much audio.
pub fn recognition(audio: Duration) -> Duration {
    along(&RECOGNITION, audio.as_secs_f64())
}

/// How long the embedded synthesiser takes to begin a sentence of so many characters.
pub fn synthesis(characters: usize) -> Duration {
    along(&SYNTHESIS, characters as f64)
}

/// Where `x` lies on the line through `points`, which goes on straight at both ends.
fn along(points: &[(f64, f64)], x: f64) -> Duration {
    let last = points.len().saturating_sub(2);
    let from = points
        .iter()
        .skip(1)
        .position(|&(end, _)| x <= end)
        .map_or(last, |index| index.min(last));
    let [(x0, y0), (x1, y1)] = [from, from + 1].map(|index| points[index]);
    let millis = y0 + (x - x0) * (y1 - y0) / (x1 - x0);
    Duration::from_micros((millis.max(0.0) * 1_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_takes_what_was_measured_and_between_what_lies_between() {
        assert_eq!(
            recognition(Duration::from_secs(3)),
            Duration::from_millis(77)
        );
        assert_eq!(
            recognition(Duration::from_millis(2_500)),
            Duration::from_millis(67)
        );
        assert_eq!(synthesis(93), Duration::from_millis(22));
    }

    #[test]
    fn beyond_what_was_measured_it_goes_on_as_before() {
        assert_eq!(
            recognition(Duration::from_secs(11)),
            Duration::from_millis(282)
        );
        assert_eq!(recognition(Duration::ZERO), Duration::from_millis(11));
    }
}
