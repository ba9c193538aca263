//! Everything that touches the network and the SIP library.
//!
//! Of rsipstack this crate uses the message types, the parser, the sending halves of its
//! connections and the transaction layer with its timers. Reading from sockets, dialogs,
//! acknowledging a 2xx and digest authentication are done here, because of what the library
//! leaves open:
//!
//! - its read loops queue without bound, frame streams by an unchecked `Content-Length` and die
//!   with the first panic; ours push back, check and survive;
//! - its dialogs announce states over an unbounded channel, leave requests on early dialogs
//!   unanswered and keep the old remote target after a re-INVITE;
//! - its digest client knows neither a list of `qop` values nor `SHA-256` by its standard name.
//!
//! The order of rooms on the way in: [`receiver`] reads bytes, [`wire`] makes messages of them,
//! [`admission`] refuses what must not cost any state, the library's transactions take the
//! rest, and [`registry`] finds the call that a request belongs to.

pub(crate) mod address;
pub(crate) mod admission;
pub(crate) mod dialog;
pub(crate) mod digest;
pub(crate) mod flow;
pub(crate) mod framing;
pub(crate) mod message;
pub(crate) mod receiver;
pub(crate) mod refer;
pub(crate) mod registry;
pub(crate) mod resolver;
pub(crate) mod router;
pub(crate) mod socket;
pub(crate) mod transaction;
pub(crate) mod wire;

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use rsipstack::EndpointBuilder;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, HostWithPort, Request, Transport};
use rsipstack::transaction::endpoint::{Endpoint, EndpointInnerRef, EndpointOption};
use rsipstack::transport::transport_layer::DomainResolver;
use rsipstack::transport::udp::{UdpConnection, UdpInner};
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::address::Addresses;
use self::flow::{Dialled, Flow};
use self::registry::Registry;
use self::resolver::Resolver;
use self::socket::Socket;
use crate::SipConfig;
use crate::routing::Routes;

/// What all calls and loops of an endpoint share.
pub(crate) struct Stack {
    pub(crate) config: SipConfig,
    pub(crate) routes: Routes,
    pub(crate) addresses: Addresses,
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) registry: Arc<Registry>,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) socket: Arc<Socket>,
    pub(crate) udp: SipConnection,
    pub(crate) dialled: Dialled,
    /// One permit for each call that may still come.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) counters: Arc<Counters>,
    /// The tasks of calls.
    pub(crate) calls: TaskTracker,
    /// The tasks that end with the stack.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when every call has to hang up.
    pub(crate) draining: CancellationToken,
    /// Cancelled when everything has to end at once.
    pub(crate) stopped: CancellationToken,
    tags: RandomState,
}

/// What happened to messages and decisions that came to nothing.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) garbage: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) answers_dropped: AtomicU64,
    pub(crate) decisions_dropped: AtomicU64,
    pub(crate) requests_refused: AtomicU64,
    pub(crate) calls_refused: AtomicU64,
}

impl Stack {
    /// A stack on a socket that is already bound. Nothing runs yet.
    pub(crate) async fn new(
        config: SipConfig,
        routes: Routes,
        socket: Arc<Socket>,
        listen: SocketAddr,
    ) -> (Arc<Self>, Endpoint) {
        let stopped = CancellationToken::new();
        let draining = stopped.child_token();
        let resolver = Arc::new(Resolver::new(listen.is_ipv4(), config.connect_timeout));
        let names = Box::new(KnownNames(Arc::clone(&resolver)));
        let transports = TransportLayer::new_with_domain_resolver(stopped.child_token(), names);
        let timers = config.timers;
        let option = EndpointOption {
            t1: timers.t1,
            t2: timers.t2,
            t4: timers.t4,
            t1x64: timers.timeout,
            // Our own ring timeout ends a call; this is the net below it.
            timerc: config.ring_timeout + timers.timeout * 2,
            auto_ack_2xx: false,
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transports)
            .with_cancel_token(stopped.child_token())
            .with_option(option)
            .build();
        let address = SipAddr {
            r#type: Some(Transport::Udp),
            addr: listen.into(),
        };
        let inner = UdpInner {
            conn: Arc::clone(&socket) as _,
            addr: address,
        };
        let udp = UdpConnection::attach(inner, None, Some(stopped.child_token())).await;
        let stack = Arc::new(Self {
            routes,
            addresses: Addresses::new(&config, listen),
            endpoint: Arc::clone(&endpoint.inner),
            registry: Arc::default(),
            resolver,
            socket,
            udp: SipConnection::Udp(udp),
            dialled: Dialled::default(),
            room: Arc::new(Semaphore::new(config.max_calls)),
            counters: Arc::default(),
            calls: TaskTracker::new(),
            tasks: TaskTracker::new(),
            draining,
            stopped,
            tags: RandomState::new(),
            config,
        });
        (stack, endpoint)
    }

