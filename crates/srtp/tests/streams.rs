//! Both directions of a stream together: round trips, reordering, replay, tampering, foreign bytes.

use proptest::prelude::*;
use srtp::{
    Keys, MAX_RETIRED_SOURCES, MAX_SOURCES, Profile, Protect, ProtectError, Unprotect,
    UnprotectError,
};

const SSRC: u32 = 0xCAFE_BABE;

fn pair(profile: Profile) -> (Protect, Unprotect) {
    let bytes: Vec<u8> = (0x30..).take(profile.key_and_salt_length()).collect();
    let keys = Keys::new(profile, &bytes).expect("as many bytes as the profile takes");
    (Protect::new(&keys), Unprotect::new(&keys))
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160).map(|n| n as u8 ^ sequence as u8));
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(0..20);
    packet
}

fn sealed_rtp(protect: &mut Protect, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + Profile::MAX_RTP_OVERHEAD, 0);
    let length = protect
        .protect_rtp(&mut buffer, packet.len())
        .expect("a fresh packet with room");
    assert_eq!(length, packet.len() + protect.profile().rtp_overhead());
    buffer.truncate(length);
    buffer
}

fn sealed_rtcp(protect: &mut Protect, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + Profile::MAX_RTCP_OVERHEAD, 0);
    let length = protect
        .protect_rtcp(&mut buffer, packet.len())
        .expect("a packet with room");
    assert_eq!(length, packet.len() + protect.profile().rtcp_overhead());
    buffer.truncate(length);
    buffer
}

fn opened_rtp(unprotect: &mut Unprotect, sealed: &[u8]) -> Result<Vec<u8>, UnprotectError> {
    let mut packet = sealed.to_vec();
    let opened = unprotect.unprotect_rtp(&mut packet);
    if opened.is_err() {
        assert_eq!(packet, sealed, "a refused packet is left as it was");
    }
    packet.truncate(opened?);
    Ok(packet)
}

fn opened_rtcp(unprotect: &mut Unprotect, sealed: &[u8]) -> Result<Vec<u8>, UnprotectError> {
    let mut packet = sealed.to_vec();
    let opened = unprotect.unprotect_rtcp(&mut packet);
    if opened.is_err() {
        assert_eq!(packet, sealed, "a refused packet is left as it was");
    }
    packet.truncate(opened?);
    Ok(packet)
}

/// What libsrtp makes of its test packets, from the master keys on: this ties key derivation,
/// cipher and layout together, also where the standards print no vector.
#[test]
fn packets_are_those_of_an_independent_implementation() {
    let cases = [
        (
            Profile::AesCm128HmacSha1Tag80,
            "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
            "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
            "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
        ),
        (
            Profile::AeadAes128Gcm,
            "000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7a8a9aaab",
            "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826\
             f796b201df3131a127e8a392",
            "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446\
             ea31123ba88ce61e80000001",
        ),
    ];
    for (profile, keys, expected_rtp, expected_rtcp) in cases {
        let keys = Keys::new(profile, &hex::decode(keys).unwrap()).unwrap();
        let mut protect = Protect::new(&keys);
        let rtp = hex::decode(format!("800f1234decafbadcafebabe{}", "ab".repeat(16))).unwrap();
        let sealed = sealed_rtp(&mut protect, &rtp);
        assert_eq!(hex::encode(&sealed), expected_rtp);

        // libsrtp counts its RTCP packets from one.
        let rtcp = hex::decode(format!("81c8000bcafebabe{}", "ab".repeat(16))).unwrap();
        sealed_rtcp(&mut protect, &rtcp);
        let sealed = sealed_rtcp(&mut protect, &rtcp);
        assert_eq!(hex::encode(&sealed), expected_rtcp);

        let mut unprotect = Unprotect::new(&keys);
        let from_wire = hex::decode(expected_rtp).unwrap();
        assert_eq!(opened_rtp(&mut unprotect, &from_wire), Ok(rtp));
        let from_wire = hex::decode(expected_rtcp).unwrap();
        assert_eq!(opened_rtcp(&mut unprotect, &from_wire), Ok(rtcp));
    }
}

#[test]
fn a_stream_passes_over_several_sequence_wraps() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        for number in 30_000..200_000_u32 {
            // Every packet is sealed, one in a hundred arrives, and all around the wraps.
            let plain = rtp(SSRC, number as u16);
            let sealed = sealed_rtp(&mut protect, &plain[..20]);
            if number % 100 == 0 || (number + 50) as u16 <= 100 {
                assert_eq!(opened_rtp(&mut unprotect, &sealed).unwrap(), plain[..20]);
            }
        }
    }
}

