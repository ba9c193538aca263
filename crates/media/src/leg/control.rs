//! The leg's RTCP: whom it believes, where it reports to, what it learns.

use std::net::SocketAddr;

use audio::codec::Encoder;
use audio::{Moment, SampleRate};
use srtp::Profile;

use crate::connection::Secured;
use crate::rtcp::{MAX_REPORT, Session, Settings};
use crate::rtp::Header;
use crate::statistics::LegCounters;

/// Who a leg is in its reports, for the whole call.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// What it is called.
    pub cname: crate::rtcp::Cname,
    /// What time of day it is.
    pub wall_clock: crate::rtcp::WallClock,
    /// A random number that decides the times of its reports.
    pub seed: u64,
}

/// The reports about a leg's two streams.
#[derive(Debug)]
pub(crate) struct Control {
    session: Session,
    /// The latest time that the session was told, since its time only goes forward.
    now: Moment,
    /// Where the far end's last report came from.
    source: Option<SocketAddr>,
    /// The loss that the encoder prepares for, in per cent.
    expected_loss: u8,
    report: [u8; MAX_REPORT + Profile::MAX_RTCP_OVERHEAD],
}

impl Control {
    pub(crate) fn new(now: Moment, identity: &Identity, ssrc: u32) -> Self {
        let settings = Settings {
            ssrc,
            cname: identity.cname,
            wall_clock: identity.wall_clock,
            seed: identity.seed,
            interval: Settings::INTERVAL,
        };
        Self {
            session: Session::new(now, settings),
            now,
            source: None,
            expected_loss: 0,
            report: [0; MAX_REPORT + Profile::MAX_RTCP_OVERHEAD],
        }
    }

    /// Notes an accepted packet of the far end.
    pub(crate) fn received(&mut self, now: Moment, header: &Header, clock: SampleRate) {
        self.now = self.now.max(now);
        self.session.received_rtp(self.now, header, clock);
    }

    /// Notes a packet that goes out at `now`.
    pub(crate) fn sent(&mut self, now: Moment, header: &Header, octets: usize, clock: SampleRate) {
        self.now = self.now.max(now);
        self.session.sent_rtp(self.now, header, octets, clock);
    }

    /// Takes a report in the clear. Returns whether it was one.
    pub(crate) fn handle(
        &mut self,
        now: Moment,
        from: SocketAddr,
        datagram: &[u8],
        encoder: &mut Encoder,
        counters: &LegCounters,
    ) -> bool {
        self.now = self.now.max(now);
        let Ok(handled) = self.session.handle(self.now, datagram) else {
            counters.malformed.add(1);
            return false;
        };
        counters.reports_received.add(1);
        self.source = Some(from);
        if let Some(round_trip) = handled.round_trip {
            counters.round_trips.add(1);
            let micros = round_trip.as_micros() as u64;
            counters.round_trip_micros.add(micros);
        }
        if handled.reported {
            self.learn(encoder);
        }
        counters.gauges.set_reports(&self.session.statistics());
        true
    }

    /// The report that is due at `at`, sealed if the connection is.
    pub(crate) fn poll(
        &mut self,
        at: Moment,
        secured: Option<&mut Secured>,
        counters: &LegCounters,
    ) -> Option<&[u8]> {
        if at < self.session.due() {
            return None;
        }
        self.now = self.now.max(at);
        let len = self.session.poll(self.now, &mut self.report)?;
        counters.reports_sent.add(1);
        counters.gauges.set_reports(&self.session.statistics());
        self.seal(len, secured)
    }

    /// The goodbye, if this side ever sent anything.
    pub(crate) fn close(&mut self, now: Moment, secured: Option<&mut Secured>) -> Option<&[u8]> {
        self.now = self.now.max(now);
        let len = self.session.close(self.now, &mut self.report)?;
        self.seal(len, secured)
    }

    /// Where the far end's last report came from.
    pub(crate) const fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// Reports go to where signalling says until the far end's own come.
    pub(crate) fn forget_source(&mut self) {
        self.source = None;
    }

    fn seal(&mut self, len: usize, secured: Option<&mut Secured>) -> Option<&[u8]> {
        let len = match secured {
            Some(secured) => secured.protect.protect_rtcp(&mut self.report, len).ok()?,
            None => len,
        };
        self.report.get(..len)
    }

    /// Prepares the encoder for the loss that the far end reports: for more at
    /// once, for less little by little, since losses come in bursts.
    fn learn(&mut self, encoder: &mut Encoder) {
        if let Some(remote) = self.session.statistics().remote {
            let reported = remote.fraction_lost.percent().ceil() as u8;
            let forgotten = self.expected_loss - self.expected_loss.div_ceil(4);
            self.expected_loss = reported.max(forgotten);
            encoder.expect_loss(self.expected_loss);
        }
    }
}
