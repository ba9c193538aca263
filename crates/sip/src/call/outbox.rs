//! Events on their way to the owner of a call.

use std::collections::VecDeque;
use std::mem::discriminant;

use tokio::sync::mpsc;

use super::CallEvent;

/// Keeps a call from waiting for its owner, and the owner from missing how it ended.
#[derive(Debug)]
pub(super) struct Outbox {
    sender: mpsc::Sender<CallEvent>,
    /// At most one of each kind.
    waiting: VecDeque<CallEvent>,
}

impl Outbox {
    pub(super) const fn new(sender: mpsc::Sender<CallEvent>) -> Self {
        Self {
            sender,
            waiting: VecDeque::new(),
        }
    }

    /// Sends an event, now or when there is room.
    pub(super) fn push(&mut self, event: CallEvent) {
        // overflow: waits here, where the latest of a kind replaces the one before
        if self.waiting.is_empty() {
            match self.sender.try_send(event) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                Err(mpsc::error::TrySendError::Full(event)) => self.waiting.push_back(event),
            }
            return;
        }
        self.waiting
            .retain(|waiting| discriminant(waiting) != discriminant(&event));
        self.waiting.push_back(event);
    }

    /// Whether events wait for room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends the oldest waiting event as soon as there is room. May be cancelled.
    pub(super) async fn send_one(&mut self) {
        let Ok(room) = self.sender.reserve().await else {
            self.waiting.clear();
            return;
        };
        if let Some(event) = self.waiting.pop_front() {
            room.send(event);
        }
    }

    /// Sends what still waits.
    pub(super) async fn finish(mut self) {
        while self.is_waiting() {
            self.send_one().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EndCause;

    #[tokio::test]
    async fn a_slow_owner_gets_the_latest_of_each_kind_and_always_the_end() {
        let (sender, mut events) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        for code in [180, 181, 182, 183] {
            outbox.push(CallEvent::Ringing { code });
        }
        outbox.push(CallEvent::Ended(EndCause::NoAnswer));
        let finished = tokio::spawn(outbox.finish());
        assert_eq!(events.recv().await, Some(CallEvent::Ringing { code: 180 }));
        assert_eq!(events.recv().await, Some(CallEvent::Ringing { code: 183 }));
        assert_eq!(
            events.recv().await,
            Some(CallEvent::Ended(EndCause::NoAnswer))
        );
        assert_eq!(events.recv().await, None);
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_an_owner_who_left() {
        let (sender, events) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(CallEvent::Ringing { code: 180 });
        outbox.push(CallEvent::Ended(EndCause::NoAnswer));
        drop(events);
        outbox.finish().await;
    }
}
