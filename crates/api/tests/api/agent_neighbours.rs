//! Agents that several nodes on one database have.

use std::time::Duration;

use engine::AgentDirectory as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::Node;

async fn look(node: &Node) {
    node.directory.renew_all(&node.store).await.unwrap();
}

/// What calls of a node would find of an agent.
fn found(node: &Node, agent: &str) -> Option<(String, bool)> {
    let found = node.directory.find(agent)?;
    Some((found.name.clone(), found.appointment_scheduling_enabled))
}

#[tokio::test]
async fn a_node_finds_what_another_made_changed_and_deleted() {
    let here = Node::start().await;
    let there = here.neighbour().await;
    let agent = there.make_agent().await;
    assert_eq!(found(&here, &agent), None);
    look(&here).await;
    assert_eq!(found(&here, &agent), Some(("Made".to_owned(), false)));

    let path = format!("/agents/{agent}");
    there
        .patch(&path, json!({ "name": "Changed" }))
        .await
        .data();
    let booking = json!({ "enabled": true, "schedule_assignments": [] });
    there
        .put(&format!("{path}/appointments"), booking)
        .await
        .data();
    look(&here).await;
    assert_eq!(found(&here, &agent), Some(("Changed".to_owned(), true)));
    assert_eq!(
        here.get(&path).await.data()["name"],
        there.get(&path).await.data()["name"]
    );

    there.delete(&path).await.data();
    look(&here).await;
    assert_eq!(found(&here, &agent), None);
    here.get(&path).await.is_error(404, "AGENT_NOT_FOUND");
}

#[tokio::test]
async fn a_change_counts_from_what_another_node_made_of_the_agent() {
    let here = Node::start().await;
    let agent = here.make_agent().await;
    let there = here.neighbour().await;
    let path = format!("/agents/{agent}");
    here.patch(&path, json!({ "name": "Changed" })).await.data();
    let changed = there.patch(&path, json!({ "tone": "calm" })).await.data();
    assert_eq!(
        (&changed["name"], &changed["tone"]),
        (&json!("Changed"), &json!("calm"))
    );
    here.delete(&path).await.data();
    there
        .patch(&path, json!({ "tone": "warm" }))
        .await
        .is_error(404, "AGENT_NOT_FOUND");
}

#[tokio::test]
async fn an_agent_of_a_file_stays_what_this_nodes_file_says() {
    let here = Node::start().await;
    let there = here.neighbour().await;
    let agent = here.file_agent.to_string();
    here.execute("UPDATE agents SET updated_at = 1, name = 'Other' WHERE source = 'file'")
        .await;
    let path = format!("/agents/{agent}/appointments");
    let booking = json!({ "enabled": true, "schedule_assignments": [] });
    there.put(&path, booking).await.data();
    look(&here).await;
    assert_eq!(found(&here, &agent), Some(("Support".to_owned(), true)));
    here.execute("UPDATE agents SET deleted_at = 1 WHERE source = 'file'")
        .await;
    look(&here).await;
    assert_eq!(found(&here, &agent), Some(("Support".to_owned(), true)));
}

#[tokio::test]
async fn an_agent_of_a_file_that_only_another_node_has_is_not_taken_over() {
    let here = Node::start().await;
    let agent = here.make_agent().await;
    let there = here.neighbour().await;
    here.directory.find(&agent).expect("it is known here");
    here.execute("UPDATE agents SET deleted_at = 1 WHERE source = 'api'")
        .await;
    look(&here).await;
    here.execute("UPDATE agents SET deleted_at = NULL, source = 'file' WHERE source = 'api'")
        .await;
    look(&here).await;
    assert_eq!(found(&here, &agent), None);
    let path = format!("/agents/{agent}");
    here.patch(&path, json!({ "tone": "calm" }))
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    assert_eq!(found(&here, &agent), None);
    assert!(found(&there, &agent).is_some());
}

#[tokio::test]
async fn an_agent_that_can_not_be_read_is_forgotten_until_it_changes_again() {
    let node = Node::start().await;
    let agent = node.make_agent().await;
    node.execute("UPDATE agents SET updated_at = 1, definition = '7' WHERE source = 'api'")
        .await;
    look(&node).await;
    assert_eq!(found(&node, &agent), None);
    look(&node).await;
    node.execute(
        "UPDATE agents SET updated_at = 2, definition = '{\"name\":\"Mended\"}'
         WHERE source = 'api'",
    )
    .await;
    look(&node).await;
    assert_eq!(found(&node, &agent), Some(("Mended".to_owned(), false)));
}

#[tokio::test]
async fn a_node_looks_by_itself_until_it_stops() {
    let often = |config: &mut api::ApiConfig| config.agents_refresh = Duration::from_millis(10);
    let here = Node::start_with(often).await;
    let there = here.neighbour().await;
    let shutdown = CancellationToken::new();
    let following = api::follow_agents(here.state.clone(), shutdown.clone());
    let following = tokio::spawn(following);
    let agent = there.make_agent().await;
    for _ in 0..500 {
        if found(&here, &agent).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(found(&here, &agent).is_some());
    shutdown.cancel();
    following.await.unwrap();
}
