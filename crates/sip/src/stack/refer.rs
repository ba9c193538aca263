//! Reports of what came of a REFER (RFC 3515 §2.4). Sans-IO.

use rsipstack::sip::{Header, Request};

/// The event package that a REFER subscribes to.
const PACKAGE: &str = "refer";

/// Whether a NOTIFY is a report of what came of a REFER.
pub(crate) fn is_report(notify: &Request) -> bool {
    let mut packages = notify.headers.iter().filter_map(|header| {
        if let Header::Event(value) = header {
            Some(value.value())
        } else {
            None
        }
    });
    packages.next().is_some_and(|value| {
        let package = value.split(';').next().unwrap_or_default().trim();
        package.eq_ignore_ascii_case(PACKAGE)
    })
}

/// The status in the status line that a report is about (`message/sipfrag`, RFC 3420), where it
/// has one.
pub(crate) fn reported(notify: &Request) -> Option<u16> {
    let body = String::from_utf8_lossy(notify.body());
    let line = body.lines().find(|line| !line.trim().is_empty())?;
    let (version, rest) = line.trim().split_once(' ')?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let code = rest.trim_start().split(' ').next()?;
    let code: u16 = code.parse().ok()?;
    (100..700).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notify(event: &str, body: &str) -> Request {
        format!(
            "NOTIFY sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\n\
             To: <sip:a@b>;tag=2\r\nCall-ID: i\r\nCSeq: 1 NOTIFY\r\nEvent: {event}\r\n\
             Subscription-State: active;expires=60\r\nContent-Type: message/sipfrag\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_str()
        .try_into()
        .unwrap()
    }

    #[test]
    fn a_report_names_the_package_with_an_id_or_without() {
        assert!(is_report(&notify("refer", "")));
        assert!(is_report(&notify("Refer;id=93809823", "")));
        assert!(!is_report(&notify("presence", "")));
        assert!(!is_report(&notify("referral", "")));
    }

    #[test]
    fn the_status_line_of_a_report_is_read() {
        let of = |body| reported(&notify("refer", body));
        assert_eq!(of("SIP/2.0 100 Trying"), Some(100));
        assert_eq!(of("\r\nSIP/2.0 200 OK\r\nTo: <sip:x@y>\r\n"), Some(200));
        assert_eq!(of("sip/2.0 603"), Some(603));
        assert_eq!(of("SIP/2.0 603 Declined"), Some(603));
    }

    #[test]
    fn what_is_no_status_line_says_nothing() {
        let of = |body| reported(&notify("refer", body));
        for body in [
            "",
            "INVITE sip:a@b SIP/2.0",
            "SIP/2.0",
            "SIP/2.0 99 x",
            "SIP/2.0 2000 x",
            "200 OK",
        ] {
            assert_eq!(of(body), None, "{body}");
        }
    }
}
