//! Transcriptions: claimed by one node, gone on with after a crash, ended and reported once.

use store::{
    ContactDetails, ContactExtras, NewTranscription, Secret, Store, TranscribedSegment,
    TranscriptionEnd, TranscriptionFilter,
};
use uuid::Uuid;

use crate::support::{at, open};

const HERE: &str = "this folder";

fn new(reference: &str) -> NewTranscription {
    NewTranscription {
        id: Uuid::now_v7(),
        reference: Some(reference.to_owned()),
        storage: Some(HERE.to_owned()),
        voice_url: None,
        customer_voice_url: None,
        possible_language: Some("en".to_owned()),
        possible_conversation: None,
        email: None,
        customer_phone: Some("+14155550123".to_owned()),
        customer_email: None,
        webhook_url: Some("https://example.com/done".to_owned()),
        webhook_token: Some(Secret::new("token")),
        qa_agent: None,
        coaching_agent: None,
    }
}

fn said(start_ms: u64, text: &str) -> TranscribedSegment {
    TranscribedSegment {
        speaker: "customer".to_owned(),
        start_ms,
        end_ms: start_ms + 900,
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_job_is_worked_on_by_one_node_until_its_claim_runs_out() {
    let (store, _database) = open().await;
    let made = store.add_transcription(&new("a"), at(0)).await.unwrap();
    assert_eq!((made.status.as_str(), made.progress), ("pending", 0));
    assert!(
        store
            .claim_transcription("another folder", at(60), at(1))
            .await
            .unwrap()
            .is_none()
    );
    let first = store
        .claim_transcription(HERE, at(60), at(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.record.new.id, first.attempts), (made.new.id, 1));
    assert!(
        store
            .claim_transcription(HERE, at(60), at(2))
            .await
            .unwrap()
            .is_none()
    );
    let id = made.new.id;
    assert!(
        store
            .renew_transcription(id, first.claim, at(90))
            .await
            .unwrap()
    );
    assert!(
        store
            .claim_transcription(HERE, at(120), at(89))
            .await
            .unwrap()
            .is_none()
    );

    let second = store
        .claim_transcription(HERE, at(150), at(90))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.attempts, 2);
    assert!(
        !store
            .renew_transcription(id, first.claim, at(200))
            .await
            .unwrap()
    );
    let late = store
        .note_transcribed_segment(id, first.claim, &said(0, "Late."), at(91))
        .await;
    assert!(!late.unwrap());
    let end = TranscriptionEnd::Completed { report_by: at(0) };
    assert!(
        !store
            .end_transcription(id, first.claim, &end, at(91))
            .await
            .unwrap()
    );
    assert!(store.transcribed_segments(id).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_heard_is_there_once_and_in_order() {
    let (store, _database) = open().await;
    let id = store
        .add_transcription(&new("a"), at(0))
        .await
        .unwrap()
        .new
        .id;
    let first = store
        .claim_transcription(HERE, at(10), at(1))
        .await
        .unwrap()
        .unwrap();
    let note = async |claim, segment| {
        let noted = store
            .note_transcribed_segment(id, claim, &segment, at(2))
            .await;
        assert!(noted.unwrap());
    };
    note(first.claim, said(2_000, "Two.")).await;
    note(first.claim, said(0, "One.")).await;
    let again = store
        .claim_transcription(HERE, at(20), at(10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.attempts, 1, "it got on, so it counts anew");
    note(again.claim, said(2_000, "Two.")).await;
    note(again.claim, said(4_000, "Three.")).await;
    assert!(
        store
            .note_transcription_progress(id, again.claim, 40, at(12))
            .await
            .unwrap()
    );
    assert!(
        store
            .note_transcription_progress(id, again.claim, 30, at(12))
            .await
            .unwrap()
    );
    assert_eq!(store.transcription(id).await.unwrap().unwrap().progress, 40);
    let end = TranscriptionEnd::Completed { report_by: at(0) };
    assert!(
        store
            .end_transcription(id, again.claim, &end, at(13))
            .await
            .unwrap()
    );
    assert!(
        !store
            .end_transcription(id, again.claim, &end, at(14))
            .await
            .unwrap()
    );
    let done = store.transcription(id).await.unwrap().unwrap();
    assert_eq!((done.status.as_str(), done.progress), ("completed", 100));
    assert_eq!(done.processed_at, Some(at(13)));
    let heard = store.transcribed_segments(id).await.unwrap();
    let texts: Vec<&str> = heard.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["One.", "Two.", "Three."]);
    assert!(
        store
            .claim_transcription(HERE, at(99), at(50))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_is_to_be_tried_later_waits_and_what_failed_says_why() {
    let (store, _database) = open().await;
    let id = store
        .add_transcription(&new("a"), at(0))
        .await
        .unwrap()
        .new
        .id;
    let claimed = store
        .claim_transcription(HERE, at(10), at(1))
        .await
        .unwrap()
        .unwrap();
    let later = TranscriptionEnd::Later { at: at(40) };
    assert!(
        store
            .end_transcription(id, claimed.claim, &later, at(2))
            .await
            .unwrap()
    );
    assert!(
        store
            .claim_transcription(HERE, at(60), at(39))
            .await
            .unwrap()
            .is_none()
    );
    let claimed = store
        .claim_transcription(HERE, at(60), at(40))
        .await
        .unwrap()
        .unwrap();
    let error = "no audio".to_owned();
    let failed = TranscriptionEnd::Failed { error };
    assert!(
        store
            .end_transcription(id, claimed.claim, &failed, at(41))
            .await
            .unwrap()
    );
    let found = store.transcription(id).await.unwrap().unwrap();
    assert_eq!(
        (found.status.as_str(), found.error.as_deref()),
        ("failed", Some("no audio"))
    );
}

#[tokio::test]
async fn the_report_of_an_end_is_owed_until_it_is_taken() {
    let (store, _database) = open().await;
    ended(&store, "a", 2).await;
    assert!(
        store
            .claim_transcription_report(at(9), at(1))
            .await
            .unwrap()
            .is_none()
    );
    let owed = store
        .claim_transcription_report(at(12), at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (owed.url.as_str(), owed.attempts),
        ("https://example.com/done", 0)
    );
    assert_eq!(owed.token.as_ref().map(Secret::expose), Some("token"));
    assert!(
        store
            .claim_transcription_report(at(12), at(3))
            .await
            .unwrap()
            .is_none()
    );

    // As if the process had died while it delivered.
    let owed = store
        .claim_transcription_report(at(22), at(12))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(owed.attempts, 1);
    let failed =
        store.settle_transcription_report(&owed, Some("it answered 500"), Some(at(30)), at(13));
    failed.await.unwrap();
    assert!(
        store
            .claim_transcription_report(at(40), at(29))
            .await
            .unwrap()
            .is_none()
    );
    let owed = store
        .claim_transcription_report(at(40), at(30))
        .await
        .unwrap()
        .unwrap();
    store
        .settle_transcription_report(&owed, None, None, at(31))
        .await
        .unwrap();
    assert!(
        store
            .claim_transcription_report(at(99), at(98))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn lists_have_what_was_asked_for_and_nothing_of_another_workspace() {
    let (store, _database) = open().await;
    ended(&store, "a", 1).await;
    store.add_transcription(&new("b"), at(5)).await.unwrap();
    let listed = async |status: Option<&str>, reference: Option<&str>| {
        let filter = TranscriptionFilter {
            status: status.map(str::to_owned),
            reference: reference.map(str::to_owned),
        };
        let page = store.transcriptions(&filter, 1, 15).await.unwrap();
        page.items
            .into_iter()
            .map(|one| one.new.reference.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, ["b", "a"]);
    assert_eq!(listed(Some("completed"), None).await, ["a"]);
    assert_eq!(listed(None, Some("b")).await, ["b"]);
    let made = store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    let other = store.in_workspace(&made.id);
    let page = other
        .transcriptions(&TranscriptionFilter::default(), 1, 15)
        .await
        .unwrap();
    assert_eq!(page.total, 0);
}

#[tokio::test]
async fn of_a_discarded_transcription_files_are_left_until_they_are_gone() {
    let (store, _database) = open().await;
    let id = ended(&store, "a", 1).await;
    assert!(store.discard_transcription(id).await.unwrap());
    assert!(!store.discard_transcription(id).await.unwrap());
    assert!(store.transcription(id).await.unwrap().is_none());
    assert!(store.transcribed_segments(id).await.unwrap().is_empty());
    assert!(
        store
            .claim_transcription_report(at(99), at(98))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .discarded_transcriptions("elsewhere", None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let left = store
        .discarded_transcriptions(HERE, None, 10)
        .await
        .unwrap();
    assert_eq!((left.len(), left[0].id), (1, id));
    store.forget_transcription(id).await.unwrap();
    assert!(
        store
            .discarded_transcriptions(HERE, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn with_its_customer_a_transcription_is_erased_also_while_it_is_worked_on() {
    let (store, _database) = open().await;
    let by_phone = ended(&store, "a", 1).await;
    let mut by_email = new("b");
    by_email.customer_phone = None;
    by_email.customer_email = Some("Ann@Example.com".to_owned());
    let by_email = store
        .add_transcription(&by_email, at(2))
        .await
        .unwrap()
        .new
        .id;
    let claimed = store
        .claim_transcription(HERE, at(99), at(3))
        .await
        .unwrap()
        .unwrap();
    let mut other = new("c");
    other.customer_phone = Some("+14155550199".to_owned());
    let other = store.add_transcription(&other, at(4)).await.unwrap().new.id;
    let details = ContactDetails {
        number: Some("+14155550123".to_owned()),
        email: Some("ann@example.com".to_owned()),
        ..ContactDetails::default()
    };
    let contact = store
        .create_contact(&details, &ContactExtras::default(), at(5))
        .await
        .unwrap();
    let erased = store.erase_contact(contact.id, at(6)).await.unwrap();
    assert_eq!(
        (erased.removed.transcriptions, erased.finished_at),
        (2, None)
    );
    for gone in [by_phone, by_email] {
        assert!(store.transcription(gone).await.unwrap().is_none());
        assert!(store.transcribed_segments(gone).await.unwrap().is_empty());
    }
    let late = said(0, "Late.");
    let late = store
        .note_transcribed_segment(by_email, claimed.claim, &late, at(7))
        .await;
    assert!(!late.unwrap());
    assert!(store.transcription(other).await.unwrap().is_some());
    assert_eq!(
        store
            .discarded_transcriptions(HERE, None, 10)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(store.erased_calls(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn old_audio_and_old_words_are_found_by_the_end_of_the_work() {
    let (store, _database) = open().await;
    let id = ended(&store, "a", 10).await;
    let files = async |moment| {
        store
            .transcription_files_before(moment, HERE, None, 10)
            .await
            .unwrap()
    };
    assert!(files(at(10)).await.is_empty());
    assert_eq!(files(at(11)).await, [id]);
    store.forget_transcription_files(id).await.unwrap();
    assert!(files(at(11)).await.is_empty());
    assert_eq!(store.forget_transcribed_words(at(10), 10).await.unwrap(), 0);
    assert_eq!(store.forget_transcribed_words(at(11), 10).await.unwrap(), 1);
    assert_eq!(store.forget_transcribed_words(at(11), 10).await.unwrap(), 0);
    assert!(store.transcribed_segments(id).await.unwrap().is_empty());
}

/// A transcription that was completed at this second.
pub(super) async fn ended(store: &Store, reference: &str, second: i64) -> Uuid {
    let id = store
        .add_transcription(&new(reference), at(0))
        .await
        .unwrap()
        .new
        .id;
    let claimed = store
        .claim_transcription(HERE, at(second + 60), at(second))
        .await;
    let claim = claimed.unwrap().unwrap().claim;
    let noted = store
        .note_transcribed_segment(id, claim, &said(0, "Hello."), at(second))
        .await;
    assert!(noted.unwrap());
    let end = TranscriptionEnd::Completed {
        report_by: at(second),
    };
    assert!(
        store
            .end_transcription(id, claim, &end, at(second))
            .await
            .unwrap()
    );
    id
}

#[tokio::test]
async fn what_is_written_down_is_evaluated_once_and_its_report_waits_for_that() {
    let (store, _database) = open().await;
    let made = store.add_transcription(&new("a"), at(0)).await;
    let id = made.unwrap().new.id;
    let claimed = store.claim_transcription(HERE, at(60), at(1)).await;
    let claim = claimed.unwrap().unwrap().claim;
    let end = TranscriptionEnd::Completed { report_by: at(40) };
    assert!(
        store
            .end_transcription(id, claim, &end, at(10))
            .await
            .unwrap()
    );
    let hold = std::time::Duration::from_secs(20);
    let claim = async |second| {
        let claimed = store.claim_transcription_evaluation(hold, at(second)).await;
        claimed.unwrap()
    };
    let died = claim(10).await.unwrap();
    assert_eq!((died.record.new.id, died.attempts), (id, 0));
    assert!(claim(29).await.is_none());
    let again = claim(30).await.unwrap();
    assert_eq!(again.attempts, 1);
    let report = async |second| {
        let report = store
            .claim_transcription_report(at(second + 5), at(second))
            .await;
        report
            .unwrap()
            .map(|report| report.transcription.evaluation)
    };
    assert_eq!(report(31).await, None);

    let evaluation = serde_json::json!({ "source": "model" });
    let finish = async |claimed: &store::ClaimedTranscriptionEvaluation| {
        let finished = store.finish_transcription_evaluation(claimed, Some(&evaluation), at(32));
        finished.await.unwrap()
    };
    assert!(!finish(&died).await);
    assert!(finish(&again).await);
    assert!(!finish(&again).await);
    assert!(claim(100).await.is_none());
    assert_eq!(report(33).await, Some(Some(evaluation)));

    assert_eq!(store.forget_transcribed_words(at(50), 10).await.unwrap(), 1);
    let left = store.transcription(id).await.unwrap().unwrap();
    assert_eq!(left.evaluation, None);
    assert_eq!(store.forget_transcribed_words(at(50), 10).await.unwrap(), 0);
}

#[tokio::test]
async fn a_report_waits_no_longer_than_it_may_and_what_is_discarded_is_not_evaluated() {
    let (store, _database) = open().await;
    let made = store.add_transcription(&new("a"), at(0)).await;
    let id = made.unwrap().new.id;
    let claimed = store.claim_transcription(HERE, at(60), at(1)).await;
    let claim = claimed.unwrap().unwrap().claim;
    let end = TranscriptionEnd::Completed { report_by: at(40) };
    store
        .end_transcription(id, claim, &end, at(10))
        .await
        .unwrap();
    let report = store.claim_transcription_report(at(45), at(39)).await;
    assert!(report.unwrap().is_none());
    let report = store.claim_transcription_report(at(45), at(40)).await;
    assert_eq!(report.unwrap().unwrap().transcription.evaluation, None);
    let hold = std::time::Duration::from_secs(20);
    let claimed = store.claim_transcription_evaluation(hold, at(41)).await;
    let claimed = claimed.unwrap().unwrap();
    assert!(store.discard_transcription(id).await.unwrap());
    let evaluation = serde_json::json!({ "source": "model" });
    let finished = store.finish_transcription_evaluation(&claimed, Some(&evaluation), at(42));
    assert!(!finished.await.unwrap());
}
