//! Hearing a beep: one steady tone, as an answering machine sounds it before it records.
//!
//! Start reading at [`Detector`].

use std::f32::consts::TAU;
use std::fmt;
use std::time::Duration;

use crate::narrow::Narrow;
use crate::units::SampleRate;

/// Samples that are looked at together, at 8 kHz: 10 ms. A tone at a multiple of 100 Hz fills whole
/// periods of it, so that the bins do not hear each other.
const BLOCK: usize = 80;
/// The bandwidth of a bin in hertz.
const BIN: f32 = 100.0;
/// The lowest bin: 300 Hz.
const FIRST_BIN: usize = 3;
/// Bins from 300 to 2,100 Hz, one of which has most of any beep.
const BINS: usize = 19;
/// Blocks in a window: 60 ms, long enough to tell tones apart that are 20 Hz apart.
const BLOCKS: usize = 6;
const WINDOW: usize = BLOCK * BLOCKS;

/// The frequencies of a beep, in hertz.
const LOWEST: f32 = 350.0;
const HIGHEST: f32 = 2_100.0;
/// How much of the power of a window has to be in the one line.
const PURE: f32 = 0.85;
/// Mean square of the samples below which nothing is a beep: −45 dBFS.
const SOFTEST: f32 = 32_768.0 * 32_768.0 * 3.2e-5;
/// How far beside the middle of a bin, as a part of its bandwidth, a tone surely is on that side.
const DECIDED: f32 = 0.35;
/// How much the line may move from one window to the next, in hertz.
const STEADY: f32 = 8.0;
/// How much the power may change from one window to the next: 2 dB.
const EVEN: f32 = 1.6;
/// How many windows in a row must hold the same line until it counts: those of 120 ms.
const SOUNDS: u32 = 7;
/// After how many windows without it the tone is over.
const OVER: u32 = 3;
/// How far into the silence around it a tone is still found in a window, because most of that is
/// enough: 9 ms.
const EDGE: usize = 72;

/// A tone that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beep {
    /// Its frequency in hertz, within 5.
    pub hertz: f32,
    /// When it began, counted from the first sample fed; within 20 ms.
    pub began: Duration,
    /// When it was over, counted likewise; within 20 ms.
    pub ended: Duration,
}

/// Hears single tones in one stream of audio: 350 to 2,100 Hz, at least −45 dBFS, with 85 % of the
/// power in one line that stays where it is and as loud as it is.
///
/// A tone of 120 ms or more is heard, one below 100 ms is not. It is reported when it is over, 10 to
/// 60 ms after its end. Not heard are the pairs of tones of keys and of the network, sweeps, and
/// what has overtones of any weight, as voices have.
///
/// It allocates nothing after its construction and takes three kilobytes.
#[derive(Clone)]
pub struct Detector {
    /// Brings the stream to 8 kHz, at which all of it happens.
    narrow: Narrow,
    /// The last 60 ms, the newest block at the end.
    window: [f32; WINDOW],
    /// How many samples of the newest block are there.
    filled: usize,
    /// How many blocks were complete.
    blocks: u64,
    /// What each bin has of each block of the window, as complex numbers.
    spectra: [[(f32, f32); BINS]; BLOCKS],
    tone: Option<Tone>,
}

/// A line that was found in windows in a row.
#[derive(Clone, Copy, Debug)]
struct Tone {
    line: Line,
    windows: u32,
    /// The blocks that were complete with the first and the last window that held it.
    first: u64,
    last: u64,
}

/// What one window is made of.
#[derive(Clone, Copy, Debug)]
struct Line {
    hertz: f32,
    power: f32,
}

impl Detector {
    /// A detector for a stream at 8 or 16 kHz that has not begun; `None` for other rates.
    pub fn new(rate: SampleRate) -> Option<Self> {
        Some(Self {
            narrow: Narrow::new(rate)?,
            window: [0.0; WINDOW],
            filled: 0,
            blocks: 0,
            spectra: [[(0.0, 0.0); BINS]; BLOCKS],
            tone: None,
        })
    }

    /// Listens to the next samples of the stream, however many, and calls `heard` for each tone that
    /// ends in them.
    pub fn feed(&mut self, samples: &[i16], mut heard: impl FnMut(Beep)) {
        let mut room = [0; WINDOW];
        for piece in samples.chunks(2 * WINDOW) {
            let narrow = self.narrow.process(piece, &mut room);
            self.listen(narrow, &mut heard);
        }
    }

    /// Since when a tone has been sounding that is not over, counted from the first sample fed.
    pub fn sounding_since(&self) -> Option<Duration> {
        let tone = self.tone.filter(|tone| tone.windows >= SOUNDS)?;
        Some(self.began(tone))
    }

