//! Turn taking, measured on recorded speech and on sounds that say nothing: whole calls on a
//! virtual clock, over several lines.
//!
//! [`barge_in`] has callers interrupt the agent, [`noise`] lets sounds try to, [`answers`] times
//! the agent's answers. All figures come from the recordings of both sides and from the ledgers of
//! the calls.

pub mod answers;
pub mod barge_in;
pub mod figures;
pub mod noise;
pub mod onset;
pub mod sounds;
mod synthesis;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::AgentDefinition;
use audio::SampleRate;
use audio::codec::Codec;
use audio::file::ReadAudioError;
use netem::Profile;
use replay::{Caller, Mind, Order, Pace, Recording, ReplayError, Replayed, Stages, Timing};

use self::figures::{Figures, LineFigures};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of recorded callers; WAV files in its folder `turns` are recordings of several
    /// turns, which nobody interrupts with.
    pub recordings: PathBuf,
    /// How often each recording interrupts the agent, at different moments.
    pub moments: usize,
    /// Sounds of each kind.
    pub sounds: usize,
    /// Decides moments, sounds and networks.
    pub seed: u64,
    /// Where the time that the stages take comes from.
    pub timing: Timing,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A folder cannot be read.
    #[error("cannot read the folder {}: {source}; expected one with WAV recordings", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder holds no recording.
    #[error("the folder {} holds no WAV recording of speech", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] ReadAudioError),
    /// A call cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// A line to the agent.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called in reports.
    pub name: &'static str,
    /// Its codec.
    pub codec: Codec,
    /// The network that the caller's packets go through.
    pub net: Profile,
}

impl Line {
    /// A wide line, a telephone line, and one over a wireless network.
    pub fn all() -> [Self; 3] {
        let clean = Profile::default;
        let wireless = netem::Preset::Wifi.profile();
        let line = |name, codec, net| Self { name, codec, net };
        [
            line("l16", Codec::L16Wide, clean()),
            line("pcmu", Codec::Pcmu, clean()),
            line("pcmu, wifi", Codec::Pcmu, wireless),
        ]
    }
}

/// A recorded caller, at a line's rate.
#[derive(Clone, Debug)]
pub struct Voice {
    /// The file's name.
    pub name: String,
    /// What is said.
    pub samples: Vec<i16>,
    /// Whether it is one utterance rather than several turns.
    pub alone: bool,
}

/// Measures everything on every line, telling `progress` what comes next, and how much of all is
/// done.
///
/// # Errors
///
/// [`MeasureError`] if there are no recordings that can be read, or no call can be made.
pub fn run(
    options: &Options,
    stages: &mut Stages,
    mut progress: impl FnMut(f64, &str),
) -> Result<Figures, MeasureError> {
    let sounds = sounds::sounds(options.sounds, options.seed);
    let mut lines = Vec::new();
    let all = Line::all();
    let count = (all.len() * 3) as f64;
    for (number, line) in all.iter().enumerate() {
        let voices = voices(&options.recordings, line.codec.rate())?;
        let mut bench = Bench {
            options,
            stages: &mut *stages,
            line,
        };
        let done = |part: usize| (number * 3 + part) as f64 / count;
        progress(done(0), &format!("{}: interruptions", line.name));
        let barge_in = barge_in::measure(&mut bench, &voices)?;
        progress(done(1), &format!("{}: sounds", line.name));
        let noise = noise::measure(&mut bench, &sounds)?;
        progress(done(2), &format!("{}: answers", line.name));
        let answers = answers::measure(&mut bench, &voices)?;
        lines.push(LineFigures {
            line: line.name.to_owned(),
            barge_in,
            noise,
            answers,
        });
    }
    Ok(Figures {
        recordings: options.recordings.display().to_string(),
        seed: options.seed,
        latencies: match options.timing {
            Timing::Modelled => "modelled".to_owned(),
            Timing::Measured => "measured".to_owned(),
        },
        lines,
    })
}

/// What calls are made with.
pub(crate) struct Bench<'a> {
    options: &'a Options,
    stages: &'a mut Stages,
    line: &'a Line,
}

impl Bench<'_> {
    fn rate(&self) -> SampleRate {
        self.line.codec.rate()
    }

    fn recording(&mut self, samples: Vec<i16>) -> Recording {
        Recording::of(samples, self.line.codec.rate(), self.stages)
    }

    /// A call of `caller` to an agent that greets with these words and has settings as they come.
    fn call(&mut self, greeting: &str, caller: Caller) -> Result<Replayed, MeasureError> {
        let mut agent = AgentDefinition {
            name: "Maya".to_owned(),
            ..AgentDefinition::default()
        };
        agent.settings.voice.interaction.inbound_first_message = Some(greeting.to_owned());
        let order = Order {
            source: String::new(),
            agent: Arc::new(agent),
            mind: Mind {
                model: Arc::new(llm::Offline::new()),
                embedded: true,
            },
            caller,
            codec: self.line.codec,
            net: self.line.net.clone(),
            seed: self.options.seed,
            timing: self.options.timing.clone(),
            pace: Pace::Virtual,
            patience: engine::Patience::default(),
        };
        Ok(replay::replay(self.stages, order)?)
    }
}

/// The recordings of a folder and of its folder `turns`, in the order of their names.
fn voices(folder: &Path, rate: SampleRate) -> Result<Vec<Voice>, MeasureError> {
    let mut paths: Vec<(PathBuf, bool)> =
        wavs(folder)?.into_iter().map(|path| (path, true)).collect();
    let turns = folder.join("turns");
    if turns.is_dir() {
        paths.extend(wavs(&turns)?.into_iter().map(|path| (path, false)));
    }
    if paths.is_empty() {
        return Err(MeasureError::Empty {
            folder: folder.to_owned(),
        });
    }
    let read = |(path, alone): (PathBuf, bool)| {
        Ok(Voice {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            samples: audio::file::read_mono(&path, rate)?,
            alone,
        })
    };
    paths.into_iter().map(read).collect()
}

fn wavs(folder: &Path) -> Result<Vec<PathBuf>, MeasureError> {
    let failed = |source| MeasureError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "wav") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
