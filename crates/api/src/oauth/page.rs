//! The pages that people see: the question, and what is wrong with it. Each is one document that
//! loads nothing, runs nothing and is shown in no frame.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use super::error::never_kept;
use super::redirect_uri::as_form_target;
use super::request::AuthorizationRequest;
use super::same_browser::PageToken;
use crate::scope;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}\
h1{font-size:1.4rem}\
code{overflow-wrap:anywhere}\
.notice{border-left:4px solid #c00;padding:.1rem .8rem}\
label,input{display:block;width:100%;box-sizing:border-box}\
input{font:inherit;padding:.5rem;margin:.3rem 0 1rem}\
button{font:inherit;padding:.5rem 1.2rem;margin-right:.6rem}";

/// What the policy says of the style: that it is this one.
static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("'sha256-{hash}'")
});

/// The question whether a client may act.
pub(super) fn question(
    status: StatusCode,
    request: &AuthorizationRequest,
    token: &PageToken,
    notice: Option<&str>,
) -> Response {
    let name = escaped(&request.client.name);
    let mut body = format!("<h1>{name} asks for access</h1>\n");
    if let Some(notice) = notice {
        let notice = escaped(notice);
        _ = writeln!(body, "<p class=\"notice\" role=\"alert\">{notice}</p>");
    }
    _ = writeln!(
        body,
        "<p>If you allow it, <strong>{name}</strong> may do this in your workspace:</p>\n<ul>"
    );
    for scope in request.scopes.as_slice() {
        let what = escaped(&scope::describe(scope));
        _ = writeln!(body, "<li><code>{}</code>: {what}</li>", escaped(scope));
    }
    body.push_str("</ul>\n");
    if request.scopes.allow("keys:write") {
        body.push_str(
            "<p class=\"notice\">It may also make API keys, which stay valid when you take this \
             permission back.</p>\n",
        );
    }
    let back = escaped(&request.back.redirect_uri);
    _ = writeln!(body, "<p>You will be sent to <code>{back}</code>.</p>");
    body.push_str("<form method=\"post\" action=\"authorize\">\n");
    let client = request.client.id.to_string();
    let scope = request.scopes.to_string();
    let sent = request.back.redirect_uri_sent;
    let fields = [
        ("response_type", Some("code")),
        ("client_id", Some(client.as_str())),
        (
            "redirect_uri",
            Some(request.back.redirect_uri.as_str()).filter(|_| sent),
        ),
        ("scope", Some(scope.as_str())),
        ("state", request.back.state.as_deref()),
        ("code_challenge", Some(request.code_challenge.as_str())),
        ("code_challenge_method", Some("S256")),
        ("page_token", Some(token.as_str())),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            let value = escaped(value);
            _ = writeln!(
                body,
                "<input type=\"hidden\" name=\"{field}\" value=\"{value}\">"
            );
        }
    }
    body.push_str(
        "<label for=\"api_key\">An API key of the workspace. It shows that the workspace is yours; \
         it is not given to the program, and no more is allowed than the key itself permits.</label>\n\
         <input id=\"api_key\" name=\"api_key\" type=\"password\" autocomplete=\"off\" \
         spellcheck=\"false\" required>\n\
         <button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\" formnovalidate>Deny</button>\n</form>\n",
    );
    let targets = format!("'self' {}", as_form_target(&request.back.redirect_uri));
    page(status, "Allow access", &body, targets.trim_end())
}

/// What is wrong, for the person alone.
pub(super) fn problem(status: StatusCode, what: &str) -> Response {
    let body = format!(
        "<h1>This can not be asked</h1>\n<p class=\"notice\" role=\"alert\">{}</p>\n\
         <p>Nothing was allowed. Go back to the program that sent you here, and tell whoever runs \
         it what stands above.</p>\n",
        escaped(what)
    );
    page(status, "This can not be asked", &body, "'none'")
}

/// Sends the browser to a redirect URI, with a GET whatever came before.
pub(super) fn redirect(to: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(to) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "The program's redirect URI can not be written in an answer.",
        );
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    never_kept(headers);
    response
}

fn page(status: StatusCode, title: &str, body: &str, form_targets: &str) -> Response {
    let document = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src {}; form-action {form_targets}; base-uri 'none'; \
         frame-ancestors 'none'",
        *STYLE_SOURCE
    );
    let mut response = (status, Html(document)).into_response();
    let headers = response.headers_mut();
    // Without a policy that can be written nothing at all would be permitted.
    let policy = HeaderValue::try_from(policy);
    let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    never_kept(headers);
    response
}

/// Text as it stands in HTML, in an attribute as well.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
