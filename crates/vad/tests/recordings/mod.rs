//! What the tests listen to.

#![allow(
    dead_code,
    reason = "each test program uses what it needs of this module"
)]

use std::path::{Path, PathBuf};

use audio::SampleRate;
use onnx::Runtime;

pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn runtime() -> Runtime {
    Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup")
}

/// All recordings of the project, and those of the folder beside it if there is one, by name.
pub(crate) fn speech(rate: SampleRate) -> Vec<(String, Vec<i16>)> {
    [own(rate), further(rate)].concat()
}

/// The recordings of the project, by name.
pub(crate) fn own(rate: SampleRate) -> Vec<(String, Vec<i16>)> {
    let recordings = folder("fixtures", rate);
    assert!(recordings.len() >= 20, "{} recordings", recordings.len());
    recordings
}

/// The recordings of the folder beside the project that it does not have itself, by name.
pub(crate) fn further(rate: SampleRate) -> Vec<(String, Vec<i16>)> {
    let known = |name: &str| project("fixtures").join(name).exists();
    let mut recordings = folder("../shared/fixtures", rate);
    recordings.retain(|(name, _)| !known(name));
    recordings
}

fn folder(path: &str, rate: SampleRate) -> Vec<(String, Vec<i16>)> {
    let mut recordings = Vec::new();
    for entry in std::fs::read_dir(project(path)).into_iter().flatten() {
        let path = entry.expect("readable folder").path();
        if path.extension().is_some_and(|extension| extension == "wav") {
            let name = path.file_name().expect("an entry has a name");
            let samples = audio::file::read_mono(&path, rate).expect("readable recording");
            recordings.push((name.to_string_lossy().into_owned(), samples));
        }
    }
    recordings.sort();
    recordings
}

/// A model that ONNX Runtime computes as readily as Silero and that gives something else.
pub(crate) fn with_another_activation(model: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(model).expect("make setup");
    let places: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter_map(|(place, four)| (four == b"Tanh").then_some(place))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + 4].copy_from_slice(b"Relu");
    }
    bytes
}

/// A generator of noise, the same for one seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next value, from -1 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
