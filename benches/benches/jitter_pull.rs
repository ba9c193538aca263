//! What a playout buffer costs: one packet of 20 ms inserted and one frame pulled, G.711 decoding
//! included, in a stream of speech at 8 kHz that goes on for ever.
//!
//! `cargo bench -p benches --bench jitter_pull [-- --json FILE]`

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use audio::codec::Decoder;
use audio::file::read_mono;
use audio::{Codec, Companding, FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use criterion::{Criterion, Throughput};
use jitter::{AdaptiveBuffer, Content, Format, Packet, PlayoutBuffer, Policy, Settings};
use netem::{Network, Preset};

const RATE: SampleRate = SampleRate::HZ_8000;
const SAMPLES: usize = Frame::silence(RATE).len();
/// 7 s of it.
const SPEECH: &str = "ast_en_vm-review.wav";
/// After so many packets the network's fate repeats itself.
const PACKETS: usize = 3_000;
const SEED: u64 = 20_110_613;

fn main() -> ExitCode {
    benches::estimates::run(measure)
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("jitter pull");
    group.throughput(Throughput::Elements(1));
    for (name, policy) in [("Play", Policy::Play), ("Listen", Policy::Listen)] {
        for preset in [Preset::Clean, Preset::Wifi, Preset::Lossy] {
            let mut line = Line::new(policy, preset);
            group.bench_function(format!("{name} {}", preset.name()), |bencher| {
                bencher.iter(|| line.step());
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

/// A buffer at the end of a network.
struct Line {
    policy: Policy,
    buffer: AdaptiveBuffer,
    decoder: Decoder,
    /// What comes before each pull: when, and the number of the packet.
    arrivals: Vec<Vec<(Duration, usize)>>,
    payloads: Vec<[u8; SAMPLES]>,
    step: usize,
}

impl Line {
    fn new(policy: Policy, preset: Preset) -> Self {
        let format = Format {
            clock: RATE,
            rate: RATE,
        };
        Self {
            policy,
            buffer: AdaptiveBuffer::new(Settings::new(policy, format)),
            decoder: Decoder::new(Codec::Pcmu).expect("G.711 needs no memory"),
            arrivals: arrivals(preset),
            payloads: payloads(),
            step: 0,
        }
    }

    /// Inserts what comes in 20 ms, and pulls as the policy asks for.
    fn step(&mut self) {
        let place = self.step % PACKETS;
        let begin = Moment::ZERO + FRAME * (self.step - place) as u32;
        let mut frame = Frame::silence(RATE);
        for index in 0..self.arrivals[place].len() {
            let (after, number) = self.arrivals[place][index];
            let number = self.step - place + number;
            let packet = Packet {
                content: Content::Audio,
                sequence: SequenceNumber(number as u16),
                timestamp: RtpTimestamp((number * SAMPLES) as u32),
                marker: false,
                ssrc: 1,
                payload: &self.payloads[number % self.payloads.len()],
            };
            self.buffer.insert(begin + after, &packet);
            if self.policy == Policy::Listen {
                self.listen(begin + after, &mut frame);
            }
        }
        let now = begin + pull_after(place);
        match self.policy {
            Policy::Listen => self.listen(now, &mut frame),
            Policy::Play => {
                black_box(self.buffer.pull(now, &mut self.decoder, &mut frame));
            }
        }
        black_box(&frame);
        self.step += 1;
    }

    fn listen(&mut self, now: Moment, frame: &mut Frame) {
        while black_box(self.buffer.pull(now, &mut self.decoder, frame)).is_some() {}
    }
}

/// Pulls are 10 ms after the packets are sent.
fn pull_after(place: usize) -> Duration {
    FRAME * place as u32 + FRAME / 2
}

fn arrivals(preset: Preset) -> Vec<Vec<(Duration, usize)>> {
    let profile = preset.profile();
    let mut network = Network::new(profile.clone(), SEED);
    (0..PACKETS)
        .map(|number| {
            let sent = profile.send_time(Moment::ZERO, FRAME * number as u32);
            network.send(sent, number);
            let pull = Moment::ZERO + pull_after(number);
            std::iter::from_fn(|| network.poll(pull))
                .map(|(at, number)| (at.since(Moment::ZERO), number))
                .collect()
        })
        .collect()
}

fn payloads() -> Vec<[u8; SAMPLES]> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let speech = read_mono(fixtures.join(SPEECH), RATE).expect("the fixture is there");
    let frames = speech.chunks_exact(SAMPLES);
    frames
        .map(|frame| {
            let mut payload = [0; SAMPLES];
            Companding::MuLaw.encode(frame, &mut payload);
            payload
        })
        .collect()
}
