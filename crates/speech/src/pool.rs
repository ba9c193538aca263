//! Worker threads behind a bounded queue that gives a place back when the one
//! who waits goes away.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many jobs wait as may.
    Full {
        /// Jobs that wait.
        waiting: usize,
    },
    /// The pool has ended.
    Closed,
}

/// What a pool counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Jobs that a worker began.
    pub begun: u64,
    /// How long these had waited, all together.
    pub waited: Duration,
    /// Jobs that were refused because as many waited as may.
    pub refused: u64,
}

/// Shows what a pool counts. Holding it does not keep the pool.
#[derive(Clone, Debug)]
pub struct PoolMeter(Arc<Counters>);

impl PoolMeter {
    /// What the pool counted so far.
    pub fn statistics(&self) -> PoolStatistics {
        let Counters {
            begun,
            waited_micros,
            refused,
        } = &*self.0;
        PoolStatistics {
            begun: begun.load(Ordering::Relaxed),
            waited: Duration::from_micros(waited_micros.load(Ordering::Relaxed)),
            refused: refused.load(Ordering::Relaxed),
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    begun: AtomicU64,
    waited_micros: AtomicU64,
    refused: AtomicU64,
}

/// Threads that take jobs from one queue. Dropping the pool forgets the jobs
/// that wait, lets those in work finish and joins the threads.
pub(crate) struct Pool<J: Send + 'static> {
    queue: Arc<Queue<J>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static> Pool<J> {
    /// Starts one thread for each of `workers`; at most `capacity` jobs wait.
    pub(crate) fn start<W>(name: &str, capacity: usize, workers: Vec<W>) -> io::Result<Self>
    where
        W: FnMut(J) + Send + 'static,
    {
        let mut pool = Self {
            queue: Arc::new(Queue::new(capacity)),
            threads: Vec::new(),
        };
        for (number, work) in workers.into_iter().enumerate() {
            let queue = Arc::clone(&pool.queue);
            let builder = thread::Builder::new().name(format!("{name}-{number}"));
            pool.threads.push(builder.spawn(move || run(&queue, work))?);
        }
        Ok(pool)
    }

    /// The queue, for submitting jobs. Holding it does not keep the threads.
    pub(crate) const fn queue(&self) -> &Arc<Queue<J>> {
        &self.queue
    }

    /// What the pool counts.
    pub(crate) fn meter(&self) -> PoolMeter {
        PoolMeter(Arc::clone(&self.queue.counters))
    }
}

impl<J: Send + 'static> Drop for Pool<J> {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A worker's panics are caught and logged where they happen.
            let _ = thread.join();
        }
    }
}

/// Jobs that wait for a worker, oldest first.
pub(crate) struct Queue<J> {
    capacity: usize,
    state: Mutex<State<J>>,
    arrived: Condvar,
    counters: Arc<Counters>,
}

struct State<J> {
    /// With their numbers and when they came.
    jobs: VecDeque<(u64, Instant, J)>,
    next: u64,
    closed: bool,
}

impl<J> Queue<J> {
    fn new(capacity: usize) -> Self {
        let state = State {
            jobs: VecDeque::with_capacity(capacity),
            next: 0,
            closed: false,
        };
        Self {
            capacity,
            state: Mutex::new(state),
            arrived: Condvar::new(),
            counters: Arc::default(),
        }
    }

