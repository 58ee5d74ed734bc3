//! The wrapper under hyper: it notes when answers have left, and cuts the connection where a fault says.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::Stream;
use crate::endpoint::{Endpoint, Sent};
use crate::journal::{How, Seq};

/// An attempt between its arrival and the last byte of its answer.
#[derive(Debug)]
struct InHand {
    seq: Seq,
    sent: Option<Sent>,
    done: bool,
}

/// What a connection's wrapper, its service and its bodies share.
#[derive(Debug)]
pub(super) struct Line {
    endpoint: Endpoint,
    connection: u64,
    /// Requests so far.
    requests: AtomicU32,
    /// Bytes that are no answer, to be sent before the connection ends.
    raw: Mutex<Option<Bytes>>,
    in_hand: Mutex<Vec<InHand>>,
    /// Answers whose body is wholly handed to hyper: the next flush sends them off.
    done: AtomicUsize,
    cut: AtomicU8,
    cut_now: Notify,
    flushes: Notify,
    peer: AtomicU8,
    /// What a refused client is to hear if hyper does not come to say it.
    refusal: Mutex<Option<Bytes>>,
    lingers: AtomicBool,
    /// Requests that are being read or answered.
    busy: AtomicUsize,
    /// Whether a part of a head has come, and nothing yet of what follows.
    begun: AtomicBool,
    began: Notify,
    http2: AtomicBool,
    first_write: AtomicBool,
}

const NO: u8 = 0;
const FIN: u8 = 1;
const RESET: u8 = 2;
/// Added to a cut that waits for the next flush.
const AFTER_FLUSH: u8 = 4;

