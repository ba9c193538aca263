//! The last sentence of a turn, as far as its end tells whether more is to come.

use crate::words::{
    AS_MUCH, AUXILIARIES, CLAUSE_OPENERS, CONJUNCTIONS, DESCRIBING, DETERMINERS, EITHER_CASE,
    LACKING, OBJECTS_AHEAD, QUESTION_WORDS, REQUEST, SELDOM_LAST, STRANDED, SUBORDINATORS, THING,
    bare,
};

/// The last sentence of a text.
pub(crate) struct Sentence {
    words: Vec<String>,
    question: bool,
    comma: bool,
}

impl Sentence {
    pub(crate) fn last_of(text: &str) -> Self {
        let open = text.trim_end_matches(|c: char| !c.is_alphanumeric());
        let (sentence, closing) = text.split_at(open.len());
        let begin = sentence.rfind(['.', '?', '!']).map_or(0, |end| end + 1);
        let sentence = sentence.get(begin..).unwrap_or_default();
        let words = sentence.split_whitespace().map(bare);
        Self {
            words: words.filter(|word| !word.is_empty()).collect(),
            question: closing.contains('?'),
            comma: sentence.contains(','),
        }
    }

    fn begins_with(&self, list: &[&str]) -> bool {
        let first = self.words.first();
        first.is_some_and(|first| list.contains(&first.as_str()))
    }

    /// Whether it is a question whose last word is left over by the question word at its
    /// beginning: "What is it like?"
    pub(crate) fn asks_about(&self, last: &str) -> bool {
        self.question
            && self.words.len() > THING
            && self.begins_with(QUESTION_WORDS)
            && STRANDED.contains(&last)
    }

    /// Whether it is a clause without the one that it belongs to.
    pub(crate) fn is_subordinate(&self) -> bool {
        let joined = usize::from(self.begins_with(CONJUNCTIONS));
        let mut rest = self.words.iter().skip(joined).map(String::as_str);
        let opens = rest
            .next()
            .is_some_and(|first| SUBORDINATORS.contains(&first));
        let next = rest.next();
        let phrase = next.is_some_and(|next| AS_MUCH.contains(&next));
        // A clause has one verb of its own, unless it is an infinitive; a further one is that of
        // the clause to which it belongs.
        let own = usize::from(next != Some("to"));
        let verbs = rest.filter(|word| AUXILIARIES.contains(word)).count();
        opens && !phrase && !self.question && !self.comma && verbs <= own
    }

    /// Whether it ends on the subject of a clause of which nothing is said: "and then when you".
    pub(crate) fn ends_on_subject(&self) -> bool {
        let [.., opener, subject] = self.words.as_slice() else {
            return false;
        };
        !self.question
            && EITHER_CASE.contains(&subject.as_str())
            && CLAUSE_OPENERS.contains(&opener.as_str())
    }

    /// Whether it ends on a word that seldom is the last one: "press one to accept".
    pub(crate) fn lacks_something(&self) -> bool {
        let [before @ .., describing, last] = self.words.as_slice() else {
            return false;
        };
        let ahead = |word: &String| OBJECTS_AHEAD.contains(&word.as_str());
        let seldom =
            SELDOM_LAST.contains(&last.as_str()) && !before.iter().any(ahead) && !ahead(describing);
        let described =
            DETERMINERS.contains(&describing.as_str()) && DESCRIBING.contains(&last.as_str());
        !self.question && self.words.len() >= LACKING && (seldom || described)
    }

    /// Whether it names a thing or a purpose, or says please, and no more.
    pub(crate) fn is_only_begun(&self) -> bool {
        let said = |word: &String| AUXILIARIES.contains(&word.as_str());
        let thing = self.begins_with(DETERMINERS)
            && self.words.len() <= THING
            && !self.words.iter().any(said);
        let request = self.begins_with(&["please"]) && self.words.len() <= REQUEST;
        let purpose = self.begins_with(&["to"]) && self.words.len() <= THING;
        !self.question && (thing || request || purpose)
    }
}
