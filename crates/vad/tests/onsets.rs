//! What the gate costs: no beginning of speech, on lines of all kinds.

mod recordings;

use audio::{Companding, SampleRate};
use recordings::{Random, project, runtime, speech};
use vad::{Detector, Settings, StreamState};

const RATE: SampleRate = SampleRate::HZ_8000;
const WINDOW: usize = 256;

/// From this probability on a window is speech.
const SPEECH: f32 = 0.5;
/// Below this probability it is a pause.
const PAUSE: f32 = 0.35;
/// Windows of speech in a row that begin a segment: 64 ms.
const BEGINNING: usize = 2;
/// Windows of pause in a row that end it: 320 ms.
const END: usize = 10;

/// What is heard on a line beside the caller.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// Nothing at all, as where silence is suppressed.
    Silence,
    /// What the recordings themselves hold while nobody speaks, over and over.
    Room,
    /// White noise, as comfort noise is made of.
    Hiss,
    /// Noise that falls by 6 dB per octave, as of traffic.
    Rumble,
    /// The mains and their odd harmonics.
    Hum,
}

/// One line: its noise in dBov, how much softer than recorded the caller speaks, and whether all
/// passes A-law.
#[derive(Clone, Copy, Debug)]
struct Line {
    noise: Noise,
    level: f64,
    gain: f64,
    companded: bool,
}

impl Line {
    fn all() -> Vec<Self> {
        let mut lines = Vec::new();
        for gain in [0.0, -10.0] {
            for companded in [false, true] {
                let mut add = |noise, level| {
                    lines.push(Self {
                        noise,
                        level,
                        gain,
                        companded,
                    });
                };
                add(Noise::Silence, f64::NEG_INFINITY);
                for level in [-70.0, -60.0, -50.0, -45.0] {
                    add(Noise::Room, level);
                    add(Noise::Hiss, level);
                    add(Noise::Rumble, level);
                    add(Noise::Hum, level);
                }
            }
        }
        lines
    }

    /// What this line carries of a conversation.
    fn carry(&self, conversation: &[i16], room: &[f64], seed: u64) -> Vec<i16> {
        let noise = self.noise.samples(conversation.len(), room, seed);
        let power = noise.iter().map(|value| value * value).sum::<f64>() / noise.len() as f64;
        let loudness = 32_768.0 * 10_f64.powf(self.level / 20.0) / power.sqrt().max(1e-9);
        let gain = 10_f64.powf(self.gain / 20.0);
        let mixed = conversation.iter().zip(noise).map(|(&sample, noise)| {
            let sum = f64::from(sample) * gain + noise * loudness;
            sum.round().clamp(-32_768.0, 32_767.0) as i16
        });
        let mut samples: Vec<i16> = mixed.collect();
        if self.companded {
            let mut code = vec![0; samples.len()];
            Companding::ALaw.encode(&samples, &mut code);
            Companding::ALaw.decode(&code, &mut samples);
        }
        samples
    }
}

impl Noise {
    fn samples(self, count: usize, room: &[f64], seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut rumble = 0.0;
        let sample = |index: usize| match self {
            Self::Silence => 0.0,
            Self::Room => room[index % room.len()],
            Self::Hiss => random.unit(),
            Self::Rumble => {
                rumble = 0.98 * rumble + random.unit();
                rumble
            }
            Self::Hum => {
                let turns = 50.0 * index as f64 / 8_000.0;
                let harmonics = [(1.0, 1.0), (2.0, 0.3), (3.0, 0.5), (5.0, 0.25), (7.0, 0.1)];
                let tones = harmonics.map(|(harmonic, strength): (f64, f64)| {
                    strength * (std::f64::consts::TAU * harmonic * turns + harmonic).sin()
                });
                tones.iter().sum::<f64>() + 0.05 * random.unit()
            }
        };
        (0..count).map(sample).collect()
    }
}

/// All recordings one after the other with pauses between them, in which the other side speaks:
/// the recordings are about 45 % of it.
fn conversation() -> Vec<i16> {
    let mut random = Random::new(9);
    let mut samples = vec![0; 3 * 8_000];
    for (_, recording) in speech(RATE) {
        samples.extend_from_slice(&recording);
        let ratio = 1.2 * (1.0 + 0.6 * random.unit());
        // No multiple of a window, so that recordings begin anywhere in one.
        let pause = (recording.len() as f64 * ratio) as usize;
        samples.resize(samples.len() + pause, 0);
    }
    samples.truncate(samples.len() / WINDOW * WINDOW);
    samples
}

