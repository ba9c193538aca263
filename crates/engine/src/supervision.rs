//! What a node cannot be without: threads and tasks whose end must not go unnoticed, and work of one call
//! whose panic must not end them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::watch;

/// Knows whether everything that the node cannot be without still runs. Clones know the same.
#[derive(Clone, Debug)]
pub(crate) struct Vitals(watch::Sender<Option<&'static str>>);

impl Vitals {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Something to be kept by the thread or task of this name for as long as it runs.
    pub(crate) fn of(&self, name: &'static str) -> Vital {
        Vital {
            name,
            vitals: self.clone(),
        }
    }

    /// What has broken first, if anything has.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        *self.0.borrow()
    }

    /// Waits until something has broken.
    pub(crate) async fn breakage(&self) -> &'static str {
        let mut broken = self.0.subscribe();
        loop {
            if let Some(name) = *broken.borrow_and_update() {
                return name;
            }
            if broken.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The sign of life of one thread or task. Dropped by a panic, it reports that as broken.
#[derive(Debug)]
pub(crate) struct Vital {
    name: &'static str,
    vitals: Vitals,
}

impl Vital {
    /// Reports it as broken.
    pub(crate) fn report(&self) {
        tracing::error!("{} is broken; the node cannot go on", self.name);
        self.vitals.0.send_if_modified(|broken| {
            let first = broken.is_none();
            broken.get_or_insert(self.name);
            first
        });
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report();
        }
    }
}

/// Does a piece of work for one call; `None` when it panicked. What it worked on is to be thrown
/// away then.
pub(crate) fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Something of one call that is left alone once work on it has panicked.
pub(crate) struct Guarded<T> {
    inner: T,
    is_broken: bool,
}

/// How a piece of work on something guarded went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worked {
    /// It was done.
    Done,
    /// It panicked.
    Broke,
    /// It was not begun, because of an earlier panic.
    LeftAlone,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            is_broken: false,
        }
    }

    pub(crate) fn work(&mut self, work: impl FnOnce(&mut T)) -> Worked {
        if self.is_broken {
            return Worked::LeftAlone;
        }
        match survive(|| work(&mut self.inner)) {
            Some(()) => Worked::Done,
            None => {
                self.is_broken = true;
                Worked::Broke
            }
        }
    }

    /// What is guarded, broken or not.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// What is guarded, broken or not.
    pub(crate) fn into_inner(self) -> T {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_is_noticed() {
        let vitals = Vitals::new();
        let vital = vitals.of("the listening thread");
        let thread = std::thread::spawn(move || {
            let _vital = vital;
            assert!(std::hint::black_box(false), "a bug");
        });
        assert_eq!(vitals.breakage().await, "the listening thread");
        assert_eq!(vitals.broken(), Some("the listening thread"));
        assert!(thread.join().is_err());
    }

    #[test]
    fn a_thread_that_ends_in_order_is_not_broken() {
        let vitals = Vitals::new();
        let vital = vitals.of("the listening thread");
        std::thread::spawn(move || drop(vital)).join().unwrap();
        assert_eq!(vitals.broken(), None);
    }

    #[test]
    fn what_broke_first_is_told() {
        let vitals = Vitals::new();
        vitals.of("one").report();
        vitals.of("two").report();
        assert_eq!(vitals.broken(), Some("one"));
    }

    #[test]
    fn work_that_panicked_is_not_begun_again() {
        let mut divisor = Guarded::new(0);
        assert_eq!(divisor.work(|it| *it = 12 / *it), Worked::Broke);
        assert_eq!(divisor.work(|it| *it = 5), Worked::LeftAlone);
        assert_eq!(divisor.into_inner(), 0);
        let mut divisor = Guarded::new(4);
        assert_eq!(divisor.work(|it| *it = 12 / *it), Worked::Done);
        assert_eq!(divisor.into_inner(), 3);
    }

    #[test]
    fn work_that_panics_is_survived() {
        assert_eq!(survive(|| 5), Some(5));
        let empty: Vec<u8> = Vec::new();
        assert_eq!(survive(|| empty[std::hint::black_box(0)]), None);
    }
}
