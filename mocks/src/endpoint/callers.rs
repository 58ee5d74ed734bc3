//! The calls that are being made by clients that cannot say on the wire which call a request belongs to.
//!
//! Where a client has but one call under way that asks for what a request asks for, the request is that call's. Where
//! it has several, nobody can tell, and the request stays nobody's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::request::CallTag;

/// The calls under way. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Callers(Arc<Mutex<Vec<UnderWay>>>);

#[derive(Debug)]
struct UnderWay {
    tag: CallTag,
    service: String,
    operation: String,
}

impl Callers {
    /// A call is under way for as long as what is returned lives.
    pub fn begin(&self, tag: CallTag, service: &str, operation: &str) -> Calling {
        self.lock().push(UnderWay { tag, service: service.to_owned(), operation: operation.to_owned() });
        Calling { callers: self.clone(), tag }
    }

    /// The one call of a client that asks for this.
    pub(super) fn only(&self, client: u32, service: &str, operation: &str) -> Option<CallTag> {
        let calls = self.lock();
        let mut like =
            calls.iter().filter(|c| c.tag.client == client && c.service == service && c.operation == operation);
        let first = like.next()?.tag;
        like.next().is_none().then_some(first)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is under way.
#[derive(Debug)]
pub struct Calling {
    callers: Callers,
    tag: CallTag,
}

impl Drop for Calling {
    fn drop(&mut self) {
        let mut calls = self.callers.lock();
        if let Some(at) = calls.iter().position(|c| c.tag == self.tag) {
            calls.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_belongs_to_the_only_call_that_asks_for_it() {
        let callers = Callers::default();
        let tag = |client, call| CallTag { client, call, ordinal: call };
        let asked = |client| callers.only(client, "s3", "GetObject").map(|t| t.call);
        assert_eq!(asked(0), None, "nobody asks");
        let first = callers.begin(tag(0, 1), "s3", "GetObject");
        let _other = callers.begin(tag(0, 2), "s3", "PutObject");
        let _another = callers.begin(tag(1, 1), "s3", "GetObject");
        assert_eq!((asked(0), asked(1), asked(2)), (Some(1), Some(1), None));
        let _second = callers.begin(tag(0, 3), "s3", "GetObject");
        assert_eq!(asked(0), None, "two ask for the same");
        drop(first);
        assert_eq!(asked(0), Some(3));
    }
}
