//! Ids that stand behind another one in a path, or in a body: of another workspace, or of something
//! that is not what they are said to belong to.

use std::collections::BTreeMap;

use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::support::registry::{self, Made};
use crate::support::schema::operations;
use crate::support::{Answer, NUMBER, Node};

/// Who asks, and with which agent.
struct Owner {
    token: String,
    agent: uuid::Uuid,
}

/// A node and the owner of another workspace of it.
async fn two_owners() -> (Node, Owner) {
    let mut node = Node::start().await;
    let store = node.other_workspace().await;
    let token = node.seen_with(&store, &["*"]).await.token;
    let mut other = Owner {
        token,
        agent: node.file_agent,
    };
    swap(&mut node, &mut other);
    node.file_agent = node.make_agent().await.parse().unwrap();
    swap(&mut node, &mut other);
    (node, other)
}

/// The node asks as the other owner, and the other way round.
fn swap(node: &mut Node, other: &mut Owner) {
    std::mem::swap(&mut node.token, &mut other.token);
    std::mem::swap(&mut node.file_agent, &mut other.agent);
}

#[tokio::test]
async fn an_id_behind_another_is_one_of_what_that_names() {
    let (mut node, mut other) = two_owners().await;
    let mut tried = 0;
    for (path, method, says) in operations(&api::document()) {
        if path.matches('{').count() < 2 {
            continue;
        }
        let (_, own) = registry::fill(&node, &path).await;
        let (_, second) = registry::fill(&node, &path).await;
        swap(&mut node, &mut other);
        let (_, foreign) = registry::fill(&node, &path).await;
        swap(&mut node, &mut other);
        for (others, whose) in [(&second, "another parent's"), (&foreign, "another's")] {
            for name in own.keys() {
                let mixed = mixed(&own, others, name);
                // One contact may be in two pools.
                if own[name] == others[name] || mixed == own || mixed == *others {
                    continue;
                }
                let asked = with(&path, &mixed);
                let answer = ask(&node, &asked, &method, &says).await;
                let text = answer.text();
                assert_eq!(
                    answer.status, 404,
                    "{method} {path}, {whose} {name}: {text}"
                );
                for id in foreign.values() {
                    assert!(!text.contains(id), "{method} {path}: {text}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// What is a workspace's own, but for this one.
fn mixed(own: &Made, others: &Made, name: &str) -> Made {
    let mut mixed = own.clone();
    mixed.insert(name.to_owned(), others[name].clone());
    mixed
}

fn with(path: &str, made: &Made) -> String {
    let filled = path.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        name.map_or(part, |name| made[name].as_str())
    });
    filled.collect::<Vec<_>>().join("/")
}

async fn ask(node: &Node, path: &str, method: &str, says: &Value) -> Answer {
    let content = says.pointer("/requestBody/content/application~1json/example");
    let body = content.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method.parse::<Method>().unwrap())
        .uri(path)
        .header("authorization", format!("Bearer {}", node.token))
        .header("content-type", "application/json");
    node.send(request.body(body.into()).unwrap()).await
}

/// A request whose body names something by an id.
struct Reference {
    method: Method,
    /// With names of what is the asker's own.
    path: &'static str,
    /// What is named, as the registry calls it.
    named: &'static str,
    body: fn(&str, &Own) -> Value,
}

/// What bodies name beside it: the asker's own.
struct Own {
    agent: String,
    schedule: String,
}

const fn reference(
    method: Method,
    path: &'static str,
    named: &'static str,
    body: fn(&str, &Own) -> Value,
) -> Reference {
    Reference {
        method,
        path,
        named,
        body,
    }
}

fn task(agent: &str) -> Value {
    json!({
        "title": "Look at it",
        "type": "follow_up",
        "agent_uuid": agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
    })
}

fn appointment(schedule: &str) -> Value {
    json!({
        "schedule_uuid": schedule,
        "title": "Look at it",
        "start_time": "2036-12-02T10:00:00Z",
        "end_time": "2036-12-02T10:30:00Z",
    })
}

fn request(schedule: &str) -> Value {
    json!({
        "schedule_uuid": schedule,
        "title": "Look at it",
        "start_time": "2036-12-03T10:00:00Z",
    })
}

fn and(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

/// Every field of a body that takes the id of something.
const REFERENCES: [Reference; 24] = [
    reference(Method::POST, "/tasks", "agent_uuid", |id, _| task(id)),
    reference(Method::POST, "/tasks", "contact_uuid", |id, own| {
        and(task(&own.agent), "contact_uuid", id)
    }),
    reference(Method::POST, "/tasks", "campaign_uuid", |id, own| {
        and(task(&own.agent), "campaign_uuid", id)
    }),
    reference(
        Method::POST,
        "/campaigns",
        "agent_uuid",
        |id, _| json!({ "name": "Spring", "agent_uuid": id }),
    ),
    reference(
        Method::POST,
        "/campaigns",
        "rule_uuid",
        |id, _| json!({ "name": "Spring", "rule_uuid": id }),
    ),
    reference(
        Method::PUT,
        "/campaigns/{campaign_uuid}",
        "agent_uuid",
        |id, _| json!({ "agent_uuid": id }),
    ),
    reference(
        Method::PUT,
        "/campaigns/{campaign_uuid}",
        "rule_uuid",
        |id, _| json!({ "rule_uuid": id }),
    ),
    reference(
        Method::PUT,
        "/campaigns/{campaign_uuid}/rule",
        "rule_uuid",
        |id, _| json!({ "rule_uuid": id }),
    ),
    reference(
        Method::POST,
        "/listings",
        "agent_uuid",
        |id, _| json!({ "name": "Spring", "agent_uuid": id, "contacts": [{ "phone_number": NUMBER }] }),
    ),
    reference(Method::POST, "/listings", "rule_uuid", |id, _| {
        let contacts = json!([{ "phone_number": NUMBER }]);
        json!({ "name": "Spring", "rule": { "uuid": id }, "contacts": contacts })
    }),
    reference(
        Method::POST,
        "/schedules",
        "availability_type_uuid",
        |id, _| json!({ "name": "Counter", "availability_type_uuid": id }),
    ),
    reference(
        Method::PUT,
        "/schedules/{schedule_uuid}",
        "availability_type_uuid",
        |id, _| json!({ "availability_type_uuid": id }),
    ),
    reference(Method::POST, "/appointments", "schedule_uuid", |id, _| {
        appointment(id)
    }),
    reference(Method::POST, "/appointments", "contact_uuid", |id, own| {
        and(appointment(&own.schedule), "contact_uuid", id)
    }),
    reference(
        Method::PUT,
        "/appointments/{appointment_uuid}",
        "contact_uuid",
        |id, _| json!({ "contact_uuid": id }),
    ),
    reference(
        Method::POST,
        "/appointment-requests",
        "schedule_uuid",
        |id, _| {
            let named = and(request(id), "contact_name", "Ada");
            and(named, "contact_email", "ada@example.com")
        },
    ),
    reference(
        Method::POST,
        "/appointment-requests",
        "contact_uuid",
        |id, own| and(request(&own.schedule), "contact_uuid", id),
    ),
    reference(
        Method::POST,
        "/contacts",
        "tag_uuid",
        |id, _| json!({ "name": "Ada", "tags": [id] }),
    ),
    reference(
        Method::POST,
        "/contacts/{contact_uuid}/add-tag",
        "tag_uuid",
        |id, _| json!({ "tag_uuid": id }),
    ),
    reference(
        Method::POST,
        "/call",
        "agent_uuid",
        |id, _| json!({ "agentId": id, "participant": { "number": NUMBER } }),
    ),
    reference(
        Method::POST,
        "/agents/{agent_uuid}/channels/call/provision",
        "phone_number_uuid",
        |id, _| json!({ "phone_number_uuid": id }),
    ),
    reference(
        Method::POST,
        "/agents/{agent_uuid}/channels/call/sip-trunk",
        "connection_uuid",
        |id, _| json!({ "connection_uuid": id }),
    ),
    reference(
        Method::POST,
        "/phone-numbers/trunks",
        "agent_uuid",
        |id, _| json!({ "phone_number": "+14155550177", "agent_uuid": id, "channel": "call" }),
    ),
    reference(
        Method::PUT,
        "/agents/{agent_uuid}/appointments",
        "schedule_uuid",
        |id, _| json!({ "enabled": true, "schedule_assignments": [{ "schedule_uuid": id }] }),
    ),
];

#[tokio::test]
async fn what_a_body_names_is_of_the_workspace_that_asks() {
    let (mut node, mut other) = two_owners().await;
    for one in REFERENCES {
        let named = format!("/{{{}}}", one.named);
        swap(&mut node, &mut other);
        let (_, foreign) = registry::fill(&node, &named).await;
        swap(&mut node, &mut other);
        let (_, own) = registry::fill(&node, &named).await;
        let (path, _) = registry::fill(&node, one.path).await;
        let beside = Own {
            agent: node.file_agent.to_string(),
            schedule: registry::fill(&node, "/{schedule_uuid}").await.1["schedule_uuid"].clone(),
        };
        let what = format!("{} {}, {}", one.method, one.path, one.named);
        let ask = async |id: &str| {
            let body = (one.body)(id, &beside).to_string();
            let request = node
                .request(one.method.clone(), &path)
                .header("content-type", "application/json");
            node.send(request.body(body.into()).unwrap()).await
        };
        let refused = ask(&foreign[one.named]).await;
        let status = refused.status.as_u16();
        assert!(
            matches!(status, 404 | 422),
            "{what}: {status} {}",
            refused.text()
        );
        assert!(
            !refused.text().contains("Made"),
            "{what}: {}",
            refused.text()
        );
        let taken = ask(&own[one.named]).await;
        assert!(taken.status.is_success(), "{what}: {}", taken.text());
    }
}

#[tokio::test]
async fn what_lists_name_of_another_workspace_is_passed_over() {
    let (mut node, mut other) = two_owners().await;
    swap(&mut node, &mut other);
    let mut foreign = BTreeMap::new();
    for name in ["contact_uuid", "pool_uuid"] {
        foreign.extend(registry::fill(&node, &format!("/{{{name}}}")).await.1);
    }
    swap(&mut node, &mut other);
    for (path, field, named) in [
        (
            "/pools/{pool_uuid}/contacts",
            "contact_uuids",
            "contact_uuid",
        ),
        (
            "/campaigns/{campaign_uuid}/pools",
            "pool_uuids",
            "pool_uuid",
        ),
    ] {
        let (path, _) = registry::fill(&node, path).await;
        let body = json!({ field: [foreign[named]] });
        let answer = node.post(&path, body).await;
        let text = answer.text();
        assert!(answer.status.is_success() || answer.status == 404, "{text}");
        assert!(!text.contains("Made"), "{text}");
        let listed = node.get(&path).await;
        assert!(
            !listed.text().contains(&foreign[named]),
            "{}",
            listed.text()
        );
    }
}
