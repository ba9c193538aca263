//! Looks for the endpointing settings of a call: how long a pause has to be before it ends a
//! turn, weighed against how often that cuts a caller off.
//!
//! [`Passage`]s are recordings with known pauses, read from turn files ([`turn_file`]) or made
//! from recordings of one utterance by cutting them in mid-clause ([`cutting`]). Each is heard
//! once ([`Heard`]) by the voice detector; a [`sweep()`] then runs the turn machine of the calls
//! over it in virtual time, once for each setting, with what the recogniser and the judge of
//! turns say about the very audio that they would be given in a call. Two simpler policies are
//! measured on the same pauses: a fixed silence, and the judge of turns alone. A [`Report`] says
//! what came of it, as text, as JSON and as a drawing.
//!
//! It never decides itself when a turn is over, reads no clock, and leaves it to its caller to
//! load the models. Start reading at [`Passage`], then [`sweep()`] and [`Report`].

pub mod cutting;
mod drawing;
mod driving;
mod hearing;
mod listener;
mod passage;
mod report;
mod sweep;
pub mod turn_file;

pub use hearing::{Heard, Line};
pub use listener::{ListenError, Listener, Models};
pub use passage::{Kind, Passage, Pause};
pub use report::{Compared, Curves, Point, Policy, Report, Row, Set, Suggestion, Tally, tables};
pub use sweep::{Grid, Measured, Outcome, SweepError, sweep};
