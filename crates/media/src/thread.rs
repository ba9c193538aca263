//! A media thread: owns sockets and legs, and ticks them on time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;

use audio::Moment;
use crossbeam_channel::{Receiver, TryRecvError};

use crate::clock::Clock;
use crate::feed::FeedAlarm;
use crate::lateness::LatenessRecorder;
use crate::leg::{Connection, LegCore};
use crate::ports::LegSocket;
use crate::rtp::MAX_PACKET;
use crate::schedule::{Due, PHASES, Schedule};
use crate::statistics::{Counter, LegCounters};
use crate::system::ReadySet;

/// Commands taken between two ticks; each costs a few microseconds.
const MAX_COMMANDS: usize = 256;

/// Datagrams taken from one socket between two ticks. A flood beyond it
/// overflows that socket's own buffer in the kernel and nothing else.
const MAX_READS: usize = 8;

/// Names a leg for as long as the node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LegId(pub(crate) u64);

/// What a thread is told.
#[derive(Debug)]
pub(crate) enum Command {
    Open(Box<Seat>),
    Connect(LegId, Connection),
    Close(LegId),
    Stop,
}

/// A leg with all that belongs to it on its thread.
#[derive(Debug)]
pub(crate) struct Seat {
    id: LegId,
    core: LegCore,
    socket: LegSocket,
    alarm: FeedAlarm,
    counters: Arc<LegCounters>,
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

/// What a thread counts, for anyone to read.
#[derive(Debug, Default)]
pub(crate) struct ThreadCounters {
    pub(crate) ticks: Counter,
    pub(crate) resynchronisations: Counter,
    pub(crate) legs_failed: Counter,
    pub(crate) lateness: LatenessRecorder,
}

/// A media thread, before it runs.
pub(crate) struct MediaThread {
    clock: Clock,
    wake: Thread,
    commands: Receiver<Command>,
    counters: Arc<ThreadCounters>,
    ready: ReadySet,
    seats: Vec<Option<Box<Seat>>>,
    phases: [Vec<usize>; PHASES],
    /// Seats whose leg panicked and is still to be removed.
    failed: Vec<usize>,
    /// One octet longer than any packet, so that a longer one shows.
    datagram: [u8; MAX_PACKET + 1],
}

impl MediaThread {
    /// A thread with room for `legs`; it allocates nothing later.
    pub(crate) fn new(
        clock: Clock,
        wake: Thread,
        commands: Receiver<Command>,
        counters: Arc<ThreadCounters>,
        legs: usize,
    ) -> std::io::Result<Self> {
        Ok(Self {
            clock,
            wake,
            commands,
            counters,
            ready: ReadySet::new(legs)?,
            seats: (0..legs).map(|_| None).collect(),
            phases: std::array::from_fn(|_| Vec::with_capacity(legs)),
            failed: Vec::with_capacity(legs),
            datagram: [0; MAX_PACKET + 1],
        })
    }

    /// Runs until it is told to stop or nobody is left to tell it.
    pub(crate) fn run(mut self) {
        while self.wait_for_legs() {
            let mut schedule = Schedule::starting(self.clock.now());
            while self.has_legs() {
                std::thread::sleep(schedule.next().since(self.clock.now()));
                if !self.obey() {
                    return;
                }
                self.receive();
                if schedule.resynchronise(self.clock.now()) {
                    self.counters.resynchronisations.add(1);
                }
                if let Some(due) = schedule.take(self.clock.now()) {
                    self.tick(due);
                }
            }
        }
    }

    /// Sleeps while there is no leg; false when the thread is to end.
    fn wait_for_legs(&mut self) -> bool {
        while !self.has_legs() {
            let Ok(command) = self.commands.recv() else {
                return false;
            };
            if !self.apply(command) {
                return false;
            }
        }
        true
    }

    fn has_legs(&self) -> bool {
        self.phases.iter().any(|phase| !phase.is_empty())
    }

