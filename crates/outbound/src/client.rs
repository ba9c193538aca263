//! The HTTP client that is bound to a guard.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::{Method, RequestBuilder, redirect};
use url::Url;

use crate::guard::{Guard, UrlRefused};
use crate::resolver::{GuardedResolver, SystemResolver};

/// How a [`Client`] connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// Where requests may go.
    pub guard: Guard,
    /// The longest that name resolution, TCP and TLS together may take.
    pub connect_timeout: Duration,
    /// The longest that one request may take up to the last byte of the
    /// answer; `None` for answers that stream for as long as they like.
    pub timeout: Option<Duration>,
    /// How long an idle connection is kept for the next request.
    pub idle_connection_timeout: Duration,
}

impl Default for ClientOptions {
    /// Public addresses only, 5 s to connect, 10 s for the whole request, idle
    /// connections kept for 90 s.
    fn default() -> Self {
        Self {
            guard: Guard::PUBLIC_ONLY,
            connect_timeout: Duration::from_secs(5),
            timeout: Some(Duration::from_secs(10)),
            idle_connection_timeout: Duration::from_secs(90),
        }
    }
}

/// An HTTP client that reaches only what its [`Guard`] permits.
///
/// Clones share one pool of connections. Building one reads the system's root
/// certificates, so it is built once and kept.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
}

/// The HTTP client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for outbound HTTP: {reason}")]
pub struct BuildClientError {
    reason: String,
}

/// Builds a client; see [`install_crypto`] for the cryptography of its TLS.
///
/// Where the system has no root certificates, the client still serves `http`
/// URLs, refuses every `https` server, and says so in the log.
///
/// # Errors
///
/// [`BuildClientError`] when TLS cannot be set up at all.
pub fn client(options: ClientOptions) -> Result<Client, BuildClientError> {
    build(options, Arc::new(SystemResolver))
}

impl Client {
    /// Starts a request to `url`.
    ///
    /// # Errors
    ///
    /// [`UrlRefused`] where the guard refuses the URL itself. Where it refuses
    /// what the host resolves to, sending the request fails, and [`refusal`]
    /// finds the reason in that error.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, UrlRefused> {
        self.guard.check_url(&url)?;
        Ok(self.http.request(method, url))
    }

    /// Starts a `POST` request; see [`Client::request`].
    ///
    /// # Errors
    ///
    /// As [`Client::request`].
    pub fn post(&self, url: Url) -> Result<RequestBuilder, UrlRefused> {
        self.request(Method::POST, url)
    }

    /// Starts a `GET` request; see [`Client::request`].
    ///
    /// # Errors
    ///
    /// As [`Client::request`].
    pub fn get(&self, url: Url) -> Result<RequestBuilder, UrlRefused> {
        self.request(Method::GET, url)
    }

    /// The rule that this client keeps.
    pub fn guard(&self) -> Guard {
        self.guard
    }
}

/// Makes ring the process-wide cryptography of TLS, unless another one is
/// installed already.
///
/// [`client`] does so by itself; other TLS clients of the process need it
/// before they are built.
pub fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race against another installation leaves a provider in place.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// The refusal behind a request that failed, if the guard was the reason.
pub fn refusal(error: &reqwest::Error) -> Option<UrlRefused> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<UrlRefused>() {
            return Some(refused.clone());
        }
        cause = error.source();
    }
    None
}

/// What went wrong at the bottom of a request that failed, such as `Connection
/// refused (os error 111)`, without the URL, which may hold a token.
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

fn build(options: ClientOptions, names: Arc<dyn Resolve>) -> Result<Client, BuildClientError> {
    install_crypto();
    let http = match builder(options, &names).build() {
        Ok(http) => http,
        Err(error) => {
            tracing::warn!(
                reason = %reason(error),
                "no root certificates: https servers will be refused; install `ca-certificates`"
            );
            builder(options, &names)
                .tls_certs_only([])
                .build()
                .map_err(|error| BuildClientError {
                    reason: reason(error),
                })?
        }
    };
    Ok(Client {
        http,
        guard: options.guard,
    })
}

