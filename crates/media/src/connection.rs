//! What signalling agreed on, and what has to be built before a leg can use it.

use std::fmt;
use std::net::SocketAddr;

use audio::SampleRate;
use audio::codec::{Codec, Decoder, Encoder, OpenCodecError, OpusSettings};
use srtp::{Keys, Protect, Unprotect};

use crate::leg::StreamStart;

/// What signalling agreed on with the far end.
///
/// `Debug` shows no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where the far end asked for audio; used until its first packet shows
    /// where it really is.
    pub remote: SocketAddr,
    /// How audio is encoded, both ways.
    pub codec: Codec,
    /// The RTP payload type of that codec, 0 to 127, in what is sent.
    pub payload_type: u8,
    /// The payload types of what arrives, where they are not those of what is
    /// sent: an answer may number the formats of an offer anew (RFC 3264 §6.1).
    pub arriving: Option<PayloadTypes>,
    /// How Opus is encoded, if it is the codec.
    pub opus: OpusSettings,
    /// How keys travel as telephone events (RFC 4733), if they were agreed on.
    pub telephone_event: Option<TelephoneEventFormat>,
    /// The payload type of comfort noise (RFC 3389), if it was agreed on. A description
    /// of it is then sent every 400 ms in the place of silence that lasts.
    pub comfort_noise: Option<u8>,
    /// The keys of SRTP and SRTCP; `None` is plain RTP and RTCP.
    pub security: Option<Security>,
    /// Where the far end takes RTCP.
    pub rtcp: Rtcp,
    /// Whether audio is sent; false while the far end has put the call on hold.
    /// The playout queue then waits.
    pub send: bool,
    /// Whether received audio is heard.
    pub receive: bool,
}

impl Connection {
    /// Plain audio in both directions and nothing beside it; RTCP goes to the port
    /// above (RFC 3550 §11).
    pub fn new(remote: SocketAddr, codec: Codec, payload_type: u8) -> Self {
        let mut control = remote;
        control.set_port(remote.port().saturating_add(1));
        Self {
            remote,
            codec,
            payload_type,
            arriving: None,
            opus: OpusSettings::default(),
            telephone_event: None,
            comfort_noise: None,
            security: None,
            rtcp: Rtcp::At(control),
            send: true,
            receive: true,
        }
    }

    /// Whether the far end may leave out what it has to say nothing in.
    pub(crate) fn pauses(&self) -> bool {
        let discontinuous = self.codec == Codec::Opus && self.opus.dtx;
        discontinuous || self.arriving().comfort_noise.is_some()
    }

    /// The payload types of what arrives.
    pub(crate) fn arriving(&self) -> PayloadTypes {
        self.arriving.unwrap_or_else(|| PayloadTypes {
            audio: self.payload_type,
            telephone_event: self.telephone_event.map(|event| event.payload_type),
            comfort_noise: self.comfort_noise,
        })
    }
}

/// RTP payload types, 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    /// Of the codec.
    pub audio: u8,
    /// Of telephone events, if they were agreed on.
    pub telephone_event: Option<u8>,
    /// Of comfort noise, if it was agreed on.
    pub comfort_noise: Option<u8>,
}

/// How telephone events were agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEventFormat {
    /// Their RTP payload type, 0 to 127, both ways.
    pub payload_type: u8,
    /// What their durations count: the clock of the audio beside them (RFC 4733 §2.1).
    pub clock: SampleRate,
}

/// The keys of a connection, one set for each direction. `Debug` hides them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Those that seal what is sent.
    pub send: Keys,
    /// Those that open what is received.
    pub receive: Keys,
}

/// Where RTCP goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtcp {
    /// Where the audio goes, through the same socket (RFC 5761).
    Muxed,
    /// There, from the port above the leg's own.
    At(SocketAddr),
}

/// Why a connection cannot be used; the leg stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The codec could not be set up.
    #[error("the codec cannot be opened: {0}")]
    Codec(#[from] OpenCodecError),
    /// The system refuses randomness.
    #[error("the system refuses random bytes, without which no stream begins")]
    Randomness,
}

/// A [`Connection`] with everything that it needs and that takes memory to build,
/// so that a media thread only has to put it in place.
pub struct PreparedConnection {
    pub(crate) connection: Connection,
    pub(crate) encoder: Encoder,
    pub(crate) decoder: Decoder,
    pub(crate) secured: Option<Secured>,
    pub(crate) start: StreamStart,
    /// The same once more, for whoever notes it: the media thread makes no copy.
    pub(crate) copy: Option<Box<Connection>>,
}

/// Both directions of SRTP.
#[derive(Debug)]
pub(crate) struct Secured {
    pub(crate) protect: Protect,
    pub(crate) unprotect: Unprotect,
}

impl PreparedConnection {
    /// Builds codec and ciphers. `start` is where a stream begins if this
    /// connection needs one of its own: the first one, one with new keys, one
    /// whose timestamps count at another rate.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the codec does not take its settings.
    pub fn new(connection: Connection, start: StreamStart) -> Result<Self, ConnectError> {
        let secured = connection.security.as_ref().map(|security| Secured {
            protect: Protect::new(&security.send),
            unprotect: Unprotect::new(&security.receive),
        });
        Ok(Self {
            encoder: Encoder::new(connection.codec, connection.opus)?,
            decoder: Decoder::new(connection.codec)?,
            secured,
            start,
            copy: Some(Box::new(connection.clone())),
            connection,
        })
    }

    /// What was agreed on.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl fmt::Debug for PreparedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedConnection")
            .field("connection", &self.connection)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
