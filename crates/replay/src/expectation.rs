//! What is expected of a call, and whether it came true.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use report::{Expectation, Speaker, Turn};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::scenario::Time;

/// One line of what is expected: of what follows one step of a scenario, or of the whole call.
#[derive(Clone, Debug, Deserialize)]
pub enum Expect {
    /// The agent is heard to say something that the pattern matches.
    #[serde(rename = "agent says")]
    AgentSays(Pattern),
    /// The agent is never heard to say anything that the pattern matches.
    #[serde(rename = "agent does not say")]
    AgentDoesNotSay(Pattern),
    /// The agent is heard so soon after the caller's last word. Of a whole call: after every
    /// utterance.
    #[serde(rename = "answers within")]
    AnswersWithin(Time),
    /// The agent does not begin to speak before the caller has finished.
    #[serde(rename = "does not interrupt")]
    DoesNotInterrupt,
    /// The model calls this tool, with such arguments.
    #[serde(rename = "calls tool")]
    CallsTool(Tool),
    /// Both sides together begin no more turns than this.
    #[serde(rename = "at most turns")]
    AtMostTurns(usize),
    /// The agent ends the call. Of a step: before the next one.
    #[serde(rename = "hangs up")]
    HangsUp,
}

/// A tool by its name, or by its name and what its arguments have to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of a tool, or a map of its `name` and its `arguments`: a pattern for their \
                 JSON, or a map of what is to be among them"
)]
pub enum Tool {
    /// Whatever its arguments.
    Named(String),
    /// With such arguments.
    With(ToolCall),
}

/// A tool and the arguments that are expected of its call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// What its arguments have to be, which are a JSON object.
    pub arguments: Arguments,
}

/// What the arguments of a tool have to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Arguments {
    /// A pattern that their JSON matches.
    Matching(Pattern),
    /// What is to be among them, each with its value; maps within it in the same way.
    Among(Map<String, Value>),
}

/// A call of a tool, as it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// When, in milliseconds from the start of the call.
    pub(crate) at_ms: u64,
    pub(crate) tool: String,
    /// A JSON object.
    pub(crate) arguments: String,
}

impl Arguments {
    fn are(&self, called: &str) -> bool {
        match self {
            Self::Matching(pattern) => pattern.regex.is_match(called),
            Self::Among(wanted) => serde_json::from_str::<Map<String, Value>>(called)
                .is_ok_and(|found| are_among(wanted, &found)),
        }
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matching(pattern) => f.write_str(&pattern.text),
            Self::Among(wanted) => write!(f, "{}", Value::Object(wanted.clone())),
        }
    }
}

/// Whether all that is wanted is found.
fn are_among(wanted: &Map<String, Value>, found: &Map<String, Value>) -> bool {
    let is_found = |(key, value): (&String, &Value)| {
        let found = found.get(key);
        found.is_some_and(|found| is_as_wanted(value, found))
    };
    wanted.iter().all(is_found)
}

/// Numbers are the same whatever they look like, and lists have the same length.
fn is_as_wanted(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => are_among(wanted, found),
        (Value::Array(wanted), Value::Array(found)) => {
            let mut pairs = wanted.iter().zip(found);
            wanted.len() == found.len() && pairs.all(|(one, other)| is_as_wanted(one, other))
        }
        (Value::Number(wanted), Value::Number(found)) => {
            wanted == found || wanted.as_f64() == found.as_f64()
        }
        _ => wanted == found,
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.tool, self.arguments)
    }
}

impl Tool {
    fn is(&self, called: &Called) -> bool {
        match self {
            Self::Named(name) => &called.tool == name,
            Self::With(ToolCall { name, arguments }) => {
                &called.tool == name && arguments.are(&called.arguments)
            }
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::With(ToolCall { name, arguments }) => write!(f, "{name} with {arguments}"),
        }
    }
}

/// A regular expression that matches whatever the case.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// What happened, as far as expectations are about it. Times are milliseconds from the start of
/// the call.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) turns: &'a [Turn],
    pub(crate) steps: Vec<StepFacts>,
    pub(crate) tools: Vec<Called>,
    /// Whether the agent ended the call.
    pub(crate) hung_up: bool,
    pub(crate) duration_ms: u64,
}

/// One step of the caller.
#[derive(Clone, Debug)]
pub(crate) struct StepFacts {
    /// From its beginning to the next one's.
    pub(crate) span: Range<u64>,
    /// When the caller spoke in it.
    pub(crate) utterances: Vec<Range<u64>>,
}