fn builder(options: ClientOptions, names: &Arc<dyn Resolve>) -> reqwest::ClientBuilder {
    let resolver = GuardedResolver {
        guard: options.guard,
        inner: Arc::clone(names),
    };
    let builder = reqwest::Client::builder()
        .user_agent(concat!("mihu/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(options.idle_connection_timeout)
        .redirect(redirect::Policy::none())
        .referer(false)
        // A proxy would resolve names itself, behind the guard's back.
        .no_proxy()
        .dns_resolver(resolver);
    match options.timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use reqwest::dns::{Addrs, Name, Resolving};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A name server whose every answer is one address.
    struct Pointing(SocketAddr);

    impl Resolve for Pointing {
        fn resolve(&self, _: Name) -> Resolving {
            let address = self.0;
            Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
        }
    }

    /// An HTTP server that gives each connection the same answer, then closes.
    async fn serve(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, task)
    }

    fn guarded(guard: Guard) -> ClientOptions {
        ClientOptions {
            guard,
            ..ClientOptions::default()
        }
    }

    #[tokio::test]
    async fn a_public_name_that_resolves_to_this_machine_is_never_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = build(guarded(Guard::PUBLIC_ONLY), Arc::new(Pointing(address))).unwrap();
        let url = Url::parse(&format!("http://public.example:{}/", address.port())).unwrap();

        let error = client.get(url).unwrap().send().await.unwrap_err();

        let refused = refusal(&error).expect("the guard is the reason");
        assert!(matches!(refused, UrlRefused::Address { kind, .. }
            if kind == crate::AddressKind::Loopback));
        let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "the guard let a connection through");
    }

    #[tokio::test]
    async fn the_same_name_is_connected_where_private_addresses_are_permitted() {
        let (address, server) = serve("HTTP/1.1 204 No Content\r\n\r\n").await;
        let client = build(guarded(Guard::WITH_PRIVATE), Arc::new(Pointing(address))).unwrap();
        let url = Url::parse(&format!("http://public.example:{}/", address.port())).unwrap();

        let response = client.get(url).unwrap().send().await.unwrap();

        assert_eq!(response.status(), 204);
        server.abort();
    }

    #[tokio::test]
    async fn an_address_in_the_url_is_refused_before_anything_is_sent() {
        let client = client(guarded(Guard::PUBLIC_ONLY)).unwrap();
        let url = Url::parse("http://[::ffff:127.0.0.1]:9/").unwrap();
        assert!(matches!(client.post(url), Err(UrlRefused::Address { .. })));
    }

    #[tokio::test]
    async fn a_redirect_is_handed_back_and_not_followed() {
        let (address, server) = serve(
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let client = client(guarded(Guard::WITH_PRIVATE)).unwrap();
        let url = Url::parse(&format!("http://{address}/")).unwrap();

        let response = client.get(url).unwrap().send().await.unwrap();

        assert_eq!(response.status(), 302);
        server.abort();
    }

    #[tokio::test]
    async fn a_server_that_never_answers_runs_into_the_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let options = ClientOptions {
            timeout: Some(Duration::from_millis(50)),
            ..guarded(Guard::WITH_PRIVATE)
        };
        let error = client(options)
            .unwrap()
            .get(url)
            .unwrap()
            .send()
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(refusal(&error), None);
    }

    #[tokio::test]
    async fn the_reason_of_a_failure_names_no_url() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let url = Url::parse(&format!("http://{address}/?token=hunter2")).unwrap();
        let client = client(guarded(Guard::WITH_PRIVATE)).unwrap();
        let reason = reason(client.get(url).unwrap().send().await.unwrap_err());
        assert!(
            reason.contains("refused") && !reason.contains("hunter2"),
            "{reason}"
        );
    }

    #[tokio::test]
    async fn tls_is_spoken_to_https_servers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 6];
            stream.read_exact(&mut hello).await.unwrap();
            hello
        });
        let client = client(guarded(Guard::WITH_PRIVATE)).unwrap();
        assert!(
            client
                .get(url)
                .unwrap()
                .send()
                .await
                .unwrap_err()
                .is_connect()
        );
        let hello = server.await.unwrap();
        // A TLS record (RFC 8446 §5.1) of type handshake that holds a ClientHello.
        assert_eq!((hello[0], hello[1], hello[5]), (22, 3, 1));
    }
}
