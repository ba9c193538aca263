use proptest::prelude::*;

use super::*;

const CLOCK: SampleRate = SampleRate::HZ_8000;

fn header(sequence: u16, timestamp: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: SequenceNumber(sequence),
        timestamp: RtpTimestamp(timestamp),
        ssrc: 9,
    }
}

/// The packet that is due 20 ms after the one before it, on time.
fn on_time(sequence: u16, number: u64) -> (Moment, Header) {
    let timestamp = (number * 160) as u32;
    (
        Moment::from_millis(number * 20),
        header(sequence, timestamp),
    )
}

/// A source whose first two packets were those before `sequence`.
fn before(sequence: u16) -> Source {
    let (now, header) = on_time(sequence.wrapping_sub(1), 0);
    Source::new(now, &header, CLOCK)
}

fn feed(source: &mut Source, sequences: impl IntoIterator<Item = u16>) {
    for (number, sequence) in sequences.into_iter().enumerate() {
        let (now, header) = on_time(sequence, number as u64 + 1);
        source.received(now, &header, CLOCK);
    }
}

fn report(source: &mut Source) -> ReportBlock {
    source.report(Moment::from_millis(5_000)).unwrap()
}

#[test]
fn a_quarter_lost_is_64_of_256() {
    let mut source = before(2);
    feed(&mut source, [3, 4, 6, 7, 8]);
    assert_eq!(source.reception().packets, 7);
    let block = report(&mut source);
    assert_eq!((block.lost, block.highest_sequence), (2, 8));
    // 9 expected (0 to 8), 7 came.
    assert_eq!(block.fraction_lost, FractionLost((2 * 256 / 9) as u8));
    feed(&mut source, [9, 10, 12]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.fraction_lost), (3, FractionLost(64)));
}

#[test]
fn an_interval_without_loss_is_reported_as_such_whatever_came_before() {
    let mut source = before(2);
    feed(&mut source, [2, 5, 6]);
    assert!(report(&mut source).fraction_lost > FractionLost(0));
    feed(&mut source, [7, 8]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.fraction_lost), (2, FractionLost(0)));
}

#[test]
fn packets_that_come_twice_make_the_loss_negative_and_its_share_zero() {
    let mut source = before(2);
    feed(&mut source, [2, 2, 3, 3, 3]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.fraction_lost), (-3, FractionLost(0)));
}

#[test]
fn a_late_packet_is_not_lost() {
    let mut source = before(2);
    feed(&mut source, [3, 4, 2, 5]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.highest_sequence), (0, 5));
}

#[test]
fn the_sequence_number_is_extended_by_its_wraps() {
    let mut source = before(65_534);
    feed(&mut source, [65_534, 65_535, 1, 0, 2]);
    assert_eq!(report(&mut source).highest_sequence, 0x0001_0002);
    for number in 0..20 {
        feed(&mut source, [number * 2_900 + 2_900]);
    }
    assert_eq!(report(&mut source).highest_sequence, 0x0001_0000 + 58_000);
    feed(&mut source, [59_000, 61_000, 63_000, 65_000, 1_000]);
    let block = report(&mut source);
    assert_eq!(block.highest_sequence, 0x0002_0000 + 1_000);
    assert_eq!(source.reception().packets, 2 + 5 + 20 + 5);
}

#[test]
fn the_loss_is_clamped_to_24_bits() {
    let mut source = before(2);
    for _ in 0..3_000 {
        let sequence = (source.highest as u16).wrapping_add(2_999);
        feed(&mut source, [sequence]);
    }
    assert_eq!(report(&mut source).lost, 0x7F_FFFF);
    let mut source = before(2);
    source.received = 0x90_0000;
    assert_eq!(report(&mut source).lost, -0x80_0000);
}

#[test]
fn one_far_packet_is_a_stray_and_two_in_sequence_are_a_new_beginning() {
    let mut source = before(2);
    feed(&mut source, [2, 40_000, 3, 4]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.highest_sequence), (0, 4));
    assert_eq!(source.reception().packets, 5);
    feed(&mut source, [20_000, 20_001, 20_002]);
    let block = report(&mut source);
    assert_eq!((block.lost, block.highest_sequence), (0, 20_002));
    assert_eq!(block.fraction_lost, FractionLost(0));
    assert_eq!(source.reception().packets, 3);
}

