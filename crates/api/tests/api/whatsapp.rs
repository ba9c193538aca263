//! WhatsApp: accounts, templates and messages, against a Graph API on loopback.

use std::time::Duration;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::graph::{Graph, Refusal};
use crate::support::{NUMBER, Node, until};

const TOKEN: &str = "EAAJBsecret";

/// A node whose WhatsApp is on loopback, with one account.
pub(crate) async fn start() -> (Node, Graph) {
    start_with(|_| {}).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut api::ApiConfig)) -> (Node, Graph) {
    let graph = Graph::start().await;
    let url = graph.url.clone();
    let node = Node::start_with(|config| {
        config.whatsapp.graph_url = url;
        config.dialling.poll_interval = Duration::from_millis(20);
        change(config);
    })
    .await;
    let account = json!({
        "name": "Shop",
        "phone_number": "+14155550100",
        "phone_number_id": "106540352242922",
        "waba_id": "102290129340398",
        "access_token": TOKEN,
    });
    node.post("/whatsapp/accounts", account).await.data();
    (node, graph)
}

fn template(id: &str, name: &str, status: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "language": "en_US",
        "status": status,
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            { "type": "HEADER", "format": "IMAGE" },
            { "type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way." },
        ],
    })
}

/// The UUID of the one template that Meta has.
pub(crate) async fn only_template(node: &Node, graph: &Graph, status: &str) -> String {
    graph.has_templates(&[template("594425479261596", "order_confirmation", status)]);
    let listed = node.get("/whatsapp/templates").await.data();
    assert_eq!(listed["total"], 1, "{listed}");
    listed["data"][0]["uuid"].as_str().unwrap().to_owned()
}

pub(crate) fn order(node: &Node, template: &str) -> Value {
    json!({
        "agentId": node.file_agent,
        "templateId": template,
        "phoneNumber": "+1 (415) 555-0123",
        "parameters": { "field1": "Ann", "field2": "40235" },
        "header": { "type": "image", "url": "https://example.com/parcel.png" },
    })
}

pub(crate) fn error(code: i64) -> Refusal {
    Refusal {
        status: 400,
        body: json!({ "error": {
            "message": format!("(#{code}) Refused"),
            "type": "OAuthException",
            "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": "It says why." },
            "fbtrace_id": "Az8or2yhqkZfEZ",
        } }),
        retry_after: None,
    }
}

#[tokio::test]
async fn a_template_is_sent_as_meta_documents_it() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let sent = node
        .post("/whatsapp/template", order(&node, &id))
        .await
        .data();
    assert_eq!(sent["templateName"], "order_confirmation");
    assert_eq!(sent["recipientPhone"], NUMBER);
    assert!(sent["messageId"].as_str().unwrap().starts_with("wamid."));
    let asked = graph.asked().pop().unwrap();
    assert_eq!(asked.method, Method::POST);
    assert_eq!(asked.path, "/v23.0/106540352242922/messages");
    assert_eq!(asked.authorization, format!("Bearer {TOKEN}"));
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": NUMBER,
        "type": "template",
        "template": {
            "name": "order_confirmation",
            "language": { "code": "en_US" },
            "components": [
                { "type": "header", "parameters": [
                    { "type": "image", "image": { "link": "https://example.com/parcel.png" } },
                ] },
                { "type": "body", "parameters": [
                    { "type": "text", "text": "Ann" },
                    { "type": "text", "text": "40235" },
                ] },
            ],
        },
    });
    assert_eq!(asked.body, expected);

    let again = node
        .post("/whatsapp/template", order(&node, &id))
        .await
        .data();
    assert_eq!(again["conversationId"], sent["conversationId"]);
    assert_ne!(again["messageId"], sent["messageId"]);
    let contacts = node.get("/contacts").await.data();
    assert_eq!(contacts["total"], 1, "the recipient is a contact now");
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_its_key_sends_one_message() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = node
            .request(Method::POST, "/whatsapp/template")
            .header("content-type", "application/json")
            .header("idempotency-key", "one");
        let body = order(&node, &id).to_string();
        answers.push(node.send(request.body(body.into()).unwrap()).await.data());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(graph.messages().len(), 1);
}

