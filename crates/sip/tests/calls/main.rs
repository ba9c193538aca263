//! Calls against SIPp, an independent SIP implementation, and against our own other end.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod agreement;
mod inbound;
mod many;
mod outbound;
mod races;
mod raw;
mod refusals;
mod support;
mod transfers;
