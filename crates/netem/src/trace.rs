//! Delays that somebody measured, and their text.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::parse::{LONGEST, decimal};

/// What one packet after the other went through: the delay of each that arrived,
/// and which never did.
///
/// Its text has a line for each packet, in the order in which they were sent: the
/// delay in milliseconds, or `lost`. Empty lines and lines that begin with `#` do not
/// count. A table is read as well: if the first line that counts names columns
/// separated by commas, the one called `delay_ms` is taken and the others are not
/// looked at.
///
/// Two clocks seldom agree on a delay, only on how it changes: whoever measures one
/// counts from the shortest, and [`Profile::delay`](crate::Profile::delay) adds to all of
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    packets: Vec<Passage>,
}

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It was under way for so long.
    Arrived(Duration),
    /// It never arrived.
    Lost,
}

/// Why a trace could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadTraceError {
    /// The file system refused.
    #[error("cannot read the trace {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line says nothing about a packet.
    #[error(
        "line {line} of the trace: `{text}` is no delay; expected milliseconds from 0 to 60000 as \
         in 12.5, or lost"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there, or in its column.
        text: String,
    },
    /// The first line names columns, none of which is known.
    #[error("line {line} of the trace has no column delay_ms; found `{text}`")]
    Columns {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// There is no packet in it.
    #[error("the trace has no packet; expected a line for each, with its delay in milliseconds")]
    Empty,
}

impl Trace {
    /// A trace of these packets, in the order in which they were sent.
    pub const fn new(packets: Vec<Passage>) -> Self {
        Self { packets }
    }

    /// Reads a trace from its text.
    ///
    /// # Errors
    ///
    /// All of [`ReadTraceError`] except [`ReadTraceError::File`].
    pub fn parse(text: &str) -> Result<Self, ReadTraceError> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(place, line)| (place + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        let mut column = 0;
        if let Some((line, names)) = lines.next_if(|(_, line)| names_columns(line)) {
            column = names
                .split(',')
                .position(|name| name.trim() == "delay_ms")
                .ok_or_else(|| ReadTraceError::Columns {
                    line,
                    text: names.to_owned(),
                })?;
        }
        let packets: Vec<Passage> = lines
            .map(|(line, text)| {
                let text = text.split(',').nth(column).unwrap_or_default().trim();
                passage(text).ok_or_else(|| ReadTraceError::Line {
                    line,
                    text: text.to_owned(),
                })
            })
            .collect::<Result<_, _>>()?;
        if packets.is_empty() {
            return Err(ReadTraceError::Empty);
        }
        Ok(Self { packets })
    }

    /// Reads a trace from a file of such text.
    ///
    /// # Errors
    ///
    /// [`ReadTraceError`] as its variants say.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadTraceError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| ReadTraceError::File {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        Self::parse(&text)
    }

    /// What became of the packets, in the order in which they were sent.
    pub fn packets(&self) -> &[Passage] {
        &self.packets
    }
}

/// Writes the text that [`Trace::parse`] reads, to the microsecond.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for packet in &self.packets {
            match packet {
                Passage::Arrived(delay) => {
                    let micros = delay.as_micros();
                    writeln!(f, "{}.{:03}", micros / 1_000, micros % 1_000)?;
                }
                Passage::Lost => writeln!(f, "lost")?,
            }
        }
        Ok(())
    }
}

fn names_columns(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_alphabetic()) && line != "lost"
}

fn passage(text: &str) -> Option<Passage> {
    if text == "lost" {
        return Some(Passage::Lost);
    }
    let micros = (decimal(text)? * 1_000.0).round();
    (micros <= LONGEST.as_micros() as f64)
        .then(|| Passage::Arrived(Duration::from_micros(micros as u64)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn arrived(micros: u64) -> Passage {
        Passage::Arrived(Duration::from_micros(micros))
    }

    #[test]
    fn every_line_is_a_packet() {
        assert_eq!(
            Trace::parse("# home to office\n\n0\n12.5\r\n  lost\n0.007\n60000").map(|t| t.packets),
            Ok(vec![
                arrived(0),
                arrived(12_500),
                Passage::Lost,
                arrived(7),
                arrived(60_000_000),
            ])
        );
    }

    #[test]
    fn the_column_of_a_table_is_found_by_its_name() {
        let table = "# measured\nnumber, delay_ms, note\n1, 3.5, a\n2, lost, b\n";
        let trace = Trace::parse(table).expect("a trace");
        assert_eq!(trace.packets(), [arrived(3_500), Passage::Lost]);
        assert_eq!(
            Trace::parse("number,delay\n1,3"),
            Err(ReadTraceError::Columns {
                line: 1,
                text: "number,delay".to_owned()
            })
        );
    }

    #[test]
    fn a_trace_may_begin_with_a_packet_that_was_lost() {
        let trace = Trace::parse("lost\n1").expect("a trace");
        assert_eq!(trace.packets(), [Passage::Lost, arrived(1_000)]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line, wrong) in [
            ("1\n2\n\n-3\n", 4, "-3"),
            ("1\n60000.1", 2, "60000.1"),
            ("1\nx", 2, "x"),
            ("1\nNaN", 2, "NaN"),
            ("1\n1e3", 2, "1e3"),
            ("1;2", 1, "1;2"),
            ("a,delay_ms\n7", 2, ""),
        ] {
            let expected = ReadTraceError::Line {
                line,
                text: wrong.to_owned(),
            };
            assert_eq!(Trace::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_packet_is_no_trace() {
        for text in ["", "# nothing\n", "delay_ms\n"] {
            assert_eq!(Trace::parse(text), Err(ReadTraceError::Empty));
        }
    }

    #[test]
    fn an_absent_file_is_named() {
        let error = Trace::read("/absent/delays.txt").expect_err("there is none");
        let message = error.to_string();
        assert!(message.starts_with("cannot read the trace /absent/delays.txt: "));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(20_110_613),
            ..ProptestConfig::with_cases(500)
        })]

        #[test]
        fn what_is_written_is_read_again(
            packets in prop::collection::vec(prop::option::of(0..60_000_000u64), 1..50),
        ) {
            let packets = packets.into_iter().map(|p| p.map_or(Passage::Lost, arrived));
            let trace = Trace::new(packets.collect());
            prop_assert_eq!(Trace::parse(&trace.to_string()), Ok(trace));
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in "([a-z_]{0,9}|[0-9.,# -]{0,6}|\n|é){0,9}") {
            let _ = Trace::parse(&text);
        }
    }
}
