//! The leg of a call that was kept, fed with what its node noted.

use std::collections::BTreeMap;
use std::time::Duration;

use audio::{FRAME, Frame, Moment, SampleRate};
use engine::keeping::Record;
use jitter::{AdaptiveBuffer, Format};
use media::rtcp::{Cname, WallClock};
use media::{
    Background, ConnectError, Identity, LegCore, LegEnds, LegOptions, LegSetup, PlayoutFrame,
    Policy, PreparedConnection, Security, SegmentId,
};
use srtp::{Keys, Profile};

use super::read::{Bundle, LegStep, Sentence, Taken};

/// A leg without its network.
pub(super) struct KeptLeg<'a> {
    core: LegCore,
    pub(super) ends: LegEnds,
    steps: std::slice::Iter<'a, LegStep>,
    sentences: &'a BTreeMap<SegmentId, Sentence>,
    /// How many frames of each sentence were played.
    played: BTreeMap<SegmentId, usize>,
    /// Frames of a generation that is to come.
    early: Vec<Taken>,
    mouth: Mouth,
    /// The time of the step that was taken last, and of the last tick.
    now: Moment,
    ticked: Moment,
}

/// What a leg plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mouth {
    /// What was played in the call that was kept.
    Kept,
    /// What another agent says, over this background.
    Another(Option<Background>),
}

impl<'a> KeptLeg<'a> {
    pub(super) fn new(bundle: &'a Bundle, mouth: Mouth) -> Self {
        let (core, ends) = LegCore::new(setup(bundle, mouth));
        Self {
            core,
            ends,
            steps: bundle.leg.iter(),
            sentences: &bundle.sentences,
            played: BTreeMap::new(),
            early: Vec::new(),
            mouth,
            now: Moment::ZERO,
            ticked: bundle.began.now,
        }
    }

    /// When the next thing is due. Behind all that was noted the leg ticks on.
    pub(super) fn deadline(&self) -> Moment {
        let mut times = self.steps.as_slice().iter().filter_map(LegStep::time);
        times
            .next()
            .map_or(self.ticked + FRAME, |at| at.max(self.now))
    }

    /// Does what is due by `now`.
    pub(super) fn carry(&mut self, now: Moment) -> Result<(), ConnectError> {
        while self.deadline() <= now {
            if !self.advance()? {
                self.tick(self.ticked + FRAME);
            }
        }
        Ok(())
    }

    /// Has the leg take the next thing that went into it; whether there was one.
    pub(super) fn advance(&mut self) -> Result<bool, ConnectError> {
        let Some(step) = self.steps.next() else {
            return Ok(false);
        };
        self.now = step.time().unwrap_or(self.now).max(self.now);
        match step {
            LegStep::Connected(agreed) => {
                let (connection, start) = agreed.connection(stand_in);
                let prepared = Box::new(PreparedConnection::new(connection, start)?);
                self.core.connect(agreed.at(), prepared);
            }
            LegStep::Packet {
                at,
                from,
                report,
                packet,
            } => self
                .core
                .take_opened(*at, *from, Record::port(*report), packet),
            LegStep::Tick { at } => self.tick(*at),
            // They belong to a tick, which has taken them.
            LegStep::Fenced { .. } | LegStep::Taken(_) => {}
        }
        Ok(true)
    }

    fn tick(&mut self, at: Moment) {
        if self.mouth == Mouth::Kept {
            self.give_taken();
        }
        self.ticked = at;
        self.core.tick(at);
        self.core.poll_report(at);
    }

    /// Queues what the tick took that comes next.
    fn give_taken(&mut self) {
        let mut taken = std::mem::take(&mut self.early);
        for step in self.steps.as_slice() {
            match step {
                LegStep::Fenced { generation } => {
                    while self.ends.playout.generation().number() < *generation {
                        self.ends.playout.interrupt();
                    }
                }
                LegStep::Taken(frame) => taken.push(*frame),
                LegStep::Connected(_) | LegStep::Packet { .. } | LegStep::Tick { .. } => break,
            }
        }
        for frame in taken {
            self.give(frame);
        }
    }

