mod renegotiation;
mod transfer;

use audio::SampleRate;
use audio::codec::Codec;

use super::*;
use crate::codecs::CodecList;
use crate::sdp::{OpusParameters, PayloadTypes, Rtcp, Srtp, TelephoneEvent, Terms};

const LIMITS: Limits = Limits {
    ring: Duration::from_secs(60),
    silence: None,
    cancel: Duration::from_secs(32),
    transfer: Duration::from_secs(60),
};

fn local() -> SocketAddr {
    "192.0.2.1:4000".parse().unwrap()
}

fn session() -> Session {
    session_with(Srtp::Off)
}

fn session_with(srtp: Srtp) -> Session {
    let terms = Terms {
        codecs: CodecList::new([Codec::Pcmu, Codec::Pcma, Codec::Opus]).unwrap(),
        srtp,
        comfort_noise: false,
    };
    Session::new(1, local(), terms, [1; 32])
}

fn seconds(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

fn calling() -> Machine {
    Machine::calling(session(), LIMITS, Moment::ZERO).0
}

/// A call with another gateway to turn to.
fn calling_one_of_two() -> Machine {
    let limits = Limits {
        silence: Some(Duration::from_secs(6)),
        ..LIMITS
    };
    Machine::calling(session(), limits, Moment::ZERO).0
}

#[test]
fn a_silent_gateway_is_given_up_early_where_there_is_another() {
    let mut machine = calling_one_of_two();
    assert_eq!(machine.deadline(), Some(seconds(6)));
    assert_eq!(machine.tick(seconds(5)), []);
    let effects = machine.tick(seconds(6));
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Emit(CallEvent::Ended(EndCause::Unreachable {
                code: 408,
                ..
            }))]
        ),
        "{effects:?}"
    );
    // A late answer of any kind has it take back what it was asked for.
    assert_eq!(
        machine.provisional(seconds(7), 100, None, false),
        [Effect::SendCancel]
    );
}

#[test]
fn a_gateway_that_was_heard_may_ring_for_as_long_as_any_other() {
    let mut machine = calling_one_of_two();
    machine.provisional(seconds(1), 100, None, false);
    assert_eq!(machine.deadline(), Some(seconds(60)));
    assert_eq!(machine.tick(seconds(59)), []);

    let mut challenged = calling_one_of_two();
    challenged.resent();
    assert_eq!(challenged.deadline(), Some(seconds(60)));
    assert_eq!(challenged.tick(seconds(59)), []);
}

fn invited(offer: Option<&str>) -> Machine {
    Machine::invited(session(), LIMITS, offer.map(str::to_owned), Moment::ZERO)
}

fn established() -> Machine {
    let mut machine = calling();
    machine.answered(Some(&sdp(5000, "sendrecv")));
    machine
}

fn sdp(port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}

fn media(port: u16, we_send: bool, we_receive: bool) -> RemoteMedia {
    RemoteMedia {
        address: ([192, 0, 2, 2], port).into(),
        rtcp: Rtcp::At(([192, 0, 2, 2], port + 1).into()),
        codec: Codec::Pcmu,
        payload_type: 0,
        opus: OpusParameters::default(),
        telephone_event: Some(TelephoneEvent {
            payload_type: 101,
            clock: SampleRate::HZ_8000,
        }),
        comfort_noise: None,
        arriving: PayloadTypes {
            audio: 0,
            telephone_event: Some(101),
            comfort_noise: None,
        },
        security: None,
        packet_time: None,
        we_send,
        we_receive,
    }
}

fn emitted(event: CallEvent) -> Effect {
    Effect::Emit(event)
}

fn ended(cause: EndCause) -> Effect {
    Effect::Emit(CallEvent::Ended(cause))
}

fn responds(effects: &[Effect]) -> Vec<u16> {
    let codes = effects.iter().filter_map(|effect| match effect {
        Effect::Respond(reply) | Effect::RespondToInvite(reply) => Some(reply.code),
        Effect::Emit(_) | Effect::SendCancel | Effect::SendBye | Effect::SendRefer(_) => None,
    });
    codes.collect()
}

