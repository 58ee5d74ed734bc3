//! Names that occur over and over, kept once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use brownout_mocks::service;

use super::attempt::Faults;

/// Hashes what a journal names and numbers: the tables are never walked through, so their order is nobody's, and a few
/// multiplications do where the default hash takes as long as all else that is done with an event.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quick(u64);

impl Quick {
    /// The fraction of the golden ratio: odd, and far from any pattern in numbers that are given in a row.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

    fn mix(&mut self, n: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ n ^ Self::GOLDEN) * u128::from(Self::GOLDEN);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        self.mix(rest.iter().fold(1, |word, byte| word << 8 | u64::from(*byte)));
    }

    fn write_u8(&mut self, n: u8) {
        self.mix(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A table with that hash.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Names that occur over and over, kept once.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    texts: Table<Box<str>, Arc<str>>,
    faults: Table<Box<[String]>, Faults>,
    /// By where the names of service and operation are kept, which is for good.
    mutates: Table<(usize, usize), bool>,
}

impl Names {
    /// The name of this text.
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.texts.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = text.into();
        self.texts.insert(text.into(), Arc::clone(&name));
        name
    }

    /// The same, where there is one.
    pub(super) fn of(&mut self, text: Option<&String>) -> Option<Arc<str>> {
        text.map(|text| self.get(text))
    }

    /// Those of a list.
    pub(super) fn all<C: FromIterator<Arc<str>>>(&mut self, texts: &[String]) -> C {
        texts.iter().map(|text| self.get(text)).collect()
    }

    /// Whether an operation changes something, by two names of this table.
    pub(super) fn mutates(&mut self, service: &Arc<str>, operation: &Arc<str>) -> bool {
        let place = |name: &Arc<str>| Arc::as_ptr(name).cast::<u8>().addr();
        *self
            .mutates
            .entry((place(service), place(operation)))
            .or_insert_with(|| service::find(service).is_some_and(|service| service::mutates(service, operation)))
    }

    /// The names of faults that were injected together.
    pub(super) fn faults(&mut self, texts: &[String]) -> Faults {
        if texts.is_empty() {
            return Faults::default();
        }
        if let Some(faults) = self.faults.get(texts) {
            return faults.clone();
        }
        let faults: Faults = self.all(texts);
        self.faults.insert(texts.into(), faults.clone());
        faults
    }
}
