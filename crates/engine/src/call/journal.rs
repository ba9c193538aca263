use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, broadcast, mpsc};

use crate::control::Subscription;
use crate::event::{CallEvent, CallEventKind, CallId};
use crate::metrics::Metrics;
use crate::subscriber::Subscriber;

/// Events that a slow subscriber may lag behind before it loses the oldest.
const LIVE_BACKLOG: usize = 64;

/// Events of a call that are kept. Beyond it the oldest go that the records have; where the records
/// are as many behind, the call has to end.
const MOST_KEPT: usize = 10_000;

/// What a call told, kept until the call is forgotten, or the latest of it if that is much.
#[derive(Debug)]
pub(crate) struct Journal {
    call: CallId,
    metrics: Metrics,
    past: Mutex<Past>,
    live: broadcast::Sender<CallEvent>,
    grown: Notify,
}

/// The events that are kept, oldest first.
#[derive(Debug, Default)]
struct Past {
    kept: VecDeque<CallEvent>,
    /// How many went before them.
    gone: usize,
    /// How many of all the records have taken.
    taken: usize,
}

impl Past {
    fn push(&mut self, event: CallEvent) {
        self.kept.push_back(event);
        while self.kept.len() > MOST_KEPT && self.gone < self.taken {
            self.kept.pop_front();
            self.gone += 1;
        }
    }

    /// The event of this number among all, from 0.
    fn get(&self, number: usize) -> Option<&CallEvent> {
        self.kept.get(number.checked_sub(self.gone)?)
    }
}

impl Journal {
    /// The journal of a call whose events count into `metrics`.
    pub(crate) fn new(call: CallId, metrics: Metrics) -> Self {
        let (live, _) = broadcast::channel(LIVE_BACKLOG);
        Self {
            call,
            metrics,
            past: Mutex::new(Past::default()),
            live,
            grown: Notify::new(),
        }
    }

    pub(crate) fn call(&self) -> CallId {
        self.call
    }

    pub(crate) fn write(&self, kind: CallEventKind) {
        self.metrics.told(&kind);
        let event = CallEvent {
            call: self.call,
            at: Timestamp::now(),
            kind,
        };
        let mut past = self.past();
        past.push(event.clone());
        // overflow: the slow subscriber loses its oldest event, counted where it takes the next;
        // nobody listening is no error
        drop(self.live.send(event));
        drop(past);
        self.grown.notify_one();
    }

    /// Whether the records are so far behind that the call cannot be written down any more.
    pub(crate) fn is_full(&self) -> bool {
        self.past().kept.len() > MOST_KEPT
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let past = self.past();
        Subscription {
            past: past.kept.iter().cloned().collect(),
            live: Subscriber::new(self.live.subscribe(), self.metrics.missed_events()),
        }
    }

