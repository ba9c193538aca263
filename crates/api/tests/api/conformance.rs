//! Real answers against what the document says of them.

use serde_json::{Value, json};

use crate::support::form::Field;
use crate::support::graph::Graph;
use crate::support::oauth::Client;
use crate::support::registry::fill;
use crate::support::schema::{problems, resolve};
use crate::support::{Answer, NUMBER, Node};

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let node = Node::start().await;
    let agent = node.make_agent().await;
    let call = node.post("/call", node.call_body()).await;
    is_documented("post", "/call", &call);
    let call = call.data()["id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "A", "notes": [{ "content": "We open at nine." }] });
    is_documented("post", "/agents", &node.post("/agents", body).await);
    let hook = json!({ "url": "https://example.com", "events": ["intent_call"] });
    let hooks = format!("/agents/{agent}/webhooks");
    let hook = node.post(&hooks, hook).await;
    is_documented("post", "/agents/{agent_uuid}/webhooks", &hook);
    let hook = hook.data()["webhook_uuid"].as_str().unwrap().to_owned();
    let key = node.post("/keys", json!({ "name": "reporting" })).await;
    is_documented("post", "/keys", &key);
    for (documented, path) in [
        ("/agents", "/agents".to_owned()),
        ("/agents/{agent_uuid}", format!("/agents/{agent}")),
        ("/agents/{agent_uuid}/webhooks", hooks.clone()),
        (
            "/agents/{agent_uuid}/webhooks/{webhook_uuid}",
            format!("{hooks}/{hook}"),
        ),
        ("/calls", "/calls".to_owned()),
        ("/calls/{call_uuid}", format!("/calls/{call}")),
        (
            "/calls/{call_uuid}/transcript",
            format!("/calls/{call}/transcript"),
        ),
        ("/keys", "/keys".to_owned()),
    ] {
        is_documented("get", documented, &node.get(&path).await);
    }
    let path = format!("/agents/{agent}");
    let changed = node.patch(&path, json!({ "tone": "calm" })).await;
    is_documented("patch", "/agents/{agent_uuid}", &changed);
    let voice = node.get(&format!("{path}/voice")).await;
    is_documented("get", "/agents/{agent_uuid}/voice", &voice);
    let voice = node.patch(&format!("{path}/compliance"), json!({})).await;
    is_documented("patch", "/agents/{agent_uuid}/compliance", &voice);
    for section in ["guidelines", "notes", "training"] {
        let sections = format!("{path}/{section}");
        let added = node.post(&sections, json!({ "content": "A" }));
        let documented = format!("/agents/{{agent_uuid}}/{section}");
        is_documented("post", &documented, &added.await);
    }
}

#[tokio::test]
async fn rules_of_agents_are_as_the_document_says() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let routing = json!({ "department_name": "Sales", "destination": NUMBER });
    let guard = json!({ "when_condition": "Danger.", "then_action": "end_conversation" });
    for (section, list, rule, change) in [
        (
            "routing-rules",
            "routing_rules",
            routing,
            json!({ "priority": 3 }),
        ),
        (
            "guard-rules",
            "guard_rules",
            guard,
            json!({ "is_active": false }),
        ),
    ] {
        let path = format!("{agent}/{section}");
        let all = format!("/agents/{{agent_uuid}}/{section}");
        let parameter = list.trim_end_matches('s');
        let one = format!("{all}/{{{parameter}_uuid}}");
        is_documented("put", &all, &node.put(&path, json!({ list: [rule] })).await);
        let made = node.post(&path, rule).await;
        is_documented("post", &all, &made);
        let path = format!("{path}/{}", made.data()[list][0]["uuid"].as_str().unwrap());
        is_documented("patch", &one, &node.patch(&path, change).await);
        is_documented("delete", &one, &node.delete(&path).await);
    }
}

#[tokio::test]
async fn actions_of_calls_are_as_the_document_says() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    for (action, body) in [
        ("say", json!({ "message": "Hello." })),
        ("forward", json!({ "number": NUMBER })),
        ("mute", json!({})),
        ("unmute", json!({})),
        ("hangup", json!({})),
    ] {
        let documented = format!("/calls/action/{{conversation_uuid}}/{action}");
        let path = format!("/calls/action/{conversation}/{action}");
        is_documented("post", &documented, &node.post(&path, body).await);
    }
}

