//! Lengths, ranges and formats of the fields of a definition.

mod intents;
mod rules;

use std::collections::HashSet;
use std::ops::RangeInclusive;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use url::Url;
use uuid::Uuid;

use super::{AgentDefinition, InvalidField, Procedure, ToolDefinition, VoiceSettings, Webhook};

/// The places that have a background sound.
const AMBIENCES: [&str; 4] = ["office", "cafe", "call_center", "street"];

const SHORT: usize = 200;
const MESSAGE: usize = 2_000;
const PROMPT: usize = 20_000;
const ITEM: usize = 5_000;
const ITEMS: usize = 500;
const STEPS: usize = 100;
const TOOLS: usize = 64;
const TOOL_NAME: usize = 64;
const PHRASES: usize = 100;
const WEBHOOKS: usize = 5;
const SLUG: usize = 63;
const URL: usize = 2_048;
const SECRET: usize = 256;

type Checked = Result<(), InvalidField>;

pub(super) fn check(definition: &AgentDefinition) -> Checked {
    identity(definition)?;
    prompt(definition)?;
    locale(definition)?;
    voice(&definition.settings.voice)?;
    knowledge(definition)?;
    tools(&definition.tools)?;
    intents::intents(definition)?;
    rules::rules(definition)?;
    webhooks(&definition.webhooks)
}

/// The zone of that IANA name, from the table in the binary.
pub(super) fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Whether the text can be the user part of an agent's SIP address.
fn is_slug(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    starts_well && text.len() <= SLUG && text.chars().all(plain)
}

fn identity(definition: &AgentDefinition) -> Checked {
    required("name", &definition.name, SHORT)?;
    if !definition.slug.is_empty() && !is_slug(&definition.slug) {
        return Err(InvalidField::new(
            "slug",
            format!(
                "1 to {SLUG} letters, digits, dots, hyphens or underscores, \
                 beginning with a letter or digit"
            ),
        ));
    }
    text("description", &definition.description, PROMPT)?;
    text("company_name", &definition.company_name, SHORT)?;
    text("role", &definition.role, MESSAGE)?;
    text("topic", &definition.topic, MESSAGE)
}

fn prompt(definition: &AgentDefinition) -> Checked {
    let texts = [
        ("company_service", &definition.company_service),
        ("objective", &definition.objective),
        ("tone", &definition.tone),
        ("behavior_guidelines", &definition.behavior_guidelines),
        ("length_detail", &definition.length_detail),
        ("interest_of_product", &definition.interest_of_product),
        ("negative_response", &definition.negative_response),
        ("custom_prompt", &definition.custom_prompt),
        ("recommendations", &definition.recommendations),
    ];
    texts
        .into_iter()
        .try_for_each(|(field, value)| text(field, value, PROMPT))
}

fn locale(definition: &AgentDefinition) -> Checked {
    if !is_language_tag(&definition.language) {
        return Err(InvalidField::new(
            "language",
            "a language tag such as `en` or `pt-BR`",
        ));
    }
    if definition
        .timezone
        .as_deref()
        .is_some_and(|name| time_zone(name).is_none())
    {
        return Err(InvalidField::new(
            "timezone",
            "an IANA time zone such as `Europe/Berlin`",
        ));
    }
    if definition.custom_llm_url.is_empty() {
        return Ok(());
    }
    web_address("custom_llm_url", &definition.custom_llm_url)
}

