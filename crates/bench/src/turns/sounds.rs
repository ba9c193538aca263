//! Sounds that callers and their surroundings make and that say nothing: made from noise, pulses
//! and resonances, so that there are as many as one likes and one seed gives the same ones.

use audio::SampleRate;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::synthesis::{Noise, Resonance, between, decibels, fade, hum, mix, ring, scaled};

/// The rate at which sounds are made.
pub const RATE: SampleRate = SampleRate::HZ_16000;

/// Kinds of sounds that must not stop an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One or two coughs.
    Cough,
    /// Somebody clears the throat.
    Throat,
    /// A hum of one pitch, or of one that falls.
    Hum,
    /// "Mm-hm": two hums, the second one higher.
    Agreement,
    /// Breath on the microphone.
    Breath,
    /// One or two sniffs.
    Sniff,
    /// Lips, or a tongue's click.
    Smack,
    /// A door.
    Slam,
    /// Knocks on a table.
    Knock,
    /// Somebody types.
    Keyboard,
    /// Paper.
    Rustle,
    /// The mains.
    Mains,
    /// A street, with a horn now and then.
    Street,
    /// A steady hiss.
    Hiss,
    /// Many voices far away.
    Babble,
    /// A telephone that rings in the room.
    Bell,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Cough,
        Self::Throat,
        Self::Hum,
        Self::Agreement,
        Self::Breath,
        Self::Sniff,
        Self::Smack,
        Self::Slam,
        Self::Knock,
        Self::Keyboard,
        Self::Rustle,
        Self::Mains,
        Self::Street,
        Self::Hiss,
        Self::Babble,
        Self::Bell,
    ];

    /// What it is called in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cough => "cough",
            Self::Throat => "throat clearing",
            Self::Hum => "hum",
            Self::Agreement => "mm-hm",
            Self::Breath => "breath",
            Self::Sniff => "sniff",
            Self::Smack => "smack",
            Self::Slam => "door",
            Self::Knock => "knocks",
            Self::Keyboard => "keyboard",
            Self::Rustle => "paper",
            Self::Mains => "mains hum",
            Self::Street => "street",
            Self::Hiss => "hiss",
            Self::Babble => "babble",
            Self::Bell => "bell",
        }
    }

    /// The loudest and the softest peak of its sounds, in dBFS.
    const fn peaks(self) -> (f64, f64) {
        match self {
            Self::Cough | Self::Throat => (-18.0, -5.0),
            Self::Hum | Self::Agreement => (-24.0, -10.0),
            Self::Slam | Self::Knock => (-20.0, -6.0),
            Self::Keyboard | Self::Smack | Self::Sniff | Self::Rustle => (-32.0, -14.0),
            Self::Breath | Self::Street | Self::Bell => (-36.0, -20.0),
            Self::Mains | Self::Hiss | Self::Babble => (-42.0, -28.0),
        }
    }
}

/// A sound, at [`RATE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// What it is.
    pub kind: Kind,
    /// Which of its kind, from 1.
    pub number: usize,
    /// Its samples.
    pub samples: Vec<i16>,
}

/// So many sounds of each kind. All differ in length, pitch, colour and level.
pub fn sounds(each: usize, seed: u64) -> Vec<Sound> {
    let kinds = Kind::ALL.into_iter().zip(1_u64..);
    let of = |(kind, place): (Kind, u64)| {
        let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(place));
        (1..=each)
            .map(|number| sound(kind, number, &mut random))
            .collect::<Vec<Sound>>()
    };
    kinds.flat_map(of).collect()
}

fn sound(kind: Kind, number: usize, random: &mut StdRng) -> Sound {
    let made = match kind {
        Kind::Cough => coughs(random),
        Kind::Throat => throat(random),
        Kind::Hum => one_hum(random),
        Kind::Agreement => agreement(random),
        Kind::Breath => breath(random),
        Kind::Sniff => sniffs(random),
        Kind::Smack => smack(random),
        Kind::Slam => slam(random),
        Kind::Knock => knocks(random),
        Kind::Keyboard => keyboard(random),
        Kind::Rustle => rustle(random),
        Kind::Mains => mains(random),
        Kind::Street => street(random),
        Kind::Hiss => Noise::White.of(3.0, random),
        Kind::Babble => babble(random),
        Kind::Bell => bell(random),
    };
    let (softest, loudest) = kind.peaks();
    let peak = decibels(between(random, softest, loudest));
    Sound {
        kind,
        number,
        samples: scaled(&made, peak),
    }
}

