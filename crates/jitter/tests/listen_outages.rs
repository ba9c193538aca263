//! What a listening machine is given when nothing comes for a while, or everything
//! later than before.

mod line;

use std::time::Duration;

use jitter::PlayoutKind;
use line::{FRAME_SAMPLES, Pulled, Sender, Sent, find, heard, joined, millis, regular};

const DECODED: PlayoutKind = PlayoutKind::Decoded;
const CONCEALED: PlayoutKind = PlayoutKind::Concealed;
const SILENCE: PlayoutKind = PlayoutKind::Silence;
const FRAME: Duration = Duration::from_millis(20);

/// The frames that came at one time, in milliseconds.
fn at(pulled: &[Pulled], time: u64) -> Vec<Pulled> {
    let all = pulled.iter().filter(|pulled| pulled.at == time);
    all.cloned().collect()
}

#[test]
fn when_nothing_comes_time_goes_on_and_is_never_more_than_200_ms_behind() {
    let (pulled, receiver) = heard(regular(&mut Sender::new(), 7, 100), 6_000);
    let after = &pulled[100..];
    assert!(after.len() > 180);
    assert!(
        after
            .windows(2)
            .all(|two| two[1].until == two[0].until + FRAME)
    );
    assert!(after.windows(2).all(|two| two[1].at == two[0].at + 20));
    let behind = |pulled: &Pulled| millis(pulled.at).since(pulled.until);
    assert!(
        after
            .iter()
            .all(|pulled| behind(pulled) <= Duration::from_millis(200))
    );
    let fading = after.iter().filter(|pulled| pulled.kind == CONCEALED);
    assert_eq!(fading.count(), 50);
    assert!(
        after[6..]
            .iter()
            .all(|pulled| pulled.samples == [0; FRAME_SAMPLES])
    );
    assert!(after[50..].iter().all(|pulled| pulled.kind == SILENCE));
    assert_eq!(receiver.statistics().underruns, 1);
}

/// Packets of which those sent from 2 s on for `frozen` milliseconds come at its
/// end.
fn frozen(frozen: u64, packets: u64) -> Vec<(u64, Sent)> {
    let mut arrivals = regular(&mut Sender::new(), 7, packets);
    for (at, _) in &mut arrivals {
        if (2_000_000..2_000_000 + frozen * 1_000).contains(at) {
            *at = 2_000_000 + frozen * 1_000;
        }
    }
    arrivals
}

#[test]
fn audio_held_back_for_less_than_a_second_is_all_given_at_once() {
    for length in [60, 150, 300, 900] {
        let (pulled, receiver) = heard(frozen(length, 300), 6_000);
        let received: Vec<_> = pulled
            .iter()
            .filter(|it| it.kind == DECODED)
            .cloned()
            .collect();
        assert_eq!(receiver.decoder.decoded.len(), 300, "{length} ms");
        let end = 2_000 + length;
        assert!(
            at(&received, end).len() as u64 >= length / 20,
            "{length} ms"
        );
        // But for a seam, every sample is heard.
        let played = joined(&received);
        assert!(find(&played, 0, 99 * 160).is_some());
        let resumed = (2_000 / 20 + 2) * 160;
        assert!(
            find(&played, resumed, 300 * 160 - resumed).is_some(),
            "{length} ms"
        );
        let statistics = receiver.statistics();
        assert_eq!((statistics.late, statistics.skipped_samples), (0, 0));
    }
}

#[test]
fn of_audio_held_back_for_longer_the_last_second_is_given() {
    let (_, receiver) = heard(frozen(2_500, 400), 8_000);
    let decoded = &receiver.decoder.decoded;
    let statistics = receiver.statistics();
    assert!((74 * 160..=76 * 160).contains(&(statistics.skipped_samples as usize)));
    assert!(decoded.is_sorted_by(|a, b| a < b));
}

#[test]
fn time_never_goes_back_and_is_never_ahead() {
    for length in [60, 150, 300, 900, 2_500] {
        let (pulled, _) = heard(frozen(length, 400), 8_000);
        assert!(
            pulled.is_sorted_by_key(|pulled| pulled.until),
            "{length} ms"
        );
        assert!(
            pulled
                .iter()
                .all(|pulled| pulled.until <= millis(pulled.at))
        );
        // Once the line is as before, so is its time.
        let last = pulled.iter().rfind(|pulled| pulled.kind == DECODED);
        let last = last.expect("something was received");
        assert_eq!(last.until, millis(last.at), "{length} ms");
    }
}

#[test]
fn a_line_that_becomes_slower_is_followed() {
    for slower in [60, 150, 400] {
        let mut arrivals = regular(&mut Sender::new(), 7, 600);
        for (at, _) in &mut arrivals[200..] {
            *at += slower * 1_000;
        }
        let (pulled, receiver) = heard(arrivals, 13_000);
        assert_eq!(receiver.decoder.decoded.len(), 600);
        let after: Vec<_> = pulled
            .iter()
            .filter(|it| it.at > 4_007 + slower + 40)
            .cloned()
            .collect();
        let decoded = after.iter().take_while(|it| it.kind == DECODED).count();
        assert!(decoded >= 395, "{slower} ms slower: {decoded}");
        let last = &after[decoded - 1];
        assert!(
            last.until + Duration::from_millis(1) >= millis(last.at),
            "{slower} ms slower"
        );
    }
}
