//! As much of Ogg (RFC 3533) and its mapping for Opus (RFC 7845) as it takes to
//! exchange files with opus-tools.

const CAPTURE: &[u8; 4] = b"OggS";
const HEADER: usize = 27;
/// Samples at 48 kHz in a packet that is written.
const PACKET_48K: u64 = 960;

/// An Opus stream: what its header says is to be dropped from its start, in
/// samples at 48 kHz, and its packets of audio.
pub(crate) struct OpusFile {
    pub(crate) pre_skip: usize,
    pub(crate) packets: Vec<Vec<u8>>,
}

/// Reads a file of a single Opus stream.
pub(crate) fn read(mut file: &[u8]) -> OpusFile {
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    while !file.is_empty() {
        assert!(file.starts_with(CAPTURE), "a page begins here");
        let segments = usize::from(file[HEADER - 1]);
        let (table, rest) = file[HEADER..].split_at(segments);
        let mut body = rest;
        for &lacing in table {
            let (segment, rest) = body.split_at(usize::from(lacing));
            packet.extend_from_slice(segment);
            if lacing < 255 {
                packets.push(std::mem::take(&mut packet));
            }
            body = rest;
        }
        file = body;
    }
    let tags = packets.remove(1);
    let head = packets.remove(0);
    assert!(head.starts_with(b"OpusHead") && tags.starts_with(b"OpusTags"));
    OpusFile {
        pre_skip: usize::from(u16::from_le_bytes([head[10], head[11]])),
        packets,
    }
}

/// Writes packets of 20 ms each, mono, as a file.
pub(crate) fn write(file: &OpusFile) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend((file.pre_skip as u16).to_le_bytes());
    head.extend(16_000u32.to_le_bytes());
    head.extend([0; 3]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend(4u32.to_le_bytes());
    tags.extend(b"test\0\0\0\0");

    let mut pages = page(&head, 0, 0, 2);
    pages.extend(page(&tags, 1, 0, 0));
    for (index, packet) in file.packets.iter().enumerate() {
        let last = index + 1 == file.packets.len();
        let position = (index as u64 + 1) * PACKET_48K;
        let flags = if last { 4 } else { 0 };
        pages.extend(page(packet, index as u32 + 2, position, flags));
    }
    pages
}

/// A page with one packet.
fn page(packet: &[u8], sequence: u32, position: u64, flags: u8) -> Vec<u8> {
    let mut page = CAPTURE.to_vec();
    page.extend([0, flags]);
    page.extend(position.to_le_bytes());
    page.extend(7u32.to_le_bytes());
    page.extend(sequence.to_le_bytes());
    page.extend([0; 4]);
    page.push((packet.len() / 255 + 1) as u8);
    page.extend(std::iter::repeat_n(255, packet.len() / 255));
    page.push((packet.len() % 255) as u8);
    page.extend(packet);
    let sum = checksum(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

/// The CRC of a page: polynomial 0x04C11DB7, neither reflected nor inverted.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    })
}
