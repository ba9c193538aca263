//! What a caller says, read from a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::SampleRate;
use audio::file::ReadAudioError;

use crate::caller::Utterance;
use crate::stages::Stages;
use crate::truth::Pause;

/// The longest recording that is replayed.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadAudioError),
    /// The file holds no sample.
    #[error("{} holds no audio; expected at least a moment of it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file has channels that differ, and nobody said which is the caller's.
    #[error(
        "{} has {count} channels that differ; say which one is the caller's with --channel, 1 to {count}",
        path.display()
    )]
    WhichChannel {
        /// The file.
        path: PathBuf,
        /// How many channels it has.
        count: usize,
    },
    /// The file has no such channel.
    #[error("{} has no channel {asked}; expected 1 to {count}", path.display())]
    NoChannel {
        /// The file.
        path: PathBuf,
        /// The channel that was asked for, from 1.
        asked: usize,
        /// How many channels it has.
        count: usize,
    },
}

/// One channel of an audio file, at the rate of a line.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(crate) utterance: Utterance,
}

impl Recording {
    /// Reads a file of at most [`LONGEST`], for a line at `rate`. `channel` says which of several
    /// is the caller's, from 1; it may be left out where all are the same.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]; its message names the file.
    pub fn load(
        path: &Path,
        channel: Option<usize>,
        rate: SampleRate,
        stages: &mut Stages,
    ) -> Result<Self, RecordingError> {
        let channels = audio::file::read_channels_at(path, rate, LONGEST)?;
        let samples = choose(path, channels, channel)?;
        if samples.is_empty() {
            return Err(RecordingError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self::of(samples, rate, stages))
    }

    /// These samples, at the rate of a line.
    pub fn of(samples: Vec<i16>, rate: SampleRate, stages: &mut Stages) -> Self {
        let speech = stages.speech(&samples, rate);
        let utterance = Utterance {
            samples: samples.into(),
            speech,
            pauses: None,
        };
        Self { utterance }
    }

    /// The same, of which the pauses are known, in their order: turns that are cut off or missed
    /// are counted by them.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Vec<Pause>) -> Self {
        self.utterance.pauses = Some(pauses.into());
        self
    }
}

fn choose(
    path: &Path,
    mut channels: Vec<Vec<i16>>,
    channel: Option<usize>,
) -> Result<Vec<i16>, RecordingError> {
    let count = channels.len();
    let path = || path.to_owned();
    if let Some(asked) = channel {
        let index = asked.checked_sub(1).filter(|&index| index < count);
        let index = index.ok_or_else(|| RecordingError::NoChannel {
            path: path(),
            asked,
            count,
        })?;
        return Ok(channels.swap_remove(index));
    }
    let mut others = channels.iter().skip(1);
    if others.any(|other| Some(other) != channels.first()) {
        return Err(RecordingError::WhichChannel {
            path: path(),
            count,
        });
    }
    Ok(channels.swap_remove(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(channels: &[&[i16]], channel: Option<usize>) -> Result<Vec<i16>, String> {
        let channels = channels.iter().map(|samples| samples.to_vec()).collect();
        choose(Path::new("call.wav"), channels, channel).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_channel_is_the_callers() {
        assert_eq!(chosen(&[&[1, 2]], None), Ok(vec![1, 2]));
        assert_eq!(chosen(&[&[1, 2], &[1, 2]], None), Ok(vec![1, 2]));
    }

    #[test]
    fn of_channels_that_differ_one_has_to_be_chosen() {
        let refused = chosen(&[&[1], &[2]], None).unwrap_err();
        assert!(refused.contains("--channel, 1 to 2"), "{refused}");
        assert_eq!(chosen(&[&[1], &[2]], Some(2)), Ok(vec![2]));
    }

    #[test]
    fn a_channel_that_is_not_there_is_refused() {
        for channel in [0, 3] {
            let refused = chosen(&[&[1], &[2]], Some(channel)).unwrap_err();
            assert!(refused.contains("expected 1 to 2"), "{refused}");
        }
    }
}
