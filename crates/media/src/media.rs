//! The border: opens legs on the media threads and says how they do.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;

use audio::dtmf::Digit;
use audio::{FRAME, RtpTimestamp, SampleRate, SequenceNumber};
use crossbeam_channel::Sender;
use jitter::{AdaptiveBuffer, Format, PlayoutBuffer};

use crate::clock::Clock;
use crate::config::{Background, LegOptions, MediaConfig, OpenLegError, StartMediaError};
use crate::connection::{ConnectError, Connection, PreparedConnection, Rtcp};
use crate::digits::{DigitHandle, SendDigitsError};
use crate::feed::LegFeed;
use crate::ledger::Ledger;
use crate::leg::{Identity, LegCore, LegEnds, LegSetup, Port, StreamStart};
use crate::playout::PlayoutHandle;
use crate::ports::{BindError, PortPool};
use crate::recording::RecordingFeed;
use crate::rtcp::{Cname, WallClock};
use crate::seat::{LegId, Seat};
use crate::statistics::{LegCounters, LegStatistics, MediaStatistics};
use crate::system;
use crate::tap::Tapped;
use crate::thread::Command;
use crate::threads::Threads;

/// Received packets that may wait for their turn, at an octet for each sample: a
/// second of them, or half a second of linear PCM.
const WAITING_PACKETS: usize = 50;

/// The media threads. Clones share them; they end with the last one or by
/// [`Media::shutdown`].
#[derive(Clone, Debug)]
pub struct Media {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: MediaConfig,
    wall_clock: WallClock,
    ports: PortPool,
    threads: Threads,
    opened: AtomicU64,
    ledger: Arc<Ledger>,
}

