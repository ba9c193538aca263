use super::*;

const SCENARIO: &str = "\
name: Refund
agent: ../agents/support.yaml
net: loss=2%
codec: pcmu
seed: 7
caller:
  - say: a.wav
    after: 200ms
    expect:
      - agent says: opening hours
      - does not interrupt
  - say: b.wav
    interrupt at: 2.5s
  - press: 42#
  - wait: 3s
expect:
  - at most turns: 6
  - calls tool: end_call
  - hangs up
tools:
  book_table: Your table is booked.
";

fn parse(yaml: &str) -> Result<Scenario, String> {
    Scenario::parse(Path::new("tests/refund.yaml"), yaml).map_err(|error| error.to_string())
}

/// What is said of the scenario with `old` replaced by `new`.
fn refused(old: &str, new: &str) -> String {
    assert!(SCENARIO.contains(old));
    parse(&SCENARIO.replacen(old, new, 1)).expect_err("no such scenario")
}

#[test]
fn a_scenario_tells_what_the_caller_does_and_what_is_expected() {
    let scenario = parse(SCENARIO).unwrap();
    assert_eq!(scenario.name, "Refund");
    assert_eq!(
        scenario.agent,
        Some(PathBuf::from("tests/../agents/support.yaml"))
    );
    assert_eq!(
        (scenario.codec, scenario.seed),
        (Some(Codec::Pcmu), Some(7))
    );
    assert_eq!(scenario.tools["book_table"], "Your table is booked.");
    let cues: Vec<Cue> = scenario.steps.iter().map(|step| step.cue).collect();
    let expected = [
        Cue::Silence(Duration::from_millis(200)),
        Cue::Speech(Duration::from_millis(2_500)),
        Cue::Silence(AFTER),
        Cue::Silence(AFTER),
    ];
    assert_eq!(cues, expected);
    let names: Vec<&str> = scenario.steps.iter().map(|step| &step.name[..]).collect();
    assert_eq!(
        names,
        ["1 say a.wav", "2 say b.wav", "3 press 42#", "4 wait 3000ms"]
    );
    let lines =
        |expect: &[Expect]| -> Vec<String> { expect.iter().map(Expect::to_string).collect() };
    let first = lines(&scenario.steps[0].expect);
    assert_eq!(first, ["agent says: opening hours", "does not interrupt"]);
    let whole = lines(&scenario.expect);
    assert_eq!(
        whole,
        ["at most turns: 6", "calls tool: end_call", "hangs up"]
    );
}

#[test]
fn a_tool_is_expected_by_its_name_or_with_arguments() {
    let with = |tool: &str| SCENARIO.replace("calls tool: end_call", tool);
    let whole = |yaml: &str| parse(yaml).map(|scenario| scenario.expect[1].to_string());
    let arguments = with("calls tool:\n      name: book\n      arguments: friday");
    assert_eq!(
        whole(&arguments),
        Ok("calls tool: book with friday".to_owned())
    );
    let values = with(
        "calls tool:\n      name: book\n      arguments: {day: Friday, guests: 4, smoking: false}",
    );
    assert_eq!(
        whole(&values),
        Ok(r#"calls tool: book with {"day":"Friday","guests":4,"smoking":false}"#.to_owned())
    );
    for wrong in [
        with("calls tool:\n      name: book\n      arguments: 7"),
        with("calls tool:\n      name: book\n      arguments: '('"),
        with("calls tool:\n      tool: book"),
    ] {
        let error = whole(&wrong).expect_err("no such expectation");
        assert!(error.starts_with("tests/refund.yaml:19:"), "{error}");
        assert!(error.contains("`arguments`"), "{error}");
    }
}

#[test]
fn audio_is_looked_for_beside_the_scenario() {
    let scenario = parse(SCENARIO).unwrap();
    let Act::Say(path) = &scenario.steps[0].act else {
        panic!("the first step says something");
    };
    assert_eq!(path, Path::new("tests/a.wav"));
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = refused("    after:", "    afterwards:");
    assert!(
        error.starts_with("tests/refund.yaml:8:5: there is no key `afterwards`"),
        "{error}"
    );
    assert!(error.contains("`interrupt at`"), "{error}");
    let error = refused("seed: 7", "sead: 7");
    assert!(error.starts_with("tests/refund.yaml:5:1: "), "{error}");
}

#[test]
fn an_unknown_expectation_is_named_with_its_line() {
    let error = refused("agent says:", "agent sings:");
    assert!(error.starts_with("tests/refund.yaml:10:"), "{error}");
    assert!(
        error.contains("`agent sings`") && error.contains("`hangs up`"),
        "{error}"
    );
}

#[test]
fn a_value_that_is_none_is_named_with_its_line() {
    for (old, new, line, expected) in [
        ("200ms", "soon", 8, "900ms"),
        ("loss=2%", "lost=2%", 3, "loss"),
        ("pcmu", "mp3", 4, "l16, pcmu"),
        ("42#", "4x2", 14, "0 to 9"),
        ("opening hours", "'(opening'", 10, "pattern"),
    ] {
        let error = refused(old, new);
        assert!(
            error.starts_with(&format!("tests/refund.yaml:{line}:")),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_step_does_one_thing() {
    let error = refused("    after: 200ms", "    press: 1");
    assert!(error.starts_with("tests/refund.yaml:7:"), "{error}");
    assert!(
        error.contains("one of `say`, `press` and `wait`"),
        "{error}"
    );
}

#[test]
fn a_step_has_one_cue() {
    let error = refused("    after: 200ms", "    after: 200ms\n    interrupt at: 1s");
    assert!(error.contains("not both"), "{error}");
}

#[test]
fn a_scenario_without_steps_is_none() {
    let error = parse("name: Nobody\ncaller: []\n").unwrap_err();
    assert!(error.starts_with("tests/refund.yaml:2:"), "{error}");
    assert!(parse("name: Nobody\n").unwrap_err().contains("caller"));
}

#[test]
fn the_examples_of_the_documentation_are_scenarios_and_show_every_key() {
    let page = include_str!("../../../../docs/replay.md");
    let fenced = page.split("```yaml\n").skip(1);
    let examples: Vec<&str> = fenced.filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 3);
    for example in &examples {
        parse(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
    }
    let all = examples.concat();
    for key in [
        "name:",
        "agent:",
        "codec:",
        "net:",
        "seed:",
        "channel:",
        "tools:",
        "caller:",
        "- say:",
        "- press:",
        "- wait:",
        "after:",
        "interrupt at:",
        "- agent says:",
        "- agent does not say:",
        "- answers within:",
        "- does not interrupt",
        "- calls tool: book_table",
        "arguments: '",
        "arguments: {",
        "- at most turns:",
        "- hangs up",
    ] {
        assert!(all.contains(key), "no example shows `{key}`");
    }
}
