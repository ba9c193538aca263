//! How what stands in for lost speech sounds, beside silence and beside the last
//! packet once more: where single packets are lost, and where they are lost in bursts.

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
/// Packets lost one by one, and in bursts of two on average (Gilbert-Elliott).
const SINGLE: &str = "loss=5%";
const BURSTS: &str = "loss=gilbert:3%:50%:0%:100%";
/// The longest burst that is looked at: what stands in has become silent after it.
const LONGEST_BURST: usize = 4;

/// Speech that lost packets, and what was put in their place.
struct Lossy {
    frame: usize,
    sent: Vec<i16>,
    heard: Vec<i16>,
    /// The numbers of lost packets in speech, but for those of long bursts.
    lost: Vec<usize>,
}

impl Lossy {
    fn new(rate: SampleRate, network: &str) -> Self {
        Self::to(Policy::Listen, rate, network)
    }

    fn to(policy: Policy, rate: SampleRate, network: &str) -> Self {
        let sent = recordings(rate);
        let profile = Profile::parse(network).expect("a profile");
        let call = call(policy, rate, &profile, 5, &sent);
        let frame = Frame::silence(rate).len();
        let arrived = |number: usize| call.arrived.contains(&number);
        let burst = |number: usize| {
            let before = (0..number).rev().take_while(|&it| !arrived(it)).count();
            let behind = (number + 1..).take_while(|&it| !arrived(it)).count();
            before + 1 + behind
        };
        let lost = (LONGEST_BURST..sent.len() / frame - LONGEST_BURST)
            .filter(|&number| !arrived(number) && burst(number) <= LONGEST_BURST)
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

    /// Where bursts begin and end, in samples.
    fn borders(&self) -> Vec<usize> {
        let lost = |number: usize| self.lost.contains(&number);
        let borders = self.lost.iter().flat_map(|&number| {
            let begins = (!lost(number - 1)).then_some(number);
            let ends = (!lost(number + 1)).then_some(number + 1);
            [begins, ends]
        });
        borders
            .flatten()
            .map(|number| number * self.frame)
            .collect()
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
        for at in self.borders() {
            let around = &self.sent[at - self.frame..at + self.frame];
            let own = steps(around).fold(100.0, f32::max);
            let join = steps(&audio[at - 2..at + 2]).fold(0.0, f32::max);
            largest = largest.max(join / own);
        }
        largest
    }

    /// The largest step from sample to sample anywhere in `audio`, which may be late by
    /// some frames, as a multiple of the largest that the speech makes around there.
    fn largest_step(&self, audio: &[i16]) -> f32 {
        let frames = self.sent.len().min(audio.len()) / self.frame;
        let relative = (1..frames).map(|number| {
            let at = number * self.frame;
            let behind = (at + 2 * self.frame).min(self.sent.len());
            let around = &self.sent[at.saturating_sub(6 * self.frame)..behind];
            let own = steps(around).fold(100.0, f32::max);
            steps(&audio[at - 1..at + self.frame]).fold(0.0, f32::max) / own
        });
        relative.fold(0.0, f32::max)
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
        for network in [SINGLE, BURSTS] {
            let lossy = Lossy::new(rate, network);
            assert!(lossy.lost.len() >= 30, "{}", lossy.lost.len());
            let (silenced, repeated) = (lossy.silenced(), lossy.repeated());
            let fidelity = [&lossy.heard, &silenced, &repeated].map(|audio| lossy.fidelity(audio));
            assert!(
                fidelity[0] > fidelity[1] + 0.5 && fidelity[0] > fidelity[2] + 0.5,
                "{rate:?} {network}: {fidelity:?}"
            );
            let distance = [&lossy.heard, &silenced, &repeated].map(|audio| lossy.distance(audio));
            assert!(
                distance[0] < 0.75 * distance[1] && distance[0] < distance[2],
                "{rate:?} {network}: {distance:?}"
            );
        }
    }
}

#[test]
fn concealment_joins_the_speech_without_a_click() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        for network in [SINGLE, BURSTS] {
            let lossy = Lossy::new(rate, network);
            let joins = lossy.largest_join(&lossy.heard);
            assert!(joins <= 1.0, "{rate:?} {network}: {joins}");
            let repeated = lossy.largest_join(&lossy.repeated());
            assert!(repeated > 1.2, "{rate:?} {network}: {repeated}");
        }
    }
}

#[test]
fn nothing_clicks_in_what_a_person_hears() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        for network in [SINGLE, BURSTS, "loss=gilbert:3%:50%:0%:100%,jitter=20ms"] {
            let lossy = Lossy::to(Policy::Play, rate, network);
            let step = lossy.largest_step(&lossy.heard);
            assert!(step <= 1.2, "{rate:?} {network}: {step}");
            let silenced = lossy.largest_step(&lossy.silenced());
            assert!(silenced > 1.2, "{rate:?} {network}: {silenced}");
        }
    }
}

#[test]
fn what_was_not_lost_is_heard_as_it_was_sent() {
    let lossy = Lossy::new(SampleRate::HZ_16000, SINGLE);
    let same = lossy
        .sent
        .chunks(lossy.frame)
        .zip(lossy.heard.chunks(lossy.frame))
        .filter(|(sent, heard)| sent == heard)
        .count();
    let frames = lossy.sent.len() / lossy.frame;
    assert!(same * 100 >= frames * 92, "{same} of {frames}");
}
