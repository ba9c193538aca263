//! All media threads: started together, filled evenly, ended together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use std::{io, thread};

use crossbeam_channel::{Sender, bounded};

use crate::clock::Clock;
use crate::config::{MediaConfig, OpenLegError};
use crate::load::Bounds;
use crate::seat::{PORTS, Place};
use crate::statistics::MediaStatistics;
use crate::system::{self, Priority};
use crate::thread::{Command, MediaThread, ThreadCounters};

/// Commands that wait for a thread, which takes them every 5 ms.
const COMMANDS: usize = 1_024;

/// Descriptors that a node needs beside those of its legs' sockets.
const OTHER_DESCRIPTORS: usize = 1_024;

/// The running threads; dropping this ends them.
#[derive(Debug)]
pub(crate) struct Threads {
    legs_per_thread: usize,
    bounds: Bounds,
    workers: Vec<Worker>,
    joins: Mutex<Vec<JoinHandle<()>>>,
    stopped: AtomicBool,
}

/// The outside of one thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) commands: Sender<Command>,
    counters: Arc<ThreadCounters>,
    taken: Arc<AtomicUsize>,
}

impl Threads {
    /// Starts one thread for each processor, or as many as configured.
    pub(crate) fn start(config: &MediaConfig, clock: Clock, wake: &Thread) -> io::Result<Self> {
        let processors = system::allowed_processors();
        let count = if config.threads == 0 {
            processors.len()
        } else {
            config.threads
        };
        let legs = config.legs_per_thread.saturating_mul(count);
        let sockets = legs.saturating_mul(PORTS.len());
        system::permit_descriptors((sockets + OTHER_DESCRIPTORS) as u64);
        // Owns those already started, so that an error ends them again.
        let mut threads = Self {
            legs_per_thread: config.legs_per_thread,
            bounds: Bounds {
                busy: config.max_busy,
                lateness: config.max_lateness,
            },
            workers: Vec::with_capacity(count),
            joins: Mutex::default(),
            stopped: AtomicBool::new(false),
        };
        let mut worst = Priority::RealTime;
        for processor in processors.into_iter().cycle().take(count) {
            let raise = config.raise_priority;
            worst = worst.max(threads.add(processor, raise, clock, wake.clone())?);
        }
        if worst != Priority::RealTime {
            tracing::warn!(
                priority = ?worst,
                "media threads may not run at real-time priority, so audio suffers when the \
                 machine is busy; grant CAP_SYS_NICE or an rtprio limit of 10"
            );
        }
        Ok(threads)
    }

    /// A place on the thread that carries the fewest legs, of those that are not
    /// overloaded.
    pub(crate) fn take_place(&self) -> Result<(&Worker, Place), OpenLegError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(OpenLegError::Stopped);
        }
        let limit = self.legs_per_thread;
        if self.workers.iter().all(|worker| worker.legs() >= limit) {
            return Err(OpenLegError::Full {
                limit: limit * self.workers.len(),
            });
        }
        let able = || {
            let bounds = &self.bounds;
            self.workers
                .iter()
                .filter(|worker| worker.counters.load.is_within(bounds, worker.legs()))
        };
        let emptiest = able().min_by_key(|worker| worker.legs());
        emptiest
            .into_iter()
            .chain(able())
            .find_map(|worker| Some((worker, Place::take(&worker.taken, limit)?)))
            .ok_or(OpenLegError::Overloaded)
    }

    /// Adds what the threads counted to `statistics`.
    pub(crate) fn add_to(&self, statistics: &mut MediaStatistics) {
        for worker in &self.workers {
            statistics.legs_open += worker.legs();
            statistics.legs_failed += worker.counters.legs_failed.get();
            statistics.ticks += worker.counters.ticks.get();
            statistics.resynchronisations += worker.counters.resynchronisations.get();
            statistics
                .lateness
                .merge(&worker.counters.lateness.snapshot());
            statistics
                .send_jitter
                .merge(&worker.counters.send_jitter.snapshot());
            statistics.busy += Duration::from_nanos(worker.counters.busy_nanos.get());
            statistics.busiest = statistics.busiest.max(worker.counters.load.busy());
        }
    }

    /// Ends all threads and waits until they have ended.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        for worker in &self.workers {
            // overflow: awaited; a thread that has ended needs no telling
            let _ = worker.commands.send(Command::Stop);
        }
        let mut joins = self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        for join in joins.drain(..) {
            if join.join().is_err() {
                tracing::error!("a media thread had panicked");
            }
        }
    }

    /// Starts a thread on `processor` and says what priority it got.
    fn add(
        &mut self,
        processor: usize,
        raise: bool,
        clock: Clock,
        wake: Thread,
    ) -> io::Result<Priority> {
        let (commands, inbox) = bounded(COMMANDS);
        let counters = Arc::<ThreadCounters>::default();
        let legs = self.legs_per_thread;
        let media = MediaThread::new(clock, wake, inbox, Arc::clone(&counters), legs)?;
        let (report, started) = bounded(1);
        let name = format!("media-{}", self.workers.len());
        let join = thread::Builder::new().name(name).spawn(move || {
            let pinned = system::pin_to(processor);
            let priority = if raise {
                system::raise_priority()
            } else {
                Priority::RealTime
            };
            // overflow: cannot happen, one report to a queue of one
            let _ = report.send((pinned, priority));
            drop(report);
            media.run();
        })?;
        self.workers.push(Worker {
            commands,
            counters,
            taken: Arc::default(),
        });
        self.joins
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .push(join);
        let (pinned, priority) = started
            .recv()
            .map_err(|_| io::Error::other("a media thread ended while it was started"))?;
        if let Err(error) = pinned {
            tracing::warn!(%error, processor, "a media thread cannot be tied to its processor");
        }
        Ok(priority)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Worker {
    fn legs(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}