#[test]
fn steps_of_rfc_3550_a_1_are_at_3000_ahead_and_100_behind() {
    let highest = |sequence| {
        let mut source = before(10_002);
        feed(&mut source, [sequence]);
        (
            source.reception().highest_sequence,
            source.reception().packets,
        )
    };
    assert_eq!(highest(10_001 + 2_999), (13_000, 3));
    assert_eq!(highest(10_001 + 3_000), (10_001, 2));
    assert_eq!(highest(10_001 - 99), (10_001, 3));
    assert_eq!(highest(10_001 - 100), (10_001, 2));
}

#[test]
fn packets_that_come_as_they_were_sent_have_no_jitter() {
    let mut source = before(2);
    feed(&mut source, 2..200);
    assert_eq!(source.reception().jitter, Duration::ZERO);
}

#[test]
fn the_jitter_follows_the_steps_of_rfc_3550_a_8() {
    let mut source = before(0);
    // By turns on time and 10 ms late: a change of 80 ticks each time.
    let mut jitter = Vec::new();
    for number in 1..=4 {
        let (now, header) = on_time(number as u16 - 1, number);
        let late = Duration::from_millis(10 * (number % 2));
        source.received(now + late, &header, CLOCK);
        jitter.push(source.jitter.scaled);
    }
    // J += D - ((J + 8) >> 4), with D = 80.
    assert_eq!(jitter, [80, 155, 225, 291]);
    assert_eq!(report(&mut source).jitter, 291 >> 4);
    assert_eq!(source.reception().jitter, Duration::from_micros(2_250));
}

#[test]
fn timestamps_that_wrap_make_no_jitter() {
    let mut source = Source::new(Moment::ZERO, &header(0, u32::MAX - 79), CLOCK);
    source.received(Moment::from_millis(20), &header(1, 80), CLOCK);
    assert_eq!(source.reception().jitter, Duration::ZERO);
}

#[test]
fn the_packets_of_one_event_make_no_jitter() {
    let mut source = before(0);
    feed(&mut source, [0, 1]);
    for (number, millis) in [60, 80, 100, 120].into_iter().enumerate() {
        let event = header(2 + number as u16, 480);
        source.received(Moment::from_millis(millis), &event, CLOCK);
    }
    let (now, header) = on_time(6, 7);
    source.received(now, &header, CLOCK);
    assert_eq!(source.reception().jitter, Duration::ZERO);
    assert_eq!(report(&mut source).lost, 0);
}

#[test]
fn a_leap_of_the_timestamp_is_no_jitter() {
    let mut source = before(0);
    source.received(Moment::from_millis(20), &header(0, 5_000_000), CLOCK);
    source.received(Moment::from_millis(40), &header(1, 5_000_160), CLOCK);
    assert_eq!(source.reception().jitter, Duration::ZERO);
    source.received(Moment::from_millis(5_060), &header(2, 5_000_320), CLOCK);
    assert_eq!(source.reception().jitter, Duration::from_micros(312_500));
}

#[test]
fn the_jitter_is_kept_as_a_time_when_the_clock_changes() {
    let mut source = before(0);
    source.received(Moment::from_millis(40), &header(0, 160), CLOCK);
    assert_eq!(report(&mut source).jitter, 10);
    let wide = SampleRate::HZ_48000;
    source.received(Moment::from_millis(60), &header(1, 777), wide);
    let block = report(&mut source);
    assert_eq!(block.jitter, 60);
    assert_eq!(source.reception().jitter, Duration::from_micros(1_250));
    source.received(Moment::from_millis(80), &header(2, 777 + 960), wide);
    assert!(source.reception().jitter < Duration::from_micros(1_250));
}

