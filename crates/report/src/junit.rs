//! The accounts of calls as JUnit XML, which the continuous integrations read.

use std::collections::HashMap;
use std::fmt::Write;

use crate::account::{Account, Expectation};
use crate::escape::Markup;

/// The accounts as one JUnit XML document: a suite for each call, a case for each of its
/// expectations, and one case named `completed` for a call that nothing was expected of.
///
/// A suite is named as the call's source. No two cases have the same class and name, since GitLab
/// counts such as one; where calls or expectations are alike, the later ones are numbered.
pub fn junit(accounts: &[Account]) -> String {
    let mut names = Names::default();
    let mut suites = String::new();
    for account in accounts {
        push_suite(&mut suites, account, &mut names);
    }
    let cases = accounts.iter().map(cases_of).sum::<usize>();
    let failures = accounts.iter().map(failures_of).sum::<usize>();
    let duration = accounts.iter().map(|account| account.duration_ms).sum();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"mihu replay\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\" \
         time=\"{}\">\n{suites}</testsuites>\n",
        seconds(duration)
    )
}

/// The names of cases that are taken, and how often.
#[derive(Default)]
struct Names(HashMap<(String, String), u32>);

impl Names {
    /// `name`, numbered if a case of `class` has it already.
    fn take(&mut self, class: &str, name: &str) -> String {
        let times = self.0.entry((class.to_owned(), name.to_owned()));
        let times = times.and_modify(|times| *times += 1).or_insert(1);
        match times {
            1 => name.to_owned(),
            times => format!("{name} ({times})"),
        }
    }
}

fn cases_of(account: &Account) -> usize {
    account.expectations.len().max(1)
}

fn failures_of(account: &Account) -> usize {
    let failed = account.expectations.iter().filter(|one| !one.passed);
    failed.count()
}

fn push_suite(out: &mut String, account: &Account, names: &mut Names) {
    let class = class(account);
    let time = seconds(account.duration_ms);
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" \
         time=\"{time}\">\n    <properties>",
        Markup(&account.source),
        cases_of(account),
        failures_of(account),
    );
    for (name, value) in properties(account) {
        let _ = writeln!(
            out,
            "      <property name=\"{name}\" value=\"{}\"/>",
            Markup(&value)
        );
    }
    out.push_str("    </properties>\n");
    if account.expectations.is_empty() {
        push_case(out, &class, &names.take(&class, "completed"), &time, None);
    }
    for expectation in &account.expectations {
        let failed = (!expectation.passed).then_some(expectation);
        let name = names.take(&class, &expectation.text);
        push_case(out, &class, &name, &time, failed);
    }
    out.push_str("  </testsuite>\n");
}

fn push_case(out: &mut String, class: &str, name: &str, time: &str, failed: Option<&Expectation>) {
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{time}\"",
        Markup(class),
        Markup(name)
    );
    match failed {
        None => out.push_str("/>\n"),
        Some(Expectation { text, detail, .. }) => {
            let _ = writeln!(
                out,
                ">\n      <failure type=\"expectation\" message=\"{}\">expected: {}&#10;found: \
                 {}</failure>\n    </testcase>",
                Markup(detail),
                Markup(text),
                Markup(detail)
            );
        }
    }
}

