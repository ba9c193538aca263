use audio::{FRAME, SequenceNumber};
use netem::{Jitter, Loss, Network, Order, Preset, Profile, Share};
use proptest::prelude::*;

use super::super::sender::{Sender, Settings, Tick};
use super::*;

const NARROW: SampleRate = SampleRate::HZ_8000;
const FULL: SampleRate = SampleRate::HZ_48000;

/// A packet, and the number of the press that it tells of.
#[derive(Clone, Debug)]
struct Packet {
    press: usize,
    header: Header,
    payload: Vec<u8>,
}

fn digit(event: u8) -> Digit {
    Digit::from_event(event).unwrap()
}

fn receiver(clock: SampleRate) -> Receiver {
    Receiver::new(clock, Receiver::END_TIMEOUT)
}

fn packet(timestamp: u32, marker: bool, blocks: &[(u8, bool, u16)]) -> Packet {
    let header = Header {
        marker,
        payload_type: 101,
        sequence: SequenceNumber(0),
        timestamp: RtpTimestamp(timestamp),
        ssrc: 1,
    };
    let block = |(event, end, duration): &(u8, bool, u16)| Block {
        event: *event,
        end: *end,
        volume: 10,
        duration: *duration,
    };
    let payload = blocks.iter().flat_map(|b| block(b).to_bytes()).collect();
    Packet {
        press: 0,
        header,
        payload,
    }
}

fn handle(receiver: &mut Receiver, millis: u64, packet: &Packet) -> Vec<KeyEvent> {
    let now = Moment::from_millis(millis);
    receiver
        .handle(now, &packet.header, &packet.payload)
        .unwrap()
        .collect()
}

const fn pressed(digit: Digit) -> KeyEvent {
    KeyEvent::Pressed(digit)
}

const fn released(digit: Digit, millis: u64) -> KeyEvent {
    KeyEvent::Released {
        digit,
        held: Duration::from_millis(millis),
    }
}

/// What a sender with these settings sends for these digits, and when.
fn sent(clock: SampleRate, settings: Settings, digits: &[Digit]) -> Vec<(Moment, Packet)> {
    let mut sender = Sender::new(clock, settings);
    digits
        .iter()
        .for_each(|digit| sender.press(*digit).unwrap());
    let mut packets = Vec::new();
    let (mut now, mut timestamp) = (Moment::ZERO, RtpTimestamp(u32::MAX - 20_000));
    let mut press = 0;
    while !sender.is_idle() {
        if let Tick::Event(event) = sender.tick(now, timestamp) {
            press += usize::from(event.marker);
            let mut packet = packet(event.timestamp.0, event.marker, &[]);
            packet.header.sequence = SequenceNumber(packets.len() as u16);
            packet.payload = event.payload.to_vec();
            packet.press = press - 1;
            packets.push((now, packet));
        }
        now = now + FRAME;
        timestamp = timestamp.advanced(clock.samples_in(FRAME) as u32);
    }
    packets
}

fn presses(events: impl IntoIterator<Item = KeyEvent>) -> Vec<Digit> {
    let digit = |event| match event {
        KeyEvent::Pressed(digit) => Some(digit),
        KeyEvent::Released { .. } => None,
    };
    events.into_iter().filter_map(digit).collect()
}

#[test]
fn a_press_is_reported_with_its_first_packet_and_its_release_with_its_end() {
    let mut receiver = receiver(NARROW);
    let told: Vec<_> = sent(NARROW, Settings::default(), &[digit(5)])
        .iter()
        .map(|(now, packet)| handle(&mut receiver, now.as_millis(), packet))
        .collect();
    assert_eq!(told[0], [pressed(digit(5))]);
    assert_eq!(told[4], [released(digit(5), 100)]);
    assert_eq!(told.concat().len(), 2);
    assert_eq!(receiver.held(), None);
}

#[test]
fn whatever_is_lost_each_press_of_which_anything_came_is_reported_once() {
    let packets = sent(NARROW, Settings::default(), &[digit(1), digit(1)]);
    assert_eq!(packets.len(), 14);
    for pattern in 0..1u32 << packets.len() {
        let mut receiver = receiver(NARROW);
        let (mut told, mut came) = (Vec::new(), [false; 2]);
        for (number, (now, packet)) in packets.iter().enumerate() {
            if pattern >> number & 1 == 1 {
                came[packet.press] = true;
                told.extend(handle(&mut receiver, now.as_millis(), packet));
            }
        }
        told.extend(receiver.poll(Moment::from_millis(5_000)));
        let due = came.iter().filter(|came| **came).count();
        assert_eq!(presses(told.iter().copied()).len(), due, "{pattern:b}");
        assert_eq!(told.len(), 2 * due, "{pattern:b}");
    }
}

