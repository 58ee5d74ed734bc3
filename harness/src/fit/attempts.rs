//! Attempts per call: the most that were made, and whether a client left it at that.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::history::{History, Then, What};
use super::number::Number;

/// Attempts per call of one service, the first included.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Attempts {
    /// The service.
    pub service: String,
    /// How many. A bound where no call was given up after so many, or where a quota may have stopped all that were.
    pub max: Number,
    /// What the client itself announces (`max=` of its retry header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<u32>,
    /// How many calls were given up after so many.
    pub given_up: u64,
}

/// By service.
pub(super) fn fit(histories: &[History<'_>]) -> Vec<Attempts> {
    let mut services: BTreeMap<&str, (u32, u64, Option<u32>)> = BTreeMap::new();
    for event in histories.iter().flat_map(|h| &h.events) {
        let What::Failure { attempt, then, .. } = event.what else { continue };
        let (most, given_up, declared) = services.entry(event.service).or_default();
        *declared = attempt.declared_max.max(*declared);
        let made = attempt.row + u32::from(then == Then::Retried);
        if made > *most {
            (*most, *given_up) = (made, 0);
        }
        *given_up += u64::from(then == Then::GaveUp && made == *most);
    }
    let fit = |(service, (most, given_up, declared)): (&str, (u32, u64, Option<u32>))| {
        // By its own word it had attempts left: its quota, or its caller, stopped it.
        let whole = given_up > 0 && declared.is_none_or(|d| d <= most);
        let max = if whole { Number::exactly(most.into()) } else { Number::at_least(most.into()) };
        Attempts { service: service.to_owned(), max, declared, given_up }
    };
    services.into_iter().map(fit).collect()
}
