//! Reading audio files: WAV, with 8 to 32-bit integer, float or G.711 samples,
//! FLAC, MP3, and Ogg with Vorbis.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::resample::{ResampleError, Resampler, resample};
use crate::units::SampleRate;

/// Why an audio file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadAudioError {
    /// The file system refused.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no audio file, or of a kind that is not supported.
    #[error("cannot read {} as audio: {reason}; expected WAV, FLAC, MP3 or Ogg Vorbis", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be brought to the rate asked for.
    #[error("cannot resample {}: {source}", path.display())]
    Resample {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ResampleError,
    },
    /// The file lasts longer than the caller allows.
    #[error(
        "{} is too long; expected at most {} minutes of audio, cut the file into parts",
        path.display(), longest.as_secs() / 60
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        longest: Duration,
    },
}

/// Reads a whole file as one channel at `rate`: its channels are averaged, then
/// resampled.
///
/// # Errors
///
/// [`ReadAudioError`] as its variants say. A file that ends early is read as far
/// as it goes.
pub fn read_mono(path: impl AsRef<Path>, rate: SampleRate) -> Result<Vec<i16>, ReadAudioError> {
    let path = path.as_ref();
    let (from, channels) = read_channels(path)?;
    resample(&mix_down(channels), from, rate).map_err(|source| ReadAudioError::Resample {
        path: path.to_path_buf(),
        source,
    })
}

/// Reads a whole file: its own rate, and the samples of each channel, all of the
/// same length.
///
/// # Errors
///
/// [`ReadAudioError::Open`] and [`ReadAudioError::Unsupported`]. A file that ends
/// early is read as far as it goes.
pub fn read_channels(
    path: impl AsRef<Path>,
) -> Result<(SampleRate, Vec<Vec<i16>>), ReadAudioError> {
    let path = path.as_ref();
    let mut file = open(path)?;
    let mut channels = vec![Vec::new(); file.channels];
    let read = file.read(|decoded| {
        for (channel, samples) in channels.iter_mut().zip(decoded) {
            channel.extend_from_slice(samples);
        }
        ControlFlow::Continue(())
    });
    read.map_err(|error| unsupported(path, &error))?;
    Ok((file.rate, channels))
}

/// Reads a whole file that lasts at most `longest`: the samples of each channel,
/// resampled to `rate`, all of the same length. What is longer is refused before
/// more than that is decoded.
///
/// # Errors
///
/// [`ReadAudioError`] as its variants say. A file that ends early is read as far
/// as it goes.
pub fn read_channels_at(
    path: impl AsRef<Path>,
    rate: SampleRate,
    longest: Duration,
) -> Result<Vec<Vec<i16>>, ReadAudioError> {
    let path = path.as_ref();
    let mut file = open(path)?;
    let too_long = || ReadAudioError::TooLong {
        path: path.to_path_buf(),
        longest,
    };
    if file.declared.is_some_and(|declared| declared > longest) {
        return Err(too_long());
    }
    let resampler = || Resampler::new(file.rate, rate);
    let resamplers: Result<Vec<Resampler>, _> = (0..file.channels).map(|_| resampler()).collect();
    let mut resamplers = resamplers.map_err(|source| ReadAudioError::Resample {
        path: path.to_path_buf(),
        source,
    })?;
    let most = file.rate.samples_in(longest);
    let mut channels = vec![Vec::new(); file.channels];
    let mut decoded_samples = 0;
    let read = file.read(|decoded| {
        decoded_samples += decoded.first().map_or(0, Vec::len);
        if decoded_samples > most {
            return ControlFlow::Break(());
        }
        let places = channels.iter_mut().zip(&mut resamplers);
        for ((channel, resampler), samples) in places.zip(decoded) {
            resampler.process(samples, channel);
        }
        ControlFlow::Continue(())
    });
    read.map_err(|error| unsupported(path, &error))?;
    if decoded_samples > most {
        return Err(too_long());
    }
    for (channel, resampler) in channels.iter_mut().zip(&mut resamplers) {
        resampler.finish(channel);
    }
    Ok(channels)
}

/// A file that is read piece by piece, however long it is.
pub struct AudioFile {
    opened: Opened,
    path: PathBuf,
    decoded: Vec<Vec<i16>>,
}

