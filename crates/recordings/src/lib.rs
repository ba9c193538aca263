//! The files that calls are recorded in: WAV as anybody reads it, or sealed for those who have the
//! key. Either is of use up to its last flush when the process is killed, and either is read as
//! the bytes of a WAV file, from any place.
//!
//! It records nothing by itself, never decides who may hear, and writes no key anywhere. Start
//! reading at [`Writer`] and [`Reader`]; the form of a sealed file is described in [`Key`]'s module.

mod key;
mod reader;
mod sealed;
mod writer;

pub use key::{Key, KeyError, Keys};
pub use reader::{OpenError, Reader};
pub use writer::{WriteError, Writer};

use std::path::{Path, PathBuf};

/// Where the recording called `name` is written in `folder`.
pub fn path(folder: &Path, name: &str, sealed: bool) -> PathBuf {
    let [plain, sealed_path] = paths(folder, name);
    if sealed { sealed_path } else { plain }
}

/// Where the recording called `name` may be in `folder`: plain, and sealed.
pub fn paths(folder: &Path, name: &str) -> [PathBuf; 2] {
    [
        folder.join(format!("{name}.wav")),
        folder.join(format!("{name}.wav.sealed")),
    ]
}
