//! One request: reads it, asks the endpoint, and carries out what it says.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Either};
use hyper::body::Incoming;

use super::body::{Answer, End};
use super::upstream::{Asker, Relay, Said, sent};
use super::wire::Line;
use crate::endpoint::{Endpoint, Forward, Sent, Served};
use crate::fault::{Break, Pace, http_date};
use crate::journal::{How, Seq};
use crate::protocol::Reply;
use crate::request::Request;
use crate::units::short;

/// A body on its way to the client: of our own making, or an upstream's.
type Outgoing = Either<Answer, Relay>;

/// What ends a request without an answer.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Request bodies up to this long are read before anything is decided, whatever they hold.
const READ_FIRST: u64 = 1 << 20;

pub(super) async fn handle(
    line: Arc<Line>,
    upstream: Option<Arc<Asker>>,
    connection: u64,
    request: http::Request<Incoming>,
) -> Result<Response<Outgoing>, Ended> {
    let endpoint = line.endpoint().clone();
    let _busy = line.busy();
    let (parts, body) = request.into_parts();
    // What an upstream is to have need not be held here, unless it says what is asked.
    let mut later = None;
    let body = if upstream.is_some() && !tells(&parts.headers) && !small(&body) {
        later = Some(body);
        Bytes::new()
    } else {
        match read(&line, connection, body, &parts.headers).await {
            Ok(body) => body,
            Err(refusal) => {
                let body = Answer::new(&refusal.body, None, End::Whole, None, None);
                return Ok(response(&refusal, endpoint.clock().date(), body));
            }
        }
    };
    let mut headers = parts.headers;
    if !headers.contains_key(header::HOST)
        && let Some(host) = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok())
    {
        headers.insert(header::HOST, host);
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
    let Served { seq, delay, mut reply, pace, shift, r#break, effect_after, mut forward } =
        endpoint.receive(connection, request);
    line.begin(seq);
    let (limit, end) = end(r#break);
    // Only an answer that nobody touches can be handed on while it comes.
    let whole = reply.is_some() || end != End::Whole || pace.is_some();
    let silent = r#break == Some(Break::BlackHole);
    let relay = async |forward: Box<Forward>, body: Option<Incoming>| {
        let said = relay(&endpoint, upstream.as_deref()?, seq, &forward, body, whole).await;
        if said.as_ref().is_some_and(Said::did) {
            endpoint.upstream_did(seq, silent);
        }
        said
    };
    let mut said = None;
    if forward.is_none()
        && let Some(body) = later.take()
    {
        // Nobody wants it, but an answer before its end would look like a broken connection.
        drain(body).await;
    }
    if let Some(forward) = forward.take_if(|_| !effect_after) {
        said = relay(forward, later.take()).await;
    }
    if !delay.is_zero() {
        endpoint.clock().sleep(delay).await;
    }
    let late = async |forward: Option<Box<Forward>>, body: Option<Incoming>| match forward {
        Some(forward) => relay(forward, body).await,
        None => endpoint.complete(seq).map(Said::Whole),
    };
    match r#break {
        Some(Break::BlackHole) => std::future::pending::<()>().await,
        Some(Break::Close) => {
            line.cut(How::Fin, false);
            std::future::pending::<()>().await;
        }
        Some(Break::ResetAtRequest | Break::ResetAtConnect) => {
            if effect_after {
                late(forward.take(), later.take()).await;
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
            return Err(h2::Error::from(h2::Reason::from(code)).into());
        }
        _ => {}
    }
    if effect_after {
        said = late(forward.take(), later.take()).await;
    }
    match said {
        Some(Said::Head(parts, body)) if reply.is_none() => {
            line.answering(seq, sent(&parts, &body, &endpoint));
            let mut response = Response::new(Either::Right(Relay::new(body, line, seq)));
            *response.status_mut() = parts.status;
            *response.headers_mut() = parts.headers;
            date(response.headers_mut(), endpoint.clock().date(), shift.map(|s| s.apply(endpoint.clock().date())));
            return Ok(response);
        }
        Some(Said::Whole(normal)) => {
            reply.get_or_insert(normal);
        }
        _ => {}
    }
    let reply = reply.unwrap_or_else(|| Reply::ok(200, "text/plain", ""));
    if let (Some(Pace::Stall { pause, .. }), true) = (pace, reply.body.is_empty()) {
        // There is no body to stop in: the whole answer waits.
        endpoint.clock().sleep(pause).await;
    }
    line.answering(seq, Sent::of(&reply, endpoint.clock()));
    let pace = pace.map(|pace| (pace, endpoint.clock().clone()));
    let body = Answer::new(&reply.body, limit, end, pace, Some((line, seq)));
    let now = endpoint.clock().date();
    let mut response = response(&reply, now, body);
    if let Some(shift) = shift {
        date(response.headers_mut(), now, Some(shift.apply(now)));
    }
    Ok(response)
}

/// How many bytes of the body are sent, and what comes then.
fn end(r#break: Option<Break>) -> (Option<u64>, End) {
    match r#break {
        Some(Break::ResetAtHeaders) => (Some(0), End::Cut(How::Reset)),
        Some(Break::ResetInBody(after)) => (Some(after), End::Cut(How::Reset)),
        Some(Break::Truncate(after)) => (Some(after), End::Cut(How::Fin)),
        Some(Break::ResetStream(code, Some(after))) => (Some(after), End::Stream(code)),
        _ => (None, End::Whole),
    }
}

/// Whether the body says which operation is asked, and of what.
fn tells(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    headers.contains_key("x-amz-target")
        || ["application/x-www-form-urlencoded", "application/json", "application/x-amz-json", "application/cbor"]
            .iter()
            .any(|known| kind.starts_with(known))
}

fn small(body: &Incoming) -> bool {
    body.size_hint().exact().is_some_and(|bytes| bytes <= READ_FIRST)
}

/// Reads a body to its end and forgets it.
async fn drain(mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// What the upstream says to a request.
async fn relay(
    endpoint: &Endpoint,
    asker: &Asker,
    seq: Seq,
    forward: &Forward,
    body: Option<Incoming>,
    whole: bool,
) -> Option<Said> {
    let attempt = &forward.attempt;
    let mut said = asker.ask(endpoint, seq, &attempt.request, body, whole || forward.corrupt).await;
    if let Said::Whole(reply) = &mut said
        && forward.corrupt
        && reply.class.is_none()
    {
        attempt.service.corrupt(attempt, reply);
    }
    Some(said)
}

/// A GOAWAY frame after so many earlier requests on the connection: clients number their streams 1, 3, 5…
fn goaway(earlier: u32, code: u32) -> Bytes {
    let last = (2 * earlier).saturating_sub(1);
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame.into()
}

/// So much more than the limit is read of a body that is too long, so that its client hears why and not that the
/// connection broke.
const PATIENCE: u64 = 16;

/// Reads a body whole, or refuses it.
async fn read(line: &Line, connection: u64, mut body: Incoming, headers: &HeaderMap) -> Result<Bytes, Reply> {
    let limits = line.endpoint().limits();
    let (most, patience) = (limits.body_bytes as u64, limits.request_time);
    let refuse = |status, why: String| refuse(line, connection, status, &why);
    let too_long = || refuse(413, format!("its body is longer than {most} bytes"));
    if headers.contains_key(header::EXPECT) && body.size_hint().lower() > most {
        // Its client asks before it sends; nothing need be sent.
        return Err(too_long());
    }
    let announced = body.size_hint().lower().min(most).min(READ_FIRST);
    let mut whole = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    // Said as soon as it is known: a client that has sent all may end its side, and hyper looks no further then.
    let mut refusal = None;
    let mut seen = 0u64;
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = line.endpoint().clock().sleep(patience) => {
                let why = format!("nothing more of its body came for {}", short(patience));
                return Err(refusal.unwrap_or_else(|| refuse(408, why)));
            }
        };
        let data = match frame {
            None => break,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => {
                return Err(refusal.unwrap_or_else(|| refuse(400, format!("its body could not be read: {error}"))));
            }
        };
        seen += data.len() as u64;
        if seen == data.len() as u64 && seen <= most && body.is_end_stream() {
            return Ok(data);
        }
        if seen <= most {
            whole.extend_from_slice(&data);
        } else if refusal.is_none() {
            refusal = Some(too_long());
        }
        if seen > most.saturating_mul(PATIENCE) {
            break;
        }
    }
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(whole.freeze()),
    }
}

