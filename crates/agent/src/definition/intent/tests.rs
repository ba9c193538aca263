use super::*;

fn agent(intents: Value) -> AgentDefinition {
    let agent = json!({
        "name": "Maya",
        "intents": intents,
        "training": [
            { "content": "Is there a table free tonight?", "intent": "Book a table" },
            { "content": "We are four.", "intent": "book_a_table" },
            { "content": "We open at nine.", "intent": "hours" },
        ],
    });
    let agent = AgentDefinition::from_json(agent).expect("a definition");
    agent.identified(Uuid::from_u128(7))
}

fn refused(intent: Value) -> String {
    let agent = AgentDefinition::from_json(json!({ "name": "Maya", "intents": [intent] }));
    agent.expect_err("a mistake").field
}

#[test]
fn a_key_is_made_of_the_name() {
    for (name, key) in [
        ("Book a table!", "book_a_table"),
        ("  Randevu oluştur (yeni)", "randevu_olustur_yeni"),
        ("İptal ışığı", "iptal_isigi"),
        ("Caller's wish", "callers_wish"),
        ("預約", "intent"),
    ] {
        assert_eq!(key_of(name), key);
    }
    assert_eq!(key_of(&"long ".repeat(40)).len(), LONGEST_KEY);
}

#[test]
fn keys_that_are_made_are_made_once() {
    let agent = agent(
        json!([{ "name": "Book" }, { "name": "book", "key": "book" }, { "name": "BOOK" }, { "name": "End call" }]),
    );
    let keys: Vec<_> = agent.intents.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["book_2", "book", "book_3", "end_call_2"]);
}

#[test]
fn an_active_intent_is_offered_with_the_schema_of_its_parameters() {
    let agent = agent(json!([
        {
            "name": "Book a table",
            "description": "The caller wants a table.",
            "confidence_threshold": 0.55,
            "parameters": [
                { "key": "guests", "type": "integer", "required": true },
                { "key": "area", "default": "inside", "required": true },
                { "key": "wish" },
            ],
        },
        { "name": "Cancel", "is_active": false },
    ]));
    let functions = agent.functions();
    assert_eq!(functions.len(), 1);
    let book = &functions[0];
    assert_eq!(book.name, "book_a_table");
    assert_eq!(book.description, "Book a table. The caller wants a table.");
    assert_eq!(book.threshold, Some(550));
    assert_eq!(
        book.phrases,
        [
            "Book a table",
            "Is there a table free tonight?",
            "We are four."
        ]
    );
    assert_eq!(
        book.parameters,
        json!({
            "type": "object",
            "properties": {
                "guests": { "type": "integer" },
                "area": { "type": "string", "default": "inside" },
                "wish": { "type": "string" },
            },
            "required": ["guests"],
        })
    );
    assert!(agent.intent_of("book_a_table").is_some());
    assert!(agent.intent_of("cancel").is_none(), "it is not offered");
}

#[test]
fn what_is_wrong_with_an_intent_is_named() {
    for (intent, field) in [
        (json!({}), "intents[0].name"),
        (json!({ "name": "A", "key": "Big" }), "intents[0].key"),
        (json!({ "name": "A", "key": "end_call" }), "intents[0].key"),
        (
            json!({ "name": "A", "confidence_threshold": 1.5 }),
            "intents[0].confidence_threshold",
        ),
        (
            json!({ "name": "A", "parameters": [{ "key": "1a" }] }),
            "intents[0].parameters[0].key",
        ),
        (
            json!({ "name": "A", "parameters": [{ "key": "a", "type": "integer", "default": "1" }] }),
            "intents[0].parameters[0].default",
        ),
        (
            json!({ "name": "A", "webhook": { "url": "ftp://example.com" } }),
            "intents[0].webhook.url",
        ),
        (
            json!({ "name": "A", "webhook": { "url": "https://example.com", "auth_token": "a b" } }),
            "intents[0].webhook.auth_token",
        ),
        (
            json!({ "name": "A", "agent": {} }),
            "intents[0].agent.agent_uuid",
        ),
        (
            json!({
                "name": "A",
                "webhook": { "url": "https://example.com" },
                "agent": { "agent_uuid": Uuid::from_u128(8) },
            }),
            "intents[0].agent",
        ),
    ] {
        assert_eq!(refused(intent), field);
    }
}

#[test]
fn a_step_names_an_intent_of_the_agent() {
    let intent = Uuid::from_u128(9);
    let with_step = |uuid: Uuid| {
        json!({
            "name": "Maya",
            "intents": [{ "name": "Book", "intent_uuid": intent }],
            "procedures": [{
                "name": "Booking",
                "steps": [{ "description": "Book it.", "intent_uuid": uuid }],
            }],
        })
    };
    assert!(AgentDefinition::from_json(with_step(intent)).is_ok());
    let error = AgentDefinition::from_json(with_step(Uuid::from_u128(8)));
    let field = error.expect_err("an unknown intent").field;
    assert_eq!(field, "procedures[0].steps[0].intent_uuid");
}

#[test]
fn a_draft_takes_the_place_of_the_deployed_action_when_it_is_published() {
    let webhook = |url: &str| IntentWebhook {
        url: url.to_owned(),
        auth_token: None,
    };
    let mut intent = Intent {
        webhook: Some(webhook("https://old.example")),
        draft: Some(IntentAction::Webhook(webhook("https://new.example"))),
        ..Intent::default()
    };
    assert!(intent.publish());
    let new = IntentAction::Webhook(webhook("https://new.example"));
    assert_eq!((intent.deployed(), intent.draft.clone()), (Some(new), None));
    assert!(!intent.publish(), "there is no draft any more");
    let other = IntentAgent {
        agent_uuid: Uuid::from_u128(8),
        channel_action_name: None,
    };
    intent.draft = Some(IntentAction::Agent(other.clone()));
    assert!(intent.publish());
    assert_eq!(intent.deployed(), Some(IntentAction::Agent(other)));
    assert_eq!(intent.webhook, None);
}

#[test]
fn the_words_of_a_reply_are_its_message_or_its_text() {
    let mut intent = Intent::default();
    for (reply, words) in [
        (
            r#"{"message":" It is booked. ","id":7}"#,
            Some("It is booked."),
        ),
        (r#""It is booked.""#, Some("It is booked.")),
        ("It is booked.\n", Some("It is booked.")),
        (r#"{"id":7}"#, None),
        (r#"{"message":7}"#, None),
        ("[1]", None),
        ("", None),
    ] {
        assert_eq!(intent.words_of(reply).as_deref(), words, "{reply}");
    }
    intent.intent_llm_handle_by_response = true;
    assert_eq!(intent.words_of("It is booked."), None);
}

#[test]
fn secrets_of_intents_are_neither_shown_nor_printed() {
    let agent = agent(json!([{
        "name": "Book",
        "webhook": { "url": "https://example.com", "auth_token": "swordfish" },
    }]));
    assert!(!agent.public_view().to_string().contains("swordfish"));
    assert!(!format!("{agent:?}").contains("swordfish"));
    let stored = serde_json::to_string(&agent).expect("JSON");
    let read: AgentDefinition = serde_json::from_str(&stored).expect("a definition");
    assert_eq!(read, agent);
}
