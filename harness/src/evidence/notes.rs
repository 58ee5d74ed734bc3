//! What one rule finds out about a client of a trial and others ask again. A client, its trial and the profile stay as they
//! are, so whoever asks first finds out for all, and for all later reports.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use brownout_mocks::service::Class;

/// What rules have found out about a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// The operations that were asked for clearly more often, all targets together, than in the control.
    pub(crate) asked_more: BTreeSet<Arc<str>>,
    /// The invocations whose end proves something.
    pub(crate) provers: OnceLock<Vec<Prover>>,
    /// The moments at which its tokens were spent.
    pub(crate) spent: OnceLock<Vec<Moment>>,
}

/// An invocation whose end proves something about what its client retries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prover {
    /// Which.
    pub(crate) index: usize,
    /// Whether it does so alone.
    pub(crate) alone: bool,
}

/// A retry that no token can have paid for, or a failure at which the tokens were spent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Which invocation.
    pub(crate) invocation: usize,
    /// Which of its attempts failed.
    pub(crate) at: usize,
    /// Class of that failure.
    pub(crate) class: Class,
    /// Whether it was retried.
    pub(crate) retried: bool,
    /// Retries before it that took tokens.
    pub(crate) retries: u64,
    /// Tokens that had come back.
    pub(crate) refunded: i64,
    /// Whether the client had kept to its quota before: a failure with spent tokens that it did not retry.
    pub(crate) stopped_before: bool,
}