fn properties(account: &Account) -> [(&'static str, String); 6] {
    [
        ("agent", account.agent.clone()),
        ("seed", account.seed.to_string()),
        ("end", account.end.clone()),
        ("turns", account.turns.len().to_string()),
        ("false_cutoffs", account.false_cutoffs.to_string()),
        ("missed_turns", account.missed_turns.to_string()),
    ]
}

/// The agent and the source as package and class: what follows the last full stop is the class to
/// Jenkins, so they have no other.
fn class(account: &Account) -> String {
    let part = |name: &str| name.replace('.', "_");
    format!("{}.{}", part(&account.agent), part(&account.source))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use quick_xml::events::Event;
    use quick_xml::reader::Reader;

    use super::*;

    /// The elements of a document that must be well-formed: names with their attributes and texts.
    fn elements(document: &str) -> Vec<(String, HashMap<String, String>)> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        let mut elements = Vec::new();
        let mut open = 0;
        loop {
            let event = reader.read_event().expect("well-formed XML");
            match &event {
                Event::Start(tag) | Event::Empty(tag) => {
                    open += i32::from(matches!(event, Event::Start(_)));
                    let name = String::from_utf8(tag.name().as_ref().to_vec()).expect("UTF-8");
                    let attributes = tag.attributes().map(|attribute| {
                        let attribute = attribute.expect("a sound attribute");
                        let key = attribute.key.as_ref().to_vec();
                        let value = attribute
                            .decoded_and_normalized_value(
                                quick_xml::XmlVersion::Explicit1_0,
                                reader.decoder(),
                            )
                            .expect("an escaped value");
                        (String::from_utf8(key).expect("UTF-8"), value.into_owned())
                    });
                    elements.push((name, attributes.collect()));
                }
                Event::End(_) => open -= 1,
                Event::Eof => break,
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
        assert_eq!(open, 0, "an element is left open");
        elements
    }

    fn expectation(text: &str, passed: bool, detail: &str) -> Expectation {
        Expectation {
            text: text.to_owned(),
            passed,
            detail: detail.to_owned(),
        }
    }

    fn call(source: &str, expectations: Vec<Expectation>) -> Account {
        Account {
            source: source.to_owned(),
            agent: "Maya".to_owned(),
            duration_ms: 61_005,
            expectations,
            ..Account::default()
        }
    }

    fn named<'a>(
        elements: &'a [(String, HashMap<String, String>)],
        name: &str,
    ) -> Vec<&'a HashMap<String, String>> {
        let named = elements.iter().filter(|(found, _)| found == name);
        named.map(|(_, attributes)| attributes).collect()
    }

    #[test]
    fn every_expectation_is_a_case_and_every_unmet_one_a_failure() {
        let expectations = vec![
            expectation("says hello", true, "said hello"),
            expectation("answers within 900 ms", false, "answered after 1,200 ms"),
        ];
        let found = elements(&junit(&[call("calls/a.wav", expectations)]));
        let suite = named(&found, "testsuite")[0];
        assert_eq!(suite["name"], "calls/a.wav");
        assert_eq!((&*suite["tests"], &*suite["failures"]), ("2", "1"));
        assert_eq!(suite["time"], "61.005");
        let cases = named(&found, "testcase");
        assert_eq!(cases[0]["classname"], "Maya.calls/a_wav");
        assert_eq!(cases[1]["name"], "answers within 900 ms");
        let failures = named(&found, "failure");
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0]["message"], "answered after 1,200 ms");
    }

    #[test]
    fn a_call_that_nothing_is_expected_of_is_one_case() {
        let found = elements(&junit(&[call("a.wav", Vec::new())]));
        assert_eq!(named(&found, "testcase")[0]["name"], "completed");
        assert_eq!(named(&found, "testsuites")[0]["tests"], "1");
    }

    #[test]
    fn cases_that_are_alike_are_numbered() {
        let twice = || vec![expectation("says hello", true, "")];
        let found = elements(&junit(&[call("a.wav", twice()), call("a.wav", twice())]));
        let names = named(&found, "testcase").into_iter();
        let names: Vec<_> = names.map(|case| case["name"].as_str()).collect();
        assert_eq!(names, ["says hello", "says hello (2)"]);
    }

    #[test]
    fn foreign_words_do_not_break_the_document() {
        let words = "]]></failure><x a=\"1\" b='2'>&amp; \u{1b}[31m\0\u{ffff}\n%d";
        let account = call(words, vec![expectation(words, false, words)]);
        let found = elements(&junit(&[account]));
        let shown = words.replace(['\u{1b}', '\0', '\u{ffff}'], "\u{fffd}");
        assert_eq!(named(&found, "testsuite")[0]["name"], shown);
        assert_eq!(named(&found, "failure")[0]["message"], shown);
        assert_eq!(named(&found, "x").len(), 0);
    }
}