#[tokio::test]
async fn intents_are_as_the_document_says() {
    let node = Node::start().await;
    let path = format!("/agents/{}/intents", node.make_agent().await);
    let all = "/agents/{agent_uuid}/intents";
    let one = "/agents/{agent_uuid}/intents/{intent_uuid}";
    let webhook = json!({ "url": "https://example.com", "auth_token": "abc" });
    let body = json!({
        "name": "Book",
        "webhook": webhook,
        "parameters": [{ "key": "guests", "type": "integer" }],
    });
    let made = node.post(&path, body).await;
    is_documented("post", all, &made);
    is_documented("get", all, &node.get(&path).await);
    let path = format!("{path}/{}", made.data()["intent_uuid"].as_str().unwrap());
    is_documented("get", one, &node.get(&path).await);
    let changed = node.patch(&path, json!({ "is_active": false })).await;
    is_documented("patch", one, &changed);
    let event = format!("{path}/event");
    let body = json!({ "event_type": "webhook", "webhook": webhook });
    let documented = format!("{one}/event");
    is_documented("put", &documented, &node.put(&event, body).await);
    is_documented("get", &documented, &node.get(&event).await);
    let published = node.post_text(&format!("{event}/publish"), "").await;
    is_documented("post", &format!("{documented}/publish"), &published);
    let refused = node.put(&event, json!({ "event_type": "app" })).await;
    is_documented("put", &documented, &refused);
    is_documented("delete", one, &node.delete(&path).await);
    let placed = node.place_call().await;
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let path = format!("/conversations/{conversation}/tool-calls");
    let documented = "/conversations/{conversation_uuid}/tool-calls";
    is_documented("get", documented, &node.get(&path).await);
}

#[tokio::test]
async fn contacts_are_as_the_document_says() {
    let node = Node::start().await;
    let field = json!({ "key": "plan", "type": "select", "options": ["pro"] });
    let field = node.post("/contacts/fields", field).await;
    is_documented("post", "/contacts/fields", &field);
    let field = field.data()["field_uuid"].as_str().unwrap().to_owned();
    let tag = node.post("/tags", json!({ "name": "vip" })).await;
    is_documented("post", "/tags", &tag);
    let tag = tag.data()["uuid"].as_str().unwrap().to_owned();
    let body = json!({ "name": "Ann", "plan": "pro", "tags": [tag] });
    let made = node.post("/contacts", body).await;
    is_documented("post", "/contacts", &made);
    let contact = format!("/contacts/{}", made.data()["uuid"].as_str().unwrap());
    let one = "/contacts/{contact_uuid}";
    for (documented, path) in [
        ("/contacts", "/contacts"),
        (one, &contact),
        ("/contacts/fields", "/contacts/fields"),
        ("/tags", "/tags"),
        ("/workspace/settings", "/workspace/settings"),
    ] {
        is_documented("get", documented, &node.get(path).await);
    }
    let days = json!({ "retention_days_recordings": 30 });
    is_documented(
        "put",
        "/workspace/settings",
        &node.put("/workspace/settings", days).await,
    );
    let name = json!({ "name": "Plan" });
    let path = format!("/contacts/fields/{field}");
    is_documented(
        "put",
        "/contacts/fields/{field_uuid}",
        &node.put(&path, name).await,
    );
    let name = json!({ "name": "old" });
    is_documented(
        "put",
        "/tags/{tag_uuid}",
        &node.put(&format!("/tags/{tag}"), name).await,
    );
    for path in ["add-tag", "remove-tag"] {
        let answer = node
            .post(&format!("{contact}/{path}"), json!({ "tag_uuid": tag }))
            .await;
        is_documented("post", &format!("{one}/{path}"), &answer);
    }
    let name = json!({ "name": "Ben" });
    is_documented("put", one, &node.put(&contact, name.clone()).await);
    is_documented("patch", one, &node.patch(&contact, name).await);
    let erased = node.post_text(&format!("{contact}/erase"), "").await;
    is_documented("post", &format!("{one}/erase"), &erased);
    let person = json!({ "phone_number": NUMBER });
    let erased = node.post("/contacts/erase", person).await;
    is_documented("post", "/contacts/erase", &erased);
    let made = node.post("/contacts", json!({})).await.data();
    let contact = format!("/contacts/{}", made["uuid"].as_str().unwrap());
    is_documented("delete", one, &node.delete(&contact).await);
}

