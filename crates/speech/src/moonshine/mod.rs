//! The embedded recogniser: Moonshine tiny-en, English only.

mod cut;
mod model;
mod tokenizer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use audio::SampleRate;
use onnx::{LoadModelError, Runtime};
use thiserror::Error;
use tokio::sync::oneshot;

use self::model::Model;
use self::tokenizer::Tokenizer;
use crate::pool::{Pool, PoolMeter, Refused};
use crate::recogniser::{RecogniseError, Recogniser, Recognition, Utterance};

/// What Moonshine hears.
const RATE: SampleRate = SampleRate::HZ_16000;
/// Nothing shorter holds a word.
const SHORTEST: Duration = Duration::from_millis(100);
/// Silence added to the end. Without it a sentence that is cut soon after its last word comes
/// out with a comma at its end, or without the word.
const TAIL: Duration = Duration::from_millis(300);

/// Where Moonshine's files are and how much it may do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoonshineConfig {
    /// Folder with `encoder_model.ort`, `decoder_model_merged.ort` and
    /// `tokenizer.bin`.
    pub folder: PathBuf,
    /// Threads that decode, each with its own copy of the model: about 65 MB.
    pub workers: usize,
    /// Utterances that may wait for a thread; more are refused.
    pub queue: usize,
}

/// Why Moonshine could not be started.
#[derive(Debug, Error)]
pub enum StartMoonshineError {
    /// A file of the model is missing or wrong.
    #[error(transparent)]
    Model(#[from] LoadModelError),
    /// The model does not run on this machine.
    #[error("the Moonshine model does not run: {reason}")]
    Inference {
        /// What ONNX Runtime says.
        reason: String,
    },
    /// The configuration asks for no worker or no place in the queue.
    #[error("the Moonshine recogniser needs at least one worker and one place in its queue")]
    Nothing,
    /// The system gave no thread.
    #[error("cannot start a thread for the Moonshine recogniser: {0}")]
    Thread(#[from] io::Error),
}

/// Moonshine tiny-en on a pool of threads. Dropping it ends the threads, after
/// at most one utterance each; what waits then ends with an error.
///
/// It takes any rate and any length: the audio is resampled to 16 kHz, and what
/// is longer than 15 seconds is cut at its quietest points. An utterance shorter
/// than 100 ms gives an empty text. Everything else is taken for speech: silence
/// and noise come out as invented words, so the caller must not send them.
pub struct Moonshine {
    pool: Pool<Job>,
}

struct Job {
    utterance: Utterance,
    asked: Instant,
    reply: oneshot::Sender<Result<Recognition, RecogniseError>>,
}

impl Moonshine {
    /// Loads the model once for each worker, decodes a moment of silence with
    /// each so that the first caller does not wait longer than others, and starts
    /// the threads. Takes some tenths of a second for each worker.
    ///
    /// # Errors
    ///
    /// [`StartMoonshineError`]; the node cannot listen then.
    pub fn start(runtime: &Runtime, config: &MoonshineConfig) -> Result<Self, StartMoonshineError> {
        if config.workers == 0 || config.queue == 0 {
            return Err(StartMoonshineError::Nothing);
        }
        let tokenizer = Arc::new(Tokenizer::load(&vocabulary(&config.folder))?);
        let mut workers = Vec::with_capacity(config.workers);
        for _ in 0..config.workers {
            let tokenizer = Arc::clone(&tokenizer);
            let mut decoder = MoonshineDecoder::with(runtime, &config.folder, tokenizer)?;
            workers.push(move |job| work(&mut decoder.model, &decoder.tokenizer, job));
        }
        Ok(Self {
            pool: Pool::start("moonshine", config.queue, workers)?,
        })
    }

    /// What the queue of utterances counts.
    pub fn meter(&self) -> PoolMeter {
        self.pool.meter()
    }
}

/// Moonshine tiny-en for the thread that holds it, which does all the work itself: about 65 MB.
/// For work that must not wait in the queue of live calls, nor they in its.
pub struct MoonshineDecoder {
    model: Model,
    tokenizer: Arc<Tokenizer>,
}

impl MoonshineDecoder {
    /// Loads the model in `folder`, as [`MoonshineConfig::folder`], and tries it.
    ///
    /// # Errors
    ///
    /// [`StartMoonshineError`].
    pub fn load(runtime: &Runtime, folder: &Path) -> Result<Self, StartMoonshineError> {
        let tokenizer = Arc::new(Tokenizer::load(&vocabulary(folder))?);
        Self::with(runtime, folder, tokenizer)
    }

    fn with(
        runtime: &Runtime,
        folder: &Path,
        tokenizer: Arc<Tokenizer>,
    ) -> Result<Self, StartMoonshineError> {
        let mut model = Model::load(runtime, folder)?;
        if tokenizer.len() != model.vocabulary() {
            let (found, expected) = (tokenizer.len(), model.vocabulary());
            return Err(StartMoonshineError::Model(LoadModelError::Unusable {
                path: vocabulary(folder),
                reason: format!("it has {found} tokens, the decoder {expected}"),
            }));
        }
        let silence = vec![0.0; RATE.samples_in(Duration::from_secs(1))];
        model
            .decode(&silence, &tokenizer, &|| false)
            .map_err(|error| StartMoonshineError::Inference {
                reason: error.to_string(),
            })?;
        Ok(Self { model, tokenizer })
    }

    /// The text of an utterance, as [`Recogniser::recognise`] gives it; `None` if `given_up` said
    /// so meanwhile.
    ///
    /// # Errors
    ///
    /// [`RecogniseError::Failed`].
    pub fn recognise(
        &mut self,
        utterance: &Utterance,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Option<String>, RecogniseError> {
        recognise(&mut self.model, &self.tokenizer, utterance, given_up)
            .map_err(|reason| RecogniseError::Failed { reason })
    }
}

fn vocabulary(folder: &Path) -> PathBuf {
    folder.join("tokenizer.bin")
}

#[async_trait]
impl Recogniser for Moonshine {
    async fn recognise(&self, utterance: Utterance) -> Result<Recognition, RecogniseError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            utterance,
            asked: Instant::now(),
            reply,
        };
        // Held until the answer is there: a future that is dropped gives the
        // place back.
        let _place = self
            .pool
            .queue()
            .submit(job)
            .map_err(|refused| match refused {
                Refused::Full { waiting } => RecogniseError::Busy { waiting },
                Refused::Closed => RecogniseError::Stopped,
            })?;
        answer.await.unwrap_or(Err(RecogniseError::Stopped))
    }
}

fn work(model: &mut Model, tokenizer: &Tokenizer, job: Job) {
    let Job {
        utterance,
        asked,
        reply,
    } = job;
    let queued = asked.elapsed();
    let begun = Instant::now();
    let text = match recognise(model, tokenizer, &utterance, &|| reply.is_closed()) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => return,
        Err(reason) => Err(RecogniseError::Failed { reason }),
    };
    let took = begun.elapsed();
    let length = utterance.rate.duration_of(utterance.samples.len());
    tracing::debug!(?length, ?queued, ?took, "utterance recognised");
    // Nobody waits for the answer if this fails.
    let _ = reply.send(text.map(|text| Recognition {
        text,
        is_over: None,
        queued,
        took,
    }));
}

