//! A network that loses, delays, reorders, repeats and holds back packets, for
//! tests and measurements of what must live with that.
//!
//! It opens no socket, reads no clock and knows nothing of what a packet holds:
//! packets and the time come in as arguments, the packets that have arrived come
//! out. One [`Profile`] and one seed give the same result on every machine and
//! with every version of the dependencies: the random numbers are the crate's
//! own, and whatever is computed from them needs only integers and the basic
//! operations on `f64`, which IEEE 754 defines to the last bit.
//!
//! Losses and delays are modelled, or follow a [`Trace`] of what packets went through
//! somewhere: `trace=FILE` in the text of a profile. The crate comes with models only:
//! there is no trace in it. Reading one from a file is all that it does with the file system.
//!
//! Start reading at [`Network`], then [`Profile`], which says how a network
//! behaves, and [`Preset`], the profiles that have a name.

mod bottleneck;
mod delay;
mod loss;
mod network;
mod parse;
mod preset;
mod profile;
mod random;
mod trace;
mod units;

pub use bottleneck::{Bottleneck, CrossTraffic};
pub use network::{IN_FLIGHT_LIMIT, Network, Statistics, USUAL_SIZE};
pub use parse::ParseProfileError;
pub use preset::Preset;
pub use profile::{Freezes, Jitter, Loss, Order, Profile};
pub use trace::{Passage, ReadTraceError, Trace};
pub use units::{BitRate, Drift, Share};
