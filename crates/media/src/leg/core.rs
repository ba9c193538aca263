//! The leg itself: latching, playout buffer, playout queue and RTP stream wired together.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audio::{Frame, Moment, SampleRate};
use jitter::{Insertion, Packet, PlayoutBuffer};

use crate::codec::Codec;
use crate::feed::{FeedAlarm, FeedSender, HeardFrame, LegEvent, LegFeed};
use crate::leg::latch::{Admission, Latch};
use crate::leg::player::Player;
use crate::leg::sender::{Sender, StreamStart};
use crate::playout::{PlayoutHandle, PlayoutQueue};
use crate::recording::{RecordedFrame, RecordingFeed, RecordingSender};
use crate::rtp::{self, MAX_PACKET};
use crate::statistics::{LegCounters, LegStatistics};

/// What signalling agreed on with the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where the far end asked for audio; used until its first packet shows
    /// where it really is.
    pub remote: SocketAddr,
    /// How audio is encoded, both ways.
    pub codec: Codec,
    /// The RTP payload type of that codec, 0 to 127, both ways.
    pub payload_type: u8,
    /// The payload type of telephone events (RFC 4733), if they were agreed on.
    pub telephone_event: Option<u8>,
    /// Whether audio is sent; false while the far end has put the call on hold.
    /// The playout queue then waits.
    pub send: bool,
    /// Whether received audio is heard.
    pub receive: bool,
}

/// What a leg is made of.
pub struct LegSetup {
    /// The rate of all its frames.
    pub rate: SampleRate,
    /// Whether both sides are handed out for a recording.
    pub record: bool,
    /// Where its RTP stream begins.
    pub start: StreamStart,
    /// How long a receiving leg goes without a valid packet before it says so.
    pub no_rtp_timeout: Duration,
    /// Puts received packets in order and in time.
    pub buffer: Box<dyn PlayoutBuffer>,
}

/// The other ends of a leg's queues.
#[derive(Debug)]
pub struct LegEnds {
    /// Takes the agent's audio.
    pub playout: PlayoutHandle,
    /// Gives what is heard and what happens.
    pub feed: LegFeed,
    /// Gives both sides for the recording, if that was asked for.
    pub recording: Option<RecordingFeed>,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Where to.
    pub destination: SocketAddr,
    /// The RTP packet.
    pub packet: &'a [u8],
}

/// One leg without sockets, threads or clocks.
///
/// Its owner hands it every datagram that arrives and ticks it once every 20 ms.
/// The times of packets, and those of ticks, must not go backwards; a late tick's
/// deadline may lie behind packets that are there already. After construction it
/// neither allocates nor locks, so both may be done inside a real-time loop.
pub struct LegCore {
    rate: SampleRate,
    link: Option<Link>,
    buffer: Box<dyn PlayoutBuffer>,
    /// The latest time that the buffer was told, since its time only goes forward.
    buffer_now: Moment,
    player: Player,
    sender: Sender,
    feed: FeedSender,
    recording: Option<RecordingSender>,
    no_rtp_timeout: Duration,
    counters: Arc<LegCounters>,
}

/// A connected leg's side towards the network.
#[derive(Debug)]
struct Link {
    connection: Connection,
    latch: Latch,
    last_valid: Moment,
    stopped: bool,
}

impl LegCore {
    /// A leg that waits for its first connection, and the other ends of its queues.
    pub fn new(setup: LegSetup) -> (Self, LegEnds) {
        let counters = Arc::<LegCounters>::default();
        let queue = PlayoutQueue::new(setup.rate, Arc::clone(&counters));
        let (feed_sender, feed) = FeedSender::new(setup.rate, Arc::clone(&counters));
        let (recorder, recording) = setup
            .record
            .then(|| RecordingSender::new(setup.rate, Arc::clone(&counters)))
            .unzip();
        let ends = LegEnds {
            playout: queue.handle(),
            feed,
            recording,
        };
        let core = Self {
            rate: setup.rate,
            link: None,
            buffer: setup.buffer,
            buffer_now: Moment::ZERO,
            player: Player::new(queue, setup.rate, Arc::clone(&counters)),
            sender: Sender::new(setup.start, setup.rate),
            feed: feed_sender,
            recording: recorder,
            no_rtp_timeout: setup.no_rtp_timeout,
            counters,
        };
        (core, ends)
    }

