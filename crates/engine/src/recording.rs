//! The recording thread: writes both sides of every call to its stereo WAV and to whoever
//! listens live.

mod file;
mod timeline;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use audio::{Moment, SampleRate};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use media::RecordingFeed;
use recordings::Key;
use tokio::sync::{broadcast, oneshot};

use crate::control::LiveAudio;
use crate::keeping::Keeper;
use crate::supervision::{Guarded, Vital, Worked, survive};

use self::file::RecordingFile;

pub use self::timeline::Timeline;

/// How often the taps are emptied; they hold a second.
const ROUND: Duration = Duration::from_millis(100);

/// How often a file is made valid up to its last sample.
const FLUSH: Duration = Duration::from_secs(1);

/// Orders that may wait for the thread.
const WAITING_ORDERS: usize = 1_024;

/// Pieces of live audio that a slow listener may lag behind before it loses the oldest.
const LIVE_BACKLOG: usize = 32;

/// Where a call's sound goes.
#[derive(Debug)]
pub(crate) struct RecordingOrder {
    pub(crate) feed: RecordingFeed,
    /// The file to write; `None` keeps no recording but still lets others listen.
    pub(crate) file: Option<PathBuf>,
    /// What the file is sealed with.
    pub(crate) key: Option<Key>,
    /// Keeps the whole call, if it is to be kept.
    pub(crate) keeper: Option<Keeper>,
}

/// From when on a call is recorded, and at which rate.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    at: Moment,
    rate: SampleRate,
}

/// A call's hold on its recording.
#[derive(Debug)]
pub(crate) struct Recording {
    live: broadcast::Sender<LiveAudio>,
    begin: Arc<OnceLock<Beginning>>,
    finish: Option<oneshot::Sender<oneshot::Sender<Option<PathBuf>>>>,
}

impl Recording {
    pub(crate) fn live(&self) -> broadcast::Sender<LiveAudio> {
        self.live.clone()
    }

    /// Records from `at` on, frames of this rate. What was heard before is not kept.
    pub(crate) fn begin(&self, at: Moment, rate: SampleRate) {
        self.begin.get_or_init(|| Beginning { at, rate });
    }

    /// Ends the recording once the tap is empty, and returns the finished file if it holds any
    /// sound.
    pub(crate) async fn finish(mut self) -> Option<PathBuf> {
        let (done, finished) = oneshot::channel();
        self.finish.take()?.send(done).ok()?;
        finished.await.ok().flatten()
    }
}

/// The recording thread of a node. Dropping it ends the thread and finishes all files.
#[derive(Debug)]
pub(crate) struct Recorder {
    orders: Option<Sender<Tape>>,
    thread: Option<JoinHandle<()>>,
    refused: AtomicU64,
}

impl Recorder {
    pub(crate) fn start(vital: Vital) -> std::io::Result<Self> {
        let (orders, arriving) = crossbeam_channel::bounded(WAITING_ORDERS);
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                let _vital = vital;
                run(&arriving);
            })?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
            refused: AtomicU64::new(0),
        })
    }

    /// Calls that went on unrecorded because the thread was too far behind.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Records a call and lets others listen to it, once told to begin. A file that cannot be written
    /// is reported once, in the log, and the call goes on without it.
    pub(crate) fn record(&self, order: RecordingOrder) -> Recording {
        let (live, _) = broadcast::channel(LIVE_BACKLOG);
        let (finish, finishing) = oneshot::channel();
        let begin = Arc::default();
        let tape = Tape {
            feed: order.feed,
            path: order.file,
            key: order.key,
            keeper: order.keeper,
            begin: Arc::clone(&begin),
            running: None,
            live: live.clone(),
            finishing,
            interleaved: Vec::new(),
        };
        // overflow: refused, counted; the call goes on unrecorded
        if self
            .orders
            .as_ref()
            .is_none_or(|orders| orders.try_send(tape).is_err())
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
            tracing::error!("the recording thread is too far behind to take another call");
        }
        Recording {
            live,
            begin,
            finish: Some(finish),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recording thread had panicked");
        }
    }
}

