//! Tasks and campaigns: what is to be done, for whom, by which rule, and what was tried.
//!
//! Start reading at [`queue`]: which tasks are due; [`beginning`] is how a task is taken up by one
//! node alone, and [`attempts`] how an attempt is known before it is made. [`tasks`] and [`steps`] hold what people do with tasks;
//! [`campaigns`], [`campaign_tasks`], [`pools`], [`members`], [`rules`] and [`listings`] what
//! campaigns are made of.
//!
//! What a contact's rule allows is decided elsewhere; here a decision is written only if nothing
//! that it rests on has changed since.

mod attempts;
mod beginning;
mod campaign_tasks;
mod campaigns;
mod candidates;
mod decisions;
mod do_not_call;
mod erasing;
mod inactive;
mod listings;
mod members;
mod pools;
mod queue;
mod rules;
mod steps;
mod tasks;

pub use attempts::{AttemptRecord, OpenAttempt};
pub use beginning::{Begin, NewAttempt};
pub use campaigns::{AttachedPools, CampaignFilter, CampaignRecord, CampaignTerms};
pub use candidates::Candidate;
pub use decisions::Decision;
pub use do_not_call::DoNotCallEntry;
pub use listings::{ListingRecord, NewListing};
pub use members::{AddedContacts, MemberFilter, MemberRecord};
pub use pools::{PoolRecord, PoolTerms};
pub use queue::{DueTask, RunningPool};
pub use rules::{DeleteRule, RuleEscalation, RuleRecord, RuleTerms};
pub use steps::{StepError, TaskChange};
pub use tasks::{CreateTaskError, NewTask, TaskContact, TaskFilter, TaskRecord};

pub(crate) use attempts::settle_call;
pub(crate) use do_not_call::opt_out;
pub(crate) use erasing::{
    ERASE_ATTEMPTS, ERASE_DO_NOT_CALL, ERASE_TASKS, LEAVE_POOLS, forget_contact,
};
pub(crate) use inactive::rest;
