//! What it takes to change the rate of 20 ms of audio, and what is lost by it: the
//! half-band filters of the tick beside rubato's resamplers. And what the filters cost
//! that a leg may have besides: hearing keys, suppressing noise, and ambience.
//!
//! `cargo bench -p benches --bench resampler [-- --json FILE]` prints a table of delay, pass band and
//! alias rejection, and then the costs as criterion measures them.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use audio::ambience::{Ducking, Mixer};
use audio::dtmf::Detector;
use audio::file::read_mono;
use audio::level::rms;
use audio::{Ambience, Decibels, Downsampler, FRAME, NoiseSuppressor, SampleRate, Tone, Upsampler};
use criterion::{BenchmarkId, Criterion, Throughput};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

const HZ_8000: SampleRate = SampleRate::HZ_8000;
const HZ_16000: SampleRate = SampleRate::HZ_16000;
const HZ_48000: SampleRate = SampleRate::HZ_48000;

fn main() -> ExitCode {
    benches::estimates::run(measure)
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    quality();
    cost(&mut criterion);
    cost_of_other_filters(&mut criterion);
    criterion.final_summary();
}

/// One way to change a rate: filters 20 ms of 16-bit samples into 20 ms of others.
struct Candidate {
    name: &'static str,
    from: SampleRate,
    to: SampleRate,
    delay: Duration,
    filter: Box<Filter>,
}

type Filter = dyn FnMut(&[i16], &mut [i16]);

fn candidates() -> Vec<Candidate> {
    let (mut up, mut down) = (Upsampler::new(), Downsampler::new());
    let mut all = vec![
        Candidate {
            name: "half-band",
            from: HZ_8000,
            to: HZ_16000,
            delay: Upsampler::DELAY,
            filter: Box::new(move |input, output| assert_eq!(up.process(input, output), 320)),
        },
        Candidate {
            name: "half-band",
            from: HZ_16000,
            to: HZ_8000,
            delay: Downsampler::DELAY,
            filter: Box::new(move |input, output| assert_eq!(down.process(input, output), 160)),
        },
    ];
    for (from, to) in [
        (HZ_8000, HZ_16000),
        (HZ_16000, HZ_8000),
        (HZ_48000, HZ_16000),
    ] {
        all.push(rubato("rubato Fft", from, to, fft(from, to)));
        all.push(rubato("rubato Async", from, to, sinc(from, to)));
    }
    all
}

/// As [`audio::resample`] has it.
fn fft(from: SampleRate, to: SampleRate) -> Fft<f32> {
    Fft::new_custom(
        from.hertz() as usize,
        to.hertz() as usize,
        from.samples_in(FRAME),
        1,
        1,
        WindowFunction::Blackman2,
        FixedSync::Both,
    )
    .expect("the rates are supported")
}

/// The shortest sinc that leaves the telephone band as it is, without interpolation
/// between its points, which these ratios do not need.
fn sinc(from: SampleRate, to: SampleRate) -> Async<f32> {
    let ratio = f64::from(to.hertz()) / f64::from(from.hertz());
    let len = if ratio > 1.0 { 64 } else { 128 };
    let parameters = SincInterpolationParameters::new(len, WindowFunction::Blackman)
        .oversampling_factor(2)
        .interpolation(SincInterpolationType::Nearest);
    let chunk = from.samples_in(FRAME);
    Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
        .expect("the rates are supported")
}

/// Rubato takes floats, so the conversions belong to its cost.
fn rubato(
    name: &'static str,
    from: SampleRate,
    to: SampleRate,
    mut resampler: impl Resampler<f32> + 'static,
) -> Candidate {
    let delay = to.duration_of(resampler.output_delay());
    let mut input = vec![0.0; from.samples_in(FRAME)];
    let mut output = vec![0.0; resampler.output_frames_max()];
    let filter = move |samples: &[i16], filtered: &mut [i16]| {
        for (place, &sample) in input.iter_mut().zip(samples) {
            *place = f32::from(sample);
        }
        let (taken, given) = (input.len(), output.len());
        let input = InterleavedSlice::new(&input, 1, taken).expect("the slice has this length");
        let mut adapter =
            InterleavedSlice::new_mut(&mut output, 1, given).expect("the slice has this length");
        resampler
            .process_into_buffer(&input, &mut adapter, None)
            .expect("the buffers have the lengths asked for");
        for (place, sample) in filtered.iter_mut().zip(&output) {
            *place = sample.round() as i16;
        }
    };
    Candidate {
        name,
        from,
        to,
        delay,
        filter: Box::new(filter),
    }
}

