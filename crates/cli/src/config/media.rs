//! `[media]`: the lines of calls.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use audio::codec::OpusSettings;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

/// `[media]`: RTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Media {
    pub(crate) bind: IpAddr,
    pub(crate) port_min: u16,
    pub(crate) port_max: u16,
    /// Real-time threads; 0 is one per core.
    pub(crate) threads: usize,
    #[serde(with = "duration")]
    pub(crate) no_rtp_timeout: Duration,
    /// The longest that received audio waits for what is missing before it.
    #[serde(with = "duration")]
    pub(crate) longest_wait: Duration,
    /// Share of their time that media threads may be busy, 0 to 1, beyond which new calls are
    /// refused.
    pub(crate) max_busy: f64,
    /// How late 99 of 100 ticks may be beyond which new calls are refused.
    #[serde(with = "duration")]
    pub(crate) max_lateness: Duration,
    /// How much computation the Opus encoder puts into quality, 0 to 10.
    pub(crate) opus_complexity: u8,
    /// Bits per second of Opus, 6000 to 510000, where the far end does not ask for less.
    pub(crate) opus_bitrate: u32,
    /// Ask the system for a higher priority of the media threads.
    pub(crate) raise_priority: bool,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port_min: 20_000,
            port_max: 29_999,
            threads: 0,
            no_rtp_timeout: Duration::from_secs(30),
            longest_wait: Duration::from_millis(200),
            max_busy: 0.8,
            max_lateness: Duration::from_millis(10),
            opus_complexity: OpusSettings::default().complexity,
            opus_bitrate: OpusSettings::default().bitrate,
            raise_priority: true,
        }
    }
}
