use super::*;

#[test]
fn a_patch_changes_what_it_names_alone() {
    let agent = maya(json!({
        "role": "support",
        "settings": { "voice": { "interaction": { "silence_message": "Hello?" } } },
    }))
    .unwrap();
    let patched = agent
        .patched(
            json!({ "settings": { "voice": { "interaction": { "max_silence_prompts": 5 } } } }),
        )
        .unwrap();
    assert_eq!(patched.settings.voice.interaction.max_silence_prompts, 5);
    assert_eq!(patched.settings.voice.interaction.silence_message, "Hello?");
    assert_eq!(patched.role, "support");
}

#[test]
fn a_patched_list_replaces_the_old_one() {
    let agent = maya(json!({ "notes": [{ "content": "a" }, { "content": "b" }] })).unwrap();
    let patched = agent
        .patched(json!({ "notes": [{ "content": "c" }] }))
        .unwrap();
    assert_eq!(patched.notes.len(), 1);
    assert!(!patched.notes[0].uuid.is_nil());
}

#[test]
fn null_goes_back_to_the_default() {
    let agent =
        maya(json!({ "language": "de", "timezone": "Europe/Berlin", "role": "x" })).unwrap();
    let patched = agent
        .patched(json!({ "language": null, "timezone": null, "role": null, "settings": null }))
        .unwrap();
    assert_eq!(patched.language, "en");
    assert_eq!(patched.timezone, None);
    assert_eq!(patched.role, "");
}

#[test]
fn free_objects_merge() {
    let agent = maya(json!({ "settings": { "text": { "a": 1, "b": { "c": 2 } } } })).unwrap();
    let patched = agent
        .patched(json!({ "settings": { "text": { "b": { "d": 3 }, "a": null } } }))
        .unwrap();
    assert_eq!(
        Value::Object(patched.settings.text),
        json!({ "b": { "c": 2, "d": 3 } })
    );
}

#[test]
fn a_patch_is_refused_as_a_whole() {
    let agent = maya(json!({})).unwrap();
    let problem = agent
        .patched(json!({ "role": "x", "language": "?" }))
        .unwrap_err();
    assert_eq!(problem.field, "language");
    assert_eq!(agent.role, "");
}

#[test]
fn the_uuid_never_changes() {
    let agent = maya(json!({})).unwrap();
    for uuid in [json!(Uuid::from_u128(8)), json!(null)] {
        assert_eq!(
            agent
                .patched(json!({ "agent_uuid": uuid }))
                .unwrap_err()
                .field,
            "agent_uuid"
        );
    }
    assert_eq!(agent.patched(json!({ "uuid": UUID })).unwrap(), agent);
}

#[test]
fn a_webhook_sent_back_keeps_its_secret() {
    let agent = with_webhook();
    let uuid = agent.webhooks[0].webhook_uuid;
    let sent = json!({ "webhooks": [{
        "webhook_uuid": uuid, "url": "https://example.com/new", "events": ["intent_call"],
    }]});
    let patched = agent.patched(sent).unwrap();
    assert_eq!(
        patched.webhooks[0].secret_key,
        Some(SecretKey::new("hush-hush"))
    );
    assert_eq!(patched.webhooks[0].url, "https://example.com/new");
}

#[test]
fn a_webhook_of_another_uuid_does_not_inherit_a_secret() {
    let patched = with_webhook()
        .patched(
            json!({ "webhooks": [{ "url": "https://evil.example", "events": ["intent_call"] }] }),
        )
        .unwrap();
    assert_eq!(patched.webhooks[0].secret_key, None);
}

#[test]
fn a_secret_can_be_removed() {
    let agent = with_webhook();
    let mut webhook = json!({ "url": "https://example.com", "events": ["intent_call"] });
    webhook["webhook_uuid"] = json!(agent.webhooks[0].webhook_uuid);
    webhook["secret_key"] = json!(null);
    let patched = agent.patched(json!({ "webhooks": [webhook] })).unwrap();
    assert_eq!(patched.webhooks[0].secret_key, None);
}