impl Candidate {
    fn title(&self) -> String {
        format!("{} {}->{}", self.name, self.from.hertz(), self.to.hertz())
    }

    /// By how much a tone of `hertz` is louder afterwards, in decibels.
    fn gain(&mut self, hertz: u32) -> f32 {
        let tone: Vec<i16> = Tone::new(self.from, hertz as f32, Decibels::new(-3.0))
            .take(self.from.hertz() as usize)
            .collect();
        let len = self.to.samples_in(FRAME);
        let mut filtered = Vec::new();
        for frame in tone.chunks_exact(self.from.samples_in(FRAME)) {
            let mut output = vec![0; len];
            (self.filter)(frame, &mut output);
            filtered.extend(output);
        }
        // Without what is left of the tone before and the start of this one.
        rms(&filtered[10 * len..]).value() - rms(&tone).value()
    }

    /// The largest distance from no gain at all up to `hertz`.
    fn ripple(&mut self, hertz: u32) -> f32 {
        (100..=hertz)
            .step_by(50)
            .map(|hertz| self.gain(hertz).abs())
            .fold(0.0, f32::max)
    }

    /// The least by which tones from `hertz` on are held back; `None` where the
    /// input has none that the output could not hold.
    fn rejection(&mut self, hertz: u32) -> Option<f32> {
        (self.from > self.to).then(|| {
            (hertz..self.from.hertz() / 2)
                .step_by(50)
                .map(|hertz| -self.gain(hertz))
                .fold(f32::INFINITY, f32::min)
        })
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints what it finds")]
fn quality() {
    println!(
        "{:26} {:>9} {:>12} {:>12} {:>14} {:>14}",
        "", "delay", "ripple 3.4k", "ripple 3.5k", "rejected 4.5k", "rejected 4.6k"
    );
    for mut candidate in candidates() {
        // From 48 kHz the edges lie twice as high.
        let edge = candidate.to.hertz().min(candidate.from.hertz()) / 8_000;
        let mut rejected = |hertz| {
            let decibels = candidate.rejection(hertz * edge);
            decibels.map_or_else(|| "-".to_owned(), |decibels| format!("{decibels:.1} dB"))
        };
        let (near, far) = (rejected(4_500), rejected(4_600));
        println!(
            "{:26} {:6.2} ms {:9.4} dB {:9.4} dB {near:>14} {far:>14}",
            candidate.title(),
            candidate.delay.as_secs_f64() * 1_000.0,
            candidate.ripple(3_400 * edge),
            candidate.ripple(3_500 * edge),
        );
    }
}

fn cost(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resampler");
    for mut candidate in candidates() {
        let tone = Tone::new(candidate.from, 440.0, Decibels::new(-10.0));
        let frame: Vec<i16> = tone.take(candidate.from.samples_in(FRAME)).collect();
        let mut output = vec![0; candidate.to.samples_in(FRAME)];
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("20ms", candidate.title()), |bencher| {
            bencher.iter(|| (candidate.filter)(black_box(&frame), black_box(&mut output)));
        });
    }
    group.finish();
}

/// Each on recorded speech, whose frames it takes in turn.
fn cost_of_other_filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for rate in [HZ_8000, HZ_16000] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ast_en_vm-review.wav");
        let speech = read_mono(path, rate).expect("a recording of the project");
        let frames = || speech.chunks_exact(rate.samples_in(FRAME)).cycle();

        let mut detector = Detector::new(rate).expect("the rate is supported");
        let mut next = frames();
        group.bench_function(BenchmarkId::new("keys", rate.hertz()), |bencher| {
            bencher.iter(|| {
                let frame = next.next().expect("they go round");
                detector.feed(frame, |press| panic!("{press:?} in speech"));
            });
        });

        let mut suppressor = NoiseSuppressor::new(rate).expect("the rate is supported");
        let mut next = frames();
        let mut frame = speech[..rate.samples_in(FRAME)].to_vec();
        group.bench_function(BenchmarkId::new("suppression", rate.hertz()), |bencher| {
            bencher.iter(|| {
                frame.copy_from_slice(next.next().expect("they go round"));
                suppressor.process(black_box(&mut frame));
            });
        });

        let bed = Ambience::Office.bed(rate).expect("the rate is supported");
        let mut mixer = Mixer::new(bed, 0.3, Ducking::default(), 1);
        let mut next = frames();
        group.bench_function(BenchmarkId::new("ambience", rate.hertz()), |bencher| {
            bencher.iter(|| {
                frame.copy_from_slice(next.next().expect("they go round"));
                mixer.mix(black_box(&mut frame), true);
            });
        });
    }
    group.finish();
}