impl Media {
    /// Starts the threads. `wake` is unparked by a thread that queued something for
    /// a [`LegFeed`], at most once every 5 ms by each.
    ///
    /// # Errors
    ///
    /// [`StartMediaError`] if the configuration does not fit this machine or the
    /// system refuses a thread.
    pub fn start(config: MediaConfig, clock: Clock, wake: Thread) -> Result<Self, StartMediaError> {
        let (first, last) = (*config.ports.start(), *config.ports.end());
        let offset = system::random_bytes().map_err(StartMediaError::Thread)?;
        let offset = usize::from(u16::from_be_bytes(offset));
        let ports = PortPool::new(config.bind, config.ports.clone(), offset)
            .ok_or(StartMediaError::NoPorts { first, last })?;
        UdpSocket::bind((config.bind, 0)).map_err(|source| StartMediaError::Address {
            address: config.bind,
            source,
        })?;
        let threads = Threads::start(&config, clock, &wake).map_err(StartMediaError::Thread)?;
        let opened = AtomicU64::new(0);
        let inner = Inner {
            wall_clock: clock.wall_clock(),
            config,
            ports,
            threads,
            opened,
            ledger: Arc::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Opens a leg: binds its two sockets and seats it on the thread that has the fewest
    /// legs. Nothing is sent or heard before [`Leg::connect`].
    ///
    /// # Errors
    ///
    /// [`OpenLegError`] says whether a later try can succeed. Nothing is kept.
    pub fn open(
        &self,
        options: LegOptions,
    ) -> Result<(Leg, LegFeed, Option<RecordingFeed>), OpenLegError> {
        let settings = self.buffering(options);
        let buffer = || -> Box<dyn PlayoutBuffer> { Box::new(AdaptiveBuffer::new(settings)) };
        self.open_with(options, buffer, |_| ())
            .map(|(leg, feed, recording, ())| (leg, feed, recording))
    }

    /// Opens a leg that notes all that goes into it, for it to be run again.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_tapped(
        &self,
        options: LegOptions,
    ) -> Result<(Leg, LegFeed, Option<RecordingFeed>, Tapped), OpenLegError> {
        let buffering = self.buffering(options);
        let buffer = || -> Box<dyn PlayoutBuffer> { Box::new(AdaptiveBuffer::new(buffering)) };
        let no_rtp_timeout = self.inner.config.no_rtp_timeout;
        self.open_with(options, buffer, |core| Tapped {
            seed: core.seed(),
            feed: core.tap(),
            options,
            buffering,
            no_rtp_timeout,
        })
    }

    fn buffering(&self, options: LegOptions) -> jitter::Settings {
        jitter::Settings {
            ceiling: self.inner.config.playout_ceiling,
            payload_bytes: WAITING_PACKETS * options.widest.samples_in(FRAME),
            capacity: WAITING_PACKETS,
            ..jitter::Settings::new(options.policy, first_format(options.widest))
        }
    }

    /// How the threads and their legs have done so far.
    pub fn statistics(&self) -> MediaStatistics {
        let mut statistics = MediaStatistics {
            legs_opened: self.inner.opened.load(Ordering::Relaxed),
            legs: self.inner.ledger.total(),
            standing: self.inner.ledger.standing(),
            ..MediaStatistics::default()
        };
        self.inner.threads.add_to(&mut statistics);
        statistics
    }

    /// Ends the threads and with them every leg, and waits until they have ended.
    pub fn shutdown(&self) {
        self.inner.threads.stop();
    }

    /// Opens a leg; `prepare` is handed its inside before it is seated.
    fn open_with<T>(
        &self,
        options: LegOptions,
        buffer: impl FnOnce() -> Box<dyn PlayoutBuffer>,
        prepare: impl FnOnce(&mut LegCore) -> T,
    ) -> Result<(Leg, LegFeed, Option<RecordingFeed>, T), OpenLegError> {
        let inner = &*self.inner;
        let rate = options.widest;
        if rate != SampleRate::HZ_8000 && rate != SampleRate::HZ_16000 {
            return Err(OpenLegError::Rate { rate });
        }
        let (worker, place) = inner.threads.take_place()?;
        let sockets = inner.ports.bind().map_err(|error| match error {
            BindError::NoPort => OpenLegError::NoPort,
            BindError::System(source) => OpenLegError::System(source),
        })?;
        let local = sockets.get(Port::Rtp).local_addr();
        let local = local.map_err(OpenLegError::System)?;
        let (mut core, ends) = LegCore::new(LegSetup {
            options,
            identity: random_identity(inner.wall_clock).map_err(OpenLegError::System)?,
            no_rtp_timeout: inner.config.no_rtp_timeout,
            buffer: buffer(),
        });
        let LegEnds {
            playout,
            digits,
            feed,
            recording,
        } = ends;
        let prepared = prepare(&mut core);
        let id = LegId(inner.opened.fetch_add(1, Ordering::Relaxed));
        inner.ledger.open(id, core.counters());
        let leg = Leg {
            id,
            local,
            playout,
            digits,
            background: options.background,
            commands: worker.commands.clone(),
            counters: Arc::clone(core.counters()),
            ledger: Arc::clone(&inner.ledger),
        };
        let seat = Box::new(Seat::new(id, core, sockets, place));
        // overflow: awaited, the thread takes commands every 5 ms
        worker
            .commands
            .send(Command::Open(seat))
            .map_err(|_| OpenLegError::Stopped)?;
        Ok((leg, feed, recording, prepared))
    }
}

/// One call's media connection. It is closed, its port free again, within a few
/// milliseconds of being dropped.
#[derive(Debug)]
pub struct Leg {
    id: LegId,
    local: SocketAddr,
    playout: PlayoutHandle,
    digits: DigitHandle,
    background: Option<Background>,
    commands: Sender<Command>,
    counters: Arc<LegCounters>,
    ledger: Arc<Ledger>,
}

impl Leg {
    /// Where the far end is to send: the configured address and the leg's port.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Takes what signalling agreed on, again whenever it agrees anew. In force
    /// within one tick (20 ms).
    ///
    /// Codec and ciphers are built here, on the caller's thread; the media thread
    /// puts them in place between two ticks, and drops there what they replace. The
    /// first leg of all with a certain [`Background`] computes its sound here, which
    /// takes a part of a second; [`Ambience::bed`](crate::Ambience::bed) does it ahead.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the connection cannot be used. The former one stays in
    /// force.
    pub fn connect(&self, mut connection: Connection) -> Result<(), ConnectError> {
        connection.remote = self.as_reached(connection.remote);
        if let Rtcp::At(address) = &mut connection.rtcp {
            *address = self.as_reached(*address);
        }
        let rate = connection.codec.rate();
        let start = random_start().map_err(|_| ConnectError::Randomness)?;
        let prepared = Box::new(PreparedConnection::new(connection, start)?);
        let rate = self.playout.settle(rate);
        if let Some(background) = self.background {
            // Not left to the media thread, which may be the first to ask for it.
            let _ = background.ambience.bed(rate);
        }
        self.digits
            .agree(prepared.connection().telephone_event.is_some());
        // overflow: awaited, the thread takes commands every 5 ms. A thread that has
        // ended has closed the leg.
        let _ = self.commands.send(Command::Connect(self.id, prepared));
        Ok(())
    }

