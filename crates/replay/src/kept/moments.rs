//! When the records of a bundle say that they were made: times that nobody could have measured
//! would keep a replay busy for ever.

use std::time::Duration;

use audio::Moment;
use engine::Patience;

/// No call that is kept lasts longer, and no node waits longer for anything.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The moments of a bundle so far.
#[derive(Debug, Default)]
pub(super) struct Moments {
    earliest: Option<Moment>,
    latest: Moment,
    ticked: Moment,
    told: Moment,
}

impl Moments {
    /// Something happened at `at`.
    pub(super) fn happens(&mut self, at: Moment) -> Result<(), String> {
        let earliest = self.earliest.map_or(at, |earliest| earliest.min(at));
        self.earliest = Some(earliest);
        self.latest = self.latest.max(at);
        if self.latest.since(earliest) > LONGEST {
            return Err("it lies more than 24 hours from another; no call is that long".to_owned());
        }
        Ok(())
    }

    /// The leg ticked at `at`.
    pub(super) fn ticks(&mut self, at: Moment) -> Result<(), String> {
        if at < self.ticked {
            return Err("the leg ticks earlier than the time before".to_owned());
        }
        self.ticked = at;
        self.happens(at)
    }

    /// The conversation was told something at `now`.
    pub(super) fn tells(&mut self, now: Moment) -> Result<(), String> {
        if now < self.told {
            return Err("the conversation is told it before what came before it".to_owned());
        }
        self.told = now;
        self.happens(now)
    }
}

/// Refuses a node that waits for days.
pub(super) fn within_reason(patience: &Patience) -> Result<(), String> {
    let Patience {
        longest_hold,
        longest_goodbye,
        longest_tool,
        voicemail_detection,
        voicemail_silence,
        longest_voicemail_greeting,
        last_words,
        last_goodbye,
    } = patience;
    let waits = [
        longest_hold,
        longest_goodbye,
        longest_tool,
        voicemail_detection,
        voicemail_silence,
        longest_voicemail_greeting,
        last_words,
        last_goodbye,
    ];
    match waits.into_iter().all(|wait| *wait <= LONGEST) {
        true => Ok(()),
        false => Err("no node waits for more than 24 hours".to_owned()),
    }
}
