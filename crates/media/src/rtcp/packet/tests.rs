use proptest::prelude::*;

use super::*;

/// A sender report with one block, a description of two sources, and a goodbye
/// with a reason.
const COMPOUND: [u8; 112] = [
    0x81, 200, 0, 12, // sender report, one block
    0xCA, 0xFE, 0xBA, 0xBE, // its sender
    0xB4, 0x4D, 0xB7, 0x05, 0x20, 0, 0, 0, // NTP time
    0, 1, 0x38, 0x80, // RTP timestamp 80 000
    0, 0, 1, 0xF4, // 500 packets
    0, 1, 0x38, 0x80, // 80 000 octets
    0, 0, 0, 9, // block about source 9
    0x40, 0xFF, 0xFF, 0xFE, // a quarter lost, minus two altogether
    0, 2, 0x12, 0x34, // second wrap
    0, 0, 0, 33, // jitter
    0xB7, 0x05, 0x20, 0, // last report
    0, 5, 0x40, 0, // 5.25 s ago
    0x82, 202, 0, 9, // description, two chunks
    0xCA, 0xFE, 0xBA, 0xBE, // first source
    1, 3, b'a', b'@', b'b', 2, 4, b'A', b'n', b'n', b'a', 0, // CNAME, NAME, end
    0, 0, 0, 9, // second source
    1, 5, b'c', b'@', b'd', b'.', b'e', // CNAME
    0, 0, 0, 0, 0, // end
    0, 0, 0, 0, // room that no chunk takes
    0x81, 203, 0, 4, // goodbye, one source
    0xCA, 0xFE, 0xBA, 0xBE, // who
    7, b't', b'h', b'e', b' ', b'e', b'n', b'd', // why
    0, 0, 0, 0,
];

fn packets(datagram: &[u8]) -> Vec<Packet<'_>> {
    parse(datagram).unwrap().collect()
}

fn kinds(datagram: &[u8]) -> Vec<u8> {
    let kind = |packet: &Packet<'_>| match packet {
        Packet::SenderReport { .. } => SENDER_REPORT,
        Packet::ReceiverReport { .. } => RECEIVER_REPORT,
        Packet::SourceDescription(_) => SOURCE_DESCRIPTION,
        Packet::Goodbye(_) => GOODBYE,
        Packet::Other { packet_type } => *packet_type,
    };
    packets(datagram).iter().map(kind).collect()
}

#[test]
fn a_sender_report_has_the_layout_of_rfc_3550() {
    let packets = packets(&COMPOUND);
    let Packet::SenderReport {
        ssrc,
        sender,
        blocks,
    } = packets[0].clone()
    else {
        panic!("{packets:?}");
    };
    let expected = SenderInfo {
        ntp: NtpTime(0xB44D_B705_2000_0000),
        timestamp: RtpTimestamp(80_000),
        packets: 500,
        octets: 80_000,
    };
    assert_eq!((ssrc, sender), (0xCAFE_BABE, expected));
    let expected = ReportBlock {
        ssrc: 9,
        fraction_lost: FractionLost(64),
        lost: -2,
        highest_sequence: 0x0002_1234,
        jitter: 33,
        last_report: ShortNtpTime(0xB705_2000),
        delay_since_last_report: ShortNtpTime(0x0005_4000),
    };
    assert_eq!(blocks.collect::<Vec<_>>(), [expected]);
    assert_eq!(expected.fraction_lost.percent(), 25.0);
}

#[test]
fn a_description_names_its_sources_and_a_goodbye_who_leaves() {
    let packets = packets(&COMPOUND);
    let [
        _,
        Packet::SourceDescription(items),
        Packet::Goodbye(sources),
    ] = &packets[..]
    else {
        panic!("{packets:?}");
    };
    let item = |ssrc, kind, text: &'static [u8]| Item { ssrc, kind, text };
    let expected = [
        item(0xCAFE_BABE, 1, b"a@b"),
        item(0xCAFE_BABE, 2, b"Anna"),
        item(9, 1, b"c@d.e"),
    ];
    assert_eq!(items.clone().collect::<Vec<_>>(), expected);
    assert_eq!(sources.clone().collect::<Vec<_>>(), [0xCAFE_BABE]);
}

#[test]
fn feedback_extended_reports_and_applications_packets_are_skipped() {
    let datagram = [
        0x80, 201, 0, 1, 0, 0, 0, 1, // receiver report without blocks
        0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, // transport feedback
        0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, // payload feedback
        0x80, 207, 0, 1, 0, 0, 0, 1, // extended report
        0x80, 204, 0, 2, 0, 0, 0, 1, b't', b'e', b's', b't', // an application's
    ];
    assert_eq!(kinds(&datagram), [201, 205, 206, 207, 204]);
}

#[test]
fn a_datagram_of_reduced_size_is_read() {
    assert_eq!(kinds(&[0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]), [205]);
    assert_eq!(kinds(&[0x81, 203, 0, 1, 0, 0, 0, 1]), [203]);
}

