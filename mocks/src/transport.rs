//! Connections: streams of bytes to the endpoint, in memory and over TCP. The contract and the list.
//!
//! Both serve the same code over a wrapper that can cut a connection after a given byte, so that a
//! fault means the same on either.

use tokio::io::{AsyncRead, AsyncWrite};

mod body;
mod handle;
mod memory;
mod network;
mod serve;
mod streams;
mod tcp;
mod tls;
mod upstream;
mod wire;

pub use memory::Pipe;
pub use network::{ClientStream, Network};
pub use tcp::TcpTransport;
pub use tls::Tls;

/// A byte stream that can be reset.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the end of this stream a reset instead of an orderly end, once it is dropped.
    fn arm_reset(&mut self);
}
