//! Serves one connection: hyper speaks HTTP/1.1 and HTTP/2, the endpoint decides, the wrapper cuts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Stream;
use super::body::{Answer, End};
use super::wire::{Line, Wire};
use crate::endpoint::{Endpoint, Sent, Served};
use crate::fault::{Break, Pace, http_date};
use crate::journal::{By, How};
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
    let line = Line::new(endpoint.clone(), connection);
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
    let slot = Arc::new(Mutex::new(None));
    let wire = Wire::new(stream, Arc::clone(&line), Arc::clone(&slot));
    // The wire is dropped, and hands its stream back, when either branch ends.
    let cut = tokio::select! {
        biased;
        how = line.cut_now() => Some(how),
        _ = builder.serve_connection(TokioIo::new(wire), service) => None,
    };
    let mut stream = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Some(stream), Some(bytes)) = (&mut stream, line.take_raw()) {
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }
    if let (Some(stream), Some(How::Reset)) = (&mut stream, cut) {
        stream.arm_reset();
    }
    let in_hand = line.unanswered();
    let (by, how) = match cut {
        Some(how) => (By::Fault, how),
        None => line.peer().map_or((By::Endpoint, How::Fin), |how| (By::Client, how)),
    };
    endpoint.closed(connection, in_hand, by, how);
    if let (Some(stream), Some(How::Fin)) = (stream, cut) {
        linger(&endpoint, stream).await;
    }
}

/// How long an ended connection is read on, and how much of it.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 1 << 20);

/// Ends a connection in good order: a kernel that is left with unread bytes resets instead.
async fn linger<S: Stream>(endpoint: &Endpoint, mut stream: S) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut sink = tokio::io::sink();
    let mut rest = stream.take(LINGER.1);
    tokio::select! {
        _ = tokio::io::copy(&mut rest, &mut sink) => {}
        () = endpoint.clock().sleep(LINGER.0) => {}
    }
}

async fn handle(
    line: Arc<Line>,
    connection: u64,
    request: http::Request<Incoming>,
) -> Result<Response<Answer>, h2::Error> {
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
        http2: parts.version == http::Version::HTTP_2,
    };
    if let Some(reply) = endpoint.control(&request) {
        let body = Answer::new(&reply.body, None, End::Whole, None, None);
        return Ok(response(&reply, endpoint.clock().date(), body));
    }
    let http2 = request.http2;
    let earlier = line.request();
    let Served { seq, delay, mut reply, pace, shift, r#break, effect_after, mut effect } =
        endpoint.receive(connection, request);
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
        Some(Break::Garbage(part)) => {
            line.cut_with(part.bytes(http2));
            std::future::pending::<()>().await;
        }
        Some(Break::GoAway(code)) => {
            line.cut_with(goaway(earlier, code));
            std::future::pending::<()>().await;
        }
        Some(Break::ResetStream(code, None)) => {
            line.reset_stream(seq, code);
            return Err(h2::Reason::from(code).into());
        }
        _ => {}
    }
    if effect_after && let Some(normal) = endpoint.complete(seq) {
        effect = normal.class.is_none();
        reply.get_or_insert(normal);
    }
    let reply = reply.unwrap_or_else(|| Reply::ok(200, "text/plain", ""));
    let (limit, end) = match r#break {
        Some(Break::ResetAtHeaders) => (Some(0), End::Cut(How::Reset)),
        Some(Break::ResetInBody(after)) => (Some(after), End::Cut(How::Reset)),
        Some(Break::Truncate(after)) => (Some(after), End::Cut(How::Fin)),
        Some(Break::ResetStream(code, Some(after))) => (Some(after), End::Stream(code)),
        _ => (None, End::Whole),
    };
    if let (Some(Pace::Stall { pause, .. }), true) = (pace, reply.body.is_empty()) {
        // There is no body to stop in: the whole answer waits.
        endpoint.clock().sleep(pause).await;
    }
    line.answering(seq, Sent::of(&reply, effect, endpoint.clock()));
    let pace = pace.map(|pace| (pace, endpoint.clock().clone()));
    let body = Answer::new(&reply.body, limit, end, pace, Some((line, seq)));
    let date = endpoint.clock().date();
    Ok(response(&reply, shift.map_or(date, |shift| shift.apply(date)), body))
}

/// A GOAWAY frame after so many earlier requests on the connection: clients number their streams 1, 3, 5…
fn goaway(earlier: u32, code: u32) -> Bytes {
    let last = (2 * earlier).saturating_sub(1);
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame.into()
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
    let reply = Reply::ok(status, "text/plain", text);
    let body = Answer::new(&reply.body, None, End::Whole, None, None);
    response(&reply, endpoint.clock().date(), body)
}

fn response(reply: &Reply, date: SystemTime, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.reserve(reply.headers.len() + 2);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.append(name, value);
        }
    }
    if let Ok(date) = HeaderValue::try_from(http_date(date)) {
        headers.entry(http::header::DATE).or_insert(date);
    }
    response
}