#[tokio::test]
async fn answers_about_tasks_and_campaigns_are_as_the_document_says() {
    let node = Node::start().await;
    let task = json!({
        "title": "Remind",
        "type": "make_call",
        "agent_uuid": node.file_agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
        "contact": { "phone_number": NUMBER },
        "task_data": { "prompt": { "content": "Be brief." } },
    });
    let listing = json!({
        "name": "Spring",
        "contacts": [{ "phone_number": NUMBER }],
        "rule": { "max_calls_per_day": 1 },
    });
    let escalating = json!({ "name": "Rule", "escalation_after_failed_attempts": 2 });
    let campaign = json!({ "name": "Spring", "agent_uuid": node.file_agent });
    let mut made = Vec::new();
    for (path, body) in [
        ("/tasks", task),
        ("/listings", listing),
        ("/rules", escalating),
        ("/pools", json!({ "name": "Pool", "description": "" })),
        ("/campaigns", campaign),
        ("/do-not-call", json!({ "number": NUMBER })),
    ] {
        let answer = node.post(path, body).await;
        is_documented("post", path, &answer);
        is_documented("get", path, &node.get(path).await);
        made.push(answer.data());
    }
    let [task, listing, rule, _, campaign, _] = made.try_into().unwrap();
    let text = |thing: &Value, field: &str| thing[field].as_str().unwrap().to_owned();
    let (task, pool) = (text(&task, "uuid"), text(&listing, "pool_uuid"));
    let campaign = text(&campaign, "uuid");
    for (documented, path) in [
        ("/tasks/{task_uuid}", format!("/tasks/{task}")),
        ("/pools/{pool_uuid}", format!("/pools/{pool}")),
        (
            "/pools/{pool_uuid}/contacts",
            format!("/pools/{pool}/contacts"),
        ),
        (
            "/campaigns/{campaign_uuid}",
            format!("/campaigns/{campaign}"),
        ),
    ] {
        is_documented("get", documented, &node.get(&path).await);
    }
    for (documented, path, body) in [
        (
            "/pools/{pool_uuid}/duplicate",
            format!("/pools/{pool}/duplicate"),
            json!({}),
        ),
        (
            "/campaigns/{campaign_uuid}/pools",
            format!("/campaigns/{campaign}/pools"),
            json!({ "pool_uuids": [pool] }),
        ),
        (
            "/campaigns/{campaign_uuid}/start",
            format!("/campaigns/{campaign}/start"),
            json!({}),
        ),
        (
            "/tasks/{task_uuid}/cancel",
            format!("/tasks/{task}/cancel"),
            json!({}),
        ),
        (
            "/tasks/{task_uuid}/cancel",
            format!("/tasks/{task}/cancel"),
            json!({}),
        ),
    ] {
        is_documented("post", documented, &node.post(&path, body).await);
    }
    let set = json!({ "rule_uuid": rule["uuid"] });
    let set = node.put(&format!("/campaigns/{campaign}/rule"), set).await;
    is_documented("put", "/campaigns/{campaign_uuid}/rule", &set);
}

#[tokio::test]
async fn transcriptions_are_as_the_document_says() {
    let node = Node::start().await;
    let fields = [Field::Text("voice_url", "https://example.com/a.wav")];
    let made = node.post_form("/transcriptions", &fields).await;
    is_documented("post", "/transcriptions", &made);
    let path = format!("/transcriptions/{}", made.data()["uuid"].as_str().unwrap());
    let one = "/transcriptions/{transcription_uuid}";
    is_documented("get", "/transcriptions", &node.get("/transcriptions").await);
    is_documented("get", one, &node.get(&path).await);
    let transcript = node.get(&format!("{path}/transcript")).await;
    is_documented("get", &format!("{one}/transcript"), &transcript);
    is_documented("delete", one, &node.delete(&path).await);
}

