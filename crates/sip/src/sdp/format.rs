//! What a payload type of an audio stream stands for.

use audio::SampleRate;
use audio::codec::Codec;

use super::description::{Mapping, MediaLine, Parameter};
use super::opus;

const TELEPHONE_EVENT: &str = "telephone-event";
/// The digits, the letters and the hook flash (RFC 4733 §3.2).
const EVENTS: &str = "0-16";
const COMFORT_NOISE: &str = "CN";
/// The payload type that RFC 3551 §6 gives to comfort noise at 8 kHz.
const NARROW_COMFORT_NOISE: u8 = 13;

/// A format that we know, whatever its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Audio.
    Audio(Codec),
    /// Keys of a telephone (RFC 4733), counted in this clock.
    Event(SampleRate),
    /// Comfort noise (RFC 3389), counted in this clock.
    Noise(SampleRate),
}

impl Format {
    /// What `payload_type` means in `line`: by its mapping, or by RFC 3551 where it has none.
    pub(super) fn of(line: &MediaLine, payload_type: u8) -> Option<Self> {
        let mut mappings = line.mappings.iter();
        match mappings.find(|mapping| mapping.payload_type == payload_type) {
            Some(mapping) => Self::mapped(mapping),
            None if payload_type == NARROW_COMFORT_NOISE => Some(Self::Noise(SampleRate::HZ_8000)),
            None => Codec::ALL
                .into_iter()
                .find(|codec| codec.static_payload_type() == Some(payload_type))
                .map(Self::Audio),
        }
    }

    fn mapped(mapping: &Mapping) -> Option<Self> {
        let is = |encoding: &str| mapping.encoding.eq_ignore_ascii_case(encoding);
        let is_mono = mapping.channels.is_none_or(|channels| channels == 1);
        let clock = SampleRate::new(mapping.clock)?;
        if is(TELEPHONE_EVENT) {
            return is_mono.then_some(Self::Event(clock));
        }
        if is(COMFORT_NOISE) {
            return is_mono.then_some(Self::Noise(clock));
        }
        let codec = Codec::ALL.into_iter().find(|codec| {
            let channels = match codec.channels() {
                Some(channels) => mapping.channels == Some(channels),
                None => is_mono,
            };
            is(codec.encoding()) && codec.clock() == clock && channels
        });
        codec.map(Self::Audio)
    }

    /// The number that it gets unless another is in use for it: that of RFC 3551 §6, or one of
    /// the dynamic ones.
    pub(super) const fn usual_payload_type(self) -> u8 {
        match self {
            Self::Audio(codec) => match (codec, codec.static_payload_type()) {
                (_, Some(number)) => number,
                (Codec::L16Wide, None) => 97,
                (Codec::L16Narrow, None) => 98,
                (Codec::Opus | Codec::Pcmu | Codec::Pcma | Codec::G722, None) => 96,
            },
            Self::Event(clock) => match clock.hertz() {
                16_000 => 102,
                48_000 => 103,
                _ => 101,
            },
            Self::Noise(_) => NARROW_COMFORT_NOISE,
        }
    }

    /// `a=rtpmap`.
    pub(super) fn mapping(self, payload_type: u8) -> Mapping {
        let (encoding, clock, channels) = match self {
            Self::Audio(codec) => (codec.encoding(), codec.clock(), codec.channels()),
            Self::Event(clock) => (TELEPHONE_EVENT, clock, None),
            Self::Noise(clock) => (COMFORT_NOISE, clock, None),
        };
        Mapping {
            payload_type,
            encoding: encoding.to_owned(),
            clock: clock.hertz(),
            channels,
        }
    }

    /// `a=fmtp`: what we would like to get, where that needs saying.
    pub(super) fn parameter(self, payload_type: u8) -> Option<Parameter> {
        let value = match self {
            Self::Audio(Codec::Opus) => opus::wishes(),
            Self::Event(_) => EVENTS.to_owned(),
            Self::Audio(_) | Self::Noise(_) => return None,
        };
        Some(Parameter {
            payload_type,
            value,
        })
    }
}

/// The payload types of a stream, in order of preference.
pub(super) fn payload_types(line: &MediaLine) -> impl Iterator<Item = u8> {
    line.formats
        .iter()
        .filter_map(|format| format.parse().ok())
        .filter(|number| *number < 128)
}
