//! What exists behind the endpoint: instances, groups, objects, items; nothing more than a story needs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::versions::{Behind, Versions};
use crate::random::Stream;

/// Account, kind and id.
pub(super) type Name = (String, &'static str, String);

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
    entities: BTreeMap<Name, Entity>,
    /// What some of them were before.
    versions: Versions,
    /// Who looks at it now, if it is a reader that is behind.
    behind: Option<Behind>,
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
            versions: Versions::default(),
            behind: None,
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

    /// How long earlier values of what is [written](Self::write) are kept for readers that are behind.
    pub fn keep_versions(&mut self, keep: Duration) {
        self.versions.keep = keep;
    }

    /// Whether a reader that is behind may see something else than others.
    pub fn has_versions(&self) -> bool {
        !self.versions.keep.is_zero()
    }

    /// From now on it is looked at by this reader; `None` knows everything.
    pub fn look_as(&mut self, behind: Option<Behind>) {
        self.behind = behind;
    }

    /// Creates, replaces or removes an entity that readers may learn of late; what it was before.
    pub fn write(&mut self, account: &str, kind: &'static str, id: &str, value: Option<Value>) -> Option<Value> {
        let name = (account.to_owned(), kind, id.to_owned());
        self.versions.written(&name, self.now, value.as_ref());
        let before = match value {
            Some(value) => self.entities.insert(name, Entity { created: self.now, value }),
            None => self.entities.remove(&name),
        };
        before.map(|entity| entity.value)
    }

    /// An entity's value as it looks to whoever looks.
    pub fn seen(&self, account: &str, kind: &'static str, id: &str) -> Option<&Value> {
        match &self.behind {
            None => self.get(account, kind, id).map(|entity| &entity.value),
            Some(behind) => self.versions.seen(&(account.to_owned(), kind, id.to_owned()), self.now, behind),
        }
    }

    /// The values of a kind whose ids begin so, as they look to whoever looks, by id.
    pub fn all_seen<'a>(&'a self, account: &'a str, kind: &'static str, prefix: &str) -> Vec<&'a Value> {
        if self.behind.is_none() {
            let all = self.list(account, kind).filter(|(id, _)| id.starts_with(prefix));
            return all.map(|(_, entity)| &entity.value).collect();
        }
        let names = self.versions.names(account, kind).filter(|(_, _, id)| id.starts_with(prefix));
        names.filter_map(|(_, _, id)| self.seen(account, kind, id)).collect()
    }

    /// Files the entities of a kind whose ids begin so under other ids, by their values; of several that get
    /// the same id the latest stays.
    pub fn rename(&mut self, account: &str, kind: &'static str, prefix: &str, id: impl Fn(&Value) -> String) {
        let ours = |(a, k, i): &&Name| a == account && *k == kind && i.starts_with(prefix);
        self.versions.rename(self.versions.names(account, kind).filter(ours).cloned().collect(), &id);
        let names: Vec<Name> = self.entities.keys().filter(ours).cloned().collect();
        let mut all: Vec<Entity> = names.iter().filter_map(|name| self.entities.remove(name)).collect();
        all.sort_by_key(|entity| entity.created);
        for entity in all {
            self.entities.insert((account.to_owned(), kind, id(&entity.value)), entity);
        }
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
