//! Closing a connection so that its client reads the last answer.
//!
//! A client that is still sending when it is answered, say with a body that is too large, would
//! see its connection reset and never the answer, if the socket were closed over what it sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Bytes that are still read from a client after its last answer.
const MOST: usize = 16 * 1024 * 1024;

/// How much is read at once; nothing of it is kept.
const PIECE: usize = 16 * 1024;

/// A connection that, once its last answer is written, still reads for a while what the client
/// sends, and drops it.
pub(crate) struct Lingering {
    stream: TcpStream,
    /// How long the client may send nothing, and how long all of it may last.
    idle: Duration,
    longest: Duration,
    closing: Option<Closing>,
}

struct Closing {
    since: Instant,
    dropped: usize,
    patience: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream, idle: Duration, longest: Duration) -> Self {
        Self {
            stream,
            idle,
            longest,
            closing: None,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Ends our side, then reads until the client has ended its own, or long enough.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            stream,
            idle,
            longest,
            closing,
        } = &mut *self;
        let closing = match closing {
            Some(closing) => closing,
            None => {
                std::task::ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
                closing.insert(Closing {
                    since: Instant::now(),
                    dropped: 0,
                    patience: Box::pin(sleep(*idle)),
                })
            }
        };
        let mut piece = [0; PIECE];
        while closing.dropped < MOST && closing.since.elapsed() < *longest {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => break,
                Poll::Ready(Ok(())) => {
                    closing.dropped += buffer.filled().len();
                    closing.patience.as_mut().reset(Instant::now() + *idle);
                }
                // A client that is gone needs no answer.
                Poll::Ready(Err(_)) => break,
                Poll::Pending => {
                    std::task::ready!(closing.patience.as_mut().poll(context));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
