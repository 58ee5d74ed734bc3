//! Asks another endpoint for the normal answer, and hands it on: hop by hop what belongs to one hop, all else as it
//! came.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::wire::Line;
use crate::clock::Hold;
use crate::endpoint::{Endpoint, Sent, Upstream};
use crate::journal::Seq;
use crate::protocol::{Reply, error_code};
use crate::request::{CALL_HEADER, Request};
use crate::service::class_of;

/// A request body: read before, or handed on as it comes.
type Outbound = Either<Full<Bytes>, Incoming>;

/// How long the upstream may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of the answer to a reset is read.
const RESET_BYTES: usize = 1 << 20;

/// What asks the upstream of an endpoint, on a new connection each time: one that is kept may be gone when it is used
/// again, and that would be a fault which no scenario asked for.
#[derive(Debug)]
pub(super) struct Asker {
    upstream: Upstream,
    client: Client<HttpConnector, Outbound>,
}

/// What the upstream said.
pub(super) enum Said {
    /// All of it.
    Whole(Reply),
    /// Its head; the body follows as it comes.
    Head(Box<http::response::Parts>, Incoming),
}

impl Said {
    /// Whether the operation took effect.
    pub(super) fn did(&self) -> bool {
        match self {
            Self::Whole(reply) => reply.class.is_none(),
            Self::Head(..) => true,
        }
    }
}

impl Asker {
    /// One, if the endpoint has an upstream.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Arc<Self>> {
        let upstream = endpoint.upstream()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        Some(Arc::new(Self {
            upstream,
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector),
        }))
    }

    /// Asks it. `body` is the rest of a request that was not read; `whole` says that the answer has to be known
    /// before any of it is sent. Errors are always read whole, for the journal.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        seq: Seq,
        request: &Request,
        body: Option<Incoming>,
        whole: bool,
    ) -> Said {
        let _hold = endpoint.clock().hold();
        let failed = |why: String| {
            endpoint.upstream_failed(seq, &why);
            let text = format!("brownout: the upstream {} {why}\n", self.upstream.address());
            let mut reply = Reply::ok(502, "text/plain", text);
            reply.class = Some(class_of("", 502));
            Said::Whole(reply)
        };
        let answer = match self.client.request(self.outbound(request, body)).await {
            Ok(answer) => answer,
            Err(error) => return failed(format!("did not answer: {}", root(&error))),
        };
        let (mut parts, body) = answer.into_parts();
        strip(&mut parts.headers);
        if !whole && parts.status.as_u16() < 400 {
            return Said::Head(Box::new(parts), body);
        }
        let limit = endpoint.limits().body_bytes;
        match Limited::new(body, limit).collect().await {
            Ok(body) => Said::Whole(reply(&parts, body.to_bytes(), request.method == http::Method::HEAD)),
            Err(error) => failed(format!("did not finish its answer: {}", root(&*error))),
        }
    }

    /// Tells it to forget everything, if the scenario says how.
    pub(super) async fn reset(&self) -> Result<(), String> {
        let Some(path) = self.upstream.reset() else { return Ok(()) };
        let mut request = http::Request::new(Either::Left(Full::default()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri(path);
        let failed = |why: String| Err(format!("the upstream {} {why}", self.upstream.address()));
        match self.client.request(request).await {
            Err(error) => failed(format!("did not answer: {}", root(&error))),
            Ok(answer) if !answer.status().is_success() => {
                failed(format!("did not forget its state: POST {path} was answered with {}", answer.status()))
            }
            Ok(answer) => {
                // It is done when its answer is whole.
                let _ = Limited::new(answer.into_body(), RESET_BYTES).collect().await;
                Ok(())
            }
        }
    }

    fn uri(&self, target: &str) -> http::Uri {
        let uri = http::Uri::builder().scheme("http").authority(self.upstream.address().authority().clone());
        uri.path_and_query(target).build().unwrap_or_default()
    }

    /// The request as it goes on. `Host` stays: it is signed, and an emulator makes its addresses of it.
    fn outbound(&self, request: &Request, body: Option<Incoming>) -> http::Request<Outbound> {
        let target =
            if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
        let body = body.map_or_else(|| Either::Left(Full::new(request.body.clone())), Either::Right);
        let mut outbound = http::Request::new(body);
        *outbound.method_mut() = request.method.clone();
        *outbound.uri_mut() = self.uri(&target);
        let mut headers = request.headers.clone();
        strip(&mut headers);
        headers.remove(CALL_HEADER);
        // Whoever wanted a 100 has had it by now, from us.
        headers.remove(header::EXPECT);
        headers.append(header::VIA, HeaderValue::from_static("1.1 brownout"));
        *outbound.headers_mut() = headers;
        outbound
    }
}

/// The innermost cause: "client error (Connect)" helps nobody.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Headers that are about one hop (RFC 9110 7.6.1), beside those that `Connection` names.
const HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes away what is about one hop.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP) {
        headers.remove(name);
    }
}

/// An answer that was read whole. Its length is the transport's to say, but for a HEAD.
fn reply(parts: &http::response::Parts, body: Bytes, head: bool) -> Reply {
    let status = parts.status.as_u16();
    let code = if status >= 400 { error_code(&parts.headers, &body) } else { None };
    let class = (status >= 400).then(|| class_of(code.as_deref().unwrap_or_default(), status));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().filter(|(name, _)| head || **name != header::CONTENT_LENGTH);
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Reply { headers, code, class, ..Reply::ok(status, "", body) }
}

/// What there is to say of an answer of which only the head is known.
pub(super) fn sent(parts: &http::response::Parts, body: &Incoming, endpoint: &Endpoint) -> Sent {
    let mut sent = Sent::of(&reply(parts, Bytes::new(), false), endpoint.clock());
    sent.body_bytes = body.size_hint().exact().unwrap_or(0);
    sent
}

/// The body of an upstream's answer on its way to the client.
pub(super) struct Relay {
    body: Incoming,
    bytes: u64,
    line: Arc<Line>,
    seq: Seq,
    over: bool,
    _hold: Option<Hold>,
}

impl Relay {
    pub(super) fn new(body: Incoming, line: Arc<Line>, seq: Seq) -> Self {
        let hold = line.endpoint().clock().hold();
        let mut relay = Self { body, bytes: 0, line, seq, over: false, _hold: hold };
        if relay.body.is_end_stream() {
            // hyper does not poll an empty body.
            relay.finish();
        }
        relay
    }

    fn finish(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.line.done_after(self.seq, self.bytes);
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &polled {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.body.is_end_stream() {
                    self.finish();
                }
            }
            Some(Err(error)) => {
                let why = format!("broke off its answer: {}", root(error));
                self.line.endpoint().upstream_failed(self.seq, &why);
            }
            None => self.finish(),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
