//! The page of a replay, opened in Chromium as its readers open it.
//!
//! Pages and pictures of them are left in Cargo's folder for test files, to be looked at.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use audio::SampleRate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use end_to_end::{Chromium, checkout, mihu};
use report::{
    Account, Call, Expectation, Item, Latencies, Ledger, Quantiles, Span, Speaker, Speculation,
    Speech, Turn,
};
use serde_json::json;

const RATE: SampleRate = SampleRate::HZ_8000;
const ATTACK: &str = "</script><img src=x onerror=\"window.attacked = 1\">";

/// How many pixels of the page a window of its width does not show.
const OVERFLOW: &str =
    "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// Which fixture is said when, by whom, with what words, of which so many are heard.
const SAID: [(Speaker, u64, &str, &str, Option<usize>); 7] = [
    (
        Speaker::Agent,
        400,
        "ast_en_hello",
        "Larkfield Telecom support, this is Maya. What do you hear when your call fails?",
        None,
    ),
    (
        Speaker::Caller,
        6_100,
        "ast_en_ss-noservice",
        "The number you have dialed is not in service. Please check the number and try again.",
        None,
    ),
    (
        Speaker::Agent,
        13_500,
        "ast_en_check-number-dial-again",
        "That number does not exist. Please check the number, then dial it again, and if that \
         does not help, ask the person you are calling for their new number.",
        Some(11),
    ),
    (
        Speaker::Caller,
        18_200,
        "ast_en_one-moment-please",
        "One moment please.",
        None,
    ),
    (
        Speaker::Agent,
        21_300,
        "ast_en_number-not-answering",
        "Of course, take your time.",
        None,
    ),
    (
        Speaker::Caller,
        30_000,
        "ast_en_agent-incorrect",
        "I have another number here that ends with four two seven.",
        None,
    ),
    (
        Speaker::Agent,
        38_900,
        "ast_en_goodbye",
        "Thank you for calling Larkfield Telecom. Goodbye.",
        None,
    ),
];

/// A call of a minute, and its two sides.
fn minute() -> (Account, Vec<i16>, Vec<i16>) {
    let mut caller = vec![0; RATE.samples_in(Duration::from_secs(60))];
    let mut agent = caller.clone();
    let mut turns = Vec::new();
    for (speaker, start_ms, fixture, text, heard) in SAID {
        let file = checkout(&format!("fixtures/{fixture}.wav"));
        let samples = audio::file::read_mono(file, RATE).expect("a fixture");
        let side = match speaker {
            Speaker::Agent => &mut agent,
            Speaker::Caller => &mut caller,
        };
        let start = RATE.samples_in(Duration::from_millis(start_ms));
        side[start..start + samples.len()].copy_from_slice(&samples);
        let heard = heard.map(|heard| {
            let words: Vec<_> = text.split_whitespace().take(heard).collect();
            words.join(" ")
        });
        turns.push(Turn {
            speaker,
            text: text.to_owned(),
            start_ms,
            end_ms: start_ms + RATE.duration_of(samples.len()).as_millis() as u64,
            interrupted: heard.is_some(),
            false_cutoff: false,
            heard_text: heard.unwrap_or_else(|| text.to_owned()),
            ledger: (speaker == Speaker::Agent && start_ms > 1_000).then(|| wait(start_ms)),
            speculation: (speaker == Speaker::Agent).then_some(Speculation {
                tries: 2,
                used: 1,
                wasted: 1,
                saved_ms: 412,
                used_tokens: 9,
                wasted_tokens: 23,
            }),
        });
    }
    turns[5].text.push_str(ATTACK);
    let spans = |speaker: Speaker| {
        let turns = turns.iter().filter(|turn| turn.speaker == speaker);
        let spans = turns.map(|turn| Span {
            start_ms: turn.start_ms,
            end_ms: turn.end_ms,
        });
        spans.collect()
    };
    let speech = Speech {
        caller: spans(Speaker::Caller),
        agent: spans(Speaker::Agent),
    };
    let of = |part: fn(&Ledger) -> f64| {
        let ledgers = turns.iter().filter_map(|turn| turn.ledger.as_ref());
        Quantiles::of(ledgers.map(part).collect())
    };
    let account = Account {
        seed: 7,
        source: "calls/2026-03-14 no service.wav".to_owned(),
        agent: "Maya".to_owned(),
        duration_ms: 60_000,
        realtime_factor: Some(41.7),
        end: "the agent hung up".to_owned(),
        latency: Latencies {
            decision_to_first_audio_ms: of(|ledger| ledger.decision_to_first_audio_ms),
            voiced_to_audible_ms: of(|ledger| ledger.voiced_to_audible_ms),
            engine_added_ms: Quantiles::of(vec![4.2, 5.8, 11.0]),
        },
        false_cutoffs: 1,
        expectations: vec![
            expectation("agent says /check the number/", true, "said at 0:13.5"),
            expectation(
                "answers within 900 ms",
                false,
                "answered after 1,139 ms at 0:38.9",
            ),
            expectation("at most 8 turns", true, "7 turns"),
        ],
        turns,
        speech,
        ..Account::default()
    };
    (account, caller, agent)
}

