//! The reports of one leg.

use std::time::Duration;

use audio::{Moment, SampleRate};

use super::cname::Cname;
use super::ntp::{ShortNtpTime, WallClock};
use super::packet::{FractionLost, MalformedPacket, Packet, ReportBlock, SenderInfo, parse};
use super::reception::Reception;
use super::report::Report;
use super::schedule::Schedule;
use super::sending::Sending;
use super::sources::{MAX_SOURCES, Sources};
use crate::rtp::Header;

/// Octets of the longest datagram that a [`Session`] writes: a sender report on
/// two sources, a name and a goodbye.
pub const MAX_REPORT: usize = 28 + 24 * MAX_SOURCES + 28 + 8;

/// Who was silent for so many intervals has gone (RFC 3550 §6.3.5).
const SILENT_INTERVALS: u32 = 5;

/// A longer way there and back is a mistake of the peer's.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(10);

/// What a [`Session`] is made of.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The source of the stream that this side sends, and of its reports.
    pub ssrc: u32,
    /// What this side is called, for the whole call.
    pub cname: Cname,
    /// What time of day it is.
    pub wall_clock: WallClock,
    /// Decides the times of the reports; a random number, so that many calls do
    /// not report in step.
    pub seed: u64,
    /// The average time between two reports: [`Settings::INTERVAL`] unless there
    /// is a reason.
    pub interval: Duration,
}

impl Settings {
    /// The time between two reports that RFC 3550 §6.2 has as the least.
    pub const INTERVAL: Duration = Duration::from_secs(5);
}

/// RTCP of one leg with one peer.
///
/// Whoever owns it shows it every RTP packet that it accepts
/// ([`Session::received_rtp`]) or sends ([`Session::sent_rtp`]), hands it every
/// RTCP datagram of the peer's address ([`Session::handle`]), and sends what
/// [`Session::poll`] writes. `now` must not go backwards from call to call.
///
/// It takes 480 octets and never allocates.
///
/// Packets are the peer's if they bear the SSRC of a stream that comes, or that of
/// whoever reports first while none does; all others are counted and ignored, as
/// is what bears the SSRC of this side. After a collision this side does not look
/// for another SSRC, as RFC 3550 §8.2 has it for a group: between two parties,
/// one's own SSRC comes back by an echo or a forgery.
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    schedule: Schedule,
    sources: Sources,
    sending: Sending,
    /// Who reports while no stream comes, and when it last did.
    listener: Option<(u32, Moment)>,
    remote: Option<Remote>,
    round_trip: Option<Duration>,
    closed: bool,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    reports_sent: u64,
    reports_received: u64,
    malformed: u64,
    collisions: u64,
    strays: u64,
    implausible: u64,
}

/// The last that the peer said of this side's stream.
#[derive(Clone, Copy, Debug)]
struct Remote {
    block: ReportBlock,
    clock: SampleRate,
    came: Moment,
}

/// What a datagram held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// The peer says how this side's stream arrives; [`Statistics::remote`] has it.
    pub reported: bool,
    /// How long the way to the peer and back took, without the time that the peer
    /// kept the packet, where it could be measured anew.
    pub round_trip: Option<Duration>,
    /// The peer leaves, or goes on under another SSRC.
    pub goodbye: bool,
}

/// What a [`Session`] knows at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// RTP packets that this side sent.
    pub packets_sent: u64,
    /// Octets of their payloads.
    pub octets_sent: u64,
    /// How the stream arrives that was heard last; `None` until one is.
    pub received: Option<Reception>,
    /// How this side's stream arrives at the peer; `None` until it says.
    pub remote: Option<RemoteReception>,
    /// How long the last measured way to the peer and back took, without the time
    /// that the peer kept the packet; `None` until one could be measured.
    pub round_trip: Option<Duration>,
    /// Reports that this side made.
    pub reports_sent: u64,
    /// Reports of the peer.
    pub reports_received: u64,
    /// Datagrams that were not RTCP.
    pub malformed: u64,
    /// RTP and RTCP packets with this side's own SSRC.
    pub collisions: u64,
    /// RTCP packets with an SSRC that is not the peer's, and RTP packets with one
    /// that no packet before or after confirmed. The first packet of every stream
    /// is among them.
    pub strays: u64,
    /// What the peer says of this side that cannot be: of a report that was never
    /// made, from before it was made, of a stream that was never sent.
    pub implausible: u64,
}