#[test]
fn packets_reordered_around_the_wrap_are_opened() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        let plain: Vec<Vec<u8>> = (0..100)
            .map(|n| rtp(SSRC, 65_486_u16.wrapping_add(n)))
            .collect();
        let sealed: Vec<Vec<u8>> = plain.iter().map(|p| sealed_rtp(&mut protect, p)).collect();
        for n in (0..100).map(|n| n * 37 % 100) {
            // The first of all settles the rollover counter, so it stays the first.
            assert_eq!(
                opened_rtp(&mut unprotect, &sealed[n]).as_ref(),
                Ok(&plain[n])
            );
        }
    }
}

#[test]
fn a_replayed_packet_is_refused() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        let sealed: Vec<Vec<u8>> = (0..200)
            .map(|n| sealed_rtp(&mut protect, &rtp(SSRC, n)))
            .collect();
        for packet in &sealed {
            assert!(opened_rtp(&mut unprotect, packet).is_ok());
        }
        for packet in &sealed {
            let again = opened_rtp(&mut unprotect, packet);
            assert_eq!(again, Err(UnprotectError::Replayed));
        }
        let report = sealed_rtcp(&mut protect, &rtcp(SSRC));
        assert_eq!(opened_rtcp(&mut unprotect, &report), Ok(rtcp(SSRC)));
        let again = opened_rtcp(&mut unprotect, &report);
        assert_eq!(again, Err(UnprotectError::Replayed));
    }
}

#[test]
fn a_change_of_any_bit_is_refused_and_the_true_packet_still_passes() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        let first = sealed_rtp(&mut protect, &rtp(SSRC, 0xFFFE));
        assert!(opened_rtp(&mut unprotect, &first).is_ok());

        let sealed = sealed_rtp(&mut protect, &rtp(SSRC, 0xFFFF));
        let report = sealed_rtcp(&mut protect, &rtcp(SSRC));
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(opened_rtp(&mut unprotect, &forged).is_err(), "bit {bit}");
        }
        for bit in 0..report.len() * 8 {
            let mut forged = report.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(opened_rtcp(&mut unprotect, &forged).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(opened_rtp(&mut unprotect, &sealed[..length]).is_err());
        }
        for length in 0..report.len() {
            assert!(opened_rtcp(&mut unprotect, &report[..length]).is_err());
        }

        assert_eq!(opened_rtp(&mut unprotect, &sealed), Ok(rtp(SSRC, 0xFFFF)));
        assert_eq!(opened_rtcp(&mut unprotect, &report), Ok(rtcp(SSRC)));
    }
}

#[test]
fn forged_packets_move_neither_rollover_nor_window_nor_sources() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        let early = sealed_rtp(&mut protect, &rtp(SSRC, 100));
        let later = sealed_rtp(&mut protect, &rtp(SSRC, 101));
        assert!(opened_rtp(&mut unprotect, &early).is_ok());
        for number in 0..=u16::MAX {
            let forged = [rtp(SSRC, number), vec![0; 16]].concat();
            assert!(opened_rtp(&mut unprotect, &forged).is_err());
            let stranger = [rtp(u32::from(number), number), vec![0; 16]].concat();
            assert_eq!(
                opened_rtp(&mut unprotect, &stranger),
                Err(UnprotectError::Authentication)
            );
        }
        assert_eq!(opened_rtp(&mut unprotect, &later), Ok(rtp(SSRC, 101)));
    }
}

#[test]
fn a_packet_of_other_keys_is_refused() {
    for profile in Profile::ALL {
        let (mut protect, _) = pair(profile);
        let other = Keys::new(profile, &vec![1; profile.key_and_salt_length()]).unwrap();
        let mut unprotect = Unprotect::new(&other);
        assert_eq!(
            opened_rtp(&mut unprotect, &sealed_rtp(&mut protect, &rtp(SSRC, 1))),
            Err(UnprotectError::Authentication)
        );
        assert_eq!(
            opened_rtcp(&mut unprotect, &sealed_rtcp(&mut protect, &rtcp(SSRC))),
            Err(UnprotectError::Authentication)
        );
    }
}

#[test]
fn a_number_is_sealed_once() {
    for profile in Profile::ALL {
        let (mut protect, _) = pair(profile);
        sealed_rtp(&mut protect, &rtp(SSRC, 1));
        let mut again = [rtp(SSRC, 1), vec![0; 16]].concat();
        let length = again.len() - 16;
        assert_eq!(
            protect.protect_rtp(&mut again, length),
            Err(ProtectError::SequenceUsed)
        );
        assert_eq!(again[..length], rtp(SSRC, 1));
    }
}

