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

/// One end of a connection, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Queue {
    /// Written by the program and not yet acknowledged by the other end, which takes its time.
    unacknowledged: u32,
    /// Of these, how many have not even been sent.
    unsent: u32,
    /// All that were ever sent, each once.
    sent: u64,
    /// All that ever came.
    received: u64,
}

/// Whether bytes are on their way from one end to the other. What the other end has received is with its program,
/// whether or not it has been acknowledged.
pub(super) fn flows([ours, theirs]: [Option<Queue>; 2]) -> bool {
    let leaves = |from: Option<Queue>, to: Option<Queue>| match (from, to) {
        (Some(from), _) if from.unacknowledged == 0 => false,
        (Some(from), Some(to)) => from.unsent > 0 || from.sent > to.received,
        (Some(_), None) => true,
        (None, _) => false,
    };
    leaves(ours, theirs) || leaves(theirs, ours)
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
        let mut answer = [0; 1024];
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
    const WITH_INFO: u8 = 2;
    let mut bytes = [0; LENGTH];
    bytes[0..4].copy_from_slice(&(LENGTH as u32).to_ne_bytes());
    bytes[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
    bytes[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
    bytes[16] = if local.is_ipv4() { INET } else { INET6 };
    bytes[17] = TCP;
    bytes[18] = WITH_INFO;
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

/// The queues in an `inet_diag_msg` and the `tcp_info` behind it; nothing if there is no such socket. One that only
/// waits for its end has no `tcp_info`, and nothing to send.
fn read(answer: &[u8]) -> Result<Option<Queue>, ()> {
    const INFO: u16 = 2;
    let half = |at: usize| answer.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes);
    let word = |at: usize| answer.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes);
    let long = |at: usize| answer.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_ne_bytes);
    match half(4) {
        Some(BY_FAMILY) => {
            let mut queue = Queue { unacknowledged: word(76).ok_or(())?, ..Queue::default() };
            let mut at = 88;
            while let (Some(length), Some(kind)) = (half(at), half(at + 2)) {
                if kind == INFO {
                    let info = at + 4;
                    // Places in `tcp_info`, which only ever grows; kernels before 4.19 lack the last two.
                    queue.received = long(info + 128).ok_or(())?;
                    queue.unsent = word(info + 144).ok_or(())?;
                    queue.sent = long(info + 200).ok_or(())?.saturating_sub(long(info + 208).ok_or(())?);
                }
                at += usize::from(length).max(4).next_multiple_of(4);
            }
            Ok(Some(queue))
        }
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
    fn bytes_on_their_way_are_seen() {
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
        let [_, sent] = queues.of(pair);
        assert_eq!(sent.unwrap().sent, 5);
        ours.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(queues.of(pair)[0].unwrap().received, 5);
        assert!(!flows(queues.of(pair)), "all that was sent has come");
        ours.set_nonblocking(true).unwrap();
        while ours.write(&[0; 4096]).is_ok() {}
        assert!(flows(queues.of(pair)), "what does not fit the client's window");
        drop((client, ours));
        let gone = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(queues.of((gone, gone)), [None, None]);
    }
}
