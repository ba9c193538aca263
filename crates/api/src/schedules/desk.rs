//! An agent at the desk: what it books, moves and cancels in a call, for whoever it talks to.
//!
//! What is possible is decided by the crate `calendar`, with the schedule as it is at that moment;
//! the store has the last word, in the transaction that books. Whoever calls can move and cancel
//! only appointments of their own.

mod changing;
mod guest;
mod making;
mod opened;
mod questions;
mod replies;
mod wanted;

use agent::BookingFunction;
use calendar::{Counter, Interval, Zone, read_time};
use engine::{CallId, ToolReply};
use jiff::{SignedDuration, Timestamp};
use store::Store;
use uuid::Uuid;

use self::guest::Guest;
use self::opened::Opened;
use self::replies::{Halt, sorry};
use self::wanted::Wanted;
use super::place::AROUND;
use crate::clock;
use crate::number::NumberRules;

/// Times that a booking is tried for which others take the time at the same moment.
const TRIES: usize = 3;

/// How far ahead is looked for someone who names no time, and a day more.
const UNASKED: SignedDuration = SignedDuration::from_hours(8 * 24);

/// The desk at which the agents of all workspaces book.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    store: Store,
    numbers: NumberRules,
}

/// A caller at the desk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    /// The agent that serves them.
    pub(crate) agent: Uuid,
    /// The call.
    pub(crate) call: CallId,
    /// Whether any schedule that is free gets an appointment, instead of the first.
    pub(crate) is_random: bool,
}

/// What is known at the moment at which something is wanted.
struct Service<'a> {
    store: Store,
    numbers: &'a NumberRules,
    visit: Visit,
    guest: Guest,
    wanted: Wanted,
    now: Timestamp,
}

impl Desk {
    pub(crate) fn new(store: Store, numbers: NumberRules) -> Self {
        Self { store, numbers }
    }

    /// Does what the agent's model calls a function for, and tells what came of it.
    pub(crate) async fn serve(
        &self,
        visit: Visit,
        function: BookingFunction,
        arguments: &str,
    ) -> ToolReply {
        let served = self.try_to_serve(visit, function, arguments).await;
        served.unwrap_or_else(|halt| halt.0)
    }

    async fn try_to_serve(
        &self,
        visit: Visit,
        function: BookingFunction,
        arguments: &str,
    ) -> Result<ToolReply, Halt> {
        let owner = self.store.workspace_of_call(visit.call.0).await?;
        let Some(owner) = owner else {
            tracing::error!(call = %visit.call, "a call that books is not written down");
            return Err(Halt(sorry()));
        };
        let store = self.store.in_workspace(&owner);
        let service = Service {
            guest: Guest::of_call(&store, visit.call).await?,
            store,
            numbers: &self.numbers,
            visit,
            wanted: Wanted::read(arguments),
            now: clock::now(),
        };
        let opened = opened::of_agent(&service.store, visit.agent).await?;
        match function {
            BookingFunction::FindSlots => making::find(&service, &opened).await,
            BookingFunction::Book => making::book(&service, &opened).await,
            BookingFunction::Move => changing::reschedule(&service, &opened).await,
            BookingFunction::Cancel => changing::cancel(&service, &opened).await,
        }
    }
}

impl Service<'_> {
    /// On whose clocks times of a schedule are told and meant.
    fn clocks<'a>(&'a self, at: &'a Opened) -> &'a Zone {
        let own = &at.place.availability.zone;
        self.guest.clocks.as_ref().unwrap_or(own)
    }

    /// A schedule as it is now, with what is booked around a span; an appointment `except` does
    /// not count.
    async fn counter<'a>(
        &'a self,
        at: &'a Opened,
        around: Interval,
        except: Option<Uuid>,
    ) -> Result<Counter<'a>, Halt> {
        let agenda = at.place.agenda(&self.store, around, except, self.now);
        Ok(Counter {
            name: &at.name,
            agenda: agenda.await?,
            clocks: self.guest.clocks.as_ref(),
            rules: at.assignment.slots(),
            approval: at.assignment.approving(),
        })
    }

    /// What has to be known of a schedule for a wish: all around it, or the next days if it names no
    /// time.
    fn around(&self, at: &Opened, start: &str) -> Result<Interval, Halt> {
        let meant = read_time(start, self.clocks(at), self.now);
        let span = match (meant.iter().min(), meant.iter().max()) {
            (Some(first), Some(last)) => {
                let first = Interval::lasting(*first, SignedDuration::from_secs(1));
                let last = Interval::lasting(*last, SignedDuration::from_secs(1));
                let whole = first
                    .zip(last)
                    .and_then(|(first, last)| Interval::new(first.start(), last.end()));
                whole.map(|whole| whole.widened(AROUND))
            }
            _ => Interval::lasting(self.now, UNASKED),
        };
        span.ok_or_else(|| Halt(sorry()))
    }
}
