//! Decides which packets are lost.

use crate::profile::Loss;
use crate::random::SplitMix64;

/// One run of a [`Loss`].
#[derive(Clone, Debug)]
pub(crate) struct Losses {
    loss: Loss,
    /// The state of Gilbert and Elliott's network.
    bad: bool,
    random: SplitMix64,
}

impl Losses {
    pub(crate) const fn new(loss: Loss, random: SplitMix64) -> Self {
        Self {
            loss,
            bad: false,
            random,
        }
    }

    /// Whether the next packet is lost.
    pub(crate) fn takes_next(&mut self) -> bool {
        match self.loss {
            Loss::None => false,
            Loss::Uniform(share) => self.random.hits(share),
            Loss::GilbertElliott {
                decline,
                recovery,
                loss_in_good,
                loss_in_bad,
            } => {
                let (loss, change) = if self.bad {
                    (loss_in_bad, recovery)
                } else {
                    (loss_in_good, decline)
                };
                let lost = self.random.hits(loss);
                self.bad ^= self.random.hits(change);
                lost
            }
        }
    }
}
