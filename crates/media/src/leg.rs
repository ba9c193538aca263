//! The life of one leg without sockets, threads or clocks: packets and time go
//! in, packets, frames and events come out.

mod border;
mod control;
mod core;
mod hearing;
mod keys;
mod latch;
mod link;
mod player;
mod rate;
mod sender;
mod speaking;
mod voice;

pub use self::border::{LegEnds, LegSetup, Port, Transmit};
pub use self::control::Identity;
pub use self::core::LegCore;
pub use self::sender::StreamStart;
