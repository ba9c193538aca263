//! What the sound of a call measured: who spoke how much, who waited how long, and what the line
//! was like.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::percentile::percentile;
use crate::settings::Settings;
use crate::transcript::{Party, Turn};

/// A pause between turns of this many milliseconds is a silence.
const SILENCE_MS: u64 = 2_000;

/// Something that a call's sound is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Who spoke how much.
    TalkRatio,
    /// Who cut whom short.
    Interruptions,
    /// Long pauses.
    Silences,
    /// How long the caller waited for answers.
    ResponseLatency,
    /// Packets of the caller's voice that did not arrive.
    PacketLoss,
    /// How loud the caller was.
    Level,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TalkRatio,
        Self::Interruptions,
        Self::Silences,
        Self::ResponseLatency,
        Self::PacketLoss,
        Self::Level,
    ];

    /// Its name, in settings and evaluations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TalkRatio => "talk_ratio",
            Self::Interruptions => "interruptions",
            Self::Silences => "silences",
            Self::ResponseLatency => "response_latency",
            Self::PacketLoss => "packet_loss",
            Self::Level => "level",
        }
    }

    /// What it measures.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::TalkRatio => "Who spoke how much.",
            Self::Interruptions => "How often one cut the other short.",
            Self::Silences => "Pauses of two seconds and more between turns.",
            Self::ResponseLatency => "How long the caller waited for the agent's answers.",
            Self::PacketLoss => "Packets of the caller's voice that did not arrive.",
            Self::Level => "How loud the caller's speech arrived.",
        }
    }
}

/// What was counted of a call's media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// Packets of audio that arrived.
    pub packets_received: u64,
    /// Packets that were missing when their turn came.
    pub packets_lost: u64,
    /// Those of them that were recovered from later ones.
    pub packets_recovered: u64,
    /// Mean level of the caller's speech, in decibels of full scale.
    pub caller_level_dbfs: Option<f64>,
}

/// What is known of a call's sound.
#[derive(Clone, Copy, Debug)]
pub struct Sound<'a> {
    /// The turns in order.
    pub transcript: &'a [Turn<'a>],
    /// From the caller's last sound to the agent's first, of each answer, in milliseconds.
    pub waits_ms: &'a [u64],
    /// What was counted of the media, if it was.
    pub line: Option<Line>,
}

/// Each measure by its name; null for what is switched off or was not measured.
#[must_use]
pub fn measure(sound: &Sound<'_>, settings: &Settings) -> Map<String, Value> {
    let measured = Measure::ALL.into_iter().map(|measure| {
        let value = if settings.measures(measure) {
            one(sound, measure)
        } else {
            Value::Null
        };
        (measure.name().to_owned(), value)
    });
    measured.collect()
}

fn one(sound: &Sound<'_>, measure: Measure) -> Value {
    match measure {
        Measure::TalkRatio => talk_ratio(sound.transcript),
        Measure::Interruptions => interruptions(sound.transcript),
        Measure::Silences => silences(sound.transcript),
        Measure::ResponseLatency => response_latency(sound.waits_ms),
        Measure::PacketLoss => sound.line.map_or(Value::Null, packet_loss),
        Measure::Level => {
            let level = sound.line.and_then(|line| line.caller_level_dbfs);
            level.map_or(
                Value::Null,
                |level| json!({ "caller_dbfs": rounded(level, 10.0) }),
            )
        }
    }
}

