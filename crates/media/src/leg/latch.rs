//! Symmetric RTP (RFC 4961): answer where the far end really sends from.

use std::net::SocketAddr;
use std::time::Duration;

use audio::{Moment, SequenceNumber};

use crate::rtp::Header;

/// How long a latched source must have given no sign before another may take its place.
const RELATCH_AFTER: Duration = Duration::from_secs(2);

/// The same where it was agreed that pauses are left out. It is longer than the reports
/// are apart (RFC 3550 §6.2), even if one of them is lost.
const RELATCH_AFTER_PAUSE: Duration = Duration::from_secs(15);

/// The same for a packet of the same stream: the far end has moved.
const MOVED_AFTER: Duration = Duration::from_millis(500);

/// How many packets in a row another stream has to show before it is latched.
const PROBATION: u8 = 3;

/// How long a source must have been quiet before audio goes to the signalled
/// address beside it.
const DOUBT_AFTER: Duration = Duration::from_secs(10);

/// How long a source must have been quiet to be forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// Whom a leg listens to and where it sends.
///
/// The first valid packet decides. From then on every other source is foreign,
/// until the latched one has been quiet: without audio for half a second if the
/// packet belongs to the latched stream, whose number a stranger off the path cannot
/// know; without any sign of life, reports and keepalives included, if it begins
/// another stream, of which several packets in a row have to come. Two seconds are
/// enough for that, fifteen if the far end may leave its pauses out. The signalled
/// address itself, and a new one, open the latch at any time.
///
/// What comes from the latched address may be forged too. So another stream from there
/// is the latched one only from its second packet in a row.
///
/// Behind a NAT a quiet source may still listen, and its address is the only way
/// to it; but it may also be gone. So after ten seconds audio goes to the
/// signalled address as well, and after a minute the source is forgotten.
#[derive(Debug)]
pub(crate) struct Latch {
    signalled: SocketAddr,
    /// How long a source must have given no sign before another may take its place.
    patience: Duration,
    source: Option<Source>,
    candidate: Option<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    address: SocketAddr,
    ssrc: u32,
    /// Another stream of the same address, and the number that its next packet has.
    newcomer: Option<(u32, SequenceNumber)>,
    /// When its last packet of audio came.
    last_valid: Moment,
    /// When it last showed that it is there, if only by RTCP.
    last_sign: Moment,
}

impl Source {
    const fn new(now: Moment, address: SocketAddr, header: &Header) -> Self {
        Self {
            address,
            ssrc: header.ssrc,
            newcomer: None,
            last_valid: now,
            last_sign: now,
        }
    }

    /// Takes a packet of the latched address.
    fn heard(&mut self, now: Moment, header: &Header) {
        self.last_valid = now;
        self.last_sign = now;
        let Header { ssrc, sequence, .. } = *header;
        if ssrc == self.ssrc || self.newcomer == Some((ssrc, sequence)) {
            self.ssrc = ssrc;
            self.newcomer = None;
        } else {
            self.newcomer = Some((ssrc, sequence.next()));
        }
    }
}

/// Another stream that wants to be latched.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    last: SequenceNumber,
    in_a_row: u8,
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

/// Where to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) address: SocketAddr,
    /// A second address, while it is doubtful which one is right.
    pub(crate) also: Option<SocketAddr>,
}

impl Latch {
    /// Open to any source; sends to `signalled` until one is latched. The far end may
    /// leave its pauses out if that was agreed (`pauses`).
    pub(crate) const fn new(signalled: SocketAddr, pauses: bool) -> Self {
        Self {
            signalled,
            patience: if pauses {
                RELATCH_AFTER_PAUSE
            } else {
                RELATCH_AFTER
            },
            source: None,
            candidate: None,
        }
    }

    /// The latched source.
    pub(crate) fn source(&self) -> Option<SocketAddr> {
        self.source.map(|source| source.address)
    }

    /// Takes what a new session description says. The same address again (a hold, a
    /// session refresh) opens nothing: behind a NAT the latched source is the only
    /// way back.
    pub(crate) fn signal(&mut self, now: Moment, address: SocketAddr, pauses: bool) {
        let anew = Self::new(address, pauses);
        if address != self.signalled {
            *self = anew;
            return;
        }
        self.patience = anew.patience;
        if let Some(source) = &mut self.source {
            source.last_sign = now;
        }
    }

