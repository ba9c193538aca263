//! The buffer itself: the receiving side and a policy behind the border.

use audio::{Frame, Moment, SequenceNumber};

use crate::border::{
    Decoder, Format, Insertion, Packet, Playout, PlayoutBuffer, PlayoutKind, Statistics,
};
use crate::listen::Listen;
use crate::play::Play;
use crate::reception::Reception;
use crate::settings::{Policy, Settings};

/// A [`PlayoutBuffer`] that adapts to the network.
#[derive(Debug)]
pub struct AdaptiveBuffer {
    settings: Settings,
    reception: Reception,
    policy: Behaviour,
    /// The time of the newest frame.
    until: Moment,
}

/// A policy at work.
#[derive(Debug)]
enum Behaviour {
    Listen(Listen),
    Play(Play),
}

impl Behaviour {
    fn new(settings: &Settings) -> Self {
        match settings.policy {
            Policy::Listen => Self::Listen(Listen::new(settings.format)),
            Policy::Play => Self::Play(Play::new(settings.format)),
        }
    }

    fn level(&self, rx: &Reception) -> i64 {
        match self {
            Self::Listen(listen) => listen.level(rx),
            Self::Play(play) => play.level(rx),
        }
    }
}

impl AdaptiveBuffer {
    /// An empty buffer. This is the last time it allocates.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            reception: Reception::new(&settings),
            policy: Behaviour::new(&settings),
            until: Moment::ZERO,
        }
    }
}

impl PlayoutBuffer for AdaptiveBuffer {
    fn insert(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion {
        let played = match &self.policy {
            Behaviour::Listen(_) => None,
            Behaviour::Play(play) => play.played(),
        };
        let insertion = self.reception.insert(now, packet, played);
        if insertion == Insertion::Restarted {
            match &mut self.policy {
                Behaviour::Listen(listen) => listen.restart(),
                Behaviour::Play(play) => play.restart(),
            }
        }
        insertion
    }

    fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber) {
        let idle = match &self.policy {
            Behaviour::Listen(listen) => listen.is_idle(),
            Behaviour::Play(play) => play.is_idle(),
        };
        self.reception.pass_over(ssrc, sequence, idle);
    }

    fn pull(&mut self, now: Moment, decoder: &mut dyn Decoder, out: &mut Frame) -> Option<Playout> {
        let rx = &mut self.reception;
        out.set_len(Frame::silence(self.settings.format.rate).len());
        let kind = match &mut self.policy {
            Behaviour::Listen(listen) => {
                let (kind, until) = listen.pull(rx, now, decoder, out.samples_mut())?;
                self.until = self.until.max(until);
                kind
            }
            Behaviour::Play(play) => {
                let (kind, position) = play.pull(rx, now, decoder, out.samples_mut());
                if let Some(position) = position {
                    self.until = self.until.max(rx.arrivals.ideal(position - rx.packet));
                }
                kind
            }
        };
        let level = rx.scale.duration(self.policy.level(rx));
        let target = rx.arrivals.target();
        let statistics = &mut rx.statistics;
        match kind {
            PlayoutKind::Decoded => statistics.decoded_frames += 1,
            PlayoutKind::Concealed => statistics.concealed_frames += 1,
            PlayoutKind::Silence => statistics.silent_frames += 1,
        }
        statistics.level = level;
        statistics.target = target;
        Some(Playout {
            kind,
            until: self.until,
            level,
        })
    }

    fn statistics(&self) -> Statistics {
        let statistics = self.reception.statistics;
        let left_out = statistics.shrunk_samples + statistics.skipped_samples;
        let frame = Frame::silence(self.settings.format.rate).len() as u64;
        Statistics {
            skipped_frames: left_out / frame.max(1),
            ..statistics
        }
    }

    fn reset(&mut self, format: Format) {
        self.settings.format = format;
        self.reception.reset(format);
        match &mut self.policy {
            Behaviour::Listen(listen) => listen.reset(format),
            Behaviour::Play(play) => play.reset(format),
        }
    }
}
