//! Turns what happened in a call into its account.

use std::ops::Range;
use std::time::Duration;

use audio::Moment;
use engine::TurnLatency;
use report::{Account, Item, Latencies, Ledger, Quantiles, Speaker, Turn};

use crate::call::{Happened, START};
use crate::conversation::{Story, Told};

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
    Account {
        seed: names.seed,
        source: names.source,
        agent: names.agent,
        duration_ms: millis(happened.ended),
        audio_start_ms: happened.said.first().map(|said| millis(said.started)),
        realtime_factor: None,
        end: happened.end.clone(),
        turns: turns(story),
        latency: latencies(&story.latencies),
        false_cutoffs: false_cutoffs(story, &utterances),
        missed_turns: missed(story, &utterances),
        expectations: Vec::new(),
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

/// Milliseconds from the start of the call.
pub(crate) fn millis(moment: Moment) -> u64 {
    moment.since(START).as_millis() as u64
}

/// In the order in which they began; they are told in the order in which they ended.
fn turns(story: &Story) -> Vec<Turn> {
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
            ledger: latency.map(|latency| ledger(latency, told.turn.start_ms)),
            speculation: None,
        });
    }
    turns.sort_by_key(|turn| turn.start_ms);
    turns
}

/// The ledger of an answer whose first audible sample was at `audible` milliseconds.
fn ledger(latency: &TurnLatency, audible: u64) -> Ledger {
    let mut at = audible as f64 - latency.voiced_to_audible_ms as f64;
    let mut items = Vec::new();
    for (name, duration) in stages(latency) {
        items.push(Item {
            name: name.to_owned(),
            start_ms: at,
            duration_ms: duration as f64,
        });
        at += duration as f64;
    }
    Ledger {
        voiced_to_audible_ms: latency.voiced_to_audible_ms as f64,
        decision_to_first_audio_ms: latency.decision_to_first_audio_ms as f64,
        items,
        unattributed_ms: audible as f64 - at,
        evidence: Vec::new(),
    }
}

/// What an answer's wait was made of, in order.
fn stages(latency: &TurnLatency) -> [(&'static str, u64); 4] {
    [
        ("endpoint_wait", latency.endpointing_ms),
        ("recognition", latency.recognition_after_decision_ms),
        ("model_first_token", latency.model_first_token_ms),
        ("synthesis_first_audio", latency.synthesis_first_audio_ms),
    ]
}

fn latencies(of: &[TurnLatency]) -> Latencies {
    let quantiles = |figure: fn(&TurnLatency) -> u64| {
        Quantiles::of(of.iter().map(|one| figure(one) as f64).collect())
    };
    Latencies {
        decision_to_first_audio_ms: quantiles(|one| one.decision_to_first_audio_ms),
        voiced_to_audible_ms: quantiles(|one| one.voiced_to_audible_ms),
        engine_added_ms: quantiles(|one| {
            let stages: u64 = stages(one).iter().map(|(_, duration)| duration).sum();
            one.voiced_to_audible_ms.saturating_sub(stages)
        }),
    }
}

/// Turns that were taken for over while their utterance still had speech to come.
fn false_cutoffs(story: &Story, utterances: &[Range<Moment>]) -> u64 {
    let caller = story
        .turns
        .iter()
        .filter(|told| told.turn.speaker == engine::Speaker::Caller);
    let early = caller.filter(|told| {
        utterances
            .iter()
            .any(|utterance| utterance.contains(&told.at))
    });
    early.count() as u64
}

/// Utterances after which the agent said nothing before the next one was over.
fn missed(story: &Story, utterances: &[Range<Moment>]) -> u64 {
    let ends = utterances.iter().skip(1).map(|next| next.end);
    let until = ends.chain([Moment::from_micros(u64::MAX)]);
    let agent = |told: &&Told| told.turn.speaker == engine::Speaker::Agent;
    let answers = || story.turns.iter().filter(agent);
    let answers = || answers().map(|told| START + Duration::from_millis(told.turn.start_ms));
    let answered = |from: Moment, until: Moment| answers().any(|at| (from..until).contains(&at));
    let missed = utterances
        .iter()
        .zip(until)
        .filter(|(utterance, until)| !answered(utterance.start, *until));
    missed.count() as u64
}
