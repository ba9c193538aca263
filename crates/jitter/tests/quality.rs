//! How what stands in for lost speech sounds, beside silence and beside the last
//! packet once more.

mod speech;

use std::f32::consts::TAU;

use audio::{Frame, SampleRate};
use jitter::Policy;
use netem::Profile;
use speech::{call, recordings};

/// Frames that are softer than this, as a mean square, are not looked at.
const SPOKEN: f32 = 90_000.0;
/// Samples that count as the same in a spectrum: a mean square of so much.
const FLOOR: f32 = 30.0;

/// Speech that lost packets, and what was put in their place.
struct Lossy {
    frame: usize,
    sent: Vec<i16>,
    heard: Vec<i16>,
    /// The numbers of lost packets between ones that arrived, in speech.
    lost: Vec<usize>,
}

impl Lossy {
    fn new(rate: SampleRate) -> Self {
        let sent = recordings(rate);
        let profile = Profile::parse("loss=5%").expect("a profile");
        let call = call(Policy::Listen, rate, &profile, 5, &sent);
        let frame = Frame::silence(rate).len();
        let arrived = |number: usize| call.arrived.contains(&number);
        let lost = (2..sent.len() / frame - 2)
            .filter(|&number| !arrived(number) && arrived(number - 1) && arrived(number + 1))
            .filter(|&number| power(&sent[number * frame..][..frame]) > SPOKEN)
            .collect();
        assert!(arrived(0), "what is heard begins with the first packet");
        Self {
            frame,
            sent,
            heard: call.heard,
            lost,
        }
    }

    /// The last packet before each lost one in its place.
    fn repeated(&self) -> Vec<i16> {
        let mut audio = self.sent.clone();
        for &number in &self.lost {
            let at = number * self.frame;
            audio.copy_within(at - self.frame..at, at);
        }
        audio
    }

    fn silenced(&self) -> Vec<i16> {
        let mut audio = self.sent.clone();
        for &number in &self.lost {
            audio[number * self.frame..][..self.frame].fill(0);
        }
        audio
    }

    /// The mean over all gaps of the signal's power over the error's, in decibels.
    fn fidelity(&self, audio: &[i16]) -> f32 {
        self.mean(|at| {
            let (sent, audio) = (&self.sent[at..][..self.frame], &audio[at..][..self.frame]);
            let wrong: f32 = sent
                .iter()
                .zip(audio)
                .map(|(&a, &b)| (f32::from(a) - f32::from(b)).powi(2))
                .sum();
            let wrong = wrong / self.frame as f32;
            (10.0 * (power(sent) / wrong.max(1.0)).log10()).clamp(-10.0, 35.0)
        })
    }

    /// The mean over all gaps, with half a frame on both sides, of the log-spectral
    /// distance in decibels.
    fn distance(&self, audio: &[i16]) -> f32 {
        self.mean(|at| {
            let begin = at - self.frame / 2;
            let windows = [begin, begin + self.frame / 2, begin + self.frame];
            let distances = windows.map(|from| {
                let sent = spectrum(&self.sent[from..][..self.frame]);
                let audio = spectrum(&audio[from..][..self.frame]);
                let squares = sent.iter().zip(&audio).map(|(a, b)| (a - b).powi(2));
                (squares.sum::<f32>() / sent.len() as f32).sqrt()
            });
            distances.iter().sum::<f32>() / distances.len() as f32
        })
    }

    /// At the ends of all gaps, the largest step from sample to sample, as a multiple
    /// of the largest step that the speech itself makes within 20 ms.
    fn largest_join(&self, audio: &[i16]) -> f32 {
        let mut largest = 0.0f32;
        for &number in &self.lost {
            for at in [number * self.frame, (number + 1) * self.frame] {
                let around = &self.sent[at - self.frame..at + self.frame];
                let own = steps(around).fold(100.0, f32::max);
                let join = steps(&audio[at - 2..at + 2]).fold(0.0, f32::max);
                largest = largest.max(join / own);
            }
        }
        largest
    }

    fn mean(&self, of: impl Fn(usize) -> f32) -> f32 {
        let sum: f32 = self.lost.iter().map(|number| of(number * self.frame)).sum();
        sum / self.lost.len() as f32
    }
}

fn power(samples: &[i16]) -> f32 {
    let squares = samples.iter().map(|&sample| f32::from(sample).powi(2));
    squares.sum::<f32>() / samples.len() as f32
}

fn steps(samples: &[i16]) -> impl Iterator<Item = f32> {
    samples
        .windows(2)
        .map(|pair| (f32::from(pair[1]) - f32::from(pair[0])).abs())
}

/// The power at each frequency, in decibels.
fn spectrum(samples: &[i16]) -> Vec<f32> {
    let len = samples.len();
    let bins = (1..len / 2).map(|bin| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (place, &sample) in samples.iter().enumerate() {
            let window = 0.5 - 0.5 * (TAU * place as f32 / len as f32).cos();
            let angle = TAU * (bin * place % len) as f32 / len as f32;
            real += window * f32::from(sample) * angle.cos();
            imaginary += window * f32::from(sample) * angle.sin();
        }
        10.0 * ((real * real + imaginary * imaginary) / len as f32 + FLOOR).log10()
    });
    bins.collect()
}

#[test]
fn concealment_is_closer_to_the_speech_than_silence_and_than_repetition() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let lossy = Lossy::new(rate);
        assert!(lossy.lost.len() >= 30, "{}", lossy.lost.len());
        let (silenced, repeated) = (lossy.silenced(), lossy.repeated());
        let fidelity = [&lossy.heard, &silenced, &repeated].map(|audio| lossy.fidelity(audio));
        assert!(
            fidelity[0] > fidelity[1] + 1.0 && fidelity[0] > fidelity[2] + 1.0,
            "{rate:?}: {fidelity:?}"
        );
        let distance = [&lossy.heard, &silenced, &repeated].map(|audio| lossy.distance(audio));
        assert!(
            distance[0] < 0.6 * distance[1] && distance[0] < 0.95 * distance[2],
            "{rate:?}: {distance:?}"
        );
    }
}

#[test]
fn concealment_joins_the_speech_without_a_click() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let lossy = Lossy::new(rate);
        let joins = lossy.largest_join(&lossy.heard);
        assert!(joins <= 1.0, "{rate:?}: {joins}");
        let repeated = lossy.largest_join(&lossy.repeated());
        assert!(repeated > 1.2, "{rate:?}: {repeated}");
    }
}

#[test]
fn what_was_not_lost_is_heard_as_it_was_sent() {
    let lossy = Lossy::new(SampleRate::HZ_16000);
    let same = lossy
        .sent
        .chunks(lossy.frame)
        .zip(lossy.heard.chunks(lossy.frame))
        .filter(|(sent, heard)| sent == heard)
        .count();
    let frames = lossy.sent.len() / lossy.frame;
    assert!(same * 100 >= frames * 92, "{same} of {frames}");
}
