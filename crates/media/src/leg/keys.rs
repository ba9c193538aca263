//! The telephone keys of a leg, both ways.

use std::sync::Arc;

use audio::{Moment, RtpTimestamp};

use crate::connection::TelephoneEventFormat;
use crate::digits::DigitQueue;
use crate::feed::{FeedSender, LegEvent};
use crate::rtp::Header;
use crate::statistics::LegCounters;
use crate::telephone_event::{KeyEvent, Receiver, Sender, Settings, Tick};

/// Sends and receives telephone events, once they are agreed on.
#[derive(Debug)]
pub(crate) struct Keys {
    queue: Arc<DigitQueue>,
    agreed: Option<Agreed>,
    counters: Arc<LegCounters>,
}

#[derive(Debug)]
struct Agreed {
    format: TelephoneEventFormat,
    receiver: Receiver,
    sender: Sender,
}

impl Keys {
    pub(crate) fn new(queue: Arc<DigitQueue>, counters: Arc<LegCounters>) -> Self {
        Self {
            queue,
            agreed: None,
            counters,
        }
    }

    /// Takes what was agreed on. Keys that are being pressed are given up if it is
    /// something new.
    pub(crate) fn agree(&mut self, format: Option<TelephoneEventFormat>) {
        self.queue.agree(format.is_some());
        if self.agreed.as_ref().map(|agreed| agreed.format) == format {
            return;
        }
        self.agreed = format.map(|format| Agreed {
            format,
            receiver: Receiver::new(format.clock, Receiver::END_TIMEOUT),
            sender: Sender::new(format.clock, Settings::default()),
        });
    }

    /// Takes a packet of events and reports the keys that it tells of.
    pub(crate) fn receive(
        &mut self,
        now: Moment,
        header: &Header,
        payload: &[u8],
        feed: &mut FeedSender,
    ) {
        let Some(agreed) = &mut self.agreed else {
            return;
        };
        let Ok(events) = agreed.receiver.handle(now, header, payload) else {
            self.counters.malformed.add(1);
            return;
        };
        for event in events {
            if let KeyEvent::Pressed(digit) = event {
                self.counters.digits_received.add(1);
                feed.report(LegEvent::Digit { digit, at: now });
            }
        }
    }

    /// What is to be sent in the tick at `at`, where the stream's timestamp is
    /// `timestamp`.
    pub(crate) fn tick(&mut self, at: Moment, timestamp: RtpTimestamp) -> Tick {
        let Some(agreed) = &mut self.agreed else {
            self.give_up();
            return Tick::Audio;
        };
        // Nothing is told of a release; but a key held too long is then another press.
        let _ = agreed.receiver.poll(at);
        if agreed.sender.is_idle()
            && let Some(digit) = self.queue.pop()
            && agreed.sender.press(digit).is_ok()
        {
            self.counters.digits_sent.add(1);
        }
        agreed.sender.tick(at, timestamp)
    }

    /// Drops digits that were queued when events were still agreed on.
    fn give_up(&self) {
        // overflow: drops all, counted
        while self.queue.pop().is_some() {
            self.counters.digits_given_up.add(1);
        }
    }
}