#[test]
fn padding_ends_the_last_packet_alone() {
    let padded = [0xA0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4];
    assert_eq!(kinds(&padded), [201]);
    let mut first = padded.to_vec();
    first.extend([0x80, 201, 0, 1, 0, 0, 0, 1]);
    assert_eq!(parse(&first).err(), Some(MalformedPacket::Padding));
    for octets in [0, 1, 3, 12, 255] {
        let mut wrong = padded;
        wrong[11] = octets;
        assert_eq!(parse(&wrong).err(), Some(MalformedPacket::Padding));
    }
    let mut eaten = padded;
    eaten[11] = 8;
    assert_eq!(
        parse(&eaten).err(),
        Some(MalformedPacket::Truncated { len: 12 })
    );
}

#[test]
fn a_profiles_extension_after_the_blocks_is_skipped() {
    let extended = [0x80, 201, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9];
    assert_eq!(kinds(&extended), [201]);
}

#[test]
fn a_chunk_may_end_with_the_packet_or_hold_nothing() {
    let items = |datagram: &[u8]| match &packets(datagram)[..] {
        [Packet::SourceDescription(items)] => items.clone().count(),
        other => panic!("{other:?}"),
    };
    assert_eq!(items(&[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, b'a', b'b']), 1);
    assert_eq!(items(&[0x81, 202, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]), 0);
    assert_eq!(items(&[0x80, 202, 0, 0]), 0);
}

#[test]
fn lengths_and_counts_that_reach_outside_are_refused() {
    let truncated = |len| Some(MalformedPacket::Truncated { len });
    for (datagram, len) in [
        (&[][..], 0),
        (&[0x80, 201, 0], 3),
        (&[0x80, 201, 0, 2, 0, 0, 0, 1], 8), // shorter than its length
        (&[0x80, 201, 0, 0], 4),             // no room for the reporter
        (&[0x81, 201, 0, 1, 0, 0, 0, 1], 8), // no room for the block
        (&[0x80, 200, 0, 1, 0, 0, 0, 1], 8), // no room for the sender's part
        (&[0x82, 203, 0, 1, 0, 0, 0, 1], 8), // no room for the second source
        (&[0x81, 202, 0, 0], 4),             // no room for the chunk
        (&[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 3, 0, 0], 12), // text longer than the packet
        (&[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, 0, 9], 12), // an item without its length
        (&[0x80, 201, 0, 1, 0, 0, 0, 1, 0x80], 1), // an octet too many
    ] {
        assert_eq!(parse(datagram).err(), truncated(len), "{datagram:?}");
    }
}

#[test]
fn another_version_or_type_is_refused() {
    for version in [0, 1, 3] {
        let datagram = [version << 6, 201, 0, 1, 0, 0, 0, 1];
        assert_eq!(
            parse(&datagram).err(),
            Some(MalformedPacket::Version { version })
        );
    }
    for packet_type in [0, 191, 224, 255] {
        let datagram = [0x80, packet_type, 0, 1, 0, 0, 0, 1];
        assert_eq!(
            parse(&datagram).err(),
            Some(MalformedPacket::PacketType { packet_type })
        );
    }
}

#[test]
fn rtp_and_rtcp_on_one_port_are_told_apart() {
    assert!(is_rtcp(&COMPOUND));
    for packet_type in [192, 200, 223] {
        assert!(is_rtcp(&[0x80, packet_type]));
    }
    for payload_type in (0..64).chain(96..128) {
        assert!(!is_rtcp(&[0x80, payload_type]));
        assert!(!is_rtcp(&[0x80, 0x80 | payload_type]));
    }
    for other in [&[][..], &[0x80], &[0x00, 200], &[0xC0, 200]] {
        assert!(!is_rtcp(other));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(packets) = parse(&bytes) {
            prop_assert!(packets.count() * HEADER <= bytes.len());
        }
    }

    #[test]
    fn any_packets_of_version_2_are_parsed_without_panic(
        packets in prop::collection::vec(
            (0x80u8..=0xBF, 198u8..=208, prop::collection::vec(any::<u8>(), 0..80)),
            1..5,
        ),
    ) {
        let mut bytes = Vec::new();
        for (first, packet_type, body) in &packets {
            let words = body.len() as u16 / 4;
            bytes.extend([*first, *packet_type]);
            bytes.extend(words.to_be_bytes());
            bytes.extend(&body[..usize::from(words) * 4]);
        }
        if let Ok(parsed) = parse(&bytes) {
            prop_assert_eq!(parsed.count(), packets.len());
        }
    }

    #[test]
    fn a_changed_octet_never_makes_the_parser_reach_outside(
        at in 0..COMPOUND.len(),
        octet: u8,
        end in 0..=COMPOUND.len(),
    ) {
        let mut bytes = COMPOUND;
        bytes[at] = octet;
        let Ok(packets) = parse(&bytes[..end]) else { return Ok(()) };
        for packet in packets {
            if let Packet::SourceDescription(items) = packet {
                prop_assert!(items.map(|item| item.text.len()).sum::<usize>() < end);
            }
        }
    }
}
