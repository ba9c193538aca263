//! The counters of all legs, open and ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gauges::{Gauges, LegGauges};
use crate::seat::LegId;
use crate::statistics::{LegCounters, LegStatistics};

/// Adds up what legs count. Media threads write the counters and never touch the
/// lock around the list.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    open: Vec<(LegId, Arc<LegCounters>)>,
    ended: LegStatistics,
}

impl Ledger {
    pub(crate) fn open(&self, id: LegId, counters: &Arc<LegCounters>) {
        self.pages().open.push((id, Arc::clone(counters)));
    }

    pub(crate) fn close(&self, id: LegId) {
        let mut pages = self.pages();
        if let Some(index) = pages.open.iter().position(|(open, _)| *open == id) {
            let (_, counters) = pages.open.swap_remove(index);
            pages.ended += counters.snapshot();
        }
    }

    pub(crate) fn total(&self) -> LegStatistics {
        let pages = self.pages();
        let mut total = pages.ended;
        for (_, counters) in &pages.open {
            total += counters.snapshot();
        }
        total
    }

    /// How each open leg stands.
    pub(crate) fn standing(&self) -> Vec<LegGauges> {
        let pages = self.pages();
        let gauges = pages.open.iter().map(|(_, counters)| &counters.gauges);
        gauges.map(Gauges::snapshot).collect()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_legs_stay_in_the_total() {
        let ledger = Ledger::default();
        let counters = [(); 2].map(|()| Arc::<LegCounters>::default());
        for (id, counters) in (0..).map(LegId).zip(&counters) {
            counters.packets_sent.add(10);
            ledger.open(id, counters);
        }
        ledger.close(LegId(0));
        counters[1].packets_sent.add(1);
        assert_eq!(ledger.total().packets_sent, 21);
        assert_eq!(ledger.standing().len(), 1);
    }
}
