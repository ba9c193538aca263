//! The listening thread: gathers what the media threads heard, runs the voice detector over the
//! windows of all calls in one batch, and hands audio and judgement to each call's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use audio::Moment;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use crossbeam_queue::ArrayQueue;
use media::{LegEvent, LegFeed};
use tokio::sync::Notify;
use vad::{Silero, StreamState};

/// Windows that wait for a call's task: two seconds. A task that is further behind has lost the
/// conversation anyway.
const WAITING_WINDOWS: usize = 64;

/// Events that wait for a call's task; more stay with the media thread.
const WAITING_EVENTS: usize = 64;

/// Calls that may be waiting to be attached at once.
const WAITING_CALLS: usize = 1_024;

/// Windows in one run of the detector: bounds how long the first of them waits for the last.
const BATCH: usize = 32;

/// How long the thread sleeps when no media thread wakes it.
const IDLE: Duration = Duration::from_millis(50);

/// One window of a call's audio with the detector's judgement.
#[derive(Clone, Debug)]
pub(crate) struct HeardAudio {
    /// When its last sample was heard.
    pub(crate) at: Moment,
    pub(crate) probability: f32,
    pub(crate) samples: Box<[i16]>,
}

/// What a call's task reads of its leg.
#[derive(Debug)]
pub(crate) struct CallFeed {
    windows: ArrayQueue<HeardAudio>,
    events: ArrayQueue<LegEvent>,
    ready: Notify,
    closed: AtomicBool,
    dropped: AtomicU64,
}

impl CallFeed {
    fn new() -> Self {
        Self {
            windows: ArrayQueue::new(WAITING_WINDOWS),
            events: ArrayQueue::new(WAITING_EVENTS),
            ready: Notify::new(),
            closed: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    /// Waits until there is something to read.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    pub(crate) fn window(&self) -> Option<HeardAudio> {
        self.windows.pop()
    }

    pub(crate) fn event(&self) -> Option<LegEvent> {
        self.events.pop()
    }

    /// Windows that the call's task was too slow to read.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Detaches the call from the listening thread when dropped.
#[derive(Debug)]
pub(crate) struct Attached(Arc<CallFeed>);

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
pub(crate) struct Listening {
    attach: Option<Sender<Line>>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Starts the thread with a detector for the legs' rate.
    pub(crate) fn start(silero: Silero) -> std::io::Result<Self> {
        let (attach, lines) = crossbeam_channel::bounded(WAITING_CALLS);
        let thread = std::thread::Builder::new()
            .name("listening".to_owned())
            .spawn(move || Worker::new(silero, lines).run())?;
        Ok(Self {
            attach: Some(attach),
            thread: Some(thread),
        })
    }

    /// The thread that media threads have to wake.
    pub(crate) fn thread(&self) -> Thread {
        let thread = self
            .thread
            .as_ref()
            .expect("the thread runs until the owner is dropped");
        thread.thread().clone()
    }

    /// Begins to listen to a leg; `None` when the thread is gone or hopelessly behind.
    pub(crate) fn attach(&self, feed: LegFeed) -> Option<Attached> {
        let call = Arc::new(CallFeed::new());
        let line = Line {
            feed,
            call: Arc::clone(&call),
            state: StreamState::new(),
            pending: VecDeque::new(),
            heard_until: Moment::ZERO,
        };
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

struct Line {
    feed: LegFeed,
    call: Arc<CallFeed>,
    state: StreamState,
    pending: VecDeque<i16>,
    heard_until: Moment,
}

struct Worker {
    silero: Silero,
    lines: Vec<Line>,
    arriving: Receiver<Line>,
    windows: Vec<(usize, HeardAudio)>,
    probabilities: Vec<f32>,
}

impl Worker {
    fn new(silero: Silero, arriving: Receiver<Line>) -> Self {
        Self {
            silero,
            lines: Vec::new(),
            arriving,
            windows: Vec::new(),
            probabilities: Vec::new(),
        }
    }

    fn run(mut self) {
        loop {
            match self.arriving.try_recv() {
                Ok(line) => {
                    self.lines.push(line);
                    continue;
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => return,
                Err(crossbeam_channel::TryRecvError::Empty) => {}
            }
            self.lines
                .retain(|line| !line.call.closed.load(Ordering::Acquire));
            self.gather();
            if self.windows.is_empty() {
                std::thread::park_timeout(IDLE);
                continue;
            }
            self.judge();
        }
    }

    /// Moves events on and cuts at most one window from each line: windows of one stream depend
    /// on each other and cannot share a batch.
    fn gather(&mut self) {
        let window = self.silero.window();
        let rate = self.silero.rate();
        for (index, line) in self.lines.iter_mut().enumerate() {
            let mut woken = false;
            while !line.call.events.is_full()
                && let Some(event) = line.feed.pop_event()
            {
                // overflow: never drops, the queue has room and this thread alone fills it
                woken |= line.call.events.push(event).is_ok();
            }
            while line.pending.len() < window
                && let Some(frame) = line.feed.pop_frame()
            {
                line.pending.extend(frame.frame.samples());
                line.heard_until = frame.at;
            }
            if line.pending.len() >= window {
                let samples = line.pending.drain(..window).collect();
                let at = line.heard_until - rate.duration_of(line.pending.len());
                self.windows.push((
                    index,
                    HeardAudio {
                        at,
                        probability: 0.0,
                        samples,
                    },
                ));
            }
            if woken {
                line.call.ready.notify_one();
            }
        }
    }

    fn judge(&mut self) {
        let mut windows = std::mem::take(&mut self.windows);
        for batch in windows.chunks_mut(BATCH) {
            self.judge_batch(batch);
        }
        for (index, window) in windows.drain(..) {
            let Some(line) = self.lines.get(index) else {
                continue;
            };
            // overflow: drops oldest, counted
            if line.call.windows.force_push(window).is_some() {
                line.call.dropped.fetch_add(1, Ordering::Relaxed);
            }
            line.call.ready.notify_one();
        }
        self.windows = windows;
    }

    fn judge_batch(&mut self, batch: &mut [(usize, HeardAudio)]) {
        let mut inputs = Vec::with_capacity(batch.len());
        let mut lines = self.lines.iter_mut().enumerate();
        for (index, window) in batch.iter() {
            // The batch is in the order of the lines, so one pass over them meets every state.
            if let Some((_, line)) = lines.find(|(at, _)| at == index) {
                inputs.push((&mut line.state, &*window.samples));
            }
        }
        match self.silero.run(&mut inputs, &mut self.probabilities) {
            Ok(()) => {
                for ((_, window), probability) in batch.iter_mut().zip(&self.probabilities) {
                    window.probability = *probability;
                }
            }
            Err(error) => {
                tracing::error!(%error, "voice detection failed, windows count as silence")
            }
        }
    }
}