    /// Queues a frame for the tick that took it.
    fn give(&mut self, taken: Taken) {
        let generation = self.ends.playout.generation();
        if taken.generation > generation.number() {
            self.early.push(taken);
            return;
        }
        let Some(rate) = self.ends.playout.rate() else {
            return;
        };
        let place = self.played.entry(taken.segment).or_default();
        let sentence = self.sentences.get(&taken.segment);
        let frame = sentence.map_or_else(
            || Frame::silence(rate),
            |sentence| sentence.frame(*place, rate),
        );
        *place += 1;
        // A frame that is refused is missing in what was played, which is compared.
        let _ = self.ends.playout.push(PlayoutFrame {
            generation,
            segment: taken.segment,
            last: taken.last,
            frame,
        });
    }
}

impl LegStep {
    /// When it went into the leg; `None` for what belongs to the tick before it.
    const fn time(&self) -> Option<Moment> {
        match self {
            Self::Connected(agreed) => Some(agreed.at()),
            Self::Packet { at, .. } | Self::Tick { at } => Some(*at),
            Self::Fenced { .. } | Self::Taken(_) => None,
        }
    }
}

impl Sentence {
    /// The silence before it.
    pub(crate) fn silence(&self) -> Duration {
        FRAME * u32::try_from(self.lead).unwrap_or(0)
    }

    /// The frame at this place, filled up with silence.
    fn frame(&self, place: usize, rate: SampleRate) -> Frame {
        let mut frame = Frame::silence(rate);
        let length = rate.samples_in(FRAME);
        let spoken = place.checked_sub(self.lead);
        let start = spoken.and_then(|place| place.checked_mul(length));
        let samples = start.and_then(|start| self.samples.get(start..));
        let places = frame.samples_mut().iter_mut();
        for (place, sample) in places.zip(samples.unwrap_or_default()) {
            *place = *sample;
        }
        frame
    }
}

fn setup(bundle: &Bundle, mouth: Mouth) -> LegSetup {
    let opened = &bundle.opened;
    let format = Format {
        clock: opened.widest,
        rate: opened.widest,
    };
    let buffering = jitter::Settings {
        ceiling: opened.ceiling,
        capacity: opened.waiting_packets,
        payload_bytes: opened.waiting_octets,
        ..jitter::Settings::new(Policy::Listen, format)
    };
    LegSetup {
        options: LegOptions {
            widest: opened.widest,
            record: true,
            policy: Policy::Listen,
            inband_digits: opened.inband_digits,
            background: match mouth {
                Mouth::Kept => opened.background,
                Mouth::Another(background) => background,
            },
        },
        // Name and time of day are in reports alone, which go nowhere.
        identity: Identity {
            cname: Cname::new([0; 12]),
            wall_clock: WallClock::new(bundle.began.now, Duration::ZERO),
            seed: opened.seed,
        },
        no_rtp_timeout: opened.no_rtp_timeout,
        buffer: Box::new(AdaptiveBuffer::new(buffering)),
    }
}

/// Keys that stand for those of these numbers. Nothing is opened with them, and what they seal
/// goes nowhere; they only tell when keys change.
fn stand_in((send, receive): (usize, usize)) -> Security {
    let profile = Profile::AeadAes128Gcm;
    let keys = |number: usize| {
        let octets = number.to_be_bytes().into_iter().cycle();
        let octets: Vec<u8> = octets.take(profile.key_and_salt_length()).collect();
        Keys::new(profile, &octets).expect("the length is the profile's own")
    };
    Security {
        send: keys(send),
        receive: keys(receive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_comes_in_frames_behind_its_silence_and_filled_up_at_its_end() {
        let sentence = Sentence {
            lead: 1,
            asked: Moment::ZERO,
            samples: vec![5; 200],
        };
        let frame = |place| {
            sentence
                .frame(place, SampleRate::HZ_8000)
                .samples()
                .to_vec()
        };
        assert_eq!(frame(0), [0; 160]);
        assert_eq!(frame(1), [5; 160]);
        assert_eq!(frame(2)[39..41], [5, 0]);
        assert_eq!(frame(3), [0; 160]);
        assert_eq!(frame(usize::MAX), [0; 160]);
    }

    #[test]
    fn stand_ins_are_the_same_only_for_the_same_number() {
        assert_eq!(stand_in((1, 2)), stand_in((1, 2)));
        assert_ne!(stand_in((1, 2)), stand_in((1, 3)));
    }
}
