//! What a conversation came to: its summary, ten judgements of its words, and what its sound
//! measured.
//!
//! Everything is sans-IO. With a language model, [`Question`] is what it is asked and
//! [`read_answer`] takes its answer apart, strictly: what is not as it was asked for is refused as
//! a whole. Without one, or when it fails, [`judge_offline`] and [`summarise`] work by counting
//! words, and say so: their confidence is low, and what cannot be told that way is null with its
//! reason. [`measure()`] needs no words at all.
//!
//! The crate never talks to a model, reads a clock or writes a word into a log. Start reading at
//! [`Analyser`], then [`Settings`].

mod analyser;
mod answer;
mod judgement;
mod lexicon;
mod measure;
mod offline;
mod percentile;
mod question;
mod sentiment;
mod settings;
mod summary;
mod transcript;

pub use analyser::Analyser;
pub use answer::{Answer, AnswerError, read_answer};
pub use judgement::{Block, Judgement};
pub use measure::{Line, Measure, Sound, measure};
pub use offline::judge as judge_offline;
pub use percentile::percentile;
pub use question::{Question, question};
pub use sentiment::{Mood, Sentiment, mood_of_caller};
pub use settings::{Choice, Sessionization, Settings};
pub use summary::summarise;
pub use transcript::{Party, Turn};
