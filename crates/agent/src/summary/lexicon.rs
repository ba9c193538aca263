//! English words that carry no meaning, turn it around, or praise and blame.

/// How much a word praises (above zero) or blames (below).
pub(super) fn weight(word: &str) -> i32 {
    let lists = [
        (STRONG_PRAISE, 2),
        (PRAISE, 1),
        (BLAME, -1),
        (STRONG_BLAME, -2),
    ];
    lists
        .into_iter()
        .find(|(words, _)| words.contains(&word))
        .map_or(0, |(_, weight)| weight)
}

const STRONG_PRAISE: &[&str] = &[
    "amazing",
    "awesome",
    "brilliant",
    "delighted",
    "excellent",
    "fantastic",
    "great",
    "impressed",
    "love",
    "outstanding",
    "perfect",
    "perfectly",
    "pleased",
    "superb",
    "terrific",
    "wonderful",
];

const PRAISE: &[&str] = &[
    "appreciate",
    "best",
    "better",
    "easy",
    "fine",
    "fixed",
    "friendly",
    "glad",
    "good",
    "grateful",
    "happy",
    "helped",
    "helpful",
    "kind",
    "like",
    "lovely",
    "nice",
    "solved",
    "super",
    "thank",
    "thanks",
    "well",
    "works",
];

const BLAME: &[&str] = &[
    "bad",
    "broken",
    "complain",
    "complaint",
    "confused",
    "confusing",
    "difficult",
    "disappointed",
    "disappointing",
    "fail",
    "failed",
    "failing",
    "fails",
    "impossible",
    "mistake",
    "poor",
    "problem",
    "problems",
    "slow",
    "stuck",
    "trouble",
    "unhappy",
    "upset",
    "worse",
    "wrong",
];

const STRONG_BLAME: &[&str] = &[
    "angry",
    "annoyed",
    "annoying",
    "awful",
    "disgusting",
    "frustrated",
    "frustrating",
    "furious",
    "hate",
    "hopeless",
    "horrible",
    "incompetent",
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
pub(super) const NEGATIONS: &[&str] = &[
    "aren't", "can't", "cannot", "didn't", "doesn't", "don't", "hardly", "isn't", "neither",
    "never", "no", "nor", "not", "nothing", "wasn't", "weren't", "without", "won't", "wouldn't",
];

/// Words that say nothing of what a conversation is about.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "did", "do", "does", "for", "from", "get", "had", "has", "have", "he",
    "hello", "her", "here", "hi", "him", "his", "how", "i", "i'm", "if", "in", "into", "is", "it",
    "it's", "its", "just", "let", "may", "me", "my", "no", "not", "now", "of", "oh", "ok", "okay",
    "on", "one", "or", "our", "out", "please", "she", "so", "some", "than", "thank", "thanks",
    "that", "that's", "the", "their", "them", "then", "there", "they", "this", "to", "uh", "um",
    "up", "us", "was", "we", "well", "were", "what", "when", "where", "which", "who", "will",
    "with", "would", "yeah", "yes", "you", "your",
];
