//! What the endpoint refuses before any SIP is spoken, and what it never says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sip::{
    BindError, CallError, OutboundCall, Secret, SipConfig, SipEndpoint, Transport, TrunkConfig,
};

use crate::support::{
    Sipp, answered, call, callee_with, caller_with, config, ended, media, settles,
};

async fn bind(config: SipConfig) -> BindError {
    SipEndpoint::bind(config)
        .await
        .err()
        .expect("the endpoint cannot be opened")
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (first, _incoming) = callee_with(|_| {}).await;
    let error = bind(SipConfig::new(first.local_address())).await;
    assert!(matches!(error, BindError::AddressInUse { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&first.local_address().to_string())
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let error = bind(SipConfig::new("192.0.2.1:5060".parse().unwrap())).await;
    assert!(matches!(error, BindError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn a_bad_trunk_is_named_with_its_field() {
    let mut config = config();
    config
        .trunks
        .push(TrunkConfig::new("carrier", "not a host"));
    let error = bind(config).await;
    assert_eq!(
        error.to_string(),
        "trunk \"carrier\": gateway must be a host name or address, with a port or without"
    );
}

#[tokio::test]
async fn a_call_that_cannot_be_tried_says_why() {
    let endpoint = caller_with("127.0.0.1:1".parse().unwrap(), |config| {
        config.max_calls = 1;
        config.trunks.first_mut().unwrap().prefixes = vec!["+1".to_owned()];
    })
    .await;
    let refused = |number: &str| {
        let call = OutboundCall::new(number.to_owned(), media());
        endpoint.call(call).err()
    };
    assert!(matches!(
        refused("+4930123456"),
        Some(CallError::NoRoute(_))
    ));
    assert!(endpoint.route("+4930123456").is_err());
    assert_eq!(endpoint.route("+14155550123").unwrap().as_str(), "test");
    for number in ["", "+1 415", "1\r\nX: y", "a@b", "<sip:x>"] {
        assert!(
            matches!(refused(number), Some(CallError::InvalidNumber { .. })),
            "{number:?}"
        );
    }
    let (_handle, mut events) = call(&endpoint);
    assert_eq!(refused("+14155550123"), Some(CallError::TooManyCalls));
    ended(&mut events).await;
    settles(&endpoint).await;
    endpoint.shutdown(std::time::Duration::from_secs(1)).await;
    assert_eq!(refused("+14155550123"), Some(CallError::ShuttingDown));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_credential_reaches_a_log_that_is_filtered_as_documented() {
    let log = Log::default();
    let writer = log.clone();
    let filter = format!("trace,{}", sip::LOG_DIRECTIVE);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    for transport in [Transport::Udp, Transport::Tcp] {
        let tcp = transport == Transport::Tcp;
        let options = crate::support::Options {
            tcp,
            ..crate::support::Options::called("digest")
        };
        let sipp = Sipp::start(&options);
        let endpoint = caller_with(sipp.address(), |config| {
            let trunk = config.trunks.first_mut().unwrap();
            trunk.transport = transport;
            trunk.username = Some("alice".to_owned());
            trunk.password = Some(Secret::new("secret"));
        })
        .await;
        let (handle, mut events) = call(&endpoint);
        answered(&mut events).await;
        handle.hangup();
        sipp.succeeds().await;
        settles(&endpoint).await;
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("a call goes out"),
        "the log was not written at all: {log}"
    );
    for word in ["secret", "Authorization", "alice", "+14155550123"] {
        assert!(!log.contains(word), "{word} was logged:\n{log}");
    }
}
