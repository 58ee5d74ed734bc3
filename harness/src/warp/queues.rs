//! What is under way in a TCP connection, asked of the kernel by `sock_diag(7)`: one question per socket, by address.
//!
//! `/proc/net/tcp` would tell the same, and costs milliseconds on machines with large tables.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use brownout_mocks::clock::Pair;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

/// A line to the kernel's socket tables.
#[derive(Debug)]
pub(super) struct Queues(Option<OwnedFd>);

/// One socket's queues in bytes: received and not read, sent and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Queue {
    pub(super) unread: u32,
    pub(super) unsent: u32,
}

impl Queues {
    pub(super) fn open() -> Self {
        let flags = SocketFlags::CLOEXEC;
        let line = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG));
        let mut this = Self(line.ok());
        // A sandbox may have the socket and no answers.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        if this.ask(nowhere, nowhere).is_err() {
            this.0 = None;
        }
        this
    }

    /// Whether the kernel can be asked.
    pub(super) fn work(&self) -> bool {
        self.0.is_some()
    }

    /// The queues of our end and of the client's; an end that is no more has none.
    pub(super) fn of(&self, pair: Pair) -> [Option<Queue>; 2] {
        let (ours, theirs) = pair;
        [self.ask(ours, theirs).unwrap_or_default(), self.ask(theirs, ours).unwrap_or_default()]
    }

    fn ask(&self, local: SocketAddr, remote: SocketAddr) -> Result<Option<Queue>, ()> {
        let line = self.0.as_ref().ok_or(())?;
        send(line, &question(local, remote), SendFlags::empty()).map_err(|_| ())?;
        let mut answer = [0; 512];
        let (length, _) = recv(line, &mut answer[..], RecvFlags::empty()).map_err(|_| ())?;
        read(&answer[..length])
    }
}

const BY_FAMILY: u16 = 20;
const ERROR: u16 = 2;
const LENGTH: usize = 72;

/// `nlmsghdr`, then `inet_diag_req_v2` with the addresses of one socket.
fn question(local: SocketAddr, remote: SocketAddr) -> [u8; LENGTH] {
    const REQUEST: u16 = 1;
    const TCP: u8 = 6;
    const INET: u8 = 2;
    const INET6: u8 = 10;
    let mut bytes = [0; LENGTH];
    bytes[0..4].copy_from_slice(&(LENGTH as u32).to_ne_bytes());
    bytes[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
    bytes[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
    bytes[16] = if local.is_ipv4() { INET } else { INET6 };
    bytes[17] = TCP;
    bytes[20..24].copy_from_slice(&u32::MAX.to_ne_bytes());
    bytes[24..26].copy_from_slice(&local.port().to_be_bytes());
    bytes[26..28].copy_from_slice(&remote.port().to_be_bytes());
    for (at, address) in [(28, local), (44, remote)] {
        match address.ip() {
            IpAddr::V4(ip) => bytes[at..at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes[at..at + 16].copy_from_slice(&ip.octets()),
        }
    }
    // No interface, and any cookie.
    bytes[64..72].fill(0xff);
    bytes
}

/// The queues in an `inet_diag_msg`; nothing if there is no such socket.
fn read(answer: &[u8]) -> Result<Option<Queue>, ()> {
    let word = |at: usize| answer.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes);
    let kind = answer.get(4..6).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes);
    match kind {
        Some(BY_FAMILY) => Ok(Some(Queue { unread: word(72).ok_or(())?, unsent: word(76).ok_or(())? })),
        Some(ERROR) => {
            const NO_ENTRY: i32 = -2;
            const STALE: i32 = -116;
            match word(16).map(u32::cast_signed) {
                Some(NO_ENTRY | STALE) => Ok(None),
                _ => Err(()),
            }
        }
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn bytes_that_nobody_has_read_are_seen() {
        let queues = Queues::open();
        if !queues.work() {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut ours, theirs) = listener.accept().unwrap();
        let pair = (ours.local_addr().unwrap(), theirs);
        assert_eq!(queues.of(pair), [Some(Queue::default()); 2]);
        client.write_all(b"hello").unwrap();
        assert_eq!(queues.of(pair)[0], Some(Queue { unread: 5, unsent: 0 }));
        ours.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(queues.of(pair), [Some(Queue::default()); 2]);
        ours.set_nonblocking(true).unwrap();
        while ours.write(&[0; 65536]).is_ok() {}
        let [sent, _] = queues.of(pair);
        assert!(sent.unwrap().unsent > 0, "what does not fit the client's window");
        drop((client, ours));
        let gone = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(queues.of((gone, gone)), [None, None]);
    }
}
