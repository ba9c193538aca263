//! A responder that needs no server and no key, and is no language model.

mod answer;
mod intent;
mod knowledge;
mod phrases;
mod sayings;
mod search;
mod speakable;
mod talk;
mod tools;
mod words;

use futures_util::{StreamExt, stream};

use crate::model::{LanguageModel, ReplyPart, ReplyRequest, ReplyStream};
use answer::{Answer, answer};

/// Answers from [`ReplyRequest::knowledge`] by ranked text match.
///
/// It finds the piece of knowledge that fits the caller's last words best and
/// says it, in at most three sentences; it greets, thanks and repeats itself
/// when asked to; it asks back when nothing fits; and it says the request's
/// goodbye and ends the call when the caller takes leave. It understands the
/// small words of English only, while what it looks up may be in any language.
///
/// It calls a tool when the caller says something like one of its
/// [`phrases`](crate::Tool::phrases), or asks for what its description says and
/// nothing else is known about it, and says what the tool answers. How much of a
/// phrase or description has to be said is the tool's
/// [`threshold`](crate::Tool::threshold), where it has one.
///
/// The same request always gives the same reply. Nothing leaves the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offline;

impl Offline {
    /// A responder; it keeps no state, so one serves all calls.
    pub fn new() -> Self {
        Self
    }
}

impl LanguageModel for Offline {
    fn reply(&self, request: ReplyRequest) -> ReplyStream {
        let parts = stream::once(async move { stream::iter(parts(answer(&request))) });
        Box::pin(parts.flatten().map(Ok))
    }
}

/// One text a sentence; put together they are the reply.
fn parts(answer: Answer) -> Vec<ReplyPart> {
    let spaces = std::iter::once("").chain(std::iter::repeat(" "));
    let texts = spaces
        .zip(answer.sentences)
        .map(|(space, sentence)| format!("{space}{sentence}"));
    texts
        .map(ReplyPart::Text)
        .chain(answer.call.map(ReplyPart::Call))
        .collect()
}
