//! Where the tests find models, library and recordings.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use audio::{Companding, SampleRate};
use onnx::Runtime;
use speech::{Moonshine, MoonshineConfig, SpeechStream, Utterance};

/// A path within the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn runtime() -> Runtime {
    Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup")
}

pub(crate) fn moonshine(workers: usize, queue: usize) -> Moonshine {
    let folder = project("models/moonshine-tiny-en");
    Moonshine::start(
        &runtime(),
        &MoonshineConfig {
            folder,
            workers,
            queue,
        },
    )
    .expect("make setup")
}

/// The English rows of a folder's `manifest.tsv`: file, transcript and kind of
/// recording (empty where the manifest has none).
pub(crate) fn english(folder: &Path) -> Option<Vec<Row>> {
    let manifest = fs::read_to_string(folder.join("manifest.tsv")).ok()?;
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        (fields.get(4) == Some(&"en")).then(|| Row {
            file: folder.join(fields[0]),
            transcript: fields[1].to_owned(),
            synthesised: fields.get(6) == Some(&"synthesised"),
        })
    };
    Some(manifest.lines().filter_map(row).collect())
}

pub(crate) struct Row {
    pub(crate) file: PathBuf,
    pub(crate) transcript: String,
    pub(crate) synthesised: bool,
}

impl Row {
    pub(crate) fn utterance(&self) -> Utterance {
        let rate = SampleRate::HZ_16000;
        let samples = audio::file::read_mono(&self.file, rate).expect("readable recording");
        Utterance { samples, rate }
    }
}

/// What is left of `utterance` after a telephone line: 8 kHz mu-law.
pub(crate) fn telephone(utterance: &Utterance) -> Utterance {
    let rate = SampleRate::HZ_8000;
    let mut samples = audio::resample::resample(&utterance.samples, utterance.rate, rate)
        .expect("a usual pair of rates");
    let mut line = vec![0; samples.len()];
    Companding::MuLaw.encode(&samples, &mut line);
    Companding::MuLaw.decode(&line, &mut samples);
    Utterance { samples, rate }
}

/// All that `stream` says.
pub(crate) async fn listen(mut stream: SpeechStream) -> Vec<i16> {
    let mut samples = Vec::new();
    while let Some(chunk) = stream.next().await {
        samples.extend(chunk.expect("speech"));
    }
    samples
}
