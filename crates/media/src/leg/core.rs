//! The leg itself: both halves wired together, and what is done with a datagram.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audio::{Moment, SampleRate};
use jitter::{Content, Format, Packet};

use crate::config::LegOptions;
use crate::connection::{Connection, PreparedConnection, Rtcp};
use crate::digits::DigitQueue;
use crate::feed::{FeedAlarm, FeedSender, LegEvent};
use crate::gauges::LegGauges;
use crate::leg::border::{LegEnds, LegSetup, Port, Transmit};
use crate::leg::hearing::Hearing;
use crate::leg::keys::Keys;
use crate::leg::latch::Admission;
use crate::leg::link::{Change, Link};
use crate::leg::player::Player;
use crate::leg::speaking::Speaking;
use crate::leg::voice::Voice;
use crate::playout::PlayoutQueue;
use crate::recording::RecordingSender;
use crate::rtcp;
use crate::rtp::{self, Header, MAX_PACKET};
use crate::statistics::{LegCounters, LegStatistics};
use crate::tap::{TapFeed, TapSender};

/// One leg without sockets, threads or clocks.
///
/// Its owner hands it every datagram that arrives and ticks it once every 20 ms.
/// The times of packets, and those of ticks, must not go backwards; a late tick's
/// deadline may lie behind packets that are there already. After construction
/// neither packets nor ticks make it allocate or lock, so both may be done inside
/// a real-time loop.
pub struct LegCore {
    link: Option<Link>,
    hearing: Hearing,
    speaking: Speaking,
    feed: FeedSender,
    /// Whether keys are looked for in the audio if they do not come as events.
    inband_digits: bool,
    no_rtp_timeout: Duration,
    counters: Arc<LegCounters>,
    tap: Option<TapSender>,
}

/// What an accepted packet holds, by its payload type.
enum Kind {
    Media(Content),
    Event,
}

impl LegCore {
    /// A leg that waits for its first connection, and the other ends of its queues.
    pub fn new(setup: LegSetup) -> (Self, LegEnds) {
        let LegOptions {
            widest,
            record,
            policy,
            inband_digits,
            background,
        } = setup.options;
        let counters = Arc::<LegCounters>::default();
        let queue = PlayoutQueue::new(widest, Arc::clone(&counters));
        let (feed_sender, feed) = FeedSender::new(widest, Arc::clone(&counters));
        let (recorder, recording) = record
            .then(|| RecordingSender::new(widest, Arc::clone(&counters)))
            .unzip();
        let digits = DigitQueue::new();
        let ends = LegEnds {
            playout: queue.handle(),
            digits: digits.handle(),
            feed,
            recording,
        };
        let (hearer, speaker) = (recorder.clone(), recorder);
        let player = Player::new(queue, Arc::clone(&counters));
        let voice = Voice::new(player, background, speaker);
        let keys = Keys::new(digits, Arc::clone(&counters));
        let speaking = Speaking::new(voice, keys, setup.identity, Arc::clone(&counters));
        let core = Self {
            link: None,
            hearing: Hearing::new(policy, setup.buffer, hearer, Arc::clone(&counters)),
            speaking,
            feed: feed_sender,
            inband_digits,
            no_rtp_timeout: setup.no_rtp_timeout,
            counters,
            tap: None,
        };
        (core, ends)
    }

    /// Has the leg note from here on all that goes into it, for it to be run again. This is the
    /// last time that noting allocates.
    pub fn tap(&mut self) -> TapFeed {
        let (tap, feed) = TapSender::new();
        self.speaking.voice.player.tap(tap.clone());
        self.tap = Some(tap);
        feed
    }