/// A burst as the glottis opens, the breath behind it, and a little voice at the end.
fn coughs(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    let pitch = between(random, 110.0, 260.0);
    let tract = between(random, 0.85, 1.2);
    for place in 0..random.random_range(1..=2_usize) {
        let burst = fade(
            Noise::White.of(between(random, 0.03, 0.06), random),
            0.003,
            0.03,
        );
        let length = between(random, 0.1, 0.22);
        let breath: Vec<f64> = fade(Noise::White.of(length, random), 0.005, length * 0.8)
            .iter()
            .map(|sample| 0.35 * sample)
            .collect();
        let mut cough = [burst, breath].concat();
        let voice = hum(between(random, 0.05, 0.12), random, |time| {
            pitch * (1.0 - 1.5 * time)
        });
        if random.random_bool(0.6) {
            let voice: Vec<f64> = voice.iter().map(|sample| 0.25 * sample).collect();
            cough.extend(fade(voice, 0.02, 0.04));
        }
        let formants = [
            (650.0, 250.0, 1.0),
            (1_500.0, 350.0, 0.7),
            (2_700.0, 500.0, 0.5),
        ];
        let cough = formants
            .map(|(hertz, width, gain)| Resonance::new(hertz * tract, width).through(&cough, gain));
        let at = all.len() as f64 / f64::from(RATE.hertz());
        let at = if place == 0 {
            0.0
        } else {
            at + between(random, 0.05, 0.25)
        };
        for layer in cough {
            mix(&mut all, at, &layer);
        }
    }
    all
}

/// A creaking voice with breath in it, which flutters.
fn throat(random: &mut StdRng) -> Vec<f64> {
    let length = between(random, 0.25, 0.6);
    let pitch = between(random, 55.0, 95.0);
    let flutter = between(random, 18.0, 30.0);
    let creak = hum(length, random, |_| pitch);
    let breath = Noise::Pink.of(length, random);
    let rough: Vec<f64> = creak
        .iter()
        .zip(breath)
        .enumerate()
        .map(|(place, (voice, breath))| {
            let time = place as f64 / f64::from(RATE.hertz());
            let opens = 0.6 + 0.4 * (std::f64::consts::TAU * flutter * time).sin();
            (voice + 0.8 * breath) * opens
        })
        .collect();
    let mut all = Resonance::new(between(random, 400.0, 600.0), 200.0).through(&rough, 1.0);
    let upper = Resonance::new(between(random, 1_100.0, 1_600.0), 400.0).through(&rough, 0.3);
    mix(&mut all, 0.0, &upper);
    fade(all, 0.03, 0.08)
}

/// What a closed mouth makes of a voice: one low resonance, and next to nothing above.
fn nasal(voice: &[f64], random: &mut StdRng) -> Vec<f64> {
    let mut all = Resonance::new(between(random, 220.0, 300.0), 80.0).through(voice, 1.0);
    let upper = between(random, 0.01, 0.04);
    for (hertz, width) in [(1_000.0, 200.0), (2_200.0, 300.0)] {
        mix(
            &mut all,
            0.0,
            &Resonance::new(hertz, width).through(voice, upper),
        );
    }
    all
}

fn one_hum(random: &mut StdRng) -> Vec<f64> {
    let pitch = between(random, 95.0, 230.0);
    let slope = between(random, -0.35, 0.1);
    let length = between(random, 0.2, 0.9);
    let voice = hum(length, random, |time| pitch * (1.0 + slope * time));
    fade(nasal(&voice, random), 0.05, 0.12)
}

