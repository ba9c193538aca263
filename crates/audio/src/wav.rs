//! Writing WAV files that survive the end of the process.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::units::SampleRate;

/// Why a WAV file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteWavError {
    /// The file system refused. The file remains valid as of its last flush; the
    /// writer is of no more use.
    #[error("cannot write {}: {source}; check that the directory exists and has room", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A WAV file has 1 to 64 channels here.
    #[error("a WAV file of {channels} channels was asked for; expected 1 to 64")]
    Channels {
        /// The number asked for.
        channels: u16,
    },
    /// The samples do not fill whole frames; none of them was written.
    #[error("{samples} samples are not a whole number of frames of {channels} channels")]
    PartialFrame {
        /// The number of samples given.
        samples: usize,
        /// Channels of the file.
        channels: u16,
    },
    /// The file has reached the 4 GiB that the format can describe. It is valid
    /// as it is; what comes next belongs into another file.
    #[error("{} has reached the 4 GiB that a WAV file can have; continue in another file", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}

/// Writes 16-bit PCM into a WAV file.
///
/// Samples are buffered. The file on disk is a valid WAV of everything up to the
/// last [`WavWriter::flush`], even if the process is killed right after it.
/// Dropping the writer flushes too, but cannot tell of an error.
#[derive(Debug)]
pub struct WavWriter {
    file: BufWriter<File>,
    path: PathBuf,
    rate: SampleRate,
    channels: u16,
    /// Bytes of samples written so far.
    data_len: u32,
    /// Bytes of samples that the header on disk tells of.
    described: u32,
}

impl WavWriter {
    /// Creates the file at `path`, or empties the one that is there, and makes it
    /// a valid WAV of no samples. Samples of the `channels` will be interleaved.
    ///
    /// # Errors
    ///
    /// [`WriteWavError::Channels`] if `channels` is not 1 to 64,
    /// [`WriteWavError::Io`] if the file cannot be created.
    pub fn create(
        path: impl AsRef<Path>,
        rate: SampleRate,
        channels: u16,
    ) -> Result<Self, WriteWavError> {
        let path = path.as_ref().to_path_buf();
        if !(1..=64).contains(&channels) {
            return Err(WriteWavError::Channels { channels });
        }
        let created = File::create(&path).and_then(|mut file| {
            file.write_all(&header(rate, channels, 0))?;
            Ok(BufWriter::new(file))
        });
        match created {
            Ok(file) => Ok(Self {
                file,
                path,
                rate,
                channels,
                data_len: 0,
                described: 0,
            }),
            Err(source) => Err(WriteWavError::Io { path, source }),
        }
    }

    /// Appends samples, those of one instant next to each other.
    ///
    /// # Errors
    ///
    /// [`WriteWavError::PartialFrame`] if an instant is incomplete,
    /// [`WriteWavError::Full`] if they do not fit into the file any more,
    /// [`WriteWavError::Io`] if the file cannot be written.
    pub fn write(&mut self, interleaved: &[i16]) -> Result<(), WriteWavError> {
        let samples = interleaved.len();
        if !samples.is_multiple_of(usize::from(self.channels)) {
            return Err(WriteWavError::PartialFrame {
                samples,
                channels: self.channels,
            });
        }
        let added = u32::try_from(samples * 2).ok();
        let data_len = added.and_then(|added| self.data_len.checked_add(added));
        let Some(data_len) = data_len.filter(|&len| len <= LONGEST_DATA) else {
            return Err(WriteWavError::Full {
                path: self.path.clone(),
            });
        };
        for sample in interleaved {
            self.file
                .write_all(&sample.to_le_bytes())
                .map_err(|source| self.io_error(source))?;
        }
        self.data_len = data_len;
        Ok(())
    }

    /// Puts everything written so far into the file, then corrects the header, so
    /// that the file is a valid WAV up to here.
    ///
    /// # Errors
    ///
    /// [`WriteWavError::Io`] if the file cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteWavError> {
        self.describe().map_err(|source| self.io_error(source))
    }

    /// Flushes and closes the file.
    ///
    /// # Errors
    ///
    /// [`WriteWavError::Io`] if the file cannot be written.
    pub fn finish(mut self) -> Result<(), WriteWavError> {
        self.flush()
    }

    fn describe(&mut self) -> io::Result<()> {
        self.file.flush()?;
        if self.described == self.data_len {
            return Ok(());
        }
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header(self.rate, self.channels, self.data_len))?;
        file.seek(SeekFrom::End(0))?;
        self.described = self.data_len;
        Ok(())
    }

    fn io_error(&self, source: io::Error) -> WriteWavError {
        WriteWavError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for WavWriter {
    fn drop(&mut self) {
        // Whoever needs to know calls `finish`.
        let _ = self.describe();
    }
}

/// Bytes before the samples of a file that [`WavWriter`] writes.
pub const HEADER_LEN: u32 = 44;
/// The most bytes of samples in a file: the RIFF size counts everything after its own eight bytes in
/// 32 bits.
pub const LONGEST_DATA: u32 = u32::MAX - (HEADER_LEN - 8);
const LINEAR_PCM: u16 = 1;

/// The canonical header of a WAV file with `data_len` bytes of 16-bit samples, at most
/// [`LONGEST_DATA`].
pub fn header(rate: SampleRate, channels: u16, data_len: u32) -> [u8; HEADER_LEN as usize] {
    let bytes_per_instant = channels * 2;
    let mut header = [0; HEADER_LEN as usize];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(data_len + HEADER_LEN - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &LINEAR_PCM.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.hertz().to_le_bytes(),
        &(rate.hertz() * u32::from(bytes_per_instant)).to_le_bytes(),
        &bytes_per_instant.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data_len.to_le_bytes(),
    ];
    for (place, byte) in header.iter_mut().zip(fields.into_iter().flatten()) {
        *place = *byte;
    }
    header
}