#[test]
fn whatever_the_order_each_press_is_reported_once() {
    let quick = Settings {
        tone: Duration::from_millis(40),
        gap: Duration::from_millis(40),
    };
    let packets = sent(NARROW, quick, &[digit(3), digit(3)]);
    assert_eq!(packets.len(), 8);
    let mut order: Vec<usize> = (0..packets.len()).collect();
    let mut count = 0;
    permute(&mut order, 0, &mut |order| {
        let mut receiver = receiver(NARROW);
        let mut told = Vec::new();
        for (number, place) in order.iter().enumerate() {
            told.extend(handle(
                &mut receiver,
                number as u64 * 20,
                &packets[*place].1,
            ));
        }
        told.extend(receiver.poll(Moment::from_millis(5_000)));
        assert_eq!(presses(told.iter().copied()).len(), 2, "{order:?}");
        assert_eq!(told.len(), 4, "{order:?}");
        count += 1;
    });
    assert_eq!(count, 40_320);
}

fn permute(order: &mut [usize], first: usize, visit: &mut impl FnMut(&[usize])) {
    if first == order.len() {
        return visit(order);
    }
    for other in first..order.len() {
        order.swap(first, other);
        permute(order, first + 1, visit);
        order.swap(first, other);
    }
}

#[test]
fn a_key_that_no_end_comes_of_is_released_after_the_timeout() {
    let mut receiver = receiver(NARROW);
    handle(&mut receiver, 0, &packet(0, true, &[(4, false, 160)]));
    handle(&mut receiver, 20, &packet(0, false, &[(4, false, 320)]));
    assert_eq!(receiver.held(), Some(digit(4)));
    assert_eq!(receiver.poll(Moment::from_millis(519)), None);
    assert_eq!(
        receiver.poll(Moment::from_millis(520)),
        Some(released(digit(4), 40))
    );
    assert_eq!(receiver.poll(Moment::from_millis(9_000)), None);
    assert_eq!(receiver.statistics().unended, 1);
    let end = packet(0, false, &[(4, true, 800)]);
    assert_eq!(handle(&mut receiver, 600, &end), []);
}

#[test]
fn the_next_key_releases_one_that_no_end_comes_of() {
    let mut receiver = receiver(NARROW);
    handle(&mut receiver, 0, &packet(0, true, &[(4, false, 160)]));
    let told = handle(&mut receiver, 200, &packet(1_600, true, &[(5, false, 160)]));
    assert_eq!(told, [released(digit(4), 20), pressed(digit(5))]);
}

#[test]
fn several_events_in_a_packet_follow_each_other() {
    let mut receiver = receiver(NARROW);
    let both = packet(0, true, &[(1, true, 400), (2, false, 160)]);
    let told = handle(&mut receiver, 0, &both);
    let expected = [pressed(digit(1)), released(digit(1), 50), pressed(digit(2))];
    assert_eq!(told, expected);
    let rest = packet(400, false, &[(2, true, 800)]);
    assert_eq!(handle(&mut receiver, 20, &rest), [released(digit(2), 100)]);
    assert_eq!(handle(&mut receiver, 40, &both), []);
}

#[test]
fn the_same_key_again_without_a_pause_is_another_press_if_the_marker_says_so() {
    let mut receiver = receiver(NARROW);
    handle(&mut receiver, 0, &packet(0, true, &[(1, false, 800)]));
    let told = handle(&mut receiver, 100, &packet(800, true, &[(1, false, 160)]));
    assert_eq!(told, [released(digit(1), 100), pressed(digit(1))]);
}

#[test]
fn a_sender_that_moves_the_timestamp_within_an_event_presses_once() {
    let mut receiver = receiver(NARROW);
    let mut told = Vec::new();
    for number in 0..5u16 {
        let ends = number == 4;
        let block = (1, ends, 160 + number * 160);
        let packet = packet(u32::from(number) * 160, number == 0, &[block]);
        told.extend(handle(&mut receiver, u64::from(number) * 20, &packet));
    }
    assert_eq!(presses(told), [digit(1)]);
}

