use std::path::PathBuf;

use audio::SampleRate;
use recordings::{Key, WriteError, Writer};

/// Channels of a recording: caller left, agent right.
const CHANNELS: u16 = 2;

/// A call's recording: made when there is something to write, and of use as far as it could be written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    path: PathBuf,
    /// What it is sealed with.
    key: Option<Key>,
    rate: SampleRate,
    state: State,
    /// Whether samples were written that the file does not tell of yet.
    unsaved: bool,
    /// Whether the file tells of any sound.
    has_sound: bool,
}

#[derive(Debug)]
enum State {
    Waiting,
    Open(Writer),
    Broken,
}

impl RecordingFile {
    pub(super) fn new(path: PathBuf, key: Option<Key>, rate: SampleRate) -> Self {
        Self {
            path,
            key,
            rate,
            state: State::Waiting,
            unsaved: false,
            has_sound: false,
        }
    }

    /// Appends samples of both sides. A failure is told once, in the log; the call goes on.
    pub(super) fn write(&mut self, interleaved: &[i16]) {
        if interleaved.is_empty() {
            return;
        }
        if matches!(self.state, State::Waiting) {
            match Writer::create(&self.path, self.rate, CHANNELS, self.key.as_ref()) {
                Ok(writer) => self.state = State::Open(writer),
                Err(error) => self.fail(&error),
            }
        }
        let State::Open(writer) = &mut self.state else {
            return;
        };
        match writer.write(interleaved) {
            // The first sound is told of at once, so that a file without any stays the exception.
            Ok(()) if self.has_sound => self.unsaved = true,
            Ok(()) => {
                self.unsaved = true;
                self.flush();
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Makes the file valid up to its last sample.
    pub(super) fn flush(&mut self) {
        let State::Open(writer) = &mut self.state else {
            return;
        };
        if let Err(error) = writer.flush() {
            self.fail(&error);
            return;
        }
        self.has_sound |= std::mem::take(&mut self.unsaved);
    }

    /// Closes the file; its path, if it holds any sound.
    pub(super) fn finish(mut self) -> Option<PathBuf> {
        self.flush();
        if !self.has_sound && !matches!(self.state, State::Waiting) {
            // Nobody needs a file without sound; one that cannot be removed does no harm.
            drop(std::fs::remove_file(&self.path));
        }
        self.has_sound.then_some(self.path)
    }

    fn fail(&mut self, error: &WriteError) {
        tracing::error!(%error, "the recording breaks off here");
        if let State::Open(mut writer) = std::mem::replace(&mut self.state, State::Broken)
            && writer.flush().is_ok()
        {
            self.has_sound |= std::mem::take(&mut self.unsaved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn file() -> (RecordingFile, PathBuf, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        (RecordingFile::new(path.clone(), None, RATE), path, folder)
    }

    fn samples(path: &PathBuf) -> usize {
        let (_, sides) = audio::file::read_channels(path).unwrap();
        sides[0].len()
    }

    #[test]
    fn a_call_of_which_nothing_was_recorded_leaves_no_file() {
        let (mut file, path, _folder) = file();
        file.write(&[]);
        file.flush();
        assert_eq!(file.finish(), None);
        assert!(!path.exists());
    }

    #[test]
    fn a_recording_is_the_file_with_its_sound() {
        let (mut file, path, _folder) = file();
        file.write(&[1, 2, 3, 4]);
        assert_eq!(samples(&path), 2, "the first sound is there at once");
        file.write(&[5, 6]);
        assert_eq!(file.finish(), Some(path.clone()));
        assert_eq!(samples(&path), 3);
    }

    #[test]
    fn a_recording_that_broke_off_is_kept_as_far_as_it_went() {
        let (mut file, path, _folder) = file();
        file.write(&[1, 2, 3, 4]);
        file.write(&[5]);
        file.write(&[6, 7]);
        assert_eq!(file.finish(), Some(path.clone()));
        assert_eq!(samples(&path), 2);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_no_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("call.wav");
        let mut file = RecordingFile::new(path, None, RATE);
        file.write(&[1, 2]);
        file.write(&[3, 4]);
        assert_eq!(file.finish(), None);
    }

    #[test]
    fn a_file_that_never_got_sound_is_removed() {
        let (mut file, path, _folder) = file();
        file.write(&[1]);
        assert_eq!(file.finish(), None);
        assert!(!path.exists());
    }
}
