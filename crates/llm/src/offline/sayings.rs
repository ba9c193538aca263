//! What the agent says of its own accord. Of each, the second form is said
//! where the first one was said just before.

/// What is said of a tool that answered nothing that can be said.
pub(super) const DONE: &str = "That is done.";

pub(super) const OPENING: [&str; 2] = [
    "Hello. How can I help you?",
    "Hello. What can I do for you?",
];
pub(super) const WAITED_FOR: [&str; 2] = [
    "Is there anything that I can help you with?",
    "I am listening. How can I help you?",
];
pub(super) const GREETED: [&str; 2] = [
    "Hello. How can I help you?",
    "Hello. What can I do for you?",
];
pub(super) const PRESENT: [&str; 2] = [
    "Yes, I can hear you. How can I help you?",
    "Yes, I am here. What can I do for you?",
];
pub(super) const WELL: [&str; 2] = [
    "I am fine, thank you. How can I help you?",
    "Still fine, thank you. What can I do for you?",
];
pub(super) const WAITING: [&str; 2] = [
    "Of course, take your time.",
    "I am still here. Take your time.",
];
pub(super) const ACCEPTED: [&str; 2] = [
    "Of course. What would you like to know?",
    "I am listening. What is your question?",
];
pub(super) const DECLINED: [&str; 2] = [
    "All right. Is there anything else I can help you with?",
    "Very well. What else can I do?",
];
pub(super) const THANKED: [&str; 2] = [
    "You are welcome. Is there anything else I can help you with?",
    "With pleasure. Is there anything else?",
];
pub(super) const ACKNOWLEDGED: [&str; 2] = [
    "Is there anything else I can help you with?",
    "What else can I do for you?",
];
pub(super) const NOT_HEARD: [&str; 2] = [
    "I did not catch that. Could you say it again?",
    "I still could not hear you. Please say it again.",
];
