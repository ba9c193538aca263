//! Seeds that are payloads of audio.

use std::f32::consts::TAU;

use audio::Codec;
use audio::codec::{Encoder, OpusSettings};

use super::Seed;
use crate::decode::step;
use crate::input::put_record;

pub(super) fn decode() -> Vec<Seed> {
    let name = |codec| match codec {
        Codec::Pcmu => "pcmu",
        Codec::Pcma => "pcma",
        Codec::G722 => "g722",
        Codec::Opus => "opus",
        Codec::L16Narrow => "l16-narrow",
        Codec::L16Wide => "l16-wide",
    };
    Codec::ALL
        .iter()
        .enumerate()
        .map(|(choice, codec)| (name(*codec).to_owned(), stream(choice as u8, *codec)))
        .collect()
}

/// Every step with the payloads of a voice-like sound.
fn stream(choice: u8, codec: Codec) -> Vec<u8> {
    let mut input = vec![choice];
    for (number, payload) in payloads(codec).iter().enumerate() {
        if number == 3 {
            input.push(step::RECOVER);
            put_record(&mut input, payload);
            input.push(step::CONCEAL);
        }
        input.push(step::DECODE);
        put_record(&mut input, payload);
    }
    input.push(step::DESCRIBE_NOISE);
    put_record(&mut input, &[40, 120, 140, 100, 127, 127, 130, 90]);
    input.extend([step::NOISE, step::NOISE, step::DESCRIBE_NOISE]);
    put_record(&mut input, &[127]);
    input.extend([step::NOISE, step::RESET, step::CONCEAL, step::DECODE]);
    put_record(&mut input, &[]);
    input
}

/// Some packets, as few as every kind of step needs.
pub(super) fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let rate = codec.rate();
    let samples = rate.samples_in(audio::FRAME);
    let settings = OpusSettings::default();
    let mut encoder = Encoder::new(codec, settings).expect("there is memory");
    let mut payload = [0; 1_500];
    let mut packets = Vec::new();
    for number in 0..5 {
        let sample = |index: usize| {
            let time = (number * samples + index) as f32 / rate.hertz() as f32;
            let voice = (TAU * 140.0 * time).sin() + (TAU * 1_250.0 * time).sin() / 2.0;
            (voice * 8_000.0) as i16
        };
        let frame: Vec<i16> = (0..samples).map(sample).collect();
        let len = encoder.encode(&frame, &mut payload).expect("there is room");
        packets.push(payload[..len].to_vec());
    }
    packets
}
