//! The inputs that a corpus begins with: valid ones, made by this project's own
//! senders, ones that other senders make, and what becomes of both when a few
//! octets change. They are the same on every machine, but for the packets of Opus,
//! which are its library's.

mod bundles;
mod codecs;
mod descriptions;
mod packets;
mod playouts;

use crate::Target;

/// Inputs that are changed ones, for each that is not.
const CHANGED: usize = 2;

/// An input and a name for its file.
pub type Seed = (String, Vec<u8>);

/// The inputs that the corpus of `target` begins with.
pub fn seeds(target: Target) -> Vec<Seed> {
    let whole = match target {
        Target::Rtp => packets::rtp(),
        Target::Rtcp => packets::rtcp(),
        Target::TelephoneEvent => packets::telephone_event(),
        Target::Srtp => packets::srtp(),
        Target::Srtcp => packets::srtcp(),
        Target::Sdp => descriptions::sdp(),
        Target::Decode => codecs::decode(),
        Target::Playout => playouts::playout(),
        Target::Bundle => bundles::bundle(),
        Target::Call => bundles::call(),
    };
    let mut random = Random(0x5EED);
    let mut seeds = Vec::new();
    for (name, input) in whole {
        for number in 1..=CHANGED {
            let changed = random.changed(&input);
            seeds.push((format!("seed-{name}-changed-{number}"), changed));
        }
        seeds.push((format!("seed-{name}"), input));
    }
    seeds
}

/// Seeds with these names.
fn named<const N: usize>(seeds: [(&str, Vec<u8>); N]) -> Vec<Seed> {
    seeds.map(|(name, input)| (name.to_owned(), input)).into()
}

/// The generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % limit.max(1)
    }

    /// `input` with one to four octets changed, left out or doubled, or its end cut off.
    fn changed(&mut self, input: &[u8]) -> Vec<u8> {
        let mut changed = input.to_vec();
        for _ in 0..=self.below(4) {
            if changed.is_empty() {
                break;
            }
            let at = self.below(changed.len());
            match self.below(5) {
                0 => changed[at] ^= 1 << self.below(8),
                1 => changed[at] = self.below(256) as u8,
                2 => drop(changed.remove(at)),
                3 => changed.insert(at, changed[at]),
                _ => changed.truncate(at),
            }
        }
        changed
    }
}