#[tokio::test]
async fn what_meta_answers_is_told_with_its_code() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    for (meta, status, code) in [
        (190, 409, "WHATSAPP_TOKEN_REFUSED"),
        (131_026, 422, "WHATSAPP_UNDELIVERABLE"),
        (131_047, 409, "WHATSAPP_WINDOW_CLOSED"),
        (132_000, 422, "WHATSAPP_INVALID_PARAMETER"),
        (132_001, 409, "WHATSAPP_TEMPLATE_MISSING"),
        (132_015, 409, "WHATSAPP_TEMPLATE_PAUSED"),
        (130_429, 429, "WHATSAPP_RATE_LIMITED"),
        (131_056, 429, "WHATSAPP_RATE_LIMITED"),
        (80_007, 429, "WHATSAPP_RATE_LIMITED"),
        (131_000, 502, "WHATSAPP_FAILED"),
    ] {
        graph.refuses(Some(error(meta)));
        let answer = node.post("/whatsapp/template", order(&node, &id)).await;
        let body = answer.is_error(status, code);
        let details = body["error"]["details"].as_str().unwrap();
        assert!(details.contains(&format!("error {meta}:")), "{details}");
        assert!(details.contains("It says why."), "{details}");
        let wait = answer.header("retry-after");
        assert_eq!(wait == "60", status == 429, "{code}: {wait}");
    }
    let busy = Refusal {
        retry_after: Some("7"),
        ..error(130_429)
    };
    graph.refuses(Some(busy));
    let answer = node.post("/whatsapp/template", order(&node, &id)).await;
    assert_eq!(answer.header("retry-after"), "7");
    for (status, code) in [
        (404, "WHATSAPP_FAILED"),
        (200, "WHATSAPP_OUTCOME_UNKNOWN"),
        (500, "WHATSAPP_OUTCOME_UNKNOWN"),
        (504, "WHATSAPP_OUTCOME_UNKNOWN"),
    ] {
        let broken = Refusal {
            status,
            body: json!("no error of Meta"),
            retry_after: None,
        };
        graph.refuses(Some(broken));
        let answer = node.post("/whatsapp/template", order(&node, &id)).await;
        answer.is_error(502, code);
    }
}

#[tokio::test]
async fn a_message_that_can_not_be_made_is_not_asked_of_meta() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    for (change, field) in [
        (
            json!({ "parameters": { "field1": "Ann" } }),
            "parameters.field2",
        ),
        (json!({ "header": null }), "header"),
        (
            json!({ "header": { "type": "image", "url": "http://10.0.0.1/a" } }),
            "header.url",
        ),
        (json!({ "phoneNumber": "12" }), "phoneNumber"),
        (json!({ "agentId": "x" }), "agentId"),
        (json!({ "templateId": "x" }), "templateId"),
        (json!({ "template": "x" }), "template"),
    ] {
        let mut body = order(&node, &id);
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        node.post("/whatsapp/template", body).await.is_about(field);
    }
    let unknown = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34";
    let mut body = order(&node, &id);
    body["agentId"] = unknown.into();
    node.post("/whatsapp/template", body)
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    let answer = node.post("/whatsapp/template", order(&node, unknown)).await;
    answer.is_error(404, "TEMPLATE_NOT_FOUND");
    assert!(graph.messages().is_empty());
}

#[tokio::test]
async fn a_template_that_waits_for_approval_is_asked_for_again() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "PENDING").await;
    let answer = node.post("/whatsapp/template", order(&node, &id)).await;
    answer.is_error(409, "TEMPLATE_NOT_APPROVED");
    graph.has_templates(&[template(
        "594425479261596",
        "order_confirmation",
        "APPROVED",
    )]);
    node.post("/whatsapp/template", order(&node, &id))
        .await
        .data();
    assert_eq!(graph.messages().len(), 1);
}

#[tokio::test]
async fn without_an_account_nothing_is_sent() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let accounts = node.get("/whatsapp/accounts").await.data();
    let account = accounts[0]["uuid"].as_str().unwrap();
    node.delete(&format!("/whatsapp/accounts/{account}"))
        .await
        .data();
    let answer = node.post("/whatsapp/template", order(&node, &id)).await;
    answer.is_error(409, "WHATSAPP_ACCOUNT_MISSING");
    let gone = node.delete(&format!("/whatsapp/accounts/{account}")).await;
    gone.is_error(404, "WHATSAPP_ACCOUNT_NOT_FOUND");
    assert!(graph.messages().is_empty());
}