/// Notes that a request is refused, and what its client is to hear of it.
fn refuse(line: &Line, connection: u64, status: u16, why: &str) -> Reply {
    line.endpoint().refused(connection, why);
    let text = format!("brownout: this request was refused, {why}\n");
    let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or_default();
    let head = format!("HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-type: text/plain\r\n");
    line.has_refused(format!("{head}content-length: {}\r\n\r\n{text}", text.len()).into());
    Reply::ok(status, "text/plain", text).with("connection", "close")
}

fn response(reply: &Reply, now: SystemTime, body: Answer) -> Response<Outgoing> {
    let mut response = Response::new(Either::Left(body));
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.reserve(reply.headers.len() + 2);
    for (name, value) in &reply.headers {
        if name.eq_ignore_ascii_case("content-length") && !reply.body.is_empty() {
            // hyper says how long it is; another number would make it panic.
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.append(name, value);
        }
    }
    date(headers, now, None);
    response
}

/// Dates an answer that has no date, or one whose clock is off.
fn date(headers: &mut HeaderMap, now: SystemTime, shifted: Option<SystemTime>) {
    if (shifted.is_some() || !headers.contains_key(header::DATE))
        && let Ok(date) = HeaderValue::try_from(http_date(shifted.unwrap_or(now)))
    {
        headers.insert(header::DATE, date);
    }
}
