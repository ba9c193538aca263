//! SIP status codes that a caller of this crate may answer with.

use std::fmt;

/// A final SIP status that refuses a call: 300 to 699.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusCode(u16);

impl StatusCode {
    /// 403: the caller may not call here.
    pub const FORBIDDEN: Self = Self(403);
    /// 404: nobody of that name lives here.
    pub const NOT_FOUND: Self = Self(404);
    /// 480: known, but not now.
    pub const TEMPORARILY_UNAVAILABLE: Self = Self(480);
    /// 486: in another call.
    pub const BUSY_HERE: Self = Self(486);
    /// 503: full or going down; sent with `Retry-After`.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// 603: does not want to.
    pub const DECLINE: Self = Self(603);

    /// A refusal by number; `None` outside 300 to 699.
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 300 && code <= 699 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