#[tokio::test]
async fn the_token_of_an_account_is_used_and_never_shown() {
    let (node, graph) = start().await;
    let listed = node.get("/whatsapp/accounts").await;
    assert!(!listed.text().contains(TOKEN), "{}", listed.text());
    let account = listed.data()[0]["uuid"].as_str().unwrap().to_owned();
    let path = format!("/whatsapp/accounts/{account}");
    let changed = node
        .patch(&path, json!({ "access_token": "EAAJBother" }))
        .await;
    assert!(!changed.text().contains("EAAJBother"), "{}", changed.text());
    only_template(&node, &graph, "APPROVED").await;
    assert_eq!(graph.asked()[0].authorization, "Bearer EAAJBother");

    let twice = json!({
        "name": "Again", "phone_number_id": "106540352242922", "waba_id": "1",
        "access_token": TOKEN,
    });
    let answer = node.post("/whatsapp/accounts", twice).await;
    answer.is_error(409, "WHATSAPP_ACCOUNT_EXISTS");
    let path_in_it = json!({
        "name": "A", "phone_number_id": "../me", "waba_id": "1", "access_token": TOKEN,
    });
    let answer = node.post("/whatsapp/accounts", path_in_it).await;
    answer.is_about("phone_number_id");
    let unknown = node.patch("/whatsapp/accounts/x", json!({})).await;
    unknown.is_error(404, "WHATSAPP_ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn templates_are_read_page_by_page_and_shown_again_without_asking() {
    let (node, graph) = start().await;
    let three = ["one", "two", "three"];
    graph.has_templates(&three.map(|name| template(name, name, "APPROVED")));
    let listed = node.get("/whatsapp/templates?status=APPROVED").await.data();
    assert_eq!(listed["total"], 3);
    let asked = graph.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].path, "/v23.0/102290129340398/message_templates");
    assert!(asked[1].query.contains("after=first"), "{}", asked[1].query);
    let first = &listed["data"][0];
    assert_eq!(
        first["content"],
        "Hello {{1}}, your order {{2}} is on its way."
    );
    assert_eq!(first["phone_number"], "+14155550100");

    graph.refuses(Some(error(190)));
    let answer = node.get("/whatsapp/templates").await;
    answer.is_error(409, "WHATSAPP_TOKEN_REFUSED");
    let stored = node.get("/whatsapp/templates?refresh=false").await.data();
    assert_eq!(stored["total"], 3);
    let none = node
        .get("/whatsapp/templates?refresh=false&status=REJECTED")
        .await
        .data();
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn a_template_is_handed_in_and_known_from_then_on() {
    let (node, graph) = start().await;
    let components = json!([{
        "type": "BODY", "text": "Hello {{first_name}}.",
        "example": { "body_text_named_params": [{ "param_name": "first_name", "example": "Ann" }] },
    }]);
    let body = json!({
        "name": "greeting", "language": "en_US", "category": "UTILITY",
        "waba_id": "102290129340398", "components": components,
    });
    let made = node.post("/whatsapp/templates", body.clone()).await;
    assert_eq!(made.status, 201);
    let made = made.data();
    assert_eq!(
        (&made["status"], &made["template_id"]),
        (&json!("PENDING"), &json!("594425479261596"))
    );
    let asked = graph.asked().pop().unwrap();
    assert_eq!(asked.path, "/v23.0/102290129340398/message_templates");
    let expected = json!({
        "name": "greeting", "language": "en_US", "category": "UTILITY",
        "parameter_format": "NAMED", "components": components,
    });
    assert_eq!(asked.body, expected);
    let listed = node.get("/whatsapp/templates?refresh=false").await.data();
    assert_eq!(listed["data"][0], made);

    for (field, value) in [
        ("name", json!("Greeting")),
        ("language", json!("")),
        ("category", json!("utility")),
        ("components", json!([])),
        ("components", json!([{ "text": "a" }])),
    ] {
        let mut body = body.clone();
        body[field] = value;
        node.post("/whatsapp/templates", body).await.is_about(field);
    }
    let mut other = body;
    other["waba_id"] = "7".into();
    let answer = node.post("/whatsapp/templates", other).await;
    answer.is_error(409, "WHATSAPP_ACCOUNT_MISSING");
}

