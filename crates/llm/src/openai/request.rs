//! What a server is asked, and how to ask one that does not take it that way.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{END_CALL, Message, ReplyRequest, Role, Tool};

/// The body of a request for a chat completion.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<ChatMessage>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<Value>>,
}

/// The optional parts of a request, as the operator wants them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes<'a> {
    pub(super) model: &'a str,
    pub(super) temperature: Option<f32>,
    pub(super) max_tokens: Option<u32>,
    pub(super) end_call_tool: bool,
}

/// What one server takes. Servers differ in what they refuse, and say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    tools: bool,
    temperature: bool,
    limit_of_completion: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct ChatMessage {
    role: &'static str,
    content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            tools: true,
            temperature: true,
            limit_of_completion: false,
        }
    }
}

impl Dialect {
    /// The dialect to try next after a request was refused with `status` and
    /// `complaint`; `None` if the complaint is about something else.
    ///
    /// vLLM, llama.cpp and Ollama refuse tools where the model or the server's
    /// settings have none; newer models of OpenAI refuse `max_tokens` under its
    /// old name and any temperature.
    pub(super) fn after(self, status: u16, complaint: &str) -> Option<Self> {
        if !matches!(status, 400 | 404 | 422 | 500 | 501) {
            return None;
        }
        let complaint = complaint.to_lowercase();
        if !self.limit_of_completion && complaint.contains("max_completion_tokens") {
            return Some(Self {
                limit_of_completion: true,
                ..self
            });
        }
        if self.temperature && complaint.contains("temperature") {
            return Some(Self {
                temperature: false,
                ..self
            });
        }
        if self.tools && complaint.contains("tool") {
            return Some(Self {
                tools: false,
                ..self
            });
        }
        None
    }

    /// The names of the tools that are offered for this request.
    pub(super) fn offered(self, request: &ReplyRequest, wishes: Wishes<'_>) -> Vec<String> {
        if !self.tools {
            return Vec::new();
        }
        let own = request.tools.iter().map(|tool| tool.name.clone());
        let ends = request.may_end_call && wishes.end_call_tool;
        own.chain(ends.then(|| END_CALL.to_owned())).collect()
    }

    /// The tools of this request, as the server is told them; `None` for none.
    fn tools(self, request: &ReplyRequest, wishes: Wishes<'_>) -> Option<Vec<Value>> {
        let offered = self.offered(request, wishes);
        let own = request.tools.iter().filter(|_| self.tools).map(described);
        let ends = offered.iter().any(|name| name == END_CALL);
        let tools: Vec<Value> = own.chain(ends.then(end_call_tool)).collect();
        (!tools.is_empty()).then_some(tools)
    }

    /// The body that asks for the reply to `request`.
    pub(super) fn body<'a>(self, request: &ReplyRequest, wishes: Wishes<'a>) -> Body<'a> {
        let (old, new) = match self.limit_of_completion {
            false => (wishes.max_tokens, None),
            true => (None, wishes.max_tokens),
        };
        Body {
            model: wishes.model,
            messages: messages(request, self.tools),
            stream: true,
            temperature: wishes.temperature.filter(|_| self.temperature),
            max_tokens: old,
            max_completion_tokens: new,
            tools: self.tools(request, wishes),
        }
    }
}

