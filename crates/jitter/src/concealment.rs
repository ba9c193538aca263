//! What is played in place of audio that is missing.

use crate::border::Decoder;
use crate::extrapolation::{Extrapolation, LONGEST_PAST};
use crate::stretch::faded;
use crate::tape::Tape;

/// For so long, in milliseconds, the codec's own concealment is used, if it has
/// one.
const CODEC: usize = 60;
/// From here on what stands in becomes quieter …
const FADE_FROM: usize = 20;
/// … until here it has become silent.
const FADE_UNTIL: usize = 100;
/// How long audio takes to end where the sender ended it, or to begin again.
const SEAM: usize = 5;
/// The longest gap that is filled from both sides.
pub(crate) const BRIDGE: usize = 40;
/// The least audio behind a gap that it is filled from.
const BRIDGEHEAD: usize = 12;

/// Stands in for audio that is missing, continuing what was before it and, if it
/// is there already, leading up to what is behind it.
#[derive(Debug)]
pub(crate) struct Concealment {
    per_milli: usize,
    extrapolation: Extrapolation,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The newest audio is received audio.
    Resting,
    /// The codec has made so many samples.
    Codec(usize),
    /// So many samples were made here.
    Own(usize),
    /// So many samples were made since the sender ended its audio.
    Ending(usize),
}

impl Concealment {
    pub(crate) fn new(hertz: u32) -> Self {
        Self {
            per_milli: hertz as usize / 1_000,
            extrapolation: Extrapolation::new(hertz),
            state: State::Resting,
        }
    }

    /// The longest gap that [`Concealment::bridge`] fills, in samples.
    pub(crate) const fn longest_bridge(&self) -> usize {
        BRIDGE * self.per_milli
    }

    /// Whether what would be made now is silence.
    pub(crate) fn is_over(&self) -> bool {
        match self.state {
            State::Resting | State::Codec(_) => false,
            State::Own(made) => made >= FADE_UNTIL * self.per_milli,
            State::Ending(made) => made >= SEAM * self.per_milli,
        }
    }

    /// Whether the newest audio was made here.
    pub(crate) fn is_active(&self) -> bool {
        self.state != State::Resting
    }

    /// Notes that the sender paused: what stood in stood in for nothing.
    pub(crate) fn excuse(&mut self) {
        if self.is_over() {
            self.state = State::Ending(SEAM * self.per_milli);
        }
    }

    /// Appends `count` samples that continue the tape.
    pub(crate) fn extend(&mut self, tape: &mut Tape, count: usize, decoder: &mut dyn Decoder) {
        let count = self.ask_codec(tape, count, decoder);
        if count > 0 {
            let made = self.begin(tape);
            self.append(tape, count, State::Own(made));
        }
    }

    /// Appends `count` samples in which the tape comes to its end.
    pub(crate) fn end(&mut self, tape: &mut Tape, count: usize) {
        let state = match self.state {
            going @ (State::Own(_) | State::Ending(_)) => going,
            State::Resting | State::Codec(_) => State::Ending(self.begin(tape)),
        };
        self.append(tape, count, state);
    }

    /// Lets the codec append as many of `count` samples as it will. Returns how many
    /// are left to make.
    fn ask_codec(&mut self, tape: &mut Tape, count: usize, decoder: &mut dyn Decoder) -> usize {
        let made = match self.state {
            State::Resting => 0,
            State::Codec(made) => made,
            State::Own(_) | State::Ending(_) => return count,
        };
        let wanted = count.min((CODEC * self.per_milli).saturating_sub(made));
        // Codecs work in steps of 2.5 ms; what is too much is dropped.
        let step = 5 * self.per_milli / 2;
        let whole = wanted.div_ceil(step) * step;
        if wanted == 0 || decoder.conceal(&mut tape.space(whole)[..whole]) < wanted {
            return count;
        }
        tape.commit(wanted);
        self.state = State::Codec(made + wanted);
        count - wanted
    }

