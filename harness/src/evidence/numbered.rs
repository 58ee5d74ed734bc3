//! What a journal numbers in a row, found by its number.

use super::names::Table;

/// A table by number. Those who number from 1 on, or nearly, are kept in a row: finding one costs a look, and the row is
/// as short as it can be. Any others, as mangled journals have them, are found by their hash.
#[derive(Debug, Clone)]
pub(super) struct Numbered<V> {
    row: Vec<Option<V>>,
    others: Table<u64, V>,
}

/// So many numbers may be left out and still be in a row.
const GAP: u64 = 64;

impl<V> Default for Numbered<V> {
    fn default() -> Self {
        Self { row: Vec::new(), others: Table::default() }
    }
}

impl<V: Copy> Numbered<V> {
    /// What has this number.
    pub(super) fn get(&self, number: u64) -> Option<V> {
        let in_row = usize::try_from(number).ok().and_then(|n| *self.row.get(n)?);
        if in_row.is_some() || self.others.is_empty() { in_row } else { self.others.get(&number).copied() }
    }

    /// Gives this number, or gives it anew.
    pub(super) fn insert(&mut self, number: u64, value: V) {
        let len = self.row.len() as u64;
        if number > len.saturating_add(GAP) {
            self.others.insert(number, value);
            return;
        }
        let place = number as usize;
        if place >= self.row.len() {
            self.row.resize(place + 1, None);
        }
        self.row[place] = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_in_the_row_or_beside_it() {
        let mut all = Numbered::default();
        let numbers = [1, 2, 3, 200, 60, 120, 180, 201, 0, u64::MAX, 1 << 40];
        for (value, number) in numbers.iter().enumerate() {
            assert_eq!(all.get(*number), None, "{number}");
            all.insert(*number, value);
        }
        for (value, number) in numbers.iter().enumerate() {
            assert_eq!(all.get(*number), Some(value), "{number}");
        }
        for number in [4, 199, 202, 1 << 41] {
            assert_eq!(all.get(number), None, "{number}");
        }
        // 200 came when the row was short, and stands in it from now on.
        all.insert(200, 77);
        assert_eq!((all.get(200), all.row.len()), (Some(77), 202));
    }
}
