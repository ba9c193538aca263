//! Bytes of a chat completion into the words of a reply.

use super::chunk::{CallPiece, Chunk};
use super::excerpt;
use super::lines::{Lines, MAX_LINE};
use super::thoughts::ThoughtFilter;
use crate::model::{ReplyError, ToolCall};

/// The longest completion in one piece from a server that does not stream.
const MAX_DOCUMENT: usize = 1024 * 1024;
/// The most lines that one event is read from; each is an attempt to parse it.
const MAX_EVENT_LINES: usize = 32;
const MAX_TOOL_CALLS: usize = 16;
const MAX_TOOL_NAME: usize = 256;
const MAX_TOOL_ARGUMENTS: usize = 16 * 1024;

/// Reads the body of a chat completion: a stream of server-sent events, or one
/// JSON document from a server that does not stream.
///
/// Knows the variants of common servers; never panics, keeps no more than
/// [`MAX_LINE`] or [`MAX_DOCUMENT`] bytes besides the text of one push.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    format: Format,
    lines: Lines,
    /// JSON that has begun and is not whole yet.
    document: Vec<u8>,
    /// How many lines of an event `document` holds.
    event_lines: usize,
    thoughts: ThoughtFilter,
    text: String,
    calls: Vec<PartialCall>,
    phase: Phase,
    /// The first line that is no field of an event, for the error message.
    stray: Option<String>,
}

/// The call of a tool as far as it has come.
#[derive(Debug, Default)]
struct PartialCall {
    place: u64,
    name: String,
    arguments: String,
    /// Whether there were more arguments than are read.
    cut: bool,
}

/// How far the reply has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// More words may come.
    #[default]
    Open,
    /// The server said that the reply is complete.
    Finished,
    /// The stream is over too.
    Done,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Unknown,
    Events,
    Document,
}

impl Decoder {
    /// Takes the next bytes of the body; whether they carried the reply on,
    /// which comments and empty events do not.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<bool, ReplyError> {
        let bytes = match self.format {
            Format::Unknown => self.recognise(bytes)?,
            Format::Events | Format::Document => bytes,
        };
        match self.format {
            Format::Unknown => Ok(false),
            Format::Events => self.push_events(bytes),
            Format::Document => self.push_document(bytes),
        }
    }

    /// The body is over.
    pub(super) fn finish(&mut self) -> Result<(), ReplyError> {
        match self.format {
            Format::Unknown => {}
            Format::Events => {
                let last = self.lines.take();
                self.line(&last)?;
                self.line("")?;
            }
            Format::Document => {
                let chunk = serde_json::from_slice(&self.document);
                self.accept(chunk.map_err(|error| not_a_chunk(&self.document, &error))?)?;
            }
        }
        self.thoughts.finish(&mut self.text);
        self.phase = Phase::Done;
        Ok(())
    }

    /// The words that came since the last time; `None` if none did.
    pub(super) fn take_text(&mut self) -> Option<String> {
        if self.text.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.text))
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// The calls of tools that were read, of those in `offered`, in their order.
    ///
    /// Fails over arguments that are no JSON object, or longer than 16 KiB.
    pub(super) fn take_calls(&mut self, offered: &[String]) -> Result<Vec<ToolCall>, ReplyError> {
        let calls = std::mem::take(&mut self.calls);
        let known = calls
            .into_iter()
            .filter(|call| offered.contains(&call.name));
        known.map(PartialCall::whole).collect()
    }

    /// What was there instead of words, in a reply that has none.
    pub(super) fn explain_silence(&self) -> String {
        match (&self.stray, self.calls.first()) {
            (Some(stray), _) => format!("expected lines that begin with `data:`, got `{stray}`"),
            (None, Some(call)) => {
                format!("it called the tool `{}`, which does not exist", call.name)
            }
            (None, None) => "it ended without a word".to_owned(),
        }
    }

    /// Decides by the first byte that says anything, as servers label their
    /// answers loosely.
    fn recognise<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], ReplyError> {
        const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
        let blank = |byte: &u8| byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte);
        let Some(start) = bytes.iter().position(|byte| !blank(byte)) else {
            return Ok(&[]);
        };
        let bytes = bytes.get(start..).unwrap_or_default();
        self.format = match bytes.first() {
            Some(b'{') => Format::Document,
            Some(b'<') => {
                return Err(ReplyError::Protocol(
                    "expected server-sent events, got a page of HTML; check the base URL"
                        .to_owned(),
                ));
            }
            _ => Format::Events,
        };
        Ok(bytes)
    }

    fn push_document(&mut self, bytes: &[u8]) -> Result<bool, ReplyError> {
        if self.document.len() + bytes.len() > MAX_DOCUMENT {
            return Err(ReplyError::Protocol(format!(
                "expected a stream or at most {MAX_DOCUMENT} bytes in one piece, got more"
            )));
        }
        self.document.extend_from_slice(bytes);
        Ok(true)
    }

    fn push_events(&mut self, bytes: &[u8]) -> Result<bool, ReplyError> {
        let mut lines = Vec::new();
        let pushed = self.lines.push(bytes, &mut lines);
        let mut carried_on = false;
        for line in lines {
            carried_on |= self.line(&line)?;
        }
        match pushed {
            Ok(()) => Ok(carried_on),
            Err(_) => Err(ReplyError::Protocol(format!(
                "expected lines of at most {MAX_LINE} bytes, got a longer one"
            ))),
        }
    }

    /// One line of the event stream. Events are read line by line, without
    /// waiting for the empty line that ends them and that some servers forget.
    fn line(&mut self, line: &str) -> Result<bool, ReplyError> {
        if line.is_empty() {
            return match self.document.is_empty() {
                true => Ok(false),
                false => Err(ReplyError::Protocol(format!(
                    "expected a JSON object after `data:`, got `{}`",
                    shortened(&self.document)
                ))),
            };
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        match field {
            "data" => self.data(value.trim()),
            "error" => Err(ReplyError::Failed(excerpt::of_body(value, None))),
            // A comment, which servers send to keep the connection open.
            "" | "event" | "id" | "retry" => Ok(false),
            _ => {
                self.stray.get_or_insert_with(|| shortened(line.as_bytes()));
                Ok(false)
            }
        }
    }

    fn data(&mut self, data: &str) -> Result<bool, ReplyError> {
        if self.phase == Phase::Done || data.is_empty() {
            return Ok(false);
        }
        if data == "[DONE]" {
            self.thoughts.finish(&mut self.text);
            self.phase = Phase::Done;
            return Ok(true);
        }
        if self.document.is_empty() {
            self.event_lines = 0;
        } else {
            self.document.push(b'\n');
        }
        self.event_lines += 1;
        if self.event_lines > MAX_EVENT_LINES || self.document.len() + data.len() > MAX_LINE {
            return Err(ReplyError::Protocol(format!(
                "expected events of at most {MAX_LINE} bytes in {MAX_EVENT_LINES} lines, got a \
                 longer one"
            )));
        }
        self.document.extend_from_slice(data.as_bytes());
        match parse(&self.document) {
            Ok(chunk) => {
                self.document.clear();
                self.accept(chunk)
            }
            // The object goes on in the next line of the event.
            Err(error) if error.is_eof() => Ok(false),
            Err(error) => Err(not_a_chunk(&self.document, &error)),
        }
    }

    fn accept(&mut self, chunk: Chunk) -> Result<bool, ReplyError> {
        if let Some(failure) = chunk.failure() {
            return Err(ReplyError::Failed(excerpt::of_text(&failure, None)));
        }
        let Some(addition) = chunk.into_addition() else {
            return Ok(false);
        };
        self.thoughts.push(&addition.text, &mut self.text);
        for piece in addition.calls {
            self.call_goes_on(piece);
        }
        if addition.finished && self.phase == Phase::Open {
            self.thoughts.finish(&mut self.text);
            self.phase = Phase::Finished;
        }
        Ok(true)
    }

    fn call_goes_on(&mut self, piece: CallPiece) {
        let known = self.calls.iter().position(|call| call.place == piece.place);
        let index = known.unwrap_or(self.calls.len());
        if known.is_none() {
            if self.calls.len() >= MAX_TOOL_CALLS {
                return;
            }
            self.calls.push(PartialCall {
                place: piece.place,
                ..PartialCall::default()
            });
        }
        if let Some(call) = self.calls.get_mut(index) {
            call.goes_on(piece);
        }
    }
}

