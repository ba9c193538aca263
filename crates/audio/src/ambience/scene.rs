//! What is heard in each place.

use super::Ambience;
use super::random::Random;
use super::synthesis::{
    Filter, filter, hump, knock, lay, passing, pink, put, reverberate, struck, swell, white,
};
use super::voices::Group;
use crate::units::SampleRate;

/// A loop of `len` samples.
pub(super) fn sound(ambience: Ambience, rate: SampleRate, len: usize) -> Vec<f32> {
    let mut place = Place {
        random: Random::new(0x6d69_6875 + ambience as u64),
        rate: rate.hertz() as f32,
        sound: vec![0.0; len],
    };
    match ambience {
        Ambience::Office => place.office(),
        Ambience::Cafe => place.cafe(),
        Ambience::CallCenter => place.call_center(),
        Ambience::Street => place.street(),
    }
    // What a telephone does not carry would only take the room of what it does.
    filter(&mut place.sound, Filter::high_pass(place.rate, 120.0));
    place.sound
}

struct Place {
    random: Random,
    rate: f32,
    sound: Vec<f32>,
}

impl Place {
    fn office(&mut self) {
        self.air(450.0, 0.0);
        self.murmur(
            &Group {
                people: 3,
                muffled: 900.0,
                room: 0.7,
                wet: 0.7,
            },
            -5.0,
        );
        self.typing(2, -13.0);
    }

    fn cafe(&mut self) {
        self.air(700.0, -9.0);
        self.murmur(
            &Group {
                people: 11,
                muffled: 1_900.0,
                room: 0.9,
                wet: 0.6,
            },
            0.0,
        );
        self.cups(9, -11.0);
        self.steam(-12.0);
    }

    fn call_center(&mut self) {
        self.air(500.0, -7.0);
        self.murmur(
            &Group {
                people: 8,
                muffled: 2_300.0,
                room: 0.4,
                wet: 0.4,
            },
            0.0,
        );
        self.typing(5, -9.0);
    }

    fn street(&mut self) {
        self.traffic(0.0);
        self.cars(4, -1.0);
        self.air(1_200.0, -14.0);
    }

    /// Ventilation, and the noise that every room has.
    fn air(&mut self, below: f32, decibels: f32) {
        let len = self.sound.len();
        let mut air = pink(&mut self.random, len);
        filter(&mut air, Filter::low_pass(self.rate, below));
        for (sample, swell) in air.iter_mut().zip(swell(&mut self.random, len, 0.25)) {
            *sample *= swell;
        }
        let mut hiss = white(&mut self.random, len);
        filter(&mut hiss, Filter::low_pass(self.rate, 3_000.0));
        lay(&mut self.sound, &air, decibels);
        lay(&mut self.sound, &hiss, decibels - 22.0);
    }

    fn murmur(&mut self, group: &Group, decibels: f32) {
        let murmur = group.murmur(&mut self.random, self.rate, self.sound.len());
        lay(&mut self.sound, &murmur, decibels);
    }

    /// Keyboards: runs of strokes, and pauses to think.
    fn typing(&mut self, people: u32, decibels: f32) {
        let len = self.sound.len();
        let mut keys = vec![0.0; len];
        for _ in 0..people {
            let near = self.random.between(0.3, 1.0);
            let mut place = self.at(0.0, 3.0);
            while place < len {
                for _ in 0..self.random.whole(4, 18) {
                    self.key(&mut keys, place, near);
                    place += self.at(0.09, 0.28);
                }
                place += self.at(1.0, 4.0);
            }
        }
        reverberate(&mut keys, self.rate, 0.35, 0.3);
        lay(&mut self.sound, &keys, decibels);
    }

