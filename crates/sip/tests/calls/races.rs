//! Our own two ends against each other, in every order of events that can be provoked.

use std::time::Duration;

use sip::{EndCause, LocalMedia, OutboundCall, SipConfig, SipEndpoint, StatusCode, Transport};

use crate::support::{
    answered, call, callee_with, caller_with, ended, media, quick, settles, within,
};

fn patient(config: &mut SipConfig) {
    config.timers = quick();
}

async fn settle(ends: [&SipEndpoint; 2]) {
    for end in ends {
        settles(end).await;
    }
}

#[tokio::test]
async fn our_two_ends_talk_over_udp_and_tcp() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let (callee, mut incoming) = callee_with(|config| config.tcp = true).await;
        let caller = caller_with(callee.local_address(), |config| {
            config.trunks.first_mut().unwrap().transport = transport;
        })
        .await;
        let (handle, mut events) = call(&caller);
        let incoming = within(incoming.recv()).await.unwrap();
        assert_eq!(incoming.agent, "+14155550123");
        let (_handle, mut heard) = incoming.accept(media()).await.unwrap();
        assert_eq!(answered(&mut heard).await, answered(&mut events).await);
        handle.hangup();
        assert_eq!(ended(&mut heard).await, EndCause::RemoteHangup);
        assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
        settle([&caller, &callee]).await;
    }
}

#[tokio::test]
async fn our_two_ends_talk_over_ipv6() {
    let local = "[::1]:0".parse().unwrap();
    let (callee, mut incoming) = callee_with(|config| config.listen = local).await;
    let caller = caller_with(callee.local_address(), |config| config.listen = local).await;
    let media = LocalMedia {
        address: "[::1]:40000".parse().unwrap(),
    };
    let number = "+14155550123".to_owned();
    let (_handle, mut events) = caller.call(OutboundCall::new(number, media)).unwrap();
    let incoming = within(incoming.recv()).await.unwrap();
    assert!(incoming.source.is_ipv6());
    let (handle, mut heard) = incoming.accept(media).await.unwrap();
    assert_eq!(answered(&mut events).await.address, media.address);
    answered(&mut heard).await;
    handle.hangup();
    assert_eq!(ended(&mut events).await, EndCause::RemoteHangup);
    settle([&caller, &callee]).await;
}

#[tokio::test]
async fn an_endpoint_that_is_dropped_ends_its_calls() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    let (_handle, mut events) = call(&caller);
    let (_other, mut heard) = within(incoming.recv())
        .await
        .unwrap()
        .accept(media())
        .await
        .unwrap();
    answered(&mut events).await;
    drop(caller);
    assert_eq!(ended(&mut events).await, EndCause::LocalHangup);
    drop(callee);
    assert_eq!(ended(&mut heard).await, EndCause::LocalHangup);
    assert!(within(incoming.recv()).await.is_none());
}

#[tokio::test]
async fn a_caller_whom_nobody_decides_about_is_refused_in_time() {
    let (callee, mut incoming) =
        callee_with(|config| config.ring_timeout = Duration::from_millis(300)).await;
    let caller = caller_with(callee.local_address(), patient).await;
    let (_handle, mut events) = call(&caller);
    let undecided = within(incoming.recv()).await.unwrap();
    assert_eq!(ended(&mut events).await.sip_code(), Some(480));
    within(undecided.withdrawn()).await;
    settle([&caller, &callee]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_up_at_any_moment_leaves_nothing_behind() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    let answering = tokio::spawn(async move {
        let mut number = 0;
        while let Some(incoming) = incoming.recv().await {
            number += 1;
            tokio::spawn(async move {
                incoming.ringing();
                tokio::time::sleep(Duration::from_micros(number * 311 % 4_000)).await;
                if let Ok((_handle, mut events)) = incoming.accept(media()).await {
                    ended(&mut events).await;
                }
            });
        }
    });
    let calls: Vec<_> = (0..120)
        .map(|number: u64| {
            let (handle, mut events) = call(&caller);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_micros(number * 127 % 5_000)).await;
                handle.hangup();
                ended(&mut events).await
            })
        })
        .collect();
    for call in calls {
        let cause = call.await.unwrap();
        assert!(
            matches!(cause, EndCause::Cancelled | EndCause::LocalHangup),
            "nobody else ended it: {cause}"
        );
    }
    settle([&caller, &callee]).await;
    answering.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_may_hang_up_at_once() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    for _ in 0..20 {
        let (handle, mut events) = call(&caller);
        let incoming = within(incoming.recv()).await.unwrap();
        let (other, mut heard) = incoming.accept(media()).await.unwrap();
        answered(&mut events).await;
        handle.hangup();
        other.hangup();
        let causes = [ended(&mut events).await, ended(&mut heard).await];
        for cause in causes {
            assert!(
                matches!(cause, EndCause::LocalHangup | EndCause::RemoteHangup),
                "{cause}"
            );
        }
    }
    settle([&caller, &callee]).await;
}

#[tokio::test]
async fn a_call_given_up_before_anybody_heard_of_it_is_cancelled() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    let (handle, mut events) = call(&caller);
    drop(handle);
    assert_eq!(ended(&mut events).await, EndCause::Cancelled);
    settles(&caller).await;
    if let Ok(incoming) = incoming.try_recv() {
        within(incoming.withdrawn()).await;
    }
    settles(&callee).await;
}

#[tokio::test]
async fn a_callee_that_shuts_down_refuses_what_rings_and_hangs_up_what_talks() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    let (_talking, mut talk) = call(&caller);
    let (_handle, mut heard) = within(incoming.recv())
        .await
        .unwrap()
        .accept(media())
        .await
        .unwrap();
    answered(&mut talk).await;
    let (_ringing, mut ring) = call(&caller);
    let waiting = within(incoming.recv()).await.unwrap();
    callee.shutdown(Duration::from_secs(5)).await;
    assert_eq!(ended(&mut talk).await, EndCause::RemoteHangup);
    assert_eq!(ended(&mut heard).await, EndCause::LocalHangup);
    assert_eq!(ended(&mut ring).await.sip_code(), Some(503));
    waiting.accept(media()).await.unwrap_err();
    settles(&caller).await;
}

#[tokio::test]
async fn a_refusal_reaches_the_caller_with_its_status() {
    let (callee, mut incoming) = callee_with(patient).await;
    let caller = caller_with(callee.local_address(), patient).await;
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::BUSY_HERE,
        StatusCode::DECLINE,
    ] {
        let (_handle, mut events) = call(&caller);
        within(incoming.recv()).await.unwrap().reject(status);
        assert_eq!(ended(&mut events).await.sip_code(), Some(status.as_u16()));
    }
    settle([&caller, &callee]).await;
}
