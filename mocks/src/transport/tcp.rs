//! Connections over TCP, for programs that brownout did not write. Wall time only.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
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
    listener: Mutex<Option<TcpListener>>,
    address: SocketAddr,
}

impl TcpTransport {
    /// Listens; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener: Mutex::new(Some(listener)), address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves connections for ever. Dropping the future ends them all.
    pub async fn serve(&self, endpoint: Endpoint) {
        let closed = endpoint.closed_port();
        let clock = endpoint.clock().clone();
        let open = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        loop {
            while tasks.try_join_next().is_some() {}
            let now = clock.now();
            if let Some(window) = closed.iter().find(|c| c.holds(now)) {
                drop(listener.take());
                let Ok(held) = hold(self.address) else {
                    clock.sleep(PATIENCE).await;
                    continue;
                };
                endpoint.port_closed(window);
                match window.until {
                    Some(until) => clock.sleep(until.saturating_sub(now)).await,
                    None => std::future::pending().await,
                }
                listener = held.listen(BACKLOG).and_then(|()| TcpListener::from_std(held.into())).ok();
                continue;
            }
            let Some(accepting) = &listener else {
                listener = TcpListener::bind(self.address).await.ok();
                clock.sleep(PATIENCE).await;
                continue;
            };
            let closes = closed.iter().map(|c| c.from).filter(|from| *from > now).min();
            let stream = tokio::select! {
                Ok((stream, _)) = accepting.accept() => stream,
                () = clock.sleep(closes.unwrap_or_default().saturating_sub(now)), if closes.is_some() => continue,
                else => {
                    // Out of descriptors, or the peer was gone at once: wait a little, go on.
                    clock.sleep(PATIENCE).await;
                    continue;
                }
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

/// How long to wait before something that failed is tried again.
const PATIENCE: Duration = Duration::from_millis(5);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that holds the port and does not listen: the kernel refuses every connection to it.
fn hold(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
