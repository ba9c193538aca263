//! How requests are read and answers are wrapped, the same for every route.

#![allow(
    dead_code,
    unused_imports,
    reason = "what requests and answers are made of is the same for all families, whichever use it"
)]

mod body;
mod change;
mod envelope;
mod object;
mod paging;
mod path;
mod query;
mod read_only;
mod values;

pub(crate) use body::{Json, MaybeJson, gather, typed};
pub(crate) use change::Change;
pub(crate) use envelope::{Created, Envelope, Nothing, created, done, ok};
pub(crate) use object::{Object, refuse_arrays_for_objects};
pub(crate) use paging::{Cursor, CursorPage, Items, Paginator, Paging};
pub(crate) use path::{Path, id};
pub(crate) use query::Query;
pub(crate) use read_only::pass_over;
pub(crate) use values::{
    FromText, LocalDate, Moment, Text, TimeOfDay, Whole, ZoneName, one_of, read_text, words,
};