#[test]
fn a_key_held_for_long_is_one_press_at_either_clock() {
    for (clock, seconds) in [(NARROW, 20), (FULL, 5)] {
        let settings = Settings {
            tone: Duration::from_secs(seconds),
            ..Settings::default()
        };
        let packets = sent(clock, settings, &[digit(8)]);
        let segments = packets.iter().map(|(_, packet)| packet.header.timestamp.0);
        assert!(segments.collect::<std::collections::HashSet<_>>().len() > 2);
        for lost in 0..16 {
            let mut receiver = receiver(clock);
            let mut told = Vec::new();
            // A sixteenth comes, or all but a sixteenth, and always the end.
            for keep in [true, false] {
                told.clear();
                receiver = tests::receiver(clock);
                for (number, (now, packet)) in packets.iter().enumerate() {
                    let last = number + 1 == packets.len();
                    if last || (number % 16 == lost) == keep {
                        told.extend(receiver.poll(*now));
                        told.extend(handle(&mut receiver, now.as_millis(), packet));
                    }
                }
                let expected = [pressed(digit(8)), released(digit(8), seconds * 1_000)];
                assert_eq!(told, expected, "{clock} {lost} {keep}");
            }
            assert_eq!(receiver.statistics().pressed, 1);
        }
    }
}

#[test]
fn a_segment_that_comes_before_the_one_before_it_is_the_same_press() {
    let mut receiver = receiver(NARROW);
    let second = packet(65_535, false, &[(8, false, 225)]);
    let first = packet(0, false, &[(8, false, 65_535)]);
    assert_eq!(handle(&mut receiver, 0, &second), [pressed(digit(8))]);
    assert_eq!(handle(&mut receiver, 5, &first), []);
    assert_eq!(handle(&mut receiver, 10, &first), []);
    assert_eq!(receiver.held(), Some(digit(8)));
}

#[test]
fn a_press_overtaken_by_the_next_is_reported_late_rather_than_never() {
    let mut receiver = receiver(NARROW);
    handle(&mut receiver, 200, &packet(1_600, true, &[(2, false, 160)]));
    let late = packet(0, false, &[(1, true, 800)]);
    let told = handle(&mut receiver, 210, &late);
    assert_eq!(told, [pressed(digit(1)), released(digit(1), 100)]);
    assert_eq!(handle(&mut receiver, 215, &late), []);
    assert_eq!(receiver.held(), Some(digit(2)));
    assert_eq!(receiver.statistics().late, 1);
}

#[test]
fn a_new_source_and_timestamps_that_leap_back_begin_anew() {
    let mut receiver = receiver(NARROW);
    handle(&mut receiver, 0, &packet(900_000, true, &[(2, true, 800)]));
    let mut other = packet(900_000, true, &[(2, false, 160)]);
    other.header.ssrc = 2;
    assert_eq!(handle(&mut receiver, 200, &other), [pressed(digit(2))]);
    let mut leapt = packet(100, true, &[(3, false, 160)]);
    leapt.header.ssrc = 2;
    let told = handle(&mut receiver, 400, &leapt);
    assert_eq!(told, [released(digit(2), 20), pressed(digit(3))]);
    assert_eq!(receiver.held(), Some(digit(3)));
}

#[test]
fn events_that_are_no_keys_are_counted_and_passed_over() {
    let mut receiver = receiver(NARROW);
    let flash = packet(0, true, &[(16, true, 400)]);
    assert_eq!(handle(&mut receiver, 0, &flash), []);
    assert_eq!(receiver.statistics().foreign, 1);
}

#[test]
fn a_payload_that_cannot_be_read_tells_nothing() {
    let mut receiver = receiver(NARROW);
    let header = packet(0, true, &[]).header;
    let error = MalformedPayload { octets: 3 };
    let refused = receiver.handle(Moment::ZERO, &header, &[1, 2, 3]);
    assert_eq!(refused.err(), Some(error));
    assert_eq!(receiver.statistics().malformed, 1);
}

#[test]
fn a_receiver_is_small() {
    assert!(size_of::<Receiver>() <= 360, "{}", size_of::<Receiver>());
}

