use std::net::SocketAddr;

use audio::codec::{Codec, OpusSettings};
use audio::{Moment, RtpTimestamp, SampleRate, SequenceNumber};
use media::{Connection, PayloadTypes, Rtcp, Security, StreamStart, TelephoneEventFormat};
use serde::{Deserialize, Serialize};

/// A connection of a leg, without its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    at: Moment,
    remote: SocketAddr,
    codec: Codec,
    payload_type: u8,
    arriving: Option<Formats>,
    opus: OpusSettings,
    telephone_event: Option<(u8, SampleRate)>,
    comfort_noise: Option<u8>,
    /// Numbers that stand for the keys of what is sent and received: the same ones for the same.
    keys: Option<(usize, usize)>,
    /// Where reports go; `None` for where the audio goes.
    rtcp: Option<SocketAddr>,
    send: bool,
    receive: bool,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

/// The payload types of what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formats {
    audio: u8,
    telephone_event: Option<u8>,
    comfort_noise: Option<u8>,
}

impl Agreed {
    /// What was agreed on at `at`; `number` numbers keys.
    pub(super) fn new(
        at: Moment,
        connection: &Connection,
        start: StreamStart,
        mut number: impl FnMut(&Security) -> (usize, usize),
    ) -> Self {
        Self {
            at,
            remote: connection.remote,
            codec: connection.codec,
            payload_type: connection.payload_type,
            arriving: connection.arriving.map(|arriving| Formats {
                audio: arriving.audio,
                telephone_event: arriving.telephone_event,
                comfort_noise: arriving.comfort_noise,
            }),
            opus: connection.opus,
            telephone_event: connection
                .telephone_event
                .map(|event| (event.payload_type, event.clock)),
            comfort_noise: connection.comfort_noise,
            keys: connection.security.as_ref().map(&mut number),
            rtcp: match connection.rtcp {
                Rtcp::Muxed => None,
                Rtcp::At(address) => Some(address),
            },
            send: connection.send,
            receive: connection.receive,
            ssrc: start.ssrc,
            sequence: start.sequence.0,
            timestamp: start.timestamp.0,
        }
    }

    /// When.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// How audio is encoded.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The connection; `security` gives keys that stand for those of these numbers.
    pub fn connection(
        &self,
        security: impl FnOnce((usize, usize)) -> Security,
    ) -> (Connection, StreamStart) {
        let connection = Connection {
            arriving: self.arriving.map(|arriving| PayloadTypes {
                audio: arriving.audio,
                telephone_event: arriving.telephone_event,
                comfort_noise: arriving.comfort_noise,
            }),
            opus: self.opus,
            telephone_event: self.telephone_event.map(|(payload_type, clock)| {
                TelephoneEventFormat {
                    payload_type,
                    clock,
                }
            }),
            comfort_noise: self.comfort_noise,
            security: self.keys.map(security),
            rtcp: self.rtcp.map_or(Rtcp::Muxed, Rtcp::At),
            send: self.send,
            receive: self.receive,
            ..Connection::new(self.remote, self.codec, self.payload_type)
        };
        let start = StreamStart {
            ssrc: self.ssrc,
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTimestamp(self.timestamp),
        };
        (connection, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_comes_back_as_it_was_but_for_its_keys() {
        let remote = SocketAddr::from(([192, 0, 2, 7], 4_000));
        let connection = Connection {
            comfort_noise: Some(13),
            telephone_event: Some(TelephoneEventFormat {
                payload_type: 101,
                clock: SampleRate::HZ_8000,
            }),
            arriving: Some(PayloadTypes {
                audio: 8,
                telephone_event: Some(102),
                comfort_noise: None,
            }),
            rtcp: Rtcp::Muxed,
            receive: false,
            ..Connection::new(remote, Codec::Pcmu, 0)
        };
        let start = StreamStart {
            ssrc: 1,
            sequence: SequenceNumber(2),
            timestamp: RtpTimestamp(3),
        };
        let agreed = Agreed::new(Moment::ZERO, &connection, start, |_| (0, 1));
        let json = serde_json::to_string(&agreed).unwrap();
        let read: Agreed = serde_json::from_str(&json).unwrap();
        let no_keys = |_| unreachable!("the connection has none");
        assert_eq!(read.connection(no_keys), (connection, start));
    }
}
