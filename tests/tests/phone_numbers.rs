//! Numbers and connections that are brought over the API, with SIPp as their carriers.

use std::net::{SocketAddr, UdpSocket};

use end_to_end::{Api, Node, NodeBuilder, Sipp};
use serde_json::{Value, json};

const CALLED: &str = "+14155550123";

/// A node without trunks of its own, whose workspaces may use gateways on loopback.
fn node() -> NodeBuilder {
    Node::builder().set("MIHU_SIP_ALLOW_PRIVATE_GATEWAYS", "true")
}

/// An agent of the API's own, and a connection that is bound to it: both their UUIDs.
async fn bound(api: &Api, gateway: SocketAddr, secondary: Option<SocketAddr>) -> (String, String) {
    let agent = json!({ "name": "Reception" });
    let agent = api.post("/agents", &agent).await;
    let agent = agent.text("/data/agent_uuid").to_owned();
    let connection = json!({
        "name": "Carrier",
        "phone_number": "+1 (415) 555-0100",
        "gateway": gateway.to_string(),
        "secondary_gateway": secondary.map(|address| address.to_string()),
        "username": "account",
        "password": "secret",
    });
    let added = api.post("/channels/sip-trunk/connections", &connection);
    let added = added.await;
    assert_eq!(added.status, 201, "{added:?}");
    let connection = added.text("/data/uuid").to_owned();
    let path = format!("/agents/{agent}/channels/call/sip-trunk");
    let body = json!({ "connection_uuid": connection });
    let bound = api.post(&path, &body).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    (agent, connection)
}

async fn place(api: &Api, agent: &str) -> Value {
    let body = json!({ "agentId": agent, "participant": { "number": CALLED } });
    let placed = api.post("/call", &body).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    placed.body["data"].clone()
}

async fn status_of(api: &Api, connection: &str) -> String {
    let path = format!("/channels/sip-trunk/connections/{connection}");
    api.get(&path).await.text("/data/status").to_owned()
}

/// Places a call that the second gateway takes, and has the API end it.
async fn is_taken_by_the_second(node: &Node, first: SocketAddr) {
    let carrier = Sipp::scenario("trunk_with_digest").start();
    let api = node.api();
    let (agent, connection) = bound(&api, first, Some(carrier.address())).await;
    let placed = place(&api, &agent).await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, "in-progress").await;
    let conversation = placed["conversation_uuid"].as_str();
    let conversation = conversation.expect("a conversation");
    let action = format!("/calls/action/{conversation}/hangup");
    let answer = api.post(&action, &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    api.call_becomes(id, "completed").await;
    carrier.succeeds().await;
    assert_eq!(status_of(&api, &connection).await, "active");
}

#[tokio::test]
async fn a_call_turns_to_the_second_gateway_when_the_first_says_nothing() {
    let silent = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let first = silent.local_addr().expect("an address");
    let node = node().set("MIHU_SIP_GATEWAY_TIMEOUT", "500ms").start();
    is_taken_by_the_second(&node, first).await;
    drop(silent);
}

#[tokio::test]
async fn a_call_turns_to_the_second_gateway_when_the_first_can_not_take_it() {
    let failing = Sipp::scenario("unavailable").start();
    let node = node().start();
    is_taken_by_the_second(&node, failing.address()).await;
    failing.succeeds().await;
}

#[tokio::test]
async fn a_gateway_in_a_private_network_is_called_only_where_that_is_permitted() {
    let carrier = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let node = Node::builder().start();
    let api = node.api();
    let address = carrier.local_addr().expect("an address");
    let (agent, connection) = bound(&api, address, None).await;
    let placed = place(&api, &agent).await;
    let id = placed["id"].as_str().expect("an id");
    let call = api.call_becomes(id, "unreachable").await;
    let reason = call["reason"].as_str().expect("a reason");
    assert!(reason.contains("not permitted"), "{reason}");
    assert_eq!(status_of(&api, &connection).await, "failing");
    carrier.set_nonblocking(true).expect("a socket");
    assert!(carrier.recv(&mut [0; 16]).is_err(), "nothing was sent");
}

#[tokio::test]
async fn a_call_to_the_number_is_answered_by_its_agent_while_it_has_room() {
    let carrier = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let node = node().start();
    let api = node.api();
    let gateway = carrier.local_addr().expect("an address");
    let (agent, _) = bound(&api, gateway, None).await;
    let numbers = api.get("/phone-numbers").await;
    let number = numbers.text("/data/items/0/phone_number_uuid");
    let limit = json!({ "channel_settings": { "inbound": { "channel_limit": 1 } } });
    let path = format!("/phone-numbers/{number}");
    let limited = api.patch(&path, &limit).await;
    assert_eq!(limited.status, 200, "{limited:?}");

    let caller = Sipp::scenario("call_number").target(node.sip()).start();
    let call = answered_by(&api, &agent).await;
    let second = Sipp::scenario("call_busy_number")
        .target(node.sip())
        .start();
    second.succeeds().await;
    caller.succeeds().await;
    api.call_becomes(&call, "completed").await;
}

/// The inbound call that this agent has, once it is up.
async fn answered_by(api: &Api, agent: &str) -> String {
    for _ in 0..600 {
        let path = format!("/calls?agent_id={agent}&direction=inbound&status=in-progress");
        let listed = api.get(&path).await;
        let id = listed.text("/data/data/0/uuid");
        if !id.is_empty() {
            return id.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the agent answers no call");
}