#[test]
fn a_buffer_without_room_is_refused_and_costs_no_number() {
    for profile in Profile::ALL {
        let (mut protect, mut unprotect) = pair(profile);
        let plain = rtp(SSRC, 1);
        let mut tight = [plain.clone(), vec![0; profile.rtp_overhead() - 1]].concat();
        let before = tight.clone();
        let refused = protect.protect_rtp(&mut tight, plain.len());
        assert_eq!(refused, Err(ProtectError::NoRoom));
        assert_eq!(tight, before);

        let report = rtcp(SSRC);
        let mut tight = [report.clone(), vec![0; profile.rtcp_overhead() - 1]].concat();
        let before = tight.clone();
        let refused = protect.protect_rtcp(&mut tight, report.len());
        assert_eq!(refused, Err(ProtectError::NoRoom));
        assert_eq!(tight, before);

        let sealed = sealed_rtp(&mut protect, &plain);
        assert_eq!(opened_rtp(&mut unprotect, &sealed), Ok(plain));
    }
}

#[test]
fn a_far_end_that_changes_its_ssrc_again_and_again_is_heard_and_cannot_be_replayed() {
    let (mut protect, mut unprotect) = pair(Profile::AeadAes128Gcm);
    let mut sealed = Vec::new();
    for ssrc in 0..3 * MAX_SOURCES as u32 {
        sealed.push(sealed_rtp(&mut protect, &rtp(ssrc, 1)));
        let opened = opened_rtp(&mut unprotect, &sealed[ssrc as usize]);
        assert_eq!(opened, Ok(rtp(ssrc, 1)));
    }
    for old in sealed {
        let replayed = opened_rtp(&mut unprotect, &old);
        assert_eq!(replayed, Err(UnprotectError::Replayed));
    }
}

#[test]
fn one_ssrc_too_many_is_refused_and_the_known_ones_go_on() {
    let (mut protect, mut unprotect) = pair(Profile::AeadAes128Gcm);
    let most = (MAX_SOURCES + MAX_RETIRED_SOURCES) as u32;
    for ssrc in 0..most {
        let sealed = sealed_rtp(&mut protect, &rtp(ssrc, 1));
        assert!(opened_rtp(&mut unprotect, &sealed).is_ok());
    }
    let (mut fresh, _) = pair(Profile::AeadAes128Gcm);
    let one_more = sealed_rtp(&mut fresh, &rtp(most, 1));
    assert_eq!(
        opened_rtp(&mut unprotect, &one_more),
        Err(UnprotectError::TooManySources)
    );
    let known = rtp(most - 1, 2);
    let sealed = sealed_rtp(&mut protect, &known);
    assert_eq!(opened_rtp(&mut unprotect, &sealed), Ok(known));
}

#[test]
fn the_state_of_a_stream_shows_no_key() {
    let (protect, unprotect) = pair(Profile::AeadAes128Gcm);
    assert_eq!(
        format!("{protect:?} {unprotect:?}"),
        "Protect { profile: AeadAes128Gcm, .. } Unprotect { profile: AeadAes128Gcm, .. }"
    );
}

fn any_profile() -> impl Strategy<Value = Profile> {
    prop::sample::select(Profile::ALL.to_vec())
}

/// Any bytes, half of them with the version of RTP so that they get past the first check.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    (bytes, any::<bool>()).prop_map(|(mut bytes, as_rtp)| {
        if let Some(first) = bytes.first_mut().filter(|_| as_rtp) {
            *first = *first & 0x3F | 0x80;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_from_outside_are_opened_or_make_it_panic(
        profile in any_profile(),
        packet in any_packet(),
    ) {
        let (_, mut unprotect) = pair(profile);
        // A tag of 32 bits may fit by chance once in four thousand million packets.
        prop_assert!(opened_rtp(&mut unprotect, &packet).is_err());
        prop_assert!(opened_rtcp(&mut unprotect, &packet).is_err());
    }

    #[test]
    fn whatever_is_sealed_opens_to_the_same(
        profile in any_profile(),
        packet in any_packet(),
        room in 0_usize..40,
        length in 0_usize..240,
    ) {
        let (mut protect, mut unprotect) = pair(profile);
        let mut buffer = packet.clone();
        buffer.resize(packet.len() + room, 0);
        if let Ok(sealed) = protect.protect_rtp(&mut buffer, packet.len()) {
            prop_assert_eq!(opened_rtp(&mut unprotect, &buffer[..sealed]), Ok(packet.clone()));
        } else {
            prop_assert_eq!(&buffer[..packet.len()], &packet);
        }
        buffer[..packet.len()].copy_from_slice(&packet);
        if let Ok(sealed) = protect.protect_rtcp(&mut buffer, packet.len()) {
            prop_assert_eq!(opened_rtcp(&mut unprotect, &buffer[..sealed]), Ok(packet));
        }
        // A length beyond the buffer is refused, not read.
        let _result = protect.protect_rtp(&mut buffer, length);
    }
}
