//! Who may do what: each operation asks for the scope that the OpenAPI document names for it.
//!
//! An operation that names none is open only if it stands in [`OPEN`]; the document is refused
//! otherwise, so that no operation is opened by forgetting.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::auth;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::limits::Standing;
use crate::peer::Peer;
use crate::state::ApiState;
use crate::{oauth, scope};

/// What may be asked without a token.
const OPEN: &[&str] = &[
    "/healthz",
    "/readyz",
    "/.well-known/oauth-authorization-server",
    "/api/v1/openapi.json",
];

/// The path of the metrics, which the settings can open.
const METRICS: &str = "/metrics";

/// Everything under it asks for a token, whether there is something or not.
const API: &str = "/api/v1";

/// What the operations ask for.
#[derive(Debug)]
pub(crate) struct Access {
    /// By path, then by method.
    paths: HashMap<String, BTreeMap<String, Operation>>,
}

#[derive(Debug)]
struct Operation {
    /// The scope; nothing for an open operation.
    scope: Option<String>,
    /// The names of the query parameters; nothing if any may be there.
    parameters: Option<Vec<String>>,
}

/// What every request passes.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) state: ApiState,
    pub(crate) access: Arc<Access>,
}

impl Access {
    /// Reads an OpenAPI document; what is wrong with it is said in words.
    pub(crate) fn of(document: &Value) -> Result<Self, String> {
        let mut paths: HashMap<String, BTreeMap<String, Operation>> = HashMap::new();
        let documented = document.get("paths").and_then(Value::as_object);
        for (path, item) in documented.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let operation = Operation::read(path, operation)
                    .map_err(|problem| format!("{method} {path} {problem}"))?;
                let methods = paths.entry(path.clone()).or_default();
                methods.insert(method.to_uppercase(), operation);
            }
        }
        Ok(Self { paths })
    }
}

/// What a request asks for.
enum Sought<'a> {
    Operation {
        /// The scope that it asks for; nothing for an open one.
        scope: Option<&'a str>,
        /// The query parameters that it has; nothing if any may be there.
        parameters: Option<&'a [String]>,
    },
    /// No path of the API, or a method that a path does not take.
    Nothing,
    /// A route that the document does not have.
    Undocumented,
}

impl Operation {
    fn read(path: &str, operation: &Value) -> Result<Self, String> {
        let is_standard = oauth::STANDARD.contains(&path);
        let required = operation.pointer("/security/0/token/0");
        let scope = match required.and_then(Value::as_str) {
            Some(scope) if scope::is_operation_scope(scope) => Some(scope.to_owned()),
            Some(scope) => return Err(format!("asks for `{scope}`, which is no scope")),
            None if OPEN.contains(&path) || is_standard => None,
            None => return Err("names no scope in its `security`".to_owned()),
        };
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let parameters = parameters.into_iter().flatten();
        let in_query = parameters.filter(|one| one["in"] == "query");
        Ok(Self {
            scope,
            parameters: (!is_standard).then(|| {
                in_query
                    .filter_map(|one| one["name"].as_str())
                    .map(str::to_owned)
                    .collect()
            }),
        })
    }
}

/// Lets a request pass that may do what it asks for, with its [`Caller`].
pub(crate) async fn check(
    State(gate): State<Gate>,
    mut request: Request,
    next: Next,
) -> Result<Response, Response> {
    let sought = gate.sought(&request);
    let needs_caller = match &sought {
        Sought::Operation { scope, .. } => scope.is_some(),
        Sought::Nothing => is_in_api(request.uri().path()),
        Sought::Undocumented => {
            let error = ApiError::internal("permit an operation", &"it is not documented");
            return Err(error.into_response());
        }
    };
    let mut standing = None;
    if needs_caller {
        let peer = request.extensions().get::<Peer>().copied();
        let (caller, left) = gate.admit(request.headers(), peer).await?;
        standing = left;
        request.extensions_mut().insert(caller);
    }
    let allowed = match sought {
        Sought::Operation { scope, parameters } => gate.permit(&request, scope, parameters),
        Sought::Nothing | Sought::Undocumented => Ok(()),
    };
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    Ok(response)
}

impl Gate {
    /// The operation that a request asks for.
    fn sought(&self, request: &Request) -> Sought<'_> {
        let Some(path) = request.extensions().get::<MatchedPath>() else {
            return Sought::Nothing;
        };
        let Some(methods) = self.access.paths.get(path.as_str()) else {
            return Sought::Undocumented;
        };
        let method = match request.method() {
            &Method::HEAD => "GET",
            method => method.as_str(),
        };
        let Some(operation) = methods.get(method) else {
            return Sought::Nothing;
        };
        let is_opened = path.as_str() == METRICS && self.state.config.open_metrics;
        Sought::Operation {
            scope: operation.scope.as_deref().filter(|_| !is_opened),
            parameters: operation.parameters.as_deref(),
        }
    }

    /// Who asks, if their token opens something and they have not asked for too much.
    async fn admit(
        &self,
        headers: &HeaderMap,
        peer: Option<Peer>,
    ) -> Result<(Caller, Option<Standing>), Response> {
        let now = self.state.clock.now();
        let limits = &self.state.limits;
        let caller = auth::authenticate(&self.state, headers, now.wall).await;
        let caller =
            caller.map_err(|error| limits.failed(peer, now).unwrap_or(error).into_response())?;
        let standing = limits.admit(&caller, now).await;
        let standing = standing.map_err(IntoResponse::into_response)?;
        Ok((caller, standing))
    }

    fn permit(
        &self,
        request: &Request,
        scope: Option<&str>,
        parameters: Option<&[String]>,
    ) -> Result<(), ApiError> {
        let caller = request.extensions().get::<Caller>();
        if let (Some(scope), Some(caller)) = (scope, caller) {
            require(caller, scope)?;
        }
        match parameters {
            Some(known) => check_query(request.uri().query().unwrap_or_default(), known),
            None => Ok(()),
        }
    }
}

/// Refuses query parameters that an operation does not have, and texts that can not be kept.
fn check_query(query: &str, known: &[String]) -> Result<(), ApiError> {
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !known.iter().any(|known| *known == name) {
            return Err(ApiError::unknown_parameter(name, known));
        }
        if value.contains('\0') {
            return Err(ApiError::invalid(name, "text without NUL characters"));
        }
    }
    Ok(())
}

fn is_in_api(path: &str) -> bool {
    let below = path.strip_prefix(API);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn require(caller: &Caller, scope: &str) -> Result<(), ApiError> {
    if caller.scopes.allow(scope) {
        return Ok(());
    }
    let error = ApiError::new(
        StatusCode::FORBIDDEN,
        "INSUFFICIENT_SCOPE",
        "The token does not permit this.",
        format!("This needs a token with the scope `{scope}`."),
    );
    Err(error.challenge(format!(r#"error="insufficient_scope", scope="{scope}""#)))
}
