//! A call that asks to be taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::callee::Decision;
use super::{CallEvent, CallHandle, LocalMedia};
use crate::StatusCode;
use crate::sdp::RemoteMedia;
use crate::stack::Counters;

/// Somebody calls. Dropping it undecided answers 480.
#[derive(Debug)]
pub struct IncomingCall {
    /// The user part of the request URI: whom they call.
    pub agent: String,
    /// The user part of To, where it has one: whom they called in the first place.
    pub to: Option<String>,
    /// The user part of From, or its host where it has no user: who they say they are.
    pub from: String,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// What taking the call will agree on; `None` where the caller leaves the offer to us.
    pub offered: Option<RemoteMedia>,
    pub(super) decide: mpsc::Sender<Decision>,
    pub(super) events: mpsc::Receiver<CallEvent>,
    pub(super) hangup: CancellationToken,
    pub(super) transfer: mpsc::Sender<String>,
    pub(super) withdrawn: CancellationToken,
    pub(super) counters: Arc<Counters>,
}

/// The call could not be taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// The caller gave up, or the endpoint is shutting down.
    #[error("the caller gave up before the call was answered")]
    Withdrawn,
    /// No answer can be made to the caller's offer from where the audio comes in.
    #[error("the caller's offer has no address of the IP version of our media")]
    Unusable,
}

impl IncomingCall {
    /// Tells the caller that somebody is being alerted (180).
    pub fn ringing(&self) {
        // overflow: dropped, counted; a caller who heard three of them knows
        self.decide(Decision::Ring);
    }

    /// Waits until the caller gives up. May be cancelled.
    pub async fn withdrawn(&self) {
        self.withdrawn.cancelled().await;
    }

    /// Takes the call (200). Where the caller made an offer, `Answered` is the first event;
    /// where the offer is ours to make, it follows when the caller answered it.
    ///
    /// # Errors
    /// [`AcceptError`] when there is no call to take any more.
    pub async fn accept(
        self,
        media: LocalMedia,
    ) -> Result<(CallHandle, mpsc::Receiver<CallEvent>), AcceptError> {
        let handle = CallHandle::new(self.hangup, self.transfer);
        let (taken, result) = oneshot::channel();
        // overflow: awaited
        let sent = self.decide.send(Decision::Accept { media, taken }).await;
        sent.map_err(|_| AcceptError::Withdrawn)?;
        result.await.map_err(|_| AcceptError::Withdrawn)??;
        Ok((handle, self.events))
    }

    /// Refuses the call.
    pub fn reject(self, status: StatusCode) {
        // overflow: dropped, counted; the call is refused with 480 instead
        self.decide(Decision::Decline {
            code: status.as_u16(),
        });
    }

    fn decide(&self, decision: Decision) {
        if let Err(TrySendError::Full(_)) = self.decide.try_send(decision) {
            let dropped = &self.counters.decisions_dropped;
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_that_nobody_takes_in_time_are_dropped_and_counted() {
        let (decide, mut decisions) = mpsc::channel(2);
        let counters = Arc::<Counters>::default();
        let call = IncomingCall {
            agent: String::new(),
            to: None,
            from: String::new(),
            source: SocketAddr::from(([127, 0, 0, 1], 5060)),
            offered: None,
            decide,
            events: mpsc::channel(1).1,
            hangup: CancellationToken::new(),
            transfer: mpsc::channel(1).0,
            withdrawn: CancellationToken::new(),
            counters: Arc::clone(&counters),
        };
        for _ in 0..4 {
            call.ringing();
        }
        call.reject(StatusCode::BUSY_HERE);
        let taken = std::iter::from_fn(|| decisions.try_recv().ok()).count();
        let dropped = counters.decisions_dropped.load(Ordering::Relaxed);
        assert_eq!((taken, dropped), (2, 3));
    }
}
