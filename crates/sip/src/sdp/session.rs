//! One audio session: its offers, its answers, and what both sides agreed on.

use std::net::SocketAddr;

use audio::SampleRate;
use srtp::CryptoAttribute;

use super::Refused;
use super::description::{Address, Description, Direction, MediaLine, Origin};
use super::format::Format;
use super::numbers::Numbers;
use super::remote::{PayloadTypes, RemoteMedia};
use super::security::{OwnKeys, Protocol, Security, Srtp};
use super::stream::{PACKET_TIME, Stream};
use crate::codecs::CodecList;

/// What the owner of a session agrees to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The codecs, in the order in which they are offered. The order of an offer of the other
    /// side goes before it.
    pub codecs: CodecList,
    /// Whether the audio is encrypted.
    pub srtp: Srtp,
    /// Offer comfort noise at 8 kHz: the other side may then send next to nothing in its pauses.
    /// Where the other side offers it, it is always agreed to.
    pub comfort_noise: bool,
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

/// An offer of ours that waits for its answer.
#[derive(Clone, Debug)]
struct OpenOffer {
    protocol: Protocol,
    formats: Vec<(u8, Format)>,
}

/// Our half of an audio session, through all its offers and answers.
///
/// It describes one stream: the codecs of its [`Terms`], telephone-event, 20 ms a packet, RTCP
/// on the port of RTP where the other side can, else on the port above it. The version in `o=`
/// grows by one when the description changes and stays when it does not. Payload types and keys
/// stay the same for the life of the session, as long as the other side lets them.
#[derive(Clone, Debug)]
pub struct Session {
    id: u64,
    version: u64,
    local: SocketAddr,
    terms: Terms,
    sections: Vec<Section>,
    described: Option<Vec<MediaLine>>,
    open_offer: Option<OpenOffer>,
    protocol: Protocol,
    numbers: Numbers,
    keys: OwnKeys,
}

impl Session {
    /// A session whose audio is received at `local`. `id` must be unique to the call; `entropy`,
    /// which all keys are drawn from, comes from a cryptographic random generator and serves no
    /// other session.
    pub fn new(id: u64, local: SocketAddr, terms: Terms, entropy: [u8; 32]) -> Self {
        Self {
            id,
            version: 0,
            local,
            protocol: terms.srtp.protocol(),
            terms,
            sections: vec![Section::Ours],
            described: None,
            open_offer: None,
            numbers: Numbers::default(),
            keys: OwnKeys::new(entropy),
        }
    }

    /// Moves the place where audio is received, of a session that nothing was said about yet.
    pub const fn receive_at(&mut self, local: SocketAddr) {
        self.local = local;
    }

    /// Whether an offer of ours still waits for its answer.
    pub const fn has_open_offer(&self) -> bool {
        self.open_offer.is_some()
    }

    /// Makes an offer of everything we agree to. It contains keys unless [`Srtp::Off`]: it
    /// belongs in a message and in no log.
    pub fn offer(&mut self) -> String {
        let formats = self.offered_formats();
        let crypto = match self.terms.srtp {
            Srtp::Off => Vec::new(),
            Srtp::Optional | Srtp::Required => self.keys.offered(),
        };
        let offered = self.line(
            self.protocol,
            &formats,
            crypto,
            true,
            Direction::SendReceive,
        );
        let media = self.sections.iter().map(|section| match section {
            Section::Ours => offered.clone(),
            Section::Foreign {
                kind,
                protocol,
                formats,
            } => rejected_line(kind, protocol, formats),
        });
        let media = media.collect();
        self.open_offer = Some(OpenOffer {
            protocol: self.protocol,
            formats,
        });
        self.describe(media)
    }

    /// Gives up an offer that was refused or ignored: the session is what it was before.
    pub fn withdraw_offer(&mut self) {
        self.open_offer = None;
    }

    /// Closes our open offer with what a preview of its answer said.
    pub fn accept_preview(&mut self, agreed: &RemoteMedia) {
        self.open_offer = None;
        let profile = agreed.security.as_ref().map(Security::profile);
        self.keys.settle(profile);
    }

