//! Decides how long packets are under way.

use std::time::Duration;

use audio::Moment;

use crate::profile::{Freezes, Jitter};
use crate::random::SplitMix64;
use crate::trace::Passage;

/// One run of a delay and its [`Jitter`].
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    base: Duration,
    jitter: Jitter,
    /// Where in a trace the next packet is.
    place: usize,
    /// When the delay last leapt.
    leapt: Option<Moment>,
    random: SplitMix64,
}

impl Delays {
    pub(crate) const fn new(base: Duration, jitter: Jitter, random: SplitMix64) -> Self {
        Self {
            base,
            jitter,
            place: 0,
            leapt: None,
            random,
        }
    }

    /// The delay of the next packet, which is sent at `now`; `None` if a trace has lost
    /// it.
    pub(crate) fn next(&mut self, now: Moment) -> Option<Duration> {
        let delay = match &self.jitter {
            Jitter::None => self.base,
            Jitter::Normal(deviation) => {
                let off = deviation.as_micros() as f64 * self.random.normal();
                let micros = self.base.as_micros() as f64 + off;
                // Converts what is below zero to zero.
                Duration::from_micros(micros.round() as u64)
            }
            &Jitter::Spiky {
                share,
                peak,
                fading,
            } => {
                if self.random.hits(share) {
                    self.leapt = Some(now);
                }
                let age = self.leapt.map(|leapt| now.since(leapt));
                let extra = age.map_or(Duration::ZERO, |age| faded(peak, fading, age));
                self.base.saturating_add(extra)
            }
            Jitter::Trace(trace) => {
                let packets = trace.packets();
                let passage = packets.get(self.place).copied();
                self.place += 1;
                if self.place >= packets.len() {
                    self.place = 0;
                }
                match passage {
                    None => self.base,
                    Some(Passage::Arrived(extra)) => self.base.saturating_add(extra),
                    Some(Passage::Lost) => return None,
                }
            }
        };
        Some(delay)
    }
}

/// What is left of a leap by `peak` after `age`, if it takes `fading` to vanish.
fn faded(peak: Duration, fading: Duration, age: Duration) -> Duration {
    if age.is_zero() {
        return peak;
    }
    let (fading, age) = (fading.as_micros(), age.as_micros());
    if age >= fading {
        return Duration::ZERO;
    }
    let micros = peak.as_micros() * (fading - age) / fading;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// One run of [`Freezes`].
#[derive(Clone, Debug)]
pub(crate) struct Holds {
    freezes: Option<Freezes>,
    seed: u64,
}

impl Holds {
    pub(crate) const fn new(freezes: Option<Freezes>, mut random: SplitMix64) -> Self {
        Self {
            freezes,
            seed: random.bits(),
        }
    }

    /// When a packet arrives that is `due`. Of two packets, the one that is due
    /// later does not arrive earlier.
    pub(crate) fn released(&self, due: Moment) -> Moment {
        let Some(freezes) = self.freezes else {
            return due;
        };
        let period = freezes.period().as_micros() as u64;
        let length = freezes.length().as_micros() as u64;
        let number = due.as_micros() / period;
        let place = SplitMix64::new(self.seed ^ number).below(period - length);
        let begin = Moment::from_micros(number * period) + Duration::from_micros(place);
        let end = begin + freezes.length();
        if (begin..end).contains(&due) {
            end
        } else {
            due
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Trace;
    use crate::units::Share;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Of seven packets, 0 for one that is lost.
    fn delays(base: u64, jitter: Jitter) -> Vec<u64> {
        let mut delays = Delays::new(millis(base), jitter, SplitMix64::new(1));
        (0..7)
            .map(|n| delays.next(Moment::from_millis(n * 20)).unwrap_or_default())
            .map(|delay| delay.as_millis() as u64)
            .collect()
    }

    #[test]
    fn a_trace_is_added_to_the_delay_and_starts_again_at_its_end() {
        let trace = Trace::new([5, 0, 90].map(millis).map(Passage::Arrived).to_vec());
        assert_eq!(
            delays(40, Jitter::Trace(trace)),
            [45, 40, 130, 45, 40, 130, 45]
        );
        assert_eq!(delays(40, Jitter::Trace(Trace::default())), [40; 7]);
    }

    #[test]
    fn what_a_trace_has_lost_is_lost_each_time_round() {
        let packets = vec![Passage::Lost, Passage::Arrived(millis(5))];
        let trace = Jitter::Trace(Trace::new(packets));
        assert_eq!(delays(40, trace), [0, 45, 0, 45, 0, 45, 0]);
    }

    #[test]
    fn a_leap_fades_evenly_to_nothing() {
        let left: Vec<u128> = (0..6)
            .map(|n| faded(millis(200), millis(80), millis(n * 20)).as_millis())
            .collect();
        assert_eq!(left, [200, 150, 100, 50, 0, 0]);
    }

    #[test]
    fn a_leap_that_does_not_fade_delays_one_packet() {
        assert_eq!(
            faded(millis(200), Duration::ZERO, Duration::ZERO),
            millis(200)
        );
        assert_eq!(
            faded(millis(200), Duration::ZERO, millis(1)),
            Duration::ZERO
        );
    }

    #[test]
    fn a_leap_with_every_packet_keeps_the_delay_at_its_peak() {
        let jitter = Jitter::Spiky {
            share: Share(1.0),
            peak: millis(100),
            fading: millis(400),
        };
        assert_eq!(delays(10, jitter), [110; 7]);
    }

    #[test]
    fn no_delay_is_below_zero() {
        let delays = delays(0, Jitter::Normal(millis(30)));
        assert!(delays.contains(&0) && delays.iter().any(|&delay| delay > 0));
    }
}
