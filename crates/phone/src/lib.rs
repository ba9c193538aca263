//! A small scripted SIP phone: answers or places one call, speaks recorded utterances each after
//! the other side has been silent for a moment, records what it hears, and times the answers.
//!
//! It is the other end of demos and tests, and never part of a node. What it does and when is
//! decided by [`Script`], which is free of I/O; start reading there. [`Phone`] joins it to
//! signalling (`sip`) and to a media thread (`media`).

mod call;
mod script;

pub use call::{
    Event, OpenPhoneError, Phone, PhoneError, PhoneOptions, Report, Response, UTTERANCE_RATE,
};
pub use script::{Manners, Said, Script, Step, Utterance};
