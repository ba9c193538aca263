//! SRTP and SRTCP on a leg: what is sealed, what is refused, what survives a change.

mod rig;

use std::time::Duration;

use audio::FRAME;
use media::{Codec, Connection, LegEvent, Port, Rtcp, Security, rtp};
use rig::pair::{Flight, Pair, here, there};
use srtp::{Keys, Profile, Protect, Unprotect};

const LOUD: [i16; 160] = [8_316; 160];

fn keys(profile: Profile, seed: u8) -> Keys {
    Keys::new(profile, &vec![seed; profile.key_and_salt_length()]).expect("the length fits")
}

/// Both directions, keyed by `seed` from here to there.
fn secured(profile: Profile, seed: u8) -> (Connection, Connection) {
    let (ours, theirs) = (keys(profile, seed), keys(profile, seed + 100));
    let here_to_there = Connection {
        security: Some(Security {
            send: ours.clone(),
            receive: theirs.clone(),
        }),
        ..Connection::new(there(), Codec::Pcmu, 0)
    };
    let there_to_here = Connection {
        security: Some(Security {
            send: theirs,
            receive: ours,
        }),
        ..Connection::new(here(), Codec::Pcmu, 0)
    };
    (here_to_there, there_to_here)
}

fn pair(profile: Profile) -> Pair {
    let (here_to_there, there_to_here) = secured(profile, 1);
    Pair::new(here_to_there, there_to_here)
}

/// Speaks here for `ticks` ticks; how many loud frames were heard there.
fn talk(pair: &mut Pair, ticks: usize) -> usize {
    let mut loud = 0;
    for _ in 0..ticks {
        pair.here.say(&LOUD);
        pair.run(FRAME);
        let heard = pair.there.heard();
        loud += heard
            .iter()
            .filter(|heard| heard.frame.samples() == LOUD)
            .count();
    }
    loud
}

fn audio_from_here(pair: &Pair) -> Vec<Flight> {
    let audio = |flight: &&Flight| flight.from == here() && flight.port == Port::Rtp;
    pair.wire.iter().filter(audio).cloned().collect()
}

#[test]
fn sealed_audio_is_heard_and_cannot_be_read_on_the_way() {
    for profile in Profile::ALL {
        let mut pair = pair(profile);
        assert!(talk(&mut pair, 50) > 40, "{profile:?}");
        for flight in audio_from_here(&pair) {
            assert_eq!(flight.bytes.len(), 172 + profile.rtp_overhead());
            let payload = &flight.bytes[12..172];
            assert!(payload.iter().any(|octet| *octet != payload[0]));
        }
        let statistics = pair.there.core.statistics();
        assert_eq!((statistics.forged, statistics.replayed), (0, 0));
    }
}

#[test]
fn what_is_forged_replayed_or_plain_is_counted_and_latches_nothing() {
    let mut pair = pair(Profile::AesCm128HmacSha1Tag80);
    let stranger = ([203, 0, 113, 66], 6_666).into();
    let mut plain_packet = {
        let mut plain = Pair::new(
            Connection::new(there(), Codec::Pcmu, 0),
            Connection::new(here(), Codec::Pcmu, 0),
        );
        talk(&mut plain, 1);
        audio_from_here(&plain)[0].bytes.clone()
    };
    // Before any real packet, when the latch is open to everybody.
    let mut forged = vec![0x80; 182];
    pair.there
        .core
        .handle_packet(pair.now, stranger, &mut forged);
    pair.there
        .core
        .handle_packet(pair.now, stranger, &mut plain_packet);
    pair.there
        .core
        .handle_packet(pair.now, stranger, &mut [0x80; 15]);
    assert_eq!(pair.there.events(), []);
    let statistics = pair.there.core.statistics();
    assert_eq!((statistics.forged, statistics.malformed), (2, 1));

    talk(&mut pair, 20);
    for flight in audio_from_here(&pair) {
        let mut again = flight.bytes;
        pair.there.core.handle_packet(pair.now, here(), &mut again);
    }
    let statistics = pair.there.core.statistics();
    assert!(statistics.replayed >= 18, "{statistics:?}");
    assert_eq!(statistics.duplicates, 0);
    let latched =
        |event: &LegEvent| matches!(event, LegEvent::FirstPacket { from, .. } if *from == here());
    assert!(pair.there.events().iter().all(latched));
    assert!(talk(&mut pair, 50) > 40);
}

#[test]
fn a_copied_packet_from_elsewhere_does_not_steal_a_quiet_line() {
    let mut pair = pair(Profile::AeadAes128Gcm);
    talk(&mut pair, 20);
    let copies = audio_from_here(&pair);
    pair.loses = |flight| flight.from.ip() == here().ip();
    pair.run(Duration::from_secs(4));
    let thief = ([203, 0, 113, 66], 6_666).into();
    for mut copy in copies {
        pair.there
            .core
            .handle_packet(pair.now, thief, &mut copy.bytes);
    }
    assert_eq!(pair.there.core.tick(pair.now).unwrap().destination, here());
}

