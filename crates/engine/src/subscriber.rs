//! Whoever follows a live call from outside, at a pace of its own, and what it loses by that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many entries subscribers lost because they were too slow. Clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct Missed(Arc<AtomicU64>);

impl Missed {
    /// The entries lost so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, entries: u64) {
        self.0.fetch_add(entries, Ordering::Relaxed);
    }
}

/// Takes what a live call sends to everybody who follows it.
#[derive(Debug)]
pub struct Subscriber<T> {
    entries: broadcast::Receiver<T>,
    missed: Missed,
}

/// What a subscriber takes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed<T> {
    /// The next entry.
    Entry(T),
    /// So many entries were lost here, since the subscriber was too slow.
    Missed(u64),
}

impl<T: Clone> Subscriber<T> {
    /// Follows `entries`, and counts what is lost of them into `missed`.
    pub const fn new(entries: broadcast::Receiver<T>, missed: Missed) -> Self {
        Self { entries, missed }
    }

    /// Waits for what comes next; `None` when nothing comes any more. May be cancelled.
    pub async fn next(&mut self) -> Option<Followed<T>> {
        match self.entries.recv().await {
            Ok(entry) => Some(Followed::Entry(entry)),
            // overflow: drops oldest, counted; the subscriber is told how many
            Err(RecvError::Lagged(entries)) => {
                self.missed.add(entries);
                Some(Followed::Missed(entries))
            }
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_too_many_entries_the_oldest_are_lost_told_of_and_counted() {
        let (sender, receiver) = broadcast::channel(2);
        let missed = Missed::default();
        let mut subscriber = Subscriber::new(receiver, missed.clone());
        for entry in 0..5 {
            sender.send(entry).unwrap();
        }
        drop(sender);
        let mut taken = Vec::new();
        while let Some(followed) = subscriber.next().await {
            taken.push(followed);
        }
        let expected = [Followed::Missed(3), Followed::Entry(3), Followed::Entry(4)];
        assert_eq!(taken, expected);
        assert_eq!(missed.count(), 3);
    }

    #[tokio::test]
    async fn a_subscriber_that_keeps_up_loses_nothing() {
        let (sender, receiver) = broadcast::channel(2);
        let missed = Missed::default();
        let mut subscriber = Subscriber::new(receiver, missed.clone());
        for entry in 0..5 {
            sender.send(entry).unwrap();
            assert_eq!(subscriber.next().await, Some(Followed::Entry(entry)));
        }
        assert_eq!(missed.count(), 0);
    }
}