/// A pattern that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no pattern that can be searched for: {reason}")]
pub struct PatternError {
    text: String,
    reason: String,
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        match RegexBuilder::new(&text).case_insensitive(true).build() {
            Ok(regex) => Ok(Self { text, regex }),
            Err(error) => {
                let reason = error.to_string();
                let last = reason.lines().last().unwrap_or_default();
                let reason = last.trim_start_matches("error: ").to_owned();
                Err(PatternError { text, reason })
            }
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentSays(pattern) => write!(f, "agent says: {}", pattern.text),
            Self::AgentDoesNotSay(pattern) => write!(f, "agent does not say: {}", pattern.text),
            Self::AnswersWithin(time) => write!(f, "answers within: {}ms", time.0.as_millis()),
            Self::DoesNotInterrupt => write!(f, "does not interrupt"),
            Self::CallsTool(tool) => write!(f, "calls tool: {tool}"),
            Self::AtMostTurns(most) => write!(f, "at most turns: {most}"),
            Self::HangsUp => write!(f, "hangs up"),
        }
    }
}

impl Expect {
    /// Whether it came true in the whole call.
    pub(crate) fn of_call(&self, facts: &Facts<'_>) -> Expectation {
        let steps = facts.steps.iter();
        let all = StepFacts {
            span: 0..facts.duration_ms + 1,
            utterances: steps.flat_map(|step| step.utterances.clone()).collect(),
        };
        let (passed, detail) = self.judge(facts, &all);
        Expectation {
            text: self.to_string(),
            passed,
            detail,
        }
    }

    /// Whether it came true after a step, which is called `name`; `number` is from 0.
    pub(crate) fn of_step(&self, facts: &Facts<'_>, number: usize, name: &str) -> Expectation {
        let (passed, detail) = match facts.steps.get(number) {
            Some(step) => self.judge(facts, step),
            None => (false, "the call was over before this step".to_owned()),
        };
        Expectation {
            text: format!("{name}: {self}"),
            passed,
            detail,
        }
    }

    fn judge(&self, facts: &Facts<'_>, step: &StepFacts) -> (bool, String) {
        let said = |pattern: &Pattern| {
            let mut turns = agent(facts, &step.span);
            turns.find(|turn| pattern.regex.is_match(&turn.heard_text))
        };
        match self {
            Self::AgentSays(pattern) => match said(pattern) {
                Some(turn) => (true, quoted(turn)),
                None => (false, everything(facts, &step.span)),
            },
            Self::AgentDoesNotSay(pattern) => match said(pattern) {
                Some(turn) => (false, quoted(turn)),
                None => (true, everything(facts, &step.span)),
            },
            Self::AnswersWithin(time) => answers_within(facts, step, time.0),
            Self::DoesNotInterrupt => does_not_interrupt(facts, step),
            Self::CallsTool(tool) => {
                let called = facts.tools.iter();
                let called = called.filter(|called| step.span.contains(&called.at_ms));
                let passed = called.clone().any(|called| tool.is(called));
                let called: Vec<String> = called.map(Called::to_string).collect();
                let called = match &called[..] {
                    [] => "no tool was called".to_owned(),
                    called => format!("called: {}", called.join(", ")),
                };
                (passed, called)
            }
            Self::AtMostTurns(most) => {
                let turns = facts.turns.iter();
                let turns = turns.filter(|turn| step.span.contains(&turn.start_ms));
                let turns = turns.count();
                (turns <= *most, format!("there were {turns} turns"))
            }
            Self::HangsUp if !facts.hung_up => (false, "the agent did not end the call".to_owned()),
            Self::HangsUp if step.span.contains(&facts.duration_ms) => {
                (true, "the agent ended the call".to_owned())
            }
            Self::HangsUp => (false, "the agent ended the call later".to_owned()),
        }
    }
}

/// The agent's turns that begin within `span`.
fn agent<'a>(facts: &Facts<'a>, span: &Range<u64>) -> impl Iterator<Item = &'a Turn> {
    let span = span.clone();
    let turns = facts.turns.iter();
    turns.filter(move |turn| turn.speaker == Speaker::Agent && span.contains(&turn.start_ms))
}

fn quoted(turn: &Turn) -> String {
    format!("the agent said {:?}", turn.heard_text)
}

fn everything(facts: &Facts<'_>, span: &Range<u64>) -> String {
    let said: Vec<String> = agent(facts, span)
        .map(|turn| format!("{:?}", turn.heard_text))
        .collect();
    if said.is_empty() {
        return "the agent said nothing".to_owned();
    }
    format!("the agent said {}", said.join(", then "))
}

