//! How media is set up, and why it may not be.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use audio::SampleRate;

/// How the media threads are set up.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// The address that legs' sockets are bound to.
    pub bind: IpAddr,
    /// Where their ports lie. Only even ones are used, one a leg.
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
    /// How long the first packet of a talk spurt waits for those after it.
    pub playout_depth: Duration,
}

impl Default for MediaConfig {
    /// Loopback, ports 20000 to 29999, a thread for each processor with 500 legs
    /// each, 30 s without RTP, raised priority, 40 ms of playout depth.
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: 20_000..=29_999,
            threads: 0,
            legs_per_thread: 500,
            no_rtp_timeout: Duration::from_secs(30),
            raise_priority: true,
            playout_depth: Duration::from_millis(40),
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
    /// The range has no even port; configure two ports for each call.
    #[error(
        "the media port range {first} to {last} has no even port above 0; \
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegOptions {
    /// The rate of its frames in both directions.
    pub rate: SampleRate,
    /// Whether it hands out both sides for a recording.
    pub record: bool,
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
    /// No port is free; try again when a call has ended, or widen the range.
    #[error("no media port is free; widen the configured port range")]
    NoPort,
    /// The leg's rate is none that its codecs have.
    #[error("a leg cannot run at {rate}; expected 8000 Hz, the rate of G.711")]
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
