//! The loops that read from sockets. Each message is handled to its end before the next is
//! read, so that a flood waits in the kernel and not in our memory; and no message, whatever is
//! in it, ends a loop.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use futures_util::FutureExt;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::admission::{self, Admission, Situation};
use super::framing::{self, Frame};
use super::message::{self, ALLOW, DialogKey};
use super::registry::DialogMessage;
use super::socket::{MAX_DATAGRAM, Socket};
use super::wire::{self, Received};
use super::{Stack, spawn_until_stopped};

/// Transactions for each call that may live: its INVITE, a few requests within it, and those
/// that are over but still absorb repetitions.
const TRANSACTIONS_PER_CALL: usize = 16;
const SPARE_TRANSACTIONS: usize = 4_096;

/// Reads datagrams until the stack stops.
pub(crate) async fn serve_datagrams(stack: Arc<Stack>, socket: Arc<Socket>) {
    let mut buffer = vec![0_u8; MAX_DATAGRAM];
    loop {
        match socket.receive(&mut buffer).await {
            Ok((length, source)) => {
                let Some(datagram) = buffer.get(..length) else {
                    continue;
                };
                if datagram.trim_ascii().is_empty() {
                    continue;
                }
                stack.receive(datagram, &stack.udp, source).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a datagram could not be received");
                tokio::time::sleep(stack.config.timers.t1).await;
            }
        }
    }
}

/// Accepts connections until the stack stops.
pub(crate) async fn serve_connections(stack: Arc<Stack>, listener: Arc<TcpListener>) {
    let room = Arc::new(Semaphore::new(stack.config.max_connections));
    loop {
        let (stream, source) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(stack.config.timers.t1).await;
                continue;
            }
        };
        // overflow: refused by closing
        let permit = Arc::clone(&room).try_acquire_owned();
        let (true, Ok(permit)) = (stack.allows(source), permit) else {
            stack.counters.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        match stack.open_stream(stream) {
            Ok(connection) => spawn_stream(&stack, connection, source, Some(permit)),
            Err(error) => tracing::debug!(%source, %error, "a connection broke at once"),
        }
    }
}

/// Reads one connection until it ends; `permit` is given back then.
pub(crate) fn spawn_stream(
    stack: &Arc<Stack>,
    connection: TcpConnection,
    peer: SocketAddr,
    permit: Option<OwnedSemaphorePermit>,
) {
    let reader = Arc::clone(stack);
    let token = connection.cancel_token.clone().unwrap_or_default();
    spawn_until_stopped(stack, async move {
        token
            .run_until_cancelled(reader.serve_stream(&connection, peer))
            .await;
        token.cancel();
        // A peer that does not read may block a writer, which close would wait for.
        let close = connection.inner.close();
        let closed = tokio::time::timeout(reader.config.connect_timeout, close).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!(%peer, "a connection did not close cleanly");
        }
        drop(permit);
    });
}

