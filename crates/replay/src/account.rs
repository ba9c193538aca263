//! Turns what happened in a call into its account.

use std::ops::Range;
use std::time::Duration;

use audio::Moment;
use engine::{SpeculationTry, TurnDecision, TurnEvidence, TurnLatency};
use report::{
    Account, Decision, Item, Latencies, Ledger, Quantiles, Speaker, Speculation, Speech, Try, Turn,
    Verdict,
};

use crate::call::Happened;
use crate::caller::Said;
use crate::story::{Story, Told};
use crate::truth;

/// What a call is called in its account.
pub(crate) struct Names {
    pub(crate) source: String,
    pub(crate) agent: String,
    pub(crate) seed: u64,
}

/// The account of a call, without what was expected of it.
pub(crate) fn account(names: Names, happened: &Happened) -> Account {
    let story = &happened.story;
    let utterances = utterances(happened);
    let cut_off = cut_off(happened);
    Account {
        seed: names.seed,
        source: names.source,
        agent: names.agent,
        duration_ms: happened.millis(happened.ended),
        audio_start_ms: happened
            .said
            .first()
            .map(|said| happened.millis(said.started)),
        realtime_factor: None,
        end: happened.end.clone(),
        turns: turns(story, &cut_off),
        speech: Speech::default(),
        decisions: story.decisions.iter().map(decision).collect(),
        tries: story.tries.iter().map(tried).collect(),
        latency: latencies(&story.latencies),
        false_cutoffs: cut_off.len() as u64,
        missed_turns: missed(happened, &utterances),
        expectations: Vec::new(),
        changes: None,
    }
}

/// When somebody speaks on the caller's side, utterance by utterance, in the caller's own time.
fn utterances(happened: &Happened) -> Vec<Range<Moment>> {
    happened
        .said
        .iter()
        .flat_map(|said| said.utterances())
        .collect()
}

/// In the order in which they began; they are told in the order in which they ended.
fn turns(story: &Story, cut_off: &[usize]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::with_capacity(story.turns.len());
    for (index, told) in story.turns.iter().enumerate() {
        let latency = story.latencies.iter().find(|latency| latency.turn == index);
        let heard_text = told.turn.text.clone();
        let (speaker, text) = match told.turn.speaker {
            engine::Speaker::Agent => (Speaker::Agent, told.wanted.clone()),
            engine::Speaker::Caller => (Speaker::Caller, heard_text.clone()),
        };
        turns.push(Turn {
            speaker,
            text,
            start_ms: told.turn.start_ms,
            end_ms: told.turn.end_ms,
            heard_text,
            interrupted: told.turn.interrupted,
            false_cutoff: answers(story, index).is_some_and(|turn| cut_off.contains(&turn)),
            ledger: latency.map(ledger),
            speculation: latency.and_then(speculation),
        });
    }
    turns.sort_by_key(|turn| turn.start_ms);
    turns
}

/// What the engine itself adds to an answer's wait.
const ENGINE: [&str; 5] = [
    "jitter_buffer",
    "decode",
    "detection",
    "sentence_split",
    "playout_wait",
];

fn ledger(latency: &TurnLatency) -> Ledger {
    let items = latency.items.iter().map(|item| Item {
        name: item.name.clone(),
        start_ms: item.start_ms,
        duration_ms: item.duration_ms,
    });
    let explained: f64 = latency.items.iter().map(|item| item.duration_ms).sum();
    Ledger {
        voiced_to_audible_ms: explained + latency.unattributed_ms,
        decision_to_first_audio_ms: latency.decision_to_first_audio_ms as f64,
        items: items.collect(),
        unattributed_ms: latency.unattributed_ms,
        evidence: latency.evidence.as_ref().map(evidence).unwrap_or_default(),
    }
}

/// What a decision rests on, in words.
fn evidence(of: &TurnEvidence) -> Vec<String> {
    let words = of.words.as_ref().map(|words| format!("words: {words}"));
    let sound = of.sound.map(|sound| format!("sound: {sound:.2}"));
    let pauses = of.own_pauses_ms;
    let pauses = pauses.map(|millis| format!("the caller's own pauses: {millis} ms"));
    let provider = of.provider.map(|over| match over {
        true => "provider: over".to_owned(),
        false => "provider: not over".to_owned(),
    });
    let together = format!("together: {:.2}", of.completeness);
    let parts = [words, sound, pauses, provider, Some(together)];
    parts.into_iter().flatten().collect()
}

fn speculation(latency: &TurnLatency) -> Option<Speculation> {
    let tally = latency.speculation;
    (tally.tries > 0).then_some(Speculation {
        tries: tally.tries,
        used: tally.used,
        wasted: tally.wasted,
        saved_ms: tally.saved_ms,
        used_tokens: tally.used_tokens,
        wasted_tokens: tally.wasted_tokens,
    })
}

fn decision(of: &TurnDecision) -> Decision {
    Decision {
        verdict: match of.verdict {
            engine::Verdict::TurnEnded => Verdict::TurnEnded,
            engine::Verdict::Dismissed => Verdict::Dismissed,
        },
        at_ms: of.at_ms,
        start_ms: of.start_ms,
        end_ms: of.end_ms,
        evidence: evidence(&of.evidence),
    }
}

