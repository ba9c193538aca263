//! The loaded library, held once per process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;

use crate::{LoadModelError, LoadRuntimeError};

/// ONNX Runtime admits one environment per process, and one that was dropped
/// cannot be made again: the first one stays for the life of the process.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// ONNX Runtime, loaded. Cloning is cheap; all clones are the same library.
#[derive(Clone, Debug)]
pub struct Runtime {
    environment: Environment,
    library: PathBuf,
}

impl Runtime {
    /// Loads the shared library at `library` (`libonnxruntime.so.1.x`, 1.24 or
    /// later). Loading the same file again returns the same runtime; a load that
    /// failed may be tried again.
    ///
    /// # Errors
    ///
    /// [`LoadRuntimeError`], naming the file and the command that brings it.
    pub fn load(library: &Path) -> Result<Self, LoadRuntimeError> {
        let Ok(path) = library.canonicalize() else {
            return Err(LoadRuntimeError::Missing {
                path: library.to_owned(),
            });
        };
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            if runtime.library != path {
                let loaded = runtime.library.clone();
                return Err(LoadRuntimeError::AlreadyLoaded { path, loaded });
            }
            return Ok(runtime.clone());
        }
        let environment = match ort::init_from(&path) {
            Ok(builder) => builder
                .with_name("mihu")
                .with_telemetry(false)
                .with_logger(Arc::new(log))
                .build()
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let environment = environment.map_err(|reason| LoadRuntimeError::Unusable {
            path: path.clone(),
            reason,
        })?;
        tracing::debug!(library = %path.display(), "ONNX Runtime loaded");
        let runtime = Self {
            environment,
            library: path,
        };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// Opens a model file (`.onnx` or `.ort`) for one thread at a time: a run
    /// uses the calling thread and no other, and nothing waits by spinning. One
    /// session is one set of weights in memory; callers that want to infer in
    /// parallel open one each.
    ///
    /// The memory plan of ONNX Runtime is off: it is made for inputs of one
    /// shape, and saves neither time nor memory where lengths and batches vary.
    ///
    /// # Errors
    ///
    /// [`LoadModelError`], naming the file and the command that brings it.
    pub fn session(&self, model: &Path) -> Result<Session, LoadModelError> {
        if !model.is_file() {
            return Err(LoadModelError::Missing {
                path: model.to_owned(),
            });
        }
        self.open(model).map_err(|error| LoadModelError::Unusable {
            path: model.to_owned(),
            reason: error.to_string(),
        })
    }

    /// The library file that was loaded, as an absolute path.
    pub fn library(&self) -> &Path {
        &self.library
    }

    fn open(&self, model: &Path) -> ort::Result<Session> {
        Session::builder(&self.environment)?
            .with_log_level(LogLevel::Warning)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_memory_pattern(false)?
            .with_config_entry(EXACT_QUANTISED, "1")?
            .commit_from_file(model)
    }
}

/// Quantised models lose precision on processors without VNNI instructions, where products of
/// unsigned and signed bytes saturate; this has them multiplied so that none does.
const EXACT_QUANTISED: &str = "session.x64quantprecision";

fn log(level: LogLevel, category: &str, id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => {
            tracing::trace!(category, id, location, "{message}");
        }
        LogLevel::Warning => tracing::debug!(category, id, location, "{message}"),
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(category, id, location, "{message}"),
    }
}
