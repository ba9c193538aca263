//! The input is one datagram. A session that sends, hears a peer and has reported
//! receives it twice.

use std::time::Duration;

use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};
use media::rtcp::{Cname, MAX_REPORT, Packet, Session, Settings, WallClock, is_rtcp, parse};
use media::rtp::Header;

use crate::Verdict;

/// The source of the session's stream.
pub(crate) const OWN: u32 = 0x0000_0A0A;
/// The source of the stream that it hears.
pub(crate) const PEER: u32 = 0x0000_0B0B;
/// When the session made its first report, by the middle of its NTP time.
pub(crate) const REPORTED_AT: u32 = 0x7E80_0000;

const CLOCK: SampleRate = SampleRate::HZ_8000;

pub(crate) fn run(input: &[u8]) -> Verdict {
    let parsed = parse(input);
    if let Ok(packets) = &parsed {
        assert!(is_rtcp(input));
        packets.clone().for_each(|packet| walk(input, packet));
    }
    let mut session = talking();
    let mut out = [0; MAX_REPORT];
    for _ in 0..2 {
        let now = session.due() - Duration::from_millis(500);
        assert_eq!(session.handle(now, input).is_ok(), parsed.is_ok());
        let written = session.poll(session.due(), &mut out);
        assert!(
            written.is_some_and(|len| parse(&out[..len]).is_ok()),
            "the report"
        );
        let statistics = session.statistics();
        assert!(
            statistics
                .round_trip
                .is_none_or(|way| way <= Duration::from_secs(10))
        );
    }
    assert_eq!(
        session.statistics().malformed,
        2 * u64::from(parsed.is_err())
    );
    let last = session.close(session.due(), &mut out);
    assert!(
        last.is_some_and(|len| parse(&out[..len]).is_ok()),
        "the goodbye"
    );
    Verdict::of(parsed.is_ok())
}

/// Looks at all that a packet holds.
fn walk(input: &[u8], packet: Packet<'_>) {
    let within = |octets: usize| assert!(octets <= input.len());
    match packet {
        Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
            within(8 + 24 * blocks.count());
        }
        Packet::SourceDescription(items) => {
            within(4 + items.map(|item| 2 + item.text.len()).sum::<usize>());
        }
        Packet::Goodbye(sources) => within(4 + 4 * sources.count()),
        Packet::Other { packet_type } => assert!((192..=223).contains(&packet_type)),
    }
}

/// A session that has made its first report.
fn talking() -> Session {
    let settings = Settings {
        ssrc: OWN,
        cname: Cname::new([7; 12]),
        wall_clock: WallClock::new(Moment::ZERO, Duration::ZERO),
        seed: 1,
        interval: Settings::INTERVAL,
    };
    // The time of day at the report is one that seeds can name.
    let due = Session::new(Moment::ZERO, settings).due();
    let settings = Settings {
        wall_clock: WallClock::new(due, Duration::ZERO),
        ..settings
    };
    let mut session = Session::new(Moment::ZERO, settings);
    for number in 0..3u16 {
        let now = Moment::from_millis(u64::from(number) * 20);
        let header = |ssrc| Header {
            marker: false,
            payload_type: 0,
            sequence: SequenceNumber(number),
            timestamp: RtpTimestamp(u32::from(number) * 160),
            ssrc,
        };
        session.sent_rtp(now, &header(OWN), 160, CLOCK);
        session.received_rtp(now, &header(PEER), CLOCK);
    }
    let reported = session.poll(due, &mut [0; MAX_REPORT]);
    assert!(reported.is_some(), "the first report is due");
    session
}
