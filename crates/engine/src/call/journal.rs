use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, broadcast, mpsc};

use crate::control::Subscription;
use crate::event::{CallEvent, CallEventKind, CallId};
use crate::metrics::Metrics;
use crate::subscriber::Subscriber;

/// Events that a slow subscriber may lag behind before it loses the oldest.
const LIVE_BACKLOG: usize = 64;

/// Everything a call told, kept until the call is forgotten.
#[derive(Debug)]
pub(crate) struct Journal {
    call: CallId,
    metrics: Metrics,
    past: Mutex<Vec<CallEvent>>,
    live: broadcast::Sender<CallEvent>,
    grown: Notify,
}

impl Journal {
    /// The journal of a call whose events count into `metrics`.
    pub(crate) fn new(call: CallId, metrics: Metrics) -> Self {
        let (live, _) = broadcast::channel(LIVE_BACKLOG);
        Self {
            call,
            metrics,
            past: Mutex::new(Vec::new()),
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
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.push(event.clone());
        // overflow: the slow subscriber loses its oldest event, counted where it takes the next;
        // nobody listening is no error
        drop(self.live.send(event));
        drop(past);
        self.grown.notify_one();
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        Subscription {
            past: past.clone(),
            live: Subscriber::new(self.live.subscribe(), self.metrics.missed_events()),
        }
    }

    /// Hands every event to `records`, in order, until the call's end has been handed over.
    ///
    /// Runs beside the call, so that a slow store never delays the conversation.
    pub(crate) async fn forward(&self, records: &mpsc::Sender<CallEvent>) {
        let mut next = 0;
        loop {
            let event = {
                let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
                past.get(next).cloned()
            };
            let Some(event) = event else {
                self.grown.notified().await;
                continue;
            };
            next += 1;
            let last = matches!(event.kind, CallEventKind::Ended(_));
            // overflow: awaited
            if records.send(event).await.is_err() || last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::event::{CallReport, CallStatus};
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
