//! The recording thread: writes both sides of every call to its stereo WAV and to whoever
//! listens live.

use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use audio::wav::{WavWriter, WriteWavError};
use audio::{FRAME, Moment, SampleRate};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use media::RecordingFeed;
use tokio::sync::{broadcast, oneshot};

use crate::control::LiveAudio;

/// How often the taps are emptied; they hold a second.
const ROUND: Duration = Duration::from_millis(100);

/// How often a file is made valid up to its last sample.
const FLUSH: Duration = Duration::from_secs(1);

/// A longer gap in a call's ticks is no gap but a clock gone wrong.
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// Orders that may wait for the thread.
const WAITING_ORDERS: usize = 1_024;

/// Pieces of live audio that a slow listener may lag behind before it loses the oldest.
const LIVE_BACKLOG: usize = 32;

/// Where a call's sound goes.
#[derive(Debug)]
pub(crate) struct RecordingOrder {
    pub(crate) feed: RecordingFeed,
    pub(crate) rate: SampleRate,
    /// The file to write; `None` keeps no recording but still lets others listen.
    pub(crate) file: Option<PathBuf>,
}

/// A call's hold on its recording.
#[derive(Debug)]
pub(crate) struct Recording {
    live: broadcast::Sender<LiveAudio>,
    finish: Option<oneshot::Sender<oneshot::Sender<Option<PathBuf>>>>,
}

impl Recording {
    pub(crate) fn live(&self) -> broadcast::Sender<LiveAudio> {
        self.live.clone()
    }

    /// Ends the recording once the tap is empty, and returns the finished file.
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
}

impl Recorder {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (orders, arriving) = crossbeam_channel::bounded(WAITING_ORDERS);
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || run(&arriving))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Begins a recording. A file that cannot be written is reported once, in the log, and the
    /// call goes on without it.
    pub(crate) fn record(&self, order: RecordingOrder) -> Recording {
        let (live, _) = broadcast::channel(LIVE_BACKLOG);
        let (finish, finishing) = oneshot::channel();
        let tape = Tape {
            feed: order.feed,
            rate: order.rate,
            path: order.file,
            writer: None,
            live: live.clone(),
            finishing,
            interleaved: Vec::new(),
            last: None,
        };
        // overflow: refused, the call goes on unrecorded
        if self
            .orders
            .as_ref()
            .is_none_or(|orders| orders.try_send(tape).is_err())
        {
            tracing::error!("the recording thread is too far behind to take another call");
        }
        Recording {
            live,
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
    rate: SampleRate,
    path: Option<PathBuf>,
    writer: Option<WavWriter>,
    live: broadcast::Sender<LiveAudio>,
    finishing: oneshot::Receiver<oneshot::Sender<Option<PathBuf>>>,
    interleaved: Vec<i16>,
    last: Option<Moment>,
}

fn run(arriving: &Receiver<Tape>) {
    let mut tapes: Vec<Tape> = Vec::new();
    let mut round = Instant::now() + ROUND;
    let mut flushed = Instant::now();
    loop {
        match arriving.recv_deadline(round) {
            Ok(mut tape) => {
                tape.open();
                tapes.push(tape);
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                for tape in tapes {
                    tape.end();
                }
                return;
            }
        }
        round = Instant::now() + ROUND;
        let flush = flushed.elapsed() >= FLUSH;
        if flush {
            flushed = Instant::now();
        }
        tapes.iter_mut().for_each(|tape| tape.drain(flush));
        let mut index = 0;
        while let Some(tape) = tapes.get_mut(index) {
            match tape.finishing.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => index += 1,
                Err(oneshot::error::TryRecvError::Closed) => drop(tapes.swap_remove(index).end()),
                Ok(done) => {
                    let file = tapes.swap_remove(index).end();
                    // The call's task may have been ended meanwhile; the file is whole anyway.
                    drop(done.send(file));
                }
            }
        }
    }
}

impl Tape {
    fn open(&mut self) {
        let Some(path) = &self.path else {
            return;
        };
        match WavWriter::create(path, self.rate, 2) {
            Ok(writer) => self.writer = Some(writer),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the call is not recorded");
            }
        }
    }

    fn drain(&mut self, flush: bool) {
        self.interleaved.clear();
        while let Some(frame) = self.feed.pop() {
            self.fill_gap(frame.at);
            let pairs = frame.heard.samples().iter().zip(frame.played.samples());
            self.interleaved
                .extend(pairs.flat_map(|(heard, played)| [*heard, *played]));
        }
        if !self.interleaved.is_empty() {
            self.write();
            if self.live.receiver_count() > 0 {
                let interleaved = self.interleaved.as_slice().into();
                // overflow: the slow listener loses its oldest piece
                drop(self.live.send(LiveAudio {
                    rate: self.rate,
                    interleaved,
                }));
            }
        }
        if flush {
            self.keep(|writer| writer.flush());
        }
    }

    /// Silence in place of ticks that never came or were dropped, so that the recording keeps
    /// the call's time.
    fn fill_gap(&mut self, at: Moment) {
        let expected = self.last.map_or(at, |last| last + FRAME);
        self.last = Some(at);
        let missing = at.since(expected).min(LONGEST_GAP);
        let frames = missing.as_millis() / FRAME.as_millis();
        let silence = 2 * self.rate.samples_in(FRAME) * frames as usize;
        self.interleaved.resize(self.interleaved.len() + silence, 0);
    }

    fn write(&mut self) {
        let interleaved = std::mem::take(&mut self.interleaved);
        self.keep(|writer| writer.write(&interleaved));
        self.interleaved = interleaved;
    }

    fn keep(&mut self, step: impl FnOnce(&mut WavWriter) -> Result<(), WriteWavError>) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        if let Err(error) = step(writer) {
            tracing::error!(%error, "the recording broke off");
            self.writer = None;
        }
    }

    fn end(mut self) -> Option<PathBuf> {
        self.drain(false);
        let dropped = self.feed.dropped();
        if dropped > 0 {
            tracing::warn!(frames = dropped, "the recording has gaps");
        }
        let writer = self.writer.take()?;
        match writer.finish() {
            Ok(()) => self.path,
            Err(error) => {
                tracing::error!(%error, "the recording could not be finished");
                None
            }
        }
    }
}