    /// Takes the commands that wait; false when the thread is to end.
    fn obey(&mut self) -> bool {
        for _ in 0..MAX_COMMANDS {
            match self.commands.try_recv() {
                Ok(command) => {
                    if !self.apply(command) {
                        return false;
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn apply(&mut self, command: Command) -> bool {
        match command {
            Command::Open(seat) => self.open(seat),
            Command::Connect(id, connection) => self.connect(id, connection),
            Command::Close(id) => {
                if let Some(index) = self.position(id) {
                    self.remove(index);
                }
            }
            Command::Stop => return false,
        }
        true
    }

    /// Seats a leg in the phase that has the fewest.
    fn open(&mut self, seat: Box<Seat>) {
        let index = self
            .seats
            .iter()
            .position(Option::is_none)
            .expect("places count the seats");
        if let Err(error) = self.ready.add(seat.socket.get(), index as u64) {
            tracing::error!(%error, "a leg's socket cannot be watched, so the leg is closed");
            seat.alarm.raise();
            self.counters.legs_failed.add(1);
            self.wake.unpark();
            return;
        }
        self.seats[index] = Some(seat);
        if let Some(phase) = self.phases.iter_mut().min_by_key(|phase| phase.len()) {
            phase.push(index);
        }
    }

    fn connect(&mut self, id: LegId, connection: Connection) {
        let now = self.clock.now();
        let Some(index) = self.position(id) else {
            return;
        };
        if let Some(Some(seat)) = self.seats.get_mut(index)
            && seat
                .guarded(|seat| seat.core.connect(now, connection))
                .is_none()
        {
            self.failed.push(index);
            self.bury();
        }
    }

    fn position(&self, id: LegId) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| seat.as_ref().is_some_and(|seat| seat.id == id))
    }

    fn remove(&mut self, index: usize) {
        for phase in &mut self.phases {
            phase.retain(|seated| *seated != index);
        }
        let seat = self.seats.get_mut(index).and_then(Option::take);
        // A leg that panicked may do so again while it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(seat)));
    }

    /// Reads what has arrived, one datagram of each socket at a time.
    fn receive(&mut self) {
        for _ in 0..MAX_READS {
            let now = self.clock.now();
            let mut tokens = self.ready.poll().peekable();
            if tokens.peek().is_none() {
                return;
            }
            for token in tokens {
                let index = token as usize;
                if let Some(Some(seat)) = self.seats.get_mut(index)
                    && seat
                        .guarded(|seat| seat.read(now, &mut self.datagram))
                        .is_none()
                {
                    self.failed.push(index);
                }
            }
            self.bury();
        }
    }

    /// Ticks the legs of one phase.
    fn tick(&mut self, due: Due) {
        let mut has_news = false;
        for &index in self.phases.get(due.phase).into_iter().flatten() {
            let Some(Some(seat)) = self.seats.get_mut(index) else {
                continue;
            };
            self.counters
                .lateness
                .record(self.clock.now().since(due.at));
            self.counters.ticks.add(1);
            match seat.guarded(|seat| seat.tick(due.at)) {
                Some(news) => has_news |= news,
                None => self.failed.push(index),
            }
        }
        if has_news {
            self.wake.unpark();
        }
        self.bury();
    }

    /// Removes the legs that panicked.
    fn bury(&mut self) {
        while let Some(index) = self.failed.pop() {
            tracing::error!("a leg panicked and is closed; the others go on");
            self.counters.legs_failed.add(1);
            self.remove(index);
            self.wake.unpark();
        }
    }
}

impl Seat {
    pub(crate) fn new(id: LegId, core: LegCore, socket: LegSocket, place: Place) -> Self {
        let (alarm, counters) = (core.alarm(), Arc::clone(core.counters()));
        Self {
            id,
            core,
            socket,
            alarm,
            counters,
            _place: place,
        }
    }

    /// Runs `action`; `None` when it panicked, which the leg's consumer then knows.
    fn guarded<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(|| action(self)));
        if result.is_err() {
            self.alarm.raise();
        }
        result.ok()
    }

    fn read(&mut self, now: Moment, datagram: &mut [u8]) {
        let Ok((len, from)) = self.socket.get().recv_from(datagram) else {
            return;
        };
        if let Some(datagram) = datagram.get(..len) {
            self.core.handle_packet(now, from, datagram);
        }
    }

    /// One tick; returns whether it has news for the leg's consumer.
    fn tick(&mut self, at: Moment) -> bool {
        if let Some(transmit) = self.core.tick(at)
            && self
                .socket
                .get()
                .send_to(transmit.packet, transmit.destination)
                .is_err()
        {
            self.counters.send_failures.add(1);
        }
        self.core.take_news()
    }
}
