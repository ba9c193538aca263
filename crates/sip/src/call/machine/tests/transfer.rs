//! Asking the other side to call somebody else.

use super::*;
use crate::call::transfer::TransferOutcome;

const TARGET: &str = "+14155550199";

fn asked() -> Machine {
    let mut machine = established();
    let effects = machine.transfer(seconds(10), TARGET.to_owned());
    assert_eq!(effects, [Effect::SendRefer(TARGET.to_owned())]);
    machine
}

fn told(outcome: TransferOutcome) -> Effect {
    Effect::Emit(CallEvent::Transferred(outcome))
}

fn ok() -> Effect {
    Effect::Respond(Reply::bare(200))
}

#[test]
fn a_transfer_is_over_when_the_third_party_has_answered() {
    let mut machine = asked();
    assert_eq!(machine.transfer_answered(202), []);
    assert_eq!(machine.notified(Some(100)), [ok()]);
    assert_eq!(machine.notified(Some(180)), [ok()]);
    let done = machine.notified(Some(200));
    assert_eq!(done, [ok(), told(TransferOutcome::Completed)]);
    assert_eq!(machine.deadline(), None);
    assert_eq!(machine.hang_up(seconds(11))[0], Effect::SendBye);
}

#[test]
fn a_report_that_overtakes_the_answer_counts() {
    let mut machine = asked();
    assert_eq!(machine.notified(Some(100)), [ok()]);
    // The response was lost until its transaction gave up.
    assert_eq!(machine.transfer_answered(408), []);
    let done = machine.notified(Some(200));
    assert_eq!(done, [ok(), told(TransferOutcome::Completed)]);
}

#[test]
fn a_refusal_and_a_failure_leave_room_for_another_try() {
    let mut machine = asked();
    let refused = machine.transfer_answered(603);
    assert_eq!(refused, [told(TransferOutcome::Refused { code: 603 })]);
    machine.transfer(seconds(12), TARGET.to_owned());
    machine.transfer_answered(202);
    let failed = machine.notified(Some(486));
    assert_eq!(failed, [ok(), told(TransferOutcome::Failed { code: 486 })]);
    let again = machine.transfer(seconds(14), TARGET.to_owned());
    assert_eq!(again, [Effect::SendRefer(TARGET.to_owned())]);
}

#[test]
fn one_transfer_at_a_time_and_only_of_a_call_that_is_up() {
    let not_now = [told(TransferOutcome::Refused { code: 491 })];
    let second = asked().transfer(seconds(11), "100".to_owned());
    assert_eq!(second, not_now);
    assert_eq!(calling().transfer(seconds(1), "100".to_owned()), not_now);
}

#[test]
fn a_report_without_a_transfer_belongs_to_nothing() {
    let nothing = [Effect::Respond(Reply::bare(481))];
    assert_eq!(established().notified(Some(200)), nothing);
}

#[test]
fn a_bye_after_the_agreement_means_that_the_transfer_takes_place() {
    let mut machine = asked();
    machine.transfer_answered(202);
    let ended = Effect::Emit(CallEvent::Ended(EndCause::RemoteHangup));
    let effects = machine.bye(seconds(12));
    assert_eq!(effects, [ok(), told(TransferOutcome::Accepted), ended]);
}

#[test]
fn a_bye_before_the_agreement_is_a_bye() {
    let ended = Effect::Emit(CallEvent::Ended(EndCause::RemoteHangup));
    assert_eq!(asked().bye(seconds(12)), [ok(), ended]);
}

#[test]
fn a_transfer_that_takes_too_long_is_given_up() {
    let mut unanswered = asked();
    assert_eq!(unanswered.deadline(), Some(seconds(70)));
    assert_eq!(unanswered.tick(seconds(69)), []);
    let late = unanswered.tick(seconds(70));
    assert_eq!(late, [told(TransferOutcome::Refused { code: 408 })]);
    let mut agreed = asked();
    agreed.transfer_answered(202);
    let late = agreed.tick(seconds(70));
    assert_eq!(late, [told(TransferOutcome::Unreported)]);
}
