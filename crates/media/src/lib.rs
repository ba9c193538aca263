//! Real-time media: UDP sockets, RTP, the 20 ms tick, and the queues between a
//! call and the wire.
//!
//! [`Media`] runs a few `std` threads, each tied to a processor, each owning its
//! legs and their sockets. A thread sleeps until the next absolute deadline,
//! reads what has arrived, and ticks the legs of that phase: four phases of 5 ms
//! make a tick of 20 ms. In a tick a leg takes 20 ms out of its playout buffer,
//! hands them to the call through a [`LegFeed`], takes 20 ms of the agent out of
//! its [`PlayoutHandle`]'s queue, and sends one packet.
//!
//! Inside a tick nothing allocates, locks, logs or waits, and every queue is
//! bounded. A panic ends the leg it happens in and no other. Nothing here knows of
//! tokio, HTTP, signalling, agents or inference.
//!
//! Start reading at [`LegCore`], one leg without sockets, threads or clocks, then
//! [`Media`], which gives it those.

mod clock;
mod codec;
mod config;
mod feed;
mod frames;
mod lateness;
mod ledger;
mod leg;
mod media;
#[cfg(test)]
mod own_address;
mod playout;
mod ports;
mod recording;
pub mod rtp;
mod schedule;
mod statistics;
mod system;
mod thread;
mod threads;

pub use clock::Clock;
pub use codec::Codec;
pub use config::{LegOptions, MediaConfig, OpenLegError, StartMediaError};
pub use feed::{HeardFrame, LegEvent, LegFeed};
pub use jitter::PlayoutKind;
pub use lateness::Lateness;
pub use leg::{Connection, LegCore, LegEnds, LegSetup, StreamStart, Transmit};
pub use media::{Leg, Media};
pub use playout::{Generation, PLAYOUT_FRAMES, PlayoutFrame, PlayoutHandle, PushError, SegmentId};
pub use recording::{RecordedFrame, RecordingFeed};
pub use statistics::{LegStatistics, MediaStatistics};