    /// Whether `source` may call us.
    pub(crate) fn allows(&self, source: SocketAddr) -> bool {
        let address = source.ip().to_canonical();
        self.config.allow.iter().any(|net| net.contains(&address))
    }

    /// Whether no further call is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.room.available_permits() == 0 || self.draining.is_cancelled()
    }

    /// A new Via for a request on `flow`.
    pub(crate) fn via(&self, flow: &Flow) -> Header {
        message::via(flow.transport(), self.addresses.signalling(flow.peer))
    }

    /// The same tag for the same request, however often it is repeated.
    fn stateless_tag(&self, request: &Request) -> String {
        let call = request
            .call_id_header()
            .map(|id| id.value())
            .unwrap_or_default();
        let from = request
            .from_header()
            .map(|from| from.value())
            .unwrap_or_default();
        format!("{:016x}", self.tags.hash_one((call, from)))
    }
}

/// Runs a task that ends with the stack at the latest. A panic ends it alone, and is counted.
pub(crate) fn spawn_until_stopped(stack: &Stack, task: impl Future<Output = ()> + Send + 'static) {
    let (stopped, counters) = (stack.stopped.clone(), Arc::clone(&stack.counters));
    stack.tasks.spawn(async move {
        let task = AssertUnwindSafe(task).catch_unwind();
        if let Some(Err(_)) = stopped.run_until_cancelled(task).await {
            counters.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!("a task of the SIP stack panicked");
        }
    });
}

/// Runs a loop until the stack stops, and starts it again when it panics.
pub(crate) fn spawn_supervised<F, T>(stack: &Arc<Stack>, name: &'static str, make: F)
where
    F: Fn() -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let supervised = Arc::clone(stack);
    spawn_until_stopped(stack, async move {
        loop {
            if AssertUnwindSafe(make()).catch_unwind().await.is_ok() {
                return;
            }
            supervised.counters.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(name, "a loop of the SIP stack panicked and starts again");
            tokio::time::sleep(RESTART).await;
        }
    });
}

/// Between a panic of a loop and its next start.
const RESTART: Duration = Duration::from_millis(10);

/// Gives the library the addresses that we looked up before. It asks while it handles a
/// message, which must not wait for a name server.
struct KnownNames(Arc<Resolver>);

#[async_trait::async_trait]
impl DomainResolver for KnownNames {
    async fn resolve(&self, target: &SipAddr) -> rsipstack::Result<SipAddr> {
        let known = self.0.known(&target.addr);
        let address = known.ok_or_else(|| {
            rsipstack::Error::DnsResolutionError(format!("{} was not looked up", target.addr))
        })?;
        Ok(SipAddr {
            r#type: target.r#type,
            addr: HostWithPort::from(address),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_counted_and_the_others_end_with_the_stack() {
        let config = SipConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let socket = Arc::new(Socket::bind(config.listen).await.unwrap());
        let listen = socket.local_address().unwrap();
        let routes = Routes::new(&[]).unwrap();
        let (stack, _endpoint) = Stack::new(config, routes, socket, listen).await;
        spawn_until_stopped(&stack, async { panic!("on purpose") });
        spawn_until_stopped(&stack, std::future::pending());
        while stack.counters.panics.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        stack.stopped.cancel();
        stack.tasks.close();
        let ended = tokio::time::timeout(Duration::from_secs(5), stack.tasks.wait());
        assert!(ended.await.is_ok());
    }

    #[tokio::test]
    async fn a_loop_that_panics_starts_again_and_is_counted() {
        let config = SipConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let socket = Arc::new(Socket::bind(config.listen).await.unwrap());
        let listen = socket.local_address().unwrap();
        let routes = Routes::new(&[]).unwrap();
        let (stack, _endpoint) = Stack::new(config, routes, socket, listen).await;
        let (starts, done) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let (counted, finished) = (Arc::clone(&starts), done.clone());
        spawn_supervised(&stack, "test", move || {
            let (counted, finished) = (Arc::clone(&counted), finished.clone());
            async move {
                assert!(
                    counted.fetch_add(1, Ordering::SeqCst) == 2,
                    "not the third start yet"
                );
                finished.cancel();
            }
        });
        tokio::time::timeout(Duration::from_secs(5), done.cancelled())
            .await
            .unwrap();
        assert_eq!(stack.counters.panics.load(Ordering::SeqCst), 2);
    }
}