fn reply_sdp(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Respond(reply) | Effect::RespondToInvite(reply) => {
            reply.sdp.as_ref().map(Secret::expose)
        }
        Effect::Emit(_) | Effect::SendCancel | Effect::SendBye | Effect::SendRefer(_) => None,
    })
}

#[test]
fn an_answered_call_is_reported_with_its_media() {
    let mut machine = calling();
    assert_eq!(machine.provisional(seconds(0), 100, None, false), []);
    let ringing = machine.provisional(seconds(1), 180, None, false);
    assert_eq!(ringing, [emitted(CallEvent::Ringing { code: 180 })]);
    let answered = machine.answered(Some(&sdp(5000, "sendrecv")));
    assert_eq!(
        answered,
        [emitted(CallEvent::Answered(media(5000, true, true)))]
    );
    assert_eq!(machine.deadline(), None);
}

#[test]
fn a_repeated_provisional_response_is_reported_once() {
    let mut machine = calling();
    let early = sdp(5000, "sendrecv");
    let first = machine.provisional(seconds(1), 183, Some(&early), false);
    let expected = [
        emitted(CallEvent::Ringing { code: 183 }),
        emitted(CallEvent::EarlyMedia(media(5000, true, true))),
    ];
    assert_eq!(first, expected);
    assert_eq!(
        machine.provisional(seconds(2), 183, Some(&early), false),
        []
    );
}

#[test]
fn the_final_answer_replaces_the_early_one() {
    let mut machine = calling();
    machine.provisional(seconds(1), 183, Some(&sdp(5000, "sendrecv")), false);
    let answered = machine.answered(Some(&sdp(6000, "sendrecv")));
    assert_eq!(
        answered,
        [emitted(CallEvent::Answered(media(6000, true, true)))]
    );
}

#[test]
fn an_answer_without_description_stands_on_the_early_one() {
    let mut machine = calling();
    machine.provisional(seconds(1), 183, Some(&sdp(5000, "sendrecv")), false);
    let answered = machine.answered(None);
    assert_eq!(
        answered,
        [emitted(CallEvent::Answered(media(5000, true, true)))]
    );
    assert_eq!(
        responds(&machine.reinvited(Some(&sdp(5000, "sendonly")))),
        [200]
    );
}

#[test]
fn a_reliable_early_answer_cannot_be_replaced() {
    let mut machine = calling();
    machine.provisional(seconds(1), 183, Some(&sdp(5000, "sendrecv")), true);
    let answered = machine.answered(Some(&sdp(6000, "sendrecv")));
    assert_eq!(
        answered,
        [emitted(CallEvent::Answered(media(5000, true, true)))]
    );
}

#[test]
fn an_answer_that_no_call_can_be_made_of_is_hung_up() {
    for answer in [None, Some("nonsense"), Some(sdp(0, "sendrecv").as_str())] {
        let mut machine = calling();
        let effects = machine.answered(answer);
        assert_eq!(effects.first(), Some(&Effect::SendBye));
        let last = effects.last();
        assert!(
            matches!(
                last,
                Some(Effect::Emit(CallEvent::Ended(
                    EndCause::ProtocolError { .. }
                )))
            ),
            "{last:?}"
        );
    }
}

#[test]
fn hanging_up_while_it_rings_cancels_the_invite() {
    let mut machine = calling();
    machine.provisional(seconds(1), 180, None, false);
    let effects = machine.hang_up(seconds(2));
    assert_eq!(effects, [Effect::SendCancel, ended(EndCause::Cancelled)]);
    assert!(machine.is_abandoned() && !machine.is_finished());
    let rejected = EndCause::Rejected {
        code: 487,
        reason: "Request Terminated".to_owned(),
    };
    assert_eq!(machine.failed(rejected), []);
    assert!(machine.is_finished());
}