/// How this side's stream arrives, as the peer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteReception {
    /// The share of packets lost since the peer's report before.
    pub fraction_lost: FractionLost,
    /// Packets lost so far, less those that came again, within ±2²³.
    pub lost: i32,
    /// The highest sequence number that came, in the lower 16 bits, and how often
    /// it wrapped, above.
    pub highest_sequence: u32,
    /// The interarrival jitter.
    pub jitter: Duration,
    /// When the peer's report came.
    pub came: Moment,
}

impl Session {
    /// A session that begins at `now`.
    pub fn new(now: Moment, settings: Settings) -> Self {
        Self {
            settings,
            schedule: Schedule::new(now, settings.interval, settings.seed),
            sources: Sources::default(),
            sending: Sending::default(),
            listener: None,
            remote: None,
            round_trip: None,
            closed: false,
            counts: Counts::default(),
        }
    }

    /// Notes an RTP packet of the peer's that came at `now`, whatever its payload
    /// type, whose timestamp counts at `clock`.
    pub fn received_rtp(&mut self, now: Moment, header: &Header, clock: SampleRate) {
        if header.ssrc == self.settings.ssrc {
            self.counts.collisions += 1;
        } else if !self.sources.received(now, header, clock) {
            self.counts.strays += 1;
        }
    }

    /// Notes an RTP packet that this side sent at `now`, with `payload_octets` of
    /// payload and a timestamp that counts at `clock`.
    pub fn sent_rtp(
        &mut self,
        now: Moment,
        header: &Header,
        payload_octets: usize,
        clock: SampleRate,
    ) {
        self.sending.sent(now, header, payload_octets, clock);
    }

    /// Takes in an RTCP datagram that came at `now` from the peer's address.
    ///
    /// # Errors
    ///
    /// [`MalformedPacket`]; nothing of the datagram was taken in, and it is counted.
    pub fn handle(&mut self, now: Moment, datagram: &[u8]) -> Result<Handled, MalformedPacket> {
        let packets = parse(datagram).inspect_err(|_| self.counts.malformed += 1)?;
        let mut handled = Handled::default();
        for packet in packets {
            match packet {
                Packet::SenderReport {
                    ssrc,
                    sender,
                    blocks,
                } => self.report_of(now, ssrc, Some(sender), blocks, &mut handled),
                Packet::ReceiverReport { ssrc, blocks } => {
                    self.report_of(now, ssrc, None, blocks, &mut handled);
                }
                Packet::Goodbye(sources) => {
                    for ssrc in sources {
                        handled.goodbye |= self.goodbye_of(ssrc);
                    }
                }
                Packet::SourceDescription(_) | Packet::Other { .. } => {}
            }
        }
        Ok(handled)
    }

    /// Writes the report that is due at `now` into the start of `out` and returns
    /// its length. `None` if none is due, or after [`Session::close`]; or if `out`
    /// is shorter than [`MAX_REPORT`], and then the report stays due.
    pub fn poll(&mut self, now: Moment, out: &mut [u8]) -> Option<usize> {
        if self.closed || now < self.schedule.due() || out.len() < MAX_REPORT {
            return None;
        }
        self.schedule.reported(now);
        self.report(now, false, out)
    }

    /// When [`Session::poll`] has the next report.
    pub const fn due(&self) -> Moment {
        self.schedule.due()
    }

    /// Ends the session at `now`: writes a last report with a goodbye into the
    /// start of `out` and returns its length. `None`, and nothing is to be sent,
    /// if it was closed before, if `out` is shorter than [`MAX_REPORT`], or if this
    /// side has sent nothing that a goodbye could end (RFC 3550 §6.3.7).
    pub fn close(&mut self, now: Moment, out: &mut [u8]) -> Option<usize> {
        if std::mem::replace(&mut self.closed, true) || out.len() < MAX_REPORT {
            return None;
        }
        if self.sending.packets() == 0 && self.counts.reports_sent == 0 {
            return None;
        }
        self.report(now, true, out)
    }

