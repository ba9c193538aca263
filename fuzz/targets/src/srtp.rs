//! The input is one octet, which picks the profile, and then datagrams, each after
//! two octets of length. All are opened with the same keys, which [`keys`] gives.

use srtp::{Keys, Profile, Unprotect, UnprotectError};

use crate::Verdict;
use crate::input::Input;

type Open = fn(&mut Unprotect, &mut [u8]) -> Result<usize, UnprotectError>;

pub(crate) fn run_rtp(input: &[u8]) -> Verdict {
    run(input, Unprotect::unprotect_rtp, Profile::rtp_overhead)
}

pub(crate) fn run_rtcp(input: &[u8]) -> Verdict {
    run(input, Unprotect::unprotect_rtcp, Profile::rtcp_overhead)
}

/// The profile that the first octet of an input picks.
pub(crate) fn profile(octet: u8) -> Profile {
    Profile::ALL[usize::from(octet) % Profile::ALL.len()]
}

/// Keys that everybody knows.
pub(crate) fn keys(profile: Profile) -> Keys {
    let bytes: Vec<u8> = (1..).take(profile.key_and_salt_length()).collect();
    Keys::new(profile, &bytes).expect("the length is the profile's own")
}

fn run(input: &[u8], open: Open, overhead: fn(Profile) -> usize) -> Verdict {
    let mut input = Input::new(input);
    let profile = profile(input.octet().unwrap_or(0));
    let mut unprotect = Unprotect::new(&keys(profile));
    let mut opened = false;
    while let Some(datagram) = input.record() {
        let mut packet = datagram.to_vec();
        match open(&mut unprotect, &mut packet) {
            Ok(len) => {
                assert_eq!(len + overhead(profile), datagram.len());
                opened = true;
                let again = open(&mut unprotect, &mut datagram.to_vec());
                assert_eq!(again, Err(UnprotectError::Replayed));
            }
            Err(_) => assert_eq!(packet, datagram, "a refused packet is left as it was"),
        }
    }
    Verdict::of(opened)
}
