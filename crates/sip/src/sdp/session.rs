//! One audio session: its offers, its answers, and what both sides agreed on.

use std::net::{IpAddr, SocketAddr};

use super::description::{Address, Description, Direction, Mapping, MediaLine, Origin, Parameter};
use super::parse::ParseError;

const PROTOCOL: &str = "RTP/AVP";
const TELEPHONE_EVENT: &str = "telephone-event";
const OFFERED_EVENT_PAYLOAD: u8 = 101;
const EVENTS: &str = "0-16";
const CLOCK: u32 = 8_000;
const PACKET_TIME: u16 = 20;

/// A codec that calls are carried in: G.711 at 8 kHz, 20 ms in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// µ-law.
    Pcmu,
    /// A-law.
    Pcma,
}

impl Codec {
    const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// Its static payload type (RFC 3551 §6).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// Its name in `a=rtpmap`.
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }
}

/// What was agreed on for the stream, seen from our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteMedia {
    /// Where the other side wants its audio. The unspecified address (0.0.0.0) while it holds
    /// the call the old way; then `we_send` is false.
    pub address: SocketAddr,
    /// The codec to send, and to expect: the first of ours in the other side's list. An answer
    /// with several would permit the other side to send any of them; phones send the first.
    pub codec: Codec,
    /// RTP payload type of the codec, 0 to 127.
    pub payload_type: u8,
    /// RTP payload type of telephone-event (RFC 4733), where agreed.
    pub telephone_event: Option<u8>,
    /// Whether our audio is wanted.
    pub we_send: bool,
    /// Whether the other side will send audio.
    pub we_receive: bool,
}

/// An offer or answer that no session can be made of. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// It has no audio stream over plain RTP that is switched on.
    #[error("expected an audio stream over RTP/AVP with a port")]
    NoAudio,
    /// Its audio stream has neither PCMU nor PCMA.
    #[error("expected PCMU or PCMA among the codecs of the audio stream")]
    NoCommonCodec,
    /// Its audio stream has no unicast IP address of our family.
    #[error("expected a c= line with a unicast address of our IP version for the audio stream")]
    BadAddress,
    /// It answers an offer that was not made.
    #[error("expected no answer: no offer is open")]
    NotOffered,
}

impl Refused {
    /// The SIP status that refuses an offer for this reason.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoAudio | Self::NoCommonCodec | Self::BadAddress | Self::NotOffered => 488,
        }
    }
}

/// A section of the session as it was last described. Sections are never removed (RFC 3264 §8).
#[derive(Clone, Debug)]
enum Section {
    Ours,
    Foreign {
        kind: String,
        protocol: String,
        formats: Vec<String>,
    },
}

/// Our half of an audio session, through all its offers and answers.
///
/// It describes one stream: PCMU and PCMA at 8 kHz, telephone-event, 20 ms a packet. The
/// version in `o=` grows by one when the description changes and stays when it does not.
#[derive(Clone, Debug)]
pub struct Session {
    id: u64,
    version: u64,
    local: SocketAddr,
    sections: Vec<Section>,
    described: Option<Vec<MediaLine>>,
    open_offer: bool,
}

impl Session {
    /// A session whose audio is received at `local`. `id` must be unique to the call.
    pub fn new(id: u64, local: SocketAddr) -> Self {
        Self {
            id,
            version: 0,
            local,
            sections: vec![Section::Ours],
            described: None,
            open_offer: false,
        }
    }

    /// Whether an offer of ours still waits for its answer.
    pub const fn has_open_offer(&self) -> bool {
        self.open_offer
    }

    /// Makes an offer of everything we can do.
    pub fn offer(&mut self) -> String {
        let media = self
            .sections
            .iter()
            .map(|section| self.offered_line(section))
            .collect();
        self.open_offer = true;
        self.describe(media)
    }

    /// Gives up an offer that was refused or ignored: the session is what it was before.
    pub const fn withdraw_offer(&mut self) {
        self.open_offer = false;
    }

