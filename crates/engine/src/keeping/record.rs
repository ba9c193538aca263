use std::net::SocketAddr;
use std::time::Duration;

use agent::AgentDefinition;
use audio::{Moment, SampleRate};
use jiff::Timestamp;
use media::{Background, Port, RecordedSide, SegmentId, Tapped};
use serde::{Deserialize, Serialize};

use super::agreed::Agreed;
use super::effect::Did;
use super::input::Input;
use crate::event::Direction;
use crate::patience::Patience;
use crate::script::{Occasion, Script};

/// One record of a bundle, in JSON; a packet and a piece of sound are the body beside it.
///
/// The first is [`Opened`](Self::Opened) and the last is [`Kept`](Self::Kept). The leg's records
/// are in the leg's order and the conversation's in the conversation's; how the two lie between
/// each other means nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// The call and its leg, before anything happened.
    Opened(Box<Opened>),
    /// The leg was connected.
    Connected(Box<Agreed>),
    /// A packet came, which is the body, in the clear.
    Packet {
        /// When.
        at: Moment,
        /// Where from.
        from: SocketAddr,
        /// Whether it was read as a report.
        report: bool,
    },
    /// The leg ticked.
    Tick {
        /// The tick's deadline.
        at: Moment,
    },
    /// The tick found the agent interrupted for the time of this number.
    Fenced {
        /// How many interruptions there were.
        generation: u64,
    },
    /// The tick took the next frame of a segment.
    Taken {
        /// The segment.
        segment: SegmentId,
        /// The generation that the frame was made for.
        generation: u64,
        /// Whether the segment ends with it.
        last: bool,
    },
    /// What came out of the leg for the recording.
    Frame {
        /// Whose.
        side: Side,
        /// When its first sample was heard or played.
        at: Moment,
        /// [`fingerprint`](super::fingerprint) of its samples.
        sound: u64,
    },
    /// The call was answered and the conversation began.
    Began {
        /// The agent's part.
        script: Box<Script>,
        /// How long it waits.
        patience: Patience,
        /// The rate of the leg.
        rate: SampleRate,
        /// When the recording begins.
        origin: Option<Moment>,
        /// When it began.
        now: Moment,
    },
    /// The conversation was told of the next window of the caller's audio.
    Heard {
        /// When.
        now: Moment,
        /// When the window was there to be judged.
        gathered: Moment,
        /// The number of the window among those that the leg's audio makes, from 0.
        window: u64,
        /// The probability that counted for it, as the bits of a 32-bit number.
        probability: u32,
    },
    /// The conversation was told something else.
    Told(Input),
    /// The conversation ordered something.
    Did(Did),
    /// The synthesiser was asked for a sentence.
    Asked {
        /// The sentence's name.
        segment: SegmentId,
        /// When.
        at: Moment,
        /// How many frames of silence go before it.
        lead: usize,
    },
    /// A piece of the sentence's sound, which is the body: samples of 16 bits, least significant
    /// octet first.
    Sound {
        /// The sentence's name.
        segment: SegmentId,
    },
    /// That was all of the sentence.
    Sounded {
        /// The sentence's name.
        segment: SegmentId,
        /// Why it is not whole, if it is not.
        failure: Option<String>,
    },
    /// The call ended.
    Ended(Ended),
    /// Nothing follows.
    Kept {
        /// What is missing, if something is.
        missing: Option<String>,
    },
}

/// A call and its leg, before anything happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The version of the program.
    pub program: String,
    /// The call's id.
    pub call: String,
    /// The agent's name.
    pub agent: String,
    /// When the call was opened.
    pub time: Timestamp,
    /// Who called whom.
    pub direction: Direction,
    /// The other party.
    pub number: String,
    /// Free context on the other party.
    pub about: Option<String>,
    /// A prompt for this call only, and whether it stands in place of the agent's own.
    pub prompt: Option<(String, bool)>,
    /// A greeting for this call only.
    pub first_message: Option<String>,
    /// Whether noise is taken off what is listened to.
    pub suppress_noise: bool,
    /// The highest rate that the leg's frames may have.
    pub widest: SampleRate,
    /// Whether keys are looked for in the audio.
    pub inband_digits: bool,
    /// The sound of a place under the agent.
    pub background: Option<Background>,
    /// What decides everything random in the leg.
    pub seed: u64,
    /// How long the leg goes without a packet before it says so.
    pub no_rtp_timeout: Duration,
    /// The most that received audio may be delayed.
    pub ceiling: Duration,
    /// The most packets that wait to be put in order.
    pub waiting_packets: usize,
    /// The most octets that they have together.
    pub waiting_octets: usize,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When the conversation was over.
    pub at: Moment,
    /// Why.
    pub reason: String,
    /// Whether the agent ended it.
    pub hung_up: bool,
    /// Frames of the caller that nobody listened to, because the node was too slow.
    pub frames_lost: u64,
}

/// Whose sound it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The far end.
    Heard,
    /// The agent.
    Played,
}

impl Opened {
    /// A call that is about to happen, on a leg that notes all that goes into it.
    pub(crate) fn new(
        call: &str,
        agent: &AgentDefinition,
        occasion: &Occasion<'_>,
        script: &Script,
        leg: &Tapped,
    ) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            call: call.to_owned(),
            agent: agent.name.clone(),
            time: Timestamp::now(),
            direction: occasion.direction,
            number: occasion.number.to_owned(),
            about: occasion.about.map(str::to_owned),
            prompt: occasion
                .prompt
                .map(|prompt| (prompt.content.clone(), prompt.overwrite)),
            first_message: occasion.first_message.map(str::to_owned),
            suppress_noise: script.suppress_noise,
            widest: leg.options.widest,
            inband_digits: leg.options.inband_digits,
            background: leg.options.background,
            seed: leg.seed,
            no_rtp_timeout: leg.no_rtp_timeout,
            ceiling: leg.buffering.ceiling,
            waiting_packets: leg.buffering.capacity,
            waiting_octets: leg.buffering.payload_bytes,
        }
    }
}

impl From<RecordedSide> for Side {
    fn from(side: RecordedSide) -> Self {
        match side {
            RecordedSide::Heard => Self::Heard,
            RecordedSide::Played => Self::Played,
        }
    }
}

impl Record {
    /// Which of the leg's ports a packet was read as coming from.
    pub const fn port(report: bool) -> Port {
        if report { Port::Rtcp } else { Port::Rtp }
    }
}