fn expectation(text: &str, passed: bool, detail: &str) -> Expectation {
    Expectation {
        text: text.to_owned(),
        passed,
        detail: detail.to_owned(),
    }
}

/// A wait that ends at `end_ms`, the longer the later.
fn wait(end_ms: u64) -> Ledger {
    let stretch = 1.0 + end_ms as f64 / 20_000.0;
    let parts = [
        ("jitter_buffer", 40.0),
        ("decode", 0.6),
        ("vad_hangover", 96.0 * stretch),
        ("endpoint_wait", 180.0 * stretch),
        ("recogniser", 31.0),
        ("model_first_token", 25.0 * stretch),
        ("sentence_split", 4.0),
        ("synthesis_first_audio", 18.0 * stretch),
        ("playout_wait", 11.5),
    ];
    let voiced_to_audible_ms = 1.4 + parts.iter().map(|part| part.1).sum::<f64>();
    let mut start_ms = end_ms as f64 - voiced_to_audible_ms;
    let items = parts.map(|(name, duration_ms)| {
        let item = Item {
            name: name.to_owned(),
            start_ms,
            duration_ms,
        };
        start_ms += duration_ms;
        item
    });
    Ledger {
        voiced_to_audible_ms,
        decision_to_first_audio_ms: 15.5 + 4.0,
        items: items.to_vec(),
        unattributed_ms: 1.4,
        evidence: vec![
            "96 ms without voice".to_owned(),
            "Smart Turn 0.93".to_owned(),
            "the last words end a sentence".to_owned(),
        ],
    }
}

