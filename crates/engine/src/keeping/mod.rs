//! What is kept of a call, so that it can be run again: all that went into its leg and into its
//! conversation, all that the conversation ordered, and what its sentences sounded like.
//!
//! The order in which a live call learns of things cannot be told from its packets alone, so the
//! conversation's inputs are kept beside them, each with its time, in the order in which they
//! came. No key and no secret is kept. Nothing here runs a call; `bundle` is the form of the file.
//!
//! Start reading at [`Record`]. `LoggedDialogue` writes what a live call is told, `Keeper` what its
//! leg notes, on the recording thread.

mod agreed;
mod effect;
mod input;
mod keeper;
mod log;
mod logged;
mod record;

pub use agreed::{Agreed, Formats};
pub use effect::{Did, fingerprint, fingerprint_of};
pub use input::{Input, Reason};
pub use record::{Ended, Opened, Record, Side};

pub(crate) use input::Reasons;
pub(crate) use keeper::{Keeper, keeper};
pub(crate) use log::Log;
pub(crate) use logged::LoggedDialogue;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// Where calls are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// The folder; created if missing.
    pub folder: PathBuf,
    /// How much of it stays.
    pub limits: bundle::Limits,
}

impl Shelf {
    /// Makes the folder, for the node's own user alone, and takes out of it what is too much.
    pub(crate) fn open(&self) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        bundle::clear_out(&self.folder, self.limits, SystemTime::now()).map(drop)
    }
}
