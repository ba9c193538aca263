//! Tasks that drive the library's transactions, whose `receive` must not be interrupted, and
//! report to the call that they belong to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage, Uri};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::{Transaction, TransactionEvent, TransactionEventSender};
use tokio::sync::mpsc;

use super::digest::{Attempts, Challenge, Credentials};
use super::flow::Flow;
use super::message;
use super::{Stack, spawn_until_stopped};

/// What a transaction tells its call.
#[derive(Debug)]
pub(crate) enum Report {
    /// Our INVITE was challenged and went out again, with credentials and a new number.
    Resent(Box<Request>),
    /// A response to our INVITE.
    Response(Box<Response>),
    /// Our INVITE came to an end without a final response.
    Lost,
    /// Their INVITE, or re-INVITE, of this number was acknowledged.
    Acknowledged { sequence: u32, ack: Box<Request> },
    /// A 2xx of ours was repeated until its time was up.
    Unacknowledged,
    /// Their INVITE was cancelled.
    Cancelled,
    /// The final response to our REFER; 408 when there was none.
    ReferAnswered { code: u16 },
    /// Our BYE was answered, or never will be.
    ByeCompleted,
}

/// Drives our INVITE to its final response, answering challenges on the way unless the call
/// gave it up.
pub(crate) async fn invite(
    stack: Arc<Stack>,
    request: Request,
    flow: Flow,
    credentials: Option<Credentials>,
    abandoned: Arc<AtomicBool>,
    reports: mpsc::Sender<Report>,
) {
    let answered = drive_invite(
        &stack,
        request,
        &flow,
        credentials.as_ref(),
        &abandoned,
        &reports,
    )
    .await;
    if answered.is_none() {
        // A call that is over needs no report. overflow: awaited
        let _ = reports.send(Report::Lost).await;
    }
}

/// `None` when no final response was reported.
async fn drive_invite(
    stack: &Arc<Stack>,
    mut request: Request,
    flow: &Flow,
    credentials: Option<&Credentials>,
    abandoned: &AtomicBool,
    reports: &mpsc::Sender<Report>,
) -> Option<()> {
    let mut attempts = Attempts::default();
    loop {
        let mut transaction = open(stack, request.clone(), flow).await?;
        let challenge = loop {
            let response = next_response(&mut transaction).await?;
            let challenge = Challenge::of(&response)
                .filter(|_| credentials.is_some() && !abandoned.load(Ordering::Acquire))
                .filter(|challenge| attempts.allow(challenge));
            if let Some(challenge) = challenge {
                break challenge;
            }
            let is_final = response.status_code.code() >= 200;
            // overflow: awaited
            reports
                .send(Report::Response(Box::new(response)))
                .await
                .ok()?;
            if is_final {
                return Some(());
            }
        };
        let sequence = message::sequence(&request)?;
        resend(&mut request, &challenge, credentials?, sequence + 1);
        // overflow: awaited
        reports
            .send(Report::Resent(Box::new(request.clone())))
            .await
            .ok()?;
    }
}

/// Cancels an INVITE that a provisional response was heard for (RFC 3261 §9.1).
pub(crate) async fn cancel(stack: Arc<Stack>, invite: Request, flow: Flow) {
    let Some(sequence) = message::sequence(&invite) else {
        return;
    };
    let mut headers: Vec<Header> = Vec::new();
    for header in invite.headers.iter() {
        let copied = matches!(
            header,
            Header::Via(_)
                | Header::MaxForwards(_)
                | Header::From(_)
                | Header::To(_)
                | Header::CallId(_)
                | Header::Route(_)
                | Header::UserAgent(_)
        );
        if copied {
            headers.push(header.clone());
        }
    }
    headers.push(Header::CSeq(format!("{sequence} CANCEL").into()));
    headers.push(Header::ContentLength(0.into()));
    let cancel = Request {
        method: Method::Cancel,
        headers: headers.into(),
        body: Vec::new(),
        ..invite
    };
    let Some(mut transaction) = open(&stack, cancel, &flow).await else {
        return;
    };
    while let Some(response) = next_response(&mut transaction).await {
        if response.status_code.code() >= 200 {
            return;
        }
    }
}