    /// Hands every event to `records`, in order, until the call's end has been handed over.
    ///
    /// Runs beside the call, so that a slow store never delays the conversation.
    pub(crate) async fn forward(&self, records: &mpsc::Sender<CallEvent>) {
        let mut next = 0;
        loop {
            let event = self.past().get(next).cloned();
            let Some(event) = event else {
                self.grown.notified().await;
                continue;
            };
            next += 1;
            let last = matches!(event.kind, CallEventKind::Ended(_));
            // overflow: awaited
            let is_taken = records.send(event).await.is_ok();
            // What nobody takes any more need not be kept for them.
            self.past().taken = if is_taken { next } else { usize::MAX };
            if !is_taken || last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::event::{CallReport, CallStatus, SpeculationTry};
    use crate::subscriber::Followed;

    fn ended() -> CallEventKind {
        CallEventKind::Ended(CallReport {
            status: CallStatus::Completed,
            sip_code: None,
            reason: String::new(),
            answered_at: None,
            duration: std::time::Duration::ZERO,
            recording: None,
            transcript: Vec::new(),
            latencies: Vec::new(),
            decisions: Vec::new(),
            tries: Vec::new(),
            line: None,
        })
    }

    #[tokio::test]
    async fn every_event_is_forwarded_in_order_even_when_the_records_are_slow() {
        let journal = Journal::new(CallId(Uuid::nil()), Metrics::new());
        let (records, mut received) = mpsc::channel(1);
        journal.write(CallEventKind::Ringing);
        journal.write(CallEventKind::Answered);
        journal.write(ended());
        let (_, kinds) = tokio::join!(journal.forward(&records), async {
            let mut kinds = Vec::new();
            for _ in 0..3 {
                tokio::task::yield_now().await;
                kinds.push(received.recv().await.map(|event| event.kind));
            }
            kinds
        });
        assert!(matches!(
            kinds.as_slice(),
            [
                Some(CallEventKind::Ringing),
                Some(CallEventKind::Answered),
                Some(CallEventKind::Ended(_))
            ]
        ));
    }

    #[tokio::test]
    async fn a_subscriber_sees_the_past_once_and_then_what_follows() {
        let journal = Journal::new(CallId(Uuid::nil()), Metrics::new());
        journal.write(CallEventKind::Ringing);
        let mut subscription = journal.subscribe();
        journal.write(CallEventKind::Answered);
        assert_eq!(subscription.past.len(), 1);
        drop(journal);
        let Some(Followed::Entry(next)) = subscription.live.next().await else {
            panic!("nothing follows");
        };
        assert!(matches!(next.kind, CallEventKind::Answered));
        assert!(subscription.live.next().await.is_none());
    }

    fn tried(number: u64) -> CallEventKind {
        CallEventKind::Tried(SpeculationTry {
            began_ms: number,
            used: false,
            saved_ms: 0,
            tokens: 0,
        })
    }

    #[tokio::test]
    async fn of_a_call_that_tells_much_the_latest_is_kept() {
        let journal = Journal::new(CallId(Uuid::nil()), Metrics::new());
        let (records, mut received) = mpsc::channel::<CallEvent>(1);
        let many = MOST_KEPT + 500;
        let writing = async {
            for number in 0..many {
                journal.write(tried(number as u64));
                tokio::task::yield_now().await;
                assert!(!journal.is_full());
            }
            journal.write(ended());
        };
        let taking = async {
            let mut taken = 0;
            while let Some(event) = received.recv().await {
                if matches!(event.kind, CallEventKind::Ended(_)) {
                    break;
                }
                taken += 1;
            }
            taken
        };
        let (_, (), taken) = tokio::join!(journal.forward(&records), writing, taking);
        assert_eq!(taken, many, "none is kept from the records");
        let past = journal.subscribe().past;
        assert_eq!(past.len(), MOST_KEPT);
        assert!(matches!(
            past.last().map(|event| &event.kind),
            Some(CallEventKind::Ended(_))
        ));
    }

    #[test]
    fn a_call_whose_records_take_nothing_is_full_and_loses_nothing() {
        let journal = Journal::new(CallId(Uuid::nil()), Metrics::new());
        for number in 0..MOST_KEPT {
            journal.write(tried(number as u64));
        }
        assert!(!journal.is_full());
        journal.write(tried(0));
        assert!(journal.is_full());
        assert_eq!(journal.subscribe().past.len(), MOST_KEPT + 1);
    }

    #[tokio::test]
    async fn events_that_a_slow_subscriber_loses_are_counted() {
        let metrics = Metrics::new();
        let journal = Journal::new(CallId(Uuid::nil()), metrics.clone());
        let mut subscription = journal.subscribe();
        for _ in 0..LIVE_BACKLOG + 3 {
            journal.write(CallEventKind::Ringing);
        }
        assert!(matches!(
            subscription.live.next().await,
            Some(Followed::Missed(3))
        ));
        assert_eq!(metrics.missed_events().count(), 3);
    }
}
