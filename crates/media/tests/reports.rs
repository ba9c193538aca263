//! RTCP on a leg: what it reports, what it learns, whom it believes.

mod rig;

use std::time::Duration;

use audio::FRAME;
use audio::codec::Decoder;
use media::{Codec, Connection, Port, Rtcp, rtcp};
use rig::pair::{DELAY, Flight, Pair, here, there};

fn pair(muxed: bool) -> Pair {
    let connection = |remote| {
        let mut connection = Connection::new(remote, Codec::Pcmu, 0);
        if muxed {
            connection.rtcp = Rtcp::Muxed;
        }
        connection
    };
    Pair::new(connection(there()), connection(here()))
}

fn reports_from_here(pair: &Pair) -> Vec<&Flight> {
    let ours = |flight: &&Flight| flight.from.ip() == here().ip() && rtcp::is_rtcp(&flight.bytes);
    pair.wire.iter().filter(ours).collect()
}

#[test]
fn each_side_reports_about_every_five_seconds() {
    for muxed in [false, true] {
        let mut pair = pair(muxed);
        pair.run(Duration::from_secs(60));
        let reports = reports_from_here(&pair);
        assert!((9..=26).contains(&reports.len()), "{}", reports.len());
        for report in &reports {
            let (port, to) = if muxed {
                (Port::Rtp, there().port())
            } else {
                (Port::Rtcp, there().port() + 1)
            };
            assert_eq!((report.port, report.to.port()), (port, to));
            assert!(rtcp::parse(&report.bytes).is_ok());
        }
        let statistics = pair.there.core.statistics();
        assert_eq!(statistics.reports_received, reports.len() as u64);
    }
}

#[test]
fn the_round_trip_is_measured() {
    let mut pair = pair(false);
    pair.run(Duration::from_secs(30));
    let gauges = pair.here.core.gauges();
    let round_trip = gauges.round_trip.unwrap();
    assert!(
        round_trip.abs_diff(2 * DELAY) < Duration::from_millis(1),
        "{round_trip:?}"
    );
    assert!(gauges.jitter.unwrap() < Duration::from_millis(1));
    assert_eq!(gauges.remote_lost_percent, Some(0.0));
    let statistics = pair.here.core.statistics();
    let mean = statistics.round_trip_micros / statistics.round_trips;
    assert!(mean.abs_diff(2 * DELAY.as_micros() as u64) < 1_000);
}

#[test]
fn the_far_end_tells_how_much_is_lost() {
    let mut pair = pair(false);
    pair.loses = |flight| {
        let audio = flight.port == Port::Rtp && flight.from == here();
        audio && flight.bytes[3].is_multiple_of(4)
    };
    pair.run(Duration::from_secs(30));
    let lost = pair.here.core.gauges().remote_lost_percent.unwrap();
    assert!((20.0..30.0).contains(&lost), "{lost}");
    assert_eq!(pair.there.core.gauges().remote_lost_percent, Some(0.0));
}

/// How many of the last 50 packets of Opus carry a copy of the packet before them,
/// after half a minute of something like speech on a line that loses what `loses` says.
fn copies_under_loss(loses: fn(&Flight) -> bool) -> usize {
    let connection = |remote| {
        let mut connection = Connection::new(remote, Codec::Opus, 96);
        connection.opus.expected_loss_percent = 0;
        connection
    };
    let mut pair = Pair::new(connection(there()), connection(here()));
    pair.loses = loses;
    for frame in 0..1_500 {
        let syllable = if frame % 12 < 8 { 1.0 } else { 0.2 };
        let samples: Vec<i16> = (frame * 320..(frame + 1) * 320)
            .map(|place| voice(place) * syllable)
            .map(|sample| sample as i16)
            .collect();
        pair.here.say(&samples);
        pair.run(FRAME);
    }
    let mut decoder = Decoder::new(Codec::Opus).expect("the codec opens");
    let mut out = [0; 320];
    let audio: Vec<_> = (pair.wire.iter())
        .filter(|flight| flight.from == here())
        .collect();
    let mut copies = 0;
    for flight in &audio[audio.len() - 50..] {
        let payload = &flight.bytes[12..];
        copies += usize::from(decoder.recover(payload, &mut out) > 0);
        decoder.decode(payload, &mut out).expect("valid Opus");
    }
    copies
}

/// Harmonics of 120 Hz that grow weaker upwards, as those of a voice do.
fn voice(place: usize) -> f64 {
    let fundamental = std::f64::consts::TAU * 120.0 * place as f64 / 16_000.0;
    (1..20)
        .map(|harmonic| 6_000.0 / f64::from(harmonic) * (f64::from(harmonic) * fundamental).sin())
        .sum()
}