#[tokio::test]
async fn settings_must_fit_their_template() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let header = json!({ "type": "image", "url": "https://example.com/{{custom.picture}}.png" });
    let body = json!({ "field1": "{{contact.name}}", "field2": "{{ custom.order }}" });
    let path = "/whatsapp/template-settings";
    let set = json!({ "template_uuid": id, "params": { "body": body, "header": header } });
    let made = node.post(path, set.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.data()["template"]["uuid"], id.as_str());
    assert_eq!(made.data()["status"], "active");
    let off = json!({ "template_uuid": id, "params": set["params"], "status": "inactive" });
    let off = node.post(path, off).await.data();
    assert_eq!(
        (&off["uuid"], &off["status"]),
        (&made.data()["uuid"], &json!("inactive"))
    );
    let listed = node.get(path).await.data();
    assert_eq!((&listed["total"], &listed["data"][0]), (&json!(1), &off));

    for (params, field) in [
        (json!({ "header": header }), "params.body.field1"),
        (json!({ "body": body }), "params.header"),
        (
            json!({ "header": header, "body": { "field1": "{{contact.age}}", "field2": "a" } }),
            "params.body.field1",
        ),
    ] {
        let set = json!({ "template_uuid": id, "params": params });
        node.post(path, set).await.is_about(field);
    }
    let unknown = json!({ "template_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34" });
    node.post(path, unknown)
        .await
        .is_error(404, "TEMPLATE_NOT_FOUND");
}

/// Makes a task for the contact and gives it once it has this status, on a node whose queue is gone
/// through.
pub(crate) async fn task_becomes(node: &Node, data: Value, status: &str) -> Value {
    let shutdown = CancellationToken::new();
    let queue = tokio::spawn(api::dialling::run(node.state.clone(), shutdown.clone()));
    let body = json!({
        "title": "Tell",
        "type": "send_message",
        "agent_uuid": node.file_agent,
        "scheduled_at": Timestamp::now(),
        "max_attempts": 1,
        "contact": { "phone_number": NUMBER },
        "task_data": data,
    });
    let made = node.post("/tasks", body).await.data();
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    let task = until(async || {
        let task = node.get(&path).await.data();
        (task["status"] == status).then_some(task)
    })
    .await;
    shutdown.cancel();
    queue.await.unwrap();
    task
}

#[tokio::test]
async fn a_task_sends_its_template_once() {
    let (node, graph) = start().await;
    let known = json!({ "phone_number": NUMBER, "name": "Ann" });
    node.post("/contacts", known).await.data();
    let id = only_template(&node, &graph, "APPROVED").await;
    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "{{contact.name}}", "field2": "40235" },
    });
    let set = json!({ "template_uuid": id, "params": params });
    node.post("/whatsapp/template-settings", set).await.data();
    let data = json!({ "message_type": "whatsapp_template", "template_uuid": id });
    let task = task_becomes(&node, data, "completed").await;
    assert_eq!(task["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(task["attempts"][0]["outcome"], "completed");
    let messages = graph.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["to"], NUMBER);
    let body = &messages[0]["template"]["components"][1]["parameters"];
    assert_eq!(body[0]["text"], "Ann");
}

#[tokio::test]
async fn a_task_whose_message_is_refused_fails_and_says_why() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "Ann", "field2": "{{custom.order}}" },
    });
    let set = json!({ "template_uuid": id, "params": params });
    node.post("/whatsapp/template-settings", set.clone())
        .await
        .data();
    let data = json!({ "template_uuid": id });
    let reason = async |data: &Value| {
        let task = task_becomes(&node, data.clone(), "failed").await;
        task["attempts"][0]["reason"].as_str().unwrap().to_owned()
    };
    let unknown = reason(&data).await;
    assert!(unknown.contains("`custom.order`"), "{unknown}");
    let mut whole = set;
    whole["params"]["body"]["field2"] = "40235".into();
    node.post("/whatsapp/template-settings", whole).await.data();
    assert!(graph.messages().is_empty());

    graph.refuses(Some(error(131_026)));
    let refused = reason(&data).await;
    assert!(refused.starts_with("WHATSAPP_UNDELIVERABLE"), "{refused}");
    assert!(refused.contains("131026"), "{refused}");
}

