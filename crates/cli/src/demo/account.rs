use std::path::{Path, PathBuf};

use audio::level;
use engine::{CallReport, CallStatus, Speaker, TranscriptTurn};
use phone::Report;
use serde::Serialize;
use speech::word_error_rate;

use super::receiver::Verified;
use crate::Failure;

/// Share of wrong words in a caller's transcript that still counts as understood.
const TOLERATED_ERRORS: f64 = 0.1;

/// Everything the demo saw.
pub(super) struct Evidence {
    pub(super) call: String,
    pub(super) conversation: String,
    pub(super) report: CallReport,
    pub(super) phone: Report,
    /// What the phone's recordings say, in order.
    pub(super) expected: Vec<String>,
    pub(super) webhook: Option<Verified>,
    pub(super) recording: PathBuf,
    pub(super) transcript: PathBuf,
    pub(super) heard_by_phone: PathBuf,
}

/// What happened, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    call_id: String,
    conversation_uuid: String,
    pub(super) status: CallStatus,
    pub(super) turns: Vec<Turn>,
    pub(super) latency: Latency,
    pub(super) word_error_rate: f64,
    webhook: Option<WebhookAccount>,
    recording: PathBuf,
    transcript: PathBuf,
    heard_by_phone: PathBuf,
}

/// One turn of either party.
#[derive(Debug, Serialize)]
pub(super) struct Turn {
    pub(super) speaker: Speaker,
    pub(super) text: String,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
}

/// The latencies of the agent's answers, in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Latency {
    /// As the node accounts for it.
    pub(super) decision_to_first_audio_ms: Quantiles,
    /// As the phone heard it: its last voiced sample sent to the first audible one heard.
    pub(super) voiced_to_audible_ms: Quantiles,
}

/// Quantiles of a few figures; zero without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Quantiles {
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) max: u64,
}

#[derive(Debug, Serialize)]
struct WebhookAccount {
    event: String,
    signature_valid: bool,
}

impl Account {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let turn = |turn: &TranscriptTurn| Turn {
            speaker: turn.speaker,
            text: turn.text.clone(),
            start_ms: turn.start_ms,
            end_ms: turn.end_ms,
        };
        let latencies = &evidence.report.latencies;
        let decisions = latencies
            .iter()
            .map(|latency| latency.decision_to_first_audio_ms);
        let answers = evidence
            .phone
            .said
            .iter()
            .filter_map(|said| said.answered_after_ms);
        Self {
            call_id: evidence.call.clone(),
            conversation_uuid: evidence.conversation.clone(),
            status: evidence.report.status,
            turns: evidence.report.transcript.iter().map(turn).collect(),
            latency: Latency {
                decision_to_first_audio_ms: Quantiles::of(decisions.collect()),
                voiced_to_audible_ms: Quantiles::of(answers.collect()),
            },
            word_error_rate: word_error_rate(
                &evidence.expected.join(" "),
                &said_by(evidence, Speaker::Caller),
            ),
            webhook: evidence.webhook.as_ref().map(|webhook| WebhookAccount {
                event: webhook.event.clone(),
                signature_valid: webhook.signature_valid,
            }),
            recording: evidence.recording.clone(),
            transcript: evidence.transcript.clone(),
            heard_by_phone: evidence.heard_by_phone.clone(),
        }
    }
}

impl Evidence {
    /// What should have happened and did not.
    pub(super) fn missing(&self, account: &Account) -> Vec<String> {
        let mut missing = Vec::new();
        let mut expect = |happened: bool, what: String| {
            if !happened {
                missing.push(what);
            }
        };
        let turns_of = |speaker| {
            account
                .turns
                .iter()
                .filter(|turn| turn.speaker == speaker)
                .count()
        };
        let utterances = self.expected.len();
        expect(
            account.status == CallStatus::Completed,
            format!(
                "the call ended as {}: {}",
                account.status.as_str(),
                self.report.reason
            ),
        );
        expect(
            turns_of(Speaker::Caller) >= utterances,
            format!(
                "{} of {utterances} utterances understood",
                turns_of(Speaker::Caller)
            ),
        );
        expect(
            turns_of(Speaker::Agent) > utterances,
            format!("{} turns of the agent", turns_of(Speaker::Agent)),
        );
        expect(
            account.word_error_rate <= TOLERATED_ERRORS,
            format!(
                "{:.0} % of the caller's words wrong",
                account.word_error_rate * 100.0
            ),
        );
        expect(
            self.report.latencies.len() >= utterances,
            format!("latencies of {} answers", self.report.latencies.len()),
        );
        expect(
            self.phone
                .said
                .iter()
                .all(|said| said.answered_after_ms.is_some()),
            "an answer to every utterance, heard by the phone".to_owned(),
        );
        match &self.webhook {
            None => expect(false, "the webhook".to_owned()),
            Some(webhook) => {
                expect(
                    webhook.signature_valid,
                    "a valid signature of the webhook".to_owned(),
                );
                let event = webhook.event == "conversation.end_report";
                expect(
                    event,
                    format!("the webhook's event, found `{}`", webhook.event),
                );
            }
        }
        match audio::file::read_channels(&self.recording) {
            Ok((_, sides)) => {
                let both = sides.len() == 2 && sides.iter().all(|side| level::is_audible(side));
                expect(both, "both sides in the stereo recording".to_owned());
            }
            Err(error) => expect(false, format!("a readable recording: {error}")),
        }
        let heard = audio::file::read_channels(&self.heard_by_phone);
        expect(
            heard.is_ok_and(|(_, sides)| sides.iter().any(|side| level::is_audible(side))),
            "the agent's voice in what the phone heard".to_owned(),
        );
        missing
    }
}

impl Quantiles {
    fn of(mut figures: Vec<u64>) -> Self {
        figures.sort_unstable();
        let at = |share: f64| {
            let rank = (share * figures.len() as f64).ceil() as usize;
            figures
                .get(rank.saturating_sub(1))
                .copied()
                .unwrap_or_default()
        };
        Self {
            p50: at(0.5),
            p95: at(0.95),
            max: at(1.0),
        }
    }
}

fn said_by(evidence: &Evidence, speaker: Speaker) -> String {
    let turns = evidence
        .report
        .transcript
        .iter()
        .filter(|turn| turn.speaker == speaker);
    turns
        .map(|turn| turn.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The transcripts of `files`, from the fixtures' manifest.
pub(super) fn transcripts(fixtures: &Path, files: &[&str]) -> Result<Vec<String>, Failure> {
    let manifest = fixtures.join("manifest.tsv");
    let text = std::fs::read_to_string(&manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let transcript = |file: &&str| {
        let row = text
            .lines()
            .find_map(|line| line.strip_prefix(file)?.strip_prefix('\t'));
        let words = row.and_then(|row| row.split('\t').next());
        words
            .map(str::to_owned)
            .ok_or_else(|| Failure::from(format!("{} has no row {file}", manifest.display())))
    };
    files.iter().map(transcript).collect()
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    #[test]
    fn quantiles_of_a_few_figures_are_figures_among_them() {
        let quantiles = Quantiles::of(vec![30, 10, 20]);
        assert_eq!(
            quantiles,
            Quantiles {
                p50: 20,
                p95: 30,
                max: 30
            }
        );
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
