//! What is played in place of missing audio: the last audio there was, played
//! backwards so that it joins without a click, fading to nothing.

/// The last frame's worth of audio, and how far its fade has been played.
pub(crate) struct Fade {
    /// Oldest first.
    last: Vec<i16>,
    played: usize,
}

impl Fade {
    /// A fade of `samples` samples, silent until it is given audio.
    pub(crate) fn new(samples: usize) -> Self {
        Self {
            last: vec![0; samples],
            played: samples,
        }
    }

    /// Remembers `played`, the audio just put out; the next fade starts from its end.
    pub(crate) fn remember(&mut self, played: &[i16]) {
        let len = self.last.len();
        let kept = played.len().min(len);
        self.last.copy_within(kept.., 0);
        self.last[len - kept..].copy_from_slice(&played[played.len() - kept..]);
        self.played = 0;
    }

    /// Overwrites `out` with the next samples of the fade, zeros after its end.
    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        let len = self.last.len();
        for sample in out {
            if self.played == len {
                *sample = 0;
                continue;
            }
            let left = (len - self.played - 1) as i32;
            let mirrored = i32::from(self.last[len - 1 - self.played]);
            *sample = (mirrored * left / len as i32) as i16;
            self.played += 1;
        }
    }

    /// Makes the rest of the fade silent.
    pub(crate) fn silence(&mut self) {
        self.played = self.last.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_fade_is_silent() {
        let mut out = [1; 4];
        Fade::new(8).fill(&mut out);
        assert_eq!(out, [0; 4]);
    }

    #[test]
    fn the_fade_starts_next_to_the_last_sample_and_ends_in_silence() {
        let mut fade = Fade::new(4);
        fade.remember(&[100, 200, 300, 400]);
        let mut out = [1; 6];
        fade.fill(&mut out[..3]);
        fade.fill(&mut out[3..]);
        assert_eq!(out, [300, 150, 50, 0, 0, 0]);
    }

    #[test]
    fn pieces_of_any_length_are_remembered_in_order() {
        let mut fade = Fade::new(4);
        fade.remember(&[9; 7]);
        fade.remember(&[40]);
        fade.remember(&[80]);
        let mut out = [0; 2];
        fade.fill(&mut out);
        assert_eq!(out, [60, 20]);
    }

    #[test]
    fn the_loudest_audio_fades_without_overflow() {
        let mut fade = Fade::new(320);
        fade.remember(&[i16::MIN; 320]);
        let mut out = [0; 320];
        fade.fill(&mut out);
        assert!(out.is_sorted() && out[319] == 0);
    }

    #[test]
    fn a_silenced_fade_stays_silent_until_it_hears_audio_again() {
        let mut fade = Fade::new(4);
        fade.remember(&[100; 4]);
        fade.silence();
        let mut out = [1; 2];
        fade.fill(&mut out);
        assert_eq!(out, [0, 0]);
        fade.remember(&[100]);
        fade.fill(&mut out);
        assert_eq!(out, [75, 50]);
    }
}
