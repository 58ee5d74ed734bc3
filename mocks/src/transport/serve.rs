//! Serves one connection: hyper speaks HTTP/1.1 and HTTP/2, the wrapper cuts.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Stream;
use super::handle::handle;
use super::streams::Streams;
use super::tls::Tls;
use super::upstream::Asker;
use super::wire::{Line, Wire};
use crate::endpoint::Endpoint;
use crate::journal::{By, How};
use crate::units::short;

/// What all connections of a transport share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    pub(super) upstream: Option<Arc<Asker>>,
    pub(super) tls: Option<Tls>,
}

/// Serves a connection to its end and records how it ended.
pub(super) async fn serve<S: Stream>(shared: Shared, mut stream: S) {
    let Shared { endpoint, upstream, tls } = shared;
    let (connection, reset) = endpoint.connected();
    if let Some(step) = reset {
        stream.arm_reset();
        drop(stream);
        endpoint.reset_at_connect(connection, step);
        return;
    }
    let Some(tls) = tls else { return speak(endpoint, upstream, connection, stream).await };
    let patience = endpoint.limits().request_time;
    let agreed = tokio::select! {
        biased;
        agreed = tls.accept(stream) => agreed,
        () = endpoint.clock().sleep(patience) => Err(io::ErrorKind::TimedOut.into()),
    };
    match agreed {
        Ok(stream) => speak(endpoint, upstream, connection, stream).await,
        Err(error) => {
            endpoint.refused(connection, &format!("TLS could not be agreed on: {error}"));
            endpoint.closed(connection, None, By::Client, How::Fin);
        }
    }
}

/// Speaks HTTP over a connection that is ready for it.
async fn speak<S: Stream>(endpoint: Endpoint, upstream: Option<Arc<Asker>>, connection: u64, stream: S) {
    let line = Line::new(endpoint.clone(), connection);
    let (streams, mut panics) = Streams::new();
    let mut builder = auto::Builder::new(streams);
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
        service_fn(move |request| handle(Arc::clone(&line), upstream.clone(), connection, request))
    };
    let slot = Arc::new(Mutex::new(None));
    let wire = Wire::new(stream, Arc::clone(&line), Arc::clone(&slot));
    // The wire is dropped, and hands its stream back, when either branch ends.
    let mut broken = None;
    let cut = tokio::select! {
        biased;
        how = line.cut_now() => Some(how),
        served = builder.serve_connection(TokioIo::new(wire), service) => {
            broken = served.err().and_then(|error| malformed(&*error, line.head_begun()));
            None
        }
        Some(panicked) = panics.recv() => std::panic::resume_unwind(panicked.into_panic()),
        () = line.stuck() => {
            let why = format!("its head is not whole after {}", short(endpoint.limits().request_time));
            broken = Some(Malformed { why, answer: Some(REQUEST_TIMEOUT) });
            None
        }
    };
    let mut stream = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let refusal = broken.as_ref().and_then(|b| b.answer).map(Bytes::from_static).or_else(|| line.take_refusal());
    if let (Some(stream), Some(bytes)) = (&mut stream, line.take_raw().or(refusal)) {
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }
    if let (Some(stream), Some(How::Reset)) = (&mut stream, cut) {
        stream.arm_reset();
    }
    if let Some(broken) = &broken {
        endpoint.refused(connection, &broken.why);
    }
    let in_hand = line.unanswered();
    let (by, how) = match cut {
        Some(how) => (By::Fault, how),
        None => line.peer().map_or((By::Endpoint, How::Fin), |how| (By::Client, how)),
    };
    endpoint.closed(connection, in_hand, by, how);
    if let Some(stream) = stream
        && (cut == Some(How::Fin) || broken.is_some() || line.lingers())
    {
        linger(&endpoint, stream).await;
    }
}

/// Something that no request can be made of.
struct Malformed {
    why: String,
    /// What is to be answered, if hyper has not done it.
    answer: Option<&'static [u8]>,
}

/// What hyper does not say to a client that ended in the middle of a head.
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What is said to one that stopped there.
const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What is wrong with what came over a connection, if its end is the client's mistake and not just an end. A client
/// that goes away when no head has `begun` has given up waiting, which is its right.
fn malformed(error: &(dyn std::error::Error + 'static), begun: bool) -> Option<Malformed> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                return Some(Malformed { why: format!("its head could not be read: {error}"), answer: None });
            }
            if error.is_incomplete_message() && begun {
                return Some(Malformed { why: "its head is not whole".to_owned(), answer: Some(BAD_REQUEST) });
            }
        }
        if let Some(error) = error.downcast_ref::<h2::Error>()
            && error.is_go_away()
            && error.is_library()
        {
            return Some(Malformed { why: format!("its HTTP/2 frames could not be read: {error}"), answer: None });
        }
        cause = error.source();
    }
    None
}

/// How long an ended connection is read on, and how much of it.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 64 << 20);

/// Ends a connection in good order: a kernel that is left with unread bytes resets instead, and takes away what
/// the client has not read yet.
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