    fn listen(&mut self, mut samples: &[i16], heard: &mut impl FnMut(Beep)) {
        while !samples.is_empty() {
            let room = &mut self.window[WINDOW - BLOCK + self.filled..];
            let (taken, rest) = samples.split_at(samples.len().min(room.len()));
            for (place, sample) in room.iter_mut().zip(taken) {
                *place = f32::from(*sample);
            }
            self.filled += taken.len();
            samples = rest;
            if self.filled == BLOCK {
                if let Some(beep) = self.look() {
                    heard(beep);
                }
                self.window.copy_within(BLOCK.., 0);
                self.filled = 0;
            }
        }
    }

    fn look(&mut self) -> Option<Beep> {
        self.blocks += 1;
        self.spectra.rotate_left(1);
        let newest = &self.window[WINDOW - BLOCK..];
        for (place, bin) in self.spectra[BLOCKS - 1].iter_mut().enumerate() {
            *bin = spectral_line(newest, BIN * (FIRST_BIN + place) as f32);
        }
        let line = self.line();
        let goes_on = match (self.tone, line) {
            (Some(tone), Some(line)) => tone.line.goes_on(line),
            (None, _) | (_, None) => false,
        };
        match (&mut self.tone, line) {
            (Some(tone), Some(line)) if goes_on => {
                tone.line = line;
                tone.windows += 1;
                tone.last = self.blocks;
                None
            }
            (Some(tone), _) if tone.windows >= SOUNDS && self.blocks - tone.last < OVER.into() => {
                None
            }
            (tone, line) => {
                let over = tone.take().filter(|tone| tone.windows >= SOUNDS);
                let blocks = self.blocks;
                *tone = line.map(|line| Tone {
                    line,
                    windows: 1,
                    first: blocks,
                    last: blocks,
                });
                over.map(|tone| Beep {
                    hertz: tone.line.hertz,
                    began: self.began(tone),
                    ended: self.fed(tone.last as usize * BLOCK - EDGE),
                })
            }
        }
    }

    /// The one line that the window holds, if that is nearly all of it.
    fn line(&self) -> Option<Line> {
        let power: f32 = self.window.iter().map(|sample| sample * sample).sum();
        let power = power / WINDOW as f32;
        if power < SOFTEST {
            return None;
        }
        let energy = |bin: usize| -> f32 {
            let squares = self.spectra.iter().map(|block| block[bin]);
            squares
                .map(|(real, imaginary)| real * real + imaginary * imaginary)
                .sum()
        };
        let strongest = (0..BINS).max_by(|one, other| energy(*one).total_cmp(&energy(*other)))?;
        // A bin turns by whole circles in a block; by how much more the tone turns says where it
        // lies between the bins.
        let turns = self.spectra.array_windows().map(|[before, after]| {
            let (one, other) = (before[strongest], after[strongest]);
            (
                other.0 * one.0 + other.1 * one.1,
                other.1 * one.0 - other.0 * one.1,
            )
        });
        let (real, imaginary) =
            turns.fold((0.0, 0.0), |sum, turn| (sum.0 + turn.0, sum.1 + turn.1));
        let beside = imaginary.atan2(real) / TAU;
        // Half a circle forwards is half a circle backwards: between two bins it may be either.
        let places = [beside, beside - beside.signum()];
        let ambiguous = if beside.abs() > DECIDED { 2 } else { 1 };
        let lines = places.into_iter().take(ambiguous).map(|place| {
            let hertz = BIN * ((FIRST_BIN + strongest) as f32 + place);
            let (real, imaginary) = spectral_line(&self.window, hertz);
            let length = WINDOW as f32;
            let of_line = 2.0 * (real * real + imaginary * imaginary) / (length * length);
            (hertz, of_line)
        });
        let (hertz, of_line) = lines.max_by(|one, other| one.1.total_cmp(&other.1))?;
        let is_beep = (LOWEST..=HIGHEST).contains(&hertz) && of_line >= PURE * power;
        is_beep.then_some(Line { hertz, power })
    }

    fn began(&self, tone: Tone) -> Duration {
        self.fed((tone.first as usize * BLOCK + EDGE).saturating_sub(WINDOW))
    }

    /// When the sample of this number at 8 kHz was fed.
    fn fed(&self, samples: usize) -> Duration {
        let heard = SampleRate::HZ_8000.duration_of(samples);
        heard.saturating_sub(self.narrow.delay())
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector")
            .field("tone", &self.tone)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// Whether `next` is what this was, about as loud.
    fn goes_on(self, next: Self) -> bool {
        (self.hertz - next.hertz).abs() <= STEADY
            && self.power <= next.power * EVEN
            && next.power <= self.power * EVEN
    }
}

/// How much of `samples`, at 8 kHz, is at this frequency: a complex number, by Goertzel's algorithm.
/// Its phase counts from the last sample.
fn spectral_line(samples: &[f32], hertz: f32) -> (f32, f32) {
    let (sine, cosine) = (TAU * hertz / 8_000.0).sin_cos();
    let (mut newest, mut before) = (0.0_f32, 0.0_f32);
    for sample in samples {
        (newest, before) = (sample + 2.0 * cosine * newest - before, newest);
    }
    (newest - before * cosine, before * sine)
}
