//! Evaluations: owed at the end of a call, claimed by one, written once, and gone with the contact.

use std::time::Duration;

use serde_json::json;
use store::{
    Announcement, CallEnd, ClaimedEvaluation, Evaluating, EvaluationFilter, NewCall, NewEvaluation,
    OverdueReport, SessionOutcome, Store,
};
use uuid::Uuid;

use crate::support::{Database, EVENT, agent, at, completed, open, outbound, report, webhook};

const HOLD: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_end_that_waits_for_its_evaluation_owes_nothing_yet() {
    let (store, call, _database) = awaiting().await;
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!((session.summary, session.evaluated_at), (None, None));
    assert_eq!(session.line, Some(json!({ "packets_lost": 3 })));
}

#[tokio::test]
async fn a_session_is_claimed_by_one_evaluator_and_taken_over_when_its_claim_runs_out() {
    let (store, call, _database) = awaiting().await;
    let first = claim(&store, 70).await.unwrap();
    assert_eq!(
        (first.session, first.call, first.attempts),
        (call.id, Some(call.id), 0)
    );
    assert_eq!(claim(&store, 71).await, None);
    assert_eq!(claim(&store, 99).await, None);
    let second = claim(&store, 100).await.unwrap();
    assert_eq!(second.attempts, 1);
    let outcome = outcome("By the second.");
    assert_eq!(
        store
            .finish_evaluation(&first, &outcome, at(101))
            .await
            .unwrap(),
        None
    );
    let owed = store
        .finish_evaluation(&second, &outcome, at(102))
        .await
        .unwrap();
    assert_eq!(owed, Some(2));
    assert_eq!(
        store
            .finish_evaluation(&second, &outcome, at(103))
            .await
            .unwrap(),
        None
    );
    assert_eq!(claim(&store, 1_000).await, None);
}

#[tokio::test]
async fn what_a_session_came_to_is_written_with_the_messages_that_are_owed_of_it() {
    let (store, call, _database) = awaiting().await;
    let claimed = claim(&store, 70).await.unwrap();
    let outcome = outcome("They agreed.");
    let owed = store
        .finish_evaluation(&claimed, &outcome, at(71))
        .await
        .unwrap();
    assert_eq!(owed, Some(2));
    assert_eq!(store.owed_deliveries().await.unwrap(), 2);
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.summary.as_deref(), Some("They agreed."));
    assert_eq!(session.evaluated_at, Some(at(71)));
    let stored = store.call(call.id).await.unwrap().unwrap();
    assert_eq!(stored.summary.as_deref(), Some("They agreed."));
    assert_eq!(stored.sentiment.as_deref(), Some("positive"));
    let id = outcome.evaluation.as_ref().unwrap().id;
    let found = store.evaluation(id).await.unwrap().unwrap();
    assert_eq!(
        (found.session, found.conversation),
        (call.id, call.conversation)
    );
    assert_eq!((found.source.as_str(), found.agent), ("model", call.agent));
    assert_eq!(
        found.blocks,
        json!({ "sentiment": { "value": "positive" } })
    );
    assert!(
        store
            .overdue_reports(10, at(9_999))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_report_that_can_not_wait_is_owed_once_and_the_evaluation_comes_after() {
    let (store, call, _database) = awaiting().await;
    let claimed = claim(&store, 70).await.unwrap();
    assert!(store.overdue_reports(10, at(85)).await.unwrap().is_empty());
    let overdue = store.overdue_reports(10, at(86)).await.unwrap();
    let expected = OverdueReport {
        workspace: store.workspace_id().clone(),
        session: call.id,
        call: Some(call.id),
    };
    assert_eq!(overdue, [expected]);
    let early = SessionOutcome {
        evaluation: None,
        ..outcome("In a hurry.")
    };
    assert_eq!(
        store
            .owe_overdue_report(&overdue[0], &early, at(86))
            .await
            .unwrap(),
        Some(1)
    );
    assert_eq!(
        store
            .owe_overdue_report(&overdue[0], &early, at(87))
            .await
            .unwrap(),
        None
    );
    assert!(store.overdue_reports(10, at(90)).await.unwrap().is_empty());
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.summary.as_deref(), Some("In a hurry."));

    let late = outcome("With all due care.");
    assert_eq!(
        store
            .finish_evaluation(&claimed, &late, at(95))
            .await
            .unwrap(),
        Some(1)
    );
    assert_eq!(store.owed_deliveries().await.unwrap(), 2);
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.summary.as_deref(), Some("With all due care."));
}