impl Stack {
    async fn serve_stream(self: &Arc<Self>, connection: &TcpConnection, peer: SocketAddr) {
        let Some(mut reader) = connection.inner.read_half.lock().await.take() else {
            return;
        };
        let ours = SipConnection::Tcp(connection.clone());
        let mut buffer = BytesMut::with_capacity(4_096);
        loop {
            let frame = match framing::next(&mut buffer) {
                Ok(frame) => frame,
                Err(error) => {
                    tracing::debug!(%peer, %error, "a stream carries no SIP");
                    self.counters.garbage.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            };
            match frame {
                Some(Frame::Message(bytes)) => self.receive(&bytes, &ours, peer).await,
                Some(Frame::Ping) => {
                    if connection.inner.send_raw(b"\r\n").await.is_err() {
                        return;
                    }
                }
                None => {
                    let read = reader.read_buf(&mut buffer);
                    let idle = self.config.stream_idle_timeout;
                    match tokio::time::timeout(idle, read).await {
                        Ok(Ok(1..)) => {}
                        Ok(Ok(0) | Err(_)) | Err(_) => return,
                    }
                }
            }
        }
    }

    /// Handles one message to its end.
    async fn receive(
        self: &Arc<Self>,
        bytes: &[u8],
        connection: &SipConnection,
        source: SocketAddr,
    ) {
        let handled = AssertUnwindSafe(self.handle(bytes, connection, source)).catch_unwind();
        match handled.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%source, %error, "a message came to nothing");
            }
            Err(_) => {
                self.counters.panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%source, "a message made the SIP stack panic; it was dropped");
            }
        }
    }

    async fn handle(
        self: &Arc<Self>,
        bytes: &[u8],
        connection: &SipConnection,
        source: SocketAddr,
    ) -> rsipstack::Result<()> {
        let transport = connection.transport();
        let message = match wire::read(bytes) {
            Received::Message(message) => message,
            Received::UnknownMethod(request) => {
                let message =
                    SipConnection::update_msg_received(request.into(), source, transport)?;
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                if let SipMessage::Request(request) = message {
                    let headers = vec![Header::Allow(ALLOW.into())];
                    self.answer(&request, connection, 501, headers).await?;
                }
                return Ok(());
            }
            Received::Garbage => {
                self.counters.garbage.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        };
        // Notes in the Via of a request where it really came from (RFC 3581).
        let message = SipConnection::update_msg_received(message, source, transport)?;
        let wanted = match &message {
            SipMessage::Request(request) => self.wants(request, connection, source).await?,
            SipMessage::Response(response) => !self.take_stray(response),
        };
        if !wanted {
            return Ok(());
        }
        let from = SipAddr {
            r#type: Some(transport),
            addr: source.into(),
        };
        self.endpoint
            .on_received_message(message, connection.clone(), &from)
            .await
    }

    /// Whether a request goes on to the transactions. If not, it was answered.
    async fn wants(
        &self,
        request: &Request,
        connection: &SipConnection,
        source: SocketAddr,
    ) -> rsipstack::Result<bool> {
        if matches!(request.method, Method::Ack | Method::Cancel) {
            return Ok(true);
        }
        let key = TransactionKey::from_request(request, TransactionRole::Server)?;
        if self.knows(&key) {
            return Ok(true);
        }
        let key = DialogKey::of_request(request);
        let situation = Situation {
            allowed: self.allows(source),
            in_dialog: key.is_some_and(|key| self.registry.contains(&key)),
            full: self.is_full(),
            retry_after: self.config.retry_after,
        };
        match admission::decide(request, situation) {
            // overflow: dropped, counted; the peer repeats its request
            Admission::Admit if self.is_overloaded() => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                Ok(false)
            }
            Admission::Admit => Ok(true),
            Admission::Answer { code, headers } => {
                self.counters
                    .refused
                    .fetch_add(u64::from(code >= 300), Ordering::Relaxed);
                self.answer(request, connection, code, headers).await?;
                Ok(false)
            }
        }
    }

    /// Hands a 2xx that no transaction waits for to its call, which has to acknowledge it.
    fn take_stray(&self, response: &Response) -> bool {
        let is_success = (200..300).contains(&response.status_code.code());
        let method = response.cseq_header().and_then(|cseq| cseq.method());
        if !is_success || !matches!(method, Ok(Method::Invite)) {
            return false;
        }
        let key = TransactionKey::from_response(response, TransactionRole::Client);
        if key.is_ok_and(|key| self.knows(&key)) {
            return false;
        }
        let inbox = DialogKey::of_response(response).and_then(|key| self.registry.find(&key));
        if let Some(inbox) = inbox {
            let message = DialogMessage::Response(Box::new(response.clone()));
            // overflow: dropped, counted; the peer repeats its 2xx until it is acknowledged
            if let Err(TrySendError::Full(_)) = inbox.try_send(message) {
                self.counters
                    .answers_dropped
                    .fetch_add(1, Ordering::Relaxed);
            }
        }
        true
    }

    /// Answers without a transaction (RFC 3261 §8.2.7).
    async fn answer(
        &self,
        request: &Request,
        connection: &SipConnection,
        code: u16,
        headers: Vec<Header>,
    ) -> rsipstack::Result<()> {
        let mut response = message::respond(request, code, &self.stateless_tag(request));
        response.headers.extend(headers);
        response
            .headers
            .push(Header::UserAgent(self.config.user_agent.clone().into()));
        connection.send(response.into(), None).await
    }

    fn knows(&self, key: &TransactionKey) -> bool {
        self.endpoint.transactions.contains_key(key)
            || self.endpoint.finished_transactions.contains_key(key)
    }

    fn is_overloaded(&self) -> bool {
        let limit = self.config.max_calls * TRANSACTIONS_PER_CALL + SPARE_TRANSACTIONS;
        self.endpoint.transactions.len() >= limit
            || self.endpoint.finished_transactions.len() >= limit
    }
}

