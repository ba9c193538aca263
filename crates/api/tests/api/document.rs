//! The OpenAPI document: that it is whole, and that it is served.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::process::Command;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::schema::{operations, problems, resolve};
use crate::support::{Answer, Node};

#[tokio::test]
async fn the_document_is_served_without_a_token() {
    let node = Node::start().await;
    let answer = open(&node, "/api/v1/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, api::document());
}

/// What `scripts/setup.sh test` installs.
const PYTHON: &str = "runtime/python/bin/python";

#[test]
fn a_validator_of_others_finds_it_valid() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(PYTHON);
    assert!(
        python.is_file(),
        "{PYTHON} is missing: run `scripts/setup.sh test`"
    );
    let folder = tempfile::tempdir().unwrap();
    let valid = |document: &Value| {
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, document.to_string()).unwrap();
        let mut run = Command::new(&python);
        run.args(["-m", "openapi_spec_validator", "--schema", "3.1"])
            .args(["--validation-errors", "all"])
            .arg(file);
        let output = run.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (is_valid, said) = valid(&api::document());
    assert!(is_valid, "{said}");
    let mut broken = api::document();
    broken["paths"]["/api/v1/call"]["post"]["parameters"] = json!("none");
    assert!(!valid(&broken).0);
}

#[tokio::test]
async fn its_page_loads_nothing_from_elsewhere() {
    let node = Node::start().await;
    let page = open(&node, "/docs/").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("http"),
        "{policy}"
    );
    let text = page.text();
    assert!(!text.contains("//"), "{text}");
    for reference in text.split(['"', '\'']) {
        if let Some(file) = reference.strip_prefix("./")
            && !file.is_empty()
        {
            let answer = open(&node, &format!("/docs/{file}")).await;
            assert_eq!(answer.status, 200, "{file}");
        }
    }
    let settings = open(&node, "/docs/swagger-initializer.js").await.text();
    assert!(settings.contains("/api/v1/openapi.json"), "{settings}");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = api::document();
    let mut count = 0;
    walk(&document, &mut |value| {
        if value.get("$ref").is_some_and(Value::is_string) {
            resolve(&document, value);
            count += 1;
        }
    });
    assert!(count > 50, "{count}");
}

#[test]
fn every_operation_says_what_it_is() {
    let document = api::document();
    let tags: HashSet<&Value> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{what}: operationId is taken");
        assert!(
            tags.contains(&operation["tags"][0]),
            "{what}: its tag is unknown"
        );
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            !summary.is_empty() && summary.len() <= 60 && !summary.ends_with('.'),
            "{what}: {summary}"
        );
        let documented = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for parameter in &documented {
            assert!(parameter["description"].is_string(), "{what}: {parameter}");
        }
        for part in path.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            assert!(
                documented.iter().any(|one| one["name"] == name),
                "{what}: {name}"
            );
        }
    }
}

#[test]
fn every_body_has_an_example_that_is_as_its_schema_says() {
    let document = api::document();
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses
                .keys()
                .any(|status| status.starts_with(['2', '3'])),
            "{what}"
        );
        // A redirect says all in its `Location`.
        let said = responses.iter().filter(|(status, _)| *status != "303");
        let bodies = said
            .map(|(_, body)| body)
            .chain(operation.get("requestBody"));
        for body in bodies.map(|body| resolve(&document, body)) {
            let content = body["content"].as_object();
            let content = content.unwrap_or_else(|| panic!("{what}: {body} has no content"));
            for (kind, content) in content {
                let example = content.get("example");
                let example = example.unwrap_or_else(|| panic!("{what}: {body} has no example"));
                if kind == "application/json" {
                    let problems = problems(&document, &content["schema"], example);
                    assert!(problems.is_empty(), "{what}: {problems:#?}");
                }
            }
        }
    }
}

/// Errors there are as OAuth has them, or pages for people.
const OAUTH: &[&str] = &[
    "/api/v1/oauth/authorize",
    "/api/v1/oauth/revoke",
    "/api/v1/oauth/token",
];

/// What is refused where there is no room: the one answer that says more than other errors.
const MAY_CLASH: &[(&str, &str)] = &[
    ("POST", "/api/v1/appointments"),
    ("PUT", "/api/v1/appointments/{appointment_uuid}"),
    ("POST", "/api/v1/appointments/{appointment_uuid}/status"),
    (
        "POST",
        "/api/v1/appointment-requests/{request_uuid}/approve",
    ),
];

#[test]
fn a_clash_is_an_error_like_others_with_what_is_free_instead() {
    let document = api::document();
    let schemas = &document["components"]["schemas"];
    let fields = |schema: &Value| {
        let properties = schema["properties"].as_object().unwrap();
        properties.keys().cloned().collect::<BTreeSet<_>>()
    };
    let clash = &schemas["ClashBody"];
    assert_eq!(clash["required"], schemas["Error"]["required"]);
    let mut expected = fields(&schemas["Error"]);
    expected.insert("data".to_owned());
    assert_eq!(fields(clash), expected);
    let detail = resolve(&document, &clash["properties"]["error"]);
    assert_eq!(detail["required"], json!(["code", "details"]));
}

#[test]
fn every_error_is_documented_in_the_form_that_all_have() {
    let document = api::document();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_error = status.starts_with(['4', '5']);
            if is_error && path != "/readyz" {
                let response = resolve(&document, response);
                if path == "/api/v1/oauth/authorize" {
                    assert!(response["content"]["text/html"].is_object(), "{status}");
                    continue;
                }
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let expected = match (path.as_str(), status.as_str()) {
                    (path, _) if OAUTH.contains(&path) => "#/components/schemas/OauthError",
                    (path, "409") if MAY_CLASH.contains(&(method.as_str(), path)) => {
                        "#/components/schemas/ClashBody"
                    }
                    _ => "#/components/schemas/Error",
                };
                assert_eq!(schema, expected, "{method} {path} {status}");
            }
        }
    }
}

async fn open(node: &Node, path: &str) -> Answer {
    node.send(Request::get(path).body(Body::empty()).unwrap())
        .await
}

fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
