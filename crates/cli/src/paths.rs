//! Finds the files that belong to the binary: models, ONNX Runtime, samples.

use std::path::{Path, PathBuf};

use crate::config;

/// File name of ONNX Runtime as its set-up places it.
const ONNXRUNTIME: &str = "libonnxruntime.so.1.32.0";

/// How many folders above the binary may be its checkout: `target/release/mihu` is two below.
const LEVELS: usize = 3;

/// The model files and the runtime library that the settings name, or that lie around the binary.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    pub(crate) silero: PathBuf,
    pub(crate) moonshine: PathBuf,
    pub(crate) smart_turn: PathBuf,
    pub(crate) onnxruntime: PathBuf,
}

impl Assets {
    pub(crate) fn find(settings: &config::Models) -> Self {
        let models = set(&settings.dir).unwrap_or_else(|| locate("models"));
        let runtime = Path::new("runtime").join(ONNXRUNTIME);
        Self {
            silero: models.join("silero_vad_op18_ifless.onnx"),
            smart_turn: models.join("smart-turn-v3.2-cpu.onnx"),
            moonshine: models.join("moonshine-tiny-en"),
            onnxruntime: set(&settings.onnxruntime).unwrap_or_else(|| locate(runtime)),
        }
    }
}

/// Where `relative` lies: above the binary, or else below the working folder.
pub(crate) fn locate(relative: impl AsRef<Path>) -> PathBuf {
    let relative = relative.as_ref();
    let binary = std::env::current_exe().ok();
    let above = binary
        .iter()
        .flat_map(|binary| binary.ancestors().skip(1).take(LEVELS));
    above
        .map(|folder| folder.join(relative))
        .find(|candidate| candidate.exists())
        .unwrap_or_else(|| relative.to_owned())
}

fn set(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}
