//! How a buffer is made.

use std::time::Duration;

use crate::border::Format;

/// Whom the audio is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// A machine that listens: voice activity detection, a recogniser. Audio is
    /// given as soon as it is in order; what is missing is waited for until a
    /// deadline that adapts to the network. When nothing comes, frames that stand
    /// in for it follow in real time, so that the listener's time goes on.
    ///
    /// A deadline lies between 40 ms and [`Settings::ceiling`] after the packet's
    /// ideal arrival. Once a packet sent later has come, only as long is waited as
    /// overtaken packets have taken on this line; on a line that never reorders,
    /// not at all. When the line was dead beyond the deadline and audio then comes
    /// that is at most [`Settings::outage`] late, all of it is given at once and in
    /// order, after what stood in for it: a recogniser gains more by hearing it
    /// than it loses by the pause before it. Older audio is dropped.
    Listen,
    /// A person: exactly one frame for each pull, at a delay that adapts to the
    /// network, the audio stretched and shortened to reach it.
    ///
    /// After an outage, what comes later than the delay asks for is left out as far
    /// as it is older than that by 40 ms. What comes late otherwise is played late,
    /// unless audio is cheap (see [`Settings::per_cent_concealed`]).
    Play,
}

/// How an [`AdaptiveBuffer`](crate::AdaptiveBuffer) is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whom the audio is for.
    pub policy: Policy,
    /// How the stream counts.
    pub format: Format,
    /// The least lateness of packets that is provided for: none by default. One
    /// frame is always buffered, the one that is being pulled.
    pub floor: Duration,
    /// The most that audio may be delayed beyond its ideal arrival: 200 ms by
    /// default. Above 250 ms counts as 250 ms. What comes later is still played to a
    /// person as long as nothing newer has come.
    pub ceiling: Duration,
    /// The delay that is worth as much as one hundredth of the audio being
    /// concealed: 70 ms by default. More makes for fewer gaps and more delay. A long
    /// delay counts more than its length: one of 100 ms counts twice.
    ///
    /// Below 3 ms, audio towards a person is worth so little that what comes later than
    /// is provided for is left out instead of delaying what follows, as in a buffer of
    /// fixed depth; the depth still follows the network. Above 100 ms it also pays to
    /// hold more audio for a line that falls silent now and then.
    pub per_cent_concealed: Duration,
    /// How long a line may be silent before the stream counts as interrupted: 1 s
    /// by default.
    pub outage: Duration,
    /// The most packets that wait at a time, at least 2: 50 by default.
    pub capacity: usize,
    /// The most bytes that the payloads of waiting packets have together, and any
    /// of them alone: 32 000 by default, 50 packets of linear PCM at 16 kHz.
    pub payload_bytes: usize,
}

impl Settings {
    /// The defaults.
    pub const fn new(policy: Policy, format: Format) -> Self {
        Self {
            policy,
            format,
            floor: Duration::ZERO,
            ceiling: Duration::from_millis(200),
            per_cent_concealed: Duration::from_millis(70),
            outage: Duration::from_secs(1),
            capacity: 50,
            payload_bytes: 32_000,
        }
    }
}
