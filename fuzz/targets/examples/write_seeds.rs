//! Writes the seeds into the corpora, beside what fuzzing found.

use std::fs;
use std::path::Path;

use fuzz_targets::{Target, seeds};

fn main() -> std::io::Result<()> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in Target::ALL {
        let corpus = corpora.join(target.name());
        fs::create_dir_all(&corpus)?;
        for (name, input) in seeds(target) {
            fs::write(corpus.join(name), input)?;
        }
    }
    Ok(())
}