struct Tape {
    feed: RecordingFeed,
    path: Option<PathBuf>,
    key: Option<Key>,
    keeper: Option<Keeper>,
    begin: Arc<OnceLock<Beginning>>,
    running: Option<Running>,
    live: broadcast::Sender<LiveAudio>,
    finishing: oneshot::Receiver<oneshot::Sender<Option<PathBuf>>>,
    interleaved: Vec<i16>,
}

/// What a recording has once it has begun.
struct Running {
    rate: SampleRate,
    timeline: Timeline,
    file: Option<RecordingFile>,
}

fn run(arriving: &Receiver<Tape>) {
    let mut tapes: Vec<Guarded<Tape>> = Vec::new();
    let mut round = Instant::now() + ROUND;
    let mut flushed = Instant::now();
    loop {
        match arriving.recv_deadline(round) {
            Ok(tape) => {
                tapes.push(Guarded::new(tape));
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                for tape in tapes {
                    drop(end(tape));
                }
                return;
            }
        }
        round = Instant::now() + ROUND;
        let flush = flushed.elapsed() >= FLUSH;
        if flush {
            flushed = Instant::now();
        }
        for tape in &mut tapes {
            if tape.work(|tape| tape.drain(flush)) == Worked::Broke {
                tracing::error!("recording a call panicked; the call goes on unrecorded");
            }
        }
        let mut index = 0;
        while let Some(tape) = tapes.get_mut(index) {
            match tape.get_mut().finishing.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => index += 1,
                Err(oneshot::error::TryRecvError::Closed) => drop(end(tapes.swap_remove(index))),
                Ok(done) => {
                    let file = end(tapes.swap_remove(index));
                    // The call's task may have been ended meanwhile; the file is whole anyway.
                    drop(done.send(file));
                }
            }
        }
    }
}

impl Tape {
    /// Takes what was heard and played, and writes what has found its place.
    fn drain(&mut self, flush: bool) {
        self.place();
        if let Some(keeper) = &mut self.keeper {
            keeper.drain(flush);
        }
        let Some(running) = &mut self.running else {
            return;
        };
        self.interleaved.clear();
        running.timeline.give(&mut self.interleaved);
        self.hand_out();
        if flush
            && let Some(Running {
                file: Some(file), ..
            }) = &mut self.running
        {
            file.flush();
        }
    }

    /// Writes all there is; the file, if it holds any sound.
    fn end(&mut self) -> Option<RecordingFile> {
        self.place();
        let dropped = self.feed.dropped();
        if dropped > 0 {
            tracing::warn!(frames = dropped, "the recording has gaps");
        }
        self.interleaved.clear();
        if let Some(running) = &mut self.running {
            running.timeline.give_all(&mut self.interleaved);
        }
        self.hand_out();
        if let Some(keeper) = self.keeper.take() {
            keeper.finish(self.running.is_some(), dropped);
        }
        self.running.take()?.file
    }

    fn place(&mut self) {
        if let (None, Some(begin)) = (&self.running, self.begin.get()) {
            let (path, key) = (self.path.take(), self.key.take());
            self.running = Some(Running {
                rate: begin.rate,
                timeline: Timeline::new(begin.rate, begin.at),
                file: path.map(|path| RecordingFile::new(path, key, begin.rate)),
            });
        }
        while let Some(frame) = self.feed.pop() {
            if let Some(running) = &mut self.running {
                running.timeline.place(&frame);
                if let Some(keeper) = &mut self.keeper {
                    keeper.frame(running.rate, &frame);
                }
            }
        }
    }

    fn hand_out(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Some(file) = &mut running.file {
            file.write(&self.interleaved);
        }
        if !self.interleaved.is_empty() && self.live.receiver_count() > 0 {
            let interleaved = self.interleaved.as_slice().into();
            // overflow: the slow listener loses its oldest piece, counted where it takes the next
            drop(self.live.send(LiveAudio {
                rate: running.rate,
                interleaved,
            }));
        }
    }
}

/// Empties a call's tap and closes its file; the file, if it holds any sound.
fn end(mut tape: Guarded<Tape>) -> Option<PathBuf> {
    let mut file = None;
    tape.work(|tape| file = tape.end());
    let file = file.or_else(|| tape.into_inner().running?.file)?;
    survive(|| file.finish()).flatten()
}
