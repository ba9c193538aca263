//! The endpoint: sockets, trunks, and all calls over them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;

use crate::call::{self, CallEvent, CallHandle, IncomingCall, OutboundCall, OutgoingCall};
use crate::config::{SipConfig, TrunkConfig};
use crate::routing::{InvalidTrunk, NoRoute, Routes, Trunk, TrunkName, is_plain_user};
use crate::stack::socket::Socket;
use crate::stack::{Stack, receiver, router, spawn_supervised};

/// Free UDP ports that are tried until the TCP port of the same number is free too.
const TRIES: usize = 16;

/// Speaks SIP at one address, in both directions. Clones share everything; when the last one is
/// dropped, everything ends at once. [`SipEndpoint::shutdown`] ends calls properly first.
#[derive(Clone)]
pub struct SipEndpoint {
    stack: Arc<Stack>,
    _stop: Arc<DropGuard>,
}

/// The endpoint could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there. Stop them, or listen elsewhere.
    #[error("the SIP address {address} is in use: stop what listens there, or choose another")]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system does not permit it, or has no such address.
    #[error("cannot listen for SIP on {address}: {reason}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        reason: io::Error,
    },
    /// A trunk's settings cannot be used.
    #[error(transparent)]
    Trunk(#[from] InvalidTrunk),
}

/// The call could not even be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No trunk reaches the number.
    #[error(transparent)]
    NoRoute(#[from] NoRoute),
    /// It cannot stand in a SIP URI.
    #[error("{number:?} cannot be called: expected letters, digits and -_.!~*+#$")]
    InvalidNumber {
        /// The number that was asked for.
        number: String,
    },
    /// The trunk that it brings along, or the caller id, cannot be used.
    #[error(transparent)]
    Trunk(#[from] InvalidTrunk),
    /// As many calls live as may. Try again when one has ended.
    #[error("the SIP endpoint has as many calls as it may have")]
    TooManyCalls,
    /// No further call is placed.
    #[error("the SIP endpoint is shutting down")]
    ShuttingDown,
}

/// What the endpoint holds, and what it turned away since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SipStatistics {
    /// Calls that are not over for their owners.
    pub calls: usize,
    /// Dialogs that still take requests: those of the calls, and of some that were just ended.
    pub dialogs: usize,
    /// Transactions under way.
    pub transactions: usize,
    /// Requests and connections that were refused before they cost any state.
    pub refused: u64,
    /// Messages that were no SIP.
    pub garbage: u64,
    /// Panics that were survived. Each is a defect.
    pub panics: u64,
    /// Messages that were SIP and could not be handled: they lacked what theirs must have, or
    /// no answer could be sent.
    pub failed: u64,
    /// Answers of type 2xx that a call was too far behind to take; they are repeated.
    pub answers_dropped: u64,
    /// What owners of incoming calls decided while as many decisions waited as may.
    pub decisions_dropped: u64,
    /// Requests within a call that was too far behind to take them.
    pub requests_refused: u64,
    /// Incoming calls whose receiver was too far behind, or gone.
    pub calls_refused: u64,
}

impl SipEndpoint {
    /// Opens the sockets and starts to serve them. Incoming calls arrive at the receiver; the
    /// endpoint refuses them with 503 when it is full or dropped.
    ///
    /// # Errors
    /// [`BindError`] when the address cannot be had or a trunk cannot be used.
    pub async fn bind(
        config: SipConfig,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), BindError> {
        let routes = Routes::new(&config.trunks)?;
        let with_tcp = config.tcp || routes.any_tcp();
        let (socket, listener) = open(config.listen, with_tcp).await.map_err(|reason| {
            let address = config.listen;
            if reason.kind() == io::ErrorKind::AddrInUse {
                BindError::AddressInUse { address }
            } else {
                BindError::Listen { address, reason }
            }
        })?;
        let listen = socket.local_address().map_err(|reason| BindError::Listen {
            address: config.listen,
            reason,
        })?;
        let socket = Arc::new(socket);
        let (stack, endpoint) = Stack::new(config, routes, Arc::clone(&socket), listen).await;
        // Each call that waits there holds a permit, so that there is room for all.
        let (sender, incoming) = mpsc::channel(stack.config.max_calls.max(1));
        let transactions = endpoint
            .incoming_transactions()
            .map_err(|error| BindError::Listen {
                address: listen,
                reason: io::Error::other(error),
            })?;
        router::spawn(&stack, transactions, sender);
        let (served, read) = (Arc::clone(&stack), Arc::clone(&socket));
        spawn_supervised(&stack, "datagrams", move || {
            receiver::serve_datagrams(Arc::clone(&served), Arc::clone(&read))
        });
        let timers = Arc::clone(&stack.endpoint);
        spawn_supervised(&stack, "timers", move || {
            let timers = Arc::clone(&timers);
            async move { timers.process_timer().await }
        });
        if let Some(listener) = listener {
            let (served, listener) = (Arc::clone(&stack), Arc::new(listener));
            spawn_supervised(&stack, "connections", move || {
                receiver::serve_connections(Arc::clone(&served), Arc::clone(&listener))
            });
        }
        let stop = Arc::new(stack.stopped.clone().drop_guard());
        Ok((Self { stack, _stop: stop }, incoming))
    }

