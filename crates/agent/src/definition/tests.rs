mod patching;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const UUID: Uuid = Uuid::from_u128(7);

fn maya(mut fields: Value) -> Result<AgentDefinition, InvalidField> {
    fields["name"] = json!("Maya");
    AgentDefinition::from_json(fields).map(|agent| agent.identified(UUID))
}

/// The field that is refused.
fn refused(fields: Value) -> String {
    maya(fields).unwrap_err().field
}

fn with_webhook() -> AgentDefinition {
    maya(json!({ "webhooks": [{
        "url": "https://example.com/hook",
        "events": ["conversation_end_report"],
        "secret_key": "hush-hush",
    }]}))
    .unwrap()
}

#[test]
fn a_name_is_enough() {
    let agent = maya(json!({})).unwrap();
    let voice = agent.voice();
    let advanced = &voice.interruption.advanced;
    assert!(advanced.allow_interruptions);
    assert_eq!(advanced.min_endpointing_delay(), Duration::from_millis(300));
    assert_eq!(
        advanced.max_endpointing_delay(),
        Duration::from_millis(1_500)
    );
    assert_eq!(
        advanced.min_interruption_duration(),
        Duration::from_millis(90)
    );
    assert_eq!(
        advanced.false_interruption_timeout(),
        Duration::from_secs(2)
    );
    assert_eq!(
        voice.call_behavior.silence_timeout(),
        Duration::from_secs(60)
    );
    assert_eq!(
        voice.call_behavior.max_call_duration(),
        Duration::from_secs(1_800)
    );
    assert!(voice.call_behavior.audio_recording);
    assert_eq!(voice.interaction.max_silence_prompts, 2);
    assert_eq!(agent.goodbye(), "Good Bye");
    assert_eq!(agent.speaking_rate(), 1.0);
    assert_eq!(agent.language, "en");
}

