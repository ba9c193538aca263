//! Where the time that a stage takes on a virtual clock comes from. What the embedded stages of
//! speech take is stated in [`speech::stated`].

use std::time::Duration;

/// Where the time that a stage takes comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Timing {
    /// From a stated model: the same on every run.
    #[default]
    Modelled,
    /// From the clock on the wall, while the stage works: two runs are never quite the same.
    Measured,
}

/// The time from the request to the offline responder until its words are there.
pub(crate) const FIRST_WORDS: Duration = Duration::from_millis(5);

/// The time that a tool takes, which is not really used.
pub(crate) const TOOL: Duration = Duration::from_millis(200);
