//! From a recording to what was said in it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use audio::file::{AudioFile, ReadAudioError};
use onnx::Runtime;
use speech::{MoonshineDecoder, StartMoonshineError, Utterance};
use thiserror::Error;
use vad::{Backend, Detector, LoadDetectorError, LoadKernelError, Settings};

use crate::side::{Cut, RATE, Side};

/// How much of a file tells whether its two channels are the same sound.
const COMPARED: Duration = Duration::from_secs(120);
/// How far samples of the same sound may lie apart after lossy compression.
const SAME: u16 = 64;

/// Where the models are.
#[derive(Clone, Debug)]
pub struct Models {
    /// ONNX Runtime.
    pub runtime: Runtime,
    /// The file of the voice detector.
    pub silero: PathBuf,
    /// The folder of the recogniser.
    pub moonshine: PathBuf,
}

/// Why nothing can be transcribed.
#[derive(Debug, Error)]
pub enum LoadTranscriberError {
    /// The voice detector can not be loaded.
    #[error(transparent)]
    Detector(#[from] LoadDetectorError),
    /// The recogniser can not be loaded.
    #[error(transparent)]
    Recogniser(#[from] StartMoonshineError),
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The one who works for the workspace.
    Agent,
    /// The one at the other end.
    Customer,
    /// Anybody: all speak in one channel.
    Anyone,
}

/// A file to be transcribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The file: WAV, FLAC, MP3 or Ogg Vorbis, told apart by what is in it.
    pub path: PathBuf,
    /// The one who speaks in it, if it is one; else a file with two channels has the customer left
    /// and the agent right.
    pub speaker: Option<Speaker>,
}

/// What is told while a recording is transcribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Somebody said something.
    Heard(Segment),
    /// So many of a hundred parts are done.
    Progress(u8),
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Who.
    pub speaker: Speaker,
    /// From the start of the file.
    pub start: Duration,
    /// From the start of the file.
    pub end: Duration,
    /// The words.
    pub text: String,
}

/// Why a recording was not transcribed. The messages name no path.
#[derive(Debug, Error)]
pub enum TranscribeError {
    /// The file can not be read; neither can it tomorrow.
    #[error("the audio can not be read: {0}; expected WAV, FLAC, MP3 or Ogg Vorbis")]
    Unreadable(String),
    /// There is no sound in the file.
    #[error("the audio holds no samples")]
    Empty,
    /// The file lasts longer than the caller allows.
    #[error("the audio is longer than {} minutes", .0.as_secs() / 60)]
    TooLong(Duration),
    /// A model failed.
    #[error("the recogniser failed: {0}")]
    Model(String),
    /// The caller wanted no more.
    #[error("it was given up")]
    GivenUp,
}

/// Transcribes recordings on the thread that holds it, one after the other.
pub struct Transcriber {
    detector: Detector,
    recogniser: MoonshineDecoder,
}

impl Models {
    /// Loads the models, some 70 MB, in some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`LoadTranscriberError`].
    pub fn load(&self) -> Result<Transcriber, LoadTranscriberError> {
        let load = |settings| Detector::load(&self.runtime, &self.silero, RATE, settings);
        let detector = match load(Settings::default()) {
            Err(LoadDetectorError::Kernel(LoadKernelError::Graph { .. })) => load(Settings {
                backend: Backend::Onnx,
                ..Settings::default()
            })?,
            loaded => loaded?,
        };
        Ok(Transcriber {
            detector,
            recogniser: MoonshineDecoder::load(&self.runtime, &self.moonshine)?,
        })
    }
}

/// What is asked of a transcriber beside the recordings.
pub struct Terms<'a> {
    /// Everything of a speaker before this is passed over: what an earlier try told is not told
    /// again.
    pub heard_until: &'a dyn Fn(Speaker) -> Duration,
    /// Longer files are refused, at the latest once so much of them was read.
    pub longest: Duration,
    /// Whether nobody wants it any more; asked between two words.
    pub given_up: &'a dyn Fn() -> bool,
    /// Is told what was heard and how far it is; breaks off what nobody wants any more.
    pub report: &'a mut dyn FnMut(Report) -> ControlFlow<()>,
}

impl Transcriber {
    /// Transcribes the recordings of one conversation, which begin together, one after the other.
    ///
    /// # Errors
    ///
    /// [`TranscribeError`] as its variants say.
    pub fn transcribe(
        &mut self,
        recordings: &[Recording],
        terms: Terms<'_>,
    ) -> Result<(), TranscribeError> {
        let mut work = Work {
            transcriber: self,
            terms,
            files: recordings.len().max(1),
            done: 0,
            told: 0,
        };
        for recording in recordings {
            work.transcribe(recording)?;
            work.done += 1;
        }
        Ok(())
    }
}

/// One conversation that is being transcribed.
struct Work<'t, 'a> {
    transcriber: &'t mut Transcriber,
    terms: Terms<'a>,
    files: usize,
    /// Files that are done.
    done: usize,
    /// The last progress that was told.
    told: u8,
}

