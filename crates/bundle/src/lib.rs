//! The file that a call is kept in: a first line that names the format and its version, then
//! records one after the other, then a mark that says that nothing is missing.
//!
//! The first line is `mihu call bundle, version 2` and a line feed. A record is two lengths of four
//! octets, most significant first, then a head and a body of so many octets; a head is never empty.
//! The mark is eight octets of zero, with which the file ends. [`Writer`] writes beside the place
//! of the file, flushes when it is told to, and puts the file in its place when it is whole.
//! [`Reader`] takes foreign octets: it looks at nothing before the version is known, and holds no
//! more memory than there are octets.
//!
//! What the records mean is not known here. Start reading at [`Writer`].

mod folder;
mod reader;
mod writer;

pub use folder::{Limits, clear_out};
pub use reader::{ReadError, Reader};
pub use writer::Writer;

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 2;

/// Octets that the head of a record has at most.
pub const LONGEST_HEAD: usize = 8 * 1024 * 1024;

/// Octets that the body of a record has at most.
pub const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// How the first line begins; the version and a line feed follow.
const TITLE: &str = "mihu call bundle, version ";

/// Ending of the names of whole files.
const ENDING: &str = "mihu";

/// Ending of the names of files that are being written.
const UNFINISHED: &str = "mihu-part";

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What it says.
    pub head: Vec<u8>,
    /// The octets that it says it of; often none.
    pub body: Vec<u8>,
}
