//! Telephone keys as events in the RTP stream (RFC 4733).
//!
//! [`Receiver`] turns the packets of a peer into one press for each key that is
//! pressed, whatever the network did to them; [`Sender`] turns digits into the
//! packets of one tick after the other. Below both is [`Block`], what a packet
//! says of one event.
//!
//! Nothing here opens a socket, reads a clock or allocates. Of the events that
//! RFC 4733 knows, only the sixteen of a telephone's keys are understood.
//!
//! # What a leg does for a [`Sender`]
//!
//! The events share the source, the sequence numbers and the timestamps of the
//! audio (RFC 4733 §2.1). So, in each tick, the leg first moves its timestamp on
//! by the tick's samples as it always does, sent or not, and then asks
//! [`Sender::tick`]. For [`Tick::Event`] it sends that payload and nothing else:
//! with the next sequence number of the stream, the payload type that was agreed
//! on, and the timestamp and marker that came with the payload. For
//! [`Tick::Quiet`] it sends nothing. For [`Tick::Audio`] it sends audio as if
//! there were no events; the first audio packet after one begins a talk spurt and
//! bears the marker (RFC 3551 §4.1).
//!
//! The audio of the ticks that an event takes is lost, so its owner better holds
//! it back: [`Sender::is_idle`] says whether the next tick is free.

mod block;
mod receiver;
mod sender;

pub use block::{Block, Blocks, MAX_BLOCKS, MalformedPayload, parse};
pub use receiver::{KeyEvent, KeyEvents, Receiver, Statistics};
pub use sender::{Event, QUEUE_LIMIT, QueueFull, Sender, Settings, Tick};