/// The system prompt and the conversation; empty messages are left out and
/// neighbours of one party joined, as some chat templates insist on turns.
/// What tools answered is left out for a server that knows of none.
fn messages(request: &ReplyRequest, with_tools: bool) -> Vec<ChatMessage> {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    push_said(&mut messages, "system", &request.system);
    let mut called = 0;
    for message in &request.messages {
        if message.calls.is_empty() || !with_tools {
            push_said(&mut messages, role(message.role), &message.content);
        } else {
            push_called(&mut messages, message, &mut called);
        }
    }
    messages
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn push_said(messages: &mut Vec<ChatMessage>, role: &'static str, content: &str) {
    let content = content.trim();
    if content.is_empty() {
        return;
    }
    if let Some(last) = messages.last_mut().filter(|last| last.role == role)
        && let Some(said) = last.content.as_mut().filter(|_| last.tool_calls.is_empty())
    {
        said.push(' ');
        said.push_str(content);
        return;
    }
    messages.push(ChatMessage {
        role,
        content: Some(content.to_owned()),
        ..ChatMessage::default()
    });
}

/// A message with calls of tools, and after it a message with the answer of each.
fn push_called(messages: &mut Vec<ChatMessage>, message: &Message, called: &mut usize) {
    let mut calls = Vec::new();
    let mut answers = Vec::new();
    for answered in &message.calls {
        *called += 1;
        let id = format!("call_{called}");
        let call = &answered.call;
        calls.push(json!({
            "id": id,
            "type": "function",
            "function": { "name": call.name, "arguments": call.arguments },
        }));
        answers.push(ChatMessage {
            role: "tool",
            content: Some(answered.answer.clone()),
            tool_call_id: Some(id),
            ..ChatMessage::default()
        });
    }
    let said = message.content.trim();
    messages.push(ChatMessage {
        role: role(message.role),
        content: (!said.is_empty()).then(|| said.to_owned()),
        tool_calls: calls,
        tool_call_id: None,
    });
    messages.extend(answers);
}

fn described(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    })
}

fn end_call_tool() -> Value {
    json!({
        "type": "function",
        "function": {
            "name": END_CALL,
            "description": "Ends the phone call. Say goodbye in the same reply, and use it only \
                            when the caller says goodbye or needs nothing else.",
            "parameters": { "type": "object", "properties": {} },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;

    const WISHES: Wishes<'_> = Wishes {
        model: "m",
        temperature: Some(0.5),
        max_tokens: Some(100),
        end_call_tool: true,
    };

    fn request(contents: &[(Role, &str)]) -> ReplyRequest {
        let message = |(role, content): &(Role, &str)| Message::said(*role, *content);
        ReplyRequest {
            system: "Be brief.".to_owned(),
            messages: contents.iter().map(message).collect(),
            may_end_call: true,
            ..ReplyRequest::default()
        }
    }

    fn body(dialect: Dialect, request: &ReplyRequest) -> Value {
        serde_json::to_value(dialect.body(request, WISHES)).unwrap()
    }

    #[test]
    fn messages_alternate_and_none_is_empty() {
        let request = request(&[
            (Role::Assistant, "Hello."),
            (Role::User, "Yes,"),
            (Role::User, " I have a question. "),
            (Role::Assistant, ""),
            (Role::User, "About my order."),
        ]);
        assert_eq!(
            body(Dialect::default(), &request)["messages"],
            json!([
                { "role": "system", "content": "Be brief." },
                { "role": "assistant", "content": "Hello." },
                { "role": "user", "content": "Yes, I have a question. About my order." },
            ])
        );
    }

    #[test]
    fn the_tool_is_offered_only_if_the_call_may_end() {
        let mut request = request(&[(Role::User, "Bye.")]);
        let offered = body(Dialect::default(), &request);
        assert_eq!(offered["tools"][0]["function"]["name"], END_CALL);
        request.may_end_call = false;
        assert!(body(Dialect::default(), &request).get("tools").is_none());
    }

    #[test]
    fn a_dialect_is_learned_from_complaints() {
        let first = Dialect::default();
        let no_tools = first
            .after(
                400,
                "\"auto\" tool choice requires --enable-auto-tool-choice to be set",
            )
            .unwrap();
        let renamed = no_tools
            .after(
                400,
                "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            )
            .unwrap();
        let plain = renamed
            .after(400, "Unsupported value: 'temperature' does not support 0.5")
            .unwrap();
        assert_eq!(
            body(plain, &request(&[])),
            json!({
                "model": "m",
                "stream": true,
                "messages": [{ "role": "system", "content": "Be brief." }],
                "max_completion_tokens": 100,
            })
        );
    }

    #[test]
    fn a_complaint_is_heeded_once_and_only_when_it_is_about_the_request() {
        let no_tools = Dialect::default()
            .after(500, "tools param requires --jinja flag")
            .unwrap();
        assert_eq!(
            no_tools.after(500, "tools param requires --jinja flag"),
            None
        );
        assert_eq!(Dialect::default().after(401, "invalid tool"), None);
        assert_eq!(Dialect::default().after(429, "temperature"), None);
        assert_eq!(
            Dialect::default().after(400, "context length exceeded"),
            None
        );
    }
}