#[test]
fn a_block_says_when_the_last_sender_report_came() {
    let mut source = before(2);
    assert_eq!(report(&mut source).last_report, ShortNtpTime(0));
    feed(&mut source, [2]);
    source.reported(Moment::from_millis(1_000), NtpTime(0xB44D_B705_2000_0000));
    let block = source.report(Moment::from_millis(6_250)).unwrap();
    assert_eq!(block.last_report, ShortNtpTime(0xB705_2000));
    assert_eq!(block.delay_since_last_report, ShortNtpTime(0x0005_4000));
}

#[test]
fn a_source_that_was_silent_is_not_reported_on() {
    let mut source = before(2);
    report(&mut source);
    source.alive(Moment::from_millis(5_100));
    assert_eq!(source.report(Moment::from_millis(10_000)), None);
}

proptest! {
    /// Losses, repetitions and reordering, against counting with numbers that do
    /// not wrap.
    #[test]
    fn lost_is_what_was_sent_less_what_came(
        first: u16,
        fates in prop::collection::vec((0u8..10, 0u64..40), 2..2_000),
    ) {
        let mut arrivals = vec![(0, 0u64), (1, 1)];
        for (number, (fate, delay)) in (2u64..).zip(&fates) {
            match fate {
                0 => {}
                1 => arrivals.extend([(number, number), (number + delay, number)]),
                _ => arrivals.push((number + delay, number)),
            }
        }
        arrivals.sort();
        let (_, second) = on_time(first.wrapping_add(1), 1);
        let mut source = Source::new(Moment::from_millis(20), &second, CLOCK);
        for (at, number) in &arrivals[2..] {
            let (_, header) = on_time(first.wrapping_add(*number as u16), *number);
            source.received(Moment::from_millis(at * 20), &header, CLOCK);
        }
        let highest = arrivals.iter().map(|(_, number)| *number).max().unwrap_or(1);
        let lost = highest as i64 + 1 - arrivals.len() as i64;
        let reception = source.reception();
        prop_assert_eq!(i64::from(reception.lost), lost);
        prop_assert_eq!(u64::from(reception.highest_sequence), u64::from(first) + highest);
        let share = lost.max(0) * 256 / (highest as i64 + 1);
        prop_assert_eq!(i64::from(report(&mut source).fraction_lost.0), share);
    }

    /// The integer steps of A.8 against the formula of §6.4.1.
    #[test]
    fn the_jitter_is_that_of_the_formula(
        delays in prop::collection::vec(0u64..60_000, 2..500),
        start: u32,
    ) {
        let mut source: Option<Source> = None;
        let (mut jitter, mut before) = (0.0, None);
        for (number, delay) in (0u64..).zip(&delays) {
            let now = Moment::from_micros(number * 20_000 + delay);
            let header = header(number as u16, start.wrapping_add(number as u32 * 160));
            match &mut source {
                Some(source) => source.received(now, &header, CLOCK),
                None => source = Some(Source::new(now, &header, CLOCK)),
            }
            let transit = *delay as f64 * 0.008;
            if let Some(before) = before.replace(transit) {
                let change: f64 = transit - before;
                jitter += (change.abs() - jitter) / 16.0;
            }
        }
        let ticks = f64::from(source.unwrap().jitter.ticks());
        prop_assert!((ticks - jitter).abs() <= 2.0, "{ticks} {jitter}");
    }

    #[test]
    fn no_packets_whatever_break_the_books(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), 0u64..1 << 40, prop_oneof![4_000u32..192_000]),
            1..200,
        ),
    ) {
        let mut now = Moment::ZERO;
        let mut source: Option<Source> = None;
        for (sequence, timestamp, wait, hertz) in packets {
            now = now + Duration::from_micros(wait);
            let clock = SampleRate::new(hertz).unwrap();
            let header = header(sequence, timestamp);
            match &mut source {
                Some(source) => source.received(now, &header, clock),
                None => source = Some(Source::new(now, &header, clock)),
            }
            let source = source.as_mut().unwrap();
            let block = source.report(now);
            prop_assert!(block.is_none_or(|block| LOST.contains(&block.lost)));
            prop_assert!(source.reception().jitter <= MAX_TRANSIT_CHANGE);
        }
    }
}