#[test]
fn the_encoder_prepares_for_the_loss_that_the_far_end_reports() {
    assert_eq!(copies_under_loss(|_| false), 0);
    let lossy = |flight: &Flight| flight.from == here() && flight.bytes[3].is_multiple_of(5);
    let copies = copies_under_loss(lossy);
    assert!(copies > 30, "{copies}");
}

#[test]
fn whoever_hangs_up_says_goodbye() {
    for muxed in [false, true] {
        let mut pair = pair(muxed);
        pair.run(Duration::from_secs(1));
        pair.close_here();
        pair.run(FRAME);
        let last = reports_from_here(&pair).pop().unwrap();
        let goodbye = rtcp::parse(&last.bytes)
            .unwrap()
            .any(|packet| matches!(packet, rtcp::Packet::Goodbye(_)));
        assert!(goodbye);
    }
}

#[test]
fn who_never_sent_anything_leaves_without_a_word() {
    let mut pair = pair(false);
    pair.close_here();
    assert!(pair.wire.is_empty());
}

#[test]
fn reports_of_strangers_are_foreign() {
    let mut pair = pair(false);
    pair.run(Duration::from_secs(12));
    let reports = reports_from_here(&pair);
    let mut report = reports[0].bytes.clone();
    let before = pair.there.core.statistics();
    let stranger = ([203, 0, 113, 66], 6_667).into();
    pair.there
        .core
        .handle_report(pair.now, stranger, &mut report);
    let after = pair.there.core.statistics();
    assert_eq!(after.foreign, before.foreign + 1);
    assert_eq!(after.reports_received, before.reports_received);
}

#[test]
fn reports_go_to_where_those_of_the_far_end_come_from() {
    let mut pair = pair(false);
    pair.run(Duration::from_secs(12));
    let mut report = reports_from_here(&pair)[0].bytes.clone();
    let moved = (here().ip(), 7_777).into();
    pair.there.core.handle_report(pair.now, moved, &mut report);
    pair.wire.clear();
    pair.run(Duration::from_secs(4));
    pair.wire
        .retain(|flight| flight.from.ip() == there().ip() && flight.port == Port::Rtcp);
    pair.run(Duration::from_secs(8));
    let after = pair
        .wire
        .iter()
        .find(|flight| flight.from.ip() == there().ip() && flight.port == Port::Rtcp);
    assert!(after.is_some());
}

#[test]
fn garbage_on_either_port_is_counted_and_the_call_goes_on() {
    for muxed in [false, true] {
        let mut pair = pair(muxed);
        pair.run(Duration::from_secs(1));
        let before = pair.there.core.statistics();
        for len in 0..60 {
            let mut garbage: Vec<u8> = (0..len).map(|place| (place * 37 + 129) as u8).collect();
            if let [first, second, ..] = &mut garbage[..] {
                (*first, *second) = (0x81, 200);
            }
            pair.there
                .core
                .handle_report(pair.now, here(), &mut garbage.clone());
            pair.there
                .core
                .handle_packet(pair.now, here(), &mut garbage);
        }
        let mut long = vec![0x80; 1_501];
        pair.there.core.handle_report(pair.now, here(), &mut long);
        let after = pair.there.core.statistics();
        assert_eq!(after.oversized, before.oversized + 1);
        assert!(after.malformed > before.malformed + 50);
        pair.there.heard();
        pair.here.say(&[8_316; 160]);
        pair.run(FRAME * 6);
        let loud = |heard: &media::HeardFrame| heard.frame.samples() == [8_316; 160];
        assert!(pair.there.heard().iter().any(loud));
    }
}

#[test]
fn a_silent_far_end_that_still_reports_is_not_doubted() {
    let mut pair = pair(true);
    pair.run(Duration::from_secs(1));
    let moved = (here().ip(), 4_444).into();
    // It was latched where it was not signalled, and now says nothing but reports.
    pair.there.connect(pair.now, {
        let mut connection = Connection::new(([10, 0, 0, 1], 9).into(), Codec::Pcmu, 0);
        connection.rtcp = Rtcp::Muxed;
        connection
    });
    let mut audio = pair
        .wire
        .iter()
        .find(|flight| flight.from == here())
        .unwrap()
        .bytes
        .clone();
    pair.there.core.handle_packet(pair.now, moved, &mut audio);
    pair.loses = |_| true;
    let report = {
        let mut other = self::pair(true);
        other.run(Duration::from_secs(12));
        reports_from_here(&other)[0].bytes.clone()
    };
    for _ in 0..20 {
        pair.run(Duration::from_secs(5));
        pair.there
            .core
            .handle_packet(pair.now, moved, &mut report.clone());
        let transmit = pair.there.core.tick(pair.now).unwrap();
        assert_eq!((transmit.destination, transmit.also), (moved, None));
    }
}
