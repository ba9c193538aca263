//! Looks for a pair of tones in a short piece of audio.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::{COLUMNS, Digit, ROWS};

/// The samples at 8 kHz that are looked at together: 16 ms.
pub(super) const WINDOW: usize = 128;
/// The samples from one look to the next: 8 ms.
pub(super) const HOP: usize = 64;

const RATE: f32 = 8_000.0;
const TONES: usize = ROWS.len() + COLUMNS.len();

/// How far a frequency may be off. Q.24 demands that 1.5 % are accepted and 3.5 % are
/// not; how far it is off is measured well within the difference.
const TOLERANCE: f32 = 0.025;
/// The least power of the louder tone, in squared 16-bit samples: −36 dBm0, where
/// 0 dBm0 is 3.14 dB below a sine at full scale.
const LEAST_POWER: f32 = 65_000.0;
/// By how much the lower tone may exceed the higher one, as a ratio of powers: 8 dB
/// (normal twist, as in long lines, which lose high frequencies), and 1.5 dB because
/// noise makes the measurement uncertain.
const NORMAL_TWIST: f32 = 8.9;
/// By how much the higher tone may exceed the lower one: 4 dB and 1.5 dB.
const REVERSE_TWIST: f32 = 3.5;
/// The least share of both tones in the power of everything. Noise 15 dB below
/// them leaves 97 %; voices, whose harmonics are many, rarely come near.
const DOMINANCE: f32 = 0.85;
/// The most power of a tone's second harmonic as a share of the tone's. Keys have
/// none; what is sung or whistled does.
const HARMONIC: f32 = 0.05;
/// A harmonic as near as this to the other tone cannot be told from it, in hertz.
const INDISTINCT: f32 = 110.0;

/// What does not depend on the audio.
struct Tables {
    /// The Hann window.
    window: [f32; WINDOW],
    /// Its sum and the sum of its squares.
    sum: f32,
    squares: f32,
    /// By which factor a Goertzel filter of each tone feeds its state back, 2 cos ω.
    feedback: [f32; TONES],
    /// e^(−jω) and e^(−jω·[`HOP`]) of each tone.
    step: [Complex; TONES],
    turn: [Complex; TONES],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let window = std::array::from_fn(|n| 0.5 - 0.5 * (TAU * n as f32 / WINDOW as f32).cos());
    let omega = |tone: usize| TAU * FREQUENCIES[tone] / RATE;
    Tables {
        window,
        sum: window.iter().sum(),
        squares: window.iter().map(|weight| weight * weight).sum(),
        feedback: std::array::from_fn(|tone| 2.0 * omega(tone).cos()),
        step: std::array::from_fn(|tone| Complex::unit(-omega(tone))),
        turn: std::array::from_fn(|tone| Complex::unit(-omega(tone) * HOP as f32)),
    }
});

/// Rows, then columns.
const FREQUENCIES: [f32; TONES] = {
    let mut all = [0.0; TONES];
    let mut tone = 0;
    while tone < TONES {
        all[tone] = if tone < ROWS.len() {
            ROWS[tone]
        } else {
            COLUMNS[tone - ROWS.len()]
        };
        tone += 1;
    }
    all
};

/// A bank of Goertzel filters, one for each of the eight tones of the keypad.
///
/// It compares each window with the one before: by how much the phase of a tone
/// has turned in between tells its frequency far better than one window could.
#[derive(Clone)]
pub(super) struct Bank {
    tables: &'static Tables,
    /// The tones of the window before, if it was loud enough to look at.
    before: Option<[Complex; TONES]>,
}

/// A pair of tones that was there in two windows in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) digit: Digit,
    /// The power of both tones, in squared samples.
    pub(super) power: f32,
}

impl Bank {
    pub(super) fn new() -> Self {
        Self {
            tables: &TABLES,
            before: None,
        }
    }

