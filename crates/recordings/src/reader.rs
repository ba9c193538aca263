//! Reading a recording as a WAV file, whatever it is kept as.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use audio::wav::{self, LONGEST_DATA};

use crate::key::Keys;
use crate::sealed::{MAGIC, SealedReader, Unopened};

/// Why a recording can not be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused; [`io::ErrorKind::NotFound`] if there is none.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is sealed with a key that is not among those that were given.
    #[error("{} is sealed with another key: name its key among the former ones", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// It begins like a sealed recording and is none.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// A recording that is being read: the bytes of a WAV file.
pub struct Reader(Kind);

enum Kind {
    Plain {
        file: File,
        length: u64,
    },
    Sealed {
        reader: Box<SealedReader>,
        heading: Vec<u8>,
    },
}

impl Reader {
    /// Opens a file of either kind.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(path: &Path, keys: &Keys) -> Result<Self, OpenError> {
        let mut file = File::open(path)?;
        let mut beginning = Vec::with_capacity(MAGIC.len());
        file.by_ref()
            .take(MAGIC.len() as u64)
            .read_to_end(&mut beginning)?;
        if beginning != MAGIC {
            let length = file.metadata()?.len();
            return Ok(Self(Kind::Plain { file, length }));
        }
        let path = || path.to_owned();
        let reader = SealedReader::open(file, keys).map_err(|error| match error {
            Unopened::Io(error) => OpenError::Io(error),
            Unopened::NoKey => OpenError::NoKey { path: path() },
            Unopened::Damaged => OpenError::Damaged { path: path() },
        })?;
        let samples = u32::try_from(reader.length()).ok();
        let samples = samples.filter(|samples| *samples <= LONGEST_DATA);
        let samples = samples.ok_or_else(|| OpenError::Damaged { path: path() })?;
        let heading = wav::header(reader.rate, reader.channels, samples).to_vec();
        Ok(Self(Kind::Sealed {
            reader: Box::new(reader),
            heading,
        }))
    }

    /// Bytes of the WAV file.
    pub fn length(&self) -> u64 {
        match &self.0 {
            Kind::Plain { length, .. } => *length,
            Kind::Sealed { reader, heading } => heading.len() as u64 + reader.length(),
        }
    }

    /// Whether it holds any sound.
    pub fn has_sound(&self) -> bool {
        self.length() > wav::HEADER_LEN.into()
    }

    /// Some bytes from `offset` on, at most `most`; none at the end.
    ///
    /// # Errors
    ///
    /// What the file system says, and [`io::ErrorKind::InvalidData`] for what was tampered with.
    pub fn read(&mut self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        match &mut self.0 {
            Kind::Plain { file, .. } => {
                let mut bytes = Vec::with_capacity(most);
                file.seek(SeekFrom::Start(offset))?;
                file.take(most as u64).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Kind::Sealed { reader, heading } => {
                let before = heading.len() as u64;
                match offset.checked_sub(before) {
                    Some(offset) => reader.read(offset, most),
                    None => {
                        let rest = heading.iter().skip(offset as usize);
                        Ok(rest.take(most).copied().collect())
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}