fn agreement(random: &mut StdRng) -> Vec<f64> {
    let pitch = between(random, 95.0, 220.0);
    let rise = between(random, 1.1, 1.4);
    let (first, gap, second) = (
        between(random, 0.12, 0.22),
        between(random, 0.03, 0.1),
        between(random, 0.15, 0.3),
    );
    let low = hum(first, random, |_| pitch);
    let high = hum(second, random, |time| pitch * rise * (1.0 - 0.2 * time));
    let mut all = fade(nasal(&low, random), 0.03, 0.05);
    // The "h" between them is breath through the nose.
    let breath = fade(Noise::Pink.of(gap + 0.04, random), 0.02, 0.02);
    mix(
        &mut all,
        first - 0.02,
        &Resonance::new(900.0, 600.0).through(&breath, 0.02),
    );
    mix(
        &mut all,
        first + gap,
        &fade(nasal(&high, random), 0.03, 0.1),
    );
    all
}

fn breath(random: &mut StdRng) -> Vec<f64> {
    let length = between(random, 0.4, 1.2);
    let air = Noise::Pink.of(length, random);
    let mut all = Resonance::new(between(random, 400.0, 800.0), 500.0).through(&air, 1.0);
    let upper = Resonance::new(between(random, 1_500.0, 2_500.0), 900.0).through(&air, 0.5);
    mix(&mut all, 0.0, &upper);
    fade(all, length * 0.4, length * 0.5)
}

fn sniffs(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    for place in 0..random.random_range(1..=2) {
        let length = between(random, 0.12, 0.3);
        let air = fade(Noise::White.of(length, random), length * 0.6, length * 0.2);
        let air = Resonance::new(between(random, 1_800.0, 3_200.0), 1_200.0).through(&air, 1.0);
        mix(&mut all, f64::from(place) * 0.4, &air);
    }
    all
}

fn smack(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    for place in 0..random.random_range(1..=3) {
        let click = fade(
            Noise::White.of(between(random, 0.006, 0.02), random),
            0.001,
            0.01,
        );
        let click = Resonance::new(between(random, 1_000.0, 2_500.0), 500.0).through(&click, 1.0);
        mix(&mut all, f64::from(place) * 0.09, &click);
    }
    all
}

fn slam(random: &mut StdRng) -> Vec<f64> {
    let mut all = fade(Noise::White.of(0.015, random), 0.001, 0.012);
    for (hertz, gain) in [(75.0, 1.0), (130.0, 0.8), (210.0, 0.5), (480.0, 0.2)] {
        let hertz = hertz * between(random, 0.8, 1.3);
        mix(
            &mut all,
            0.0,
            &ring(hertz, gain, between(random, 0.05, 0.15), 0.6),
        );
    }
    let rattle = fade(Noise::Pink.of(0.25, random), 0.01, 0.22);
    let rattle: Vec<f64> = rattle.iter().map(|sample| 0.1 * sample).collect();
    mix(&mut all, 0.03, &rattle);
    all
}

fn knocks(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    let wood = between(random, 180.0, 420.0);
    for place in 0..random.random_range(2..=4) {
        let at = f64::from(place) * between(random, 0.15, 0.25);
        mix(&mut all, at, &ring(wood, 1.0, 0.02, 0.15));
        mix(&mut all, at, &ring(wood * 2.7, 0.4, 0.01, 0.1));
    }
    all
}

fn keyboard(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    let mut at = 0.0;
    while at < 2.5 {
        for (later, gain) in [(0.0, 1.0), (between(random, 0.05, 0.09), 0.5)] {
            let click = fade(Noise::White.of(0.008, random), 0.001, 0.006);
            let key = Resonance::new(between(random, 1_200.0, 3_500.0), 700.0);
            mix(&mut all, at + later, &key.through(&click, gain));
            mix(&mut all, at + later, &ring(180.0, 0.01 * gain, 0.01, 0.05));
        }
        at += between(random, 0.08, 0.25);
    }
    all
}

