//! WhatsApp: a workspace's business accounts, their templates and how those are filled, and the
//! messages that were sent. What Meta says of a template passes through as it says it.

mod accounts;
mod messages;
mod sent;
mod template_settings;
mod templates;

pub use accounts::{
    NewWhatsappAccount, SaveWhatsappAccountError, WhatsappAccount, WhatsappAccountChange,
};
pub use messages::{BegunWhatsappMessage, NewWhatsappMessage, WhatsappMessage};
pub use sent::{SessionNews, TakenWhatsappMessage};
pub use template_settings::TemplateSettings;
pub use templates::{TemplateRecord, TemplateTerms};

pub(crate) use messages::ERASE_WHATSAPP_MESSAGES;