#[test]
fn a_missing_name_is_refused() {
    let problem = AgentDefinition::from_json(json!({ "role": "support" })).unwrap_err();
    assert_eq!(problem.field, "name");
    assert_eq!(
        problem.to_string(),
        "`name`: expected text of 1 to 200 characters"
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for value in [json!([]), json!("Maya"), json!(null), json!(3)] {
        assert_eq!(
            AgentDefinition::from_json(value).unwrap_err().field,
            "agent"
        );
    }
}

#[test]
fn unknown_fields_are_named_at_every_level() {
    assert_eq!(refused(json!({ "nmae": "x" })), "nmae");
    assert_eq!(
        refused(json!({ "settings": { "vioce": {} } })),
        "settings.vioce"
    );
    assert_eq!(
        refused(json!({ "settings": { "voice": { "interruption": { "advanced": { "x": 1 } } } } })),
        "settings.voice.interruption.advanced.x"
    );
    assert_eq!(
        refused(json!({ "training": [{ "content": "a", "answer": "b" }] })),
        "training[0].answer"
    );
    assert_eq!(
        refused(json!({ "procedures": [{ "name": "a", "steps": [{ "does": "b" }] }] })),
        "procedures[0].steps[0].does"
    );
    assert_eq!(
        refused(json!({ "webhooks": [{ "targetUrl": "b" }] })),
        "webhooks[0].targetUrl"
    );
}

#[test]
fn an_unknown_field_comes_with_the_known_ones() {
    let problem = maya(json!({ "training": [{ "answer": "b" }] })).unwrap_err();
    assert!(
        problem.expected.starts_with("a known field here: "),
        "{problem}"
    );
    assert!(problem.expected.contains("`response`"), "{problem}");
}

#[test]
fn wrong_types_are_named_in_plain_words() {
    let of = |value: Value| {
        maya(json!({ "settings": { "voice": value } }))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        of(json!({ "interaction": { "customer_speak_first": "yes" } })),
        "`settings.voice.interaction.customer_speak_first`: expected true or false"
    );
    assert_eq!(
        of(json!({ "interaction": { "max_silence_prompts": -1 } })),
        "`settings.voice.interaction.max_silence_prompts`: expected a whole number, 0 or more"
    );
    assert_eq!(
        of(json!({ "voice_advanced": { "speed": "fast" } })),
        "`settings.voice.voice_advanced.speed`: expected a number"
    );
    assert_eq!(
        of(json!({ "interaction": "hello" })),
        "`settings.voice.interaction`: expected an object"
    );
    assert_eq!(
        maya(json!({ "notes": {} })).unwrap_err().to_string(),
        "`notes`: expected an array"
    );
    assert_eq!(
        maya(json!({ "role": 5 })).unwrap_err().to_string(),
        "`role`: expected text"
    );
}

#[test]
fn choices_are_named() {
    let problem = maya(json!({ "speed": "slow" })).unwrap_err();
    assert_eq!(problem.expected, "`normal` or `fast`");
    let problem = maya(json!({ "webhooks": [{ "events": ["call_ended"] }] })).unwrap_err();
    assert_eq!(problem.field, "webhooks[0].events[0]");
    assert!(
        problem.expected.contains("`conversation_end_report`"),
        "{problem}"
    );
}

#[test]
fn a_malformed_uuid_is_named() {
    let problem = maya(json!({ "notes": [{ "uuid": "12", "content": "a" }] })).unwrap_err();
    assert_eq!(problem.field, "notes[0].uuid");
    assert!(problem.expected.starts_with("a uuid"), "{problem}");
}

#[test]
fn numbers_out_of_range_are_named() {
    let voice = |value: Value| refused(json!({ "settings": { "voice": value } }));
    for (block, field, value) in [
        ("interaction", "max_silence_prompts", json!(101)),
        ("voice_advanced", "speed", json!(0.4)),
        ("voice_advanced", "speed", json!(2.1)),
        ("voice_advanced", "stability", json!(1.5)),
        ("call_behavior", "background_sound_volume", json!(-0.1)),
        ("call_behavior", "background_sound_ambience", json!("moon")),
        ("call_behavior", "silence_timeout_seconds", json!(4)),
        ("call_behavior", "silence_timeout_seconds", json!(3_601)),
        ("call_behavior", "max_call_duration_seconds", json!(9)),
        ("call_behavior", "max_call_duration_seconds", json!(14_401)),
    ] {
        assert_eq!(
            voice(json!({ block: { field: value } })),
            format!("settings.voice.{block}.{field}")
        );
    }
    for (field, value) in [
        ("min_endpointing_delay", json!(-0.1)),
        ("min_endpointing_delay", json!(6)),
        ("max_endpointing_delay", json!(10.5)),
        ("min_interruption_duration", json!(1e300)),
        ("false_interruption_timeout", json!(0)),
        ("min_interruption_words", json!(51)),
    ] {
        assert_eq!(
            voice(json!({ "interruption": { "advanced": { field: value } } })),
            format!("settings.voice.interruption.advanced.{field}")
        );
    }
}

#[test]
fn the_longest_pause_is_no_shorter_than_the_shortest() {
    let problem = maya(
        json!({ "settings": { "voice": { "interruption": { "advanced": {
        "min_endpointing_delay": 0.8, "max_endpointing_delay": 0.5 } } } } }),
    )
    .unwrap_err();
    assert_eq!(
        problem.field,
        "settings.voice.interruption.advanced.max_endpointing_delay"
    );
    assert!(problem.expected.contains("0.8"), "{problem}");
}

#[test]
fn formats_are_checked() {
    assert_eq!(refused(json!({ "timezone": "Mars/Olympus" })), "timezone");
    assert_eq!(refused(json!({ "timezone": "" })), "timezone");
    assert_eq!(refused(json!({ "language": "english please" })), "language");
    assert_eq!(
        refused(json!({ "custom_llm_url": "ftp://example.com" })),
        "custom_llm_url"
    );
    assert_eq!(
        refused(json!({ "custom_llm_url": "localhost:8080" })),
        "custom_llm_url"
    );
    assert_eq!(refused(json!({ "slug": "two words" })), "slug");
    assert!(
        maya(json!({ "timezone": "Europe/Berlin", "language": "pt-BR", "slug": "desk-1" })).is_ok()
    );
    assert!(maya(json!({ "custom_llm_url": "http://127.0.0.1:11434/v1" })).is_ok());
}

#[test]
fn an_address_with_a_password_is_refused_without_repeating_it() {
    let problem = maya(json!({ "custom_llm_url": "https://me:hush@example.com" })).unwrap_err();
    assert_eq!(problem.field, "custom_llm_url");
    assert!(!problem.to_string().contains("hush"), "{problem}");
}

#[test]
fn webhooks_are_checked() {
    let webhook = |value: Value| refused(json!({ "webhooks": [value] }));
    assert_eq!(
        webhook(json!({ "events": ["intent_call"] })),
        "webhooks[0].url"
    );
    assert_eq!(
        webhook(json!({ "url": "https://example.com" })),
        "webhooks[0].events"
    );
    assert_eq!(
        webhook(json!({ "url": "https://example.com", "events": ["intent_call", "intent_call"] })),
        "webhooks[0].events"
    );
    let one = json!({ "url": "https://example.com", "events": ["intent_call"] });
    assert_eq!(refused(json!({ "webhooks": vec![one; 6] })), "webhooks");
}

#[test]
fn one_uuid_for_two_items_is_refused() {
    let note = json!({ "uuid": UUID, "content": "a" });
    assert_eq!(refused(json!({ "notes": [note, note] })), "notes[1].uuid");
}

#[test]
fn a_secret_is_stored_but_never_shown() {
    let agent = with_webhook();
    assert!(!format!("{agent:?}").contains("hush"));
    let view = agent.public_view();
    assert!(!view.to_string().contains("hush"));
    assert_eq!(view["webhooks"][0]["has_secret"], true);
    assert_eq!(
        view["webhooks"][0]["events"],
        json!(["conversation_end_report"])
    );
    assert!(view["webhooks"][0].get("secret_key").is_none());
    let stored: AgentDefinition =
        serde_json::from_value(serde_json::to_value(&agent).unwrap()).unwrap();
    assert_eq!(stored, agent);
}

#[test]
fn the_public_view_has_the_names_of_the_api() {
    let view = maya(json!({})).unwrap().public_view();
    for field in [
        "agent_uuid",
        "name",
        "description",
        "company_name",
        "role",
        "objective",
        "tone",
        "behavior_guidelines",
        "company_service",
        "topic",
        "length_detail",
        "interest_of_product",
        "negative_response",
        "status",
        "custom_prompt",
        "language",
        "speed",
        "timezone",
        "appointment_scheduling_enabled",
        "appointment_scheduling_randomly",
        "custom_llm_url",
        "recommendations",
        "guidelines",
        "notes",
        "procedures",
        "training",
        "webhooks",
    ] {
        assert!(view.get(field).is_some(), "{field}");
    }
    assert_eq!(
        view["settings"]["voice"]["voice_advanced"]["speed"],
        json!(1.0)
    );
    assert_eq!(
        view["settings"]["voice"]["call_behavior"]["silence_timeout_seconds"],
        json!(60)
    );
}

#[test]
fn only_active_subscribers_are_told() {
    let agent = maya(json!({ "webhooks": [
        { "url": "https://a.example", "events": ["conversation_end_report"] },
        { "url": "https://b.example", "events": ["conversation_end_report"], "is_active": false },
        { "url": "https://c.example", "events": ["conversation_update"] },
    ]}))
    .unwrap();
    let told: Vec<_> = agent
        .webhooks_for(WebhookEvent::ConversationEndReport)
        .map(|webhook| webhook.url.as_str())
        .collect();
    assert_eq!(told, ["https://a.example"]);
}

#[test]
fn parts_keep_the_uuids_they_have() {
    let agent = maya(json!({ "training": [{ "content": "a" }, { "content": "a" }] })).unwrap();
    let again = agent.clone().identified(Uuid::from_u128(9));
    assert_eq!(again, agent);
    assert_ne!(agent.training[0].uuid, agent.training[1].uuid);
}

#[test]
fn greetings_go_by_direction() {
    let agent = maya(json!({ "settings": { "voice": { "interaction": {
        "inbound_first_message": "In.", "outbound_first_message": "" } } } }))
    .unwrap();
    assert_eq!(agent.greeting(Direction::Inbound), Some("In."));
    assert_eq!(agent.greeting(Direction::Outbound), None);
    let plain = maya(json!({})).unwrap();
    assert_eq!(
        plain.greeting(Direction::Outbound),
        Some("Hello, how can I help you?")
    );
}

#[test]
fn an_agent_told_to_wait_does_not_greet() {
    let agent = maya(json!({ "settings": { "voice": { "interaction": {
        "customer_speak_first": true, "inbound_first_message": "In." } } } }))
    .unwrap();
    assert_eq!(agent.greeting(Direction::Inbound), None);
}

#[test]
fn the_closing_line_at_the_limit_falls_back_to_the_goodbye() {
    let agent = maya(json!({ "settings": { "voice": { "interaction": {
        "end_call_message": "Bye." } } } }))
    .unwrap();
    assert_eq!(agent.duration_message(), "Bye.");
}

#[test]
fn nobody_is_hung_up_on_without_a_word() {
    for message in ["", "  "] {
        let agent = maya(json!({ "settings": { "voice": { "interaction": {
            "end_call_message": message } } } }))
        .unwrap();
        assert_eq!(agent.goodbye(), "Good Bye");
        assert_eq!(agent.duration_message(), "Good Bye");
    }
}

#[test]
fn tools_have_names_of_their_own_and_say_what_they_are_for() {
    let tool = |name: &str| json!({ "name": name, "description": "Books a table." });
    let with = |tools: &[Value]| maya(json!({ "tools": tools }));
    let agent = with(&[tool("book_table"), tool("cancel-table")]).unwrap();
    assert_eq!(
        agent.tools[0].parameters,
        *json!({ "type": "object", "properties": {} })
            .as_object()
            .unwrap()
    );
    for wrong in ["", "book table", "end_call"] {
        let error = with(&[tool("cancel"), tool(wrong)]).unwrap_err();
        assert_eq!(error.field, "tools[1].name", "{wrong}");
    }
    let error = with(&[tool("book"), tool("book")]).unwrap_err();
    assert_eq!(error.field, "tools[1].name");
    let error = with(&[json!({ "name": "book" })]).unwrap_err();
    assert_eq!(error.field, "tools[0].description");
}

#[test]
fn silence_prompts_share_the_silence_evenly() {
    let agent = maya(json!({})).unwrap();
    assert_eq!(
        agent.silence_prompt_interval(),
        Some(Duration::from_secs(20))
    );
    let quiet = agent
        .patched(
            json!({ "settings": { "voice": { "interaction": { "max_silence_prompts": 0 } } } }),
        )
        .unwrap();
    assert_eq!(quiet.silence_prompt_interval(), None);
}

#[test]
fn nobody_is_asked_every_other_second_whether_they_are_still_there() {
    let agent = maya(json!({ "settings": { "voice": { "interaction": {
        "max_silence_prompts": 30 } } } }))
    .unwrap();
    let interval = agent.silence_prompt_interval();
    assert_eq!(interval, Some(Duration::from_secs(5)));
}

#[test]
fn words_to_interrupt_follow_the_mode() {
    let words = |interruption: Value| {
        let agent = maya(json!({ "settings": { "voice": { "interruption": interruption } } }));
        agent.unwrap().voice().interruption.words_to_interrupt()
    };
    assert_eq!(words(json!({})), 0);
    assert_eq!(words(json!({ "mode": "balanced" })), 2);
    assert_eq!(
        words(json!({ "advanced": {
            "manual_word_count_interrupt": true, "min_interruption_words": 4 } })),
        4
    );
}

#[test]
fn fast_agents_speak_faster_within_the_range() {
    let rate = |fields: Value| maya(fields).unwrap().speaking_rate();
    assert_eq!(rate(json!({ "speed": "fast" })), 1.15);
    let both =
        json!({ "speed": "fast", "settings": { "voice": { "voice_advanced": { "speed": 2 } } } });
    assert_eq!(rate(both), 2.0);
}

#[test]
fn time_is_told_in_the_agents_zone() {
    let at: jiff::Timestamp = "2023-11-14T22:13:20Z".parse().unwrap();
    let agent = maya(json!({ "timezone": "Asia/Tokyo" })).unwrap();
    assert_eq!(agent.local_time(at), "Wednesday, 15 November 2023, 07:13");
    assert_eq!(
        maya(json!({})).unwrap().local_time(at),
        "Tuesday, 14 November 2023, 22:13"
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "name",
        "settings",
        "voice",
        "interruption",
        "advanced",
        "speed",
        "notes",
        "training",
        "content",
        "order",
        "webhooks",
        "url",
        "events",
        "uuid",
        "agent_uuid",
        "text",
        "steps",
        "min_endpointing_delay",
        "interaction",
        "timezone",
        "custom_llm_url",
        "language",
        "other",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_accepted_or_refused_by_field(value in json_value()) {
        match AgentDefinition::from_json(value) {
            Ok(agent) => prop_assert!(agent.validate().is_ok()),
            Err(problem) => {
                prop_assert!(!problem.field.is_empty());
                prop_assert!(!problem.expected.is_empty());
            }
        }
    }

    #[test]
    fn the_stored_form_gives_the_definition_back(
        delay in (0u32..500).prop_map(|hundredths| f64::from(hundredths) / 100.0),
        speed in (50u32..200).prop_map(|hundredths| f64::from(hundredths) / 100.0),
        notes in prop::collection::vec(("[a-z ]{1,20}[a-z]", any::<i64>()), 0..5),
    ) {
        let notes: Vec<_> =
            notes.iter().map(|(content, order)| json!({ "content": content, "order": order })).collect();
        let agent = maya(json!({
            "notes": notes,
            "settings": { "voice": {
                "voice_advanced": { "speed": speed },
                "interruption": { "advanced": {
                    "min_endpointing_delay": delay, "max_endpointing_delay": 10 } },
            } },
        }))
        .unwrap();
        let text = serde_json::to_string(&agent).unwrap();
        prop_assert_eq!(serde_json::from_str::<AgentDefinition>(&text).unwrap(), agent);
    }
}
