//! English words that praise and blame, strengthen, turn around, or say nothing; and phrases by
//! which a conversation is judged without a model. The lists are this project's own.

/// How much a word praises (above zero) or blames (below), -4 to 4.
pub(crate) fn valence(word: &str) -> f64 {
    let lists = [
        (STRONG_PRAISE, 3.1),
        (PRAISE, 1.9),
        (POLITE, 0.4),
        (BLAME, -1.9),
        (STRONG_BLAME, -3.1),
    ];
    lists
        .into_iter()
        .find(|(words, _)| words.contains(&word))
        .map_or(0.0, |(_, valence)| valence)
}

const STRONG_PRAISE: &[&str] = &[
    "amazing",
    "awesome",
    "brilliant",
    "delighted",
    "excellent",
    "excited",
    "fabulous",
    "fantastic",
    "great",
    "impressed",
    "incredible",
    "love",
    "loved",
    "marvelous",
    "outstanding",
    "perfect",
    "perfectly",
    "pleased",
    "superb",
    "terrific",
    "thrilled",
    "wonderful",
];

const PRAISE: &[&str] = &[
    "appreciate",
    "best",
    "better",
    "comfortable",
    "cool",
    "easy",
    "enjoy",
    "enjoyed",
    "fixed",
    "friendly",
    "glad",
    "good",
    "grateful",
    "happy",
    "helped",
    "helpful",
    "honest",
    "kind",
    "lovely",
    "nice",
    "polite",
    "quick",
    "relieved",
    "reliable",
    "satisfied",
    "smooth",
    "solved",
    "super",
    "useful",
    "works",
];

/// Said out of politeness: it takes many of them to be praise.
const POLITE: &[&str] = &[
    "fine", "like", "okay", "please", "thank", "thanks", "welcome", "well",
];

const BLAME: &[&str] = &[
    "annoying",
    "bad",
    "broke",
    "broken",
    "bug",
    "complain",
    "complaint",
    "confused",
    "confusing",
    "damaged",
    "delay",
    "delayed",
    "difficult",
    "disappointed",
    "disappointing",
    "error",
    "fail",
    "failed",
    "failing",
    "fails",
    "fault",
    "faulty",
    "impossible",
    "late",
    "lost",
    "mistake",
    "overcharged",
    "poor",
    "problem",
    "problems",
    "refuse",
    "sad",
    "sick",
    "slow",
    "sorry",
    "stuck",
    "tired",
    "trouble",
    "unhappy",
    "upset",
    "waste",
    "wasted",
    "worried",
    "worse",
    "wrong",
];

const STRONG_BLAME: &[&str] = &[
    "angry",
    "annoyed",
    "appalling",
    "awful",
    "disgusted",
    "disgusting",
    "dreadful",
    "fraud",
    "frustrated",
    "frustrating",
    "furious",
    "hate",
    "hopeless",
    "horrible",
    "incompetent",
    "lied",
    "nightmare",
    "outrageous",
    "pathetic",
    "ridiculous",
    "rude",
    "scam",
    "stupid",
    "terrible",
    "unacceptable",
    "useless",
    "worst",
];

/// Words that turn around what follows.
pub(crate) const NEGATIONS: &[&str] = &[
    "ain't",
    "aren't",
    "can't",
    "cannot",
    "couldn't",
    "didn't",
    "doesn't",
    "don't",
    "hardly",
    "hasn't",
    "haven't",
    "isn't",
    "neither",
    "never",
    "no",
    "nobody",
    "none",
    "nor",
    "not",
    "nothing",
    "rarely",
    "shouldn't",
    "wasn't",
    "weren't",
    "without",
    "won't",
    "wouldn't",
];

/// Words that strengthen (above zero) or weaken (below) what follows.
pub(crate) const BOOSTERS: &[(&str, f64)] = &[
    ("absolutely", 0.293),
    ("almost", -0.293),
    ("barely", -0.293),
    ("completely", 0.293),
    ("deeply", 0.293),
    ("especially", 0.293),
    ("extremely", 0.293),
    ("highly", 0.293),
    ("incredibly", 0.293),
    ("kinda", -0.293),
    ("partly", -0.293),
    ("quite", 0.293),
    ("really", 0.293),
    ("slightly", -0.293),
    ("so", 0.293),
    ("somewhat", -0.293),
    ("too", 0.293),
    ("totally", 0.293),
    ("truly", 0.293),
    ("utterly", 0.293),
    ("very", 0.293),
];

