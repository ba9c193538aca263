use audio::{RtpTimestamp, SequenceNumber};
use netem::{Network, Profile, Share};
use proptest::prelude::*;

use super::super::ntp::NtpTime;
use super::super::packet::is_rtcp;
use super::*;
use crate::rtp;

const CLOCK: SampleRate = SampleRate::HZ_8000;
const OWN: u32 = 0xAAAA_0001;
const PEER: u32 = 0xBBBB_0002;

fn session(ssrc: u32) -> Session {
    let settings = Settings {
        ssrc,
        cname: Cname::new([1; 12]),
        wall_clock: WallClock::new(Moment::ZERO, Duration::from_secs(1_700_000_000)),
        seed: u64::from(ssrc),
        interval: Settings::INTERVAL,
    };
    Session::new(Moment::ZERO, settings)
}

fn header(ssrc: u32, number: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: SequenceNumber(number as u16),
        timestamp: RtpTimestamp(number.wrapping_mul(160)),
        ssrc,
    }
}

const fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn hear(session: &mut Session, ssrc: u32, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let now = at(u64::from(number) * 20);
        session.received_rtp(now, &header(ssrc, number), CLOCK);
    }
}

fn say(session: &mut Session, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let now = at(u64::from(number) * 20);
        session.sent_rtp(now, &header(OWN, number), 160, CLOCK);
    }
}

/// The report due next.
fn report(session: &mut Session) -> (Moment, Vec<u8>) {
    let mut out = [0; MAX_REPORT];
    let now = session.due();
    let len = session.poll(now, &mut out).unwrap();
    (now, out[..len].to_vec())
}

fn receiver_report(ssrc: u32, blocks: &[ReportBlock]) -> Vec<u8> {
    written(ssrc, None, blocks)
}

fn written(ssrc: u32, sender: Option<SenderInfo>, blocks: &[ReportBlock]) -> Vec<u8> {
    let report = Report {
        ssrc,
        sender,
        blocks,
        cname: &Cname::new([2; 12]),
        goodbye: false,
    };
    let mut out = [0; 200];
    let len = report.write(&mut out).unwrap();
    out[..len].to_vec()
}

fn block(last_report: ShortNtpTime, kept: ShortNtpTime) -> ReportBlock {
    ReportBlock {
        ssrc: OWN,
        fraction_lost: FractionLost(26),
        lost: 5,
        highest_sequence: 500,
        jitter: 40,
        last_report,
        delay_since_last_report: kept,
    }
}

fn goodbye(ssrc: u32) -> Vec<u8> {
    let mut bytes = vec![0x81, 203, 0, 1];
    bytes.extend(ssrc.to_be_bytes());
    bytes
}

#[test]
fn a_session_is_small() {
    assert_eq!(size_of::<Session>(), 480);
}

#[test]
fn nothing_is_reported_before_it_is_due_and_nothing_twice() {
    let mut session = session(OWN);
    let mut out = [0; MAX_REPORT];
    let due = session.due();
    assert_eq!(session.poll(due - Duration::from_micros(1), &mut out), None);
    assert!(session.poll(due, &mut out).is_some());
    assert_eq!(session.poll(due, &mut out), None);
    assert_eq!(session.statistics().reports_sent, 1);
}

#[test]
fn a_report_waits_for_a_buffer_that_holds_it() {
    let mut session = session(OWN);
    let due = session.due();
    assert_eq!(session.poll(due, &mut [0; MAX_REPORT - 1]), None);
    assert!(session.poll(due, &mut [0; MAX_REPORT]).is_some());
}

#[test]
fn the_longest_report_fills_the_buffer() {
    let mut session = session(OWN);
    say(&mut session, 0..2);
    hear(&mut session, PEER, 0..2);
    hear(&mut session, PEER + 1, 2..4);
    let mut out = [0; MAX_REPORT];
    assert_eq!(session.close(at(100), &mut out), Some(MAX_REPORT));
}

#[test]
fn who_listens_sends_receiver_reports_and_who_speaks_sender_reports() {
    let mut session = session(OWN);
    hear(&mut session, PEER, 0..10);
    let (_, bytes) = report(&mut session);
    let Some(Packet::ReceiverReport { ssrc, mut blocks }) = parse(&bytes).unwrap().next() else {
        panic!("{bytes:?}");
    };
    assert_eq!(ssrc, OWN);
    assert_eq!(blocks.next().map(|block| block.ssrc), Some(PEER));
    say(&mut session, 0..10);
    let (now, bytes) = report(&mut session);
    let Some(Packet::SenderReport { sender, blocks, .. }) = parse(&bytes).unwrap().next() else {
        panic!("{bytes:?}");
    };
    assert_eq!(blocks.count(), 0);
    assert_eq!((sender.packets, sender.octets), (10, 1_600));
    let ticks = now.since(at(180)).as_micros() as u32 / 125;
    assert_eq!(sender.timestamp, RtpTimestamp(1_440 + ticks));
}

