//! Measures what a node does, on recorded speech: what its media threads carry, and how it takes
//! turns.
//!
//! [`media::run`] loads real legs with conversation. The load is made by a process of its own, so
//! that the figures are those of the node alone: [`generator::run`]. They talk through the
//! generator's standard input and output, in the JSON lines of [`protocol`]. Nothing is signalled,
//! recognised or said there.
//!
//! [`turns::run`] replays whole calls on a virtual clock: callers who interrupt, sounds that must
//! not, and answers.
//!
//! It never judges a figure. Start reading at [`turns::run`].

pub mod conversation;
pub mod figures;
pub mod generator;
pub mod media;
pub mod process;
pub mod protocol;
pub mod turns;