    /// Takes `job` for the next free worker. Dropping the place takes it back
    /// out if it still waits.
    pub(crate) fn submit(self: &Arc<Self>, job: J) -> Result<Place<J>, Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        // overflow: refused, counted
        if state.jobs.len() >= self.capacity {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Full {
                waiting: state.jobs.len(),
            });
        }
        let number = state.next;
        state.next += 1;
        state.jobs.push_back((number, Instant::now(), job));
        drop(state);
        self.arrived.notify_one();
        Ok(Place {
            queue: Arc::clone(self),
            number,
        })
    }

    /// Waits for the oldest job; `None` once the queue is closed.
    fn take(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some((_, came, job)) = state.jobs.pop_front() {
                let waited = u64::try_from(came.elapsed().as_micros()).unwrap_or(u64::MAX);
                let Counters {
                    begun,
                    waited_micros,
                    ..
                } = &*self.counters;
                begun.fetch_add(1, Ordering::Relaxed);
                waited_micros.fetch_add(waited, Ordering::Relaxed);
                return Some(job);
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn remove(&self, number: u64) -> Option<J> {
        let mut state = self.lock();
        let position = state
            .jobs
            .iter()
            .position(|(waiting, ..)| *waiting == number)?;
        state.jobs.remove(position).map(|(.., job)| job)
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let forgotten = std::mem::take(&mut state.jobs);
        drop(state);
        drop(forgotten);
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job's place in the queue.
pub(crate) struct Place<J> {
    queue: Arc<Queue<J>>,
    number: u64,
}

impl<J> Drop for Place<J> {
    fn drop(&mut self) {
        // The job itself is dropped here, outside of the lock.
        drop(self.queue.remove(self.number));
    }
}

fn run<J>(queue: &Queue<J>, mut work: impl FnMut(J)) {
    while let Some(job) = queue.take() {
        if catch_unwind(AssertUnwindSafe(|| work(job))).is_err() {
            tracing::error!("a speech worker panicked; its job is lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    type Job = Box<dyn FnOnce() + Send>;

    fn pool(workers: usize, capacity: usize) -> Pool<Job> {
        let workers = (0..workers).map(|_| |job: Job| job()).collect();
        Pool::start("test", capacity, workers).expect("threads")
    }

    /// Occupies a worker until the sender that is returned is dropped.
    fn occupy(pool: &Pool<Job>) -> mpsc::SyncSender<()> {
        let (release, released) = mpsc::sync_channel::<()>(0);
        let (begin, began) = mpsc::sync_channel(0);
        let job: Job = Box::new(move || {
            let _ = begin.send(());
            let _ = released.recv();
        });
        let _place = pool.queue().submit(job).expect("room");
        began.recv().expect("a worker takes the job");
        release
    }

    #[test]
    fn jobs_run_in_the_order_in_which_they_came() {
        let pool = pool(1, 8);
        let release = occupy(&pool);
        let (done, results) = mpsc::sync_channel(8);
        let places: Vec<_> = (0..4)
            .map(|number| {
                let done = done.clone();
                let job: Job = Box::new(move || done.send(number).expect("receiver"));
                pool.queue().submit(job).expect("room")
            })
            .collect();
        drop((release, done));

        assert_eq!(results.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
        drop(places);
    }

    #[test]
    fn a_full_queue_refuses_and_says_how_many_wait() {
        let pool = pool(1, 2);
        let _release = occupy(&pool);
        let _first = pool.queue().submit(Box::new(|| {})).expect("room");
        let _second = pool.queue().submit(Box::new(|| {})).expect("room");

        let refused = pool.queue().submit(Box::new(|| {})).err();

        assert_eq!(refused, Some(Refused::Full { waiting: 2 }));
    }

    #[test]
    fn what_waited_and_what_was_refused_is_counted() {
        let pool = pool(1, 1);
        let release = occupy(&pool);
        let (done, result) = mpsc::sync_channel(1);
        let waits: Job = Box::new(move || done.send(()).expect("receiver"));
        let _waits = pool.queue().submit(waits).expect("room");
        assert!(pool.queue().submit(Box::new(|| {})).is_err());
        thread::sleep(Duration::from_millis(5));
        drop(release);
        result.recv().expect("the job runs");

        let statistics = pool.meter().statistics();

        assert_eq!((statistics.begun, statistics.refused), (2, 1));
        assert!(statistics.waited >= Duration::from_millis(5));
    }

    #[test]
    fn a_dropped_place_frees_its_slot_and_its_job_never_runs() {
        let pool = pool(1, 1);
        let release = occupy(&pool);
        let (ran, runs) = mpsc::sync_channel::<&str>(2);
        let job = |name: &'static str| -> Job {
            let ran = ran.clone();
            Box::new(move || ran.send(name).expect("receiver"))
        };
        let given_up = pool.queue().submit(job("given up")).expect("room");

        drop(given_up);
        let _kept = pool
            .queue()
            .submit(job("kept"))
            .expect("the slot is free again");

        drop(release);
        assert_eq!(runs.recv(), Ok("kept"));
    }

    #[test]
    fn a_panicking_job_leaves_the_worker_at_work() {
        let pool = pool(1, 2);
        let (done, result) = mpsc::sync_channel(1);
        let _bad = pool
            .queue()
            .submit(Box::new(|| panic!("bad job")))
            .expect("room");
        let good: Job = Box::new(move || done.send(()).expect("receiver"));
        let _good = pool.queue().submit(good).expect("room");

        assert_eq!(result.recv(), Ok(()));
    }

    #[test]
    fn a_closed_pool_refuses_and_has_forgotten_what_waited() {
        let pool = pool(1, 2);
        let release = occupy(&pool);
        let (ran, runs) = mpsc::sync_channel::<()>(1);
        let job: Job = Box::new(move || ran.send(()).expect("receiver"));
        let _waiting = pool.queue().submit(job).expect("room");
        let queue = Arc::clone(pool.queue());

        queue.close();
        drop(release);
        drop(pool);

        assert_eq!(queue.submit(Box::new(|| {})).err(), Some(Refused::Closed));
        assert!(runs.recv().is_err());
    }
}