/// Sends a request within a dialog, which still lacks its Via, towards `next_hop` and drives it
/// to its final response.
pub(crate) async fn request(
    stack: Arc<Stack>,
    mut request: Request,
    next_hop: Uri,
    current: Flow,
    credentials: Option<Credentials>,
) -> Option<Response> {
    let flow = stack.flow_within(&next_hop, &current).await;
    let mut attempts = Attempts::default();
    request.headers.push_front(stack.via(&flow));
    loop {
        let mut transaction = open(&stack, request.clone(), &flow).await?;
        let response = loop {
            let response = next_response(&mut transaction).await?;
            if response.status_code.code() >= 200 {
                break response;
            }
        };
        let challenge = Challenge::of(&response).filter(|challenge| attempts.allow(challenge));
        let (Some(challenge), Some(credentials)) = (challenge, &credentials) else {
            return Some(response);
        };
        let sequence = message::sequence(&request)?;
        resend(&mut request, &challenge, credentials, sequence + 1);
    }
}

/// The sending half of a server transaction.
#[derive(Debug)]
pub(crate) struct Responder(TransactionEventSender);

impl Responder {
    /// Sends a response. One that comes too late, as after the final one, is ignored.
    pub(crate) fn respond(&self, response: Response) {
        // A transaction that is over needs no response.
        let _ = self.0.send(TransactionEvent::Respond(response));
    }
}

/// Drives a server transaction to its end.
pub(crate) fn serve(
    stack: &Arc<Stack>,
    mut transaction: Transaction,
    reports: mpsc::Sender<Report>,
) -> Responder {
    let responder = Responder(transaction.tu_sender.clone());
    spawn_until_stopped(stack, async move {
        let mut acknowledged = false;
        while let Some(received) = transaction.receive().await {
            let SipMessage::Request(request) = received else {
                continue;
            };
            let report = match (request.method, message::sequence(&request)) {
                (Method::Ack, Some(sequence)) => {
                    acknowledged = true;
                    Report::Acknowledged {
                        sequence,
                        ack: Box::new(request),
                    }
                }
                (Method::Cancel, _) => Report::Cancelled,
                _ => continue,
            };
            // A call that is over needs no report, but its transaction still absorbs
            // repetitions. overflow: awaited
            let _ = reports.send(report).await;
        }
        let accepted = transaction.original.method == Method::Invite
            && transaction
                .last_response
                .as_ref()
                .is_some_and(|response| (200..300).contains(&response.status_code.code()));
        if accepted && !acknowledged {
            // overflow: awaited
            let _ = reports.send(Report::Unacknowledged).await;
        }
    });
    responder
}

async fn open(stack: &Arc<Stack>, request: Request, flow: &Flow) -> Option<Transaction> {
    let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
    let connection = Some(flow.connection.clone());
    let endpoint = Arc::clone(&stack.endpoint);
    let mut transaction = Transaction::new_client(key, request, endpoint, connection);
    transaction.destination = Some(flow.destination());
    match transaction.send().await {
        Ok(()) => Some(transaction),
        Err(error) => {
            tracing::warn!(%error, "a request could not be sent");
            None
        }
    }
}

async fn next_response(transaction: &mut Transaction) -> Option<Response> {
    loop {
        match transaction.receive().await? {
            SipMessage::Response(response) => return Some(response),
            SipMessage::Request(_) => {}
        }
    }
}

/// Makes a new request of a challenged one (§22.2): new number, new branch, credentials.
fn resend(request: &mut Request, challenge: &Challenge, credentials: &Credentials, sequence: u32) {
    let (method, uri) = (request.method, request.uri.to_string());
    let sent_by = request.top_via_header().ok().and_then(|via| {
        let (before, _) = via.value().split_once(';')?;
        Some(before.to_owned())
    });
    if let Some(sent_by) = sent_by {
        request
            .headers
            .retain(|header| !matches!(header, Header::Via(_)));
        let branch = message::random_token(16);
        let via = format!("{sent_by};branch=z9hG4bK{branch};rport");
        request.headers.push_front(Header::Via(via.into()));
    }
    request
        .headers
        .unique_push(Header::CSeq(format!("{sequence} {method}").into()));
    let nonce = message::random_token(16);
    challenge.authorise(credentials, &mut request.headers, method, &uri, &nonce);
}
