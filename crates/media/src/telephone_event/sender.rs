//! Turns digits into packets.

use std::time::Duration;

use audio::dtmf::Digit;
use audio::{FRAME, Moment, RtpTimestamp, SampleRate};

use super::block::Block;

/// Digits that may wait to be sent.
pub const QUEUE_LIMIT: usize = 32;

/// The least length of a tone, and of the pause after it, that receivers of keys
/// are made for (ITU-T Q.24).
const SHORTEST: Duration = Duration::from_millis(40);

/// How often the end of an event is sent, against loss (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;

/// The power of the tones that a gateway makes of the events, in dB below 1 mW.
const VOLUME: u8 = 10;

/// How digits are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a key is held, at least 40 ms.
    pub tone: Duration,
    /// How long after a key the next one is pressed, at least 40 ms.
    pub gap: Duration,
}

impl Default for Settings {
    /// Tones and pauses of 100 ms.
    fn default() -> Self {
        Self {
            tone: Duration::from_millis(100),
            gap: Duration::from_millis(100),
        }
    }
}

/// Sends digits, one after the other, in ticks of 20 ms.
///
/// All packets of a digit bear the timestamp of its first tick, the first of them
/// the marker, and its end is told three times. A key held for so long that its
/// duration overflows goes on as another segment, with a timestamp of its own
/// (RFC 4733 §2.5.1.3); the packet that fills a segment is sent once, as the next
/// tick's tells the same.
///
/// It takes at most 304 octets and never allocates. The module's description says what its
/// owner does with what it gives.
#[derive(Clone, Debug)]
pub struct Sender {
    clock: SampleRate,
    settings: Settings,
    queue: Queue,
    /// The digit under way, from its first tick to the end of the pause after it.
    current: Option<Current>,
}

/// What is to be sent in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Audio: no digit wants to be sent.
    Audio,
    /// This, and no audio.
    Event(Event),
    /// Nothing: a pause between two digits.
    Quiet,
}

/// A packet of telephone events, but for what it shares with the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether it is the first of its event.
    pub marker: bool,
    /// When the event, or this segment of it, began.
    pub timestamp: RtpTimestamp,
    /// The payload.
    pub payload: [u8; 4],
}

/// No further digit can wait. It is to be given up, or tried again when digits
/// have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{QUEUE_LIMIT} digits wait to be sent; expected no more until one is")]
pub struct QueueFull;

/// A digit that is being sent.
#[derive(Clone, Copy, Debug)]
struct Current {
    digit: Digit,
    /// Its first tick.
    started: Moment,
    /// How many ticks the key is held.
    ticks: u16,
    /// When the segment began.
    timestamp: RtpTimestamp,
    /// How long the segments before were, in ticks of the timestamp.
    before: u64,
    marker: bool,
    ends_left: u8,
}

impl Sender {
    /// A sender of events whose durations count at `clock`, the one agreed on for
    /// telephone events: that of the audio (RFC 4733 §2.1). Timestamps may run
    /// otherwise, since some peers agree on 8 kHz for events beside any audio.
    pub fn new(clock: SampleRate, settings: Settings) -> Self {
        Self {
            clock,
            settings,
            queue: Queue::default(),
            current: None,
        }
    }

    /// Presses a key for as long as the settings say, after those that wait.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if [`QUEUE_LIMIT`] digits wait.
    pub fn press(&mut self, digit: Digit) -> Result<(), QueueFull> {
        self.press_for(digit, self.settings.tone)
    }

    /// Presses a key for `tone`, rounded up to whole ticks, at least 40 ms and at
    /// most 21 minutes, after those that wait.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if [`QUEUE_LIMIT`] digits wait.
    pub fn press_for(&mut self, digit: Digit, tone: Duration) -> Result<(), QueueFull> {
        let ticks = ticks(tone);
        self.queue.push(Waiting { digit, ticks })
    }

    /// Gives up the digits that wait. The one under way is sent to its end.
    pub fn clear(&mut self) {
        self.queue = Queue::default();
    }

    /// Whether the next tick is the audio's.
    pub fn is_idle(&self) -> bool {
        let sounding = self.current.is_some_and(|current| current.ends_left > 0);
        self.queue.len == 0 && !sounding
    }

    /// What is to be sent in the tick at `now`, where the timestamp of the stream
    /// is `timestamp`. To be called once in every tick, and only with whole ticks
    /// between; one that is left out shortens what is told, not the event.
    pub fn tick(&mut self, now: Moment, timestamp: RtpTimestamp) -> Tick {
        if let Some(current) = &mut self.current {
            if current.ends_left > 0 {
                return Tick::Event(current.event(now, self.clock));
            }
            if now < current.over(self.settings.gap) {
                return match self.queue.len {
                    0 => Tick::Audio,
                    _ => Tick::Quiet,
                };
            }
        }
        self.current = self.queue.pop().map(|Waiting { digit, ticks }| Current {
            digit,
            started: now,
            ticks,
            timestamp,
            before: 0,
            marker: true,
            ends_left: END_PACKETS,
        });
        match &mut self.current {
            Some(current) => Tick::Event(current.event(now, self.clock)),
            None => Tick::Audio,
        }
    }
}

impl Current {
    /// The packet of the tick at `now`.
    fn event(&mut self, now: Moment, clock: SampleRate) -> Event {
        const LONGEST: u64 = u16::MAX as u64;
        let passed = now.since(self.started).as_micros() / FRAME.as_micros() + 1;
        let ticks = passed.min(u128::from(self.ticks)) as u64;
        let duration = (ticks * clock.samples_in(FRAME) as u64).saturating_sub(self.before);
        let timestamp = self.timestamp;
        let mut block = Block {
            event: self.digit.event(),
            end: false,
            volume: VOLUME,
            duration: duration.min(LONGEST) as u16,
        };
        if duration > LONGEST {
            self.before += LONGEST;
            self.timestamp = timestamp.advanced(LONGEST as u32);
        } else if passed >= u128::from(self.ticks) {
            block.end = true;
            self.ends_left -= 1;
        }
        Event {
            marker: std::mem::take(&mut self.marker),
            timestamp,
            payload: block.to_bytes(),
        }
    }

    /// When the next digit may begin.
    fn over(&self, gap: Duration) -> Moment {
        self.started + FRAME * (u32::from(self.ticks) + u32::from(ticks(gap)))
    }
}

/// How many whole ticks `duration` takes.
fn ticks(duration: Duration) -> u16 {
    let ticks = duration
        .max(SHORTEST)
        .as_micros()
        .div_ceil(FRAME.as_micros());
    u16::try_from(ticks).unwrap_or(u16::MAX)
}

/// A digit that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    digit: Digit,
    ticks: u16,
}

#[derive(Clone, Debug, Default)]
struct Queue {
    waiting: [Option<Waiting>; QUEUE_LIMIT],
    first: usize,
    len: usize,
}

impl Queue {
    fn push(&mut self, waiting: Waiting) -> Result<(), QueueFull> {
        // overflow: refused
        if self.len == QUEUE_LIMIT {
            return Err(QueueFull);
        }
        self.waiting[(self.first + self.len) % QUEUE_LIMIT] = Some(waiting);
        self.len += 1;
        Ok(())
    }

    fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting[self.first].take()?;
        self.first = (self.first + 1) % QUEUE_LIMIT;
        self.len -= 1;
        Some(waiting)
    }
}

#[cfg(test)]
mod tests;
