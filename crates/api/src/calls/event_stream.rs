//! `GET /calls/{call}/events`: what happened in a call and what happens from here on, as
//! server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engine::{CallEvent, CallEventKind, CallId, Followed, Subscriber, Subscription};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::json;
use store::CallRecord;

use super::{event, find};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::Path;
use crate::state::ApiState;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A call leaves the engine a moment before its end is in the store.
const END_TRIES: u32 = 20;
const END_PAUSE: Duration = Duration::from_millis(100);

/// What happens in a call
///
/// The call's events as server-sent events: those so far, then each as it happens, up to `ended`.
/// A client that is too slow is told with `missed` how many it has lost.
#[utoipa::path(
    get, path = "/calls/{call_uuid}/events", operation_id = "stream_call_events", tag = "calls",
    security(("token" = ["calls:read"])),
    params(("call_uuid" = String, Path, description = "The call: its UUID, its `callId` or the UUID of \
            its conversation.", example = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "The events.", body = String,
            content_type = "text/event-stream", example = "event: ended\ndata: {}\n\n"),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
    ),
)]
pub(super) async fn events(
    State(state): State<ApiState>,
    caller: Caller,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&caller, &call).await?;
    let feed = match state.calls.subscribe(CallId(call.id)) {
        Some(subscription) => Feed::live(subscription),
        None => Feed::past(replay(&caller, call).await?),
    };
    let closing = state.closing.clone().cancelled_owned();
    let events = stream(state, feed).take_until(closing);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}

async fn replay(caller: &Caller, mut call: CallRecord) -> Result<VecDeque<CallEvent>, ApiError> {
    let failed = |error| ApiError::internal("read a call's events", &error);
    for _ in 0..END_TRIES {
        if call.ended_at.is_some() {
            break;
        }
        tokio::time::sleep(END_PAUSE).await;
        call = caller
            .store
            .call(call.id)
            .await
            .map_err(failed)?
            .ok_or_else(find::unknown)?;
    }
    let messages = caller
        .store
        .messages(call.conversation)
        .await
        .map_err(failed)?;
    Ok(event::of_stored(&call, &messages).into())
}

struct Feed {
    past: VecDeque<CallEvent>,
    live: Option<Subscriber<CallEvent>>,
}

impl Feed {
    fn live(subscription: Subscription) -> Self {
        Self {
            past: subscription.past.into(),
            live: Some(subscription.live),
        }
    }

    fn past(past: VecDeque<CallEvent>) -> Self {
        Self { past, live: None }
    }

    async fn next(&mut self) -> Option<Followed<CallEvent>> {
        if let Some(event) = self.past.pop_front() {
            return Some(self.passed(event));
        }
        match self.live.as_mut()?.next().await? {
            Followed::Entry(event) => Some(self.passed(event)),
            missed @ Followed::Missed(_) => Some(missed),
        }
    }

    fn passed(&mut self, event: CallEvent) -> Followed<CallEvent> {
        if matches!(event.kind, CallEventKind::Ended(_)) {
            self.live = None;
        }
        Followed::Entry(event)
    }
}

fn stream(state: ApiState, feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((state, feed), |(state, mut feed)| async move {
        let (name, data) = match feed.next().await? {
            Followed::Entry(event) => event::view(&state, &event),
            Followed::Missed(missed) => ("missed".to_owned(), json!({ "events": missed })),
        };
        let event = Event::default().event(name).data(data.to_string());
        Some((Ok(event), (state, feed)))
    })
}