/// The quiet beginnings and ends of all recordings, equally loud.
fn room() -> Vec<f64> {
    let mut room = Vec::new();
    for (_, recording) in speech(RATE) {
        let quiet = 640.min(recording.len() / 2);
        for part in [&recording[..quiet], &recording[recording.len() - quiet..]] {
            let power: f64 = part.iter().map(|&value| f64::from(value).powi(2)).sum();
            let power = power / quiet as f64;
            if power > 0.0 {
                room.extend(part.iter().map(|&value| f64::from(value) / power.sqrt()));
            }
        }
    }
    room
}

/// The probabilities in all windows of all lines, as heard with or without the gate, and the share
/// of windows that the gate passed over.
fn listen(gate: bool, lines: &[Vec<i16>]) -> (Vec<Vec<f32>>, f64) {
    let settings = Settings {
        gate,
        ..Settings::default()
    };
    let model = project("models/silero_vad_op18_ifless.onnx");
    let mut detector = Detector::load(&runtime(), &model, RATE, settings).expect("make setup");
    let mut states = vec![StreamState::new(); lines.len()];
    let mut heard = vec![Vec::new(); lines.len()];
    let mut probabilities = Vec::new();
    for window in 0..lines[0].len() / WINDOW {
        let at = window * WINDOW..(window + 1) * WINDOW;
        let windows = lines.iter().map(|samples| &samples[at.clone()]);
        let mut batch: Vec<_> = states.iter_mut().zip(windows).collect();
        detector
            .run(&mut batch, &mut probabilities)
            .expect("inference");
        for (heard, probability) in heard.iter_mut().zip(&probabilities) {
            heard.push(*probability);
        }
    }
    let statistics = detector.statistics();
    let windows = statistics.windows_gated + statistics.windows_run;
    (heard, statistics.windows_gated as f64 / windows as f64)
}

/// The segments of speech: from the first window of speech to the last.
fn segments(probabilities: &[f32]) -> Vec<std::ops::Range<usize>> {
    let mut segments = Vec::new();
    let (mut speech, mut pause) = (0, 0);
    let mut began = None;
    for (window, &probability) in probabilities.iter().enumerate() {
        speech = if probability >= SPEECH { speech + 1 } else { 0 };
        pause = if probability < PAUSE { pause + 1 } else { 0 };
        match began {
            None if speech == BEGINNING => began = Some(window + 1 - BEGINNING),
            Some(first) if pause == END => {
                segments.push(first..window + 1 - END);
                began = None;
            }
            None | Some(_) => {}
        }
    }
    segments.extend(began.map(|first| first..probabilities.len()));
    segments
}

#[test]
fn segments_begin_no_more_than_a_window_later_with_the_gate_than_without_it() {
    let conversation = conversation();
    let room = room();
    let kinds = Line::all();
    let lines: Vec<Vec<i16>> = kinds
        .iter()
        .zip(1..)
        .map(|(line, seed)| line.carry(&conversation, &room, seed))
        .collect();
    let (without, _) = listen(false, &lines);
    let (with, gated) = listen(true, &lines);
    let (mut count, mut same, mut earlier, mut later, mut new) = (0, 0, 0, 0, 0);
    let mut lost = Vec::new();
    for ((line, without), with) in kinds.iter().zip(&without).zip(&with) {
        let found = segments(with);
        let expected = segments(without);
        for segment in &expected {
            count += 1;
            let begin = found
                .iter()
                .find(|found| found.end > segment.start && found.start <= segment.start + 1);
            match begin {
                Some(found) if found.start == segment.start => same += 1,
                Some(found) if found.start < segment.start => earlier += 1,
                Some(_) => later += 1,
                None => lost.push((line, segment.clone())),
            }
        }
        new += found
            .iter()
            .filter(|found| {
                expected
                    .iter()
                    .all(|expected| expected.end <= found.start || found.end <= expected.start)
            })
            .count();
    }
    eprintln!(
        "{count} segments: {same} same, {earlier} earlier, {later} later, {lost:?} lost, {new} new; gated {gated}"
    );
    assert!(lost.is_empty());
}