fn rustle(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    let mut at = 0.0;
    while at < 1.2 {
        let length = between(random, 0.02, 0.12);
        let crackle = fade(Noise::White.of(length, random), 0.01, length * 0.5);
        let gain = between(random, 0.2, 1.0);
        let sheet = Resonance::new(between(random, 2_000.0, 3_600.0), 1_500.0);
        mix(&mut all, at, &sheet.through(&crackle, gain));
        at += length * between(random, 0.4, 1.4);
    }
    all
}

fn mains(random: &mut StdRng) -> Vec<f64> {
    let hertz = if random.random_bool(0.5) { 50.0 } else { 60.0 };
    let mut all = Noise::White.of(3.0, random);
    all.iter_mut().for_each(|sample| *sample *= 0.02);
    for (harmonic, gain) in [(1.0, 1.0), (2.0, 0.4), (3.0, 0.6), (5.0, 0.3), (7.0, 0.15)] {
        let gain = gain * between(random, 0.5, 1.5);
        mix(&mut all, 0.0, &ring(hertz * harmonic, gain, f64::MAX, 3.0));
    }
    all
}

fn street(random: &mut StdRng) -> Vec<f64> {
    let mut all = Noise::Brown.of(3.0, random);
    let passes = between(random, 0.5, 2.0);
    let tyres = fade(Noise::Pink.of(2.0, random), 1.0, 0.9);
    mix(
        &mut all,
        passes / 2.0,
        &Resonance::new(900.0, 800.0).through(&tyres, 1.0),
    );
    if random.random_bool(0.5) {
        let low = between(random, 380.0, 450.0);
        for hertz in [low, low * 1.26] {
            let horn = fade(ring(hertz, 0.3, f64::MAX, 0.4), 0.03, 0.05);
            mix(&mut all, passes, &horn);
            let second = fade(ring(hertz * 2.0, 0.15, f64::MAX, 0.4), 0.03, 0.05);
            mix(&mut all, passes, &second);
        }
    }
    all
}

/// Vowels of many pitches, one over the other, so that no word stands out.
fn babble(random: &mut StdRng) -> Vec<f64> {
    let mut all = Noise::Pink.of(3.0, random);
    all.iter_mut().for_each(|sample| *sample *= 0.3);
    for _ in 0..8 {
        let pitch = between(random, 90.0, 240.0);
        let mut at = between(random, 0.0, 0.3);
        while at < 2.8 {
            let length = between(random, 0.1, 0.25);
            let voice = hum(length, random, |time| pitch * (1.0 - 0.5 * time));
            let (first, second) = (
                between(random, 300.0, 800.0),
                between(random, 900.0, 2_200.0),
            );
            let mut vowel = Resonance::new(first, 100.0).through(&voice, 1.0);
            mix(
                &mut vowel,
                0.0,
                &Resonance::new(second, 150.0).through(&voice, 0.5),
            );
            mix(&mut all, at, &fade(vowel, 0.03, 0.05));
            at += length + between(random, 0.02, 0.2);
        }
    }
    all
}

fn bell(random: &mut StdRng) -> Vec<f64> {
    let mut all = Vec::new();
    let low = between(random, 400.0, 900.0);
    for place in 0..2 {
        for hertz in [low, low * 1.09] {
            let tone = fade(ring(hertz, 1.0, f64::MAX, 0.5), 0.01, 0.05);
            mix(&mut all, f64::from(place), &tone);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_the_same_sounds_and_another_one_others() {
        assert_eq!(sounds(1, 3), sounds(1, 3));
        assert_ne!(sounds(1, 3), sounds(1, 4));
    }

    #[test]
    fn every_sound_is_heard_and_lasts_no_longer_than_a_few_seconds() {
        for sound in sounds(3, 1) {
            let peak = sound.samples.iter().map(|sample| sample.unsigned_abs());
            let peak = peak.max().unwrap_or(0);
            assert!((200..20_000).contains(&peak), "{:?} {peak}", sound.kind);
            let length = RATE.duration_of(sound.samples.len()).as_secs_f64();
            assert!((0.005..4.0).contains(&length), "{:?} {length}", sound.kind);
        }
    }
}