    /// Begins to continue the tape unless that was begun before; returns how many
    /// samples were made since.
    fn begin(&mut self, tape: &Tape) -> usize {
        match self.state {
            State::Own(made) | State::Ending(made) => made,
            State::Resting | State::Codec(_) => {
                self.extrapolation.begin(tape.whole().0);
                0
            }
        }
    }

    fn append(&mut self, tape: &mut Tape, count: usize, state: State) {
        self.state = state;
        let space = &mut tape.space(count)[..count];
        self.write(space);
        tape.commit(count);
    }

    /// Writes what comes next, fading.
    fn write(&mut self, out: &mut [i16]) {
        let (made, from, until) = match &mut self.state {
            State::Resting | State::Codec(_) => return,
            State::Own(made) => (made, FADE_FROM, FADE_UNTIL),
            State::Ending(made) => (made, 0, SEAM),
        };
        let (from, until) = (from * self.per_milli, until * self.per_milli);
        let mut place = *made;
        *made += out.len();
        let audible = until.saturating_sub(place).min(out.len());
        let (audible, silent) = out.split_at_mut(audible);
        let mut buffer = [0.0; 64];
        for piece in audible.chunks_mut(buffer.len()) {
            let buffer = &mut buffer[..piece.len()];
            self.extrapolation.continue_into(buffer);
            for (out, &sample) in piece.iter_mut().zip(buffer.iter()) {
                let gain = if place < from {
                    1.0
                } else {
                    (until - place) as f32 / (until - from) as f32
                };
                *out = rounded(sample * gain);
                place += 1;
            }
        }
        silent.fill(0);
    }

    /// Blends the start of received audio, the last `received` samples of the tape,
    /// with the continuation of what was made before it. `made` of the samples before
    /// it were made for the gap that it ends, and not yet played; they are made anew,
    /// so that they lead up to it.
    pub(crate) fn bridge(&mut self, tape: &mut Tape, made: usize, received: usize) {
        let made = made.min(self.longest_bridge());
        if self.state == State::Resting {
            return;
        }
        if made > 0 && received >= BRIDGEHEAD * self.per_milli {
            self.lead_up(tape, made, received);
        } else {
            self.blend_in(tape, received);
        }
        self.state = State::Resting;
    }

    /// Blends the `made` samples before the last `received` ones into a continuation
    /// of these backwards in time.
    fn lead_up(&mut self, tape: &mut Tape, made: usize, received: usize) {
        let (whole, _) = tape.whole_mut();
        let begin = whole.len() - received;
        let mut reversed = [0; LONGEST_PAST];
        let count = received.min(LONGEST_PAST);
        let behind = whole[begin..begin + count].iter().rev();
        for (reversed, &sample) in reversed.iter_mut().zip(behind) {
            *reversed = sample;
        }
        self.extrapolation.begin(&reversed[..count]);
        let mut buffer = [0.0; 64];
        let mut place = 0;
        while place < made {
            let buffer = &mut buffer[..(made - place).min(64)];
            self.extrapolation.continue_into(buffer);
            for &backwards in buffer.iter() {
                let sample = &mut whole[begin - 1 - place];
                *sample = faded(rounded(backwards), *sample, place, made);
                place += 1;
            }
        }
    }

    /// Lets the continuation of what was made fade into the last `received` samples.
    fn blend_in(&mut self, tape: &mut Tape, received: usize) {
        match self.state {
            State::Resting | State::Codec(_) => return,
            // What begins after a pause begins as it was spoken.
            State::Ending(_) if self.is_over() => return,
            State::Own(_) | State::Ending(_) => {}
        }
        let count = received.min(SEAM * self.per_milli);
        let mut going = [0; 16 * SEAM];
        let going = &mut going[..count];
        self.write(going);
        let (whole, _) = tape.whole_mut();
        let begin = whole.len() - received;
        for (place, &old) in going.iter().enumerate() {
            let sample = &mut whole[begin + place];
            *sample = faded(old, *sample, place, count);
        }
    }
}

fn rounded(sample: f32) -> i16 {
    // Converts what is out of range to the nearest that is in it.
    (sample + if sample < 0.0 { -0.5 } else { 0.5 }) as i16
}
