//! Exit codes: small, documented, public.

/// What the command says to whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Nothing failed.
    Pass = 0,
    /// A rule that weighs `must` failed, or an expectation, or the score lies below the bar.
    Fail = 1,
    /// Nothing could be judged: usage, bad scenario, the client did not start, a step never fired.
    Unusable = 2,
    /// A rule named in `expect.judge` stayed inconclusive.
    Inconclusive = 3,
}

impl ExitStatus {
    /// From the number that a run asks for.
    pub fn of(code: u8) -> Self {
        match code {
            0 => Self::Pass,
            1 => Self::Fail,
            3 => Self::Inconclusive,
            _ => Self::Unusable,
        }
    }

    /// Of two, the one that counts: 1 beats 2 beats 3 beats 0.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |s| match s {
            Self::Fail => 3,
            Self::Unusable => 2,
            Self::Inconclusive => 1,
            Self::Pass => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus::{Fail, Inconclusive, Pass, Unusable};

    #[test]
    fn one_beats_two_beats_three_beats_zero() {
        assert_eq!(Pass.and(Inconclusive), Inconclusive);
        assert_eq!(Inconclusive.and(Unusable), Unusable);
        assert_eq!(Unusable.and(Fail).and(Pass), Fail);
    }
}
