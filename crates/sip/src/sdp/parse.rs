//! Reading a session description from foreign text.

use std::net::IpAddr;

use srtp::CryptoAttribute;

use super::description::{
    Address, Description, Direction, Mapping, MediaLine, Origin, Parameter, RtcpPort,
};

/// More sections than any phone sends; each costs the answer a section of its own.
const MAX_MEDIA: usize = 16;
/// Payload types end at 127, and each may appear once.
const MAX_FORMATS: usize = 128;
/// Crypto lines of a stream: several for each suite that has a name.
const MAX_CRYPTO: usize = 32;

/// Text that is no session description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A line does not have its form.
    #[error("line {line} of the session description: expected {expected}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The form that the line should have.
        expected: &'static str,
    },
    /// No section of media.
    #[error("the session description has no m= line")]
    NoMedia,
    /// More than is taken.
    #[error("the session description has more than {MAX_MEDIA} m= lines")]
    TooMuchMedia,
}

impl Description {
    /// Reads a description.
    ///
    /// Lines of unknown type, unknown attributes and attributes that do not have their form are
    /// skipped (RFC 8866 §5), line ends may lack their carriage return, and the order of lines
    /// within a section is not checked.
    ///
    /// # Errors
    /// [`ParseError`] when the text does not begin with `v=0`, when a `c=` or `m=` line does not
    /// have its form, and when there is no `m=` line or more than 16.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim_end()));
        if lines.next().is_none_or(|(_, line)| line != "v=0") {
            return Err(ParseError::Line {
                line: 1,
                expected: "v=0",
            });
        }
        let mut description = Self {
            origin: Origin {
                username: "-".to_owned(),
                session_id: 0,
                version: 0,
                address: Address::Name("-".to_owned()),
            },
            address: None,
            direction: None,
            media: Vec::new(),
        };
        for (line, text) in lines {
            description.take(text).map_err(|refusal| refusal.at(line))?;
        }
        if description.media.is_empty() {
            return Err(ParseError::NoMedia);
        }
        Ok(description)
    }

    fn take(&mut self, text: &str) -> Result<(), Refusal> {
        let Some((kind, value)) = text.split_once('=') else {
            return Ok(());
        };
        match kind {
            "o" => {
                if let Some(origin) = origin(value) {
                    self.origin = origin;
                }
            }
            "c" => {
                let address = address(value).ok_or(Refusal::Expected(
                    "c=IN IP4 <address> or c=IN IP6 <address>",
                ))?;
                match self.media.last_mut() {
                    Some(media) => media.address = Some(address),
                    None => self.address = Some(address),
                }
            }
            "m" => {
                if self.media.len() == MAX_MEDIA {
                    return Err(Refusal::TooMuchMedia);
                }
                let media = media(value).ok_or(Refusal::Expected(
                    "m=<media> <port> <protocol> <format> ...",
                ))?;
                self.media.push(media);
            }
            "a" => self.attribute(value),
            _ => {}
        }
        Ok(())
    }

    fn attribute(&mut self, value: &str) {
        let (name, value) = value.split_once(':').unwrap_or((value, ""));
        if let Some(direction) = direction(name) {
            match self.media.last_mut() {
                Some(media) => media.direction = Some(direction),
                None => self.direction = Some(direction),
            }
            return;
        }
        let Some(media) = self.media.last_mut() else {
            return;
        };
        match name {
            "rtpmap" if media.mappings.len() < MAX_FORMATS => media.mappings.extend(mapping(value)),
            "fmtp" if media.parameters.len() < MAX_FORMATS => {
                media.parameters.extend(parameter(value));
            }
            "ptime" => media.packet_time = milliseconds(value).or(media.packet_time),
            "maxptime" => media.max_packet_time = milliseconds(value).or(media.max_packet_time),
            "rtcp-mux" => media.rtcp_mux = true,
            "rtcp" => media.rtcp = rtcp_port(value).or_else(|| media.rtcp.take()),
            "crypto" if media.crypto.len() < MAX_CRYPTO => {
                media.crypto.push(CryptoAttribute::parse(value));
            }
            _ => {}
        }
    }
}

