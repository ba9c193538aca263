//! Asking the other side to call somebody else: REFER, and the reports of what came of it
//! (RFC 3515).

use audio::Moment;

use super::{Effect, Machine, Reply, State};
use crate::call::CallEvent;
use crate::call::transfer::TransferOutcome;

/// A transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    /// Whether the other side has agreed to it.
    pub(super) accepted: bool,
    /// When it is given up.
    pub(super) deadline: Moment,
}

/// Where a REFER stands that is answered at once by our own side.
const NOT_NOW: u16 = 491;

impl Machine {
    /// Asks the other side to call `target` instead of us.
    pub(in crate::call) fn transfer(&mut self, now: Moment, target: String) -> Vec<Effect> {
        if self.state != State::Established || self.transfer.is_some() {
            let outcome = TransferOutcome::Refused { code: NOT_NOW };
            return vec![Effect::Emit(CallEvent::Transferred(outcome))];
        }
        self.transfer = Some(Transfer {
            accepted: false,
            deadline: now + self.limits.transfer,
        });
        vec![Effect::SendRefer(target)]
    }

    /// The final response to our REFER; 408 when there was none.
    pub(in crate::call) fn transfer_answered(&mut self, code: u16) -> Vec<Effect> {
        let Some(transfer) = &mut self.transfer else {
            return Vec::new();
        };
        if (200..300).contains(&code) {
            transfer.accepted = true;
            return Vec::new();
        }
        // A report that came before means that it was agreed to all the same.
        if transfer.accepted {
            return Vec::new();
        }
        self.transferred(TransferOutcome::Refused { code })
    }

    /// A NOTIFY of the subscription that a REFER makes, with the status in it where it has one.
    /// One of those may overtake the response to the REFER.
    pub(in crate::call) fn notified(&mut self, status: Option<u16>) -> Vec<Effect> {
        let Some(transfer) = &mut self.transfer else {
            return vec![Effect::Respond(Reply::bare(481))];
        };
        transfer.accepted = true;
        let mut effects = vec![Effect::Respond(Reply::bare(200))];
        match status {
            Some(200..300) => effects.extend(self.transferred(TransferOutcome::Completed)),
            Some(code @ 300..) => {
                effects.extend(self.transferred(TransferOutcome::Failed { code }))
            }
            Some(_) | None => {}
        }
        effects
    }

    /// The other side hung up: where it had agreed to a transfer, that was to carry it out.
    pub(super) fn transferred_away(&mut self) -> Vec<Effect> {
        match self.transfer.take() {
            Some(Transfer { accepted: true, .. }) => self.transferred(TransferOutcome::Accepted),
            Some(Transfer {
                accepted: false, ..
            })
            | None => Vec::new(),
        }
    }

    /// The time for a transfer may be up.
    pub(super) fn transfer_tick(&mut self, now: Moment) -> Vec<Effect> {
        let Some(transfer) = self.transfer.filter(|transfer| transfer.deadline <= now) else {
            return Vec::new();
        };
        self.transferred(if transfer.accepted {
            TransferOutcome::Unreported
        } else {
            TransferOutcome::Refused { code: 408 }
        })
    }

    fn transferred(&mut self, outcome: TransferOutcome) -> Vec<Effect> {
        self.transfer = None;
        vec![Effect::Emit(CallEvent::Transferred(outcome))]
    }
}