#[test]
fn the_round_trip_of_rfc_3550_figure_2_is_found() {
    let mut session = session(OWN);
    say(&mut session, 0..1);
    let sent = session.due();
    // 1995-11-10 11:33:25.125 UTC when the report is made.
    session.settings.wall_clock = WallClock::new(sent, Duration::from_millis(816_003_205_125));
    let (_, bytes) = report(&mut session);
    let Some(Packet::SenderReport { sender, .. }) = parse(&bytes).unwrap().next() else {
        panic!("{bytes:?}");
    };
    assert_eq!(sender.ntp, NtpTime(0xB44D_B705_2000_0000));
    let block = block(ShortNtpTime(0xB705_2000), ShortNtpTime(0x0005_4000));
    let came = sent + Duration::from_millis(11_375);
    let handled = session.handle(came, &receiver_report(PEER, &[block]));
    assert_eq!(
        handled,
        Ok(Handled {
            reported: true,
            round_trip: Some(Duration::from_millis(6_125)),
            goodbye: false
        })
    );
    let statistics = session.statistics();
    assert_eq!(statistics.round_trip, Some(Duration::from_millis(6_125)));
    assert_eq!(
        statistics.remote,
        Some(RemoteReception {
            fraction_lost: FractionLost(26),
            lost: 5,
            highest_sequence: 500,
            jitter: Duration::from_millis(5),
            came,
        })
    );
}

/// A session that made its first sender report, and when, by both clocks.
fn reported() -> (Session, Moment, ShortNtpTime) {
    let mut session = session(OWN);
    say(&mut session, 0..1);
    let (sent, _) = report(&mut session);
    let ntp = session.settings.wall_clock.at(sent).short();
    (session, sent, ntp)
}

fn round_trip(after: u64, last_report: u32, kept: Duration) -> (Option<Duration>, u64) {
    let (mut session, sent, ntp) = reported();
    let last_report = ShortNtpTime(ntp.0.wrapping_add(last_report));
    let block = block(last_report, ShortNtpTime::from_duration(kept));
    let came = sent + Duration::from_millis(after);
    session
        .handle(came, &receiver_report(PEER, &[block]))
        .unwrap();
    let statistics = session.statistics();
    (statistics.round_trip, statistics.implausible)
}

#[test]
fn a_round_trip_that_cannot_be_is_not_believed() {
    let kept = Duration::from_millis(4_000);
    // Of a report that was never made.
    assert_eq!(round_trip(4_050, 1, kept), (None, 1));
    // Kept for longer than it has been away.
    assert_eq!(round_trip(3_900, 0, kept), (None, 1));
    // Ten seconds on the way.
    assert_eq!(round_trip(14_100, 0, kept), (None, 1));
    // The peer's clock runs fast by 0.05 %.
    assert_eq!(round_trip(3_998, 0, kept), (Some(Duration::ZERO), 0));
    let (way, implausible) = round_trip(4_050, 0, kept);
    assert_eq!((way.unwrap().as_millis(), implausible), (50, 0));
}

#[test]
fn who_has_heard_no_report_of_ours_tells_no_round_trip() {
    let (mut session, sent, _) = reported();
    let block = block(ShortNtpTime(0), ShortNtpTime(0));
    session
        .handle(sent, &receiver_report(PEER, &[block]))
        .unwrap();
    let statistics = session.statistics();
    assert!(statistics.remote.is_some());
    assert_eq!((statistics.round_trip, statistics.implausible), (None, 0));
}

#[test]
fn what_is_said_of_a_stream_never_sent_is_not_believed() {
    let mut session = session(OWN);
    let block = block(ShortNtpTime(7), ShortNtpTime(0));
    let handled = session.handle(at(10), &receiver_report(PEER, &[block]));
    assert_eq!(handled, Ok(Handled::default()));
    let statistics = session.statistics();
    assert_eq!((statistics.remote, statistics.implausible), (None, 1));
}

#[test]
fn reports_on_others_are_passed_over() {
    let (mut session, sent, ntp) = reported();
    let other = ReportBlock {
        ssrc: OWN + 1,
        ..block(ntp, ShortNtpTime(0))
    };
    let handled = session.handle(sent, &receiver_report(PEER, &[other]));
    assert_eq!(handled, Ok(Handled::default()));
    assert_eq!(session.statistics().remote, None);
    assert_eq!(session.statistics().reports_received, 1);
}

