//! One call to be replayed, and what becomes of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use audio::SampleRate;
use audio::codec::Codec;
use engine::{Direction, Occasion, Patience, Script, ToolOutcome, ToolReply, TurnLatency};
use jiff::Timestamp;
use media::ConnectError;
use netem::Profile;
use report::{Account, Expectation, Span, Speech};

use crate::account::{self, Names};
use crate::call::{self, Happened, Setup};
use crate::caller::{Act, Cue, Step};
use crate::expectation::{Called, Facts, StepFacts};
use crate::latency::Timing;
use crate::recording::{Recording, RecordingError};
use crate::scenario::{self, Scenario};
use crate::stages::{Mind, Stages};
use crate::story::Used;

/// The time of day at which calls on a virtual clock happen: 5 January 2026, 10:00 UTC.
const TIME_OF_DAY: Timestamp = Timestamp::constant(1_767_607_200, 0);

/// What an agent is told of the number that a replayed call comes from.
const NUMBER: &str = "replay";

/// How time passes in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// From one deadline to the next, as fast as it can be computed.
    #[default]
    Virtual,
    /// As on the wall.
    Wall,
}

/// A call to be replayed.
#[derive(Clone, Debug)]
pub struct Order {
    /// What the call is called in its account.
    pub source: String,
    /// Who is called.
    pub agent: Arc<AgentDefinition>,
    /// Who thinks for it.
    pub mind: Mind,
    /// What the caller does, and what is expected.
    pub caller: Caller,
    /// The line that the audio passes through.
    pub codec: Codec,
    /// The network that the caller's packets go through.
    pub net: Profile,
    /// Decides everything random.
    pub seed: u64,
    /// Where the time that the stages take comes from.
    pub timing: Timing,
    /// How time passes.
    pub pace: Pace,
    /// How long the node's calls wait before they give something up.
    pub patience: Patience,
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Somebody of whom there is a recording, which is played once from the greeting's end.
    Recorded(Recording),
    /// Somebody who says one thing after the other, each at its cue.
    Speaking(Vec<(Cue, Recording)>),
    /// Somebody who does what a scenario says.
    Scenario {
        /// The scenario.
        scenario: Box<Scenario>,
        /// Its recordings.
        recordings: Recordings,
    },
}

/// The recordings of a scenario's steps, those of other steps left out.
#[derive(Clone, Debug)]
pub struct Recordings(Vec<Option<Recording>>);

impl Recordings {
    /// Reads what is said in a scenario, for a line at `rate`. `channel` goes before the
    /// scenario's own.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]; its message names the file.
    pub fn load(
        scenario: &Scenario,
        channel: Option<usize>,
        rate: SampleRate,
        stages: &mut Stages,
    ) -> Result<Self, RecordingError> {
        let channel = channel.or(scenario.channel);
        let mut load = |path: &Path| Recording::load(path, channel, rate, stages);
        let recordings = scenario.steps.iter().map(|step| match &step.act {
            scenario::Act::Say(path) => load(path).map(Some),
            scenario::Act::Press(_) | scenario::Act::Wait(_) => Ok(None),
        });
        recordings.collect::<Result<_, _>>().map(Self)
    }
}

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Its account.
    pub account: Account,
    /// What was heard of the caller, mono, from the start of the call.
    pub caller: Vec<i16>,
    /// What was played to the caller, mono, from the start of the call.
    pub agent: Vec<i16>,
    /// The rate of both.
    pub rate: SampleRate,
    /// How long the call lasted.
    pub duration: Duration,
    /// When the caller spoke the first sample of each recording, from the start of the call.
    pub spoke: Vec<Duration>,
    /// What became of the time before each answer, in full.
    pub latencies: Vec<TurnLatency>,
}

impl Replayed {
    /// Forgets what both sides sounded like, which is most of what a call takes in memory.
    pub fn forget_sound(&mut self) {
        self.caller = Vec::new();
        self.agent = Vec::new();
    }

    /// Notes in the account when each side is heard to speak. Takes a while: the voice detector
    /// hears both sides from their beginning.
    pub fn note_speech(&mut self, stages: &mut Stages) {
        let mut spans = |samples: &[i16]| {
            let speech = stages.speech(samples, self.rate);
            let spans = speech.into_iter().map(|span| Span {
                start_ms: span.start.as_millis() as u64,
                end_ms: span.end.as_millis() as u64,
            });
            spans.collect()
        };
        self.account.speech = Speech {
            caller: spans(&self.caller),
            agent: spans(&self.agent),
        };
    }
}

/// Why a call could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The line cannot be had.
    #[error(transparent)]
    Line(#[from] ConnectError),
    /// The agent's language model cannot be asked, so that it would not be the agent who answers.
    #[error("{0}")]
    Model(String),
}

/// The codec that goes by this name: `l16`, linear at 16 kHz, `pcmu`, `pcma`, `g722`, `opus`.
///
/// # Errors
///
/// What is expected instead, for people.
pub fn codec(name: &str) -> Result<Codec, String> {
    match name {
        "l16" => Ok(Codec::L16Wide),
        "pcmu" => Ok(Codec::Pcmu),
        "pcma" => Ok(Codec::Pcma),
        "g722" => Ok(Codec::G722),
        "opus" => Ok(Codec::Opus),
        _ => Err(format!(
            "{name:?} is no codec; expected l16, pcmu, pcma, g722 or opus"
        )),
    }
}