#[tokio::test]
async fn of_an_erased_contact_nothing_is_evaluated_and_nothing_reported() {
    let (store, call, _database) = awaiting().await;
    let claimed = claim(&store, 70).await.unwrap();
    let contact = store.call(call.id).await.unwrap().unwrap().contact.unwrap();
    store.erase_contact(contact, at(71)).await.unwrap();
    let outcome = outcome("They agreed.");
    assert_eq!(
        store
            .finish_evaluation(&claimed, &outcome, at(72))
            .await
            .unwrap(),
        None
    );
    assert!(
        store
            .overdue_reports(10, at(9_999))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
    assert_eq!(store.session(call.id).await.unwrap().unwrap().summary, None);
}

#[tokio::test]
async fn a_report_that_was_overdue_does_not_bring_back_what_was_erased_meanwhile() {
    let (store, call, _database) = awaiting().await;
    let overdue = store.overdue_reports(10, at(86)).await.unwrap();
    let contact = store.call(call.id).await.unwrap().unwrap().contact.unwrap();
    store.erase_contact(contact, at(87)).await.unwrap();
    let early = SessionOutcome {
        evaluation: None,
        ..outcome("What the caller said.")
    };
    let owed = store.owe_overdue_report(&overdue[0], &early, at(88)).await;
    assert_eq!(owed.unwrap(), None);
    assert_eq!(store.session(call.id).await.unwrap().unwrap().summary, None);
    let left = store.call(call.id).await.unwrap().unwrap();
    assert_eq!((left.summary, left.sentiment), (None, None));
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn a_report_that_was_overdue_does_not_replace_what_the_evaluation_wrote_meanwhile() {
    let (store, call, _database) = awaiting().await;
    let overdue = store.overdue_reports(10, at(86)).await.unwrap();
    let claimed = claim(&store, 86).await.unwrap();
    let whole = outcome("With all due care.");
    let finished = store.finish_evaluation(&claimed, &whole, at(87)).await;
    assert_eq!(finished.unwrap(), Some(2));
    let early = SessionOutcome {
        evaluation: None,
        sentiment: Some("negative".to_owned()),
        ..outcome("In a hurry.")
    };
    let owed = store.owe_overdue_report(&overdue[0], &early, at(88)).await;
    assert_eq!(owed.unwrap(), None);
    let session = store.session(call.id).await.unwrap().unwrap();
    assert_eq!(session.summary.as_deref(), Some("With all due care."));
    let kept = store.call(call.id).await.unwrap().unwrap();
    assert_eq!(kept.sentiment.as_deref(), Some("positive"));
}

#[tokio::test]
async fn an_evaluation_goes_with_its_contact_and_with_old_transcripts() {
    for by_age in [false, true] {
        let (store, call, _database) = awaiting().await;
        let claimed = claim(&store, 70).await.unwrap();
        let outcome = outcome("They agreed.");
        store
            .finish_evaluation(&claimed, &outcome, at(71))
            .await
            .unwrap();
        let all = EvaluationFilter::default();
        assert_eq!(store.evaluations(&all, 1, 15).await.unwrap().total, 1);
        if by_age {
            assert_eq!(store.forget_transcripts(at(66), 10).await.unwrap(), 1);
            assert_eq!(store.forget_transcripts(at(66), 10).await.unwrap(), 0);
        } else {
            let contact = store.call(call.id).await.unwrap().unwrap().contact.unwrap();
            let erased = store.erase_contact(contact, at(80)).await.unwrap();
            assert_eq!(erased.removed.evaluations, 1);
        }
        assert_eq!(store.evaluations(&all, 1, 15).await.unwrap().total, 0);
        assert_eq!(store.session(call.id).await.unwrap().unwrap().summary, None);
    }
}

#[tokio::test]
async fn evaluations_are_filtered_and_none_is_seen_from_another_workspace() {
    let (store, call, _database) = awaiting().await;
    let claimed = claim(&store, 70).await.unwrap();
    let outcome = outcome("They agreed.");
    store
        .finish_evaluation(&claimed, &outcome, at(71))
        .await
        .unwrap();
    let id = outcome.evaluation.as_ref().unwrap().id;
    let total =
        async |filter: EvaluationFilter| store.evaluations(&filter, 1, 15).await.unwrap().total;
    let none = EvaluationFilter::default;
    assert_eq!(
        total(EvaluationFilter {
            session: Some(call.id),
            ..none()
        })
        .await,
        1
    );
    assert_eq!(
        total(EvaluationFilter {
            source: Some("model".to_owned()),
            ..none()
        })
        .await,
        1
    );
    assert_eq!(
        total(EvaluationFilter {
            source: Some("offline".to_owned()),
            ..none()
        })
        .await,
        0
    );
    assert_eq!(
        total(EvaluationFilter {
            human_escalation: Some(false),
            ..none()
        })
        .await,
        1
    );
    assert_eq!(
        total(EvaluationFilter {
            human_escalation: Some(true),
            ..none()
        })
        .await,
        0
    );
    // Whether it reached its aim is not known, and so neither.
    assert_eq!(
        total(EvaluationFilter {
            success: Some(false),
            ..none()
        })
        .await,
        0
    );
    assert_eq!(
        total(EvaluationFilter {
            before: Some(at(71)),
            ..none()
        })
        .await,
        0
    );
    assert_eq!(
        total(EvaluationFilter {
            from: Some(at(71)),
            ..none()
        })
        .await,
        1
    );
    let made = store.create_workspace("Other", store::Plan::Free, at(0));
    let other = store.in_workspace(&made.await.unwrap().id);
    assert!(other.evaluation(id).await.unwrap().is_none());
    assert_eq!(other.evaluations(&none(), 1, 15).await.unwrap().total, 0);
}

#[tokio::test]
async fn settings_are_those_of_an_agent_or_of_the_workspace() {
    let (store, call, _database) = awaiting().await;
    assert_eq!(store.evaluate_settings(None).await.unwrap(), None);
    let default = store.change_evaluate_settings(None, at(1), |own, _| {
        assert_eq!(own, None);
        json!({ "n": 1 })
    });
    assert_eq!(default.await.unwrap(), json!({ "n": 1 }));
    let own = store.change_evaluate_settings(Some(call.agent), at(2), |own, default| {
        assert_eq!((own, default), (None, Some(json!({ "n": 1 }))));
        json!({ "n": 2 })
    });
    own.await.unwrap();
    assert_eq!(
        store.evaluate_settings(Some(call.agent)).await.unwrap(),
        Some(json!({ "n": 2 }))
    );
    assert_eq!(
        store.evaluate_settings(None).await.unwrap(),
        Some(json!({ "n": 1 }))
    );
    store
        .forget_evaluate_settings(call.agent, at(3))
        .await
        .unwrap();
    assert_eq!(
        store.evaluate_settings(Some(call.agent)).await.unwrap(),
        None
    );
    let made = store.create_workspace("Other", store::Plan::Free, at(0));
    let other = store.in_workspace(&made.await.unwrap().id);
    assert_eq!(other.evaluate_settings(None).await.unwrap(), None);
}

/// A call that ended at second 66 and is to be evaluated, its end reported at second 86 at the
/// latest.
async fn awaiting() -> (Store, NewCall, Database) {
    let (store, database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let hook = webhook(new.id, "https://example.com", &[EVENT, "text_evaluation"]);
    store.add_webhook(&hook, 5, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let end = CallEnd {
        summary: None,
        sentiment: None,
        cost: None,
        line: Some(json!({ "packets_lost": 3 })),
        evaluation: Evaluating::Awaited { report_by: at(86) },
        ..completed(&call)
    };
    let owed = store.end_call(&end, &[], at(66)).await.unwrap();
    assert_eq!(owed, Some(0));
    (store, call, database)
}

async fn claim(store: &Store, second: i64) -> Option<ClaimedEvaluation> {
    let claimed = store.claim_evaluations(10, HOLD, at(second)).await.unwrap();
    assert!(claimed.len() <= 1);
    claimed.into_iter().next()
}

fn outcome(summary: &str) -> SessionOutcome {
    SessionOutcome {
        summary: summary.to_owned(),
        sentiment: Some("positive".to_owned()),
        evaluation: Some(NewEvaluation {
            id: Uuid::now_v7(),
            source: "model",
            source_reason: None,
            blocks: json!({ "sentiment": { "value": "positive" } }),
            voice: json!({}),
            sentiment: Some("positive".to_owned()),
            human_escalation: Some(false),
            success: None,
        }),
        report: report(),
        events: vec![Announcement {
            event: "text_evaluation",
            payload: "{}".to_owned(),
        }],
    }
}
