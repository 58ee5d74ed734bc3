//! A client in process, ready to be made anew for each client index and trial: one of the list, or a
//! user's own retry policy.

use std::sync::Arc;

use super::policy::{PolicyClient, RetryPolicy};
use super::registry::{ClientEntry, Made, Options};
use super::{CallClient, Setting};
use crate::scenario::Kind;

/// What makes a client for a trial.
type Maker = dyn Fn(&Setting) -> Result<Made, String> + Send + Sync;

/// A client in process. Cheap to clone.
#[derive(Clone)]
pub struct Player {
    id: String,
    version: String,
    honours: Vec<String>,
    plays: fn(Kind) -> bool,
    make: Arc<Maker>,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Player {
    /// A client of the list, with these settings.
    pub fn listed(entry: &'static ClientEntry, options: &Options) -> Self {
        let options = options.clone();
        Self {
            id: entry.id.to_owned(),
            version: (entry.version)(),
            honours: entry.honours.iter().map(|&h| h.to_owned()).collect(),
            plays: entry.plays,
            make: Arc::new(move |setting| (entry.make)(setting, &options)),
        }
    }

    /// The client around a retry policy; `maker` is asked once per client index and trial.
    pub fn of_policy<P, F>(id: &str, maker: F) -> Self
    where
        P: RetryPolicy + 'static,
        F: Fn() -> P + Send + Sync + 'static,
    {
        Self::of_calls(id, move |setting| Box::new(PolicyClient::new(setting, Box::new(maker()))))
    }

    /// The client around one of several policies; `maker` is asked once per client index and trial.
    pub fn of_boxed<F>(id: &str, maker: F) -> Self
    where
        F: Fn() -> Box<dyn RetryPolicy> + Send + Sync + 'static,
    {
        Self::of_calls(id, move |setting| Box::new(PolicyClient::new(setting, maker())))
    }

    /// Any client that plays calls; `maker` is asked once per client index and trial.
    pub fn of_calls<F>(id: &str, maker: F) -> Self
    where
        F: Fn(&Setting) -> Box<dyn CallClient> + Send + Sync + 'static,
    {
        Self {
            id: id.to_owned(),
            version: String::new(),
            honours: Vec::new(),
            plays: |kind| matches!(kind, Kind::Calls | Kind::Gateway),
            make: Arc::new(move |setting| Ok(Made::Calls(maker(setting)))),
        }
    }

    /// Says that it honours a hint beyond what its profile does: `retry_after` or `x_amz_retry_after`.
    #[must_use]
    pub fn honouring(mut self, hint: &str) -> Self {
        self.honours.push(hint.to_owned());
        self
    }

    /// Its id, as in reports.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its version, where it has one of its own.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it says it honours beyond its profile.
    pub fn honours(&self) -> &[String] {
        &self.honours
    }

    /// Whether it can play this kind of workload.
    pub fn plays(&self, kind: Kind) -> bool {
        (self.plays)(kind)
    }

    /// Makes one for a trial and client index.
    pub fn make(&self, setting: &Setting) -> Result<Made, String> {
        (self.make)(setting)
    }
}
