//! How requests are read and answers are wrapped, the same for every route.

mod body;
mod envelope;
mod object;
mod paging;
mod path;
mod query;
mod read_only;

pub(crate) use body::{Json, MaybeJson, typed};
pub(crate) use envelope::{created, ok};
pub(crate) use object::{Object, refuse_arrays_for_objects};
pub(crate) use paging::{Paging, items, paginator};
pub(crate) use path::Path;
pub(crate) use query::Query;
pub(crate) use read_only::pass_over;
