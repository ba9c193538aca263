//! Calls that a node kept: run again as they were, bit by bit, without a network, or
//! with another agent.
//!
//! Start reading at [`Bundle`], then at [`replay_exactly`] and [`replay_with`].

mod again;
mod exact;
#[cfg(test)]
pub(crate) mod example;
mod leg;
mod moments;
mod read;

pub use again::{Another, replay_with};
pub use exact::replay_exactly;
pub use read::{Bundle, LoadBundleError};
pub(crate) use read::{Sentence, Step};
