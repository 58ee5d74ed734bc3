//! A profile by name, or by a base with changes, as a scenario asks for it.

use crate::scenario::{CustomProfile, ProfileChoice};

use super::{Backoff, Breaker, Cited, Honours, Ladder, Profile, find, profiles};

/// Why a choice names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// There is no such profile.
    #[error("there is no profile `{name}`; there are {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Something that no client can be said to honour.
    #[error("`honours` knows `retry_after` and `x_amz_retry_after`, not `{0}`")]
    Honours(String),
}

/// The profile that a scenario or a command line asks for.
pub fn choose(choice: &ProfileChoice) -> Result<Profile, ChoiceError> {
    match choice {
        ProfileChoice::Name(name) => known(name).cloned(),
        ProfileChoice::Custom(custom) => changed(known(&custom.base)?, custom),
    }
}

fn known(name: &str) -> Result<&'static Profile, ChoiceError> {
    find(name).ok_or_else(|| {
        let names: Vec<&str> = profiles().iter().map(|p| p.name.as_str()).collect();
        ChoiceError::Unknown { name: name.to_owned(), known: names.join(", ") }
    })
}

/// What a client says it honours.
pub fn honours(text: &str) -> Option<Honours> {
    match text {
        "retry_after" => Some(Honours::RetryAfter),
        "x_amz_retry_after" => Some(Honours::XAmzRetryAfter),
        _ => None,
    }
}

const SOURCE: &str = "the scenario's own profile";

fn changed(base: &Profile, custom: &CustomProfile) -> Result<Profile, ChoiceError> {
    let mut profile = base.clone();
    profile.name = format!("{} with changes", base.name);
    profile.based_on = Some(base.name.clone());
    if let Some(attempts) = custom.attempts_max {
        profile.attempts_max = Cited { value: attempts, source: SOURCE.into() };
        for numbers in profile.services.values_mut() {
            numbers.attempts_max = None;
        }
    }
    if let Some(backoff) = &custom.backoff {
        // One ladder of one's own is exact, whatever the base: an envelope around it would judge nothing.
        let change = |ladder: Ladder| Cited {
            value: Ladder {
                base: backoff.base.unwrap_or(ladder.base),
                cap: backoff.cap.unwrap_or(ladder.cap),
                jitter: backoff.jitter.unwrap_or(ladder.jitter),
                factor: ladder.factor,
            },
            source: SOURCE.into(),
        };
        profile.backoff = Backoff {
            throttling: change(base.backoff.throttling.value),
            transient: change(base.backoff.transient.value),
        };
        for numbers in profile.services.values_mut() {
            numbers.backoff = None;
        }
        profile.published.clear();
        profile.reference = None;
        profile.limiter_wait = None;
        profile.exact = true;
    }
    if let Some(breaker) = &custom.breaker {
        profile.breaker = Some(Breaker {
            threshold: breaker.threshold,
            open: breaker.open,
            probes: breaker.probes,
            closes_after: breaker.closes_after,
            source: SOURCE.into(),
        });
    }
    for text in &custom.honours {
        let honoured = honours(text).ok_or_else(|| ChoiceError::Honours(text.clone()))?;
        if !profile.honours.contains(&honoured) {
            profile.honours.push(honoured);
        }
    }
    Ok(profile)
}
