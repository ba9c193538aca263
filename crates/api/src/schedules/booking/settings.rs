//! How an agent books, as it is sent, stored and shown.

mod rules;

use calendar::Lapse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::{Text, Whole, words};
use crate::schedules::schedule::Question;
use crate::schedules::times::Span;

/// The most schedules that an agent books in.
pub(in crate::schedules) const MOST_ASSIGNMENTS: usize = 20;

/// The most questions of an assignment.
const MOST_QUESTIONS: usize = 50;

/// How an agent books.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = BookingSettings)]
pub(crate) struct Booking {
    /// Whether the agent books at all; false.
    pub(in crate::schedules) enabled: bool,
    /// Which of several schedules that are free gets an appointment: any, or the first in order;
    /// false.
    pub(in crate::schedules) random_assignment: bool,
    /// The schedules that it books in.
    #[schema(max_items = 20)]
    pub(in crate::schedules) schedule_assignments: Vec<Assignment>,
}

/// A schedule that an agent books in.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ScheduleAssignment)]
pub(crate) struct Assignment {
    /// The schedule.
    pub(in crate::schedules) schedule_uuid: Uuid,
    /// What the agent calls it; the schedule's name.
    #[serde(default)]
    pub(in crate::schedules) name: Option<Text<1, 255>>,
    /// What it is for, so that the agent can tell it from others.
    #[serde(default)]
    pub(in crate::schedules) description: Option<Text<0, 2000>>,
    /// Which slots are offered and taken.
    #[serde(default)]
    pub(in crate::schedules) slot_rules: SlotRules,
    /// Whether appointments are moved.
    #[serde(default)]
    pub(in crate::schedules) rescheduling: Rescheduling,
    /// Whether appointments are cancelled.
    #[serde(default)]
    pub(in crate::schedules) cancellation: Cancellation,
    /// What is asked before a booking.
    #[serde(default)]
    pub(in crate::schedules) questions: Questions,
    /// What a person has to agree to.
    #[serde(default)]
    pub(in crate::schedules) approval: Approval,
}

/// Which slots are offered and taken.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(in crate::schedules) struct SlotRules {
    /// How long ahead the first slot lies that the agent offers; `0_min`.
    offer_slots_from: Span,
    /// How long ahead the first slot lies that the agent takes if it is asked for; `0_min`.
    book_slots_from: Span,
    /// How many appointments may begin on a day; any number.
    max_appointments_per_day: Option<Whole<1, 1000>>,
    /// Whether the agent suggests other slots for one that is taken; true.
    conflict_resolution_enabled: bool,
    /// How many it suggests; 3.
    alternative_slots_count: Whole<1, 10>,
    /// Which it suggests first; `closest`.
    suggestion_priority: SuggestionPriority,
    /// Whether slots of the wanted day come first; true.
    prefer_same_day: bool,
    /// Whether slots at the wanted time of day come first; false.
    prefer_same_time_slot: bool,
    /// Whether earlier days of the wanted week are suggested too; true.
    include_same_week: bool,
}

words! {
    /// Which of several slots is suggested first.
    pub(in crate::schedules) enum SuggestionPriority {
        /// The one nearest to the wanted time.
        Closest = "closest",
        /// The earliest.
        Earliest = "earliest",
        /// The latest.
        Latest = "latest",
    }
}

/// Whether appointments are moved.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(in crate::schedules) struct Rescheduling {
    /// Which moves the agent makes; `allowed`.
    policy: ReschedulingPolicy,
    /// A minor change is by at most so many hours.
    minor_change_hours: Option<Whole<0, 8760>>,
    /// A minor change stays on the day; false.
    minor_change_same_day: bool,
    /// A minor change stays in the week, Monday to Sunday; false.
    minor_change_same_week: bool,
    /// A minor change stays at the time of day; false.
    minor_change_same_slot: bool,
    /// How long before it begins an appointment has to be moved; `0_min`.
    min_rescheduling_notice: Span,
}

