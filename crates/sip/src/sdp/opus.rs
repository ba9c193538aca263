//! The parameters of Opus (RFC 7587 §6.1).

use std::time::Duration;

use audio::SampleRate;
use audio::codec::Codec;

use super::description::MediaLine;

/// What the other side would have our Opus encoder do. Every packet of Opus can be decoded
/// whatever this says; these are wishes, not conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusParameters {
    /// It can make use of in-band FEC (`useinbandfec`).
    pub inband_fec: bool,
    /// It would have nothing sent during silence (`usedtx`).
    pub dtx: bool,
    /// It would have every packet be of one size (`cbr`).
    pub constant_bitrate: bool,
    /// It can play two channels (`stereo`); otherwise it mixes them down.
    pub stereo: bool,
    /// Bits per second of the stream that it would have at most, 6,000 to 510,000
    /// (`maxaveragebitrate`).
    pub max_bitrate: Option<u32>,
    /// The highest rate that it plays at, 8 to 48 kHz (`maxplaybackrate`): encoding more is lost.
    pub max_rate: SampleRate,
    /// The least audio that it would have in a packet, 3 to 120 ms (`minptime`).
    pub min_packet_time: Duration,
}

impl Default for OpusParameters {
    /// What the absence of all parameters means.
    fn default() -> Self {
        Self {
            inband_fec: false,
            dtx: false,
            constant_bitrate: false,
            stereo: false,
            max_bitrate: None,
            max_rate: SampleRate::HZ_48000,
            min_packet_time: Duration::from_millis(3),
        }
    }
}

impl OpusParameters {
    /// Reads the parameters of `payload_type`. Unknown ones, and values out of range, are passed
    /// over.
    pub(super) fn of(line: &MediaLine, payload_type: u8) -> Self {
        let mut read = Self::default();
        let values = line
            .parameters
            .iter()
            .filter(|parameter| parameter.payload_type == payload_type)
            .flat_map(|parameter| parameter.value.split(';'));
        for (name, value) in values.filter_map(|pair| pair.split_once('=')) {
            read.take(name.trim(), value.trim());
        }
        read
    }

    fn take(&mut self, name: &str, value: &str) {
        let number = value.parse::<u32>().ok();
        let switch = match number {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => None,
        };
        match name.to_ascii_lowercase().as_str() {
            "useinbandfec" => self.inband_fec = switch.unwrap_or(self.inband_fec),
            "usedtx" => self.dtx = switch.unwrap_or(self.dtx),
            "cbr" => self.constant_bitrate = switch.unwrap_or(self.constant_bitrate),
            "stereo" => self.stereo = switch.unwrap_or(self.stereo),
            "maxaveragebitrate" => {
                let bitrate = number.filter(|bitrate| (6_000..=510_000).contains(bitrate));
                self.max_bitrate = bitrate.or(self.max_bitrate);
            }
            "maxplaybackrate" => {
                let rate = number.filter(|hertz| (8_000..=48_000).contains(hertz));
                self.max_rate = rate.and_then(SampleRate::new).unwrap_or(self.max_rate);
            }
            "minptime" => {
                let least = number.filter(|millis| (3..=120).contains(millis));
                self.min_packet_time = least.map_or(self.min_packet_time, |millis| {
                    Duration::from_millis(millis.into())
                });
            }
            _ => {}
        }
    }
}

/// What we would have the other side's encoder do, and what ours does.
pub(super) fn wishes() -> String {
    let rate = Codec::Opus.rate().hertz();
    format!("useinbandfec=1; maxplaybackrate={rate}; sprop-maxcapturerate={rate}; stereo=0")
}