/// The text of the whole utterance, `None` if it was given up.
fn recognise(
    model: &mut Model,
    tokenizer: &Tokenizer,
    utterance: &Utterance,
    given_up: &dyn Fn() -> bool,
) -> Result<Option<String>, String> {
    if given_up() {
        return Ok(None);
    }
    if utterance.rate.duration_of(utterance.samples.len()) < SHORTEST {
        return Ok(Some(String::new()));
    }
    let mut samples = audio::resample::resample(&utterance.samples, utterance.rate, RATE)
        .map_err(|error| error.to_string())?;
    samples.resize(samples.len() + RATE.samples_in(TAIL), 0);
    let mut texts = Vec::new();
    for piece in cut::pieces(&samples, RATE) {
        let piece: Vec<f32> = samples[piece]
            .iter()
            .map(|&sample| f32::from(sample) / 32_768.0)
            .collect();
        match model.decode(&piece, tokenizer, given_up) {
            Ok(Some(text)) => texts.push(text),
            Ok(None) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        }
    }
    texts.retain(|text| !text.is_empty());
    Ok(Some(texts.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn work_that_is_given_up_goes_no_further() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let library = root.join("runtime/libonnxruntime.so.1.32.0");
        let folder = root.join("models/moonshine-tiny-en");
        let runtime = Runtime::load(&library).expect("make setup");
        let tokenizer = Tokenizer::load(&folder.join("tokenizer.bin")).expect("make setup");
        let mut model = Model::load(&runtime, &folder).expect("make setup");
        let file = root.join("fixtures/ast_en_vm-msginstruct.wav");
        let mut samples = audio::file::read_mono(file, RATE).expect("readable recording");
        samples = samples.repeat(2);
        let utterance = Utterance {
            samples,
            rate: RATE,
        };
        let asked = Cell::new(0);
        let given_up = || {
            asked.set(asked.get() + 1);
            asked.get() == 5
        };

        let text = recognise(&mut model, &tokenizer, &utterance, &given_up);

        assert_eq!(text, Ok(None));
        assert_eq!(
            asked.get(),
            5,
            "it is asked again and again, until it says so"
        );
    }
}
