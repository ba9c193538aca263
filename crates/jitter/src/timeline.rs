//! Where on the stream's own time a packet stands.

use std::time::Duration;

use audio::{Moment, RtpTimestamp};

use crate::border::Format;

/// Turns timestamps, which wrap and may count at another rate than the audio,
/// into positions: samples of decoded audio since the first packet.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    format: Format,
    newest: RtpTimestamp,
    /// `newest` without its wraps, in ticks since the first packet.
    ticks: i64,
}

impl Timeline {
    /// A time whose position zero is at `first`.
    pub(crate) const fn starting_at(first: RtpTimestamp, format: Format) -> Self {
        Self {
            format,
            newest: first,
            ticks: 0,
        }
    }

    /// The position of `timestamp`, from which the next one is measured.
    pub(crate) fn advance(&mut self, timestamp: RtpTimestamp) -> i64 {
        self.ticks += i64::from(timestamp.distance_from(self.newest));
        self.newest = timestamp;
        let (clock, rate) = (self.format.clock.hertz(), self.format.rate.hertz());
        if clock == rate {
            return self.ticks;
        }
        (self.ticks * i64::from(rate)).div_euclid(i64::from(clock))
    }
}

/// Converts between samples and time at one rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    hertz: i64,
}

impl Scale {
    pub(crate) const fn of(format: Format) -> Self {
        Self {
            hertz: format.rate.hertz() as i64,
        }
    }

    /// Microseconds that `samples` last, rounded down.
    pub(crate) const fn micros(self, samples: i64) -> i64 {
        (samples * 1_000_000).div_euclid(self.hertz)
    }

    /// Samples in `micros` microseconds, rounded down.
    pub(crate) const fn samples(self, micros: i64) -> i64 {
        (micros * self.hertz).div_euclid(1_000_000)
    }

    /// Samples in `duration`, rounded down.
    pub(crate) const fn samples_in(self, duration: Duration) -> i64 {
        self.samples(duration.as_micros() as i64)
    }

    /// How long `samples` last; nothing if they are negative.
    pub(crate) const fn duration(self, samples: i64) -> Duration {
        let micros = self.micros(samples);
        Duration::from_micros(if micros > 0 { micros as u64 } else { 0 })
    }
}

/// `moment` as a signed number of microseconds, so that differences can be taken.
pub(crate) const fn signed_micros(moment: Moment) -> i64 {
    moment.as_micros() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio::SampleRate;

    fn timeline(first: u32, clock: SampleRate, rate: SampleRate) -> Timeline {
        Timeline::starting_at(RtpTimestamp(first), Format { clock, rate })
    }

    #[test]
    fn positions_go_on_across_any_number_of_wraps() {
        let (clock, rate) = (SampleRate::HZ_8000, SampleRate::HZ_8000);
        let mut timeline = timeline(u32::MAX - 100, clock, rate);
        for n in 0..20u32 {
            let timestamp = RtpTimestamp((u32::MAX - 100).wrapping_add(n << 30));
            assert_eq!(timeline.advance(timestamp), i64::from(n) << 30);
        }
    }

    #[test]
    fn an_older_timestamp_has_an_older_position() {
        let (clock, rate) = (SampleRate::HZ_8000, SampleRate::HZ_16000);
        let mut timeline = timeline(50, clock, rate);
        assert_eq!(timeline.advance(RtpTimestamp(50 + 160)), 320);
        assert_eq!(timeline.advance(RtpTimestamp(0)), -100);
        assert_eq!(timeline.advance(RtpTimestamp(50 + 320)), 640);
    }

    #[test]
    fn ticks_that_are_no_whole_sample_do_not_add_up_to_an_error() {
        let (clock, rate) = (SampleRate::HZ_48000, SampleRate::HZ_16000);
        let mut timeline = timeline(0, clock, rate);
        for n in 1..=3_000 {
            timeline.advance(RtpTimestamp(n));
        }
        assert_eq!(timeline.advance(RtpTimestamp(3_001)), 1_000);
    }

    #[test]
    fn samples_and_microseconds_turn_into_each_other() {
        let format = Format {
            clock: SampleRate::HZ_8000,
            rate: SampleRate::HZ_16000,
        };
        let scale = Scale::of(format);
        assert_eq!(scale.micros(320), 20_000);
        assert_eq!(scale.micros(-1), -63);
        assert_eq!(scale.samples(-20_000), -320);
        assert_eq!(scale.duration(-5), Duration::ZERO);
        assert_eq!(scale.samples_in(Duration::from_millis(200)), 3_200);
    }
}
