//! Asking the other side to call somebody else in place of us.

/// What became of a transfer that the other side was asked for (RFC 5589 §6, RFC 3515).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// The third party answered. Nothing is left for us but to hang up.
    Completed,
    /// The other side agreed and hung up before it said what came of it.
    Accepted,
    /// The other side did not agree. The call goes on.
    Refused {
        /// The final SIP status of the REFER: 300 to 699, 408 when there was none.
        code: u16,
    },
    /// The other side agreed, and the third party could not be had. The call goes on.
    Failed {
        /// The final SIP status of their call, 300 to 699.
        code: u16,
    },
    /// The other side agreed and said nothing more in time. The call goes on.
    Unreported,
}

/// A transfer could not even be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The target cannot stand in a SIP URI.
    #[error("nobody can be reached under this name: expected letters, digits and -_.!~*+#$")]
    InvalidTarget,
    /// The call is over, or another transfer of it waits.
    #[error("the call takes no transfer now")]
    Unavailable,
}
