//! The audio of a frame in the making: received, recovered, or standing in.

use audio::Frame;

use crate::border::{Content, Decoder, Format, PlayoutKind};
use crate::concealment::{BRIDGE, Concealment};
use crate::extrapolation::LONGEST_PAST;
use crate::reception::{DECODED_LIMIT, Decoded, Reception};
use crate::tape::Tape;

/// The most that is to be played at a time, whatever the format: what is looked ahead
/// at, a gap to fill and the packet behind it, at 16 kHz.
const AHEAD: usize = 2 * 320 + 16 * BRIDGE + DECODED_LIMIT;

/// The tape and what can be appended to it.
#[derive(Debug)]
pub(crate) struct Track {
    /// Samples in a frame.
    pub(crate) frame: usize,
    pub(crate) tape: Tape,
    concealment: Concealment,
    /// How far into what is to be played there is received audio, …
    received: usize,
    /// … and how far something that stands in for what is missing.
    made: usize,
}

impl Track {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            frame: Frame::silence(format.rate).len(),
            tape: Tape::new(LONGEST_PAST, AHEAD),
            concealment: Concealment::new(format.rate.hertz()),
            received: 0,
            made: 0,
        }
    }

    /// Becomes like a new one for audio of this format.
    pub(crate) fn reset(&mut self, format: Format) {
        self.frame = Frame::silence(format.rate).len();
        self.tape.clear();
        self.concealment = Concealment::new(format.rate.hertz());
        self.received = 0;
        self.made = 0;
    }

    /// How many samples the frame still lacks.
    pub(crate) const fn due(&self) -> usize {
        self.frame.saturating_sub(self.tape.pending())
    }

    /// What the frame is made of so far.
    pub(crate) const fn kind(&self) -> PlayoutKind {
        match (self.made, self.received) {
            (1.., _) => PlayoutKind::Concealed,
            (0, 1..) => PlayoutKind::Decoded,
            (0, 0) => PlayoutKind::Silence,
        }
    }

    /// Plays the frame into `out` and begins another.
    pub(crate) fn play(&mut self, out: &mut [i16]) {
        self.tape.play(out);
        self.made = self.made.saturating_sub(out.len());
        self.received = self
            .received
            .saturating_sub(out.len())
            .min(self.tape.pending());
    }

    /// Whether anything to be played stands in for what is missing.
    pub(crate) const fn has_gap(&self) -> bool {
        self.made > 0
    }

    /// Whether what stands in has become silent.
    pub(crate) fn is_mute(&self) -> bool {
        self.concealment.is_over()
    }

    /// The longest gap that is filled from both sides, in samples.
    pub(crate) const fn longest_bridge(&self) -> usize {
        self.concealment.longest_bridge()
    }

    /// Notes that the sender paused, so that what comes next is a beginning.
    pub(crate) fn excuse(&mut self) {
        self.concealment.excuse();
    }

    /// Drops what is to be played.
    pub(crate) fn drop_pending(&mut self) {
        self.tape.truncate(0);
        self.received = 0;
        self.made = 0;
    }

    /// Appends `count` samples that stand in for what is missing.
    pub(crate) fn stand_in(&mut self, rx: &mut Reception, count: usize, decoder: &mut dyn Decoder) {
        if count == 0 {
            return;
        }
        if !self.concealment.is_active() {
            rx.statistics.concealments += 1;
        }
        rx.statistics.concealed_samples += count as u64;
        self.concealment.extend(&mut self.tape, count, decoder);
        self.made = self.tape.pending();
    }

    /// Appends `count` samples of a pause: `noise` or silence.
    pub(crate) fn pause(&mut self, count: usize, noise: bool, decoder: &mut dyn Decoder) {
        if !noise {
            self.concealment.end(&mut self.tape, count);
            return;
        }
        decoder.noise(None, &mut self.tape.space(count)[..count]);
        self.tape.commit(count);
        self.concealment.bridge(&mut self.tape, 0, count);
    }

    /// Appends the last `count` samples before the oldest packet, recovered from it.
    /// Returns false, and appends nothing, if it does not have them.
    pub(crate) fn recover(
        &mut self,
        rx: &mut Reception,
        count: usize,
        decoder: &mut dyn Decoder,
    ) -> bool {
        let Some(front) = rx.queue.front() else {
            return false;
        };
        let payload = rx.queue.payload(front);
        let whole = count.max(rx.packet.unsigned_abs() as usize);
        let Some(space) = self.tape.space(whole).get_mut(..whole) else {
            return false;
        };
        let has_copy = count > 0 && front.content == Content::Audio;
        if !has_copy || decoder.recover(payload, space) < whole {
            return false;
        }
        space.copy_within(whole - count.., 0);
        self.tape.commit(count);
        self.concealment.bridge(&mut self.tape, 0, count);
        self.received = self.tape.pending();
        rx.statistics.recovered += 1;
        true
    }

    /// Appends the oldest packet from the sample `stale` on; the last `made` samples
    /// before it stand in for a gap that it ends.
    pub(crate) fn decode(
        &mut self,
        rx: &mut Reception,
        stale: usize,
        made: usize,
        decoder: &mut dyn Decoder,
    ) -> Option<Decoded> {
        let decoded = rx.decode(&mut self.tape, decoder, stale)?;
        if decoded.appended == 0 {
            rx.statistics.late += 1;
            return Some(decoded);
        }
        self.concealment
            .bridge(&mut self.tape, made, decoded.appended);
        self.received = self.tape.pending();
        Some(decoded)
    }
}
