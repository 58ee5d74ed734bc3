//! Connections in memory: a pipe to the endpoint, for virtual time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::Stream;
use super::serve::{Shared, serve};
use crate::endpoint::Endpoint;

/// How much a pipe holds in each direction, in bytes.
const PIPE_BYTES: usize = 64 << 10;

/// One end of a connection in memory. After a reset its reads and writes fail as those of a socket do.
#[derive(Debug)]
pub struct Pipe {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
    http2: bool,
}

impl Pipe {
    /// A connection to the endpoint; its other end is served on the current runtime.
    pub fn connect(endpoint: &Endpoint) -> Self {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let reset = Arc::new(AtomicBool::new(false));
        let http2 = endpoint.http2();
        let shared = Shared { endpoint: endpoint.clone(), upstream: None, tls: None };
        tokio::spawn(serve(shared, Self { stream: far, reset: Arc::clone(&reset), http2 }));
        Self { stream: near, reset, http2 }
    }

    /// Whether the two ends have agreed on HTTP/2.
    pub(super) fn http2(&self) -> bool {
        self.http2
    }

    fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }
}

fn reset_error() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Stream for Pipe {
    fn arm_reset(&mut self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        match poll {
            Poll::Ready(Ok(())) if buf.filled().len() == before && buf.remaining() > 0 && self.is_reset() => {
                Poll::Ready(Err(reset_error()))
            }
            poll => poll,
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        match poll {
            Poll::Ready(Err(_)) if self.is_reset() => Poll::Ready(Err(reset_error())),
            poll => poll,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
