//! The listening thread: gathers what the media threads heard, runs the voice detector over the
//! windows of all calls in one batch, and hands audio and judgement to each call's task.
//!
//! Start reading at [`Listening`]. A call reads its [`CallFeed`].

mod detection;
mod ear;
mod line;
mod waits;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use audio::Moment;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use crossbeam_queue::ArrayQueue;
use media::{Clock, LegEvent, LegFeed};
use prometheus_client::registry::Registry;
use tokio::sync::Notify;
use vad::LineDetector;

pub use self::ear::{Ear, Hearing};

use self::line::Line;
use self::waits::Waits;
use crate::supervision::{Vital, Vitals, survive};

/// Windows that wait for a call's task: two seconds. A task that is further behind has lost the
/// conversation anyway.
const WAITING_WINDOWS: usize = 64;

/// Events that wait for a call's task; more stay with the media thread.
const WAITING_EVENTS: usize = 64;

/// Calls that may be waiting to be attached at once.
const WAITING_CALLS: usize = 1_024;

/// Windows in one run of the detector: bounds how long the first of them waits for the last.
const BATCH: usize = 32;

/// Calls that may be lost to panics, one after the other without a window judged in between, until
/// the detector itself is taken to be broken.
const HOPELESS: u32 = 3;

/// How long the thread sleeps when no media thread wakes it.
const IDLE: Duration = Duration::from_millis(50);

/// One window of a call's audio, 32 ms, with the detector's judgement.
#[derive(Clone, Debug)]
pub struct HeardAudio {
    /// Which one it is of those that are cut from the leg's audio, from 0.
    pub number: u64,
    /// When its last sample arrived, in the stream's own time.
    pub at: Moment,
    /// When the leg delivered the last of it.
    pub delivered: Moment,
    /// When it was there to be judged.
    pub gathered: Moment,
    /// Probability that it holds a voice, 0 to 1.
    pub probability: f32,
    /// The audio, at the leg's rate.
    pub samples: Box<[i16]>,
}

/// What a call's task reads of its leg.
#[derive(Debug)]
pub struct CallFeed {
    windows: ArrayQueue<HeardAudio>,
    events: ArrayQueue<LegEvent>,
    ready: Notify,
    closed: AtomicBool,
    failed: AtomicBool,
    dropped: AtomicU64,
}

impl CallFeed {
    fn new() -> Self {
        Self {
            windows: ArrayQueue::new(WAITING_WINDOWS),
            events: ArrayQueue::new(WAITING_EVENTS),
            ready: Notify::new(),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    /// Waits until there is something to read.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }

    /// The oldest window that was not taken yet. Of more than two seconds of them the oldest are
    /// dropped.
    pub fn window(&self) -> Option<HeardAudio> {
        self.windows.pop()
    }

    /// The oldest event that was not taken yet. None is ever dropped.
    pub fn event(&self) -> Option<LegEvent> {
        self.events.pop()
    }

    /// Whether the call is no longer listened to, because that panicked.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Windows that the call's task was too slow to read.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Detaches the call from the listening thread when dropped.
#[derive(Debug)]
pub struct Attached(Arc<CallFeed>);

impl std::ops::Deref for Attached {
    type Target = CallFeed;

    fn deref(&self) -> &CallFeed {
        &self.0
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
    }
}

/// The listening thread of a node. Dropping it ends the thread.
#[derive(Debug)]
pub struct Listening {
    attach: Option<Sender<Line>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
    waits: Waits,
}

/// What the listening thread did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListeningStatistics {
    /// Windows that the voice detector judged.
    pub windows_run: u64,
    /// Windows that the energy gate judged without it.
    pub windows_gated: u64,
    /// Windows that the gate had passed over and that the detector heard after all, since the
    /// gate opened soon after them.
    pub windows_replayed: u64,
    /// How often a gate opened.
    pub gate_openings: u64,
    /// Windows that a call's task did not take in time; the oldest are dropped.
    pub windows_dropped: u64,
}

#[derive(Debug, Default)]
struct Counters {
    run: AtomicU64,
    gated: AtomicU64,
    replayed: AtomicU64,
    openings: AtomicU64,
    dropped: AtomicU64,
}

impl Listening {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// What the system says if it refuses a thread.
    pub fn start(detector: LineDetector, clock: Clock) -> std::io::Result<Self> {
        Self::start_vital(detector, clock, Vitals::new().of("the listening thread"))
    }

    /// Starts the thread as one whose end `vital` reports.
    pub(crate) fn start_vital(
        detector: LineDetector,
        clock: Clock,
        vital: Vital,
    ) -> std::io::Result<Self> {
        let (attach, lines) = crossbeam_channel::bounded(WAITING_CALLS);
        let counters = Arc::<Counters>::default();
        let waits = Waits::new();
        let worker = Worker::new(detector, clock, lines, Arc::clone(&counters), waits.clone());
        let thread = std::thread::Builder::new()
            .name("listening".to_owned())
            .spawn(move || worker.run(&vital))?;
        Ok(Self {
            attach: Some(attach),
            thread: Some(thread),
            counters,
            waits,
        })
    }

    /// Shows how long windows wait.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.waits.register(registry);
    }

    /// What the thread did so far.
    pub fn statistics(&self) -> ListeningStatistics {
        ListeningStatistics {
            windows_run: self.counters.run.load(Ordering::Relaxed),
            windows_gated: self.counters.gated.load(Ordering::Relaxed),
            windows_replayed: self.counters.replayed.load(Ordering::Relaxed),
            gate_openings: self.counters.openings.load(Ordering::Relaxed),
            windows_dropped: self.counters.dropped.load(Ordering::Relaxed),
        }
    }

    /// The thread that media threads have to wake.
    pub fn thread(&self) -> Thread {
        let thread = self
            .thread
            .as_ref()
            .expect("the thread runs until the owner is dropped");
        thread.thread().clone()
    }

    /// Begins to listen to a leg; `None` when the thread is gone or hopelessly behind.
    pub fn attach(&self, feed: LegFeed, hearing: Hearing) -> Option<Attached> {
        let call = Arc::new(CallFeed::new());
        let line = Line::new(feed, Arc::clone(&call), hearing);
        // overflow: refused, the call is not admitted
        match self.attach.as_ref()?.try_send(line) {
            Ok(()) => {
                self.thread().unpark();
                Some(Attached(call))
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.attach = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the listening thread had panicked");
            }
        }
    }
}

struct Worker {
    detector: LineDetector,
    clock: Clock,
    counters: Arc<Counters>,
    waits: Waits,
    lines: Vec<Line>,
    arriving: Receiver<Line>,
    windows: Vec<(usize, HeardAudio)>,
    judged: Vec<Option<f32>>,
    /// Calls lost to panics since a window was last judged.
    lost: u32,
}

impl Worker {
    fn new(
        detector: LineDetector,
        clock: Clock,
        arriving: Receiver<Line>,
        counters: Arc<Counters>,
        waits: Waits,
    ) -> Self {
        Self {
            detector,
            clock,
            counters,
            waits,
            lines: Vec::new(),
            arriving,
            windows: Vec::new(),
            judged: Vec::new(),
            lost: 0,
        }
    }

