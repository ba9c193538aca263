//! RTCP: how a stream arrives, told to whoever sends it (RFC 3550 §6).
//!
//! [`Session`] keeps the books of one leg: it is shown the RTP packets that come
//! and go and the RTCP datagrams that come, and writes a report of its own about
//! every five seconds. Below it are [`parse`], which reads what a stranger sent,
//! and [`Report`], which writes what this side sends.
//!
//! Nothing here opens a socket, reads a clock, draws random numbers or allocates:
//! the time, the time of day, the seed and the datagrams come in as arguments.
//! Encryption (SRTCP) is the caller's: a datagram comes in opened and goes out to
//! be sealed.
//!
//! RTP and RTCP may share a port (RFC 5761); [`is_rtcp`] tells them apart. That
//! works for RTP payload types other than 64 to 95, which are therefore never to
//! be negotiated.

mod cname;
mod ntp;
mod packet;
mod reception;
mod report;
mod schedule;
mod sending;
mod session;
mod sources;

pub use cname::Cname;
pub use ntp::{NtpTime, ShortNtpTime, WallClock};
pub use packet::{
    Blocks, FractionLost, Goodbyes, Item, Items, MalformedPacket, Packet, Packets, ReportBlock,
    SenderInfo, is_rtcp, parse,
};
pub use reception::Reception;
pub use report::Report;
pub use session::{Handled, MAX_REPORT, RemoteReception, Session, Settings, Statistics};

const VERSION: u8 = 2;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

/// The item of a source description that names its sender (RFC 3550 §6.5.1).
const CNAME: u8 = 1;
