//! What an agent knows, in pieces that can be looked up and spoken.

use llm::{Passage, PassageSource};

use super::{CallContext, call_prompt, replaces_own_prompt, with_stop};
use crate::definition::{AgentDefinition, Procedure, given, in_order};
use crate::sentence::SentenceSplitter;

/// Pieces are cut between sentences beyond this many characters: more at once
/// is tiring to listen to.
const LONGEST: usize = 240;

/// All the pieces: training first, what is known of the other party last.
pub(super) fn passages(definition: &AgentDefinition, context: &CallContext) -> Vec<Passage> {
    let mut passages = Vec::new();
    for row in &definition.training {
        match row.response.as_deref().and_then(given) {
            Some(response) => passages.push(Passage {
                question: Some(row.content.trim().to_owned()),
                text: response.to_owned(),
                source: PassageSource::Training,
            }),
            None => add(&mut passages, &row.content, PassageSource::Training),
        }
    }
    for note in in_order(&definition.notes) {
        add(&mut passages, &note.content, PassageSource::Note);
    }
    for guideline in in_order(&definition.guidelines) {
        add(&mut passages, &guideline.content, PassageSource::Guideline);
    }
    passages.extend(definition.procedures.iter().filter_map(procedure));
    if !replaces_own_prompt(context) {
        own_prompt(&mut passages, definition);
    }
    add(
        &mut passages,
        call_prompt(context).unwrap_or_default(),
        PassageSource::Prompt,
    );
    add(
        &mut passages,
        context.about.as_deref().unwrap_or_default(),
        PassageSource::About,
    );
    passages
}

/// The prompt texts that hold facts; those on manner and style would make no
/// sense when read out.
fn own_prompt(passages: &mut Vec<Passage>, definition: &AgentDefinition) {
    if let Some(service) = given(&definition.company_service) {
        let company = given(&definition.company_name).unwrap_or("the company");
        passages.push(Passage {
            question: Some(format!("What does {company} do?")),
            text: with_stop(service),
            source: PassageSource::Prompt,
        });
    }
    let texts = [
        &definition.topic,
        &definition.custom_prompt,
        &definition.interest_of_product,
        &definition.recommendations,
    ];
    for text in texts {
        add(passages, text, PassageSource::Prompt);
    }
}

fn procedure(procedure: &Procedure) -> Option<Passage> {
    let description = given(&procedure.description).map(with_stop);
    let steps = in_order(&procedure.steps)
        .into_iter()
        .map(|step| with_stop(&step.description));
    let sentences: Vec<String> = description.into_iter().chain(steps).collect();
    if sentences.is_empty() {
        return None;
    }
    Some(Passage {
        question: Some(procedure.name.trim().to_owned()),
        text: sentences.join(" "),
        source: PassageSource::Procedure,
    })
}

/// Adds a text, line by line, long lines in groups of sentences.
fn add(passages: &mut Vec<Passage>, text: &str, source: PassageSource) {
    for line in text.lines().filter_map(given) {
        let mut splitter = SentenceSplitter::whole_sentences();
        let mut sentences = splitter.push(line);
        sentences.extend(splitter.finish());
        let mut group = String::new();
        for sentence in sentences {
            if !group.is_empty() && group.len() + sentence.len() >= LONGEST {
                let text = std::mem::take(&mut group);
                passages.push(Passage {
                    question: None,
                    text,
                    source,
                });
            }
            if !group.is_empty() {
                group.push(' ');
            }
            group.push_str(&sentence);
        }
        passages.push(Passage {
            question: None,
            text: group,
            source,
        });
    }
}
