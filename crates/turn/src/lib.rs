//! Turn taking without I/O: decides when the caller has begun to speak, when the caller's turn
//! is over, and when the caller has interrupted the agent.
//!
//! The machine is told what happened and when ([`Machine::window`], [`Machine::recognised`],
//! [`Machine::agent_is`], [`Machine::timeout`]) and answers with [`Effect`]s, drained by
//! [`Machine::poll`]. It never reads a clock, never touches audio, and never knows which
//! recogniser or voice detector stands behind its inputs, so the same decisions fall out of a
//! live call and of a replay.
//!
//! Start reading at [`Machine`]; what counts as a finished sentence is in [`completeness`].

pub mod completeness;
mod machine;
mod settings;

pub use machine::{AgentState, Attempt, Effect, Ended, Machine, Window};
pub use settings::Settings;