#[tokio::test]
async fn whatsapp_is_as_the_document_says() {
    let graph = Graph::start().await;
    let url = graph.url.clone();
    let node = Node::start_with(|config| config.whatsapp.graph_url = url).await;
    let account = json!({
        "name": "Shop", "phone_number_id": "1", "waba_id": "7", "access_token": "EAAJ",
    });
    let account = node.post("/whatsapp/accounts", account).await;
    is_documented("post", "/whatsapp/accounts", &account);
    let path = format!(
        "/whatsapp/accounts/{}",
        account.data()["uuid"].as_str().unwrap()
    );
    let one = "/whatsapp/accounts/{account_uuid}";
    is_documented(
        "patch",
        one,
        &node.patch(&path, json!({ "name": "A" })).await,
    );
    graph.has_templates(&[json!({
        "id": "9", "name": "greeting", "language": "en", "status": "APPROVED",
        "category": "UTILITY", "components": [{ "type": "BODY", "text": "Hello." }],
    })]);
    let templates = node.get("/whatsapp/templates").await;
    is_documented("get", "/whatsapp/templates", &templates);
    let template = templates.data()["data"][0]["uuid"].clone();
    let set = json!({ "template_uuid": template });
    let set = node.post("/whatsapp/template-settings", set).await;
    is_documented("post", "/whatsapp/template-settings", &set);
    let message = json!({
        "agentId": node.file_agent, "templateId": template, "phoneNumber": NUMBER,
    });
    let sent = node.post("/whatsapp/template", message).await;
    is_documented("post", "/whatsapp/template", &sent);
    let new = json!({
        "name": "a", "language": "en", "category": "UTILITY", "waba_id": "7",
        "components": [{ "type": "BODY", "text": "Hello." }],
    });
    let new = node.post("/whatsapp/templates", new).await;
    is_documented("post", "/whatsapp/templates", &new);
    for path in ["/whatsapp/accounts", "/whatsapp/template-settings"] {
        is_documented("get", path, &node.get(path).await);
    }
    is_documented("delete", one, &node.delete(&path).await);
}

#[tokio::test]
async fn phone_numbers_are_as_the_document_says() {
    let node = Node::start().await;
    let all = "/channels/sip-trunk/connections";
    let one = "/channels/sip-trunk/connections/{connection_uuid}";
    let body = json!({
        "name": "Carrier", "phone_number": "+14155550100", "gateway": "a.example",
        "username": "a", "password": "b", "secondary_gateway": "b.example",
    });
    let added = node.post(all, body).await;
    is_documented("post", all, &added);
    let added = added.data();
    let path = format!("{all}/{}", added["uuid"].as_str().unwrap());
    is_documented("get", all, &node.get(all).await);
    is_documented("get", one, &node.get(&path).await);
    let change = json!({ "secondary_gateway": null });
    is_documented("patch", one, &node.patch(&path, change).await);

    let channels = format!("/agents/{}/channels/call", node.file_agent);
    let body = json!({ "connection_uuid": added["uuid"] });
    let bound = node.post(&format!("{channels}/sip-trunk"), body).await;
    let documented = "/agents/{agent_uuid}/channels/call";
    is_documented("post", &format!("{documented}/sip-trunk"), &bound);
    let body = json!({ "phone_number_uuid": added["phone_number_uuid"] });
    let bound = node.post(&format!("{channels}/provision"), body).await;
    is_documented("post", &format!("{documented}/provision"), &bound);
    is_documented("delete", documented, &node.delete(&channels).await);

    let body = json!({
        "phone_number": "+14155550101", "agent_uuid": node.file_agent, "channel": "call",
        "sip": { "gateway": "a.example" }, "additional_settings": { "ani_format": "digits" },
    });
    let trunks = "/phone-numbers/trunks";
    is_documented("post", trunks, &node.post(trunks, body.clone()).await);
    let change = json!({ "phone_number": "+14155550101", "channel": "call", "name": "A" });
    is_documented("patch", trunks, &node.patch(trunks, change).await);
    let body = json!({
        "phone_number": "+14155550101", "channel": "call", "agent_uuid": node.file_agent,
    });
    let assign = "/phone-numbers/trunks/assign";
    is_documented("put", assign, &node.put(assign, body).await);
    for list in [trunks, "/phone-numbers"] {
        is_documented("get", list, &node.get(list).await);
    }
    let query = "/phone-numbers/channels?number=%2B14155550101";
    is_documented("get", "/phone-numbers/channels", &node.get(query).await);
    let path = format!(
        "/phone-numbers/{}",
        added["phone_number_uuid"].as_str().unwrap()
    );
    let one = "/phone-numbers/{phone_number_uuid}";
    is_documented("get", one, &node.get(&path).await);
    let limit = json!({ "channel_settings": { "inbound": { "channel_limit": 5 } } });
    is_documented("patch", one, &node.patch(&path, limit).await);
    let channels = node.get(&format!("{path}/channels")).await;
    is_documented("get", &format!("{one}/channels"), &channels);
    let released = node.post_text(&format!("{path}/release"), "").await;
    is_documented("post", &format!("{one}/release"), &released);
    let body = json!({
        "name": "B", "phone_number": "+14155550102", "gateway": "a.example", "username": "a",
        "password": "b",
    });
    let added = node.post(all, body).await.data();
    let path = format!("{all}/{}", added["uuid"].as_str().unwrap());
    let one = "/channels/sip-trunk/connections/{connection_uuid}";
    is_documented("delete", one, &node.delete(&path).await);
}

