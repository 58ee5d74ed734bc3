//! Connections as the endpoint hears of them from a transport: begun, refused, ended, and what never left.

use super::{Endpoint, Inner, Upstream};
use crate::journal::{By, EventKind, How, Seq};
use crate::plan::Closed;

impl Endpoint {
    /// A connection was accepted. Returns its number, and the id of a step that resets it at once.
    pub fn connected(&self) -> (u64, Option<String>) {
        self.clock.set_zero();
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.connections += 1;
        let connection = inner.connections;
        self.recorder.push(now, EventKind::Connected { connection });
        let reset = inner.state.at_connect(now);
        (connection, reset.map(|index| inner.state.plan().steps[index].id.clone()))
    }

    /// Whether a connection that a client wants to open now is refused; for transports that see the wish.
    pub fn refuses(&self) -> bool {
        let mut inner = self.lock();
        if !inner.state.plan().refuses() {
            return false;
        }
        self.clock.set_zero();
        let now = self.clock.now();
        let Some((closed, first)) = inner.state.refuse(now) else { return false };
        if first {
            self.recorder.push(now, closed.event());
        } else {
            self.recorder.count();
        }
        true
    }

    /// Whether brownout's own clients speak HTTP/2 here.
    pub fn http2(&self) -> bool {
        self.lock().state.plan().http2
    }

    /// When the port is to be closed, for transports that close it. Sets time zero if there is such a time.
    pub fn closed_port(&self) -> Vec<Closed> {
        let closed = self.lock().state.plan().closed();
        if !closed.is_empty() {
            self.clock.set_zero();
        }
        closed
    }

    /// The port was closed.
    pub fn port_closed(&self, closed: &Closed) {
        self.lock().state.refused(closed.index);
        self.recorder.push(self.clock.now(), closed.event());
    }

    /// A connection ended.
    pub fn closed(&self, connection: u64, seq: Option<Seq>, by: By, how: How) {
        self.lock().arrivals.closed(connection, seq.is_some());
        if let Some(seq) = seq {
            self.unanswered(seq);
        }
        self.recorder.push(self.clock.now(), EventKind::ConnectionClosed { connection, seq, step: None, by, how });
    }

    /// An attempt gets no answer: if its operation took effect, the journal says so by itself.
    fn unanswered(&self, seq: Seq) {
        self.tell(&mut self.lock(), seq);
    }

    pub(super) fn tell(&self, inner: &mut Inner, seq: Seq) {
        if inner.untold.remove(&seq) {
            self.recorder.push(self.clock.now(), EventKind::TookEffect { seq });
        }
    }

    /// A connection was reset by a step as it was accepted.
    pub fn reset_at_connect(&self, connection: u64, step: String) {
        self.lock().arrivals.closed(connection, false);
        let (by, how) = (By::Fault, How::Reset);
        let closed = EventKind::ConnectionClosed { connection, seq: None, step: Some(step), by, how };
        self.recorder.push(self.clock.now(), closed);
    }

    /// A request on `connection` could not be read, or is too large.
    pub fn refused(&self, connection: u64, why: &str) {
        self.clock.set_zero();
        self.recorder.push(self.clock.now(), EventKind::Refused { connection, why: why.to_owned() });
    }

    /// The upstream could not be asked, or did not finish.
    pub fn upstream_failed(&self, seq: Seq, why: &str) {
        self.recorder.push(self.clock.now(), EventKind::UpstreamFailed { seq, why: why.to_owned() });
    }

    /// The upstream did what an attempt asked; `silent` says that its connection may outlive the journal.
    pub fn upstream_did(&self, seq: Seq, silent: bool) {
        let inner = &mut *self.lock();
        inner.untold.insert(seq);
        if silent {
            self.tell(inner, seq);
        }
    }

    /// Who answers instead of our services.
    pub fn upstream(&self) -> Option<Upstream> {
        self.lock().state.plan().upstream.clone()
    }

    /// The stream of an attempt was ended with an HTTP/2 error code; its connection lives.
    pub fn stream_reset(&self, connection: u64, seq: Seq, code: u32) {
        self.over(seq);
        self.unanswered(seq);
        self.recorder.push(self.clock.now(), EventKind::StreamReset { connection, seq, code });
    }
}
