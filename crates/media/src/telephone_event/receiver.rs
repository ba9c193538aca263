//! Turns received packets into pressed keys.

use std::array;
use std::iter::{Flatten, FusedIterator};
use std::time::Duration;

use audio::dtmf::Digit;
use audio::{Moment, RtpTimestamp, SampleRate};

use super::block::{Block, MAX_BLOCKS, MalformedPayload, parse};
use crate::rtp::Header;

/// Presses that are remembered: at ten a second, those of more than a second.
const REMEMBERED: usize = 16;

/// The longest time between two packets of one event: senders repeat themselves
/// every 20 ms, some every 50.
const UPDATE_INTERVAL: Duration = Duration::from_millis(50);

/// A timestamp that is further behind than this is not late: the sender's
/// timestamps leapt.
const MAX_LATENESS: Duration = Duration::from_secs(5);

/// Segments of a key held for long that may be missing before one that comes.
const MAX_SEGMENTS: u32 = 2;

/// A key of the peer's telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// It is pressed. This comes with the first packet that tells of it.
    Pressed(Digit),
    /// It is let go, or nothing more is heard of it.
    Released {
        /// The key.
        digit: Digit,
        /// For how long it was held, as far as is known.
        held: Duration,
    },
}

/// The keys of one peer.
///
/// A key press is known by its start: all packets that tell of it bear the same
/// timestamp (RFC 4733 §2.2.1), so that one is enough to report it, and no other
/// one reports it again. Neither the marker nor the end needs to arrive.
///
/// A key held for so long that its duration overflows is told of in segments, each
/// with a timestamp of its own (RFC 4733 §2.5.1.3). They are one press if one
/// begins where the other ended.
///
/// Whoever owns it hands it every packet with the payload type that was agreed on,
/// and polls it every tick. `now` must not go backwards from call to call. It
/// takes at most 360 octets and never allocates.
#[derive(Clone, Debug)]
pub struct Receiver {
    clock: SampleRate,
    end_timeout: Duration,
    latest: Option<Press>,
    /// The latest presses and segments; the place written next is `oldest`.
    history: [Option<Origin>; REMEMBERED],
    oldest: usize,
    statistics: Statistics,
}

/// What a [`Receiver`] counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Keys pressed.
    pub pressed: u64,
    /// Keys pressed that were heard of only after a key pressed later.
    pub late: u64,
    /// Keys that were let go without a word of it.
    pub unended: u64,
    /// Events that are no keys.
    pub foreign: u64,
    /// Packets whose payload could not be read.
    pub malformed: u64,
}

/// What all packets of a press, or of a segment of one, share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    ssrc: u32,
    start: RtpTimestamp,
    digit: Digit,
}

/// The press that began last.
#[derive(Clone, Copy, Debug)]
struct Press {
    /// Of its last segment.
    origin: Origin,
    /// How long the segments before the last one were, in ticks.
    before: u32,
    /// How long the last segment is by now, in ticks.
    duration: u16,
    /// Whether a packet said that it is over.
    ended: bool,
    /// Whether its release is still to be reported.
    held: bool,
    /// When a packet of it came.
    updated: Moment,
}

impl Receiver {
    /// Longer than networks stand still, as a rule.
    pub const END_TIMEOUT: Duration = Duration::from_millis(500);

    /// A receiver of events whose timestamps and durations count at `clock`. A
    /// key counts as let go when nothing is heard of it for `end_timeout`:
    /// [`Receiver::END_TIMEOUT`] unless there is a reason.
    pub fn new(clock: SampleRate, end_timeout: Duration) -> Self {
        Self {
            clock,
            end_timeout,
            latest: None,
            history: [None; REMEMBERED],
            oldest: 0,
            statistics: Statistics::default(),
        }
    }

    /// Takes in a packet that came at `now` and says what it tells of keys that
    /// was not known.
    ///
    /// # Errors
    ///
    /// [`MalformedPayload`]; the packet tells nothing, and is counted.
    pub fn handle(
        &mut self,
        now: Moment,
        header: &Header,
        payload: &[u8],
    ) -> Result<KeyEvents, MalformedPayload> {
        let blocks = parse(payload).inspect_err(|_| self.statistics.malformed += 1)?;
        let mut events = Collected::default();
        let mut start = header.timestamp;
        for (number, block) in blocks.enumerate() {
            let begins = header.marker && number == 0;
            self.block(now, header.ssrc, start, begins, block, &mut events);
            start = start.advanced(u32::from(block.duration));
        }
        Ok(KeyEvents(events.events.into_iter().flatten()))
    }

    /// The release of a key that has not been heard of for too long by `now`.
    pub fn poll(&mut self, now: Moment) -> Option<KeyEvent> {
        let press = self.latest.as_ref()?;
        if now.since(press.updated) < self.end_timeout {
            return None;
        }
        self.release()
    }

    /// The key that is held.
    pub fn held(&self) -> Option<Digit> {
        let press = self.latest.filter(|press| press.held)?;
        Some(press.origin.digit)
    }

