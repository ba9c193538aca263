//! Two legs in virtual time that talk to each other over a line with a delay.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{AdaptiveBuffer, Format, Settings};
use media::{
    Connection, HeardFrame, LegCore, LegEnds, LegEvent, LegOptions, LegSetup, PlayoutFrame, Policy,
    Port, PreparedConnection, SegmentId, StreamStart, Transmit,
};

use super::identity;

/// How long every packet is on its way.
pub(crate) const DELAY: Duration = Duration::from_millis(15);

const STEP: Duration = Duration::from_millis(5);

pub(crate) struct Pair {
    pub(crate) here: Side,
    pub(crate) there: Side,
    pub(crate) now: Moment,
    line: VecDeque<Flight>,
    /// All that ever was on the line.
    pub(crate) wire: Vec<Flight>,
    /// Whether a packet gets lost.
    pub(crate) loses: fn(&Flight) -> bool,
}

pub(crate) struct Side {
    pub(crate) core: LegCore,
    pub(crate) ends: LegEnds,
    address: SocketAddr,
    ssrc: u32,
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) arrives: Moment,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) port: Port,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn here() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4_000))
}

pub(crate) fn there() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 20], 5_000))
}

impl Pair {
    /// Two legs as wide as they can be, the second connected to the first by
    /// `connection` and the first to the second by what `mirrored` makes of it.
    pub(crate) fn new(here_to_there: Connection, there_to_here: Connection) -> Self {
        let mut pair = Self::unconnected(SampleRate::HZ_16000);
        pair.connect(here_to_there, there_to_here);
        pair
    }

    pub(crate) fn unconnected(widest: SampleRate) -> Self {
        Self {
            here: Side::new(here(), widest, 0xAAAA),
            there: Side::new(there(), widest, 0xBBBB),
            now: Moment::from_millis(1_000),
            line: VecDeque::new(),
            wire: Vec::new(),
            loses: |_| false,
        }
    }

    pub(crate) fn connect(&mut self, here_to_there: Connection, there_to_here: Connection) {
        self.here.connect(self.now, here_to_there);
        self.there.connect(self.now, there_to_here);
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.deliver();
            let phase = self.now.as_micros() % FRAME.as_micros() as u64;
            if phase == 0 {
                self.tick(true);
            } else if phase == 10_000 {
                self.tick(false);
            }
            self.now = self.now + STEP;
        }
    }

    /// The first leg hangs up.
    pub(crate) fn close_here(&mut self) {
        if let Some(transmit) = self.here.core.close(self.now) {
            let flight = flight(self.now, here(), &transmit);
            self.wire.push(flight.clone());
            self.line.push_back(flight);
        }
    }

    fn deliver(&mut self) {
        while let Some(flight) = self.line.pop_front_if(|flight| flight.arrives <= self.now) {
            if (self.loses)(&flight) {
                continue;
            }
            let side = if flight.to.ip() == here().ip() {
                &mut self.here
            } else {
                &mut self.there
            };
            let mut bytes = flight.bytes;
            match flight.port {
                Port::Rtp => side.core.handle_packet(self.now, flight.from, &mut bytes),
                Port::Rtcp => side.core.handle_report(self.now, flight.from, &mut bytes),
            }
        }
    }

    fn tick(&mut self, first: bool) {
        let side = if first {
            &mut self.here
        } else {
            &mut self.there
        };
        let audio = side.core.tick(self.now);
        let audio = audio.map(|transmit| flight(self.now, side.address, &transmit));
        let report = side.core.poll_report(self.now);
        let report = report.map(|transmit| flight(self.now, side.address, &transmit));
        for flight in audio.into_iter().chain(report) {
            self.wire.push(flight.clone());
            self.line.push_back(flight);
        }
    }
}

impl Side {
    fn new(address: SocketAddr, widest: SampleRate, ssrc: u32) -> Self {
        let format = Format {
            clock: widest,
            rate: widest,
        };
        let (core, ends) = LegCore::new(LegSetup {
            options: LegOptions {
                widest,
                record: false,
                policy: Policy::Play,
                inband_digits: true,
                background: None,
            },
            identity: identity(),
            no_rtp_timeout: Duration::from_secs(5),
            buffer: Box::new(AdaptiveBuffer::new(Settings::new(Policy::Play, format))),
        });
        Self {
            core,
            ends,
            address,
            ssrc,
        }
    }

    /// Each connection would begin its stream, if it needs one of its own, under
    /// another name.
    pub(crate) fn connect(&mut self, now: Moment, connection: Connection) {
        let start = StreamStart {
            ssrc: self.ssrc,
            sequence: SequenceNumber(100),
            timestamp: RtpTimestamp(5_000),
        };
        self.ssrc += 1;
        let prepared = PreparedConnection::new(connection, start).expect("the codec opens");
        self.core.connect(now, Box::new(prepared));
    }

    /// Says 20 ms.
    pub(crate) fn say(&self, samples: &[i16]) {
        let frame = PlayoutFrame {
            generation: self.ends.playout.generation(),
            segment: SegmentId(1),
            last: false,
            frame: Frame::from_samples(samples).expect("a frame fits"),
        };
        self.ends.playout.push(frame).expect("the queue has room");
    }

    pub(crate) fn heard(&self) -> Vec<HeardFrame> {
        std::iter::from_fn(|| self.ends.feed.pop_frame()).collect()
    }

    pub(crate) fn events(&self) -> Vec<LegEvent> {
        std::iter::from_fn(|| self.ends.feed.pop_event()).collect()
    }
}

fn flight(now: Moment, from: SocketAddr, transmit: &Transmit<'_>) -> Flight {
    let mut from = from;
    if transmit.port == Port::Rtcp {
        from.set_port(from.port() + 1);
    }
    Flight {
        arrives: now + DELAY,
        from,
        to: transmit.destination,
        port: transmit.port,
        bytes: transmit.packet.to_vec(),
    }
}
