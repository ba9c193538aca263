//! What signalling agreed on, in the words of the media threads.
//!
//! Signalling (`sip`) and media (`media`) know nothing of each other; whoever owns a call joins
//! them through this. It decides nothing about a call and holds nothing.
//!
//! Start reading at [`connection`].

use audio::SampleRate;
use audio::codec::{Codec, OpusSettings};
use media::{Connection, PayloadTypes, Security, TelephoneEventFormat};
use sip::{CodecList, OpusParameters, RemoteMedia};

/// The least that Opus is given, in bits a second: below it, speech at 16 kHz suffers.
const OPUS_LEAST: u32 = 12_000;

/// What a leg has to be told to carry `remote`. `opus` is how the node would encode Opus; what
/// the other side wants otherwise counts.
pub fn connection(remote: &RemoteMedia, opus: OpusSettings) -> Connection {
    Connection {
        payload_type: remote.payload_type,
        arriving: Some(PayloadTypes {
            audio: remote.arriving.audio,
            telephone_event: remote.arriving.telephone_event,
            comfort_noise: remote.arriving.comfort_noise,
        }),
        opus: wanted(&remote.opus, opus),
        telephone_event: remote.telephone_event.map(|event| TelephoneEventFormat {
            payload_type: event.payload_type,
            clock: event.clock,
        }),
        comfort_noise: remote.comfort_noise,
        security: remote.security.as_ref().map(|security| Security {
            send: security.send.clone(),
            receive: security.receive.clone(),
        }),
        rtcp: match remote.rtcp {
            sip::Rtcp::Muxed => media::Rtcp::Muxed,
            sip::Rtcp::At(address) => media::Rtcp::At(address),
        },
        send: remote.we_send,
        receive: remote.we_receive,
        ..Connection::new(remote.address, remote.codec, remote.payload_type)
    }
}

/// The highest rate that the audio of any of `codecs` has: what a leg is opened for while it is
/// not known which of them will be agreed on.
pub fn widest_rate(codecs: &CodecList) -> SampleRate {
    let rates = codecs.as_slice().iter().copied().map(Codec::rate);
    rates.max().unwrap_or(SampleRate::HZ_8000)
}

fn wanted(theirs: &OpusParameters, ours: OpusSettings) -> OpusSettings {
    let most = theirs.max_bitrate.unwrap_or(u32::MAX).max(OPUS_LEAST);
    OpusSettings {
        bitrate: ours.bitrate.min(most),
        inband_fec: ours.inband_fec && theirs.inband_fec,
        dtx: ours.dtx || theirs.dtx,
        ..ours
    }
}