    /// Looks at the next window, which begins [`HOP`] samples after the last one.
    pub(super) fn look(&mut self, samples: &[i16; WINDOW]) -> Option<Pair> {
        let windowed: [f32; WINDOW] =
            std::array::from_fn(|n| f32::from(samples[n]) * self.tables.window[n]);
        let power = energy(&windowed) / self.tables.squares;
        if power < LEAST_POWER {
            self.before = None;
            return None;
        }
        let tones = self.tones(&windowed);
        let before = self.before.replace(tones)?;
        let row = strongest(&tones[..ROWS.len()]);
        let column = strongest(&tones[ROWS.len()..]);
        let low = self.measured(row, &tones, &before)?;
        let high = self.measured(ROWS.len() + column, &tones, &before)?;

        let both = low.power + high.power;
        let plausible = low.power.max(high.power) >= LEAST_POWER
            && low.power <= high.power * NORMAL_TWIST
            && high.power <= low.power * REVERSE_TWIST
            && both >= power * DOMINANCE
            && self.lacks_harmonic(&windowed, low, high)
            && self.lacks_harmonic(&windowed, high, low);
        if !plausible {
            return None;
        }
        Some(Pair {
            digit: Digit::at(row, column)?,
            power: both,
        })
    }

    fn tones(&self, windowed: &[f32; WINDOW]) -> [Complex; TONES] {
        let feedback = &self.tables.feedback;
        let (mut last, mut older) = ([0.0; TONES], [0.0; TONES]);
        for &sample in windowed {
            for tone in 0..TONES {
                let state = sample + feedback[tone] * last[tone] - older[tone];
                older[tone] = last[tone];
                last[tone] = state;
            }
        }
        std::array::from_fn(|tone| {
            let step = self.tables.step[tone];
            Complex {
                real: last[tone] - older[tone] * step.real,
                imaginary: -older[tone] * step.imaginary,
            }
        })
    }

    /// The frequency and power of a tone; `None` if its frequency is off by too much.
    fn measured(
        &self,
        tone: usize,
        now: &[Complex; TONES],
        before: &[Complex; TONES],
    ) -> Option<Measured> {
        let turned = now[tone]
            .times(before[tone].conjugate())
            .times(self.tables.turn[tone]);
        let offset = turned.imaginary.atan2(turned.real) / TAU * RATE / HOP as f32;
        if offset.abs() > FREQUENCIES[tone] * TOLERANCE {
            return None;
        }
        // What the window makes of a tone beside the middle of its band.
        let bands = offset * WINDOW as f32 / RATE;
        let response = sinc(bands) / (1.0 - bands * bands);
        Some(Measured {
            hertz: FREQUENCIES[tone] + offset,
            power: self.power(now[tone]) / (response * response),
        })
    }

    fn lacks_harmonic(&self, windowed: &[f32; WINDOW], tone: Measured, other: Measured) -> bool {
        let hertz = 2.0 * tone.hertz;
        if (hertz - other.hertz).abs() < INDISTINCT {
            return true;
        }
        let step = Complex::unit(-TAU * hertz / RATE);
        let (mut last, mut older) = (0.0, 0.0);
        for &sample in windowed {
            (last, older) = (2.0 * step.real * last + sample - older, last);
        }
        let harmonic = Complex {
            real: last - older * step.real,
            imaginary: -older * step.imaginary,
        };
        self.power(harmonic) <= tone.power * HARMONIC
    }

    /// The power of the sine in the middle of whose band `tone` was found.
    fn power(&self, tone: Complex) -> f32 {
        2.0 * tone.power() / (self.tables.sum * self.tables.sum)
    }
}

#[derive(Clone, Copy)]
struct Measured {
    hertz: f32,
    power: f32,
}

#[derive(Clone, Copy)]
struct Complex {
    real: f32,
    imaginary: f32,
}

impl Complex {
    fn unit(angle: f32) -> Self {
        Self {
            real: angle.cos(),
            imaginary: angle.sin(),
        }
    }

    const fn conjugate(self) -> Self {
        Self {
            real: self.real,
            imaginary: -self.imaginary,
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            real: self.real * other.real - self.imaginary * other.imaginary,
            imaginary: self.real * other.imaginary + self.imaginary * other.real,
        }
    }

    fn power(self) -> f32 {
        self.real * self.real + self.imaginary * self.imaginary
    }
}

fn strongest(tones: &[Complex]) -> usize {
    let mut strongest = 0;
    for (tone, value) in tones.iter().enumerate() {
        if value.power() > tones[strongest].power() {
            strongest = tone;
        }
    }
    strongest
}

/// The sum of squares, in an order that lets several be added at a time.
fn energy(samples: &[f32; WINDOW]) -> f32 {
    let mut sums = [0.0; 8];
    for eight in samples.as_chunks::<8>().0 {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += sample * sample;
        }
    }
    sums.iter().sum()
}

fn sinc(x: f32) -> f32 {
    let angle = std::f32::consts::PI * x;
    if angle.abs() < 1e-3 {
        1.0
    } else {
        angle.sin() / angle
    }
}