#[test]
fn while_a_stream_comes_nobody_else_reports() {
    let (mut session, _, ntp) = reported();
    hear(&mut session, PEER, 0..100);
    let forged = receiver_report(0xDEAD, &[block(ntp, ShortNtpTime(0))]);
    assert_eq!(session.handle(at(2_000), &forged), Ok(Handled::default()));
    assert_eq!(
        session.handle(at(2_000), &goodbye(0xDEAD)),
        Ok(Handled::default())
    );
    let statistics = session.statistics();
    assert_eq!((statistics.remote, statistics.reports_received), (None, 0));
    // One of them is the stream's first packet.
    assert_eq!(statistics.strays, 3);
}

#[test]
fn a_listening_peer_is_believed_until_it_was_silent_for_five_intervals() {
    let (mut session, _, _) = reported();
    let report = |ssrc| receiver_report(ssrc, &[block(ShortNtpTime(0), ShortNtpTime(0))]);
    let mut reported = |millis, ssrc| session.handle(at(millis), &report(ssrc)).unwrap().reported;
    assert!(reported(3_000, 1));
    assert!(!reported(4_000, 2));
    assert!(reported(8_000, 1));
    assert!(!reported(33_000, 2));
    assert!(reported(33_001, 2));
    assert!(!reported(33_002, 1));
}

#[test]
fn the_own_ssrc_from_outside_is_counted_and_ignored() {
    let (mut session, sent, ntp) = reported();
    let echo = written(OWN, None, &[block(ntp, ShortNtpTime(0))]);
    assert_eq!(session.handle(sent, &echo), Ok(Handled::default()));
    assert_eq!(session.handle(sent, &goodbye(OWN)), Ok(Handled::default()));
    hear(&mut session, OWN, 0..10);
    let statistics = session.statistics();
    assert_eq!((statistics.collisions, statistics.received), (12, None));
    assert_eq!(statistics.remote, None);
}

#[test]
fn a_malformed_datagram_changes_nothing() {
    let (mut session, sent, ntp) = reported();
    let mut bytes = receiver_report(PEER, &[block(ntp, ShortNtpTime(0))]);
    bytes.push(0);
    let error = MalformedPacket::Truncated { len: 1 };
    assert_eq!(session.handle(sent, &bytes), Err(error));
    let statistics = session.statistics();
    assert_eq!((statistics.malformed, statistics.remote), (1, None));
}

#[test]
fn a_goodbye_forgets_the_source() {
    let mut session = session(OWN);
    hear(&mut session, PEER, 0..10);
    let handled = session.handle(at(300), &goodbye(PEER)).unwrap();
    assert!(handled.goodbye);
    assert_eq!(session.statistics().received, None);
    let (_, bytes) = report(&mut session);
    assert_eq!(bytes[..4], [0x80, 201, 0, 1]);
}

#[test]
fn the_last_report_says_goodbye_and_nothing_follows_it() {
    let mut session = session(OWN);
    say(&mut session, 0..1);
    let mut out = [0; MAX_REPORT];
    let len = session.close(at(100), &mut out).unwrap();
    let last = parse(&out[..len]).unwrap().last();
    assert!(matches!(last, Some(Packet::Goodbye(who)) if who.clone().eq([OWN])));
    assert_eq!(session.close(at(100), &mut out), None);
    assert_eq!(session.poll(at(60_000), &mut out), None);
}

#[test]
fn who_never_sent_anything_leaves_without_a_word() {
    let mut out = [0; MAX_REPORT];
    assert_eq!(session(OWN).close(at(100), &mut out), None);
    let mut listener = session(OWN);
    report(&mut listener);
    assert!(listener.close(at(9_000), &mut out).is_some());
}

/// A datagram on the way from one of two sessions to the other.
type Datagram = Vec<u8>;

struct Pair {
    sessions: [Session; 2],
    /// Towards the first and towards the second.
    networks: [Network<Datagram>; 2],
}

impl Pair {
    fn new(towards_first: Profile, towards_second: Profile) -> Self {
        Self {
            sessions: [session(OWN), session(PEER)],
            networks: [
                Network::new(towards_first, 1),
                Network::new(towards_second, 2),
            ],
        }
    }

    /// A minute of packets both ways, in steps of a millisecond.
    fn talk(&mut self) {
        for millis in 0..60_000 {
            let now = at(millis);
            for side in 0..2 {
                self.step(now, side);
            }
        }
    }