impl Work<'_, '_> {
    fn transcribe(&mut self, recording: &Recording) -> Result<(), TranscribeError> {
        let mut file = open(recording)?;
        let longest = self.terms.longest;
        if file.declared().is_some_and(|declared| declared > longest) {
            return Err(TranscribeError::TooLong(longest));
        }
        let speakers = speakers(recording, &file)?;
        let rate = file.rate();
        let side = |speaker: &Speaker| {
            let from = (self.terms.heard_until)(*speaker);
            Side::new(rate, from).map_err(|error| TranscribeError::Unreadable(error.to_string()))
        };
        let sides: Result<Vec<Side>, TranscribeError> = speakers.iter().map(side).collect();
        let mut sides = sides?;
        let (whole, most) = (file.declared(), rate.samples_in(longest));
        let mut read = 0;
        let mut mixed = Vec::new();
        while let Some(channels) = file.next_piece().map_err(unreadable)? {
            read += channels.first().map_or(0, Vec::len);
            if read > most {
                return Err(TranscribeError::TooLong(longest));
            }
            for (index, side) in sides.iter_mut().enumerate() {
                let samples = if speakers.len() == 1 {
                    mix(channels, &mut mixed);
                    &mixed
                } else {
                    channels.get(index).map_or(&[][..], Vec::as_slice)
                };
                let cuts = side.take(samples, &mut self.transcriber.detector);
                self.recognise(speakers[index], cuts.map_err(model)?)?;
            }
            if (self.terms.given_up)() {
                return Err(TranscribeError::GivenUp);
            }
            if let Some(whole) = whole {
                self.progress(rate.duration_of(read).as_secs_f64() / whole.as_secs_f64())?;
            }
        }
        if read == 0 {
            return Err(TranscribeError::Empty);
        }
        for (side, &speaker) in sides.iter_mut().zip(&speakers) {
            let cuts = side.finish(&mut self.transcriber.detector);
            self.recognise(speaker, cuts.map_err(model)?)?;
        }
        self.progress(1.0)
    }

    fn recognise(&mut self, speaker: Speaker, cuts: Vec<Cut>) -> Result<(), TranscribeError> {
        for cut in cuts {
            let utterance = Utterance {
                samples: cut.samples,
                rate: RATE,
            };
            let recogniser = &mut self.transcriber.recogniser;
            let text = recogniser.recognise(&utterance, self.terms.given_up);
            let text = text.map_err(model)?.ok_or(TranscribeError::GivenUp)?;
            if text.is_empty() {
                continue;
            }
            self.tell(Report::Heard(Segment {
                speaker,
                start: cut.start,
                end: cut.end,
                text,
            }))?;
        }
        Ok(())
    }

    /// Tells of the next hundredth. All of it is done only when the caller says so.
    fn progress(&mut self, part: f64) -> Result<(), TranscribeError> {
        let all = (self.done as f64 + part.clamp(0.0, 1.0)) / self.files as f64;
        let percent = (all * 100.0).clamp(0.0, 99.0) as u8;
        if percent <= self.told {
            return Ok(());
        }
        self.told = percent;
        self.tell(Report::Progress(percent))
    }

    fn tell(&mut self, report: Report) -> Result<(), TranscribeError> {
        match (self.terms.report)(report) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(TranscribeError::GivenUp),
        }
    }
}

fn open(recording: &Recording) -> Result<AudioFile, TranscribeError> {
    AudioFile::open(&recording.path).map_err(unreadable)
}

/// Who speaks in the file, side by side.
fn speakers(recording: &Recording, file: &AudioFile) -> Result<Vec<Speaker>, TranscribeError> {
    match recording.speaker {
        Some(speaker) => Ok(vec![speaker]),
        None if file.channels() == 2 && !is_same_sound(recording)? => {
            Ok(vec![Speaker::Customer, Speaker::Agent])
        }
        None => Ok(vec![Speaker::Anyone]),
    }
}

/// Whether both channels of a file are one and the same, as far as its beginning tells.
fn is_same_sound(recording: &Recording) -> Result<bool, TranscribeError> {
    let mut file = open(recording)?;
    let most = file.rate().samples_in(COMPARED);
    let mut read = 0;
    while let Some(channels) = file.next_piece().map_err(unreadable)? {
        let [left, right] = channels else {
            return Ok(false);
        };
        let mut pairs = left.iter().zip(right);
        if pairs.any(|(left, right)| left.abs_diff(*right) > SAME) {
            return Ok(false);
        }
        read += left.len();
        if read > most {
            break;
        }
    }
    Ok(true)
}

/// The average of the channels.
fn mix(channels: &[Vec<i16>], mixed: &mut Vec<i16>) {
    mixed.clear();
    let count = i32::try_from(channels.len()).unwrap_or(i32::MAX).max(1);
    let length = channels.iter().map(Vec::len).min().unwrap_or(0);
    mixed.extend((0..length).map(|place| {
        let samples = channels.iter().filter_map(|channel| channel.get(place));
        let sum: i32 = samples.map(|&sample| i32::from(sample)).sum();
        (sum / count) as i16
    }));
}

/// Without the path, which tells of the node.
fn unreadable(error: ReadAudioError) -> TranscribeError {
    TranscribeError::Unreadable(match error {
        ReadAudioError::Open { source, .. } => source.to_string(),
        ReadAudioError::Unsupported { reason, .. } => reason,
        ReadAudioError::Resample { source, .. } => source.to_string(),
        ReadAudioError::TooLong { longest, .. } => {
            return TranscribeError::TooLong(longest);
        }
    })
}

fn model(error: impl std::fmt::Display) -> TranscribeError {
    TranscribeError::Model(error.to_string())
}