/// Carries one call from its answer to its end.
///
/// # Errors
///
/// [`ReplayError`]; a call in which something else fails is still a call.
pub fn replay(stages: &mut Stages, order: Order) -> Result<Replayed, ReplayError> {
    let now = match order.pace {
        Pace::Virtual => TIME_OF_DAY,
        Pace::Wall => Timestamp::now(),
    };
    let mut script = Script::for_call(
        &order.agent,
        &Occasion {
            direction: Direction::Inbound,
            number: NUMBER,
            about: None,
            prompt: None,
            first_message: None,
            local_time: order.agent.local_time(now),
        },
    );
    // A scenario answers tools, which a node does not.
    script
        .tools
        .splice(0..0, order.agent.tools.iter().map(Into::into));
    let tools = order.caller.tools(&order.agent);
    let steps = order.caller.steps(script.first_message.is_some());
    let happened = call::carry(
        stages,
        Setup {
            script,
            patience: order.patience,
            mind: order.mind,
            timing: order.timing,
            tools,
            paced: order.pace == Pace::Wall,
            codec: order.codec,
            net: order.net,
            seed: order.seed,
            steps,
        },
    )?;
    if let Some(reason) = &happened.story.unreachable {
        return Err(ReplayError::Model(reason.clone()));
    }
    let names = Names {
        source: order.source,
        agent: order.agent.name.clone(),
        seed: order.seed,
    };
    let mut account = account::account(names, &happened);
    account.expectations = order.caller.judge(&account, &happened);
    let said = happened.said.iter();
    Ok(Replayed {
        spoke: said
            .map(|said| said.started.since(happened.origin))
            .collect(),
        duration: happened.ended.since(happened.origin),
        account,
        caller: happened.caller,
        latencies: happened.story.latencies,
        agent: happened.agent,
        rate: order.codec.rate(),
    })
}

impl Caller {
    /// What the caller does. An agent that does not greet leaves the first word to the caller.
    fn steps(&self, greets: bool) -> Vec<Step> {
        let mut steps: Vec<Step> = match self {
            Self::Recorded(recording) => vec![recording.said(Cue::Silence(Duration::ZERO))],
            Self::Speaking(said) => said
                .iter()
                .map(|(cue, recording)| recording.said(*cue))
                .collect(),
            Self::Scenario {
                scenario,
                recordings,
            } => {
                let steps = scenario.steps.iter().zip(&recordings.0);
                steps
                    .map(|(step, recording)| step.with(recording))
                    .collect()
            }
        };
        if let Some(first) = steps.first_mut().filter(|_| !greets) {
            first.cue = Cue::Start;
        }
        steps
    }

    /// What tools answer, by their names. An intent whose webhook's reply is spoken as it is
    /// answers as if its webhook had.
    fn tools(&self, agent: &AgentDefinition) -> BTreeMap<String, ToolReply> {
        let scripted = |(name, answer): (&String, &String)| {
            let intent = agent.intent_of(name);
            let spoken = intent.and_then(|intent| intent.words_of(answer));
            let reply = match spoken {
                Some(words) => ToolReply::spoken(words),
                None => ToolReply::told(answer.clone(), ToolOutcome::Done),
            };
            (name.clone(), reply)
        };
        match self {
            Self::Scenario { scenario, .. } => scenario.tools.iter().map(scripted).collect(),
            Self::Recorded(_) | Self::Speaking(_) => BTreeMap::new(),
        }
    }

    fn judge(&self, account: &Account, happened: &Happened) -> Vec<Expectation> {
        let Self::Scenario { scenario, .. } = self else {
            return Vec::new();
        };
        let called = |used: &Used| Called {
            at_ms: happened.millis(used.at),
            tool: used.tool.clone(),
            arguments: used.arguments.clone(),
        };
        let facts = Facts {
            turns: &account.turns,
            steps: step_facts(happened),
            tools: happened.story.tools.iter().map(called).collect(),
            hung_up: happened.hung_up,
            duration_ms: account.duration_ms,
        };
        let steps = scenario.steps.iter().enumerate();
        let of_steps = steps.flat_map(|(number, step)| {
            let expect = step.expect.iter();
            expect.map(move |expect| (number, &step.name, expect))
        });
        let of_steps = of_steps.map(|(number, name, expect)| expect.of_step(&facts, number, name));
        let of_call = scenario.expect.iter().map(|expect| expect.of_call(&facts));
        of_steps.chain(of_call).collect()
    }
}

impl Recording {
    fn said(&self, cue: Cue) -> Step {
        Step {
            act: Act::Say(self.utterance.clone()),
            cue,
        }
    }
}

impl scenario::Step {
    fn with(&self, recording: &Option<Recording>) -> Step {
        let act = match (&self.act, recording) {
            (scenario::Act::Say(_), Some(recording)) => Act::Say(recording.utterance.clone()),
            (scenario::Act::Press(keys), _) => Act::Press(keys.clone()),
            (scenario::Act::Wait(duration), _) => Act::Wait(*duration),
            (scenario::Act::Say(_), None) => Act::Wait(Duration::ZERO),
        };
        Step { act, cue: self.cue }
    }
}

fn step_facts(happened: &Happened) -> Vec<StepFacts> {
    let started = happened
        .started
        .iter()
        .map(|&moment| happened.millis(moment));
    let ends = happened
        .started
        .iter()
        .skip(1)
        .map(|&next| happened.millis(next));
    let ends = ends.chain([happened.millis(happened.ended) + 1]);
    let spans = started.zip(ends).enumerate();
    spans
        .map(|(number, (start, end))| {
            let said = happened.said.iter().filter(|said| said.step == number);
            let utterances = said.flat_map(|said| said.utterances());
            StepFacts {
                span: start..end,
                utterances: utterances
                    .map(|utterance| {
                        happened.millis(utterance.start)..happened.millis(utterance.end)
                    })
                    .collect(),
            }
        })
        .collect()
}
