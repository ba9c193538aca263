//! What the node remembers: API keys and their usage, requests that must not be done twice, agents,
//! contacts, calls, conversations, their messages, and the webhook messages that are still owed, in
//! one SQLite file or a Postgres database.
//!
//! The crate speaks SQL and nothing else: it knows no HTTP, no SIP, and never reads a clock, so
//! every time comes in as an argument. Status words, event names and agent definitions pass
//! through it as the API spells them; it gives them no meaning.
//!
//! Start reading at [`Store`] (`database.rs`): who writes, who reads, and whose rows. `opening.rs`
//! opens one or the other database; from there on there is one SQL, which both understand: places
//! of values are written `$1`, and columns hold what `columns.rs` spells. Each kind of row has its
//! own module with its record and the methods of [`Store`] on it; lists that are filtered or paged
//! are put together in `filter.rs` and `pages.rs`.
//!
//! The tables are in `migrations/`, once for each database. A new migration is a file of the same
//! number and name for both, with the same tables and columns.

mod agents;
mod analytics;
mod api_keys;
mod call_end;
mod calls;
mod columns;
mod contacts;
mod conversations;
mod counts;
mod credentials;
mod database;
mod dialling;
mod erasure;
mod evaluate_settings;
mod evaluation_queue;
mod evaluations;
mod filter;
mod forwarding;
mod holding;
mod idempotency;
mod message_sessions;
mod messages;
mod numbers;
mod oauth;
mod opening;
mod outbox;
mod owners;
mod pages;
mod retention;
mod schedules;
mod sessions;
mod tool_calls;
mod transcriptions;
mod transfer;
mod usage;
mod webhooks;
mod whatsapp;
mod workspaces;

pub use agents::{AgentRecord, AgentVersion, NewAgent, Source};
pub use analytics::{
    CallFigures, CostFigure, ExportedMessage, MessagePlace, QUARTER_MICROS, SessionFigures, Window,
};
pub use api_keys::{ApiKey, AuthenticateError, EVERY_SCOPE, NewApiKey, RevokeApiKeyError};
pub use call_end::{CallCost, CallEnd, Evaluating};
pub use calls::{BegunCall, CallFilter, CallRecord, NewCall, Progress};
pub use contacts::{
    Contact, ContactDetails, ContactExtras, ContactField, ContactFilter, NewContactField, Person,
    SaveContactError, SaveFieldError, SaveTagError, Tag,
};
pub use conversations::{CallOfConversation, ContactName, ConversationFilter, ConversationRecord};
pub use database::{Store, StoreError};
pub use dialling::{
    AddedContacts, AttachedPools, AttemptRecord, Begin, CampaignFilter, CampaignRecord,
    CampaignTerms, Candidate, CreateTaskError, Decision, DeleteRule, DoNotCallEntry, DueTask,
    ListingRecord, MemberFilter, MemberRecord, NewAttempt, NewListing, NewTask, OpenAttempt,
    PoolRecord, PoolTerms, RuleEscalation, RuleRecord, RuleTerms, RunningPool, StepError,
    TaskChange, TaskContact, TaskFilter, TaskRecord,
};
pub use erasure::{EraseContactError, ErasedCall, Erasure, Removed};
pub use evaluation_queue::{ClaimedEvaluation, OverdueReport, SessionOutcome};
pub use evaluations::{EvaluationFilter, EvaluationRecord, NewEvaluation};
pub use forwarding::Forwarding;
pub use idempotency::{Reservation, ReservationLimits, Reserved};
pub use message_sessions::{MessageSession, OverdueSession};
pub use messages::{Message, MessageFilter, MessageRecord};
pub use numbers::{
    AnsweredNumber, BindError, Binding, NewPhoneNumber, NewSipConnection, NewTrunk, NumberBinding,
    NumberCapacity, OutgoingNumber, PhoneNumber, SaveNumberError, Sharing, SipConnection,
    SipConnectionChange, SipGateway, TrunkChange,
};
pub use oauth::clients::{
    NewOauthClient, OauthClient, OauthClientChange, RegisteredOauthClient, RenewOauthSecretError,
};
pub use oauth::grants::{NewOauthGrant, OauthGrant};
pub use oauth::is_oauth_token;
pub use oauth::tokens::{
    IssueOauthTokensError, IssuedOauthTokens, OauthAccess, OauthCodeTerms, OauthLifetimes,
    OauthRevocation, OpenOauthTokenError,
};
pub use opening::{OpenStoreError, PostgresSettings};
pub use outbox::Announcement;
pub use outbox::claims::{ClaimLimits, ClaimedDelivery};
pub use outbox::log::{
    DeliveryAttempt, DeliveryFilter, DeliveryRecord, DeliveryState, SendDeliveryError,
};
pub use outbox::settling::{EndpointHealth, MadeAttempt, Outcome};
pub use pages::Page;
pub use retention::{OldRecording, Retention};
pub use schedules::agent_booking::AgentBooking;
pub use schedules::appointments::{
    Appointment, AppointmentFields, AppointmentFilter, ChangeAppointmentError,
};
pub use schedules::availability_types::{AvailabilityType, NewAvailabilityType};
pub use schedules::placing::{LONGEST_APPOINTMENT, NoRoom, PlaceError, Room, Span};
pub use schedules::requests::deciding::{DecideError, RequestDecision};
pub use schedules::requests::{
    AppointmentRequest, AppointmentRequestFilter, NewAppointmentRequest, RequestKind,
};
pub use schedules::{Deletion, NewSchedule, Schedule, StoreScheduleError};
pub use secret::Secret;
pub use sessions::SessionRecord;
pub use tool_calls::{NewToolCall, ToolAnswer, ToolCallRecord};
pub use transcriptions::{
    ClaimedTranscription, ClaimedTranscriptionEvaluation, DiscardedTranscription, NewTranscription,
    OwedReport, TranscribedSegment, TranscriptionEnd, TranscriptionFilter, TranscriptionRecord,
};
pub use transfer::{ExportError, Exported, ImportError, Imported};
pub use usage::KeyUsage;
pub use webhooks::{AddWebhookError, NewWebhook, SigningSecret, Webhook, WebhookChange};
pub use whatsapp::{
    BegunWhatsappMessage, NewWhatsappAccount, NewWhatsappMessage, SaveWhatsappAccountError,
    SessionNews, TakenWhatsappMessage, TemplateRecord, TemplateSettings, TemplateTerms,
    WhatsappAccount, WhatsappAccountChange, WhatsappMessage,
};
pub use workspaces::{Plan, Workspace, WorkspaceId};
