//! The body of an answer as hyper takes it: at once or slowly, whole or up to where a fault cuts it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::wire::Line;
use crate::clock::Clock;
use crate::fault::Pace;
use crate::journal::{How, Seq};

/// What comes after the bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing: the answer is whole.
    Whole,
    /// The connection is cut.
    Cut(How),
    /// The HTTP/2 stream is ended with this error code.
    Stream(u32),
}

/// The shortest time between two portions of a slow body; faster ones leave in larger portions.
const TICK: Duration = Duration::from_millis(10);

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of an answer.
pub(super) struct Answer {
    rest: Bytes,
    announced: u64,
    sent: u64,
    end: End,
    pace: Option<(Pace, Clock)>,
    waiting: Option<Wait>,
    /// Whether all bytes before a reset of the stream have left.
    flushed: bool,
    line: Option<(Arc<Line>, Seq)>,
}

impl Answer {
    /// A body of which `limit` bytes are sent, all of them without one, before `end`.
    pub(super) fn new(
        body: &Bytes,
        limit: Option<u64>,
        end: End,
        pace: Option<(Pace, Clock)>,
        line: Option<(Arc<Line>, Seq)>,
    ) -> Self {
        let announced = body.len() as u64;
        // As scripted, but never all of it where it is to be cut.
        let bytes = limit.map_or(announced, |limit| limit.min(announced.saturating_sub(1)));
        let rest = body.slice(..usize::try_from(bytes).unwrap_or(usize::MAX).min(body.len()));
        if announced == 0
            && let Some((line, seq)) = &line
        {
            // hyper does not poll an empty body.
            match end {
                End::Whole | End::Stream(_) => line.done(*seq),
                End::Cut(how) => line.cut(how, true),
            }
        }
        Self { rest, announced, sent: 0, end, pace, waiting: None, flushed: false, line }
    }

    /// How many bytes come next, and how long to wait before them.
    fn portion(&self) -> (usize, Duration) {
        let left = self.rest.len();
        match &self.pace {
            None => (left, Duration::ZERO),
            Some((Pace::Drip(rate), _)) => {
                let portion = ((rate * TICK.as_secs_f64()) as usize).clamp(1, left);
                let wait = Duration::from_secs_f64(portion as f64 / rate);
                (portion, if self.sent == 0 { Duration::ZERO } else { wait })
            }
            Some((Pace::Stall { after, pause }, _)) => {
                let before = (*after).min(self.announced.saturating_sub(1));
                match usize::try_from(before.saturating_sub(self.sent)).unwrap_or(usize::MAX) {
                    0 if self.sent == before => (left, *pause),
                    0 => (left, Duration::ZERO),
                    bytes => (bytes.min(left), Duration::ZERO),
                }
            }
        }
    }

    fn finish(&self) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        match (self.end, &self.line) {
            (End::Whole, _) | (_, None) => Poll::Ready(None),
            // What is with hyper is flushed while this body waits; then the wire is cut.
            (End::Cut(how), Some((line, _))) => {
                line.cut(how, true);
                Poll::Pending
            }
            (End::Stream(code), Some((line, seq))) => {
                line.reset_stream(*seq, code);
                Poll::Ready(Some(Err(h2::Reason::from(code).into())))
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let waited = match self.waiting.as_mut().map(|w| w.as_mut().poll(cx)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(())) => {
                self.waiting = None;
                true
            }
            None => false,
        };
        if self.rest.is_empty() {
            // A reset overtakes what hyper still holds, so that has to leave first.
            let line = self.line.as_ref().map(|(line, _)| Arc::clone(line));
            if let (End::Stream(_), false, Some(line)) = (self.end, self.flushed, line) {
                self.flushed = true;
                self.waiting = Some(Box::pin(async move { line.flush().await }));
                return self.poll_frame(cx);
            }
            return self.finish();
        }
        let (bytes, wait) = self.portion();
        if !waited
            && !wait.is_zero()
            && let Some((_, clock)) = &self.pace
        {
            let clock = clock.clone();
            self.waiting = Some(Box::pin(async move { clock.sleep(wait).await }));
            return self.poll_frame(cx);
        }
        let portion = self.rest.split_to(bytes);
        self.sent += portion.len() as u64;
        if self.rest.is_empty()
            && self.end == End::Whole
            && let Some((line, seq)) = &self.line
        {
            line.done(*seq);
        }
        Poll::Ready(Some(Ok(Frame::data(portion))))
    }

    fn is_end_stream(&self) -> bool {
        self.end == End::Whole && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced - self.sent)
    }
}
