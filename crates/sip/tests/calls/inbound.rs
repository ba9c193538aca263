//! SIPp calls us.

use std::time::Duration;

use sip::{AcceptError, Codec, EndCause, IncomingCall, StatusCode};
use tokio::sync::mpsc;

use crate::support::{
    Options, Relay, Sipp, answered, callee_with, changed, ended, first, media, quick, settles,
    within,
};

async fn next(incoming: &mut mpsc::Receiver<IncomingCall>) -> IncomingCall {
    within(incoming.recv()).await.expect("the endpoint is open")
}

#[tokio::test]
async fn a_call_reaches_its_agent_and_is_hung_up_by_the_caller() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call", &endpoint);
    let call = next(&mut incoming).await;
    assert_eq!(
        (call.agent.as_str(), call.from.as_str()),
        ("agent", "caller")
    );
    assert_eq!(call.source, sipp.address());
    let offered = call.offered.clone();
    call.ringing();
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    let agreed = answered(&mut events).await;
    assert_eq!((agreed.codec, &agreed.security), (Codec::Pcmu, &None));
    assert_eq!(Some(agreed), offered);
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_call_over_tcp_stays_on_its_connection() {
    let (endpoint, mut incoming) = callee_with(|config| config.tcp = true).await;
    let options = Options::calling("call_and_wait", endpoint.local_address());
    let sipp = Sipp::start(&Options {
        tcp: true,
        ..options
    });
    let call = next(&mut incoming).await;
    let (handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_call_is_hung_up_by_us() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_and_wait", &endpoint);
    let call = next(&mut incoming).await;
    let (handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_caller_without_offer_gets_ours() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_without_offer", &endpoint);
    let call = next(&mut incoming).await;
    assert_eq!(call.offered, None);
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    assert_eq!(answered(&mut events).await.codec, Codec::Pcma);
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_caller_who_gives_up_is_noticed() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_and_cancel", &endpoint);
    let call = next(&mut incoming).await;
    call.ringing();
    within(call.withdrawn()).await;
    assert_eq!(
        call.accept(media()).await.unwrap_err(),
        AcceptError::Withdrawn
    );
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_held_caller_is_resumed_and_a_late_offer_is_answered_in_its_ack() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_and_hold", &endpoint);
    let call = next(&mut incoming).await;
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    let held = changed(&mut events).await;
    assert!(!held.we_send && held.we_receive, "{held:?}");
    assert!(changed(&mut events).await.we_send);
    assert!(
        !changed(&mut events).await.we_send,
        "the answer in the ACK holds again"
    );
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_lost_200_is_repeated_until_it_is_acknowledged() {
    let (endpoint, mut incoming) = callee_with(|config| config.timers = quick()).await;
    let lossy = Relay::to(endpoint.local_address(), first(3, &["SIP/2.0 200"])).await;
    let sipp = Sipp::start(&Options::calling("call", lossy.address()));
    let call = next(&mut incoming).await;
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_call_that_is_never_acknowledged_is_hung_up() {
    let (endpoint, mut incoming) = callee_with(|config| config.timers = quick()).await;
    let sipp = Sipp::calling("call_and_never_ack", &endpoint);
    let call = next(&mut incoming).await;
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    assert_eq!(ended(&mut events).await, EndCause::TimedOut);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

async fn refused_caller(decide: impl FnOnce(IncomingCall), status: &str) {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let target = Some((endpoint.local_address(), "nobody"));
    let options = Options::called("call_refused");
    let sipp = Sipp::start(&Options {
        target,
        status,
        ..options
    });
    decide(next(&mut incoming).await);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_refused_caller_is_told_why() {
    refused_caller(|call| call.reject(StatusCode::NOT_FOUND), "404").await;
    refused_caller(|call| call.reject(StatusCode::BUSY_HERE), "486").await;
}

#[tokio::test]
async fn a_call_that_nobody_looks_at_is_refused() {
    refused_caller(drop, "480").await;
}

#[tokio::test]
async fn a_caller_with_no_codec_of_ours_is_refused_at_once() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let sipp = Sipp::calling("call_with_foreign_codec", &endpoint);
    sipp.succeeds().await;
    assert!(incoming.try_recv().is_err(), "nobody was bothered with it");
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_required_extension_is_named_as_unsupported() {
    let (endpoint, _incoming) = callee_with(|_| {}).await;
    Sipp::calling("call_with_extension", &endpoint)
        .succeeds()
        .await;
}

#[tokio::test]
async fn a_full_node_says_when_to_come_back() {
    let (endpoint, mut incoming) = callee_with(|config| {
        config.max_calls = 1;
        config.retry_after = Duration::from_secs(7);
    })
    .await;
    let first = Sipp::calling("call_and_wait", &endpoint);
    let call = next(&mut incoming).await;
    let (handle, mut events) = call.accept(media()).await.unwrap();
    answered(&mut events).await;
    Sipp::calling("call_overload", &endpoint).succeeds().await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    first.succeeds().await;
    let second = Sipp::calling("call", &endpoint);
    let call = next(&mut incoming).await;
    let (_handle, mut events) = call.accept(media()).await.unwrap();
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    second.succeeds().await;
}

#[tokio::test]
async fn options_is_answered_with_what_we_can() {
    let (endpoint, _incoming) = callee_with(|_| {}).await;
    Sipp::calling("options", &endpoint).succeeds().await;
}