const fn tried(of: &SpeculationTry) -> Try {
    Try {
        began_ms: of.began_ms,
        used: of.used,
        saved_ms: of.saved_ms,
        tokens: of.tokens,
    }
}

fn latencies(of: &[TurnLatency]) -> Latencies {
    let quantiles =
        |figure: fn(&TurnLatency) -> f64| Quantiles::of(of.iter().map(figure).collect());
    Latencies {
        decision_to_first_audio_ms: quantiles(|one| one.decision_to_first_audio_ms as f64),
        voiced_to_audible_ms: quantiles(|one| one.voiced_to_audible_ms as f64),
        engine_added_ms: quantiles(|one| {
            let own = one
                .items
                .iter()
                .filter(|item| ENGINE.contains(&item.name.as_str()));
            one.unattributed_ms + own.map(|item| item.duration_ms).sum::<f64>()
        }),
    }
}

/// The numbers of the caller's turns that were taken for over while there was more to come.
fn cut_off(happened: &Happened) -> Vec<usize> {
    let turns = happened.story.turns.iter().enumerate();
    let caller = turns.filter(|(_, told)| told.turn.speaker == engine::Speaker::Caller);
    let cut_off = caller.filter(|(_, told)| {
        let until = happened.origin + Duration::from_millis(told.turn.end_ms);
        let said = happened.said.iter().rfind(|said| said.started <= until);
        said.is_some_and(|said| is_cut_off(said, told, until))
    });
    cut_off.map(|(index, _)| index).collect()
}

/// Whether a turn that ended at `until` was cut off: by what is known of the recording, or
/// because the utterance went on.
fn is_cut_off(said: &Said, told: &Told, until: Moment) -> bool {
    if let Some(pauses) = &said.pauses {
        return truth::cuts_off(pauses, said.started, until);
    }
    let utterances = said.utterances();
    utterances
        .iter()
        .any(|utterance| utterance.contains(&told.at))
}

/// The number of the caller's turn that a turn of the agent answers.
fn answers(story: &Story, turn: usize) -> Option<usize> {
    story
        .turns
        .get(turn)
        .filter(|told| told.turn.speaker == engine::Speaker::Agent)?;
    let before = turn.checked_sub(1)?;
    let told = story.turns.get(before)?;
    (told.turn.speaker == engine::Speaker::Caller).then_some(before)
}

/// Utterances after which the agent said nothing before the next one was over. Whoever only asks
/// whether the caller is still there does not answer, and neither does who cuts the caller off.
fn missed(happened: &Happened, utterances: &[Range<Moment>]) -> u64 {
    let ends = utterances.iter().skip(1).map(|next| next.end);
    let until = ends.chain([Moment::from_micros(u64::MAX)]);
    let agent = |told: &&Told| told.turn.speaker == engine::Speaker::Agent && !told.is_prompt;
    let answers = || happened.story.turns.iter().filter(agent);
    let origin = happened.origin;
    let answers = || answers().map(|told| origin + Duration::from_millis(told.turn.start_ms));
    let answered = |from: Moment, until: Moment| answers().any(|at| (from..until).contains(&at));
    let missed = utterances
        .iter()
        .zip(until)
        .filter(|(utterance, until)| !answered(utterance.end, *until));
    missed.count() as u64
}

#[cfg(test)]
mod tests {
    use engine::TranscriptTurn;

    use super::*;

    const ORIGIN: Moment = Moment::from_millis(10_000);

    fn at(millis: u64) -> Moment {
        ORIGIN + Duration::from_millis(millis)
    }

    fn agent(start_ms: u64, is_prompt: bool) -> Told {
        let turn = TranscriptTurn {
            speaker: engine::Speaker::Agent,
            text: "Yes.".to_owned(),
            start_ms,
            end_ms: start_ms + 500,
            interrupted: false,
        };
        Told {
            wanted: turn.text.clone(),
            at: at(turn.end_ms),
            turn,
            is_prompt,
        }
    }

    /// How many of two utterances are missed by an agent who says this.
    fn missed_by(turns: Vec<Told>) -> u64 {
        let said = Said {
            step: 0,
            started: at(0),
            speech: vec![at(1_000)..at(2_000), at(8_000)..at(9_000)],
            pauses: None,
        };
        let happened = Happened {
            story: Story {
                turns,
                ..Story::default()
            },
            origin: ORIGIN,
            said: vec![said],
            started: vec![at(0)],
            hung_up: false,
            end: String::new(),
            ended: at(20_000),
            caller: Vec::new(),
            agent: Vec::new(),
        };
        missed(&happened, &utterances(&happened))
    }

    #[test]
    fn an_utterance_is_answered_by_what_the_agent_says_after_it() {
        assert_eq!(missed_by(Vec::new()), 2);
        assert_eq!(missed_by(vec![agent(2_500, false)]), 1);
        assert_eq!(missed_by(vec![agent(2_500, false), agent(9_400, false)]), 0);
        assert_eq!(missed_by(vec![agent(8_100, false), agent(9_400, false)]), 0);
    }

    #[test]
    fn who_asks_whether_the_caller_is_still_there_does_not_answer() {
        assert_eq!(missed_by(vec![agent(5_000, true), agent(9_400, false)]), 1);
    }

    #[test]
    fn who_cuts_the_caller_off_does_not_answer() {
        assert_eq!(missed_by(vec![agent(1_500, false), agent(9_400, false)]), 1);
    }
}
