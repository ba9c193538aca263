//! Turns packets that arrive when they like into exactly 20 ms of audio each
//! time it is asked: the playout buffer of one received RTP stream.
//!
//! It reads no clock, opens no socket and knows no codec: packets and the time
//! come in as arguments, a [`Decoder`] is lent to each pull, audio comes out.
//! After construction it never allocates, so a media thread may call it from
//! inside its tick.
//!
//! Start reading at [`PlayoutBuffer`], the border, then [`ReorderingBuffer`],
//! the buffer behind it.

mod blend;
mod border;
mod catch_up;
mod fade;
mod queue;
mod reordering;
mod stream;

pub use border::{
    DecodeError, Decoder, Insertion, Packet, Playout, PlayoutBuffer, PlayoutKind, Statistics,
};
pub use reordering::{ReorderingBuffer, Settings};
