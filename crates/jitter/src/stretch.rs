//! Makes the audio about to be played shorter or longer, unheard as far as that
//! is possible.
//!
//! Speech is changed by whole pitch cycles, one cross-faded into another like it;
//! what nobody listens to, by any length.

use crate::pitch;
use crate::tape::Tape;

/// How a piece of audio may be changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Care {
    /// Nobody listens to it: any length may be taken out or put in.
    Quiet,
    /// Only what repeats itself at least so well, 1 being perfectly, may be taken
    /// out or put in.
    Alike(f32),
}

/// Changes audio of one rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// Samples in a millisecond.
    per_milli: usize,
}

impl Stretch {
    pub(crate) const fn new(hertz: u32) -> Self {
        Self {
            per_milli: hertz as usize / 1_000,
        }
    }

    /// How long a cross-fade is: 5 ms.
    const fn overlap(self) -> usize {
        5 * self.per_milli
    }

    /// The shortest cycle that is looked for: 2.5 ms.
    pub(crate) const fn shortest(self) -> usize {
        5 * self.per_milli / 2
    }

    /// The longest cycle that is looked for: 15 ms.
    pub(crate) const fn longest(self) -> usize {
        15 * self.per_milli
    }

    /// How much must be about to be played for `change` samples to be taken out.
    pub(crate) const fn needed_to_shorten(self, change: usize) -> usize {
        change + self.overlap()
    }

    /// Takes out at most `most` samples from the start of what is to be played.
    /// Returns how many.
    pub(crate) fn shorten(self, tape: &mut Tape, most: usize, care: Care) -> usize {
        let overlap = self.overlap();
        let most = most.min(tape.pending().saturating_sub(overlap));
        let (whole, head) = tape.whole();
        let change = match care {
            Care::Quiet => most,
            Care::Alike(least) => {
                let most = most.min(self.longest());
                if most < self.shortest() || head < overlap {
                    return 0;
                }
                let audio = &whole[head - overlap..head + most + overlap];
                let offsets = self.shortest()..most + 1;
                match pitch::repetition(audio, 0, 2 * overlap, offsets, self.per_milli > 10) {
                    Some(found) if found.similarity >= least => found.offset,
                    Some(_) | None => return 0,
                }
            }
        };
        if change == 0 {
            return 0;
        }
        let (whole, head) = tape.whole_mut();
        for place in 0..overlap {
            let (from, to) = (whole[head + place], whole[head + change + place]);
            whole[head + change + place] = faded(from, to, place, overlap);
        }
        tape.skip(change);
        change
    }

    /// Puts in at most `most` samples before what is to be played, of which there
    /// must be 5 ms. Returns how many.
    pub(crate) fn lengthen(self, tape: &mut Tape, most: usize, care: Care) -> usize {
        let overlap = self.overlap();
        let (whole, head) = tape.whole();
        let most = most.min(self.longest());
        if tape.pending() < overlap || head < overlap + most {
            return 0;
        }
        let change = match care {
            Care::Quiet => most,
            Care::Alike(least) => {
                if most < self.shortest() {
                    return 0;
                }
                let audio = &whole[head - overlap - most..head + overlap];
                let offsets = 0..most - self.shortest() + 1;
                match pitch::repetition(audio, most, 2 * overlap, offsets, self.per_milli > 10) {
                    Some(found) if found.similarity >= least => most - found.offset,
                    Some(_) | None => return 0,
                }
            }
        };
        if change == 0 || !tape.open(change) {
            return 0;
        }
        let (whole, head) = tape.whole_mut();
        whole.copy_within(head - change..head, head);
        // In what is to be played, the audio so far now comes later by `change`; what
        // would have come here fades into what comes before it.
        for place in 0..overlap {
            let from = whole[head + change + place];
            let to = whole[head + place];
            whole[head + place] = faded(from, to, place, overlap);
        }
        change
    }
}

