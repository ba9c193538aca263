//! What the models said of recordings, kept from one run of the tests to the next: they say the
//! same of the same audio until they, or the code around them, change.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tune::Models;

/// What decides what the models say of some audio.
const DECIDES: [&str; 6] = [
    "models/SHA256SUMS",
    "Cargo.lock",
    "crates/audio/src",
    "crates/onnx/src",
    "crates/smart-turn/src",
    "crates/speech/src",
];

/// The file for what is said in this test. It has another name whenever something changes that
/// decides what is said.
pub(crate) fn file(test: &str) -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut digest = Sha256::new();
    for part in DECIDES {
        digest_of(&project.join(part), &mut digest);
    }
    let sum: String = digest
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{sum}.json"))
}

/// Keeps all that was said so far.
pub(crate) fn keep(models: &Models<'_>, file: &Path) {
    let kept = models.kept().expect("judgements are numbers");
    let folder = file.parent().expect("it lies in a folder");
    let unfinished = tempfile::NamedTempFile::new_in(folder).expect("a writable folder");
    fs::write(unfinished.path(), kept).expect("a writable folder");
    unfinished.persist(file).expect("a writable folder");
}

fn digest_of(path: &Path, digest: &mut Sha256) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("sources");
        let mut entries: Vec<PathBuf> = entries
            .map(|entry| entry.expect("sources").path())
            .collect();
        entries.sort();
        for entry in entries {
            digest_of(&entry, digest);
        }
        return;
    }
    digest.update(path.to_string_lossy().as_bytes());
    digest.update(fs::read(path).expect("sources"));
}
