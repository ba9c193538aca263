//! The buffer of this project, towards a person.

use std::time::Duration;

use audio::codec::Decoder;
use audio::{Codec, Frame, Moment};
use jitter::{AdaptiveBuffer, Format, PlayoutBuffer, PlayoutKind, Policy, Settings, Statistics};

use crate::contender::{Contender, Pulled};
use crate::trace::{RATE, SAMPLES, Sent};

/// What a level is rounded down by at most: it is told in whole microseconds.
const ROUNDING: Duration = Duration::from_micros(60);

/// The adaptive buffer and its decoder.
pub(crate) struct Ours {
    buffer: AdaptiveBuffer,
    decoder: Decoder,
    before: Statistics,
    /// The position behind the newest packet received.
    received: i64,
    /// The position behind what was played last.
    played: i64,
}

impl Ours {
    /// A buffer to which one hundredth of the audio is worth a delay of `worth`.
    pub(crate) fn new(worth: Duration) -> Self {
        Self {
            buffer: AdaptiveBuffer::new(Settings {
                per_cent_concealed: worth,
                ..settings()
            }),
            decoder: Decoder::new(Codec::Pcmu).expect("G.711 needs nothing"),
            before: Statistics::default(),
            received: 0,
            played: 0,
        }
    }

    /// What [`Ours::new`] takes by default.
    pub(crate) const fn usual_worth() -> Duration {
        settings().per_cent_concealed
    }
}

const fn settings() -> Settings {
    let format = Format {
        clock: RATE,
        rate: RATE,
    };
    Settings::new(Policy::Play, format)
}

impl Contender for Ours {
    fn insert(&mut self, now: Moment, sent: &Sent) {
        self.buffer.insert(now, &sent.packet());
        let end = (sent.number as i64 + 1) * SAMPLES as i64;
        self.received = self.received.max(end);
    }

    fn pull(&mut self, now: Moment) -> Pulled {
        let mut frame = Frame::silence(RATE);
        let playout = self.buffer.pull(now, &mut self.decoder, &mut frame);
        let playout = playout.expect("a buffer towards a person always gives");
        let (before, after) = (self.before, self.buffer.statistics());
        self.before = after;
        let made_up = if playout.kind == PlayoutKind::Silence {
            SAMPLES as u64
        } else {
            after.concealed_samples - before.concealed_samples
        };
        let stretched = after.stretched_samples - before.stretched_samples;
        let shrunk = after.shrunk_samples - before.shrunk_samples;
        let position = self.received - RATE.samples_in(playout.level + ROUNDING) as i64;
        let heard = SAMPLES as i64 - made_up as i64 + shrunk as i64 - stretched as i64;
        let missing = position - self.played - heard;
        self.played = position;
        Pulled {
            position: (self.received > 0).then_some(position),
            made_up,
            missing: u64::try_from(missing).unwrap_or(0),
            stretched: stretched + shrunk,
        }
    }
}
