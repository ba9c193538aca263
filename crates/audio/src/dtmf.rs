//! The keys of a telephone: their names, their tones, and hearing them.
//!
//! A key sounds as a pair of tones, one of the four rows and one of the four
//! columns of the keypad (ITU-T Q.23). [`Digit`] names a key, [`DigitTone`] makes its
//! sound, and [`Detector`] hears keys in audio. A line that sends telephone-events
//! (RFC 4733) needs only [`Digit`].

mod bank;
mod detector;

use std::fmt;

pub use detector::{Detector, KeyPress};

use crate::level::Decibels;
use crate::tone::Tone;
use crate::units::SampleRate;

/// The rows of the keypad, in hertz.
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// The columns of the keypad, in hertz.
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// What is on the keypad, row by row.
const KEYPAD: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];
/// The keys in the order of their event codes.
const BY_EVENT: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// A key of a telephone: `0` to `9`, `*`, `#`, or `A` to `D`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

impl Digit {
    /// Every key, in the order of the event codes.
    pub const ALL: [Self; 16] = {
        let mut all = [Self(0); 16];
        let mut event = 0;
        while event < 16 {
            all[event as usize] = Self(event);
            event += 1;
        }
        all
    };

    /// The key of a telephone-event, 0 to 15 (RFC 4733 §3.2); `None` for other events.
    pub const fn from_event(event: u8) -> Option<Self> {
        if event < 16 { Some(Self(event)) } else { None }
    }

    /// Its telephone-event, 0 to 15 (RFC 4733 §3.2).
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The key with this name, a letter in either case; `None` for other characters.
    pub fn from_char(name: char) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let event = BY_EVENT.iter().position(|&key| key == name)?;
        Some(Self(event as u8))
    }

    /// Its name, a letter in upper case.
    pub const fn as_char(self) -> char {
        BY_EVENT[self.0 as usize]
    }

    /// The key in a row and a column, each 0 to 3.
    fn at(row: usize, column: usize) -> Option<Self> {
        Self::from_char(*KEYPAD.get(row)?.get(column)?)
    }

    /// Its lower and its higher frequency in hertz (ITU-T Q.23).
    fn frequencies(self) -> (f32, f32) {
        let name = self.as_char();
        let place = KEYPAD
            .as_flattened()
            .iter()
            .position(|&key| key == name)
            .expect("every key is on the keypad");
        (ROWS[place / 4], COLUMNS[place % 4])
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({:?})", self.as_char())
    }
}

/// The endless sound of a key, clipped where it exceeds 16 bits.
#[derive(Clone, Debug)]
pub struct DigitTone {
    low: Tone,
    high: Tone,
}

impl DigitTone {
    /// The sound of `digit` at `rate`. `level` is the RMS level of both tones
    /// together, and `twist` is by how many decibels the higher one is the louder;
    /// telephones make it 0 to 4 louder. Above −6 dBFS the peaks are clipped.
    pub fn new(digit: Digit, rate: SampleRate, level: Decibels, twist: f32) -> Self {
        let (low, high) = digit.frequencies();
        // The powers add up to the level; a sine's peak is 3 dB above its RMS level.
        let ratio = 10f32.powf(twist / 10.0);
        let share = 10.0 * (1.0 + ratio).log10();
        let peak = level.value() - share + 10.0 * 2f32.log10();
        Self {
            low: Tone::new(rate, low, Decibels::new(peak)),
            high: Tone::new(rate, high, Decibels::new(peak + twist)),
        }
    }
}

impl Iterator for DigitTone {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        Some(self.low.next()?.saturating_add(self.high.next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::rms;

    #[test]
    fn every_key_has_a_name_and_an_event_of_its_own() {
        let names: String = Digit::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names, "0123456789*#ABCD");
        for (event, digit) in Digit::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(digit.event()), event);
            assert_eq!(Digit::from_event(digit.event()), Some(digit));
            assert_eq!(Digit::from_char(digit.as_char()), Some(digit));
        }
    }

    #[test]
    fn what_is_no_key_has_no_digit() {
        assert_eq!(Digit::from_event(16), None);
        assert_eq!(Digit::from_char('E'), None);
        assert_eq!(Digit::from_char('Ω'), None);
        assert_eq!(Digit::from_char('d'), Digit::from_event(15));
    }

    #[test]
    fn keys_sound_as_the_keypad_is_laid_out() {
        for (name, low, high) in [
            ('1', 697.0, 1_209.0),
            ('5', 770.0, 1_336.0),
            ('9', 852.0, 1_477.0),
            ('0', 941.0, 1_336.0),
            ('*', 941.0, 1_209.0),
            ('#', 941.0, 1_477.0),
            ('A', 697.0, 1_633.0),
            ('D', 941.0, 1_633.0),
        ] {
            let digit = Digit::from_char(name).expect("a key");
            assert_eq!(digit.frequencies(), (low, high), "{name}");
        }
    }

    #[test]
    fn a_key_sounds_at_the_level_and_with_the_twist_asked_for() {
        let digit = Digit::ALL[5];
        for twist in [-4.0, 0.0, 8.0] {
            let tone = DigitTone::new(digit, SampleRate::HZ_8000, Decibels::new(-20.0), twist);
            let (low, high): (Vec<i16>, Vec<i16>) = (
                tone.low.clone().take(8_000).collect(),
                tone.high.clone().take(8_000).collect(),
            );
            let measured = rms(&high).value() - rms(&low).value();
            assert!((measured - twist).abs() < 0.02, "{measured}");
            let both: Vec<i16> = tone.take(8_000).collect();
            assert!((rms(&both).value() + 20.0).abs() < 0.02);
        }
    }
}
