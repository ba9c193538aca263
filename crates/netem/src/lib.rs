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
//! It does not model a bandwidth: packets do not delay each other, except that
//! none overtakes another while [`Order::Kept`] holds.
//!
//! Start reading at [`Network`], then [`Profile`], which says how a network
//! behaves, and [`Preset`], the profiles that have a name.

mod delay;
mod loss;
mod network;
mod parse;
mod preset;
mod profile;
mod random;
mod units;

pub use network::{IN_FLIGHT_LIMIT, Network, Statistics};
pub use parse::ParseProfileError;
pub use preset::Preset;
pub use profile::{Freezes, Jitter, Loss, Order, Profile};
pub use units::{Drift, Share};
