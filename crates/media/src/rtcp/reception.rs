//! How the stream of one source arrives.

use std::time::Duration;

use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};

use super::ntp::{NtpTime, ShortNtpTime};
use super::packet::{FractionLost, ReportBlock};
use crate::rtp::Header;

/// A packet that is further ahead than this does not follow a loss: the sender
/// has started over (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;

/// A packet that is further behind than this was not overtaken: the sender has
/// started over (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;

/// Nothing on a network delays packets so differently: the sender's timestamps leapt.
const MAX_TRANSIT_CHANGE: Duration = Duration::from_secs(5);

/// Bounds of the 24 bits that carry the number of lost packets.
const LOST: std::ops::RangeInclusive<i32> = -0x80_0000..=0x7F_FFFF;

/// How a stream arrives at this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// The source of the stream.
    pub ssrc: u32,
    /// Packets that came since the source began or started over, repeated ones
    /// included.
    pub packets: u32,
    /// The highest sequence number that came, in the lower 16 bits, and how often
    /// it wrapped, above.
    pub highest_sequence: u32,
    /// Packets that did not come less those that came again, within ±2²³.
    pub lost: i32,
    /// The share lost between the last two reports of this side.
    pub fraction_lost: FractionLost,
    /// The interarrival jitter (RFC 3550 §6.4.1): how much the times between
    /// packets differ at arrival from those at sending, averaged over some
    /// sixteen packets.
    pub jitter: Duration,
}

/// The books of one source that is believed to exist.
#[derive(Clone, Debug)]
pub(super) struct Source {
    ssrc: u32,
    /// The first sequence number, without wraps.
    base: u32,
    /// The highest sequence number, with its wraps in the upper 16 bits.
    highest: u32,
    /// The number at which the source has started over, if it comes.
    restart: Option<SequenceNumber>,
    received: u32,
    expected_at_report: u32,
    received_at_report: u32,
    heard_since_report: bool,
    fraction_lost: FractionLost,
    jitter: Jitter,
    /// The last time that it was heard, by RTP or RTCP.
    heard: Moment,
    /// Its last sender report, and when that came.
    sender_report: Option<(ShortNtpTime, Moment)>,
}

impl Source {
    /// A source whose second packet in sequence, `header`, came at `now`.
    pub(super) fn new(now: Moment, header: &Header, clock: SampleRate) -> Self {
        let mut source = Self {
            ssrc: header.ssrc,
            base: 0,
            highest: 0,
            restart: None,
            received: 0,
            expected_at_report: 0,
            received_at_report: 0,
            heard_since_report: true,
            fraction_lost: FractionLost(0),
            jitter: Jitter::new(now, header.timestamp, clock),
            heard: now,
            sender_report: None,
        };
        source.restart_with(header.sequence);
        source
    }

    pub(super) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The last time that it was heard, by RTP or RTCP.
    pub(super) const fn heard(&self) -> Moment {
        self.heard
    }

