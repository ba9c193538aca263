//! How a network behaves.

use std::time::Duration;

use audio::Moment;

use crate::bottleneck::Bottleneck;
use crate::trace::Trace;
use crate::units::{Drift, Share};

/// How a network behaves. The default is a perfect one, over which every packet
/// arrives once and at once.
///
/// The parts act one after the other: a packet goes through the queue of the
/// [`Profile::bottleneck`], is delayed by [`Profile::delay`] and [`Profile::jitter`],
/// waits for those before it as [`Profile::order`] says, and then for the end of a
/// freeze. Each part draws its own random numbers, so
/// that with one seed a change of the loss leaves the delays as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The slowest link of the path. Without one, packets do not delay each other.
    pub bottleneck: Option<Bottleneck>,
    /// Which packets never arrive, of those that get through the bottleneck.
    pub loss: Loss,
    /// How long every packet is under way, before jitter.
    pub delay: Duration,
    /// By how much the delay differs from packet to packet.
    pub jitter: Jitter,
    /// Whether packets may overtake each other.
    pub order: Order,
    /// How many of the packets that arrive do so twice; the copy comes up to
    /// 10 ms after the packet.
    pub duplication: Share,
    /// How the sender's clock runs. The network itself does not use it: the
    /// sender asks [`Drift::send_time`] when to send.
    pub drift: Drift,
    /// The times at which nothing arrives.
    pub freezes: Option<Freezes>,
}

/// Which packets never arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// None is lost.
    #[default]
    None,
    /// Each is lost with this probability, whatever became of the others.
    Uniform(Share),
    /// Losses come in bursts, after Gilbert and Elliott: the network is in a good
    /// or a bad state, starting with the good one, and may change it after each
    /// packet. It stays bad for 1 / `recovery` packets on average.
    GilbertElliott {
        /// The probability that a good network turns bad.
        decline: Share,
        /// The probability that a bad network turns good.
        recovery: Share,
        /// The probability that a packet is lost while the network is good.
        loss_in_good: Share,
        /// The probability that a packet is lost while the network is bad.
        loss_in_bad: Share,
    },
}

/// By how much the delay differs from packet to packet.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Jitter {
    /// Not at all.
    #[default]
    None,
    /// Normally, with this deviation around [`Profile::delay`]. A delay below zero
    /// counts as zero.
    Normal(Duration),
    /// Now and then the delay leaps and falls back.
    Spiky {
        /// The probability that the delay leaps with a packet.
        share: Share,
        /// By how much it leaps.
        peak: Duration,
        /// How long it takes to fall back, evenly. A leap in this time starts again.
        fading: Duration,
    },
    /// Each packet's delay exceeds [`Profile::delay`] by the next of the trace, the
    /// first again after the last, and where the trace has lost a packet, it is lost.
    /// An empty trace is no jitter.
    Trace(Trace),
}

/// Whether packets may overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// First in, first out: a packet that would overtake another arrives together
    /// with it, right behind. Jitter then adds to the average delay.
    #[default]
    Kept,
    /// Each packet arrives when its own delay is over.
    Free,
}

/// Times at which nothing arrives, and at whose end everything that was held back
/// arrives at once, in the order in which it was sent.
///
/// Time is divided into periods of equal length, counted from [`Moment::ZERO`].
/// There is one freeze in each period, at a random place within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freezes {
    period: Duration,
    length: Duration,
}

impl Freezes {
    /// One freeze of `length` in each `period`; `None` unless `length` is the
    /// shorter by a microsecond and a [`Moment`] can hold `period`.
    pub fn new(period: Duration, length: Duration) -> Option<Self> {
        let (whole, frozen) = (period.as_micros(), length.as_micros());
        (frozen < whole && u64::try_from(whole).is_ok()).then_some(Self { period, length })
    }

    /// The length of the periods, each with one freeze.
    pub const fn period(self) -> Duration {
        self.period
    }

    /// How long each freeze lasts.
    pub const fn length(self) -> Duration {
        self.length
    }
}

impl Profile {
    /// When a sender with this profile's [`Profile::drift`], that started at
    /// `start`, sends what it takes to be due `media` after its start.
    pub fn send_time(&self, start: Moment, media: Duration) -> Moment {
        self.drift.send_time(start, media)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_is_shorter_than_its_period() {
        let (short, long) = (Duration::from_millis(99), Duration::from_millis(100));
        assert!(Freezes::new(long, short).is_some());
        assert_eq!(Freezes::new(long, long), None);
        assert_eq!(Freezes::new(Duration::ZERO, Duration::ZERO), None);
        assert_eq!(
            Freezes::new(Duration::from_nanos(900), Duration::from_nanos(1)),
            None
        );
        assert_eq!(Freezes::new(Duration::MAX, long), None);
    }
}
