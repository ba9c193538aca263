//! Files that calls are kept in.

use super::{Seed, named};

pub(super) fn bundle() -> Vec<Seed> {
    let tick: &[u8] = br#"{"tick":{"at":20000}}"#;
    let packet: &[u8] = br#"{"packet":{"at":20500,"from":"192.0.2.1:4000","report":false}}"#;
    named([
        ("empty", file(&[])),
        ("records", file(&[(tick, &[]), (packet, &[0x80; 172])])),
    ])
}

fn file(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut file = format!("mihu call bundle, version {}\n", bundle::VERSION).into_bytes();
    for (head, body) in records {
        file.extend((head.len() as u32).to_be_bytes());
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(*head);
        file.extend(*body);
    }
    file.extend([0; 8]);
    file
}
