//! The rules of an assignment as the calendar decides by them.

use calendar::{Approval, Cancelling, Lapse, MovePolicy, Moving, Priority, SlotRules, Suggestions};

use super::{Assignment, ReschedulingPolicy, SuggestionPriority};

impl Assignment {
    /// Which slots are offered and taken.
    pub(in crate::schedules) fn slots(&self) -> SlotRules {
        let rules = &self.slot_rules;
        let suggestions = Suggestions {
            count: usize::try_from(rules.alternative_slots_count.0).unwrap_or_default(),
            priority: match rules.suggestion_priority {
                SuggestionPriority::Closest => Priority::Closest,
                SuggestionPriority::Earliest => Priority::Earliest,
                SuggestionPriority::Latest => Priority::Latest,
            },
            same_day: rules.prefer_same_day,
            same_time: rules.prefer_same_time_slot,
            same_week: rules.include_same_week,
        };
        SlotRules {
            offer_from: rules.offer_slots_from.0,
            book_from: rules.book_slots_from.0,
            per_day: rules
                .max_appointments_per_day
                .and_then(|most| u32::try_from(most.0).ok()),
            suggestions: rules.conflict_resolution_enabled.then_some(suggestions),
        }
    }

    /// What moving an appointment depends on.
    pub(in crate::schedules) fn moving(&self) -> Moving {
        let rules = &self.rescheduling;
        Moving {
            policy: match rules.policy {
                ReschedulingPolicy::Allowed => MovePolicy::Allowed,
                ReschedulingPolicy::Minor => MovePolicy::Minor,
                ReschedulingPolicy::Approval => MovePolicy::Approval,
                ReschedulingPolicy::Denied => MovePolicy::Denied,
            },
            minor_hours: rules
                .minor_change_hours
                .and_then(|hours| u32::try_from(hours.0).ok()),
            minor_same_day: rules.minor_change_same_day,
            minor_same_week: rules.minor_change_same_week,
            minor_same_slot: rules.minor_change_same_slot,
            notice: rules.min_rescheduling_notice.0,
        }
    }

    /// What cancelling one depends on.
    pub(in crate::schedules) fn cancelling(&self) -> Cancelling {
        let rules = &self.cancellation;
        Cancelling {
            notice: rules.min_cancellation_notice.0,
            by_agent: rules.ai_can_cancel,
            needs_reason: rules.require_cancellation_reason,
        }
    }

    /// What a cancellation costs, in words.
    pub(in crate::schedules) fn fee(&self) -> Option<&str> {
        let fee = self.cancellation.cancellation_fee_policy.as_ref();
        fee.map(|fee| fee.0.trim()).filter(|fee| !fee.is_empty())
    }

    /// What a person has to agree to.
    pub(in crate::schedules) fn approving(&self) -> Approval {
        let rules = &self.approval;
        Approval {
            required: rules.require_approval,
            threshold: rules.approval_threshold.map(|threshold| threshold.0),
            for_create: rules.approval_for_create,
            for_reschedule: rules.approval_for_reschedule,
            for_cancel: rules.approval_for_cancel,
        }
    }

    /// How soon someone decides.
    pub(in crate::schedules) fn decided_within(&self) -> Option<Lapse> {
        self.approval.expected_response_time.map(|time| time.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_rule_is_the_one_that_was_sent() {
        let assignment: Assignment = serde_json::from_value(json!({
            "schedule_uuid": Uuid::from_u128(1),
            "slot_rules": {
                "offer_slots_from": "3_hours",
                "book_slots_from": "1_hour",
                "max_appointments_per_day": 8,
                "alternative_slots_count": 5,
                "suggestion_priority": "latest",
                "prefer_same_day": false,
                "prefer_same_time_slot": true,
                "include_same_week": false,
            },
            "rescheduling": {
                "policy": "minor_changes_only",
                "minor_change_hours": 2,
                "minor_change_same_week": true,
                "min_rescheduling_notice": "1_day",
            },
            "cancellation": {
                "min_cancellation_notice": "2_days",
                "ai_can_cancel": false,
                "require_cancellation_reason": true,
                "cancellation_fee_policy": "Ten euros.",
            },
            "approval": {
                "require_approval": true,
                "approval_threshold": "1_week",
                "approval_for_reschedule": true,
                "expected_response_time": "4_hours",
            },
        }))
        .unwrap();
        let lapse = |text: &str| text.parse::<Lapse>().unwrap();
        let slots = assignment.slots();
        assert_eq!(
            (slots.offer_from, slots.book_from, slots.per_day),
            (lapse("3_hours"), lapse("1_hour"), Some(8))
        );
        let suggestions = Suggestions {
            count: 5,
            priority: Priority::Latest,
            same_day: false,
            same_time: true,
            same_week: false,
        };
        assert_eq!(slots.suggestions, Some(suggestions));
        let moving = Moving {
            policy: MovePolicy::Minor,
            minor_hours: Some(2),
            minor_same_week: true,
            notice: lapse("1_day"),
            ..Moving::default()
        };
        assert_eq!(assignment.moving(), moving);
        let cancelling = Cancelling {
            notice: lapse("2_days"),
            by_agent: false,
            needs_reason: true,
        };
        assert_eq!(assignment.cancelling(), cancelling);
        assert_eq!(assignment.fee(), Some("Ten euros."));
        let approval = Approval {
            required: true,
            threshold: Some(lapse("1_week")),
            for_reschedule: true,
            ..Approval::default()
        };
        assert_eq!(assignment.approving(), approval);
        assert_eq!(assignment.decided_within(), Some(lapse("4_hours")));
    }
}
