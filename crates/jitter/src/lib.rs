//! Turns packets that arrive when they like into exactly 20 ms of audio each
//! time it is asked: the playout buffer of one received RTP stream.
//!
//! It reads no clock, opens no socket and knows no codec: packets and the time
//! come in as arguments, a [`Decoder`] is lent to each pull, audio comes out.
//! After construction it never allocates, so a media thread may call it from
//! inside its tick.
//!
//! Start reading at [`PlayoutBuffer`], the border, then [`AdaptiveBuffer`], the
//! buffer behind it.

mod activity;
mod adaptive;
mod arena;
mod arrivals;
mod border;
mod clock;
mod codec;
mod concealment;
mod extrapolation;
mod gaps;
mod histogram;
mod interruptions;
mod listen;
mod newcomer;
mod pace;
mod pitch;
mod play;
mod queue;
mod reception;
mod settings;
mod stream;
mod stretch;
mod tape;
mod timeline;
mod track;

pub use adaptive::AdaptiveBuffer;
pub use border::{
    Content, DecodeError, Decoder, Format, Insertion, Packet, Playout, PlayoutBuffer, PlayoutKind,
    Statistics,
};
pub use settings::{Policy, Settings};
