//! The audio about to be played, right behind the audio that was.

/// One stretch of samples: what was played last, then what comes next, with
/// nothing between them, so that the one can be compared with and blended into
/// the other in place.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    samples: Box<[i16]>,
    /// How much of what was played is kept at least.
    memory: usize,
    /// Where what was played ends and what comes next begins.
    head: usize,
    end: usize,
}

impl Tape {
    /// A tape that remembers `memory` samples, silent ones in the beginning, and
    /// takes up to `ahead` more. This is the last time it allocates.
    pub(crate) fn new(memory: usize, ahead: usize) -> Self {
        Self {
            // Twice the memory, so that it rarely has to be moved.
            samples: vec![0; 2 * memory + ahead].into_boxed_slice(),
            memory,
            head: memory,
            end: memory,
        }
    }

    /// Forgets everything: what was played is silence, and nothing is to be played.
    pub(crate) fn clear(&mut self) {
        self.samples[..self.memory].fill(0);
        self.head = self.memory;
        self.end = self.memory;
    }

    /// How much is to be played.
    pub(crate) const fn pending(&self) -> usize {
        self.end - self.head
    }

    /// What is to be played.
    pub(crate) fn next(&self) -> &[i16] {
        &self.samples[self.head..self.end]
    }

    /// All of it, and where in it what is to be played begins.
    pub(crate) fn whole(&self) -> (&[i16], usize) {
        (&self.samples[..self.end], self.head)
    }

    /// All of it to be changed, and where what is to be played begins.
    pub(crate) fn whole_mut(&mut self) -> (&mut [i16], usize) {
        (&mut self.samples[..self.end], self.head)
    }

    /// The unused part behind all samples, at least `needed` of it as long as that
    /// fits at all. What is written to its start counts once it is
    /// [committed](Self::commit).
    pub(crate) fn space(&mut self, needed: usize) -> &mut [i16] {
        if self.samples.len() - self.end < needed {
            self.compact();
        }
        &mut self.samples[self.end..]
    }

    /// Appends the first `count` samples of the [space](Self::space).
    pub(crate) fn commit(&mut self, count: usize) {
        self.end = (self.end + count).min(self.samples.len());
    }

    fn compact(&mut self) {
        let start = self.head.saturating_sub(self.memory);
        self.samples.copy_within(start..self.end, 0);
        self.head -= start;
        self.end -= start;
    }

    /// Drops `count` samples, or all there are, from the start of what is to be
    /// played.
    pub(crate) fn skip(&mut self, count: usize) {
        let count = count.min(self.pending());
        self.samples
            .copy_within(self.head + count..self.end, self.head);
        self.end -= count;
    }

    /// Drops everything but the first `count` samples of what is to be played.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.end = self.end.min(self.head + count);
    }

    /// Opens a gap of `count` samples before what is to be played; they are to be
    /// written. Does nothing and returns false if there is no room.
    pub(crate) fn open(&mut self, count: usize) -> bool {
        if self.space(count).len() < count {
            return false;
        }
        self.samples
            .copy_within(self.head..self.end, self.head + count);
        self.end += count;
        true
    }

    /// Plays the next samples into `out`, all of which must be there.
    pub(crate) fn play(&mut self, out: &mut [i16]) {
        let count = out.len().min(self.pending());
        out[..count].copy_from_slice(&self.samples[self.head..self.head + count]);
        self.head += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(tape: &Tape) -> &[i16] {
        let (whole, head) = tape.whole();
        &whole[..head]
    }

    fn append(tape: &mut Tape, samples: &[i16]) {
        tape.space(samples.len())[..samples.len()].copy_from_slice(samples);
        tape.commit(samples.len());
    }

    #[test]
    fn what_is_appended_is_played_in_order_and_remembered() {
        let mut tape = Tape::new(4, 6);
        let mut heard = Vec::new();
        for n in 0..50i16 {
            append(&mut tape, &[3 * n, 3 * n + 1, 3 * n + 2]);
            let mut out = [0; 3];
            tape.play(&mut out);
            heard.extend(out);
            assert!(played(&tape).len() >= 4);
            assert!(played(&tape).ends_with(&heard[heard.len().saturating_sub(4)..]));
        }
        assert_eq!(heard, (0..150).collect::<Vec<i16>>());
    }

    #[test]
    fn a_new_tape_remembers_silence() {
        assert_eq!(played(&Tape::new(3, 1)), [0, 0, 0]);
    }

    #[test]
    fn a_cleared_tape_is_like_a_new_one() {
        let mut tape = Tape::new(3, 4);
        append(&mut tape, &[1, 2, 3, 4]);
        tape.play(&mut [0; 3]);
        tape.clear();
        assert_eq!(played(&tape), [0, 0, 0]);
        assert_eq!(tape.pending(), 0);
        append(&mut tape, &[5, 6, 7, 8]);
        assert_eq!(tape.next(), [5, 6, 7, 8]);
    }

    #[test]
    fn skipping_and_opening_change_what_is_to_be_played_only() {
        let mut tape = Tape::new(2, 6);
        append(&mut tape, &[1, 2, 3, 4, 5]);
        tape.play(&mut [0; 2]);
        tape.skip(1);
        assert_eq!(tape.next(), [4, 5]);
        assert!(tape.open(2));
        assert_eq!(tape.next()[2..], [4, 5]);
        assert!(played(&tape).ends_with(&[1, 2]));
        assert!(!tape.open(100));
        tape.truncate(3);
        assert_eq!(tape.pending(), 3);
        tape.skip(9);
        assert_eq!(tape.pending(), 0);
    }
}
