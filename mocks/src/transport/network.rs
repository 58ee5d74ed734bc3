//! The client's side: connections to the endpoint, by memory or by TCP, for clients in process.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{Pipe, Tls};
use crate::endpoint::Endpoint;

/// How clients in process reach the endpoint. A connector for hyper's client: it ignores the host.
#[derive(Debug, Clone)]
pub enum Network {
    /// Pipes in memory.
    Memory(Endpoint),
    /// TCP to this address.
    Tcp(SocketAddr),
    /// TCP to this address, speaking HTTP/2 with prior knowledge.
    TcpHttp2(SocketAddr),
    /// TCP to this address with TLS, speaking HTTP/2 or not.
    Tls(SocketAddr, Tls, bool),
}

impl Network {
    /// Opens a connection.
    pub async fn connect(&self) -> io::Result<ClientStream> {
        match self {
            Self::Memory(endpoint) if endpoint.refuses() => Err(io::ErrorKind::ConnectionRefused.into()),
            Self::Memory(endpoint) => Ok(ClientStream::Memory(Pipe::connect(endpoint))),
            Self::Tcp(address) | Self::TcpHttp2(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let http2 = matches!(self, Self::TcpHttp2(_));
                Ok(if http2 { ClientStream::TcpHttp2(stream) } else { ClientStream::Tcp(stream) })
            }
            Self::Tls(address, tls, http2) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(ClientStream::Tls(Box::new(tls.connect(stream, *http2).await?), *http2))
            }
        }
    }
}

/// The client's end of a connection.
#[derive(Debug)]
pub enum ClientStream {
    /// In memory.
    Memory(Pipe),
    /// Over TCP.
    Tcp(TcpStream),
    /// Over TCP, speaking HTTP/2.
    TcpHttp2(TcpStream),
    /// Over TCP with TLS, speaking HTTP/2 or not.
    Tls(Box<TlsStream<TcpStream>>, bool),
}

impl tower_service::Service<Uri> for Network {
    type Response = TokioIo<ClientStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(TokioIo::new(this.connect().await?)) })
    }
}

impl Connection for ClientStream {
    fn connected(&self) -> Connected {
        // So hyper is told what else the negotiation of TLS would tell it.
        match self {
            Self::TcpHttp2(_) | Self::Tls(_, true) => Connected::new().negotiated_h2(),
            Self::Memory(pipe) if pipe.http2() => Connected::new().negotiated_h2(),
            Self::Memory(_) | Self::Tcp(_) | Self::Tls(_, false) => Connected::new(),
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(pipe) => Pin::new(pipe).poll_read(cx, buf),
            Self::Tcp(tcp) | Self::TcpHttp2(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls, _) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Memory(pipe) => Pin::new(pipe).poll_write(cx, buf),
            Self::Tcp(tcp) | Self::TcpHttp2(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls, _) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(pipe) => Pin::new(pipe).poll_flush(cx),
            Self::Tcp(tcp) | Self::TcpHttp2(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls, _) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(pipe) => Pin::new(pipe).poll_shutdown(cx),
            Self::Tcp(tcp) | Self::TcpHttp2(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls, _) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
