//! Opus against opus-tools, and what it does about losses.
//!
//! opusdec decodes at 48 kHz. What the transform made is the same at 16 kHz but
//! for rounding; what linear prediction made passes through an upsampler that
//! turns its phase, so the difference of the waveforms stays at some −17 dB.

use audio::SampleRate;
use audio::codec::{Codec, Decoder, Encoder, OpenCodecError, OpusSettings};

use crate::counterpart::{
    decode, encode, frame, from_bytes, run, signal_to_noise, speech, to_bytes,
};
use crate::ogg::{self, OpusFile};

const RATE: SampleRate = SampleRate::HZ_16000;
/// What the header of a WAV file takes.
const WAV_HEADER: usize = 44;

fn opusenc(options: &[&str], samples: &[i16]) -> Vec<u8> {
    let arguments = [
        &["--quiet", "--raw", "--raw-rate", "16000"],
        options,
        &["-", "-"],
    ]
    .concat();
    run("opusenc", &arguments, &to_bytes(samples))
}

/// What opusdec makes of a mono file, brought to 16 kHz by leaving samples out.
fn opusdec(file: &[u8], pre_skip: usize) -> Vec<i16> {
    let options = ["--quiet", "--force-wav", "--no-dither", "--rate", "48000"];
    let wav = run("opusdec", &[&options[..], &["-", "-"]].concat(), file);
    let mut samples = vec![0; pre_skip];
    samples.extend(from_bytes(&wav[WAV_HEADER..]));
    samples.into_iter().step_by(3).collect()
}

fn decoded(packets: &[Vec<u8>]) -> Vec<i16> {
    decode(Codec::Opus, packets.iter().map(Vec::as_slice))
}

fn interleaved_twice(samples: &[i16]) -> Vec<i16> {
    samples.iter().flat_map(|&sample| [sample; 2]).collect()
}

#[test]
fn packets_of_opusenc_decode_as_by_opusdec() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    for (options, at_least) in [
        (&["--bitrate", "24", "--speech"][..], 15.0),
        (&["--bitrate", "20", "--framesize", "60"], 15.0),
        (&["--bitrate", "16", "--framesize", "10"], 15.0),
        (&["--bitrate", "64", "--music"], 60.0),
        (&["--bitrate", "64", "--music", "--framesize", "2.5"], 60.0),
    ] {
        let file = opusenc(&[&["--raw-chan", "1"], options].concat(), &samples);
        let OpusFile { pre_skip, packets } = ogg::read(&file);
        let ours = decoded(&packets);
        let theirs = opusdec(&file, pre_skip);
        assert!(ours.len() >= theirs.len(), "{options:?}");
        let ratio = signal_to_noise(&theirs[500..], &ours[500..]);
        assert!(ratio > at_least, "{options:?}: {ratio:.1} dB");
    }
}

#[test]
fn packets_of_ours_decode_as_by_opusdec() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    let packets = encode(Codec::Opus, OpusSettings::default(), &samples);
    let ours = decoded(&packets);
    assert_eq!(ours.len(), samples.len());
    let pre_skip = 0;
    let theirs = opusdec(&ogg::write(&OpusFile { pre_skip, packets }), pre_skip);
    assert_eq!(theirs.len(), ours.len());
    let ratio = signal_to_noise(&theirs[500..], &ours[500..]);
    assert!(ratio > 15.0, "{ratio:.1} dB");
}

#[test]
fn stereo_is_mixed_down() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    let options = ["--bitrate", "96", "--music", "--raw-chan"];
    let mono = opusenc(&[&options[..], &["1"]].concat(), &samples);
    let stereo = opusenc(
        &[&options[..], &["2"]].concat(),
        &interleaved_twice(&samples),
    );
    let mono = decoded(&ogg::read(&mono).packets);
    let stereo = decoded(&ogg::read(&stereo).packets);
    assert_eq!(mono.len(), stereo.len());
    let ratio = signal_to_noise(&mono, &stereo);
    assert!(ratio > 20.0, "{ratio:.1} dB");
}

/// What stands in for a packet.
#[derive(Clone, Copy, PartialEq)]
enum Remedy {
    Conceal,
    Recover,
}

/// Loses one packet in eight, of those that can be recovered, and returns how
/// well the remedy does against what the packets decode to; with how many there were.
fn remedied(packets: &[Vec<u8>], samples: usize, remedy: Remedy) -> (f64, usize) {
    let whole = decoded(packets);
    let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
    let mut probe = Decoder::new(Codec::Opus).expect("there is memory");
    let mut out = [0; 1_920];
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    let mut losses = 0;
    for (index, packet) in packets.iter().enumerate() {
        let next = packets.get(index + 1);
        let recoverable =
            next.is_some_and(|next| probe.recover(next, &mut out[..samples]) == samples);
        if index % 8 == 7 && recoverable {
            let out = &mut out[..samples];
            let filled = match (remedy, next) {
                (Remedy::Recover, Some(next)) => decoder.recover(next, out),
                (Remedy::Recover | Remedy::Conceal, _) => decoder.conceal(out),
            };
            assert_eq!(filled, samples);
            wanted.extend_from_slice(&whole[index * samples..][..samples]);
            got.extend_from_slice(out);
            losses += 1;
        } else {
            decoder.decode(packet, &mut out).expect("it is valid");
        }
    }
    (signal_to_noise(&wanted, &got), losses)
}

