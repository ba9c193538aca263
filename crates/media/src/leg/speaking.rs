//! The sending half of a leg: the agent's audio and keys, and the reports that bear
//! the name of that stream.

use std::net::SocketAddr;
use std::sync::Arc;

use audio::codec::comfort_noise::{self, DESCRIPTION};
use audio::{Moment, SampleRate};

use crate::connection::PreparedConnection;
use crate::feed::FeedSender;
use crate::leg::border::{Port, Transmit};
use crate::leg::control::{Control, Identity};
use crate::leg::keys::Keys;
use crate::leg::link::{Change, Link};
use crate::leg::sender::Sender;
use crate::leg::voice::{Utterance, Voice};
use crate::statistics::LegCounters;
use crate::telephone_event::Tick;

/// What a leg sends.
pub(crate) struct Speaking {
    pub(crate) voice: Voice,
    pub(crate) keys: Keys,
    stream: Option<Stream>,
    identity: Identity,
    counters: Arc<LegCounters>,
}

/// The sent stream and the reports that bear its name.
struct Stream {
    sender: Sender,
    control: Control,
}

impl Speaking {
    pub(crate) fn new(
        voice: Voice,
        keys: Keys,
        identity: Identity,
        counters: Arc<LegCounters>,
    ) -> Self {
        Self {
            voice,
            keys,
            stream: None,
            identity,
            counters,
        }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.identity.seed
    }

    /// Adapts to the connection that is in force from `now` on.
    pub(crate) fn connect(&mut self, now: Moment, change: Change, link: &Link, rate: SampleRate) {
        let connection = link.connection();
        self.voice.begin(rate, self.identity.seed);
        self.keys.agree(connection.telephone_event);
        if change.stream || self.stream.is_none() {
            let start = link.prepared.start;
            self.stream = Some(Stream {
                sender: Sender::new(start, connection.codec.clock()),
                control: Control::new(now, &self.identity, start.ssrc),
            });
        }
        if let Some(stream) = &mut self.stream
            && change.reports
        {
            stream.control.forget_source();
        }
    }

    /// The reports; `None` before the first connection.
    pub(crate) fn control(&mut self) -> Option<&mut Control> {
        self.stream.as_mut().map(|stream| &mut stream.control)
    }

    /// The packet of the tick at `at`, if one is to be sent.
    pub(crate) fn tick(
        &mut self,
        at: Moment,
        link: &mut Link,
        feed: &mut FeedSender,
    ) -> Option<Transmit<'_>> {
        let Stream { sender, control } = self.stream.as_mut()?;
        self.counters.missed_ticks.add(sender.advance(at));
        let PreparedConnection {
            connection,
            encoder,
            secured,
            ..
        } = &mut *link.prepared;
        if !connection.send {
            sender.pause();
            return None;
        }
        let unsealed = match self.keys.tick(at, sender.timestamp()) {
            Tick::Event(event) => sender.event(connection.telephone_event?.payload_type, &event),
            Tick::Quiet => {
                sender.pause();
                return None;
            }
            Tick::Audio => {
                let Utterance { mut frame, silent } = self.voice.next(at, feed);
                let noise = connection.comfort_noise.filter(|_| silent);
                let pausing = sender.is_pausing(noise.is_some());
                let packet = match noise {
                    Some(noise) if pausing => sender.noise(noise, |payload| {
                        link.outbound.convert(&mut frame);
                        let description = comfort_noise::describe(frame.samples());
                        payload[..DESCRIPTION].copy_from_slice(&description);
                        DESCRIPTION
                    }),
                    Some(_) | None => {
                        sender.audio(connection.payload_type, silent, |sign_of_life, payload| {
                            link.outbound.convert(&mut frame);
                            let encoded = if sign_of_life {
                                encoder.encode_sign_of_life(frame.samples(), payload)
                            } else {
                                encoder.encode(frame.samples(), payload)
                            };
                            encoded.unwrap_or(0)
                        })
                    }
                };
                packet?
            }
        };
        let octets = unsealed.payload_len();
        control.sent(at, &unsealed.header, octets, connection.codec.clock());
        let protect = secured.as_mut().map(|secured| &mut secured.protect);
        let Some(packet) = unsealed.seal(protect) else {
            self.counters.send_failures.add(1);
            return None;
        };
        self.counters.packets_sent.add(1);
        let destination = link.latch.destination(at, connection.receive);
        Some(Transmit {
            destination: destination.address,
            also: destination.also,
            port: Port::Rtp,
            packet,
        })
    }

    /// The report that is due at `at`, if one is.
    pub(crate) fn poll_report(&mut self, at: Moment, link: &mut Link) -> Option<Transmit<'_>> {
        let control = &mut self.stream.as_mut()?.control;
        let source = control.source();
        let packet = control.poll(at, link.prepared.secured.as_mut(), &self.counters)?;
        Some(report(packet, at, link, source))
    }

    /// The goodbye, if anything was ever sent.
    pub(crate) fn close(&mut self, now: Moment, link: &mut Link) -> Option<Transmit<'_>> {
        let control = &mut self.stream.as_mut()?.control;
        let source = control.source();
        let packet = control.close(now, link.prepared.secured.as_mut())?;
        Some(report(packet, now, link, source))
    }
}

fn report<'a>(
    packet: &'a [u8],
    at: Moment,
    link: &mut Link,
    source: Option<SocketAddr>,
) -> Transmit<'a> {
    let (destination, port) = link.report_to(at, source);
    Transmit {
        destination,
        also: None,
        port,
        packet,
    }
}
