//! What lost packets cost in words: the word error rate of the embedded recogniser on recorded
//! speech, over each codec, at several shares of loss, with the playout buffer's concealment and
//! with silence in the place of what is lost.
//!
//! `cargo bench -p benches --bench wer_under_loss -- [--fixtures DIR] [--json FILE]`

#![allow(clippy::print_stdout, reason = "figures are what this program is for")]

use std::path::{Path, PathBuf};

use audio::codec::{Codec, Decoder, Encoder, OpusSettings};
use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use benches::load_average;
use clap::Parser;
use jitter::{
    AdaptiveBuffer, Content, Format, Packet, PlayoutBuffer, PlayoutKind, Policy, Settings,
};
use netem::{Network, Profile};
use serde_json::{Value, json};
use speech::{Moonshine, MoonshineConfig, Recogniser, Utterance, WordErrors, word_errors};

#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of recordings, with their words in `manifest.tsv`.
    #[arg(long, default_value = "fixtures")]
    fixtures: PathBuf,
    /// Writes the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The networks, as `netem` reads them. A bursty one loses packets in runs of three on average.
const NETWORKS: [(&str, &str); 7] = [
    ("none", ""),
    ("uniform 2 %", "loss=2%"),
    ("uniform 5 %", "loss=5%"),
    ("uniform 10 %", "loss=10%"),
    ("bursty 2 %", "loss=gilbert:0.68%:33.33%:0%:100%"),
    ("bursty 5 %", "loss=gilbert:1.754%:33.33%:0%:100%"),
    ("bursty 10 %", "loss=gilbert:3.704%:33.33%:0%:100%"),
];

const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::G722, Codec::Opus];

/// Seeds of the losses; each utterance is heard once with each.
const SEEDS: [u64; 2] = [1, 2];

/// How often the buffer is asked for audio, as media threads do.
const STEP: std::time::Duration = std::time::Duration::from_millis(5);

/// Silence sent after each recording.
const TAIL: std::time::Duration = std::time::Duration::from_millis(400);

/// What stands in the place of lost audio.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Concealed,
    Silent,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let rows = rows(&project(&arguments.fixtures));
    let moonshine = moonshine();
    let mut figures = Vec::new();
    println!(
        "{:<14}{:<8}{:>10}{:>10}",
        "loss", "codec", "concealed", "silence"
    );
    for (name, text) in NETWORKS {
        let profile = if text.is_empty() {
            Profile::default()
        } else {
            Profile::parse(text).expect("a network of this file")
        };
        for codec in CODECS {
            let concealed = rate(&moonshine, &rows, codec, &profile, Loss::Concealed).await;
            let silent = rate(&moonshine, &rows, codec, &profile, Loss::Silent).await;
            let codec = codec.encoding();
            println!(
                "{name:<14}{codec:<8}{:>8.1} %{:>8.1} %",
                concealed.rate() * 100.0,
                silent.rate() * 100.0
            );
            figures.push(json!({
                "loss": name,
                "codec": codec,
                "words": concealed.words,
                "concealed_percent": concealed.rate() * 100.0,
                "silence_percent": silent.rate() * 100.0,
            }));
        }
    }
    println!("load average {}", load_average());
    if let Some(file) = arguments.json {
        let figures = json!({ "figures": figures, "load_average": load_average() });
        let text: String = serde_json::to_string_pretty::<Value>(&figures).expect("JSON");
        std::fs::write(file, text).expect("the file can be written");
    }
}

/// One recording and its words.
struct Row {
    transcript: String,
    narrow: Vec<i16>,
    wide: Vec<i16>,
}

/// The English recordings of human speakers.
fn rows(folder: &Path) -> Vec<Row> {
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).expect("a manifest");
    let mut lines = manifest.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        let place = header.iter().position(|column| *column == name);
        place.unwrap_or_else(|| panic!("manifest.tsv has no column {name}"))
    };
    let (file, transcript, language) = (column("file"), column("transcript"), column("language"));
    let kind = header.iter().position(|column| *column == "kind");
    let mut rows = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or_default();
        if field(language) != "en" || kind.is_some_and(|kind| field(kind) != "recorded") {
            continue;
        }
        let path = folder.join(field(file));
        let read = |rate| audio::file::read_mono(&path, rate).expect("a recording");
        rows.push(Row {
            transcript: field(transcript).to_owned(),
            narrow: read(SampleRate::HZ_8000),
            wide: read(SampleRate::HZ_16000),
        });
    }
    rows
}