impl AudioFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// [`ReadAudioError::Open`] and [`ReadAudioError::Unsupported`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadAudioError> {
        let path = path.into();
        Ok(Self {
            opened: open(&path)?,
            path,
            decoded: Vec::new(),
        })
    }

    /// The file's own rate.
    pub const fn rate(&self) -> SampleRate {
        self.opened.rate
    }

    /// How many channels it has, at least one.
    pub const fn channels(&self) -> usize {
        self.opened.channels
    }

    /// How long it says that it lasts, which need not be true.
    pub const fn declared(&self) -> Option<Duration> {
        self.opened.declared
    }

    /// The samples of each channel of the next piece, some hundreds to some thousands; `None` at
    /// the end. A piece that is damaged is left out, unless all are.
    ///
    /// # Errors
    ///
    /// [`ReadAudioError::Unsupported`]. A file that ends early is read as far as it goes.
    pub fn next_piece(&mut self) -> Result<Option<&[Vec<i16>]>, ReadAudioError> {
        match self.opened.next_piece(&mut self.decoded) {
            Ok(true) => Ok(Some(&self.decoded)),
            Ok(false) => Ok(None),
            Err(error) => Err(unsupported(&self.path, &error)),
        }
    }
}

impl fmt::Debug for AudioFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AudioFile")
            .field("path", &self.path)
            .field("rate", &self.opened.rate)
            .field("channels", &self.opened.channels)
            .finish_non_exhaustive()
    }
}

/// A file whose header has been read.
struct Opened {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: SampleRate,
    channels: usize,
    /// How long it says that it lasts.
    declared: Option<Duration>,
    /// What was wrong with the last damaged packet, as long as none was sound.
    damaged: Option<Error>,
    sound: bool,
}

fn open(path: &Path) -> Result<Opened, ReadAudioError> {
    let file = File::open(path).map_err(|source| ReadAudioError::Open {
        path: path.to_path_buf(),
        source,
    })?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    Opened::new(file, extension).map_err(|error| unsupported(path, &error))
}

fn unsupported(path: &Path, error: &Error) -> ReadAudioError {
    ReadAudioError::Unsupported {
        path: path.to_path_buf(),
        reason: error.to_string(),
    }
}

impl Opened {
    fn new(file: File, extension: Option<&str>) -> Result<Self, Error> {
        let source = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let mut hint = Hint::new();
        if let Some(extension) = extension {
            hint.with_extension(extension);
        }
        let format = symphonia::default::get_probe().probe(
            &hint,
            source,
            FormatOptions::default(),
            MetadataOptions::default(),
        )?;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or(Error::Unsupported("the file has no audio track"))?;
        let parameters = track
            .codec_params
            .as_ref()
            .and_then(|parameters| parameters.audio())
            .ok_or(Error::Unsupported(
                "the audio track does not name its codec",
            ))?;
        let rate = parameters
            .sample_rate
            .and_then(SampleRate::new)
            .ok_or(Error::Unsupported(
                "the sample rate is not within 4 kHz to 192 kHz",
            ))?;
        let channels = parameters
            .channels
            .as_ref()
            .map(|channels| channels.count())
            .filter(|&count| count > 0)
            .ok_or(Error::Unsupported("the file has no channels"))?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
        let samples = track
            .num_frames
            .and_then(|frames| usize::try_from(frames).ok());
        Ok(Self {
            decoder,
            track: track.id,
            rate,
            channels,
            declared: samples.map(|samples| rate.duration_of(samples)),
            damaged: None,
            sound: false,
            format,
        })
    }

    /// Hands out the samples of one packet after the other, by channel, until `take` breaks off.
    fn read(&mut self, mut take: impl FnMut(&[Vec<i16>]) -> ControlFlow<()>) -> Result<(), Error> {
        let mut decoded: Vec<Vec<i16>> = Vec::new();
        while self.next_piece(&mut decoded)? {
            if take(&decoded).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the samples of the next packet, by channel; false at the end. A packet that is
    /// damaged is left out, unless all are.
    fn next_piece(&mut self, decoded: &mut Vec<Vec<i16>>) -> Result<bool, Error> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            };
            if packet.track_id != self.track {
                continue;
            }
            match self.decoder.decode(&packet) {
                Ok(samples) => samples.copy_to_vecs_planar(decoded),
                Err(error @ Error::DecodeError(_)) => {
                    self.damaged = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.sound = true;
            return Ok(true);
        }
        match self.damaged.take() {
            Some(error) if !self.sound => Err(error),
            Some(_) | None => Ok(false),
        }
    }
}

/// The average of the channels.
fn mix_down(mut channels: Vec<Vec<i16>>) -> Vec<i16> {
    if channels.len() == 1 {
        return channels.swap_remove(0);
    }
    let count = channels.len() as i32;
    let len = channels.iter().map(Vec::len).min().unwrap_or(0);
    (0..len)
        .map(|place| {
            let sum: i32 = channels
                .iter()
                .map(|channel| i32::from(channel[place]))
                .sum();
            (sum / count) as i16
        })
        .collect()
}