fn voice(voice: &VoiceSettings) -> Checked {
    let at = |field: &str| format!("settings.voice.{field}");
    let interaction = &voice.interaction;
    let behavior = &voice.call_behavior;
    let messages = [
        (
            "interaction.inbound_first_message",
            interaction.inbound_first_message.as_deref(),
        ),
        (
            "interaction.outbound_first_message",
            interaction.outbound_first_message.as_deref(),
        ),
        (
            "interaction.voice_mail_message",
            interaction.voice_mail_message.as_deref(),
        ),
        (
            "interaction.end_call_message",
            Some(interaction.end_call_message.as_str()),
        ),
        (
            "interaction.silence_message",
            Some(interaction.silence_message.as_str()),
        ),
        (
            "call_behavior.max_call_duration_message",
            behavior.max_call_duration_message.as_deref(),
        ),
    ];
    for (field, value) in messages {
        text(at(field), value.unwrap_or_default(), MESSAGE)?;
    }
    whole(
        at("interaction.max_silence_prompts"),
        interaction.max_silence_prompts,
        0..=100,
    )?;
    text(
        at("interaction.filler_message"),
        &interaction.filler_message,
        MESSAGE,
    )?;
    seconds(
        at("interaction.filler_delay"),
        interaction.filler_delay,
        0.2..=10.0,
    )?;
    turn_taking(voice)?;

    let profile = &voice.voice_profile;
    if !profile.language.is_empty() && !is_language_tag(&profile.language) {
        let expected = "a language tag such as `en` or `pt-BR`";
        return Err(InvalidField::new(at("voice_profile.language"), expected));
    }
    text(at("voice_profile.voice_uuid"), &profile.voice_uuid, SHORT)?;
    text(at("voice_profile.voice_name"), &profile.voice_name, SHORT)?;

    let advanced = &voice.voice_advanced;
    number(
        at("voice_advanced.stability"),
        advanced.stability,
        0.0..=1.0,
    )?;
    number(
        at("voice_advanced.similarity"),
        advanced.similarity,
        0.0..=1.0,
    )?;
    number(at("voice_advanced.style"), advanced.style, 0.0..=1.0)?;
    number(at("voice_advanced.speed"), advanced.speed, 0.5..=2.0)?;

    if !AMBIENCES.contains(&behavior.background_sound_ambience.as_str()) {
        return Err(InvalidField::new(
            at("call_behavior.background_sound_ambience"),
            format!("one of {}", AMBIENCES.join(", ")),
        ));
    }
    let volume = behavior.background_sound_volume;
    number(
        at("call_behavior.background_sound_volume"),
        volume,
        0.0..=1.0,
    )?;
    let silence = behavior.silence_timeout_seconds;
    whole(
        at("call_behavior.silence_timeout_seconds"),
        silence,
        5..=3_600,
    )?;
    let longest = behavior.max_call_duration_seconds;
    whole(
        at("call_behavior.max_call_duration_seconds"),
        longest,
        10..=14_400,
    )
}

fn turn_taking(voice: &VoiceSettings) -> Checked {
    let at = |field: &str| format!("settings.voice.interruption.advanced.{field}");
    let advanced = &voice.interruption.advanced;
    seconds(
        at("min_endpointing_delay"),
        advanced.min_endpointing_delay,
        0.0..=5.0,
    )?;
    seconds(
        at("max_endpointing_delay"),
        advanced.max_endpointing_delay,
        0.0..=10.0,
    )?;
    if advanced.max_endpointing_delay < advanced.min_endpointing_delay {
        let shortest = advanced.min_endpointing_delay;
        return Err(InvalidField::new(
            at("max_endpointing_delay"),
            format!("at least `min_endpointing_delay`, which is {shortest} seconds"),
        ));
    }
    seconds(
        at("min_interruption_duration"),
        advanced.min_interruption_duration,
        0.0..=5.0,
    )?;
    seconds(
        at("false_interruption_timeout"),
        advanced.false_interruption_timeout,
        0.1..=30.0,
    )?;
    whole(
        at("min_interruption_words"),
        advanced.min_interruption_words,
        0..=50,
    )?;
    whole(
        at("balanced_interrupt_word_count"),
        advanced.balanced_interrupt_word_count,
        0..=50,
    )
}

fn knowledge(definition: &AgentDefinition) -> Checked {
    count("guidelines", definition.guidelines.len(), ITEMS)?;
    for (index, guideline) in definition.guidelines.iter().enumerate() {
        required(
            format!("guidelines[{index}].content"),
            &guideline.content,
            ITEM,
        )?;
    }
    distinct(
        "guidelines",
        "uuid",
        definition.guidelines.iter().map(|item| item.uuid),
    )?;

    count("notes", definition.notes.len(), ITEMS)?;
    for (index, note) in definition.notes.iter().enumerate() {
        required(format!("notes[{index}].content"), &note.content, ITEM)?;
    }
    distinct(
        "notes",
        "uuid",
        definition.notes.iter().map(|item| item.uuid),
    )?;

    count("procedures", definition.procedures.len(), ITEMS)?;
    for (index, procedure) in definition.procedures.iter().enumerate() {
        check_procedure(index, procedure)?;
    }
    distinct(
        "procedures",
        "uuid",
        definition.procedures.iter().map(|item| item.uuid),
    )?;

    count("training", definition.training.len(), ITEMS)?;
    for (index, row) in definition.training.iter().enumerate() {
        required(format!("training[{index}].content"), &row.content, ITEM)?;
        let intent = row.intent.as_deref().unwrap_or_default();
        text(format!("training[{index}].intent"), intent, SHORT)?;
        let response = row.response.as_deref().unwrap_or_default();
        text(format!("training[{index}].response"), response, ITEM)?;
    }
    distinct(
        "training",
        "uuid",
        definition.training.iter().map(|item| item.uuid),
    )
}

