//! Many calls at once.

use std::time::Duration;

use sip::EndCause;

use crate::support::{
    Options, Sipp, answered, call, callee_with, caller, ended, media, settles, within,
};

const CALLS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_at_once_all_succeed() {
    let sipp = Sipp::start(&Options {
        calls: CALLS,
        ..Options::called("answer")
    });
    let endpoint = caller(sipp.address()).await;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let (handle, mut events) = call(&endpoint);
            tokio::spawn(async move {
                answered(&mut events).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                handle.hangup();
                ended(&mut events).await
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), EndCause::LocalHangup);
    }
    sipp.succeeds().await;
    settles(&endpoint).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_callers_at_once_are_all_answered() {
    let (endpoint, mut incoming) = callee_with(|_| {}).await;
    let options = Options::calling("call", endpoint.local_address());
    let sipp = Sipp::start(&Options {
        calls: CALLS,
        ..options
    });
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let call = within(incoming.recv()).await.unwrap();
        calls.push(tokio::spawn(async move {
            let (_handle, mut events) = call.accept(media()).await.unwrap();
            answered(&mut events).await;
            ended(&mut events).await
        }));
    }
    for call in calls {
        assert_eq!(call.await.unwrap(), EndCause::RemoteHangup);
    }
    sipp.succeeds().await;
    settles(&endpoint).await;
}