    /// What an answer would mean, without closing the offer: for answers in unreliable
    /// provisional responses, which the final one may replace (RFC 3261 §13.2.1).
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it.
    pub fn preview_answer(&self, answer: &str) -> Result<RemoteMedia, Refused> {
        let (_, agreed) = self.read_answer(answer)?;
        Ok(agreed)
    }

    /// Takes the answer to our open offer.
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it; the offer stays open.
    pub fn accept_answer(&mut self, answer: &str) -> Result<RemoteMedia, Refused> {
        let (protocol, agreed) = self.read_answer(answer)?;
        self.protocol = protocol;
        self.accept_preview(&agreed);
        Ok(agreed)
    }

    /// What answering an offer would agree on. Nothing changes: answering it does agree on that.
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it.
    pub fn preview_offer(&self, offer: &str) -> Result<RemoteMedia, Refused> {
        let (_, agreed) = self.clone().answer(offer)?;
        Ok(agreed)
    }

    /// Answers an offer: the first audio stream that we can carry, in the first codec of its
    /// list that is one of ours, with the first of its keys that we can use; all other streams
    /// are rejected in place. The answer may contain keys: it belongs in a message and in no log.
    ///
    /// # Errors
    /// [`Refused`] when no session can be made of it; the session is left as it was.
    pub fn answer(&mut self, offer: &str) -> Result<(String, RemoteMedia), Refused> {
        let description = Description::parse(offer)?;
        let Chosen {
            index,
            line,
            mut stream,
            crypto,
        } = self.choose(&description)?;
        stream.rtcp_mux &= stream.numbers().leave_room_for_rtcp();
        let direction = stream.direction.mirrored();
        let secured = crypto.map(|theirs| {
            let send = self.keys.of(theirs.keys.profile());
            let ours = CryptoAttribute {
                tag: theirs.tag,
                keys: send.clone(),
                lifetime: None,
            };
            let receive = theirs.keys.clone();
            (ours, Security { send, receive })
        });
        let (crypto, security) = secured.unzip();
        let (number, codec) = stream.audio;
        let formats: Vec<_> = std::iter::once((number, Format::Audio(codec)))
            .chain(stream.noise.map(|(n, clock)| (n, Format::Noise(clock))))
            .chain(stream.event.map(|(n, clock)| (n, Format::Event(clock))))
            .collect();
        let answered = self.line(
            stream.protocol,
            &formats,
            crypto.into_iter().collect(),
            stream.rtcp_mux,
            direction,
        );
        let (sections, media) = in_place(&description, index, answered);
        self.sections = sections;
        self.numbers.learn(line);
        self.protocol = stream.protocol;
        self.keys.settle(security.as_ref().map(Security::profile));
        let agreed = stream.agreed(direction, stream.numbers(), security);
        Ok((self.describe(media), agreed))
    }

