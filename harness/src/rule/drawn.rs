//! What the rules about exact profiles share: where a pause lies in the interval that it is drawn from.

use crate::evidence::{Evidence, Gap};

/// A pause of the client's own, and the interval that its profile draws it from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn<'a> {
    pub(super) gap: Gap<'a>,
    /// Where it lies in its interval: uniform in 0 to 1 for a client by this profile.
    pub(super) place: f64,
    /// By how much of the interval it may be seen too long.
    pub(super) late: f64,
    /// By how much of the interval it may be seen too short.
    pub(super) soon: f64,
}

/// The pauses of which an exact profile says how they are drawn. Hinted, broken and rate-limited ones are left out.
pub(super) fn drawn(evidence: &Evidence) -> impl Iterator<Item = Drawn<'_>> {
    evidence.gaps().filter(|g| evidence.profile.exact && g.plain).filter_map(|gap| {
        let ladder = evidence.profile.backoff(&gap.invocation.service).ladder(gap.class);
        let retry = u32::try_from(gap.retry).unwrap_or(u32::MAX);
        if evidence.profile.fixed_from.is_some_and(|from| retry >= from) {
            return None;
        }
        let before = gap.before.gap_us.filter(|_| gap.before.row > 1).map(|us| us as f64 / 1e6);
        let (low, high) = ladder.interval(retry, before)?;
        let width = (high > low).then_some((high - low) * 1e6)?;
        Some(Drawn {
            gap,
            place: (gap.us as f64 - low * 1e6) / width,
            late: evidence.late(gap.us, gap.ran_us) as f64 / width,
            soon: evidence.slack.below_us as f64 / width,
        })
    })
}

/// Why a rule about drawn pauses has nothing to say.
pub(super) fn nothing(evidence: &Evidence) -> &'static str {
    if evidence.profile.exact {
        "no pause was seen of which the profile says how it is drawn"
    } else {
        "the profile spans policies that draw their pauses differently"
    }
}
