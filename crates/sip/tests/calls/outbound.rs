//! We call SIPp.

use std::time::{Duration, Instant};

use sip::{CallEvent, Codec, EndCause, Secret, Transport};

use crate::support::{
    Options, Relay, Sipp, answered, call, caller, caller_with, changed, ended, first, next, quick,
    settles,
};

#[tokio::test]
async fn a_call_is_answered_and_hung_up_by_us() {
    let sipp = Sipp::called("answer");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 180 });
    let media = answered(&mut events).await;
    assert_eq!((media.codec, media.payload_type), (Codec::Pcmu, 0));
    let event = media.telephone_event.expect("events were agreed on");
    assert_eq!((event.payload_type, event.clock.hertz()), (101, 8_000));
    assert!(media.we_send && media.we_receive);
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_call_is_hung_up_when_its_last_handle_is_dropped() {
    let sipp = Sipp::called("answer");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    let clone = handle.clone();
    answered(&mut events).await;
    drop(handle);
    drop(clone);
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_call_is_hung_up_by_the_other_side() {
    let sipp = Sipp::called("remote_bye");
    let endpoint = caller(sipp.address()).await;
    let (_handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_call_that_rings_long_is_answered_at_last() {
    let sipp = Sipp::called("answer_late");
    let endpoint = caller(sipp.address()).await;
    let started = Instant::now();
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    assert!(started.elapsed() >= Duration::from_millis(1_400));
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn early_media_is_reported_before_the_answer() {
    let sipp = Sipp::called("early_media");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 183 });
    let CallEvent::EarlyMedia(early) = next(&mut events).await else {
        panic!("the 183 has a session description");
    };
    assert_eq!(answered(&mut events).await, early);
    handle.hangup();
    sipp.succeeds().await;
}

async fn refused_with(status: &str) -> EndCause {
    let sipp = Sipp::start(&Options {
        status,
        ..Options::called("refuse")
    });
    let endpoint = caller(sipp.address()).await;
    let (_handle, mut events) = call(&endpoint);
    let cause = ended(&mut events).await;
    sipp.succeeds().await;
    settles(&endpoint).await;
    cause
}

#[tokio::test]
async fn a_busy_line_is_busy() {
    assert_eq!(
        refused_with("486 Busy Here").await,
        EndCause::Busy { code: 486 }
    );
    assert_eq!(
        refused_with("600 Busy Everywhere").await,
        EndCause::Busy { code: 600 }
    );
}

#[tokio::test]
async fn a_rejected_call_keeps_the_words_of_the_rejection() {
    let reason = "Not Today".to_owned();
    assert_eq!(
        refused_with("603 Not Today").await,
        EndCause::Rejected { code: 603, reason }
    );
}

#[tokio::test]
async fn other_refusals_keep_their_status() {
    for (status, code) in [
        ("404 Not Found", 404),
        ("480 Temporarily Unavailable", 480),
        ("503 Service Unavailable", 503),
        ("302 Moved Temporarily", 302),
    ] {
        assert_eq!(
            refused_with(status).await.sip_code(),
            Some(code),
            "{status}"
        );
    }
    assert_eq!(
        refused_with("408 Request Timeout").await,
        EndCause::NoAnswer
    );
}

#[tokio::test]
async fn a_call_that_nobody_answers_is_cancelled() {
    let sipp = Sipp::called("ring");
    let endpoint = caller_with(sipp.address(), |config| {
        config.ring_timeout = Duration::from_millis(700)
    })
    .await;
    let (_handle, mut events) = call(&endpoint);
    assert_eq!(ended(&mut events).await, EndCause::NoAnswer);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn hanging_up_while_it_rings_cancels() {
    let sipp = Sipp::called("ring");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    assert_eq!(next(&mut events).await, CallEvent::Ringing { code: 180 });
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::Cancelled);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn hold_resume_and_another_codec_are_agreed_to_by_reinvite() {
    let sipp = Sipp::called("hold");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    let start = answered(&mut events).await;
    let held = changed(&mut events).await;
    assert!(!held.we_send && held.we_receive, "{held:?}");
    let inactive = changed(&mut events).await;
    assert!(!inactive.we_send && !inactive.we_receive, "{inactive:?}");
    let muted = changed(&mut events).await;
    assert!(
        !muted.we_send && muted.address.ip().is_unspecified(),
        "{muted:?}"
    );
    let resumed = changed(&mut events).await;
    assert_eq!(resumed.codec, Codec::Pcma);
    assert_eq!(resumed.address, start.address);
    assert!(resumed.we_send && resumed.we_receive, "{resumed:?}");
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn hold_and_resume_are_agreed_to_by_update_and_other_requests_have_their_answers() {
    let sipp = Sipp::called("update");
    let endpoint = caller(sipp.address()).await;
    let (_handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    assert!(!changed(&mut events).await.we_send);
    assert!(changed(&mut events).await.we_send);
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_refused_offer_changes_nothing_and_a_late_one_is_made_by_us() {
    let sipp = Sipp::called("renegotiate");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    let held = changed(&mut events).await;
    assert!(
        !held.we_send && held.we_receive,
        "only the answer in the last ACK: {held:?}"
    );
    handle.hangup();
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_repeated_200_is_acknowledged_again() {
    let sipp = Sipp::called("lost_ack");
    let endpoint = caller(sipp.address()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn what_the_network_loses_is_sent_again() {
    let sipp = Sipp::called("answer");
    let lossy = Relay::to(sipp.address(), first(2, &["INVITE", "SIP/2.0 200"])).await;
    let endpoint = caller_with(lossy.address(), |config| config.timers = quick()).await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn a_challenge_is_answered_with_the_trunks_credentials() {
    let sipp = Sipp::called("digest");
    let endpoint = caller_with(sipp.address(), |config| {
        let trunk = config.trunks.first_mut().unwrap();
        trunk.username = Some("alice".to_owned());
        trunk.password = Some(Secret::new("secret"));
    })
    .await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.hangup();
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn credentials_that_are_not_accepted_end_the_call() {
    let sipp = Sipp::called("no_credentials");
    let endpoint = caller_with(sipp.address(), |config| {
        let trunk = config.trunks.first_mut().unwrap();
        trunk.username = Some("alice".to_owned());
        trunk.password = Some(Secret::new("wrong"));
    })
    .await;
    let (_handle, mut events) = call(&endpoint);
    assert_eq!(
        ended(&mut events).await,
        EndCause::AuthenticationFailed { code: 401 }
    );
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_challenge_to_a_trunk_without_credentials_ends_the_call() {
    let cause = refused_with("407 Proxy Authentication Required").await;
    assert_eq!(cause, EndCause::AuthenticationFailed { code: 407 });
}

#[tokio::test]
async fn a_call_goes_over_tcp_where_the_trunk_does() {
    let sipp = Sipp::start(&Options {
        tcp: true,
        ..Options::called("answer")
    });
    let endpoint = caller_with(sipp.address(), |config| {
        config.trunks.first_mut().unwrap().transport = Transport::Tcp;
    })
    .await;
    let (handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test]
async fn the_other_side_may_hang_up_and_hold_over_tcp() {
    let sipp = Sipp::start(&Options {
        tcp: true,
        ..Options::called("update")
    });
    let endpoint = caller_with(sipp.address(), |config| {
        config.trunks.first_mut().unwrap().transport = Transport::Tcp;
    })
    .await;
    let (_handle, mut events) = call(&endpoint);
    answered(&mut events).await;
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    sipp.succeeds().await;
}

#[tokio::test]
async fn shutting_down_hangs_up_what_was_answered_and_cancels_what_rings() {
    let (talking, ringing) = (Sipp::called("answer"), Sipp::called("ring"));
    let endpoint = caller_with(talking.address(), |config| {
        config.timers = quick();
        let trunk = sip::TrunkConfig::new("ring", ringing.address().to_string());
        config.trunks.push(sip::TrunkConfig {
            prefixes: vec!["+49".to_owned()],
            ..trunk
        });
    })
    .await;
    let (_talk, mut talk) = call(&endpoint);
    answered(&mut talk).await;
    let number = "+4930123456".to_owned();
    let media = crate::support::media();
    let (_ring, mut ring) = endpoint
        .call(sip::OutboundCall::new(number, media))
        .unwrap();
    assert_eq!(next(&mut ring).await, CallEvent::Ringing { code: 180 });
    endpoint.shutdown(Duration::from_secs(5)).await;
    assert_eq!(ended(&mut talk).await, EndCause::LocalHangup);
    assert_eq!(ended(&mut ring).await, EndCause::Cancelled);
    talking.succeeds().await;
    ringing.succeeds().await;
}
