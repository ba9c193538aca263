//! A thread of low priority that transcribes one recording after the other, so that live calls have
//! the processor first.

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use transcription::{
    Models, Recording, Report, Speaker, Terms, TranscribeError, Transcriber, lower_priority,
};

/// Reports that may wait to be written down; the thread waits with the next one.
const REPORTS: usize = 16;

/// A recording to be transcribed.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) recordings: Vec<Recording>,
    /// What was heard of each speaker in an earlier try.
    pub(super) heard_until: HashMap<Speaker, Duration>,
    pub(super) longest: Duration,
    /// Set when nobody wants it any more.
    pub(super) given_up: Arc<AtomicBool>,
    reports: mpsc::Sender<Told>,
}

/// What a thread tells of its work.
#[derive(Debug)]
pub(super) enum Told {
    /// It gets on.
    Report(Report),
    /// It is over.
    Ended(Result<(), Trouble>),
}

/// Why a recording was not transcribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It never will be.
    Final(String),
    /// It may be, another time.
    Passing(String),
}

/// The thread; it ends when this is dropped, after what it is at.
#[derive(Debug)]
pub(super) struct Thread {
    orders: mpsc::Sender<Order>,
    running: JoinHandle<()>,
}

impl Thread {
    /// Starts a thread, which loads its models with the first recording.
    pub(super) fn start(models: Models, number: usize) -> io::Result<Self> {
        let (orders, mut arriving) = mpsc::channel::<Order>(1);
        let name = format!("transcription-{number}");
        let running = std::thread::Builder::new().name(name).spawn(move || {
            lower_priority();
            let mut transcriber = None;
            while let Some(order) = arriving.blocking_recv() {
                let reports = order.reports.clone();
                let working = AssertUnwindSafe(|| work(&models, &mut transcriber, order));
                let ended = catch_unwind(working).unwrap_or_else(|_| {
                    tracing::error!("a transcription broke");
                    Err(Trouble::Passing("the recogniser broke".to_owned()))
                });
                // Nobody waits for it if this fails.
                let _ = reports.blocking_send(Told::Ended(ended));
            }
        })?;
        Ok(Self { orders, running })
    }

    /// Ends it, and waits until it has put down what it is at.
    pub(super) async fn end(self) {
        drop(self.orders);
        let joined = tokio::task::spawn_blocking(move || self.running.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("a thread for transcriptions had panicked");
        }
    }

    /// Has a recording transcribed, after the one that the thread may still be at. What becomes of
    /// it is told until it has ended.
    pub(super) async fn transcribe(
        &self,
        recordings: Vec<Recording>,
        heard_until: HashMap<Speaker, Duration>,
        longest: Duration,
        given_up: Arc<AtomicBool>,
    ) -> mpsc::Receiver<Told> {
        let (reports, told) = mpsc::channel(REPORTS);
        let order = Order {
            recordings,
            heard_until,
            longest,
            given_up,
            reports,
        };
        if self.orders.send(order).await.is_err() {
            tracing::error!("a thread for transcriptions has ended");
        }
        told
    }
}

fn work(
    models: &Models,
    transcriber: &mut Option<Transcriber>,
    order: Order,
) -> Result<(), Trouble> {
    let mut ready = match transcriber.take() {
        Some(ready) => ready,
        None => models
            .load()
            .map_err(|error| Trouble::Passing(error.to_string()))?,
    };
    let heard = order.heard_until;
    let given_up = || order.given_up.load(Ordering::Relaxed);
    let reports = order.reports;
    let done = ready.transcribe(
        &order.recordings,
        Terms {
            heard_until: &|speaker| heard.get(&speaker).copied().unwrap_or_default(),
            longest: order.longest,
            given_up: &given_up,
            // overflow: awaited, the thread has nothing better to do
            report: &mut |report| match reports.blocking_send(Told::Report(report)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            },
        },
    );
    // After a panic it is not used again.
    *transcriber = Some(ready);
    done.map_err(|error| match error {
        TranscribeError::Unreadable(_) | TranscribeError::Empty | TranscribeError::TooLong(_) => {
            Trouble::Final(error.to_string())
        }
        TranscribeError::Model(_) | TranscribeError::GivenUp => Trouble::Passing(error.to_string()),
    })
}