    /// The stream that is answered, or why none can be: the one that is ours already, else the
    /// first.
    fn choose<'a>(&self, description: &'a Description) -> Result<Chosen<'a>, Refused> {
        let ours = self.our_section();
        let lines = description.media.iter().enumerate();
        let (first, others): (Vec<_>, Vec<_>) = lines.partition(|(index, _)| Some(*index) == ours);
        let mut refused = Refused::NoAudio;
        for (index, line) in first.into_iter().chain(others) {
            let stream = Stream::of(description, line, self.local, |format| match format {
                Format::Audio(codec) => self.terms.codecs.contains(codec),
                Format::Event(_) | Format::Noise(_) => true,
            });
            let chosen = stream.and_then(|stream| {
                let crypto = self.terms.srtp.choose(stream.protocol, line)?;
                Ok(Chosen {
                    index,
                    line,
                    stream,
                    crypto,
                })
            });
            match chosen {
                Ok(chosen) => return Ok(chosen),
                Err(Refused::NoAudio) => {}
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    fn read_answer(&self, answer: &str) -> Result<(Protocol, RemoteMedia), Refused> {
        let offered = self.open_offer.as_ref().ok_or(Refused::NotOffered)?;
        let description = Description::parse(answer)?;
        let line = self
            .our_section()
            .and_then(|index| description.media.get(index))
            .ok_or(Refused::NoAudio)?;
        let ours = |wanted: Format| {
            let mut formats = offered.formats.iter();
            let found = formats.find(|(_, format)| *format == wanted);
            found.map(|(number, _)| *number)
        };
        let stream = Stream::of(&description, line, self.local, |format| {
            ours(format).is_some()
        })?;
        let crypto = self
            .terms
            .srtp
            .chosen(offered.protocol, stream.protocol, line)?;
        let security = match crypto {
            None => None,
            Some(theirs) => {
                let send = self.keys.drawn(theirs.keys.profile());
                Some(Security {
                    send: send.cloned().ok_or(Refused::NoCommonCrypto)?,
                    receive: theirs.keys.clone(),
                })
            }
        };
        let (number, codec) = stream.audio;
        let arriving = PayloadTypes {
            audio: ours(Format::Audio(codec)).unwrap_or(number),
            telephone_event: stream
                .event
                .and_then(|(_, clock)| ours(Format::Event(clock))),
            comfort_noise: stream
                .noise
                .and_then(|(_, clock)| ours(Format::Noise(clock))),
        };
        let direction = stream.direction.mirrored();
        let agreed = stream.agreed(direction, arriving, security);
        Ok((stream.protocol, agreed))
    }

    fn our_section(&self) -> Option<usize> {
        self.sections
            .iter()
            .position(|section| matches!(section, Section::Ours))
    }

    /// The codecs, comfort noise where wanted, and events at the clock of every codec and at the
    /// one that everybody knows.
    fn offered_formats(&mut self) -> Vec<(u8, Format)> {
        let codecs = self.terms.codecs.as_slice();
        let narrow = SampleRate::HZ_8000;
        let noise = self.terms.comfort_noise && codecs.iter().any(|codec| codec.clock() == narrow);
        let mut clocks = vec![narrow];
        for clock in codecs.iter().map(|codec| codec.clock()) {
            if !clocks.contains(&clock) {
                clocks.push(clock);
            }
        }
        let formats: Vec<Format> = codecs
            .iter()
            .copied()
            .map(Format::Audio)
            .chain(noise.then_some(Format::Noise(narrow)))
            .chain(clocks.into_iter().map(Format::Event))
            .collect();
        let numbered = formats
            .into_iter()
            .filter_map(|format| Some((self.numbers.of(format)?, format)));
        numbered.collect()
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

    fn line(
        &self,
        protocol: Protocol,
        formats: &[(u8, Format)],
        crypto: Vec<CryptoAttribute>,
        rtcp_mux: bool,
        direction: Direction,
    ) -> MediaLine {
        MediaLine {
            kind: "audio".to_owned(),
            port: self.local.port(),
            protocol: protocol.as_str().to_owned(),
            formats: formats
                .iter()
                .map(|(number, _)| number.to_string())
                .collect(),
            address: None,
            direction: Some(direction),
            mappings: formats
                .iter()
                .map(|(number, format)| format.mapping(*number))
                .collect(),
            parameters: formats
                .iter()
                .filter_map(|(number, format)| format.parameter(*number))
                .collect(),
            packet_time: Some(PACKET_TIME.as_millis() as u16),
            max_packet_time: None,
            rtcp_mux,
            rtcp: None,
            crypto: crypto.into_iter().map(Ok).collect(),
        }
    }
}

/// What is taken of an offer.
struct Chosen<'a> {
    index: usize,
    line: &'a MediaLine,
    stream: Stream,
    crypto: Option<&'a CryptoAttribute>,
}

/// All sections of an answer, where `answered` stands at `index` and the others are rejected.
fn in_place(
    description: &Description,
    index: usize,
    answered: MediaLine,
) -> (Vec<Section>, Vec<MediaLine>) {
    let mut answered = Some(answered);
    let sections = description.media.iter().enumerate().map(|(at, line)| {
        match answered.take_if(|_| at == index) {
            Some(answered) => (Section::Ours, answered),
            None => {
                let foreign = Section::Foreign {
                    kind: line.kind.clone(),
                    protocol: line.protocol.clone(),
                    formats: line.formats.clone(),
                };
                let rejected = rejected_line(&line.kind, &line.protocol, &line.formats);
                (foreign, rejected)
            }
        }
    });
    sections.unzip()
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
        max_packet_time: None,
        rtcp_mux: false,
        rtcp: None,
        crypto: Vec::new(),
    }
}
