use crate::event::{CallEventKind, SpeculationTry, TranscriptTurn, TurnDecision, TurnLatency};

/// Decisions, and tries of answers, that a call's report lists.
const MOST_LISTED: usize = 5_000;

/// What a conversation has told that its report lists.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) transcript: Vec<TranscriptTurn>,
    pub(super) latencies: Vec<TurnLatency>,
    pub(super) decisions: Vec<TurnDecision>,
    pub(super) tries: Vec<SpeculationTry>,
}

impl Told {
    pub(super) fn note(&mut self, kind: &CallEventKind) {
        match kind {
            CallEventKind::Turn(turn) => self.transcript.push(turn.clone()),
            CallEventKind::Latency(latency) => self.latencies.push((**latency).clone()),
            // overflow: the newest are told and not listed
            CallEventKind::Decision(decision) if self.decisions.len() < MOST_LISTED => {
                self.decisions.push((**decision).clone());
            }
            CallEventKind::Tried(tried) if self.tries.len() < MOST_LISTED => {
                self.tries.push(*tried);
            }
            CallEventKind::Decision(_)
            | CallEventKind::Tried(_)
            | CallEventKind::Started { .. }
            | CallEventKind::Ringing
            | CallEventKind::Answered
            | CallEventKind::ToolCalled { .. }
            | CallEventKind::ToolAnswered { .. }
            | CallEventKind::Unspoken { .. }
            | CallEventKind::Muted { .. }
            | CallEventKind::RuleFired { .. }
            | CallEventKind::Forwarding { .. }
            | CallEventKind::Forwarded(_)
            | CallEventKind::Ended(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_tries_the_first_are_listed() {
        let mut told = Told::default();
        for number in 0..MOST_LISTED + 3 {
            told.note(&CallEventKind::Tried(SpeculationTry {
                began_ms: number as u64,
                used: false,
                saved_ms: 0,
                tokens: 0,
            }));
        }
        assert_eq!(told.tries.len(), MOST_LISTED);
        assert_eq!(told.tries[0].began_ms, 0);
    }
}
