//! A buffer of fixed depth, as in a textbook.
//!
//! The first packet waits for the depth; from then on each packet has its time,
//! and is lost if it comes later. Only when nothing could be played for 2 s does
//! the next packet wait for the depth again, and when packets wait for 40 ms more
//! than the depth, one is dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::{FRAME, Moment};

use crate::contender::{Contender, Pulled};
use crate::trace::{SAMPLES, Sent};

/// So many frames without audio end the playout.
const PATIENCE: u32 = 100;

/// A buffer of fixed depth.
pub(crate) struct Fixed {
    depth: Duration,
    waiting: BTreeMap<u64, Moment>,
    /// The number of the packet whose turn is next.
    next: Option<u64>,
    empty: u32,
}

impl Fixed {
    /// A buffer in which the first packet waits for more than `depth` − 20 ms and at
    /// most `depth`, depending on when the next pull is.
    pub(crate) fn new(depth: Duration) -> Self {
        Self {
            depth,
            waiting: BTreeMap::new(),
            next: None,
            empty: 0,
        }
    }

    /// Begins to play once the first packet has waited.
    fn begin(&mut self, now: Moment) -> Option<u64> {
        let (&first, &since) = self.waiting.first_key_value()?;
        (now.since(since) + FRAME > self.depth).then_some(first)
    }
}

impl Contender for Fixed {
    fn insert(&mut self, now: Moment, sent: &Sent) {
        if self.next.is_none_or(|next| sent.number >= next) {
            self.waiting.entry(sent.number).or_insert(now);
        }
    }

    fn pull(&mut self, now: Moment) -> Pulled {
        let frame = SAMPLES as u64;
        let Some(mut next) = self.next.or_else(|| self.begin(now)) else {
            return Pulled {
                made_up: frame,
                ..Pulled::default()
            };
        };
        let mut missing = 0;
        let deepest = self.depth.as_micros() / FRAME.as_micros() + 2;
        if self.waiting.len() as u128 > deepest && self.waiting.remove(&next).is_some() {
            missing += frame;
            next += 1;
        }
        let played = self.waiting.remove(&next).is_some();
        self.next = Some(next + 1);
        self.empty = if played { 0 } else { self.empty + 1 };
        if self.empty == PATIENCE {
            self.next = None;
            self.empty = 0;
        }
        Pulled {
            position: Some((next as i64 + 1) * SAMPLES as i64),
            made_up: if played { 0 } else { frame },
            missing: missing + if played { 0 } else { frame },
            stretched: 0,
        }
    }
}
