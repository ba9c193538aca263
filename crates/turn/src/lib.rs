//! Turn taking without I/O: decides when the caller has begun to speak, when the caller's turn
//! is over, and when the caller has interrupted the agent.
//!
//! The machine is told what happened and when ([`Machine::window`], [`Machine::recognised`],
//! [`Machine::judged`], [`Machine::provider_says`], [`Machine::agent_is`], [`Machine::timeout`])
//! and answers with [`Effect`]s, drained by [`Machine::poll`]. It never reads a clock, never touches audio, and
//! never knows which recogniser, voice detector or model stands behind its inputs, so the same
//! decisions fall out of a live call and of a replay.
//!
//! No single model ends a turn: what the words say ([`Completeness`]), how they sounded and how
//! this caller pauses are weighed together ([`Evidence`]), and the more they leave in doubt the
//! longer a pause has to be.
//!
//! Start reading at [`Machine`].

mod completeness;
mod evidence;
mod habits;
mod machine;
mod sentence;
mod settings;
mod voice;
mod words;

pub use completeness::{Completeness, is_backchannel};
pub use evidence::Evidence;
pub use machine::{AgentState, Attempt, Effect, Ended, Machine, Window};
pub use settings::Settings;