    /// Takes what signalling agreed on, for the first time or anew. The source of
    /// an unchanged address stays latched, unchanged keys go on where they were;
    /// the same connection again only gives the far end its whole time anew until
    /// packets count as stopped.
    ///
    /// What is no longer needed of the connection before is dropped here, which
    /// frees memory: to be called between ticks.
    pub fn connect(&mut self, now: Moment, mut prepared: Box<PreparedConnection>) {
        if let Some(tap) = &self.tap {
            tap.connected(now, &mut prepared);
        }
        let player = &self.speaking.voice.player;
        let rate = player.settle(prepared.connection.codec.rate());
        let (link, change) = match &mut self.link {
            Some(link) if *link.connection() == prepared.connection => {
                link.refresh(now);
                return;
            }
            Some(link) => {
                let change = link.replace(now, prepared, rate);
                (link, change)
            }
            link @ None => {
                let link = link.insert(Link::new(now, prepared, rate));
                (link, Change::EVERYTHING)
            }
        };
        self.speaking.connect(now, change, link, rate);
        let Connection {
            codec,
            telephone_event,
            ..
        } = *link.connection();
        self.hearing
            .detect_keys(self.inband_digits && telephone_event.is_none(), rate);
        if change.reception {
            let format = Format {
                clock: codec.clock(),
                rate: codec.rate(),
            };
            self.hearing.reset(format, rate);
        }
    }

    /// Takes a datagram that arrived at `now` on the RTP port, and overwrites it if
    /// it is sealed. Whatever is neither audio from the latched source nor a report
    /// is counted and dropped.
    pub fn handle_packet(&mut self, now: Moment, from: SocketAddr, datagram: &mut [u8]) {
        let counters = &*self.counters;
        if datagram.len() > MAX_PACKET {
            counters.oversized.add(1);
            return;
        }
        let Some(link) = &mut self.link else {
            counters.unwanted.add(1);
            return;
        };
        if link.connection().rtcp == Rtcp::Muxed && rtcp::is_rtcp(datagram) {
            self.handle_report(now, from, datagram);
            return;
        }
        if link.refuses(now, from) {
            counters.foreign.add(1);
            return;
        }
        if datagram.is_empty() {
            link.latch.keepalive(now, from);
        }
        let Some(packet) = link.open(datagram, counters) else {
            return;
        };
        if let Some(tap) = &self.tap {
            tap.packet(now, from, Port::Rtp, packet);
        }
        self.take_packet(now, from, packet);
    }

    /// Takes what a [tap](Self::tap) noted of a packet: it was let in and opened already. Anything
    /// longer than a packet is left out.
    pub fn take_opened(&mut self, now: Moment, from: SocketAddr, port: Port, packet: &[u8]) {
        if packet.len() > MAX_PACKET {
            return;
        }
        match port {
            Port::Rtp => self.take_packet(now, from, packet),
            Port::Rtcp => self.take_report(now, from, packet),
        }
    }

    fn take_packet(&mut self, now: Moment, from: SocketAddr, packet: &[u8]) {
        let counters = &*self.counters;
        let Some(link) = &mut self.link else {
            return;
        };
        let Ok((header, payload)) = rtp::parse(packet) else {
            counters.malformed.add(1);
            return;
        };
        let Some(kind) = Kind::of(&header, link.connection()) else {
            link.latch.keepalive(now, from);
            counters.unknown_payload.add(1);
            return;
        };
        match link.latch.admit(now, from, &header) {
            Admission::Known => {}
            Admission::Latched => {
                let from = SocketAddr::new(from.ip().to_canonical(), from.port());
                self.feed.report(LegEvent::FirstPacket { at: now, from });
            }
            Admission::Foreign => {
                counters.foreign.add(1);
                return;
            }
        }
        link.has_received(now);
        if let Some(control) = self.speaking.control() {
            control.received(now, &header, kind.clock(link.connection()));
        }
        if !link.connection().receive {
            counters.unwanted.add(1);
            return;
        }
        match kind {
            Kind::Event => {
                counters.telephone_events.add(1);
                self.hearing.pass_over(header.ssrc, header.sequence);
                let keys = &mut self.speaking.keys;
                keys.receive(now, &header, payload, &mut self.feed);
            }
            Kind::Media(content) => {
                let packet = Packet {
                    content,
                    sequence: header.sequence,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    ssrc: header.ssrc,
                    payload,
                };
                let decoder = &mut link.prepared.decoder;
                self.hearing.take(now, &packet, decoder, &mut self.feed);
            }
        }
    }

