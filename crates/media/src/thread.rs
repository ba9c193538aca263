//! A media thread: owns sockets and legs, and ticks them on time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::Thread;

use audio::Moment;
use crossbeam_channel::{Receiver, TryRecvError};

use crate::clock::Clock;
use crate::connection::PreparedConnection;
use crate::lateness::LatenessRecorder;
use crate::load::{Load, LoadMeter};
use crate::rtp::MAX_PACKET;
use crate::schedule::{Due, PHASES, Schedule};
use crate::seat::{LegId, PORTS, Seat, seat_and_port, token};
use crate::statistics::Counter;
use crate::system::ReadySet;

/// Commands taken between two ticks; each costs a few microseconds.
const MAX_COMMANDS: usize = 256;

/// Datagrams taken from one socket between two ticks. A flood beyond it
/// overflows that socket's own buffer in the kernel and nothing else.
const MAX_READS: usize = 8;

/// What a thread is told.
#[derive(Debug)]
pub(crate) enum Command {
    Open(Box<Seat>),
    Connect(LegId, Box<PreparedConnection>),
    Close(LegId),
    Stop,
}

/// What a thread counts, for anyone to read.
#[derive(Debug, Default)]
pub(crate) struct ThreadCounters {
    pub(crate) ticks: Counter,
    pub(crate) resynchronisations: Counter,
    pub(crate) legs_failed: Counter,
    pub(crate) busy_nanos: Counter,
    pub(crate) lateness: LatenessRecorder,
    pub(crate) send_jitter: LatenessRecorder,
    pub(crate) load: Load,
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
    /// Whether anything was queued for a leg's consumer since it was woken.
    has_news: bool,
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
            has_news: false,
            datagram: [0; MAX_PACKET + 1],
        })
    }

    /// Runs until it is told to stop or nobody is left to tell it.
    pub(crate) fn run(mut self) {
        while self.wait_for_legs() && self.run_legs() {
            self.counters.load.rest();
        }
        for index in 0..self.seats.len() {
            self.close(index);
        }
    }

    /// Ticks until there is no leg left; false when the thread is to end.
    fn run_legs(&mut self) -> bool {
        let now = self.clock.now();
        let mut schedule = Schedule::starting(now);
        let mut meter = LoadMeter::new(now, &self.counters.lateness.snapshot());
        while self.has_legs() {
            std::thread::sleep(schedule.next().since(self.clock.now()));
            let woken = self.clock.nanos();
            if !self.obey() {
                return false;
            }
            self.receive();
            if schedule.resynchronise(self.clock.now()) {
                self.counters.resynchronisations.add(1);
            }
            if let Some(due) = schedule.take(self.clock.now()) {
                self.tick(due);
            }
            if std::mem::take(&mut self.has_news) {
                self.wake.unpark();
            }
            self.account(woken, &mut meter);
        }
        true
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

    /// Adds the work since `woken` to the thread's load.
    fn account(&self, woken: u64, meter: &mut LoadMeter) {
        let now = self.clock.nanos();
        let worked = now.saturating_sub(woken);
        self.counters.busy_nanos.add(worked);
        let legs = self.phases.iter().map(Vec::len).sum();
        let lateness = || self.counters.lateness.snapshot();
        let now = Moment::from_micros(now / 1_000);
        meter.worked(now, worked, legs, lateness, &self.counters.load);
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
            Command::Connect(id, prepared) => self.connect(id, prepared),
            Command::Close(id) => {
                if let Some(index) = self.position(id) {
                    self.close(index);
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
        let watched = PORTS
            .into_iter()
            .try_for_each(|port| self.ready.add(seat.socket(port), token(index, port)));
        if let Err(error) = watched {
            tracing::error!(%error, "a leg's socket cannot be watched, so the leg is closed");
            seat.fail();
            self.counters.legs_failed.add(1);
            self.wake.unpark();
            return;
        }
        self.seats[index] = Some(seat);
        if let Some(phase) = self.phases.iter_mut().min_by_key(|phase| phase.len()) {
            phase.push(index);
        }
    }

    fn connect(&mut self, id: LegId, prepared: Box<PreparedConnection>) {
        let now = self.clock.now();
        let Some(index) = self.position(id) else {
            return;
        };
        if let Some(Some(seat)) = self.seats.get_mut(index)
            && seat.guarded(|seat| seat.connect(now, prepared)).is_none()
        {
            self.failed.push(index);
            self.bury();
        }
    }

    fn position(&self, id: LegId) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| seat.as_ref().is_some_and(|seat| seat.id() == id))
    }

    /// Ends a leg that is well.
    fn close(&mut self, index: usize) {
        let now = self.clock.now();
        if let Some(Some(seat)) = self.seats.get_mut(index) {
            // A leg that panics in its last moment needs no telling.
            let _ = seat.guarded(|seat| seat.close(now));
        }
        self.remove(index);
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
            let mut tokens = self.ready.poll().peekable();
            if tokens.peek().is_none() {
                return;
            }
            let reference = self.clock.reference();
            let mut begun = self.clock.nanos();
            for token in tokens {
                let (index, port) = seat_and_port(token);
                let Some(Some(seat)) = self.seats.get_mut(index) else {
                    continue;
                };
                match seat.guarded(|seat| seat.read(port, reference, &mut self.datagram)) {
                    Some(news) => self.has_news |= news,
                    None => self.failed.push(index),
                }
                let ended = self.clock.nanos();
                seat.counters().receive_nanos.add(ended - begun);
                begun = ended;
            }
            self.bury();
        }
    }

    /// Ticks the legs of one phase.
    fn tick(&mut self, due: Due) {
        let mut begun = self.clock.nanos();
        for &index in self.phases.get(due.phase).into_iter().flatten() {
            let Some(Some(seat)) = self.seats.get_mut(index) else {
                continue;
            };
            let late = Moment::from_micros(begun / 1_000).since(due.at);
            self.counters.lateness.record(late);
            self.counters.ticks.add(1);
            let sent = match seat.guarded(|seat| seat.tick(due.at)) {
                Some(ticked) => {
                    self.has_news |= ticked.news;
                    ticked.sent
                }
                None => {
                    self.failed.push(index);
                    false
                }
            };
            let ended = self.clock.nanos();
            seat.counters().tick_nanos.add(ended - begun);
            if let Some(jitter) = seat.pace(ended, sent) {
                self.counters.send_jitter.record(jitter);
            }
            begun = ended;
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