async fn rate(
    moonshine: &Moonshine,
    rows: &[Row],
    codec: Codec,
    profile: &Profile,
    loss: Loss,
) -> WordErrors {
    let mut errors = WordErrors::default();
    for (index, row) in rows.iter().enumerate() {
        for seed in SEEDS {
            let samples = match codec.rate() {
                SampleRate::HZ_8000 => &row.narrow,
                _ => &row.wide,
            };
            let seed = seed * 1_000 + index as u64;
            let heard = over_the_network(samples, codec, profile.clone(), seed, loss);
            let utterance = Utterance {
                samples: heard,
                rate: codec.rate(),
            };
            let recognised = moonshine.recognise(utterance).await.expect("recognition");
            errors += word_errors(&row.transcript, &recognised.text);
        }
    }
    errors
}

/// What is heard of `samples` at the other end.
fn over_the_network(
    samples: &[i16],
    codec: Codec,
    profile: Profile,
    seed: u64,
    loss: Loss,
) -> Vec<i16> {
    let frame = codec.rate().samples_in(FRAME);
    let ticks = codec.clock().samples_in(FRAME) as u32;
    let mut encoder = Encoder::new(codec, OpusSettings::default()).expect("the codec");
    let mut decoder = Decoder::new(codec).expect("the codec");
    let format = Format {
        clock: codec.clock(),
        rate: codec.rate(),
    };
    let mut buffer = AdaptiveBuffer::new(Settings::new(Policy::Listen, format));
    let mut network = Network::new(profile, seed);
    // The line goes on when the speaker has stopped: its end is no loss.
    let mut line = samples.to_vec();
    line.resize(samples.len() + codec.rate().samples_in(TAIL), 0);
    let mut frames = line.chunks(frame).enumerate();
    let mut heard = Vec::with_capacity(samples.len());
    let mut payload = [0; 1_275];
    let steps = 4 * line.len().div_ceil(frame) as u32;
    for step in 0..steps {
        let now = Moment::from_millis(1_000) + STEP * step;
        if step % 4 == 0
            && let Some((index, samples)) = frames.next()
        {
            let mut samples = samples.to_vec();
            samples.resize(frame, 0);
            let len = encoder.encode(&samples, &mut payload).expect("a frame");
            network.send(now, (index as u32, payload[..len].to_vec()));
        }
        while let Some((_, (index, payload))) = network.poll(now) {
            let packet = Packet {
                content: Content::Audio,
                sequence: SequenceNumber(index as u16),
                timestamp: RtpTimestamp(index * ticks),
                marker: index == 0,
                ssrc: 1,
                payload: &payload,
            };
            buffer.insert(now, &packet);
            take(&mut buffer, &mut decoder, now, loss, &mut heard);
        }
        take(&mut buffer, &mut decoder, now, loss, &mut heard);
    }
    heard
}

fn take(
    buffer: &mut AdaptiveBuffer,
    decoder: &mut Decoder,
    now: Moment,
    loss: Loss,
    heard: &mut Vec<i16>,
) {
    let mut frame = Frame::silence(decoder.codec().rate());
    while let Some(playout) = buffer.pull(now, decoder, &mut frame) {
        if playout.kind == PlayoutKind::Concealed && loss == Loss::Silent {
            heard.resize(heard.len() + frame.len(), 0);
        } else {
            heard.extend_from_slice(frame.samples());
        }
    }
}

fn moonshine() -> Moonshine {
    let library = project(Path::new("runtime/libonnxruntime.so.1.32.0"));
    let runtime = onnx::Runtime::load(&library).expect("ONNX Runtime; `make setup` brings it");
    let config = MoonshineConfig {
        folder: project(Path::new("models/moonshine-tiny-en")),
        workers: 1,
        queue: 4,
    };
    Moonshine::start(&runtime, &config).expect("the recogniser")
}

/// `path` as seen from the project's root, wherever the bench is started.
fn project(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