    /// Whether [`Latch::admit`] would call any packet from there foreign, whatever
    /// it holds.
    pub(crate) fn refuses(&self, now: Moment, from: SocketAddr) -> bool {
        self.source.is_some_and(|source| {
            let other = from != source.address && from != self.signalled;
            other && now.since(source.last_valid) < MOVED_AFTER
        })
    }

    /// Judges the source of a packet that is valid in every other respect.
    pub(crate) fn admit(&mut self, now: Moment, from: SocketAddr, header: &Header) -> Admission {
        let admission = match self.source {
            Some(source) if source.address == from => Admission::Known,
            // Who was signalled takes the leg back from a stray that came first.
            Some(_) if from == self.signalled => Admission::Latched,
            Some(source) => self.judge_other(now, source, from, header),
            None => Admission::Latched,
        };
        match (admission, &mut self.source) {
            (Admission::Foreign, _) => return admission,
            (Admission::Known, Some(source)) => source.heard(now, header),
            (Admission::Known | Admission::Latched, source) => {
                *source = Some(Source::new(now, from, header));
            }
        }
        self.candidate = None;
        admission
    }

    /// Notes that something without audio came from `from` through the port of the
    /// audio: a keepalive (RFC 6263).
    pub(crate) fn keepalive(&mut self, now: Moment, from: SocketAddr) {
        if let Some(source) = &mut self.source
            && source.address == from
        {
            source.last_sign = now;
        }
    }

    /// Notes that RTCP came from `from`. It keeps a source that is silent, or has
    /// been told to be, from being given up.
    pub(crate) fn sign_of_life(&mut self, now: Moment, from: SocketAddr) {
        if let Some(source) = &mut self.source
            && source.address.ip() == from.ip()
        {
            source.last_sign = now;
        }
    }

    /// Where to send at `now`. A source that is not `expected` to send is not
    /// given up for its silence.
    pub(crate) fn destination(&mut self, now: Moment, expected: bool) -> Destination {
        let Some(source) = self.source else {
            return self.signalled_alone();
        };
        let quiet = now.since(source.last_sign);
        if expected && quiet >= FORGET_AFTER {
            self.source = None;
            return self.signalled_alone();
        }
        let doubt = expected && quiet >= DOUBT_AFTER && source.address != self.signalled;
        Destination {
            address: source.address,
            also: doubt.then_some(self.signalled),
        }
    }

    const fn signalled_alone(&self) -> Destination {
        Destination {
            address: self.signalled,
            also: None,
        }
    }

    fn judge_other(
        &mut self,
        now: Moment,
        source: Source,
        from: SocketAddr,
        header: &Header,
    ) -> Admission {
        if header.ssrc == source.ssrc && now.since(source.last_valid) >= MOVED_AFTER {
            return Admission::Latched;
        }
        if now.since(source.last_sign) < self.patience {
            return Admission::Foreign;
        }
        let in_a_row = match self.candidate {
            Some(candidate)
                if candidate.address == from
                    && candidate.ssrc == header.ssrc
                    && header.sequence == candidate.last.next() =>
            {
                candidate.in_a_row + 1
            }
            Some(_) | None => 1,
        };
        self.candidate = Some(Candidate {
            address: from,
            ssrc: header.ssrc,
            last: header.sequence,
            in_a_row,
        });
        if in_a_row >= PROBATION {
            Admission::Latched
        } else {
            Admission::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use audio::RtpTimestamp;

    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    const SIGNALLED: u16 = 4_000;
    const REAL: u16 = 5_000;
    const THIEF: u16 = 6_666;

    const STREAM: u32 = 1;
    const OTHER_STREAM: u32 = 2;

    fn packet(ssrc: u32, sequence: u16) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(0),
            ssrc,
        }
    }

    fn at(latch: &mut Latch, millis: u64, port: u16, header: &Header) -> Admission {
        let now = Moment::from_millis(millis);
        let refused = latch.refuses(now, address(port));
        let admission = latch.admit(now, address(port), header);
        assert!(!refused || admission == Admission::Foreign);
        admission
    }