impl Line {
    pub(super) fn new(endpoint: Endpoint, connection: u64) -> Arc<Self> {
        Arc::new(Self {
            endpoint,
            connection,
            requests: AtomicU32::new(0),
            raw: Mutex::default(),
            in_hand: Mutex::default(),
            done: AtomicUsize::new(0),
            cut: AtomicU8::new(NO),
            cut_now: Notify::new(),
            flushes: Notify::new(),
            peer: AtomicU8::new(NO),
            refusal: Mutex::default(),
            lingers: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            begun: AtomicBool::new(false),
            began: Notify::new(),
            http2: AtomicBool::new(false),
            first_write: AtomicBool::new(false),
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// One more request came; returns how many came before it.
    pub(super) fn request(&self) -> u32 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// An attempt is in hand from now on.
    pub(super) fn begin(&self, seq: Seq) {
        self.lock().push(InHand { seq, sent: None, done: false });
    }

    /// Its answer is on its way to hyper.
    pub(super) fn answering(&self, seq: Seq, sent: Sent) {
        if let Some(hand) = self.lock().iter_mut().find(|h| h.seq == seq) {
            hand.sent = Some(sent);
        }
        self.first_write.store(true, Ordering::Relaxed);
    }

    /// Its answer is wholly with hyper.
    pub(super) fn done(&self, seq: Seq) {
        self.finished(seq, None);
    }

    /// The same, where only now it is known how long its body was.
    pub(super) fn done_after(&self, seq: Seq, bytes: u64) {
        self.finished(seq, Some(bytes));
    }

    fn finished(&self, seq: Seq, bytes: Option<u64>) {
        if let Some(hand) = self.lock().iter_mut().find(|h| h.seq == seq && !h.done) {
            hand.done = true;
            if let (Some(bytes), Some(sent)) = (bytes, &mut hand.sent) {
                sent.body_bytes = bytes;
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Cuts the connection: now, or once everything handed to hyper so far has left.
    pub(super) fn cut(&self, how: How, after_flush: bool) {
        let kind = if how == How::Reset { RESET } else { FIN };
        if after_flush {
            self.cut.store(kind | AFTER_FLUSH, Ordering::Relaxed);
        } else {
            self.cut.store(kind, Ordering::Relaxed);
            self.cut_now.notify_one();
        }
    }

    /// Ends the connection in good order after these bytes.
    pub(super) fn cut_with(&self, bytes: Bytes) {
        *self.raw.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
        self.cut(How::Fin, false);
    }

    /// Ends when what hyper holds has left: at its next flush, and a moment for one that was under way. One
    /// that is already over is not waited for long.
    pub(super) async fn flush(&self) {
        let clock = self.endpoint.clock();
        tokio::select! {
            () = self.flushes.notified() => {}
            () = clock.sleep(Duration::from_millis(20)) => {}
        }
        clock.sleep(Duration::from_millis(1)).await;
    }

    /// A request is read and answered for as long as this lives.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.begun.store(false, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Whether a part of a head has come, and not the rest.
    pub(super) fn head_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Bytes came. Between requests they are the beginning of a head; HTTP/2 has frames of its own there.
    fn came(&self, bytes: &[u8], first: bool) {
        if first && bytes.starts_with(b"PRI") {
            self.http2.store(true, Ordering::Relaxed);
        }
        let some = bytes.iter().any(|b| !b"\r\n".contains(b));
        let idle = self.busy.load(Ordering::Relaxed) == 0 && !self.http2.load(Ordering::Relaxed);
        if some && idle && !self.begun.swap(true, Ordering::Relaxed) {
            self.began.notify_one();
        }
    }

    /// Ends when a head has begun and does not go on to its end in time.
    pub(super) async fn stuck(&self) {
        let clock = self.endpoint.clock();
        loop {
            self.began.notified().await;
            let patience = self.endpoint.limits().request_time;
            // One that is whole at once, as nearly all are, needs no timer.
            if self.begun.load(Ordering::Relaxed) {
                clock.sleep(patience).await;
            }
            if self.begun.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// A request was refused of which perhaps not all was read.
    pub(super) fn has_refused(&self, answer: Bytes) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.lingers.store(true, Ordering::Relaxed);
    }

    /// The refusal, if nothing of it has left.
    pub(super) fn take_refusal(&self) -> Option<Bytes> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether what the client still sends is to be read on.
    pub(super) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    /// The bytes that are to be sent before the connection ends.
    pub(super) fn take_raw(&self) -> Option<Bytes> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The stream of an attempt ends here; the connection lives.
    pub(super) fn reset_stream(&self, seq: Seq, code: u32) {
        let mut hands = self.lock();
        let hand = hands.iter().position(|h| h.seq == seq).map(|i| hands.remove(i));
        drop(hands);
        if let Some(mut sent) = hand.and_then(|h| h.sent) {
            sent.cut = true;
            self.endpoint.answered(seq, &sent);
        }
        self.endpoint.stream_reset(self.connection, seq, code);
    }

    /// Waits until the connection is to be cut.
    pub(super) async fn cut_now(&self) -> How {
        self.cut_now.notified().await;
        if self.cut.load(Ordering::Relaxed) & RESET == 0 { How::Fin } else { How::Reset }
    }

    /// How the peer ended its side, if it did.
    pub(super) fn peer(&self) -> Option<How> {
        match self.peer.load(Ordering::Relaxed) {
            FIN => Some(How::Fin),
            RESET => Some(How::Reset),
            _ => None,
        }
    }

    /// The first attempt that has no whole answer. Reports the partial answer of a cut attempt.
    pub(super) fn unanswered(&self) -> Option<Seq> {
        let mut hands = self.lock();
        let first = hands.first().map(|h| h.seq);
        for hand in hands.drain(..) {
            self.endpoint.over(hand.seq);
            if let Some(mut sent) = hand.sent {
                sent.cut = true;
                self.endpoint.answered(hand.seq, &sent);
            }
        }
        first
    }

    fn flushed(&self) {
        self.flushes.notify_waiters();
        if self.done.load(Ordering::Relaxed) > 0 {
            let mut hands = self.lock();
            hands.retain(|hand| {
                if let (true, Some(sent)) = (hand.done, &hand.sent) {
                    self.endpoint.answered(hand.seq, sent);
                    false
                } else {
                    true
                }
            });
            self.done.store(0, Ordering::Relaxed);
        }
        let cut = self.cut.load(Ordering::Relaxed);
        if cut & AFTER_FLUSH != 0 {
            self.cut.store(cut & !AFTER_FLUSH, Ordering::Relaxed);
            self.cut_now.notify_one();
        }
    }

    /// The first byte of an answer leaves.
    fn writing(&self) {
        if self.lingers() {
            self.take_refusal();
        }
        if self.first_write.swap(false, Ordering::Relaxed) {
            let now = self.endpoint.clock().now();
            for hand in self.lock().iter_mut().filter_map(|h| h.sent.as_mut()) {
                hand.first_byte = hand.first_byte.max(now);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<InHand>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request between its head and the last byte of its answer's head.
#[derive(Debug)]
pub(super) struct Busy(Arc<Line>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a wire leaves its stream when it is dropped.
pub(super) type Slot<S> = Arc<Mutex<Option<S>>>;

/// A stream that keeps its [`Line`] informed. hyper owns it; when it is dropped, its stream goes back to
/// the slot, so that bytes which hyper would not write can follow.
#[derive(Debug)]
pub(super) struct Wire<S: Stream> {
    stream: Option<S>,
    line: Arc<Line>,
    slot: Slot<S>,
    /// Whether anything has come.
    heard: bool,
}

impl<S: Stream> Wire<S> {
    pub(super) fn new(stream: S, line: Arc<Line>, slot: Slot<S>) -> Self {
        Self { stream: Some(stream), line, slot, heard: false }
    }

    fn stream(&mut self) -> std::io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| std::io::ErrorKind::NotConnected.into())
    }
}

impl<S: Stream> Drop for Wire<S> {
    fn drop(&mut self) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.stream.take();
    }
}

impl<S: Stream> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let poll = self.stream()?.poll_read(cx, buf);
        match &poll {
            Poll::Ready(Ok(())) if buf.filled().len() == before && buf.remaining() > 0 => {
                self.line.peer.store(FIN, Ordering::Relaxed);
            }
            Poll::Ready(Err(_)) => self.line.peer.store(RESET, Ordering::Relaxed),
            Poll::Ready(Ok(())) => {
                let first = !std::mem::replace(&mut self.heard, true);
                self.line.came(&buf.filled()[before..], first);
            }
            Poll::Pending => {}
        }
        poll
    }
}

impl<S: Stream> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.line.writing();
        self.stream()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.line.writing();
        self.stream()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let poll = self.stream()?.poll_flush(cx);
        if let Poll::Ready(Ok(())) = poll {
            self.line.flushed();
        }
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}
