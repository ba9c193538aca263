//! The slowest link of a path, and the queue before it.

use std::time::Duration;

use audio::Moment;

use crate::random::SplitMix64;
use crate::units::BitRate;

/// The slowest link of a path. Packets wait before it in a queue until it has sent
/// those before them, and what finds no room in the queue is dropped: the tail.
///
/// A telephone call alone fills no such queue. What does is other traffic on the same
/// link, and where the queue is long, a call waits behind all of it: bufferbloat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// How fast the link sends.
    pub rate: BitRate,
    /// How long the queue is: as much as the link sends in this time.
    pub queue: Duration,
    /// What else goes over the link.
    pub cross: Option<CrossTraffic>,
}

/// Bursts of full-sized packets (1,500 bytes) that share a bottleneck: uploads and
/// downloads that come and go. They do not slow down where packets are dropped, as TCP
/// would, so a burst that is faster than the link keeps the queue full to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossTraffic {
    rate: BitRate,
    burst: Duration,
    pause: Duration,
}

impl CrossTraffic {
    /// Bursts at `rate` that last for `burst` on average, with pauses of `pause` on
    /// average between them, of which the first comes first; `None` if one of the two
    /// is shorter than 1 ms.
    ///
    /// Each burst and each pause lasts for half to one and a half times its average,
    /// and so does the time between two packets.
    pub fn new(rate: BitRate, burst: Duration, pause: Duration) -> Option<Self> {
        let shortest = Duration::from_millis(1);
        (burst >= shortest && pause >= shortest).then_some(Self { rate, burst, pause })
    }

    /// How fast the bursts are.
    pub const fn rate(self) -> BitRate {
        self.rate
    }

    /// How long a burst lasts on average.
    pub const fn burst(self) -> Duration {
        self.burst
    }

    /// How long a pause lasts on average.
    pub const fn pause(self) -> Duration {
        self.pause
    }
}

/// The size of the packets of other traffic, in bytes.
const FULL_SIZE: usize = 1_500;

/// One run of a [`Bottleneck`].
#[derive(Clone, Debug)]
pub(crate) struct Link {
    rate: BitRate,
    queue: Duration,
    /// When the link will have sent everything that is in the queue.
    free: Moment,
    cross: Option<Bursts>,
}

impl Link {
    pub(crate) fn new(bottleneck: Bottleneck, random: SplitMix64) -> Self {
        Self {
            rate: bottleneck.rate,
            queue: bottleneck.queue,
            free: Moment::ZERO,
            cross: bottleneck.cross.map(|cross| Bursts::new(cross, random)),
        }
    }

    /// When a packet of `bytes` that comes at `now` has been sent; `None` if the queue
    /// has no room for it.
    pub(crate) fn send(&mut self, now: Moment, bytes: usize) -> Option<Moment> {
        while let Some(arrival) = self.cross.as_mut().and_then(|cross| cross.next_by(now)) {
            self.enqueue(arrival, FULL_SIZE);
        }
        self.enqueue(now, bytes)
    }

    fn enqueue(&mut self, now: Moment, bytes: usize) -> Option<Moment> {
        let sent = self.free.max(now) + self.rate.time_for(bytes);
        // overflow: refused, counted by the network
        if self.free.since(now) > self.queue {
            return None;
        }
        self.free = sent;
        Some(sent)
    }
}

/// One run of [`CrossTraffic`].
#[derive(Clone, Debug)]
struct Bursts {
    traffic: CrossTraffic,
    /// Between two packets of a burst.
    spacing: Duration,
    /// When the next packet comes, unless the burst is over by then.
    next: Moment,
    /// When the burst is over.
    end: Moment,
    random: SplitMix64,
}

impl Bursts {
    fn new(traffic: CrossTraffic, random: SplitMix64) -> Self {
        let mut bursts = Self {
            traffic,
            spacing: traffic.rate.time_for(FULL_SIZE),
            next: Moment::ZERO,
            end: Moment::ZERO,
            random,
        };
        bursts.begin();
        bursts
    }

    /// When the next packet comes, if it has come by `now`.
    fn next_by(&mut self, now: Moment) -> Option<Moment> {
        if self.next > now {
            return None;
        }
        let packet = self.next;
        self.next = packet + self.about(self.spacing);
        if self.next > self.end {
            self.begin();
        }
        Some(packet)
    }

