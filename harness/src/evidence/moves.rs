//! In warp time: how far the clock was moved, and so for how long it just ran. It is moved only while the client sleeps;
//! what a pause holds besides is what the client computed, or waited for a processor.

/// When the clock was moved, and how far in all by then, in microseconds and in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves(Vec<(u64, u64)>);

impl Moves {
    pub(super) fn push(&mut self, at_us: u64, by_us: u64) {
        let before = self.0.last().map_or(0, |(_, total)| *total);
        self.0.push((at_us, before.saturating_add(by_us)));
    }

    /// For how long the clock just ran between two moments; `None` where nobody writes down how it was moved.
    pub fn ran(&self, from_us: u64, until_us: u64) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        let moved = self.by(until_us).saturating_sub(self.by(from_us));
        Some(until_us.saturating_sub(from_us).saturating_sub(moved))
    }

    fn by(&self, at_us: u64) -> u64 {
        let after = self.0.partition_point(|(at, _)| *at <= at_us);
        after.checked_sub(1).and_then(|last| self.0.get(last)).map_or(0, |(_, total)| *total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_skipped_has_passed() {
        assert_eq!(Moves::default().ran(0, 5), None);
        let mut moves = Moves::default();
        moves.push(1_000, 900);
        moves.push(3_000, 500);
        assert_eq!(moves.ran(0, 1_000), Some(100));
        // The move at its very beginning is not in it.
        assert_eq!(moves.ran(1_000, 3_000), Some(1_500));
        assert_eq!(moves.ran(1_000, 2_000), Some(1_000));
        assert_eq!(moves.ran(3_000, 1_000), Some(0));
    }
}
