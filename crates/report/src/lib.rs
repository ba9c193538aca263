//! What became of a call that was replayed, and how it is shown: as JSON.
//!
//! It never runs a call and reads no clock. Start reading at [`Account`].

mod account;

pub use account::{
    Account, Expectation, Item, Latencies, Ledger, Quantiles, Speaker, Speculation, Turn,
};
