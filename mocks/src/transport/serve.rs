//! Serves one connection: hyper speaks HTTP/1.1 and HTTP/2, the endpoint decides, the wrapper cuts.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;

use super::Stream;
use super::wire::{Line, Wire};
use crate::endpoint::{Endpoint, Sent, Served};
use crate::fault::{Break, http_date};
use crate::journal::{By, How, Seq};
use crate::protocol::Reply;
use crate::request::Request;

/// Serves a connection to its end and records how it ended.
pub(super) async fn serve<S: Stream>(endpoint: Endpoint, mut stream: S) {
    let (connection, reset) = endpoint.connected();
    if let Some(step) = reset {
        stream.arm_reset();
        drop(stream);
        endpoint.reset_at_connect(connection, step);
        return;
    }
    let line = Line::new(endpoint.clone());
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // hyper's own date reads the machine's clock; ours comes from the run's. Idle connections stay open:
    // closing them would be a fault that no scenario asked for.
    builder
        .http1()
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(endpoint.limits().head_bytes.max(8192));
    builder.http2().auto_date_header(false).timer(TokioTimer::new());
    let service = {
        let line = Arc::clone(&line);
        service_fn(move |request| handle(Arc::clone(&line), connection, request))
    };
    let wire = Wire { stream, line: Arc::clone(&line) };
    // The wire is dropped, and the connection with it, when either branch ends.
    let cut = tokio::select! {
        biased;
        how = line.cut_now() => Some(how),
        _ = builder.serve_connection(TokioIo::new(wire), service) => None,
    };
    let in_hand = line.unanswered();
    let (by, how) = match cut {
        Some(how) => (By::Fault, how),
        None => line.peer().map_or((By::Endpoint, How::Fin), |how| (By::Client, how)),
    };
    endpoint.closed(connection, in_hand, by, how);
}

async fn handle(
    line: Arc<Line>,
    connection: u64,
    request: http::Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let endpoint = line.endpoint().clone();
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, endpoint.limits().body_bytes).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(unreadable(&endpoint, connection, &*error)),
    };
    let mut headers = parts.headers;
    if !headers.contains_key(http::header::HOST)
        && let Some(host) = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok())
    {
        headers.insert(http::header::HOST, host);
    }
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    let Served { seq, delay, mut reply, r#break, effect_after, mut effect } = endpoint.receive(connection, request);
    line.begin(seq);
    if !delay.is_zero() {
        endpoint.clock().sleep(delay).await;
    }
    match r#break {
        Some(Break::BlackHole) => std::future::pending::<()>().await,
        Some(Break::Close) => {
            line.cut(How::Fin, false);
            std::future::pending::<()>().await;
        }
        Some(Break::ResetAtRequest | Break::ResetAtConnect) => {
            if effect_after {
                endpoint.complete(seq);
            }
            line.cut(How::Reset, false);
            std::future::pending::<()>().await;
        }
        _ => {}
    }
    if effect_after && let Some(normal) = endpoint.complete(seq) {
        effect = normal.class.is_none();
        reply.get_or_insert(normal);
    }
    let reply = reply.unwrap_or_else(|| Reply::ok(200, "text/plain", ""));
    let limit = match r#break {
        Some(Break::ResetAtHeaders) => Some((0, How::Reset)),
        Some(Break::ResetInBody(after)) => Some((shorter(after, &reply), How::Reset)),
        Some(Break::Truncate(after)) => Some((shorter(after, &reply), How::Fin)),
        _ => None,
    };
    line.answering(seq, Sent::of(&reply, effect, endpoint.clock()));
    Ok(response(&reply, &endpoint, Some((line, seq)), limit))
}

/// Bytes of the body to send: as scripted, but never all of them.
fn shorter(after: u64, reply: &Reply) -> u64 {
    after.min((reply.body.len() as u64).saturating_sub(1))
}

/// The answer to a request whose body is too long, or is not what its head says.
fn unreadable(endpoint: &Endpoint, connection: u64, error: &(dyn std::error::Error + 'static)) -> Response<Answer> {
    let (status, why) = if error.is::<LengthLimitError>() {
        (413, format!("its body is longer than {} bytes", endpoint.limits().body_bytes))
    } else {
        (400, format!("its body could not be read: {error}"))
    };
    endpoint.refused(connection, &why);
    let text = format!("brownout: this request was refused, {why}\n");
    response(&Reply::ok(status, "text/plain", text), endpoint, None, None)
}

fn response(
    reply: &Reply,
    endpoint: &Endpoint,
    line: Option<(Arc<Line>, Seq)>,
    limit: Option<(u64, How)>,
) -> Response<Answer> {
    let announced = reply.body.len() as u64;
    if announced == 0
        && let Some((line, seq)) = &line
    {
        // hyper does not poll an empty body.
        if let Some((_, how)) = limit {
            line.cut(how, true);
        } else {
            line.done(*seq);
        }
    }
    let mut response = Response::new(Answer { rest: Some(reply.body.clone()), announced, limit, line });
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.reserve(reply.headers.len() + 2);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.append(name, value);
        }
    }
    if let Ok(date) = HeaderValue::try_from(http_date(endpoint.clock().date())) {
        headers.entry(http::header::DATE).or_insert(date);
    }
    response
}

/// The body of an answer: whole, or up to where a fault cuts it.
#[derive(Debug)]
struct Answer {
    rest: Option<Bytes>,
    announced: u64,
    limit: Option<(u64, How)>,
    line: Option<(Arc<Line>, Seq)>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match (self.rest.take(), self.limit) {
            (Some(bytes), None) => {
                if let Some((line, seq)) = &self.line {
                    line.done(*seq);
                }
                if bytes.is_empty() { Poll::Ready(None) } else { Poll::Ready(Some(Ok(Frame::data(bytes)))) }
            }
            (Some(bytes), Some((bytes_sent, _))) if bytes_sent > 0 => {
                let end = usize::try_from(bytes_sent).unwrap_or(usize::MAX).min(bytes.len());
                Poll::Ready(Some(Ok(Frame::data(bytes.slice(..end)))))
            }
            (_, Some((_, how))) => {
                // What is with hyper is flushed while this body waits; then the wire is cut.
                if let Some((line, _)) = &self.line {
                    line.cut(how, true);
                }
                Poll::Pending
            }
            (None, None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.limit.is_none() && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.rest, self.limit) {
            (Some(_), _) => SizeHint::with_exact(self.announced),
            (None, None) => SizeHint::with_exact(0),
            (None, Some(_)) => SizeHint::new(),
        }
    }
}
