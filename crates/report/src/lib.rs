//! What became of a call that was replayed, and how it is shown: as JSON, as a page to look at and
//! listen to, as JUnit XML for a continuous integration, and as text for a terminal.
//!
//! It never runs a call, reads no clock, and writes no file: it turns an [`Account`] into a string.
//! The words in an account are foreign data, and no form of it lets them be anything but words.
//! Start reading at [`Account`], then at [`html()`], [`junit()`] and [`text()`].

mod account;
mod change;
mod diff;
mod escape;
mod figure;
mod html;
mod junit;
mod text;
mod words;

pub use account::{
    Account, Decision, Expectation, Item, Latencies, Ledger, Quantiles, Span, Speaker, Speculation,
    Speech, Try, Turn, Verdict,
};
pub use change::{Changes, Exchange, Part, Source};
pub use diff::diff;
pub use html::{Call, html};
pub use junit::junit;
pub use text::{Colours, text};