enum Refusal {
    Expected(&'static str),
    TooMuchMedia,
}

impl Refusal {
    const fn at(self, line: usize) -> ParseError {
        match self {
            Self::Expected(expected) => ParseError::Line { line, expected },
            Self::TooMuchMedia => ParseError::TooMuchMedia,
        }
    }
}

fn origin(value: &str) -> Option<Origin> {
    let mut words = value.splitn(4, ' ');
    Some(Origin {
        username: words.next().filter(|name| !name.is_empty())?.to_owned(),
        session_id: words.next()?.parse().ok()?,
        version: words.next()?.parse().ok()?,
        address: address(words.next()?)?,
    })
}

fn address(value: &str) -> Option<Address> {
    let mut words = value.split_ascii_whitespace();
    let (network, family, address) = (words.next()?, words.next()?, words.next()?);
    if network != "IN" {
        return None;
    }
    let address = address
        .split_once('/')
        .map_or(address, |(address, _)| address);
    match (family, address.parse::<IpAddr>()) {
        ("IP4", Ok(address @ IpAddr::V4(_))) | ("IP6", Ok(address @ IpAddr::V6(_))) => {
            Some(Address::Ip(address))
        }
        ("IP4" | "IP6", Err(_)) if !address.is_empty() => Some(Address::Name(address.to_owned())),
        _ => None,
    }
}

fn media(value: &str) -> Option<MediaLine> {
    let mut words = value.split_ascii_whitespace();
    let (kind, port, protocol) = (words.next()?, words.next()?, words.next()?);
    let port = port.split_once('/').map_or(port, |(port, _)| port);
    let formats: Vec<String> = words.take(MAX_FORMATS).map(str::to_owned).collect();
    if formats.is_empty() {
        return None;
    }
    Some(MediaLine {
        kind: kind.to_owned(),
        port: port.parse().ok()?,
        protocol: protocol.to_owned(),
        formats,
        address: None,
        direction: None,
        mappings: Vec::new(),
        parameters: Vec::new(),
        packet_time: None,
        max_packet_time: None,
        rtcp_mux: false,
        rtcp: None,
        crypto: Vec::new(),
    })
}

fn direction(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendReceive),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::ReceiveOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

fn mapping(value: &str) -> Option<Mapping> {
    let (payload_type, encoding) = payload_type(value)?;
    let mut parts = encoding.trim().split('/');
    Some(Mapping {
        payload_type,
        encoding: parts.next().filter(|name| !name.is_empty())?.to_owned(),
        clock: parts.next()?.parse().ok()?,
        channels: match parts.next() {
            Some(channels) => Some(channels.parse().ok()?),
            None => None,
        },
    })
}

fn parameter(value: &str) -> Option<Parameter> {
    let (payload_type, value) = payload_type(value)?;
    Some(Parameter {
        payload_type,
        value: value.to_owned(),
    })
}

/// Whole milliseconds; fractions, which RFC 8866 §6.4 permits, are dropped.
fn milliseconds(value: &str) -> Option<u16> {
    let value = value.trim();
    let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
    whole.parse().ok()
}

fn rtcp_port(value: &str) -> Option<RtcpPort> {
    let value = value.trim();
    let (port, rest) = value.split_once(' ').unwrap_or((value, ""));
    Some(RtcpPort {
        port: port.parse().ok().filter(|port| *port != 0)?,
        address: match rest {
            "" => None,
            rest => Some(address(rest)?),
        },
    })
}

fn payload_type(value: &str) -> Option<(u8, &str)> {
    let (number, rest) = value.split_once(' ')?;
    let number = number.parse().ok().filter(|number| *number < 128)?;
    Some((number, rest))
}
