//! Clients under test: the contract and the list.
//!
//! A client plays calls. The runner owns the demand (which call is due when) and the time; the client
//! owns retries. What a client does wrong is seen by the endpoint and judged later; it is never an `Err`.

use std::future::Future;
use std::pin::Pin;

use brownout_mocks::clock::Clock;
use brownout_mocks::journal::Outcome;
use brownout_mocks::random::Seed;
use brownout_mocks::request::CallTag;
use brownout_mocks::service::Service;
use brownout_mocks::transport::Network;
use serde_json::Value;

pub mod adaptive;
pub mod altered;
pub mod answer;
pub mod aws_sdk_rust;
pub mod breaker;
pub mod command;
pub mod driver;
pub mod drivers;
pub mod flow;
pub mod habits;
pub mod limiter;
pub mod mutant;
mod player;
pub mod policy;
pub mod reference;
mod registry;
pub mod request;
pub mod trap;

pub use player::Player;
pub use registry::{CLIENTS, ClientEntry, Made, Options, Role, find};

/// A future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call that the workload asks for.
#[derive(Debug, Clone)]
pub struct Call {
    /// Client, number of the call, and ordinal per operation.
    pub tag: CallTag,
    /// The service.
    pub service: &'static dyn Service,
    /// The operation; for `execute-api`, method and path.
    pub operation: String,
    /// Input members, one JSON object.
    pub params: Value,
}

/// What the caller heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Answer or error.
    pub outcome: Outcome,
    /// The error code that the client reports.
    pub code: Option<String>,
    /// HTTP status of the last answer, if there was one.
    pub status: Option<u16>,
    /// Body of the last answer.
    pub body: bytes::Bytes,
}

/// What a client of one play is made from.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How to reach the endpoint.
    pub network: Network,
    /// The run's clock.
    pub clock: Clock,
    /// Seed and trial: the client's own generator is seeded from them and its index.
    pub seed: Seed,
    /// Index of the client, from 0.
    pub client: u32,
}

/// A client that plays calls, one instance per client index and trial.
pub trait CallClient: Send + Sync {
    /// Makes one call, retries included, and says what the caller hears.
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Heard>;

    /// Waits until it can take another call, where it makes only so many at a time: what it cannot take yet has not
    /// been asked of it. To be held until the call has ended.
    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(std::future::ready(None))
    }
}

/// The right to one call, where they are counted.
pub type Turn = Option<tokio::sync::OwnedSemaphorePermit>;

/// Whether a client of this id lives in processes of its own, between the endpoint and the trap.
pub fn is_outside(id: &str) -> bool {
    id == "command" || id == drivers::ANY || drivers::find(id).is_some()
}
