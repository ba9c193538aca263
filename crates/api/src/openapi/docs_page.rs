//! `/docs`: the document as a page to read and try, from files within the binary.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The page loads nothing from elsewhere and asks nobody but this node. Its styles are partly
/// written into its elements.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The page and its files.
pub(crate) fn routes() -> Router {
    let config = Config::from("/api/v1/openapi.json")
        .try_it_out_enabled(true)
        .validator_url("none")
        .persist_authorization(false)
        .use_base_layout();
    let page = SwaggerUi::new("/docs").config(config);
    Router::from(page).layer(from_fn(with_policy))
}

async fn with_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