    /// Where SIP is listened for, with the port that was really taken.
    pub fn local_address(&self) -> SocketAddr {
        self.stack.addresses.listen
    }

    /// The trunk that a number would leave through.
    ///
    /// # Errors
    /// [`NoRoute`] when no trunk's prefixes match.
    pub fn route(&self, number: &str) -> Result<TrunkName, NoRoute> {
        let trunk = self.stack.routes.find(number);
        let trunk = trunk.ok_or_else(|| NoRoute {
            number: number.to_owned(),
        })?;
        Ok(trunk.name.clone())
    }

    /// Places a call and returns at once; what becomes of it arrives at the receiver. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// [`CallError`] when the call cannot even be tried.
    pub fn call(
        &self,
        call: OutboundCall,
    ) -> Result<(CallHandle, mpsc::Receiver<CallEvent>), CallError> {
        let OutboundCall {
            number,
            caller_id,
            trunk,
            media,
        } = call;
        if !is_plain_user(&number) {
            return Err(CallError::InvalidNumber { number });
        }
        let has_alternative = trunk.as_ref().is_some_and(|own| own.has_alternative);
        let is_own = trunk.is_some();
        let mut trunk = match trunk {
            Some(own) => Arc::new(Trunk::new(&own.trunk)?),
            None => {
                let found = self.stack.routes.find(&number);
                Arc::clone(found.ok_or_else(|| NoRoute {
                    number: number.clone(),
                })?)
            }
        };
        if caller_id.is_some() {
            let from = caller_id;
            trunk = Arc::new(Trunk::new(&TrunkConfig {
                from,
                ..trunk.config.clone()
            })?);
        }
        if self.stack.draining.is_cancelled() {
            return Err(CallError::ShuttingDown);
        }
        let room = Arc::clone(&self.stack.room);
        let permit = room
            .try_acquire_owned()
            .map_err(|_| CallError::TooManyCalls)?;
        let call = OutgoingCall {
            number,
            trunk,
            is_own,
            has_alternative,
            media,
            permit,
        };
        Ok(call::place(&self.stack, call))
    }

    /// What the endpoint holds now.
    pub fn statistics(&self) -> SipStatistics {
        let Stack {
            config,
            room,
            registry,
            endpoint,
            counters,
            ..
        } = &*self.stack;
        SipStatistics {
            calls: config.max_calls.saturating_sub(room.available_permits()),
            dialogs: registry.len(),
            transactions: endpoint.transactions.len(),
            refused: counters.refused.load(Ordering::Relaxed),
            garbage: counters.garbage.load(Ordering::Relaxed),
            panics: counters.panics.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            answers_dropped: counters.answers_dropped.load(Ordering::Relaxed),
            decisions_dropped: counters.decisions_dropped.load(Ordering::Relaxed),
            requests_refused: counters.requests_refused.load(Ordering::Relaxed),
            calls_refused: counters.calls_refused.load(Ordering::Relaxed),
        }
    }

    /// Takes no further calls, hangs up those that live, waits up to `grace` until the other
    /// sides have confirmed it, and closes the sockets.
    pub async fn shutdown(&self, grace: Duration) {
        self.stack.draining.cancel();
        self.stack.calls.close();
        if tokio::time::timeout(grace, self.stack.calls.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                calls = self.stack.calls.len(),
                "calls were cut off at shutdown"
            );
        }
        self.stack.stopped.cancel();
        self.stack.tasks.close();
        self.stack.tasks.wait().await;
    }
}

/// Opens UDP and, where wanted, TCP on the same port.
async fn open(address: SocketAddr, with_tcp: bool) -> io::Result<(Socket, Option<TcpListener>)> {
    let mut tries = if address.port() == 0 { TRIES } else { 1 };
    loop {
        let socket = Socket::bind(address).await?;
        if !with_tcp {
            return Ok((socket, None));
        }
        let local = SocketAddr::new(address.ip(), socket.local_address()?.port());
        tries -= 1;
        match TcpListener::bind(local).await {
            Ok(listener) => return Ok((socket, Some(listener))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}
