use std::path::Path;

use proptest::prelude::*;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(yaml: &str) -> Result<AgentDefinition, LoadAgentError> {
    let folder = folder(&[("desk.yaml", yaml)]);
    load_file(&folder.path().join("desk.yaml"))
}

/// Line, field and expectation of the problem.
fn problem(yaml: &str) -> (u64, String, String) {
    let error = load(yaml).unwrap_err();
    let LoadAgentError::Field { line, problem, .. } = error else {
        panic!("not about a field: {error}");
    };
    (line, problem.field, problem.expected)
}

#[test]
fn an_agent_takes_its_slug_from_the_file_name() {
    let agent = load("name: Maya\n").unwrap();
    assert_eq!((agent.slug.as_str(), agent.name.as_str()), ("desk", "Maya"));
}

#[test]
fn uuids_are_the_same_at_every_load() {
    let yaml = "name: Maya\nnotes:\n  - content: a\n  - content: a\n";
    let (first, second) = (load(yaml).unwrap(), load(yaml).unwrap());
    assert_eq!(first, second);
    assert!(!first.agent_uuid.is_nil());
    assert_ne!(first.notes[0].uuid, first.notes[1].uuid);
}

#[test]
fn a_uuid_in_the_file_is_kept() {
    let agent = load("uuid: 7d444840-9dc0-41d1-b245-5ffdce74fad2\nname: Maya\n").unwrap();
    assert_eq!(
        agent.agent_uuid.to_string(),
        "7d444840-9dc0-41d1-b245-5ffdce74fad2"
    );
}

#[test]
fn files_are_loaded_in_the_order_of_their_names() {
    let folder = folder(&[
        ("b.yml", "name: B\n"),
        ("a.yaml", "name: A\n"),
        (".hidden.yaml", "nonsense: 1\n"),
        ("read.me", "nonsense"),
    ]);
    let agents = load_folder(folder.path()).unwrap();
    let names: Vec<_> = agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = load_folder(Path::new("/nowhere/agents")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/agents"), "{error}");
}

#[test]
fn two_agents_of_one_slug_are_refused() {
    let folder = folder(&[("a.yaml", "name: A\n"), ("b.yaml", "name: B\nslug: a\n")]);
    let error = load_folder(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("a.yaml") && error.contains("b.yaml"),
        "{error}"
    );
    assert!(error.contains("slug"), "{error}");
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    let (line, field, expected) = problem("name: Maya\nsettings:\n  voice:\n    colour: red\n");
    assert_eq!((line, field.as_str()), (4, "settings.voice.colour"));
    assert!(expected.contains("`interaction`"), "{expected}");
}

#[test]
fn a_wrong_type_is_named_with_its_line() {
    let (line, field, expected) = problem(
        "name: Maya\nsettings:\n  voice:\n    interaction:\n      customer_speak_first: perhaps\n",
    );
    assert_eq!(
        (line, field.as_str()),
        (5, "settings.voice.interaction.customer_speak_first")
    );
    assert_eq!(expected, "true or false");
}

#[test]
fn text_in_place_of_a_number_is_named_with_its_line() {
    let (line, field, expected) = problem(
        "name: Maya\nsettings:\n  voice:\n    call_behavior:\n      silence_timeout_seconds: soon\n",
    );
    assert_eq!(
        (line, field.as_str()),
        (5, "settings.voice.call_behavior.silence_timeout_seconds")
    );
    assert_eq!(expected, "a whole number, 0 or more");
}

#[test]
fn an_object_in_place_of_a_list_is_named_with_its_line() {
    let (line, field, expected) = problem("name: Maya\nnotes:\n  content: a\n");
    assert_eq!((line, field.as_str()), (3, "notes"));
    assert!(
        expected.contains("sequence") || expected.contains("array"),
        "{expected}"
    );
}

#[test]
fn a_number_out_of_range_is_named_with_its_line() {
    let (line, field, expected) =
        problem("name: Maya\nsettings:\n  voice:\n    voice_advanced:\n      speed: 9\n");
    assert_eq!(
        (line, field.as_str()),
        (5, "settings.voice.voice_advanced.speed")
    );
    assert_eq!(expected, "a number from 0.5 to 2");
}

#[test]
fn an_unknown_word_of_a_choice_is_named_with_the_known_ones() {
    let (line, field, expected) = problem("name: Maya\nspeed: slow\n");
    assert_eq!((line, field.as_str()), (2, "speed"));
    assert_eq!(expected, "one of `normal`, `fast`");
}

#[test]
fn a_missing_name_is_named() {
    let (line, field, _) = problem("role: support\n");
    assert_eq!((line, field.as_str()), (1, "name"));
}

#[test]
fn an_item_without_content_is_named_with_its_line() {
    let (line, field, _) = problem("name: Maya\ntraining:\n  - content: a\n  - intent: b\n");
    assert_eq!((line, field.as_str()), (4, "training[1].content"));
}

#[test]
fn a_list_in_place_of_an_agent_is_refused() {
    let (line, field, expected) = problem("- name: Maya\n");
    assert_eq!((line, field.as_str()), (1, "agent"));
    assert!(
        expected.contains("mapping") || expected.contains("object"),
        "{expected}"
    );
}

#[test]
fn broken_yaml_is_named_with_its_line() {
    let error = load("name: Maya\nrole: \"support\nnotes: []\n").unwrap_err();
    assert!(matches!(error, LoadAgentError::Syntax { .. }), "{error}");
    assert!(error.to_string().contains("desk.yaml:"), "{error}");
}

#[test]
fn a_field_given_twice_is_refused() {
    let error = load("name: Maya\nname: Tom\n").unwrap_err().to_string();
    assert!(
        error.contains("desk.yaml:2:") && error.contains("name"),
        "{error}"
    );
}

#[test]
fn two_documents_in_a_file_are_refused() {
    let error = load("name: Maya\n---\nname: Tom\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("desk.yaml:3:1: expected one agent in a file"),
        "{error}"
    );
}

#[test]
fn wrong_shapes_are_named_in_plain_words() {
    assert_eq!(problem("name: Maya\nrole: [a]\n").2, "text");
    assert_eq!(problem("name: Maya\nsettings: 5\n").2, "an object");
    let speed = "name: Maya\nsettings:\n  voice:\n    voice_advanced:\n      speed: fast\n";
    assert_eq!(problem(speed).2, "a number");
}

#[test]
fn an_empty_file_is_refused() {
    assert!(load("").is_err());
}

#[test]
fn a_huge_file_is_refused() {
    let yaml = format!("name: Maya\n# {}\n", "x".repeat(1024 * 1024));
    assert!(matches!(load(&yaml), Err(LoadAgentError::TooLarge { .. })));
}

#[test]
fn a_secret_stays_out_of_the_message() {
    let yaml = "name: Maya\nwebhooks:\n  - url: https://example.com\n    \
                events: [conversation_update]\n    secret_key: [hush-hush]\n";
    let error = load(yaml).unwrap_err();
    assert!(!error.to_string().contains("hush"), "{error}");
    assert!(error.to_string().contains("secret_key"), "{error}");
}

#[test]
fn a_file_name_that_is_no_sip_user_is_refused() {
    let folder = folder(&[("help desk.yaml", "name: Maya\n")]);
    let error = load_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("slug"), "{error}");
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut yaml =
        "name: Maya\nsettings:\n  text:\n    a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let references = vec![format!("*a{}", level - 1); 9].join(", ");
        yaml.push_str(&format!("    a{level}: &a{level} [{references}]\n"));
    }
    assert!(load(&yaml).is_err());
}

