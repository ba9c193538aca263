//! Writes down what is said in an audio file, however long it is: the file is decoded piece by
//! piece, cut at the pauses that the voice detector hears, and recognised utterance by utterance.
//! What is held in memory is one utterance for each speaker.
//!
//! A file with two different channels has one speaker in each, as the node's own recordings have:
//! the customer left, the agent right.
//!
//! It uses the thread that it is called on and no other, with a recogniser of its own, so that live
//! calls do not wait for it; [`lower_priority`] lets them go first on the processor as well. It
//! knows nothing of jobs, of where files come from and of what becomes of the words.
//!
//! Start reading at [`Transcriber::transcribe`]; `segmenter` decides where utterances begin and
//! end.

mod priority;
mod segmenter;
mod side;
mod transcriber;

pub use priority::lower_priority;
pub use transcriber::{
    LoadTranscriberError, Models, Recording, Report, Segment, Speaker, Terms, TranscribeError,
    Transcriber,
};
