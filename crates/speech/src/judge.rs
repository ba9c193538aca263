//! Whether a turn sounds complete: Smart Turn on a pool of threads.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use audio::SampleRate;
use audio::resample::resample;
use onnx::{LoadModelError, Runtime};
use smart_turn::SmartTurn;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::pool::{Pool, PoolMeter, Refused};
use crate::recogniser::Utterance;

/// What the model hears.
const RATE: SampleRate = SampleRate::HZ_16000;

/// Why nothing is said about a turn.
#[derive(Debug, Error)]
pub enum JudgeTurnError {
    /// Too much work is waiting; the decision goes on without.
    #[error("the judge of turns is busy: {waiting} are waiting, none more are taken")]
    Busy {
        /// Turns that wait, the full length of the queue.
        waiting: usize,
    },
    /// The judge was shut down or lost the turn.
    #[error("the judge of turns stopped before this one was judged")]
    Stopped,
    /// This turn cannot be judged; the same one would fail again.
    #[error("the turn cannot be judged: {reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
}

/// Judges by its sound whether a turn is complete.
#[async_trait]
pub trait TurnJudge: Send + Sync {
    /// How likely the speaker has finished, 0 to 1, asked at a pause: `turn` is what was said up
    /// to now, of which the last 8 s count. Dropping the future takes the turn out of the queue.
    async fn judge(&self, turn: Utterance) -> Result<f32, JudgeTurnError>;
}

/// Where Smart Turn's file is and how much it may do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundJudgeConfig {
    /// The model file.
    pub model: PathBuf,
    /// Threads that judge, each with its own copy of the model: about 30 MB.
    pub workers: usize,
    /// Turns that may wait for a thread; more are refused.
    pub queue: usize,
}

/// Why the judge could not be started.
#[derive(Debug, Error)]
pub enum StartSoundJudgeError {
    /// The model file is missing or wrong.
    #[error(transparent)]
    Model(#[from] LoadModelError),
    /// The configuration asks for no worker or no place in the queue.
    #[error("the judge of turns needs at least one worker and one place in its queue")]
    Nothing,
    /// The system gave no thread.
    #[error("cannot start a thread for the judge of turns: {0}")]
    Thread(#[from] io::Error),
}

/// Smart Turn v3.2 on a pool of threads. Dropping it ends the threads, after at most one turn
/// each.
pub struct SoundJudge {
    pool: Pool<Job>,
}

struct Job {
    turn: Utterance,
    reply: oneshot::Sender<Result<f32, JudgeTurnError>>,
}

impl SoundJudge {
    /// Loads the model once for each worker and starts the threads.
    ///
    /// # Errors
    ///
    /// [`StartSoundJudgeError`]; turns can then be judged by their words alone.
    pub fn start(
        runtime: &Runtime,
        config: &SoundJudgeConfig,
    ) -> Result<Self, StartSoundJudgeError> {
        if config.workers == 0 || config.queue == 0 {
            return Err(StartSoundJudgeError::Nothing);
        }
        let mut workers = Vec::with_capacity(config.workers);
        for _ in 0..config.workers {
            let mut model = SmartTurn::load(runtime, &config.model)?;
            workers.push(move |job: Job| {
                // Who asked may have gone away.
                if !job.reply.is_closed() {
                    let _ = job.reply.send(judge(&mut model, &job.turn));
                }
            });
        }
        Ok(Self {
            pool: Pool::start("turn-judge", config.queue, workers)?,
        })
    }

    /// What the queue of turns counts.
    pub fn meter(&self) -> PoolMeter {
        self.pool.meter()
    }
}

#[async_trait]
impl TurnJudge for SoundJudge {
    async fn judge(&self, turn: Utterance) -> Result<f32, JudgeTurnError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.pool.queue();
        // Held until the answer is there: a future that is dropped gives the place back.
        let _place = queue
            .submit(Job { turn, reply })
            .map_err(|refused| match refused {
                Refused::Full { waiting } => JudgeTurnError::Busy { waiting },
                Refused::Closed => JudgeTurnError::Stopped,
            })?;
        answer.await.unwrap_or(Err(JudgeTurnError::Stopped))
    }
}

fn judge(model: &mut SmartTurn, turn: &Utterance) -> Result<f32, JudgeTurnError> {
    let failed = |reason: String| JudgeTurnError::Failed { reason };
    let wide =
        resample(&turn.samples, turn.rate, RATE).map_err(|error| failed(error.to_string()))?;
    model
        .judge(&wide)
        .map_err(|error| failed(error.to_string()))
}
