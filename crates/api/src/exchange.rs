//! How requests are read and answers are wrapped, the same for every route.

mod body;
mod envelope;
mod paging;
mod query;

pub(crate) use body::{Json, MaybeJson};
pub(crate) use envelope::{created, ok};
pub(crate) use paging::{Paging, items, paginator};
pub(crate) use query::Query;
