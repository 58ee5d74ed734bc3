//! What exists behind the endpoint: instances, groups, objects, items; nothing more than a story needs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::random::Stream;

/// Something that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// When it was created, since time zero.
    pub created: Duration,
    /// Its members, as its service keeps them.
    pub value: Value,
}

/// All that exists, by account, kind and id. Ordered, so that listings repeat.
#[derive(Debug)]
pub struct World {
    entities: BTreeMap<(String, &'static str, String), Entity>,
    /// Answers kept for idempotency tokens, by account and token: a hash of the parameters and the ids made.
    tokens: BTreeMap<(String, String), (String, Vec<String>)>,
    /// How many credentials were handed out.
    pub sessions: u64,
    /// Now, since time zero.
    pub now: Duration,
    /// The date now.
    pub date: std::time::SystemTime,
    ids: Stream,
}

impl World {
    /// An empty world whose ids are drawn from `ids`.
    pub fn new(ids: Stream) -> Self {
        Self {
            entities: BTreeMap::new(),
            tokens: BTreeMap::new(),
            sessions: 0,
            now: Duration::ZERO,
            date: std::time::SystemTime::UNIX_EPOCH,
            ids,
        }
    }

    /// A new id: `prefix` and seventeen hex digits, as EC2 makes them.
    pub fn id(&mut self, prefix: &str) -> String {
        let digits = format!("{:016x}{:x}", self.ids.bits(), self.ids.below(16));
        format!("{prefix}{digits}")
    }

    /// A request id.
    pub fn request_id(&mut self) -> String {
        self.ids.uuid()
    }

    /// Creates or replaces an entity.
    pub fn put(&mut self, account: &str, kind: &'static str, id: &str, value: Value) {
        let entity = Entity { created: self.now, value };
        self.entities.insert((account.to_owned(), kind, id.to_owned()), entity);
    }

    /// The entity, if it exists.
    pub fn get(&self, account: &str, kind: &'static str, id: &str) -> Option<&Entity> {
        self.entities.get(&(account.to_owned(), kind, id.to_owned()))
    }

    /// The entity, to be changed.
    pub fn get_mut(&mut self, account: &str, kind: &'static str, id: &str) -> Option<&mut Entity> {
        self.entities.get_mut(&(account.to_owned(), kind, id.to_owned()))
    }

    /// Removes an entity.
    pub fn remove(&mut self, account: &str, kind: &'static str, id: &str) -> Option<Entity> {
        self.entities.remove(&(account.to_owned(), kind, id.to_owned()))
    }

    /// The date at which something was created that long after time zero.
    pub fn date_of(&self, created: Duration) -> std::time::SystemTime {
        let age = self.now.saturating_sub(created);
        self.date.checked_sub(age).unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }

    /// All entities of a kind, by id.
    pub fn list<'a>(&'a self, account: &'a str, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Entity)> {
        self.entities
            .iter()
            .filter(move |((a, k, _), _)| a == account && *k == kind)
            .map(|((_, _, id), e)| (id.as_str(), e))
    }

    /// When the thing with this id, of whatever kind, was created.
    pub fn created(&self, account: &str, id: &str) -> Option<Duration> {
        self.entities.iter().find(|((a, _, i), _)| a == account && i == id).map(|(_, e)| e.created)
    }

    /// What an idempotency token made before: the hash of its parameters and the ids.
    pub fn token(&self, account: &str, token: &str) -> Option<&(String, Vec<String>)> {
        self.tokens.get(&(account.to_owned(), token.to_owned()))
    }

    /// Remembers what an idempotency token made.
    pub fn keep_token(&mut self, account: &str, token: &str, params_hash: String, ids: Vec<String>) {
        self.tokens.insert((account.to_owned(), token.to_owned()), (params_hash, ids));
    }
}