#[test]
fn a_lost_packet_is_recovered_from_the_next() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    let packets = encode(Codec::Opus, OpusSettings::default(), &samples);
    let (recovered, losses) = remedied(&packets, 320, Remedy::Recover);
    let (concealed, _) = remedied(&packets, 320, Remedy::Conceal);
    assert!(losses > 30, "{losses}");
    assert!(
        recovered > concealed + 5.0,
        "{recovered:.1} dB, concealed {concealed:.1} dB"
    );
}

#[test]
fn copies_are_found_in_frames_of_every_length_mono_and_stereo() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    for (channels, samples) in [("1", samples.clone()), ("2", interleaved_twice(&samples))] {
        for (milliseconds, length) in [("10", 160), ("20", 320), ("40", 640), ("60", 960)] {
            let options = [
                "--raw-chan",
                channels,
                "--bitrate",
                if channels == "1" { "28" } else { "48" },
                "--speech",
                "--framesize",
                milliseconds,
                "--expect-loss",
                "25",
                "--set-ctl-int",
                "4012=1",
            ];
            let packets = ogg::read(&opusenc(&options, &samples)).packets;
            let (recovered, losses) = remedied(&packets, length, Remedy::Recover);
            let (concealed, _) = remedied(&packets, length, Remedy::Conceal);
            assert!(losses > 10, "{channels} × {milliseconds} ms: {losses}");
            assert!(
                recovered > concealed + 5.0,
                "{channels} × {milliseconds} ms: {recovered:.1} dB, concealed {concealed:.1} dB"
            );
        }
    }
}

#[test]
fn without_in_band_fec_nothing_is_recovered_and_nothing_changes() {
    let samples = speech("ast_en_hello.wav", RATE);
    let packets = encode(
        Codec::Opus,
        OpusSettings {
            inband_fec: false,
            ..OpusSettings::default()
        },
        &samples,
    );
    let music = opusenc(&["--raw-chan", "1", "--bitrate", "64", "--music"], &samples);
    for packets in [packets, ogg::read(&music).packets] {
        let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
        let mut out = [0; 1_920];
        let mut after = Vec::new();
        for packet in &packets {
            assert_eq!(decoder.recover(packet, &mut out[..320]), 0);
            let count = decoder.decode(packet, &mut out).expect("it is valid");
            after.extend_from_slice(&out[..count]);
        }
        assert_eq!(after, decoded(&packets));
    }
}

#[test]
fn a_copy_is_refused_for_a_shorter_loss_and_for_odd_lengths() {
    let samples = speech("ast_en_hello.wav", RATE);
    let packets = encode(Codec::Opus, OpusSettings::default(), &samples);
    let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
    let mut out = [0; 1_920];
    let next = packets
        .iter()
        .find(|packet| decoder.recover(packet, &mut out[..320]) == 320)
        .expect("one has a copy");
    for length in [0, 1, 160, 280, 319, 321] {
        assert_eq!(decoder.recover(next, &mut out[..length]), 0, "{length}");
    }
    assert_eq!(decoder.recover(next, &mut out[..640]), 640);
}

#[test]
fn a_report_of_loss_brings_copies_about() {
    let samples = speech("ast_en_vm-review.wav", RATE);
    let settings = OpusSettings {
        expected_loss_percent: 0,
        ..OpusSettings::default()
    };
    let mut encoder = Encoder::new(Codec::Opus, settings).expect("the settings are in range");
    let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
    let (mut payload, mut out) = ([0; 1_500], [0; 320]);
    let mut copies = [0; 2];
    let frames = samples.chunks_exact(frame(RATE));
    let half = frames.len() / 2;
    for (index, frame) in frames.enumerate() {
        if index == half {
            encoder.expect_loss(u8::MAX);
        }
        let length = encoder.encode(frame, &mut payload).expect("it is a frame");
        let recovered = decoder.recover(&payload[..length], &mut out);
        copies[usize::from(index > half)] += usize::from(recovered > 0);
    }
    assert_eq!(copies[0], 0);
    assert!(copies[1] > half / 2, "{} of {half}", copies[1]);
}