#[cfg(test)]
mod tests {
    use rsipstack::transaction::endpoint::Endpoint;
    use tokio::sync::mpsc;

    use super::super::registry::{INBOX, Registration};
    use super::super::router;
    use super::*;
    use crate::SipConfig;
    use crate::routing::Routes;

    async fn stack() -> (Arc<Stack>, Endpoint) {
        let config = SipConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let socket = Arc::new(Socket::bind(config.listen).await.unwrap());
        let listen = socket.local_address().unwrap();
        let routes = Routes::new(&[]).unwrap();
        Stack::new(config, routes, socket, listen).await
    }

    fn dialog(stack: &Stack) -> (Registration, mpsc::Receiver<DialogMessage>) {
        stack.registry.register(DialogKey {
            call_id: "call".to_owned(),
            local_tag: "ours".to_owned(),
        })
    }

    fn source(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[tokio::test]
    async fn answers_that_a_call_has_no_room_for_are_dropped_and_counted() {
        let (stack, _endpoint) = stack().await;
        let (_registration, mut inbox) = dialog(&stack);
        let answer = "SIP/2.0 200 OK\r\n\
            Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKpast\r\n\
            From: <sip:we@127.0.0.1>;tag=ours\r\nTo: <sip:they@127.0.0.1>;tag=theirs\r\n\
            Call-ID: call\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        for _ in 0..INBOX + 3 {
            let bytes = answer.as_bytes();
            stack.receive(bytes, &stack.udp, source(5060)).await;
        }
        let taken = std::iter::from_fn(|| inbox.try_recv().ok()).count();
        let dropped = stack.counters.answers_dropped.load(Ordering::Relaxed);
        assert_eq!((taken, dropped), (INBOX, 3));
    }

    #[tokio::test]
    async fn requests_that_a_call_has_no_room_for_are_refused_and_counted() {
        let (stack, endpoint) = stack().await;
        let peer = tokio::net::UdpSocket::bind(source(0)).await.unwrap();
        let port = peer.local_addr().unwrap().port();
        let (calls, _calls) = mpsc::channel(1);
        router::spawn(&stack, endpoint.incoming_transactions().unwrap(), calls);
        let (_registration, mut inbox) = dialog(&stack);
        for number in 0..INBOX + 3 {
            let request = format!(
                "INFO sip:we@127.0.0.1 SIP/2.0\r\n\
                Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r\n\
                From: <sip:they@127.0.0.1>;tag=theirs\r\nTo: <sip:we@127.0.0.1>;tag=ours\r\n\
                Call-ID: call\r\nCSeq: {} INFO\r\nContent-Length: 0\r\n\r\n",
                number + 1
            );
            let bytes = request.as_bytes();
            stack.receive(bytes, &stack.udp, source(port)).await;
        }
        for _ in 0..3 {
            let mut answer = [0; 2_000];
            let length = peer.recv(&mut answer).await.unwrap();
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            assert!(answer.starts_with("SIP/2.0 503 "), "{answer}");
            assert!(answer.contains("Retry-After: "), "{answer}");
        }
        let taken = std::iter::from_fn(|| inbox.try_recv().ok()).count();
        let refused = stack.counters.requests_refused.load(Ordering::Relaxed);
        assert_eq!((taken, refused), (INBOX, 3));
    }
}
