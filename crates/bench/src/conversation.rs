//! The caller's side of a telephone conversation: recorded utterances with the line's noise
//! between them and under them.

use std::path::{Path, PathBuf};

use audio::{SampleRate, file};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How much of the conversation is speech; the rest is line noise.
pub const SPEECH_SHARE: f64 = 0.45;

/// The noise of a quiet line: about -60 dBFS.
const NOISE_AMPLITUDE: i16 = 56;

/// How long the conversation lasts at least before it repeats, in seconds.
const SHORTEST: usize = 60;

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// The folder cannot be read.
    #[error("cannot read the folder {}: {source}; expected one with WAV recordings", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder holds nothing to say.
    #[error("the folder {} holds no WAV recording of speech", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] file::ReadAudioError),
}

/// A conversation at `rate` of all recordings in `folder`, in the order of their names, at least
/// a minute long. One seed gives one conversation.
///
/// # Errors
///
/// [`ConversationError`] if there are no recordings that can be read.
pub fn conversation(
    folder: &Path,
    rate: SampleRate,
    seed: u64,
) -> Result<Vec<i16>, ConversationError> {
    let utterances = utterances(folder, rate)?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut samples = Vec::new();
    while samples.len() < SHORTEST * rate.hertz() as usize {
        for utterance in &utterances {
            let silence = utterance.len() as f64 * (1.0 - SPEECH_SHARE) / SPEECH_SHARE;
            samples.extend_from_slice(utterance);
            samples.resize(samples.len() + silence as usize, 0);
        }
    }
    for sample in &mut samples {
        let noise = random.random_range(-NOISE_AMPLITUDE..=NOISE_AMPLITUDE);
        *sample = sample.saturating_add(noise);
    }
    Ok(samples)
}

/// The recordings in `folder` at `rate`, one after the other without a pause.
///
/// # Errors
///
/// [`ConversationError`] if there are no recordings that can be read.
pub fn speech(folder: &Path, rate: SampleRate) -> Result<Vec<i16>, ConversationError> {
    Ok(utterances(folder, rate)?.concat())
}

fn utterances(folder: &Path, rate: SampleRate) -> Result<Vec<Vec<i16>>, ConversationError> {
    let mut utterances = Vec::new();
    for path in recordings(folder)? {
        utterances.push(file::read_mono(&path, rate)?);
    }
    if utterances.iter().all(Vec::is_empty) {
        return Err(ConversationError::Empty {
            folder: folder.to_owned(),
        });
    }
    Ok(utterances)
}

fn recordings(folder: &Path) -> Result<Vec<PathBuf>, ConversationError> {
    let failed = |source| ConversationError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "wav") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(ConversationError::Empty {
            folder: folder.to_owned(),
        });
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use audio::wav::WavWriter;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.wav");
        let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 1).unwrap();
        writer.write(&[8_000; 9_000]).unwrap();
        writer.finish().unwrap();
        folder
    }

    #[test]
    fn about_45_percent_is_speech_and_the_rest_is_noise() {
        let folder = folder();
        let samples = conversation(folder.path(), SampleRate::HZ_8000, 1).unwrap();
        let speech = samples.iter().filter(|sample| **sample > 7_000).count();
        let share = speech as f64 / samples.len() as f64;
        assert!((share - SPEECH_SHARE).abs() < 0.001, "{share}");
        assert!(samples.len() >= 480_000);
        assert!(samples.iter().any(|sample| *sample != 0 && *sample < 100));
    }

    #[test]
    fn one_seed_gives_one_conversation() {
        let folder = folder();
        let of = |seed| conversation(folder.path(), SampleRate::HZ_8000, seed).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_folder_without_recordings_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = conversation(folder.path(), SampleRate::HZ_8000, 1);
        assert!(matches!(refused, Err(ConversationError::Empty { .. })));
        let missing = conversation(&folder.path().join("no"), SampleRate::HZ_8000, 1);
        assert!(matches!(missing, Err(ConversationError::Folder { .. })));
    }
}
