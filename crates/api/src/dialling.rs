//! The dialling queue at work: tasks are taken up at their time, calls placed, and what follows is
//! decided by the crate `dialling` and written down by the store.
//!
//! Start reading at [`run`]. `decide` makes of stored rows what the rules understand, `attempt`
//! makes one attempt, `work` carries out one that is no call, and `recovery` looks after attempts
//! whose node died.

mod attempt;
mod decide;
mod recovery;
mod runner;
mod work;

pub use runner::run;
pub(crate) use work::{Kind, TaskData, Undone};