#[test]
fn the_sample_agent_is_valid() {
    let agents = load_folder(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../agents"
    )))
    .unwrap();
    let support = agents.iter().find(|agent| agent.slug == "support").unwrap();
    assert!(support.training.len() >= 12);
    assert!(
        support
            .training
            .iter()
            .all(|row| row.response.is_some() && row.intent.is_some())
    );
}

#[test]
fn the_sample_agent_answers_in_one_or_two_plain_sentences() {
    let file = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../agents/support.yaml"
    ));
    for row in load_file(file).unwrap().training {
        let response = row.response.unwrap();
        let mut splitter = crate::SentenceSplitter::whole_sentences();
        let mut sentences = splitter.push(&response);
        sentences.extend(splitter.finish());
        assert!((1..=2).contains(&sentences.len()), "{response}");
        let speakable = |c: char| c.is_ascii_alphabetic() || " .,?'-".contains(c);
        assert!(response.chars().all(speakable), "{response}");
    }
}

fn yaml() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ ]{0,6}(name|settings|voice|notes|training|content|speed|order|uuid): ?[a-z0-9&*!\\[\\]{}|>-]{0,6}",
        "[ ]{0,6}- (content|order|name): [a-z0-9]{0,4}",
        "[ ]{0,6}(settings|voice|voice_advanced|notes|training):",
        "\\PC{0,12}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_an_agent_or_a_place_in_the_file(yaml in yaml()) {
        match read_yaml(&yaml, Path::new("desk.yaml")) {
            Ok(agent) => {
                let problem = agent.validate().err();
                prop_assert!(problem.is_none_or(|problem| !problem.field.is_empty()));
            }
            Err(error) => prop_assert!(error.to_string().starts_with("desk.yaml:"), "{}", error),
        }
        for field in ["name", "settings.voice.speed", "training[1].content"] {
            locate(&yaml, field);
        }
    }
}