    fn destination(latch: &mut Latch, millis: u64) -> (u16, Option<u16>) {
        let destination = latch.destination(Moment::from_millis(millis), true);
        let also = destination.also.map(|address| address.port());
        (destination.address.port(), also)
    }

    fn latched() -> Latch {
        latched_with(false)
    }

    fn latched_with(pauses: bool) -> Latch {
        let mut latch = Latch::new(address(SIGNALLED), pauses);
        let admission = at(&mut latch, 0, REAL, &packet(STREAM, 0));
        assert_eq!(admission, Admission::Latched);
        latch
    }

    #[test]
    fn the_signalled_address_is_used_until_a_packet_shows_the_real_one() {
        let mut latch = Latch::new(address(SIGNALLED), false);
        assert_eq!(destination(&mut latch, 0), (SIGNALLED, None));
        assert_eq!(destination(&mut latched(), 0), (REAL, None));
    }

    #[test]
    fn a_stray_that_came_first_gives_way_to_the_signalled_address() {
        let mut latch = Latch::new(address(SIGNALLED), false);
        let (stray, real) = (packet(OTHER_STREAM, 0), packet(STREAM, 0));
        assert_eq!(at(&mut latch, 20, THIEF, &stray), Admission::Latched);
        assert_eq!(at(&mut latch, 20, SIGNALLED, &real), Admission::Latched);
        assert_eq!(at(&mut latch, 20, THIEF, &stray), Admission::Foreign);
        assert_eq!(destination(&mut latch, 20), (SIGNALLED, None));
    }

    #[test]
    fn a_latched_stream_cannot_be_stolen_however_often_it_is_tried() {
        let mut latch = latched();
        for (sequence, millis) in (0..60_000).step_by(20).enumerate() {
            let stray = packet(OTHER_STREAM, sequence as u16);
            assert_eq!(at(&mut latch, millis, THIEF, &stray), Admission::Foreign);
            let copied = packet(STREAM, sequence as u16);
            assert_eq!(at(&mut latch, millis, THIEF, &copied), Admission::Foreign);
            assert_eq!(at(&mut latch, millis, REAL, &copied), Admission::Known);
        }
        assert_eq!(destination(&mut latch, 60_000), (REAL, None));
    }

    #[test]
    fn a_stream_that_moves_is_found_after_half_a_second() {
        let mut latch = latched();
        let stream = packet(STREAM, 9);
        assert_eq!(at(&mut latch, 499, 5_002, &stream), Admission::Foreign);
        assert_eq!(at(&mut latch, 500, 5_002, &stream), Admission::Latched);
        assert_eq!(at(&mut latch, 501, REAL, &stream), Admission::Foreign);
    }

    #[test]
    fn another_stream_is_latched_by_its_third_packet_after_two_seconds() {
        let mut latch = latched();
        let mut offer = |millis, sequence| {
            let other = packet(OTHER_STREAM, sequence);
            at(&mut latch, millis, 5_002, &other)
        };
        for sequence in 0..10 {
            assert_eq!(offer(1_999, sequence), Admission::Foreign);
        }
        assert_eq!(offer(2_000, 10), Admission::Foreign);
        assert_eq!(offer(2_020, 11), Admission::Foreign);
        assert_eq!(offer(2_040, 12), Admission::Latched);
        assert_eq!(offer(2_060, 13), Admission::Known);
    }

    #[test]
    fn stray_packets_that_do_not_follow_each_other_latch_nothing() {
        let mut latch = latched();
        for step in 0..1_000u16 {
            let stray = packet(OTHER_STREAM, step.wrapping_mul(7));
            let millis = 2_000 + u64::from(step);
            assert_eq!(at(&mut latch, millis, THIEF, &stray), Admission::Foreign);
        }
    }

    #[test]
    fn a_new_signalled_address_opens_the_latch() {
        let mut latch = latched();
        latch.signal(Moment::ZERO, address(4_002), false);
        assert_eq!(destination(&mut latch, 0), (4_002, None));
        let stream = packet(OTHER_STREAM, 0);
        assert_eq!(at(&mut latch, 1, 5_002, &stream), Admission::Latched);
    }