/// Where files of this name are left.
fn left(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The page of these calls in a browser.
fn open(name: &str, calls: &[Call<'_>]) -> Chromium {
    let file = left(name);
    std::fs::write(&file, report::html(calls)).expect("the page is written");
    Chromium::open(&file, 1_280, 900)
}

/// The page of a call of a minute in a browser.
fn open_minute(name: &str) -> Chromium {
    let (account, caller, agent) = minute();
    let call = Call {
        account: &account,
        caller: &caller,
        agent: &agent,
        rate: RATE,
    };
    open(name, &[call])
}

/// Checks that the page plays on from `seconds`.
fn plays_from(page: &mut Chromium, seconds: f64) {
    page.wait_until("document.querySelector('.playing') !== null");
    page.wait_until(&format!(
        "Number(document.querySelector('#seek').value) > {}",
        seconds * 1e3
    ));
    let at = page.evaluate("Number(document.querySelector('#seek').value)");
    let at = at.as_f64().expect("a position") / 1e3;
    assert!(
        (seconds..seconds + 5.0).contains(&at),
        "plays at {at} s, not from {seconds} s"
    );
}

#[track_caller]
fn nothing_is_wrong_with(page: &mut Chromium) {
    let complaints = page.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_page_shows_turns_waits_expectations_and_waveforms() {
    let mut page = open_minute("shows.html");
    let mut shown = |selector: &str| {
        // What has an area and is in no closed part, so that it is seen.
        page.evaluate(&format!(
            "[...document.querySelectorAll('{selector}')].filter((one) => {{
               const box = one.getBoundingClientRect();
               return box.width > 0 && box.height > 0 && one.checkVisibility();
             }}).length"
        ))
    };
    assert_eq!(shown(".turn"), json!(7));
    assert_eq!(shown(".turn.caller"), json!(3));
    assert_eq!(shown(".bars .bar"), json!(7));
    assert_eq!(shown(".bars .gap"), json!(3));
    assert_eq!(shown(".caller .talk"), json!(3));
    assert_eq!(shown(".agent .talk"), json!(4));
    assert_eq!(shown(".wave path"), json!(2));
    assert_eq!(shown(".stack"), json!(3));
    // The waterfall of the longest wait is open, those of the others are not.
    assert_eq!(shown(".waterfall rect"), json!(9));
    assert_eq!(shown(".expectations .met"), json!(2));
    assert_eq!(shown(".expectations .unmet"), json!(1));
    assert_eq!(shown(".unheard"), json!(1));
    assert_eq!(shown(".badge.warn"), json!(1));
    page.click(".all-waits", 0.5, 0.5);
    page.wait_until("document.querySelectorAll('.wait[open]').length == 3");
    let unheard = page.evaluate("document.querySelector('.unheard').lastChild.data");
    assert_eq!(
        unheard,
        json!(
            "it again, and if that does not help, ask the person you are calling for their \
             new number."
        )
    );
    nothing_is_wrong_with(&mut page);
}

/// A call in which the caller interrupts the agent, replayed by the program: its account, and the
/// page that it wrote.
fn replayed(name: &str) -> (Account, PathBuf) {
    let (page, json) = (left(name), left(name).with_extension("json"));
    let output = Command::new(mihu())
        .env_clear()
        .current_dir(checkout(""))
        .args(["replay", "--scenario"])
        .arg(checkout("examples/scenarios/interruption.yaml"))
        .arg("--html")
        .arg(&page)
        .arg("--json")
        .arg(&json)
        .output()
        .expect("mihu runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let text = std::fs::read_to_string(json).expect("an account");
    (serde_json::from_str(&text).expect("JSON"), page)
}

#[test]
fn the_page_of_a_replay_shows_its_account_and_plays_from_where_one_clicks() {
    let (account, file) = replayed("replayed.html");
    let mut page = Chromium::open(&file, 1_280, 900);
    page.click(".all-waits", 0.5, 0.5);
    let mut shown = |selector: &str| {
        let count = page.evaluate(&format!(
            "[...document.querySelectorAll('{selector}')].filter((one) => {{
               const box = one.getBoundingClientRect();
               return box.width > 0 && box.height > 0 && one.checkVisibility();
             }}).length"
        ));
        count.as_u64().expect("a number") as usize
    };
    let turns = |of: fn(&Turn) -> bool| account.turns.iter().filter(|turn| of(turn)).count();
    assert_eq!(shown(".turn"), account.turns.len());
    assert_eq!(shown(".wave path"), 2);
    for (side, speech, speaker) in [
        (".caller", &account.speech.caller, Speaker::Caller),
        (".agent", &account.speech.agent, Speaker::Agent),
    ] {
        assert!(!speech.is_empty(), "{side}");
        assert_eq!(shown(&format!("{side} .talk")), speech.len());
        let turns = account.turns.iter().filter(|turn| turn.speaker == speaker);
        assert_eq!(shown(&format!("{side} .bar")), turns.count());
    }
    let waited = turns(|turn| turn.ledger.is_some());
    assert!(waited > 0);
    let (decisions, tries) = (account.decisions.len(), account.tries.len());
    assert!(decisions > 0 && tries > 0, "{decisions} {tries}");
    assert_eq!(shown(".decisions li"), decisions + tries);
    assert_eq!(shown(".waterfall"), waited);
    let cut = turns(|turn| turn.interrupted && turn.text != turn.heard_text);
    assert!(cut > 0);
    assert_eq!(shown(".unheard"), cut);

    let number = account.turns.iter().rposition(|turn| turn.ledger.is_some());
    let number = number.expect("an answer");
    let from = format!("#call-1-turn-{} .from", number + 1);
    page.click(&from, 0.5, 0.5);
    plays_from(&mut page, account.turns[number].start_ms as f64 / 1e3);
    page.click(".caller .wave", 0.25, 0.5);
    let quarter = page.evaluate("Number(document.querySelector('.call').dataset.duration) / 4000");
    let quarter = quarter.as_f64().expect("a time");
    page.wait_until(&format!(
        "Number(document.querySelector('#seek').value) < {}",
        (quarter + 5.0) * 1e3
    ));
    plays_from(&mut page, quarter - 0.1);
    save(&mut page, "replayed.png");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn words_that_are_markup_do_nothing() {
    let mut page = open_minute("inert.html");
    let words = page.evaluate("document.querySelectorAll('.words')[5].textContent");
    assert!(words.as_str().expect("words").ends_with(ATTACK), "{words}");
    assert_eq!(page.evaluate("document.images.length"), json!(0));
    assert_eq!(page.evaluate("typeof window.attacked"), json!("undefined"));
    nothing_is_wrong_with(&mut page);
}

