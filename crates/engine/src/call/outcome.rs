use sip::EndCause;

use super::drive::Cause;
use super::failed;
use crate::dialogue::forwarding::PASSED_ON;
use crate::event::{CallReport, CallStatus};

/// The report of a call that was never answered.
pub(super) fn before_answer(cause: &EndCause) -> CallReport {
    CallReport {
        status: unanswered_status(cause),
        sip_code: cause.sip_code(),
        ..failed(cause.to_string())
    }
}

/// Status, SIP code and reason of a call that was answered.
pub(super) fn after_answer(cause: &Cause) -> (CallStatus, Option<u16>, String) {
    match cause {
        Cause::HungUp(PASSED_ON) => (CallStatus::Forwarded, None, PASSED_ON.to_owned()),
        Cause::HungUp(reason) => (CallStatus::Completed, None, (*reason).to_owned()),
        Cause::Vanished => (
            CallStatus::TimedOut,
            None,
            "no more audio arrived from the far end".to_owned(),
        ),
        Cause::MediaFailed => (
            CallStatus::Failed,
            None,
            "the call's media failed inside the node".to_owned(),
        ),
        Cause::Broken(part) => (
            CallStatus::Failed,
            None,
            format!("the call's {part} broke inside the node"),
        ),
        Cause::Signalling(cause) => (answered_status(cause), cause.sip_code(), cause.to_string()),
    }
}

fn answered_status(cause: &EndCause) -> CallStatus {
    match cause {
        EndCause::RemoteHangup | EndCause::LocalHangup => CallStatus::Completed,
        EndCause::TimedOut | EndCause::Unreachable { .. } | EndCause::NoAnswer => {
            CallStatus::TimedOut
        }
        EndCause::Busy { .. }
        | EndCause::Rejected { .. }
        | EndCause::Cancelled
        | EndCause::AuthenticationFailed { .. }
        | EndCause::ProtocolError { .. } => CallStatus::Failed,
    }
}

fn unanswered_status(cause: &EndCause) -> CallStatus {
    match cause {
        EndCause::Busy { .. } => CallStatus::Busy,
        // Gone, unknown, temporarily unavailable, incomplete address: RFC 3261 §21.4.
        EndCause::Rejected {
            code: 404 | 410 | 480 | 484 | 604,
            ..
        } => CallStatus::Unreachable,
        EndCause::Rejected { .. } => CallStatus::Rejected,
        EndCause::NoAnswer => CallStatus::NoAnswer,
        EndCause::Unreachable { .. } => CallStatus::Unreachable,
        EndCause::TimedOut => CallStatus::TimedOut,
        EndCause::Cancelled | EndCause::LocalHangup | EndCause::RemoteHangup => {
            CallStatus::Cancelled
        }
        EndCause::AuthenticationFailed { .. } | EndCause::ProtocolError { .. } => {
            CallStatus::Failed
        }
    }
}
