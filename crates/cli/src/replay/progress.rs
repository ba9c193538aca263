//! How far a replay of many calls is, on a terminal.

use std::io::{IsTerminal, Write};

/// One line on the terminal that tells how far it is.
pub(super) struct Progress {
    of: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(of: usize) -> Self {
        Self {
            of,
            shown: of > 1 && std::io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&self, number: usize, name: String) {
        const WIDTH: usize = 24;
        let done = (number - 1) * WIDTH / self.of;
        let (full, empty) = ("█".repeat(done), "░".repeat(WIDTH - done));
        self.write(&format!(
            "\r\u{1b}[K{full}{empty} {number}/{} {name}",
            self.of
        ));
    }

    pub(super) fn clear(&self) {
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