#[tokio::test]
async fn schedules_are_as_the_document_says() {
    let node = Node::start().await;
    let hours = node
        .post("/availability-types", json!({ "name": "Hours" }))
        .await;
    is_documented("post", "/availability-types", &hours);
    let hours = hours.data()["uuid"].as_str().unwrap().to_owned();
    let body = json!({ "name": "Desk", "availability_type_uuid": hours });
    let schedule = node.post("/schedules", body).await;
    is_documented("post", "/schedules", &schedule);
    let schedule = schedule.data()["uuid"].as_str().unwrap().to_owned();
    let slots = format!("/schedules/{schedule}/slots");
    let free = node.get(&slots).await;
    is_documented("get", "/schedules/{schedule_uuid}/slots", &free);
    assert!(!free.data().as_array().unwrap().is_empty());
    let one = format!("/availability-types/{hours}");
    let documented = "/availability-types/{availability_type_uuid}";
    is_documented(
        "get",
        "/availability-types",
        &node.get("/availability-types").await,
    );
    is_documented("get", documented, &node.get(&one).await);
    is_documented(
        "put",
        documented,
        &node.put(&one, json!({ "name": "Days" })).await,
    );
    is_documented("delete", documented, &node.delete(&one).await);
    let one = format!("/schedules/{schedule}");
    let documented = "/schedules/{schedule_uuid}";
    is_documented("get", "/schedules", &node.get("/schedules").await);
    is_documented("get", documented, &node.get(&one).await);
    is_documented(
        "put",
        documented,
        &node.put(&one, json!({ "color": "#2f80ed" })).await,
    );
    let agent = format!("/agents/{}/appointments", node.make_agent().await);
    let documented = "/agents/{agent_uuid}/appointments";
    is_documented("get", documented, &node.get(&agent).await);
    let body = json!({ "schedule_assignments": [{ "schedule_uuid": schedule }] });
    is_documented("put", documented, &node.put(&agent, body).await);
    is_documented(
        "delete",
        "/schedules/{schedule_uuid}",
        &node.delete(&one).await,
    );
}

#[tokio::test]
async fn appointments_are_as_the_document_says() {
    let node = Node::start().await;
    let (path, made) = fill(&node, "/schedules/{schedule_uuid}").await;
    let schedule = &made["schedule_uuid"];
    let at = |from: &str, until: &str| {
        json!({
            "schedule_uuid": schedule, "title": "Check-up",
            "start_time": format!("2036-12-01T{from}:00Z"),
            "end_time": format!("2036-12-01T{until}:00Z"),
        })
    };
    let made = node.post("/appointments", at("10:00", "11:00")).await;
    is_documented("post", "/appointments", &made);
    let refused = node.post("/appointments", at("10:30", "11:30")).await;
    refused.is_error(409, "APPOINTMENT_CLASH");
    is_documented("post", "/appointments", &refused);
    let one = format!("/appointments/{}", made.data()["uuid"].as_str().unwrap());
    let documented = "/appointments/{appointment_uuid}";
    is_documented("get", "/appointments", &node.get("/appointments").await);
    is_documented("get", documented, &node.get(&one).await);
    is_documented(
        "put",
        documented,
        &node.put(&one, json!({ "notes": "Early" })).await,
    );

    let mut body = at("10:30", "11:30");
    body["contact_name"] = "Ada".into();
    body["contact_email"] = "ada@example.com".into();
    let requests = "/appointment-requests";
    let asked = node.post(requests, body.clone()).await;
    is_documented("post", requests, &asked);
    let asked = format!("{requests}/{}", asked.data()["uuid"].as_str().unwrap());
    let documented = "/appointment-requests/{request_uuid}";
    is_documented("get", requests, &node.get(requests).await);
    is_documented("get", documented, &node.get(&asked).await);
    let approve = format!("{asked}/approve");
    let refused = node.post_text(&approve, "").await;
    refused.is_error(409, "APPOINTMENT_CLASH");
    is_documented("post", &format!("{documented}/approve"), &refused);

    let cancelled = json!({ "status": "cancelled", "reason": "Ill" });
    let cancelled = node.post(&format!("{one}/status"), cancelled).await;
    is_documented(
        "post",
        "/appointments/{appointment_uuid}/status",
        &cancelled,
    );
    is_documented(
        "post",
        &format!("{documented}/approve"),
        &node.post_text(&approve, "").await,
    );
    for decision in ["reject", "cancel"] {
        let asked = node.post(requests, body.clone()).await.data();
        let path = format!("{requests}/{}/{decision}", asked["uuid"].as_str().unwrap());
        let decided = node.post_text(&path, "").await;
        is_documented("post", &format!("{documented}/{decision}"), &decided);
    }
    let gone = node.delete(&one).await;
    is_documented("delete", "/appointments/{appointment_uuid}", &gone);
    let needed = node.delete(&path).await;
    needed.is_error(409, "SCHEDULE_IN_USE");
    is_documented("delete", "/schedules/{schedule_uuid}", &needed);
}

