//! Decides what is said.

use crate::model::{PassageSource, ReplyRequest, ToolCall};

use super::intent::{Intent, read};
use super::knowledge::{Piece, pieces};
use super::sayings::{
    ACCEPTED, ACKNOWLEDGED, DECLINED, GREETED, NOT_HEARD, OPENING, PRESENT, THANKED, WAITED_FOR,
    WAITING, WELL,
};
use super::search::{Found, Index, Query};
use super::speakable::shortened;
use super::talk::{Talk, led_by};
use super::tools;

/// What is said, and the tool that is called after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// At least one sentence, unless a tool is called.
    pub(super) sentences: Vec<String>,
    pub(super) call: Option<ToolCall>,
}

/// From where on a training row is an answer even to small talk.
const MEANT_FOR_IT: f64 = 0.8;

/// The answer to the last words of the caller.
pub(super) fn answer(request: &ReplyRequest) -> Answer {
    let talk = Talk::of(&request.messages);
    if let Some(answered) = talk.answered {
        return say(tools::told(answered));
    }
    let Some(caller) = &talk.caller else {
        return say(talk.fresh(if talk.said.is_empty() {
            OPENING
        } else {
            WAITED_FOR
        }));
    };
    let reading = read(caller);
    if let Some(call) = tools::asked_for(&request.tools, caller) {
        return use_tool(call);
    }
    if talk.is_over(reading.intent) {
        return farewell(request);
    }
    let pieces = pieces(&request.knowledge);
    let found = Index::new(&pieces).find(Query {
        text: caller,
        context: &talk.before,
    });
    match (reading.intent, found) {
        (Intent::Matter, Some(found)) => say(talk.unrepeated(introduced(found))),
        (Intent::Matter, None) => match tools::described(&request.tools, caller) {
            Some(call) => use_tool(call),
            None => small_talk(request, &talk, reading.otherwise, &pieces),
        },
        (_, Some(found)) if found.look >= MEANT_FOR_IT => say(talk.unrepeated(introduced(found))),
        (intent, _) => small_talk(request, &talk, intent, &pieces),
    }
}

/// What is said without looking anything up.
fn small_talk(request: &ReplyRequest, talk: &Talk<'_>, intent: Intent, pieces: &[Piece]) -> Answer {
    say(match intent {
        Intent::Goodbye => return farewell(request),
        Intent::Matter => talk.ask_back(pieces),
        Intent::Repeat => talk.again(),
        Intent::Identity => talk.unrepeated(identity(pieces)),
        Intent::Nothing => talk.fresh(NOT_HEARD),
        Intent::Decline => talk.fresh(DECLINED),
        Intent::Accept => talk.fresh(ACCEPTED),
        Intent::Thanks => talk.fresh(THANKED),
        Intent::Acknowledge => talk.fresh(ACKNOWLEDGED),
        Intent::Greeting => talk.fresh(GREETED),
        Intent::Presence => talk.fresh(PRESENT),
        Intent::Wellbeing => talk.fresh(WELL),
        Intent::Wait => talk.fresh(WAITING),
    })
}

fn say(sentences: Vec<String>) -> Answer {
    Answer {
        sentences,
        call: None,
    }
}

fn use_tool(call: ToolCall) -> Answer {
    Answer {
        sentences: Vec::new(),
        call: Some(call),
    }
}

fn farewell(request: &ReplyRequest) -> Answer {
    let goodbye = match request.goodbye.trim() {
        "" => "Goodbye.",
        goodbye => goodbye,
    };
    Answer {
        sentences: vec![goodbye.to_owned()],
        call: request.may_end_call.then(ToolCall::end_call),
    }
}

/// What was found, with a word on where it comes from unless it speaks for
/// itself.
fn introduced(found: Found) -> Vec<String> {
    let introduction = match found.source {
        PassageSource::About => "From what I have noted here: ",
        PassageSource::Procedure => "This is how it works: ",
        PassageSource::Training
        | PassageSource::Note
        | PassageSource::Guideline
        | PassageSource::Prompt => "",
    };
    led_by(introduction, shortened(found.spoken))
}

/// Who the agent says it is, and what it is in truth.
fn identity(pieces: &[Piece]) -> Vec<String> {
    let of_agent = |piece: &&Piece| piece.source == PassageSource::Prompt;
    let sentences = pieces
        .iter()
        .filter(of_agent)
        .flat_map(|piece| &piece.spoken);
    let persona = sentences.into_iter().find(|sentence| {
        ["I am ", "My name is "]
            .iter()
            .any(|start| sentence.starts_with(start))
    });
    let truth = "I am an automated assistant.".to_owned();
    shortened(persona.cloned().into_iter().chain([truth]).collect())
}

#[cfg(test)]
mod tests;