    fn run(mut self, vital: &Vital) {
        while self.lost < HOPELESS {
            match self.arriving.try_recv() {
                Ok(line) => {
                    self.lines.push(line);
                    continue;
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => return,
                Err(crossbeam_channel::TryRecvError::Empty) => {}
            }
            self.lines
                .retain(|line| !line.call.closed.load(Ordering::Acquire) && !line.call.failed());
            self.gather();
            if self.windows.is_empty() {
                std::thread::park_timeout(IDLE);
                continue;
            }
            self.judge();
        }
        vital.report();
    }

    /// Moves events on and cuts at most one window from each line: windows of one stream depend
    /// on each other and cannot share a batch.
    fn gather(&mut self) {
        let now = self.clock.now();
        for (index, line) in self.lines.iter_mut().enumerate() {
            match survive(|| line.gather(now)) {
                Some(window) => self.windows.extend(window.map(|window| (index, window))),
                None => line.fail(),
            }
        }
    }

    fn judge(&mut self) {
        let mut windows = std::mem::take(&mut self.windows);
        for batch in windows.chunks_mut(BATCH) {
            self.judge_batch(batch);
        }
        for (index, window) in windows.drain(..) {
            let Some(line) = self.lines.get(index).filter(|line| !line.call.failed()) else {
                continue;
            };
            // overflow: drops oldest, counted
            if line.call.windows.force_push(window).is_some() {
                line.call.dropped.fetch_add(1, Ordering::Relaxed);
                self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            }
            line.call.ready.notify_one();
        }
        self.windows = windows;
        let statistics = self.detector.statistics();
        let store = |counter: &AtomicU64, value| counter.store(value, Ordering::Relaxed);
        store(&self.counters.run, statistics.windows_run);
        store(&self.counters.gated, statistics.windows_gated);
        store(&self.counters.replayed, statistics.windows_replayed);
        store(&self.counters.openings, statistics.openings);
    }

    fn judge_batch(&mut self, batch: &mut [(usize, HeardAudio)]) {
        let now = self.clock.now();
        let mut inputs = Vec::with_capacity(batch.len());
        let mut lines = self.lines.iter_mut().enumerate();
        for (index, window) in batch.iter() {
            self.waits.begun(window, now);
            // The batch is in the order of the lines, so one pass over them meets every state.
            if let Some((_, line)) = lines.find(|(at, _)| at == index) {
                inputs.push(line.judged(&window.samples));
            }
        }
        let detector = &mut self.detector;
        detection::judge(
            |windows, probabilities| detector.run(windows, probabilities),
            &mut inputs,
            &mut self.judged,
        );
        drop(inputs);
        for ((index, window), judged) in batch.iter_mut().zip(&self.judged) {
            let Some(line) = self.lines.get_mut(*index) else {
                continue;
            };
            match judged {
                Some(probability) => {
                    window.probability = line.judge(*probability);
                    self.lost = 0;
                }
                None => {
                    line.fail();
                    self.lost += 1;
                }
            }
        }
    }
}
