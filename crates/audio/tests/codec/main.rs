//! The codecs against other implementations, and against whatever may come.
//!
//! The other implementations are ffmpeg, sox and opus-tools, which
//! `scripts/setup.sh test` installs.

mod comfort_noise;
mod counterpart;
mod g711;
mod g722;
mod ogg;
mod opus;
mod payloads;
