//! What the agent brings to one call, taken from its definition and the request.

use std::time::Duration;

use agent::{AgentDefinition, CallPrompt};
use audio::SampleRate;
use audio::ambience::Ambience;
use llm::{Passage, Tool};
use media::{Background, LegOptions, Policy};
use serde::{Deserialize, Serialize};

use crate::event::Direction;
use crate::listening::Hearing;
use crate::routing::Routing;

/// The agent's part in one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    /// The model's instructions.
    pub system: String,
    /// What the agent knows, for models that look answers up.
    pub knowledge: Vec<Passage>,
    /// What the agent may have done for the caller.
    pub tools: Vec<Tool>,
    /// The agent's opening line; `None` lets the caller speak first.
    pub first_message: Option<String>,
    /// Spoken before the agent hangs up.
    pub goodbye: String,
    /// Spoken to a machine that answers in place of the called party, instead of a conversation;
    /// `None` takes everybody for a person.
    #[serde(default)]
    pub voicemail: Option<String>,
    /// Spoken when an answer cannot be had.
    pub trouble: String,
    /// Spoken when the caller's words could not be recognised.
    pub not_understood: String,
    /// The call ends after this long.
    pub max_duration: Duration,
    /// Spoken when `max_duration` is reached.
    pub max_duration_message: String,
    /// The call ends when neither side has made a sound for this long.
    pub silence_timeout: Duration,
    /// What is said when the caller is silent; `None` if nothing is.
    pub silence_prompt: Option<SilencePrompt>,
    /// What is said when the model lets one wait; `None` if nothing is.
    pub filler: Option<Filler>,
    /// Whether the agent goes on where it was after an interruption without words: as soon as it is
    /// known that there were none, and this long after the sound at the latest.
    pub resume_after: Option<Duration>,
    /// Pace of the voice, 1.0 = its natural one.
    pub speed: f32,
    /// Patience and yielding.
    pub turn: turn::Settings,
    /// How the call is passed on, and by which rules.
    #[serde(default)]
    pub routing: Routing,
    /// Whether a recording is kept.
    pub record: bool,
    /// The sound of a place under the agent's voice.
    pub background: Option<Background>,
    /// Whether noise is taken off the caller's audio before anything listens to it.
    pub suppress_noise: bool,
}

/// Asking a silent caller whether they are still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilencePrompt {
    /// The words.
    pub message: String,
    /// The silence before each.
    pub interval: Duration,
    /// How many in a row.
    pub most: u32,
}

/// What the model is offered in a call of this direction.
fn offered(agent: &AgentDefinition, direction: Direction) -> Vec<Tool> {
    let mut tools = agent.own_functions();
    let has_own = tools.iter().any(|tool| tool.name == agent::OPT_OUT);
    if direction == Direction::Outbound && !has_own {
        tools.push(agent::opt_out_function());
    }
    tools
}

/// A short phrase that bridges a model's silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filler {
    /// The words.
    pub message: String,
    /// How long the model may take without it.
    pub after: Duration,
}

/// What a call brings to its script, beside the agent.
#[derive(Clone, Debug)]
pub struct Occasion<'a> {
    /// Who called whom.
    pub direction: Direction,
    /// The other party.
    pub number: &'a str,
    /// Free context on the other party.
    pub about: Option<&'a str>,
    /// A prompt for this call only.
    pub prompt: Option<&'a CallPrompt>,
    /// A greeting for this call only.
    pub first_message: Option<&'a str>,
    /// The wall-clock time in the agent's zone, as the agent would say it.
    pub local_time: String,
}

impl Script {
    /// The script of one call. Of what the agent may have done it offers the intents, since a node
    /// does nothing else of it, and whom it has called may opt out.
    pub fn for_call(agent: &AgentDefinition, occasion: &Occasion<'_>) -> Self {
        let context = agent::CallContext {
            direction: match occasion.direction {
                Direction::Inbound => agent::Direction::Inbound,
                Direction::Outbound => agent::Direction::Outbound,
            },
            number: occasion.number.to_owned(),
            about: occasion.about.map(str::to_owned),
            prompt: occasion.prompt.cloned(),
            now: occasion.local_time.clone(),
        };
        let assembled = agent::prompt::assemble(agent, &context);
        let direction = context.direction;
        let voice = agent.voice();
        let interruption = &voice.interruption.advanced;
        Self {
            system: assembled.system,
            knowledge: assembled.knowledge,
            tools: offered(agent, occasion.direction),
            first_message: occasion
                .first_message
                .or_else(|| agent.greeting(direction))
                .map(str::to_owned),
            goodbye: agent.goodbye().to_owned(),
            voicemail: (occasion.direction == Direction::Outbound)
                .then(|| agent.voicemail_message().map(str::to_owned))
                .flatten(),
            trouble: "I am sorry, I have some trouble on my side. Could you say that again?"
                .to_owned(),
            not_understood: "I am sorry, I did not catch that. Could you say it again?".to_owned(),
            max_duration: voice.call_behavior.max_call_duration(),
            max_duration_message: agent.duration_message().to_owned(),
            silence_timeout: voice.call_behavior.silence_timeout(),
            silence_prompt: agent
                .silence_prompt_interval()
                .map(|interval| SilencePrompt {
                    message: voice.interaction.silence_message.clone(),
                    interval,
                    most: voice.interaction.max_silence_prompts,
                }),
            filler: voice.interaction.filler().map(|(message, after)| Filler {
                message: message.to_owned(),
                after,
            }),
            resume_after: interruption
                .resume_after_false_interruption
                .then(|| interruption.false_interruption_timeout()),
            speed: agent.speaking_rate(),
            turn: turn::Settings {
                min_endpointing_delay: interruption.min_endpointing_delay(),
                max_endpointing_delay: interruption.max_endpointing_delay(),
                allow_interruptions: interruption.allow_interruptions,
                min_interruption_duration: interruption.min_interruption_duration(),
                words_to_interrupt: voice.interruption.words_to_interrupt(),
                speculate: interruption.preemptive_generation,
                ..turn::Settings::default()
            },
            routing: Routing::of(agent),
            record: voice.call_behavior.audio_recording,
            background: background(&voice.call_behavior),
            suppress_noise: voice.call_behavior.noise_cancellation,
        }
    }

