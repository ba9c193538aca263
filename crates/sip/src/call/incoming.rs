//! A call that asks to be taken.

use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::callee::Decision;
use super::{CallEvent, CallHandle, LocalMedia};
use crate::StatusCode;
use crate::sdp::RemoteMedia;

/// Somebody calls. Dropping it undecided answers 480.
#[derive(Debug)]
pub struct IncomingCall {
    /// The user part of the request URI: whom they call.
    pub agent: String,
    /// The user part of From, or its host where it has no user: who they say they are.
    pub from: String,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// What taking the call will agree on; `None` where the caller leaves the offer to us.
    pub offered: Option<RemoteMedia>,
    pub(super) decide: mpsc::Sender<Decision>,
    pub(super) events: mpsc::Receiver<CallEvent>,
    pub(super) hangup: CancellationToken,
    pub(super) withdrawn: CancellationToken,
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
        // overflow: dropped; a caller who heard three of them knows
        let _ = self.decide.try_send(Decision::Ring);
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
        let handle = CallHandle::new(self.hangup);
        let (taken, result) = oneshot::channel();
        // overflow: awaited
        let sent = self.decide.send(Decision::Accept { media, taken }).await;
        sent.map_err(|_| AcceptError::Withdrawn)?;
        result.await.map_err(|_| AcceptError::Withdrawn)??;
        Ok((handle, self.events))
    }

    /// Refuses the call.
    pub fn reject(self, status: StatusCode) {
        // overflow: the call is refused with 480 instead, when this is dropped
        let _ = self.decide.try_send(Decision::Decline {
            code: status.as_u16(),
        });
    }
}