#[test]
fn a_cancel_waits_for_the_first_response() {
    let mut machine = calling();
    assert_eq!(machine.hang_up(seconds(1)), [ended(EndCause::Cancelled)]);
    assert_eq!(
        machine.provisional(seconds(2), 100, None, false),
        [Effect::SendCancel]
    );
    assert_eq!(machine.provisional(seconds(3), 180, None, false), []);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up_and_never_reported() {
    let mut machine = calling();
    machine.provisional(seconds(1), 180, None, false);
    machine.hang_up(seconds(2));
    assert_eq!(
        machine.answered(Some(&sdp(5000, "sendrecv"))),
        [Effect::SendBye]
    );
    machine.bye_completed();
    assert!(machine.is_finished());
}

#[test]
fn an_answer_to_an_invite_that_was_given_up_unheard_is_hung_up() {
    let mut machine = calling();
    machine.hang_up(seconds(1));
    assert_eq!(
        machine.answered(Some(&sdp(5000, "sendrecv"))),
        [Effect::SendBye]
    );
}

#[test]
fn ringing_for_too_long_is_cancelled() {
    let mut machine = calling();
    machine.provisional(seconds(1), 180, None, false);
    assert_eq!(machine.tick(seconds(59)), []);
    assert_eq!(
        machine.tick(seconds(60)),
        [Effect::SendCancel, ended(EndCause::NoAnswer)]
    );
}

#[test]
fn silence_until_the_ring_timeout_is_unreachable() {
    let mut machine = calling();
    let effects = machine.tick(seconds(60));
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Emit(CallEvent::Ended(EndCause::Unreachable {
                code: 408,
                ..
            }))]
        ),
        "{effects:?}"
    );
}

#[test]
fn a_cancelled_invite_without_final_response_is_forgotten_in_time() {
    let mut machine = calling();
    machine.provisional(seconds(1), 180, None, false);
    machine.hang_up(seconds(2));
    assert_eq!(machine.deadline(), Some(seconds(34)));
    machine.tick(seconds(34));
    assert!(machine.is_finished());
}

#[test]
fn a_refusal_ends_the_call_once() {
    let mut machine = calling();
    let busy = EndCause::Busy { code: 486 };
    assert_eq!(machine.failed(busy.clone()), [ended(busy.clone())]);
    assert_eq!(machine.failed(busy), []);
    assert_eq!(machine.hang_up(seconds(1)), []);
}

#[test]
fn either_side_can_hang_up_an_answered_call() {
    let mut machine = established();
    assert_eq!(
        machine.hang_up(seconds(1)),
        [Effect::SendBye, ended(EndCause::LocalHangup)]
    );
    machine.bye_completed();
    assert!(machine.is_finished());

    let mut machine = established();
    let effects = machine.bye(seconds(1));
    assert_eq!(
        effects,
        [
            Effect::Respond(Reply::bare(200)),
            ended(EndCause::RemoteHangup)
        ]
    );
    assert!(machine.is_finished());
}

#[test]
fn hang_ups_that_cross_end_the_call_once() {
    let mut machine = established();
    machine.hang_up(seconds(1));
    assert_eq!(machine.bye(seconds(1)), [Effect::Respond(Reply::bare(200))]);
    assert!(!machine.is_finished());
    machine.bye_completed();
    assert!(machine.is_finished());
}

#[test]
fn a_bye_that_overtakes_its_200_ends_the_call() {
    let mut machine = calling();
    machine.provisional(seconds(1), 180, None, false);
    let effects = machine.bye(seconds(2));
    assert_eq!(
        effects,
        [
            Effect::Respond(Reply::bare(200)),
            Effect::SendCancel,
            ended(EndCause::RemoteHangup)
        ]
    );
    assert_eq!(
        machine.answered(Some(&sdp(5000, "sendrecv"))),
        [Effect::SendBye]
    );
}

#[test]
fn an_accepted_call_waits_for_its_ack_before_it_can_be_hung_up() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&machine.ring()), [180]);
    let accepted = machine.accept(local());
    assert_eq!(responds(&accepted), [200]);
    assert_eq!(
        accepted.last(),
        Some(&emitted(CallEvent::Answered(media(5000, true, true))))
    );
    assert_eq!(machine.hang_up(seconds(1)), [ended(EndCause::LocalHangup)]);
    assert_eq!(machine.acknowledged(None), [Effect::SendBye]);
}

