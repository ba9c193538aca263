//! The life of one leg without sockets, threads or clocks: packets and time go
//! in, packets, frames and events come out.

mod core;
mod latch;
mod player;
mod sender;

pub use self::core::{Connection, LegCore, LegEnds, LegSetup, Transmit};
pub use self::sender::StreamStart;
