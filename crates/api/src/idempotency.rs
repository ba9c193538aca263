//! `Idempotency-Key`: a POST that is sent again is answered again, and not done again.
//!
//! The request is reserved before it is done, and its answer is kept with it. What is kept is
//! encrypted with the token of whoever asked, so that nobody reads in the database what an answer
//! showed once, such as the token of a new key.

mod kept;
mod making;

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{ReservationLimits, Reserved, StoreError};
use uuid::Uuid;

use self::kept::KeptAnswer;
pub(crate) use self::making::Making;
use crate::auth;
use crate::caller::Caller;
use crate::clock;
use crate::config::IdempotencySettings;
use crate::error::{ApiError, Settled};
use crate::exchange::{Form, gather};
use crate::state::ApiState;
use crate::transcriptions::{self, EarlierForm};

/// The header that names a request.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const LONGEST_KEY: usize = 255;
/// An answer that is larger is not kept.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Does a POST with a key once.
pub(crate) async fn once(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = request.extensions().get::<Caller>().cloned();
    let named = request.method() == Method::POST && request.headers().contains_key(KEY);
    let Some(caller) = caller.filter(|_| named) else {
        return Ok(next.run(request).await);
    };
    let key = key(request.headers())?.to_owned();
    let secret = auth::bearer_token(request.headers())?.to_owned();
    let (parts, body) = request.into_parts();
    let mut parts = parts;
    let (body, digest) = if takes_form(&parts) {
        // Its files are on the disk, and its boundary differs each time that it is sent.
        let form = transcriptions::read_form(&state, &parts.headers, body).await?;
        let digest = form.digest();
        let form: EarlierForm = Arc::new(Mutex::new(Some(form)));
        parts.extensions.insert(form);
        (Bytes::new(), digest)
    } else {
        let config = &state.config;
        let body = gather(&parts.headers, body, config.max_body, config.body_timeout).await?;
        let digest = Sha256::digest(&body).into();
        (body, digest)
    };
    let print = fingerprint(&caller, &parts, digest);
    let now = clock::now();
    let limits = limits(&state.config.idempotency, now);
    let reserved = caller
        .store
        .reserve_request(&key, &print, limits, now)
        .await;
    match reserved.map_err(failed)? {
        Reserved::Now(reservation) => {
            parts.extensions.insert(Making::from(reservation));
            let request = Request::from_parts(parts, Body::from(body));
            let work = Work {
                caller,
                reservation: reservation.id,
                secret,
            };
            // A client that hangs up on us must find the answer when it asks again.
            let working = state.tasks.spawn(work.run(next.run(request)));
            working.await.map_err(|error| {
                ApiError::internal("answer a request with an Idempotency-Key", &error)
            })?
        }
        Reserved::Done {
            reservation,
            content,
        } => {
            let answer = KeptAnswer::open(&content, &secret, reservation).ok_or_else(reused)?;
            let mut response = answer.into_response();
            let replayed = HeaderValue::from_static("true");
            response.headers_mut().insert(REPLAYED, replayed);
            Ok(response)
        }
        Reserved::InUse => Err(in_use(&state.config.idempotency)),
        Reserved::Other => Err(reused()),
    }
}

/// A request that is being done.
struct Work {
    caller: Caller,
    reservation: Uuid,
    secret: String,
}

impl Work {
    async fn run(
        self,
        answer: impl Future<Output = Response> + Send + 'static,
    ) -> Result<Response, ApiError> {
        // A panic of the handler ends its own task alone, so that the reservation is given back.
        let answer = match tokio::spawn(answer).await {
            Ok(answer) => answer,
            Err(error) => {
                self.release().await;
                return Err(ApiError::internal(
                    "answer a request, which panicked",
                    &error,
                ));
            }
        };
        if !is_kept(&answer) {
            self.release().await;
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let body = match axum::body::to_bytes(body, LARGEST_ANSWER).await {
            Ok(body) => body,
            Err(error) => {
                self.release().await;
                return Err(ApiError::internal("keep an answer", &error));
            }
        };
        let answer = KeptAnswer::new(&parts, &body);
        let content = answer.seal(&self.secret, self.reservation);
        let kept = match content {
            Some(content) => {
                self.caller
                    .store
                    .keep_answer(self.reservation, &content)
                    .await
            }
            None => Ok(()),
        };
        if let Err(error) = kept {
            // It was done all the same, and the reservation stays: it is not done again at once.
            tracing::error!(%error, "an answer could not be kept");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    async fn release(&self) {
        if let Err(error) = self.caller.store.release_request(self.reservation).await {
            tracing::error!(%error, "a reserved request could not be given back");
        }
    }
}

/// What may go otherwise next time is not kept, unless it may have been done this time.
fn is_kept(answer: &Response) -> bool {
    let status = answer.status();
    let may_differ = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    !may_differ || answer.extensions().get::<Settled>().is_some()
}

fn key(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut keys = headers.get_all(KEY).iter();
    let key = keys.next().and_then(|key| key.to_str().ok());
    let is_one = keys.next().is_none();
    let fits = |key: &&str| {
        (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    key.filter(|key| is_one && fits(key)).ok_or_else(|| {
        let expected = "one key of 1 to 255 visible ASCII characters, such as a UUID";
        ApiError::invalid("Idempotency-Key", expected)
    })
}

/// Whether it is an operation that takes a form, and a form that it was sent.
fn takes_form(parts: &http::request::Parts) -> bool {
    let path = parts.extensions.get::<MatchedPath>();
    path.is_some_and(|path| path.as_str() == transcriptions::PATH)
        && Form::is_announced(&parts.headers)
}

/// Who asks for what: the same for the same request alone.
fn fingerprint(caller: &Caller, parts: &http::request::Parts, digest: [u8; 32]) -> String {
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {} {asked} {body}", caller.account, parts.method)
}

fn limits(settings: &IdempotencySettings, now: Timestamp) -> ReservationLimits {
    let before = |span| {
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        now.checked_sub(span).unwrap_or(Timestamp::MIN)
    };
    ReservationLimits {
        abandoned_before: before(settings.takeover),
        forgotten_before: before(settings.keep),
    }
}

fn failed(error: StoreError) -> ApiError {
    ApiError::internal("reserve a request", &error)
}

fn in_use(settings: &IdempotencySettings) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "IDEMPOTENCY_KEY_IN_USE",
        "The same request is being worked on.",
        "Ask again in a moment to get its answer.",
    )
    .retry_after(settings.retry_after)
}

fn reused() -> ApiError {
    ApiError::unprocessable(
        "IDEMPOTENCY_KEY_REUSED",
        "Idempotency-Key",
        "The Idempotency-Key belongs to another request.",
        "Give each request a key of its own; only the same request, sent again with the same \
         token, has the same one.",
    )
}

/// Forgets answers that are old.
pub(crate) async fn forget(state: &ApiState, now: Timestamp) {
    let before = limits(&state.config.idempotency, now).forgotten_before;
    match state.store.forget_requests(before).await {
        Ok(0) => {}
        Ok(requests) => tracing::debug!(requests, "old requests were forgotten"),
        Err(error) => tracing::error!(%error, "old requests can not be forgotten"),
    }
}
