//! Seeds that are packets.

use std::time::Duration;

use audio::dtmf::Digit;
use audio::{FRAME, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use media::rtcp::{Cname, FractionLost, NtpTime, Report, ReportBlock, SenderInfo, ShortNtpTime};
use media::rtp::Header;
use media::telephone_event::{Block, Sender, Settings, Tick};
use srtp::{Profile, Protect, ProtectError};

use super::{Seed, named};
use crate::input::put_record;
use crate::rtcp::{OWN, PEER, REPORTED_AT};
use crate::srtp::{keys, profile};

pub(super) fn rtp() -> Vec<Seed> {
    let with = |first: u8, rest: &[u8]| {
        let mut packet = audio_packet(0, rest);
        packet[0] = first;
        packet
    };
    named([
        ("audio", audio_packet(7, &[0xD5; 160])),
        ("no-payload", audio_packet(65_535, &[])),
        ("padding", with(0xA0, &[1, 2, 3, 4, 0, 0, 0, 4])),
        ("sources", with(0x82, &[0, 0, 0, 1, 0, 0, 0, 2, 9, 9])),
        (
            "extension",
            with(0x90, &[0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0, 5]),
        ),
        (
            "everything",
            with(0xB1, &[0, 0, 0, 1, 0xBE, 0xDE, 0, 0, 6, 6, 0, 2]),
        ),
    ])
}

pub(super) fn rtcp() -> Vec<Seed> {
    let block = ReportBlock {
        ssrc: OWN,
        fraction_lost: FractionLost(12),
        lost: -3,
        highest_sequence: 0x0001_0203,
        jitter: 44,
        last_report: ShortNtpTime(REPORTED_AT),
        delay_since_last_report: ShortNtpTime(0x0000_8000),
    };
    let sender = SenderInfo {
        ntp: NtpTime(0xEA00_0000_8000_0000),
        timestamp: RtpTimestamp(16_000),
        packets: 100,
        octets: 16_000,
    };
    let report = |sender, blocks: &[ReportBlock], goodbye| {
        let report = Report {
            ssrc: PEER,
            sender,
            blocks,
            cname: &Cname::new([3; 12]),
            goodbye,
        };
        let mut out = [0; 1_000];
        let len = report.write(&mut out).expect("there is room");
        out[..len].to_vec()
    };
    let others = ReportBlock { ssrc: 1, ..block };
    let feedback = vec![
        0x81, 205, 0, 3, 0, 0, 0x0B, 0x0B, 0, 0, 0x0A, 0x0A, 0, 5, 0, 0,
    ];
    let mut extended = report(None, &[block], false);
    extended.extend([0x80, 207, 0, 4, 0, 0, 0x0B, 0x0B, 4, 0, 0, 2]);
    extended.extend([0xEA, 0, 0, 0, 0x80, 0, 0, 0]);
    extended.extend([0x80, 204, 0, 2, 0, 0, 0x0B, 0x0B, b't', b'e', b's', b't']);
    let mut described = vec![0x82, 202, 0, 7, 0, 0, 0x0B, 0x0B];
    described.extend(b"\x01\x05a@b.c\x02\x04Anna\0\0\0");
    described.extend([0, 0, 7, 8, 0, 0, 0, 0]);
    let padded = vec![0xA0, 201, 0, 2, 0, 0, 0x0B, 0x0B, 0, 0, 0, 4];
    named([
        ("sender", report(Some(sender), &[block], false)),
        ("receiver", report(None, &[block, others], false)),
        ("goodbye", report(Some(sender), &[], true)),
        ("full", report(None, &[block; 31], false)),
        ("feedback", feedback),
        ("extended", extended),
        ("described", described),
        ("padded", padded),
    ])
}

pub(super) fn telephone_event() -> Vec<Seed> {
    let narrow = SampleRate::HZ_8000;
    let keys = pressed(narrow, &[1, 1, 11], Settings::default().tone);
    let wide = pressed(SampleRate::HZ_48000, &[5], FRAME * 80);
    let mut reversed = vec![0];
    for (at, payload) in [(1_600u32, 8), (0, 8), (1_600, 8), (0, 9)] {
        let block = |end, duration| Block {
            event: payload,
            end,
            volume: 10,
            duration,
        };
        event(&mut reversed, 10, at, false, &block(true, 800).to_bytes());
        event(&mut reversed, 10, at, false, &block(false, 160).to_bytes());
    }
    let mut packed = vec![0];
    event(
        &mut packed,
        20,
        0,
        true,
        &[1, 0x8A, 1, 0x90, 1, 0x0A, 0, 160, 16, 0, 0, 0],
    );
    event(&mut packed, 20, 400, false, &[1, 0x8A, 3, 0x20]);
    named([
        ("keys", keys),
        ("segments", wide),
        ("reversed", reversed),
        ("packed", packed),
    ])
}

pub(super) fn srtp() -> Vec<Seed> {
    let runs: [(&str, &[u16]); 3] = [
        ("in-order", &[1, 2, 3]),
        ("reordered", &[300, 299, 200, 301]),
        ("wrapped", &[30_000, 60_000, 65_535, 0, 65_534]),
    ];
    let packet = |sequence: &u16| audio_packet(*sequence, &[*sequence as u8; 40]);
    let mut seeds = Vec::new();
    for (name, sequences) in runs {
        let packets: Vec<_> = sequences.iter().map(packet).collect();
        seeds.extend(sealed(name, &packets, Protect::protect_rtp));
    }
    seeds
}

pub(super) fn srtcp() -> Vec<Seed> {
    let packets: Vec<_> = rtcp()
        .into_iter()
        .take(4)
        .map(|(_, packet)| packet)
        .collect();
    sealed("in-order", &packets, Protect::protect_rtcp)
}

type Seal = fn(&mut Protect, &mut [u8], usize) -> Result<usize, ProtectError>;

/// These packets, sealed with each profile.
fn sealed(name: &str, packets: &[Vec<u8>], seal: Seal) -> Vec<Seed> {
    let sealed = |octet: u8| {
        let profile = profile(octet);
        let mut protect = Protect::new(&keys(profile));
        let mut input = vec![octet];
        for packet in packets {
            let mut buffer = packet.clone();
            buffer.resize(packet.len() + Profile::MAX_RTCP_OVERHEAD, 0);
            let len = seal(&mut protect, &mut buffer, packet.len()).expect("it can be sealed");
            put_record(&mut input, &buffer[..len]);
        }
        (format!("{}-{name}", profile.suite()), input)
    };
    (0..Profile::ALL.len() as u8).map(sealed).collect()
}

fn audio_packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        marker: sequence == 0,
        payload_type: 8,
        sequence: SequenceNumber(sequence),
        timestamp: RtpTimestamp(u32::from(sequence) * 160),
        ssrc: PEER,
    };
    let mut packet = header.to_bytes().to_vec();
    packet.extend(payload);
    packet
}

/// What a sender sends for these keys, each held for `tone`.
fn pressed(clock: SampleRate, keys: &[u8], tone: Duration) -> Vec<u8> {
    let mut input = vec![u8::from(clock == SampleRate::HZ_48000)];
    let mut sender = Sender::new(clock, Settings::default());
    for digit in keys.iter().filter_map(|event| Digit::from_event(*event)) {
        sender.press_for(digit, tone).expect("there is room");
    }
    let (mut now, mut timestamp) = (Moment::ZERO, RtpTimestamp(u32::MAX - 4_000));
    while !sender.is_idle() {
        if let Tick::Event(told) = sender.tick(now, timestamp) {
            event(&mut input, 20, told.timestamp.0, told.marker, &told.payload);
        }
        now = now + FRAME;
        timestamp = timestamp.advanced(clock.samples_in(FRAME) as u32);
    }
    input
}

fn event(input: &mut Vec<u8>, wait: u8, timestamp: u32, marker: bool, payload: &[u8]) {
    input.extend([wait, u8::from(marker) << 7 | 1]);
    input.extend(timestamp.to_be_bytes());
    input.push(payload.len() as u8);
    input.extend(payload);
}
