//! Every codec, whatever the payload.

use audio::SampleRate;
use audio::codec::{Codec, DecodeError, Decoder, EncodeError, Encoder, OpusSettings};
use proptest::prelude::*;

use crate::counterpart::{decode, encode, frame, noise, signal_to_noise, speech};

/// 120 ms at 16 kHz.
const ROOM: usize = 1_920;

fn decoder(codec: Codec) -> Decoder {
    Decoder::new(codec).expect("there is memory")
}

fn any_codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(&Codec::ALL[..])
}

/// Bytes, of which many are well-formed packets of Opus: a table of contents, a
/// count of frames, some lengths, and noise.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(any::<u8>(), 0..2_000),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..400)).prop_map(|(toc, mut bytes)| {
            bytes.insert(0, toc & !0b11);
            bytes
        }),
        (
            any::<u8>(),
            0..7u8,
            prop::sample::select(&[0u8, 0x40, 0x80, 0xC0][..]),
            prop::collection::vec(0..60u8, 0..8),
            prop::collection::vec(any::<u8>(), 0..400),
        )
            .prop_map(|(toc, frames, flags, lengths, noise)| {
                [&[toc | 0b11, frames | flags][..], &lengths, &noise].concat()
            }),
    ]
}

#[test]
fn speech_survives_every_codec() {
    for (codec, delay, at_least) in [
        (Codec::Pcmu, 0, 35.0),
        (Codec::Pcma, 0, 35.0),
        (Codec::G722, 22, 30.0),
        (Codec::Opus, 103, 8.0),
        (Codec::L16Narrow, 0, f64::INFINITY),
        (Codec::L16Wide, 0, f64::INFINITY),
    ] {
        let samples = speech("ast_en_vm-review.wav", codec.rate());
        let payloads = encode(codec, OpusSettings::default(), &samples);
        let decoded = decode(codec, payloads.iter().map(Vec::as_slice));
        assert_eq!(decoded.len(), samples.len());
        let ratio = signal_to_noise(&samples[..samples.len() - delay], &decoded[delay..]);
        assert!(ratio >= at_least, "{codec:?}: {ratio:.1} dB");
    }
}

#[test]
fn l16_is_in_network_byte_order() {
    for codec in [Codec::L16Narrow, Codec::L16Wide] {
        let mut samples = vec![0; frame(codec.rate())];
        samples[..2].copy_from_slice(&[0x0102, -2]);
        let payloads = encode(codec, OpusSettings::default(), &samples);
        assert_eq!(payloads[0][..4], [1, 2, 0xFF, 0xFE]);
        assert_eq!(payloads[0].len(), 2 * samples.len());
        let decoded = decode(codec, [&payloads[0][..]]);
        assert_eq!(decoded, samples);
    }
}

#[test]
fn half_a_sample_is_no_payload_of_l16() {
    let mut decoder = decoder(Codec::L16Wide);
    assert_eq!(decoder.samples(&[1, 2, 3]), None);
    let refused = Err(DecodeError::Invalid { bytes: 3 });
    assert_eq!(decoder.decode(&[1, 2, 3], &mut [0; ROOM]), refused);
}

#[test]
fn an_empty_payload_is_no_payload() {
    for codec in Codec::ALL {
        let mut decoder = decoder(codec);
        assert_eq!(decoder.samples(&[]), None, "{codec:?}");
        let refused = Err(DecodeError::Invalid { bytes: 0 });
        assert_eq!(decoder.decode(&[], &mut [0; ROOM]), refused, "{codec:?}");
    }
}

#[test]
fn only_opus_conceals_and_recovers() {
    for codec in Codec::ALL {
        let payloads = encode(codec, OpusSettings::default(), &noise(3_200, 3));
        let mut decoder = decoder(codec);
        let mut out = [0; ROOM];
        for payload in &payloads {
            decoder.decode(payload, &mut out).expect("it is valid");
        }
        let concealed = decoder.conceal(&mut out[..320]);
        assert_eq!(concealed > 0, codec == Codec::Opus, "{codec:?}");
        if codec != Codec::Opus {
            assert_eq!(decoder.recover(&payloads[1], &mut out[..320]), 0);
        }
    }
}

#[test]
fn a_frame_of_another_length_than_20_ms_is_refused() {
    for codec in Codec::ALL {
        let mut encoder =
            Encoder::new(codec, OpusSettings::default()).expect("the settings are in range");
        let expected = frame(codec.rate());
        for samples in [0, 1, expected - 1, expected + 1, 2 * expected] {
            assert_eq!(
                encoder.encode(&vec![0; samples], &mut [0; 1_500]),
                Err(EncodeError::FrameLength { samples, expected })
            );
        }
    }
}

