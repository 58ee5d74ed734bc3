//! Connections over TCP, for programs that brownout did not write. In warp or wall time.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Stream;
use super::serve::{Shared, serve};
use super::tls::Tls;
use super::upstream::Asker;
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
    port: Mutex<Port>,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl TcpTransport {
    /// Listens; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { port: Mutex::new(Port::Open(listener)), address, tls: None })
    }

    /// With TLS on every connection.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Where it listens, as a client would ask it.
    pub fn url(&self) -> String {
        format!("http{}://{}", if self.tls.is_some() { "s" } else { "" }, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port if the story begins so. To be called before a client starts, else its first
    /// connection may wait in the queue of a socket that is about to close.
    pub fn ready(&self, endpoint: &Endpoint) {
        let closed = endpoint.closed_port();
        if closed.iter().any(|c| c.holds(endpoint.clock().now())) {
            let mut port = self.lock();
            *port = Port::Gone;
            if let Ok(held) = hold(self.address) {
                *port = Port::Held(held);
            }
        }
    }

    /// Lets an upstream forget what earlier plays left with it, if the scenario says how. To be called before a
    /// client starts.
    pub async fn reset_upstream(&self, endpoint: &Endpoint) -> Result<(), String> {
        match Asker::of(endpoint) {
            Some(asker) => asker.reset().await,
            None => Ok(()),
        }
    }

    /// Serves connections for ever. Dropping the future ends them all.
    pub async fn serve(&self, endpoint: Endpoint) {
        let closed = endpoint.closed_port();
        let clock = endpoint.clock().clone();
        let shared = Shared { upstream: Asker::of(&endpoint), endpoint: endpoint.clone(), tls: self.tls.clone() };
        let open = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let mut short = false;
        let mut port = std::mem::take(&mut *self.lock());
        loop {
            while let Some(served) = tasks.try_join_next() {
                // A bug of ours that nobody hears of would be taken for a fault of the network.
                if let Err(error) = served
                    && error.is_panic()
                {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            let now = clock.now();
            if let Some(window) = closed.iter().find(|c| c.holds(now)) {
                let held = if let Port::Held(held) = port {
                    held
                } else {
                    port = Port::Gone;
                    let Ok(held) = hold(self.address) else {
                        clock.sleep(PATIENCE).await;
                        continue;
                    };
                    held
                };
                endpoint.port_closed(window);
                match window.until {
                    Some(until) => clock.sleep(until.saturating_sub(now)).await,
                    None => std::future::pending().await,
                }
                port = Port::Held(held);
                // The next window may begin where this one ends.
                if closed.iter().any(|c| c.holds(clock.now())) {
                    continue;
                }
            }
            let listening = match port {
                Port::Open(listener) => Ok(listener),
                Port::Held(held) => held.listen(BACKLOG).and_then(|()| TcpListener::from_std(held.into())),
                Port::Gone => TcpListener::bind(self.address).await,
            };
            let Ok(accepting) = listening else {
                port = Port::Gone;
                clock.sleep(PATIENCE).await;
                continue;
            };
            let next_close = closed.iter().map(|c| c.from).filter(|from| *from > now).min();
            let accepted = tokio::select! {
                accepted = accepting.accept() => Some(accepted),
                () = clock.sleep(next_close.unwrap_or_default().saturating_sub(now)), if next_close.is_some() => None,
            };
            port = Port::Open(accepting);
            let (stream, peer) = match accepted {
                Some(Ok(accepted)) => accepted,
                // A window begins.
                None => continue,
                // The peer was gone at once, or there are no descriptors left: wait a little, go on.
                Some(Err(error)) => {
                    if error.kind() != io::ErrorKind::ConnectionAborted && !std::mem::replace(&mut short, true) {
                        endpoint.refused(0, &format!("no connection could be accepted: {error}"));
                    }
                    clock.sleep(PATIENCE).await;
                    continue;
                }
            };
            short = false;
            let most = endpoint.limits().connections;
            if open.load(Ordering::Relaxed) >= most {
                endpoint.refused(0, &format!("{most} connections are open already"));
                let text = format!("brownout: this connection was refused, {most} are open already\n");
                let head = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-type: text/plain\r\n";
                let _ = stream.try_write(format!("{head}content-length: {}\r\n\r\n{text}", text.len()).as_bytes());
                continue;
            }
            let _ = stream.set_nodelay(true);
            let (shared, open) = (shared.clone(), Arc::clone(&open));
            open.fetch_add(1, Ordering::Relaxed);
            let line = stream.local_addr().ok().and_then(|ours| clock.line(ours, peer));
            tasks.spawn(async move {
                serve(shared, stream).await;
                drop(line);
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}

/// The state of the port.
#[derive(Debug, Default)]
enum Port {
    /// Nobody holds it.
    #[default]
    Gone,
    /// It is ours, and nobody listens.
    Held(Socket),
    /// It takes connections.
    Open(TcpListener),
}

/// How long to wait before something that failed is tried again.
const PATIENCE: Duration = Duration::from_millis(5);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

impl TcpTransport {
    fn lock(&self) -> MutexGuard<'_, Port> {
        self.port.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that holds the port and does not listen: the kernel refuses every connection to it.
fn hold(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
