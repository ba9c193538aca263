//! What was said in a call so far, as a language model is told it.

use std::collections::VecDeque;

use llm::{AnsweredCall, Message, Role};

/// A contribution to a [`Conversation`]. Stays valid for the conversation it
/// came from, even when that has forgotten the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnIndex(u64);

/// How much of a conversation is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationLimits {
    /// The newest so many turns; at least 1.
    pub turns: usize,
    /// The newest turns that have together at most so many characters, and of
    /// a single longer turn its first so many; at least 1.
    pub characters: usize,
}

impl Default for ConversationLimits {
    /// 64 turns of 16,000 characters together: half an hour of talk, and
    /// context that small models still hold.
    fn default() -> Self {
        Self {
            turns: 64,
            characters: 16_000,
        }
    }
}

/// The conversation of one call. The agent's turns hold the words that were
/// heard, so that the model never believes to have said more.
///
/// Memory is bounded by [`ConversationLimits`]; the oldest turns are forgotten
/// first.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    limits: ConversationLimits,
    turns: VecDeque<Turn>,
    characters: usize,
    next: u64,
}

#[derive(Clone, Debug)]
struct Turn {
    index: TurnIndex,
    role: Role,
    text: String,
    /// The tools that the agent called, instead of a text.
    calls: Vec<AnsweredCall>,
    characters: usize,
}

impl Conversation {
    /// An empty conversation with these limits.
    #[must_use]
    pub fn new(limits: ConversationLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Adds what the caller said.
    pub fn push_caller(&mut self, text: &str) -> TurnIndex {
        self.push(Role::User, text)
    }

    /// Adds what the agent says.
    pub fn push_agent(&mut self, text: &str) -> TurnIndex {
        self.push(Role::Assistant, text)
    }

    /// Adds what the agent had tools do, and what they answered, each answer
    /// shortened to what is remembered of a turn.
    pub fn push_calls(&mut self, calls: Vec<AnsweredCall>) {
        let most = self.limits.characters;
        let shorter = |call: AnsweredCall| AnsweredCall {
            answer: shortened(&call.answer, most),
            ..call
        };
        let calls: Vec<AnsweredCall> = calls.into_iter().map(shorter).collect();
        let length = |answered: &AnsweredCall| {
            let AnsweredCall { call, answer } = answered;
            let texts = [&call.name, &call.arguments, answer];
            texts.map(|text| text.chars().count()).iter().sum::<usize>()
        };
        let characters = calls.iter().map(length).sum();
        if !calls.is_empty() {
            self.remember(Role::Assistant, String::new(), calls, characters);
        }
    }

    /// Keeps of a turn of the agent the text that was heard; a turn of which
    /// nothing was heard never took place. Returns whether the turn is still
    /// remembered; nothing happens to a turn of the caller.
    pub fn truncate_agent(&mut self, turn: TurnIndex, heard_text: &str) -> bool {
        let Ok(position) = self.turns.binary_search_by_key(&turn, |turn| turn.index) else {
            return false;
        };
        let Some(turn) = self
            .turns
            .get_mut(position)
            .filter(|turn| turn.role == Role::Assistant && turn.calls.is_empty())
        else {
            return false;
        };
        self.characters -= turn.characters;
        turn.text = shortened(heard_text, self.limits.characters);
        turn.characters = turn.text.chars().count();
        self.characters += turn.characters;
        if turn.text.is_empty() {
            self.turns.remove(position);
        }
        self.forget();
        true
    }

    /// The remembered turns, oldest first. Turns of one party that follow each
    /// other are one message, since many servers insist on alternation; calls of
    /// tools are one of their own.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        for turn in &self.turns {
            match messages.last_mut() {
                Some(last)
                    if last.role == turn.role && last.calls.is_empty() && turn.calls.is_empty() =>
                {
                    last.content.push(' ');
                    last.content.push_str(&turn.text);
                }
                _ => messages.push(Message {
                    role: turn.role,
                    content: turn.text.clone(),
                    calls: turn.calls.clone(),
                }),
            }
        }
        messages
    }

    fn push(&mut self, role: Role, text: &str) -> TurnIndex {
        let text = shortened(text, self.limits.characters);
        if text.is_empty() {
            let index = TurnIndex(self.next);
            self.next += 1;
            return index;
        }
        let characters = text.chars().count();
        self.remember(role, text, Vec::new(), characters)
    }

    fn remember(
        &mut self,
        role: Role,
        text: String,
        calls: Vec<AnsweredCall>,
        characters: usize,
    ) -> TurnIndex {
        let index = TurnIndex(self.next);
        self.next += 1;
        self.characters += characters;
        self.turns.push_back(Turn {
            index,
            role,
            text,
            calls,
            characters,
        });
        self.forget();
        index
    }

    fn forget(&mut self) {
        while self.turns.len() > 1
            && (self.turns.len() > self.limits.turns || self.characters > self.limits.characters)
        {
            if let Some(oldest) = self.turns.pop_front() {
                self.characters -= oldest.characters;
            }
        }
    }
}

