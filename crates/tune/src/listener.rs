//! What the models say about a stretch of audio.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use audio::SampleRate;
use sha2::{Digest, Sha256};
use speech::{JudgeTurnError, RecogniseError, Recogniser, TurnJudge, Utterance};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

/// Why a model said nothing.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The words were not recognised.
    #[error(transparent)]
    Words(#[from] RecogniseError),
    /// The sound was not judged.
    #[error(transparent)]
    Sound(#[from] JudgeTurnError),
}

/// Recognises words and judges the sound of a turn.
pub trait Listener {
    /// The words of the audio.
    ///
    /// # Errors
    ///
    /// [`ListenError`] if there is no telling.
    fn words(&mut self, samples: &[i16], rate: SampleRate) -> Result<String, ListenError>;

    /// How likely the speaker has finished, 0 to 1.
    ///
    /// # Errors
    ///
    /// [`ListenError`] if there is no telling.
    fn sound(&mut self, samples: &[i16], rate: SampleRate) -> Result<f32, ListenError>;
}

/// The models of the calls, and all that they have said so far: the same audio is never judged
/// twice.
pub struct Models<'a> {
    runtime: Runtime,
    recogniser: &'a dyn Recogniser,
    judge: &'a dyn TurnJudge,
    words: BTreeMap<String, String>,
    sounds: BTreeMap<String, f32>,
}

impl<'a> Models<'a> {
    /// Listens with these models.
    ///
    /// # Errors
    ///
    /// If the system gives no runtime to wait for the models in.
    pub fn new(recogniser: &'a dyn Recogniser, judge: &'a dyn TurnJudge) -> io::Result<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().build()?,
            recogniser,
            judge,
            words: BTreeMap::new(),
            sounds: BTreeMap::new(),
        })
    }

    /// Takes over what was said before, from a file with what was
    /// [`kept`](Self::kept). A file that
    /// is not there says nothing.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not one of these.
    pub fn recall(&mut self, file: &Path) -> io::Result<()> {
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        (self.words, self.sounds) = serde_json::from_str(&text)?;
        Ok(())
    }

    /// What was said so far, for [`recall`](Self::recall).
    ///
    /// # Errors
    ///
    /// If a judgement is no number.
    pub fn kept(&self) -> io::Result<String> {
        Ok(serde_json::to_string(&(&self.words, &self.sounds))?)
    }
}

impl Listener for Models<'_> {
    fn words(&mut self, samples: &[i16], rate: SampleRate) -> Result<String, ListenError> {
        let name = name(samples, rate);
        if let Some(words) = self.words.get(&name) {
            return Ok(words.clone());
        }
        let recognised = self.recogniser.recognise(utterance(samples, rate));
        let text = self.runtime.block_on(recognised)?.text;
        self.words.insert(name, text.clone());
        Ok(text)
    }

    fn sound(&mut self, samples: &[i16], rate: SampleRate) -> Result<f32, ListenError> {
        let name = name(samples, rate);
        if let Some(sound) = self.sounds.get(&name) {
            return Ok(*sound);
        }
        let sound = self
            .runtime
            .block_on(self.judge.judge(utterance(samples, rate)))?;
        self.sounds.insert(name, sound);
        Ok(sound)
    }
}

fn utterance(samples: &[i16], rate: SampleRate) -> Utterance {
    Utterance {
        samples: samples.to_vec(),
        rate,
    }
}

/// What some audio is remembered by.
fn name(samples: &[i16], rate: SampleRate) -> String {
    let mut digest = Sha256::new();
    digest.update(rate.hertz().to_le_bytes());
    for sample in samples {
        digest.update(sample.to_le_bytes());
    }
    digest
        .finalize()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
