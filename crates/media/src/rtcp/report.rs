//! Writes reports.

use super::cname::Cname;
use super::packet::{ReportBlock, SenderInfo};
use super::{CNAME, GOODBYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION, VERSION};

/// The most blocks that the header's count can say.
const MAX_BLOCKS: usize = 31;

/// Words of a source description with one name: header, source, and an item of
/// two octets and the name, with at least one zero after it.
const DESCRIPTION_WORDS: usize = 2 + (2 + Cname::LEN) / 4 + 1;

/// A compound packet of this side: a report and the name of who reports, and a
/// goodbye when it is the last (RFC 3550 §6.1).
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// What it sent; `None` makes it a receiver report.
    pub sender: Option<SenderInfo>,
    /// What it received. Those after the 31st are left out.
    pub blocks: &'a [ReportBlock],
    /// What it is called.
    pub cname: &'a Cname,
    /// Whether it leaves.
    pub goodbye: bool,
}

impl Report<'_> {
    /// Writes the compound packet into the start of `out` and returns its length;
    /// `None`, and `out` is void, if it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let room = out.len();
        let mut writer = Writer { rest: out };
        self.report(&mut writer)?;
        self.description(&mut writer)?;
        if self.goodbye {
            writer.header(1, GOODBYE, 2)?;
            writer.word(self.ssrc)?;
        }
        Some(room - writer.rest.len())
    }

    fn report(&self, writer: &mut Writer<'_>) -> Option<()> {
        let blocks = self.blocks.get(..MAX_BLOCKS).unwrap_or(self.blocks);
        let count = blocks.len() as u8;
        let words = 2 + 6 * blocks.len();
        match self.sender {
            Some(sender) => {
                writer.header(count, SENDER_REPORT, words + 5)?;
                writer.word(self.ssrc)?;
                writer.put(&sender.ntp.0.to_be_bytes())?;
                writer.word(sender.timestamp.0)?;
                writer.word(sender.packets)?;
                writer.word(sender.octets)?;
            }
            None => {
                writer.header(count, RECEIVER_REPORT, words)?;
                writer.word(self.ssrc)?;
            }
        }
        for block in blocks {
            writer.block(block)?;
        }
        Some(())
    }

    fn description(&self, writer: &mut Writer<'_>) -> Option<()> {
        const ZEROS: usize = 4 * (DESCRIPTION_WORDS - 2) - 2 - Cname::LEN;
        writer.header(1, SOURCE_DESCRIPTION, DESCRIPTION_WORDS)?;
        writer.word(self.ssrc)?;
        writer.put(&[CNAME, Cname::LEN as u8])?;
        writer.put(self.cname.as_bytes())?;
        writer.put(&[0; ZEROS])
    }
}

struct Writer<'a> {
    rest: &'a mut [u8],
}

impl Writer<'_> {
    /// The header of a packet of `words` times 4 octets, itself included.
    fn header(&mut self, count: u8, packet_type: u8, words: usize) -> Option<()> {
        let [high, low] = u16::try_from(words - 1).ok()?.to_be_bytes();
        self.put(&[VERSION << 6 | count, packet_type, high, low])
    }

    fn block(&mut self, block: &ReportBlock) -> Option<()> {
        let [_, l0, l1, l2] = block.lost.to_be_bytes();
        self.word(block.ssrc)?;
        self.put(&[block.fraction_lost.0, l0, l1, l2])?;
        self.word(block.highest_sequence)?;
        self.word(block.jitter)?;
        self.word(block.last_report.0)?;
        self.word(block.delay_since_last_report.0)
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.put(&word.to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest
            .split_off_mut(..bytes.len())?
            .copy_from_slice(bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests;