    /// Takes what signalling agreed on, for the first time or anew. The source of
    /// an unchanged address stays latched; the same connection again only gives the
    /// far end its whole time anew until packets count as stopped.
    pub fn connect(&mut self, now: Moment, connection: Connection) {
        let latch = match self.link.take() {
            Some(link) if link.connection == connection => {
                self.link = Some(Link {
                    last_valid: now,
                    stopped: false,
                    ..link
                });
                return;
            }
            Some(mut link) => {
                link.latch.signal(connection.remote);
                link.latch
            }
            None => Latch::new(connection.remote),
        };
        self.buffer.reset();
        self.link = Some(Link {
            connection,
            latch,
            last_valid: now,
            stopped: false,
        });
    }

    /// Takes a datagram that arrived at `now`. Whatever is not audio from the
    /// latched source is counted and dropped.
    pub fn handle_packet(&mut self, now: Moment, from: SocketAddr, datagram: &[u8]) {
        let counters = &self.counters;
        if datagram.len() > MAX_PACKET {
            counters.oversized.add(1);
            return;
        }
        let Ok((header, payload)) = rtp::parse(datagram) else {
            counters.malformed.add(1);
            return;
        };
        let Some(link) = &mut self.link else {
            counters.unwanted.add(1);
            return;
        };
        let is_event = link.connection.telephone_event == Some(header.payload_type);
        if !is_event && header.payload_type != link.connection.payload_type {
            counters.unknown_payload.add(1);
            return;
        }
        match link.latch.admit(now, from) {
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
        link.last_valid = now;
        link.stopped = false;
        if !link.connection.receive {
            counters.unwanted.add(1);
            return;
        }
        if is_event {
            counters.telephone_events.add(1);
            self.buffer.pass_over(header.ssrc, header.sequence);
            return;
        }
        let packet = Packet {
            sequence: header.sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            ssrc: header.ssrc,
            payload,
        };
        self.buffer_now = self.buffer_now.max(now);
        match self.buffer.insert(self.buffer_now, &packet) {
            Insertion::Oversized => counters.oversized.add(1),
            Insertion::Queued
            | Insertion::Duplicate
            | Insertion::Late
            | Insertion::Overflowed
            | Insertion::Restarted => counters.packets_received.add(1),
        }
    }

    /// Does one tick, whose deadline is `at`: hears 20 ms, plays 20 ms. Returns
    /// the packet to send if the leg is connected and sends.
    pub fn tick(&mut self, at: Moment) -> Option<Transmit<'_>> {
        self.feed.deliver();
        self.player.fence(at, &mut self.feed);
        let Some(link) = &mut self.link else {
            return None;
        };
        let missed = self.sender.advance(at);
        self.counters.missed_ticks.add(missed);
        let connection = link.connection;

        let mut heard = Frame::silence(self.rate);
        let mut decoder = connection.codec;
        self.buffer_now = self.buffer_now.max(at);
        let playout = self.buffer.pull(self.buffer_now, &mut decoder, &mut heard);
        self.counters.set_jitter(&self.buffer.statistics());
        self.feed.hear(&HeardFrame {
            at,
            kind: playout.kind,
            frame: heard,
        });
        if link.has_just_stopped(at, self.no_rtp_timeout) {
            self.feed.report(LegEvent::PacketsStopped { at });
        }

        let mut played = Frame::silence(self.rate);
        if connection.send && !self.feed.is_behind() {
            self.player.play(at, &mut played, &mut self.feed);
        }
        if let Some(recording) = &self.recording {
            recording.record(&RecordedFrame { at, heard, played });
        }
        if !connection.send {
            self.sender.pause();
            return None;
        }
        self.counters.packets_sent.add(1);
        let packet = self
            .sender
            .packet(connection.payload_type, connection.codec, &played);
        Some(Transmit {
            destination: link.latch.destination(),
            packet,
        })
    }

    /// What happened so far.
    pub fn statistics(&self) -> LegStatistics {
        self.counters.snapshot()
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

impl Link {
    /// Whether the silence on the wire has just become longer than `timeout`.
    fn has_just_stopped(&mut self, at: Moment, timeout: Duration) -> bool {
        let overdue = self.connection.receive && at.since(self.last_valid) >= timeout;
        overdue && !std::mem::replace(&mut self.stopped, true)
    }
}

impl fmt::Debug for LegCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegCore")
            .field("rate", &self.rate)
            .field("link", &self.link)
            .field("statistics", &self.statistics())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LegSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegSetup")
            .field("rate", &self.rate)
            .field("record", &self.record)
            .field("start", &self.start)
            .field("no_rtp_timeout", &self.no_rtp_timeout)
            .finish_non_exhaustive()
    }
}
