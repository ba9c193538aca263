//! The network itself.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::Moment;

use crate::bottleneck::Link;
use crate::delay::{Delays, Holds};
use crate::loss::Losses;
use crate::profile::{Order, Profile};
use crate::random::SplitMix64;
use crate::units::Share;

/// The most packets that are under way at a time: at 50 packets a second, those
/// of 80 seconds.
pub const IN_FLIGHT_LIMIT: usize = 4_096;

/// The size in bytes of a packet of which none is told: 20 ms of G.711 with the headers
/// of RTP, UDP and IPv4.
pub const USUAL_SIZE: usize = 200;

/// The longest that a copy comes after its packet.
const COPY_LAG: Duration = Duration::from_millis(10);

/// One direction of a path from a sender to a receiver, for packets of any type.
///
/// The owner sends packets into it and polls it for those that have arrived.
/// `now` must not go backwards from call to call.
#[derive(Clone, Debug)]
pub struct Network<T> {
    bottleneck: Option<Link>,
    losses: Losses,
    delays: Delays,
    order: Order,
    copies: Copies,
    holds: Holds,
    /// By arrival and then by number.
    in_flight: BTreeMap<(Moment, u64), T>,
    /// Counts packets and copies that went under way.
    carried: u64,
    /// Up to when, before any freeze, the packets so far are under way.
    latest: Moment,
    statistics: Statistics,
}

/// What became of the packets. At any time `sent` + `duplicated` is `dropped` + `lost`
/// + `overflowed` + `delivered` + [`Network::in_flight`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets sent.
    pub sent: u64,
    /// Copies that the network made.
    pub duplicated: u64,
    /// Packets that found the queue of the [`Profile::bottleneck`] full.
    pub dropped: u64,
    /// Packets lost as [`Profile::loss`] or a trace has it.
    pub lost: u64,
    /// Packets and copies dropped because [`IN_FLIGHT_LIMIT`] were under way.
    pub overflowed: u64,
    /// Packets and copies that were polled.
    pub delivered: u64,
}

impl<T: Clone> Network<T> {
    /// An empty network. What it does follows from `profile`, `seed` and the times
    /// at which packets are sent.
    pub fn new(profile: Profile, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        Self {
            losses: Losses::new(profile.loss, random.split()),
            delays: Delays::new(profile.delay, profile.jitter, random.split()),
            order: profile.order,
            copies: Copies {
                share: profile.duplication,
                random: random.split(),
            },
            holds: Holds::new(profile.freezes, random.split()),
            bottleneck: profile
                .bottleneck
                .map(|bottleneck| Link::new(bottleneck, random.split())),
            in_flight: BTreeMap::new(),
            carried: 0,
            latest: Moment::ZERO,
            statistics: Statistics::default(),
        }
    }

    /// Sends `packet`, of [`USUAL_SIZE`], at `now`. What arrives at once can be polled
    /// at once.
    pub fn send(&mut self, now: Moment, packet: T) {
        self.send_sized(now, USUAL_SIZE, packet);
    }

    /// Sends `packet` at `now`, which has so many `bytes` with all its headers: that
    /// matters to the [`Profile::bottleneck`].
    pub fn send_sized(&mut self, now: Moment, bytes: usize, packet: T) {
        self.statistics.sent += 1;
        let passed = match &mut self.bottleneck {
            None => Some(now),
            Some(link) => link.send(now, bytes),
        };
        // A packet that gets no further takes its numbers too, so that this changes
        // nothing else.
        let delay = self.delays.next(passed.unwrap_or(now));
        let lag = self.copies.lag_of_next();
        let lost = self.losses.takes_next();
        let Some(passed) = passed else {
            self.statistics.dropped += 1;
            return;
        };
        let Some(delay) = delay.filter(|_| !lost) else {
            self.statistics.lost += 1;
            return;
        };
        let due = passed + delay;
        let copy = lag.map(|lag| (due + lag, packet.clone()));
        self.carry(due, packet);
        if let Some((due, copy)) = copy {
            self.statistics.duplicated += 1;
            self.carry(due, copy);
        }
    }

    /// Takes the next packet that has arrived by `now`, and when it did; `None` if
    /// there is no other.
    pub fn poll(&mut self, now: Moment) -> Option<(Moment, T)> {
        let first = self.in_flight.first_entry()?;
        let &(arrival, _) = first.key();
        if arrival > now {
            return None;
        }
        self.statistics.delivered += 1;
        Some((arrival, first.remove()))
    }

    /// When the next packet arrives; `None` if none is under way.
    pub fn deadline(&self) -> Option<Moment> {
        let (&(arrival, _), _) = self.in_flight.first_key_value()?;
        Some(arrival)
    }

    /// How many packets and copies are under way, or have arrived without being
    /// polled; at most [`IN_FLIGHT_LIMIT`].
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// What became of the packets so far.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn carry(&mut self, due: Moment, packet: T) {
        // overflow: refused, counted
        if self.in_flight.len() >= IN_FLIGHT_LIMIT {
            self.statistics.overflowed += 1;
            return;
        }
        self.latest = self.latest.max(due);
        let due = match self.order {
            Order::Kept => self.latest,
            Order::Free => due,
        };
        let arrival = self.holds.released(due);
        self.in_flight.insert((arrival, self.carried), packet);
        self.carried += 1;
    }
}

/// Decides which packets arrive twice.
#[derive(Clone, Debug)]
struct Copies {
    share: Share,
    random: SplitMix64,
}

impl Copies {
    /// How long after the next packet its copy comes, if it has one.
    fn lag_of_next(&mut self) -> Option<Duration> {
        if !self.random.hits(self.share) {
            return None;
        }
        let micros = self.random.below(COPY_LAG.as_micros() as u64 + 1);
        Some(Duration::from_micros(micros))
    }
}