    #[test]
    fn the_same_signalled_address_keeps_the_latched_source() {
        let mut latch = latched();
        latch.signal(Moment::ZERO, address(SIGNALLED), false);
        assert_eq!(destination(&mut latch, 0), (REAL, None));
        let stray = packet(OTHER_STREAM, 0);
        assert_eq!(at(&mut latch, 1, THIEF, &stray), Admission::Foreign);
    }

    #[test]
    fn a_quiet_source_is_doubted_and_then_forgotten() {
        let mut latch = latched();
        assert_eq!(destination(&mut latch, 9_999), (REAL, None));
        assert_eq!(destination(&mut latch, 10_000), (REAL, Some(SIGNALLED)));
        assert_eq!(destination(&mut latch, 59_999), (REAL, Some(SIGNALLED)));
        assert_eq!(destination(&mut latch, 60_000), (SIGNALLED, None));
        let stream = packet(OTHER_STREAM, 0);
        assert_eq!(at(&mut latch, 60_001, 5_002, &stream), Admission::Latched);
    }

    #[test]
    fn a_source_that_is_not_to_send_is_never_doubted() {
        let mut latch = latched();
        let destination = latch.destination(Moment::from_millis(600_000), false);
        assert_eq!(
            (destination.address, destination.also),
            (address(REAL), None)
        );
    }

    #[test]
    fn reports_keep_a_silent_source_but_let_a_moved_stream_in() {
        let mut latch = latched();
        latch.sign_of_life(Moment::from_millis(9_000), address(REAL + 1));
        assert_eq!(destination(&mut latch, 18_000), (REAL, None));
        let stream = packet(STREAM, 1);
        assert_eq!(at(&mut latch, 18_000, 5_002, &stream), Admission::Latched);
    }

    /// Whether a stranger who sends three packets in a row at that time takes over.
    fn is_stolen(latch: &mut Latch, millis: u64) -> bool {
        (0..3).any(|sequence| {
            let other = packet(OTHER_STREAM, sequence);
            at(latch, millis, THIEF, &other) == Admission::Latched
        })
    }

    #[test]
    fn a_source_that_may_pause_is_waited_for_longer() {
        assert!(is_stolen(&mut latched(), 2_000));
        assert!(!is_stolen(&mut latched_with(true), 14_999));
        assert!(is_stolen(&mut latched_with(true), 15_000));
        let mut agreed = latched();
        agreed.signal(Moment::ZERO, address(SIGNALLED), true);
        assert!(!is_stolen(&mut agreed, 14_999));
    }

    #[test]
    fn reports_and_keepalives_are_signs_of_life() {
        let signs: [fn(&mut Latch, Moment); 2] = [
            |latch, now| latch.sign_of_life(now, address(REAL + 1)),
            |latch, now| latch.keepalive(now, address(REAL)),
        ];
        for sign in signs {
            let mut latch = latched();
            sign(&mut latch, Moment::from_millis(1_500));
            assert!(!is_stolen(&mut latch, 3_499));
            assert!(is_stolen(&mut latch, 3_500));
        }
        let mut latch = latched();
        latch.keepalive(Moment::from_millis(1_500), address(THIEF));
        assert!(is_stolen(&mut latch, 2_000));
    }

    #[test]
    fn another_stream_of_the_latched_address_counts_from_its_second_packet() {
        let mut latch = latched();
        let forged = packet(OTHER_STREAM, 500);
        assert_eq!(at(&mut latch, 20, REAL, &forged), Admission::Known);
        // The real one moves.
        let moved = packet(STREAM, 2);
        assert_eq!(at(&mut latch, 600, 5_002, &moved), Admission::Latched);

        let mut latch = latched();
        for sequence in [500, 501] {
            let other = packet(OTHER_STREAM, sequence);
            assert_eq!(at(&mut latch, 20, REAL, &other), Admission::Known);
        }
        let moved = packet(OTHER_STREAM, 502);
        assert_eq!(at(&mut latch, 600, 5_002, &moved), Admission::Latched);
        let old = packet(STREAM, 3);
        assert_eq!(at(&mut latch, 1_200, THIEF, &old), Admission::Foreign);
    }
}
