//! What one description says about its audio stream.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use audio::SampleRate;
use audio::codec::Codec;

use super::Refused;
use super::description::{Address, Description, Direction, MediaLine};
use super::format::{Format, payload_types};
use super::opus::OpusParameters;
use super::remote::{PayloadTypes, RemoteMedia, Rtcp, TelephoneEvent};
use super::security::{Protocol, Security};

/// How much audio everybody puts into a packet unless told otherwise.
pub(super) const PACKET_TIME: Duration = Duration::from_millis(20);

/// A stream of the other side that we can carry, its encryption aside.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) protocol: Protocol,
    pub(super) direction: Direction,
    pub(super) rtcp_mux: bool,
    pub(super) audio: (u8, Codec),
    pub(super) event: Option<(u8, SampleRate)>,
    pub(super) noise: Option<(u8, SampleRate)>,
    address: SocketAddr,
    rtcp: SocketAddr,
    opus: OpusParameters,
    packet_time: Option<Duration>,
}

impl Stream {
    /// Reads a section. `is_ours` says which formats we take; the first codec among them is the
    /// one.
    pub(super) fn of(
        description: &Description,
        line: &MediaLine,
        local: SocketAddr,
        is_ours: impl Fn(Format) -> bool,
    ) -> Result<Self, Refused> {
        let protocol = Protocol::of(line)
            .filter(|_| line.kind == "audio" && line.port != 0)
            .ok_or(Refused::NoAudio)?;
        let formats: Vec<(u8, Format)> = payload_types(line)
            .filter_map(|number| Some((number, Format::of(line, number)?)))
            .filter(|(_, format)| is_ours(*format))
            .collect();
        let audio = formats.iter().find_map(|(number, format)| match format {
            Format::Audio(codec) => Some((*number, *codec)),
            Format::Event(_) | Format::Noise(_) => None,
        });
        let (payload_type, codec) = audio.ok_or(Refused::NoCommonCodec)?;
        let address = line.address.as_ref().or(description.address.as_ref());
        let address = address
            .and_then(|address| usable(address, local))
            .ok_or(Refused::BadAddress)?;
        let stated = line
            .direction
            .or(description.direction)
            .unwrap_or(Direction::SendReceive);
        // c=0.0.0.0 asks for silence whatever the direction says (RFC 3264 §8.4).
        let direction = Direction::new(
            stated.sends(),
            stated.receives() && !address.is_unspecified(),
        );
        let opus = match codec {
            Codec::Opus => OpusParameters::of(line, payload_type),
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::L16Narrow | Codec::L16Wide => {
                OpusParameters::default()
            }
        };
        Ok(Self {
            protocol,
            direction,
            rtcp_mux: line.rtcp_mux,
            audio: (payload_type, codec),
            event: event(&formats, codec),
            noise: noise(&formats, codec),
            address: SocketAddr::new(address, line.port),
            rtcp: rtcp(line, address, local),
            opus,
            packet_time: packet_time(line),
        })
    }

    /// What this means when we have `direction` and what arrives has the numbers `arriving`.
    pub(super) fn agreed(
        &self,
        direction: Direction,
        arriving: PayloadTypes,
        security: Option<Security>,
    ) -> RemoteMedia {
        let (payload_type, codec) = self.audio;
        RemoteMedia {
            address: self.address,
            rtcp: if self.rtcp_mux {
                Rtcp::Muxed
            } else {
                Rtcp::At(self.rtcp)
            },
            codec,
            payload_type,
            opus: self.opus,
            telephone_event: self.event.map(|(payload_type, clock)| TelephoneEvent {
                payload_type,
                clock,
            }),
            comfort_noise: self.noise.map(|(number, _)| number),
            arriving,
            security,
            packet_time: self.packet_time,
            we_send: direction.sends(),
            we_receive: direction.receives(),
        }
    }

    /// The numbers that the other side gave to what was chosen.
    pub(super) fn numbers(&self) -> PayloadTypes {
        PayloadTypes {
            audio: self.audio.0,
            telephone_event: self.event.map(|(number, _)| number),
            comfort_noise: self.noise.map(|(number, _)| number),
        }
    }
}

/// The events at the clock of the codec, as RFC 4733 §2.1 wants it, else those at 8 kHz: some
/// phones know no others, whatever their codec.
fn event(formats: &[(u8, Format)], codec: Codec) -> Option<(u8, SampleRate)> {
    let at = |wanted| {
        formats.iter().find_map(|(number, format)| match format {
            Format::Event(clock) if *clock == wanted => Some((*number, wanted)),
            Format::Event(_) | Format::Audio(_) | Format::Noise(_) => None,
        })
    };
    at(codec.clock()).or_else(|| at(SampleRate::HZ_8000))
}

fn noise(formats: &[(u8, Format)], codec: Codec) -> Option<(u8, SampleRate)> {
    formats.iter().find_map(|(number, format)| match format {
        Format::Noise(clock) if *clock == codec.clock() && codec != Codec::Opus => {
            Some((*number, *clock))
        }
        Format::Noise(_) | Format::Audio(_) | Format::Event(_) => None,
    })
}

/// A unicast address of our IP version, or the unspecified one.
fn usable(address: &Address, local: SocketAddr) -> Option<IpAddr> {
    let Address::Ip(address) = address else {
        return None;
    };
    let is_broadcast = match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    let usable = address.is_ipv4() == local.is_ipv4() && !address.is_multicast() && !is_broadcast;
    usable.then_some(*address)
}

fn rtcp(line: &MediaLine, address: IpAddr, local: SocketAddr) -> SocketAddr {
    // There is no port above the last one; RTCP to the port of RTP is told apart by its type.
    let default = SocketAddr::new(address, line.port.saturating_add(1));
    let Some(stated) = &line.rtcp else {
        return default;
    };
    match &stated.address {
        None => SocketAddr::new(address, stated.port),
        Some(other) => {
            usable(other, local).map_or(default, |other| SocketAddr::new(other, stated.port))
        }
    }
}

fn packet_time(line: &MediaLine) -> Option<Duration> {
    let of = |millis: Option<u16>| {
        let millis = millis.filter(|millis| *millis > 0)?;
        Some(Duration::from_millis(millis.into()))
    };
    match (of(line.packet_time), of(line.max_packet_time)) {
        (Some(wanted), Some(most)) => Some(wanted.min(most)),
        (Some(wanted), None) => Some(wanted),
        (None, Some(most)) if most < PACKET_TIME => Some(most),
        (None, Some(_) | None) => None,
    }
}
