//! Telephone numbers, SIP connections and trunks, and what they make of calls.

use std::sync::Arc;
use std::time::Duration;

use api::Numbers;
use axum::http::Method;
use engine::{
    Answerer, CallEventKind, CallId, CallReport, CallStatus, Carrier, NumberDirectory as _,
    PlaceCallError,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::dialling::{report, write};
use crate::support::{NUMBER, Node, until};

const OWN: &str = "+14155550100";
const PASSWORD: &str = "the-sip-password";

fn connection() -> Value {
    json!({
        "name": "Carrier",
        "phone_number": "+1 (415) 555-0100",
        "gateway": "sip.carrier.example",
        "username": "account",
        "password": PASSWORD,
        "secondary_gateway": "sip2.carrier.example:5080",
    })
}

fn trunk(agent: &str) -> Value {
    json!({ "phone_number": OWN, "agent_uuid": agent, "channel": "call" })
}

async fn add(node: &Node) -> Value {
    node.post("/channels/sip-trunk/connections", connection())
        .await
        .data()
}

fn id(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

/// Has the file agent call and be called by a connection; its id and that of its number.
async fn bound(node: &Node) -> (String, String) {
    let added = add(node).await;
    let path = format!("/agents/{}/channels/call/sip-trunk", node.file_agent);
    let body = json!({ "connection_uuid": added["uuid"] });
    node.post(&path, body).await.data();
    (id(&added, "uuid"), id(&added, "phone_number_uuid"))
}

fn carrier_of_last_call(node: &Node) -> Option<Carrier> {
    let placed = node.calls.placed.lock().unwrap();
    placed.last().unwrap().carrier.clone()
}

/// Who answers a call, of which the node is asked as the engine does.
async fn answerer(node: &Node, called: &[&str]) -> Answerer {
    let (store, directory) = (node.store.clone(), Arc::clone(&node.directory));
    let numbers = Numbers::new(store, directory, Some("US")).unwrap();
    numbers.answerer(CallId::generate(), called).await
}

fn name(answerer: &Answerer) -> &str {
    match answerer {
        Answerer::Agent(agent) => &agent.name,
        Answerer::Unknown => "unknown",
        Answerer::Nobody => "nobody",
        Answerer::Busy => "busy",
        Answerer::Failed => "failed",
    }
}

#[tokio::test]
async fn a_connection_is_added_changed_and_removed_and_never_shows_what_opens_it() {
    let node = Node::start().await;
    let answer = node.post("/channels/sip-trunk/connections", connection());
    let answer = answer.await;
    assert_eq!(answer.status, 201);
    let added = answer.data();
    assert_eq!(added["phone_number"], "+1 (415) 555-0100");
    assert_eq!(added["secondary_gateway"], "sip2.carrier.example:5080");
    assert_eq!(added["status"], "unverified");
    let path = format!("/channels/sip-trunk/connections/{}", id(&added, "uuid"));
    assert_eq!(node.get(&path).await.data(), added);
    let listed = node.get("/channels/sip-trunk/connections").await;
    assert_eq!(listed.data()["items"], json!([added]));
    assert_eq!(listed.data()["pagination"]["total"], 1);

    let change = json!({ "name": "Other", "gateway": "10.0.0.1:5062", "secondary_gateway": null });
    let changed = node.patch(&path, change).await;
    for answer in [&answer, &listed, &changed, &node.get(&path).await] {
        assert!(!answer.text().contains(PASSWORD) && !answer.text().contains("account"));
    }
    let changed = changed.data();
    assert_eq!(changed["gateway"], "10.0.0.1:5062");
    assert_eq!(changed["secondary_gateway"], Value::Null);
    assert_eq!(changed["name"], "Other");
    assert!(node.delete(&path).await.status.is_success());
    for answer in [
        node.get(&path).await,
        node.delete(&path).await,
        node.patch(&path, json!({})).await,
    ] {
        answer.is_error(404, "SIP_CONNECTION_NOT_FOUND");
    }
}

#[tokio::test]
async fn what_can_not_be_a_connection_is_refused_by_its_field() {
    let node = Node::start().await;
    for (field, value) in [
        ("name", json!("")),
        ("phone_number", json!("call me")),
        ("gateway", json!("sip:carrier.example")),
        ("gateway", json!("carrier.example;transport=tcp")),
        ("username", json!("a\"b")),
        ("password", json!("")),
        ("secondary_gateway", json!("carrier example")),
        ("gateway", json!("a".repeat(256))),
    ] {
        let mut body = connection();
        body[field] = value;
        let answer = node.post("/channels/sip-trunk/connections", body).await;
        answer.is_about(field);
    }
    assert_eq!(node.get("/phone-numbers").await.data()["items"], json!([]));
}

#[tokio::test]
async fn a_number_of_another_workspace_is_not_free_and_not_said_to_be_theirs() {
    let node = Node::start().await;
    add(&node).await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let answer = visitor.post("/channels/sip-trunk/connections", connection());
    let answer = answer.await;
    answer.is_error(409, "PHONE_NUMBER_TAKEN");
    assert!(!answer.text().contains("Default") && !answer.text().contains("default"));
    let agent = visitor.post("/agents", json!({ "name": "B" })).await.data();
    let body = trunk(agent["agent_uuid"].as_str().unwrap());
    let answer = visitor.post("/phone-numbers/trunks", body).await;
    answer.is_error(409, "PHONE_NUMBER_TAKEN");
    let path = "/phone-numbers/channels?number=%2B14155550100";
    let answer = visitor.get(path).await;
    answer.is_error(404, "PHONE_NUMBER_NOT_FOUND");
    assert_eq!(
        visitor.get("/phone-numbers").await.data()["items"],
        json!([])
    );
}

#[tokio::test]
async fn numbers_are_listed_shown_limited_and_released() {
    let node = Node::start().await;
    let (_, number) = bound(&node).await;
    let listed = node.get("/phone-numbers").await.data();
    let shown = &listed["items"][0];
    assert_eq!(shown["number"], OWN);
    assert_eq!(
        (&shown["is_external"], &shown["source"]),
        (&json!(true), &json!("external"))
    );
    assert_eq!(shown["bindings"]["call"]["agent_name"], "Support");
    let trunks = node.get("/phone-numbers/trunks").await.data();
    assert_eq!(trunks, listed);
    let path = format!("/phone-numbers/{number}");
    assert_eq!(&node.get(&path).await.data(), shown);

    let settings = json!({ "channel_settings": {
        "voice": { "channel_limit": 3, "whitelisted_destinations": ["us", "DE"] },
        "inbound": { "enabled": false },
    } });
    let changed = node.patch(&path, settings).await.data();
    let voice = &changed["channel_settings"]["voice"];
    assert_eq!(voice["channel_limit"], 3);
    assert_eq!(voice["whitelisted_destinations"], json!(["US", "DE"]));
    assert_eq!(changed["channel_settings"]["inbound"]["enabled"], false);
    let settings = json!({ "channel_settings": { "voice": { "channel_limit": null } } });
    let changed = node.patch(&path, settings).await.data();
    let voice = &changed["channel_settings"]["voice"];
    assert_eq!(voice["channel_limit"], Value::Null);
    assert_eq!(voice["whitelisted_destinations"], json!(["US", "DE"]));
    let wrong = json!({ "channel_settings": { "voice": { "whitelisted_destinations": ["XX"] } } });
    let field = "channel_settings.voice.whitelisted_destinations[0]";
    node.patch(&path, wrong).await.is_about(field);
    let wrong = json!({ "channel_settings": { "inbound": { "channel_limit": 0 } } });
    let field = "channel_settings.inbound.channel_limit";
    node.patch(&path, wrong).await.is_about(field);

    let channels = node.get(&format!("{path}/channels")).await.data();
    assert_eq!(channels["channels"]["call"]["bound"], true);
    assert_eq!(channels["channels"]["sms"]["capable"], false);
    let written = "/phone-numbers/channels?number=%2B1%20415%20555%200100";
    assert_eq!(node.get(written).await.data(), channels);
    node.get("/phone-numbers/channels").await.is_about("number");

    let release = format!("{path}/release");
    assert!(node.post_text(&release, "").await.status.is_success());
    for answer in [
        node.get(&path).await,
        node.get(&format!("{path}/channels")).await,
        node.get(written).await,
        node.post_text(&release, "").await,
        node.patch(&path, json!({ "channel_settings": {} })).await,
    ] {
        answer.is_error(404, "PHONE_NUMBER_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_bound_agent_shows_its_number_and_another_gets_it_by_force_or_when_it_is_free() {
    let node = Node::start().await;
    let (connection, number) = bound(&node).await;
    let first = format!("/agents/{}", node.file_agent);
    let shown = node.get(&first).await.data();
    let call = &shown["channels"]["call"];
    assert_eq!(call["bound"], true);
    assert_eq!(call["numbers"][0]["number"], OWN);
    assert_eq!(call["numbers"][0]["connection_uuid"], json!(connection));

    let made = node.make_agent().await;
    let channels = format!("/agents/{made}/channels/call");
    let provision = json!({ "phone_number_uuid": number });
    let provisioning = format!("{channels}/provision");
    let answer = node.post(&provisioning, provision.clone());
    answer.await.is_error(409, "phone_in_use");
    let body = json!({ "connection_uuid": connection });
    let answer = node.post(&format!("{channels}/sip-trunk"), body).await;
    answer.is_error(409, "phone_in_use");
    assert_eq!(name(&answerer(&node, &[OWN]).await), "Support");
    let body = json!({ "connection_uuid": connection, "force": true });
    let answer = node.post(&format!("{channels}/sip-trunk"), body).await;
    let expected = json!({
        "agent_uuid": made, "connection_uuid": connection, "phone_number": "+1 (415) 555-0100",
    });
    assert_eq!(answer.data(), expected);
    assert_eq!(name(&answerer(&node, &[OWN]).await), "Made");
    node.place_call().await;
    assert!(
        carrier_of_last_call(&node).is_some(),
        "it still calls with it"
    );

    // What is shown of channels may be sent back, and is not changed like this.
    let shown = node.get(&format!("/agents/{made}")).await.data();
    let body = json!({ "tone": "calm", "channels": shown["channels"] });
    node.patch(&format!("/agents/{made}"), body).await.data();
    let body = json!({ "channels": {} });
    let answer = node.patch(&format!("/agents/{made}"), body).await;
    answer.is_about("channels");

    let unbind = format!("{first}/channels/call");
    assert!(node.delete(&unbind).await.status.is_success());
    assert!(node.delete(&channels).await.status.is_success());
    assert_eq!(name(&answerer(&node, &[OWN]).await), "nobody");
    let answer = node.post(&provisioning, provision).await;
    let provisioned = answer.data();
    assert_eq!(provisioned["phone_number"], OWN);
    assert_eq!(provisioned["agent"]["channels"]["call"]["bound"], true);
    assert_eq!(name(&answerer(&node, &[OWN]).await), "Made");
}

#[tokio::test]
async fn bindings_of_what_does_not_exist_are_refused() {
    let node = Node::start().await;
    let nobody = "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05";
    let own = format!("/agents/{}/channels/call", node.file_agent);
    let no_agent = format!("/agents/{nobody}/channels/call");
    let number = json!({ "phone_number_uuid": nobody });
    let connection = json!({ "connection_uuid": nobody });
    let (provision, trunk) = (format!("{own}/provision"), format!("{own}/sip-trunk"));
    let answer = node.post(&provision, number.clone()).await;
    answer.is_error(404, "PHONE_NUMBER_NOT_FOUND");
    let answer = node.post(&trunk, connection.clone()).await;
    answer.is_error(404, "SIP_CONNECTION_NOT_FOUND");
    let answer = node.post(&format!("{no_agent}/provision"), number).await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    let answer = node
        .post(&format!("{no_agent}/sip-trunk"), connection)
        .await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    node.delete(&no_agent)
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    let answer = node.post(&provision, json!({ "phone_number_uuid": "1" }));
    answer.await.is_about("phone_number_uuid");
    let answer = node.post(&trunk, json!({ "connection_uuid": "1" })).await;
    answer.is_about("connection_uuid");
}

#[tokio::test]
async fn a_trunk_is_registered_changed_and_moved() {
    let node = Node::start().await;
    let (first, second) = (node.make_agent().await, node.make_agent().await);
    let mut body = trunk(&first);
    body["sip"] = json!({
        "gateway": "sip.carrier.example", "port": 5070, "username": "account",
        "password": PASSWORD,
    });
    body["additional_settings"] = json!({ "ani_format": "digits" });
    let answer = node.post("/phone-numbers/trunks", body.clone()).await;
    assert_eq!(answer.status, 201);
    let snapshot = answer.data();
    assert_eq!(snapshot["channels"]["call"]["agent_uuid"], json!(first));
    let again = node.post("/phone-numbers/trunks", body).await;
    again.is_error(409, "PHONE_NUMBER_EXISTS");
    let number = format!("/phone-numbers/{}", id(&snapshot, "phone_number_uuid"));
    assert_eq!(
        node.get(&number).await.data()["name"],
        "call_trunk_14155550100"
    );

    let call = json!({ "agentId": first, "participant": { "number": NUMBER } });
    node.post("/call", call.clone()).await.data();
    let carrier = carrier_of_last_call(&node).unwrap();
    assert_eq!(carrier.caller_id, "14155550100");
    assert_eq!(carrier.gateways, ["sip.carrier.example:5070"]);
    let (user, password) = carrier.credentials.unwrap();
    assert_eq!((user.as_str(), password.expose()), ("account", PASSWORD));

    let change = json!({
        "phone_number": "+1 (415) 555-0100", "channel": "call", "name": "New",
        "sip": { "secondary_gateway": "b.example", "username": "" },
        "additional_settings": {},
    });
    node.patch("/phone-numbers/trunks", change).await.data();
    node.post("/call", call.clone()).await.data();
    let expected = Carrier {
        caller_id: OWN.to_owned(),
        gateways: vec![
            "sip.carrier.example:5070".to_owned(),
            "b.example".to_owned(),
        ],
        credentials: None,
    };
    assert_eq!(carrier_of_last_call(&node), Some(expected));
    let change = json!({ "phone_number": OWN, "channel": "call", "sip": { "gateway": "" } });
    node.patch("/phone-numbers/trunks", change).await.data();
    node.post("/call", call.clone()).await.data();
    assert_eq!(carrier_of_last_call(&node).unwrap().gateways, [""; 0]);

    let change = json!({ "phone_number": OWN, "channel": "call", "direction": "inbound" });
    let snapshot = node.patch("/phone-numbers/trunks", change).await.data();
    assert_eq!(snapshot["channels"]["call"]["enabled"], false);
    assert_eq!(node.get(&number).await.data()["name"], "New");
    node.post("/call", call).await.data();
    assert_eq!(carrier_of_last_call(&node), None);

    let body = trunk(&second);
    let snapshot = node.put("/phone-numbers/trunks/assign", body).await.data();
    assert_eq!(snapshot["channels"]["call"]["agent_uuid"], json!(second));
    let first = node.get(&format!("/agents/{first}")).await.data();
    assert_eq!(first["channels"]["call"]["bound"], false);
}

#[tokio::test]
async fn what_can_not_be_a_trunk_is_refused_by_its_field() {
    let node = Node::start().await;
    let nobody = "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05";
    let answer = node.post("/phone-numbers/trunks", trunk(nobody)).await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    let own = node.file_agent.to_string();
    for (field, value, about) in [
        ("phone_number", json!("x"), "phone_number"),
        ("agent_uuid", json!("x"), "agent_uuid"),
        ("channel", json!("whatsapp"), "channel"),
        ("direction", json!("sideways"), "direction"),
        ("sip", json!({ "port": 5060 }), "sip.gateway"),
        ("sip", json!({ "gateway": "sip:a.example" }), "sip.gateway"),
        (
            "sip",
            json!({ "gateway": "a.example:1", "port": 2 }),
            "sip.port",
        ),
        (
            "sip",
            json!({ "gateway": "a.example", "username": "a" }),
            "sip.username",
        ),
        (
            "sip",
            json!({ "gateway": "a.example", "secondary_gateway": "b c" }),
            "sip.secondary_gateway",
        ),
        (
            "additional_settings",
            json!({ "ani_format": "x" }),
            "additional_settings.ani_format",
        ),
        (
            "additional_settings",
            json!({ "x": 1 }),
            "additional_settings.x",
        ),
    ] {
        let mut body = trunk(&own);
        body[field] = value;
        node.post("/phone-numbers/trunks", body)
            .await
            .is_about(about);
    }
    let change = json!({ "phone_number": OWN, "channel": "call" });
    let answer = node.patch("/phone-numbers/trunks", change).await;
    answer.is_error(404, "PHONE_NUMBER_NOT_FOUND");
    let answer = node.put("/phone-numbers/trunks/assign", trunk(&own)).await;
    answer.is_error(404, "PHONE_NUMBER_NOT_FOUND");
    node.post("/phone-numbers/trunks", trunk(&own)).await.data();
    let answer = node.put("/phone-numbers/trunks/assign", trunk(nobody));
    answer.await.is_error(404, "AGENT_NOT_FOUND");
    let change = json!({ "phone_number": OWN, "channel": "call", "sip": { "port": 5060 } });
    let answer = node.patch("/phone-numbers/trunks", change).await;
    answer.is_about("sip.gateway");
}

#[tokio::test]
async fn an_outbound_call_leaves_by_the_number_as_it_is_at_that_moment() {
    let node = Node::start().await;
    node.place_call().await;
    assert_eq!(carrier_of_last_call(&node), None);
    let (connection, number) = bound(&node).await;
    node.place_call().await;
    let carrier = carrier_of_last_call(&node).unwrap();
    assert_eq!(carrier.caller_id, OWN);
    assert_eq!(
        carrier.gateways,
        ["sip.carrier.example", "sip2.carrier.example:5080"]
    );
    let path = format!("/channels/sip-trunk/connections/{connection}");
    let change = json!({ "gateway": "a.example", "password": "new" });
    node.patch(&path, change).await.data();
    node.place_call().await;
    let carrier = carrier_of_last_call(&node).unwrap();
    assert_eq!(carrier.gateways[0], "a.example");
    let (user, password) = carrier.credentials.unwrap();
    assert_eq!((user.as_str(), password.expose()), ("account", "new"));

    let path = format!("/phone-numbers/{number}");
    let settings = |voice: Value| json!({ "channel_settings": { "voice": voice } });
    let german = json!({ "whitelisted_destinations": ["DE"] });
    node.patch(&path, settings(german)).await.data();
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(409, "DESTINATION_NOT_ALLOWED");
    let mut body = node.call_body();
    body["participant"]["number"] = json!("+4930123456");
    node.post("/call", body).await.data();
    node.patch(&path, settings(json!({ "enabled": false })))
        .await
        .data();
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(409, "CHANNEL_DISABLED");
    assert_eq!(node.calls.placed.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_number_carries_no_more_calls_than_it_may_and_learns_how_they_went() {
    let node = Node::start().await;
    let (connection, number) = bound(&node).await;
    let path = format!("/phone-numbers/{number}");
    let settings = json!({ "channel_settings": { "voice": { "channel_limit": 1 } } });
    node.patch(&path, settings).await.data();
    let refusal = PlaceCallError::Full {
        limit: 1,
        retry_after: Duration::from_secs(1),
    };
    *node.calls.refusal.lock().unwrap() = Some(refusal);
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(503, "NODE_FULL");
    *node.calls.refusal.lock().unwrap() = None;

    let placed = node.place_call().await;
    let refused = node.post("/call", node.call_body()).await;
    refused.is_error(503, "CHANNEL_LIMIT_REACHED");
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(node.get("/calls").await.data()["total"], 1);
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    let over = CallReport {
        sip_code: Some(407),
        ..report(CallStatus::Failed)
    };
    let event = node.calls.happen(call, CallEventKind::Ended(over));
    write(&node, event).await;
    let path = format!("/channels/sip-trunk/connections/{connection}");
    assert_eq!(node.get(&path).await.data()["status"], "failing");
    let placed = node.place_call().await;
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    let event = node
        .calls
        .happen(call, CallEventKind::Ended(report(CallStatus::Completed)));
    write(&node, event).await;
    assert_eq!(node.get(&path).await.data()["status"], "active");
}

#[tokio::test]
async fn a_task_waits_for_a_place_at_its_agents_number() {
    let node = Node::start_with(|config| {
        config.dialling.poll_interval = Duration::from_millis(20);
    })
    .await;
    let (_, number) = bound(&node).await;
    let path = format!("/phone-numbers/{number}");
    let settings = json!({ "channel_settings": { "voice": { "channel_limit": 1 } } });
    node.patch(&path, settings).await.data();
    let first = node.place_call().await;
    let task = json!({
        "title": "Remind", "type": "make_call", "agent_uuid": node.file_agent,
        "scheduled_at": Timestamp::now(), "contact": { "phone_number": "+14155550124" },
    });
    let task = node.post("/tasks", task).await.data();
    let task = format!("/tasks/{}", id(&task, "uuid"));
    let shutdown = CancellationToken::new();
    let queue = tokio::spawn(api::dialling::run(node.state.clone(), shutdown.clone()));
    until(async || {
        let waiting = node.get(&task).await.text();
        waiting.contains("as many calls as it may").then_some(())
    })
    .await;
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);

    let call = CallId(first["id"].as_str().unwrap().parse().unwrap());
    let event = node
        .calls
        .happen(call, CallEventKind::Ended(report(CallStatus::Completed)));
    write(&node, event).await;
    until(async || {
        let placed = node.calls.placed.lock().unwrap().len();
        (placed == 2).then_some(())
    })
    .await;
    assert!(carrier_of_last_call(&node).is_some());

    let settings = json!({ "channel_settings": { "voice": { "enabled": false } } });
    node.patch(&path, settings).await.data();
    let closed = json!({
        "title": "Remind", "type": "make_call", "agent_uuid": node.file_agent,
        "scheduled_at": Timestamp::now(), "contact": { "phone_number": "+14155550125" },
    });
    let closed = node.post("/tasks", closed).await.data();
    let closed = format!("/tasks/{}", id(&closed, "uuid"));
    until(async || {
        let task = node.get(&closed).await.data();
        (task["status"] == "failed").then_some(())
    })
    .await;
    shutdown.cancel();
    queue.await.unwrap();
}

#[tokio::test]
async fn an_inbound_call_is_answered_by_the_agent_of_its_number_in_any_spelling() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let theirs = visitor.post("/agents", json!({ "name": "Theirs" })).await;
    let body = trunk(&id(&theirs.data(), "agent_uuid"));
    let made = visitor.post("/phone-numbers/trunks", body).await.data();
    for called in [
        OWN,
        "14155550100",
        "0014155550100",
        "4155550100",
        "01114155550100",
    ] {
        assert_eq!(
            name(&answerer(&node, &[called]).await),
            "Theirs",
            "{called}"
        );
        // Where the request goes to an account, To still says which number was called.
        let called = ["account", called];
        assert_eq!(name(&answerer(&node, &called).await), "Theirs");
    }
    for called in ["support", "+14155550101", "1001", ""] {
        assert_eq!(
            name(&answerer(&node, &[called]).await),
            "unknown",
            "{called}"
        );
    }

    let path = format!("/phone-numbers/{}", id(&made, "phone_number_uuid"));
    let limit = json!({ "channel_settings": { "inbound": { "channel_limit": 1 } } });
    visitor.ask(Method::PATCH, &path, limit).await.data();
    assert_eq!(name(&answerer(&node, &[OWN]).await), "busy");
    let closed = json!({ "channel_settings": { "inbound": { "enabled": false } } });
    visitor.ask(Method::PATCH, &path, closed).await.data();
    assert_eq!(name(&answerer(&node, &[OWN]).await), "nobody");
}

#[tokio::test]
async fn a_number_of_a_whatsapp_account_is_bound_to_it() {
    let node = Node::start().await;
    let added = add(&node).await;
    let path = format!("/phone-numbers/{}", id(&added, "phone_number_uuid"));
    let bound = async || {
        let number = node.get(&path).await.data()["bindings"]["whatsapp"].clone();
        let channels = node.get(&format!("{path}/channels")).await.data();
        assert_eq!(channels["channels"]["whatsapp"], number);
        number
    };
    let nobody = json!({ "bound": false, "agent_uuid": null, "agent_name": null });
    assert_eq!(bound().await, nobody);
    let account = json!({
        "name": "Shop", "phone_number": "+1 (415) 555-0100", "phone_number_id": "1",
        "waba_id": "2", "access_token": "EAAJB",
    });
    node.post("/whatsapp/accounts", account).await.data();
    let shop = json!({ "bound": true, "agent_uuid": null, "agent_name": null });
    assert_eq!(bound().await, shop);
}

/// What the model is told of whoever calls an agent of the node, of which it is asked as the engine
/// does.
async fn caller(node: &Node, agent: &str, number: &str) -> Option<String> {
    let (store, directory) = (node.store.clone(), Arc::clone(&node.directory));
    let numbers = Numbers::new(store, directory, Some("US")).unwrap();
    numbers.caller(agent.parse().unwrap(), number).await
}

#[tokio::test]
async fn a_contact_that_calls_is_told_of_however_the_network_writes_the_number() {
    let node = Node::start().await;
    let field = json!({ "key": "member", "name": "Member", "type": "boolean" });
    node.post("/contacts/fields", field).await.data();
    let ada = json!({
        "name": "Ada", "phone_number": NUMBER, "primary_language": "en", "member": true,
    });
    node.post("/contacts", ada).await.data();
    let agent = node.file_agent.to_string();
    for number in [NUMBER, "14155550123", "0014155550123", "4155550123"] {
        let told = caller(&node, &agent, number).await;
        let expected = "Name: Ada.\nLanguage: en.\nMember: yes.";
        assert_eq!(told.as_deref(), Some(expected), "{number}");
    }
    for number in ["+14155550199", "anonymous", ""] {
        assert_eq!(caller(&node, &agent, number).await, None, "{number}");
    }
}

#[tokio::test]
async fn a_caller_is_known_only_to_the_workspace_of_the_agent_that_is_called() {
    let node = Node::start().await;
    let ada = json!({ "name": "Ada", "phone_number": NUMBER });
    node.post("/contacts", ada).await.data();
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &[store::EVERY_SCOPE]).await;
    let made = visitor.post("/agents", json!({ "name": "Stranger" })).await;
    let agent = id(&made.data(), "agent_uuid");
    assert_eq!(caller(&node, &agent, NUMBER).await, None);
}
