//! Replays calls: the code of a live call on a virtual clock, with recorded speech in the place of
//! a caller.
//!
//! The caller's audio is encoded, sent through an emulated network ([`netem`]) and heard by a leg
//! ([`media::LegCore`]); voice detector, recogniser, language model and synthesiser are those of a
//! live call, and so is the conversation ([`engine::dialogue::Dialogue`]). One thread and one loop
//! carry all of it from one deadline to the next. What a stage takes comes from a stated model
//! ([`Timing::Modelled`]), so that one seed gives the same call bit by bit, or from the clock.
//!
//! The crate opens no socket of its own, writes no file and knows nothing of command lines. Start
//! reading at [`replay`], then at `call`, the loop.

mod account;
mod call;
mod caller;
mod cassettes;
mod conversation;
mod expectation;
mod kept;
mod latency;
mod order;
mod phone;
mod recording;
mod sayings;
mod scenario;
mod stages;
mod story;
mod truth;
mod voice;

pub use caller::Cue;
pub use cassettes::{Reused, Share};
pub use expectation::{Arguments, Expect, Pattern, PatternError, Tool, ToolCall};
pub use kept::{Another, Bundle, LoadBundleError, replay_exactly, replay_with};
pub use latency::Timing;
pub use order::{Caller, Order, Pace, Recordings, ReplayError, Replayed, codec, replay};
pub use recording::{LONGEST, Recording, RecordingError};
pub use scenario::{LoadScenarioError, Scenario, Time};
pub use stages::{Mind, Stages};
pub use truth::{Pause, PauseKind};