    fn step(&mut self, now: Moment, side: usize) {
        let session = &mut self.sessions[side];
        let [to_first, to_second] = &mut self.networks;
        let (inbound, outbound) = if side == 0 {
            (to_first, to_second)
        } else {
            (to_second, to_first)
        };
        while let Some((_, datagram)) = inbound.poll(now) {
            if is_rtcp(&datagram) {
                session.handle(now, &datagram).unwrap();
            } else {
                let (header, _) = rtp::parse(&datagram).unwrap();
                session.received_rtp(now, &header, CLOCK);
            }
        }
        if now.as_millis().is_multiple_of(20) {
            let header = header(session.settings.ssrc, now.as_millis() as u32 / 20);
            session.sent_rtp(now, &header, 160, CLOCK);
            let mut datagram = header.to_bytes().to_vec();
            datagram.extend([0; 160]);
            outbound.send(now, datagram);
        }
        let mut out = [0; MAX_REPORT];
        if let Some(len) = session.poll(now, &mut out) {
            outbound.send(now, out[..len].to_vec());
        }
    }
}

#[test]
fn two_sessions_learn_each_others_loss_and_the_way_between_them() {
    let delayed = |millis| Profile {
        delay: Duration::from_millis(millis),
        ..Profile::default()
    };
    let lossy = Profile {
        loss: netem::Loss::Uniform(Share::percent(10.0).unwrap()),
        ..delayed(40)
    };
    let mut pair = Pair::new(lossy, delayed(80));
    pair.talk();
    let [first, second] = pair.sessions.map(|session| session.statistics());
    for (own, other) in [(first, second), (second, first)] {
        let (received, remote) = (own.received.unwrap(), other.remote.unwrap());
        assert!((9..=15).contains(&own.reports_sent), "{own:?}");
        assert!(
            (118..=122).contains(&own.round_trip.unwrap().as_millis()),
            "{own:?}"
        );
        assert!(remote.lost <= received.lost && received.lost <= remote.lost + 60);
        assert_eq!((own.malformed, own.collisions, own.implausible), (0, 0, 0));
        assert_eq!(own.packets_sent, 3_000);
    }
    let lost = first.received.unwrap().lost;
    assert!((240..360).contains(&lost), "{lost}");
    assert_eq!(second.received.unwrap().lost, 0);
    assert_eq!(second.received.unwrap().packets, 2_996);
    let share = first.received.unwrap().fraction_lost.percent();
    assert!((4.0..16.0).contains(&share), "{share}");
}

#[test]
fn one_seed_gives_one_conversation() {
    let talk = || {
        let mut pair = Pair::new(
            netem::Preset::Mobile.profile(),
            netem::Preset::Lossy.profile(),
        );
        pair.talk();
        pair.sessions.map(|session| session.statistics())
    };
    assert_eq!(talk(), talk());
}

proptest! {
    #[test]
    fn nothing_that_comes_breaks_a_session(
        steps in prop::collection::vec(
            (
                0u64..3_000,
                prop_oneof![Just(OWN), Just(PEER), any::<u32>()],
                any::<u16>(),
                any::<u32>(),
                any::<[u32; 3]>(),
                prop::collection::vec(any::<u8>(), 0..60),
                0u8..6,
            ),
            1..200,
        ),
    ) {
        let mut session = session(OWN);
        let (mut now, mut out) = (Moment::ZERO, [0; MAX_REPORT]);
        for (wait, ssrc, sequence, timestamp, words, bytes, kind) in steps {
            now = now + Duration::from_millis(wait);
            let header = Header {
                sequence: SequenceNumber(sequence),
                timestamp: RtpTimestamp(timestamp),
                ..header(ssrc, 0)
            };
            let [a, b, c] = words;
            let sender = SenderInfo {
                ntp: NtpTime(u64::from(a) << 32 | u64::from(b)),
                timestamp: RtpTimestamp(c),
                packets: a,
                octets: b,
            };
            let block = ReportBlock { jitter: c, lost: -1, ..block(ShortNtpTime(a), ShortNtpTime(b)) };
            match kind {
                0 => session.received_rtp(now, &header, CLOCK),
                1 => session.sent_rtp(now, &header, bytes.len(), CLOCK),
                2 => prop_assert!(session.handle(now, &written(ssrc, Some(sender), &[block])).is_ok()),
                3 => prop_assert!(session.handle(now, &receiver_report(ssrc, &[block])).is_ok()),
                4 => prop_assert!(session.handle(now, &goodbye(ssrc)).is_ok()),
                _ => drop(session.handle(now, &bytes)),
            }
            if let Some(len) = session.poll(now, &mut out) {
                prop_assert!(parse(&out[..len]).is_ok());
                prop_assert!(session.due() >= now + Settings::INTERVAL / 2);
            }
            prop_assert!(session.statistics().round_trip.is_none_or(|way| way <= MAX_ROUND_TRIP));
        }
    }
}
