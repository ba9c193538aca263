//! What a language model is given for one call, made of the agent's
//! definition and of what is known of the call.

mod knowledge;

use llm::Passage;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::definition::{AgentDefinition, Procedure, given, in_order};

/// How a model has to write so that it sounds right on the telephone.
const SPOKEN_STYLE: &str = "How you speak: everything you write is read out by a speech \
synthesiser on a telephone line. Speak the way people talk, in short and plain sentences, one or \
two of them at a time. Ask one question at a time and then wait. Never use markdown, lists, \
headings, emoji or symbols. Write numbers, times and amounts of money the way they are said, and \
read telephone numbers digit by digit. What you hear comes from a speech recogniser and may \
contain mistakes: take what was most likely meant, and ask when you are not sure. When you do not \
know something, say so instead of inventing it.";

/// How a model books.
const BOOKING: &str = "Appointments: you look up free times, book, move and cancel appointments \
with your functions, and only with them. Offer no time that they have not named, and say the days \
and times that they name. Before you book, move or cancel, repeat the day and the time and let the \
other party agree. Nothing is booked, moved or cancelled before a function has answered that it is.";

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The other party called the agent.
    Inbound,
    /// The agent called the other party.
    Outbound,
}

/// What is known of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// Which way it goes.
    pub direction: Direction,
    /// The other party's number as far as it is known; empty otherwise.
    pub number: String,
    /// Free text on the other party.
    pub about: Option<String>,
    /// A prompt for this call alone.
    pub prompt: Option<CallPrompt>,
    /// The agent's local time at the beginning of the call, in words; see
    /// [`AgentDefinition::local_time`]. Left out when empty.
    pub now: String,
}

/// A prompt for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPrompt {
    /// Its text.
    pub content: String,
    /// Whether it stands in place of the agent's own prompt instead of being
    /// added to it. An empty text replaces nothing.
    pub overwrite: bool,
}

/// What a language model is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The system prompt, complete in itself.
    pub system: String,
    /// The same knowledge piece by piece, for a responder that looks up
    /// answers rather than understanding a prompt.
    pub knowledge: Vec<Passage>,
}

/// Puts together the prompt of one call.
///
/// A call's own prompt is added to the agent's, or replaces it: then the
/// agent's identity and prompt texts (name, role, objective, tone,
/// `custom_prompt` and the like) are left out. Guidelines, procedures, notes
/// and training belong to the agent's knowledge and stay in either case, as do
/// the facts of the call and the rules of speaking on the telephone.
#[must_use]
pub fn assemble(definition: &AgentDefinition, context: &CallContext) -> Assembled {
    Assembled {
        system: system_prompt(definition, context),
        knowledge: knowledge::passages(definition, context),
    }
}

/// The call's own prompt text, if it says anything.
fn call_prompt(context: &CallContext) -> Option<&str> {
    context
        .prompt
        .as_ref()
        .and_then(|prompt| given(&prompt.content))
}

fn replaces_own_prompt(context: &CallContext) -> bool {
    let overwrites = context
        .prompt
        .as_ref()
        .is_some_and(|prompt| prompt.overwrite);
    overwrites && call_prompt(context).is_some()
}

fn system_prompt(definition: &AgentDefinition, context: &CallContext) -> String {
    let mut sections = Sections::default();
    match call_prompt(context) {
        Some(content) if replaces_own_prompt(context) => sections.add("", content),
        content => {
            own_prompt(&mut sections, definition);
            sections.add("For this call: ", content.unwrap_or_default());
        }
    }
    knowledge_sections(&mut sections, definition);
    if definition.appointment_scheduling_enabled {
        sections.add("", BOOKING);
    }
    call_sections(&mut sections, definition, context);
    sections.add("", SPOKEN_STYLE);
    sections.0.join("\n\n")
}

fn own_prompt(sections: &mut Sections, definition: &AgentDefinition) {
    sections.add("", &introduction(definition));
    sections.add("What the company does: ", &definition.company_service);
    sections.add("What your calls are about: ", &definition.topic);
    sections.add("Your objective: ", &definition.objective);
    sections.add("", &definition.custom_prompt);
    sections.add("Your tone: ", &definition.tone);
    sections.add("How you behave: ", &definition.behavior_guidelines);
    sections.add("How long your answers are: ", &definition.length_detail);
    sections.add(
        "When the other party is interested: ",
        &definition.interest_of_product,
    );
    sections.add(
        "When the other party declines: ",
        &definition.negative_response,
    );
    sections.add("What you may recommend: ", &definition.recommendations);
}

