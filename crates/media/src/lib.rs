//! Real-time media: UDP sockets, RTP and RTCP, the 20 ms tick, and the queues
//! between a call and the wire.
//!
//! [`Media`] runs a few `std` threads, each tied to a processor, each owning its
//! legs and their sockets. A thread sleeps until the next absolute deadline,
//! reads what has arrived, and ticks the legs of that phase: four phases of 5 ms
//! make a tick of 20 ms.
//!
//! A leg hears through its playout buffer: a [`LegFeed`] is given audio as soon as
//! a packet has made it ready if a machine listens, or one frame a tick
//! ([`Policy`]). In a tick a leg takes 20 ms of the agent out of its
//! [`PlayoutHandle`]'s queue and sends one packet: of audio, or of a telephone
//! event. What a new connection needs, codec and ciphers, is built by whoever
//! connects ([`PreparedConnection`]); between two ticks the thread puts it in
//! place and drops what it replaces, which costs it a few microseconds.
//!
//! Inside a tick nothing allocates, locks, logs or waits, and every queue is
//! bounded. A panic ends the leg it happens in and no other. Nothing here knows of
//! tokio, HTTP, signalling, agents or inference.
//!
//! Start reading at [`LegCore`], one leg without sockets, threads or clocks, then
//! [`Media`], which gives it those.
//!
//! # System calls
//!
//! What a leg costs is mostly the kernel's: one datagram read and one sent for
//! every tick. On loopback a send takes some 3.1 µs of processor time and a read
//! 0.8 µs, including the two questions to epoll that frame it.
//!
//! - Sends are not batched: `sendmmsg` takes one socket, and here each leg has one
//!   of its own, as symmetric RTP through NAT needs. Of a batch on one socket only
//!   a sixth of the time would be saved, since the way through the kernel outweighs
//!   the way into it. Segmentation offload takes datagrams to one destination.
//! - A connected socket would send in 2.3 µs, since it keeps its route. But it
//!   hears nobody else, and a far end that moves has to be heard.
//! - Reads are not batched either: a socket seldom has two datagrams, and one
//!   `recvmmsg` costs more than one `recvmsg`. Nor is epoll edge-triggered: that
//!   has to read each socket until it is empty, which takes a second system call
//!   and costs more than the second question to epoll that it saves.
//! - A thread sleeps until its next deadline and then asks epoll what has come,
//!   instead of waiting in epoll for whatever comes first, the deadline as a timer
//!   among the sockets. That wakes it for nearly every datagram, where four phases
//!   wake it 200 times a second. Measured beside each other (`cargo bench -p benches
//!   --bench wait`, medians of seven rounds on a busy machine with two processors),
//!   waiting in epoll takes 1.1 times as much processor time with one socket, and 1.9
//!   times with 50 and with 300 (1.2, 2.1 and 2.5 times on a quiet one): for these
//!   1.74 instead of 0.90 ms every 20 ms, awake 8 900 times a second instead of 200.
//!   Both are as punctual: half of all deadlines are met within 0.1 ms either way, and
//!   the latest of a hundred depend on what else the machine does. What is gained is at
//!   most 5 ms, 2.4 ms in the middle, by which audio reaches a listener that looks at
//!   windows of 32 ms.
//! - The kernel stamps datagrams when they arrive, so that the thread's waiting is
//!   not taken for the network's jitter. That costs 0.17 µs a datagram, about a
//!   fiftieth of what a leg takes.

mod clock;
mod config;
mod connection;
mod digits;
mod feed;
mod frames;
mod gauges;
mod lateness;
mod ledger;
mod leg;
mod load;
mod media;
#[cfg(test)]
mod own_address;
mod playout;
mod ports;
mod recording;
pub mod rtcp;
pub mod rtp;
mod schedule;
mod seat;
mod statistics;
mod system;
mod tap;
pub mod telephone_event;
mod thread;
mod threads;

pub use audio::dtmf::Digit;
pub use audio::{Ambience, Codec};
pub use clock::Clock;
pub use config::{Background, LegOptions, MediaConfig, OpenLegError, StartMediaError};
pub use connection::{
    ConnectError, Connection, PayloadTypes, PreparedConnection, Rtcp, Security,
    TelephoneEventFormat,
};
pub use digits::{DigitHandle, SendDigitsError, WAITING_DIGITS};
pub use feed::{HeardFrame, LegEvent, LegFeed};
pub use gauges::LegGauges;
pub use jitter::{PlayoutKind, Policy};
pub use lateness::Lateness;
pub use leg::{Identity, LegCore, LegEnds, LegSetup, Port, StreamStart, Transmit};
pub use media::{Leg, Media};
pub use playout::{Generation, PLAYOUT_FRAMES, PlayoutFrame, PlayoutHandle, PushError, SegmentId};
pub use recording::{RecordedFrame, RecordedSide, RecordingFeed};
pub use statistics::{LegStatistics, MediaStatistics};
pub use tap::{Noted, TapFeed, Tapped};
