/// Octets of the RTCP header that stay clear: one word and the sender's SSRC.
pub(crate) const RTCP_HEADER: usize = 8;

/// The longest datagram; a longer packet would run out of counter blocks into those of the next.
const LONGEST: usize = 65_535;

const FIXED_HEADER: usize = 12;

/// What protection needs of an RTP header (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RtpHeader {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    /// Octets before the payload: fixed header, contributing sources, extension.
    pub(crate) length: usize,
}

impl RtpHeader {
    /// Reads the header, `None` when `packet` is not RTP version 2 or ends inside it.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED_HEADER] = packet.first_chunk()?;
        let [bits, _, s0, s1, _, _, _, _, ssrc @ ..] = *fixed;
        if bits >> 6 != 2 || packet.len() > LONGEST {
            return None;
        }
        let mut length = FIXED_HEADER + 4 * usize::from(bits & 0x0F);
        if bits & 0x10 != 0 {
            let [_, _, w0, w1] = *packet.get(length..)?.first_chunk()?;
            length += 4 + 4 * usize::from(u16::from_be_bytes([w0, w1]));
        }
        (length <= packet.len()).then_some(Self {
            ssrc: u32::from_be_bytes(ssrc),
            sequence: u16::from_be_bytes([s0, s1]),
            length,
        })
    }
}

/// The SSRC of a (compound) RTCP packet's sender, `None` when `packet` is not RTCP version 2 or
/// ends before it (RFC 3550 §6.4).
pub(crate) fn rtcp_sender(packet: &[u8]) -> Option<u32> {
    let [bits, _, _, _, ssrc @ ..] = *packet.first_chunk::<RTCP_HEADER>()?;
    (bits >> 6 == 2 && packet.len() <= LONGEST).then(|| u32::from_be_bytes(ssrc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_counts_sources_and_extension() {
        let mut packet = vec![0x80 | 0x10 | 2, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 7];
        packet.extend([0; 8]);
        packet.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        let header = RtpHeader {
            ssrc: 7,
            sequence: 0x1234,
            length: 28,
        };
        assert_eq!(RtpHeader::read(&packet), Some(header));
        packet.pop();
        assert_eq!(RtpHeader::read(&packet), None);
    }

    #[test]
    fn another_version_is_not_rtp() {
        assert_eq!(RtpHeader::read(&[0x40; 12]), None);
        assert_eq!(rtcp_sender(&[0xC0; 12]), None);
    }
}
