//! Playout towards a person: a frame for every tick, at a delay that adapts.
//!
//! While the stream plays, everything before `end` is on the tape or was played.
//! Each pull moves on through packets, through stand-ins where packets were lost,
//! and, without moving on in the stream, through stand-ins for what is not there yet.
//! When the sender pauses, or nothing came for long, the stream waits to be begun
//! again, at whatever delay is right then.

use std::time::Duration;

use audio::{Moment, SequenceNumber};

use crate::border::{Content, Decoder, Format, PlayoutKind};
use crate::pace::{Change, Pace, Standpoint, room};
use crate::reception::Reception;
use crate::track::Track;

/// How much of what came late is played after an outage: 60 ms.
const REPLAY: Duration = Duration::from_millis(60);
/// Plays one stream.
#[derive(Debug)]
pub(crate) struct Play {
    track: Track,
    state: State,
    pace: Pace,
    /// Samples put out for want of packets since the stream went on last.
    stalled: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nothing plays: before the stream, in its pauses, after an interruption. The
    /// pause is filled with noise if that was described.
    Waiting { noise: bool },
    /// Everything before `end` was played or is on the tape.
    Playing { end: i64 },
}

/// What lies between what was played and the packet that is next.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// In samples.
    length: i64,
    /// So many of them were lost; the sender paused for the others.
    lost: i64,
    /// The packet behind it.
    behind: SequenceNumber,
}