fn talk_ratio(transcript: &[Turn<'_>]) -> Value {
    let spoken = |party| -> u64 {
        let turns = transcript.iter().filter(|turn| turn.party == party);
        turns
            .map(|turn| turn.end_ms.saturating_sub(turn.start_ms))
            .sum()
    };
    let (agent, caller) = (spoken(Party::Agent), spoken(Party::Caller));
    let whole = agent + caller;
    let share = (whole > 0).then(|| rounded(agent as f64 / whole as f64, 1_000.0));
    json!({ "agent_ms": agent, "caller_ms": caller, "agent_share": share })
}

/// The agent is known to be cut short; the caller is when the agent begins before they have ended.
fn interruptions(transcript: &[Turn<'_>]) -> Value {
    let of_agent = transcript
        .iter()
        .filter(|turn| turn.party == Party::Agent && turn.interrupted);
    let of_caller = transcript.windows(2).filter(|pair| match pair {
        [first, second] => {
            first.party == Party::Caller
                && second.party == Party::Agent
                && second.start_ms < first.end_ms
        }
        _ => false,
    });
    json!({ "by_caller": of_agent.count(), "by_agent": of_caller.count() })
}

fn silences(transcript: &[Turn<'_>]) -> Value {
    let mut heard_until: Option<u64> = None;
    let mut silences = Vec::new();
    for turn in transcript {
        let pause = heard_until.map_or(0, |until| turn.start_ms.saturating_sub(until));
        if pause >= SILENCE_MS {
            silences.push(pause);
        }
        heard_until = Some(heard_until.unwrap_or(0).max(turn.end_ms));
    }
    json!({
        "count": silences.len(),
        "total_ms": silences.iter().sum::<u64>(),
        "longest_ms": silences.iter().max().copied().unwrap_or(0),
    })
}

fn response_latency(waits_ms: &[u64]) -> Value {
    json!({
        "answers": waits_ms.len(),
        "p50_ms": percentile(waits_ms, 50),
        "p95_ms": percentile(waits_ms, 95),
    })
}

fn packet_loss(line: Line) -> Value {
    let sent = line.packets_received + line.packets_lost;
    let share = (sent > 0).then(|| rounded(line.packets_lost as f64 / sent as f64, 10_000.0));
    json!({
        "packets_received": line.packets_received,
        "packets_lost": line.packets_lost,
        "packets_recovered": line.packets_recovered,
        "lost_share": share,
    })
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(party: Party, start_ms: u64, end_ms: u64) -> Turn<'static> {
        Turn {
            start_ms,
            end_ms,
            ..Turn::said(party, "words")
        }
    }

    fn measured(
        transcript: &[Turn<'_>],
        waits_ms: &[u64],
        line: Option<Line>,
    ) -> Map<String, Value> {
        let sound = Sound {
            transcript,
            waits_ms,
            line,
        };
        measure(&sound, &Settings::default())
    }

    #[test]
    fn talk_interruptions_and_silences_follow_from_the_turns() {
        let mut cut_short = turn(Party::Agent, 6_000, 7_000);
        cut_short.interrupted = true;
        let transcript = [
            turn(Party::Agent, 0, 1_000),
            turn(Party::Caller, 3_000, 4_000),
            turn(Party::Agent, 3_900, 4_900),
            cut_short,
            turn(Party::Caller, 7_000, 7_500),
            turn(Party::Agent, 9_500, 10_000),
        ];
        let measured = measured(&transcript, &[], None);
        assert_eq!(
            measured["talk_ratio"],
            json!({ "agent_ms": 3_500, "caller_ms": 1_500, "agent_share": 0.7 })
        );
        assert_eq!(
            measured["interruptions"],
            json!({ "by_caller": 1, "by_agent": 1 })
        );
        assert_eq!(
            measured["silences"],
            json!({ "count": 2, "total_ms": 4_000, "longest_ms": 2_000 })
        );
    }

    #[test]
    fn waits_and_the_line_are_told_as_they_were_measured() {
        let line = Line {
            packets_received: 990,
            packets_lost: 10,
            packets_recovered: 4,
            caller_level_dbfs: Some(-23.46),
        };
        let measured = measured(&[], &[300, 100, 200], Some(line));
        assert_eq!(
            measured["response_latency"],
            json!({ "answers": 3, "p50_ms": 200, "p95_ms": 300 })
        );
        assert_eq!(measured["packet_loss"]["lost_share"], 0.01);
        assert_eq!(measured["level"], json!({ "caller_dbfs": -23.5 }));
    }

    #[test]
    fn what_was_not_measured_is_null() {
        let measured = measured(&[], &[], None);
        assert_eq!(measured["level"], Value::Null);
        assert_eq!(measured["packet_loss"], Value::Null);
        assert_eq!(measured["talk_ratio"]["agent_share"], Value::Null);
        assert_eq!(measured["response_latency"]["p50_ms"], Value::Null);
    }
}
