//! Calls, as their owner sees and steers them.

mod callee;
mod caller;
mod incoming;
mod machine;
mod outbox;
mod task;
mod transfer;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cause::EndCause;
use crate::config::TrunkConfig;
use crate::routing::is_plain_user;
use crate::sdp::RemoteMedia;

pub(crate) use self::callee::answer_invite;
pub(crate) use self::caller::{OutgoingCall, place};
pub use self::incoming::{AcceptError, IncomingCall};
pub use self::transfer::{TransferError, TransferOutcome};

/// Events that may wait for the owner of a call. When it is behind, further ones wait with the
/// call, where a newer one of a kind replaces the older; the end of a call is never lost.
pub(crate) const EVENTS: usize = 16;

/// Transfers that may wait for a call.
const TRANSFERS: usize = 1;

/// A call to place.
#[derive(Clone, Debug)]
pub struct OutboundCall {
    /// The number to call, in E.164 form (`+14155550123`), or any other user part that the
    /// trunk understands: letters, digits and `-_.!~*+#$`.
    pub number: String,
    /// The user part of From, in place of the one that the trunk has.
    pub caller_id: Option<String>,
    /// The trunk that it leaves through, in place of one of the endpoint's.
    pub trunk: Option<OwnTrunk>,
    /// Where our audio comes in.
    pub media: LocalMedia,
}

impl OutboundCall {
    /// A call through the endpoint's trunks, as they say who calls.
    pub const fn new(number: String, media: LocalMedia) -> Self {
        Self {
            number,
            caller_id: None,
            trunk: None,
            media,
        }
    }
}

/// A trunk that a call brings along.
#[derive(Clone, Debug)]
pub struct OwnTrunk {
    /// Its settings; the prefixes are not looked at.
    pub trunk: TrunkConfig,
    /// Whether there is another gateway to turn to: then a silent one is given up soon
    /// ([`SipConfig::gateway_timeout`](crate::SipConfig::gateway_timeout)).
    pub has_alternative: bool,
}

/// Our side of a call's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where RTP is received. An unspecified address stands for that of the interface that
    /// leads to the other side.
    ///
    /// RTCP is received there too once both sides agreed to that
    /// ([`Rtcp::Muxed`](crate::Rtcp::Muxed)), else at the port above, `address.port() + 1`:
    /// descriptions never name another. So the port of RTP is even and the one above it free.
    pub address: SocketAddr,
}

/// What happens to a call. Once it was answered, `Answered` precedes everything that depends on
/// it, and `Ended` is always the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// The other side works on it: 180 means that somebody is being alerted.
    Ringing {
        /// The provisional SIP status, 101 to 199.
        code: u16,
    },
    /// The other side plays audio before the answer, or changed it.
    EarlyMedia(RemoteMedia),
    /// The call is up.
    Answered(RemoteMedia),
    /// The other side changed the session: hold, resume, another codec or address. It is
    /// already agreed to.
    MediaChanged(RemoteMedia),
    /// What became of a transfer that [`CallHandle::transfer`] asked for.
    Transferred(TransferOutcome),
    /// The call is over.
    Ended(EndCause),
}

/// Hangs a call up, or transfers it. The call is also hung up when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct CallHandle {
    hang_up: Arc<HangUpOnDrop>,
    transfers: mpsc::Sender<String>,
}

#[derive(Debug)]
struct HangUpOnDrop(CancellationToken);

impl Drop for HangUpOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl CallHandle {
    pub(crate) fn new(token: CancellationToken, transfers: mpsc::Sender<String>) -> Self {
        Self {
            hang_up: Arc::new(HangUpOnDrop(token)),
            transfers,
        }
    }

    /// Ends the call: with a BYE when it was answered, with a CANCEL when it was not. Returns at
    /// once; `Ended` follows. A call that is over stays so.
    pub fn hangup(&self) {
        self.hang_up.0.cancel();
    }

    /// Asks the other side to call `target` instead of us, a number in E.164 form or any other
    /// user at its host (a blind transfer). Returns at once; `Transferred` follows, unless the call
    /// ends before. A call that is not up refuses it.
    ///
    /// # Errors
    /// [`TransferError`] when it cannot be asked for.
    pub fn transfer(&self, target: &str) -> Result<(), TransferError> {
        if !is_plain_user(target) {
            return Err(TransferError::InvalidTarget);
        }
        // overflow: refused
        let sent = self.transfers.try_send(target.to_owned());
        sent.map_err(|_| TransferError::Unavailable)
    }
}

/// Runs a call. One that panics takes nothing with it, and its owner is told.
pub(crate) fn spawn(
    tracker: &TaskTracker,
    events: mpsc::Sender<CallEvent>,
    call: impl Future<Output = ()> + Send + 'static,
) {
    tracker.spawn(async move {
        if AssertUnwindSafe(call).catch_unwind().await.is_err() {
            tracing::error!("the signalling of a call panicked; the call is lost");
            let detail = "the signalling of the call failed inside the node".to_owned();
            let ended = CallEvent::Ended(EndCause::ProtocolError { detail });
            // overflow: awaited
            let _ = events.send(ended).await;
        }
    });
}