    /// Takes a datagram that arrived at `now` on the RTCP port, and overwrites it if
    /// it is sealed. Whatever is no report of the far end is counted and dropped.
    pub fn handle_report(&mut self, now: Moment, from: SocketAddr, datagram: &mut [u8]) {
        let counters = &*self.counters;
        if datagram.len() > MAX_PACKET {
            counters.oversized.add(1);
            return;
        }
        let Some(link) = &mut self.link else {
            counters.unwanted.add(1);
            return;
        };
        let Some(report) = link.open_report(from, datagram, counters) else {
            return;
        };
        if let Some(tap) = &self.tap {
            tap.packet(now, from, Port::Rtcp, report);
        }
        self.take_report(now, from, report);
    }

    fn take_report(&mut self, now: Moment, from: SocketAddr, report: &[u8]) {
        let counters = &*self.counters;
        let (Some(link), Some(control)) = (&mut self.link, self.speaking.control()) else {
            return;
        };
        let encoder = &mut link.prepared.encoder;
        if control.handle(now, from, report, encoder, counters) {
            link.latch.sign_of_life(now, from);
        }
    }

    /// Does one tick, whose deadline is `at`: hears what is due, plays 20 ms.
    /// Returns the packet to send if the leg is connected and sends.
    pub fn tick(&mut self, at: Moment) -> Option<Transmit<'_>> {
        if let Some(tap) = &self.tap {
            tap.tick(at);
        }
        self.feed.deliver();
        self.speaking.voice.player.fence(at, &mut self.feed);
        let link = self.link.as_mut()?;
        let decoder = &mut link.prepared.decoder;
        self.hearing.tick(at, decoder, &mut self.feed);
        if link.has_just_stopped(at, self.no_rtp_timeout) {
            self.feed.report(LegEvent::PacketsStopped { at });
        }
        self.speaking.tick(at, link, &mut self.feed)
    }

    /// The report that is due at `at`, if one is; to be asked for after each tick.
    pub fn poll_report(&mut self, at: Moment) -> Option<Transmit<'_>> {
        self.speaking.poll_report(at, self.link.as_mut()?)
    }

    /// Ends the leg's stream at `now`: the goodbye to send, if it ever sent
    /// anything. Nothing is to be done with the leg afterwards.
    pub fn close(&mut self, now: Moment) -> Option<Transmit<'_>> {
        self.speaking.close(now, self.link.as_mut()?)
    }

    /// How the leg stands.
    pub fn gauges(&self) -> LegGauges {
        self.counters.gauges.snapshot()
    }

    /// What happened so far.
    pub fn statistics(&self) -> LegStatistics {
        self.counters.snapshot()
    }

    /// The random number that decides what is random in what the leg plays.
    pub(crate) const fn seed(&self) -> u64 {
        self.speaking.seed()
    }

    pub(crate) fn counters(&self) -> &Arc<LegCounters> {
        &self.counters
    }

    pub(crate) fn alarm(&self) -> FeedAlarm {
        self.feed.alarm()
    }

    /// Whether anything was queued for the consumer since the last time this was asked.
    pub(crate) fn take_news(&mut self) -> bool {
        self.feed.take_news()
    }
}

impl Kind {
    /// What a packet with this header holds; `None` if that was not agreed on.
    fn of(header: &Header, connection: &Connection) -> Option<Self> {
        let payload_type = header.payload_type;
        let arriving = connection.arriving();
        if payload_type == arriving.audio {
            Some(Self::Media(Content::Audio))
        } else if arriving.telephone_event == Some(payload_type) {
            Some(Self::Event)
        } else if arriving.comfort_noise == Some(payload_type) {
            Some(Self::Media(Content::ComfortNoise))
        } else {
            None
        }
    }

    /// What the timestamp of such a packet counts.
    fn clock(&self, connection: &Connection) -> SampleRate {
        match (self, connection.telephone_event) {
            (Self::Event, Some(event)) => event.clock,
            (Self::Event, None) | (Self::Media(_), _) => connection.codec.clock(),
        }
    }
}

impl fmt::Debug for LegCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegCore")
            .field("link", &self.link)
            .field("statistics", &self.statistics())
            .finish_non_exhaustive()
    }
}
