//! A connected leg's side towards the network.

use std::net::SocketAddr;
use std::time::Duration;

use audio::{Moment, SampleRate};
use srtp::UnprotectError;

use crate::connection::{Connection, PreparedConnection, Rtcp};
use crate::leg::border::Port;
use crate::leg::latch::Latch;
use crate::leg::rate::Converter;
use crate::statistics::LegCounters;

/// What is in force since the last connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) prepared: Box<PreparedConnection>,
    pub(crate) latch: Latch,
    /// From the leg's rate to that of the codec.
    pub(crate) outbound: Converter,
    last_valid: Moment,
    stopped: bool,
}

/// What a new connection changes beside what it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The received stream is another one, or decoded otherwise.
    pub(crate) reception: bool,
    /// The sent stream has to begin anew, under a name of its own.
    pub(crate) stream: bool,
    /// Reports go elsewhere.
    pub(crate) reports: bool,
}

impl Change {
    /// A first connection.
    pub(crate) const EVERYTHING: Self = Self {
        reception: true,
        stream: true,
        reports: true,
    };
}

impl Link {
    pub(crate) fn new(now: Moment, prepared: Box<PreparedConnection>, rate: SampleRate) -> Self {
        let connection = &prepared.connection;
        Self {
            latch: Latch::new(connection.remote, connection.pauses()),
            outbound: Converter::between(rate, connection.codec.rate()),
            last_valid: now,
            stopped: false,
            prepared,
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.prepared.connection
    }

    /// Takes `next` in the place of what was in force, but keeps whatever has a
    /// history that goes on: an encoder and a decoder whose stream does, and the
    /// ciphers of unchanged keys, whose counters must never start again.
    pub(crate) fn replace(
        &mut self,
        now: Moment,
        next: Box<PreparedConnection>,
        rate: SampleRate,
    ) -> Change {
        let mut last = std::mem::replace(&mut self.prepared, next);
        let next = &mut *self.prepared;
        let (old, new) = (&last.connection, &next.connection);
        self.last_valid = now;
        self.stopped = false;
        self.latch.signal(now, new.remote, new.pauses());

        if (old.codec, old.opus) == (new.codec, new.opus) {
            std::mem::swap(&mut next.encoder, &mut last.encoder);
        } else {
            self.outbound = Converter::between(rate, new.codec.rate());
        }
        let reception = old.codec != new.codec
            || old.arriving() != new.arriving()
            || old.remote != new.remote
            || receiving_keys(old) != receiving_keys(new);
        if !reception {
            std::mem::swap(&mut next.decoder, &mut last.decoder);
        }
        let rekeyed = sending_keys(old) != sending_keys(new);
        if let (Some(kept), Some(fresh)) = (&mut last.secured, &mut next.secured) {
            if !rekeyed {
                std::mem::swap(&mut kept.protect, &mut fresh.protect);
            }
            if receiving_keys(old) == receiving_keys(new) {
                std::mem::swap(&mut kept.unprotect, &mut fresh.unprotect);
            }
        }
        Change {
            reception,
            reports: old.rtcp != new.rtcp,
            stream: (rekeyed && new.security.is_some()) || old.codec.clock() != new.codec.clock(),
        }
    }

    /// The same connection again: the far end has its whole time anew.
    pub(crate) fn refresh(&mut self, now: Moment) {
        self.last_valid = now;
        self.stopped = false;
        let connection = &self.prepared.connection;
        self.latch
            .signal(now, connection.remote, connection.pauses());
    }

    /// Notes that a valid packet came.
    pub(crate) fn has_received(&mut self, now: Moment) {
        self.last_valid = now;
        self.stopped = false;
    }

    /// Whether the silence on the wire has just become longer than `timeout`.
    pub(crate) fn has_just_stopped(&mut self, at: Moment, timeout: Duration) -> bool {
        let overdue = self.connection().receive && at.since(self.last_valid) >= timeout;
        overdue && !std::mem::replace(&mut self.stopped, true)
    }

    /// Whether packets from there are foreign whatever they hold, so that none of
    /// them is worth opening.
    pub(crate) fn refuses(&self, now: Moment, from: SocketAddr) -> bool {
        self.latch.refuses(now, from)
    }

    /// The RTP packet in `datagram`, opened in place if the connection is secured;
    /// `None` if it is not authentic or was there before, which is counted.
    pub(crate) fn open<'a>(
        &mut self,
        datagram: &'a mut [u8],
        counters: &LegCounters,
    ) -> Option<&'a [u8]> {
        let Some(secured) = &mut self.prepared.secured else {
            return Some(datagram);
        };
        match secured.unprotect.unprotect_rtp(datagram) {
            Ok(len) => datagram.get(..len),
            Err(error) => {
                count_refusal(error, counters);
                None
            }
        }
    }

    /// The same for a datagram of reports, but that the host it came from also has
    /// to be right if nothing in it proves where it is from.
    pub(crate) fn open_report<'a>(
        &mut self,
        from: SocketAddr,
        datagram: &'a mut [u8],
        counters: &LegCounters,
    ) -> Option<&'a [u8]> {
        let Some(secured) = &mut self.prepared.secured else {
            let known = self.may_report(from);
            if !known {
                counters.foreign.add(1);
            }
            return known.then_some(datagram);
        };
        match secured.unprotect.unprotect_rtcp(datagram) {
            Ok(len) => datagram.get(..len),
            Err(error) => {
                count_refusal(error, counters);
                None
            }
        }
    }

    /// Where reports go: with the audio if they share its port; otherwise to where
    /// the far end's own came from, once one has, or else to where signalling says.
    pub(crate) fn report_to(
        &mut self,
        at: Moment,
        source: Option<SocketAddr>,
    ) -> (SocketAddr, Port) {
        let receive = self.connection().receive;
        match self.connection().rtcp {
            Rtcp::Muxed => (self.latch.destination(at, receive).address, Port::Rtp),
            Rtcp::At(address) => (source.unwrap_or(address), Port::Rtcp),
        }
    }

    /// Whether reports in the clear may come from there: the host of the audio, as
    /// latched or as signalled, or that of signalled reports.
    fn may_report(&self, from: SocketAddr) -> bool {
        let connection = self.connection();
        let elsewhere = match connection.rtcp {
            Rtcp::Muxed => None,
            Rtcp::At(address) => Some(address.ip()),
        };
        let audio = [self.latch.source(), Some(connection.remote)];
        let hosts = audio.map(|address| address.map(|address| address.ip()));
        hosts.contains(&Some(from.ip())) || elsewhere == Some(from.ip())
    }
}

fn count_refusal(error: UnprotectError, counters: &LegCounters) {
    match error {
        UnprotectError::Malformed => counters.malformed.add(1),
        UnprotectError::Authentication => counters.forged.add(1),
        UnprotectError::Replayed => counters.replayed.add(1),
        UnprotectError::TooManySources => counters.too_many_sources.add(1),
    }
}

fn sending_keys(connection: &Connection) -> Option<&srtp::Keys> {
    connection.security.as_ref().map(|security| &security.send)
}

fn receiving_keys(connection: &Connection) -> Option<&srtp::Keys> {
    connection
        .security
        .as_ref()
        .map(|security| &security.receive)
}
