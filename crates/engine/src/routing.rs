//! When a call is passed on or ended by a rule of its agent, and where it goes.

use agent::{AgentDefinition, Channel, GuardAction, keyword};
use llm::Tool;
use serde::{Deserialize, Serialize};
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

/// The longest name of a tool.
const LONGEST_NAME: usize = 64;

/// Where a call goes that is passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A telephone number, in E.164 form.
    Number(String),
    /// An extension of the telephone system that the call came through.
    Extension(String),
    /// Another agent, which goes on with the call.
    Agent(Uuid),
}

impl From<agent::Destination<'_>> for Destination {
    fn from(destination: agent::Destination<'_>) -> Self {
        match destination {
            agent::Destination::Number(number) => Self::Number(number.to_owned()),
            agent::Destination::Extension(extension) => Self::Extension(extension.to_owned()),
            agent::Destination::Agent(uuid) => Self::Agent(uuid),
        }
    }
}

/// What came of passing a call on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardOutcome {
    /// The destination has taken it.
    Completed,
    /// The far end agreed to pass it on, and hung up before it said what came of it.
    Accepted,
    /// The far end does not pass calls on, or not this one.
    Refused,
    /// The destination could not be had.
    Failed,
    /// The far end agreed, and nothing was heard of it in time.
    Unreported,
}

impl ForwardOutcome {
    /// The word used in events and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unreported => "unreported",
        }
    }

    /// Whether the caller is somebody else's from here on.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Completed | Self::Accepted)
    }
}

/// A call that was to be passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Where to.
    pub to: Destination,
    /// What came of it.
    pub outcome: ForwardOutcome,
    /// The SIP status that refused it, if one did.
    pub sip_code: Option<u16>,
}

/// What kind of rule one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleFamily {
    /// Passes calls on to a department.
    Routing,
    /// Guards against conversations that go wrong.
    Guard,
}

/// What a rule has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// The call is passed on.
    Forward(Destination),
    /// The call is ended.
    EndConversation,
}

/// A rule of an agent, as it counts in a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Identifies it.
    pub uuid: Uuid,
    /// What kind of rule it is.
    pub family: RuleFamily,
    /// What it is called.
    pub name: String,
    /// What the caller says for it to apply, word for word.
    pub keyword: Option<String>,
    /// How the model says that it applies.
    pub tool: Option<Tool>,
    /// What is said first; `None` for what is always said.
    pub say: Option<String>,
    /// What is done.
    pub action: RuleAction,
}

/// How calls are passed on, and the rules by which they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routing {
    /// In the order in which they count.
    pub rules: Vec<Rule>,
    /// Spoken before a call is passed on, where nothing else is given.
    pub announcement: String,
    /// Spoken when a call could not be passed on.
    pub unreachable: String,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            announcement: "One moment, please. I am putting you through.".to_owned(),
            unreachable: "I am sorry, I could not put you through. How else can I help you?"
                .to_owned(),
        }
    }
}

impl Routing {
    /// The rules of an agent that count on the phone: guards first, then departments by priority.
    pub fn of(agent: &AgentDefinition) -> Self {
        let mut names: Vec<String> = agent
            .functions()
            .into_iter()
            .map(|tool| tool.name)
            .collect();
        names.extend([llm::END_CALL, agent::OPT_OUT].map(str::to_owned));
        let guards = agent
            .guard_rules
            .iter()
            .filter(|rule| rule.is_active && rule.selected_channels.contains(&Channel::Phone));
        let mut departments: Vec<_> = agent
            .routing_rules
            .iter()
            .filter(|rule| rule.is_active)
            .collect();
        departments.sort_by_key(|rule| rule.priority);
        let mut rules: Vec<Rule> = guards.filter_map(|rule| guard(rule, &mut names)).collect();
        rules.extend(
            departments
                .into_iter()
                .filter_map(|rule| department(rule, &mut names)),
        );
        Self {
            rules,
            ..Self::default()
        }
    }

    /// What the model is offered to say that a rule applies.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.rules.iter().filter_map(|rule| rule.tool.as_ref())
    }

    /// The rule that a tool stands for.
    pub fn rule_of(&self, tool: &str) -> Option<&Rule> {
        let stands = |rule: &&Rule| rule.tool.as_ref().is_some_and(|own| own.name == tool);
        self.rules.iter().find(stands)
    }

    /// The first rule whose keyword the caller says.
    pub fn rule_for(&self, said: &str) -> Option<&Rule> {
        let applies = |rule: &&Rule| {
            let keyword = rule.keyword.as_deref();
            keyword.is_some_and(|keyword| keyword::says(said, keyword))
        };
        self.rules.iter().find(applies)
    }
}