    /// What happened since construction.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn block(
        &mut self,
        now: Moment,
        ssrc: u32,
        start: RtpTimestamp,
        begins: bool,
        block: Block,
        events: &mut Collected,
    ) {
        let Some(digit) = Digit::from_event(block.event) else {
            self.statistics.foreign += 1;
            return;
        };
        let origin = Origin { ssrc, start, digit };
        if self.latest.is_some_and(|press| press.origin == origin) {
            self.update(now, block, events);
        } else if self.history.contains(&Some(origin)) {
            // A packet of an earlier press or segment that comes late or again.
        } else if self.continues(origin, begins) {
            self.remember(origin);
            self.begin_segment(origin);
            self.update(now, block, events);
        } else if self.precedes(origin, block.end) {
            self.remember(origin);
        } else {
            self.press(now, origin, block, events);
        }
    }

    /// Takes in what a packet says of the latest press.
    fn update(&mut self, now: Moment, block: Block, events: &mut Collected) {
        let Some(press) = &mut self.latest else {
            return;
        };
        press.updated = now;
        press.duration = press.duration.max(block.duration);
        if block.end {
            press.ended = true;
            events.push(self.release());
        }
    }

    /// Reports a press not heard of before.
    fn press(&mut self, now: Moment, origin: Origin, block: Block, events: &mut Collected) {
        self.remember(origin);
        self.statistics.pressed += 1;
        let press = Press {
            origin,
            before: 0,
            duration: block.duration,
            ended: block.end,
            held: true,
            updated: now,
        };
        if self.is_late(origin) {
            self.statistics.late += 1;
            events.push(Some(KeyEvent::Pressed(origin.digit)));
            events.push(Some(press.released(self.clock)));
            return;
        }
        events.push(self.release());
        events.push(Some(KeyEvent::Pressed(origin.digit)));
        self.latest = Some(press);
        if block.end {
            events.push(self.release());
        }
    }

    /// Lets go of the key that is held.
    fn release(&mut self) -> Option<KeyEvent> {
        let press = self.latest.as_mut()?;
        if !std::mem::take(&mut press.held) {
            return None;
        }
        self.statistics.unended += u64::from(!press.ended);
        Some(press.released(self.clock))
    }

    fn remember(&mut self, origin: Origin) {
        self.history[self.oldest] = Some(origin);
        self.oldest = (self.oldest + 1) % REMEMBERED;
    }

    /// Whether `origin` is a further segment of the latest press.
    fn continues(&self, origin: Origin, begins: bool) -> bool {
        let Some(press) = self.latest.filter(|press| !press.ended && !begins) else {
            return false;
        };
        let Some(gap) = ahead(press.origin, origin) else {
            return false;
        };
        // Another press would not begin while this one lasts.
        gap <= u32::from(press.duration) || self.is_whole_segments(gap)
    }

    /// Whether `origin` is a segment of the latest press before those known.
    fn precedes(&self, origin: Origin, end: bool) -> bool {
        let gap = self.latest.and_then(|press| ahead(origin, press.origin));
        !end && gap.is_some_and(|gap| self.is_whole_segments(gap))
    }

    /// Whether segments, each as long as can be said, last for so many ticks. A
    /// sender may end one early if another packet's time would not fit in.
    fn is_whole_segments(&self, gap: u32) -> bool {
        const LONGEST: u32 = u16::MAX as u32;
        let slack = self.clock.samples_in(UPDATE_INTERVAL) as u32;
        let segments = gap.div_ceil(LONGEST);
        segments <= MAX_SEGMENTS && segments * LONGEST - gap < slack
    }

    fn begin_segment(&mut self, origin: Origin) {
        if let Some(press) = &mut self.latest {
            let gap = origin.start.distance_from(press.origin.start);
            press.before = press.before.saturating_add(gap.unsigned_abs());
            press.duration = 0;
            press.origin = origin;
        }
    }

    /// Whether `origin` began before the latest press.
    fn is_late(&self, origin: Origin) -> bool {
        self.latest.is_some_and(|press| {
            let behind = press.origin.start.distance_from(origin.start);
            press.origin.ssrc == origin.ssrc
                && behind > 0
                && behind as usize <= self.clock.samples_in(MAX_LATENESS)
        })
    }
}

/// How many ticks a press of the same key at `later` is after one at `earlier`, if
/// it is.
fn ahead(earlier: Origin, later: Origin) -> Option<u32> {
    let same = (earlier.ssrc, earlier.digit) == (later.ssrc, later.digit);
    let gap = later.start.distance_from(earlier.start);
    (same && gap > 0).then_some(gap.unsigned_abs())
}

impl Press {
    fn released(&self, clock: SampleRate) -> KeyEvent {
        let ticks = self.before.saturating_add(u32::from(self.duration));
        KeyEvent::Released {
            digit: self.origin.digit,
            held: clock.duration_of(ticks as usize),
        }
    }
}

/// The most that one packet tells: the release of the key before, and a press and
/// a release with each block.
const MAX_EVENTS: usize = 1 + 2 * MAX_BLOCKS;

#[derive(Default)]
struct Collected {
    events: [Option<KeyEvent>; MAX_EVENTS],
    count: usize,
}

impl Collected {
    fn push(&mut self, event: Option<KeyEvent>) {
        if let (Some(event), Some(place)) = (event, self.events.get_mut(self.count)) {
            *place = Some(event);
            self.count += 1;
        }
    }
}

/// What one packet told, in the order of events.
#[derive(Clone, Debug)]
pub struct KeyEvents(Flatten<array::IntoIter<Option<KeyEvent>, MAX_EVENTS>>);

impl Iterator for KeyEvents {
    type Item = KeyEvent;

    fn next(&mut self) -> Option<KeyEvent> {
        self.0.next()
    }
}

impl FusedIterator for KeyEvents {}

#[cfg(test)]
mod tests;