#[test]
fn too_little_room_for_a_payload_is_refused() {
    for codec in Codec::ALL {
        let mut encoder =
            Encoder::new(codec, OpusSettings::default()).expect("the settings are in range");
        let (frame, needed) = (vec![0; frame(codec.rate())], codec.longest_payload());
        assert!(encoder.encode(&frame, &mut vec![0; needed]).is_ok());
        assert_eq!(
            encoder.encode(&frame, &mut vec![0; needed - 1]),
            Err(EncodeError::OutputTooShort {
                bytes: needed - 1,
                needed
            })
        );
    }
}

#[test]
fn a_codec_says_what_rfc_3551_and_rfc_7587_say() {
    for (codec, name, clock, rate, channels, payload_type) in [
        (Codec::Pcmu, "PCMU", 8_000, 8_000, None, Some(0)),
        (Codec::Pcma, "PCMA", 8_000, 8_000, None, Some(8)),
        (Codec::G722, "G722", 8_000, 16_000, None, Some(9)),
        (Codec::Opus, "opus", 48_000, 16_000, Some(2), None),
        (Codec::L16Narrow, "L16", 8_000, 8_000, None, None),
        (Codec::L16Wide, "L16", 16_000, 16_000, None, None),
    ] {
        assert_eq!(codec.encoding(), name);
        assert_eq!(Some(codec.clock()), SampleRate::new(clock));
        assert_eq!(Some(codec.rate()), SampleRate::new(rate));
        assert_eq!(codec.channels(), channels);
        assert_eq!(codec.static_payload_type(), payload_type);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What a payload does to the decoder before it must not matter.
    #[test]
    fn any_payload_is_decoded_to_its_length_or_refused(
        codec in any_codec(),
        payloads in prop::collection::vec((any_payload(), 0..2_200usize), 1..8),
    ) {
        let mut decoder = decoder(codec);
        for (payload, room) in payloads {
            let mut out = vec![77; room];
            let result = decoder.decode(&payload, &mut out);
            match decoder.samples(&payload) {
                None => {
                    let bytes = payload.len();
                    prop_assert_eq!(result, Err(DecodeError::Invalid { bytes }));
                    prop_assert!(out.iter().all(|&sample| sample == 77));
                }
                Some(samples) if samples > room => {
                    prop_assert_eq!(result, Err(DecodeError::TooLong { samples, room }));
                    prop_assert!(out.iter().all(|&sample| sample == 77));
                }
                Some(samples) => {
                    // libopus may yet find that a well-formed packet is garbage.
                    if codec != Codec::Opus || result.is_ok() {
                        prop_assert_eq!(result, Ok(samples));
                    }
                    prop_assert!(out[samples..].iter().all(|&sample| sample == 77));
                }
            }
        }
    }

    #[test]
    fn whatever_was_lost_the_gap_is_filled_whole_or_not_at_all(
        codec in any_codec(),
        payloads in prop::collection::vec((any_payload(), 0..2_000usize, any::<bool>()), 1..8),
    ) {
        let mut decoder = decoder(codec);
        for (payload, length, multiple) in payloads {
            let length = if multiple { length / 40 * 40 } else { length };
            let mut out = vec![77; length];
            let recovered = decoder.recover(&payload, &mut out);
            prop_assert!(recovered == 0 || recovered == length);
            prop_assert!(recovered != 0 || out.iter().all(|&sample| sample == 77));
            let concealed = decoder.conceal(&mut out);
            prop_assert!(concealed == 0 || concealed == length);
            decoder.noise(Some(&payload), &mut out);
            let _ = decoder.decode(&payload, &mut [0; ROOM]);
        }
    }

    #[test]
    fn any_frame_is_encoded_to_a_payload_of_20_ms(
        codec in any_codec(),
        seed in any::<u64>(),
        shift in 0..16u32,
        complexity in 0..=10u8,
        bitrate in 6_000..=510_000u32,
    ) {
        let settings = OpusSettings { complexity, bitrate, ..OpusSettings::default() };
        let length = frame(codec.rate());
        let samples: Vec<i16> = noise(5 * length, seed).iter().map(|s| s >> shift).collect();
        for payload in encode(codec, settings, &samples) {
            prop_assert!(!payload.is_empty() && payload.len() <= codec.longest_payload());
            prop_assert_eq!(decoder(codec).samples(&payload), Some(length));
        }
    }
}