    /// What is known by now.
    pub fn statistics(&self) -> Statistics {
        let Counts {
            reports_sent,
            reports_received,
            malformed,
            collisions,
            strays,
            implausible,
        } = self.counts;
        Statistics {
            packets_sent: self.sending.packets(),
            octets_sent: self.sending.octets(),
            received: self.sources.current().map(|source| source.reception()),
            remote: self.remote.map(Remote::reception),
            round_trip: self.round_trip,
            reports_sent,
            reports_received,
            malformed,
            collisions,
            strays,
            implausible,
        }
    }

    fn report(&mut self, now: Moment, goodbye: bool, out: &mut [u8]) -> Option<usize> {
        let (blocks, count) = self.sources.report(now);
        let report = Report {
            ssrc: self.settings.ssrc,
            sender: self.sending.report(now, self.settings.wall_clock),
            blocks: &blocks[..count],
            cname: &self.settings.cname,
            goodbye,
        };
        let len = report.write(out)?;
        self.counts.reports_sent += 1;
        Some(len)
    }

    /// Takes in a report.
    fn report_of(
        &mut self,
        now: Moment,
        ssrc: u32,
        sender: Option<SenderInfo>,
        blocks: impl Iterator<Item = ReportBlock>,
        handled: &mut Handled,
    ) {
        if !self.is_peer(now, ssrc) {
            return;
        }
        self.counts.reports_received += 1;
        if let (Some(sender), Some(source)) = (sender, self.sources.find(ssrc)) {
            source.reported(now, sender.ntp);
        }
        let own = self.settings.ssrc;
        for block in blocks.filter(|block| block.ssrc == own) {
            let Some(clock) = self.sending.clock() else {
                self.counts.implausible += 1;
                continue;
            };
            handled.reported = true;
            let came = now;
            self.remote = Some(Remote { block, clock, came });
            if block.last_report == ShortNtpTime(0) {
                continue;
            }
            handled.round_trip = self.round_trip(now, &block);
            match handled.round_trip {
                Some(_) => self.round_trip = handled.round_trip,
                None => self.counts.implausible += 1,
            }
        }
    }

    fn goodbye_of(&mut self, ssrc: u32) -> bool {
        if ssrc == self.settings.ssrc {
            self.counts.collisions += 1;
            return false;
        }
        let listener = self.listener.take_if(|(listener, _)| *listener == ssrc);
        if self.sources.remove(ssrc) || listener.is_some() {
            return true;
        }
        self.counts.strays += 1;
        false
    }

    /// Whether a report with this SSRC is the peer's.
    fn is_peer(&mut self, now: Moment, ssrc: u32) -> bool {
        if ssrc == self.settings.ssrc {
            self.counts.collisions += 1;
            return false;
        }
        if let Some(source) = self.sources.find(ssrc) {
            source.alive(now);
            return true;
        }
        let silence = self.settings.interval.saturating_mul(SILENT_INTERVALS);
        let taken = self
            .listener
            .is_some_and(|(listener, heard)| listener != ssrc && now.since(heard) <= silence);
        if taken || self.sources.any_alive(now, silence) {
            self.counts.strays += 1;
            return false;
        }
        self.listener = Some((ssrc, now));
        true
    }

    /// The way to the peer and back, from a block that came at `now` (RFC 3550
    /// §6.4.1); `None` if it cannot be right.
    fn round_trip(&self, now: Moment, block: &ReportBlock) -> Option<Duration> {
        if !self.sending.reported_at(block.last_report) {
            return None;
        }
        let now = self.settings.wall_clock.at(now).short();
        let away = now.since(block.last_report);
        let kept = block.delay_since_last_report;
        let Some(way) = away.0.checked_sub(kept.0) else {
            // On a short way, what the two clocks differ by outweighs it.
            let tolerance = away.0 / 1_000 + 1;
            return (kept.0 - away.0 <= tolerance).then_some(Duration::ZERO);
        };
        Some(ShortNtpTime(way).duration()).filter(|way| *way <= MAX_ROUND_TRIP)
    }
}

impl Remote {
    fn reception(self) -> RemoteReception {
        RemoteReception {
            fraction_lost: self.block.fraction_lost,
            lost: self.block.lost,
            highest_sequence: self.block.highest_sequence,
            jitter: self.clock.duration_of(self.block.jitter as usize),
            came: self.came,
        }
    }
}

#[cfg(test)]
mod tests;
