//! A leg on its media thread: with its sockets, its place, and what it costs.

use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use audio::{FRAME, Moment};

use crate::clock::Reference;
use crate::connection::PreparedConnection;
use crate::feed::FeedAlarm;
use crate::leg::{LegCore, Port, Transmit};
use crate::ports::LegSockets;
use crate::statistics::LegCounters;
use crate::system;

/// The ports of every leg.
pub(crate) const PORTS: [Port; 2] = [Port::Rtp, Port::Rtcp];

/// Names a leg for as long as the node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LegId(pub(crate) u64);

/// A leg with all that belongs to it on its thread.
#[derive(Debug)]
pub(crate) struct Seat {
    id: LegId,
    core: LegCore,
    sockets: LegSockets,
    alarm: FeedAlarm,
    counters: Arc<LegCounters>,
    /// When its last packet of audio was sent, by the clock's nanoseconds.
    last_sent: Option<u64>,
    _place: Place,
}

/// One of a thread's places for legs, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<AtomicUsize>,
}

impl Place {
    /// A place if fewer than `limit` are taken.
    pub(crate) fn take(taken: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                (count < limit).then_some(count + 1)
            })
            .ok()?;
        Some(Self {
            taken: Arc::clone(taken),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a leg's tick did.
pub(crate) struct Ticked {
    /// Whether anything was queued for the leg's consumer.
    pub(crate) news: bool,
    /// Whether a packet of audio was sent.
    pub(crate) sent: bool,
}

impl Seat {
    pub(crate) fn new(id: LegId, core: LegCore, sockets: LegSockets, place: Place) -> Self {
        let (alarm, counters) = (core.alarm(), Arc::clone(core.counters()));
        Self {
            id,
            core,
            sockets,
            alarm,
            counters,
            last_sent: None,
            _place: place,
        }
    }

    pub(crate) const fn id(&self) -> LegId {
        self.id
    }

    pub(crate) fn counters(&self) -> &LegCounters {
        &self.counters
    }

    pub(crate) const fn socket(&self, port: Port) -> &UdpSocket {
        self.sockets.get(port)
    }

    /// Tells the leg's consumer that the leg is dead.
    pub(crate) fn fail(&self) {
        self.alarm.raise();
    }

    /// Runs `action`; `None` when it panicked, which the leg's consumer then knows.
    pub(crate) fn guarded<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(|| action(self)));
        if result.is_err() {
            self.fail();
        }
        result.ok()
    }

    pub(crate) fn connect(&mut self, now: Moment, prepared: Box<PreparedConnection>) {
        self.core.connect(now, prepared);
    }

    /// Reads one datagram; returns whether it has news for the leg's consumer.
    pub(crate) fn read(&mut self, port: Port, now: Reference, buffer: &mut [u8]) -> bool {
        let Ok(datagram) = system::receive(self.sockets.get(port), buffer) else {
            return false;
        };
        let Some(bytes) = buffer.get_mut(..datagram.len) else {
            return false;
        };
        let arrived = now.moment_of(datagram.arrived);
        match port {
            Port::Rtp => self.core.handle_packet(arrived, datagram.from, bytes),
            Port::Rtcp => self.core.handle_report(arrived, datagram.from, bytes),
        }
        self.core.take_news()
    }

    pub(crate) fn tick(&mut self, at: Moment) -> Ticked {
        let audio = self.core.tick(at);
        let sent = audio.is_some();
        if let Some(transmit) = audio {
            send(&self.sockets, &self.counters, &transmit);
        }
        if let Some(transmit) = self.core.poll_report(at) {
            send(&self.sockets, &self.counters, &transmit);
        }
        Ticked {
            news: self.core.take_news(),
            sent,
        }
    }

    /// Notes whether audio was `sent` just before `now`, by the clock's nanoseconds,
    /// and returns by how much the time since the packet before differs from 20 ms.
    pub(crate) fn pace(&mut self, now: u64, sent: bool) -> Option<Duration> {
        let last = std::mem::replace(&mut self.last_sent, sent.then_some(now));
        let interval = Duration::from_nanos(now.saturating_sub(last.filter(|_| sent)?));
        Some(interval.abs_diff(FRAME))
    }

    pub(crate) fn close(&mut self, now: Moment) {
        if let Some(transmit) = self.core.close(now) {
            send(&self.sockets, &self.counters, &transmit);
        }
    }
}

fn send(sockets: &LegSockets, counters: &LegCounters, transmit: &Transmit<'_>) {
    let socket = sockets.get(transmit.port);
    let destination = transmit.destination;
    // Who is on hold may have signalled that it is nowhere (RFC 3264 §8.4).
    let is_somewhere = !destination.ip().to_canonical().is_unspecified();
    if is_somewhere && socket.send_to(transmit.packet, destination).is_err() {
        counters.send_failures.add(1);
    }
    if let Some(also) = transmit.also {
        // A mere attempt: the address may not even have a route.
        let _ = socket.send_to(transmit.packet, also);
    }
}

/// Names a leg's socket in the set of those that are watched.
pub(crate) const fn token(index: usize, port: Port) -> u64 {
    let port = match port {
        Port::Rtp => 0,
        Port::Rtcp => 1,
    };
    (index as u64) << 1 | port
}

pub(crate) const fn seat_and_port(token: u64) -> (usize, Port) {
    let port = if token & 1 == 0 {
        Port::Rtp
    } else {
        Port::Rtcp
    };
    ((token >> 1) as usize, port)
}