fn check_procedure(index: usize, procedure: &Procedure) -> Checked {
    required(format!("procedures[{index}].name"), &procedure.name, SHORT)?;
    text(
        format!("procedures[{index}].description"),
        &procedure.description,
        ITEM,
    )?;
    count(
        format!("procedures[{index}].steps"),
        procedure.steps.len(),
        STEPS,
    )?;
    for (step, content) in procedure.steps.iter().enumerate() {
        let field = format!("procedures[{index}].steps[{step}].description");
        required(field, &content.description, ITEM)?;
    }
    Ok(())
}

fn tools(tools: &[ToolDefinition]) -> Checked {
    count("tools", tools.len(), TOOLS)?;
    let mut names = HashSet::from([llm::END_CALL]);
    for (index, tool) in tools.iter().enumerate() {
        let name = tool.name.as_str();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_name = (1..=TOOL_NAME).contains(&name.len()) && name.chars().all(plain);
        if !is_name || !names.insert(name) {
            return Err(InvalidField::new(
                format!("tools[{index}].name"),
                format!(
                    "1 to {TOOL_NAME} letters, digits, underscores or hyphens, each name once and \
                     not `{}`",
                    llm::END_CALL
                ),
            ));
        }
        let description = format!("tools[{index}].description");
        required(description, &tool.description, MESSAGE)?;
        count(
            format!("tools[{index}].phrases"),
            tool.phrases.len(),
            PHRASES,
        )?;
        for (place, phrase) in tool.phrases.iter().enumerate() {
            required(format!("tools[{index}].phrases[{place}]"), phrase, SHORT)?;
        }
    }
    Ok(())
}

fn webhooks(webhooks: &[Webhook]) -> Checked {
    count("webhooks", webhooks.len(), WEBHOOKS)?;
    for (index, webhook) in webhooks.iter().enumerate() {
        web_address(format!("webhooks[{index}].url"), &webhook.url)?;
        let events: HashSet<_> = webhook.events.iter().collect();
        if webhook.events.is_empty() || events.len() != webhook.events.len() {
            let expected = "at least one event, each once";
            return Err(InvalidField::new(
                format!("webhooks[{index}].events"),
                expected,
            ));
        }
        if let Some(secret) = &webhook.secret_key {
            required(
                format!("webhooks[{index}].secret_key"),
                secret.expose(),
                SECRET,
            )?;
        }
    }
    distinct(
        "webhooks",
        "webhook_uuid",
        webhooks.iter().map(|item| item.webhook_uuid),
    )
}

fn text(field: impl Into<String>, value: &str, longest: usize) -> Checked {
    if value.chars().count() > longest {
        return Err(InvalidField::new(
            field,
            format!("at most {longest} characters"),
        ));
    }
    Ok(())
}

fn required(field: impl Into<String>, value: &str, longest: usize) -> Checked {
    if value.trim().is_empty() || value.chars().count() > longest {
        return Err(InvalidField::new(
            field,
            format!("text of 1 to {longest} characters"),
        ));
    }
    Ok(())
}

fn count(field: impl Into<String>, items: usize, most: usize) -> Checked {
    if items > most {
        return Err(InvalidField::new(field, format!("at most {most} items")));
    }
    Ok(())
}

fn whole(field: String, value: u32, range: RangeInclusive<u32>) -> Checked {
    if !range.contains(&value) {
        let (start, end) = range.into_inner();
        return Err(InvalidField::new(
            field,
            format!("a whole number from {start} to {end}"),
        ));
    }
    Ok(())
}

fn number(field: String, value: f64, range: RangeInclusive<f64>) -> Checked {
    if !range.contains(&value) {
        let (start, end) = range.into_inner();
        return Err(InvalidField::new(
            field,
            format!("a number from {start} to {end}"),
        ));
    }
    Ok(())
}

fn seconds(field: String, value: f64, range: RangeInclusive<f64>) -> Checked {
    if !range.contains(&value) {
        let (start, end) = range.into_inner();
        return Err(InvalidField::new(
            field,
            format!("{start} to {end} seconds"),
        ));
    }
    Ok(())
}

fn distinct(section: &str, name: &str, uuids: impl Iterator<Item = Uuid>) -> Checked {
    let mut seen = HashSet::new();
    for (index, uuid) in uuids.enumerate() {
        if !uuid.is_nil() && !seen.insert(uuid) {
            let field = format!("{section}[{index}].{name}");
            return Err(InvalidField::new(field, "a uuid that no other item has"));
        }
    }
    Ok(())
}

fn web_address(field: impl Into<String>, value: &str) -> Checked {
    let acceptable = value.len() <= URL
        && Url::parse(value).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        });
    if !acceptable {
        let expected = "an absolute http or https URL without user name and password";
        return Err(InvalidField::new(field, expected));
    }
    Ok(())
}

fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let is_primary =
        (2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic());
    is_primary
        && text.len() <= 35
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}
