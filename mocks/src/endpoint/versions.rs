//! Earlier values of what changed lately, for readers that are behind.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::world::Name;
use crate::random::{Key, Seed};

/// A reader that learns of changes late.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// How long no reader knows of a change.
    pub dark: Duration,
    /// How long readers then differ.
    pub flap: Duration,
    /// Which of the readers it is, from 0.
    pub reader: u64,
    /// Seed of the play.
    pub seed: Seed,
    /// Id of the step.
    pub step: String,
}

impl Behind {
    /// Whether it knows of a change to `id` that is so old. Each reader's moment depends on the id and the
    /// reader alone: once it knows, it knows.
    pub fn knows(&self, id: &str, age: Duration) -> bool {
        if age < self.dark {
            return false;
        }
        if age >= self.dark + self.flap {
            return true;
        }
        let key = Key { step: &self.step, client: 0, operation: id, call: 0, attempt: 0 };
        let mut moments = self.seed.stream(key);
        let unit = (0..=self.reader).map(|_| moments.unit()).last().unwrap_or_default();
        age >= self.dark + self.flap.mul_f64(unit)
    }
}

/// What an entity was from `written` on; nothing if it was removed then.
#[derive(Debug, Clone)]
struct Version {
    written: Duration,
    value: Option<Value>,
}

/// The versions that a reader may still see, oldest first, the present one last.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// The longest that a reader may be behind; zero keeps nothing.
    pub(super) keep: Duration,
    of: BTreeMap<Name, Vec<Version>>,
}

impl Versions {
    /// Remembers a change, and forgets what nobody can see any more.
    pub(super) fn written(&mut self, name: &Name, now: Duration, value: Option<&Value>) {
        if self.keep.is_zero() {
            return;
        }
        let versions = self.of.entry(name.clone()).or_default();
        versions.push(Version { written: now, value: value.cloned() });
        let known = versions.iter().filter(|v| v.written + self.keep <= now).count();
        versions.drain(..known.saturating_sub(1));
    }

    /// What `behind` sees at `now`: nothing if all that it could know of is too young.
    pub(super) fn seen(&self, name: &Name, now: Duration, behind: &Behind) -> Option<&Value> {
        let newest_first = self.of.get(name)?.iter().rev();
        let mut known = newest_first.filter(|v| behind.knows(&name.2, now.saturating_sub(v.written)));
        known.next()?.value.as_ref()
    }

    /// The names that begin so, the removed ones among them.
    pub(super) fn names<'a>(&'a self, account: &'a str, kind: &'static str) -> impl Iterator<Item = &'a Name> {
        self.of.keys().filter(move |(a, k, _)| a == account && *k == kind)
    }

    /// Files the versions of some names under other ids, by their values.
    pub(super) fn rename(&mut self, names: Vec<Name>, id: impl Fn(&Value) -> String) {
        let mut all = Vec::new();
        for name in names {
            all.extend(self.of.remove(&name).into_iter().flatten().map(|version| (name.clone(), version)));
        }
        all.sort_by_key(|(_, version)| version.written);
        for ((account, kind, old), version) in all {
            let new = version.value.as_ref().map_or(old, &id);
            self.of.entry((account, kind, new)).or_default().push(version);
        }
    }
}
