//! A leg in virtual time: the test is its network, its clock and its call.
#![allow(dead_code, reason = "each test file uses its own part of the rig")]

pub(crate) mod pair;

use std::net::SocketAddr;
use std::time::Duration;

use audio::{Companding, FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{AdaptiveBuffer, Format, PlayoutBuffer, Settings};
use media::rtcp::{Cname, WallClock};
use media::rtp::{self, Header};
use media::{
    Background, Codec, Connection, HeardFrame, Identity, LegCore, LegEnds, LegEvent, LegOptions,
    LegSetup, PlayoutFrame, Policy, PreparedConnection, SegmentId, StreamStart,
    TelephoneEventFormat,
};

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
pub(crate) const OPTIONS: LegOptions = LegOptions {
    widest: RATE,
    record: true,
    policy: Policy::Play,
    inband_digits: false,
    background: None,
};
pub(crate) const START: StreamStart = StreamStart {
    ssrc: 0x5EED,
    sequence: SequenceNumber(65_500),
    timestamp: RtpTimestamp(u32::MAX - 1_000),
};
pub(crate) const NO_RTP_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const TELEPHONE_EVENT: u8 = 101;
pub(crate) const PCMU: u8 = 0;
/// A sample that is heard, and comes through μ-law unchanged.
pub(crate) const LOUD: i16 = 8_316;

pub(crate) struct Rig {
    pub(crate) core: LegCore,
    pub(crate) ends: LegEnds,
    /// When the next tick is due.
    pub(crate) now: Moment,
    /// The next packet of the far end.
    pub(crate) far: Header,
}

/// A packet that the leg sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) at: Moment,
    pub(crate) to: SocketAddr,
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

impl Sent {
    /// Whether the packet is 20 ms of digital silence.
    pub(crate) fn is_silence(&self) -> bool {
        self.payload == [Companding::MuLaw.silence(); 160]
    }
}

impl Rig {
    pub(crate) fn unconnected() -> Self {
        Self::with_buffer(Box::new(buffer(Policy::Play)))
    }

    pub(crate) fn with_buffer(buffer: Box<dyn PlayoutBuffer>) -> Self {
        Self::with(OPTIONS, buffer)
    }

    /// A connected leg that hears for a machine.
    pub(crate) fn listening() -> Self {
        let options = LegOptions {
            policy: Policy::Listen,
            ..OPTIONS
        };
        let mut rig = Self::with(options, Box::new(buffer(Policy::Listen)));
        rig.connect(connection());
        rig
    }

    /// A connected leg with the sound of a place under the agent.
    pub(crate) fn with_background(background: Background) -> Self {
        let options = LegOptions {
            background: Some(background),
            ..OPTIONS
        };
        let mut rig = Self::with(options, Box::new(buffer(Policy::Play)));
        rig.connect(connection());
        rig
    }

    fn with(options: LegOptions, buffer: Box<dyn PlayoutBuffer>) -> Self {
        let (core, ends) = LegCore::new(LegSetup {
            options,
            identity: identity(),
            no_rtp_timeout: NO_RTP_TIMEOUT,
            buffer,
        });
        let far = Header {
            marker: false,
            payload_type: PCMU,
            sequence: SequenceNumber(7),
            timestamp: RtpTimestamp(1_600),
            ssrc: 0xFA4,
        };
        Self {
            core,
            ends,
            now: Moment::from_millis(1_000),
            far,
        }
    }

    pub(crate) fn connected() -> Self {
        let mut rig = Self::unconnected();
        rig.connect(connection());
        rig
    }

    /// Signalling agrees on `connection`.
    pub(crate) fn connect(&mut self, connection: Connection) {
        self.core.connect(self.now, prepared(connection));
    }

    /// A datagram arrives.
    pub(crate) fn receive(&mut self, from: SocketAddr, datagram: &[u8]) {
        let mut datagram = datagram.to_vec();
        self.core.handle_packet(self.now, from, &mut datagram);
    }

    /// One tick.
    pub(crate) fn tick(&mut self) -> Option<Sent> {
        let at = self.now;
        self.now = at + FRAME;
        let transmit = self.core.tick(at)?;
        let (header, payload) = rtp::parse(transmit.packet).expect("the leg sends valid RTP");
        Some(Sent {
            at,
            to: transmit.destination,
            header,
            payload: payload.to_vec(),
        })
    }

    pub(crate) fn ticks(&mut self, count: usize) -> Vec<Sent> {
        (0..count).filter_map(|_| self.tick()).collect()
    }

    /// The far end sends 20 ms of `sample`.
    pub(crate) fn hear(&mut self, sample: i16) {
        self.hear_from(far_end(), sample);
    }

    pub(crate) fn hear_from(&mut self, from: SocketAddr, sample: i16) {
        let datagram = datagram(self.far, sample);
        self.far.sequence = self.far.sequence.next();
        self.far.timestamp = self.far.timestamp.advanced(160);
        self.receive(from, &datagram);
    }

    /// The agent says 20 ms of `sample`.
    pub(crate) fn say(&self, segment: u32, last: bool, sample: i16) {
        let frame = PlayoutFrame {
            generation: self.ends.playout.generation(),
            segment: SegmentId(segment),
            last,
            frame: Frame::from_samples(&[sample; 160]).expect("160 samples fit"),
        };
        self.ends.playout.push(frame).expect("the queue has room");
    }

    pub(crate) fn events(&self) -> Vec<LegEvent> {
        std::iter::from_fn(|| self.ends.feed.pop_event()).collect()
    }

    pub(crate) fn heard(&self) -> Vec<HeardFrame> {
        std::iter::from_fn(|| self.ends.feed.pop_frame()).collect()
    }
}

pub(crate) fn buffer(policy: Policy) -> AdaptiveBuffer {
    let format = Format {
        clock: RATE,
        rate: RATE,
    };
    AdaptiveBuffer::new(Settings::new(policy, format))
}

pub(crate) fn identity() -> Identity {
    Identity {
        cname: Cname::new([7; 12]),
        wall_clock: WallClock::new(Moment::ZERO, Duration::from_secs(1_700_000_000)),
        seed: 42,
    }
}

pub(crate) fn datagram(header: Header, sample: i16) -> Vec<u8> {
    let mut payload = [0; 160];
    Companding::MuLaw.encode(&[sample; 160], &mut payload);
    let mut datagram = header.to_bytes().to_vec();
    datagram.extend_from_slice(&payload);
    datagram
}

pub(crate) fn connection() -> Connection {
    Connection {
        telephone_event: Some(TelephoneEventFormat {
            payload_type: TELEPHONE_EVENT,
            clock: RATE,
        }),
        ..Connection::new(signalled(), Codec::Pcmu, PCMU)
    }
}

pub(crate) fn prepared(connection: Connection) -> Box<PreparedConnection> {
    Box::new(PreparedConnection::new(connection, START).expect("the codec opens"))
}

/// The address in the far end's session description.
pub(crate) fn signalled() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 4_000))
}

/// The address that the far end's packets really come from.
pub(crate) fn far_end() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 40_000))
}

pub(crate) fn stranger() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 66], 6_666))
}
