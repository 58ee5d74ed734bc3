//! `brownout schema`

use super::{Done, output};
use crate::exit::ExitStatus;

pub(super) fn run() -> Done {
    let text = serde_json::to_string_pretty(&crate::scenario::schema()).map_err(|e| e.to_string())?;
    output::programs(&format!("{text}\n"));
    Ok(ExitStatus::Pass)
}
