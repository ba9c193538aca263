//! What this side sends.

use audio::{Moment, RtpTimestamp, SampleRate};

use super::ntp::{ShortNtpTime, WallClock};
use super::packet::SenderInfo;
use crate::rtp::Header;

/// Sender reports that a peer's report may refer to: those of some twenty seconds.
const REMEMBERED: usize = 4;

/// The books of this side's own stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Sending {
    packets: u64,
    octets: u64,
    last: Option<Last>,
    /// For how many more reports this side counts as a sender.
    reports_as_sender: u8,
    /// When the last sender reports were made; zero where there was none.
    reports: [ShortNtpTime; REMEMBERED],
}

/// The packet that timestamps are counted from.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Moment,
    timestamp: RtpTimestamp,
    clock: SampleRate,
}

impl Sending {
    /// Notes a packet sent at `now` with `octets` of payload.
    pub(super) fn sent(&mut self, now: Moment, header: &Header, octets: usize, clock: SampleRate) {
        self.packets += 1;
        self.octets += octets as u64;
        // It counts as a sender in this interval and the next (RFC 3550 §6.4).
        self.reports_as_sender = 2;
        let timestamp = header.timestamp;
        // The packets of one telephone-event share the timestamp of the first.
        if self.last.is_none_or(|last| last.timestamp != timestamp) {
            self.last = Some(Last {
                at: now,
                timestamp,
                clock,
            });
        }
    }

    pub(super) const fn packets(&self) -> u64 {
        self.packets
    }

    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }

    /// The clock of the stream, if there is one.
    pub(super) fn clock(&self) -> Option<SampleRate> {
        self.last.map(|last| last.clock)
    }

    /// What a report made at `now` says of the stream; `None` if nothing was sent
    /// in the last two intervals.
    pub(super) fn report(&mut self, now: Moment, wall_clock: WallClock) -> Option<SenderInfo> {
        self.reports_as_sender = self.reports_as_sender.checked_sub(1)?;
        let Last {
            at,
            timestamp,
            clock,
        } = self.last?;
        let ntp = wall_clock.at(now);
        self.reports.rotate_right(1);
        self.reports[0] = ntp.short();
        Some(SenderInfo {
            ntp,
            timestamp: timestamp.advanced(clock.samples_in(now.since(at)) as u32),
            packets: self.packets as u32,
            octets: self.octets as u32,
        })
    }

    /// Whether a sender report of this side was made at that time.
    pub(super) fn reported_at(&self, ntp: ShortNtpTime) -> bool {
        ntp != ShortNtpTime(0) && self.reports.contains(&ntp)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use audio::SequenceNumber;

    use super::*;

    const WALL_CLOCK: WallClock = WallClock::new(Moment::ZERO, Duration::from_secs(1_700_000_000));

    fn sent(sending: &mut Sending, millis: u64, timestamp: u32) {
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: SequenceNumber(1),
            timestamp: RtpTimestamp(timestamp),
            ssrc: 1,
        };
        let now = Moment::from_millis(millis);
        sending.sent(now, &header, 160, SampleRate::HZ_8000);
    }

    fn report(sending: &mut Sending, millis: u64) -> Option<SenderInfo> {
        sending.report(Moment::from_millis(millis), WALL_CLOCK)
    }

    #[test]
    fn both_times_of_a_report_are_of_the_same_instant() {
        let mut sending = Sending::default();
        sent(&mut sending, 1_000, u32::MAX - 79);
        let info = report(&mut sending, 1_015).unwrap();
        assert_eq!(info.ntp, WALL_CLOCK.at(Moment::from_millis(1_015)));
        assert_eq!(info.timestamp, RtpTimestamp(40));
        assert_eq!((info.packets, info.octets), (1, 160));
    }

    #[test]
    fn the_timestamp_goes_on_while_an_event_repeats_its_own() {
        let mut sending = Sending::default();
        for millis in [0, 20, 40, 60] {
            sent(&mut sending, millis, 8_000);
        }
        let info = report(&mut sending, 80).unwrap();
        assert_eq!(info.timestamp, RtpTimestamp(8_640));
        assert_eq!(info.packets, 4);
    }

    #[test]
    fn who_stops_sending_counts_as_a_sender_for_one_more_report() {
        let mut sending = Sending::default();
        assert_eq!(report(&mut sending, 0), None);
        sent(&mut sending, 10, 0);
        assert!(report(&mut sending, 20).is_some());
        assert!(report(&mut sending, 30).is_some());
        assert_eq!(report(&mut sending, 40), None);
    }

    #[test]
    fn only_the_last_four_reports_are_remembered() {
        let mut sending = Sending::default();
        let made = |millis| WALL_CLOCK.at(Moment::from_millis(millis)).short();
        for millis in [1_000, 2_000, 3_000, 4_000, 5_000] {
            sent(&mut sending, millis, millis as u32);
            report(&mut sending, millis);
        }
        assert!(!sending.reported_at(made(1_000)));
        assert!(sending.reported_at(made(2_000)) && sending.reported_at(made(5_000)));
        assert!(!sending.reported_at(made(5_001)));
        assert!(!Sending::default().reported_at(ShortNtpTime(0)));
    }
}
