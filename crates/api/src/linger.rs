//! A connection whose client reads: one that does not is cut off, and one that still sends when it
//! is closed reads the last answer first.
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

/// A connection that fails when its client reads nothing of what is written, and that, once its
/// last answer is written, still reads for a while what the client sends, and drops it.
pub(crate) struct Lingering {
    stream: TcpStream,
    patience: Patience,
    /// Runs while the client reads nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// To read anything of what is written to it.
    pub(crate) write: Duration,
    /// To send anything once its last answer is written.
    pub(crate) idle: Duration,
    /// To send all of it.
    pub(crate) longest: Duration,
}

struct Closing {
    since: Instant,
    dropped: usize,
    patience: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream, patience: Patience) -> Self {
        Self {
            stream,
            patience,
            stalled: None,
            closing: None,
        }
    }

    /// What came of writing, unless the client has read nothing for too long.
    fn unless_stalled<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let longest = self.patience.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(longest)));
        std::task::ready!(stalled.as_mut().poll(context));
        let reason = "the client reads nothing of its answer";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)))
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
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_stalled(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.unless_stalled(context, written)
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
            patience: Patience { idle, longest, .. },
            closing,
            ..
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