impl PartialCall {
    /// A name comes whole, in pieces, or again and again with each chunk.
    fn goes_on(&mut self, piece: CallPiece) {
        let name = piece.name.unwrap_or_default();
        if self.name != name && self.name.len() + name.len() <= MAX_TOOL_NAME {
            self.name.push_str(&name);
        }
        let arguments = piece.arguments.unwrap_or_default();
        if self.arguments.len() + arguments.len() <= MAX_TOOL_ARGUMENTS {
            self.arguments.push_str(&arguments);
        } else {
            self.cut = true;
        }
    }

    /// The call, whose arguments are a JSON object; none are an empty one.
    fn whole(self) -> Result<ToolCall, ReplyError> {
        let arguments = match self.arguments.trim() {
            "" => "{}",
            arguments => arguments,
        };
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments);
        if self.cut || object.is_err() {
            return Err(ReplyError::Protocol(format!(
                "expected a JSON object of at most {MAX_TOOL_ARGUMENTS} bytes as the arguments of \
                 the tool `{}`, got `{}`",
                self.name,
                shortened(arguments.as_bytes())
            )));
        }
        Ok(ToolCall {
            name: self.name,
            arguments: arguments.to_owned(),
            confidence: None,
        })
    }
}

/// Reads one chunk; half of a surrogate pair, which a server writes when it
/// cuts a character in two, is left out.
fn parse(json: &[u8]) -> serde_json::Result<Chunk> {
    serde_json::from_slice(json).or_else(|error| {
        let text = String::from_utf8_lossy(json);
        let whole = without_lone_surrogates(&text);
        if whole == text {
            Err(error)
        } else {
            serde_json::from_str(&whole)
        }
    })
}

fn without_lone_surrogates(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        whole.push_str(before);
        let (length, keep) = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, true),
            (Some(0xd800..=0xdfff), _) => (6, false),
            _ => (escape.chars().take(2).map(char::len_utf8).sum(), true),
        };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        if keep {
            whole.push_str(escape);
        }
        rest = after;
    }
    whole + rest
}

/// The UTF-16 code unit of an escape such as `\u00e9` at the start of `text`.
fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

fn not_a_chunk(json: &[u8], error: &serde_json::Error) -> ReplyError {
    ReplyError::Protocol(format!(
        "expected a chunk of a chat completion, got `{}` ({error})",
        shortened(json)
    ))
}

fn shortened(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(60).collect()
}

#[cfg(test)]
mod tests;
