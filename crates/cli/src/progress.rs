//! How far a long piece of work is, on a terminal.

use std::io::{IsTerminal, Write};

/// One line on the terminal that tells how far it is.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
        }
    }

    /// Shows that so much is done, from 0 to 1, and what comes next.
    pub(crate) fn show(&self, done: f64, next: &str) {
        const WIDTH: usize = 24;
        let done = ((done * WIDTH as f64) as usize).min(WIDTH);
        let (full, empty) = ("█".repeat(done), "░".repeat(WIDTH - done));
        self.write(&format!("\r\u{1b}[K{full}{empty} {next}"));
    }

    pub(crate) fn clear(&self) {
        self.write("\r\u{1b}[K");
    }

    fn write(&self, text: &str) {
        if self.shown {
            let mut terminal = std::io::stderr();
            // A terminal that has gone away needs no progress.
            let _ = terminal.write_all(text.as_bytes());
            let _ = terminal.flush();
        }
    }
}