#[tokio::test]
async fn what_sends_a_template_has_to_name_one_that_exists() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let task = |template: &str| {
        json!({
            "title": "Tell",
            "type": "send_message",
            "agent_uuid": node.file_agent,
            "scheduled_at": "2036-03-29T10:00:00Z",
            "contact": { "phone_number": NUMBER },
            "task_data": { "template_uuid": template },
        })
    };
    let unknown = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34";
    let refused = node.post("/tasks", task(unknown)).await;
    refused.is_error(404, "TEMPLATE_NOT_FOUND");
    node.post("/tasks", task(&id)).await.data();

    let campaign = json!({ "name": "Spring", "campaign_type": "text", "template_uuid": unknown });
    let refused = node.post("/campaigns", campaign).await;
    refused.is_error(404, "TEMPLATE_NOT_FOUND");
    let campaign = json!({ "name": "Spring", "campaign_type": "text", "template_uuid": id });
    let made = node.post("/campaigns", campaign).await.data();
    let path = format!("/campaigns/{}", made["uuid"].as_str().unwrap());
    let refused = node.put(&path, json!({ "template_uuid": unknown })).await;
    refused.is_error(404, "TEMPLATE_NOT_FOUND");

    let listing = json!({
        "name": "Spring",
        "campaign_type": "text",
        "contacts": [{ "phone_number": NUMBER }],
        "contact_template_setting_id": id,
    });
    let refused = node.post("/listings", listing).await;
    refused.is_error(404, "TEMPLATE_SETTINGS_NOT_FOUND");
}

#[tokio::test]
async fn a_text_listing_sends_the_template_of_its_settings() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "{{contact.name}}", "field2": "40235" },
    });
    let set = json!({ "template_uuid": id, "params": params });
    let settings = node.post("/whatsapp/template-settings", set).await.data();
    assert_ne!(settings["uuid"], id.as_str());
    let listing = json!({
        "name": "Spring",
        "campaign_type": "text",
        "agent_uuid": node.file_agent,
        "auto_start": true,
        "contacts": [{ "phone_number": NUMBER, "name": "Ann" }],
        "contact_template_setting_id": settings["uuid"],
    });
    let made = node.post("/listings", listing).await.data();
    let shutdown = CancellationToken::new();
    let queue = tokio::spawn(api::dialling::run(node.state.clone(), shutdown.clone()));
    let path = format!(
        "/tasks?campaign_uuid={}",
        made["campaign_uuid"].as_str().unwrap()
    );
    let task = until(async || {
        let task = node.get(&path).await.data()["data"][0].clone();
        let is_over = ["completed", "failed"]
            .map(Value::from)
            .contains(&task["status"]);
        is_over.then_some(task)
    })
    .await;
    shutdown.cancel();
    queue.await.unwrap();
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(graph.messages()[0]["to"], NUMBER);
}

#[tokio::test]
async fn the_end_of_a_buttons_url_is_sent_as_meta_documents_it() {
    let (node, graph) = start().await;
    let mut with_button = template("594425479261596", "order_confirmation", "APPROVED");
    let buttons = json!([
        { "type": "PHONE_NUMBER", "text": "Call", "phone_number": "+14155550100" },
        { "type": "URL", "text": "Track", "url": "https://shop.example/track/{{1}}" },
    ]);
    let components = with_button["components"].as_array_mut().unwrap();
    components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    graph.has_templates(&[with_button]);
    let listed = node.get("/whatsapp/templates").await.data();
    let id = listed["data"][0]["uuid"].as_str().unwrap();
    let mut body = order(&node, id);
    let refused = node.post("/whatsapp/template", body.clone()).await;
    refused.is_about("parameters.button2");
    body["parameters"]["button2"] = "40235".into();
    node.post("/whatsapp/template", body).await.data();
    let sent = graph.messages().pop().unwrap();
    assert_eq!(
        sent["template"]["components"][2],
        json!({
            "type": "button", "sub_type": "url", "index": "1",
            "parameters": [{ "type": "text", "text": "40235" }],
        })
    );

    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "Ann", "field2": "40235" },
    });
    let mut set = json!({ "template_uuid": id, "params": params });
    let path = "/whatsapp/template-settings";
    node.post(path, set.clone())
        .await
        .is_about("params.body.button2");
    set["params"]["body"]["button2"] = "{{custom.order}}".into();
    assert_eq!(node.post(path, set).await.status, 201);
}

#[tokio::test]
async fn templates_are_not_there_when_meta_fails() {
    let (node, graph) = start().await;
    graph.refuses(Some(error(131_000)));
    let listed = node.get("/whatsapp/templates").await;
    listed.is_error(502, "WHATSAPP_FAILED");
    let body = json!({
        "name": "greeting", "language": "en_US", "category": "UTILITY",
        "waba_id": "102290129340398", "components": [{ "type": "BODY", "text": "Hello." }],
    });
    let made = node.post("/whatsapp/templates", body).await;
    made.is_error(502, "WHATSAPP_FAILED");
}
