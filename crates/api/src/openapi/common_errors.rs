//! Errors that follow from what an operation is like: whether it asks for a token, has a body,
//! or parameters. What an operation says of itself stays.

use serde_json::{Map, Value, json};

use crate::oauth;

/// An error that many operations have.
struct Common {
    /// Its name among the responses of the document.
    name: &'static str,
    status: &'static str,
    code: &'static str,
    /// What it says of itself, the message and the details of its example.
    message: &'static str,
    details: &'static str,
    /// The field of its example.
    field: Option<&'static str>,
    /// Which operations have it.
    of: fn(&Shape) -> bool,
}

/// What an operation is like.
struct Shape {
    asks_for_token: bool,
    has_body: bool,
    has_path_parameters: bool,
    is_post: bool,
}

const COMMON: &[Common] = &[
    Common {
        name: "InvalidJson",
        status: "400",
        code: "INVALID_JSON",
        message: "The body is not JSON.",
        details: "Send one JSON object; it goes wrong at line 1 column 2.",
        field: None,
        of: |shape| shape.has_body,
    },
    Common {
        name: "InvalidPath",
        status: "400",
        code: "INVALID_PATH",
        message: "The path can not be read.",
        details: "Its percent-encoded parts must be UTF-8.",
        field: None,
        of: |shape| shape.has_path_parameters,
    },
    Common {
        name: "Unauthorised",
        status: "401",
        code: "INVALID_AUTH_TOKEN",
        message: "The token opens nothing here.",
        details: "Send the header `Authorization: Bearer TOKEN`; `mihu keys create --name NAME` \
                  makes a token.",
        field: None,
        of: |shape| shape.asks_for_token,
    },
    Common {
        name: "Forbidden",
        status: "403",
        code: "INSUFFICIENT_SCOPE",
        message: "The token does not permit this.",
        details: "This needs a token with the scope `calls:write`.",
        field: None,
        of: |shape| shape.asks_for_token,
    },
    Common {
        name: "NotFound",
        status: "404",
        code: "NOT_FOUND",
        message: "There is no such thing.",
        details: "Use an id that the API answered.",
        field: None,
        of: |shape| shape.has_path_parameters,
    },
    Common {
        name: "IdempotencyKeyInUse",
        status: "409",
        code: "IDEMPOTENCY_KEY_IN_USE",
        message: "The same request is being worked on.",
        details: "Ask again in a moment to get its answer.",
        field: None,
        of: |shape| shape.is_post && shape.asks_for_token,
    },
    Common {
        name: "RequestTimeout",
        status: "408",
        code: "REQUEST_TIMEOUT",
        message: "The body did not arrive in time.",
        details: "Send it within 10 s.",
        field: None,
        of: |shape| shape.has_body,
    },
    Common {
        name: "BodyTooLarge",
        status: "413",
        code: "BODY_TOO_LARGE",
        message: "The body is too large.",
        details: "At most 65536 bytes are accepted.",
        field: None,
        of: |shape| shape.has_body,
    },
    Common {
        name: "UnsupportedMediaType",
        status: "415",
        code: "UNSUPPORTED_MEDIA_TYPE",
        message: "The body is announced as something else than JSON.",
        details: "Send `Content-Type: application/json`.",
        field: None,
        of: |shape| shape.has_body,
    },
    Common {
        name: "ValidationFailed",
        status: "422",
        code: "VALIDATION_FAILED",
        message: "The request has a field that can not be used.",
        details: "`page`: expected a whole number from 1 to 1000000.",
        field: Some("page"),
        of: |_| true,
    },
    Common {
        name: "TooManyRequests",
        status: "429",
        code: "RATE_LIMITED",
        message: "Too many requests at once; `QUOTA_EXCEEDED`: too many in a month.",
        details: "Ask again after as many seconds as `Retry-After` says.",
        field: None,
        of: |shape| shape.asks_for_token,
    },
    Common {
        name: "InternalError",
        status: "500",
        code: "INTERNAL_ERROR",
        message: "The node could not do this.",
        details: "Try again; if it happens again, the node's log has the reason.",
        field: None,
        of: |shape| shape.asks_for_token,
    },
];

const KEY_PARAMETER: &str = "A name of your choice for this request, such as a UUID. Sent again \
    with the same name, it is answered again and not done again; what else is sent with the name \
    is refused with 422 `IDEMPOTENCY_KEY_REUSED`.";

/// Adds to every operation of the document the errors of its shape.
pub(super) fn add(document: &mut Value) {
    let mut responses = Map::new();
    for common in COMMON {
        responses.insert(common.name.to_owned(), common.response());
    }
    document["components"]["responses"] = Value::Object(responses);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        if oauth::STANDARD.contains(&path.as_str()) {
            continue;
        }
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let shape = Shape {
                asks_for_token: operation.pointer("/security/0/token").is_some(),
                has_body: operation.get("requestBody").is_some(),
                has_path_parameters: path.contains('{'),
                is_post: method == "post",
            };
            complete(operation, &shape);
            if shape.is_post && shape.asks_for_token {
                add_key(operation);
            }
        }
    }
}

fn add_key(operation: &mut Value) {
    let parameter = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": KEY_PARAMETER,
        "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        "example": "0198c5a2-7d10-7f3e-b1a2-5c0d9e8f7a6b",
    });
    match operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
    {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn complete(operation: &mut Value, shape: &Shape) {
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for common in COMMON.iter().filter(|common| (common.of)(shape)) {
        let reference = json!({ "$ref": format!("#/components/responses/{}", common.name) });
        responses.entry(common.status).or_insert(reference);
    }
    for (status, response) in responses.iter_mut() {
        if status.starts_with(['4', '5']) {
            give_example(response);
        }
    }
}

/// An error that an operation describes as `` `CODE`: What happened. `` is its own example.
fn give_example(response: &mut Value) {
    let description = response.get("description").and_then(Value::as_str);
    let Some((code, message)) = description.and_then(split) else {
        return;
    };
    let example = example(&code, &message, "What to do about it.", None);
    let content = response.pointer_mut("/content/application~1json");
    let Some(content) = content.and_then(Value::as_object_mut) else {
        return;
    };
    if !content.contains_key("example") && !content.contains_key("examples") {
        content.insert("example".to_owned(), example);
    }
}

fn split(description: &str) -> Option<(String, String)> {
    let (code, rest) = description.strip_prefix('`')?.split_once('`')?;
    let message = rest.trim_start_matches([':', ' ']);
    Some((code.to_owned(), message.to_owned()))
}

fn example(code: &str, message: &str, details: &str, field: Option<&str>) -> Value {
    let mut error = json!({ "code": code, "details": details });
    if let Some(field) = field {
        error["field"] = field.into();
    }
    json!({ "success": false, "message": message, "error": error })
}

impl Common {
    fn response(&self) -> Value {
        json!({
            "description": format!("`{}`: {}", self.code, self.message),
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Error" },
                "example": example(self.code, self.message, self.details, self.field),
            } },
        })
    }
}
