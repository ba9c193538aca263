//! What the gate costs: no beginning of speech, on lines of all kinds.

mod recordings;

use std::ops::Range;

use audio::{Companding, SampleRate};
use recordings::{Random, further, own, project, runtime};
use vad::{Detector, Settings, StreamState};

const RATE: SampleRate = SampleRate::HZ_8000;
const WINDOW: usize = 256;

/// Samples after which the mains, of 50 Hz, repeat themselves.
const HUM: usize = 160;

/// From this probability on a window is speech.
const SPEECH: f32 = 0.5;
/// Below this probability it is a pause.
const PAUSE: f32 = 0.35;
/// What is reported of a window that the gate passed over.
const GATED: f32 = 0.0;
/// Windows of speech in a row that begin a segment: 64 ms.
const BEGINNING: usize = 2;
/// Windows of pause in a row that end it: 320 ms.
const END: usize = 10;

/// What is heard on a line beside the caller.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// Nothing at all, as where silence is suppressed.
    Silence,
    /// What one of the recordings holds before the first word, over and over.
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
                for level in [-75.0, -70.0, -66.0, -60.0, -45.0] {
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
    fn carry(&self, conversation: &[i16], rooms: &[Vec<f64>], seed: usize) -> Vec<i16> {
        let noise = self.noise.samples(conversation.len(), rooms, seed);
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
    fn samples(self, count: usize, rooms: &[Vec<f64>], seed: usize) -> Vec<f64> {
        let room = &rooms[seed % rooms.len()];
        let mut random = Random::new(seed as u64);
        let mut rumble = 0.0;
        let tones: [f64; HUM] = std::array::from_fn(|index| {
            let turns = index as f64 / HUM as f64;
            let harmonics = [(1.0, 1.0), (2.0, 0.3), (3.0, 0.5), (5.0, 0.25), (7.0, 0.1)];
            let tones = harmonics.map(|(harmonic, strength): (f64, f64)| {
                strength * (std::f64::consts::TAU * harmonic * turns + harmonic).sin()
            });
            tones.iter().sum()
        });
        let sample = |index: usize| match self {
            Self::Silence => 0.0,
            Self::Room => room[index % room.len()],
            Self::Hiss => random.unit(),
            Self::Rumble => {
                rumble = 0.98 * rumble + random.unit();
                rumble
            }
            Self::Hum => tones[index % HUM] + 0.05 * random.unit(),
        };
        (0..count).map(sample).collect()
    }
}

/// All recordings one after the other with pauses between them, in which the other side speaks:
/// the recordings are 45 % of it.
fn conversation(recordings: &[(String, Vec<i16>)]) -> Vec<i16> {
    let mut random = Random::new(9);
    let mut samples = vec![0; 3 * 8_000];
    for (_, recording) in recordings {
        samples.extend_from_slice(recording);
        let ratio = 1.2 * (1.0 + 0.6 * random.unit());
        // No multiple of a window, so that recordings begin anywhere in one.
        let pause = (recording.len() as f64 * ratio) as usize;
        samples.resize(samples.len() + pause, 0);
    }
    samples.truncate(samples.len() / WINDOW * WINDOW);
    samples
}

/// The sound of the room before the first word, of each of the project's recordings that holds it.
fn rooms() -> Vec<Vec<f64>> {
    let room = |(_, recording): (String, Vec<i16>)| {
        let before = recording.get(..400)?;
        let sounds = |part: &[i16]| part.iter().any(|&value| value != 0);
        let all = before.chunks(80).all(sounds);
        all.then(|| before.iter().map(|&value| value.into()).collect())
    };
    let rooms: Vec<Vec<f64>> = own(RATE).into_iter().filter_map(room).collect();
    assert!(rooms.len() >= 10, "{} rooms", rooms.len());
    rooms
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
fn segments(probabilities: &[f32]) -> Vec<Range<usize>> {
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

/// What the gate changes in a conversation, over all lines.
struct Comparison {
    /// Segments that begin without the gate.
    begun: usize,
    /// Those of them that begin more than a window later with it.
    late: Vec<String>,
    /// Those at whose beginning it is closed.
    unheard: Vec<String>,
    /// Segments with the gate where there is none without it.
    new: usize,
}

fn compare(conversation: &[i16]) -> Comparison {
    let rooms = rooms();
    let kinds = Line::all();
    let seeds = 1..;
    let lines: Vec<Vec<i16>> = kinds
        .iter()
        .zip(seeds)
        .map(|(line, seed)| line.carry(conversation, &rooms, seed))
        .collect();
    let (without_gate, _) = listen(false, &lines);
    let (with_gate, _) = listen(true, &lines);
    let mut comparison = Comparison {
        begun: 0,
        late: Vec::new(),
        unheard: Vec::new(),
        new: 0,
    };
    for ((line, without), with) in kinds.iter().zip(&without_gate).zip(&with_gate) {
        let (expected, found) = (segments(without), segments(with));
        for &Range { start, .. } in &expected {
            let place = || format!("window {start} on {line:?}");
            let begins = |found: &Range<usize>| found.end > start && found.start <= start + 1;
            if !found.iter().any(begins) {
                comparison.late.push(place());
            }
            if with[start] == GATED {
                comparison.unheard.push(place());
            }
        }
        let alone = |found: &&Range<usize>| {
            let apart = |expected: &Range<usize>| {
                expected.end <= found.start || found.end <= expected.start
            };
            expected.iter().all(apart)
        };
        comparison.begun += expected.len();
        comparison.new += found.iter().filter(alone).count();
    }
    comparison
}

/// Over all recordings of the project, on all lines: wherever the network alone begins a segment
/// of speech, the gate is open, and with it the segment begins there, or earlier, or with the next
/// window. Nor does one begin where the network alone hears none.
#[test]
fn segments_begin_no_more_than_a_window_later_with_the_gate_than_without_it() {
    let comparison = compare(&conversation(&own(RATE)));

    assert!(comparison.begun > 2_000, "{} segments", comparison.begun);
    assert_eq!(comparison.unheard, [""; 0]);
    assert_eq!(comparison.late, [""; 0]);
    assert!(comparison.new * 1_000 <= comparison.begun);
}

/// Of other recordings, some begin so softly that the network is at its threshold for several
/// windows. There it may decide otherwise, the gate being open: in one segment of two hundred at
/// most.
#[test]
fn of_further_recordings_segments_seldom_begin_later_with_the_gate_than_without_it() {
    let recordings = further(RATE);
    if recordings.is_empty() {
        return;
    }

    let comparison = compare(&conversation(&recordings));

    assert_eq!(comparison.unheard, [""; 0]);
    let Comparison { late, begun, .. } = comparison;
    assert!(late.len() * 200 <= begun, "{begun} segments, {late:?}");
}

#[test]
fn on_quiet_lines_most_windows_without_speech_are_passed_over() {
    let (conversation, rooms) = (conversation(&own(RATE)), rooms());
    for (noise, level) in [
        (Noise::Silence, f64::NEG_INFINITY),
        (Noise::Room, -70.0),
        (Noise::Hiss, -70.0),
        (Noise::Rumble, -70.0),
        (Noise::Hum, -70.0),
    ] {
        let line = Line {
            noise,
            level,
            gain: 0.0,
            companded: false,
        };

        let (_, gated) = listen(true, &[line.carry(&conversation, &rooms, 3)]);

        // The recordings are 45 % of the conversation.
        assert!(gated > 0.45, "{gated:.3} on {line:?}");
    }
}

#[test]
fn on_noisy_lines_all_is_heard_as_without_the_gate() {
    let (conversation, rooms) = (conversation(&own(RATE)), rooms());
    let line = Line {
        noise: Noise::Hiss,
        level: -60.0,
        gain: 0.0,
        companded: false,
    };
    let lines = [line.carry(&conversation, &rooms, 4)];

    assert_eq!(listen(true, &lines), listen(false, &lines));
}
