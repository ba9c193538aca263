//! Writing a recording.

use std::io;
use std::path::{Path, PathBuf};

use audio::SampleRate;
use audio::wav::{LONGEST_DATA, WavWriter, WriteWavError};

use crate::key::Key;
use crate::sealed::SealedWriter;

/// Why a recording breaks off. What was flushed stays.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Of a plain file.
    #[error(transparent)]
    Wav(#[from] WriteWavError),
    /// Of a sealed one.
    #[error("cannot write {}: {source}; check that the directory exists and has room", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is as long as a WAV file can be.
    #[error("{} is as long as a WAV file can be", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}

/// A recording of 16-bit samples that is being written. Whatever was flushed is there when the
/// process is killed.
#[derive(Debug)]
pub struct Writer(Kind);

#[derive(Debug)]
enum Kind {
    Plain(WavWriter),
    Sealed {
        writer: Box<SealedWriter>,
        path: PathBuf,
        written: u64,
    },
}

impl Writer {
    /// Creates the file, or empties the one that is there. Samples of the `channels`, 1 to 64, will
    /// be interleaved. With a key it is sealed.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the file can not be created.
    pub fn create(
        path: &Path,
        rate: SampleRate,
        channels: u16,
        key: Option<&Key>,
    ) -> Result<Self, WriteError> {
        let Some(key) = key else {
            let writer = WavWriter::create(path, rate, channels)?;
            return Ok(Self(Kind::Plain(writer)));
        };
        let path = path.to_owned();
        match SealedWriter::create(&path, key, rate, channels) {
            Ok(writer) => Ok(Self(Kind::Sealed {
                writer: Box::new(writer),
                path,
                written: 0,
            })),
            Err(source) => Err(WriteError::Sealed { path, source }),
        }
    }

    /// Appends samples, those of one instant next to each other.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the writer is of no more use.
    pub fn write(&mut self, interleaved: &[i16]) -> Result<(), WriteError> {
        match &mut self.0 {
            Kind::Plain(writer) => Ok(writer.write(interleaved)?),
            Kind::Sealed {
                writer,
                path,
                written,
            } => {
                *written += 2 * interleaved.len() as u64;
                if *written > u64::from(LONGEST_DATA) {
                    return Err(WriteError::Full { path: path.clone() });
                }
                writer
                    .write(interleaved)
                    .map_err(|source| sealed(path, source))
            }
        }
    }

    /// Makes the file whole up to here.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the writer is of no more use.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        match &mut self.0 {
            Kind::Plain(writer) => Ok(writer.flush()?),
            Kind::Sealed { writer, path, .. } => {
                writer.flush().map_err(|source| sealed(path, source))
            }
        }
    }
}

fn sealed(path: &Path, source: io::Error) -> WriteError {
    WriteError::Sealed {
        path: path.to_owned(),
        source,
    }
}
