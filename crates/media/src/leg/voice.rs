//! What the far end hears of the agent: its audio, and the sound of a place under it.

use audio::ambience::{Ducking, Mixer};
use audio::{Frame, Moment, SampleRate};

use crate::config::Background;
use crate::feed::FeedSender;
use crate::leg::player::Player;
use crate::recording::RecordingSender;

/// The agent's side of a leg.
pub(crate) struct Voice {
    pub(crate) player: Player,
    background: Option<Background>,
    mixer: Option<Mixer>,
    recording: Option<RecordingSender>,
}

/// 20 ms of it, at the leg's rate.
pub(crate) struct Utterance {
    pub(crate) frame: Frame,
    /// Whether there is nothing in it at all.
    pub(crate) silent: bool,
}

impl Voice {
    pub(crate) fn new(
        player: Player,
        background: Option<Background>,
        recording: Option<RecordingSender>,
    ) -> Self {
        Self {
            player,
            background,
            mixer: None,
            recording,
        }
    }

    /// Begins the background, if there is one and it has not begun; `seed` decides
    /// where in it.
    pub(crate) fn begin(&mut self, rate: SampleRate, seed: u64) {
        if let (None, Some(background)) = (&self.mixer, self.background) {
            let bed = background.ambience.bed(rate);
            self.mixer =
                bed.map(|bed| Mixer::new(bed, background.volume, Ducking::default(), seed));
        }
    }

    /// The 20 ms that are sent from `at` on.
    pub(crate) fn next(&mut self, at: Moment, feed: &mut FeedSender) -> Utterance {
        let mut frame = Frame::silence(self.player.rate());
        let speaks = !feed.is_behind() && self.player.play(at, &mut frame, feed);
        if let Some(mixer) = &mut self.mixer {
            mixer.mix(frame.samples_mut(), speaks);
        }
        let silent = !speaks && self.mixer.is_none();
        if let Some(recording) = &self.recording
            && !silent
        {
            recording.played(at, &frame);
        }
        Utterance { frame, silent }
    }
}
