//! A table of what lines do and what must come of it.
//!
//! A script has a character for each 20 ms of the sender's time:
//!
//! - `.` a packet that comes on time, `2` to `9` one that comes so many times 10 ms
//!   late, `x` one that is lost, `d` one that comes twice, the second time 30 ms later
//! - `_` nothing, because the sender pauses; `n` a description of comfort noise, `c`
//!   one that comes twice, the second time 30 ms later
//! - `f` a packet that comes at the end of the run of `f` it is in
//!
//! `.*100` is a hundred of them. What is expected is a list of figures from the
//! statistics, each within a range; concealed and skipped are in milliseconds.

mod line;

use std::ops::RangeInclusive;

use jitter::{Settings, Statistics};
use line::{Receiver, Sender, Sent, listen, play};

struct Scenario {
    name: &'static str,
    script: &'static str,
    /// What is expected of a buffer towards a person, …
    play: &'static [(&'static str, RangeInclusive<u64>)],
    /// … and of one towards a listening machine.
    listen: &'static [(&'static str, RangeInclusive<u64>)],
}

const CLEAN: &[(&str, RangeInclusive<u64>)] = &[
    ("concealed", 0..=0),
    ("lost", 0..=0),
    ("late", 0..=0),
    ("underruns", 0..=0),
];

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "clean line",
        script: ".*500",
        play: CLEAN,
        listen: CLEAN,
    },
    Scenario {
        name: "single losses",
        script: ".*100 x .*100 x .*100 x .*100",
        play: &[("concealed", 40..=60), ("lost", 3..=3), ("late", 0..=0)],
        listen: &[("concealed", 60..=60), ("lost", 3..=3), ("late", 0..=0)],
    },
    Scenario {
        name: "a burst of losses",
        script: ".*100 x*8 .*100",
        play: &[("concealed", 140..=160), ("lost", 8..=8)],
        listen: &[("concealed", 160..=160), ("lost", 8..=8)],
    },
    Scenario {
        name: "every other packet is lost",
        script: ".*50 .x*100 .*50",
        play: &[
            ("concealed", 1980..=2000),
            ("lost", 100..=100),
            ("late", 0..=0),
        ],
        listen: &[
            ("concealed", 1960..=2000),
            ("lost", 100..=100),
            ("late", 0..=0),
        ],
    },
    Scenario {
        name: "duplicates are discarded",
        script: ".*50 d*100 .*50",
        play: &[
            ("concealed", 0..=0),
            ("duplicates", 100..=100),
            ("decoded", 199..=200),
        ],
        listen: &[
            ("concealed", 0..=0),
            ("duplicates", 100..=100),
            ("decoded", 200..=200),
        ],
    },
    Scenario {
        name: "duplicated comfort noise is discarded",
        script: ".*50 c _*50 c _*50 .*50",
        play: &[
            ("concealed", 0..=0),
            ("lost", 0..=0),
            ("duplicates", 2..=2),
            ("silent", 100..=110),
        ],
        listen: &[
            ("concealed", 0..=0),
            ("lost", 0..=0),
            ("duplicates", 2..=2),
            ("silent", 98..=104),
        ],
    },
    Scenario {
        name: "a pause whose noise is described anew",
        script: ".*50 n _*50 n _*50 .*50",
        play: &[("concealed", 0..=0), ("lost", 0..=0), ("silent", 100..=110)],
        listen: &[("concealed", 0..=0), ("lost", 0..=0), ("silent", 98..=104)],
    },
    Scenario {
        name: "talk spurts",
        script: ".*50 n _*40 .*70 n _*200 .*60 n _*15 .*50",
        play: &[("concealed", 0..=0), ("lost", 0..=0), ("underruns", 0..=0)],
        listen: &[("concealed", 0..=0), ("lost", 0..=0), ("underruns", 0..=0)],
    },
    Scenario {
        name: "a loss at the end of a talk spurt",
        script: ".*50 x n _*40 .*50",
        play: &[("concealed", 0..=20), ("lost", 1..=1)],
        listen: &[("concealed", 20..=20), ("lost", 1..=1)],
    },
    Scenario {
        name: "one late packet",
        script: ".*100 5 .*100",
        play: &[("concealed", 0..=60), ("late", 0..=1)],
        listen: &[("concealed", 0..=20), ("lost", 0..=1)],
    },
    Scenario {
        name: "a constant sway of 30 ms",
        script: ".3*150",
        play: &[("concealed", 0..=40), ("lost", 0..=0), ("late", 0..=0)],
        listen: &[("concealed", 0..=40), ("late", 0..=2)],
    },
    Scenario {
        name: "a short freeze",
        script: ".*100 f*8 .*200",
        play: &[
            ("concealed", 120..=180),
            ("lost", 0..=0),
            ("skipped", 60..=180),
        ],
        listen: &[("concealed", 0..=120), ("lost", 0..=0), ("late", 0..=0)],
    },
    Scenario {
        name: "a network freeze",
        script: ".*100 f*40 .*200",
        play: &[
            ("concealed", 760..=820),
            ("late", 0..=0),
            ("skipped", 500..=800),
        ],
        listen: &[
            ("concealed", 500..=800),
            ("lost", 0..=0),
            ("skipped", 0..=0),
        ],
    },
    Scenario {
        name: "a long outage",
        script: ".*100 x*55 .*100",
        play: &[
            ("concealed", 980..=1100),
            ("restarts", 0..=0),
            ("lost", 55..=55),
        ],
        listen: &[
            ("concealed", 980..=1100),
            ("restarts", 0..=0),
            ("lost", 55..=55),
        ],
    },
    Scenario {
        name: "an outage that breaks the sequence",
        script: ".*100 x*100 .*100",
        play: &[("restarts", 1..=1), ("lost", 0..=0)],
        listen: &[("restarts", 1..=1), ("lost", 0..=0)],
    },
];