#[test]
fn hardly_anything_is_sent_in_silence_if_transmission_is_discontinuous() {
    let settings = OpusSettings {
        dtx: true,
        ..OpusSettings::default()
    };
    let mut samples = speech("ast_en_hello.wav", RATE);
    let spoken = samples.len() / 320;
    samples.resize(samples.len() + 320 * 250, 0);
    let packets = encode(Codec::Opus, settings, &samples);
    let sent = |packets: &[Vec<u8>]| packets.iter().filter(|packet| !packet.is_empty()).count();
    assert!(sent(&packets[..spoken]) > spoken / 2);
    // One in twenty is sent to keep the noise up to date.
    let silent = sent(&packets[spoken + 50..]);
    assert!((1..=20).contains(&silent), "{silent} of 200");

    let continuous = encode(Codec::Opus, OpusSettings::default(), &samples);
    assert_eq!(sent(&continuous), continuous.len());
}

#[test]
fn a_sign_of_life_is_sent_in_silence_and_the_line_stays_silent_after_it() {
    let settings = OpusSettings {
        dtx: true,
        ..OpusSettings::default()
    };
    let mut encoder = Encoder::new(Codec::Opus, settings).expect("the settings are fine");
    let silence = [0; 320];
    let mut payload = [0; 1_500];
    let mut lengths = Vec::new();
    for n in 0..200 {
        let length = if n % 10 == 9 {
            encoder.encode_sign_of_life(&silence, &mut payload)
        } else {
            encoder.encode(&silence, &mut payload)
        };
        lengths.push(length.expect("it is a frame"));
    }
    let (signs, others): (Vec<_>, Vec<_>) = lengths[100..]
        .chunks(10)
        .map(|ten| {
            (
                ten[9],
                ten[..9].iter().filter(|&&length| length > 0).count(),
            )
        })
        .unzip();
    assert!(
        signs.iter().all(|&length| (3..80).contains(&length)),
        "{signs:?}"
    );
    assert!(others.iter().sum::<usize>() <= 5, "{others:?}");
}

#[test]
fn lasting_silence_is_the_same_packet_again_and_is_heard_as_silence() {
    let mut samples = speech("ast_en_hello.wav", RATE);
    let spoken = samples.len().div_ceil(320);
    samples.resize((spoken + 250) * 320, 0);
    let packets = encode(Codec::Opus, OpusSettings::default(), &samples);
    let silence = &packets[spoken + 15..];
    assert!(silence.iter().all(|packet| *packet == silence[0]));
    let heard = decoded(&packets);
    let loudest = heard[(spoken + 25) * 320..]
        .iter()
        .map(|sample| sample.unsigned_abs());
    assert!(loudest.max().unwrap() <= 2);
}

#[test]
fn speech_after_a_long_silence_is_as_good_as_after_a_short_one() {
    let speech = speech("ast_en_vm-sorry.wav", RATE);
    let quality = |frames: usize| {
        let silence = vec![0; frames * 320];
        let samples = [&silence[..], &speech].concat();
        let heard = decoded(&encode(Codec::Opus, OpusSettings::default(), &samples));
        let after = &heard[silence.len()..];
        // libopus is 6.5 ms late.
        signal_to_noise(&speech[..after.len() - 104], &after[104..])
    };
    // The last frames before the shortcut, and many after it.
    let (short, long) = (quality(9), quality(300));
    assert!(short > 6.0 && long > short - 0.5, "{short} {long}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let open = |change: fn(&mut OpusSettings)| {
        let mut settings = OpusSettings::default();
        change(&mut settings);
        Encoder::new(Codec::Opus, settings).map(|_| ())
    };
    assert_eq!(
        open(|s| s.complexity = 11),
        Err(OpenCodecError::Complexity(11))
    );
    assert_eq!(
        open(|s| s.bitrate = 5_999),
        Err(OpenCodecError::Bitrate(5_999))
    );
    assert_eq!(
        open(|s| s.bitrate = u32::MAX),
        Err(OpenCodecError::Bitrate(u32::MAX))
    );
    assert_eq!(
        open(|s| s.expected_loss_percent = 101),
        Err(OpenCodecError::ExpectedLoss(101))
    );
    for complexity in 0..=10 {
        let settings = OpusSettings {
            complexity,
            bitrate: 510_000,
            expected_loss_percent: 100,
            ..OpusSettings::default()
        };
        assert!(Encoder::new(Codec::Opus, settings).is_ok());
    }
}

#[test]
fn a_reset_decoder_is_as_new() {
    let packets = encode(
        Codec::Opus,
        OpusSettings::default(),
        &speech("ast_en_hello.wav", RATE),
    );
    let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
    let mut out = [0; 1_920];
    let mut run = || -> Vec<i16> {
        decoder.reset();
        packets
            .iter()
            .flat_map(|packet| {
                let count = decoder.decode(packet, &mut out).expect("it is valid");
                out[..count].to_vec()
            })
            .collect()
    };
    assert_eq!(run(), run());
}
