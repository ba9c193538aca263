//! Numbers and what they carry, as clients see them.

use jiff::Timestamp;
use phonenumber::Type;
use phonenumber::metadata::DATABASE;
use serde::Serialize;
use store::{NumberBinding, PhoneNumber, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// A telephone number of the workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneNumber, example = json!({
    "phone_number_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05",
    "number": "+14155550100",
    "country_code": "US",
    "location": null,
    "type": null,
    "name": "call_trunk_14155550100",
    "is_external": true,
    "source": "external",
    "status": "active",
    "direction": "both",
    "compliance": { "status": "not_required", "requirements": [] },
    "capabilities": { "voice": true, "sms": false, "mms": false, "fax": false,
        "emergency": false, "local_calling": false },
    "channel_settings": {
        "voice": { "enabled": true, "channel_limit": 10, "whitelisted_destinations": ["US"] },
        "sms": { "enabled": false, "channel_limit": null, "whitelisted_destinations": [] },
        "inbound": { "enabled": true, "channel_limit": 5 },
    },
    "additional_settings": { "ani_format": "digits" },
    "billing": { "monthly_fee": null, "currency": null },
    "bindings": {
        "call": { "bound": true, "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
            "agent_name": "Support" },
        "sms": { "bound": false, "agent_uuid": null, "agent_name": null },
        "whatsapp": { "bound": false, "agent_uuid": null, "agent_name": null },
    },
    "purchased_at": null,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Number {
    /// Identifies the number.
    phone_number_uuid: Uuid,
    /// In E.164 form.
    number: String,
    /// Two-letter code of its country, where its plan says which.
    #[schema(required)]
    country_code: Option<String>,
    /// Always null: nobody says where a number that was brought rings.
    #[schema(required)]
    location: Option<String>,
    /// `local`, `mobile`, `toll_free` or `national`, where its plan says which.
    #[serde(rename = "type")]
    #[schema(required)]
    kind: Option<&'static str>,
    /// What its trunk or connection is called.
    name: String,
    /// Always true: numbers are brought, not bought.
    is_external: bool,
    /// `external`.
    #[schema(value_type = String)]
    source: &'static str,
    /// `active`.
    #[schema(value_type = String)]
    status: &'static str,
    /// `inbound`, `outbound` or `both`: which calls it is for.
    direction: String,
    /// What the law asks for before it is used; nothing of a number that was brought.
    compliance: Compliance,
    /// What it can do here.
    capabilities: Capabilities,
    /// What it may carry.
    channel_settings: ChannelSettings,
    /// How calls leave by it.
    additional_settings: ShownSettings,
    /// Always null: whoever brought it pays its carrier.
    billing: Billing,
    /// The agents that have it.
    bindings: Bindings,
    /// Always null: it was not bought here.
    #[schema(required)]
    purchased_at: Option<Timestamp>,
    /// When it was brought.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// What the law asks for before a number is used.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberCompliance)]
struct Compliance {
    /// `not_required`.
    #[schema(value_type = String)]
    status: &'static str,
    /// Always empty.
    requirements: Vec<String>,
}

/// What a number can do.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberCapabilities)]
struct Capabilities {
    /// Calls.
    voice: bool,
    /// Text messages.
    sms: bool,
    /// Messages with pictures.
    mms: bool,
    /// Faxes.
    fax: bool,
    /// Emergency calls.
    emergency: bool,
    /// Calls at local prices.
    local_calling: bool,
}

/// What a number may carry.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberChannelSettings)]
struct ChannelSettings {
    /// Calls that leave by it.
    voice: Outgoing,
    /// Text messages, which it does not carry.
    sms: Outgoing,
    /// Calls to it.
    inbound: Incoming,
}

/// What may leave by a number.
#[derive(Serialize, ToSchema)]
#[schema(as = OutgoingChannel)]
struct Outgoing {
    /// Whether anything may.
    enabled: bool,
    /// How many at once; null for as many as the node takes.
    #[schema(required)]
    channel_limit: Option<u32>,
    /// Two-letter codes of the countries that may be called; empty for all.
    whitelisted_destinations: Vec<String>,
}

/// What may come to a number.
#[derive(Serialize, ToSchema)]
#[schema(as = IncomingChannel)]
struct Incoming {
    /// Whether calls are taken.
    enabled: bool,
    /// How many at once; null for as many as the node takes.
    #[schema(required)]
    channel_limit: Option<u32>,
}

/// How calls leave by a number.
#[derive(Serialize, ToSchema)]
#[schema(as = TrunkSettings)]
struct ShownSettings {
    /// How the number is written as a caller id: `e164`, `digits`, or null for `e164`.
    #[schema(required)]
    ani_format: Option<String>,
}

/// What a number costs.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberBilling)]
struct Billing {
    /// Always null.
    #[schema(required)]
    monthly_fee: Option<String>,
    /// Always null.
    #[schema(required)]
    currency: Option<String>,
}

/// The agents that have a number.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberBindings)]
struct Bindings {
    /// Who takes its calls.
    call: Bound,
    /// Nobody: it carries no text messages.
    sms: Bound,
    /// Whether a WhatsApp account sends from it. No agent has that: each message names its own.
    whatsapp: Bound,
}

/// The agent that has a number, if any has.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = NumberBound)]
struct Bound {
    /// Whether one has; of WhatsApp, whether an account has it.
    bound: bool,
    /// Which; of several the one that it was bound to last.
    #[schema(required)]
    agent_uuid: Option<Uuid>,
    /// What that agent is called.
    #[schema(required)]
    agent_name: Option<String>,
}

/// What becomes of a number, channel by channel.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "phone_number_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05",
    "number": "+14155550100",
    "is_external": true,
    "source": "external",
    "channels": {
        "call": { "capable": true, "enabled": true, "channel_limit": 10,
            "whitelisted_destinations": [], "bound": true,
            "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002", "agent_name": "Support" },
        "sms": { "capable": false, "enabled": false, "channel_limit": null,
            "whitelisted_destinations": [], "bound": false, "agent_uuid": null,
            "agent_name": null },
        "whatsapp": { "bound": false, "agent_uuid": null, "agent_name": null },
        "inbound": { "enabled": true, "channel_limit": 5 },
    },
}))]
pub(super) struct ChannelSnapshot {
    /// Identifies the number.
    phone_number_uuid: Uuid,
    /// In E.164 form.
    number: String,
    /// Always true.
    is_external: bool,
    /// `external`.
    #[schema(value_type = String)]
    source: &'static str,
    /// Its channels.
    channels: Channels,
}