    /// The rate of the leg's frames in both directions; `None` before its first
    /// connection, which settles it for good.
    pub fn rate(&self) -> Option<SampleRate> {
        self.playout.rate()
    }

    /// Takes the agent's audio.
    pub fn playout(&self) -> PlayoutHandle {
        self.playout.clone()
    }

    /// Presses keys for the far end, one after the other, each for 100 ms with
    /// 100 ms between them. The agent's audio waits meanwhile.
    ///
    /// # Errors
    ///
    /// [`SendDigitsError`] if the far end takes no telephone events, or not so many
    /// at once; none of `digits` is sent then.
    pub fn send_digits(&self, digits: &[Digit]) -> Result<(), SendDigitsError> {
        self.digits.send(digits)
    }

    /// What happened to the leg so far.
    pub fn statistics(&self) -> LegStatistics {
        self.counters.snapshot()
    }

    /// `address` as a socket of the leg's family reaches it.
    fn as_reached(&self, address: SocketAddr) -> SocketAddr {
        match (self.local, address.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(ip)) => {
                SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), address.port())
            }
            (SocketAddr::V4(_), _) | (_, IpAddr::V6(_)) => address,
        }
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        self.ledger.close(self.id);
        // overflow: awaited, the thread takes commands every 5 ms. A thread that has
        // ended has closed the leg.
        let _ = self.commands.send(Command::Close(self.id));
    }
}

/// What a playout buffer expects until the first connection says what comes.
const fn first_format(rate: SampleRate) -> Format {
    Format { clock: rate, rate }
}

fn random_start() -> io::Result<StreamStart> {
    let [s0, s1, s2, s3, n0, n1, t0, t1, t2, t3] = system::random_bytes()?;
    Ok(StreamStart {
        ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
        sequence: SequenceNumber(u16::from_be_bytes([n0, n1]) >> 1),
        timestamp: RtpTimestamp(u32::from_be_bytes([t0, t1, t2, t3])),
    })
}

