use std::collections::HashMap;

use engine::{CallEvent, CallEventKind, CallId};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::mpsc;

use crate::metrics::{Dropped, SpanMetrics};
use crate::trace::Trace;

/// Looks at the events of all calls as they pass, and queues the spans that they bring.
#[derive(Debug)]
pub struct Watch {
    traces: HashMap<CallId, Trace>,
    queue: mpsc::Sender<Span>,
    metrics: SpanMetrics,
}

impl Watch {
    pub(crate) fn new(queue: mpsc::Sender<Span>, metrics: SpanMetrics) -> Self {
        Self {
            traces: HashMap::new(),
            queue,
            metrics,
        }
    }

    /// Hands on every event of `events`, in order, until there are no more or nobody takes them.
    pub async fn run(mut self, mut events: mpsc::Receiver<CallEvent>, on: mpsc::Sender<CallEvent>) {
        while let Some(event) = events.recv().await {
            self.note(&event);
            // overflow: awaited
            if on.send(event).await.is_err() {
                return;
            }
        }
    }

    fn note(&mut self, event: &CallEvent) {
        if let CallEventKind::Started { .. } = event.kind {
            self.traces
                .extend(Trace::begin(event).map(|trace| (event.call, trace)));
            return;
        }
        let Some(trace) = self.traces.get_mut(&event.call) else {
            return;
        };
        let spans = trace.note(event);
        if let CallEventKind::Ended(_) = event.kind {
            self.traces.remove(&event.call);
        }
        if spans.is_empty() {
            return;
        }
        // overflow: the newest are dropped and counted, an answer with all of its items
        match self.queue.try_reserve_many(spans.len()) {
            Ok(places) => places.zip(spans).for_each(|(place, span)| place.send(span)),
            Err(_) => self.metrics.dropped(Dropped::QueueFull, spans.len() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tests::{Story, latency};

    #[tokio::test]
    async fn events_are_handed_on_in_order() {
        let story = Story::new();
        let told = vec![
            story.started(),
            story.answered(),
            story.latency(latency()),
            story.ended(),
        ];
        let (queue, mut waiting) = mpsc::channel(64);
        let (tell, events) = mpsc::channel(8);
        let (on, mut passed) = mpsc::channel(8);
        for event in told.clone() {
            tell.send(event).await.unwrap();
        }
        drop(tell);
        Watch::new(queue, SpanMetrics::new()).run(events, on).await;
        for event in told {
            let passed = passed.recv().await.unwrap();
            assert_eq!(format!("{passed:?}"), format!("{event:?}"));
        }
        assert!(passed.recv().await.is_none());
        let mut names = Vec::new();
        while let Some(span) = waiting.recv().await {
            names.push(span.name);
        }
        assert_eq!(
            names,
            [
                "answer",
                "vad_hangover",
                "endpoint_wait",
                "playout_wait",
                "call"
            ]
        );
    }

    #[test]
    fn an_answer_that_finds_no_room_is_dropped_whole_and_counted() {
        let story = Story::new();
        let (queue, mut waiting) = mpsc::channel(3);
        let metrics = SpanMetrics::new();
        let mut watch = Watch::new(queue, metrics.clone());
        watch.note(&story.started());
        watch.note(&story.answered());
        watch.note(&story.latency(latency()));
        assert_eq!(metrics.counted(Dropped::QueueFull), 4);
        assert!(waiting.try_recv().is_err());
        watch.note(&story.ended());
        assert_eq!(waiting.try_recv().unwrap().name, "call");
    }

    #[test]
    fn a_call_that_has_ended_is_forgotten() {
        let story = Story::new();
        let (queue, _waiting) = mpsc::channel(3);
        let mut watch = Watch::new(queue, SpanMetrics::new());
        watch.note(&story.started());
        assert_eq!(watch.traces.len(), 1);
        watch.note(&story.ended());
        assert!(watch.traces.is_empty());
    }
}
