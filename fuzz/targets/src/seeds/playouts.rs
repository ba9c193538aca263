//! Seeds that are packets and the times at which they come.

use audio::Codec;

use super::codecs::payloads;
use super::{Random, Seed};
use crate::input::put_record;
use crate::playout::step;

pub(super) fn playout() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (policy, listens) in [("play", false), ("listen", true)] {
        for (choice, codec) in Codec::ALL.iter().enumerate() {
            let first = (choice as u8) << 1 | u8::from(listens);
            let name = format!("{policy}-{codec:?}").to_lowercase();
            seeds.push((name, conversation(first, *codec)));
        }
    }
    seeds
}

/// A line that is clean, then loses, repeats, reorders and delays packets, then
/// pauses with comfort noise, goes on with another source, and changes its codec.
fn conversation(first: u8, codec: Codec) -> Vec<u8> {
    // Full payloads make a corpus large, and a part of one is as good here.
    let payloads: Vec<_> = payloads(codec).into_iter().map(shortened).collect();
    let mut random = Random(u64::from(first));
    let mut input = vec![first];
    for number in 0..22 {
        let payload = &payloads[number % payloads.len()];
        let (left_out, off) = match (number, random.below(6)) {
            (0..8, _) => (0, 0),
            (_, 0) => (1, 0),
            (_, 1) => (-1i8, 0),
            (_, 2) => (-3, 0),
            (_, 3) => (0, 40),
            _ => (0, 0i16),
        };
        next(&mut input, left_out, off, u8::from(number >= 20), payload);
        let waited = if number < 8 { 20 } else { random.below(60) };
        input.extend([step::WAIT, waited as u8]);
        if number == 14 {
            input.extend([step::PASS_OVER, 0, 12, 0]);
            next(&mut input, 0, 0, step::COMFORT_NOISE, &[50, 120, 130]);
            input.extend([step::PAUSE, 10]);
            next(&mut input, 0, 12_000, step::MARKER, payload);
        }
    }
    input.extend([step::RESET, first >> 1 ^ 1, step::ANY, 0, 9, 0, 0, 0, 9, 0]);
    put_record(&mut input, &payloads[0]);
    input.extend([step::PAUSE, 4]);
    input
}

fn shortened(mut payload: Vec<u8>) -> Vec<u8> {
    payload.truncate(80);
    payload
}

fn next(input: &mut Vec<u8>, left_out: i8, off: i16, flags: u8, payload: &[u8]) {
    input.extend([step::NEXT, left_out.cast_unsigned()]);
    input.extend(off.to_be_bytes());
    input.push(flags);
    put_record(input, payload);
}
