//! What it takes to encode and decode 20 ms of recorded speech, and to make up
//! for a lost packet.
//!
//! `cargo bench -p benches --bench codecs [-- --json FILE]`

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use audio::FRAME;
use audio::codec::{Codec, Decoder, Encoder, OpusSettings};
use audio::file::read_mono;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};

/// 7 s of it.
const SPEECH: &str = "ast_en_vm-review.wav";
/// A loss in this many packets is what recovery and concealment are measured at.
const LOSS_EVERY: usize = 5;

fn main() -> ExitCode {
    benches::estimates::run(measure)
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("codecs");
    group.throughput(Throughput::Elements(1));
    for codec in Codec::ALL {
        let complexities = match codec {
            Codec::Opus => &[0, 5, 10][..],
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::L16Narrow | Codec::L16Wide => &[5],
        };
        let frames = frames(codec);
        for &complexity in complexities {
            let settings = OpusSettings {
                complexity,
                ..OpusSettings::default()
            };
            let name = match codec {
                Codec::Opus => format!("{codec:?} {complexity}"),
                Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::L16Narrow | Codec::L16Wide => {
                    format!("{codec:?}")
                }
            };
            let payloads = encode(&mut group, &name, codec, settings, &frames);
            decode(&mut group, &name, codec, &payloads);
        }
    }
    let opus = payloads(Codec::Opus, OpusSettings::default(), &frames(Codec::Opus));
    make_up(&mut group, "Opus recover", &opus, |decoder, next, out| {
        decoder.recover(next, out)
    });
    make_up(&mut group, "Opus conceal", &opus, |decoder, _, out| {
        decoder.conceal(out)
    });
    noise(&mut group);
    group.finish();
    criterion.final_summary();
}

/// Recorded speech in frames of 20 ms.
fn frames(codec: Codec) -> Vec<Vec<i16>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    read_mono(path.join(SPEECH), codec.rate())
        .expect("the fixture is there")
        .chunks_exact(codec.rate().samples_in(FRAME))
        .map(<[i16]>::to_vec)
        .collect()
}

fn payloads(codec: Codec, settings: OpusSettings, frames: &[Vec<i16>]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec, settings).expect("the settings are in range");
    let mut out = [0; 1_500];
    let mut encode = |frame: &Vec<i16>| {
        let bytes = encoder.encode(frame, &mut out).expect("it is a frame");
        out[..bytes].to_vec()
    };
    frames.iter().map(&mut encode).collect()
}

/// Measures encoding and returns the payloads.
fn encode(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    codec: Codec,
    settings: OpusSettings,
    frames: &[Vec<i16>],
) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec, settings).expect("the settings are in range");
    let mut frames_round = frames.iter().cycle();
    let mut out = [0; 1_500];
    group.bench_function(format!("encode {name}"), |bencher| {
        bencher.iter(|| {
            let frame = frames_round.next().expect("it goes round and round");
            encoder.encode(black_box(frame), black_box(&mut out))
        });
    });
    payloads(codec, settings, frames)
}

fn decode(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    codec: Codec,
    payloads: &[Vec<u8>],
) {
    let mut decoder = Decoder::new(codec).expect("there is memory");
    let mut payloads = payloads.iter().cycle();
    let mut out = [0; 1_920];
    group.bench_function(format!("decode {name}"), |bencher| {
        bencher.iter(|| {
            let payload = payloads.next().expect("it goes round and round");
            decoder.decode(black_box(payload), black_box(&mut out))
        });
    });
}

/// Measures what stands in for a lost packet, each time in a decoder that has
/// decoded those before it.
fn make_up(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    payloads: &[Vec<u8>],
    remedy: impl Fn(&mut Decoder, &[u8], &mut [i16]) -> usize,
) {
    let mut decoder = Decoder::new(Codec::Opus).expect("there is memory");
    let mut out = [0; 1_920];
    let mut at = 0;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut spent = std::time::Duration::ZERO;
            for _ in 0..iterations {
                for _ in 1..LOSS_EVERY {
                    at = (at + 1) % payloads.len();
                    decoder
                        .decode(&payloads[at], &mut out)
                        .expect("it is valid");
                }
                at = (at + 1) % payloads.len();
                let next = &payloads[(at + 1) % payloads.len()];
                let lost = std::time::Instant::now();
                black_box(remedy(&mut decoder, black_box(next), &mut out[..320]));
                spent += lost.elapsed();
            }
            spent
        });
    });
}

fn noise(group: &mut BenchmarkGroup<'_, WallTime>) {
    for codec in [Codec::Pcma, Codec::G722] {
        let mut decoder = Decoder::new(codec).expect("there is memory");
        let description = [40, 20, 150, 120, 130, 127, 120, 130, 127, 127, 127];
        let mut out = vec![0; codec.rate().samples_in(FRAME)];
        decoder.noise(Some(&description), &mut out);
        group.bench_function(format!("noise {codec:?}"), |bencher| {
            bencher.iter(|| decoder.noise(None, black_box(&mut out)));
        });
    }
}
