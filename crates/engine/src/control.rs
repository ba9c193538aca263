//! The narrow door through which the API and inbound signalling reach live calls.

use std::sync::Arc;
use std::time::Duration;

use agent::{AgentDefinition, CallPrompt};
use audio::SampleRate;
use futures_util::future::BoxFuture;
use sip::Secret;
use uuid::Uuid;

use crate::event::{CallEvent, CallId};
use crate::routing::Destination;
use crate::subscriber::Subscriber;

/// An outbound call to place.
#[derive(Clone, Debug)]
pub struct PlaceCall {
    /// The call's id, chosen by the requester so that it can be recorded before it starts.
    pub call: CallId,
    /// The conversation that the call belongs to.
    pub conversation: Uuid,
    /// The agent as it is defined at this moment.
    pub agent: Arc<AgentDefinition>,
    /// The number to call, in E.164 form with its leading `+`.
    pub number: String,
    /// Free context on the called party for the model.
    pub about: Option<String>,
    /// A prompt for this call only.
    pub prompt: Option<CallPrompt>,
    /// Greeting for this call only.
    pub first_message: Option<String>,
    /// The number that it leaves by, where it is not for the node's own trunks to say who calls.
    pub carrier: Option<Carrier>,
}

/// The number that a call leaves by, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Who calls, as the called party sees it.
    pub caller_id: String,
    /// Gateways in the order in which they are tried, each a host with a port or without; the
    /// trunks of the node carry the call if there are none.
    pub gateways: Vec<String>,
    /// User and password of digest authentication at the gateways.
    pub credentials: Option<(String, Secret)>,
}

/// Who answers a number that is called.
#[derive(Clone, Debug)]
pub enum Answerer {
    /// It is no number that the node knows of.
    Unknown,
    /// This agent. The call holds a place at the number from now on.
    Agent(Arc<AgentDefinition>),
    /// Nobody: no agent has the number, or it takes no calls.
    Nobody,
    /// Nobody now: the number carries as many calls as it may.
    Busy,
    /// That can not be told now.
    Failed,
}

/// Knows the numbers that are called, and who calls them.
pub trait NumberDirectory: Send + Sync {
    /// Who answers `call`. `called` is what the caller asked for, the first thing first: numbers
    /// in any spelling, or names.
    fn answerer<'a>(&'a self, call: CallId, called: &'a [&'a str]) -> BoxFuture<'a, Answerer>;

    /// What those to whom `agent` belongs know of whoever calls from `number`, which is in any
    /// spelling, as it is told to the model.
    ///
    /// The call waits for it for as long as
    /// [`EngineConfig::longest_lookup`](crate::EngineConfig::longest_lookup).
    fn caller<'a>(&'a self, agent: Uuid, number: &'a str) -> BoxFuture<'a, Option<String>>;
}

/// Why a call was not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceCallError {
    /// Every call slot is taken; try again later.
    #[error("the node carries its maximum of {limit} calls; retry after {} s", retry_after.as_secs())]
    Full {
        /// Slots of the node.
        limit: usize,
        /// When a retry makes sense.
        retry_after: Duration,
    },
    /// The node is shutting down and takes no more calls.
    #[error("the node is shutting down; place the call on another node")]
    Draining {
        /// When a node in its place may take calls.
        retry_after: Duration,
    },
    /// No media connection can be opened now; try again later.
    #[error("the node has no media for another call: {reason}")]
    NoMedia {
        /// What is missing.
        reason: String,
        /// When a retry makes sense.
        retry_after: Duration,
    },
    /// No trunk's prefixes match the number.
    #[error("no trunk can reach {number}; add one whose `prefixes` match it")]
    NoTrunk {
        /// The number that was asked for.
        number: String,
    },
}

/// What a live call can be told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallAction {
    /// The agent says this, as soon as neither side speaks.
    Say {
        /// The words.
        message: String,
        /// Whether the call ends after them.
        end_call: bool,
    },
    /// The agent says goodbye, with these words or its own, and the far end gets BYE; before the
    /// answer it gets CANCEL at once.
    HangUp {
        /// The goodbye.
        goodbye: Option<String>,
    },
    /// The agent announces it, with these words or its own, and passes the call on.
    Forward {
        /// Where to.
        to: Destination,
        /// The announcement.
        message: Option<String>,
    },
    /// The agent says nothing any more.
    Mute,
    /// The agent may speak again.
    Unmute,
}

/// Why a call was not told to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It is unknown here, or over.
    #[error("the call is not live")]
    NotLive,
    /// Nobody has answered yet.
    #[error("the call was not answered yet")]
    NotAnswered,
    /// It has to do first what it was told before.
    #[error("the call was told more than it has done yet")]
    Busy,
}

/// A piece of a live call's sound: both sides, interleaved caller left, agent right.
#[derive(Clone, Debug)]
pub struct LiveAudio {
    /// Rate of both channels.
    pub rate: SampleRate,
    /// Interleaved stereo samples.
    pub interleaved: Arc<[i16]>,
}

/// A live call's events: those so far and those to come.
#[derive(Debug)]
pub struct Subscription {
    /// Everything that happened before the subscription, in order.
    pub past: Vec<CallEvent>,
    /// What happens from here on. Nothing comes after [`Ended`](crate::CallEventKind::Ended).
    pub live: Subscriber<CallEvent>,
}

/// The node's load, for health checks and admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLoad {
    /// Calls that hold a slot now.
    pub calls: usize,
    /// Slots.
    pub limit: usize,
    /// The node is shutting down.
    pub draining: bool,
    /// What has broken of the node, if anything has: it takes no more calls.
    pub broken: Option<&'static str>,
}

/// What the API may ask of live calls.
pub trait CallControl: Send + Sync {
    /// Admits an outbound call and starts it; returns at once, before anything rings.
    fn place(&self, call: PlaceCall) -> Result<(), PlaceCallError>;

    /// Follows a live call; `None` when it is unknown here or over.
    fn subscribe(&self, call: CallId) -> Option<Subscription>;

    /// Hears a live call; `None` when it is unknown here or over.
    fn listen(&self, call: CallId) -> Option<Subscriber<LiveAudio>>;

    /// Tells a live call to do something, and returns at once. Only ending it can be told to a
    /// call that was not answered.
    fn act(&self, call: CallId, action: CallAction) -> Result<(), ActionError>;

    /// Ends a live call, with these words or the agent's own. Returns whether the call was live.
    fn hang_up(&self, call: CallId, goodbye: Option<String>) -> bool {
        self.act(call, CallAction::HangUp { goodbye }).is_ok()
    }

    /// How loaded the node is.
    fn load(&self) -> NodeLoad;
}

/// Finds the agent that an inbound call asks for.
pub trait AgentDirectory: Send + Sync {
    /// The agent whose SIP user name (file stem, or its UUID) is `user`.
    fn find(&self, user: &str) -> Option<Arc<AgentDefinition>>;

    /// The agent `wanted`, if it belongs to those who `agent` belongs to.
    fn colleague(&self, agent: Uuid, wanted: Uuid) -> Option<Arc<AgentDefinition>>;
}
