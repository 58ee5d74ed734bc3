//! The trap: a proxy that catches what a client sends to a real host, answers it with an error, and
//! records where it wanted to go. Nothing is ever forwarded but what was meant for the endpoint.

use std::net::SocketAddr;
use std::time::Duration;

use brownout_mocks::clock::Clock;
use brownout_mocks::journal::{EventKind, Recorder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The longest request head that is looked at.
const HEAD_MAX: usize = 8 << 10;

/// Most connections that the trap holds at a time.
const CONNECTIONS_MAX: usize = 256;

/// A listening trap.
#[derive(Debug)]
pub struct Trap {
    listener: TcpListener,
    address: SocketAddr,
}

impl Trap {
    /// Listens on a free loopback port.
    pub async fn bind() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Catches for ever. Dropping the future ends it.
    pub async fn serve(&self, endpoint: SocketAddr, clock: Clock, recorder: Recorder) {
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let Ok((stream, _)) = self.listener.accept().await else {
                clock.sleep(Duration::from_millis(5)).await;
                continue;
            };
            if tasks.len() < CONNECTIONS_MAX {
                tasks.spawn(caught(stream, endpoint, clock.clone(), recorder.clone()));
            }
        }
    }
}

async fn caught(mut stream: TcpStream, endpoint: SocketAddr, clock: Clock, recorder: Recorder) {
    let mut head = Vec::new();
    let read = async {
        while head.len() < HEAD_MAX && !head.windows(4).any(|w| w == b"\r\n\r\n") {
            if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), read).await.is_err() || head.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let Some((host, request)) = wanted(&text) else { return };
    if host.parse::<SocketAddr>() == Ok(endpoint) {
        // A client that does not heed NO_PROXY still reaches us.
        if let Ok(mut to) = TcpStream::connect(endpoint).await {
            if request == "CONNECT" {
                let _ = stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await;
            } else {
                let _ = to.write_all(&head).await;
            }
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut to).await;
        }
        return;
    }
    recorder.push(clock.now(), EventKind::Escaped { host: host.clone(), request });
    let answer = refusal(&host, text.to_ascii_lowercase().contains("\r\nx-amz-target:"));
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// An error that SDKs can read: JSON for those that speak it, else XML.
fn refusal(host: &str, json: bool) -> String {
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-.:[]_".contains(*c)).collect();
    let message = format!("brownout caught a request for {host}: this client does not use AWS_ENDPOINT_URL for it");
    let (content_type, body) = if json {
        ("application/x-amz-json-1.0", format!("{{\"__type\":\"EscapedEndpoint\",\"message\":\"{message}\"}}\n"))
    } else {
        let error = format!("<Error><Code>EscapedEndpoint</Code><Message>{message}</Message></Error>");
        ("text/xml", format!("<ErrorResponse>{error}<RequestId>brownout</RequestId></ErrorResponse>\n"))
    };
    format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: {content_type}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Host and request of a proxy request: `CONNECT host:port`, or an absolute URI.
fn wanted(head: &str) -> Option<(String, String)> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    if method == "CONNECT" {
        return Some((target.to_owned(), "CONNECT".to_owned()));
    }
    let uri: http::Uri = target.parse().ok()?;
    let host = uri.authority().map(|a| a.as_str().rsplit('@').next().unwrap_or_default().to_owned()).or_else(|| {
        head.lines()
            .find_map(|l| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("host")))
            .map(|(_, v)| v.trim().to_owned())
    })?;
    let target = head.lines().find_map(|l| {
        l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("x-amz-target")).map(|(_, v)| v.trim().to_owned())
    });
    Some((host, target.unwrap_or_else(|| format!("{method} {}", uri.path()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trap_reads_where_a_request_wanted_to_go() {
        let of = |head: &str| wanted(head).unwrap();
        assert_eq!(
            of("CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n\r\n"),
            ("sts.amazonaws.com:443".into(), "CONNECT".into())
        );
        assert_eq!(of("GET http://s3.amazonaws.com/b/k HTTP/1.1\r\n\r\n").1, "GET /b/k");
        assert!(wanted("nonsense").is_none());
    }
}