impl Play {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            track: Track::new(format),
            state: State::Waiting { noise: false },
            pace: Pace::new(format.rate.hertz()),
            stalled: 0,
        }
    }

    /// Becomes like a new one for audio of this format.
    pub(crate) fn reset(&mut self, format: Format) {
        self.track.reset(format);
        self.state = State::Waiting { noise: false };
        self.pace = Pace::new(format.rate.hertz());
        self.stalled = 0;
    }

    /// Forgets the stream, but not what was played last, which is to end softly.
    pub(crate) fn restart(&mut self) {
        self.state = State::Waiting { noise: false };
        self.track.drop_pending();
        self.stalled = 0;
    }

    /// The position before which everything was played or will be.
    pub(crate) const fn played(&self) -> Option<i64> {
        match self.state {
            State::Waiting { .. } => None,
            State::Playing { end } => Some(end),
        }
    }

    /// Whether the stream pauses.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Plays the next frame into `out`; says what it is made of and the position
    /// behind it.
    pub(crate) fn pull(
        &mut self,
        rx: &mut Reception,
        now: Moment,
        decoder: &mut dyn Decoder,
        out: &mut [i16],
    ) -> (PlayoutKind, Option<i64>) {
        self.fill(rx, now, decoder);
        if let Some(first) = self.position() {
            rx.note_delay(rx.arrivals.live(now) - first);
        }
        if !self.track.has_gap() {
            self.adapt(rx, now, decoder);
        }
        let kind = self.track.kind();
        self.track.play(out);
        self.pace.note(out);
        (kind, self.position())
    }

    /// The position of what is played next.
    fn position(&self) -> Option<i64> {
        Some(self.played()? - self.track.tape.pending() as i64)
    }

    /// How much audio is buffered.
    pub(crate) fn level(&self, rx: &Reception) -> i64 {
        let end = match self.state {
            State::Waiting { .. } => rx.queue.front().map_or(0, |front| front.position),
            State::Playing { end } => end,
        };
        self.track.tape.pending() as i64 + rx.queued_after(end)
    }

    fn fill(&mut self, rx: &mut Reception, now: Moment, decoder: &mut dyn Decoder) {
        while self.track.tape.pending() < self.track.frame {
            match self.state {
                State::Waiting { noise } => {
                    if !self.begin(rx, now, decoder) {
                        self.track.pause(self.track.due(), noise, decoder);
                    }
                }
                State::Playing { end } => self.go_on(rx, now, end, decoder),
            }
        }
    }

    /// Begins to play what waits if it is time; returns whether anything changed.
    fn begin(&mut self, rx: &mut Reception, now: Moment, decoder: &mut dyn Decoder) -> bool {
        let Some(front) = rx.queue.front() else {
            return false;
        };
        if front.content == Content::ComfortNoise {
            self.take_noise(rx, decoder);
            return true;
        }
        let (sequence, position) = (front.sequence, front.position);
        let at = self.standpoint(now, position);
        if room(rx, at, position, rx.arrivals.target()) < 0 {
            return false;
        }
        if rx.missing_before(sequence) == 0 {
            self.track.excuse();
        }
        self.state = State::Playing { end: position };
        true
    }

    /// Takes the description of the noise that a pause is filled with.
    fn take_noise(&mut self, rx: &mut Reception, decoder: &mut dyn Decoder) {
        if let Some(packet) = rx.take() {
            decoder.noise(Some(rx.queue.payload(&packet)), &mut []);
            self.state = State::Waiting { noise: true };
            self.stalled = 0;
        }
    }

    /// Gets more audio behind `end`, what the tape has so far.
    fn go_on(&mut self, rx: &mut Reception, now: Moment, end: i64, decoder: &mut dyn Decoder) {
        let Some(front) = rx.queue.front() else {
            self.stall(rx, decoder);
            return;
        };
        let (sequence, position, content) = (front.sequence, front.position, front.content);
        let gap = position - end;
        let lost = (rx.missing_before(sequence) as i64 * rx.packet).min(gap);
        if gap > 0 && lost <= 0 {
            // The sender has paused.
            self.state = State::Waiting { noise: false };
            self.stalled = 0;
            return;
        }
        if gap > 0 {
            let gap = Gap {
                length: gap,
                lost,
                behind: sequence,
            };
            self.cover(rx, now, end, gap, decoder);
            return;
        }
        if content == Content::ComfortNoise {
            self.take_noise(rx, decoder);
            return;
        }
        let begin = self.catch_up(rx, now, end);
        if begin > end {
            self.state = State::Playing { end: begin };
            return;
        }
        self.decode(rx, end, 0, decoder);
    }

    /// Plays on past a gap behind `end` as far as that is due.
    fn cover(
        &mut self,
        rx: &mut Reception,
        now: Moment,
        end: i64,
        gap: Gap,
        decoder: &mut dyn Decoder,
    ) {
        // A delay that is too large anyway need not be filled, and what was put out for
        // want of packets has made it larger.
        let room = room(rx, self.standpoint(now, end), end, rx.arrivals.target());
        let left = (gap.lost - room.max(self.stalled)).max(0);
        let bridged = left.min(self.longest_bridge(rx, now, gap.behind));
        if left > bridged {
            let due = self.track.due() as i64;
            self.stand_in(rx, (left - bridged).min(due) as usize, decoder);
            return;
        }
        if gap.length > gap.lost {
            self.stand_in(rx, left as usize, decoder);
            self.state = State::Waiting { noise: false };
            self.stalled = 0;
            return;
        }
        let behind = end + gap.length;
        let begin = self.catch_up(rx, now, behind);
        self.state = State::Playing { end: begin };
        if begin > behind {
            // What comes next is left out, and so is what would lead up to it.
            return;
        }
        if self.track.recover(rx, left as usize, decoder) {
            self.stalled = 0;
            return;
        }
        self.stand_in(rx, left as usize, decoder);
        self.stalled = 0;
        if rx.is_audio_next() {
            self.decode(rx, behind, left as usize, decoder);
        }
    }

    /// The longest gap before the packet with this number that is filled at once: none
    /// that is not due yet as long as the packet before this one may still come.
    fn longest_bridge(&self, rx: &Reception, now: Moment, behind: SequenceNumber) -> i64 {
        let last = SequenceNumber(behind.0.wrapping_sub(1));
        let missing_since = rx.gaps.missing_since(last);
        let longest = self.track.longest_bridge();
        let longest = match missing_since {
            Some(since) if now.since(since) < rx.gaps.wait() => longest.min(self.track.due()),
            _ => longest,
        };
        longest as i64
    }

    /// Puts out something in place of packets that have not come.
    fn stall(&mut self, rx: &mut Reception, decoder: &mut dyn Decoder) {
        if self.stalled == 0 {
            rx.statistics.underruns += 1;
        }
        self.stand_in(rx, self.track.due(), decoder);
        if self.stalled >= rx.outage() {
            self.state = State::Waiting { noise: false };
            self.stalled = 0;
        }
    }

    fn stand_in(&mut self, rx: &mut Reception, count: usize, decoder: &mut dyn Decoder) {
        self.track.stand_in(rx, count, decoder);
        self.stalled += count as i64;
    }

    /// Leaves out what is older than the ceiling, after an outage what is much later
    /// than it need be, and, where audio is cheap, all that comes too late. Returns the
    /// position at which the stream goes on.
    fn catch_up(&mut self, rx: &mut Reception, now: Moment, end: i64) -> i64 {
        let at = self.standpoint(now, end);
        let delay = rx.arrivals.live(now) - at.first;
        let mut excess = delay - rx.scale.samples_in(rx.ceiling());
        let leaves_out = self.stalled > 0 && rx.leaves_out_late();
        if leaves_out {
            // Something was put out in its place already.
            excess = excess.max(room(rx, at, end, rx.arrivals.target()));
        }
        if self.track.is_mute() {
            let newest = rx.queue.back().map_or(end, |newest| newest.position);
            let lateness = rx.arrivals.target().max(rx.arrivals.last());
            let needless = room(rx, at, newest, lateness);
            excess = excess.max(needless - rx.scale.samples_in(REPLAY));
        }
        // What is left must fill the frame, unless it is better to wait for what is next.
        let needed = if leaves_out { 0 } else { at.frame };
        let spare = end - at.first + rx.queued_after(end) - needed;
        let begin = end + excess.min(spare).max(0);
        let mut skipped = 0;
        while let Some(front) = rx.queue.front()
            && front.position < begin
        {
            let behind = front.position + rx.packet;
            skipped += (behind.min(begin) - front.position.max(end)).max(0);
            if behind > begin {
                break;
            }
            rx.take();
        }
        // What was lost in between was not received.
        rx.statistics.skipped_samples += skipped.unsigned_abs();
        begin
    }

    /// Decodes the oldest packet, which begins at `end` or before it; `made` samples
    /// before it stand in for what was lost.
    fn decode(&mut self, rx: &mut Reception, end: i64, made: usize, decoder: &mut dyn Decoder) {
        let Some(front) = rx.queue.front() else {
            return;
        };
        let stale = usize::try_from(end - front.position).unwrap_or(0);
        let decoded = self.track.decode(rx, stale, made, decoder);
        if let Some(decoded) = decoded
            && decoded.appended > 0
        {
            self.stalled = 0;
            self.state = State::Playing { end: decoded.end };
        }
    }

    /// Makes the audio about to be played longer or shorter if the delay asks for it.
    fn adapt(&mut self, rx: &mut Reception, now: Moment, decoder: &mut dyn Decoder) {
        let State::Playing { end } = self.state else {
            return;
        };
        let change = self.pace.decide(rx, self.standpoint(now, end));
        if let Change::Shorten { .. } = change {
            self.look_ahead(rx, decoder);
        }
        let frame = self.track.frame;
        self.pace.make(change, &mut self.track.tape, frame, rx);
    }

    /// Decodes packets that are next in order until there is enough to look at.
    fn look_ahead(&mut self, rx: &mut Reception, decoder: &mut dyn Decoder) {
        while self.track.tape.pending() < self.track.frame + self.pace.look_ahead()
            && let State::Playing { end } = self.state
            && let Some(next) = rx.queue.front()
            && next.position == end
            && next.content == Content::Audio
        {
            self.decode(rx, end, 0, decoder);
        }
    }

    fn standpoint(&self, now: Moment, end: i64) -> Standpoint {
        Standpoint {
            now,
            first: end - self.track.tape.pending() as i64,
            end,
            frame: self.track.frame as i64,
        }
    }
}
