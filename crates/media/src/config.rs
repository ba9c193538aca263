//! How media is set up, and why it may not be.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use audio::{Ambience, SampleRate};
use jitter::Policy;
use serde::{Deserialize, Serialize};

/// How the media threads are set up.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// The address that legs' sockets are bound to.
    pub bind: IpAddr,
    /// Where their ports lie, two for each leg: an even one for RTP, the odd one
    /// above for RTCP.
    pub ports: RangeInclusive<u16>,
    /// How many threads there are; 0 means one for each processor.
    pub threads: usize,
    /// How many legs one thread carries at most.
    pub legs_per_thread: usize,
    /// How long a receiving leg goes without a valid packet before it reports
    /// [`LegEvent::PacketsStopped`](crate::LegEvent::PacketsStopped).
    pub no_rtp_timeout: Duration,
    /// Whether the threads ask the system to be scheduled before others.
    pub raise_priority: bool,
    /// The most that received audio may be delayed to even out the network.
    pub playout_ceiling: Duration,
    /// The share of time, 0.0 to 1.0, that a thread may be busy, over the last
    /// seconds, and still take a new leg.
    pub max_busy: f64,
    /// How late 99 of 100 ticks of a thread may at most be, over the last seconds,
    /// if it is to take a new leg.
    pub max_lateness: Duration,
}

impl Default for MediaConfig {
    /// Loopback, ports 20000 to 29999, a thread for each processor with 500 legs
    /// each, 30 s without RTP, raised priority, up to 200 ms of delay; no new legs
    /// for a thread that is busy for more than 80 % of the time or 10 ms late.
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: 20_000..=29_999,
            threads: 0,
            legs_per_thread: 500,
            no_rtp_timeout: Duration::from_secs(30),
            raise_priority: true,
            playout_ceiling: Duration::from_millis(200),
            max_busy: 0.8,
            max_lateness: Duration::from_millis(10),
        }
    }
}

/// Why the media threads could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartMediaError {
    /// No socket can be bound to the address; configure one of this machine.
    #[error("cannot bind a media socket to {address}; expected an address of this machine")]
    Address {
        /// The configured address.
        address: IpAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The range has no pair of ports; configure two ports for each call.
    #[error(
        "the media port range {first} to {last} has no even port with the odd one above it; \
         expected two ports for each call"
    )]
    NoPorts {
        /// The configured first port.
        first: u16,
        /// The configured last port.
        last: u16,
    },
    /// The system refuses a thread or its resources.
    #[error("cannot start a media thread; check the limits on processes and open files")]
    Thread(#[source] io::Error),
}

/// What a leg is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegOptions {
    /// The highest rate that its frames may have, 8 or 16 kHz. The codec of the
    /// first connection settles the rate, within this; queues are sized by it.
    pub widest: SampleRate,
    /// Whether it hands out both sides for a recording.
    pub record: bool,
    /// Whom it hears for: a machine that listens is given audio as soon as it is
    /// in order, a person one frame a tick.
    pub policy: Policy,
    /// Whether keys are looked for in the audio, as tones, while the far end has
    /// not agreed to send them as telephone events.
    pub inband_digits: bool,
    /// The sound of a place that is played under the agent, and goes on while it is
    /// silent.
    pub background: Option<Background>,
}

/// The sound of a place under the agent, turned down while it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// The place.
    pub ambience: Ambience,
    /// How loud it is, 0.0 to 1.0: at 1.0 about as loud as somebody who speaks
    /// softly.
    pub volume: f32,
}

/// Why a leg could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenLegError {
    /// Every thread carries as many legs as it may; try again when a call has ended.
    #[error("the media threads carry their maximum of {limit} legs")]
    Full {
        /// How many legs all threads together carry.
        limit: usize,
    },
    /// The threads that have places left are too busy, or too late, for what they
    /// carry already; try again when a call has ended.
    #[error("the media threads are at the limit of what this machine can do in time")]
    Overloaded,
    /// No port is free; try again when a call has ended, or widen the range.
    #[error("no media port is free; widen the configured port range")]
    NoPort,
    /// The leg's widest rate is none that legs have.
    #[error("a leg cannot run at {rate}; expected 8000 or 16000 Hz")]
    Rate {
        /// The rate that was asked for.
        rate: SampleRate,
    },
    /// The threads were shut down.
    #[error("the media threads have been shut down")]
    Stopped,
    /// The system refuses a socket or randomness.
    #[error("the system refuses a media socket; check the limit on open files")]
    System(#[source] io::Error),
}