    /// Notes a packet of it that came at `now` (RFC 3550 A.1, A.8).
    pub(super) fn received(&mut self, now: Moment, header: &Header, clock: SampleRate) {
        self.heard = now;
        let ahead = header.sequence.0.wrapping_sub(self.highest as u16);
        if ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.received = self.received.wrapping_add(1);
        } else if ahead > MAX_MISORDER.wrapping_neg() {
            self.received = self.received.wrapping_add(1);
        } else if self.restart == Some(header.sequence) {
            self.restart_with(header.sequence);
        } else {
            self.restart = Some(header.sequence.next());
            return;
        }
        self.heard_since_report = true;
        self.jitter.measure(now, header.timestamp, clock);
    }

    /// Notes a sender report of it that came at `now`.
    pub(super) const fn reported(&mut self, now: Moment, ntp: NtpTime) {
        self.sender_report = Some((ntp.short(), now));
    }

    /// Notes that any RTCP packet of it came at `now`.
    pub(super) const fn alive(&mut self, now: Moment) {
        self.heard = now;
    }

    /// The block that is sent to it at `now`, which closes an interval; `None`
    /// if nothing came since the last one.
    pub(super) fn report(&mut self, now: Moment) -> Option<ReportBlock> {
        if !std::mem::take(&mut self.heard_since_report) {
            return None;
        }
        self.fraction_lost = self.close_interval();
        let (last_report, delay_since_last_report) = match self.sender_report {
            Some((ntp, came)) => (ntp, ShortNtpTime::from_duration(now.since(came))),
            None => (ShortNtpTime(0), ShortNtpTime(0)),
        };
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: self.fraction_lost,
            lost: self.lost(),
            highest_sequence: self.highest,
            jitter: self.jitter.ticks(),
            last_report,
            delay_since_last_report,
        })
    }

    pub(super) fn reception(&self) -> Reception {
        Reception {
            ssrc: self.ssrc,
            packets: self.received,
            highest_sequence: self.highest,
            lost: self.lost(),
            fraction_lost: self.fraction_lost,
            jitter: self.jitter.duration(),
        }
    }

    /// Begins anew with a packet whose predecessor came too.
    fn restart_with(&mut self, sequence: SequenceNumber) {
        let first = sequence.0.wrapping_sub(1);
        self.base = u32::from(first);
        self.highest = self.base.wrapping_add(1);
        self.restart = None;
        self.received = 2;
        self.expected_at_report = 0;
        self.received_at_report = 0;
    }

    /// Packets that would have come without loss.
    const fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.base).wrapping_add(1)
    }

    /// Packets lost so far (RFC 3550 A.3).
    fn lost(&self) -> i32 {
        let lost = self.expected().wrapping_sub(self.received) as i32;
        lost.clamp(*LOST.start(), *LOST.end())
    }

    /// The share lost since this was last called (RFC 3550 A.3).
    fn close_interval(&mut self) -> FractionLost {
        let expected = self.expected();
        let due = expected.wrapping_sub(self.expected_at_report);
        let came = self.received.wrapping_sub(self.received_at_report);
        (self.expected_at_report, self.received_at_report) = (expected, self.received);
        let lost = u64::from(due.saturating_sub(came));
        let share = (lost << 8).checked_div(u64::from(due)).unwrap_or(0);
        FractionLost(u8::try_from(share).unwrap_or(u8::MAX))
    }
}

/// The interarrival jitter (RFC 3550 A.8), in ticks of the payload's clock.
///
/// A packet with the timestamp of the one before it is not measured: of the
/// packets of one telephone-event (RFC 4733) only the first was sent when its
/// timestamp says. Nor is one whose timestamp leaps, or comes with another clock.
#[derive(Clone, Debug)]
struct Jitter {
    clock: SampleRate,
    timestamp: RtpTimestamp,
    transit: u32,
    /// Sixteen times the jitter.
    scaled: u32,
}

impl Jitter {
    fn new(now: Moment, timestamp: RtpTimestamp, clock: SampleRate) -> Self {
        Self {
            clock,
            timestamp,
            transit: transit(now, timestamp, clock),
            scaled: 0,
        }
    }

    fn measure(&mut self, now: Moment, timestamp: RtpTimestamp, clock: SampleRate) {
        if clock != self.clock {
            let (old, new) = (u64::from(self.clock.hertz()), u64::from(clock.hertz()));
            let scaled = u32::try_from(u64::from(self.scaled) * new / old).unwrap_or(u32::MAX);
            *self = Self {
                scaled,
                ..Self::new(now, timestamp, clock)
            };
            return;
        }
        if timestamp == self.timestamp {
            return;
        }
        let transit = transit(now, timestamp, clock);
        let change = transit
            .wrapping_sub(self.transit)
            .cast_signed()
            .unsigned_abs();
        (self.timestamp, self.transit) = (timestamp, transit);
        if change as usize <= clock.samples_in(MAX_TRANSIT_CHANGE) {
            self.scaled = self.scaled + change - ((self.scaled + 8) >> 4);
        }
    }

    const fn ticks(&self) -> u32 {
        self.scaled >> 4
    }

    fn duration(&self) -> Duration {
        self.clock.duration_of(self.ticks() as usize)
    }
}

/// Arrival less timestamp, which means something only beside another one.
fn transit(now: Moment, timestamp: RtpTimestamp, clock: SampleRate) -> u32 {
    let ticks = u128::from(now.as_micros()) * u128::from(clock.hertz()) / 1_000_000;
    (ticks as u32).wrapping_sub(timestamp.0)
}

#[cfg(test)]
mod tests;
