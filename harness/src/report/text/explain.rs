//! What each step said of each request of a trial (`run --explain`).

use std::fmt::Write as _;

use brownout_mocks::journal::{EventKind, Trial};

use super::DIM;
use crate::report::us;

/// For each request, which step decided, and why the others did not.
pub fn explain(trial: &Trial) -> String {
    let mut out = String::new();
    for event in &trial.events {
        match &event.kind {
            EventKind::AttemptReceived(r) => {
                let target = r.target.as_deref().map_or_else(String::new, |t| format!(" {t}"));
                let (at, call) = (us(event.at_us), r.call.unwrap_or(r.invocation));
                let _ = writeln!(
                    out,
                    "  {at:>10}  {} {}{target}, call {call}, attempt {}",
                    r.service, r.operation, r.attempt
                );
            }
            EventKind::StepDecided { step, why, .. } => {
                for line in why {
                    let _ = writeln!(out, "              {DIM}{line}{DIM:#}");
                }
                if step.is_none() {
                    let _ = writeln!(out, "              {DIM}no step injects: the normal answer{DIM:#}");
                }
            }
            _ => {}
        }
    }
    out
}
