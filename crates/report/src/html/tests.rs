use super::*;
use crate::account::{
    Decision, Expectation, Item, Ledger, Span, Speaker, Speculation, Try, Turn, Verdict,
};
use crate::change::{Changes, Exchange, Part, Source};

const ATTACK: &str = "</script><img src=x onerror=\"alert('1')\">";

/// A call in which every word that comes from outside is `words`.
fn account(words: &str) -> Account {
    Account {
        source: words.to_owned(),
        agent: words.to_owned(),
        end: words.to_owned(),
        duration_ms: 2_000,
        turns: vec![
            turn(Speaker::Caller, words, words),
            turn(Speaker::Agent, words, words),
            turn(Speaker::Agent, words, "other words"),
            turn(Speaker::Agent, words, ""),
        ],
        decisions: vec![Decision {
            verdict: Verdict::TurnEnded,
            at_ms: 1_800,
            start_ms: 1_000,
            end_ms: 1_500,
            evidence: vec![words.to_owned(), words.to_owned()],
        }],
        expectations: vec![
            Expectation {
                text: words.to_owned(),
                passed: true,
                detail: words.to_owned(),
            },
            Expectation {
                text: words.to_owned(),
                passed: false,
                detail: words.to_owned(),
            },
        ],
        changes: Some(Changes {
            old_end: words.to_owned(),
            new_end: words.to_owned(),
            exchanges: vec![Exchange::new(
                0,
                None,
                Some(Part {
                    caller: words.to_owned(),
                    agent: words.to_owned(),
                    ..Part::default()
                }),
            )],
            reused: vec![Source {
                what: words.to_owned(),
                all: 2,
                kept: 1,
                others: words.to_owned(),
            }],
        }),
        ..Account::default()
    }
}

fn turn(speaker: Speaker, text: &str, heard: &str) -> Turn {
    Turn {
        speaker,
        text: text.to_owned(),
        start_ms: 1_000,
        end_ms: 1_500,
        heard_text: heard.to_owned(),
        interrupted: true,
        false_cutoff: false,
        ledger: Some(Ledger {
            voiced_to_audible_ms: 300.0,
            decision_to_first_audio_ms: 20.0,
            items: vec![Item {
                name: text.to_owned(),
                start_ms: 700.0,
                duration_ms: 300.0,
            }],
            unattributed_ms: 0.0,
            evidence: vec![text.to_owned()],
        }),
        speculation: Some(Speculation {
            tries: 1,
            used: 1,
            ..Speculation::default()
        }),
    }
}

fn page(accounts: &[Account]) -> String {
    let calls: Vec<_> = accounts
        .iter()
        .map(|account| Call {
            account,
            caller: &[1_000; 16_000],
            agent: &[0; 8_000],
            rate: SampleRate::HZ_8000,
        })
        .collect();
    html(&calls)
}

#[test]
fn foreign_words_are_inert_wherever_they_stand() {
    let accounts = [account(ATTACK), account(ATTACK)];
    let page = page(&accounts);
    assert!(!page.contains("<img"), "markup came through");
    assert!(page.contains("&lt;/script&gt;&lt;img src=x"));
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, 1 + accounts.len());
    assert_eq!(page.matches("</script").count(), scripts);
}

#[test]
fn speech_is_drawn_under_the_side_that_it_is_heard_on() {
    let mut account = account("hello");
    account.speech.caller = vec![Span {
        start_ms: 500,
        end_ms: 1_500,
    }];
    let page = page(&[account]);
    let (caller, agent) = page.split_once("side agent").expect("both sides");
    let bar = "<rect class=\"talk\" data-play=\"500\" x=\"25.000%\" width=\"50.000%\"";
    assert!(caller.contains(bar), "{caller}");
    assert!(!agent.contains("class=\"talk\" data-play"));
}

#[test]
fn decisions_and_answers_begun_ahead_stand_in_the_order_of_their_times() {
    let mut account = account("hello");
    account.decisions.push(Decision {
        verdict: Verdict::Dismissed,
        at_ms: 700,
        start_ms: 300,
        end_ms: 500,
        evidence: Vec::new(),
    });
    let attempt = |began_ms, used| Try {
        began_ms,
        used,
        saved_ms: 412,
        tokens: 9,
    };
    account.tries = vec![attempt(1_200, false), attempt(1_650, true)];
    let page = page(&[account]);
    let (_, list) = page.split_once("class=\"decisions\"").expect("a list");
    let (list, _) = list.split_once("</ol>").expect("its end");
    assert!(
        list.contains("2 decisions, 2 answers begun ahead"),
        "{list}"
    );
    let order = [
        "data-play=\"700\"",
        "No turn</b>, 200 ms after the last sound",
        "data-play=\"1200\"",
        "thrown away, 9 tokens",
        "data-play=\"1650\"",
        "used, 412 ms saved, 9 tokens",
        "data-play=\"1800\"",
        "Turn over</b>, 300 ms after the last sound",
        "hello; hello",
    ];
    let mut rest = list;
    for wanted in order {
        let found = rest.split_once(wanted);
        (_, rest) = found.unwrap_or_else(|| panic!("no {wanted} in its place: {list}"));
    }
}

#[test]
fn the_page_names_no_other_host() {
    let page = page(&[account("hello")]);
    for reference in ["http:", "https:", "@import", "url(", "=\"//"] {
        assert!(!page.contains(reference), "{reference}");
    }
}

#[test]
fn the_policy_admits_the_script_and_style_that_are_there() {
    let page = page(&[account("hello")]);
    let between = |start: &str, end: &str| {
        let (_, rest) = page.split_once(start).expect("its start");
        rest.split_once(end).expect("its end").0
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    let style = digest(between("<style>", "</style>"));
    assert!(policy.contains(&format!("style-src '{style}'")), "{policy}");
    let script = digest(between("<script>", "</script>"));
    assert!(
        policy.contains(&format!("script-src '{script}'")),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(
        !page.contains(" style=\""),
        "an inline style is refused by the policy"
    );
}

#[test]
fn a_call_of_nothing_has_a_page() {
    let account = Account::default();
    let call = Call {
        account: &account,
        caller: &[],
        agent: &[],
        rate: SampleRate::HZ_8000,
    };
    let page = html(&[call]);
    assert!(page.contains("Nobody said anything."));
    assert!(!page.contains("NaN") && !page.contains("inf%"));
}

#[test]
fn a_minute_of_phone_audio_fits_two_megabytes() {
    let account = account("hello");
    let side = vec![100; 60 * 8_000];
    let call = Call {
        account: &account,
        caller: &side,
        agent: &side,
        rate: SampleRate::HZ_8000,
    };
    let size = html(&[call]).len();
    assert!(size < 2_000_000, "{size} bytes");
}
