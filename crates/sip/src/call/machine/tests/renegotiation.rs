//! Codecs and keys that are agreed on, and change, in the life of a call.

use super::*;

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const OTHER_KEY: &str = "3GPIIHUJWzWbSWYrZe6nRKiHvAJ6vmfij3QtXp7Q";

fn secured(key: &str) -> String {
    let plain = sdp(5000, "sendrecv").replace("RTP/AVP", "RTP/SAVP");
    format!("{plain}a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n")
}

fn calling_secured() -> Machine {
    Machine::calling(session_with(Srtp::Required), LIMITS, Moment::ZERO).0
}

fn told(effects: &[Effect]) -> Vec<&RemoteMedia> {
    let media = effects.iter().filter_map(|effect| match effect {
        Effect::Emit(
            CallEvent::Answered(media)
            | CallEvent::MediaChanged(media)
            | CallEvent::EarlyMedia(media),
        ) => Some(media),
        Effect::Emit(
            CallEvent::Ringing { .. } | CallEvent::Transferred(_) | CallEvent::Ended(_),
        )
        | Effect::SendCancel
        | Effect::SendBye
        | Effect::SendRefer(_)
        | Effect::Respond(_)
        | Effect::RespondToInvite(_) => None,
    });
    media.collect()
}

#[test]
fn another_codec_is_reported_and_the_same_one_again_is_not() {
    let opus = sdp(5000, "sendrecv").replace("RTP/AVP 0", "RTP/AVP 111 0")
        + "a=rtpmap:111 opus/48000/2\r\n";
    let mut machine = established();
    let changed = machine.reinvited(Some(&opus));
    let [media] = told(&changed).try_into().unwrap();
    assert_eq!((media.codec, media.payload_type), (Codec::Opus, 111));
    assert_eq!(
        told(&machine.reinvited(Some(&opus))),
        [] as [&RemoteMedia; 0]
    );
}

#[test]
fn other_keys_are_reported_and_the_same_ones_again_are_not() {
    let mut machine = calling_secured();
    let answered = machine.answered(Some(&secured(KEY)));
    let before = told(&answered)[0].security.clone().unwrap();
    assert_eq!(machine.reinvited(Some(&secured(KEY))).len(), 1);
    let changed = machine.reinvited(Some(&secured(OTHER_KEY)));
    let after = told(&changed)[0].security.clone().unwrap();
    assert_eq!(after.send, before.send);
    assert_ne!(after.receive, before.receive);
    let plain = machine.reinvited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&plain), [488], "it stays encrypted");
    assert_eq!(machine.reinvited(Some(&secured(OTHER_KEY))).len(), 1);
}

#[test]
fn an_answer_without_description_keeps_the_keys_of_the_early_one() {
    let mut machine = calling_secured();
    machine.provisional(seconds(1), 183, Some(&secured(KEY)), false);
    let answered = machine.answered(None);
    assert!(told(&answered)[0].security.is_some());
    assert_eq!(machine.reinvited(Some(&secured(KEY))).len(), 1);
}

#[test]
fn a_plain_answer_where_encryption_is_required_is_hung_up() {
    let effects = calling_secured().answered(Some(&sdp(5000, "sendrecv")));
    assert_eq!(effects.first(), Some(&Effect::SendBye));
}

#[test]
fn nothing_that_is_printed_of_a_call_has_its_keys() {
    let session = session_with(Srtp::Required);
    let mut machine = Machine::invited(session, LIMITS, Some(secured(KEY)), Moment::ZERO);
    let before = format!("{machine:?}");
    let effects = machine.accept(local());
    let answer = reply_sdp(&effects).unwrap();
    let (_, key) = answer.split_once("inline:").unwrap();
    let (key, _) = key.split_once("\r\n").unwrap();
    let printed = format!("{before} {machine:?} {effects:?}");
    assert!(
        !printed.contains(KEY) && !printed.contains(key),
        "{printed}"
    );
}
