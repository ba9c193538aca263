//! What can go wrong while the library or a model is opened.

use std::path::PathBuf;

use thiserror::Error;

/// Why ONNX Runtime could not be loaded. None of these goes away by itself: the
/// node cannot start.
#[derive(Debug, Error)]
pub enum LoadRuntimeError {
    /// There is no readable file at this path.
    #[error("ONNX Runtime library {} not found: run 'make setup'", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file is there but is no ONNX Runtime of a usable version for this
    /// machine.
    #[error("{} is not a usable ONNX Runtime library ({reason}): run 'make setup'", path.display())]
    Unusable {
        /// The library file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The process already runs another copy; one process holds exactly one.
    #[error(
        "ONNX Runtime {} cannot be loaded: this process already uses {}",
        path.display(),
        loaded.display()
    )]
    AlreadyLoaded {
        /// The library that was asked for.
        path: PathBuf,
        /// The library that is loaded.
        loaded: PathBuf,
    },
}

/// Why a model could not be opened.
#[derive(Debug, Error)]
pub enum LoadModelError {
    /// There is no readable file at this path.
    #[error("model file {} not found: run 'make setup'", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file is there but does not hold the model that was expected.
    #[error("model file {} is unusable ({reason}): run 'make setup'", path.display())]
    Unusable {
        /// The model file.
        path: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
}