    /// A stroke: the key reaches the bottom, and a moment later it is up again.
    fn key(&mut self, keys: &mut [f32], place: usize, near: f32) {
        let (click, thud) = (
            self.random.between(1_700.0, 3_000.0),
            self.random.between(250.0, 450.0),
        );
        let gain = near * self.random.between(0.5, 1.0);
        let down = knock(&mut self.random, self.rate, click, 0.025);
        let board = knock(&mut self.random, self.rate, thud, 0.06);
        let up = knock(&mut self.random, self.rate, click * 1.15, 0.015);
        put(keys, place, &down, gain);
        put(keys, place, &board, gain * 0.8);
        put(keys, place + self.at(0.06, 0.1), &up, gain * 0.4);
    }

    /// China that touches china.
    fn cups(&mut self, count: u32, decibels: f32) {
        let len = self.sound.len();
        let mut cups = vec![0.0; len];
        for _ in 0..count {
            let place = self.random.whole(0, len as u32 - 1) as usize;
            let lowest = self.random.between(1_500.0, 2_300.0);
            let gain = self.random.between(0.2, 1.0);
            // A second touch follows the first.
            for (later, weaker) in [(0.0, 1.0), (self.random.between(0.06, 0.15), 0.5)] {
                for (ratio, share) in [(1.0, 1.0), (1.37, 0.6), (1.83, 0.35)] {
                    let ring = struck(self.rate, lowest * ratio, 0.25 / ratio);
                    let place = place + (later * self.rate) as usize;
                    put(&mut cups, place, &ring, gain * weaker * share);
                }
            }
        }
        reverberate(&mut cups, self.rate, 0.8, 0.4);
        lay(&mut self.sound, &cups, decibels);
    }

    /// The coffee machine, once in each loop.
    fn steam(&mut self, decibels: f32) {
        let len = self.sound.len();
        let hiss = (2.6 * self.rate) as usize;
        let mut steam = white(&mut self.random, hiss);
        let mut band = Filter::band_pass(self.rate, 2_400.0, 0.8);
        for (n, sample) in steam.iter_mut().enumerate() {
            *sample = band.next(*sample) * hump(n as f32 / hiss as f32).sqrt();
        }
        let mut layer = vec![0.0; len];
        let place = self.random.whole(0, len as u32 - 1) as usize;
        put(&mut layer, place, &steam, 1.0);
        lay(&mut self.sound, &layer, decibels);
    }

    /// All the cars of the town together.
    fn traffic(&mut self, decibels: f32) {
        let len = self.sound.len();
        let mut rumble = pink(&mut self.random, len);
        filter(&mut rumble, Filter::low_pass(self.rate, 600.0));
        for (sample, swell) in rumble.iter_mut().zip(swell(&mut self.random, len, 0.6)) {
            *sample *= swell;
        }
        lay(&mut self.sound, &rumble, decibels);
    }

    /// Cars that pass: tyres, and an engine below.
    fn cars(&mut self, count: u32, decibels: f32) {
        let len = self.sound.len();
        let mut cars = vec![0.0; len];
        for number in 0..count {
            let seconds = self.random.between(3.0, 5.5);
            let car = (seconds * self.rate) as usize;
            let mut tyres = Filter::band_pass(self.rate, self.random.between(700.0, 1_100.0), 0.7);
            let mut engine = Filter::band_pass(self.rate, self.random.between(150.0, 240.0), 2.0);
            let sound: Vec<f32> = (0..car)
                .map(|n| {
                    let noise = self.random.between(-1.0, 1.0);
                    let passing = passing(n as f32 / car as f32);
                    (tyres.next(noise) + 1.5 * engine.next(noise)) * passing
                })
                .collect();
            let turn = len as f32 / count as f32;
            let place = turn * (number as f32 + self.random.between(0.0, 0.8));
            let gain = self.random.between(0.4, 1.0);
            put(&mut cars, place as usize, &sound, gain);
        }
        lay(&mut self.sound, &cars, decibels);
    }

    /// A random number of samples between two numbers of seconds.
    fn at(&mut self, least: f32, most: f32) -> usize {
        (self.random.between(least, most) * self.rate) as usize
    }
}
