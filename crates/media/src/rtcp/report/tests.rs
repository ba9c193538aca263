use audio::RtpTimestamp;
use proptest::prelude::*;

use super::super::ntp::{NtpTime, ShortNtpTime};
use super::super::packet::{FractionLost, Item, Packet, parse};
use super::*;

const SENDER: SenderInfo = SenderInfo {
    ntp: NtpTime(0x0102_0304_0506_0708),
    timestamp: RtpTimestamp(0x1112_1314),
    packets: 2,
    octets: 320,
};

fn cname() -> Cname {
    Cname::new(*b"Many hands m")
}

fn block(ssrc: u32, lost: i32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: FractionLost(7),
        lost,
        highest_sequence: 0x0001_0002,
        jitter: 3,
        last_report: ShortNtpTime(4),
        delay_since_last_report: ShortNtpTime(5),
    }
}

fn written(report: &Report<'_>) -> Vec<u8> {
    let mut out = [0xAA; 1_500];
    let len = report.write(&mut out).unwrap();
    assert!(out[len..].iter().all(|octet| *octet == 0xAA));
    out[..len].to_vec()
}

#[test]
fn the_last_report_of_a_sender_has_the_layout_of_rfc_3550() {
    let cname = cname();
    let report = Report {
        ssrc: 0xCAFE_BABE,
        sender: Some(SENDER),
        blocks: &[block(9, -2)],
        cname: &cname,
        goodbye: true,
    };
    let mut expected = vec![0x81, 200, 0, 12, 0xCA, 0xFE, 0xBA, 0xBE];
    expected.extend([1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14]);
    expected.extend([0, 0, 0, 2, 0, 0, 1, 0x40]);
    expected.extend([0, 0, 0, 9, 7, 0xFF, 0xFF, 0xFE, 0, 1, 0, 2]);
    expected.extend([0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5]);
    expected.extend([0x81, 202, 0, 6, 0xCA, 0xFE, 0xBA, 0xBE, 1, 16]);
    expected.extend(b"TWFueSBoYW5kcyBt");
    expected.extend([0, 0]);
    expected.extend([0x81, 203, 0, 1, 0xCA, 0xFE, 0xBA, 0xBE]);
    assert_eq!(written(&report), expected);
}

#[test]
fn who_neither_sends_nor_receives_reports_its_name() {
    let cname = cname();
    let report = Report {
        ssrc: 1,
        sender: None,
        blocks: &[],
        cname: &cname,
        goodbye: false,
    };
    let bytes = written(&report);
    assert_eq!(bytes[..8], [0x80, 201, 0, 1, 0, 0, 0, 1]);
    let Some(Packet::SourceDescription(mut items)) = parse(&bytes).unwrap().nth(1) else {
        panic!("{bytes:?}");
    };
    let named = Item {
        ssrc: 1,
        kind: CNAME,
        text: cname.as_bytes(),
    };
    assert_eq!((items.next(), items.next()), (Some(named), None));
}

#[test]
fn a_report_that_does_not_fit_is_not_written() {
    let cname = cname();
    let report = Report {
        ssrc: 1,
        sender: Some(SENDER),
        blocks: &[block(2, 0)],
        cname: &cname,
        goodbye: true,
    };
    let len = written(&report).len();
    for room in 0..len {
        assert_eq!(report.write(&mut vec![0; room]), None);
    }
    assert_eq!(report.write(&mut vec![0; len]), Some(len));
}

#[test]
fn the_thirty_second_block_is_left_out() {
    let blocks: Vec<_> = (0..40).map(|ssrc| block(ssrc, 0)).collect();
    let report = Report {
        ssrc: 1,
        sender: None,
        blocks: &blocks,
        cname: &cname(),
        goodbye: false,
    };
    let bytes = written(&report);
    let Some(Packet::ReceiverReport { blocks, .. }) = parse(&bytes).unwrap().next() else {
        panic!("{bytes:?}");
    };
    assert_eq!(blocks.last().map(|block| block.ssrc), Some(30));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        ssrc: u32,
        sender in any::<Option<(u64, u32, u32, u32)>>(),
        blocks in prop::collection::vec(
            (any::<[u32; 5]>(), any::<u8>(), -0x80_0000i32..=0x7F_FFFF),
            0..=31,
        ),
        name: [u8; 12],
        goodbye: bool,
    ) {
        let sender = sender.map(|(ntp, timestamp, packets, octets)| SenderInfo {
            ntp: NtpTime(ntp),
            timestamp: RtpTimestamp(timestamp),
            packets,
            octets,
        });
        let blocks: Vec<_> = blocks
            .into_iter()
            .map(|([ssrc, highest_sequence, jitter, report, delay], fraction, lost)| ReportBlock {
                ssrc,
                fraction_lost: FractionLost(fraction),
                lost,
                highest_sequence,
                jitter,
                last_report: ShortNtpTime(report),
                delay_since_last_report: ShortNtpTime(delay),
            })
            .collect();
        let cname = Cname::new(name);
        let report = Report { ssrc, sender, blocks: &blocks, cname: &cname, goodbye };
        let bytes = written(&report);
        let mut packets = parse(&bytes).unwrap();
        match (packets.next(), sender) {
            (Some(Packet::SenderReport { ssrc: by, sender, blocks: read }), Some(sent)) => {
                prop_assert_eq!((by, sender), (ssrc, sent));
                prop_assert_eq!(read.collect::<Vec<_>>(), blocks);
            }
            (Some(Packet::ReceiverReport { ssrc: by, blocks: read }), None) => {
                prop_assert_eq!(by, ssrc);
                prop_assert_eq!(read.collect::<Vec<_>>(), blocks);
            }
            other => panic!("{other:?}"),
        }
        let Some(Packet::SourceDescription(items)) = packets.next() else { panic!() };
        let text = &cname.as_bytes()[..];
        prop_assert_eq!(items.collect::<Vec<_>>(), [Item { ssrc, kind: CNAME, text }]);
        match packets.next() {
            Some(Packet::Goodbye(sources)) if goodbye => {
                prop_assert_eq!(sources.collect::<Vec<_>>(), [ssrc]);
            }
            other => prop_assert!(other.is_none() && !goodbye),
        }
    }
}
