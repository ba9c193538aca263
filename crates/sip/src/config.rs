//! What the owner of the endpoint may set.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::codecs::CodecList;
use crate::sdp::Srtp;

/// Settings of a [`SipEndpoint`](crate::SipEndpoint).
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// Where SIP is spoken over UDP. Port 0 takes a free one. The address decides the IP version
    /// of everything: its signalling, its media, and the gateways that it can reach.
    pub listen: SocketAddr,
    /// Accept TCP on the same address too; always so when a trunk uses TCP.
    pub tcp: bool,
    /// The address that the outside world reaches this node by, written into Contact, Via and
    /// SDP. Without it, the address of the interface that faces the other side.
    pub external_address: Option<IpAddr>,
    /// `User-Agent` of every message.
    pub user_agent: String,
    /// Carriers that calls may leave through.
    pub trunks: Vec<TrunkConfig>,
    /// Sources whose calls are taken. The addresses of the trunks are not part of it.
    pub allow: Vec<IpNet>,
    /// Calls in both directions that may live at once; more are refused with 503.
    pub max_calls: usize,
    /// The codecs that calls may be carried in. Of an offer, the first codec that is among them
    /// is taken, whatever the order here. Our own offers have all of them in this order: those
    /// to callers who leave the offer to us, and those to trunks that have no list of their own.
    pub codecs: CodecList,
    /// Offer comfort noise too, so that the other side may send next to nothing in its pauses.
    /// Recognition hears more of a line that never pauses.
    pub comfort_noise: bool,
    /// Whether the audio of incoming calls is encrypted.
    pub srtp: Srtp,
    /// How long a call may go unanswered, from the INVITE on.
    pub ring_timeout: Duration,
    /// How long a gateway may say nothing at all to a call that has another one to turn to.
    pub gateway_timeout: Duration,
    /// Whether the gateway of a trunk that a call brings along may have this address. Trunks of
    /// this configuration are not asked about.
    pub permits_gateway: fn(IpAddr) -> bool,
    /// How long the other side may take to carry out a transfer that it was asked for, from the
    /// REFER on.
    pub transfer_timeout: Duration,
    /// How long a name may take to resolve and a TCP connection to open.
    pub connect_timeout: Duration,
    /// How long a TCP connection may say nothing before it is closed.
    pub stream_idle_timeout: Duration,
    /// TCP connections that others may hold open to this node.
    pub max_connections: usize,
    /// `Retry-After` of a 503.
    pub retry_after: Duration,
    /// Timers of the transaction layer.
    pub timers: Timers,
}

impl SipConfig {
    /// Sensible settings for an endpoint at `listen`: no trunks, calls taken from loopback only,
    /// 1,000 calls, one minute of ringing, gateways that calls bring along anywhere; PCMU and PCMA,
    /// encrypted for callers who want that.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            tcp: false,
            external_address: None,
            user_agent: "mihu".to_owned(),
            trunks: Vec::new(),
            allow: vec![
                IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
                IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ],
            max_calls: 1_000,
            codecs: CodecList::default(),
            comfort_noise: false,
            srtp: Srtp::Optional,
            ring_timeout: Duration::from_secs(60),
            gateway_timeout: Duration::from_secs(6),
            permits_gateway: |_| true,
            transfer_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(4),
            stream_idle_timeout: Duration::from_secs(600),
            max_connections: 256,
            retry_after: Duration::from_secs(5),
            timers: Timers::default(),
        }
    }
}

/// One carrier connection.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkConfig {
    /// What logs and errors call it.
    pub name: String,
    /// `host` or `host:port`; the port defaults to 5060.
    pub gateway: String,
    /// How the gateway is reached.
    #[serde(default)]
    pub transport: Transport,
    /// User of digest authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// Password of digest authentication.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Caller id: the user part of From. Without it, the user name, else the name of the node.
    #[serde(default)]
    pub from: Option<String>,
    /// Numbers that leave through this trunk, by their first digits; the longest match among
    /// all trunks wins, and `""` matches every number.
    #[serde(default = "every_number")]
    pub prefixes: Vec<String>,
    /// Send the number without its leading `+`.
    #[serde(default)]
    pub strip_plus: bool,
    /// The codecs of calls through this trunk, in the order in which they are offered, where
    /// they are not those of the endpoint.
    #[serde(default)]
    pub codecs: Option<CodecList>,
    /// Whether the audio of calls through this trunk is encrypted.
    #[serde(default)]
    pub srtp: Srtp,
}

impl TrunkConfig {
    /// A trunk for every number, over UDP, without authentication, and with plain audio in the
    /// codecs of the endpoint.
    pub fn new(name: impl Into<String>, gateway: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            gateway: gateway.into(),
            transport: Transport::Udp,
            username: None,
            password: None,
            from: None,
            prefixes: every_number(),
            strip_plus: false,
            codecs: None,
            srtp: Srtp::Off,
        }
    }
}

fn every_number() -> Vec<String> {
    vec![String::new()]
}

/// How SIP messages travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams; the transaction layer repeats what is lost.
    #[default]
    Udp,
    /// A stream.
    Tcp,
}

/// Timers of the transaction layer (RFC 3261 §17, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// T1: the estimated round trip, and the first interval of retransmission.
    pub t1: Duration,
    /// T2: the longest interval of retransmission.
    pub t2: Duration,
    /// T4: how long a message may stay in the network.
    pub t4: Duration,
    /// 64·T1: how long a transaction waits for an answer.
    pub timeout: Duration,
}

impl Timers {
    /// Timers in the RFC's proportions to `t1`.
    pub const fn with_t1(t1: Duration) -> Self {
        Self {
            t1,
            t2: t1.saturating_mul(8),
            t4: t1.saturating_mul(10),
            timeout: t1.saturating_mul(64),
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::with_t1(Duration::from_millis(500))
    }
}