#[test]
fn the_same_keys_go_on_where_they_were() {
    for profile in Profile::ALL {
        let mut pair = pair(profile);
        talk(&mut pair, 20);
        let (mut here_to_there, mut there_to_here) = secured(profile, 1);
        here_to_there.codec = Codec::Pcma;
        here_to_there.payload_type = 8;
        there_to_here.codec = Codec::Pcma;
        there_to_here.payload_type = 8;
        pair.connect(here_to_there, there_to_here);
        talk(&mut pair, 50);
        let sequences: Vec<_> = audio_from_here(&pair)
            .iter()
            .map(|flight| rtp::parse(&flight.bytes[..12]).unwrap().0)
            .map(|header| (header.ssrc, header.sequence.0))
            .collect();
        assert!(sequences.windows(2).all(|two| two[1].1 == two[0].1 + 1));
        assert!(sequences.windows(2).all(|two| two[1].0 == two[0].0));
        let statistics = pair.there.core.statistics();
        assert_eq!((statistics.forged, statistics.replayed), (0, 0));
        assert_eq!(statistics.packets_received, 70);
    }
}

#[test]
fn new_keys_begin_a_stream_of_their_own() {
    let mut pair = pair(Profile::AeadAes128Gcm);
    talk(&mut pair, 20);
    pair.run(FRAME);
    let before = audio_from_here(&pair).len();
    let (here_to_there, there_to_here) = secured(Profile::AeadAes128Gcm, 7);
    pair.connect(here_to_there, there_to_here);
    assert!(talk(&mut pair, 50) > 40);
    let audio = audio_from_here(&pair);
    let name = |flight: &Flight| rtp::parse(&flight.bytes[..12]).unwrap().0.ssrc;
    assert_ne!(name(&audio[before - 1]), name(&audio[before]));
}

#[test]
fn reports_and_the_goodbye_are_sealed_whichever_port_they_take() {
    for rtcp in [None, Some(Rtcp::Muxed)] {
        let (mut here_to_there, mut there_to_here) = secured(Profile::AesCm128HmacSha1Tag80, 1);
        here_to_there.rtcp = rtcp.unwrap_or(here_to_there.rtcp);
        there_to_here.rtcp = rtcp.unwrap_or(there_to_here.rtcp);
        let mut pair = Pair::new(here_to_there, there_to_here);
        talk(&mut pair, 700);
        pair.close_here();
        pair.run(FRAME);
        let there = pair.there.core.statistics();
        assert!(
            there.reports_received >= 2 && there.round_trips >= 1,
            "{there:?}"
        );
        assert_eq!((there.forged, there.malformed), (0, 0));
        let mut reports: Vec<_> = (pair.wire.iter())
            .filter(|flight| {
                flight.from.ip() == here().ip() && (200..=203).contains(&flight.bytes[1])
            })
            .map(|flight| flight.bytes.clone())
            .collect();
        let mut unprotect = Unprotect::new(&keys(Profile::AesCm128HmacSha1Tag80, 1));
        assert!(reports.len() >= 3);
        for report in &mut reports {
            assert!(media::rtcp::parse(report).is_err() || report[8..].iter().any(|o| *o != 0));
            unprotect.unprotect_rtcp(report).unwrap();
        }
    }
}

#[test]
fn a_report_that_is_not_sealed_is_refused() {
    let mut pair = pair(Profile::AesCm128HmacSha1Tag80);
    talk(&mut pair, 20);
    // An empty receiver report.
    let mut plain = vec![
        0x80, 201, 0, 1, 0, 0, 0xAA, 0xAA, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let mut control = here();
    control.set_port(here().port() + 1);
    pair.there.core.handle_report(pair.now, control, &mut plain);
    let statistics = pair.there.core.statistics();
    assert_eq!((statistics.forged, statistics.reports_received), (1, 0));
}

#[test]
fn a_long_call_wraps_its_sequence_under_one_key() {
    let profile = Profile::AeadAes128Gcm;
    let mut protect = Protect::new(&keys(profile, 1));
    let (_, there_to_here) = secured(profile, 1);
    let mut pair = Pair::unconnected(audio::SampleRate::HZ_8000);
    pair.there.connect(pair.now, there_to_here);
    for number in 30_000..200_000u32 {
        let header = rtp::Header {
            marker: false,
            payload_type: 0,
            sequence: audio::SequenceNumber(number as u16),
            timestamp: audio::RtpTimestamp(number.wrapping_mul(160)),
            ssrc: 9,
        };
        let mut packet = header.to_bytes().to_vec();
        packet.resize(12 + 160 + 16, 0xFF);
        let len = protect.protect_rtp(&mut packet, 172).unwrap();
        pair.there
            .core
            .handle_packet(pair.now, here(), &mut packet[..len]);
        pair.there.core.tick(pair.now);
        pair.now = pair.now + FRAME;
    }
    let statistics = pair.there.core.statistics();
    assert_eq!((statistics.forged, statistics.replayed), (0, 0));
    assert_eq!(statistics.packets_received, 170_000);
}

#[test]
fn no_key_is_ever_shown() {
    let (connection, _) = secured(Profile::AeadAes128Gcm, 77);
    let shown = format!("{connection:?}");
    assert!(
        !shown.contains("77, 77") && !shown.contains("4d4d"),
        "{shown}"
    );
}
