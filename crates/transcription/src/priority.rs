//! The priority of threads that work in the background.

/// The lowest of ordinary threads.
const NICENESS: i32 = 19;

/// Lets all other threads go before the calling one.
pub fn lower_priority() {
    // Without a process, Linux takes the calling thread.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "transcriptions have the same priority as live calls");
    }
}