    /// What an answer would mean, without closing the offer: for answers in unreliable
    /// provisional responses, which the final one may replace (RFC 3261 §13.2.1).
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it.
    pub fn preview_answer(&self, answer: &str) -> Result<RemoteMedia, Refused> {
        if !self.open_offer {
            return Err(Refused::NotOffered);
        }
        let description = Description::parse(answer)?;
        let ours = self
            .sections
            .iter()
            .position(|section| matches!(section, Section::Ours));
        let line = ours
            .and_then(|index| description.media.get(index))
            .ok_or(Refused::NoAudio)?;
        let stream = Stream::of(&description, line, self.local)?;
        let direction = stream.direction.mirrored();
        Ok(stream.agreed(direction))
    }

    /// Takes the answer to our open offer.
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it; the offer stays open.
    pub fn accept_answer(&mut self, answer: &str) -> Result<RemoteMedia, Refused> {
        let agreed = self.preview_answer(answer)?;
        self.open_offer = false;
        Ok(agreed)
    }

    /// Answers an offer: the first audio stream that we can carry, in the first codec of its
    /// list that is one of ours; all others are rejected in place.
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it; the session is left as it was.
    pub fn answer(&mut self, offer: &str) -> Result<(String, RemoteMedia), Refused> {
        let description = Description::parse(offer)?;
        let (chosen, stream) = choose(&description, self.local)?;
        let direction = stream.direction.mirrored();
        let mut sections = Vec::with_capacity(description.media.len());
        let mut media = Vec::with_capacity(description.media.len());
        for (index, line) in description.media.iter().enumerate() {
            if index == chosen {
                sections.push(Section::Ours);
                media.push(self.answered_line(&stream, direction));
            } else {
                let section = Section::Foreign {
                    kind: line.kind.clone(),
                    protocol: line.protocol.clone(),
                    formats: line.formats.clone(),
                };
                media.push(rejected_line(&line.kind, &line.protocol, &line.formats));
                sections.push(section);
            }
        }
        self.sections = sections;
        Ok((self.describe(media), stream.agreed(direction)))
    }

    fn describe(&mut self, media: Vec<MediaLine>) -> String {
        if self.described.as_ref() != Some(&media) {
            self.version += 1;
            self.described = Some(media.clone());
        }
        let address = Address::Ip(self.local.ip());
        let origin = Origin {
            username: "-".to_owned(),
            session_id: self.id,
            version: self.version,
            address: address.clone(),
        };
        Description {
            origin,
            address: Some(address),
            direction: None,
            media,
        }
        .to_string()
    }

    fn offered_line(&self, section: &Section) -> MediaLine {
        match section {
            Section::Foreign {
                kind,
                protocol,
                formats,
            } => rejected_line(kind, protocol, formats),
            Section::Ours => {
                let codecs: Vec<_> = Codec::ALL
                    .iter()
                    .map(|codec| (codec.payload_type(), *codec))
                    .collect();
                self.line(&codecs, Some(OFFERED_EVENT_PAYLOAD), Direction::SendReceive)
            }
        }
    }

    fn answered_line(&self, stream: &Stream, direction: Direction) -> MediaLine {
        self.line(
            &[(stream.payload_type, stream.codec)],
            stream.telephone_event,
            direction,
        )
    }

    fn line(
        &self,
        codecs: &[(u8, Codec)],
        telephone_event: Option<u8>,
        direction: Direction,
    ) -> MediaLine {
        let codecs = codecs
            .iter()
            .map(|(number, codec)| (*number, codec.encoding()));
        let mappings: Vec<Mapping> = codecs
            .chain(telephone_event.map(|number| (number, TELEPHONE_EVENT)))
            .map(|(payload_type, encoding)| Mapping {
                payload_type,
                encoding: encoding.to_owned(),
                clock: CLOCK,
                channels: None,
            })
            .collect();
        let events = telephone_event.map(|payload_type| Parameter {
            payload_type,
            value: EVENTS.to_owned(),
        });
        MediaLine {
            kind: "audio".to_owned(),
            port: self.local.port(),
            protocol: PROTOCOL.to_owned(),
            formats: mappings
                .iter()
                .map(|mapping| mapping.payload_type.to_string())
                .collect(),
            address: None,
            direction: Some(direction),
            mappings,
            parameters: events.into_iter().collect(),
            packet_time: Some(PACKET_TIME),
        }
    }
}