    /// What the call's leg is to be, for audio of at most the rate `widest`.
    pub(crate) const fn leg(&self, widest: SampleRate) -> LegOptions {
        LegOptions {
            widest,
            record: true,
            policy: Policy::Listen,
            inband_digits: true,
            background: self.background,
        }
    }

    /// How the call is to be listened to.
    pub(crate) const fn hearing(&self) -> Hearing {
        Hearing {
            suppress_noise: self.suppress_noise,
        }
    }
}

/// The sound that the agent's settings ask for. A place that is not known is none: the API refuses
/// such names, but an older record may hold one.
fn background(behavior: &agent::CallBehavior) -> Option<Background> {
    if !behavior.background_sound {
        return None;
    }
    let ambience = Ambience::named(&behavior.background_sound_ambience);
    if ambience.is_none() {
        tracing::warn!(
            name = behavior.background_sound_ambience,
            "there is no such background sound"
        );
    }
    ambience.map(|ambience| Background {
        ambience,
        volume: behavior.background_sound_volume as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(call_behavior: serde_json::Value) -> Script {
        let agent = AgentDefinition::from_json(serde_json::json!({
            "name": "Mihu",
            "settings": { "voice": { "call_behavior": call_behavior } },
        }));
        let occasion = Occasion {
            direction: Direction::Inbound,
            number: "+14155550123",
            about: None,
            prompt: None,
            first_message: None,
            local_time: "noon".to_owned(),
        };
        Script::for_call(&agent.unwrap(), &occasion)
    }

    #[test]
    fn the_leg_gets_the_surroundings_that_the_agent_is_defined_with() {
        let script = script(serde_json::json!({
            "background_sound": true,
            "background_sound_ambience": "cafe",
            "background_sound_volume": 0.5,
            "noise_cancellation": true,
        }));
        let background = script.leg(SampleRate::HZ_8000).background;
        let ambience = Ambience::named("cafe").unwrap();
        let volume = 0.5;
        assert_eq!(background, Some(Background { ambience, volume }));
        assert!(script.hearing().suppress_noise);
    }

    #[test]
    fn a_voicemail_is_spoken_to_in_calls_of_the_agent_alone() {
        let spoken = |message: &str, direction| {
            let interaction = serde_json::json!({ "voice_mail_message": message });
            let agent = AgentDefinition::from_json(serde_json::json!({
                "name": "Mihu",
                "settings": { "voice": { "interaction": interaction } },
            }));
            let occasion = Occasion {
                direction,
                number: "+14155550123",
                about: None,
                prompt: None,
                first_message: None,
                local_time: "noon".to_owned(),
            };
            Script::for_call(&agent.unwrap(), &occasion).voicemail
        };
        let said = spoken("Please call us back.", Direction::Outbound);
        assert_eq!(said.as_deref(), Some("Please call us back."));
        assert_eq!(spoken("Please call us back.", Direction::Inbound), None);
        assert_eq!(spoken(" ", Direction::Outbound), None);
    }

    fn names_offered(definition: serde_json::Value, direction: Direction) -> Vec<String> {
        let agent = AgentDefinition::from_json(definition).unwrap();
        let offered = offered(&agent, direction).into_iter();
        offered.map(|tool| tool.name).collect()
    }

    #[test]
    fn a_node_offers_the_intents_of_an_agent_and_not_its_tools() {
        let agent = serde_json::json!({
            "name": "Mihu",
            "tools": [{ "name": "look_up", "description": "Looks things up." }],
            "intents": [{ "name": "Book a table", "key": "book_a_table" }],
        });
        let offered = names_offered(agent, Direction::Inbound);
        assert_eq!(offered, ["book_a_table"]);
    }

    #[test]
    fn whom_an_agent_has_called_may_opt_out() {
        let agent = serde_json::json!({ "name": "Mihu" });
        let offered = names_offered(agent, Direction::Outbound);
        assert_eq!(offered, [agent::OPT_OUT]);
        let own = serde_json::json!({
            "name": "Mihu",
            "intents": [{ "name": "Do not call", "key": agent::OPT_OUT }],
        });
        assert_eq!(names_offered(own, Direction::Outbound), [agent::OPT_OUT]);
    }

    #[test]
    fn without_wishes_the_line_is_as_it_is() {
        let script = script(serde_json::json!({}));
        assert_eq!(script.leg(SampleRate::HZ_8000).background, None);
        assert!(!script.hearing().suppress_noise);
    }
}
