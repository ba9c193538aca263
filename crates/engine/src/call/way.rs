//! The ways that an outbound call may leave by, one after the other.

use sip::{EndCause, LocalMedia, OutboundCall, OwnTrunk, TrunkConfig};

use crate::control::PlaceCall;

/// One way out.
#[derive(Clone, Debug)]
pub(super) struct Way {
    caller_id: Option<String>,
    /// A trunk of the call's own; those of the node otherwise.
    trunk: Option<TrunkConfig>,
}

/// The ways of a call, in the order in which they are tried; at least one.
pub(super) fn ways(request: &PlaceCall) -> Vec<Way> {
    let Some(carrier) = &request.carrier else {
        return vec![Way {
            caller_id: None,
            trunk: None,
        }];
    };
    let caller_id = Some(carrier.caller_id.clone());
    if carrier.gateways.is_empty() {
        let trunk = None;
        return vec![Way { caller_id, trunk }];
    }
    let trunk = |gateway: &String| {
        let (username, password) = carrier.credentials.clone().unzip();
        TrunkConfig {
            username,
            password,
            ..TrunkConfig::new(gateway, gateway)
        }
    };
    let ways = carrier.gateways.iter().map(|gateway| Way {
        caller_id: caller_id.clone(),
        trunk: Some(trunk(gateway)),
    });
    ways.collect()
}

/// Whether another gateway may take a call that came to this: one that could not be reached, or
/// that failed itself (RFC 3263 §4.3). What the called party or the network decided stays.
pub(super) const fn is_for_the_next(cause: &EndCause) -> bool {
    matches!(
        cause,
        EndCause::Unreachable { .. }
            | EndCause::Rejected {
                code: 500..=599,
                ..
            }
    )
}

impl Way {
    /// The call to `number` by this way.
    pub(super) fn call(self, number: &str, media: LocalMedia, is_last: bool) -> OutboundCall {
        OutboundCall {
            caller_id: self.caller_id,
            trunk: self.trunk.map(|trunk| OwnTrunk {
                trunk,
                has_alternative: !is_last,
            }),
            ..OutboundCall::new(number.to_owned(), media)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_gateway_that_failed_itself_is_passed_over() {
        let rejected = |code| EndCause::Rejected {
            code,
            reason: String::new(),
        };
        let unreachable = EndCause::Unreachable {
            code: 408,
            reason: String::new(),
        };
        for cause in [unreachable, rejected(500), rejected(503)] {
            assert!(is_for_the_next(&cause), "{cause}");
        }
        for cause in [
            EndCause::Busy { code: 486 },
            EndCause::NoAnswer,
            EndCause::Cancelled,
            EndCause::AuthenticationFailed { code: 401 },
            rejected(403),
            rejected(404),
            rejected(603),
        ] {
            assert!(!is_for_the_next(&cause), "{cause}");
        }
    }
}
