//! Requests to the consent page, right and wrong.

use jiff::Timestamp;
use store::WorkspaceId;

use super::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client(redirect_uris: &[&str]) -> OauthClient {
    OauthClient {
        id: Uuid::nil(),
        workspace: WorkspaceId::default(),
        name: "App".to_owned(),
        redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
        scopes: vec!["calls:*".to_owned(), "agents:read".to_owned()],
        is_confidential: true,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

/// A request of which `others` take the place of the usual parameters, or are there as well.
fn asked(others: &[(&str, &str)], keep_usual: bool) -> Result<AuthorizationRequest, Problem> {
    let usual = [
        ("response_type", "code"),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "calls:read"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .iter()
        .filter(|(name, _)| keep_usual || !others.iter().any(|(other, _)| other == name));
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept.chain(others))
        .finish();
    read(
        &Parameters::parse(encoded.as_bytes()),
        client(&["https://app.example/cb", "https://app.example/other"]),
    )
}

fn with(name: &str, value: &str) -> Result<AuthorizationRequest, Problem> {
    asked(&[(name, value)], false)
}

fn with_another(name: &str, value: &str) -> Result<AuthorizationRequest, Problem> {
    asked(&[(name, value)], true)
}

#[test]
fn a_whole_request_is_read() {
    let request = asked(&[], true).unwrap();
    assert_eq!(request.scopes.to_string(), "calls:read");
    assert_eq!(request.code_challenge, CHALLENGE);
    assert_eq!(request.back.redirect_uri, "https://app.example/cb");
    assert!(request.back.redirect_uri_sent);
    assert_eq!(request.back.state.as_deref(), Some("xyz"));
}

#[test]
fn without_scopes_it_is_about_all_that_the_client_is_registered_for() {
    let request = with("scope", "").unwrap();
    assert_eq!(request.scopes.to_string(), "calls:* agents:read");
}

#[test]
fn unknown_parameters_are_passed_over() {
    assert!(with("prompt", "login").is_ok());
}

#[test]
fn what_is_wrong_with_the_way_back_is_told_to_no_client() {
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/CB",
        "http://app.example/cb",
        "javascript:alert(1)",
        "",
    ] {
        let problem = with("redirect_uri", uri).unwrap_err();
        assert!(matches!(problem, Problem::Shown(_)), "{uri}");
    }
    let twice = with_another("redirect_uri", "https://app.example/cb");
    assert!(matches!(twice, Err(Problem::Shown(_))));
}

#[test]
fn the_only_redirect_uri_need_not_be_sent() {
    let encoded =
        format!("response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let parameters = Parameters::parse(encoded.as_bytes());
    let request = read(&parameters, client(&["https://app.example/cb"])).unwrap();
    assert_eq!(request.back.redirect_uri, "https://app.example/cb");
    assert!(!request.back.redirect_uri_sent);
    assert_eq!(request.back.state, None);
}

#[test]
fn what_else_is_wrong_is_told_to_the_client_with_its_state() {
    for (name, value, expected) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge", &"+".repeat(43), "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "moons:read", "invalid_scope"),
        ("scope", " ", "invalid_scope"),
        ("scope", "agents:write", "invalid_scope"),
        ("scope", "calls:read *", "invalid_scope"),
    ] {
        let problem = with(name, value).unwrap_err();
        let Problem::Told { back, error, .. } = problem else {
            panic!("{name}={value} is not told to the client");
        };
        assert_eq!(error, expected, "{name}={value}");
        assert_eq!(back.state.as_deref(), Some("xyz"), "{name}={value}");
    }
    for name in ["state", "scope", "response_type", "code_challenge"] {
        let problem = with_another(name, "again").unwrap_err();
        assert!(
            matches!(
                problem,
                Problem::Told {
                    error: "invalid_request",
                    ..
                }
            ),
            "{name}"
        );
    }
}

#[test]
fn a_client_is_named_once_by_its_id() {
    let id = |encoded: &str| client_id(&Parameters::parse(encoded.as_bytes()));
    let nil = Uuid::nil();
    assert_eq!(id(&format!("client_id={nil}")), Ok(nil));
    for wrong in ["", "client_id=", "client_id=app", "client_id=a&client_id=b"] {
        assert!(matches!(id(wrong), Err(Problem::Shown(_))), "{wrong}");
    }
}