/// The channels of a number.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberChannels)]
struct Channels {
    /// Calls that leave by it, and who takes those to it.
    call: Channel,
    /// Text messages, which it does not carry.
    sms: Channel,
    /// Whether a WhatsApp account sends from it.
    whatsapp: Bound,
    /// Calls to it.
    inbound: Incoming,
}

/// One channel of a number.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberChannel)]
struct Channel {
    /// Whether the number can do this.
    capable: bool,
    /// How much of it may leave.
    #[serde(flatten)]
    outgoing: Outgoing,
    /// Who has it.
    #[serde(flatten)]
    bound: Bound,
}

/// A number with the agents that have it.
pub(super) async fn number(caller: &Caller, number: PhoneNumber) -> Result<Number, StoreError> {
    let bound = bound(&caller.store.bindings_of_number(number.id).await?);
    let whatsapp = whatsapp(caller, &number).await?;
    Ok(Number {
        phone_number_uuid: number.id,
        kind: kind(&number.number),
        country_code: number.country_code.clone(),
        location: None,
        name: number.name.clone(),
        is_external: true,
        source: "external",
        status: "active",
        direction: number.direction.clone(),
        compliance: Compliance {
            status: "not_required",
            requirements: Vec::new(),
        },
        capabilities: Capabilities {
            voice: true,
            sms: false,
            mms: false,
            fax: false,
            emergency: false,
            local_calling: false,
        },
        channel_settings: ChannelSettings {
            voice: outgoing(&number),
            sms: nothing(),
            inbound: incoming(&number),
        },
        additional_settings: ShownSettings {
            ani_format: number.ani_format.clone(),
        },
        billing: Billing {
            monthly_fee: None,
            currency: None,
        },
        bindings: Bindings {
            call: bound,
            sms: unbound(),
            whatsapp,
        },
        purchased_at: None,
        created_at: number.created_at,
        updated_at: number.updated_at,
        number: number.number,
    })
}

/// What becomes of a number, channel by channel.
pub(super) async fn snapshot(
    caller: &Caller,
    number: &PhoneNumber,
) -> Result<ChannelSnapshot, StoreError> {
    let bound = bound(&caller.store.bindings_of_number(number.id).await?);
    let whatsapp = whatsapp(caller, number).await?;
    Ok(ChannelSnapshot {
        phone_number_uuid: number.id,
        number: number.number.clone(),
        is_external: true,
        source: "external",
        channels: Channels {
            call: Channel {
                capable: true,
                outgoing: outgoing(number),
                bound,
            },
            sms: Channel {
                capable: false,
                outgoing: nothing(),
                bound: unbound(),
            },
            whatsapp,
            inbound: incoming(number),
        },
    })
}

/// Whether an account sends from the number. It is no agent's: each message names its own.
async fn whatsapp(caller: &Caller, number: &PhoneNumber) -> Result<Bound, StoreError> {
    let has_account = caller
        .store
        .has_whatsapp_account_with(&number.number)
        .await?;
    Ok(Bound {
        bound: has_account,
        ..unbound()
    })
}

fn outgoing(number: &PhoneNumber) -> Outgoing {
    let capacity = &number.capacity;
    Outgoing {
        enabled: capacity.voice_enabled && number.direction != "inbound",
        channel_limit: capacity.voice_limit,
        whitelisted_destinations: capacity.destinations.clone(),
    }
}

fn incoming(number: &PhoneNumber) -> Incoming {
    Incoming {
        enabled: number.capacity.inbound_enabled && number.direction != "outbound",
        channel_limit: number.capacity.inbound_limit,
    }
}

const fn nothing() -> Outgoing {
    Outgoing {
        enabled: false,
        channel_limit: None,
        whitelisted_destinations: Vec::new(),
    }
}

fn bound(bindings: &[NumberBinding]) -> Bound {
    let Some(latest) = bindings.first() else {
        return unbound();
    };
    Bound {
        bound: true,
        agent_uuid: Some(latest.agent),
        agent_name: Some(latest.agent_name.clone()),
    }
}

const fn unbound() -> Bound {
    Bound {
        bound: false,
        agent_uuid: None,
        agent_name: None,
    }
}

/// What the plan of its country says that a number is.
fn kind(number: &str) -> Option<&'static str> {
    let number = phonenumber::parse(None, number).ok()?;
    match number.number_type(&DATABASE) {
        Type::FixedLine => Some("local"),
        Type::Mobile => Some("mobile"),
        Type::TollFree => Some("toll_free"),
        Type::Uan => Some("national"),
        Type::FixedLineOrMobile
        | Type::PremiumRate
        | Type::SharedCost
        | Type::PersonalNumber
        | Type::Voip
        | Type::Pager
        | Type::Emergency
        | Type::Voicemail
        | Type::ShortCode
        | Type::StandardRate
        | Type::Carrier
        | Type::NoInternational
        | Type::Unknown => None,
    }
}
