//! Routing rules and guard rules of agents.

use engine::AgentDirectory as _;
use serde_json::{Value, json};

use crate::support::Node;

fn fields(rules: &Value, field: &str) -> Vec<Value> {
    let rules = rules.as_array().unwrap();
    rules.iter().map(|rule| rule[field].clone()).collect()
}

fn sales() -> Value {
    json!({
        "department_name": "Sales", "detection_mode": "both", "trigger_keyword": "sales",
        "ai_prompt": "The caller wants to buy.", "phrases": ["I want to buy"],
        "say_before_transfer": "Here is sales.", "destination": "+1 (415) 555-0199",
    })
}

fn abuse() -> Value {
    json!({
        "name": "Abuse", "when_condition": "The caller is abusive.",
        "then_action": "end_conversation", "say_before_end": "I end this call.",
    })
}

#[tokio::test]
async fn routing_rules_are_added_changed_replaced_and_removed() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let path = format!("{agent}/routing-rules");
    let added = node.post(&path, sales()).await;
    assert_eq!(added.status, 201);
    let rule = added.data()["routing_rules"][0].clone();
    assert_eq!(rule["destination"], "+14155550199", "{rule}");
    assert_eq!(
        (&rule["priority"], &rule["is_active"]),
        (&json!(1), &json!(true))
    );
    let other = json!({
        "department_name": "Desk", "destination_type": "extension", "destination": "204",
    });
    let added = node.post(&path, other).await.data();
    assert_eq!(
        fields(&added["routing_rules"], "priority"),
        [json!(1), json!(2)]
    );
    let one = format!("{path}/{}", rule["uuid"].as_str().unwrap());
    let change = json!({ "priority": 7, "is_active": false });
    let changed = node.patch(&one, change).await.data();
    assert_eq!(
        fields(&changed["routing_rules"], "priority"),
        [json!(7), json!(2)]
    );
    assert_eq!(changed["routing_rules"][0]["ai_prompt"], rule["ai_prompt"]);
    let added = node.post(&path, sales()).await.data();
    assert_eq!(added["routing_rules"][2]["priority"], 8);
    // A rule that says the same would be the same.
    let mut returns = sales();
    returns["department_name"] = json!("Returns");
    returns["ai_prompt"] = json!("The caller has something to return.");
    let replaced = node
        .put(&path, json!({ "routing_rules": [returns, returns] }))
        .await
        .data();
    assert_eq!(
        fields(&replaced["routing_rules"], "priority"),
        [json!(1), json!(2)]
    );
    node.delete(&one)
        .await
        .is_error(404, "ROUTING_RULE_NOT_FOUND");
    node.patch(&one, json!({ "priority": 1 }))
        .await
        .is_error(404, "ROUTING_RULE_NOT_FOUND");
    let left = replaced["routing_rules"][0]["uuid"].as_str().unwrap();
    let left = node.delete(&format!("{path}/{left}")).await.data();
    assert_eq!(left["routing_rules"].as_array().unwrap().len(), 1);
    let shown = node.get(&agent).await.data();
    assert_eq!(shown["routing_rules"], left["routing_rules"]);
}

#[tokio::test]
async fn guard_rules_are_added_changed_replaced_and_removed() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.make_agent().await);
    let path = format!("{agent}/guard-rules");
    let added = node.post(&path, abuse()).await;
    assert_eq!(added.status, 201);
    let rule = added.data()["guard_rules"][0].clone();
    assert_eq!(rule["selected_channels"], json!(["phone"]));
    assert_eq!(rule["is_default"], false);
    let one = format!("{path}/{}", rule["uuid"].as_str().unwrap());
    let change = json!({ "then_action": "forward", "destination": "+14155550199" });
    let changed = node.patch(&one, change).await.data();
    let changed = &changed["guard_rules"][0];
    assert_eq!(
        (&changed["then_action"], &changed["name"]),
        (&json!("forward"), &rule["name"])
    );
    let mut threats = abuse();
    threats["when_condition"] = json!("The caller threatens somebody.");
    let replaced = node.put(&path, json!({ "guard_rules": [threats] })).await;
    assert_eq!(replaced.status, 200);
    node.delete(&one)
        .await
        .is_error(404, "GUARD_RULE_NOT_FOUND");
    node.patch(&one, json!({ "name": "x" }))
        .await
        .is_error(404, "GUARD_RULE_NOT_FOUND");
    let left = replaced.data()["guard_rules"][0]["uuid"].clone();
    let left = node
        .delete(&format!("{path}/{}", left.as_str().unwrap()))
        .await;
    assert_eq!(left.data()["guard_rules"], json!([]));
}

