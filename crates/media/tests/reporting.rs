//! What a leg tells its call about the agent's audio.

mod rig;

use std::time::Duration;

use audio::FRAME;
use media::{LegEvent, PushError, SegmentId};
use rig::{LOUD, Rig};

#[test]
fn a_sentence_is_reported_from_its_first_audible_sample_to_its_end() {
    let mut rig = Rig::connected();
    rig.ticks(3);
    let at = rig.now;
    rig.say(8, false, 0);
    rig.say(8, false, LOUD);
    rig.say(8, true, LOUD);
    rig.ticks(10);
    let segment = SegmentId(8);
    let expected = [
        LegEvent::SegmentStarted {
            segment,
            at: at + FRAME,
        },
        LegEvent::SegmentFinished {
            segment,
            at: at + 3 * FRAME,
        },
        LegEvent::PlayoutIdle { at: at + 3 * FRAME },
    ];
    assert_eq!(rig.events(), expected);
}

#[test]
fn an_interrupted_sentence_is_reported_with_what_was_played_of_it() {
    let mut rig = Rig::connected();
    let at = rig.now;
    rig.say(1, true, LOUD);
    for _ in 0..20 {
        rig.say(2, false, LOUD);
    }
    let old = rig.ends.playout.generation();
    rig.ticks(8);
    let generation = rig.ends.playout.interrupt();
    rig.ticks(3);
    let cut = at + 8 * FRAME;
    let expected = [
        LegEvent::SegmentStarted {
            segment: SegmentId(1),
            at,
        },
        LegEvent::SegmentFinished {
            segment: SegmentId(1),
            at: at + FRAME,
        },
        LegEvent::SegmentStarted {
            segment: SegmentId(2),
            at: at + FRAME,
        },
        LegEvent::Interrupted {
            generation,
            at: cut,
            segment: Some(SegmentId(2)),
            played: Duration::from_millis(140),
        },
        LegEvent::PlayoutIdle { at: cut },
    ];
    assert_eq!(rig.events(), expected);
    let late = media::PlayoutFrame {
        generation: old,
        segment: SegmentId(2),
        last: true,
        frame: audio::Frame::silence(rig::RATE),
    };
    assert_eq!(rig.ends.playout.push(late), Err(PushError::Stale));
    assert_eq!(rig.core.statistics().stale_refused, 1);
}

#[test]
fn a_call_that_falls_behind_loses_no_event() {
    let mut rig = Rig::connected();
    let mut said = 0;
    let mut finished = Vec::new();
    for tick in 0..600 {
        if said < 200 && rig.ends.playout.space() > 0 {
            rig.say(said, true, LOUD);
            said += 1;
        }
        rig.tick();
        // Reads nothing for six seconds, then little by little.
        if tick >= 300 {
            finished.extend(rig.ends.feed.pop_event());
            finished.extend(rig.ends.feed.pop_event());
        }
    }
    let finished: Vec<u32> = finished
        .iter()
        .filter_map(|event| match event {
            LegEvent::SegmentFinished { segment, .. } => Some(segment.0),
            LegEvent::Digit { .. }
            | LegEvent::Failed
            | LegEvent::FirstPacket { .. }
            | LegEvent::Interrupted { .. }
            | LegEvent::PacketsStopped { .. }
            | LegEvent::PlayoutIdle { .. }
            | LegEvent::SegmentStarted { .. } => None,
        })
        .collect();
    assert_eq!(finished, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_call_that_takes_no_events_is_not_played_to_until_it_does() {
    let mut rig = Rig::connected();
    for segment in 0..90 {
        rig.say(segment, true, LOUD);
    }
    let sent = rig.ticks(60);
    assert!(!sent[0].is_silence());
    assert!(sent[59].is_silence());
    assert!(rig.ends.playout.queued() > 50);
    let events = rig.events();
    assert!(!rig.tick().unwrap().is_silence());
    assert!(matches!(events[..], [LegEvent::SegmentStarted { .. }, ..]));
}

#[test]
fn frames_that_are_not_taken_make_room_for_newer_ones() {
    let mut rig = Rig::connected();
    let began = rig.now;
    rig.ticks(100);
    let heard = rig.heard();
    assert_eq!(rig.ends.feed.dropped(), 100 - heard.len() as u64);
    assert_eq!(heard.last().unwrap().until, began + 100 * FRAME);
}
