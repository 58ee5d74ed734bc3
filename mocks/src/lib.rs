//! The mock AWS endpoint: it injects scripted faults and records what it saw. It never judges.
//!
//! | module | owns |
//! |---|---|
//! | [`clock`] | virtual and wall time; the only place that may read real time |
//! | [`units`] | durations and rates as people write them in YAML |
//! | [`journal`] | what happened, in order; JSON Lines in and out |
//! | [`random`] | ChaCha streams, one per decision |
//! | [`request`] | a request as recognised: service, operation, target, client |
//! | [`protocol`] | the error envelopes of AWS's wire protocols |
//! | [`service`] | operations, error catalogue and normal answers, one file per service |
//! | [`fault`] | what the endpoint can do wrong, one file per fault |
//! | [`plan`] | steps: which fault meets which request |
//! | [`endpoint`] | match → step → fault → answer → record, the one loop |
//! | [`transport`] | connections: in memory (virtual time) and over TCP |
//!
//! **Invariant:** this crate does not know what a good client is. A misbehaving client is an event in
//! the journal, never an `Err`.

pub mod clock;
pub mod endpoint;
pub mod fault;
pub mod journal;
pub mod plan;
pub mod protocol;
pub mod random;
pub mod request;
pub mod service;
pub mod transport;
pub mod units;
