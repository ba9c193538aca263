//! Turns what happened in a call into its account.

use std::ops::Range;
use std::time::Duration;

use audio::Moment;
use engine::{TurnEvidence, TurnLatency};
use report::{Account, Item, Latencies, Ledger, Quantiles, Speaker, Speculation, Turn};

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
            ledger: latency.map(ledger),
            speculation: latency.and_then(speculation),
        });
    }
    turns.sort_by_key(|turn| turn.start_ms);
    turns
}

/// What the engine itself adds to an answer's wait.
const ENGINE: [&str; 3] = ["jitter_buffer_and_decode", "sentence_split", "playout_wait"];

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
        wasted_tokens: tally.wasted_tokens,
    })
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