/// The arrivals that a script describes, in microseconds, and the sender's time at
/// its end, in milliseconds.
fn arrivals(script: &str, sender: &mut Sender) -> (Vec<(u64, Sent)>, u64) {
    let mut all = Vec::new();
    let mut frozen = Vec::new();
    let mut at = 3_000;
    for fate in expand(script).chars() {
        let late = fate.to_digit(10).map(u64::from);
        if fate != 'f' {
            all.extend(frozen.drain(..).map(|sent| (at, sent)));
        }
        match fate {
            '_' => sender.pause(160),
            'n' | 'c' => {
                let sent = sender.send_noise(3);
                if fate == 'c' {
                    all.push((at + 30_000, sent.clone()));
                }
                all.push((at, sent));
                sender.pause(160);
            }
            'f' => frozen.push(sender.send()),
            'x' => drop(sender.send()),
            'd' => {
                let sent = sender.send();
                all.push((at, sent.clone()));
                all.push((at + 30_000, sent));
            }
            _ => all.push((at + late.unwrap_or(0) * 10_000, sender.send())),
        }
        at += 20_000;
    }
    (all, at / 1_000)
}

fn expand(script: &str) -> String {
    let items = script
        .split_whitespace()
        .map(|item| match item.split_once('*') {
            Some((fates, count)) => fates.repeat(count.parse().expect("a count")),
            None => item.to_owned(),
        });
    items.collect()
}

fn figure(name: &str, statistics: &Statistics) -> u64 {
    let millis = |samples: u64| samples / 8;
    match name {
        "concealed" => millis(statistics.concealed_samples),
        "decoded" => statistics.decoded_frames,
        "duplicates" => statistics.duplicates,
        "late" => statistics.late,
        "lost" => statistics.lost,
        "restarts" => statistics.restarts,
        "silent" => statistics.silent_frames,
        "skipped" => millis(statistics.skipped_samples),
        "underruns" => statistics.underruns,
        other => panic!("{other} is not a figure"),
    }
}

fn check(
    scenario: &Scenario,
    settings: Settings,
    mut sender: Sender,
    expected: &[(&str, RangeInclusive<u64>)],
) {
    let (arrivals, end) = arrivals(scenario.script, &mut sender);
    let mut receiver = Receiver::new(settings);
    receiver.play(arrivals, end);
    let statistics = receiver.statistics();
    for (name, range) in expected {
        let found = figure(name, &statistics);
        assert!(
            range.contains(&found),
            "{}, {:?}: {name} is {found}, expected {range:?}: {statistics:?}",
            scenario.name,
            settings.policy
        );
    }
}

#[test]
fn towards_a_person_every_scenario_comes_out_as_expected() {
    for scenario in SCENARIOS {
        check(scenario, play(), Sender::new(), scenario.play);
    }
}

#[test]
fn towards_a_machine_every_scenario_comes_out_as_expected() {
    for scenario in SCENARIOS {
        check(scenario, listen(), Sender::new(), scenario.listen);
    }
}

#[test]
fn sequence_and_timestamp_wrapping_in_the_middle_changes_no_scenario() {
    for scenario in SCENARIOS {
        for early in [20, 100, 101, 103] {
            let sender = Sender {
                sequence: 0u16.wrapping_sub(early),
                timestamp: 0u32.wrapping_sub(u32::from(early) * 160 + 77),
                ..Sender::new()
            };
            check(scenario, play(), sender.clone(), scenario.play);
            check(scenario, listen(), sender, scenario.listen);
        }
    }
}
