use proptest::prelude::*;

use super::super::block::parse;
use super::*;

const NARROW: SampleRate = SampleRate::HZ_8000;
const FULL: SampleRate = SampleRate::HZ_48000;

fn digit(event: u8) -> Digit {
    Digit::from_event(event).unwrap()
}

fn sender(clock: SampleRate) -> Sender {
    Sender::new(clock, Settings::default())
}

/// The next `count` ticks, of which `first` is the number of the first.
fn ticks(sender: &mut Sender, clock: SampleRate, first: u64, count: u64) -> Vec<Tick> {
    let tick = |number: u64| {
        let timestamp = (number as u32).wrapping_mul(clock.samples_in(FRAME) as u32);
        sender.tick(Moment::from_millis(number * 20), RtpTimestamp(timestamp))
    };
    (first..first + count).map(tick).collect()
}

/// Timestamp, marker, end and duration of the packet.
fn told(tick: Tick) -> (u32, bool, bool, u16) {
    let Tick::Event(event) = tick else {
        panic!("{tick:?}");
    };
    let block = parse(&event.payload).unwrap().next().unwrap();
    (event.timestamp.0, event.marker, block.end, block.duration)
}

fn events(ticks: &[Tick]) -> Vec<(u32, bool, bool, u16)> {
    let events = ticks.iter().filter(|tick| matches!(tick, Tick::Event(_)));
    events.map(|tick| told(*tick)).collect()
}

#[test]
fn a_digit_takes_five_ticks_and_its_end_is_told_three_times() {
    let mut sender = sender(NARROW);
    sender.press(digit(7)).unwrap();
    let ticks = ticks(&mut sender, NARROW, 10, 8);
    let expected = [
        (1_600, true, false, 160),
        (1_600, false, false, 320),
        (1_600, false, false, 480),
        (1_600, false, false, 640),
        (1_600, false, true, 800),
        (1_600, false, true, 800),
        (1_600, false, true, 800),
    ];
    assert_eq!(events(&ticks), expected);
    assert_eq!(ticks[7], Tick::Audio);
    assert!(matches!(ticks[0], Tick::Event(event) if event.payload == [7, 10, 0, 160]));
}

#[test]
fn durations_count_at_the_clock_of_the_events() {
    let mut sender = sender(FULL);
    sender.press(digit(0)).unwrap();
    let ticks = ticks(&mut sender, FULL, 0, 7);
    assert_eq!(told(ticks[0]), (0, true, false, 960));
    assert_eq!(told(ticks[6]), (0, false, true, 4_800));
}

#[test]
fn digits_follow_each_other_after_a_pause() {
    let mut sender = sender(NARROW);
    for event in [1, 1] {
        sender.press(digit(event)).unwrap();
    }
    let ticks = ticks(&mut sender, NARROW, 0, 20);
    assert!(ticks[7..10].iter().all(|tick| *tick == Tick::Quiet));
    assert_eq!(told(ticks[10]), (1_600, true, false, 160));
    assert!(ticks[17..].iter().all(|tick| *tick == Tick::Audio));
}

#[test]
fn a_digit_pressed_in_the_pause_waits_for_its_end() {
    let mut sender = sender(NARROW);
    sender.press(digit(1)).unwrap();
    ticks(&mut sender, NARROW, 0, 7);
    assert!(sender.is_idle());
    assert_eq!(ticks(&mut sender, NARROW, 7, 1), [Tick::Audio]);
    sender.press(digit(2)).unwrap();
    assert!(!sender.is_idle());
    assert_eq!(ticks(&mut sender, NARROW, 8, 2), [Tick::Quiet; 2]);
    assert!(told(ticks(&mut sender, NARROW, 10, 1)[0]).1);
}

#[test]
fn tones_and_pauses_have_40_ms_at_least() {
    let short = Settings {
        tone: Duration::ZERO,
        gap: Duration::ZERO,
    };
    let mut sender = Sender::new(NARROW, short);
    for event in [1, 2] {
        sender.press(digit(event)).unwrap();
    }
    let events = events(&ticks(&mut sender, NARROW, 0, 8));
    assert_eq!(events[0], (0, true, false, 160));
    assert!(
        events[1..4]
            .iter()
            .all(|event| *event == (0, false, true, 320))
    );
    assert_eq!(events[4], (640, true, false, 160));
}

#[test]
fn a_key_held_for_long_is_told_of_in_segments() {
    let mut sender = sender(NARROW);
    sender.press_for(digit(9), Duration::from_secs(10)).unwrap();
    let ticks = ticks(&mut sender, NARROW, 0, 503);
    assert_eq!(told(ticks[408]), (0, false, false, 65_440));
    assert_eq!(told(ticks[409]), (0, false, false, 65_535));
    assert_eq!(told(ticks[410]), (65_535, false, false, 225));
    let end = (65_535, false, true, 14_465);
    assert_eq!(events(&ticks[499..]), [end; 3]);
    assert_eq!(ticks[502], Tick::Audio);
}

