//! The life of a call: admits it, joins leg, recogniser, language model, voice and recorder,
//! and ends it with a report.
//!
//! The engine knows nothing of HTTP and SQL: who wants a call asks through [`CallControl`], and
//! all that happens leaves through the receiver that [`Engine::start`] returns. It moves no audio
//! itself: media threads do (`media`), one listening thread runs the voice detector over all
//! calls, one recording thread writes all files. A panic in one call ends that call.
//!
//! Start reading at [`dialogue::Dialogue`], the conversation itself, which is free of I/O and of
//! clocks; `call::drive` carries out what it wants; [`Engine`] keeps the calls.

mod call;
mod control;
pub mod dialogue;
mod event;
pub mod keeping;
pub mod listening;
mod metrics;
mod node;
mod patience;
mod recording;
mod routing;
mod script;
mod subscriber;
mod supervision;
mod tools;

pub use control::{
    ActionError, AgentDirectory, Answerer, CallAction, CallControl, Carrier, LiveAudio, NodeLoad,
    NumberDirectory, PlaceCall, PlaceCallError, Subscription,
};
pub use event::{
    CallEvent, CallEventKind, CallId, CallReport, CallStatus, Direction, LatencyItem, LineQuality,
    Speaker, SpeculationTally, SpeculationTry, TranscriptTurn, TurnDecision, TurnEvidence,
    TurnLatency, Verdict,
};
pub use node::{Engine, EngineConfig, ModelDirectory, Providers, StartEngineError};
pub use patience::Patience;
pub use recording::Timeline;
pub use routing::{Destination, ForwardOutcome, Forwarded, Routing, Rule, RuleAction, RuleFamily};
pub use script::{Filler, Occasion, Script, SilencePrompt};
pub use subscriber::{Followed, Missed, Subscriber};
pub use tools::{NoTools, ToolAnswer, ToolDirectory, ToolOutcome, ToolReply, ToolRunner};
