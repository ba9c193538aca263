//! People who talk without saying anything.

use super::random::Random;
use super::synthesis::{Filter, filter, hump, lay, put, reverberate};

/// How a group of people sounds from where one listens.
pub(super) struct Group {
    /// How many talk.
    pub(super) people: u32,
    /// What is lost on the way: what lies above this, in hertz.
    pub(super) muffled: f32,
    /// How long the room rings after them, in seconds.
    pub(super) room: f32,
    /// How much of it is the room's, 0 to 1.
    pub(super) wet: f32,
}

impl Group {
    /// Their murmur.
    pub(super) fn murmur(&self, random: &mut Random, rate: f32, len: usize) -> Vec<f32> {
        let mut murmur = vec![0.0; len];
        for _ in 0..self.people {
            let voice = talk(random, rate, len);
            let distance = random.between(-8.0, 0.0);
            lay(&mut murmur, &voice, distance);
        }
        reverberate(&mut murmur, rate, self.room, self.wet);
        filter(&mut murmur, Filter::low_pass(rate, self.muffled));
        filter(&mut murmur, Filter::low_pass(rate, self.muffled * 1.5));
        murmur
    }
}

/// One person: phrases of a few syllables, and pauses.
fn talk(random: &mut Random, rate: f32, len: usize) -> Vec<f32> {
    let mut sound = vec![0.0; len];
    let pitch = random.between(95.0, 210.0);
    let mut place = (random.between(0.0, 2.0) * rate) as usize;
    while place < len {
        let syllables = random.whole(3, 11);
        for syllable in 0..syllables {
            // The pitch falls towards the end of a phrase.
            let fall = 1.12 - 0.25 * syllable as f32 / syllables as f32;
            let pitch = pitch * fall * random.between(0.95, 1.06);
            let syllable = utter(random, rate, pitch);
            put(&mut sound, place, &syllable, random.between(0.5, 1.0));
            place += syllable.len() * 4 / 5;
        }
        place += (random.between(0.4, 2.2) * rate) as usize;
    }
    sound
}

/// A syllable of no language: a buzz that glides between two mouth shapes.
fn utter(random: &mut Random, rate: f32, pitch: f32) -> Vec<f32> {
    let len = (random.between(0.12, 0.27) * rate) as usize;
    let mut shape = || {
        let open = random.between(320.0, 720.0);
        let front = random.between(900.0, 2_100.0);
        [
            Filter::band_pass(rate, open, 5.0),
            Filter::band_pass(rate, front, 8.0),
        ]
    };
    let (mut from, mut to) = (shape(), shape());
    let mut phase = 0.0;
    (0..len)
        .map(|n| {
            let part = n as f32 / len as f32;
            phase = (phase + pitch * (1.04 - 0.08 * part) / rate).fract();
            let breath = random.between(-0.3, 0.3);
            let source = 1.0 - 2.0 * phase + breath;
            let shaped = |shape: &mut [Filter; 2]| {
                let [open, front] = shape;
                open.next(source) + 0.5 * front.next(source)
            };
            let (from, to) = (shaped(&mut from), shaped(&mut to));
            (from * (1.0 - part) + to * part) * hump(part)
        })
        .collect()
}
