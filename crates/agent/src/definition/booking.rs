//! The functions by which an agent books appointments for whoever it talks to.

use llm::Tool;
use serde_json::{Value, json};

use super::AgentDefinition;

/// Something that an agent does with the appointments of the other party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BookingFunction {
    /// Tells which times are free.
    FindSlots,
    /// Makes an appointment.
    Book,
    /// Moves one that there is.
    Move,
    /// Cancels one that there is.
    Cancel,
}

impl BookingFunction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::FindSlots, Self::Book, Self::Move, Self::Cancel];

    /// What it is called to the language model.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FindSlots => "find_free_slots",
            Self::Book => "book_appointment",
            Self::Move => "move_appointment",
            Self::Cancel => "cancel_appointment",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::FindSlots => {
                "Tells which times are free for an appointment, what has to be asked before one is \
                 booked, and which appointments the caller has already. Use it before you offer a \
                 time, and offer no other ones."
            }
            Self::Book => {
                "Books an appointment for the caller. Use it once the caller has agreed to a time. \
                 Say that it is booked only if the answer says so; if the time is taken, offer the \
                 times that the answer names."
            }
            Self::Move => {
                "Moves an appointment of the caller to another time. Say that it is moved only if \
                 the answer says so."
            }
            Self::Cancel => {
                "Cancels an appointment of the caller. Use it once the caller has confirmed that. \
                 Say that it is cancelled only if the answer says so."
            }
        }
    }

    /// What people say who want it, for a responder that does not understand: beside the
    /// appointment, each names what is to become of it, or all of them would fit alike.
    fn phrases(self) -> Vec<String> {
        let phrases: &[&str] = match self {
            Self::FindSlots => &[
                "Which appointments are free",
                "When is a free appointment",
                "What times are available",
            ],
            Self::Book => &[
                "Book an appointment",
                "Make an appointment",
                "Schedule an appointment",
            ],
            Self::Move => &[
                "Move my appointment",
                "Reschedule my appointment",
                "Change my appointment",
                "Postpone my appointment",
            ],
            Self::Cancel => &["Cancel my appointment", "Call off my appointment"],
        };
        phrases.iter().map(|&phrase| phrase.to_owned()).collect()
    }

    /// The JSON schema of its arguments.
    fn parameters(self) -> Value {
        let text = |description: &str| json!({ "type": "string", "description": description });
        let when = "Date and time as the last answer told them, such as `2026-12-01 10:00`.";
        let schedule = text("The schedule, by its name; left out if any will do.");
        let which = text(
            "The time of the appointment that is meant, such as `2026-12-01 10:00`; left out if \
             the caller has but one.",
        );
        let (properties, required) = match self {
            Self::FindSlots => (
                json!({
                    "from_date": text("The first day, such as `2026-12-01`; today if left out."),
                    "until_date": text("The last day; a week from then if left out."),
                    "schedule": schedule,
                }),
                json!([]),
            ),
            Self::Book => (
                json!({
                    "start_time": text(when),
                    "schedule": schedule,
                    "title": text("What the appointment is for, in a few words."),
                    "name": text("What the caller is called, if they said it."),
                    "phone": text("Their telephone number, if they call without one."),
                    "email": text("Their e-mail address, if they said it."),
                    "notes": text("What else whoever keeps the schedule should know."),
                    "answers": {
                        "type": "object",
                        "description": "The caller's answers to what has to be asked, by the names \
                                        of the questions.",
                    },
                }),
                json!(["start_time"]),
            ),
            Self::Move => (
                json!({ "new_start_time": text(when), "appointment_time": which }),
                json!(["new_start_time"]),
            ),
            Self::Cancel => (
                json!({
                    "appointment_time": which,
                    "reason": text("Why it is cancelled, if the caller said it."),
                    "fee_accepted": {
                        "type": "boolean",
                        "description": "Whether the caller was told what the cancellation costs, \
                                        and wants it all the same.",
                    },
                }),
                json!([]),
            ),
        };
        json!({ "type": "object", "properties": properties, "required": required })
    }

    fn declared(self) -> Tool {
        Tool {
            name: self.name().to_owned(),
            description: self.description().to_owned(),
            parameters: self.parameters(),
            phrases: self.phrases(),
            threshold: None,
        }
    }
}

impl AgentDefinition {
    /// The booking function that a name stands for: none for an agent that does not book, or that
    /// has a tool or an active intent of this name, which comes before it.
    #[must_use]
    pub fn booking_function(&self, name: &str) -> Option<BookingFunction> {
        let mut all = BookingFunction::ALL.into_iter();
        let meant = all.find(|function| function.name() == name)?;
        let is_taken = self.tools.iter().any(|tool| tool.name == name);
        let is_free = !is_taken && self.intent_of(name).is_none();
        (self.appointment_scheduling_enabled && is_free).then_some(meant)
    }

    /// The booking functions that the language model is offered.
    pub(super) fn booking_functions(&self) -> impl Iterator<Item = Tool> + '_ {
        let all = BookingFunction::ALL.into_iter();
        all.filter(|function| self.booking_function(function.name()).is_some())
            .map(BookingFunction::declared)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn agent(fields: Value) -> AgentDefinition {
        let agent = AgentDefinition::from_json(fields).unwrap();
        agent.identified(Uuid::from_u128(1))
    }

    fn offered(agent: &AgentDefinition) -> Vec<String> {
        let functions = agent.functions().into_iter();
        functions.map(|function| function.name).collect()
    }

    #[test]
    fn only_an_agent_that_books_is_offered_the_functions() {
        let names = BookingFunction::ALL.map(BookingFunction::name);
        let books = agent(json!({ "name": "Maya", "appointment_scheduling_enabled": true }));
        assert_eq!(offered(&books), names);
        assert_eq!(
            books.booking_function("book_appointment"),
            Some(BookingFunction::Book)
        );
        assert_eq!(books.booking_function("open_the_door"), None);
        let other = agent(json!({ "name": "Maya" }));
        assert_eq!(offered(&other), Vec::<String>::new());
        assert_eq!(other.booking_function("book_appointment"), None);
    }

    #[test]
    fn an_intent_or_a_tool_of_the_same_name_comes_first() {
        let books = agent(json!({
            "name": "Maya",
            "appointment_scheduling_enabled": true,
            "intents": [{ "name": "Book appointment" }],
            "tools": [{ "name": "find_free_slots", "description": "Asks the practice." }],
        }));
        assert_eq!(books.booking_function("book_appointment"), None);
        assert_eq!(books.booking_function("find_free_slots"), None);
        let mut offered = offered(&books);
        offered.sort_unstable();
        assert_eq!(
            offered,
            [
                "book_appointment",
                "cancel_appointment",
                "find_free_slots",
                "move_appointment"
            ]
        );
    }
}
