//! `/call` and `/calls`: placing, finding, following, hearing and ending calls.

mod action;
mod event;
mod event_stream;
mod find;
mod list;
mod live_audio;
mod place;
mod range;
mod recorded;
mod view;

pub(crate) use action::hang_up;
pub(crate) use event::{latency as latency_from, turn as turn_from};
pub(crate) use event_stream::events;
pub(crate) use list::{list, show};
pub(crate) use live_audio::listen;
pub(crate) use place::place;
pub(crate) use recorded::{recording, transcript};
pub(crate) use view::Links;
