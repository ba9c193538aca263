//! `[sip]`: signalling, and carriers.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};
use sip::{Codec, CodecList, Srtp};

use super::Hidden;

/// `[sip]`: signalling.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sip {
    pub(crate) listen: SocketAddr,
    /// Address that the far end reaches, when it is not the one bound.
    pub(crate) external_address: String,
    /// Who may call in.
    pub(crate) allow: Vec<IpNet>,
    #[serde(with = "duration")]
    pub(crate) ring_timeout: Duration,
    /// How long the first gateway of a connection may say nothing before the second is tried.
    #[serde(with = "duration")]
    pub(crate) gateway_timeout: Duration,
    /// Permit connections of workspaces to gateways in private networks and on this machine.
    pub(crate) allow_private_gateways: bool,
    /// How long the far end may take to carry out a transfer.
    #[serde(with = "duration")]
    pub(crate) transfer_timeout: Duration,
    /// How long far ends may take to confirm the end of signalling when the node stops.
    #[serde(with = "duration")]
    pub(crate) close_grace: Duration,
    /// Codecs that calls may be carried in, as they are offered: opus, g722, pcmu, pcma, l16,
    /// l16/8000. Of an offer, the first that is among them is taken.
    pub(crate) codecs: CodecList,
    /// Whether the audio of incoming calls is encrypted: off, optional or required.
    pub(crate) srtp: Srtp,
    /// Offer comfort noise, so that the far end may send next to nothing in its pauses.
    pub(crate) comfort_noise: bool,
    /// Carriers, tried by longest matching number prefix.
    pub(crate) trunks: Vec<Trunk>,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)),
            external_address: String::new(),
            allow: vec![
                IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(ipnet::Ipv6Net::new_assert(
                    std::net::Ipv6Addr::LOCALHOST,
                    128,
                )),
            ],
            ring_timeout: Duration::from_secs(60),
            gateway_timeout: Duration::from_secs(6),
            allow_private_gateways: false,
            transfer_timeout: Duration::from_secs(60),
            close_grace: Duration::from_secs(2),
            codecs: CodecList::new([Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus])
                .unwrap_or_default(),
            srtp: Srtp::Optional,
            comfort_noise: false,
            trunks: Vec::new(),
        }
    }
}

/// `[[sip.trunks]]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    pub(crate) name: String,
    /// `host` or `host:port`.
    pub(crate) gateway: String,
    #[serde(default)]
    pub(crate) transport: Transport,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) password: Hidden,
    /// Caller id: the user part of From.
    #[serde(default)]
    pub(crate) from: String,
    /// Number prefixes with `+` that this trunk reaches; an empty one reaches all.
    #[serde(default = "every_number")]
    pub(crate) prefixes: Vec<String>,
    /// Dial without the leading `+`.
    #[serde(default)]
    pub(crate) strip_plus: bool,
    /// Codecs of calls through this trunk, where they are not those of `[sip]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) codecs: Option<CodecList>,
    /// Whether the audio of calls through this trunk is encrypted: off, optional or required.
    #[serde(default)]
    pub(crate) srtp: Srtp,
}

/// A trunk's transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Udp,
    Tcp,
}

fn every_number() -> Vec<String> {
    vec![String::new()]
}