#[tokio::test]
async fn conversations_are_as_the_document_says() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    crate::conversations::end(&node, &placed).await;
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let session = placed["id"].as_str().unwrap();
    let one = "/conversations/{conversation_uuid}";
    for (documented, path) in [
        ("/conversations".to_owned(), "/conversations".to_owned()),
        (one.to_owned(), format!("/conversations/{conversation}")),
        (
            format!("{one}/messages"),
            format!("/conversations/{conversation}/messages"),
        ),
        (
            format!("{one}/sessions"),
            format!("/conversations/{conversation}/sessions"),
        ),
        (
            "/sessions/{session_uuid}/messages".to_owned(),
            format!("/sessions/{session}/messages"),
        ),
    ] {
        is_documented("get", &documented, &node.get(&path).await);
    }
}

#[tokio::test]
async fn oauth_is_as_the_document_says() {
    let node = Node::start().await;
    let body = json!({
        "name": "App", "redirect_uris": ["https://app.example/cb"], "scopes": ["calls:read"],
    });
    let clients = "/oauth/clients";
    let made = node.post(clients, body).await;
    is_documented("post", clients, &made);
    is_documented("get", clients, &node.get(clients).await);
    let one = format!("{clients}/{}", made.data()["client_uuid"].as_str().unwrap());
    let documented = "/oauth/clients/{client_uuid}";
    is_documented("get", documented, &node.get(&one).await);
    let name = json!({ "name": "Other" });
    is_documented("patch", documented, &node.patch(&one, name).await);
    let secret = node.post_text(&format!("{one}/secret"), "").await;
    is_documented("post", &format!("{documented}/secret"), &secret);
    is_documented("delete", documented, &node.delete(&one).await);
    is_documented("get", documented, &node.get(&one).await);

    let client = Client::register(&node).await;
    let code = client.code().await;
    let tokens = client.send("token", &client.exchange(&code), &[]).await;
    is_documented("post", "/oauth/token", &tokens);
    let grants = node.get("/oauth/grants").await;
    is_documented("get", "/oauth/grants", &grants);
    let again = client.send("token", &client.exchange(&code), &[]).await;
    is_documented("post", "/oauth/token", &again);
    let stranger = client.send("token", &Default::default(), &[]).await;
    is_documented("post", "/oauth/token", &stranger);
    is_documented("post", "/oauth/revoke", &client.revoke("x").await);
    let (grant, _) = fill(&node, "/oauth/grants/{grant_uuid}").await;
    let grant = node.delete(&grant).await;
    is_documented("delete", "/oauth/grants/{grant_uuid}", &grant);
}