fn rejected_line(kind: &str, protocol: &str, formats: &[String]) -> MediaLine {
    MediaLine {
        kind: kind.to_owned(),
        port: 0,
        protocol: protocol.to_owned(),
        formats: formats.to_vec(),
        address: None,
        direction: None,
        mappings: Vec::new(),
        parameters: Vec::new(),
        packet_time: None,
    }
}

/// The first stream that we can carry, or why none can be.
fn choose(description: &Description, local: SocketAddr) -> Result<(usize, Stream), Refused> {
    let mut refused = Refused::NoAudio;
    for (index, line) in description.media.iter().enumerate() {
        match Stream::of(description, line, local) {
            Ok(stream) => return Ok((index, stream)),
            Err(Refused::NoAudio) => {}
            Err(reason) => refused = reason,
        }
    }
    Err(refused)
}

/// What the other side says about its stream.
struct Stream {
    address: SocketAddr,
    codec: Codec,
    payload_type: u8,
    telephone_event: Option<u8>,
    direction: Direction,
}

impl Stream {
    fn of(description: &Description, line: &MediaLine, local: SocketAddr) -> Result<Self, Refused> {
        if line.kind != "audio" || line.protocol != PROTOCOL || line.port == 0 {
            return Err(Refused::NoAudio);
        }
        let (payload_type, codec) = codec(line).ok_or(Refused::NoCommonCodec)?;
        let address = line.address.as_ref().or(description.address.as_ref());
        let Some(Address::Ip(address)) = address else {
            return Err(Refused::BadAddress);
        };
        let usable = address.is_ipv4() == local.is_ipv4()
            && !address.is_multicast()
            && !is_broadcast(*address);
        if !usable {
            return Err(Refused::BadAddress);
        }
        let stated = line
            .direction
            .or(description.direction)
            .unwrap_or(Direction::SendReceive);
        // c=0.0.0.0 asks for silence whatever the direction says (RFC 3264 §8.4).
        let direction = Direction::new(
            stated.sends(),
            stated.receives() && !address.is_unspecified(),
        );
        Ok(Self {
            address: SocketAddr::new(*address, line.port),
            codec,
            payload_type,
            telephone_event: telephone_event(line),
            direction,
        })
    }

    const fn agreed(&self, ours: Direction) -> RemoteMedia {
        RemoteMedia {
            address: self.address,
            codec: self.codec,
            payload_type: self.payload_type,
            telephone_event: self.telephone_event,
            we_send: ours.sends(),
            we_receive: ours.receives(),
        }
    }
}

fn codec(line: &MediaLine) -> Option<(u8, Codec)> {
    payload_types(line).find_map(|payload_type| {
        let mapping = line
            .mappings
            .iter()
            .find(|mapping| mapping.payload_type == payload_type);
        let codec = Codec::ALL.into_iter().find(|codec| match mapping {
            Some(mapping) => {
                mapping.encoding.eq_ignore_ascii_case(codec.encoding())
                    && mapping.clock == CLOCK
                    && mapping.channels.is_none_or(|channels| channels == 1)
            }
            None => codec.payload_type() == payload_type,
        });
        codec.map(|codec| (payload_type, codec))
    })
}

fn telephone_event(line: &MediaLine) -> Option<u8> {
    payload_types(line).find(|payload_type| {
        line.mappings.iter().any(|mapping| {
            mapping.payload_type == *payload_type
                && mapping.encoding.eq_ignore_ascii_case(TELEPHONE_EVENT)
                && mapping.clock == CLOCK
        })
    })
}

fn payload_types(line: &MediaLine) -> impl Iterator<Item = u8> {
    line.formats
        .iter()
        .filter_map(|format| format.parse().ok())
        .filter(|number| *number < 128)
}

const fn is_broadcast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    }
}
