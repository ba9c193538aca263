//! One call on the listening thread: its leg's feed, its ear, its task.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use audio::Moment;
use media::LegFeed;

use super::detection::Input;
use super::ear::{Ear, Hearing};
use super::{CallFeed, HeardAudio};

/// One call that is listened to.
pub(super) struct Line {
    pub(super) call: Arc<CallFeed>,
    feed: LegFeed,
    ear: Ear,
}

impl Line {
    pub(super) fn new(feed: LegFeed, call: Arc<CallFeed>, hearing: Hearing) -> Self {
        Self {
            call,
            feed,
            ear: Ear::new(hearing),
        }
    }

    /// Moves events on and cuts at most one window.
    pub(super) fn gather(&mut self, now: Moment) -> Option<HeardAudio> {
        let mut woken = false;
        while !self.call.events.is_full()
            && let Some(event) = self.feed.pop_event()
        {
            // overflow: never drops, the queue has room and this thread alone fills it
            woken |= self.call.events.push(event).is_ok();
        }
        if woken {
            self.call.ready.notify_one();
        }
        loop {
            if let Some(window) = self.ear.window() {
                return Some(HeardAudio {
                    gathered: now,
                    ..window
                });
            }
            self.ear.hear(&self.feed.pop_frame()?);
        }
    }

    /// What the detector is to judge of the window that was cut last.
    pub(super) const fn judged<'a>(&'a mut self, samples: &'a [i16]) -> Input<'a> {
        (self.ear.state(), samples)
    }

    /// The probability that counts for the window that was cut last, given the detector's.
    pub(super) fn judge(&mut self, probability: f32) -> f32 {
        self.ear.judge(probability)
    }

    /// Lets go of the call, whose task ends it.
    pub(super) fn fail(&self) {
        tracing::error!("listening to a call panicked; the call is ended");
        self.call.failed.store(true, Ordering::Release);
        self.call.ready.notify_one();
    }
}
