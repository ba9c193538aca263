//! The client of the chat-completions interface of OpenAI, which vLLM,
//! llama.cpp's server, Ollama and most providers speak too.

mod chunk;
mod config;
mod decoder;
mod endpoint;
mod excerpt;
mod exchange;
mod lines;
mod request;
mod thoughts;

use std::sync::Arc;

use futures_util::stream;

pub use config::{OpenAiConfig, OpenAiConfigError};

use crate::model::{LanguageModel, ReplyRequest, ReplyStream};
use exchange::{Exchange, Server};

/// A language model behind an OpenAI-compatible server.
///
/// Replies are streamed over server-sent events. Dropping a reply closes its
/// connection (HTTP/1.1) or resets its stream (HTTP/2), on which servers stop
/// to generate. The model is offered the request's tools and, if
/// [`ReplyRequest::may_end_call`] allows it, one to end the call; where it ends
/// the call without a word, the request's goodbye is spoken first.
///
/// A server that refuses an optional part of the request (tools, a
/// temperature, `max_tokens` under that name) is asked again without it, and
/// what it takes is remembered. One instance is built per server and kept, for
/// that and for its pool of connections. Clones share both.
#[derive(Clone, Debug)]
pub struct OpenAi {
    server: Arc<Server>,
}

impl OpenAi {
    /// Prepares to ask the server of `config`; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`OpenAiConfigError`] names the setting that is of no use.
    pub fn new(config: OpenAiConfig) -> Result<Self, OpenAiConfigError> {
        Ok(Self {
            server: Arc::new(Server::new(config)?),
        })
    }
}

impl LanguageModel for OpenAi {
    fn reply(&self, request: ReplyRequest) -> ReplyStream {
        let exchange = Exchange::new(Arc::clone(&self.server), request);
        Box::pin(stream::try_unfold(exchange, Exchange::next_part))
    }
}