#[test]
fn clicking_a_turn_plays_from_its_start() {
    let mut page = open_minute("turn.html");
    page.click("#call-1-turn-6 .from", 0.5, 0.5);
    plays_from(&mut page, 30.0);
    page.wait_until("document.querySelector('.turn.now')?.id == 'call-1-turn-6'");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn clicking_the_waveform_plays_from_there() {
    let mut page = open_minute("waveform.html");
    page.click(".caller .wave", 0.75, 0.5);
    plays_from(&mut page, 44.9);
    page.wait_until("parseFloat(document.querySelector('.playhead').style.left) > 74.8");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn clicking_a_part_of_a_wait_plays_from_there() {
    let mut page = open_minute("wait.html");
    page.click("#call-1-turn-7 .waterfall li", 0.1, 0.5);
    plays_from(&mut page, 37.9);
    nothing_is_wrong_with(&mut page);
}

#[test]
fn zooming_in_widens_the_timeline_and_tells_finer_times() {
    let mut page = open_minute("zoom.html");
    let marks = "[...document.querySelectorAll('.marks text')].filter((one) => \
                 one.getBoundingClientRect().width > 0).length";
    let coarse = page.evaluate(marks).as_u64();
    for _ in 0..3 {
        page.click(".zoom .in", 0.5, 0.5);
    }
    page.wait_until(
        "Math.round(document.querySelector('.track').clientWidth / \
         document.querySelector('.scroll').clientWidth) == 8",
    );
    let fine = page.evaluate(marks).as_u64();
    assert!(fine > coarse, "{fine:?} marks, {coarse:?} before");
    page.click(".zoom .out", 0.5, 0.5);
    page.wait_until("document.querySelector('.zoomed') === null");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn space_plays_and_pauses_and_arrows_seek() {
    let mut page = open_minute("keys.html");
    page.press("ArrowRight");
    page.press("ArrowRight");
    page.press("ArrowLeft");
    page.wait_until("document.querySelector('#time').textContent.startsWith('0:05.0 /')");
    page.press(" ");
    plays_from(&mut page, 5.0);
    page.press(" ");
    page.wait_until("document.querySelector('.playing') === null");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn one_of_several_calls_is_shown_at_a_time() {
    let (first, caller, agent) = minute();
    let second = Account {
        source: "calls/short.wav".to_owned(),
        agent: "Maya".to_owned(),
        duration_ms: 2_000,
        end: "the caller hung up".to_owned(),
        ..Account::default()
    };
    let calls = [
        Call {
            account: &first,
            caller: &caller,
            agent: &agent,
            rate: RATE,
        },
        Call {
            account: &second,
            caller: &caller[..16_000],
            agent: &[],
            rate: RATE,
        },
    ];
    let mut page = open("several.html", &calls);
    let shown = "[...document.querySelectorAll('.call')].filter((call) => !call.hidden)\
                 .map((call) => call.id).join()";
    assert_eq!(page.evaluate(shown), json!("call-1"));
    page.click("nav li:last-child a", 0.5, 0.5);
    page.wait_until(&format!("{shown} == 'call-2'"));
    page.press(" ");
    plays_from(&mut page, 0.2);
    save(&mut page, "several.png");
    nothing_is_wrong_with(&mut page);
}

#[test]
fn the_page_fits_wide_and_narrow_screens_in_light_and_dark() {
    let mut page = open_minute("fits.html");
    page.click("#call-1-turn-3 .from", 0.5, 0.5);
    plays_from(&mut page, 13.5);
    page.press(" ");
    page.wait_until("document.querySelector('.playing') === null");
    for (name, width, height) in [
        ("desktop", 1_280, 900),
        ("tablet", 820, 1_100),
        ("phone", 375, 700),
    ] {
        page.resize(width, height);
        for scheme in ["light", "dark"] {
            page.prefer(scheme);
            let overflow = page.evaluate(OVERFLOW);
            assert!(
                overflow.as_i64() <= Some(0),
                "{name} is {overflow} px too wide"
            );
            save(&mut page, &format!("{name}-{scheme}.png"));
        }
    }
    nothing_is_wrong_with(&mut page);
}

#[test]
fn long_words_do_not_widen_a_narrow_page() {
    let (mut account, caller, agent) = minute();
    let long = "word/".repeat(60);
    account.source.clone_from(&long);
    account.agent.clone_from(&long);
    account.end.clone_from(&long);
    for turn in &mut account.turns {
        turn.text.push_str(&long);
        if let Some(ledger) = &mut turn.ledger {
            ledger.items[0].name.clone_from(&long);
            ledger.evidence[0].clone_from(&long);
        }
    }
    account.expectations.push(expectation(&long, false, &long));
    let call = Call {
        account: &account,
        caller: &caller,
        agent: &agent,
        rate: RATE,
    };
    let mut page = open("long.html", &[call, call]);
    for width in [1_280, 820, 320] {
        page.resize(width, 700);
        let overflow = page.evaluate(OVERFLOW);
        assert!(
            overflow.as_i64() <= Some(0),
            "{overflow} px too wide for {width}"
        );
    }
    save(&mut page, "long.png");
    nothing_is_wrong_with(&mut page);
}

fn save(page: &mut Chromium, name: &str) {
    let picture = STANDARD.decode(page.picture()).expect("base64");
    assert!(picture.starts_with(b"\x89PNG"), "not a picture");
    std::fs::write(left(name), picture).expect("the picture is written");
}

#[test]
fn what_is_wrong_with_a_page_is_noticed() {
    let file = left("wrong.html");
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"img-src 'none'; \
                  script-src 'sha256-AAAA'\">";
    let wrong = [
        ("<script>throw new Error('thrown')</script>", "thrown"),
        ("<script>console.error('told')</script>", "told"),
        (&*format!("{policy}<script>1</script>"), "script-src"),
        (&*format!("{policy}<img src=x>"), "img-src"),
        ("<img src=\"http://127.0.0.1:9/x\">", "127.0.0.1:9"),
    ];
    for (content, expected) in wrong {
        std::fs::write(&file, format!("<!doctype html>{content}")).expect("the page is written");
        let mut page = Chromium::open(&file, 800, 600);
        let complaints = page.complaints();
        let noticed = complaints.iter().any(|one| one.contains(expected));
        assert!(noticed, "{content}: {complaints:#?}");
    }
}
