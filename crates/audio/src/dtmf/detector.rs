//! Tells when a key is pressed.

use std::fmt;
use std::time::Duration;

use super::Digit;
use super::bank::{Bank, HOP, Pair, WINDOW};
use crate::narrow::Narrow;
use crate::units::SampleRate;

/// How many looks in a row must find a key until it counts as pressed. Each compares
/// two windows, so three of them span 40 ms, of which they need 23 to 34.
const PRESS: u32 = 3;
/// After how many looks in a row without it a key counts as released. A pause of
/// 25 ms has so many, an interruption of 15 ms does not.
const RELEASE: u32 = 4;
/// How much the power may change from one look to the next: 1.5 dB.
const STEADY: f32 = 1.41;
/// By how much a sound begins after the first of the windows compared, on average,
/// because one that it fills in part is enough: 6 ms.
const ONSET: usize = 48;

/// A key that somebody pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPress {
    /// Which one.
    pub digit: Digit,
    /// When its sound began, counted from the first sample fed; within 7 ms.
    pub began: Duration,
}

/// Hears the keys of a telephone in one stream of audio, after the criteria of
/// ITU-T Q.24.
///
/// A key is reported once, however long it is held, and at the latest 40 ms after it
/// was pressed. The next one, even if it is the same, is heard after a pause of 25 ms
/// or more.
///
/// Heard are keys held for 40 ms or more at −30 to 0 dBm0, with frequencies off by at
/// most 1.5 %, the lower tone at most 8 dB or the higher one at most 4 dB the louder,
/// and noise at least 15 dB below them. Not heard are sounds shorter than 23 ms,
/// frequencies off by 3.5 %, and whatever has much beside the two tones, as voices do.
///
/// It allocates nothing after its construction and takes half a kilobyte.
#[derive(Clone)]
pub struct Detector {
    /// Brings the stream to 8 kHz, at which all of it happens.
    narrow: Narrow,
    window: [i16; WINDOW],
    /// How many samples of `window` are there.
    filled: usize,
    /// How many windows have been looked at.
    looks: u64,
    bank: Bank,
    /// The key that is being held.
    pressed: Option<Digit>,
    /// Looks in a row without that key.
    absent: u32,
    /// What the last look found, and how many in a row found the same.
    found: Option<(Pair, u32)>,
}

impl Detector {
    /// A detector for a stream at 8 or 16 kHz that has not begun; `None` for other
    /// rates.
    pub fn new(rate: SampleRate) -> Option<Self> {
        Some(Self {
            narrow: Narrow::new(rate)?,
            window: [0; WINDOW],
            filled: 0,
            looks: 0,
            bank: Bank::new(),
            pressed: None,
            absent: 0,
            found: None,
        })
    }

    /// Listens to the next samples of the stream, however many, and calls `pressed`
    /// for each key that is heard in them.
    pub fn feed(&mut self, samples: &[i16], mut pressed: impl FnMut(KeyPress)) {
        let mut room = [0; WINDOW];
        for piece in samples.chunks(2 * WINDOW) {
            let narrow = self.narrow.process(piece, &mut room);
            self.listen(narrow, &mut pressed);
        }
    }

    fn listen(&mut self, mut samples: &[i16], pressed: &mut impl FnMut(KeyPress)) {
        while !samples.is_empty() {
            let room = &mut self.window[self.filled..];
            let (taken, rest) = samples.split_at(samples.len().min(room.len()));
            room[..taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            samples = rest;
            if self.filled == WINDOW {
                if let Some(press) = self.look() {
                    pressed(press);
                }
                self.window.copy_within(HOP.., 0);
                self.filled = WINDOW - HOP;
            }
        }
    }

    fn look(&mut self) -> Option<KeyPress> {
        self.looks += 1;
        let pair = self.bank.look(&self.window);
        let digit = pair.map(|pair| pair.digit);
        if self.pressed.is_some() && digit == self.pressed {
            self.absent = 0;
            return None;
        }
        self.absent += 1;
        if self.absent >= RELEASE {
            self.pressed = None;
        }
        self.found = pair.map(|pair| match self.found {
            Some((before, count)) if goes_on(before, pair) => (pair, count + 1),
            _ => (pair, 1),
        });
        let (pair, count) = self.found?;
        if count < PRESS {
            return None;
        }
        self.pressed = Some(pair.digit);
        self.absent = 0;
        self.found = None;
        Some(KeyPress {
            digit: pair.digit,
            began: self.began(),
        })
    }

    /// When the key began that the last [`PRESS`] looks have found.
    fn began(&self) -> Duration {
        let windows = self.looks.saturating_sub(u64::from(PRESS) + 1);
        let heard = SampleRate::HZ_8000.duration_of(windows as usize * HOP + ONSET);
        heard.saturating_sub(self.narrow.delay())
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector")
            .field("pressed", &self.pressed)
            .finish_non_exhaustive()
    }
}

/// Whether `pair` is what was found `before`, about as loud.
fn goes_on(before: Pair, pair: Pair) -> bool {
    before.digit == pair.digit
        && before.power <= pair.power * STEADY
        && pair.power <= before.power * STEADY
}
