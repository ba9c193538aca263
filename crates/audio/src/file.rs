//! Reading audio files: WAV, with 8 to 32-bit integer, float or G.711 samples.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::resample::{ResampleError, resample};
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
    #[error("cannot read {} as audio: {reason}; expected a WAV file", path.display())]
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
    let file = File::open(path).map_err(|source| ReadAudioError::Open {
        path: path.to_path_buf(),
        source,
    })?;
    decode(file).map_err(|error| ReadAudioError::Unsupported {
        path: path.to_path_buf(),
        reason: error.to_string(),
    })
}

fn decode(file: File) -> Result<(SampleRate, Vec<Vec<i16>>), Error> {
    let source = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe().probe(
        &Hint::new(),
        source,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or(Error::Unsupported("the file has no audio track"))?;
    let track_id = track.id;
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
    let count = parameters
        .channels
        .as_ref()
        .map(|channels| channels.count())
        .filter(|&count| count > 0)
        .ok_or(Error::Unsupported("the file has no channels"))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())?;

    let mut channels = vec![Vec::new(); count];
    read_packets(&mut *format, &mut *decoder, track_id, &mut channels)?;
    Ok((rate, channels))
}

fn read_packets(
    format: &mut dyn FormatReader,
    decoder: &mut dyn AudioDecoder,
    track_id: u32,
    channels: &mut [Vec<i16>],
) -> Result<(), Error> {
    let mut decoded: Vec<Vec<i16>> = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(()),
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if packet.track_id != track_id {
            continue;
        }
        decoder.decode(&packet)?.copy_to_vecs_planar(&mut decoded);
        for (channel, samples) in channels.iter_mut().zip(&decoded) {
            channel.extend_from_slice(samples);
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