fn answers_within(facts: &Facts<'_>, step: &StepFacts, within: Duration) -> (bool, String) {
    let within = within.as_millis() as u64;
    // Whoever presses keys or keeps silent waits from then on.
    let moment = step.span.start..step.span.start;
    let utterances = match &step.utterances[..] {
        [] => std::slice::from_ref(&moment),
        utterances => utterances,
    };
    let nexts = utterances.iter().skip(1).map(|next| next.end);
    let until = nexts.chain([step.span.end]);
    let mut longest = 0;
    for (utterance, until) in utterances.iter().zip(until) {
        let Some(answer) = agent(facts, &(utterance.end..until)).next() else {
            return (
                false,
                format!("no answer to what ended at {} ms", utterance.end),
            );
        };
        longest = longest.max(answer.start_ms - utterance.end);
    }
    let words = if utterances.len() == 1 {
        "answered after"
    } else {
        "longest wait:"
    };
    (longest <= within, format!("{words} {longest} ms"))
}

fn does_not_interrupt(facts: &Facts<'_>, step: &StepFacts) -> (bool, String) {
    for utterance in &step.utterances {
        if let Some(turn) = agent(facts, utterance).next() {
            let early = utterance.end - turn.start_ms;
            let detail = format!(
                "{} ms before the caller had finished {}",
                early,
                quoted(turn)
            );
            return (false, detail);
        }
    }
    (true, "the agent let the caller finish".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(speaker: Speaker, span: Range<u64>, text: &str) -> Turn {
        Turn {
            speaker,
            text: text.to_owned(),
            start_ms: span.start,
            end_ms: span.end,
            heard_text: text.to_owned(),
            interrupted: false,
            false_cutoff: false,
            ledger: None,
            speculation: None,
        }
    }

    fn turns() -> Vec<Turn> {
        vec![
            turn(Speaker::Agent, 100..1_000, "Welcome."),
            turn(Speaker::Caller, 1_500..2_500, "When are you open?"),
            turn(
                Speaker::Agent,
                2_900..4_000,
                "Our Opening hours are eight to six.",
            ),
            turn(Speaker::Caller, 4_300..5_000, "Thanks."),
        ]
    }

    fn facts(turns: &[Turn]) -> Facts<'_> {
        Facts {
            turns,
            steps: vec![
                StepFacts {
                    span: 1_400..4_300,
                    utterances: std::iter::once(1_500..2_500).collect(),
                },
                StepFacts {
                    span: 4_300..9_000,
                    utterances: std::iter::once(4_300..5_000).collect(),
                },
            ],
            tools: vec![Called {
                at_ms: 6_000,
                tool: "end_call".to_owned(),
                arguments: "{}".to_owned(),
            }],
            hung_up: false,
            duration_ms: 8_000,
        }
    }

    fn pattern(text: &str) -> Pattern {
        text.to_owned().try_into().expect("a pattern")
    }

    fn of_step(expect: &Expect, step: usize) -> bool {
        expect.of_step(&facts(&turns()), step, "1 say a.wav").passed
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        let says = Expect::AgentSays(pattern("opening hours .* six"));
        assert!(of_step(&says, 0));
        assert!(says.of_call(&facts(&turns())).passed);
    }

    #[test]
    fn words_before_or_after_a_step_are_not_its_own() {
        assert!(!of_step(&Expect::AgentSays(pattern("welcome")), 0));
        assert!(!of_step(&Expect::AgentSays(pattern("opening")), 1));
        assert!(of_step(&Expect::AgentDoesNotSay(pattern("opening")), 1));
        assert!(!of_step(&Expect::AgentDoesNotSay(pattern("opening")), 0));
    }

    #[test]
    fn an_unmet_expectation_tells_what_was_said_instead() {
        let turns = turns();
        let unmet = Expect::AgentSays(pattern("closed")).of_step(&facts(&turns), 0, "1 say a.wav");
        assert_eq!(unmet.text, "1 say a.wav: agent says: closed");
        assert_eq!(
            unmet.detail,
            "the agent said \"Our Opening hours are eight to six.\""
        );
    }

    #[test]
    fn an_answer_is_timed_from_the_last_word() {
        let within = |millis| Expect::AnswersWithin(Time(Duration::from_millis(millis)));
        assert!(of_step(&within(400), 0));
        assert!(!of_step(&within(399), 0));
    }

    #[test]
    fn no_answer_is_too_late() {
        let within = Expect::AnswersWithin(Time(Duration::from_secs(60)));
        assert!(!of_step(&within, 1));
        assert!(!within.of_call(&facts(&turns())).passed);
    }

    #[test]
    fn an_agent_that_begins_within_an_utterance_interrupts() {
        assert!(of_step(&Expect::DoesNotInterrupt, 0));
        let mut turns = turns();
        turns[2].start_ms = 2_400;
        let judged = Expect::DoesNotInterrupt.of_call(&facts(&turns));
        assert!(!judged.passed);
        assert!(
            judged.detail.starts_with("100 ms before"),
            "{}",
            judged.detail
        );
    }

    #[test]
    fn tools_turns_and_the_end_are_looked_at_over_the_whole_call() {
        let turns = turns();
        let facts = facts(&turns);
        let passed = |expect: Expect| expect.of_call(&facts).passed;
        let named = |name: &str| Expect::CallsTool(Tool::Named(name.to_owned()));
        assert!(passed(named("end_call")));
        assert!(!passed(named("book")));
        assert!(passed(Expect::AtMostTurns(4)));
        assert!(!passed(Expect::AtMostTurns(3)));
        assert!(!passed(Expect::HangsUp));
    }

    #[test]
    fn what_follows_a_step_is_looked_at_until_the_next_one_alone() {
        let turns = turns();
        let mut facts = facts(&turns);
        facts.hung_up = true;
        let passed =
            |expect: &Expect| [0, 1].map(|step| expect.of_step(&facts, step, "1 say a.wav").passed);
        let ends = Expect::CallsTool(Tool::Named("end_call".to_owned()));
        assert_eq!(passed(&ends), [false, true]);
        assert_eq!(passed(&Expect::HangsUp), [false, true]);
        assert_eq!(passed(&Expect::AtMostTurns(1)), [false, true]);
        assert_eq!(passed(&Expect::AtMostTurns(2)), [true, true]);
        assert!(ends.of_call(&facts).passed && Expect::HangsUp.of_call(&facts).passed);
        let early = Expect::HangsUp.of_step(&facts, 0, "1 say a.wav");
        assert_eq!(early.detail, "the agent ended the call later");
    }

    fn among(arguments: Value) -> Arguments {
        serde_json::from_value(arguments).expect("arguments")
    }

    #[test]
    fn arguments_may_be_expected_by_their_values() {
        let called = r#"{"day":"Friday","guests":4.0,"who":{"name":"Maya","age":7},"at":[1,2]}"#;
        for (wanted, are) in [
            (json!({}), true),
            (json!({ "day": "Friday" }), true),
            (json!({ "day": "friday" }), false),
            (json!({ "guests": 4, "day": "Friday" }), true),
            (json!({ "guests": 5 }), false),
            (json!({ "guests": "4" }), false),
            (json!({ "who": { "age": 7 } }), true),
            (json!({ "who": { "age": 8 } }), false),
            (json!({ "who": "Maya" }), false),
            (json!({ "at": [1, 2] }), true),
            (json!({ "at": [1] }), false),
            (json!({ "hour": null }), false),
        ] {
            assert_eq!(among(wanted.clone()).are(called), are, "{wanted}");
        }
        assert!(!among(json!({})).are("no JSON"));
    }

    #[test]
    fn a_tool_may_be_expected_with_arguments() {
        let turns = turns();
        let mut facts = facts(&turns);
        facts.tools = vec![Called {
            at_ms: 6_000,
            tool: "book".to_owned(),
            arguments: r#"{"day": "Friday", "guests": 4}"#.to_owned(),
        }];
        let judged = |name: &str, arguments: &str| {
            let call = ToolCall {
                name: name.to_owned(),
                arguments: Arguments::Matching(pattern(arguments)),
            };
            Expect::CallsTool(Tool::With(call)).of_call(&facts)
        };
        assert!(judged("book", r#""day": "friday""#).passed);
        assert!(!judged("cancel", "friday").passed);
        let unmet = judged("book", "saturday");
        assert_eq!(unmet.text, "calls tool: book with saturday");
        assert_eq!(
            (unmet.passed, unmet.detail.as_str()),
            (false, r#"called: book({"day": "Friday", "guests": 4})"#)
        );
    }

    #[test]
    fn a_step_that_was_not_reached_meets_nothing() {
        assert!(!of_step(&Expect::DoesNotInterrupt, 2));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(Pattern::try_from("(".to_owned()).is_err());
    }
}