#[test]
fn a_call_that_is_never_acknowledged_is_ended() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    machine.accept(local());
    assert_eq!(
        machine.unacknowledged(),
        [Effect::SendBye, ended(EndCause::TimedOut)]
    );
}

#[test]
fn a_caller_without_offer_answers_ours_in_the_ack() {
    let mut machine = invited(None);
    let accepted = machine.accept(local());
    assert_eq!(responds(&accepted), [200]);
    assert!(reply_sdp(&accepted).is_some_and(|offer| offer.contains("RTP/AVP 0 8 96 101 103")));
    assert!(
        !accepted
            .iter()
            .any(|effect| matches!(effect, Effect::Emit(_)))
    );
    let effects = machine.acknowledged(Some(&sdp(5000, "sendrecv")));
    assert_eq!(
        effects,
        [emitted(CallEvent::Answered(media(5000, true, true)))]
    );
}

#[test]
fn a_caller_who_never_answers_our_offer_is_hung_up() {
    let mut machine = invited(None);
    machine.accept(local());
    let effects = machine.acknowledged(None);
    assert_eq!(effects.first(), Some(&Effect::SendBye));
}

#[test]
fn a_caller_who_gives_up_is_told_so_and_can_no_longer_be_answered() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&machine.cancelled()), [487]);
    assert!(machine.is_finished());
    assert_eq!(machine.accept(local()), []);
}

#[test]
fn a_cancel_after_the_200_has_no_effect() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    machine.accept(local());
    assert_eq!(machine.cancelled(), []);
    assert_eq!(machine.acknowledged(None), []);
    assert!(!machine.has_ended());
}

#[test]
fn a_refused_call_is_over_at_once() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&machine.decline(404)), [404]);
    assert!(machine.is_finished());
}

#[test]
fn hold_and_resume_are_agreed_to_and_reported() {
    let mut machine = established();
    let held = machine.reinvited(Some(&sdp(5000, "sendonly")));
    assert_eq!(responds(&held), [200]);
    assert!(reply_sdp(&held).is_some_and(|answer| answer.contains("a=recvonly")));
    assert_eq!(
        held.last(),
        Some(&emitted(CallEvent::MediaChanged(media(5000, false, true))))
    );
    let resumed = machine.updated(Some(&sdp(5000, "sendrecv")));
    assert!(reply_sdp(&resumed).is_some_and(|answer| answer.contains("a=sendrecv")));
    assert_eq!(
        resumed.last(),
        Some(&emitted(CallEvent::MediaChanged(media(5000, true, true))))
    );
}

#[test]
fn a_refresh_that_changes_nothing_is_answered_and_not_reported() {
    let mut machine = established();
    let effects = machine.reinvited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&effects), [200]);
    assert_eq!(effects.len(), 1);
    assert_eq!(machine.updated(None), [Effect::Respond(Reply::bare(200))]);
}

#[test]
fn an_unacceptable_offer_changes_nothing() {
    let mut machine = established();
    assert_eq!(
        responds(&machine.reinvited(Some(&sdp(0, "sendrecv")))),
        [488]
    );
    assert_eq!(responds(&machine.reinvited(Some("nonsense"))), [400]);
    let effects = machine.reinvited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(
        effects.len(),
        1,
        "the session is still the one of the start: {effects:?}"
    );
}

#[test]
fn a_reinvite_without_offer_is_answered_with_ours() {
    let mut machine = established();
    let effects = machine.reinvited(None);
    assert_eq!(responds(&effects), [200]);
    assert!(reply_sdp(&effects).is_some_and(|offer| offer.contains("RTP/AVP 0 8 96 101 103")));
    assert_eq!(
        responds(&machine.reinvited(Some(&sdp(5000, "sendonly")))),
        [491]
    );
    assert_eq!(
        responds(&machine.updated(Some(&sdp(5000, "sendonly")))),
        [491]
    );
    let answered = machine.reinvite_acknowledged(Some(&sdp(6000, "sendrecv")));
    assert_eq!(
        answered,
        [emitted(CallEvent::MediaChanged(media(6000, true, true)))]
    );
}

