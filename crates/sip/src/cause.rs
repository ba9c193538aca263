//! How a call ended.

/// Why a call is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndCause {
    /// The other side hung up an answered call.
    #[error("the other side hung up")]
    RemoteHangup,
    /// We hung up an answered call.
    #[error("hung up")]
    LocalHangup,
    /// The called party is busy.
    #[error("busy (SIP {code})")]
    Busy {
        /// 486 or 600.
        code: u16,
    },
    /// The called party or its network refused the call.
    #[error("rejected: SIP {code} {reason}")]
    Rejected {
        /// The final SIP status, 300 to 699.
        code: u16,
        /// The reason phrase as received.
        reason: String,
    },
    /// Nobody answered in time.
    #[error("not answered in time")]
    NoAnswer,
    /// The other side could not be reached at all.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// 408 when nothing came back, 503 when the transport failed (RFC 3261 §8.1.3.1).
        code: u16,
        /// What was tried and what came of it.
        reason: String,
    },
    /// The other side stopped answering signalling after the call was accepted.
    #[error("the other side no longer answers signalling")]
    TimedOut,
    /// The caller gave up before the call was answered, whichever side that was.
    #[error("cancelled before it was answered")]
    Cancelled,
    /// The trunk did not accept our credentials, or we have none for it.
    #[error("authentication failed (SIP {code}): check the trunk's username and password")]
    AuthenticationFailed {
        /// 401 or 407.
        code: u16,
    },
    /// The other side said something that no call can be built on.
    #[error("protocol error: {detail}")]
    ProtocolError {
        /// What was expected and what came instead.
        detail: String,
    },
}

impl EndCause {
    /// The SIP status that stands for this end, where one does.
    pub const fn sip_code(&self) -> Option<u16> {
        match self {
            Self::Busy { code }
            | Self::Rejected { code, .. }
            | Self::Unreachable { code, .. }
            | Self::AuthenticationFailed { code } => Some(*code),
            Self::NoAnswer | Self::TimedOut => Some(408),
            Self::Cancelled => Some(487),
            Self::RemoteHangup | Self::LocalHangup | Self::ProtocolError { .. } => None,
        }
    }

    /// What a final response to our INVITE means.
    pub(crate) fn of_response(code: u16, reason: &str) -> Self {
        match code {
            401 | 407 => Self::AuthenticationFailed { code },
            408 => Self::NoAnswer,
            486 | 600 => Self::Busy { code },
            _ => Self::Rejected {
                code,
                reason: reason.to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_of_final_responses_has_its_cause() {
        let of = |code| EndCause::of_response(code, "why");
        let rejected = |code| EndCause::Rejected {
            code,
            reason: "why".to_owned(),
        };
        assert_eq!(of(486), EndCause::Busy { code: 486 });
        assert_eq!(of(600), EndCause::Busy { code: 600 });
        assert_eq!(of(401), EndCause::AuthenticationFailed { code: 401 });
        assert_eq!(of(407), EndCause::AuthenticationFailed { code: 407 });
        assert_eq!(of(408), EndCause::NoAnswer);
        for code in [302, 403, 404, 480, 484, 487, 488, 500, 503, 603, 604] {
            assert_eq!(of(code), rejected(code));
            assert_eq!(of(code).sip_code(), Some(code));
        }
    }
}
