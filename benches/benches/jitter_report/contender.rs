//! What is compared.

use audio::Moment;

use crate::trace::Sent;

/// A playout buffer in a harness.
pub(crate) trait Contender {
    /// Takes a packet that arrives at `now`.
    fn insert(&mut self, now: Moment, sent: &Sent);

    /// Plays 20 ms at `now`.
    fn pull(&mut self, now: Moment) -> Pulled;
}

/// What a pull gave, in samples.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pulled {
    /// The position of the stream behind what was played; none before it has begun.
    pub(crate) position: Option<i64>,
    /// How much of it was made up, silence instead of audio included.
    pub(crate) made_up: u64,
    /// How much of the stream was passed over without being played.
    pub(crate) missing: u64,
    /// By how much speech was made longer, and by how much shorter, together.
    pub(crate) stretched: u64,
}
