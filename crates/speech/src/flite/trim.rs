//! Takes the silence off both ends of what a voice says.

use std::time::Duration;

use audio::SampleRate;

/// Samples below this are silence: about -44 dBFS, half of what counts as
/// audible, so that a soft beginning is not cut.
const SILENCE: u16 = 200;
/// Silence that is left before the first sound.
const LEAD: Duration = Duration::from_millis(2);

/// A filter for one utterance: nothing of its leading silence but the last 2 ms
/// passes, pauses within pass as they are, and of its trailing silence as much
/// as is wanted. It holds silence back until it knows which of these it is.
pub(super) struct Trim {
    lead: usize,
    trail: usize,
    started: bool,
    silence: Vec<i16>,
    cut: usize,
}

impl Trim {
    /// A filter that leaves `trail` of silence after the last sound, or less
    /// where there is less.
    pub(super) fn new(rate: SampleRate, trail: Duration) -> Self {
        Self {
            lead: rate.samples_in(LEAD),
            trail: rate.samples_in(trail),
            started: false,
            silence: Vec::new(),
            cut: 0,
        }
    }

    /// Samples cut off the beginning; `None` before the first sound.
    pub(super) fn cut(&self) -> Option<usize> {
        self.started.then_some(self.cut)
    }

    /// Passes on what of `samples` and of the silence before them may go.
    pub(super) fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let Some(last) = samples.iter().rposition(is_sound) else {
            self.hold(samples);
            return;
        };
        let (sound, silence) = samples.split_at(last + 1);
        let first = if self.started {
            0
        } else {
            sound.iter().position(is_sound).unwrap_or_default()
        };
        self.hold(&sound[..first]);
        self.started = true;
        out.append(&mut self.silence);
        out.extend_from_slice(&sound[first..]);
        self.hold(silence);
    }

    /// Ends the utterance. What was all silence leaves nothing.
    pub(super) fn finish(mut self, out: &mut Vec<i16>) {
        if self.started {
            self.silence.truncate(self.trail);
            out.append(&mut self.silence);
        }
    }

    fn hold(&mut self, silence: &[i16]) {
        self.silence.extend_from_slice(silence);
        if !self.started {
            let surplus = self.silence.len().saturating_sub(self.lead);
            self.silence.drain(..surplus);
            self.cut += surplus;
        }
    }
}

const fn is_sound(sample: &i16) -> bool {
    sample.unsigned_abs() >= SILENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;
    const TRAIL: Duration = Duration::from_millis(80);

    fn trimmed(samples: &[i16], chunk: usize) -> Vec<i16> {
        let mut trim = Trim::new(RATE, TRAIL);
        let mut out = Vec::new();
        for samples in samples.chunks(chunk) {
            trim.push(samples, &mut out);
        }
        trim.finish(&mut out);
        out
    }

    fn milliseconds(count: usize, sample: i16) -> Vec<i16> {
        vec![sample; 16 * count]
    }

    #[test]
    fn only_the_ends_of_the_outer_silences_remain() {
        let samples = [
            milliseconds(150, 3),
            milliseconds(40, 5_000),
            milliseconds(300, -3),
            milliseconds(40, -5_000),
            milliseconds(200, 7),
        ]
        .concat();
        let expected = [
            milliseconds(2, 3),
            milliseconds(40, 5_000),
            milliseconds(300, -3),
            milliseconds(40, -5_000),
            milliseconds(80, 7),
        ]
        .concat();

        for chunk in [1, 7, 160, 333, 100_000] {
            assert!(trimmed(&samples, chunk) == expected, "in chunks of {chunk}");
        }
    }

    #[test]
    fn sound_without_silence_passes_whole() {
        let samples = milliseconds(50, 4_000);

        assert_eq!(trimmed(&samples, 333), samples);
    }

    #[test]
    fn what_was_cut_off_the_beginning_is_known_with_the_first_sound() {
        let mut trim = Trim::new(RATE, TRAIL);
        let mut out = Vec::new();
        trim.push(&milliseconds(150, 3), &mut out);
        assert_eq!(trim.cut(), None);

        trim.push(
            &[milliseconds(20, -3), milliseconds(10, 5_000)].concat(),
            &mut out,
        );
        trim.push(&milliseconds(300, 7), &mut out);

        assert_eq!(trim.cut(), Some(16 * 168));
    }

    #[test]
    fn silence_alone_leaves_nothing() {
        assert!(trimmed(&milliseconds(500, 10), 160).is_empty());
    }

    #[test]
    fn the_loudest_negative_sample_is_sound() {
        assert_eq!(trimmed(&[i16::MIN], 1), [i16::MIN]);
    }
}