words! {
    /// Which moves an agent makes.
    pub(in crate::schedules) enum ReschedulingPolicy {
        /// All.
        Allowed = "allowed",
        /// Minor ones: those for which all holds that is said of them. Others become requests.
        Minor = "minor_changes_only",
        /// None by itself: each becomes a request.
        Approval = "approval",
        /// None.
        Denied = "not_allowed",
    }
}

/// Whether appointments are cancelled.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(in crate::schedules) struct Cancellation {
    /// How long before it begins an appointment has to be cancelled; `0_min`.
    min_cancellation_notice: Span,
    /// Whether the agent cancels; true.
    ai_can_cancel: bool,
    /// Whether a reason has to be given; false.
    require_cancellation_reason: bool,
    /// What a cancellation costs, as the agent says it.
    cancellation_fee_policy: Option<Text<0, 1000>>,
}

/// What is asked before a booking.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = BookingQuestions)]
pub(in crate::schedules) struct Questions {
    /// Whether the questions of the schedule are asked; true.
    pub(in crate::schedules) inherit_from_schedule: bool,
    /// Further questions.
    #[schema(max_items = 50)]
    pub(in crate::schedules) custom_questions: Vec<Question>,
}

/// What a person has to agree to. What waits for that is an appointment request.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = BookingApproval)]
pub(in crate::schedules) struct Approval {
    /// Whether anything has to be agreed to; false.
    require_approval: bool,
    /// Only appointments that begin sooner than this have to be; all.
    approval_threshold: Option<Span>,
    /// New appointments have to be; false.
    approval_for_create: bool,
    /// Moved appointments have to be; false.
    approval_for_reschedule: bool,
    /// Cancelled appointments have to be; false.
    approval_for_cancel: bool,
    /// Notes to appointments have to be; false. Agents add none, so far.
    approval_for_notes: bool,
    /// Kept; the node itself sends no mail.
    notify_calendar_owner: bool,
    /// Kept; the node itself sends no mail.
    notify_admins: bool,
    /// How soon someone decides, as the agent says it.
    expected_response_time: Option<Span>,
}

impl Default for SlotRules {
    fn default() -> Self {
        Self {
            offer_slots_from: Span(Lapse::NONE),
            book_slots_from: Span(Lapse::NONE),
            max_appointments_per_day: None,
            conflict_resolution_enabled: true,
            alternative_slots_count: Whole(3),
            suggestion_priority: SuggestionPriority::Closest,
            prefer_same_day: true,
            prefer_same_time_slot: false,
            include_same_week: true,
        }
    }
}

impl Default for Rescheduling {
    fn default() -> Self {
        Self {
            policy: ReschedulingPolicy::Allowed,
            minor_change_hours: None,
            minor_change_same_day: false,
            minor_change_same_week: false,
            minor_change_same_slot: false,
            min_rescheduling_notice: Span(Lapse::NONE),
        }
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self {
            min_cancellation_notice: Span(Lapse::NONE),
            ai_can_cancel: true,
            require_cancellation_reason: false,
            cancellation_fee_policy: None,
        }
    }
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            inherit_from_schedule: true,
            custom_questions: Vec::new(),
        }
    }
}

impl Assignment {
    /// A schedule without any rules.
    pub(in crate::schedules) fn plain(schedule: Uuid) -> Self {
        Self {
            schedule_uuid: schedule,
            name: None,
            description: None,
            slot_rules: SlotRules::default(),
            rescheduling: Rescheduling::default(),
            cancellation: Cancellation::default(),
            questions: Questions::default(),
            approval: Approval::default(),
        }
    }

    /// Refuses lists that are too long.
    pub(in crate::schedules) fn check(&self, index: usize) -> Result<(), ApiError> {
        if self.questions.custom_questions.len() > MOST_QUESTIONS {
            let field = format!("schedule_assignments[{index}].questions.custom_questions");
            return Err(ApiError::invalid(
                field,
                format!("at most {MOST_QUESTIONS} entries"),
            ));
        }
        Ok(())
    }
}
