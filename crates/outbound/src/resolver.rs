//! Name resolution that hands out only what the guard permits.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::AddressKind;
use crate::guard::{Guard, UrlRefused};

/// Resolves through `inner` and drops every address that `guard` refuses.
pub(crate) struct GuardedResolver {
    pub(crate) guard: Guard,
    pub(crate) inner: Arc<dyn Resolve>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard;
        let host = name.as_str().to_owned();
        let resolving = self.inner.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = resolving.await?.collect();
            let permitted: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| guard.permits(address.ip()))
                .collect();
            match (permitted.is_empty(), found.first()) {
                (true, Some(first)) => {
                    let address = first.ip();
                    let kind = AddressKind::of(address);
                    Err(UrlRefused::Address {
                        host,
                        address,
                        kind,
                    }
                    .into())
                }
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// The operating system's resolver.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0 stands for the scheme's own.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every name with the same addresses.
    struct Fixed(&'static [&'static str]);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let found: Vec<SocketAddr> = self
                .0
                .iter()
                .map(|ip| SocketAddr::new(ip.parse().unwrap(), 0))
                .collect();
            Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
        }
    }

    async fn resolve(
        guard: Guard,
        addresses: &'static [&'static str],
    ) -> Result<Vec<String>, UrlRefused> {
        let resolver = GuardedResolver {
            guard,
            inner: Arc::new(Fixed(addresses)),
        };
        match resolver.resolve("service.example".parse().unwrap()).await {
            Ok(found) => Ok(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(error.downcast_ref::<UrlRefused>().unwrap().clone()),
        }
    }

    #[tokio::test]
    async fn only_permitted_addresses_are_handed_out() {
        let found = resolve(
            Guard::PUBLIC_ONLY,
            &["10.0.0.1", "93.184.216.34", "::1", "2606::1"],
        );
        assert_eq!(found.await.unwrap(), ["93.184.216.34", "2606::1"]);
    }

    #[tokio::test]
    async fn a_name_with_private_addresses_alone_is_refused_by_name() {
        let refused = resolve(Guard::PUBLIC_ONLY, &["::ffff:10.0.0.1", "127.0.0.1"]).await;
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("`service.example`"), "{message}");
        assert!(message.contains("private network"), "{message}");
    }

    #[tokio::test]
    async fn private_addresses_are_handed_out_where_they_are_permitted() {
        let found = resolve(Guard::WITH_PRIVATE, &["10.0.0.1", "169.254.169.254"]).await;
        assert_eq!(found.unwrap(), ["10.0.0.1"]);
    }

    #[tokio::test]
    async fn a_name_without_addresses_is_no_refusal() {
        assert_eq!(
            resolve(Guard::PUBLIC_ONLY, &[]).await.unwrap(),
            Vec::<String>::new()
        );
    }

    #[tokio::test]
    async fn the_system_resolver_knows_this_machine() {
        let found = SystemResolver
            .resolve("localhost".parse().unwrap())
            .await
            .unwrap();
        assert!(found.into_iter().all(|address| address.ip().is_loopback()));
    }
}