#[tokio::test]
async fn evaluations_are_as_the_document_says() {
    let node = Node::start().await;
    let (one, _) = fill(&node, "/evaluations/{evaluation_uuid}").await;
    is_documented(
        "get",
        "/evaluations/{evaluation_uuid}",
        &node.get(&one).await,
    );
    is_documented("get", "/evaluations", &node.get("/evaluations").await);
    let change = json!({ "text": { "emotion_detection": { "enabled": false } } });
    let agent = node.make_agent().await;
    for (documented, path) in [
        ("/evaluate/default", "/evaluate/default".to_owned()),
        (
            "/agents/{agent_uuid}/evaluate",
            format!("/agents/{agent}/evaluate"),
        ),
    ] {
        is_documented("get", documented, &node.get(&path).await);
        is_documented("put", documented, &node.put(&path, change.clone()).await);
    }
    let again = node
        .post_text(&format!("/agents/{agent}/evaluate/reassign"), "")
        .await;
    is_documented("post", "/agents/{agent_uuid}/evaluate/reassign", &again);
}

#[tokio::test]
async fn analytics_are_as_the_document_says() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    crate::conversations::end(&node, &placed).await;
    let window = "from=2023-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";
    let day = "from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z&granularity=day";
    for (path, query) in [
        ("/analytics/calls", format!("{window}&compare_prev=true")),
        ("/analytics/calls", day.to_owned()),
        ("/analytics/sessions", format!("{window}&compare_prev=true")),
        ("/analytics/messages", format!("{window}&limit=1")),
    ] {
        is_documented("get", path, &node.get(&format!("{path}?{query}")).await);
    }
}

#[tokio::test]
async fn webhooks_and_deliveries_are_as_the_document_says() {
    let node = Node::start().await;
    let of_agent = format!("/agents/{}/webhooks", node.make_agent().await);
    for (documented, hooks) in [
        ("/agents/{agent_uuid}/webhooks", of_agent.as_str()),
        ("/webhooks", "/webhooks"),
    ] {
        let body = json!({ "url": "https://example.com", "events": ["intent_call"] });
        let made = node.post(hooks, body).await;
        is_documented("post", documented, &made);
        is_documented("get", documented, &node.get(hooks).await);
        let hook = format!("{hooks}/{}", made.data()["webhook_uuid"].as_str().unwrap());
        let documented = format!("{documented}/{{webhook_uuid}}");
        is_documented("get", &documented, &node.get(&hook).await);
        let sent = node.post_text(&format!("{hook}/test"), "").await;
        is_documented("post", &format!("{documented}/test"), &sent);
        let log = format!("{hook}/deliveries");
        let page = node.get(&log).await;
        is_documented("get", &format!("{documented}/deliveries"), &page);
        assert_eq!(page.data()["total"], 1);
        let one = format!("{log}/{}", sent.data()["delivery_uuid"].as_str().unwrap());
        let delivery = format!("{documented}/deliveries/{{delivery_uuid}}");
        is_documented("get", &delivery, &node.get(&one).await);
        let again = node.post_text(&format!("{one}/redeliver"), "").await;
        again.is_error(409, "DELIVERY_PENDING");
        is_documented("post", &format!("{delivery}/redeliver"), &again);
        let changed = node.patch(&hook, json!({ "is_active": false })).await;
        is_documented("patch", &documented, &changed);
        let sent = node.post_text(&format!("{hook}/test"), "").await;
        sent.is_error(409, "WEBHOOK_INACTIVE");
        is_documented("post", &format!("{documented}/test"), &sent);
        is_documented("delete", &documented, &node.delete(&hook).await);
    }
}

#[tokio::test]
async fn errors_are_as_the_document_says() {
    let node = Node::start().await;
    let body = json!({ "agentId": "x", "participant": { "number": NUMBER } });
    is_documented("post", "/call", &node.post("/call", body).await);
    is_documented("post", "/call", &node.post_text("/call", "{").await);
    is_documented("get", "/calls", &node.get("/calls?colour=red").await);
    is_documented("get", "/agents/{agent_uuid}", &node.get("/agents/x").await);
    let hang_up = "/calls/action/{conversation_uuid}/hangup";
    let answer = node.post_text("/calls/action/x/hangup", "").await;
    is_documented("post", hang_up, &answer);
}

#[track_caller]
pub(crate) fn is_documented(method: &str, path: &str, answer: &Answer) {
    let document = api::document();
    let operation = &document["paths"][format!("/api/v1{path}")][method];
    let response = &operation["responses"][answer.status.as_str()];
    assert_ne!(*response, Value::Null, "{method} {path}: {}", answer.status);
    let response = resolve(&document, response);
    let schema = &response["content"]["application/json"]["schema"];
    let problems = problems(&document, schema, &answer.json());
    assert!(problems.is_empty(), "{method} {path}: {problems:#?}");
}
