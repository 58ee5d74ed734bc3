//! Connections over TCP, for programs that brownout did not write. Wall time only.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Stream;
use super::serve::serve;
use crate::endpoint::Endpoint;

impl Stream for TcpStream {
    fn arm_reset(&mut self) {
        // With a linger of zero, closing sends RST.
        let _ = SockRef::from(&*self).set_linger(Some(Duration::ZERO));
    }
}

/// A listening socket in front of an endpoint.
#[derive(Debug)]
pub struct TcpTransport {
    listener: TcpListener,
    address: SocketAddr,
}

impl TcpTransport {
    /// Listens; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves connections for ever. Dropping the future ends them all.
    pub async fn serve(&self, endpoint: Endpoint) {
        let open = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, or the peer was gone at once: wait a little, go on.
                endpoint.clock().sleep(Duration::from_millis(5)).await;
                continue;
            };
            if open.load(Ordering::Relaxed) >= endpoint.limits().connections {
                continue;
            }
            let _ = stream.set_nodelay(true);
            let (endpoint, open) = (endpoint.clone(), Arc::clone(&open));
            open.fetch_add(1, Ordering::Relaxed);
            tasks.spawn(async move {
                serve(endpoint, stream).await;
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}
