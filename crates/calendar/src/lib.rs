//! Calendars without I/O: when a schedule has a free slot, and what may be booked, moved and
//! cancelled.
//!
//! Opening hours are times of day in a [`Zone`]; they become [`Interval`]s of instants once, in
//! [`Availability::open`], so that the days on which a zone's clocks change need no further
//! thought. All that is decided is decided of instants, with `now` as an argument. It never reads
//! a clock, and knows nothing of where bookings are kept or who asks for them.
//!
//! Start reading at [`Agenda`]; what an agent does with several of them is in [`wish`].

mod agenda;
mod alternatives;
mod approval;
mod availability;
mod cancelling;
mod desk;
mod hours;
mod interval;
mod lapse;
mod moving;
mod telling;
mod wording;
mod zone;

pub use agenda::{Agenda, Refusal};
pub use alternatives::{Priority, Suggestions, alternatives};
pub use approval::Approval;
pub use availability::{Availability, Exception, Pattern};
pub use cancelling::{CancelRefusal, Cancelling};
pub use desk::{
    CancelWish, Counter, Days, MoveWish, SlotRules, Wish, find_slots, read_time, wish,
    wish_to_cancel, wish_to_move,
};
pub use hours::{OpenHours, Week};
pub use interval::{Interval, Intervals};
pub use lapse::Lapse;
pub use moving::{Move, MovePolicy, Moving};
pub use telling::{tell_cancel_refusal, tell_refusal, tell_slots, tell_time};
pub use zone::{LocalTimeError, Zone};
