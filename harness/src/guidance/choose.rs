//! A profile by name, or by a base with changes, as a scenario asks for it.

use super::{Honours, Profile, ProfileChoice, auto, find, profiles};

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
    /// The journal's own profile cannot be read.
    #[error("{0}")]
    File(String),
}

/// The profile that a scenario or a command line asks for.
pub fn choose(choice: &ProfileChoice) -> Result<Profile, ChoiceError> {
    match choice {
        ProfileChoice::Name(name) if name == auto::NAME => Ok(auto::open()),
        ProfileChoice::Name(name) => known(name).cloned(),
        ProfileChoice::Custom(custom) => {
            if let Some(text) = custom.honours.iter().find(|text| honours(text).is_none()) {
                return Err(ChoiceError::Honours(text.clone()));
            }
            let base = known(&custom.base)?;
            Ok(custom.apply(base, format!("{} with changes", base.name), "the scenario's own profile"))
        }
    }
}

fn known(name: &str) -> Result<&'static Profile, ChoiceError> {
    find(name).ok_or_else(|| {
        let names: Vec<&str> = profiles().iter().map(|p| p.name.as_str()).chain([auto::NAME]).collect();
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
