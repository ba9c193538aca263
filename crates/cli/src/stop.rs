//! Signals that ask the process to end: once in order, twice at once.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::eprint;

/// The exit status of a process that an interrupt ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Ctrl-C and SIGTERM, from here on no longer deadly by themselves.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Takes the signals over.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until the process is asked to end.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Lets the process end in order, unless it is asked again: then `orderly` is left where it
    /// is, and the process ends at once.
    pub(crate) async fn unless_asked_again<T>(
        mut self,
        orderly: impl Future<Output = T>,
    ) -> Result<T, ExitCode> {
        tokio::select! {
            ended = orderly => Ok(ended),
            () = self.asked() => {
                eprint("mihu: asked again, stopping at once");
                Err(ExitCode::from(INTERRUPTED))
            }
        }
    }
}