#[test]
fn an_end_that_fills_a_segment_to_the_brim_is_told_in_it_and_one_beyond_in_the_next() {
    // At 5 kHz a tick of 20 ms counts 100, and 655 of them 65 500.
    let clock = SampleRate::new(5_000).unwrap();
    let mut sender = sender(clock);
    sender
        .press_for(digit(9), Duration::from_millis(13_100))
        .unwrap();
    let all = events(&ticks(&mut sender, clock, 0, 660));
    assert_eq!(all.last(), Some(&(0, false, true, 65_500)));
    let mut sender = tests::sender(clock);
    sender
        .press_for(digit(9), Duration::from_millis(13_120))
        .unwrap();
    let all = events(&ticks(&mut sender, clock, 0, 660));
    let end = (65_535, false, true, 65);
    assert_eq!(
        all[all.len() - 4..],
        [(0, false, false, 65_535), end, end, end]
    );
}

#[test]
fn a_tick_left_out_does_not_lengthen_the_event() {
    let mut sender = sender(NARROW);
    sender.press(digit(1)).unwrap();
    assert_eq!(told(ticks(&mut sender, NARROW, 0, 1)[0]).3, 160);
    assert_eq!(told(ticks(&mut sender, NARROW, 3, 1)[0]).3, 640);
    assert_eq!(
        events(&ticks(&mut sender, NARROW, 6, 4)),
        [(0, false, true, 800); 3]
    );
}

#[test]
fn the_timestamp_wraps() {
    let mut sender = sender(NARROW);
    sender.press_for(digit(1), Duration::from_secs(9)).unwrap();
    let start = RtpTimestamp(u32::MAX - 9);
    for number in 0..450 {
        let now = Moment::from_millis(number * 20);
        let timestamp = start.advanced(number as u32 * 160);
        let segment = if number < 410 {
            start
        } else {
            start.advanced(65_535)
        };
        assert_eq!(told(sender.tick(now, timestamp)).0, segment.0);
    }
}

#[test]
fn a_33rd_digit_is_refused_and_what_waits_can_be_given_up() {
    let mut sender = sender(NARROW);
    for _ in 0..QUEUE_LIMIT {
        sender.press(digit(1)).unwrap();
    }
    assert_eq!(sender.press(digit(1)), Err(QueueFull));
    ticks(&mut sender, NARROW, 0, 1);
    sender.press(digit(1)).unwrap();
    sender.clear();
    let rest = ticks(&mut sender, NARROW, 1, 7);
    assert_eq!(events(&rest).len(), 6);
    assert_eq!(rest[6], Tick::Audio);
    assert!(sender.is_idle());
}

#[test]
fn a_sender_is_small() {
    assert!(size_of::<Sender>() <= 304, "{}", size_of::<Sender>());
}

proptest! {
    #[test]
    fn every_digit_is_told_of_and_its_packets_agree(
        digits in prop::collection::vec((0u8..16, 0u64..20_000), 1..8),
        clock in prop_oneof![Just(NARROW), Just(FULL)],
        gap in 0u64..300,
    ) {
        let settings = Settings { gap: Duration::from_millis(gap), ..Settings::default() };
        let mut sender = Sender::new(clock, settings);
        for (event, tone) in &digits {
            sender.press_for(digit(*event), Duration::from_millis(*tone)).unwrap();
        }
        let mut told = Vec::new();
        let mut number = 0;
        while !sender.is_idle() {
            if let Tick::Event(event) = ticks(&mut sender, clock, number, 1)[0] {
                let block = parse(&event.payload).unwrap().next().unwrap();
                if event.marker {
                    told.push((block.event, 0u64, 0, event.timestamp));
                }
                let last = told.last_mut().unwrap();
                if last.3 != event.timestamp {
                    last.1 += 65_535;
                    prop_assert_eq!(event.timestamp, last.3.advanced(65_535));
                    last.3 = event.timestamp;
                }
                if block.end {
                    last.2 += 1;
                    let held = last.1 + u64::from(block.duration);
                    let (_, tone) = digits[told.len() - 1];
                    let due = tone.max(40).div_ceil(20) * clock.samples_in(FRAME) as u64;
                    prop_assert_eq!(held, due);
                }
            }
            number += 1;
        }
        let ends: Vec<_> = told.iter().map(|(event, _, ends, _)| (*event, *ends)).collect();
        let due: Vec<_> = digits.iter().map(|(event, _)| (*event, 3)).collect();
        prop_assert_eq!(ends, due);
    }
}
