//! The account of a call for a terminal.

use std::fmt::Write;

use crate::account::{Account, Quantiles, Speaker, Turn};
use crate::change::Part;
use crate::escape::Line;
use crate::figure::{clock, count, milliseconds};
use crate::words::{self, Words};

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Plain text, for files and pipes.
    None,
    /// With the escape sequences that terminals understand.
    Ansi,
}

/// The account as lines of text, the last one ended too: the conversation with its times and
/// waits, the figures, and the expectations, the unmet ones as what was expected against what was
/// found.
///
/// Control characters in the account's words are shown as U+FFFD.
pub fn text(account: &Account, colours: Colours) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{}\n{} · {} · seed {} · {}\n",
        colours.bold(Line(&account.source)),
        Line(&account.agent),
        clock(account.duration_ms),
        account.seed,
        Line(&account.end),
    );
    for turn in &account.turns {
        push_turn(&mut out, turn, colours);
    }
    push_figures(&mut out, account);
    push_changes(&mut out, account, colours);
    push_expectations(&mut out, account, colours);
    out
}

impl Colours {
    fn paint(self, code: &str, text: impl std::fmt::Display) -> String {
        match self {
            Self::None => text.to_string(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn bold(self, text: impl std::fmt::Display) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: impl std::fmt::Display) -> String {
        self.paint("2", text)
    }

    fn red(self, text: impl std::fmt::Display) -> String {
        self.paint("31", text)
    }

    fn green(self, text: impl std::fmt::Display) -> String {
        self.paint("32", text)
    }
}

fn push_turn(out: &mut String, turn: &Turn, colours: Colours) {
    let speaker = match turn.speaker {
        Speaker::Agent => colours.bold("agent "),
        Speaker::Caller => "caller".to_owned(),
    };
    let words = match words::of(turn) {
        Words::All(text) => Line(text).to_string(),
        Words::Until { heard: "", unheard } => not_heard(unheard, colours),
        Words::Until { heard, unheard } => {
            format!("{} {}", Line(heard), not_heard(unheard, colours))
        }
        Words::Differing { heard, meant } => format!(
            "{} {}",
            Line(heard),
            colours.dim(format_args!("[meant: {}]", Line(meant)))
        ),
    };
    let start = clock(turn.start_ms);
    let _ = writeln!(out, "{start:>9}  {speaker}  {words}");
    let mut notes = Vec::new();
    if let Some(ledger) = &turn.ledger {
        let waited = milliseconds(ledger.voiced_to_audible_ms);
        let decided = milliseconds(ledger.decision_to_first_audio_ms);
        notes.push(format!(
            "heard {waited} after the caller, {decided} after the decision"
        ));
    }
    if let Some(speculation) = turn.speculation.filter(|one| one.tries > 0) {
        let tries = count(speculation.tries.into(), "try", "tries");
        let saved = milliseconds(speculation.saved_ms as f64);
        notes.push(format!(
            "{tries} ahead, {} wasted, {saved} saved",
            speculation.wasted
        ));
    }
    if turn.interrupted {
        notes.push("interrupted".to_owned());
    }
    if !notes.is_empty() {
        let _ = writeln!(out, "{:19}{}", "", colours.dim(notes.join("; ")));
    }
}

fn not_heard(words: &str, colours: Colours) -> String {
    colours.dim(format_args!("[not heard: {}]", Line(words)))
}

fn push_figures(out: &mut String, account: &Account) {
    let _ = writeln!(
        out,
        "\n{:28}{:>10}{:>10}{:>10}{:>10}",
        "", "p50", "p95", "p99", "max"
    );
    let latency = &account.latency;
    let rows = [
        (
            "decision to first audio",
            latency.decision_to_first_audio_ms,
        ),
        ("last voiced to audible", latency.voiced_to_audible_ms),
        ("added by the engine", latency.engine_added_ms),
    ];
    for (name, Quantiles { p50, p95, p99, max }) in rows {
        let figures = [p50, p95, p99, max].map(|ms| format!("{:>10}", milliseconds(ms)));
        let _ = writeln!(out, "{name:28}{}", figures.concat());
    }
    let _ = writeln!(
        out,
        "{}, {}",
        count(account.false_cutoffs, "false cut-off", "false cut-offs"),
        count(account.missed_turns, "missed turn", "missed turns"),
    );
}

/// Each exchange that changed as what it was and what it is.
fn push_changes(out: &mut String, account: &Account, colours: Colours) {
    let Some(changes) = &account.changes else {
        return;
    };
    let changed = || changes.exchanges.iter().filter(|one| one.changed);
    let _ = writeln!(
        out,
        "\n{} of {} changed",
        changed().count(),
        count(changes.exchanges.len() as u64, "exchange", "exchanges"),
    );
    for exchange in changed() {
        let _ = writeln!(out, "{:>9}", clock(exchange.start_ms));
        for line in lines(exchange.old.as_ref()) {
            let _ = writeln!(out, "    {}", colours.red(format_args!("- {line}")));
        }
        for line in lines(exchange.new.as_ref()) {
            let _ = writeln!(out, "    {}", colours.green(format_args!("+ {line}")));
        }
    }
    if changes.old_end != changes.new_end {
        let (old, new) = (Line(&changes.old_end), Line(&changes.new_end));
        let _ = writeln!(
            out,
            "    {}\n    {}",
            colours.red(format_args!("- ended: {old}")),
            colours.green(format_args!("+ ended: {new}")),
        );
    }
    for source in &changes.reused {
        let note = format!(
            "{} of {} {} from the bundle, others: {}",
            source.kept,
            source.all,
            Line(&source.what),
            Line(&source.others)
        );
        let _ = writeln!(out, "{}", colours.dim(note));
    }
}

fn lines(part: Option<&Part>) -> Vec<String> {
    let Some(part) = part else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if !part.caller.is_empty() {
        lines.push(format!("caller: {}", Line(&part.caller)));
    }
    if !part.agent.is_empty() {
        let mut line = format!("agent: {}", Line(&part.agent));
        if let Some(waited) = part.voiced_to_audible_ms {
            let _ = write!(line, " [heard after {}]", milliseconds(waited));
        }
        if part.interrupted {
            line.push_str(" [interrupted]");
        }
        lines.push(line);
    }
    lines
}

fn push_expectations(out: &mut String, account: &Account, colours: Colours) {
    let expectations = &account.expectations;
    if expectations.is_empty() {
        return;
    }
    let met = expectations.iter().filter(|one| one.passed).count();
    let _ = writeln!(out, "\n{met} of {} expectations met", expectations.len());
    for expectation in expectations {
        let text = Line(&expectation.text);
        if expectation.passed {
            let _ = writeln!(out, "  {} {text}", colours.green("met     "));
            continue;
        }
        let _ = writeln!(
            out,
            "  {} {text}\n    {}\n    {}",
            colours.red("not met "),
            colours.green(format_args!("- expected: {text}")),
            colours.red(format_args!("+ found:    {}", Line(&expectation.detail))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Expectation, Ledger};
    use crate::change::{Changes, Exchange};

    fn account() -> Account {
        Account {
            source: "a.wav".to_owned(),
            turns: vec![Turn {
                speaker: Speaker::Agent,
                text: "Restart the router now.".to_owned(),
                start_ms: 9_320,
                end_ms: 10_100,
                heard_text: "Restart the".to_owned(),
                interrupted: true,
                false_cutoff: false,
                ledger: Some(Ledger {
                    voiced_to_audible_ms: 342.0,
                    decision_to_first_audio_ms: 18.2,
                    ..Ledger::default()
                }),
                speculation: None,
            }],
            expectations: vec![Expectation {
                text: "says hello".to_owned(),
                passed: false,
                detail: "said \u{1b}[2Jgoodbye".to_owned(),
            }],
            ..Account::default()
        }
    }

    #[test]
    fn a_turn_shows_its_time_its_wait_and_what_was_not_heard() {
        let shown = text(&account(), Colours::None);
        let turn = "   0:09.3  agent   Restart the [not heard: router now.]\n";
        assert!(shown.contains(turn), "{shown}");
        let wait = "heard 342 ms after the caller, 18 ms after the decision; interrupted\n";
        assert!(shown.contains(wait), "{shown}");
    }

    #[test]
    fn an_unmet_expectation_shows_what_was_expected_and_found() {
        let shown = text(&account(), Colours::None);
        let diff = "    - expected: says hello\n    + found:    said \u{fffd}[2Jgoodbye\n";
        assert!(shown.contains(diff), "{shown}");
    }

    #[test]
    fn what_changed_shows_as_what_it_was_and_what_it_is() {
        let part = |agent: &str| {
            Some(Part {
                agent: agent.to_owned(),
                voiced_to_audible_ms: Some(300.0),
                ..Part::default()
            })
        };
        let changed = Account {
            changes: Some(Changes {
                exchanges: vec![Exchange::new(1_000, part("Yes."), part("No."))],
                ..Changes::default()
            }),
            ..Account::default()
        };
        let shown = text(&changed, Colours::None);
        let expected = "1 of 1 exchange changed\n   0:01.0\n    - agent: Yes. [heard after 300 ms]\n    + agent: No.";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        assert!(!text(&account(), Colours::None).contains('\u{1b}'));
        assert!(text(&account(), Colours::Ansi).contains("\u{1b}[31mnot met"));
    }
}
