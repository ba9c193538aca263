//! A long pause with comfort noise between two clocks that are far apart.

mod line;

use jitter::{PlayoutKind, Settings, Statistics};
use line::{Receiver, Sender, Sent, listen, play};

/// How much time passes here in a second of the sender's, in milliseconds: its clock
/// is fast, or slow, by 25 ms in a second.
const SECONDS: [u64; 2] = [975, 1_025];
const SPOKEN: u64 = 5_000;
const PAUSED: u64 = 60_000;
/// After a pause a delay may be so much longer than before, in milliseconds, …
const LONGER: u64 = 20;
/// … and speech is heard after at most this many.
const UNTIL_HEARD: u64 = 200;

/// Speech, a pause whose noise is described ten times a second, and speech: arrivals in
/// microseconds, the sender's moments times `second`.
fn arrivals(second: u64) -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let mut all = Vec::new();
    let spoken_again = SPOKEN + PAUSED;
    for at in (0..spoken_again + SPOKEN).step_by(20) {
        let arrival = at * second + 3_000;
        if at < SPOKEN || at >= spoken_again {
            all.push((arrival, sender.send()));
        } else {
            if at % 100 == 0 {
                all.push((arrival, sender.send_noise(3)));
            }
            sender.pause(160);
        }
    }
    all
}

fn mean_delay_millis(after: &Statistics, before: &Statistics) -> u64 {
    let frames = after.delayed_frames - before.delayed_frames;
    let delay = after.delay - before.delay;
    delay.as_millis() as u64 / frames.max(1)
}

fn check(settings: Settings) {
    for second in SECONDS {
        let mut receiver = Receiver::new(settings);
        let here = |sender: u64| sender * second / 1_000 / 20 * 20;
        let resumed = here(SPOKEN + PAUSED);
        let (early, late): (Vec<_>, Vec<_>) = arrivals(second)
            .into_iter()
            .partition(|(at, _)| *at < resumed * 1_000);
        receiver.play(early, resumed);
        let before = receiver.statistics();
        let pulled = receiver.play_on(late, resumed, here(2 * SPOKEN + PAUSED));
        let heard = pulled
            .iter()
            .find(|frame| frame.kind == PlayoutKind::Decoded)
            .expect("speech is heard");
        let waited = heard.at - resumed;
        assert!(waited <= UNTIL_HEARD, "{second}: {waited} ms");
        let usual = mean_delay_millis(&before, &Statistics::default());
        let after = receiver.statistics();
        let delay = mean_delay_millis(&after, &before);
        assert!(
            delay <= usual + LONGER,
            "{second}: {delay} after {usual} ms"
        );
        assert_eq!(after.lost, 0);
        assert_eq!(after.restarts, 0);
    }
}

#[test]
fn towards_a_person_speech_comes_back_at_the_same_delay() {
    check(play());
}

#[test]
fn towards_a_machine_speech_comes_back_at_the_same_delay() {
    check(listen());
}
