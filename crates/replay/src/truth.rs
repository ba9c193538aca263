//! What is known of a recording: where its turns end, and where its speaker only pauses.

use std::ops::Range;
use std::time::Duration;

use audio::Moment;

/// How far the end of what was understood may lie from the beginning of a pause that was told.
const NEAR: Duration = Duration::from_millis(300);

/// A pause of a recording and what it means. Times count from the recording's first sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it is.
    pub kind: PauseKind,
    /// When the turn began that it ends or interrupts.
    pub turn: Duration,
    /// From the last sound before it to the first one after it.
    pub span: Range<Duration>,
}

/// What a pause means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseKind {
    /// The turn is over.
    Over,
    /// The speaker goes on.
    GoesOn,
    /// Nobody knows.
    Unknown,
}

/// The turns that end in these pauses, in a recording that began at `started`.
pub(crate) fn turns(pauses: &[Pause], started: Moment) -> Vec<Range<Moment>> {
    let over = pauses.iter().filter(|pause| pause.kind == PauseKind::Over);
    over.map(|pause| started + pause.turn..started + pause.span.start)
        .collect()
}

/// Whether a turn that was taken to end at `until` was cut off, in a recording that began at
/// `started`.
pub(crate) fn cuts_off(pauses: &[Pause], started: Moment, until: Moment) -> bool {
    let distance = |pause: &&Pause| {
        let begins = started + pause.span.start;
        begins.since(until) + until.since(begins)
    };
    let nearest = pauses.iter().min_by_key(distance);
    match nearest.filter(|pause| distance(pause) <= NEAR) {
        Some(pause) => pause.kind == PauseKind::GoesOn,
        // It ended where no pause is known: more was to come, unless all was said.
        None => pauses
            .iter()
            .any(|pause| until < started + pause.span.start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: Moment = Moment::from_millis(10_000);

    fn pauses() -> Vec<Pause> {
        let pause = |kind, turn, start, end| Pause {
            kind,
            turn: Duration::from_millis(turn),
            span: Duration::from_millis(start)..Duration::from_millis(end),
        };
        vec![
            pause(PauseKind::GoesOn, 100, 1_000, 1_800),
            pause(PauseKind::Over, 100, 3_000, 5_000),
            pause(PauseKind::Unknown, 5_000, 6_000, 6_500),
            pause(PauseKind::Over, 6_500, 8_000, 9_000),
        ]
    }

    fn cut_off(millis: u64) -> bool {
        cuts_off(&pauses(), STARTED, STARTED + Duration::from_millis(millis))
    }

    #[test]
    fn a_turn_that_ends_in_a_pause_within_it_is_cut_off() {
        assert!(cut_off(1_050));
        assert!(cut_off(980));
    }

    #[test]
    fn a_turn_that_ends_where_it_does_is_not() {
        assert!(!cut_off(3_000));
        assert!(!cut_off(7_900));
        assert!(!cut_off(8_900));
    }

    #[test]
    fn where_nobody_knows_nothing_is_counted() {
        assert!(!cut_off(6_020));
    }

    #[test]
    fn a_turn_that_ends_in_the_middle_of_a_word_is_cut_off() {
        assert!(cut_off(2_200));
    }

    #[test]
    fn turns_last_from_their_beginning_to_the_pause_that_ends_them() {
        let millis = |range: &Range<Moment>| {
            (
                range.start.since(STARTED).as_millis(),
                range.end.since(STARTED).as_millis(),
            )
        };
        let turns: Vec<_> = turns(&pauses(), STARTED).iter().map(millis).collect();
        assert_eq!(turns, [(100, 3_000), (6_500, 8_000)]);
    }
}
