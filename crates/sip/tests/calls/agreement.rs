//! Two endpoints of ours agree on codecs and keys over the wire.

use std::net::SocketAddr;

use sip::{Codec, CodecList, EndCause, IncomingCall, SipConfig, SipEndpoint, Srtp, TrunkConfig};
use tokio::sync::mpsc;

use crate::support::{answered, call, callee_with, caller_with, ended, media, settles, within};

async fn callee(codecs: &[Codec], srtp: Srtp) -> (SipEndpoint, mpsc::Receiver<IncomingCall>) {
    let codecs = CodecList::new(codecs).unwrap();
    callee_with(|config| {
        config.codecs = codecs;
        config.srtp = srtp;
    })
    .await
}

async fn caller(gateway: SocketAddr, change: impl FnOnce(&mut TrunkConfig)) -> SipEndpoint {
    caller_with(gateway, |config: &mut SipConfig| {
        change(config.trunks.first_mut().unwrap());
    })
    .await
}

#[tokio::test]
async fn both_sides_of_an_encrypted_call_have_the_keys_and_the_codec_of_each_other() {
    let (ours, mut incoming) = callee(&Codec::ALL, Srtp::Optional).await;
    let theirs = caller(ours.local_address(), |trunk| {
        trunk.codecs = Some(CodecList::new([Codec::Opus, Codec::Pcmu]).unwrap());
        trunk.srtp = Srtp::Required;
    })
    .await;
    let (handle, mut events) = call(&theirs);
    let call = within(incoming.recv()).await.unwrap();
    let offered = call.offered.clone();
    let (_handle, mut heard) = call.accept(media()).await.unwrap();
    let (placed, taken) = (answered(&mut events).await, answered(&mut heard).await);
    assert_eq!(Some(&taken), offered.as_ref(), "known before it was taken");
    assert_eq!((placed.codec, taken.codec), (Codec::Opus, Codec::Opus));
    assert_eq!(placed.telephone_event, taken.telephone_event);
    let (placed, taken) = (placed.security.unwrap(), taken.security.unwrap());
    assert_eq!(placed.profile(), srtp::Profile::AeadAes128Gcm);
    assert_eq!(
        (&placed.send, &placed.receive),
        (&taken.receive, &taken.send)
    );
    handle.hangup();
    assert_eq!(ended(&mut heard).await, EndCause::RemoteHangup);
    settles(&theirs).await;
    settles(&ours).await;
}

#[tokio::test]
async fn no_two_calls_have_a_key_in_common() {
    let (ours, mut incoming) = callee(&[Codec::Pcmu], Srtp::Required).await;
    let theirs = caller(ours.local_address(), |trunk| trunk.srtp = Srtp::Required).await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let (_handle, mut events) = call(&theirs);
        let call = within(incoming.recv()).await.unwrap();
        let (_taken, _heard) = call.accept(media()).await.unwrap();
        let security = answered(&mut events).await.security.unwrap();
        keys.extend([security.send, security.receive]);
    }
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{index}");
    }
}

#[tokio::test]
async fn a_plain_call_is_refused_where_encryption_is_required() {
    let (ours, mut incoming) = callee(&[Codec::Pcmu], Srtp::Required).await;
    let theirs = caller(ours.local_address(), |_| {}).await;
    let (_handle, mut events) = call(&theirs);
    let cause = ended(&mut events).await;
    assert_eq!(cause.sip_code(), Some(488), "{cause}");
    assert!(incoming.try_recv().is_err());
}

#[tokio::test]
async fn a_trunk_without_codecs_of_its_own_has_those_of_the_endpoint() {
    let (ours, mut incoming) = callee(&[Codec::Pcmu, Codec::Pcma], Srtp::Off).await;
    let offered_by = async |endpoint: SipEndpoint, incoming: &mut mpsc::Receiver<IncomingCall>| {
        let (_handle, _events) = call(&endpoint);
        let call = within(incoming.recv()).await.unwrap();
        call.offered.as_ref().unwrap().codec
    };
    let pcma = CodecList::new([Codec::Pcma]).unwrap();
    let endpoint = caller_with(ours.local_address(), |config| {
        config.codecs = pcma.clone();
    });
    assert_eq!(offered_by(endpoint.await, &mut incoming).await, Codec::Pcma);
    let endpoint = caller(ours.local_address(), |trunk| trunk.codecs = Some(pcma));
    assert_eq!(offered_by(endpoint.await, &mut incoming).await, Codec::Pcma);
    let endpoint = caller(ours.local_address(), |_| {});
    assert_eq!(offered_by(endpoint.await, &mut incoming).await, Codec::Pcmu);
}