#[tokio::test]
async fn a_rule_that_could_never_act_names_what_it_lacks() {
    let node = Node::start().await;
    let id = node.make_agent().await;
    let agent = format!("/agents/{id}");
    for (change, field) in [
        (json!({ "trigger_keyword": "" }), "trigger_keyword"),
        (json!({ "trigger_keyword": "…" }), "trigger_keyword"),
        (json!({ "destination": "nobody" }), "destination"),
        (
            json!({ "destination_type": "extension", "destination": "a b" }),
            "destination",
        ),
        (
            json!({ "destination_type": "extension", "destination": "" }),
            "destination",
        ),
        (
            json!({ "destination_type": "agent" }),
            "destination_agent_uuid",
        ),
        (
            json!({ "destination_type": "agent", "destination_agent_uuid": uuid::Uuid::now_v7() }),
            "destination_agent_uuid",
        ),
        (
            json!({ "destination_type": "agent", "destination_agent_uuid": id }),
            "destination_agent_uuid",
        ),
        (json!({ "detection_mode": "guess" }), "detection_mode"),
        (json!({ "phrases": vec!["x"; 101] }), "phrases"),
        (json!({ "department_name": "" }), "department_name"),
    ] {
        let mut rule = sales();
        for (name, value) in change.as_object().unwrap() {
            rule[name] = value.clone();
        }
        let path = format!("{agent}/routing-rules");
        node.post(&path, rule).await.is_about(field);
    }
    for (change, field) in [
        (json!({ "then_action": "forward" }), "destination"),
        (json!({ "then_action": null }), "then_action"),
        (json!({ "selected_channels": [] }), "selected_channels"),
        (
            json!({ "selected_channels": ["phone", "phone"] }),
            "selected_channels",
        ),
        (json!({ "when_condition": " " }), "when_condition"),
    ] {
        let mut rule = abuse();
        for (name, value) in change.as_object().unwrap() {
            rule[name] = value.clone();
        }
        let path = format!("{agent}/guard-rules");
        node.post(&path, rule).await.is_about(field);
    }
}

#[tokio::test]
async fn a_call_goes_to_an_agent_of_the_same_workspace_alone() {
    let node = Node::start().await;
    let (agent, other) = (node.make_agent().await, node.make_agent().await);
    let path = format!("/agents/{agent}/routing-rules");
    let rule = json!({
        "department_name": "Sam", "destination_type": "agent", "destination_agent_uuid": other,
    });
    let added = node.post(&path, rule).await;
    assert_eq!(added.status, 201);
    let (first, second) = (agent.parse().unwrap(), other.parse().unwrap());
    let found = node.directory.colleague(first, second);
    assert_eq!(found.unwrap().agent_uuid, second);
    let nobody = node.directory.colleague(first, uuid::Uuid::now_v7());
    assert!(nobody.is_none());
    let elsewhere = node.other_workspace().await;
    let visitor = node.seen_with(&elsewhere, &["*"]).await;
    let stranger = visitor.post("/agents", json!({ "name": "X" })).await.data();
    let stranger = stranger["agent_uuid"].as_str().unwrap().to_owned();
    let found = node.directory.colleague(first, stranger.parse().unwrap());
    assert!(found.is_none());
    let rule = json!({
        "department_name": "X", "destination_type": "agent", "destination_agent_uuid": stranger,
    });
    let refused = node.post(&path, rule).await;
    refused.is_about("destination_agent_uuid");
}

#[tokio::test]
async fn the_rules_of_a_file_agent_are_changed_in_its_file() {
    let node = Node::start().await;
    let agent = format!("/agents/{}", node.file_agent);
    for (section, body) in [("routing-rules", sales()), ("guard-rules", abuse())] {
        let answer = node.post(&format!("{agent}/{section}"), body).await;
        answer.is_error(409, "agent_is_file_managed");
    }
}
