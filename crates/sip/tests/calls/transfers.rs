//! We ask SIPp to call somebody else.

use std::time::Duration;

use sip::{CallEvent, EndCause, Secret, TransferError, TransferOutcome};

use crate::support::{
    Events, Options, Sipp, answered, call, callee_with, caller, caller_with, ended, media, next,
    settles, within,
};

const TARGET: &str = "+14155550199";

/// The next event, which is what became of a transfer.
async fn transferred(events: &mut Events) -> TransferOutcome {
    match next(events).await {
        CallEvent::Transferred(outcome) => outcome,
        other @ (CallEvent::Answered(_)
        | CallEvent::EarlyMedia(_)
        | CallEvent::Ended(_)
        | CallEvent::MediaChanged(_)
        | CallEvent::Ringing { .. }) => panic!("expected the end of a transfer, not {other:?}"),
    }
}

#[tokio::test]
async fn a_transfer_is_reported_by_the_other_side_and_ends_with_our_bye() {
    let sipp = Sipp::called("refer");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.transfer(TARGET).unwrap();
    assert_eq!(transferred(&mut events).await, TransferOutcome::Completed);
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_caller_is_transferred_in_the_dialog_that_it_began() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_and_refer", &endpoint);
    let call = within(incoming.recv()).await.expect("a call");
    let (handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    // The ACK may be still on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    handle.transfer(TARGET).unwrap();
    assert_eq!(transferred(&mut events).await, TransferOutcome::Completed);
    handle.hangup();
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_transfer_that_is_refused_leaves_the_call_as_it_was() {
    for (status, code) in [("603 Decline", 603), ("405 Method Not Allowed", 405)] {
        let sipp = Sipp::start(&Options {
            status,
            ..Options::called("refer_refused")
        });
        let endpoint = caller(sipp.address()).await;
        let (handle, mut events) = call(&endpoint);
        answered(&mut events).await;
        handle.transfer(TARGET).unwrap();
        let outcome = transferred(&mut events).await;
        assert_eq!(outcome, TransferOutcome::Refused { code });
        handle.hangup();
        assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
        sipp.succeeds().await;
    }
}

#[tokio::test]
async fn a_third_party_who_is_busy_is_told_of() {
    let sipp = Sipp::called("refer_failed");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.transfer(TARGET).unwrap();
    let outcome = transferred(&mut events).await;
    assert_eq!(outcome, TransferOutcome::Failed { code: 486 });
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn an_other_side_that_agrees_and_hangs_up_has_taken_the_call_over() {
    let sipp = Sipp::called("refer_and_bye");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.transfer(TARGET).unwrap();
    assert_eq!(transferred(&mut events).await, TransferOutcome::Accepted);
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_transfer_that_nothing_is_heard_of_is_given_up() {
    let sipp = Sipp::called("refer_silent");
    let short = Duration::from_millis(400);
    let endpoint = caller_with(sipp.address(), |config| config.transfer_timeout = short).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.transfer(TARGET).unwrap();
    assert_eq!(transferred(&mut events).await, TransferOutcome::Unreported);
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_transfer_that_is_challenged_is_asked_for_with_credentials() {
    let sipp = Sipp::called("refer_challenged");
    let endpoint = caller_with(sipp.address(), |config| {
        let trunk = config.trunks.first_mut().unwrap();
        trunk.username = Some("alice".to_owned());
        trunk.password = Some(Secret::new("secret"));
    })
    .await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.transfer(TARGET).unwrap();
    assert_eq!(transferred(&mut events).await, TransferOutcome::Completed);
    handle.hangup();
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_call_that_still_rings_is_not_transferred() {
    let sipp = Sipp::called("ring");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 180 });
    handle.transfer(TARGET).unwrap();
    let outcome = transferred(&mut events).await;
    assert_eq!(outcome, TransferOutcome::Refused { code: 491 });
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_target_that_no_uri_can_hold_is_refused_at_once() {
    let sipp = Sipp::called("answer");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    for target in ["", "a b", "x>;y", "sip:a@b"] {
        let refused = handle.transfer(target);
        assert_eq!(refused, Err(TransferError::InvalidTarget), "{target}");
    }
    handle.hangup();
    sipp.succeeds().await;
}
