//! The input is a file in which a call was kept, read as a replay reads it.

use std::path::Path;

use replay::Bundle;

use crate::Verdict;

pub(crate) fn run(input: &[u8]) -> Verdict {
    Verdict::of(Bundle::read(input, Path::new("call.mihu")).is_ok())
}
