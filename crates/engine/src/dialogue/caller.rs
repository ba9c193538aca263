use std::time::Duration;

use audio::{Moment, SampleRate, level};
use speech::Utterance;

/// Audio kept from before the moment at which speech was noticed: onsets are soft.
const PREROLL: Duration = Duration::from_millis(320);

/// Audio of a turn that is kept at most; longer turns lose their oldest unsettled part.
const LONGEST_TURN: Duration = Duration::from_secs(30);

/// What is listened to when a turn is judged by its sound.
const JUDGED: Duration = Duration::from_secs(8);

/// The caller's recent audio: a little while nobody speaks, the whole unsettled turn otherwise.
#[derive(Debug)]
pub(super) struct CallerAudio {
    rate: SampleRate,
    samples: Vec<i16>,
    end: Moment,
    in_turn: bool,
    /// How much of the samples is recognised for good.
    settled: usize,
}

impl CallerAudio {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: Vec::new(),
            end: Moment::ZERO,
            in_turn: false,
            settled: 0,
        }
    }

    /// Appends audio whose last sample was heard at `end`.
    pub(super) fn push(&mut self, end: Moment, samples: &[i16]) {
        self.samples.extend_from_slice(samples);
        self.end = end;
        let keep = if self.in_turn {
            LONGEST_TURN
        } else {
            PREROLL * 2
        };
        // Trimming in steps keeps the cost of moving the rest down to once every few windows.
        let most = self.rate.samples_in(keep);
        if self.samples.len() > most + most / 2 {
            self.drop_first(self.samples.len() - most);
        }
    }

    /// A turn begins with speech from `started` on.
    pub(super) fn begin(&mut self, started: Moment) {
        self.in_turn = true;
        self.settled = 0;
        self.drop_before(started - PREROLL);
    }

    /// The turn so far, from its last settled pause.
    pub(super) fn utterance(&self) -> Utterance {
        let unsettled = self.samples.get(self.settled..).unwrap_or_default();
        Utterance {
            samples: unsettled.to_vec(),
            rate: self.rate,
        }
    }

    /// The turn so far, settled or not, and a little before it; its end if it is long.
    pub(super) fn turn(&self) -> Utterance {
        let most = self.rate.samples_in(JUDGED).min(self.samples.len());
        let end = self.samples.get(self.samples.len() - most..);
        Utterance {
            samples: end.unwrap_or_default().to_vec(),
            rate: self.rate,
        }
    }

    /// The audio up to `until` is recognised for good.
    pub(super) fn settle(&mut self, until: Moment) {
        let unsettled = self.rate.samples_in(self.end.since(until));
        self.settled = self.samples.len().saturating_sub(unsettled);
        let judged = self.rate.samples_in(JUDGED);
        self.drop_first(self.settled.saturating_sub(judged));
    }

    /// The turn is over or was none.
    pub(super) fn forget(&mut self) {
        self.in_turn = false;
        self.settled = 0;
        self.drop_before(self.end - PREROLL);
    }

    /// The moment of the last audible sample, not looking further back than `from`.
    pub(super) fn voiced_until(&self, from: Moment) -> Option<Moment> {
        let window = self
            .rate
            .samples_in(self.end.since(from))
            .min(self.samples.len());
        let recent = self.samples.get(self.samples.len() - window..)?;
        let after = recent
            .iter()
            .rev()
            .position(|sample| level::is_audible(&[*sample]))?;
        Some(self.end - self.rate.duration_of(after))
    }

    fn drop_before(&mut self, moment: Moment) {
        let keep = self
            .rate
            .samples_in(self.end.since(moment))
            .min(self.samples.len());
        self.drop_first(self.samples.len() - keep);
    }

    fn drop_first(&mut self, count: usize) {
        self.samples.drain(..count);
        self.settled = self.settled.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller_with(millis: u64, value: i16) -> CallerAudio {
        let mut caller = CallerAudio::new(SampleRate::HZ_8000);
        caller.begin(Moment::ZERO);
        caller.push(
            Moment::from_millis(millis),
            &vec![value; 8 * millis as usize],
        );
        caller
    }

    #[test]
    fn the_last_audible_sample_is_found_before_the_trailing_silence() {
        let mut caller = caller_with(500, 8_000);
        caller.push(Moment::from_millis(700), &[0; 1_600]);
        assert_eq!(
            caller.voiced_until(Moment::ZERO),
            Some(Moment::from_millis(500))
        );
    }

    #[test]
    fn silence_has_no_last_audible_sample() {
        assert_eq!(caller_with(500, 3).voiced_until(Moment::ZERO), None);
    }

    #[test]
    fn a_quiet_caller_costs_no_more_than_the_preroll() {
        let mut caller = CallerAudio::new(SampleRate::HZ_8000);
        for window in 1..=1_000_u64 {
            caller.push(Moment::from_millis(window * 32), &[0; 256]);
        }
        assert!(caller.samples.len() <= 8_000);
    }

    #[test]
    fn a_turn_starts_with_the_audio_just_before_it() {
        let mut caller = CallerAudio::new(SampleRate::HZ_8000);
        caller.push(Moment::from_millis(600), &[1; 4_800]);
        caller.begin(Moment::from_millis(500));
        assert_eq!(caller.utterance().samples.len(), 8 * 420);
    }

    #[test]
    fn settled_audio_is_not_decoded_again() {
        let mut caller = caller_with(6_000, 8_000);
        caller.settle(Moment::from_millis(5_000));
        assert_eq!(caller.utterance().samples.len(), 8_000);
    }
}
