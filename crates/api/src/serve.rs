//! The HTTP server: accepts connections, bounds them in number and time, and stops in order.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::AddExtension;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;

use crate::crowd::Crowd;
use crate::linger::{Lingering, Patience};
use crate::peer::{self, Peer};
use crate::router::router;
use crate::state::ApiState;

/// The routes, told who is at the other end of a connection.
type App = AddExtension<Router, Peer>;

/// The pause after the system could not hand over a connection, for example for want of file
/// descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves the API until `shutdown` is cancelled. Then no connection is accepted any more, live
/// streams end, requests under way have [`close_grace`](crate::ApiConfig::close_grace) to
/// finish, and what is left is cut.
pub async fn serve(listener: TcpListener, state: ApiState, shutdown: CancellationToken) {
    let app = router(state.clone());
    let places = Arc::new(Semaphore::new(state.config.max_connections));
    let crowd = Crowd::new(state.config.max_connections_per_address);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Behind a trusted proxy are many who ask.
        let is_proxy = peer::is_trusted(peer, &state.config.trusted_proxies);
        let member = if is_proxy { None } else { crowd.join(peer) };
        if member.is_none() && !is_proxy {
            tracing::debug!(%peer, "a connection too many of one address is closed");
            continue;
        }
        let app = Extension(Peer(peer)).layer(app.clone());
        let connection = connection(stream, app, &state);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop((place, member));
        });
    }
    drop(listener);
    state.closing.cancel();
    state.tasks.close();
    let in_order = async {
        graceful.shutdown().await;
        state.tasks.wait().await;
    };
    if tokio::time::timeout(state.config.close_grace, in_order)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "cutting connections that do not end"
        );
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    // overflow: awaited, in the system's queue of the listener
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers on a connection may be late");
    }
    Ok((stream, peer.ip(), place))
}

fn connection(
    stream: TcpStream,
    app: App,
    state: &ApiState,
) -> http1::Connection<TokioIo<Lingering>, TowerToHyperService<App>> {
    let stream = Lingering::new(
        stream,
        Patience {
            write: state.config.write_timeout,
            idle: state.config.linger_idle,
            longest: state.config.linger,
        },
    );
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(state.config.header_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
}
