//! Measures what a node's media threads carry: real legs under recorded conversation, with the
//! load made by a process of its own, so that the figures are those of the node alone.
//!
//! It places no calls, asks no language model and speaks to nobody: signalling, recogniser and
//! synthesiser are measured elsewhere. It never judges a figure.
//!
//! Start reading at [`media::run`], the side that is measured; [`generator::run`] is the other
//! process. They talk through the generator's standard input and output, in the JSON lines of
//! [`protocol`].

pub mod conversation;
pub mod figures;
pub mod generator;
pub mod media;
pub mod process;
pub mod protocol;
