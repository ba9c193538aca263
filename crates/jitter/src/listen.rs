//! Giving audio to a machine that listens: as soon as it is in order.
//!
//! There is no delay to choose: what is next in order is given at once. What is
//! missing is waited for, and once the wait is over something stands in for it.
//! Stand-ins for packets that were lost are final. Those for packets of which
//! nothing is known, because nothing came at all, only keep the listener's time
//! going: if the packets come after all, they are given too.

use std::time::Duration;

use audio::{Moment, SequenceNumber};

use crate::activity::Activity;
use crate::border::{Content, Decoder, Format, PlayoutKind};
use crate::clock::Clock;
use crate::queue::Waiting;
use crate::reception::Reception;
use crate::track::Track;

/// What is missing is waited for at least so long, unless there is a sign that it
/// does not come …
const SHORTEST_WAIT: Duration = Duration::from_millis(40);
/// … otherwise as long as is exceeded in no more of the intervals …
const IN_VAIN: f32 = 0.01;
/// … and this much longer.
const MARGIN: Duration = Duration::from_millis(10);
/// A sender known to leave its pauses out is not taken for interrupted when it is
/// silent for so long.
const PAUSE: Duration = Duration::from_millis(100);

/// Gives one stream to a listening machine.
#[derive(Debug)]
pub(crate) struct Listen {
    track: Track,
    activity: Activity,
    state: State,
    /// Samples that stand in for what has not come since the stream went on last.
    stood_in: i64,
    /// Whether the sender was seen to leave its pauses out.
    leaves_out_pauses: bool,
    clock: Clock,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// There was no packet yet.
    Beginning,
    /// Everything before `end` was given or is on the tape.
    Following { end: i64 },
    /// The same in a pause that is filled with noise as described.
    Noise { end: i64 },
}