    /// Goes from the end of a burst to the first packet of the next.
    fn begin(&mut self) {
        self.next = self.end + self.about(self.traffic.pause);
        self.end = self.next + self.about(self.traffic.burst);
    }

    fn about(&mut self, average: Duration) -> Duration {
        let micros = average.as_micros() as u64;
        Duration::from_micros((micros / 2 + self.random.below(micros + 1)).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(bits: u64) -> BitRate {
        BitRate::bits_per_second(bits).expect("a rate")
    }

    fn link(bits: u64, queue: u64, cross: Option<CrossTraffic>) -> Link {
        let bottleneck = Bottleneck {
            rate: rate(bits),
            queue: Duration::from_millis(queue),
            cross,
        };
        Link::new(bottleneck, SplitMix64::new(1))
    }

    fn sent(link: &mut Link, now: u64, bytes: usize) -> Option<u64> {
        let sent = link.send(Moment::from_millis(now), bytes)?;
        Some(sent.as_millis())
    }

    #[test]
    fn a_packet_takes_as_long_as_the_link_needs_for_its_bytes() {
        let mut link = link(80_000, 500, None);
        assert_eq!(sent(&mut link, 0, 100), Some(10));
        assert_eq!(sent(&mut link, 100, 200), Some(120));
    }

    #[test]
    fn a_packet_waits_for_those_before_it() {
        let mut link = link(80_000, 500, None);
        assert_eq!(sent(&mut link, 0, 1_000), Some(100));
        assert_eq!(sent(&mut link, 30, 100), Some(110));
        assert_eq!(sent(&mut link, 30, 100), Some(120));
    }

    #[test]
    fn what_finds_the_queue_full_is_dropped_until_there_is_room() {
        let mut link = link(80_000, 150, None);
        assert_eq!(sent(&mut link, 0, 1_000), Some(100));
        assert_eq!(sent(&mut link, 0, 1_000), Some(200));
        assert_eq!(sent(&mut link, 0, 1_000), None);
        assert_eq!(sent(&mut link, 49, 100), None);
        assert_eq!(sent(&mut link, 50, 100), Some(210));
    }

    #[test]
    fn other_traffic_fills_the_queue_in_bursts_and_leaves_it_empty_between() {
        let second = Duration::from_secs(1);
        let cross = CrossTraffic::new(rate(2_400_000), second, second);
        let mut link = link(2_000_000, 300, cross);
        let waits: Vec<Option<u64>> = (0..60_000 / 20)
            .map(|n| sent(&mut link, n * 20, 200).map(|sent| sent - n * 20))
            .collect();
        let longest = waits.iter().flatten().max();
        assert!((150..=306).contains(longest.expect("some are sent")));
        let idle = waits.iter().filter(|wait| **wait <= Some(1)).count();
        assert!((800..=1_800).contains(&idle), "{idle}");
        let swells = waits
            .windows(2)
            .filter(|pair| pair[0] < Some(50) && pair[1] >= Some(50))
            .count();
        assert!((20..=60).contains(&swells), "{swells}");
    }

    #[test]
    fn bursts_have_their_rate_and_share_of_the_time() {
        let cross = CrossTraffic::new(
            rate(1_200_000),
            Duration::from_secs(2),
            Duration::from_secs(3),
        )
        .expect("bursts");
        let mut bursts = Bursts::new(cross, SplitMix64::new(7));
        let end = Moment::from_millis(3_600_000);
        let count = std::iter::from_fn(|| bursts.next_by(end)).count();
        // 100 packets a second for two fifths of an hour.
        let expected = 100.0 * 3_600.0 * 2.0 / 5.0;
        assert!((count as f64 / expected - 1.0).abs() < 0.05, "{count}");
    }

    #[test]
    fn bursts_and_pauses_last_for_a_while() {
        let (second, short) = (Duration::from_secs(1), Duration::from_micros(999));
        assert_eq!(CrossTraffic::new(rate(1_000), short, second), None);
        assert_eq!(CrossTraffic::new(rate(1_000), second, short), None);
    }
}