/// The sample at `place` of `from` fading into `to` over `count` samples.
pub(crate) fn faded(from: i16, to: i16, place: usize, count: usize) -> i16 {
    let weight = place as i32 + 1;
    let all = count as i32 + 1;
    let mixed = i32::from(from) * (all - weight) + i32::from(to) * weight;
    (mixed / all) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRETCH: Stretch = Stretch::new(8_000);

    fn wave(n: usize) -> i16 {
        // 125 Hz with overtones: a cycle of 64 samples.
        let phase = (n % 64) as f32 / 64.0;
        (12_000.0 * (1.0 - phase) * (phase * 20.0).sin()) as i16
    }

    fn tape_of(samples: impl Iterator<Item = i16>) -> Tape {
        let samples: Vec<i16> = samples.collect();
        let mut tape = Tape::new(416, 2_000);
        tape.space(samples.len())[..samples.len()].copy_from_slice(&samples);
        tape.commit(samples.len());
        tape.play(&mut [0; 300]);
        tape
    }

    fn largest_step(samples: &[i16]) -> i32 {
        let steps = samples
            .windows(2)
            .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_voice_is_shortened_by_a_whole_cycle_and_goes_on_as_before() {
        let mut tape = tape_of((0..700).map(wave));
        assert_eq!(STRETCH.shorten(&mut tape, 110, Care::Alike(0.9)), 64);
        let expected: Vec<i16> = (364..700).map(wave).collect();
        assert_eq!(tape.next(), expected);
    }

    #[test]
    fn a_voice_is_lengthened_by_a_whole_cycle_and_goes_on_as_before() {
        let mut tape = tape_of((0..700).map(wave));
        assert_eq!(STRETCH.lengthen(&mut tape, 110, Care::Alike(0.9)), 64);
        let expected: Vec<i16> = (236..700).map(wave).collect();
        assert_eq!(tape.next(), expected);
    }

    #[test]
    fn what_does_not_repeat_itself_is_left_alone() {
        let mut random = 1u32;
        let noise = std::iter::repeat_with(move || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 17) as i16
        });
        let mut tape = tape_of(noise.take(700));
        let before = tape.next().to_vec();
        assert_eq!(STRETCH.shorten(&mut tape, 120, Care::Alike(0.9)), 0);
        assert_eq!(STRETCH.lengthen(&mut tape, 120, Care::Alike(0.9)), 0);
        assert_eq!(tape.next(), before);
    }

    #[test]
    fn no_more_is_changed_than_asked_for() {
        for most in [0, 10, 30, 63] {
            let mut tape = tape_of((0..700).map(wave));
            assert!(STRETCH.shorten(&mut tape, most, Care::Alike(-1.0)) <= most);
            assert!(STRETCH.lengthen(&mut tape, most, Care::Alike(-1.0)) <= most);
        }
    }

    #[test]
    fn what_is_quiet_changes_by_any_length_without_a_step() {
        for change in [1, 33, 100] {
            let slow = |n: usize| (200.0 * (n as f32 * 0.05).sin()) as i16;
            let mut tape = tape_of((0..700).map(slow));
            assert_eq!(STRETCH.shorten(&mut tape, change, Care::Quiet), change);
            assert_eq!(tape.pending(), 400 - change);
            assert_eq!(STRETCH.lengthen(&mut tape, change, Care::Quiet), change);
            assert_eq!(tape.pending(), 400);
            let (whole, head) = tape.whole();
            assert!(largest_step(&whole[head - 1..]) < 60, "{change}");
        }
    }

    #[test]
    fn silence_stays_silent() {
        let mut tape = tape_of(std::iter::repeat_n(0, 700));
        assert_eq!(STRETCH.shorten(&mut tape, 50, Care::Quiet), 50);
        assert_eq!(STRETCH.lengthen(&mut tape, 50, Care::Quiet), 50);
        assert!(tape.next().iter().all(|&sample| sample == 0));
    }

    #[test]
    fn too_little_audio_is_left_alone() {
        let mut tape = tape_of((0..320).map(wave));
        assert_eq!(STRETCH.shorten(&mut tape, 100, Care::Quiet), 0);
        assert_eq!(STRETCH.lengthen(&mut tape, 100, Care::Quiet), 0);
        assert_eq!(tape.pending(), 20);
    }

    #[test]
    fn a_fade_begins_near_the_one_and_ends_near_the_other() {
        let faded: Vec<i16> = (0..3).map(|place| faded(-400, 400, place, 3)).collect();
        assert_eq!(faded, [-200, 0, 200]);
        assert_eq!(super::faded(i16::MIN, i16::MIN, 1, 3), i16::MIN);
    }
}
