//! Every codec from one leg to another, and from one rate to another.

mod rig;

use std::time::Duration;

use audio::{FRAME, SampleRate, Tone};
use media::rtp;
use media::{Codec, Connection};
use rig::pair::{Pair, here, there};

/// A dynamic payload type.
const DYNAMIC: u8 = 96;

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;

fn connect(pair: &mut Pair, codec: Codec) {
    let payload_type = codec.static_payload_type().unwrap_or(DYNAMIC);
    pair.connect(
        Connection::new(there(), codec, payload_type),
        Connection::new(here(), codec, payload_type),
    );
}

/// Plays a tone of 1 kHz here and gives what is heard there, without the beginning.
fn hear_tone(pair: &mut Pair, rate: SampleRate, time: Duration) -> Vec<i16> {
    let mut tone = Tone::new(rate, 1_000.0, audio::Decibels::new(-12.0));
    let mut heard = Vec::new();
    pair.there.heard();
    for _ in 0..time.as_millis() / FRAME.as_millis() {
        let frame: Vec<i16> = tone.by_ref().take(rate.samples_in(FRAME)).collect();
        pair.here.say(&frame);
        pair.run(FRAME);
        heard.extend(pair.there.heard().into_iter().map(|heard| heard.frame));
    }
    let settled = heard.len() / 2;
    heard[settled..]
        .iter()
        .flat_map(|frame| frame.samples().to_vec())
        .collect()
}

/// The share of the power of `samples` that lies at 1 kHz, 0 to 1.
fn purity(samples: &[i16], rate: SampleRate) -> f64 {
    let step = std::f64::consts::TAU * 1_000.0 / f64::from(rate.hertz());
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
    for (place, &sample) in samples.iter().enumerate() {
        let (sample, phase) = (f64::from(sample), step * place as f64);
        sine += sample * phase.sin();
        cosine += sample * phase.cos();
        power += sample * sample;
    }
    2.0 * (sine * sine + cosine * cosine) / (samples.len() as f64 * power)
}

#[test]
fn a_tone_comes_through_every_codec() {
    for codec in Codec::ALL {
        let rate = codec.rate();
        let mut pair = Pair::unconnected(WIDE);
        connect(&mut pair, codec);
        let heard = hear_tone(&mut pair, rate, Duration::from_secs(2));
        assert_eq!(heard.len() % rate.samples_in(FRAME), 0);
        let level = audio::level::rms(&heard).value();
        assert!((level + 15.0).abs() < 1.5, "{codec:?}: {level}");
        let purity = purity(&heard, rate);
        assert!(purity > 0.97, "{codec:?}: {purity}");
    }
}

#[test]
fn the_timestamp_counts_at_the_codecs_clock() {
    let steps = [160, 160, 160, 960, 160, 320];
    for (codec, step) in Codec::ALL.into_iter().zip(steps) {
        let mut pair = Pair::unconnected(WIDE);
        connect(&mut pair, codec);
        pair.run(FRAME * 4);
        let sent: Vec<_> = (pair.wire.iter())
            .filter(|flight| flight.from == here())
            .map(|flight| rtp::parse(&flight.bytes).unwrap().0)
            .collect();
        assert!(sent.len() >= 2, "{codec:?}");
        for pair in sent.windows(2) {
            let distance = pair[1].timestamp.distance_from(pair[0].timestamp);
            assert_eq!(distance, step, "{codec:?}");
        }
    }
}

#[test]
fn the_first_codec_settles_the_rate_and_later_ones_are_converted() {
    let orders = [
        (Codec::Pcmu, NARROW, Codec::G722),
        (Codec::Opus, WIDE, Codec::Pcma),
        (Codec::Pcma, NARROW, Codec::Opus),
    ];
    for (first, rate, second) in orders {
        let mut pair = Pair::unconnected(WIDE);
        connect(&mut pair, first);
        assert_eq!(pair.here.ends.playout.rate(), Some(rate));
        hear_tone(&mut pair, rate, Duration::from_millis(500));
        connect(&mut pair, second);
        assert_eq!(pair.here.ends.playout.rate(), Some(rate));
        let heard = hear_tone(&mut pair, rate, Duration::from_secs(2));
        let purity = purity(&heard, rate);
        assert!(purity > 0.97, "{first:?} to {second:?}: {purity}");
    }
}

#[test]
fn a_narrow_leg_speaks_a_wide_codec() {
    let mut pair = Pair::unconnected(NARROW);
    connect(&mut pair, Codec::G722);
    assert_eq!(pair.here.ends.playout.rate(), Some(NARROW));
    let heard = hear_tone(&mut pair, NARROW, Duration::from_secs(2));
    assert!(purity(&heard, NARROW) > 0.97);
}

#[test]
fn a_stream_whose_clock_changes_gets_a_new_name() {
    let mut pair = Pair::unconnected(WIDE);
    connect(&mut pair, Codec::Pcmu);
    pair.run(FRAME);
    connect(&mut pair, Codec::Pcma);
    pair.run(FRAME);
    connect(&mut pair, Codec::Opus);
    pair.run(FRAME);
    let names: Vec<_> = (pair.wire.iter())
        .filter(|flight| flight.from == here())
        .map(|flight| rtp::parse(&flight.bytes).unwrap().0.ssrc)
        .collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[0], names[1]);
    assert_ne!(names[1], names[2]);
}

#[test]
fn a_silent_opus_line_pauses_if_discontinuous_transmission_was_asked_for() {
    let mut pair = Pair::unconnected(WIDE);
    let mut quiet = Connection::new(there(), Codec::Opus, DYNAMIC);
    quiet.opus.dtx = true;
    pair.connect(quiet, Connection::new(here(), Codec::Opus, DYNAMIC));
    pair.run(Duration::from_secs(1));
    let mut sent = pair.here.core.statistics().packets_sent;
    for _ in 0..10 {
        pair.run(Duration::from_secs(2));
        let before = std::mem::replace(&mut sent, pair.here.core.statistics().packets_sent);
        assert_eq!(sent - before, 5, "one every 400 ms");
    }
    let heard = hear_tone(&mut pair, WIDE, Duration::from_secs(2));
    assert!(purity(&heard, WIDE) > 0.97);
}

#[test]
fn a_silent_line_pauses_if_comfort_noise_was_agreed_on_and_nothing_is_missed() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let payload_type = codec.static_payload_type().unwrap();
        let with_noise = |remote| Connection {
            comfort_noise: Some(13),
            ..Connection::new(remote, codec, payload_type)
        };
        let mut pair = Pair::unconnected(codec.rate());
        pair.connect(with_noise(there()), with_noise(here()));
        pair.run(Duration::from_secs(1));
        let before = pair.here.core.statistics().packets_sent;
        pair.run(Duration::from_secs(2));
        let sent = pair.here.core.statistics().packets_sent - before;
        assert_eq!(sent, 5, "one every 400 ms");
        let quiet = pair.there.heard();
        assert!(quiet.len() > 50);
        assert!(
            quiet
                .iter()
                .all(|heard| heard.frame.samples().iter().all(|sample| *sample == 0))
        );
        let heard = hear_tone(&mut pair, codec.rate(), Duration::from_secs(2));
        assert!(purity(&heard, codec.rate()) > 0.97, "{codec:?}");
        let statistics = pair.there.core.statistics();
        assert_eq!((statistics.lost, statistics.restarts), (0, 0));
    }
}