/// Words that say nothing of what a conversation is about.
pub(crate) const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "did", "do", "does", "for", "from", "get", "had", "has", "have", "he",
    "hello", "her", "here", "hi", "him", "his", "how", "i", "i'm", "if", "in", "into", "is", "it",
    "it's", "its", "just", "let", "may", "me", "my", "no", "not", "now", "of", "oh", "ok", "okay",
    "on", "one", "or", "our", "out", "please", "she", "so", "some", "than", "thank", "thanks",
    "that", "that's", "the", "their", "them", "then", "there", "they", "this", "to", "uh", "um",
    "up", "us", "was", "we", "well", "were", "what", "when", "where", "which", "who", "will",
    "with", "would", "yeah", "yes", "you", "your",
];

/// Words that tell of an emotion.
pub(crate) const EMOTIONS: &[(&str, &[&str])] = &[
    (
        "anger",
        &[
            "angry",
            "annoyed",
            "annoying",
            "furious",
            "hate",
            "outrageous",
            "ridiculous",
            "rude",
            "unacceptable",
        ],
    ),
    (
        "frustration",
        &[
            "frustrated",
            "frustrating",
            "hopeless",
            "stuck",
            "tired",
            "useless",
        ],
    ),
    (
        "joy",
        &[
            "amazing",
            "delighted",
            "excited",
            "glad",
            "great",
            "happy",
            "love",
            "perfect",
            "pleased",
            "thrilled",
            "wonderful",
        ],
    ),
    ("gratitude", &["appreciate", "grateful"]),
    ("sadness", &["disappointed", "sad", "unhappy", "upset"]),
    (
        "fear",
        &["afraid", "anxious", "nervous", "scared", "worried"],
    ),
    ("surprise", &["surprised", "unbelievable", "wow"]),
    ("confusion", &["confused", "confusing"]),
];

/// Words of callers that tell what they want.
pub(crate) const INTENTS: &[(&str, &[&str])] = &[
    (
        "appointment",
        &[
            " appointment ",
            " book ",
            " booking ",
            " reschedule ",
            " reserve ",
            " reservation ",
        ],
    ),
    (
        "cancellation",
        &[" cancel ", " cancellation ", " terminate ", " unsubscribe "],
    ),
    (
        "complaint",
        &[
            " complain ",
            " complaint ",
            " broken ",
            " damaged ",
            " faulty ",
            " unacceptable ",
        ],
    ),
    (
        "delivery",
        &[
            " delivery ",
            " deliver ",
            " parcel ",
            " package ",
            " shipment ",
            " tracking ",
        ],
    ),
    (
        "opening hours",
        &[" open ", " opening ", " hours ", " closed ", " close "],
    ),
    (
        "payment",
        &[
            " bill ",
            " charge ",
            " charged ",
            " invoice ",
            " pay ",
            " payment ",
        ],
    ),
    (
        "price",
        &[" cost ", " costs ", " how much ", " price ", " prices "],
    ),
    ("purchase", &[" buy ", " order ", " purchase "]),
    ("refund", &[" money back ", " refund ", " return it "]),
    (
        "technical support",
        &[
            " does not work ",
            " doesn't work ",
            " error ",
            " log in ",
            " not working ",
            " password ",
            " reset ",
        ],
    ),
];

/// What callers say who want a person.
pub(crate) const WANTS_A_PERSON: &[&str] = &[
    " a human ",
    " a live person ",
    " a manager ",
    " a person ",
    " a real person ",
    " a representative ",
    " a supervisor ",
    " an operator ",
    " human being ",
    " real human ",
    " someone real ",
    " speak to someone ",
    " speak with someone ",
    " talk to someone ",
    " your manager ",
    " your supervisor ",
];

/// What agents say that have no answer.
pub(crate) const HAS_NO_ANSWER: &[&str] = &[
    " can't answer ",
    " can't help you with ",
    " cannot answer ",
    " cannot help you with ",
    " do not have any information ",
    " do not have that information ",
    " do not know ",
    " don't have any information ",
    " don't have that information ",
    " don't know ",
    " have no information ",
    " i'm not sure ",
    " i am not sure ",
    " trouble on my side ",
    " unable to answer ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_praises_and_blames_and_none_stands_twice() {
        let mut all: Vec<&str> = [STRONG_PRAISE, PRAISE, POLITE, BLAME, STRONG_BLAME].concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn phrases_are_words_with_blanks_around_them() {
        let intents = INTENTS.iter().flat_map(|(_, phrases)| *phrases);
        for phrase in intents.chain(WANTS_A_PERSON).chain(HAS_NO_ANSWER) {
            assert_eq!(crate::transcript::spaced(phrase), *phrase);
        }
    }
}
