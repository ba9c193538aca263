//! Symmetric RTP (RFC 4961): answer where the far end really sends from.

use std::net::SocketAddr;
use std::time::Duration;

use audio::Moment;

/// How long a latched source must have been quiet before another may take its place.
pub(crate) const RELATCH_AFTER: Duration = Duration::from_secs(2);

/// Whom a leg listens to and where it sends.
///
/// The first valid packet decides. From then on every other source is foreign,
/// until the latched one has been quiet for [`RELATCH_AFTER`] or signalling
/// names a new address.
#[derive(Debug)]
pub(crate) struct Latch {
    signalled: SocketAddr,
    source: Option<Source>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    address: SocketAddr,
    last_valid: Moment,
}

/// Whose packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The source that was latched before.
    Known,
    /// The source is latched by this very packet.
    Latched,
    /// Another than the latched source.
    Foreign,
}

impl Latch {
    /// Open to any source; sends to `signalled` until one is latched.
    pub(crate) fn new(signalled: SocketAddr) -> Self {
        Self {
            signalled,
            source: None,
        }
    }

    /// Takes the address of a new session description. The same address again
    /// (a hold, a session refresh) changes nothing: behind a NAT the latched
    /// source is the only way back.
    pub(crate) fn signal(&mut self, address: SocketAddr) {
        if address != self.signalled {
            *self = Self::new(address);
        }
    }

    /// Judges the source of a packet that is valid in every other respect.
    pub(crate) fn admit(&mut self, now: Moment, from: SocketAddr) -> Admission {
        let admission = match self.source {
            Some(source) if source.address == from => Admission::Known,
            // Who was signalled takes the leg back from a stray that came first.
            Some(_) if from == self.signalled => Admission::Latched,
            Some(source) if now.since(source.last_valid) < RELATCH_AFTER => Admission::Foreign,
            Some(_) | None => Admission::Latched,
        };
        if admission != Admission::Foreign {
            self.source = Some(Source {
                address: from,
                last_valid: now,
            });
        }
        admission
    }

    /// Where to send.
    pub(crate) fn destination(&self) -> SocketAddr {
        self.source.map_or(self.signalled, |source| source.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    const SIGNALLED: u16 = 4_000;
    const REAL: u16 = 5_000;
    const THIEF: u16 = 6_666;

    fn latched() -> Latch {
        let mut latch = Latch::new(address(SIGNALLED));
        assert_eq!(latch.admit(Moment::ZERO, address(REAL)), Admission::Latched);
        latch
    }

    #[test]
    fn the_signalled_address_is_used_until_a_packet_shows_the_real_one() {
        let latch = Latch::new(address(SIGNALLED));
        assert_eq!(latch.destination(), address(SIGNALLED));
        assert_eq!(latched().destination(), address(REAL));
    }

    #[test]
    fn a_stray_that_came_first_gives_way_to_the_signalled_address() {
        let mut latch = Latch::new(address(SIGNALLED));
        let now = Moment::from_millis(20);
        assert_eq!(latch.admit(now, address(THIEF)), Admission::Latched);
        assert_eq!(latch.admit(now, address(SIGNALLED)), Admission::Latched);
        assert_eq!(latch.admit(now, address(THIEF)), Admission::Foreign);
        assert_eq!(latch.destination(), address(SIGNALLED));
    }

    #[test]
    fn a_latched_stream_cannot_be_stolen_however_often_it_is_tried() {
        let mut latch = latched();
        for millis in (0..60_000).step_by(20) {
            let now = Moment::from_millis(millis);
            assert_eq!(latch.admit(now, address(THIEF)), Admission::Foreign);
            assert_eq!(latch.admit(now, address(REAL)), Admission::Known);
        }
        assert_eq!(latch.destination(), address(REAL));
    }

    #[test]
    fn a_quiet_source_gives_way_to_another_after_two_seconds() {
        let mut latch = latched();
        assert_eq!(
            latch.admit(Moment::from_millis(1_999), address(THIEF)),
            Admission::Foreign
        );
        assert_eq!(
            latch.admit(Moment::from_millis(2_000), address(THIEF)),
            Admission::Latched
        );
        assert_eq!(
            latch.admit(Moment::from_millis(2_001), address(REAL)),
            Admission::Foreign
        );
    }

    #[test]
    fn a_new_signalled_address_opens_the_latch() {
        let mut latch = latched();
        latch.signal(address(4_002));
        assert_eq!(latch.destination(), address(4_002));
        assert_eq!(
            latch.admit(Moment::from_millis(1), address(5_002)),
            Admission::Latched
        );
    }

    #[test]
    fn the_same_signalled_address_keeps_the_latched_source() {
        let mut latch = latched();
        latch.signal(address(SIGNALLED));
        assert_eq!(latch.destination(), address(REAL));
        assert_eq!(
            latch.admit(Moment::from_millis(1), address(THIEF)),
            Admission::Foreign
        );
    }
}