fn random_identity(wall_clock: WallClock) -> io::Result<Identity> {
    Ok(Identity {
        cname: Cname::new(system::random_bytes()?),
        wall_clock,
        seed: u64::from_be_bytes(system::random_bytes()?),
    })
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use audio::{Codec, Frame, Moment};
    use jitter::{Decoder, Insertion, Packet, Playout, PlayoutKind, Policy, Statistics};

    use super::*;
    use crate::feed::LegEvent;
    use crate::own_address::own_address;

    /// A playout buffer with a bug, in one of the places where a leg calls it.
    enum Faulty {
        Drop,
        Insert,
        Pull,
        Reset,
    }

    impl PlayoutBuffer for Faulty {
        fn insert(&mut self, _: Moment, _: &Packet<'_>) -> Insertion {
            assert!(
                !matches!(self, Self::Insert),
                "a bug while a packet is handled"
            );
            Insertion::Queued
        }

        fn pass_over(&mut self, _: u32, _: SequenceNumber) {}

        fn pull(&mut self, now: Moment, _: &mut dyn Decoder, _: &mut Frame) -> Option<Playout> {
            assert!(
                !matches!(self, Self::Drop | Self::Pull),
                "a bug in the tick"
            );
            Some(Playout {
                kind: PlayoutKind::Silence,
                until: now,
                level: Duration::ZERO,
            })
        }

        fn statistics(&self) -> Statistics {
            Statistics::default()
        }

        fn reset(&mut self, _: Format) {
            assert!(!matches!(self, Self::Reset), "a bug while connecting");
        }
    }

    impl Drop for Faulty {
        fn drop(&mut self) {
            assert!(!matches!(self, Self::Drop), "a bug while the leg is closed");
        }
    }

    const OPTIONS: LegOptions = LegOptions {
        widest: SampleRate::HZ_8000,
        record: false,
        policy: Policy::Play,
        inband_digits: false,
        background: None,
    };

    fn connection(remote: SocketAddr) -> Connection {
        Connection::new(remote, Codec::Pcmu, 0)
    }

    fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "gave up waiting until {what}"
            );
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn failure_of(fault: Faulty) {
        let config = MediaConfig {
            bind: own_address(),
            threads: 1,
            raise_priority: false,
            // Tests share the machine with each other, and a thread that waits for its
            // processor in the midst of its work counts as busy.
            max_busy: f64::INFINITY,
            max_lateness: Duration::from_secs(60),
            ..MediaConfig::default()
        };
        let media = Media::start(config, Clock::new(), thread::current()).unwrap();
        let (healthy, healthy_feed, _) = media.open(OPTIONS).unwrap();
        let (sick, sick_feed, _, ()) = media
            .open_with(OPTIONS, move || Box::new(fault), |_| ())
            .unwrap();
        healthy.connect(connection(sick.local_address())).unwrap();
        sick.connect(connection(healthy.local_address())).unwrap();

        let mut failures = 0;
        wait_until("the failure is reported", || {
            let events = std::iter::from_fn(|| sick_feed.pop_event());
            failures += events.filter(|event| *event == LegEvent::Failed).count();
            failures > 0
        });
        wait_until("the dead leg's port is free", || {
            UdpSocket::bind(sick.local_address()).is_ok()
        });
        let mut heard = 0;
        wait_until("the other leg has gone on for a while", || {
            heard += std::iter::from_fn(|| healthy_feed.pop_frame()).count();
            heard >= 10
        });
        assert_eq!(sick_feed.pop_event(), None);
        assert_eq!(failures, 1);
        let statistics = media.statistics();
        assert_eq!((statistics.legs_failed, statistics.legs_open), (1, 1));
        media.open(OPTIONS).expect("the thread takes new legs");
    }

    #[test]
    fn a_panic_in_a_tick_ends_that_leg_and_no_other() {
        failure_of(Faulty::Pull);
    }

    #[test]
    fn a_panic_over_a_packet_ends_that_leg_and_no_other() {
        failure_of(Faulty::Insert);
    }

    #[test]
    fn a_panic_in_a_connection_ends_that_leg_and_no_other() {
        failure_of(Faulty::Reset);
    }

    #[test]
    fn a_leg_that_panics_again_while_it_is_closed_does_no_more_harm() {
        failure_of(Faulty::Drop);
    }

    #[test]
    fn a_rate_that_no_leg_has_is_refused() {
        let config = MediaConfig {
            threads: 1,
            raise_priority: false,
            // Tests share the machine with each other, and a thread that waits for its
            // processor in the midst of its work counts as busy.
            max_busy: f64::INFINITY,
            max_lateness: Duration::from_secs(60),
            ..MediaConfig::default()
        };
        let media = Media::start(config, Clock::new(), thread::current()).unwrap();
        let options = LegOptions {
            widest: SampleRate::HZ_48000,
            ..OPTIONS
        };
        assert!(matches!(
            media.open(options),
            Err(OpenLegError::Rate { .. })
        ));
    }
}
