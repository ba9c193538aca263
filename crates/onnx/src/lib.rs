//! Loads ONNX Runtime into the process and opens model files with it.
//!
//! One job: turn a path to the shared library into a [`Runtime`], and a path to
//! a model into an [`ort::session::Session`] with the settings that suit many
//! small models on few cores: one thread a session, no spinning, no memory plan
//! for one fixed shape.
//!
//! It never searches for files, downloads anything or knows what a model
//! computes; its callers (`vad`, `speech`) do the latter. Start reading at
//! [`Runtime::load`].

mod error;
mod runtime;

pub use error::{LoadModelError, LoadRuntimeError};
pub use runtime::Runtime;