fn shortened(text: &str, characters: usize) -> String {
    text.trim().chars().take(characters.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limited(turns: usize, characters: usize) -> Conversation {
        Conversation::new(ConversationLimits { turns, characters })
    }

    fn spoken(conversation: &Conversation) -> Vec<String> {
        conversation
            .messages()
            .into_iter()
            .map(|message| match message.role {
                Role::User => format!("caller: {}", message.content),
                Role::Assistant => format!("agent: {}", message.content),
            })
            .collect()
    }

    #[test]
    fn turns_come_back_in_order() {
        let mut conversation = Conversation::default();
        conversation.push_agent("Hello.");
        conversation.push_caller("All circuits are busy.");
        assert_eq!(
            spoken(&conversation),
            ["agent: Hello.", "caller: All circuits are busy."]
        );
    }

    #[test]
    fn turns_of_one_party_become_one_message() {
        let mut conversation = Conversation::default();
        conversation.push_caller("My number is");
        conversation.push_caller("four one five");
        assert_eq!(
            spoken(&conversation),
            ["caller: My number is four one five"]
        );
    }

    #[test]
    fn an_interrupted_turn_keeps_the_heard_text() {
        let mut conversation = Conversation::default();
        let turn = conversation.push_agent("Please check the number and dial again.");
        conversation.push_caller("Which number?");
        assert!(conversation.truncate_agent(turn, "Please check the"));
        assert_eq!(
            spoken(&conversation),
            ["agent: Please check the", "caller: Which number?"]
        );
    }

    #[test]
    fn a_turn_that_nobody_heard_never_took_place() {
        let mut conversation = Conversation::default();
        conversation.push_caller("Wait");
        let turn = conversation.push_agent("Please check the number.");
        conversation.truncate_agent(turn, " ");
        conversation.push_caller("no");
        assert_eq!(spoken(&conversation), ["caller: Wait no"]);
        assert!(!conversation.truncate_agent(turn, "Please"));
    }

    #[test]
    fn a_turn_of_the_caller_is_not_truncated() {
        let mut conversation = Conversation::default();
        let turn = conversation.push_caller("All circuits are busy.");
        assert!(!conversation.truncate_agent(turn, "All"));
        assert_eq!(spoken(&conversation), ["caller: All circuits are busy."]);
    }

    #[test]
    fn the_oldest_turns_are_forgotten_first() {
        let mut conversation = limited(2, 1_000);
        let first = conversation.push_agent("one");
        conversation.push_caller("two");
        conversation.push_agent("three");
        assert_eq!(spoken(&conversation), ["caller: two", "agent: three"]);
        assert!(!conversation.truncate_agent(first, "o"));
    }

    #[test]
    fn a_turn_longer_than_the_limit_keeps_its_beginning() {
        let mut conversation = limited(10, 4);
        conversation.push_caller("abcdefgh");
        assert_eq!(spoken(&conversation), ["caller: abcd"]);
    }

    #[test]
    fn tools_that_were_called_are_a_message_of_their_own() {
        let mut conversation = Conversation::default();
        conversation.push_caller("What is my balance?");
        let answered = AnsweredCall {
            call: llm::ToolCall {
                name: "balance".to_owned(),
                arguments: "{}".to_owned(),
                confidence: None,
            },
            answer: "10".to_owned(),
        };
        conversation.push_calls(vec![answered.clone()]);
        conversation.push_agent("It is ten.");
        let messages = conversation.messages();
        let contents: Vec<_> = messages.iter().map(|one| one.content.as_str()).collect();
        assert_eq!(contents, ["What is my balance?", "", "It is ten."]);
        assert_eq!(messages[1].calls, [answered]);
    }

    #[test]
    fn the_answers_of_tools_count_against_the_limits() {
        let mut conversation = limited(10, 20);
        conversation.push_caller("What is my balance?");
        conversation.push_calls(vec![AnsweredCall {
            call: llm::ToolCall::end_call(),
            answer: "a".repeat(100),
        }]);
        let messages = conversation.messages();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].calls[0].answer.len(), 20);
    }

    proptest! {
        #[test]
        fn memory_stays_within_the_limits(
            turns in 1usize..5,
            characters in 1usize..40,
            said in prop::collection::vec((any::<bool>(), ".{0,60}", any::<bool>()), 0..40),
        ) {
            let mut conversation = limited(turns, characters);
            for (by_caller, text, interrupted) in said {
                if by_caller {
                    conversation.push_caller(&text);
                } else {
                    let turn = conversation.push_agent(&text);
                    if interrupted {
                        let heard: String = text.chars().take(5).collect();
                        conversation.truncate_agent(turn, &heard);
                    }
                }
                prop_assert!(conversation.turns.len() <= turns);
                let kept: usize =
                    conversation.turns.iter().map(|turn| turn.text.chars().count()).sum();
                prop_assert!(kept <= characters);
                prop_assert_eq!(kept, conversation.characters);
            }
        }
    }
}