fn guard(rule: &agent::GuardRule, names: &mut Vec<String>) -> Option<Rule> {
    let (action, say) = match rule.then_action {
        GuardAction::EndConversation => (RuleAction::EndConversation, &rule.say_before_end),
        GuardAction::Forward => {
            let action = RuleAction::Forward(rule.goes_to()?.into());
            (action, &rule.say_before_forwarding)
        }
    };
    let title = given(&rule.name).unwrap_or(&rule.when_condition);
    let condition = rule.when_condition.trim();
    Some(Rule {
        uuid: rule.uuid,
        family: RuleFamily::Guard,
        name: rule.name.clone(),
        keyword: None,
        tool: Some(tool(
            &format!("guard {title}"),
            format!("Call this as soon as this is the case: {condition}"),
            &rule.example_phrases,
            names,
        )),
        say: given(say).map(str::to_owned),
        action,
    })
}

fn department(rule: &agent::RoutingRule, names: &mut Vec<String>) -> Option<Rule> {
    let by_keyword = rule.detection_mode.by_keyword();
    let meant = given(&rule.ai_prompt).filter(|_| rule.detection_mode.by_intent());
    let department = rule.department_name.trim();
    let tool = meant.map(|meant| {
        tool(
            &format!("transfer to {department}"),
            format!("Puts the caller through to {department}. Call this when: {meant}"),
            &rule.phrases,
            names,
        )
    });
    Some(Rule {
        uuid: rule.uuid,
        family: RuleFamily::Routing,
        name: rule.department_name.clone(),
        keyword: by_keyword.then(|| rule.trigger_keyword.clone()),
        tool,
        say: given(&rule.say_before_transfer).map(str::to_owned),
        action: RuleAction::Forward(rule.goes_to()?.into()),
    })
}

fn tool(title: &str, description: String, phrases: &[String], names: &mut Vec<String>) -> Tool {
    let name = name_of(title, names);
    names.push(name.clone());
    Tool {
        name,
        description,
        parameters: json!({ "type": "object", "properties": {} }),
        phrases: phrases.to_vec(),
        threshold: None,
    }
}

/// A name that no other tool has, of letters, digits and underscores.
fn name_of(title: &str, taken: &[String]) -> String {
    let mut name = String::new();
    for letter in title.nfkd().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            name.push(letter);
        } else if letter.is_whitespace() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.truncate(LONGEST_NAME - 4);
    let name = name.trim_end_matches('_');
    let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| !taken.contains(name));
    free.unwrap_or_else(|| name.to_owned())
}

fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routing(agent: serde_json::Value) -> Routing {
        Routing::of(&AgentDefinition::from_json(agent).unwrap())
    }

    fn names(routing: &Routing) -> Vec<&str> {
        routing
            .rules
            .iter()
            .map(|rule| rule.name.as_str())
            .collect()
    }

    #[test]
    fn guards_count_before_departments_and_those_by_priority() {
        let routing = routing(json!({
            "name": "Mihu",
            "routing_rules": [
                { "department_name": "Sales", "ai_prompt": "Buys.", "destination": "+14155550101",
                  "priority": 2 },
                { "department_name": "Billing", "ai_prompt": "Pays.", "destination": "+14155550102",
                  "priority": 1 },
                { "department_name": "Old", "ai_prompt": "x", "destination": "+14155550103",
                  "is_active": false },
            ],
            "guard_rules": [
                { "name": "Abuse", "when_condition": "The caller is abusive." },
                { "name": "Chat", "when_condition": "x", "selected_channels": ["whatsapp"] },
            ],
        }));
        assert_eq!(names(&routing), ["Abuse", "Billing", "Sales"]);
        let tools: Vec<_> = routing.tools().map(|tool| tool.name.as_str()).collect();
        let expected = ["guard_abuse", "transfer_to_billing", "transfer_to_sales"];
        assert_eq!(tools, expected);
    }

    #[test]
    fn a_keyword_counts_only_where_the_rule_says_so() {
        let routing = routing(json!({
            "name": "Mihu",
            "routing_rules": [
                { "department_name": "A", "detection_mode": "intent", "trigger_keyword": "apple",
                  "destination": "+14155550101" },
                { "department_name": "B", "detection_mode": "both", "trigger_keyword": "pear",
                  "ai_prompt": "Wants pears.", "destination": "+14155550102" },
                { "department_name": "C", "detection_mode": "exact", "trigger_keyword": "plum",
                  "ai_prompt": "Wants plums.", "destination": "100",
                  "destination_type": "extension" },
            ],
        }));
        let said = |words: &str| routing.rule_for(words).map(|rule| rule.name.as_str());
        assert_eq!(said("An apple, please."), None);
        assert_eq!(said("A PEAR, please."), Some("B"));
        assert_eq!(said("A plum, please."), Some("C"));
        let tools: Vec<_> = routing.tools().map(|tool| tool.name.as_str()).collect();
        assert_eq!(tools, ["transfer_to_b"], "`C` never goes by what is meant");
    }

    #[test]
    fn names_of_tools_are_unlike_each_other_and_plain() {
        let taken = ["transfer_to_gebuhren".to_owned()];
        assert_eq!(
            name_of("transfer to Gebühren", &taken),
            "transfer_to_gebuhren_2"
        );
        assert_eq!(name_of("transfer to 東京", &[]), "transfer_to");
        assert!(name_of(&"long ".repeat(40), &[]).len() <= LONGEST_NAME);
    }
}