/// Sends 16 digits over a network and compares what is reported with what came.
fn over(profile: &Profile, seed: u64, clock: SampleRate) -> (usize, Statistics) {
    let digits = [1, 1, 2, 2, 2, 15, 0, 10, 11, 11, 4, 4, 7, 7, 7, 3].map(digit);
    let mut network = Network::new(profile.clone(), seed);
    for (now, packet) in sent(clock, Settings::default(), &digits) {
        network.send(now, packet);
    }
    let mut receiver = receiver(clock);
    let (mut told, mut due) = (Vec::new(), Vec::new());
    while let Some(now) = network.deadline() {
        told.extend(receiver.poll(now));
        let (_, packet) = network.poll(now).unwrap();
        if !due.contains(&packet.press) {
            due.push(packet.press);
        }
        told.extend(handle(&mut receiver, now.as_millis(), &packet));
    }
    let last = Moment::from_millis(60_000);
    told.extend(receiver.poll(last));
    assert_eq!(told.len(), 2 * due.len(), "{profile:?} {seed} {clock}");
    let due: Vec<_> = due.into_iter().map(|press| digits[press]).collect();
    assert_eq!(presses(told), due, "{profile:?} {seed} {clock}");
    (due.len(), receiver.statistics())
}

#[test]
fn over_any_network_each_press_of_which_anything_came_is_reported_once() {
    let share = |percent| Share::percent(percent).unwrap();
    let loss = |percent| Profile {
        loss: Loss::Uniform(share(percent)),
        ..Profile::default()
    };
    let bursts = Profile {
        loss: Loss::GilbertElliott {
            decline: share(10.0),
            recovery: share(15.0),
            loss_in_good: share(1.0),
            loss_in_bad: share(90.0),
        },
        ..Profile::default()
    };
    let chaos = Profile {
        delay: Duration::from_millis(200),
        jitter: Jitter::Normal(Duration::from_millis(60)),
        order: Order::Free,
        duplication: share(30.0),
        ..loss(40.0)
    };
    let presets = Preset::ALL.map(Preset::profile);
    let others = [loss(20.0), loss(50.0), loss(80.0), bursts, chaos];
    for profile in presets.iter().chain(&others) {
        for seed in 0..40 {
            over(profile, seed, NARROW);
            over(profile, seed, FULL);
        }
    }
}

#[test]
fn half_the_packets_lost_lose_hardly_a_digit_and_a_clean_line_none() {
    assert_eq!(over(&Preset::Clean.profile(), 0, NARROW).0, 16);
    let half = Profile {
        loss: Loss::Uniform(Share::percent(50.0).unwrap()),
        ..Profile::default()
    };
    let reported: usize = (0..100).map(|seed| over(&half, seed, NARROW).0).sum();
    // 1 - 1/2^7 of 1600.
    assert!((1_570..=1_600).contains(&reported), "{reported}");
}

proptest! {
    #[test]
    fn nothing_that_comes_breaks_a_receiver_and_what_is_pressed_is_released(
        packets in prop::collection::vec(
            (
                0u64..400,
                0u32..3,
                prop_oneof![(0u32..20).prop_map(|n| n * 160), any::<u32>(), 65_000u32..66_000],
                any::<bool>(),
                prop::collection::vec((0u8..18, any::<bool>(), any::<u16>()), 0..10),
            ),
            0..100,
        ),
    ) {
        let mut receiver = receiver(NARROW);
        let mut now = Moment::ZERO;
        let (mut down, mut up) = (0u64, 0);
        for (wait, ssrc, timestamp, marker, blocks) in packets {
            now = now + Duration::from_millis(wait);
            let mut packet = packet(timestamp, marker, &blocks);
            packet.header.ssrc = ssrc;
            let mut told: Vec<_> = receiver.poll(now).into_iter().collect();
            match receiver.handle(now, &packet.header, &packet.payload) {
                Ok(events) => told.extend(events),
                Err(error) => prop_assert_eq!(error.octets, blocks.len() * 4),
            }
            for event in told {
                match event {
                    KeyEvent::Pressed(_) => down += 1,
                    KeyEvent::Released { .. } => up += 1,
                }
            }
            prop_assert_eq!(up + u64::from(receiver.held().is_some()), down);
        }
        up += receiver.poll(now + Receiver::END_TIMEOUT).iter().count() as u64;
        prop_assert_eq!(down, up);
        prop_assert_eq!(receiver.statistics().pressed, down);
    }
}
