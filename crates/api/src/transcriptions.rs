//! `/transcriptions`: audio files that are written down in the background.
//!
//! Start reading at `runner`: jobs are claimed in the store, worked on by threads of their own
//! and gone on with after a crash where they were. `job` is one of them; `folder` says where
//! files are, `report` who is told of the end, and `forgetting` how files go.

mod body;
mod evaluating;
mod fetching;
mod folder;
mod forgetting;
mod job;
mod report;
mod routes;
mod runner;
mod thread;
mod transcript;
mod view;

pub(crate) use self::body::{EarlierForm, PATH, read_form};
pub(crate) use self::evaluating::evaluate;
pub(crate) use self::folder::Folder;
pub(crate) use self::forgetting::{delete_files, forget_old, sweep_folder};
pub(crate) use self::routes::routes;
pub use self::runner::run;