impl Listen {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            track: Track::new(format),
            activity: Activity::new(),
            state: State::Beginning,
            stood_in: 0,
            leaves_out_pauses: false,
            clock: Clock::new(),
        }
    }

    /// Becomes like a new one for audio of this format.
    pub(crate) fn reset(&mut self, format: Format) {
        self.track.reset(format);
        self.activity = Activity::new();
        self.state = State::Beginning;
        self.stood_in = 0;
        self.leaves_out_pauses = false;
        self.clock = Clock::new();
    }

    /// Forgets the stream, but not its time.
    pub(crate) fn restart(&mut self) {
        self.state = State::Beginning;
        self.track.drop_pending();
        self.stood_in = 0;
        self.clock.unsettle();
    }

    /// Whether nothing has come yet or nothing is expected.
    pub(crate) fn is_idle(&self) -> bool {
        self.stood_in > 0 || matches!(self.state, State::Beginning | State::Noise { .. })
    }

    /// Writes the next frame to `out`, if it is due; says what it is made of and the
    /// time of its end.
    pub(crate) fn pull(
        &mut self,
        rx: &mut Reception,
        now: Moment,
        decoder: &mut dyn Decoder,
        out: &mut [i16],
    ) -> Option<(PlayoutKind, Moment)> {
        while self.track.due() > 0 {
            if !self.go_on(rx, now, decoder) {
                return None;
            }
        }
        let kind = self.track.kind();
        self.track.play(out);
        let end = self.position();
        if kind == PlayoutKind::Decoded {
            let first = end - out.len() as i64;
            rx.note_delay(rx.arrivals.live(now) - first);
        }
        let quiet = self.activity.note(out);
        let until = self.clock.at(rx, now, end - rx.packet, quiet);
        Some((kind, until))
    }

    /// The position of what is given next.
    fn position(&self) -> i64 {
        match self.state {
            State::Beginning => 0,
            State::Following { end } | State::Noise { end } => {
                end - self.track.tape.pending() as i64
            }
        }
    }

    /// How much audio is buffered.
    pub(crate) fn level(&self, rx: &Reception) -> i64 {
        let pending = self.track.tape.pending() as i64;
        pending + rx.queued_after(self.position() + pending)
    }

    /// Gets more audio if any is due; returns whether anything changed.
    fn go_on(&mut self, rx: &mut Reception, now: Moment, decoder: &mut dyn Decoder) -> bool {
        let Some(front) = rx.queue.front() else {
            return self.keep_time(rx, now, decoder);
        };
        let (sequence, position, content) = (front.sequence, front.position, front.content);
        let end = match self.state {
            State::Beginning => position,
            State::Following { end } | State::Noise { end } => end,
        };
        if position > end {
            return self.cross(rx, now, sequence, position, end, decoder);
        }
        if content == Content::ComfortNoise {
            self.take_noise(rx, end, decoder);
            return true;
        }
        let end = self.go_back(rx, now, end);
        if let Some(front) = rx.queue.front()
            && front.position <= end
        {
            let stale = usize::try_from(end - front.position).unwrap_or(0);
            self.decode(rx, end, stale, 0, decoder);
        }
        true
    }

    fn take_noise(&mut self, rx: &mut Reception, end: i64, decoder: &mut dyn Decoder) {
        if let Some(packet) = rx.take() {
            decoder.noise(Some(rx.queue.payload(&packet)), &mut []);
            self.state = State::Noise { end };
            self.leaves_out_pauses = true;
        }
    }

    /// Gets over the gap from `end` to the oldest packet at `position`.
    fn cross(
        &mut self,
        rx: &mut Reception,
        now: Moment,
        sequence: SequenceNumber,
        position: i64,
        end: i64,
        decoder: &mut dyn Decoder,
    ) -> bool {
        let gap = position - end;
        let lost = (rx.missing_before(sequence) as i64 * rx.packet).min(gap);
        if lost > 0 && !self.is_given_up(rx, now, end) {
            return false;
        }
        let lost = lost - self.lost_in_pause(rx, lost);
        if lost <= 0 {
            self.leaves_out_pauses = true;
            self.track.excuse();
            self.fill_pause(rx, gap, end, decoder);
            return true;
        }
        if gap > lost && matches!(self.state, State::Noise { .. }) {
            self.fill_pause(rx, gap - lost, end, decoder);
            return true;
        }
        let bridged = lost.min(self.track.longest_bridge() as i64);
        if lost > bridged {
            let count = (lost - bridged).min(self.track.due() as i64);
            self.track.stand_in(rx, count as usize, decoder);
            self.state = State::Following { end: end + count };
            return true;
        }
        if gap > lost {
            self.track.stand_in(rx, lost as usize, decoder);
            rx.give_up_before(sequence);
            self.state = State::Following { end: end + lost };
            return true;
        }
        self.state = State::Following { end: position };
        if self.track.recover(rx, lost as usize, decoder) {
            return true;
        }
        self.track.stand_in(rx, lost as usize, decoder);
        if rx.is_audio_next() {
            self.decode(rx, position, 0, lost as usize, decoder);
        } else {
            rx.give_up_before(sequence);
        }
        true
    }

    /// Of `lost` samples before the oldest packet, those that were part of a pause: in
    /// one that goes on, or ends with this packet, nothing but descriptions of its
    /// noise was lost.
    fn lost_in_pause(&self, rx: &Reception, lost: i64) -> i64 {
        let in_pause = matches!(self.state, State::Noise { .. });
        let pauses = |front: &Waiting| front.content == Content::ComfortNoise || front.marker;
        if in_pause && rx.queue.front().is_some_and(pauses) {
            lost
        } else {
            0
        }
    }

    /// Fills what is left of a pause of the sender.
    fn fill_pause(&mut self, rx: &Reception, gap: i64, end: i64, decoder: &mut dyn Decoder) {
        if gap > rx.outage() {
            // Time did not follow, or the sender leapt: there is nothing to fill.
            self.state = State::Following { end: end + gap };
            self.clock.unsettle();
            return;
        }
        let count = gap.min(self.track.due() as i64);
        let noise = matches!(self.state, State::Noise { .. });
        self.track.pause(count as usize, noise, decoder);
        self.state = match self.state {
            State::Noise { .. } => State::Noise { end: end + count },
            State::Beginning | State::Following { .. } => State::Following { end: end + count },
        };
    }

    /// Whether the packet at `end`, after which others came, is to be waited for no
    /// longer.
    fn is_given_up(&self, rx: &Reception, now: Moment, end: i64) -> bool {
        let since = rx
            .next_number()
            .and_then(|number| rx.gaps.missing_since(number));
        since.is_none_or(|since| now >= since + rx.gaps.wait())
            || now >= rx.arrivals.ideal(end) + self.wait(rx)
    }

    /// How long after its ideal arrival a packet is waited for.
    fn wait(&self, rx: &Reception) -> Duration {
        if let State::Noise { .. } = self.state {
            return rx.arrivals.target();
        }
        let usual = rx
            .arrivals
            .exceeded_by(IN_VAIN)
            .max(rx.arrivals.recent_peak());
        (usual + MARGIN).clamp(SHORTEST_WAIT.min(rx.ceiling()), rx.ceiling())
    }

    /// Lets something stand in for audio that does not come, once it is overdue.
    fn keep_time(&mut self, rx: &mut Reception, now: Moment, decoder: &mut dyn Decoder) -> bool {
        let (end, noise) = match self.state {
            State::Beginning => return false,
            State::Following { end } => (end, false),
            State::Noise { end } => (end, true),
        };
        if now < rx.arrivals.ideal(end) + self.wait(rx) {
            return false;
        }
        let count = self.track.due();
        let limit = if self.leaves_out_pauses {
            rx.scale.samples_in(PAUSE)
        } else {
            rx.outage()
        };
        if noise || self.stood_in >= limit {
            self.track.pause(count, noise, decoder);
        } else {
            if self.stood_in == 0 {
                rx.statistics.underruns += 1;
            }
            self.track.stand_in(rx, count, decoder);
        }
        self.stood_in += count as i64;
        let end = end + count as i64;
        self.state = if noise {
            State::Noise { end }
        } else {
            State::Following { end }
        };
        true
    }

    /// Goes back to audio that comes after something stood in for it, and drops what
    /// is too old. Returns where the stream goes on.
    fn go_back(&mut self, rx: &mut Reception, now: Moment, end: i64) -> i64 {
        if self.stood_in == 0 {
            return end;
        }
        let oldest = rx.arrivals.live(now) - rx.outage();
        while let Some(front) = rx.queue.front()
            && front.position + rx.packet <= oldest.min(end)
        {
            rx.statistics.skipped_samples += rx.packet.unsigned_abs();
            rx.take();
        }
        let (Some(front), Some(newest)) = (rx.queue.front(), rx.queue.back()) else {
            return end;
        };
        let begin = front.position.max(end - self.stood_in).min(end);
        let newest = newest.position;
        if rx.arrivals.live(now) - newest > rx.scale.samples_in(rx.ceiling()) {
            rx.arrivals.begin_anew(now, newest);
            self.clock.unsettle();
        }
        self.stood_in = 0;
        begin
    }

    fn decode(
        &mut self,
        rx: &mut Reception,
        end: i64,
        stale: usize,
        made: usize,
        decoder: &mut dyn Decoder,
    ) {
        if let Some(decoded) = self.track.decode(rx, stale, made, decoder) {
            let end = decoded.end.max(end);
            self.state = State::Following { end };
        }
    }
}
