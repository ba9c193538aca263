//! Keys that the agent presses, on their way to the wire.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use audio::dtmf::Digit;
use crossbeam_queue::ArrayQueue;

/// Digits that wait to be sent, at most: at five a second, six seconds.
pub const WAITING_DIGITS: usize = 32;

/// Why digits are not sent. None of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendDigitsError {
    /// There is no room for so many; try again when some have been sent.
    #[error("{waiting} digits wait already; expected at most {WAITING_DIGITS} in all")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The far end did not agree to telephone events; play it the tones instead.
    #[error("the far end takes no telephone events (RFC 4733)")]
    NotAgreed,
}

/// Takes the keys that the agent presses. Clones share the queue.
#[derive(Clone, Debug)]
pub struct DigitHandle {
    queue: Arc<DigitQueue>,
}

impl DigitHandle {
    /// Presses `digits` one after the other, each for 100 ms with 100 ms between
    /// them, in the place of the agent's audio, which waits.
    ///
    /// # Errors
    ///
    /// [`SendDigitsError`]: none of them is sent.
    pub fn send(&self, digits: &[Digit]) -> Result<(), SendDigitsError> {
        if !self.queue.agreed.load(Ordering::Acquire) {
            return Err(SendDigitsError::NotAgreed);
        }
        let _alone = (self.queue.producer.lock()).unwrap_or_else(PoisonError::into_inner);
        let waiting = self.queue.waiting.len();
        // overflow: refused
        if waiting + digits.len() > WAITING_DIGITS {
            return Err(SendDigitsError::Full { waiting });
        }
        for &digit in digits {
            // overflow: cannot happen, there is room and nobody else pushes
            let _ = self.queue.waiting.push(digit);
        }
        Ok(())
    }
}

/// What producer and leg share.
#[derive(Debug)]
pub(crate) struct DigitQueue {
    waiting: ArrayQueue<Digit>,
    agreed: AtomicBool,
    /// Keeps what one producer sends together. The leg never touches it.
    producer: Mutex<()>,
}

impl DigitQueue {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: ArrayQueue::new(WAITING_DIGITS),
            agreed: AtomicBool::new(false),
            producer: Mutex::new(()),
        })
    }

    pub(crate) fn handle(self: &Arc<Self>) -> DigitHandle {
        DigitHandle {
            queue: Arc::clone(self),
        }
    }

    /// Notes whether the far end takes telephone events.
    pub(crate) fn agree(&self, agreed: bool) {
        self.agreed.store(agreed, Ordering::Release);
    }

    pub(crate) fn pop(&self) -> Option<Digit> {
        self.waiting.pop()
    }
}

impl DigitHandle {
    /// See [`DigitQueue::agree`].
    pub(crate) fn agree(&self, agreed: bool) {
        self.queue.agree(agreed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Digit = Digit::ALL[1];

    #[test]
    fn digits_wait_in_order() {
        let queue = DigitQueue::new();
        queue.agree(true);
        queue.handle().send(&Digit::ALL).unwrap();
        let waiting: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(waiting, Digit::ALL);
    }

    #[test]
    fn too_many_digits_are_refused_as_a_whole() {
        let queue = DigitQueue::new();
        queue.agree(true);
        let handle = queue.handle();
        handle.send(&[ONE; 30]).unwrap();
        let refused = Err(SendDigitsError::Full { waiting: 30 });
        assert_eq!(handle.send(&[ONE; 3]), refused);
        assert_eq!(handle.send(&[ONE; 2]), Ok(()));
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), WAITING_DIGITS);
    }

    #[test]
    fn nothing_is_sent_to_who_takes_no_events() {
        let handle = DigitQueue::new().handle();
        assert_eq!(handle.send(&[ONE]), Err(SendDigitsError::NotAgreed));
    }
}