#[test]
fn an_ack_without_answer_leaves_the_session_as_it_was() {
    let mut machine = established();
    machine.reinvited(None);
    assert_eq!(machine.reinvite_acknowledged(None), []);
    assert_eq!(
        responds(&machine.reinvited(Some(&sdp(5000, "sendonly")))),
        [200]
    );
}

#[test]
fn an_update_before_the_answer_needs_a_settled_offer() {
    let mut machine = calling();
    machine.provisional(seconds(1), 183, Some(&sdp(5000, "sendrecv")), false);
    assert_eq!(
        responds(&machine.updated(Some(&sdp(6000, "sendrecv")))),
        [491]
    );

    let mut machine = calling();
    machine.provisional(seconds(1), 183, Some(&sdp(5000, "sendrecv")), true);
    let effects = machine.updated(Some(&sdp(6000, "sendrecv")));
    assert_eq!(responds(&effects), [200]);
    let answered = machine.answered(None);
    assert_eq!(
        answered,
        [emitted(CallEvent::Answered(media(6000, true, true)))]
    );
}

#[test]
fn a_call_that_is_closing_takes_no_more_offers() {
    let mut machine = established();
    machine.hang_up(seconds(1));
    assert_eq!(
        responds(&machine.reinvited(Some(&sdp(5000, "sendonly")))),
        [481]
    );
    assert_eq!(responds(&machine.updated(None)), [481]);
}

#[test]
fn a_caller_whom_nobody_decides_about_is_refused_in_time() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(machine.deadline(), Some(seconds(60)));
    assert_eq!(machine.tick(seconds(59)), []);
    let effects = machine.tick(seconds(60));
    assert_eq!(
        effects,
        [
            Effect::RespondToInvite(Reply::bare(480)),
            ended(EndCause::NoAnswer)
        ]
    );
    assert!(machine.is_finished());
}

#[test]
fn a_caller_may_give_up_with_a_bye() {
    let mut machine = invited(Some(&sdp(5000, "sendrecv")));
    assert_eq!(responds(&machine.bye(seconds(1))), [200, 487]);
    assert!(machine.is_finished());
}

#[test]
fn a_call_whose_endpoint_is_gone_is_over() {
    let mut machine = established();
    assert_eq!(machine.abort(), [ended(EndCause::LocalHangup)]);
    assert!(machine.is_finished());
    let mut machine = calling();
    machine.hang_up(seconds(1));
    assert_eq!(machine.abort(), []);
}

#[test]
fn an_invite_that_was_given_up_while_it_was_challenged_is_cancelled_again() {
    let mut machine = calling();
    machine.provisional(seconds(1), 100, None, false);
    machine.hang_up(seconds(2));
    machine.resent();
    assert_eq!(machine.deadline(), None);
    assert_eq!(
        machine.provisional(seconds(3), 180, None, false),
        [Effect::SendCancel]
    );
}

#[test]
fn the_first_answer_says_which_way_the_audio_flows() {
    for (direction, we_send, we_receive) in [
        ("sendrecv", true, true),
        ("sendonly", false, true),
        ("recvonly", true, false),
        ("inactive", false, false),
    ] {
        let expected = emitted(CallEvent::Answered(media(5000, we_send, we_receive)));
        let description = sdp(5000, direction);
        let placed = calling().answered(Some(&description));
        assert_eq!(placed.last(), Some(&expected), "placed, {direction}");
        let taken = invited(Some(&description)).accept(local());
        assert_eq!(taken.last(), Some(&expected), "taken, {direction}");
        let mut late = invited(None);
        late.accept(local());
        let late = late.acknowledged(Some(&description));
        assert_eq!(late.last(), Some(&expected), "answered late, {direction}");
    }
}