/// "You are Maya, support assistant at Larkfield, speaking on the telephone."
fn introduction(definition: &AgentDefinition) -> String {
    let mut introduction = format!("You are {}", definition.name.trim());
    if let Some(role) = given(&definition.role) {
        introduction.push_str(", ");
        introduction.push_str(role.trim_end_matches('.'));
    }
    if let Some(company) = given(&definition.company_name) {
        introduction.push_str(" at ");
        introduction.push_str(company);
    }
    introduction.push_str(", speaking with a person on the telephone.");
    introduction
}

fn knowledge_sections(sections: &mut Sections, definition: &AgentDefinition) {
    let guidelines = in_order(&definition.guidelines);
    sections.add_list(
        "Rules that you follow:",
        guidelines
            .into_iter()
            .map(|guideline| guideline.content.trim().to_owned()),
    );
    sections.add_list(
        "How you proceed:",
        definition
            .procedures
            .iter()
            .map(|one| procedure(definition, one)),
    );
    let notes = in_order(&definition.notes);
    sections.add_list(
        "What you know:",
        notes.into_iter().map(|note| note.content.trim().to_owned()),
    );
    let (examples, facts): (Vec<_>, Vec<_>) = definition
        .training
        .iter()
        .map(|row| (row.content.trim(), row.response.as_deref().and_then(given)))
        .partition(|(_, response)| response.is_some());
    sections.add_list(
        "What you know beside that:",
        facts.iter().map(|(fact, _)| (*fact).to_owned()),
    );
    sections.add_list(
        "Examples of what the other party says and how you answer:",
        examples.iter().map(|(says, response)| {
            format!(
                "\"{says}\" You answer: \"{}\"",
                response.unwrap_or_default()
            )
        }),
    );
}

/// "Reset a mailbox. Only for the owner. 1. Ask for the number. 2. Reset it. Use the function
/// `reset_mailbox` for that."
fn procedure(definition: &AgentDefinition, procedure: &Procedure) -> String {
    let mut text = with_stop(&procedure.name);
    if let Some(description) = given(&procedure.description) {
        text.push(' ');
        text.push_str(&with_stop(description));
    }
    for (number, step) in in_order(&procedure.steps).into_iter().enumerate() {
        text.push_str(&format!(
            " {}. {}",
            number + 1,
            with_stop(&step.description)
        ));
        if let Some(function) = step.intent_uuid.and_then(|uuid| function(definition, uuid)) {
            text.push_str(&format!(" Use the function `{function}` for that."));
        }
    }
    text
}

/// The name of the function that an active intent is offered as.
fn function(definition: &AgentDefinition, intent: Uuid) -> Option<&str> {
    let mut intents = definition.intents.iter();
    let meant = intents.find(|one| one.is_active && one.intent_uuid == intent);
    meant.map(|intent| intent.key.as_str())
}

fn call_sections(sections: &mut Sections, definition: &AgentDefinition, context: &CallContext) {
    let number = given(&context.number)
        .map(|number| format!(" ({number})"))
        .unwrap_or_default();
    sections.add(
        "This call: ",
        &match context.direction {
            Direction::Inbound => format!("the other party{number} has called you."),
            Direction::Outbound => format!("you have called the other party{number}."),
        },
    );
    sections.add(
        "About the other party: ",
        context.about.as_deref().unwrap_or_default(),
    );
    sections.add("The call began at this local time: ", &context.now);
    if !definition.language.to_ascii_lowercase().starts_with("en") {
        sections.add("Speak this language (BCP 47): ", &definition.language);
    }
}

/// The trimmed text, ending as a sentence does.
fn with_stop(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…', ':']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// Paragraphs; what has no text gets no paragraph.
#[derive(Default)]
struct Sections(Vec<String>);

impl Sections {
    fn add(&mut self, heading: &str, text: &str) {
        if let Some(text) = given(text) {
            self.0.push(format!("{heading}{text}"));
        }
    }

    fn add_list(&mut self, heading: &str, items: impl Iterator<Item = String>) {
        let lines: Vec<String> = items.map(|item| format!("- {item}")).collect();
        if !lines.is_empty() {
            self.0.push(format!("{heading}\n{}", lines.join("\n")));
        }
    }
}

#[cfg(test)]
mod tests;
